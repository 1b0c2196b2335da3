"""How often each function gave something, and each transform was run.

Counted while a program is walked: the walk comes to every node each time, where compiled rules fold
and shorten. For that the tables that it finds functions and transforms in are replaced by counting
ones.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.walk import tables
from sesam_node.model.namespaces import split_name

from .outcomes import Outcome, walked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .programs import Program

FLOOR = 100
"""How often everything must be reached by 2,000 programs."""

WHOLE_SHARE = 0.6
"""The share of programs that must run without an error, with a value in each property added."""

EXCLUDED: dict[str, str] = {}
"""Names that need not reach the floor, each with its reason. None is known."""


@dataclass
class Reach:
    """Counts over many programs. `gave` is by function: evaluations whose result was not null."""

    programs: int = 0
    whole: int = 0
    refused: int = 0
    called: Counter[str] = field(default_factory=Counter)
    gave: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)

    def walk(self, program: Program) -> Outcome:
        """What a program gives when it is walked, counted."""
        with self.counting():
            outcome = walked(program)
        self.programs += 1
        self.refused += outcome.problem is not None
        self.whole += is_whole(program, outcome)
        return outcome

    def missing(self) -> list[str]:
        """What is below the floor for as many programs as there were."""
        floor = FLOOR * self.programs / 2000
        low = [
            f"function {name}: {self.gave[name]} results that are not null"
            for name in sorted(EXPRESSIONS)
            if self.gave[name] < floor and name not in EXCLUDED
        ]
        low += [
            f"transform {name}: run {self.fired[name]} times"
            for name in sorted(TRANSFORMS)
            if self.fired[name] < floor and name not in EXCLUDED
        ]
        if self.whole < WHOLE_SHARE * self.programs:
            low.append(f"whole programs: {self.whole} of {self.programs}")
        return low

    def text(self) -> str:
        """A table for people, the least reached first."""
        head = (
            f"{self.programs} programs, {self.refused} refused, {self.whole} without error or null"
        )
        functions = sorted(EXPRESSIONS, key=lambda name: self.gave[name])
        lines = [f"  {name:22}{self.called[name]:9}{self.gave[name]:9}" for name in functions]
        transforms = sorted(TRANSFORMS, key=lambda name: self.fired[name])
        lines += [f"  {name:22}{self.fired[name]:9}" for name in transforms]
        return "\n".join([head, *lines])

    # -- counting ----------------------------------------------------------------------------------

    @contextmanager
    def counting(self) -> Iterator[None]:
        """What is walked in here is counted."""
        kept = dict(EXPRESSIONS), dict(tables.SPECIALS), dict(tables.TRANSFORMS)
        for name, entry in kept[0].items():
            if entry.kind == "function":
                EXPRESSIONS[name] = replace(entry, code=self.function(name, entry.code))
        for name, code in kept[1].items():
            tables.SPECIALS[name] = self.function(name, code)
        for name, code in kept[2].items():
            tables.TRANSFORMS[name] = self.transform(name, code)
        try:
            yield
        finally:
            EXPRESSIONS.update(kept[0])
            tables.SPECIALS.update(kept[1])
            tables.TRANSFORMS.update(kept[2])

    def function(self, name: str, code: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.called[name] += 1
            value = code(*arguments)
            self.gave[name] += value is not None
            return value

        return counted

    def transform(self, name: str, code: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.fired[name] += 1
            return code(*arguments)

        return counted


def is_whole(program: Program, outcome: Outcome) -> bool:
    """Did every entity come out, with a value in each property that the default rule adds?"""
    if outcome.problem is not None:
        return False
    for out in outcome.entities:
        if type(out) is str or not out:
            return False
        values = {split_name(name)[1]: value for name, value in out[-1].items()}
        if any(values.get(name) is None for name in program.added):
            return False
    return True
