"""Which run it is: decided from the pipe's state, what was asked for and what the datasets say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError
from sesam_node.pipes.background_rescan import rescans_beside
from sesam_node.pipes.offsets import check_offset
from sesam_node.pipes.out_of_sync import Reasons, reason_text
from sesam_node.pipes.policy import requires_populated_input, resets_itself
from sesam_node.pipes.sources.merge import MergeSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.offsets import PipeState
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.tracking import Tracking

FULL, INCREMENTAL, PARTIAL = "full", "incremental", "partial"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision about a run needs to know.

    `asked` is the kind of the request, `config` what tells one configuration from another,
    `generations` those of the source's datasets now, `tracking` what has changed in hopped ones.
    """

    pipe: Pipe
    state: PipeState
    asked: str
    config: str
    generations: Mapping[str, str | None]
    tracking: Tracking | None

    def waiting_for(self) -> list[str]:
        """The datasets without which nothing is done; empty where the pipe can run.

        A source dataset that was there has gone; one that is hopped to, or, where the source
        requires it, read is not populated yet.
        """
        known = self.state.generations
        gone = [name for name, made in self.generations.items() if made is None and known.get(name)]
        hopped = [name for name in self.pipe.definition.awaited if not self._is_populated(name)]
        return sorted({*gone, *hopped, *self._unpopulated_sources()})

    def _unpopulated_sources(self) -> list[str]:
        stored = self.pipe.stored_source
        if stored is None or not requires_populated_input(self.pipe) or stored.is_populated():
            return []
        found = [name for name in self.pipe.source.datasets if not self._is_populated(name)]
        return found or list(self.pipe.source.datasets)

    def _is_populated(self, name: str) -> bool:
        dataset = self.pipe.context.dataset(name)
        return dataset is not None and dataset.populated

    def goes_on(self) -> bool:
        """Does an unfinished full run go on?"""
        marker: dict[str, Any] | None = self.state.full_run
        return (
            marker is not None
            and self.asked in ("auto", "partial")
            and not getattr(self.pipe.sink, "begins_again", False)
            and marker["config"] == self.config
            and self.state.generations == self.generations
            and not (
                isinstance(self.pipe.source, MergeSource)
                and self.pipe.source.is_expired(self.state.offset)
            )
            and (self.tracking is None or self.tracking.has_records())
        )

    def _fits_source(self, offset: Offset) -> bool:
        """Can the source go on there? Not after its type has changed."""
        if self.pipe.stored_source is None:
            return True
        union = type(self.pipe.definition.pipe["source"].get("datasets")) is list
        try:
            check_offset(offset, self.pipe.source.datasets, union=union)
        except InputError:
            return False
        return True

    def _has_news(self) -> bool:
        """Is there, or may there be, what the sink lacks? Datasets alone tell beforehand."""
        stored, state = self.pipe.stored_source, self.state
        sink: Any = self.pipe.sink
        return (
            stored is None
            or self.asked != "auto"
            or state.config != self.config
            or state.generations != self.generations
            or bool(state.retries)
            or any(stored.queue(state.offset).values())
            or (self.tracking is not None and self.tracking.has_changes())
            or not sink.is_current()
        )

    def rescans_beside(self, reasons: Reasons) -> bool:
        """Is it time for a rescan that takes turns with incremental passes?"""
        return (
            (self.asked == "rescan" or self.state.background)
            and rescans_beside(self.pipe, self.state)
            and not (reasons and resets_itself(self.pipe))
        )

    def reason_for_full_run(self, reasons: Reasons) -> str:
        """Why the run must begin at the start; empty where it need not.

        `reasons` are what puts the pipe out of sync.
        """
        state = self.state
        if self.asked in ("full", "rescan"):
            return "it was asked for"
        if not self.pipe.source.supports_since:
            return "the source cannot go on where it was"
        if state.offset is None:
            return "the pipe has no offset"
        if state.full_run is not None:
            return "a full run was not finished"
        if getattr(self.pipe.sink, "takes_whole", False) and self._has_news():
            return "the sink takes everything at once"
        if reasons and resets_itself(self.pipe):
            return reason_text(reasons)
        if not self._fits_source(state.offset):
            return "the offset is that of another source"
        if isinstance(self.pipe.source, MergeSource):
            return self.pipe.source.reason_for_full_run(state.offset, state.merge_rules)
        # A sink outside may have lost what it was given.
        lost = getattr(self.pipe.sink, "reason_for_full_run", None)
        return lost() if lost is not None else ""
