"""What is found for tables: once for all who ask, given up when nobody does, dropped for room."""

from __future__ import annotations

import asyncio

import pytest

from sesam_node.hub import rows
from sesam_node.hub.rows import Kept


def test_those_who_ask_for_the_same_wait_for_one_search():
    begun = []

    async def search():
        begun.append(1)
        await asyncio.sleep(0)
        return b"found"

    async def ask():
        kept = Kept(len)
        return await asyncio.gather(*(kept.once("key", search()) for _ in range(3)))

    assert asyncio.run(ask()) == [b"found"] * 3
    assert len(begun) == 1


def test_a_search_that_nobody_waits_for_is_given_up(monkeypatch):
    monkeypatch.setattr(rows, "ABANDONED_S", 0)

    async def ask():
        ended = asyncio.Event()

        async def search():
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        with pytest.raises(TimeoutError):
            await Kept(len).once("key", search(), 0.001)
        await asyncio.wait_for(ended.wait(), 30)

    asyncio.run(ask())


def test_what_was_not_asked_for_longest_goes_first(monkeypatch):
    monkeypatch.setattr(rows, "KEPT_BYTES", 5)
    kept = Kept(len)
    kept.keep("a", b"12")
    kept.keep("b", b"12")
    kept.get("a")
    kept.keep("c", b"12")
    assert kept.keys == ["a", "c"]
