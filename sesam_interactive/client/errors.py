"""Errors of the client, on top of those of the node."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sesam_interactive.display.problems import problems_html, problems_text
from sesam_node.errors import Problem, SesamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ClientError(SesamError):
    """A call that the node refused or could not answer; `status` is the HTTP status, 0 for none.

    The node's `Problem`s come along: each has a path, a code, a message and a hint. In a notebook
    it shows as text without a traceback: the problem is in what was asked, not in this code.
    `retry_after_s` is how long the node wants to be left alone, where it says so.
    """

    def __init__(
        self,
        message: str,
        problems: Iterable[Problem] = (),
        status: int = 0,
        *,
        files: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, problems)
        self.status = status
        self.files = dict(files or {})
        self.retry_after_s = retry_after_s

    @property
    def text(self) -> str:
        """The error for people: what was refused, then each problem with its place and hint."""
        if not self.problems:
            return self.message
        return f"{self.message}\n{problems_text(self.problems, self.files)}"

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self.text}"]

    def _repr_html_(self) -> str:
        title = f"<b>{escape(type(self).__name__)}</b>: {escape(self.message)}"
        return f"<div>{title}{problems_html(self.problems, self.files)}</div>"


class NoNodeError(ClientError):
    """No node is there to talk to, or it does not answer."""
