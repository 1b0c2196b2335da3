"""What a pipe's options and components mean for its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError
from sesam_node.model import content_hash, encode
from sesam_node.pipes.batch import BATCH_SIZE

if TYPE_CHECKING:
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.sink_checks import SinkChecks
    from sesam_node.store.api import Dataset

USUAL_BATCH_SIZE = 100
USUAL_INTERVAL = 100


def option(pipe: Pipe, name: str, otherwise: Any = None) -> Any:
    """An option of the pipe; the node's default where the pipe has none."""
    value = pipe.definition.pipe.get(name)
    return pipe.definition.default(name, otherwise) if value is None else value


def resets_itself(pipe: Pipe) -> bool:
    """Does the pipe begin at the start by itself when it is out of sync?"""
    return bool(option(pipe, "reprocessing_policy", "continue") == "automatic")


def follows_configuration(pipe: Pipe) -> bool:
    """Does another configuration put the pipe out of sync?

    Where nothing is said, yes for a pipe that resets itself: its output is to be that of a full
    run. Otherwise old results stay until a reset, as the manual has it.
    """
    wanted = option(pipe, "rescan_when_config_changes")
    return resets_itself(pipe) if wanted is None else wanted is True


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many source entities go through together (`part`), and into one commit (`commit`)."""

    part: int
    commit: int


def sizes_of(pipe: Pipe, *, own_hop: bool, checks: SinkChecks | None) -> Sizes:
    """What `batch_size` and `checkpoint_interval` mean for a pipe.

    A sink that is no dataset gets batches of `batch_size` source entities. A dataset gets larger
    ones, unless that is seen: the offset is saved after `checkpoint_interval` batches in any case.
    """
    config = pipe.definition.pipe
    usual = getattr(pipe.sink, "usual_batch_size", USUAL_BATCH_SIZE)
    size = int(config.get("batch_size") or usual)
    commit = size * int(config.get("checkpoint_interval") or (1 if size == 1 else USUAL_INTERVAL))
    if checks is None or pipe.pump["max_seconds_per_entity"] is not None:
        return Sizes(size, commit)
    if checks.looks_up:
        return Sizes(1, 1) if own_hop else Sizes(size, size)
    return Sizes(min(BATCH_SIZE, commit), commit)


def requires_populated_input(pipe: Pipe) -> bool:
    """Does the pipe wait until its source is populated?"""
    wanted = pipe.definition.pipe["source"].get("require_populated_input")
    if wanted is None:
        wanted = pipe.definition.default("require_populated_input", otherwise=False)
    return wanted is True


def check_empty(pipe: Pipe) -> None:
    """Raises PipeError where the source may not be empty."""
    source = pipe.definition.pipe["source"]
    policy = source.get("if_source_empty") or pipe.definition.default("if_source_empty")
    if policy == "fail":
        raise PipeError('the source is empty, and "if_source_empty" is "fail"')


def populate(pipe: Pipe, dataset: Dataset) -> None:
    """Marks the sink as populated after a run, where the pipe does that now."""
    sink: Any = pipe.sink
    if not sink.dataset or dataset.populated:
        return
    when = sink.set_initial_offset
    # Datasets know, here or on another node; what other sources bring is all there is.
    is_populated = getattr(pipe.source, "is_populated", None)
    ready = when == "if-source-populated" and (is_populated is None or is_populated())
    if ready or when in ("always", "onload"):
        dataset.set_populated()


def config_hash(pipe: Pipe) -> str:
    """What tells whether a pipe still makes the same of the same entities."""
    config = pipe.definition.pipe
    parts = [config.get(name) for name in ("source", "transform", "sink")]
    return content_hash(
        encode([*parts, pipe.add, pipe.remove, pipe.identity, pipe.property_])
    ).hex()


def tracks_children(pipe: Pipe) -> bool:
    """Does the sink keep vanished children? The option, else whether any are created."""
    wanted: bool | None = getattr(pipe.sink, "track_children", None)
    return pipe.any_transform("creates_children") if wanted is None else wanted


def tracks_emitted(pipe: Pipe) -> bool:
    """Must the ids be recorded that each source entity becomes?"""
    sink: Any = pipe.sink
    stored = pipe.stored_source
    return bool(
        sink.dataset
        and sink.track_emitted_ids
        and sink.deletion_tracking
        and stored is not None
        and not stored.history
        and not pipe.emits_own_id
    )


def suppresses_filtered(pipe: Pipe) -> bool:
    """May filtered entities be dropped, because deletion tracking deletes what they leave?

    So it is in a full run from the start where each id comes once.
    """
    sink: Any = pipe.sink
    if sink.suppress_filtered is not None and sink.dataset not in pipe.hops:
        return bool(sink.suppress_filtered)
    stored = pipe.stored_source
    if stored is None or sink.dataset in pipe.hops:
        return False
    return not stored.history and pipe.emits_own_id
