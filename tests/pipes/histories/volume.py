"""Plays many histories, and tells of those that differ as people want to read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .children import Children
from .history import histories
from .minimise import minimised
from .play import Played, play_in_memory
from .reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .history import History

CHUNK = 100


def run_chunk(given: tuple[Any, int, int]) -> tuple[Reach, list[str]]:
    """Some histories of one seed: what they reach, and the text of those that differ."""
    seed, first, count = given
    return play_all(histories(count, seed, first))


def play_all(made: Iterable[History]) -> tuple[Reach, list[str]]:
    """Play each over its store."""
    reach = Reach()
    different = []
    with Children() as children:
        for history in made:
            played = play(history, children)
            reach.take(history, played)
            if played.difference:
                different.append(told(history, played))
    return reach, different


def play(history: History, children: Children) -> Played:
    return play_in_memory(history) if history.store == "memory" else children.play(history)


def told(history: History, played: Played) -> str:
    """A difference, and the smallest history that shows it where the memory store shows it too."""
    lines = [f"history {history.seed}: {played.difference}"]
    if play_in_memory(history).difference:
        small = smaller(history)
        lines.append(f"  config: {json.dumps(small.config)}")
        lines += [f"  {json.dumps(step)}" for step in small.steps]
        lines.append(f"  batches of {small.batch}: {play_in_memory(small).difference}")
    return "\n".join(lines)


def smaller(history: History) -> History:
    """The smallest history that still differs, without one that cannot run."""

    def shows(other: History) -> bool:
        difference = play_in_memory(other).difference
        return bool(difference) and "a run failed" not in difference

    return minimised(history, shows)
