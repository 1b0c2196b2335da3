"""What transforms share whose outcome hangs on the entity that they are given, and no dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesam_node.dtl import Tracker


class WithoutDatasets:
    """The base of transforms that look nothing up, so that no other change re-runs them."""

    datasets: frozenset[str] = frozenset()
    untracked: frozenset[str] = frozenset()
    indexes: tuple[tuple[str, str], ...] = ()
    trackers: tuple[Tracker, ...] = ()
