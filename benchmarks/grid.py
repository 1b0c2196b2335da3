"""What a page of a table costs anywhere in a large dataset, asked of a node over HTTP.

    python benchmarks/grid.py [--entities 2000000] [--folder DIR]

The dataset is written straight into the store of a node in a folder of its own, a tenth of it in
two versions and some deleted; with `--folder` it is kept there for another time. Prints the first
page (positions are found then), the median and the worst of 100 pages at random places, the page
after a change, and what a condition, a text and an order over all entities take until their first
page is there and for each one after that.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from reading import entity

import sesam_interactive
from sesam_interactive.client import ManagedNode
from sesam_node.model import content_hash, encode
from sesam_node.store import Write, open_store

BATCH = 10_000
PAGES = 100
ROWS = 100
WAYS: dict[str, dict[str, Any]] = {
    "all": {},
    "a condition": {"where": ["gt", "_S.weight", 100_000]},
    "a text": {"text": "street 77"},
    "an order": {"order_by": ["-email"]},
}


def write(data: Path, count: int) -> None:
    """Fill the dataset `orders` of a node that does not run yet."""
    store = open_store(f"lmdb:{data / 'store'}")
    dataset = store.dataset("orders")
    for changed, step in ((False, 1), (True, 10)):
        for first in range(0, count, BATCH * step):
            numbers = range(first, min(first + BATCH * step, count), step)
            dataset.write([item(n, changed=changed) for n in numbers])
    dataset.write([item(n, deleted=True) for n in range(5, count // 20, 10)])
    dataset.set_populated()
    store.close()


def item(number: int, *, changed: bool = False, deleted: bool = False) -> Write:
    body = encode(entity(number) | ({"note": "changed"} if changed else {}))
    return Write(f"order:{number}", body, content_hash(body), deleted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = options.folder or Path(temporary)
        if not (data / "store").exists():
            write(data, options.entities)
        with ManagedNode(data) as node:
            hub = sesam_interactive.connect(node.url, node.token)
            for name, asked in WAYS.items():
                measure(hub, name, asked)
            hub.close()


def measure(hub: Any, name: str, asked: dict[str, Any]) -> None:
    def page(**more: Any) -> tuple[float, dict[str, Any]]:
        started = time.perf_counter()
        body = asked | {"limit": ROWS} | more
        found = hub.connection.json("POST", "/datasets/orders/rows", json=body)
        return (time.perf_counter() - started) * 1000, found

    first, found = page()
    far, _ = page(start=found["count"] // 2, as_of=found["as_of"])
    times = []
    for _ in range(PAGES):
        start = random.randrange(found["count"])
        times.append(page(start=start, as_of=found["as_of"])[0])
    print(
        f"{name:12} {found['count']:>10,} rows, first page {first:8,.0f} ms, one in the middle "
        f"{far:8,.0f} ms, then {statistics.median(times):5.1f} ms, at most {max(times):5.1f} ms"
    )
    if not asked:
        hub.connection.json(
            "POST", "/datasets/orders/entities?force=true", json=[entity(1), entity(2)]
        )
        print(f"{'':12} {'':>10}       after a change {page()[0]:5.1f} ms")


if __name__ == "__main__":
    main()
