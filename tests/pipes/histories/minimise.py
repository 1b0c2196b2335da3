"""The smallest history that still shows what a larger one does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .history import History

MAX_TRIES = 2_000


def minimised(history: History, shows: Callable[[History], bool]) -> History:
    """A history made smaller as long as `shows` holds; greedy, the largest cuts first."""
    tries = 0
    going = True
    while going and tries < MAX_TRIES:
        going = False
        for smaller in candidates(history):
            tries += 1
            if tries >= MAX_TRIES:
                break
            if safe(shows, smaller):
                history, going = smaller, True
                break
    return history


def safe(shows: Callable[[History], bool], history: History) -> bool:
    try:
        return shows(history)
    except Exception:  # noqa: BLE001 - a cut that breaks something else is not taken
        return False


def candidates(history: History) -> Iterator[History]:
    """Histories that are smaller by one cut."""
    steps = history.steps
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            yield replace(history, steps=steps[:start] + steps[start + size :])
        size //= 2
    if history.batch != 1000:
        yield replace(history, batch=1000)
    for number, step in enumerate(steps):
        for smaller in smaller_steps(step):
            yield replace(history, steps=[*steps[:number], smaller, *steps[number + 1 :]])
    for config in smaller_configs(history.config):
        yield replace(history, config=config)


def smaller_steps(step: list[Any]) -> Iterator[list[Any]]:
    if step[0] == "put":
        _, name, entities = step
        if len(entities) > 1:
            for position in range(len(entities)):
                yield ["put", name, entities[:position] + entities[position + 1 :]]
        for position, entity in enumerate(entities):
            for key in entity:
                if key != "_id":
                    fewer = {other: value for other, value in entity.items() if other != key}
                    yield ["put", name, [*entities[:position], fewer, *entities[position + 1 :]]]
    elif step[0] == "run" and len(step) > 2:
        yield ["run", step[1]]
        for position in range(len(step[2])):
            yield ["run", step[1], step[2][:position] + step[2][position + 1 :]]
    elif step[0] == "kill":
        yield ["run", "auto"]
    elif step[0] == "configure":
        for config in smaller_configs(step[1]):
            yield ["configure", config, *step[2:]]


def smaller_configs(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A configuration with one transform, or one statement of a rule, less."""
    transforms = config["transform"]
    for number, transform in enumerate(transforms):
        without = transforms[:number] + transforms[number + 1 :]
        if without:
            yield {**config, "transform": without}
        for name, rule in transform.get("rules", {}).items():
            for position in range(len(rule)):
                rules = {**transform["rules"], name: rule[:position] + rule[position + 1 :]}
                changed = {**transform, "rules": rules}
                others = [*transforms[:number], changed, *transforms[number + 1 :]]
                yield {**config, "transform": others}
