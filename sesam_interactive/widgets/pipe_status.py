"""A pipe as it runs: state, queue, progress, runs, failures; started and stopped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import traitlets

from sesam_interactive.widgets.base import View
from sesam_interactive.widgets.pump_answers import PumpAnswers, message_of, queued
from sesam_node.errors import SesamError
from sesam_node.model.pumps import WORDS, state_of

if TYPE_CHECKING:
    from sesam_interactive.widgets.pump_answers import Pump


class PipeStatus(PumpAnswers, View, module="pipe_status"):
    """The state of one pipe, kept up to date while it is seen."""

    name = traitlets.Unicode().tag(sync=True)

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        View.__init__(self, name=pump.name)

    def still(self) -> str:
        """The state as it is now, without what keeps it up to date."""
        return f"<pre>{escape(repr(self))}</pre>"

    def __repr__(self) -> str:
        try:
            runtime, runs = self._pump.runtime(), self._pump.runs()
        except SesamError as error:
            return f"<PipeStatus {self.name}: {error.message}>"
        lines = [f"{self.name}: {WORDS[state_of(runtime)]}"]
        queue = queued(runtime)
        if queue:
            lines.append(f"  queue     {queue:,}")
        if runs:
            last = runs[-1]
            word = "ok" if last["success"] else f"failed: {last['message'].splitlines()[0]}"
            took = f"{last['read']:,} read, {last['changed']:,} changed, {last['seconds']:.2f} s"
            lines.append(f"  last run  {last['start'][:19].replace('T', ' ')}, {took}, {word}")
        elif runtime.get("success") is False:
            lines.append(f"  failed    {message_of(runtime).splitlines()[0]}")
        return "\n".join(lines)
