"""CPU time of pipes, an entity: copy, 30 functions, two hops, and runs again with nothing changed.

    python benchmarks/pipes.py [--customers 60000] [--orders 60000] [--store lmdb|memory]

Customers and orders of `gen_workload.py` are loaded into a store in a temporary folder. Each figure
is CPU time of this process (user and system), and its ratio to the loop
`orjson.dumps(orjson.loads(line))` over the same entities in the same run.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gen_workload
import orjson

from sesam_node.dtl import compile_index
from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.pump import run_pump
from sesam_node.pipes.runs import PipeDefinition, RunRequest, RunResult
from sesam_node.store import open_store
from sesam_node.store.api import Write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.store import Store

BATCH = 10_000

RENAMED = {
    "first_nm": "first_name",
    "last_nm": "last_name",
    "email_addr": "email",
    "phone_no": "phone",
    "status_cd": "status",
    "credit_lmt": "credit_limit",
}

# 1 copy, 6 renames, 9 adds and 14 functions.
THIRTY: list[Any] = [
    ["copy", "*", ["list", "birth_dt"]],
    *(["rename", old, new] for old, new in RENAMED.items()),
    ["add", "full_name", ["concat", "_S.first_nm", " ", "_S.last_nm"]],
    ["add", "city", ["upper", "_S.addr.city_nm"]],
    ["add", "active", ["eq", "_S.status_cd", "A"]],
    ["add", "birth_date", ["datetime-parse", "%d.%m.%Y", "_S.birth_dt"]],
    ["add", "tag_count", ["count", "_S.tags"]],
    ["add", "big", ["and", ["gt", "_S.credit_lmt", 100000], ["eq", "_S.seg_cd", "ENT"]]],
    ["add", "zip", ["if-null", ["integer", "_S.addr.zip_cd"], 0]],
    ["add", "mail_domain", ["last", ["split", "@", "_S.email_addr"]]],
    ["add", "initial", ["lower", ["substring", 0, 1, "_S.first_nm"]]],
]

SEGMENTS = [
    {"_id": "SMB", "title": "small"},
    {"_id": "ENT", "title": "large"},
    {"_id": "GOV", "title": "state"},
    {"_id": "PRI", "title": "person"},
]

TWO_HOPS: list[Any] = [
    ["copy", ["list", "_id", "order_no", "amount"]],
    [
        "add",
        "customer",
        [
            "first",
            [
                "hops",
                {
                    "datasets": ["customers c"],
                    "where": [["eq", "_S.cust_id", "c._id"]],
                    "return": "c.email_addr",
                },
            ],
        ],
    ],
    [
        "add",
        "segment",
        [
            "first",
            [
                "hops",
                {
                    "datasets": ["customers c", "segments s"],
                    "where": [["eq", "_S.cust_id", "c._id"], ["eq", "c.seg_cd", "s._id"]],
                    "return": "s.title",
                },
            ],
        ],
    ],
]

ORDERS_OF: list[Any] = [
    ["copy", ["list", "_id", "email_addr"]],
    ["add", "name", ["concat", "_S.first_nm", " ", "_S.last_nm"]],
    [
        "add",
        "orders",
        [
            "sorted",
            "_.order_no",
            [
                "apply-hops",
                "order",
                {"datasets": ["orders o"], "where": [["eq", "_S._id", "o.cust_id"]]},
            ],
        ],
    ],
    ["add", "order_count", ["count", "_T.orders"]],
    ["add", "order_sum", ["sum", ["map", "_.amount", "_T.orders"]]],
]


def pipe(pipe_id: str, source: str, rules: list[Any] | None, **more: list[Any]) -> PipeDefinition:
    config: dict[str, Any] = {
        "_id": pipe_id,
        "type": "pipe",
        "source": {"type": "dataset", "dataset": source},
    }
    if rules is not None:
        config["transform"] = {"type": "dtl", "rules": {"default": rules, **more}}
    return PipeDefinition(config)


PIPES = {
    "copy": (pipe("copied", "customers", None), "customers"),
    "30 functions": (pipe("mapped", "customers", THIRTY), "customers"),
    "two hops": (pipe("with-customer", "orders", TWO_HOPS), "orders"),
    "orders of each": (
        pipe(
            "with-orders",
            "customers",
            ORDERS_OF,
            order=[["copy", ["list", "order_no", "order_dt", "amount"]]],
        ),
        "customers",
    ),
}


def load(store: Store, name: str, entities: Iterator[dict[str, Any]]) -> list[bytes]:
    dataset = store.dataset(name)
    lines, writes = [], []
    for entity in entities:
        body = encode(decode(encode(entity)))
        lines.append(body)
        writes.append(Write(entity["_id"], body, content_hash(body)))
        if len(writes) == BATCH:
            dataset.write(writes)
            writes = []
    dataset.write(writes)
    return lines


def cpu(work: Any) -> tuple[float, Any]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def baseline(lines: list[bytes]) -> float:
    def loop() -> None:
        for line in lines:
            orjson.dumps(orjson.loads(line))

    return min(cpu(loop)[0] for _ in range(3)) / len(lines)


def run(store: Store, definition: PipeDefinition, kind: str = "auto") -> RunResult:
    result = run_pump(RunRequest(f"{time.time_ns()}", definition, kind=kind), store)
    if not result.success:
        raise SystemExit(result.traceback or result.error)
    return result


def warm_up(store: Store) -> None:
    """Has everything imported and compiled, as in a worker that has run before."""
    load(store, "few", iter([{"_id": "1", "cust_id": "1"}]))
    for definition, _ in PIPES.values():
        source = {"type": "dataset", "dataset": "few"}
        run(store, PipeDefinition({**definition.pipe, "_id": "warm", "source": source}), "full")


def measure(store: Store, lines: dict[str, list[bytes]], profile: str) -> None:
    warm_up(store)
    base = {name: baseline(items) for name, items in lines.items()}
    print(f"{'pipe':16} {'run':12} {'entities':>9} {'µs each':>8} {'ratio':>6}")
    for name, (definition, source) in PIPES.items():
        profiler = cProfile.Profile() if name == profile else None
        for label, kind in (("first", "auto"), ("again, full", "full"), ("nothing new", "auto")):
            if profiler and label == "first":
                profiler.enable()
            seconds, result = cpu(lambda d=definition, k=kind: run(store, d, k))
            if profiler and label == "first":
                profiler.disable()
                pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
            count = result.processed
            each = seconds / count if count else seconds
            ratio = f"{each / base[source]:6.1f}" if count else ""
            print(f"{name:16} {label:12} {count:9} {each * 1e6:8.2f} {ratio}")
    for name, seconds in base.items():
        print(f"orjson loop over {name}: {seconds * 1e6:.2f} µs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=60_000)
    parser.add_argument("--orders", type=int, default=60_000)
    parser.add_argument("--store", default="lmdb", choices=("lmdb", "memory"))
    parser.add_argument("--profile", default="", help="the pipe whose first run is profiled")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"lmdb:{Path(folder) / 'store'}" if options.store == "lmdb" else "memory:"
        store = open_store(url, index_resolver=compile_index)
        r = random.Random(7).random
        count = options.customers
        lines = {
            "customers": load(
                store, "customers", (gen_workload.customer(r, i) for i in range(count))
            ),
            "orders": load(
                store, "orders", (gen_workload.order(r, i, count) for i in range(options.orders))
            ),
        }
        load(store, "segments", iter(SEGMENTS))
        measure(store, lines, options.profile)
        store.close()


if __name__ == "__main__":
    main()
