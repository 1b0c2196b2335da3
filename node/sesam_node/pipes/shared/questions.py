"""What systems ask the desk, and its answers: plain data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Turn:
    """May a request go to this system? Answered with the number of the turn when it may.

    `rate` is how many requests a second there may be, null where there is no limit.
    """

    system: str
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The request of a turn has its answer, or failed. No answer."""

    system: str
    turn: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The system wants no requests for some seconds. No answer."""

    system: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which token is the present one? Answered with a `Token`.

    `key` stands for all that the token depends on, `refused` for the serial of a token that the
    server did not take.
    """

    key: str
    system: str
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `data` is JSON, null where there is none yet.

    `data["renew"]` is the time (seconds since 1970) from which on the next one is wanted.

    Who gets one that is not `fresh` is to fetch the next one, and nobody else is until he says
    `Done`.
    """

    serial: int
    data: dict[str, Any] | None = field(repr=False)
    fresh: bool


@dataclass(frozen=True, slots=True)
class Keep:
    """A token that was fetched. Answered with its serial when it is on disk, encrypted."""

    key: str
    data: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """Who was to fetch a token has done so, or failed. No answer."""

    key: str


Question = Turn | Answered | Pause | Wanted | Keep | Done


def waiting_for(question: Question) -> str:
    """What somebody does who has no answer yet, for messages."""
    match question:
        case Turn(system):
            return f'waiting for its turn at the system "{system}"'
        case Wanted(_, system):
            return f'waiting for a token of the system "{system}"'
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer to a question that could not be carried out."""

    message: str


def renewal(ends: float, window_s: float, now: float) -> float:
    """When to fetch the next token: some time before the end, at the earliest half-way to it."""
    return ends - min(window_s, max(0.0, ends - now) / 2)
