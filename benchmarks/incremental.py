"""What a change of one per cent costs, against a full run over as many entities.

    python benchmarks/incremental.py [ENTITIES]

Every dataset holds ENTITIES (300,000) entities, and a tenth of that in a second round. Of the
dataset that is furthest from the source every hundredth entity changes; the incremental run that
follows is compared with the full run before it, in processor time an entity that it processed. (a)
is that ratio: three is what DESIGN allows. (b) is the incremental cost an entity over that of the
smaller datasets: near one, it does not depend on their size.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_index
from sesam_node.model import content_hash, encode
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.pump import run_pump
from sesam_node.pipes.runs import PipeDefinition, RunRequest
from sesam_node.store import Write, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.store import Store

SHARE = 100
MEMORY = Path("/dev/shm")


def entity(number: int, round_: int, name: str) -> dict[str, Any]:
    """Some texts, a number that tells the round, and a key that one entity of each dataset has."""
    return {
        "_id": f"{name}-{number}",
        "key": f"k{number}",
        "name": f"the {name} with the number {number}",
        "amount": number * 3 + round_,
        "town": "Trondheim" if number % 3 else "Bergen",
        "text": "a text that stands for what else there is " * 4,
    }


def put(store: Store, name: str, numbers: Iterable[int], round_: int) -> None:
    batch: list[Write] = []
    dataset = store.dataset(name)
    for number in numbers:
        body = encode(entity(number, round_, name))
        batch.append(Write(f"{name}-{number}", body, content_hash(body)))
        if len(batch) == 10_000:
            dataset.write(batch)
            batch = []
    dataset.write(batch)


def hop(where: list[Any], datasets: list[str], give: str) -> list[Any]:
    return ["hops", {"datasets": datasets, "where": where, "return": give}]


def rules(value: Any) -> dict[str, Any]:
    return {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "found", value]]}}


SOURCE = {"type": "dataset", "dataset": "a"}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "one hop": (
        {
            "source": SOURCE,
            "transform": rules(hop([["eq", "_S.key", "b.key"]], ["b b"], "b.amount")),
        },
        "b",
    ),
    "two hops": (
        {
            "source": SOURCE,
            "transform": rules(
                hop(
                    [["eq", "_S.key", "b.key"], ["eq", "b.key", "c.key"]],
                    ["b b", "c c"],
                    "c.amount",
                )
            ),
        },
        "c",
    ),
    "lookup-entity": (
        {
            "source": SOURCE,
            "transform": rules(
                ["path", "amount", ["lookup-entity", "b", ["replace", "a-", "b-", "_S._id"]]]
            ),
        },
        "b",
    ),
    "merge of three": (
        {
            "source": {
                "type": "merge",
                "version": 2,
                "datasets": ["a a", "b b", "c c"],
                "equality": [["eq", "a.key", "b.key"], ["eq", "b.key", "c.key"]],
                "identity": "first",
            },
            "transform": {"type": "dtl", "rules": {"default": [["copy", "*"]]}},
        },
        "c",
    ),
}


def definition_of(config: dict[str, Any]) -> PipeDefinition:
    return PipeDefinition({"_id": "pipe", "type": "pipe", **config})


def run(store: Store, config: dict[str, Any]) -> tuple[float, int, int, str]:
    """Processor seconds, entities processed and changed, and the kind of the run."""
    began = time.process_time()
    result = run_pump(RunRequest(str(time.time_ns()), definition_of(config)), store)
    spent = time.process_time() - began
    if not result.success:
        raise SystemExit(result.traceback or result.error)
    return spent, result.processed, result.changed, result.sync_type


def measure(name: str, count: int) -> tuple[float, float]:
    """Microseconds an entity of the full run, and of the incremental run after the change."""
    config, changed = CASES[name]
    folder = tempfile.mkdtemp(prefix="incremental-", dir=MEMORY if MEMORY.is_dir() else None)
    store = open_store(f"lmdb:{folder}", index_resolver=compile_index)
    try:
        for dataset in "abc":
            put(store, dataset, range(count), 0)
        # Indexes are built once, whatever runs there are: not what is measured here.
        pipe = build_pipe(definition_of(config), store)
        pipe.ensure_indexes()
        full, processed, _, kind = run(store, config)
        assert (kind, processed >= count) == ("full", True)
        put(store, changed, range(0, count, SHARE), 1)
        spent, again, changes, kind = run(store, config)
        assert kind == "incremental", kind
        assert changes == count // SHARE, changes
        per_full, per_change = full / processed * 1e6, spent / again * 1e6
        ratio = per_change / per_full
        print(
            f"{name:16}{count:10}{full:10.2f} s{per_full:9.1f} us{again:9}{spent:9.3f} s"
            f"{per_change:9.1f} us{ratio:8.2f}"
        )
        return per_full, per_change
    finally:
        store.close()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    wanted = sys.argv[2:] or list(CASES)
    heads = f"{'full run':>12}{'each':>12}{'re-run':>9}{'in':>11}{'each':>12}{'(a)':>8}"
    print(f"{'':16}{'entities':>10}{heads}")
    for name in wanted:
        _, small = measure(name, count // 10)
        _, large = measure(name, count)
        print(f"{name:16}(b) {large / small:.2f}")


if __name__ == "__main__":
    main()
