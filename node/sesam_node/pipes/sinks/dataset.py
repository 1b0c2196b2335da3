"""The dataset sink: writes what has changed to a dataset of the node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.properties import MAX_ENTITY_BYTES
from sesam_node.errors import NotBuiltError
from sesam_node.pipes.common_options import BITSET_COMMIT_INTERVAL, INDEXES, SET_INITIAL_OFFSET
from sesam_node.pipes.component import Option, sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@sink(
    "dataset",
    Option("dataset", "string", None, "the id of the dataset; that of the pipe if null"),
    SET_INITIAL_OFFSET,
    Option(
        "deletion_tracking",
        "boolean",
        default=True,
        doc="are entities deleted that a full run does not meet?",
    ),
    Option(
        "mark_deletion_tracked",
        "boolean",
        default=False,
        doc='do entities that are deleted so get "$deletion_tracked"?',
    ),
    INDEXES,
    Option(
        "track_children",
        "boolean",
        None,
        'do children that vanish from "$children" stay there as deleted? '
        'True if null and a transform uses "create-child"',
    ),
    Option(
        "track_emitted_ids",
        "boolean",
        default=True,
        doc="are entities deleted that their source entity no longer makes?",
    ),
    Option("circuit_breaker_threshold_factor", "number", None, "share of ids that trips it"),
    Option("circuit_breaker_threshold_count", "integer", None, "count of entities that trips it"),
    Option(
        "prevent_multiple_versions",
        ("boolean", "string"),
        default=False,
        doc="fail on (or ignore) a second version of an entity?",
    ),
    Option(
        "enable_optimistic_locking",
        "boolean",
        default=False,
        doc='must "_updated" be that of the stored version?',
    ),
    Option("suppress_filtered", "boolean", None, "are filtered entities dropped early?"),
    BITSET_COMMIT_INTERVAL,
    Option("max_entity_bytes_size", "integer", None, "the largest entity; the node's if null"),
    writes=True,
)
class DatasetSink:
    """Writes entities that are new or have changed to a dataset."""

    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.dataset: str = options["dataset"] or context.definition.pipe_id
        # What is deleted for want of a source entity would be a second version.
        self.deletion_tracking: bool = (
            options["deletion_tracking"] and not options["prevent_multiple_versions"]
        )
        self.mark_deletion_tracked: bool = options["mark_deletion_tracked"]
        self.set_initial_offset: str = options["set_initial_offset"]
        self.track_children: bool | None = options["track_children"]
        self.track_emitted_ids: bool = options["track_emitted_ids"]
        self.suppress_filtered: bool | None = options["suppress_filtered"]
        self.indexes: Any = options["indexes"]
        self.max_bytes: int = options["max_entity_bytes_size"] or context.definition.default(
            "max_entity_bytes_size", MAX_ENTITY_BYTES
        )
        self.prevent_multiple_versions: bool | str = options["prevent_multiple_versions"]
        self.enable_optimistic_locking: bool = options["enable_optimistic_locking"]
        self.breaker = {
            name: options[name]
            for name in ("circuit_breaker_threshold_factor", "circuit_breaker_threshold_count")
        }

    def write(self, entities: Sequence[Entity]) -> int:
        """Not used: the pump writes datasets in one transaction with its own state."""
        raise NotBuiltError(
            f'{len(entities)} entities for dataset "{self.dataset}" missed the pump'
        )
