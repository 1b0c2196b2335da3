"""How often each feature was met, and how much happened: what a test fails below."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .rules import FEATURES

if TYPE_CHECKING:
    from .history import History
    from .play import Played

FLOOR = 0.05
"""The share of histories that each feature must be in."""

CHANGING = 0.5
"""The share of runs between checks that must change the sink."""

LABELS = {
    "move": 0.5,
    "move-back": 0.4,
    "delete": 0.3,
    "return": 0.1,
    "kill": 0.2,
    "meanwhile": 0.2,
    "restart": 0.1,
    "configured-automatic": 0.05,
    "configured-continue": 0.05,
}
"""Kinds of change, and the share of histories that each must be in."""


@dataclass
class Reach:
    """Counts over many histories."""

    histories: int = 0
    lmdb: int = 0
    runs: int = 0
    changing: int = 0
    incremental: int = 0
    kills: int = 0
    checks: int = 0
    features: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def take(self, history: History, played: Played) -> None:
        self.histories += 1
        self.lmdb += history.store == "lmdb"
        self.runs += played.runs
        self.changing += played.changing
        self.incremental += played.incremental
        self.kills += played.kills
        self.checks += played.checks
        self.features.update(history.features)
        self.labels.update(history.labels)

    def add(self, other: Reach) -> None:
        for name in ("histories", "lmdb", "runs", "changing", "incremental", "kills", "checks"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.features += other.features
        self.labels += other.labels

    def missing(self) -> list[str]:
        """What is below its floor."""
        floors = {**dict.fromkeys(FEATURES, FLOOR), **LABELS}
        counts = self.features + self.labels
        low = [
            f"{name}: {counts[name]} of {self.histories}"
            for name, floor in floors.items()
            if counts[name] < floor * self.histories
        ]
        if self.changing < CHANGING * self.runs:
            low.append(f"runs that change the sink: {self.changing} of {self.runs}")
        return low

    def text(self) -> str:
        """A table for people."""
        head = (
            f"{self.histories} histories ({self.lmdb} over LMDB), {self.runs} runs, of which "
            f"{self.changing} changed the sink and {self.incremental} were incremental; "
            f"{self.kills} kills, {self.checks} checks"
        )
        shares = [
            f"  {name:22}{count / max(1, self.histories):7.1%}"
            for counts in (self.features, self.labels)
            for name, count in counts.most_common()
        ]
        return "\n".join([head, *shares])
