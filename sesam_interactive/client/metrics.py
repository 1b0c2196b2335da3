"""Figures of a node, as Prometheus reads them, to look at and to compute with."""

from __future__ import annotations

import re
from typing import Any

from sesam_interactive.display.rows import Rows

SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


class Metrics(Rows):
    """A row a sample: `metric`, `labels` (a dict), `value`; `text` is what the node said."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = (SAMPLE.fullmatch(line) for line in text.splitlines() if line[:1] not in ("#", ""))
        super().__init__(
            {"metric": match[1], "labels": _labels(match[2] or ""), "value": float(match[3])}
            for match in found
            if match
        )

    def named(self, part: str) -> Rows:
        """The samples whose name has this in it: `hub.metrics().named("pump")`."""
        return Rows(row for row in self if part in row["metric"])

    def value(self, metric: str, **labels: str) -> float | None:
        """The value of the first sample of this name with these labels; None without one."""
        for row in self:
            if row["metric"] == metric and labels.items() <= row["labels"].items():
                return float(row["value"])
        return None

    def to_polars(self) -> Any:
        """A polars frame: `metric`, a column a label, `value`."""
        import polars as pl

        return pl.DataFrame(
            [{"metric": row["metric"], **row["labels"], "value": row["value"]} for row in self],
            infer_schema_length=None,
        )


def _labels(text: str) -> dict[str, str]:
    return {
        name: re.sub(r"\\[\\\"n]", lambda match: ESCAPES[match[0]], value)
        for name, value in LABEL.findall(text)
    }
