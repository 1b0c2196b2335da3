"""The client for code that awaits: the same nouns and answers, cancellation, errors."""

import asyncio
import json

import pytest

from sesam_interactive import ClientError, connect_async


def run(coroutine):
    """Run a test's coroutine; a task that is left behind is an error."""
    return asyncio.run(coroutine, debug=False)


def test_the_same_calls_give_the_same(hub):
    async def used():
        aio = hub.aio
        told = await aio.pipes["person"].run(progress=False)
        dataset = aio.datasets["person"]
        return {
            "changed": told.changed,
            "pipes": await aio.pipes.names(),
            "keys": [name async for name in aio.pipes],
            "entity": await dataset.entity("1"),
            "names": [entity["name"] async for entity in dataset],
            "query": [e["_id"] async for e in dataset.query(["eq", "_S.dept", "x"])],
            "then": [entity["_id"] async for entity in dataset.as_of(1)],
            "config": await aio.pipes["person"].config,
            "written": [e["_id"] async for e in await aio.pipes["person"].dataset],
            "all": await aio.config(),
            "frame": (await dataset.to_polars()).shape,
            "env": await aio.env.all(),
        }

    found = run(used())
    dataset = hub.datasets["person"]
    assert found == {
        "changed": 3,
        "pipes": hub.pipes.names(),
        "keys": hub.pipes.names(),
        "entity": dataset.entity("1"),
        "names": ["Ada", "Bo", "Cy"],
        "query": ["1", "3"],
        "then": ["1", "2"],
        "config": hub.pipes["person"].config,
        "written": ["1", "2", "3"],
        "all": hub.config(),
        "frame": dataset.to_polars().shape,
        "env": hub.env.all(),
    }


def test_many_calls_are_made_side_by_side(hub):
    hub.pipes["person"].run(progress=False)

    async def used():
        calls = (hub.aio.datasets["person"].entity(str(1 + n % 3)) for n in range(60))
        return await asyncio.gather(*calls)

    assert [entity["_id"] for entity in run(used())] == ["1", "2", "3"] * 20


def test_an_error_is_the_one_of_the_other_client(hub):
    async def used():
        await hub.aio.pipes["persn"].run()

    with pytest.raises(ClientError, match='did you mean "person"'):
        run(used())


def test_a_call_that_nobody_awaits_says_so_and_is_not_made(hub):
    call = hub.aio.pipes["person"].delete()
    assert repr(call) == "<call of Pipe.delete, not made yet: await it>"
    assert "person" in hub.pipes
    assert "run" in dir(hub.aio.pipes["person"])
    assert "progress line" in hub.aio.pipes["person"].run.__doc__
    assert "person" in repr(hub.aio.pipes["person"])


@pytest.fixture
def slow(hub):
    entities = [{"_id": str(number)} for number in range(400)]
    # Of each entity another one: what is constant is worked out once.
    most = ["+", 200_000, ["integer", "_S._id"]]
    rules = [["copy", "_id"], ["add", "n", ["count", ["range", 0, most]]]]
    config = {
        "_id": "slow",
        "type": "pipe",
        "source": {"type": "embedded", "entities": entities},
        "transform": {"type": "dtl", "rules": {"default": rules}},
        "pump": {"mode": "manual"},
        "batch_size": 1,
    }
    (pipe,) = hub.pipes.add(config)
    yield pipe
    pipe.stop()


@pytest.mark.parametrize("stop", [False, True])
def test_a_cancelled_run_ends_for_who_awaits_it_and_polls_no_more(hub, slow, stop):
    asked = []
    hub.connection._client.event_hooks = {"request": [lambda r: asked.append(r.url.path)]}

    async def used():
        task = asyncio.create_task(hub.aio.pipes["slow"].run(progress=False, stop=stop)._made())
        while not await asyncio.to_thread(slow.is_running):
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(used())
    if stop:
        while slow.is_running():
            pass
    before = len(asked)
    assert slow.is_running() is not stop
    # Nothing but the look above was asked of the node since.
    assert len(asked) == before + 1


def test_a_time_limit_is_kept(hub, slow):
    async def used():
        async with asyncio.timeout(0.2):
            await hub.aio.pipes["slow"].run(progress=False)

    with pytest.raises(TimeoutError):
        run(used())


def test_a_hub_is_connected_and_closed(node):
    async def used():
        async with connect_async(node.url, node.token) as hub:
            first = await hub.ping()
        other = await connect_async(node.url, node.token)
        assert other.url == node.url + "/api"
        await other.close()
        return first

    assert run(used()) is True

    async def refused():
        await connect_async(node.url, "a.e30.c")

    with pytest.raises(ClientError, match="token"):
        run(refused())


def test_a_project_is_tested_while_other_work_goes_on(hub, project_folder):
    (project_folder / "pipes" / "failing.conf.json").unlink()

    async def used():
        project = hub.aio.project(project_folder)
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        tested = await project.test(progress=False)
        ticking.cancel()
        return tested, ticks

    tested, ticks = run(used())
    assert tested.ok
    assert ticks > 100
    assert json.dumps(hub.config())
