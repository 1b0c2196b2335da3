"""How much dependency tracking may hold in memory: `dependency_tracking` of a pipe, or of the node.

What is held are ids, which are small. So a run fails by their count only where somebody has
configured a threshold; that in bytes holds by default (manual: pipes, dependency_tracking).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError

if TYPE_CHECKING:
    from sesam_node.pipes.pipe import Pipe

log = logging.getLogger(__name__)

WARNING = 10_000
ERROR = 50_000
WARNING_BYTES = 32 << 20
ERROR_BYTES = 128 << 20
ID_BYTES = 80
"""What an id takes in a set, beside its text."""


def thresholds(pipe: Pipe) -> dict[str, Any]:
    """The options that are configured, the pipe's before the node's."""
    node: dict[str, Any] = pipe.definition.metadata.get("dependency_tracking") or {}
    own: dict[str, Any] = pipe.definition.pipe.get("dependency_tracking") or {}
    return {
        name: value
        for options in (node, own)
        for name, value in options.items()
        if value is not None
    }


def hops_limit(pipe: Pipe) -> int | None:
    """The most entities that hops may find for one source entity, where that is limited."""
    given = thresholds(pipe)
    if not given.get("enable_hops_thresholds"):
        return None
    limit: int = given.get("dependency_error_threshold", ERROR)
    return limit


class Limits:
    """What one run has found so far, and what it may."""

    def __init__(self, pipe: Pipe) -> None:
        given = thresholds(pipe)
        self._pipe_id = pipe.id
        self._warning: int = given.get("dependency_warning_threshold", WARNING)
        self._error: int | None = given.get("dependency_error_threshold")
        self._warning_bytes: int = given.get(
            "dependency_warning_threshold_total_bytes", WARNING_BYTES
        )
        self._error_bytes: int = given.get("dependency_error_threshold_total_bytes", ERROR_BYTES)
        self._bytes = 0

    def add(self, found: set[str], item: str) -> None:
        """Take in an id. Raises PipeError beyond the limits."""
        if item in found:
            return
        found.add(item)
        self._bytes += len(item) + ID_BYTES
        if self._error is not None and len(found) > self._error:
            self._fail("dependency_error_threshold", f"{self._error} entities")
        if self._bytes > self._error_bytes:
            self._fail("dependency_error_threshold_total_bytes", f"{self._error_bytes} bytes")

    def _fail(self, name: str, limit: str) -> None:
        message = (
            f"changes in hopped datasets concern more source entities than "
            f'"dependency_tracking.{name}" allows: more than {limit}; raise it, or reset the pipe'
        )
        raise PipeError(message)

    def end(self, found: set[str]) -> None:
        """Warn where much is held."""
        if len(found) > self._warning or self._bytes > self._warning_bytes:
            log.warning(
                "dependency tracking holds %d source entities (%d bytes) in memory",
                len(found),
                self._bytes,
                extra={"pipe": self._pipe_id},
            )
