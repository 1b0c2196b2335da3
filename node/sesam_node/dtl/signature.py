"""Signatures in the manual's notation, read once and used for arity, binding and documentation.

    WIDTH(integer-expression{1}), FILL(character-expression{1}), VALUES(value-expression{1})

A parameter is `NAME(kind{cardinality})`; cardinality is one of `1`, `0|1`, `>=0`, `>0`, `>=1`,
`>1`. `(A(..{1}), B(..{1})){>=1}` is a group that repeats as a whole; ` | ` separates alternatives,
tried in order. Optional parameters may stand before required ones: the number of arguments says
which are there, the left-most optional ones first.

A kind that ends in `-expression` is evaluated, `function-expression` becomes a Python callable of
one value, `transforms` a block of transforms; every other kind is a constant of the configuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
MANY = 1 << 30
MAX_REMEMBERED = 64
"""Numbers of arguments whose form is remembered; more are rare, and anybody can write them."""
CARDINALITIES = {
    "1": (1, 1),
    "0|1": (0, 1),
    ">=0": (0, MANY),
    ">0": (1, MANY),
    ">=1": (1, MANY),
    ">1": (2, MANY),
}
PARAMETER = re.compile(r"([A-Z][A-Z0-9_]*)\(([a-z][a-z0-9/-]*)\{([^}]+)\}\)")
GROUP = re.compile(r"\(((?:[A-Z][A-Z0-9_]*\([^()]*\)(?:, )?)+)\)\{([^}]+)\}")


@dataclass(frozen=True)
class Parameter:
    """One parameter, or a group of them (`members`) that repeats as a whole."""

    name: str
    kind: str
    least: int
    most: int
    members: tuple[Parameter, ...] = ()

    @property
    def is_constant(self) -> bool:
        return not self.kind.endswith("-expression") and self.kind not in ("transforms", "group")

    @property
    def is_repeated(self) -> bool:
        return self.most > 1

    @property
    def width(self) -> int:
        """How many arguments one occurrence takes."""
        return len(self.members) or 1


@dataclass(frozen=True)
class Form:
    """One alternative of a signature: its parameters in order."""

    parameters: tuple[Parameter, ...]

    @cached_property
    def least(self) -> int:
        return sum(p.least * p.width for p in self.parameters)

    def counts(self, given: int) -> tuple[int, ...] | None:
        """How many times each parameter occurs among `given` arguments; None: they do not fit."""
        spare = given - self.least
        if spare < 0:
            return None
        counts = [p.least for p in self.parameters]
        # A repeated group must leave the arguments of the optional ones behind it.
        for position, parameter in enumerate(self.parameters):
            room = parameter.most - parameter.least
            taken = min(room, spare // parameter.width)
            counts[position] += taken
            spare -= taken * parameter.width
        return tuple(counts) if spare == 0 else None


@dataclass(frozen=True)
class Signature:
    """All forms of one function; `text` is the notation it was made from."""

    text: str
    forms: tuple[Form, ...]

    known: dict[int, tuple[Form, tuple[int, ...]] | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    def match(self, given: int) -> tuple[Form, tuple[int, ...]] | None:
        """The first form that takes `given` arguments, and the occurrences of its parameters."""
        if given not in self.known:
            fitting = ((form, form.counts(given)) for form in self.forms)
            found = next(((form, counts) for form, counts in fitting if counts is not None), None)
            if given > MAX_REMEMBERED:
                return found
            self.known[given] = found
        return self.known[given]

    def slots(self, given: int) -> tuple[Parameter, ...]:
        """The parameter of each of `given` arguments. They must fit."""
        found = self.match(given)
        if found is None:
            raise ValueError(f"{given} arguments do not fit {self.text!r}")
        slots: list[Parameter] = []
        for parameter, count in zip(found[0].parameters, found[1], strict=True):
            slots.extend((parameter.members or (parameter,)) * count)
        return tuple(slots)

    def bind(self, arguments: Sequence[T]) -> dict[str, T | tuple[T, ...] | None]:
        """Arguments by parameter name: one, a tuple for a repeated one, None for an absent one.

        A group `(A, B){>=1}` gives a tuple under each member's name. The arguments must fit.
        """
        found = self.match(len(arguments))
        if found is None:
            raise ValueError(f"{len(arguments)} arguments do not fit {self.text!r}")
        bound: dict[str, T | tuple[T, ...] | None] = {}
        position = 0
        for parameter, count in zip(found[0].parameters, found[1], strict=True):
            taken = tuple(arguments[position : position + count * parameter.width])
            position += len(taken)
            if parameter.members:
                for offset, member in enumerate(parameter.members):
                    bound[member.name] = taken[offset :: parameter.width]
            elif parameter.is_repeated:
                bound[parameter.name] = taken
            else:
                bound[parameter.name] = taken[0] if taken else None
        return bound

    @cached_property
    def arity(self) -> str:
        """In words: "2", "1 to 3", "at least 1"."""
        least = min(form.least for form in self.forms)
        most = max(sum(p.most * p.width for p in form.parameters) for form in self.forms)
        if most >= MANY:
            return f"at least {least}"
        return str(least) if least == most else f"{least} to {most}"


def _parameter(text: str) -> Parameter:
    match = PARAMETER.fullmatch(text)
    if match is None or match[3] not in CARDINALITIES:
        raise ValueError(f"not a parameter: {text!r}")
    return Parameter(match[1], match[2], *CARDINALITIES[match[3]])


def _form(text: str) -> Form:
    parameters: list[Parameter] = []
    rest = text.strip()
    while rest:
        group = GROUP.match(rest)
        if group is not None:
            members = tuple(_parameter(m[0]) for m in PARAMETER.finditer(group[1]))
            least, most = CARDINALITIES[group[2]]
            name = "_".join(member.name for member in members)
            parameters.append(Parameter(name, "group", least, most, members))
            end = group.end()
        else:
            single = PARAMETER.match(rest)
            if single is None:
                raise ValueError(f"not a signature: {text!r} at {rest!r}")
            parameters.append(_parameter(single[0]))
            end = single.end()
        rest = rest[end:].removeprefix(",").strip()
    return Form(tuple(parameters))


def parse_signature(text: str) -> Signature:
    """The signature that a text in the manual's notation stands for. Raises ValueError."""
    return Signature(text, tuple(_form(form) for form in text.split(" | ")))
