"""What it costs to show what rules make while they are typed, asked of a node over HTTP.

    python benchmarks/live.py [--flights 20000] [--keys 60]

The demo of flights runs in a node of its own. Then the rules of `flight-enriched` (four look-ups an
entity) are typed on: each key another text, over a sample of 20 entities. One call of
`POST /api/dtl/live` is measured against the chain of calls that gives the same: check, preview and
trace, side by side, over entities that are sent along. Both take turns in one run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sesam_interactive
from sesam_interactive.client import ManagedNode
from sesam_node.dtl.format import format_text

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO = Path(__file__).parent.parent / "demo" / "flights"
PIPES = ("airline", "airport", "plane", "flight", "flight-enriched")
SAMPLE = 20


def project(folder: Path, flights: int) -> list[dict[str, Any]]:
    """The components of the demo, over a copy of its data with so many flights."""
    shutil.copytree(DEMO / "data", folder / "data")
    with (DEMO / "data" / "flights.csv").open() as file:
        (folder / "data" / "flights.csv").write_text("".join(islice(file, flights + 1)))
    system = json.loads((DEMO / "systems" / "flights-files.conf.json").read_text())
    system["url_pattern"] = system["url_pattern"].replace("$ENV(flights-folder)", f"{folder}/data")
    pipes = [json.loads((DEMO / "pipes" / f"{n}.conf.json").read_text()) for n in PIPES]
    return [system, *(pipe | {"pump": {"mode": "manual"}} for pipe in pipes)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flights", type=int, default=20_000)
    parser.add_argument("--keys", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, ManagedNode(Path(temporary) / "n") as node:
        hub = sesam_interactive.connect(node.url, node.token)
        components = project(Path(temporary), options.flights)
        hub.connection.json("PUT", "/config", json=components)
        for name in PIPES:
            hub.pipes[name].run(progress=False)
        measure(hub, components[-1]["transform"]["rules"], options.keys)
        hub.close()


def measure(hub: Any, rules: Any, keys: int) -> None:
    def ask(what: str, **fields: Any) -> Any:
        return hub.connection.json("POST", f"/dtl/{what}", json={"pipe": PIPES[-1], **fields})

    datasets = [one["_id"] for one in hub.connection.get("/datasets")]
    told = ask("preview", rules=[["copy", "*"]], limit=SAMPLE)["results"]
    entities = [one["source"] for one in told]

    def by_chain(made: Any, text: str) -> None:
        with ThreadPoolExecutor(2) as beside:
            calls = [
                beside.submit(ask, "check", text=text, datasets=datasets),
                beside.submit(ask, "preview", rules=made, entities=entities),
            ]
            ask("trace", rules=made, entities=entities[:1])
            for call in calls:
                call.result()

    def by_one(_made: Any, text: str) -> None:
        assert ask("live", text=text, offsets="utf-16", limit=SAMPLE)["shown"] is not None

    ways: dict[str, Callable[[Any, str], None]] = {"one call": by_one, "chain": by_chain}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for key in range(-5, keys):
        for name, way in ways.items():
            made = {**rules, "default": [*rules["default"], ["add", "typed", f"{name} {key}"]]}
            text = format_text(json.dumps(made), width=72)
            started = time.perf_counter()
            way(made, text)
            if key >= 0:
                times[name].append((time.perf_counter() - started) * 1000)
    for name, taken in times.items():
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(f"{name:10} p50 {statistics.median(taken):6.1f} ms   p95 {p95:6.1f} ms")
    ratio = statistics.median(b / a for a, b in zip(*times.values(), strict=True))
    print(f"the chain takes {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
