"""Runs rule sets that may hang or grow, each in a process of its own with limits of its own.

`python -m tests.dtl.generation.bounded` reads cases as JSON from its input, `{name: {"rules",
"entity", "datasets", "budget", "seconds"}}`, and writes what became of each: `{name: {"problem",
"message"}}` or `{name: {"output": size}}`; `{"died": signal}` where a limit had to end it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 20
"""Time of the processor for one case. What is bounded needs a tenth of that, or a quarter."""

MEMORY = 3 << 30
ROOT = Path(__file__).parents[3]


def outcomes(cases: dict[str, Any]) -> dict[str, Any]:
    """What becomes of each case; they run in a process apart from this one."""
    # From the directory that `tests` stands in, so that the module is found by its name.
    done = subprocess.run(
        [sys.executable, "-m", "tests.dtl.generation.bounded"],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run_case(case: dict[str, Any]) -> dict[str, Any]:
    from sesam_node.dtl import Runtime, compile_index, compile_rules, emit
    from sesam_node.dtl.lookup import MemoryLookup
    from sesam_node.errors import SesamError

    out: list[dict[str, Any]] = []
    emit.BUDGET = case.get("budget", emit.BUDGET)
    try:
        run = compile_rules(case["rules"]).bind(
            Runtime(
                MemoryLookup(case.get("datasets", {}), compile_index),
                new_uuid=lambda: "~u00000000-0000-4000-8000-000000000001",
                sleep=lambda _: None,
            )
        )
        run(case.get("entity", {"_id": "1"}), out)
    except SesamError as error:
        problem = error.problems[0]
        return {"problem": problem.code, "message": problem.message[:300], "path": problem.path}
    return {"output": len(out)}


def in_child(case: dict[str, Any]) -> dict[str, Any]:
    """One case in a fork of this process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        seconds = case.get("seconds", SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            answer = run_case(case)
        except BaseException as error:  # noqa: BLE001 - it is what the test asks for
            answer = {"raised": type(error).__name__, "message": str(error)[:300]}
        with os.fdopen(writing, "w") as pipe:
            pipe.write(json.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"died": os.WTERMSIG(status)}
    return json.loads(text) if text else {"died": "without an answer"}


def main() -> None:
    # Loaded once, for all forks.
    import sesam_node.dtl  # noqa: F401

    json.dump({name: in_child(case) for name, case in json.load(sys.stdin).items()}, sys.stdout)


if __name__ == "__main__":
    main()
