"""What merging costs: a full run over three datasets, and a run after some of them changed.

python benchmarks/merge.py [ENTITIES] [SHARE]: entities of each dataset (100000), and the share of
one that changes (0.01). A third of the entities of each has its like in both others.

A run is told in processor time for each input entity that is new or changed, and for each entity
that comes out, with the ratio of both to the full run. An entity that moves from one group to
another is one of the former and two of the latter: a full run over as many would make both groups.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Run(NamedTuple):
    """One run: what it was, seconds of CPU, entities that it was about and that came out."""

    what: str
    seconds: float
    entities: int
    emitted: int


def run(store: Store, number: int) -> tuple[float, int, str]:
    """Seconds of CPU, entities that the source gave, and kind of one run."""
    started = time.process_time()
    definition = PipeDefinition(PIPE)
    result = run_pump(RunRequest(f"run-{number}", definition), store)
    assert result.success, result.traceback
    return time.process_time() - started, result.processed, result.sync_type


def measure(entities: int = 100_000, share: float = 0.01) -> list[Run]:
    """A full and two incremental runs."""
    chance = random.Random(1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"lmdb:{folder}", index_resolver=compile_index)
        fill(store, entities)
        seconds, emitted, kind = run(store, 0)
        found.append(Run(f"{kind}, indexes built", seconds, 3 * entities, emitted))
        changed = int(entities * share)
        for number, what in enumerate(("other values", "other keys"), start=1):
            numbers = chance.sample(range(entities), changed)
            emails = [email_of(1, n) + (3 if what == "other keys" else 0) for n in numbers]
            writes = [person(1, n, email, number) for n, email in zip(numbers, emails, strict=True)]
            store.dataset("hr").write(writes)
            seconds, emitted, kind = run(store, number)
            found.append(Run(f"{kind}, {what}", seconds, changed, emitted))
        store.close()
    return found


if __name__ == "__main__":
    arguments = sys.argv[1:]
    runs = measure(
        int(arguments[0]) if arguments else 100_000, float(arguments[1]) if arguments[1:] else 0.01
    )
    print(
        f"{'':<28}{'seconds':>9}{'entities':>11}{'us each':>9}{'ratio':>7}{'emitted':>11}", end=""
    )
    print(f"{'us each':>9}{'ratio':>7}")
    for found in runs:
        print(f"{found.what:<28}{found.seconds:>9.2f}", end="")
        for number, before in (
            (found.entities, runs[0].entities),
            (found.emitted, runs[0].emitted),
        ):
            each = found.seconds / number
            ratio = each / (runs[0].seconds / before)
            print(f"{number:>11,}{each * 1e6:>9.1f}{ratio:>7.2f}", end="")
        print()
