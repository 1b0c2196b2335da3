"""CPU time of DTL in memory: W1 and W2 against the same by hand, strengths of a trace, compiling.

    python benchmarks/dtl.py [--customers 30000] [--rounds 7] [--profile w1|w2|wide]

Customers and orders of `gen_workload.py` stay in memory as dicts. Each figure is CPU time of this
process; a ratio is the median over rounds, in each of which both sides run one after the other.
What comes out is checked against the reference functions first. Where `jq` and `jsonata` (npm)
are installed, they run the same W1 over the same lines, process start included.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from pipes import RENAMED, THIRTY
from typing import TYPE_CHECKING, Any

import gen_workload

from sesam_node.dtl import Runtime, compile_index, compile_rules
from sesam_node.dtl.counting import count_rules
from sesam_node.dtl.lookup import MemoryLookup

if TYPE_CHECKING:
    from collections.abc import Callable

Entities = list[dict[str, Any]]

W1: list[Any] = [
    ["filter", ["eq", "_S.status_cd", "A"]],
    ["copy", "*", ["list", "birth_dt", *RENAMED]],
    *(["rename", old, new] for old, new in RENAMED.items()),
    ["add", "full_name", ["concat", "_S.first_nm", " ", "_S.last_nm"]],
    ["add", "city", ["upper", "_S.addr.city_nm"]],
    [
        "add",
        "birth_date",
        ["datetime-format", "%Y-%m-%d", ["datetime-parse", "%d.%m.%Y", "_S.birth_dt"]],
    ],
    [
        "add",
        "birth_year",
        ["integer", ["datetime-format", "%Y", ["datetime-parse", "%d.%m.%Y", "_S.birth_dt"]]],
    ],
]
"""As someone would write it; dates go through datetimes, which the reference does not."""

W2: dict[str, list[Any]] = {
    "default": [
        ["copy", "_id"],
        ["add", "name", ["concat", "_S.first_nm", " ", "_S.last_nm"]],
        ["add", "email", "_S.email_addr"],
        [
            "add",
            "orders",
            [
                "sorted",
                "_.order_no",
                [
                    "apply-hops",
                    "order",
                    {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.cust_id"]},
                ],
            ],
        ],
        ["add", "order_count", ["count", "_T.orders"]],
        ["add", "order_sum", ["sum", ["map", "_.amount", "_T.orders"]]],
    ],
    "order": [["copy", ["list", "order_no", "order_dt", "amount"]]],
}

JQ = """select(.status_cd == "A") | .first_name = .first_nm | .last_name = .last_nm
| .email = .email_addr | .phone = .phone_no | .status = .status_cd | .credit_limit = .credit_lmt
| .full_name = .first_nm + " " + .last_nm | .city = (.addr.city_nm | ascii_upcase)
| .birth_date = (.birth_dt | split(".") | "\\(.[2])-\\(.[1])-\\(.[0])")
| .birth_year = (.birth_dt | split(".") | .[2] | tonumber)
| del(.birth_dt, .first_nm, .last_nm, .email_addr, .phone_no, .status_cd, .credit_lmt)"""

JSONATA = """
const jsonata = require('jsonata'), fs = require('fs');
const e = jsonata(`status_cd = "A" ? $merge([$sift($, function($v, $k) { $not($k in ["birth_dt",
 "first_nm", "last_nm", "email_addr", "phone_no", "status_cd", "credit_lmt"]) }),
 {"first_name": first_nm, "last_name": last_nm, "email": email_addr, "phone": phone_no,
  "status": status_cd, "credit_limit": credit_lmt, "full_name": first_nm & " " & last_nm,
  "city": $uppercase(addr.city_nm), "birth_date": $join($reverse($split(birth_dt, ".")), "-"),
  "birth_year": $number($split(birth_dt, ".")[2])}])`);
