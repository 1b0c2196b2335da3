"""Who follows the node is told what there is, then what changes."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

from hub_testing import document, pipe

from sesam_node.hub.events import Events

ROWS = [{"_id": "1"}, {"_id": "2"}, {"_id": "3", "_deleted": True}]


def everything(_kind, names):
    return set(names)


def parse(chunk):
    name, data = chunk.decode().strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def watching(hub, **options):
    """Looks often, so that no test waits."""
    return Events(hub.store, hub.pumps, every_s=0.01, **options)


async def until(stream, fits):
    """The next event that fits."""
    async with asyncio.timeout(30):
        async for chunk in stream:
            if not chunk.startswith(b":"):
                name, data = parse(chunk)
                if fits(data):
                    return name, data
    raise AssertionError("the stream has ended")


def test_the_first_event_tells_all_that_there_is(play):
    async def scenario(hub):
        await hub.configuration.put(
            document(
                pipe("rows", ROWS),
                pipe("copy", "rows"),
                {"_id": "crm", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"},
            )
        )
        await hub.pumps.driver.run("rows")
        async with aclosing(watching(hub).follow(everything)) as stream:
            name, data = parse(await anext(stream))
        assert name == "snapshot"
        assert data["systems"] == {"crm": {"type": "system:url", "is-valid-config": True}}
        assert data["datasets"]["rows"] == {
            "entities": 2,
            "deleted": 0,
            "last-offset": 1,
            "populated": True,
        }
        assert not any(name.startswith("system:") for name in data["datasets"])
        copy = data["pipes"]["copy"]
        assert (copy["inputs"], copy["output"]) == (["rows"], "copy")
        assert copy["runtime"]["queues"]["source"] == 2
        assert data["pipes"]["rows"]["runtime"]["success"] is True

    play(scenario)


def test_then_only_what_changes_is_told_and_null_is_what_has_gone(play):
    async def scenario(hub):
        await hub.configuration.put(document(pipe("rows", ROWS), pipe("copy", "rows")))
        async with aclosing(watching(hub).follow(everything)) as stream:
            await anext(stream)
            await hub.pumps.driver.run("rows")
            name, data = await until(stream, lambda d: "rows" in d.get("datasets", {}))
            assert name == "changes"
            assert data["datasets"] == {"rows": data["datasets"]["rows"]}
            await hub.configuration.put(document(pipe("rows", ROWS)))
            _, data = await until(stream, lambda d: "copy" in d.get("pipes", {}))
            assert data["pipes"]["copy"] is None

    play(scenario)


def test_who_may_not_read_a_thing_never_hears_of_it(play):
    async def scenario(hub):
        await hub.configuration.put(document(pipe("open", ROWS), pipe("closed", ROWS)))

        def allowed(_kind, names):
            return {name for name in names if name == "open"}

        async with aclosing(watching(hub, heartbeat_s=0.05).follow(allowed)) as stream:
            _, data = parse(await anext(stream))
            assert set(data["pipes"]) == {"open"}
            await hub.pumps.driver.run("closed")
            await hub.pumps.driver.run("open")
            _, data = await until(stream, lambda d: d)
            assert set(data["pipes"]) | set(data.get("datasets", {})) == {"open"}

    play(scenario)


def test_silence_is_broken_by_a_comment_and_a_stop_ends_the_stream(play):
    async def scenario(hub):
        events = watching(hub, heartbeat_s=0.02)
        stream = events.follow(everything)
        await anext(stream)
        assert await anext(stream) == b": still here\n\n"
        await events.stop()
        assert [chunk async for chunk in stream] == []

    play(scenario)


def test_nobody_looks_where_nobody_follows(play):
    async def scenario(hub):
        events = watching(hub)
        for _ in range(2):
            async with aclosing(events.follow(everything)) as one:
                async with aclosing(events.follow(everything)) as other:
                    assert await anext(one) == await anext(other)
                looking = events._looking
                assert looking is not None
            async with asyncio.timeout(30):
                await asyncio.gather(looking, return_exceptions=True)
            assert events._looking is None

    play(scenario)


def test_a_stream_ends_in_time_so_that_its_token_is_looked_at_again(play):
    async def scenario(hub):
        stream = watching(hub, heartbeat_s=0.01).follow(everything, longest_s=0.05)
        async with asyncio.timeout(30):
            chunks = [chunk async for chunk in stream]
        assert chunks[0].startswith(b"event: snapshot")

    play(scenario)
