"""Whole histories: a pipe, and steps.

A step is a list, its first item says what it is:

- `["put", dataset, entities]` writes entities; deleted ones have `_deleted`.
- `["run", kind]` runs the pipe; `["run", kind, puts]` with puts that come while it runs.
- `["kill", n, after]` runs it and kills it at the n-th write to the store, before or `after` that
  write; `["kill", n, after, kind]` such a run.
- `["restart"]` goes on in another process, where there are processes.
- `["configure", config, policy]` gives the pipe another configuration. Under "automatic" it must
  follow by itself; under "continue" it must leave all as it is, and is then reset.
- `["check"]` compares with a fresh pipe.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from .changes import Datasets
from .rules import FEATURES, HOPPED, SINK, choose, make_pipe, read_datasets

Step = list[Any]

LMDB_SHARE = 0.1
BATCHES = (1, 2, 3, 1000)


@dataclass(frozen=True)
class History:
    """A pipe and what happens to it.

    `store` is "memory" or "lmdb"; `batch` how many entities go through at once; `labels` are kinds
    of change, for the reach.
    """

    seed: str
    store: str
    batch: int
    config: dict[str, Any]
    steps: list[Step]
    features: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The history for people who want to play it again."""
        return repr(asdict(self))


def make_history(chance: random.Random, seed: str = "") -> History:
    """A history; the same chance gives the same."""
    wanted = choose(chance)
    config = make_pipe(chance, wanted)
    store = "lmdb" if chance.random() < LMDB_SHARE else "memory"
    datasets = datasets_for(chance, config)
    current = config
    steps = datasets.fill()
    steps += [first_run(chance)]
    for _ in range(chance.randint(3, 7)):
        steps += round_of(chance, datasets)
        if chance.random() < 0.08:
            other = make_pipe(chance, same_names(chance, wanted))
            policy = chance.choice(["automatic", "automatic", "continue"])
            if policy == "continue":
                if current["source"]["type"] == "merge" and SINK in str(other):
                    continue
                other["source"] = current["source"]  # an offset is that of its source
            current = other
            datasets.labels.add(f"configured-{policy}")
            steps.append(["configure", other, policy])
            datasets.names = names_for(other)
        if chance.random() < 0.25:
            steps.append(["check"])
    steps.append(["check"])
    labels = sorted(datasets.labels)
    return History(seed, store, chance.choice(BATCHES), config, steps, sorted(wanted), labels)


def first_run(chance: random.Random) -> Step:
    return (
        ["kill", chance.randint(1, 12), chance.random() < 0.5]
        if chance.random() < 0.1
        else ["run", "auto"]
    )


def round_of(chance: random.Random, datasets: Datasets) -> list[Step]:
    """Some changes, and a run that should bring them to the sink."""
    steps = [datasets.change() for _ in range(chance.choice([2, 3, 4, 5, 6]))]
    if chance.random() < 0.1:
        datasets.labels.add("restart")
        steps.append(["restart"])
    kind = chance.random()
    if kind < 0.12:
        datasets.labels.add("kill")
        kind_of_run = "full" if chance.random() < 0.2 else "auto"
        steps.append(["kill", chance.randint(1, 14), chance.random() < 0.5, kind_of_run])
    elif kind < 0.24:
        datasets.labels.add("meanwhile")
        meanwhile = [datasets.change() for _ in range(chance.randint(1, 3))]
        steps.append(["run", "auto", meanwhile])
    elif kind < 0.26:
        steps.append(["run", "full"])
    else:
        steps.append(["run", "auto"])
    return steps


def datasets_for(chance: random.Random, config: dict[str, Any]) -> Datasets:
    prefix = "n:" if config.get("add_namespaces") else ""
    prefixes = {"a": "", "b": "", **dict.fromkeys(HOPPED, prefix)}
    return Datasets(chance, names_for(config), prefixes)


def names_for(config: dict[str, Any]) -> list[str]:
    """The datasets that are changed: the source's, and more often those that are looked into."""
    named = config["source"].get("datasets") or [config["source"]["dataset"]]
    sources = [text.split()[0] for text in named]
    hopped = [name for name in read_datasets(config) if name not in sources]
    return [*sources, *hopped, *hopped]


def same_names(chance: random.Random, wanted: list[str]) -> list[str]:
    """Other features under which the datasets mean the same."""
    fixed = {"add_namespaces", "computed-ids"}
    # The source may stay one that merges, and that goes not with hops into the own sink.
    plain = [name for name in choose(chance) if name not in {*fixed, "own-sink"}]
    if fixed & set(wanted):
        plain = [name for name in plain if name not in ("own-source", "own-sink")]
    return [*plain, *(name for name in wanted if name in fixed)]


def histories(count: int, seed: Any, first: int = 0) -> Any:
    """Histories number `first` and after, of a seed."""
    for number in range(first, first + count):
        name = f"{seed}.{number}"
        yield make_history(random.Random(name), name)


__all__ = ["FEATURES", "History", "Step", "histories", "make_history"]
