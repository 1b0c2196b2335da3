"""Pumps: what is known of each, and what can be done with it."""

from __future__ import annotations

import json

import pytest
from hub_testing import document, pipe
from processes import until_async

from sesam_node.errors import ConflictError, InputError, NotFoundError
from sesam_node.hub import RunAllOptions
from sesam_node.model import encode
from sesam_node.pipes.reading import Selection
from sesam_node.scheduling.scheduler import Changed
from sesam_node.store import Commit

NUMBERS = pipe("numbers", [{"_id": str(number)} for number in range(3)])
COPY = pipe("copy", "numbers", ["copy", "*"])
HOPPER = pipe(
    "hopper",
    "copy",
    ["copy", "_id"],
    ["add", "x", ["hops", {"datasets": ["numbers n"], "where": ["eq", "_S._id", "n._id"]}]],
)
RECEIVER = pipe("receiver", {"type": "http_endpoint"})
PUBLISHER = pipe("publisher", "numbers", sink={"type": "http_endpoint"})


def runtime(hub, pipe_id):
    return hub.pipes.pump(pipe_id)["runtime"]


def events(hub, pipe_id):
    found = json.loads(b"".join(hub.pipes.log(pipe_id, Selection())))
    return [event["event_type"] for event in found]


def test_a_pump_that_never_ran_says_so(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        return runtime(hub, "copy")

    assert play(scenario) == {
        "state": "Deployed",
        "is-running": False,
        "is-disabled": False,
        "circuit-breaker-tripped": False,
        "disabled-comment": None,
        "is-valid-config": True,
        "config-errors": [],
        "last-seen": "",
        "last-run": None,
        "next-run": None,
        "last-message": None,
        "last-original-error-message": None,
        "success": None,
        "progress": {"processed": 0},
        "queues": {"source": None, "dependencies": {}},
        "out-of-sync": [],
        "waiting-for": [],
        "retries": 0,
        "supported-operations": [
            "disable",
            "discard-inferred-schema",
            "discard-retries",
            "enable",
            "reset-rescan",
            "set-last-seen-to-end",
            "start",
            "start-rescan",
            "stop",
            "update-last-seen",
        ],
        "dependencies": [],
        "execution-dataset": "system:pump_execution:copy",
        "status": "not run",
    }


def test_the_answer_to_start_tells_that_the_pump_is_running(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS))
        started = await hub.pipes.operate("numbers", "start", {})
        with pytest.raises(ConflictError, match="it is already running"):
            await hub.pipes.operate("numbers", "start", {})
        hub.executor.runs["numbers"].end(success=True, processed=3, ended="2026-01-01T00:00:01Z")
        await hub.pumps.driver.running["numbers"].ended
        return started["runtime"], runtime(hub, "numbers")

    started, ended = play(scenario, held=True)

    assert (started["is-running"], started["progress"]) == (True, {"processed": 7})
    assert (ended["is-running"], ended["success"], ended["progress"], ended["last-run"]) == (
        False,
        True,
        {"processed": 3},
        "2026-01-01T00:00:01Z",
    )


def test_stop_ends_the_run_before_it_answers(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS))
        await hub.pipes.operate("numbers", "start", {})
        return (await hub.pipes.operate("numbers", "stop", {}))["runtime"]

    stopped = play(scenario, held=True)

    assert (stopped["is-running"], stopped["success"], stopped["last-message"]) == (
        False,
        False,
        "the run was stopped",
    )


def test_queues_are_what_was_not_read_yet(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY, HOPPER))
        before = []
        for name in ("numbers", "copy"):
            await hub.pumps.driver.run(name)
            before.append((runtime(hub, "copy")["queues"], runtime(hub, "hopper")["queues"]))
        await hub.pumps.driver.run("hopper")
        return [*before, (runtime(hub, "copy")["queues"], runtime(hub, "hopper")["queues"])]

    assert play(scenario) == [
        (
            {"source": 3, "dependencies": {}},
            {"source": None, "dependencies": {"numbers": 3}},
        ),
        ({"source": 0, "dependencies": {}}, {"source": 3, "dependencies": {"numbers": 3}}),
        ({"source": 0, "dependencies": {}}, {"source": 0, "dependencies": {"numbers": 0}}),
    ]


