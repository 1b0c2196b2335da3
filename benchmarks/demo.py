"""The demo project as a benchmark: CPU time of each pipe against a bare loop over its entities.

The loop does `orjson.dumps(orjson.loads(body))` for each entity that the pipe read, in the same
process and run, so that the ratio holds on a noisy machine. Pumps run in this process, on one
core, on a durable LMDB store in a temporary folder; then each runs once more with nothing changed.

    python benchmarks/demo.py [--flights 100000]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import uuid
from itertools import islice
from pathlib import Path

import orjson

from sesam_node.dtl import compile_index
from sesam_node.pipes.pump import run_pump
from sesam_node.pipes.runs import PipeDefinition, RunRequest
from sesam_node.store import open_store

DEMO = Path(__file__).parent.parent / "demo" / "flights"
ORDER = ("airline", "airport", "plane", "flight", "flight-enriched", "airport-day", "daily-delay")


def definition(name: str, base: Path) -> PipeDefinition:
    """A pipe of the demo with its system, as the node would hand it to a worker."""
    pipe = json.loads((DEMO / "pipes" / f"{name}.conf.json").read_text())
    pipe.setdefault("sink", {"type": "dataset", "dataset": name})
    system = json.loads((DEMO / "systems" / "flights-files.conf.json").read_text())
    system["url_pattern"] = system["url_pattern"].replace("$ENV(flights-folder)", "data")
    return PipeDefinition(pipe, {system["_id"]: system}, base_folder=str(base), allow_files=True)


def bare_loop(bodies: list[bytes]) -> float:
    """CPU seconds of decoding and encoding each entity once; the least of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        for body in bodies:
            orjson.dumps(orjson.loads(body))
        times.append(time.process_time() - start)
    return min(times)


def bodies_of(store, pipe: dict) -> list[bytes]:
    """The bodies of the entities that a run of the pipe reads (of a collect pipe: makes)."""
    dataset = store.dataset(pipe["source"].get("dataset") or pipe["_id"])
    found: list[bytes] = []
    since = None
    while versions := dataset.changes(since, 10_000):
        found.extend(version.body for version in versions)
        since = versions[-1].seq
    return found


def timed(request: RunRequest, store) -> tuple[float, object]:
    start = time.process_time()
    result = run_pump(request, store, lambda _progress: None, lambda: False)
    seconds = time.process_time() - start
    if not result.success:
        sys.exit(f"{request.definition.pipe_id}: {result.error}")
    return seconds, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flights", type=int, default=100_000, help="how many of 336,776")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        shutil.copytree(DEMO / "data", base / "data")
        with (DEMO / "data" / "flights.csv").open() as file:
            (base / "data" / "flights.csv").write_text("".join(islice(file, options.flights + 1)))
        store = open_store(f"lmdb:{base / 'store'}", index_resolver=compile_index)
        print(f"{'pipe':18}{'read':>9}{'changed':>9}{'µs/entity':>11}{'ratio':>7}{'re-run':>8}")
        for name in ORDER:
            made = definition(name, base)
            seconds, result = timed(RunRequest(uuid.uuid4().hex, made), store)
            again, _ = timed(RunRequest(uuid.uuid4().hex, made, kind="full"), store)
            loop = bare_loop(bodies_of(store, made.pipe))
            each = seconds / max(result.processed, 1) * 1e6
            print(
                f"{name:18}{result.processed:>9,}{result.changed:>9,}{each:>11.1f}"
                f"{seconds / loop:>7.1f}{again / loop:>8.1f}"
            )
        store.close()


if __name__ == "__main__":
    main()
