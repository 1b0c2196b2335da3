"""Webhooks: who is told when a dataset, or the log of a pipe, has something new."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import httpx

from sesam_interactive.client.connection import segment
from sesam_interactive.display.rows import Listed, Rows

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection


def without_token(record: logging.LogRecord) -> bool:
    """Hide the token in the URL of a registration: httpx logs the URLs that it asks."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            item.copy_set_param("token", "hidden")
            if isinstance(item, httpx.URL) and "token" in item.params
            else item
            for item in record.args
        )
    return True


logging.getLogger("httpx").addFilter(without_token)


class Webhooks(Listed):
    """The webhooks of a node; their tokens are never shown."""

    path = "/webhooks"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Rows:
        """Each with `id`, `dataset` and `url`."""
        return Rows(self._connection.get(self.path), none="no webhooks")

    def add(self, dataset: str, url: str, token: str) -> None:
        """Have the node POST `{"token": token}` to a URL whenever a dataset has something new."""
        path, hook = f"/datasets/{segment(dataset)}/entities", {"webhook": url, "token": token}
        self._connection.request("OPTIONS", path, params=hook)

    def delete(self, hook_id: str) -> None:
        """Tell this one nothing any more."""
        self._connection.json("DELETE", f"{self.path}/{segment(hook_id)}")
