"""Where a debugger may go in a recorded entity: positions, and the way from one to another.

A position is the number of the event that is about to be evaluated, from 0 to the number of events,
which is the end. What is recorded lies still, so that going back costs what going on costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.trace.state import end_of

if TYPE_CHECKING:
    from sesam_node.dtl.trace.recording import Recording


class Steps:
    """The ways between the positions of one recorded entity."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.end = len(recording.events)

    def into(self, position: int) -> int:
        """The next event, however deep."""
        return min(position + 1, self.end)

    def over(self, position: int) -> int:
        """Behind an event and all that runs within it."""
        return self.end if position >= self.end else end_of(self._recording, position)

    def out(self, position: int) -> int:
        """Behind the event that the one at a position is within."""
        if position >= self.end:
            return self.end
        parent = self._recording.events[position]["parent"]
        return self.end if parent is None else end_of(self._recording, parent)

    def back(self, position: int) -> int:
        """The event before, however deep."""
        return max(position - 1, 0)

    def back_over(self, position: int) -> int:
        """The event before on the same level; the one around where there is none."""
        if position <= 0:
            return 0
        events = self._recording.events
        # The end lies behind the last event of the default rule.
        target = 0 if position >= self.end else events[position]["parent"]
        before = position - 1
        while before != target and (parent := events[before]["parent"]) not in (None, target):
            before = parent
        return before

    def back_out(self, position: int) -> int:
        """The event that the one at a position is within."""
        if position >= self.end:
            return 0
        parent = self._recording.events[position]["parent"]
        return 0 if parent is None else parent

    def transforms(self) -> list[int]:
        """The positions of transforms and rules: what a scrubber marks."""
        return [
            number
            for number, event in enumerate(self._recording.events)
            if event["kind"] in ("rule", "transform")
        ]
