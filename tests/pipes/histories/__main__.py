"""`python -m tests.pipes.histories --histories 10000 --seed 0`: what differs, what is reached."""

from __future__ import annotations

import argparse
import sys
import time
from multiprocessing import get_context
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from histories.reach import Reach  # noqa: E402 - found by the path above
from histories.volume import CHUNK, run_chunk  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    end = given.first + given.histories
    chunks = [
        (given.seed, first, min(CHUNK, end - first)) for first in range(given.first, end, CHUNK)
    ]
    reach = Reach()
    count = 0
    with get_context("spawn").Pool(given.processes) as pool:
        for found, told in pool.imap(run_chunk, chunks):
            reach.add(found)
            count += len(told)
            for text in told:
                sys.stdout.write(text + "\n")
            sys.stdout.flush()
    sys.stdout.write(reach.text() + "\n")
    missing = reach.missing()
    sys.stdout.write(f"below the floor: {'; '.join(missing) or 'nothing'}\n")
    sys.stdout.write(f"{count} differences in {time.monotonic() - began:.0f} s\n")
    return 1 if count or missing else 0


if __name__ == "__main__":
    sys.exit(main())