(async () => { for (const line of fs.readFileSync(0, 'utf8').split('\\n')) {
  if (line) { const r = await e.evaluate(JSON.parse(line)); if (r) console.log(JSON.stringify(r)); }
} })();
"""


def cpu() -> float:
    return time.process_time()


def timed(run: Callable[[dict[str, Any], Entities], Any], entities: Entities) -> float:
    """CPU seconds of a function `(source, out)` over all entities."""
    out: Entities = []
    start = cpu()
    for entity in entities:
        run(entity, out)
    return cpu() - start


def ratios(
    name: str, run: Callable[..., Any], other: Callable[..., Any], entities: Entities, rounds: int
) -> float:
    """Print and give the median of `run / other`, each timed in every round."""
    found, times = [], []
    for _ in range(rounds):
        below, above = timed(other, entities), timed(run, entities)
        found.append(above / below)
        times.append((above, below))
    each = 1e6 / len(entities)
    above, below = (statistics.median(part) * each for part in zip(*times, strict=True))
    ratio = statistics.median(found)
    print(f"{name:34} {above:8.2f} µs {below:8.2f} µs {ratio:7.2f} x")
    return ratio


def data(customers: int) -> tuple[Entities, dict[str, Entities]]:
    chance = random.Random(7).random
    people = [gen_workload.customer(chance, number) for number in range(customers)]
    orders = [gen_workload.order(chance, n, customers) for n in range(customers * 10 // 3)]
    by_customer: dict[str, Entities] = {}
    for order in orders:
        by_customer.setdefault(order["cust_id"], []).append(order)
    return people, by_customer


def check(run: Callable[..., Any], reference: Callable[..., Any], entities: Entities) -> None:
    """Both give the same for every entity. Raises SystemExit where they do not."""
    for entity in entities:
        out: Entities = []
        run(entity, out)
        made = [one for one in out if not one.get("_filtered")]
        wanted = reference(json.loads(json.dumps(entity)))
        if made != ([] if wanted is None else [wanted]):
            raise SystemExit(f"not the same:\n{made}\n{wanted}")


def compiling() -> None:
    """A rule set of 500 lines as the formatter would write it, compiled a few times."""
    rules: dict[str, Any] = {"default": [["copy", "*"]]}
    for number in range(40):
        rules["default"] += [
            ["add", f"name{number}", ["concat", "_S.first_nm", " ", "_S.last_nm"]],
            [
                "if",
                ["and", ["gt", "_S.credit_lmt", number], ["is-not-null", "_S.addr"]],
                [
                    ["add", f"city{number}", ["upper", "_S.addr.city_nm"]],
                    ["add", f"day{number}", ["datetime-parse", "%d.%m.%Y", "_S.birth_dt"]],
                ],
            ],
            [
                "add",
                f"orders{number}",
                [
                    "hops",
                    {
                        "datasets": ["orders o"],
                        "where": [["eq", "_S._id", "o.cust_id"], ["gt", "o.amount", number]],
                        "return": "o.amount",
                    },
                ],
            ],
        ]
    lines = len(json.dumps(rules, indent=1).splitlines())
    times = []
    for _ in range(7):
        start = cpu()
        compile_rules(rules)
        times.append(cpu() - start)
    milliseconds = statistics.median(times) * 1000
    print(f"compile, 500 lines formatted ({lines} with one value a line): {milliseconds:.0f} ms")


def others(people: Entities, reference: float) -> None:
    """Run jq and jsonata over the same customers, where they are installed."""
    lines = "".join(json.dumps(entity) + "\n" for entity in people).encode()
    commands = []
    if jq := shutil.which("jq"):
        commands.append(("jq", [jq, "-c", JQ], None))
    if (node := shutil.which("node")) and shutil.which("npm"):
        folder = Path(tempfile.gettempdir()) / "sesam-benchmark-jsonata"
        folder.mkdir(exist_ok=True)
        install = ["npm", "install", "--silent", "--no-fund", "--no-audit", "jsonata@2"]
        if subprocess.run(install, cwd=folder, check=False).returncode == 0:
            commands.append(("jsonata", [node, "-e", JSONATA], folder))
    for name, command, where in commands:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, input=lines, stdout=subprocess.DEVNULL, cwd=where, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"W1 with {name:27} {used / len(people) * 1e6:8.2f} µs"
            f" {reference / len(people) * 1e6:8.2f} µs {used / reference:7.2f} x (JSON in, out)"
        )


def by_hand_with_json(people: Entities) -> float:
    """CPU seconds of the reference W1 from lines to lines."""
    lines = [json.dumps(entity) for entity in people]
    start = cpu()
    for line in lines:
        made = gen_workload.ref_w1(json.loads(line))
        if made is not None:
            json.dumps(made)
    return cpu() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", choices=("w1", "w2", "wide"))
    options = parser.parse_args()
    people, by_customer = data(options.customers)
    orders = [order for found in by_customer.values() for order in found]
    lookup = MemoryLookup({"orders": orders}, compile_index)
    runs = {
        "w1": compile_rules({"default": W1}).bind(),
        "w2": compile_rules(W2).bind(Runtime(lookup)),
        "wide": compile_rules({"default": THIRTY}).bind(),
    }
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(timed, runs[options.profile], people)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return

    def by_hand_w1(entity: dict[str, Any], out: Entities) -> None:
        made = gen_workload.ref_w1(entity)
        if made is not None:
            out.append(made)

    def by_hand_w2(entity: dict[str, Any], out: Entities) -> None:
        out.append(gen_workload.ref_w2(entity, by_customer.get(entity["_id"], [])))

    check(runs["w1"], gen_workload.ref_w1, people[:2000])
    check(
        runs["w2"],
        lambda entity: gen_workload.ref_w2(entity, by_customer.get(entity["_id"], [])),
        people[:2000],
    )
    print(f"{options.customers} customers, {len(orders)} orders; µs an entity, CPU")
    print(f"{'':34} {'DTL':>11} {'other':>11} {'ratio':>9}")
    ratios("W1 / by hand", runs["w1"], by_hand_w1, people, options.rounds)
    ratios("W2 / by hand", runs["w2"], by_hand_w2, people, options.rounds)
    for name, rules in (("W1", {"default": W1}), ("W2", W2), ("30 functions", {"default": THIRTY})):
        counted = count_rules(rules).bind(Runtime(lookup))
        plain = compile_rules(rules).bind(Runtime(lookup))
        ratios(f"{name}, counters / off", counted, plain, people, options.rounds)
    compiling()
    others(people, by_hand_with_json(people))


if __name__ == "__main__":
    main()
