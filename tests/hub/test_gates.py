"""Populated gates: which datasets a pipe waits for, and that waiting does no harm."""

from __future__ import annotations

import pytest
from hub_testing import document, pipe

from sesam_node.hub import RunAllOptions
from sesam_node.hub.checking import Facts
from sesam_node.hub.gates import Gates


def facts(sink, sources=(), hops=(), **more):
    return Facts(sources=tuple(sources), hops=frozenset(hops), sink=sink, **more)


def awaited(pipe_id, pipes, **configs):
    return sorted(Gates(pipes, {name: configs.get(name, {}) for name in pipes}).awaited(pipe_id))


CHAIN = {
    "a": facts("a"),
    "h": facts("h", ["a"]),
    "b": facts("b", ["a"], ["h", "elsewhere"]),
}


def sink(**options):
    return {"sink": {"type": "dataset", **options}}


def test_a_pipe_waits_for_the_datasets_it_hops_to_that_a_pipe_writes():
    assert awaited("b", CHAIN) == ["h"]
    assert awaited("h", CHAIN) == []


@pytest.mark.parametrize(
    ("config", "waits"),
    [
        (sink(set_initial_offset="never"), False),
        (sink(set_initial_offset="onload"), False),
        (sink(set_initial_offset="initially"), True),
        (sink(set_initial_offset="always"), True),
        ({"pump": {"mode": "off"}}, False),
        ({"pump": {"mode": "manual"}}, True),
    ],
)
def test_it_waits_only_for_what_can_be_populated(config, waits):
    assert awaited("b", CHAIN, h=config) == (["h"] if waits else [])


def test_what_is_never_populated_upstream_is_not_waited_for_downstream():
    assert awaited("b", CHAIN, a=sink(set_initial_offset="never")) == []
    from_elsewhere = {**CHAIN, "h": facts("h", ["elsewhere"])}
    assert awaited("b", from_elsewhere) == []
    assert awaited("b", from_elsewhere, h=sink(set_initial_offset="always")) == ["h"]


def test_a_receiver_is_populated_from_the_start_unless_it_says_otherwise():
    pipes = {**CHAIN, "h": facts("h", receiver=True, waits=True)}
    assert awaited("b", pipes) == []
    never = {"source": {"type": "http_endpoint", "auto_populate_dataset": False}}
    assert awaited("b", pipes, h=never) == []


def test_pipes_in_a_circle_do_not_wait_for_each_other():
    pipes = {
        "a": facts("a"),
        "b": facts("b", ["a"], ["b", "c"]),
        "c": facts("c", ["a"], ["d"]),
        "d": facts("d", ["b"]),
    }
    assert [awaited(name, pipes) for name in "bcd"] == [[], [], []]


NUMBERS = pipe("numbers", [{"_id": "1"}])
HOPS = ["add", "n", ["hops", {"datasets": ["late h"], "where": ["eq", "_S._id", "h._id"]}]]
FAILING = pipe("late", "numbers", ["copy", "*"], ["fail!", "not yet"])
WORKING = pipe("late", "numbers", ["copy", "*"])
WAITING = pipe("waiting", "numbers", ["copy", "*"], HOPS)
FAILS = RunAllOptions(extra_zero_runs=1, max_run_time=60, max_runs=10)


def test_a_pipe_waits_says_so_and_runs_once_the_dataset_is_populated(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, FAILING, WAITING))
        for name in ("numbers", "late", "waiting"):
            await hub.pumps.driver.run(name)
        before = hub.pipes.pump("waiting")["runtime"]
        await hub.configuration.put(document(NUMBERS, WORKING, WAITING))
        for name in ("late", "waiting"):
            await hub.pumps.driver.run(name)
        return before, hub.pipes.pump("waiting")["runtime"]

    before, after = play(scenario)
    assert (before["waiting-for"], before["progress"], before["last-seen"]) == (
        ["late"],
        {"processed": 0},
        "",
    )
    assert before["last-message"] == ('The pipe waits until these datasets are populated: "late"')
    assert (after["waiting-for"], after["progress"]) == ([], {"processed": 1})


def test_all_pipes_come_to_rest_with_one_that_waits(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, FAILING, WAITING))
        result = await hub.runner.run_all(FAILS)
        lines = [line["logdata"] for line in hub.runner.log()]
        return result, lines

    result, lines = play(scenario)
    assert (result["status"], "not at rest" in result["additional_info"]) == ("failed", False)
    assert any(line.startswith("waiting: did not run.") for line in lines)


def test_a_dataset_that_is_populated_without_entities_starts_those_that_wait(play):
    async def scenario(hub):
        empty = pipe("late", "numbers", ["filter", False])
        await hub.configuration.put(document(WAITING, empty, NUMBERS))
        return await hub.runner.run_all(FAILS), hub.pipes.pump("waiting")["runtime"]

    result, runtime = play(scenario)
    assert (result["status"], runtime["progress"], runtime["waiting-for"]) == (
        "success",
        {"processed": 1},
        [],
    )


def test_a_sink_with_onload_is_populated_when_its_pipe_is_loaded(play):
    async def scenario(hub):
        loaded = pipe("loaded", "numbers", sink={"type": "dataset", "set_initial_offset": "onload"})
        await hub.configuration.put(document(NUMBERS, loaded))
        return hub.datasets.get("loaded")["runtime"]["populated"]

    assert play(scenario) is True
