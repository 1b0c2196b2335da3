"""What a dataset of a local node costs as a frame, next to a file of the same entities.

    python benchmarks/frames.py [--entities 1000000] [--rounds 3] [--folder DIR]

Entities of about 380 bytes with ids, texts, numbers, times, decimals, a list and an object. The
file holds them as lines of JSON, without what the node adds, and `polars.read_ndjson` leaves tagged
text as it is; the frame of the node has its types. Seconds on the clock, the best of the rounds,
which take turns; CPU time is that of this process and of the node; `x file` are the ratios to
reading the file, in one run.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import sesam_interactive
from sesam_interactive.client import ManagedNode
from sesam_node.model import content_hash, encode
from sesam_node.store import Write, open_store

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 10_000
TICKS = os.sysconf("SC_CLK_TCK")


def entity(n: int) -> dict[str, Any]:
    return {
        "_id": f"order:{n}",
        "number": n,
        "customer": f"~:customer:{n % 977}",
        "email": f"user{n}@example.org",
        "amount": f"~f{n % 1000}.{n % 100:02}",
        "created": f"~t20{10 + n % 10}-0{1 + n % 9}-1{n % 10}T12:{n % 60:02}:{n % 60:02}Z",
        "weight": n * 0.37,
        "active": n % 3 == 0,
        "tags": ["a", "b", f"t{n % 7}"],
        "address": {"street": f"Street {n % 200}", "zip": str(1000 + n % 9000), "city": "Oslo"},
        "note": "some text that is a little longer than the others, and then some more",
        "quantity": n % 50,
        "status": "open" if n % 2 else "closed",
    }


def write(folder: Path, count: int) -> Path:
    """A dataset in the store of a node that does not run, and a file of the same entities."""
    file = folder / "orders.ndjson"
    store = open_store(f"lmdb:{folder / 'data' / 'store'}")
    dataset = store.dataset("orders")
    with file.open("wb") as out:
        for first in range(0, count, BATCH):
            bodies = [encode(entity(n)) for n in range(first, min(first + BATCH, count))]
            out.write(b"\n".join(bodies) + b"\n")
            dataset.write(
                [
                    Write(f"order:{first + i}", body, content_hash(body))
                    for i, body in enumerate(bodies)
                ]
            )
    store.close()
    return file


def node_cpu(pid: int) -> float:
    """Seconds of CPU of a process and its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    return own + sum(map(node_cpu, children_of(pid)))


def children_of(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in lists for child in children.read_text().split()]


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        (folder / "data").mkdir()
        file = write(folder, options.entities)
        size = file.stat().st_size
        print(f"{options.entities:,} entities of {size / options.entities:.0f} bytes")
        with ManagedNode(folder / "data") as node:
            hub = sesam_interactive.connect(node.url, node.token)
            compare(hub, children_of(os.getpid())[0], file, options)
            hub.close()


def compare(hub: Any, pid: int, file: Path, options: argparse.Namespace) -> None:
    orders = hub.datasets["orders"]
    half = options.entities // 2
    ways: dict[str, Callable[[], Any]] = {
        "polars.read_ndjson of a file": lambda: pl.read_ndjson(file),
        "to_polars": orders.to_polars,
        "to_pandas": orders.to_pandas,
        "iter_frames(100_000)": lambda: sum(part.height for part in orders.iter_frames(100_000)),
        'to_polars(columns=["number", "amount"])': lambda: orders.to_polars(
            columns=["number", "amount"]
        ),
        "lazy, half of the rows, 2 columns": lambda: (
            orders.lazy().filter(pl.col("number") >= half).select("number", "amount").collect()
        ),
    }
    if not hasattr(orders, "lazy"):
        ways.popitem()
    best: dict[str, tuple[float, float, float]] = {}
    orders.to_polars(limit=10)  # imports
    for _ in range(options.rounds):
        for name, work in ways.items():
            start, own, theirs = time.perf_counter(), time.process_time(), node_cpu(pid)
            made = work()
            took = time.perf_counter() - start
            spent = time.process_time() - own, node_cpu(pid) - theirs
            del made
            best[name] = min(best.get(name, (took, *spent)), (took, *spent))
    whole = best["polars.read_ndjson of a file"][0]
    print(f"{'':42} {'seconds':>8} {'x file':>7} {'CPU here':>9} {'CPU node':>9}")
    for name, (took, own, theirs) in best.items():
        print(f"{name:42} {took:8.2f} {took / whole:7.2f} {own:9.2f} {theirs:9.2f}")
    print(f"peak memory of this process: {peak_mib():,} MiB")


if __name__ == "__main__":
    main()
