"""Which run it is: decided from the pipe's state, what was asked for and what the datasets say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.pipes.out_of_sync import Reasons, reason_text
from sesam_node.pipes.policy import resets_itself
from sesam_node.pipes.sources.merge import MergeSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.offsets import PipeState
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.tracking import Tracking

FULL, INCREMENTAL = "full", "incremental"


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

    def is_waiting(self) -> bool:
        """Has a source dataset gone that was there? Then nothing is done until it is back."""
        known = self.state.generations
        return any(
            made is None and known.get(name) is not None for name, made in self.generations.items()
        )

    def goes_on(self) -> bool:
        """Does an unfinished full run go on?"""
        marker: dict[str, Any] | None = self.state.full_run
        return (
            marker is not None
            and self.asked == "auto"
            and not getattr(self.pipe.sink, "begins_again", False)
            and marker["config"] == self.config
            and self.state.generations == self.generations
            and not (
                isinstance(self.pipe.source, MergeSource)
                and self.pipe.source.is_expired(self.state.offset)
            )
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
        if reasons and resets_itself(self.pipe):
            return reason_text(reasons)
        if isinstance(self.pipe.source, MergeSource):
            reason = self.pipe.source.reason_for_full_run(state.offset, state.merge_rules)
            if reason:
                return reason
        return "" if self.tracking is None else self.tracking.reason_for_full_run()