def test_update_last_seen_echoes_the_text_and_the_next_run_begins_there(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        for name in ("numbers", "copy"):
            await hub.pumps.driver.run(name)
        told = []
        for text, processed in (("0", 2), ("", 3)):
            pump = await hub.pipes.operate("copy", "update-last-seen", {"last-seen": text})
            assert pump["runtime"]["last-seen"] == text == runtime(hub, "copy")["last-seen"]
            told.append((await hub.pumps.driver.run("copy")).processed == processed)
        with pytest.raises(InputError, match="expected a whole number as offset"):
            await hub.pipes.operate("copy", "update-last-seen", {"last-seen": "soon"})
        return told, [event for event in events(hub, "copy") if "offset" in event]

    assert play(scenario) == ([True, True], ["pump-offset-set", "pump-offset-set"])


def test_set_last_seen_to_end_leaves_nothing_to_read(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY, HOPPER))
        for name in ("numbers", "copy"):
            await hub.pumps.driver.run(name)
        pump = await hub.pipes.operate("hopper", "set-last-seen-to-end", {})
        result = await hub.pumps.driver.run("hopper")
        return pump["runtime"]["last-seen"], pump["runtime"]["queues"], result.processed

    assert play(scenario) == ("2", {"source": 0, "dependencies": {"numbers": 0}}, 0)


def test_hops_can_be_tracked_from_the_end_or_from_the_start(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY, HOPPER))
        for name in ("numbers", "copy", "hopper"):
            await hub.pumps.driver.run(name)
        assert {"reset-tracking", "set-tracking-to-start"}.issubset(
            runtime(hub, "hopper")["supported-operations"]
        )
        told = []
        for operation in ("set-tracking-to-start", "reset-tracking"):
            pump = await hub.pipes.operate("hopper", operation, {})
            result = await hub.pumps.driver.run("hopper")
            told.append((pump["runtime"]["queues"]["dependencies"], result.processed))
        return told

    assert play(scenario) == [({"numbers": 3}, 3), ({"numbers": 0}, 0)]


def test_retries_can_be_discarded(play):
    async def scenario(hub):
        pump = {"max_write_errors_in_retry_dataset": 5, "max_consecutive_write_errors": 5}
        failing = pipe("failing", "numbers", ["fail!", "no"], pump=pump)
        await hub.configuration.put(document(NUMBERS, failing))
        for name in ("numbers", "failing"):
            await hub.pumps.driver.run(name)
        before = runtime(hub, "failing")["retries"]
        after = (await hub.pipes.operate("failing", "discard-retries", {}))["runtime"]["retries"]
        result = await hub.pumps.driver.run("failing")
        return before, after, result.processed, events(hub, "failing")[-1]

    assert play(scenario) == (3, 0, 0, "pump-discard-retries")


def test_an_unfinished_full_run_begins_anew_after_reset_rescan(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        for name in ("numbers", "copy"):
            await hub.pumps.driver.run(name)
        marker = {"run": "x", "head": 3, "config": "x", "started": ""}
        state = {"full-run": encode(marker), "offset": b"1"}
        hub.store.dataset("copy").write([], Commit("copy", state, None))
        pump = await hub.pipes.operate("copy", "reset-rescan", {})
        return pump["runtime"]["last-seen"], (await hub.pumps.driver.run("copy")).processed

    assert play(scenario) == ("", 3)


def test_the_inferred_schema_can_be_discarded(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS))
        await hub.pumps.driver.run("numbers")
        await hub.pipes.operate("numbers", "discard-inferred-schema", {})
        return events(hub, "numbers")[-1]

    assert play(scenario) == "pump-discard-inferred-schema"


def test_every_fourth_run_may_be_a_rescan_and_every_second_a_partial_one(play):
    async def scenario(hub):
        pump = {
            "rescan_run_count": 4,
            "partial_rescan_run_count": 2,
            "partial_rescan_delta": 1,
        }
        await hub.configuration.put(document(NUMBERS, pipe("copy", "numbers", pump=pump)))
        await hub.pumps.driver.run("numbers")
        return [(await hub.pumps.driver.run("copy")).sync_type for _ in range(9)]

    in_turn = ["incremental", "partial", "incremental", "full"]
    assert play(scenario) == ["full", *in_turn[1:], *in_turn, "incremental"]


