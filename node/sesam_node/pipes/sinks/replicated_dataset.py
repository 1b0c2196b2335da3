"""The replicated_dataset sink: a dataset whose entities keep the offsets of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw
from sesam_node.config.properties import MAX_ENTITY_BYTES
from sesam_node.errors import ConfigError, NotBuiltError
from sesam_node.pipes.common_options import BITSET_COMMIT_INTERVAL, INDEXES, SET_INITIAL_OFFSET
from sesam_node.pipes.component import Option, sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

SOURCES = ("dataset", "json")
"""Those whose offsets are whole numbers that rise."""


def flaws(pipe: Mapping[str, Any]) -> Iterator[Flaw]:
    """Why a pipe cannot have this sink."""
    if pipe.get("transform"):
        message = "a replicated dataset takes entities as they are"
        hint = "put the transforms into a pipe that reads it"
        yield Flaw(("transform",), "not-replicated", message, hint)
    source = pipe.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    if kind not in SOURCES:
        message = f'a replicated dataset cannot keep the offsets of a source "{kind}"'
        yield Flaw(("source", "type"), "not-replicated", message, '"dataset" and "json" have some')


@sink(
    "replicated_dataset",
    Option("dataset", "string", None, "the dataset to write; the pipe's id if null"),
    SET_INITIAL_OFFSET,
    INDEXES,
    Option("change_tracking", "boolean", default=True, doc="are unchanged entities left out?"),
    BITSET_COMMIT_INTERVAL,
    Option(
        "allow_normal_dataset",
        "boolean",
        default=False,
        doc="write as a dataset sink does where the dataset is an ordinary one?",
    ),
    Option(
        "auto_migrate_to_replicated_dataset",
        "boolean",
        default=False,
        doc="turn an ordinary dataset into a replicated one? Cannot run in this version",
    ),
    writes=True,
    in_pipe=flaws,
)
class ReplicatedDatasetSink:
    """Writes a dataset and keeps the offsets of the source."""

    is_endpoint = False
    deletion_tracking = False
    mark_deletion_tracked = False
    track_children = False
    track_emitted_ids = False
    suppress_filtered = False
    prevent_multiple_versions = False
    enable_optimistic_locking = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.dataset: str = options["dataset"] or context.definition.pipe_id
        self.set_initial_offset: str = options["set_initial_offset"]
        self.indexes: Any = options["indexes"]
        self.change_tracking: bool = options["change_tracking"]
        self.allow_normal_dataset: bool = options["allow_normal_dataset"]
        self.max_bytes: int = context.definition.default("max_entity_bytes_size", MAX_ENTITY_BYTES)
        if options["auto_migrate_to_replicated_dataset"]:
            raise NotBuiltError(
                'the option "auto_migrate_to_replicated_dataset" cannot run in this version: '
                "delete the dataset, run the pipe, and reset the pipes that read it"
            )
        for flaw in flaws(context.definition.pipe):
            raise ConfigError(f"{flaw.message}: {flaw.hint}")

    def write(self, entities: Sequence[Entity]) -> int:
        """Not used: the pump writes datasets in one transaction with its own state."""
        raise NotBuiltError(
            f'{len(entities)} entities for dataset "{self.dataset}" missed the pump'
        )
