"""Compaction: who holds it up, when it is due, and what becomes of datasets of a node."""

from __future__ import annotations

import pytest
from hub_testing import document, pipe
from processes import until_async

from sesam_node.errors import ConflictError, NotFoundError
from sesam_node.hub.checking import Facts
from sesam_node.hub.compaction import EVERY_S, FIRST_S, Candidate, Turns, floors
from sesam_node.pipes.compaction import HOUR_US, Rules, log_retention, rules_of, sink_retention
from sesam_node.pipes.offsets import PipeState
from sesam_node.store import Retention


def never(_pipe):
    return False


def source(name, *hops, kind="dataset"):
    return Facts(sources=(name,), hops=frozenset(hops), source_type=kind)


FLOORS = [
    ({}, {}, (None, None)),
    ({"p": source("a")}, {"p": PipeState(offset=4)}, (None, 5)),
    ({"p": source("a"), "q": source("a")}, {"p": PipeState(4), "q": PipeState(2)}, (None, 3)),
    ({"p": source("a")}, {"p": PipeState()}, (None, None)),
    ({"p": source("a", "b")}, {"p": PipeState(4, hops={"b": (9, "g")})}, (5, 5)),
    ({"p": source("b", "a")}, {"p": PipeState(4, hops={"a": (9, "g")})}, (9, None)),
    ({"p": source("b", "a")}, {"p": PipeState(4)}, (None, None)),
    ({"p": source("a", "a")}, {"p": PipeState(4, hops={"a": (3, "g")})}, (3, 5)),
    ({"p": source("a", kind="merge")}, {"p": PipeState({"a": 7, "b": 1})}, (8, 8)),
    ({"p": source("a", kind="union_datasets")}, {"p": PipeState({"a": 7})}, (None, 8)),
    ({"p": source("a", kind="merge")}, {"p": PipeState({"b": 1})}, (None, None)),
]


@pytest.mark.parametrize(("facts", "states", "expected"), FLOORS)
def test_up_to_where_a_dataset_may_be_compacted(facts, states, expected):
    assert floors("a", facts, states, never) == expected


def test_a_source_with_old_versions_holds_up_compaction():
    assert floors("a", {"p": source("a")}, {"p": PipeState(4)}, lambda pipe: pipe == "p") == (5, 5)


def test_rules_are_those_of_the_pipe_then_those_of_the_node():
    defaults = {
        "default_compaction_type": "background",
        "compaction_keep_versions": 5,
        "compaction_time_threshold_hours": 3,
        "compaction_time_threshold_hours_pump": 1000,
        "compaction_growth_threshold": 2.0,
        "compaction_interval": 60,
    }
    assert rules_of({}, {}) == Rules()
    assert rules_of({}, {"global_defaults": defaults}) == Rules(
        sink=False, keep_versions=5, hours=3, hours_pump=1000, growth=2.0, interval_s=60
    )
    own = {
        "automatic": False,
        "sink": True,
        "keep_versions": 0,
        "time_threshold_hours": 1,
        "time_threshold_hours_pump": 1,
        "compaction_interval": 0,
        "ttl_deletes_hours": 24,
        "ttl_deletes_timeout_seconds": 5,
    }
    assert rules_of({"compaction": own}, {"global_defaults": defaults}) == Rules(
        automatic=False,
        keep_versions=0,
        hours=1,
        growth=2.0,
        ttl_deletes_hours=24,
        seconds=5,
    )
    assert rules_of({"compaction": {"keep_versions": "two", "sink": 1}}, {}).keep_versions == 2


def test_hours_are_times_before_now():
    rules = Rules(hours=2, ttl_deletes_hours=1)
    now = 5 * HOUR_US
    assert sink_retention(rules, now, 7, 8) == Retention(
        2, until=3 * HOUR_US, deletes_until=4 * HOUR_US, floor=7, read_floor=8
    )
    assert log_retention(Rules(), 721 * HOUR_US) == Retention(1, until=HOUR_US)


def test_datasets_take_turns_once_a_day_where_they_have_grown():
    turns = Turns(0.0)
    both = [Candidate("a"), Candidate("b", growth=2.0)]
    assert turns.next(both, {"a": 10, "b": 10}, FIRST_S - 1) is None
    assert turns.next(both, {"a": 10, "b": 10}, FIRST_S) == "a"
    turns.ended("a", 8, FIRST_S, done=False)
    assert turns.next(both, {"a": 8, "b": 10}, FIRST_S + 1) in ("a", "b")
    turns.ended("a", 5, FIRST_S + 1, done=True)
    assert turns.next(both, {"a": 5, "b": 10}, FIRST_S + 2) == "b"
    turns.ended("b", 5, FIRST_S + 2, done=True)
    assert turns.next(both, {"a": 50, "b": 50}, FIRST_S + 3) is None
    later = FIRST_S + 3 + EVERY_S
    assert turns.next(both, {"a": 6, "b": 10}, later) == "a"
    assert turns.next([both[1]], {"b": 10}, later) is None
    assert turns.next([both[1]], {"b": 11}, later + EVERY_S) == "b"
    assert turns.next(both, {}, later + 2 * EVERY_S) is None
    assert turns.due(both, later + 2 * EVERY_S) == []
    assert turns.due(both, later + 3 * EVERY_S) == both


