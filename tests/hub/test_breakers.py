"""Circuit breakers: what a run that would change too much leaves, and what can be done with it."""

from __future__ import annotations

import json

import pytest
from hub_testing import document, pipe

from sesam_node.errors import ConflictError, InputError
from sesam_node.pipes import breaker
from sesam_node.pipes.reading import Selection
from sesam_node.store import Fence

SINK = {"type": "dataset", "circuit_breaker_threshold_count": 2}


def things(values, **more):
    entities = [{"_id": name, "value": value} for name, value in values.items()]
    return pipe("things", entities, sink={**SINK, **more})


async def run(hub, name="things", kind="start"):
    await hub.pipes.operate(name, kind, {})
    while name in hub.pumps.driver.running:
        await hub.pumps.driver.running[name].ended
    return hub.pipes.pump(name)["runtime"]


async def run_over(hub, *steps, **more):
    """Run `things` over each of these contents, in turn; gives the last runtime."""
    for values in steps:
        await hub.configuration.put(document(things(values, **more)))
        runtime = await run(hub)
    return runtime


def contents(hub, name="things"):
    versions = hub.store.dataset(name).changes(deleted=False)
    return {entity["_id"]: entity["value"] for entity in map(decoded, versions)}


def decoded(version):
    return json.loads(version.body)


FOUR = dict.fromkeys("abcd", 1)
MANY = dict.fromkeys("abcd", 2)


def test_the_first_run_and_small_changes_go_through(play):
    async def scenario(hub):
        runtime = await run_over(hub, FOUR, {**FOUR, "a": 2, "b": 2})
        return runtime["success"], contents(hub), hub.store.names()

    success, found, names = play(scenario)
    assert success
    assert found == {"a": 2, "b": 2, "c": 1, "d": 1}
    assert "system:uncommitted:things" not in names


def test_a_run_that_writes_too_much_is_held_back(play):
    async def scenario(hub):
        runtime = await run_over(hub, FOUR, MANY)
        shown = hub.datasets.get("things")["runtime"]
        with pytest.raises(ConflictError, match="has tripped; commit what is held back"):
            await hub.pipes.operate("things", "start", {})
        with pytest.raises(ConflictError, match="nothing can be posted"):
            await hub.datasets.repost("things", b"[]", form="application/json", force=False)
        with pytest.raises(ConflictError, match="it is not compacted"):
            await hub.datasets.operate("things", "compact")
        await hub.pipes.operate("things", "enable", {})
        return runtime, shown, contents(hub), hub.pumps.driver.scheduler.is_disabled("things")

    runtime, shown, found, is_disabled = play(scenario)
    assert not runtime["success"]
    assert 'circuit breaker of dataset "things" has tripped' in runtime["last-message"]
    assert runtime["circuit-breaker-tripped"]
    assert (shown["circuit-breaker-tripped"], shown["uncommitted"]) == (True, 4)
    assert found == FOUR
    assert is_disabled


def events(hub):
    log = hub.store.dataset("system:pump_execution:things").changes(history=True)
    return [decoded(version)["event_type"] for version in log]


def test_what_is_held_back_can_be_committed(play):
    async def scenario(hub):
        await run_over(hub, FOUR, MANY)
        done = await hub.datasets.operate("things", "commit-circuit-breaker")
        after = contents(hub), hub.pumps.driver.scheduler.is_disabled("things")
        runtime = await run(hub)
        return done, after, runtime["success"], events(hub)[-2:], hub.store.names()

    done, after, success, told, names = play(scenario)
    assert done == {"entities": 4}
    assert after == (MANY, False)
    assert success
    assert told == ["pump-failed", "commit-circuit-breaker"]
    assert "system:uncommitted:things" not in names


def test_what_is_held_back_can_be_rolled_back(play):
    async def scenario(hub):
        await run_over(hub, FOUR, MANY)
        done = await hub.datasets.operate("things", "rollback-circuit-breaker")
        after = contents(hub), hub.pipes.pump("things")["runtime"]["circuit-breaker-tripped"]
        again = (await run(hub))["success"]
        await hub.datasets.operate("things", "rollback-circuit-breaker")
        runtime = await run_over(hub, {**FOUR, "a": 2})
        with pytest.raises(ConflictError, match="has not tripped"):
            await hub.datasets.operate("things", "rollback-circuit-breaker")
        with pytest.raises(InputError, match='do not support the operation "explode"'):
            await hub.datasets.operate("things", "explode")
        return done, after, again, runtime["success"], contents(hub)

    done, after, again, success, found = play(scenario)
    assert done == {"entities": 4}
    assert after == (FOUR, False)
    assert not again
    assert success
    assert found == {**FOUR, "a": 2}


def test_deletes_of_a_full_run_count(play):
    async def scenario(hub):
        runtime = await run_over(hub, FOUR, {})
        await hub.datasets.operate("things", "commit-circuit-breaker")
        return runtime["circuit-breaker-tripped"], contents(hub)

    # The run stopped before it deleted the rest, which the next one does.
    tripped, found = play(scenario)
    assert tripped
    assert found == {}


