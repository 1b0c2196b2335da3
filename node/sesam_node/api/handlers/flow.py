"""The node as a graph."""

from __future__ import annotations

import asyncio

from sesam_node.api.handlers.events import Telling
from sesam_node.api.operations import ANYONE, operation


class FlowHandler(Telling):
    @operation(needs=ANYONE)
    async def get(self) -> None:
        """Systems, pipes and datasets as a graph: what leads where, what waits, what fails.

        Each of `nodes` has `id` ("pipe:x"), `kind`, `name`, `type`, `state` and a `message` about
        it; `queue`, versions that are not read yet; `entities`, living ones of a dataset or of the
        sink of a pipe; `rate`, entities a second in its last run that read any. What is not known
        is null. States of pipes are "invalid", "failed", "tripped", "disabled", "waiting", "not
        run", "running", "on request" and "ok". `edges` have `from`, `to`, `kind` ("source",
        "merge", "hop", "lookup" or "sink") and `queue`. Pipes and systems that may not be seen are
        left out; of a dataset that may not be read no more is told than that a pipe names it.
        """
        self.answer(await asyncio.to_thread(self.hub.flow.graph, self.tells))


ROUTES = [("/flow", FlowHandler)]
