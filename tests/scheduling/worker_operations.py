"""Operations that tests have workers carry out; found through PYTHONPATH."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sesam_node.errors import ConfigError, Problem, StoreError
from sesam_node.pipes.shared import line


class OddError(StoreError):
    """An error that does not survive pickling."""

    def __init__(self, number, message):
        super().__init__(message)
        self.number = number


def echo(value):
    return value


def take_turns(system, pause_s):
    """Ask for a turn, and for another one after the pause that the system wants."""
    turns = line.Turns(system, None)
    turns.take()
    line.pause(system, pause_s)
    turns.take()


def process_id():
    return os.getpid()


def count(chunks, size=1):
    for number in range(chunks):
        yield bytes([number % 256]) * size


def endless(path):
    """Chunks without end; their number so far is in a file."""
    number = 0
    while True:
        number += 1
        Path(path).write_text(str(number))
        yield b"x"


def nap(seconds):
    time.sleep(seconds)


def spin():
    """C code that does not let go of the interpreter."""
    return (7**7_000_000) % (3**200_000)


def fail():
    raise ConfigError("no good", [Problem("$.a", "code", "message", "hint", component="p")])


def fail_oddly():
    raise OddError(5, "the store is odd")


def fail_midway():
    yield b"first"
    raise ConfigError("too late")


def hog():
    return len(bytearray(4 * 1024**3))


def names(store):
    return store.names()
