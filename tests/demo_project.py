"""The demo project for tests: the real files, the flights cut to the first ones."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "demo" / "flights"
CUSTOMERS = ROOT / "demo" / "customers"
NOTEBOOKS = ROOT / "notebooks"


def small_demo(target: Path, flights: int = 6_000) -> Path:
    """A copy of the demo project with its first `flights` flights (January 2013)."""
    folder = target / "flights"
    shutil.copytree(DEMO, folder)
    with (DEMO / "data" / "flights.csv").open() as file:
        (folder / "data" / "flights.csv").write_text("".join(islice(file, flights + 1)))
    return folder


def customers_copy(target: Path) -> Path:
    """A copy of the demo project with customers, its files to be changed at will."""
    return Path(shutil.copytree(CUSTOMERS, target / "customers"))