def test_start_rescan_reads_everything_again(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        for name in ("numbers", "copy", "copy"):
            result = await hub.pumps.driver.run(name)
        await hub.pipes.operate("copy", "start-rescan", {})
        again = await hub.pumps.driver.running["copy"].ended
        return result.processed, again.processed, again.sync_type

    assert play(scenario) == (0, 3, "full")


def test_the_offset_of_a_running_pump_is_not_touched(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        await hub.pipes.operate("copy", "start", {})
        with pytest.raises(ConflictError, match="is running; stop it first"):
            await hub.pipes.operate("copy", "update-last-seen", {"last-seen": ""})

    play(scenario, held=True)


def test_a_foreign_operation_is_refused_by_name(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, PUBLISHER))
        for name, operation in (("numbers", "dance"), ("numbers", "update-last-seen")):
            with pytest.raises(InputError, match=f'doesn\'t support the operation "{operation}"'):
                await hub.pipes.operate(name, operation, {})
        with pytest.raises(InputError, match='doesn\'t support the operation "start"'):
            await hub.pipes.operate("publisher", "start", {})
        with pytest.raises(NotFoundError, match='there is no pipe "x"'):
            await hub.pipes.operate("x", "start", {})

    play(scenario)


def test_a_disabled_pipe_stays_so_over_a_restart_until_it_is_enabled(play):
    async def first(hub):
        await hub.configuration.put(document(NUMBERS))
        answer = await hub.pipes.operate("numbers", "disable", {"comment": "not today"})
        return answer["runtime"]["is-disabled"]

    async def second(hub):
        before = runtime(hub, "numbers")
        after = (await hub.pipes.operate("numbers", "enable", {}))["runtime"]
        return (
            (before["is-disabled"], before["disabled-comment"]),
            after["is-disabled"],
            events(hub, "numbers"),
        )

    assert play(first) is True
    assert play(second) == ((True, "not today"), False, ["pump-disabled", "pump-enabled"])


def test_the_last_run_is_known_after_a_restart(play):
    async def first(hub):
        await hub.configuration.put(document(NUMBERS))
        await hub.pumps.driver.run("numbers")
        return runtime(hub, "numbers")

    async def second(hub):
        return runtime(hub, "numbers")

    before = play(first)

    assert before["success"] is True
    assert play(second) == before


def test_a_lost_run_is_in_the_execution_log_with_its_reason(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS))
        await hub.pipes.operate("numbers", "start", {})
        reason = "the run ended early: its worker process was killed by SIGKILL"
        hub.executor.runs["numbers"].end(success=False, error=reason, original_error=reason)
        await hub.pumps.driver.running["numbers"].ended
        log = json.loads(b"".join(hub.pipes.log("numbers", Selection())))
        return [(event["event_type"], event.get("reason_why_stopped")) for event in log]

    assert play(scenario, held=True) == [
        ("pump-started", None),
        ("pump-failed", "the run ended early: its worker process was killed by SIGKILL"),
    ]


def test_a_type_that_is_not_built_loads_and_its_run_fails_by_name(play):
    system = {"_id": "other", "type": "system:url", "url_pattern": "http://x/%s"}
    source = {"type": "binary", "system": "other", "url": "t"}

    async def scenario(hub):
        await hub.configuration.put(document(system, pipe("events", source)))
        result = await hub.pumps.driver.run("events")
        return runtime(hub, "events")["is-valid-config"], result.success, result.error

    valid, success, error = play(scenario)

    assert (valid, success) == (True, False)
    assert 'the source type "binary" cannot run in this version' in error


def test_a_signal_runs_readers_one_after_the_other_and_their_readers(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY, HOPPER, quiet=False))
        await hub.pumps.driver.run("numbers")
        while hub.pumps.driver.running:
            running = next(iter(hub.pumps.driver.running.values()))
            await running.ended
        return [hub.datasets.open(name).head() for name in ("copy", "hopper")]

    assert play(scenario) == [3, 3]


def test_a_receiver_takes_entities_and_signals_its_readers(play):
    reader = pipe("reader", "receiver", ["copy", "*"])

    async def scenario(hub):
        await hub.configuration.put(document(RECEIVER, reader, quiet=False))
        answer = await hub.pipes.receive("receiver", b'[{"_id": "1", "a": 1.0}]', push={})
        await hub.pumps.driver.running["reader"].ended
        stored = json.loads(await hub.datasets.entity("reader", "1"))
        return answer, stored["a"]

    assert play(scenario) == ({}, 1)


