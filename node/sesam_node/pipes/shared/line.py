"""The line of a process to the desk of its node, and what systems do over it."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.errors import PipeError
from sesam_node.hiding import learn
from sesam_node.model import encode
from sesam_node.pipes.shared.desk import Desk
from sesam_node.pipes.shared.questions import Answered, Failed, Keep, Pause, Token, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.shared.questions import Question


class Line(Protocol):
    """Asks the desk."""

    def ask(self, question: Question) -> Any:
        """The answer, when it comes. Raises PipeError where the run is stopped meanwhile."""
        ...

    def tell(self, question: Question) -> None:
        """Tell what has no answer."""
        ...

    def wait(self, seconds: float) -> None:
        """Do nothing for a while. Raises PipeError where the run is stopped meanwhile."""
        ...


class LocalLine:
    """To a desk in this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._numbers = count(1)

    def ask(self, question: Question) -> Any:
        answers: SimpleQueue[Any] = SimpleQueue()
        self._desk.ask(self, next(self._numbers), question, answers.put)
        return answers.get()

    def tell(self, question: Question) -> None:
        self._desk.ask(self, next(self._numbers), question, None)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


TOKEN_CHARACTERS = 12

_in_use: list[Line] = [LocalLine(Desk())]


def use(line: Line) -> None:
    """Have all systems of this process ask over `line` from now on."""
    _in_use[:] = [line]


@contextmanager
def using(line: Line) -> Iterator[None]:
    """Have all systems of this process ask over `line` meanwhile."""
    before = _in_use[0]
    use(line)
    try:
        yield
    finally:
        use(before)


def ask(question: Question) -> Any:
    """The desk's answer. Raises PipeError. Tokens that are kept or given are told to nobody."""
    if isinstance(question, Keep):
        learn(*_tokens(question.data))
    answer = _in_use[0].ask(question)
    if isinstance(answer, Token):
        learn(*_tokens(answer.data))
    if isinstance(answer, Failed):
        raise PipeError(answer.message)
    return answer


def _tokens(data: Any) -> Iterator[str]:
    """The texts of what was fetched that may be tokens: long, and without a blank."""
    if isinstance(data, dict):
        for item in data.values():
            yield from _tokens(item)
    elif isinstance(data, str) and len(data) >= TOKEN_CHARACTERS and not re.search(r"\s", data):
        yield data


def tell(question: Question) -> None:
    """Tell the desk what has no answer."""
    _in_use[0].tell(question)


def wait(seconds: float) -> None:
    """Do nothing for a while. Raises PipeError where the run is stopped meanwhile."""
    if seconds > 0:
        _in_use[0].wait(seconds)


def token_key(*what: Any) -> str:
    """The key of the token that depends on this; nothing of it can be read in the key."""
    return sha256(encode(list(what))).hexdigest()


def pause(system: str, seconds: float) -> None:
    """The system wants no requests of anybody for some seconds."""
    tell(Pause(system, seconds))


class Turns:
    """The turns of one system: `take` before a request, `answered` after it.

    A turn that was taken may be given back more than once.
    """

    def __init__(self, system: str, rate: float | None) -> None:
        self._system = system
        self._rate = rate
        self._turn: int | None = None

    def take(self) -> None:
        """Wait until a request may go."""
        self.answered()
        turn = ask(Turn(self._system, self._rate))
        self._turn = turn if self._rate is not None else None

    def answered(self) -> None:
        """The answer begins, or the request failed."""
        turn, self._turn = self._turn, None
        if turn is not None:
            tell(Answered(self._system, turn))
