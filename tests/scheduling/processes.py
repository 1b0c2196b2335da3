"""Waiting for conditions, and looking at processes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path


def until(condition, timeout_s=30.0):
    """Wait for a condition; the test fails when it does not come."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


async def until_async(condition, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)
    return found


def is_alive(pid):
    """Does the process run? One that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill(pid):
    os.kill(pid, 9)
