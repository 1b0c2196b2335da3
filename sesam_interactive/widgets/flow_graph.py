"""The pipes of a hub as a graph to walk about in: states, queues, rates and failures, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from sesam_interactive.widgets.base import View
from sesam_interactive.widgets.flow_answers import FlowAnswers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_interactive.widgets.flow_answers import FlowSource


class FlowGraph(FlowAnswers, View, module="flow_graph"):
    """The graph of a hub. `chosen` is the id of the node that is looked at, such as `pipe:orders`.

    `still` makes the picture that stays in a saved notebook, `text` what a terminal shows.
    """

    data = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        data: Mapping[str, Any],
        source: FlowSource,
        still: Callable[[], str],
        text: Callable[[], str],
    ) -> None:
        self._source = source
        self._still = still
        self._text = text
        View.__init__(self, data=dict(data))

    def still(self) -> str:
        return self._still()

    def __repr__(self) -> str:
        return self._text()