def test_the_background_compacts_what_runs_do_not(play, monkeypatch):
    monkeypatch.setattr("sesam_node.hub.compaction.FIRST_S", -1.0)
    monkeypatch.setattr("sesam_node.hub.compaction.LOOK_S", 0.01)
    more = {"compaction": {"sink": False}}

    async def scenario(hub):
        await with_values(hub, range(5), **more)
        dataset = hub.store.dataset("things")
        await until_async(lambda: dataset.counts().log_exists == 2)
        log = hub.store.dataset("system:pump_execution:things")
        return log.counts().log_exists

    assert play(scenario) == 10


def things(*values, **more):
    return pipe("things", [{"_id": "t", "value": value} for value in values], **more)


async def run(hub, name, *, rescan=False):
    await hub.pipes.operate(name, "start-rescan" if rescan else "start", {})
    while name in hub.pumps.driver.running:
        await hub.pumps.driver.running[name].ended


async def with_values(hub, values, *others, **more):
    """Run `things` once for each value."""
    for value in values:
        await hub.configuration.put(document(things(value, **more), *others))
        await run(hub, "things", rescan=True)
    return [version.seq for version in hub.store.dataset("things").changes(history=True)]


def test_a_run_keeps_two_versions_of_its_sink(play):
    assert play(lambda hub: with_values(hub, range(5))) == [3, 4]


def test_a_pipe_can_keep_more_or_all(play):
    more = {"compaction": {"keep_versions": 3}}
    assert play(lambda hub: with_values(hub, range(5), **more)) == [2, 3, 4]


def test_a_pipe_without_compaction_keeps_everything(play):
    more = {"compaction": {"sink": False, "automatic": False}}
    assert play(lambda hub: with_values(hub, range(5), **more)) == [0, 1, 2, 3, 4]


def test_what_a_disabled_pipe_has_not_tracked_yet_is_kept(play):
    hop = ["hops", {"datasets": ["things t"], "where": ["eq", "_S.other", "t._id"]}]
    hopper = pipe("hopper", "others", ["copy", "_id"], ["add", "found", hop])
    others = pipe("others", [{"_id": "o", "other": "t"}])

    async def scenario(hub):
        await with_values(hub, [0], hopper, others)
        await run(hub, "others")
        await run(hub, "hopper")
        await hub.pipes.operate("hopper", "disable", {})
        held = await with_values(hub, range(1, 6), hopper, others)
        await hub.pipes.operate("hopper", "enable", {})
        await run(hub, "hopper")
        return held, await with_values(hub, [6], hopper, others)

    assert play(scenario) == ([0, 1, 2, 3, 4, 5], [4, 5, 6])


def test_a_dataset_is_compacted_when_asked(play):
    more = {"compaction": {"sink": False, "keep_versions": 1}}

    async def scenario(hub):
        await with_values(hub, range(5), **more)
        done = await hub.datasets.operate("things", "compact")
        hub.store.dataset("loose")
        with pytest.raises(ConflictError, match='no pipe writes the dataset "loose"'):
            await hub.datasets.operate("loose", "compact")
        with pytest.raises(NotFoundError):
            await hub.datasets.operate("nowhere", "compact")
        return done

    assert play(scenario) == {"compacted": {"versions": 4, "entities": 0}}


def test_deleted_entities_go_after_their_time_and_the_run_says_how_many(play):
    async def scenario(hub):
        keep = {"compaction": {"ttl_deletes_hours": 0}, "pump": {"log_events_noop_runs": True}}
        # The last run changes nothing, and finds the delete of the one before to be old.
        for entities in ([{"_id": "a"}, {"_id": "b"}], [{"_id": "a"}], [{"_id": "a"}]):
            await hub.configuration.put(document(pipe("things", entities, **keep)))
            await run(hub, "things", rescan=True)
        event = hub.store.dataset("system:pump_execution:things").get("pump-completed")
        return hub.store.dataset("things").counts(), event.body

    counts, event = play(scenario)
    assert counts[:3] == (1, 0, 1)
    assert b'"ttl_deletes_entities_last_run":1' in event


def test_workers_compact_what_they_write_and_what_they_are_asked_to(play_real):
    async def scenario(hub):
        kept = await with_values(hub, range(4))
        log = await hub.datasets.operate("system:pump_execution:things", "compact")
        return kept, log

    assert play_real(scenario) == ([2, 3], {"compacted": {"versions": 0, "entities": 0}})