def test_the_limit_is_the_greater_of_share_and_count(play):
    more = {"circuit_breaker_threshold_factor": 0.75, "circuit_breaker_threshold_count": 1}
    three = {**MANY, "d": 1}

    async def scenario(hub):
        return [
            (await run_over(hub, FOUR, three, **more))["success"],
            (await run_over(hub, dict.fromkeys("abcd", 3), **more))["success"],
        ]

    assert play(scenario) == [True, False]


def test_uncommitted_entities_are_shown_when_asked_for(play):
    async def scenario(hub):
        await run_over(hub, FOUR, {**MANY, "e": 5})

        async def read(**options):
            stream = hub.datasets.entities("things", Selection(**options), uncommitted=True)
            return json.loads(b"".join([chunk async for chunk in aiter_of(stream.chunks)]))

        one = json.loads(await hub.datasets.entity("things", "e", uncommitted=True))
        return await read(), await read(since=5), await read(limit=5), one

    everything, later, five, one = play(scenario)
    assert [(entity["_id"], entity["_updated"]) for entity in everything] == [
        *zip("abcd", range(4), strict=True),
        *zip("abcde", range(4, 9), strict=True),
    ]
    assert [entity["_updated"] for entity in later] == [6, 7, 8]
    assert [entity["_updated"] for entity in five] == [0, 1, 2, 3, 4]
    assert (one["value"], one["_updated"]) == (5, 8)


async def aiter_of(chunks):
    if hasattr(chunks, "__aiter__"):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


@pytest.mark.parametrize(
    ("operation", "then", "final"),
    [(breaker.COMMIT, (MANY, 7), {**MANY, "e": 3}), (breaker.ROLLBACK, (FOUR, 3), FOUR)],
)
def test_an_incremental_run_goes_on_where_it_was_after_either(play, operation, then, final):
    async def scenario(hub, operation):
        copy = pipe("copy", "things", ["copy", "*"], sink=SINK)

        async def put(values):
            entities = [{"_id": name, "value": value} for name, value in values.items()]
            await hub.configuration.put(document(pipe("things", entities), copy))
            await run(hub)

        await put(FOUR)
        await run(hub, "copy")
        await put(MANY)
        await run(hub, "copy")
        held = contents(hub, "copy"), hub.pumps.state("copy").offset
        with pytest.raises(ConflictError, match="has tripped; commit what is held back"):
            await hub.pipes.operate("copy", "update-last-seen", {"last-seen": ""})
        await hub.datasets.operate("copy", operation)
        resolved = contents(hub, "copy"), hub.pumps.state("copy").offset
        await put({**MANY, "e": 3})
        await run(hub, "copy")
        return held, resolved, contents(hub, "copy")

    held, resolved, after = play(lambda hub: scenario(hub, operation))
    assert held == (FOUR, 3)
    assert resolved == then
    assert after == final


def test_a_tripped_breaker_stays_tripped_over_a_restart(play):
    async def first(hub):
        await run_over(hub, FOUR, MANY)

    async def second(hub):
        tripped = hub.pipes.pump("things")["runtime"]["circuit-breaker-tripped"]
        return tripped, hub.pumps.driver.scheduler.is_disabled("things")

    play(first)
    assert play(second) == (True, True)


def test_workers_hold_back_and_let_through(play_real):
    async def scenario(hub):
        await run_over(hub, FOUR, MANY)
        held = contents(hub)
        await hub.datasets.operate("things", "commit-circuit-breaker")
        return held, contents(hub)

    assert play_real(scenario) == (FOUR, MANY)


# -- what a kill leaves ----------------------------------------------------------------------------


def held_sink(hub, run_id, limit=100):
    """A sink that a run writes, in the middle of it."""
    fence = Fence(hub.pumps.epoch, 10**6, "things", run_id)
    sink = hub.store.dataset("things")
    sink.claim(fence)
    return breaker.HeldSink(hub.store, sink, "things", fence, limit)


def test_what_an_unfinished_run_held_is_dropped(play):
    async def scenario(hub):
        await run_over(hub, FOUR)
        writes = breaker_writes({"a": 9, "x": 9})
        held_sink(hub, "killed").write(writes)
        names = hub.store.names()
        held_sink(hub, "next").commit()
        return names, contents(hub), hub.store.names()

    before, found, after = play(scenario)
    assert "system:uncommitted:things" in before
    assert found == FOUR
    assert "system:uncommitted:things" not in after


def breaker_writes(values):
    from sesam_node.pipes.evaluate import as_write

    return [as_write({"_id": name, "value": value}) for name, value in values.items()]


@pytest.mark.parametrize("killed_at", ["before the first write", "before the held dataset goes"])
def test_a_move_that_was_cut_short_is_done_again(play, monkeypatch, killed_at):
    async def scenario(hub):
        await run_over(hub, FOUR)
        held = held_sink(hub, "killed")
        held.write(breaker_writes({"a": 9, "x": 9}))

        def die(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            if killed_at == "before the first write":
                patch.setattr(breaker, "_move", die)
            else:
                patch.setattr(hub.store, "delete", die)
            with pytest.raises(KeyboardInterrupt):
                held.commit()
        held_sink(hub, "next").commit()
        return contents(hub), len(hub.store.dataset("things").changes(history=True))

    assert play(scenario) == ({**FOUR, "a": 9, "x": 9}, 6)
