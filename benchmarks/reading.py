"""What reading a dataset costs in each format: entities a second, and how much memory it takes.

    python benchmarks/reading.py [--entities 60000] [--folder DIR]

Entities of about 450 bytes with times, decimals, lists and an object, from LMDB files to the chunks
that are sent. CPU time, best of two rounds; the ratios are those of one run. Memory is what the
process grew by while it read.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from typing import TYPE_CHECKING, Any

from sesam_node.model import content_hash, encode
from sesam_node.model.formats import ARROW, FORMATS, JSON, write_entities
from sesam_node.pipes.query import Query, query
from sesam_node.pipes.reading import Selection, pages
from sesam_node.store import Write, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROUNDS = 2
BATCH = 10_000


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
        "note": "some text that is a little longer than the others",
    }


def measure(count: int, work: Callable[[], Iterable[bytes]]) -> tuple[float, int]:
    """Microseconds of CPU an entity, and the bytes that came out."""
    best, size = float("inf"), 0
    for _ in range(ROUNDS):
        start = time.process_time()
        size = sum(map(len, work()))
        best = min(best, time.process_time() - start)
    return best / count * 1e6, size


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=60_000)
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    count = options.entities
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        store = open_store(f"lmdb:{folder}")
        dataset = store.dataset("orders")
        for first in range(0, count, BATCH):
            bodies = [encode(entity(n)) for n in range(first, min(first + BATCH, count))]
            dataset.write(
                [
                    Write(f"order:{first + i}", body, content_hash(body))
                    for i, body in enumerate(bodies)
                ]
            )
        list(write_entities(pages(dataset, Selection(limit=10)), ARROW))  # imports
        found: dict[str, float] = {}
        print(
            f"{'':40} {'us each':>8} {'a second':>10} {'x JSON':>7} {'bytes':>12} {'MiB more':>9}"
        )
        selection = Selection(history=False, until=dataset.head())
        for form in FORMATS:
            before = peak_mib()
            cost, size = measure(
                count, lambda form=form: write_entities(pages(dataset, selection), form)
            )
            found[form] = cost
            rate, ratio, grown = 1e6 / cost, cost / found[JSON], peak_mib() - before
            print(f"{form:40} {cost:8.2f} {rate:10,.0f} {ratio:7.1f} {size:12,} {grown:9}")
        asked = Query(["gt", "_S.number", count // 2], order_by=("-amount",), limit=100)
        cost, _ = measure(count, lambda: query(store, dataset="orders", asked=asked, form=JSON))
        print(f"{'a condition over all, a sorted page':40} {cost:8.2f} {1e6 / cost:10,.0f}")
        store.close()


if __name__ == "__main__":
    main()
