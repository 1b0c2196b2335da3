"""What a dataset costs: microseconds an entity (or key), one core, real files.

    python benchmarks/store.py [--entities 200000] [--folder DIR] [--url memory:]

Bodies have 433 bytes. CPU and wall time are the best of three rounds; wall includes the disk.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from typing import TYPE_CHECKING, Any

from sesam_node.model.entity import content_hash, encode
from sesam_node.store import Dataset, Write, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY_BYTES = 433
ROUNDS = 3


def entities(ids: list[str], revision: int, numbers: dict[str, int]) -> list[Write]:
    """Entities of equal size; every tenth shares its group."""
    batch = []
    for entity_id in ids:
        number = numbers[entity_id]
        entity: dict[str, Any] = {
            "_id": entity_id,
            "group": f"g{number // 10}",
            "name": f"Name {number:09}",
            "revision": revision,
            "total": number * 1.5,
        }
        entity["text"] = "x" * (BODY_BYTES - len(encode(entity)) - len(',"text":""'))
        body = encode(entity)
        batch.append(Write(entity_id, body, content_hash(body)))
    return batch


def chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Table:
    """Prints a line for each measurement."""

    def line(self, name: str, count: int, work: Callable[[], object], rounds: int = ROUNDS) -> None:
        cpu, wall = [], []
        for _ in range(rounds):
            start_cpu, start_wall = time.process_time(), time.perf_counter()
            work()
            cpu.append(time.process_time() - start_cpu)
            wall.append(time.perf_counter() - start_wall)
        print(f"{name:52} {min(cpu) / count * 1e6:8.2f} {min(wall) / count * 1e6:8.2f}")


def scan(dataset: Dataset, **options: Any) -> None:
    """Read it all by 1,000."""
    since = None
    while versions := dataset.changes(since, 1000, **options):
        since = versions[-1].seq


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--url", default=None)
    options = parser.parse_args()
    count = options.entities
    chance = random.Random(1)
    numbers = {f"entity-{number:09}": number for number in range(count)}
    ordered = list(numbers)
    mixed = ordered[:]
    chance.shuffle(mixed)
    table = Table()
    print(f"{'':52} {'CPU us':>8} {'wall us':>8}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        store = open_store(options.url or f"lmdb:{folder}")
        for size in (100, 1_000, 10_000):
            for name, ids in (("ordered ids", ordered), ("mixed ids", mixed)):
                batches = list(chunks(entities(ids, 0, numbers), size))
                dataset = store.dataset(f"{name}-{size}")

                def write(dataset: Dataset = dataset, batches: list[Any] = batches) -> None:
                    for batch in batches:
                        dataset.write(batch)

                table.line(f"append, batches of {size:,}, {name}", count, write, 1)
                table.line(f"unchanged, batches of {size:,}, {name}", count, write)
        dataset = store.dataset("mixed ids-10000")
        table.line("scan, nothing superseded", count, lambda: scan(dataset))
        table.line("scan, newest first by 1,000", count, lambda: backwards(dataset))
        some = [mixed[n : n + 1000] for n in range(0, min(count, 50_000), 1000)]
        keys = sum(map(len, some))
        table.line("get_many by 1,000", keys, lambda: [dataset.get_many(ids) for ids in some])
        table.line("get", 1000, lambda: [dataset.get(entity_id) for entity_id in some[0]])
        table.line(
            "ensure_index (10 entities a key)",
            count,
            lambda: dataset.ensure_index("group", lambda entity: [entity["group"]]),
            1,
        )
        dataset.ensure_index("name", lambda entity: [entity["name"]])
        groups = [[f"g{chance.randrange(count // 10)}" for _ in range(1000)] for _ in range(10)]
        names = [[f"Name {chance.randrange(count):09}" for _ in range(1000)] for _ in range(20)]
        table.line("lookup_many, 10 entities a key", 10_000, lambda: look(dataset, "group", groups))
        table.line("lookup_many, 1 entity a key", 20_000, lambda: look(dataset, "name", names))
        batches = list(chunks(entities(mixed[: count // 2], 1, numbers), 10_000))
        table.line(
            "update, 2 indexes, batches of 10,000",
            count // 2,
            lambda: [dataset.write(batch) for batch in batches],
            1,
        )
        table.line("scan, a third superseded", count, lambda: scan(dataset))
        plain = store.dataset("ordered ids-10000")
        for revision in range(1, 4):
            batches = list(chunks(entities(ordered, revision, numbers), 10_000))
            table.line(
                f"update of all, no index, version {revision + 1}",
                count,
                lambda: [plain.write(batch) for batch in batches],  # noqa: B023 - run here
                1,
            )
        table.line("scan, three quarters superseded", count, lambda: scan(plain))
        table.line("scan with history", 4 * count, lambda: scan(plain, history=True))
        store.close()


def backwards(dataset: Dataset) -> None:
    since = None
    while versions := dataset.changes(since, 1000, reverse=True):
        since = versions[-1].seq


def look(dataset: Dataset, index: str, batches: list[list[str]]) -> None:
    for keys in batches:
        dataset.lookup_many(index, keys)


if __name__ == "__main__":
    main()
