"""When a call is made again: which ones may be, on what, and how long to wait before.

A call is safe to repeat when the node is the same after two of them as after one: reading, and
replacing something as a whole. Others are repeated only where they cannot have arrived.
"""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT"})
CONDITIONS = ("if-match", "if-none-match")
STATUSES = frozenset({429, 502, 503})
WAITS_S: Sequence[float] = (0.2, 0.8, 2.5)
LONGEST_WAIT_S = 30.0
# Nothing was sent: there was no connection to send it on.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
CUT_OFF = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)


def is_safe(method: str, headers: Iterable[str]) -> bool:
    """May a call of this method be made twice? A condition (`If-Match`) would fail then."""
    conditional = method != "GET" and any(name.lower() in CONDITIONS for name in headers)
    return method in SAFE and not conditional


def may_retry(error: httpx.HTTPError, *, safe: bool) -> bool:
    """Is it worth another try? A time-out of reading is not: the node is slow, not away."""
    return isinstance(error, NOT_SENT) or (safe and isinstance(error, CUT_OFF))


def retry_after_s(answer: httpx.Response) -> float | None:
    """The seconds in `Retry-After`, which may be a number or a date; None without one."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(answer.headers["Date"])
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def backoff_s(wait_s: float) -> float:
    """The wait with some chance in it, so that many who were refused do not come back at once."""
    return wait_s * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
