"""An entity of a dataset beside what its source entities make now: the same, other, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.pipes.evaluate import as_write
from sesam_node.pipes.policy import tracks_children, tracks_emitted
from sesam_node.pipes.runs import time_text
from sesam_node.pipes.writer import with_vanished_children

if TYPE_CHECKING:
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.retrace import Retraced, Stage
    from sesam_node.store.api import Dataset, Version, Write

Told = dict[str, Any]

MAX_IDS = 50
"""How many ids that a source entity emits are told."""


class Made:
    """An entity that a pipe made of entities of this node, and what they make of it now."""

    def __init__(self, pipe: Pipe, stored: Dataset, version: Version, runs: list[Retraced]) -> None:
        self.pipe = pipe
        self.version = version
        self._stored = stored
        self._runs = runs
        self.last = runs[-1] if runs else None
        self.run, self.stage = self._owner()

    def _owner(self) -> tuple[Retraced | None, Stage | None]:
        """The last source entity that makes the id, and what it makes."""
        for run in reversed(self._runs):
            for stage in reversed(run.out):
                if stage.entity.get("_id") == self.version.entity_id:
                    return run, stage
        return None, None

    def names(self, wanted: frozenset[str] | None) -> list[str]:
        """The properties to tell of: those wanted, of those that came out."""
        entity = self.stage.entity if self.stage is not None else {}
        return sorted(name for name in entity if wanted is None or name in wanted)

    def told(self) -> Told:
        """How it was made, whether that is exact, and for a deleted entity why it is so."""
        told: Told = {"how": "made", "exact": False, "sources": list(map(self._source, self._runs))}
        failed = next((run.error for run in reversed(self._runs) if run.error), None)
        if self.stage is None and failed is not None:
            told |= {"reason": "fails", "text": f"its source entity fails now: {failed.message}"}
            return told
        write = None if self.stage is None else as_write(self.stage.entity)
        if self.version.deleted:
            return told | self._deleted(write)
        if write is None or write.deleted:
            text = "inputs changed since: made again now it is deleted"
            return told | {"differs": [], "text": text, "newer": self._newer()}
        differs = self._differing(write)
        if differs:
            text = "inputs changed since: made again now it is another"
            return told | {"differs": differs, "text": text, "newer": self._newer()}
        return told | {"exact": True, "text": "made again now it is the same"}

    def _differing(self, write: Write) -> list[str]:
        """The properties in which the stored entity is not what would be written."""
        if write.hash == self.version.hash:
            return []
        if tracks_children(self.pipe) and self.version.previous is not None:
            before = self._stored.at(self.version.previous)
            if before is not None:
                write = with_vanished_children(write, before.body)
        if write.hash == self.version.hash:
            return []
        old, new = decode(self.version.body), decode(write.body)
        names = sorted(old.keys() | new.keys())
        return [
            name for name in names if name not in old or name not in new or old[name] != new[name]
        ]

    def _deleted(self, write: Write | None) -> Told:
        """Why a deleted entity is deleted."""
        if write is None and not self._runs and not tracks_emitted(self.pipe):
            text = "no source entity makes it: the full run that deleted it did not meet one"
            return {"exact": True, "reason": "not-met", "text": text}
        if write is None:
            text = "no source entity makes this id any more"
            return {"exact": True, "reason": "not-emitted", "text": text}
        if not write.deleted:
            text = "inputs changed since: made again now it is there"
            return {"reason": "changed", "text": text, "newer": self._newer()}
        assert self.run is not None  # noqa: S101 - what it makes was found there
        if self.run.source.get("_deleted") is True:
            return {"exact": True, "reason": "source-deleted", "text": "its source is deleted"}
        if "_filtered" in (self.stage.entity if self.stage else {}):
            return {"exact": True, "reason": "filtered", "text": "the rules filter it"}
        return {"exact": True, "reason": "set-by-rules", "text": 'the rules set "_deleted"'}

    def _newer(self) -> list[Told]:
        """Source entities that have changed after this version was written."""
        found = []
        for run in self._runs:
            source = (run.batch.versions or (None,))[0]
            if source is not None and source.ts > self.version.ts:
                found.append({**self._place(run), "ts": time_text(source.ts)})
        return found

    def _place(self, run: Retraced) -> Told:
        members = members_of(self.pipe, run)
        if len(members) != 1:
            return {"dataset": None, "entity_id": run.source["_id"], "seq": None}
        version = (run.batch.versions or (None,))[0]
        ((dataset, entity_id),) = members
        return {
            "dataset": dataset,
            "entity_id": entity_id,
            "seq": None if version is None else version.seq,
        }

    def _source(self, run: Retraced) -> Told:
        """A source entity, and what became of it."""
        ids = [stage.entity.get("_id") for stage in run.out if "_filtered" not in stage.entity]
        told: Told = {**self._place(run), "emits": ids[:MAX_IDS]}
        if run.source.get("_deleted") is True:
            told["deleted"] = True
        if any("_filtered" in stage.entity for stage in run.out):
            told["filtered"] = True
        if run.error is not None:
            told["error"] = run.error.message
        return told


def members_of(pipe: Pipe, run: Retraced) -> list[tuple[str, str]]:
    """Dataset and id of the stored entities that a source entity is: several where it is merged.

    None where it comes from no dataset.
    """
    stored, batch = pipe.stored_source, run.batch
    if stored is None:
        return []
    if not stored.combines and batch.dataset is not None and batch.versions:
        # Of two datasets that share ids it is the one that it was read from.
        return [(batch.dataset.name, batch.versions[0].entity_id)]
    return [member[:2] for member in stored.members_of(run.source["_id"])]
