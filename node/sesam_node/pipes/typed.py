"""A text of rules under work: what a request says of it, and what it wants to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.samples import Wanted


@dataclass(frozen=True, slots=True)
class Typed:
    """A text of rules under work, and what is asked of it.

    `entity` is the id of the chosen entity, `transform` which transform of several the rules are,
    `env` the values of `$ENV(name)`, `datasets` those that may be named. `sampled`: does anything
    feed the rules? `compared`: are there deployed rules to compare with? `with_sources`: are the
    source entities of the sample wanted, too? `utf16`: are offsets wanted in UTF-16 units?
    """

    text: str
    wanted: Wanted
    entity: str | None = None
    transform: int | None = None
    env: Mapping[str, Any] = field(default_factory=dict)
    datasets: frozenset[str] | None = None
    sampled: bool = True
    compared: bool = True
    with_sources: bool = False
    utf16: bool = False
