"""What the graph of a large node costs, asked of it over HTTP.

    python benchmarks/flow.py [--pipes 500] [--rounds 15]

A node with so many pipes, in chains of ten that have run, each over the dataset of the one before.
`GET /api/flow` is measured against the requests that told the same before it was there: all pipes
with their configuration, all datasets, all systems, and the last events in the log of each pipe,
six at a time. Both take turns in one run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sesam_interactive
from sesam_interactive.client import ManagedNode

if TYPE_CHECKING:
    from collections.abc import Callable

CHAIN = 10
AT_A_TIME = 6
RULES = {"default": [["copy", "*"], ["add", "seen", ["upper", "_S.name"]]]}


def pipes(count: int) -> list[dict[str, Any]]:
    """So many pipes, in chains."""
    found: list[dict[str, Any]] = []
    for number in range(count):
        source: dict[str, Any] = {"type": "dataset", "dataset": f"pipe-{number - 1}"}
        if number % CHAIN == 0:
            source = {"type": "embedded", "entities": [{"_id": "1", "name": "Ada"}]}
        pipe = {"_id": f"pipe-{number}", "type": "pipe", "source": source}
        transform = {} if number % CHAIN == 0 else {"transform": {"type": "dtl", "rules": RULES}}
        found.append(pipe | transform | {"pump": {"mode": "manual"}})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pipes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, ManagedNode(Path(temporary)) as node:
        hub = sesam_interactive.connect(node.url, node.token)
        hub.connection.json("PUT", "/config", json=pipes(options.pipes))
        hub.pipes.run_all(progress=False)
        measure(hub, options.rounds)
        hub.close()


def measure(hub: Any, rounds: int) -> None:
    ask = hub.connection.get

    def by_chain() -> None:
        found = ask("/pipes")
        ask("/datasets", include_internal_datasets=False)
        ask("/systems")

        def log(pipe: dict[str, Any]) -> Any:
            return ask(f"/pipes/{pipe['_id']}/log", limit=2, reverse=True, history=False)

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(log, found))

    ways: dict[str, Callable[[], object]] = {"one call": lambda: ask("/flow"), "chain": by_chain}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if number:
                times[name].append((time.perf_counter() - started) * 1000)
    for name, taken in times.items():
        print(f"{name:10} p50 {statistics.median(taken):8.1f} ms   worst {max(taken):8.1f} ms")
    ratio = statistics.median(b / a for a, b in zip(*times.values(), strict=True))
    print(f"the chain takes {ratio:.0f} times as long")


if __name__ == "__main__":
    main()
