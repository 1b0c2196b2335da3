"""Passwords: how they are kept, compared, and how often they may be tried."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from base64 import b64decode, b64encode
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from sesam_node.errors import InputError, SesamError

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_CHARACTERS: Final = 10
MAX_CHARACTERS: Final = 1_000
COST: Final = (1 << 15, 8, 1)
"""scrypt's n, r and p: 32 MiB and about a tenth of a second for one try."""
MEMORY_BYTES: Final = 64 << 20
TRACKED: Final = 10_000
"""How many names and addresses are remembered; the oldest are let go."""


class TooOftenError(SesamError):
    """Too many log-ins that failed; `wait_s` is when to try again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many attempts to log in failed")
        self.wait_s = math.ceil(wait_s)


def check_password(text: str) -> None:
    """Raises InputError for a password that is too short or too long."""
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS:
        raise InputError(
            f"expected a password of {MIN_CHARACTERS} to {MAX_CHARACTERS:,} characters,"
            f" got {len(text)}"
        )


def hashed(password: str) -> str:
    """A password as it is kept: the cost, a salt of its own and the hash."""
    salt = secrets.token_bytes(16)
    found = _scrypt(password, salt, COST)
    return "$".join(
        ("scrypt", *map(str, COST), b64encode(salt).decode(), b64encode(found).decode())
    )


def matches(password: str, kept: str) -> bool:
    """Is it this password? Takes the same time whether it is or not."""
    _, n, r, p, salt, wanted = kept.split("$")
    found = _scrypt(password, b64decode(salt), (int(n), int(r), int(p)))
    return hmac.compare_digest(found, b64decode(wanted))


def _scrypt(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=MEMORY_BYTES, dklen=32)


class Attempts:
    """How many tries a name, or an address, has left: at most `most` failures in `window_s`.

    A try counts as a failure until it has succeeded, so that many at once do not slip through.
    """

    def __init__(self, most: int, window_s: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, key: str) -> None:
        """Count a try. Raises TooOftenError where there is none left."""
        now = self._clock()
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - self._window_s:
            times.popleft()
        if len(times) >= self._most:
            raise TooOftenError(times[0] + self._window_s - now)
        times.append(now)
        self._times.move_to_end(key)
        while len(self._times) > TRACKED:
            self._times.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """The last try was no failure."""
        times = self._times.get(key)
        if times:
            times.pop()
