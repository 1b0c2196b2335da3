"""Replicated datasets: every entity stands under the offset that it has in the source.

So readers of the source can be turned to the copy and go on where they were. A run writes through a
`Replica`, which stands for the sink: what waits for a commit knows its offset. Nothing is placed
anew: what comes a second time must be what is there, or the run fails (`store/replicas.py`).

Which dataset is a replica, and of what, is kept with it, under a name that no pipe can have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConflictError, PipeError, preview
from sesam_node.model import decode, encode
from sesam_node.pipes.evaluate import Evaluator, as_write, make_write
from sesam_node.store.api import Commit, Write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Dataset, Written

OWNER = "/replica"
SOURCES = "sources"


class Placed(Write):
    """A `Write`, and as its fifth item the offset that the entity has in the source."""

    __slots__ = ()

    @classmethod
    def of(cls, write: Write | tuple[str, bytes, bytes, bool], seq: int) -> Placed:
        return tuple.__new__(cls, (*write[:4], seq))

    @property
    def seq(self) -> int:
        items: tuple[Any, ...] = self
        return int(items[4])


class Replica:
    """Stands for the sink while a run goes on; with `tracks_changes` what is equal is left out."""

    def __init__(self, dataset: Dataset, *, tracks_changes: bool) -> None:
        self._dataset = dataset
        self._force = not tracks_changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)

    def write(self, batch: Sequence[Placed], commit: Commit | None = None) -> Written:
        writes = [make_write(item[:4]) for item in batch]
        seqs = [item.seq for item in batch]
        return self._dataset.replicate(writes, seqs, commit, force=self._force)


class PlacedEvaluator(Evaluator):
    """Makes writes that know their offset."""

    def writes(self, batch: Batch, out: list[Write]) -> None:
        out.extend(placed(self._pipe, batch))


def evaluator_of(dataset: Any) -> type[Evaluator]:
    """What makes the writes for a dataset, or for what stands for it."""
    return PlacedEvaluator if isinstance(dataset, Replica) else Evaluator


def replica_of(pipe: Pipe, dataset: Dataset) -> Replica | None:
    """What stands for the sink of a pipe that replicates; null for all other pipes.

    Raises ConflictError where the dataset is an ordinary one, and the sink does not allow that, or
    is the replica of something else.
    """
    tracks_changes: bool | None = getattr(pipe.sink, "change_tracking", None)
    if tracks_changes is None:
        return None
    stored = pipe.stored_source
    sources = {} if stored is None else stored.prepare()
    known = dataset.state(OWNER).get(SOURCES)
    if known is None and dataset.head():
        if getattr(pipe.sink, "allow_normal_dataset", False):
            return None
        raise ConflictError(
            f'the dataset "{dataset.name}" holds entities under offsets of its own: delete it '
            'first, write to another one, or set "allow_normal_dataset"'
        )
    before: Mapping[str, str | None] = {} if known is None else decode(known)
    for name, made in sources.items():
        if before.get(name) not in (None, made) and made is not None:
            raise ConflictError(
                f'the dataset "{name}" has been made again since "{dataset.name}" was replicated '
                f'from it: delete "{dataset.name}" to replicate anew'
            )
    if known is None or {**before, **sources} != before:
        kept = {**before, **{name: made for name, made in sources.items() if made is not None}}
        dataset.write([], Commit(OWNER, {SOURCES: encode(kept)}, None))
    return Replica(dataset, tracks_changes=tracks_changes)


def placed(pipe: Pipe, batch: Batch) -> Iterator[Placed]:
    """The writes of a batch, each with its offset. Raises PipeError for a source without them."""
    offset_of = batch.offset_of
    if offset_of is None:
        raise PipeError(
            "a replicated dataset needs a source that comes in the order of its offsets: of a json "
            'source "supports_since" and "is_chronological" must be true'
        )
    as_stored = batch.entities is None and not pipe.add
    for position in range(batch.size):
        seq = offset_of(position)
        if type(seq) is not int or seq < 0:
            raise PipeError(
                f"a replicated dataset needs offsets that are whole numbers, got {preview(seq)}"
            )
        if as_stored:
            version = (batch.versions or ())[position]
            write = version.entity_id, version.body, version.hash, version.deleted
            yield Placed.of(write, seq)
        else:
            yield Placed.of(as_write(pipe.renamed(_entity(batch, position))), seq)


def _entity(batch: Batch, position: int) -> Any:
    if batch.entities is not None:
        return batch.entities[position]
    return decode((batch.versions or ())[position].body)
