"""What merging costs: a full run over three datasets, and a run after some of them changed.

python benchmarks/merge.py [ENTITIES] [SHARE]: entities of each dataset (100000), and the share of
one that changes (0.01). A third of the entities of each has its like in both others.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_index
from sesam_node.model import content_hash, encode
from sesam_node.pipes.pump import run_pump
from sesam_node.pipes.runs import PipeDefinition, RunRequest
from sesam_node.store import Write, open_store

if TYPE_CHECKING:
    from sesam_node.store.api import Store

DATASETS = ("crm", "hr", "erp")
PIPE = {
    "_id": "global",
    "type": "pipe",
    "source": {
        "type": "merge",
        "version": 2,
        "datasets": ["crm a", "hr b", "erp c"],
        "equality_sets": [["a.email", "b.email", "c.email"]],
        "identity": "first",
    },
}


def person(dataset: int, number: int, email: int, salt: int = 0) -> Write:
    """One entity of about 380 bytes."""
    entity: dict[str, Any] = {
        "_id": f"{DATASETS[dataset]}:{number}",
        "email": f"person-{email}@example.org",
        "name": f"Person number {number}",
        "address": f"{number % 997} Long Street, {number % 9973} Town",
        "salt": salt,
        "note": "x" * 180,
        "born": f"~t19{number % 90 + 10}-01-01T00:00:00Z",
    }
    body = encode(entity)
    return Write(entity["_id"], body, content_hash(body))


def email_of(dataset: int, number: int) -> int:
    """A third of the people are in all datasets."""
    return number if number % 3 == 0 else number * len(DATASETS) + dataset + 1_000_000_000


def fill(store: Store, entities: int) -> None:
    """Three datasets of people."""
    for dataset, name in enumerate(DATASETS):
        target = store.dataset(name)
        for start in range(0, entities, 10_000):
            numbers = range(start, min(start + 10_000, entities))
            target.write([person(dataset, n, email_of(dataset, n)) for n in numbers])


def run(store: Store, number: int) -> tuple[float, int, str]:
    """Seconds of CPU, source entities and kind of one run."""
    started = time.process_time()
    definition = PipeDefinition(PIPE)
    result = run_pump(RunRequest(f"run-{number}", definition), store)
    assert result.success, result.traceback
    return time.process_time() - started, result.processed, result.sync_type


def measure(entities: int = 100_000, share: float = 0.01) -> list[tuple[str, int, float]]:
    """(what, number of input entities, microseconds each) of a full and two incremental runs."""
    chance = random.Random(1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"lmdb:{folder}", index_resolver=compile_index)
        fill(store, entities)
        seconds, _, kind = run(store, 0)
        found.append((f"{kind}, indexes built", 3 * entities, seconds / (3 * entities) * 1e6))
        changed = int(entities * share)
        for number, what in enumerate(("other values", "other keys"), start=1):
            numbers = chance.sample(range(entities), changed)
            emails = [email_of(1, n) + (3 if what == "other keys" else 0) for n in numbers]
            writes = [person(1, n, email, number) for n, email in zip(numbers, emails, strict=True)]
            store.dataset("hr").write(writes)
            seconds, _, kind = run(store, number)
            found.append((f"{kind}, {what}", changed, seconds / changed * 1e6))
        store.close()
    return found


if __name__ == "__main__":
    arguments = sys.argv[1:]
    for what, number, each in measure(
        int(arguments[0]) if arguments else 100_000, float(arguments[1]) if arguments[1:] else 0.01
    ):
        print(f"{what:<32} {number:>9,} entities {each:>9.1f} us each")
