"""Errors of the client, on top of those of the node."""

from __future__ import annotations

from sesam_node.errors import Problem, SesamError


class ClientError(SesamError):
    """A call that the node refused or could not answer; `status` is the HTTP status, 0 for none.

    The node's `Problem`s come along: each has a path, a code, a message and a hint. In a notebook
    it shows as text without a traceback: the problem is in what was asked, not in this code.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), status: int = 0) -> None:
        super().__init__(message, problems)
        self.status = status

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class NoNodeError(ClientError):
    """No node is there to talk to, or it does not answer."""
