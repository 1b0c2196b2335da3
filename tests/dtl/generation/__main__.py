"""`python -m tests.dtl.generation --programs 100000 --seed N`: what differs, what is reached."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import warnings

from .minimise import minimised
from .outcomes import compiled, differ, walked
from .programs import Program, programs
from .reach import Reach

CHUNK = 500


def run_chunk(seed: str, count: int) -> tuple[Reach, list[tuple[int, str]]]:
    """Some programs of one seed: what they reach, and those that differ."""
    warnings.simplefilter("ignore")
    reach = Reach()
    different = []
    for number, program in enumerate(programs(count, seed)):
        try:
            if compiled(program).text() != reach.walk(program).text():
                different.append((number, told(program)))
        except Exception as error:  # noqa: BLE001 - one that breaks is told, and the others go on
            different.append((number, f"{type(error).__name__}: {error}"))
    return reach, different


def told(program: Program) -> str:
    small = minimised(program, differ)
    parts = {name: getattr(small, name) for name in ("rules", "entities", "datasets", "context")}
    lines = [f"  {name}: {json.dumps(value)}" for name, value in parts.items()]
    return "\n".join([*lines, f"  compiled: {compiled(small)}", f"  walked:   {walked(small)}"])


def merged(reaches: list[Reach]) -> Reach:
    whole = Reach()
    for reach in reaches:
        whole.programs += reach.programs
        whole.whole += reach.whole
        whole.refused += reach.refused
        whole.called += reach.called
        whole.gave += reach.gave
        whole.fired += reach.fired
    return whole


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", type=int, default=10, help="differences that are shown")
    given = parser.parse_args()
    began = time.monotonic()
    chunks = [
        (f"{given.seed}.{number}", min(CHUNK, given.programs - start))
        for number, start in enumerate(range(0, given.programs, CHUNK))
    ]
    with multiprocessing.Pool(given.processes) as pool:
        results = pool.starmap(run_chunk, chunks, chunksize=1)
    reach = merged([reach for reach, _ in results])
    different = [
        (seed, number, text)
        for (seed, _), (_, found) in zip(chunks, results, strict=True)
        for number, text in found
    ]
    say(reach.text())
    say(f"below the floor: {'; '.join(reach.missing()) or 'nothing'}")
    for seed, number, text in different[: given.show]:
        say(f"seed {seed}, program {number}:\n{text}")
    say(f"{len(different)} differences in {time.monotonic() - began:.0f} s")
    return 1 if different or reach.missing() else 0


if __name__ == "__main__":
    sys.exit(main())
