"""Where systems are looked at and pipes are saved: a running node, or a project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ran(NamedTuple):
    """What a run of a pipe did; `message` says why it failed."""

    success: bool
    read: int
    changed: int
    message: str = ""


class Place(Protocol):
    """Answers have the shapes of the API: `/api/systems/{id}/providers` and its kin."""

    where: str
    """In words, for questions: `the node http://…`, `the project crm`."""

    def systems(self) -> list[dict[str, Any]]:
        """The configurations of all systems."""

    def status(self, system: str) -> dict[str, Any]:
        """Can it be reached?"""

    def offers(self, system: str, search: str, *, targets: bool) -> dict[str, Any]:
        """What there is to read, or with `targets` to write."""

    def offer(self, system: str, offer: str, limit: int) -> dict[str, Any]:
        """One of them with samples, and the `pipe` that collects it."""

    def sharing(self, system: str, target: str) -> list[dict[str, Any]]:
        """The pipe that shares to a target."""

    def has(self, component: str) -> bool:
        """Is there a pipe or system of this id?"""

    def save(self, component: Mapping[str, Any]) -> str:
        """Add a pipe or a system; says where it is now. Raises ConflictError where it is there."""

    def run(self, pipe: str) -> Ran | None:
        """Run a pipe and wait for its end; null where pipes cannot run."""

    def close(self) -> None: ...
