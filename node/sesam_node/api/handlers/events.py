"""What happens on the node, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import ANYONE, operation
from sesam_node.hub.events import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

PERMISSIONS = {"pipe": "read_config", "system": "read_config", "dataset": "read_data"}


class Telling(ApiHandler):
    """What handlers share that tell of all that somebody may know of."""

    def tells(self, kind: str, names: Iterable[str]) -> Container[str]:
        """Those of the names that whoever asks may be told of."""
        return self.allowed(PERMISSIONS[kind], kind, names)


class EventsHandler(Telling):
    @operation(answer="text/event-stream", needs=ANYONE)
    async def get(self) -> None:
        """State of pipes, counts of datasets, systems: as they are, then each change of it.

        `runtime.status` of a pipe is its state in a word, as in `/api/flow`.

        Server-sent events: one `snapshot`, then `changes`, both an object of `pipes`, `datasets`
        and `systems` by id, of which null is what has gone. Comments keep the connection alive;
        the stream ends after a quarter of an hour: ask again, with a valid token.
        """
        # What stands between would keep events back to send them together.
        headers = {"X-Accel-Buffering": "no"}
        await self.stream(self.hub.events.follow(self.tells), CONTENT_TYPE, headers)


ROUTES = [("/events", EventsHandler)]