def test_what_is_no_receiver_or_publisher_is_not_found(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, PUBLISHER))
        with pytest.raises(NotFoundError, match="has no http_endpoint source to post to"):
            await hub.pipes.receive("numbers", b"[]", push={})
        with pytest.raises(NotFoundError, match='the pipe "publisher" does not publish csv'):
            await hub.pipes.publish("publisher", "csv")

    play(scenario)


def test_a_publisher_sends_what_comes_through_it(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, PUBLISHER))
        await hub.pumps.driver.run("numbers")
        published = await hub.pipes.publish("publisher", "entities", since="0", limit=1)
        body = b"".join([chunk async for chunk in published.chunks])
        return published.content_type, [entity["_id"] for entity in json.loads(body)]

    assert play(scenario) == ("application/json", ["1"])


def test_a_draft_is_previewed_and_changes_nothing(play, store):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        draft = pipe("copy", "numbers", ["copy", "_id"], ["add", "x", ["upper", "_S.a"]])
        found = await hub.pipes.preview("copy", draft, [{"_id": "1", "a": "b"}])
        return [result["emitted"] for result in found["results"]], store.names()

    assert play(scenario) == ([[{"_id": "1", "x": "B"}]], [])


def test_rescan_run_count_makes_every_nth_run_a_rescan(play):
    counted = {**COPY, "pump": {"rescan_run_count": 3}}

    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, counted))
        await hub.pumps.driver.run("numbers")
        return [(await hub.pumps.driver.run("copy")).sync_type for _ in range(6)]

    assert play(scenario) == ["full", "incremental", "full", "incremental", "incremental", "full"]


def test_no_more_pipes_use_a_system_at_once_than_it_allows(play):
    system = {"_id": "web", "type": "system:url", "url_pattern": "http://x/%s", "worker_threads": 2}
    users = [
        pipe(f"p{number}", {"type": "json", "system": "web", "url": "a"}) for number in range(4)
    ]

    async def scenario(hub):
        await hub.configuration.put(document(system, *users))
        for user in users:
            hub.pumps.driver.start(user["_id"])
        first = sorted(hub.executor.runs)
        hub.executor.runs["p0"].end(success=True)
        await hub.pumps.driver.running["p0"].ended
        await hub.pumps.driver.cancel(["p3"], 1.0)
        return first, sorted(hub.executor.runs), sorted(hub.pumps.driver.running)

    assert play(scenario, held=True) == (["p0", "p1"], ["p0", "p1", "p2"], ["p1", "p2"])


def test_a_deleted_dataset_is_made_again_by_its_pipe(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, COPY))
        for name in ("numbers", "copy"):
            await hub.pumps.driver.run(name)
        await hub.datasets.delete("copy")
        with pytest.raises(NotFoundError, match='there is no dataset "copy"'):
            hub.datasets.get("copy")
        await hub.pumps.driver.run("copy")
        hub.pumps.driver.handle(Changed(frozenset({"copy"})))
        return hub.datasets.get("copy")["runtime"]["count-index-exists"]

    assert play(scenario) == 3


def test_a_long_schedule_that_was_missed_is_caught_up_after_a_restart(play, store):
    daily = {**NUMBERS, "pump": {"schedule_interval": 86400}}

    async def first(hub):
        await hub.configuration.put(document(daily, quiet=False))
        return hub.pumps.books.kept("numbers").next_run

    kept = play(first)
    store.settings.write({"pipe/numbers": json.dumps({"next_run": kept - 2 * 86400}).encode()})

    async def second(hub):
        await until_async(lambda: runtime(hub, "numbers")["success"])
        return hub.datasets.open("numbers").head()

    assert play(second) == 3


def test_a_run_that_never_ends_does_not_keep_a_node_from_stopping(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS))
        hub.runner.start(RunAllOptions(reset_pipes_and_delete_sink_datasets=False))
        await until_async(lambda: hub.executor.runs)
        hub.executor.runs["numbers"].cancel = lambda grace_s: None
        await hub.stop()
        return list(hub.pumps.driver.running)

    assert play(scenario, held=True, stop_grace_s=0.05) == []
