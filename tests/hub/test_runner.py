"""`run-all-pipes`: what runs, when it is at rest, and what it says then."""

from __future__ import annotations

import json

from hub_testing import document, pipe
from processes import until_async

from sesam_node.hub import RunAllOptions
from sesam_node.pipes.reading import Selection

NUMBERS = pipe("numbers", [{"_id": str(number), "n": number} for number in range(5)])
DOUBLE = pipe("double", "numbers", ["copy", "_id"], ["add", "n", ["*", 2, "_S.n"]])
SUMMED = pipe(
    "summed",
    "double",
    ["copy", ["list", "_id", "n"]],
    [
        "add",
        "other",
        ["hops", {"datasets": ["numbers x"], "where": ["eq", "_S._id", "x._id"], "return": "x.n"}],
    ],
)
FAILING = pipe("failing", "numbers", ["fail!", "never"])


def content(hub, name):
    stream = hub.datasets.entities(name, Selection(history=False, deleted=False))
    entities = json.loads(b"".join(stream.chunks))
    return sorted(
        ({k: v for k, v in entity.items() if k == "_id" or k[0] != "_"} for entity in entities),
        key=lambda entity: entity["_id"],
    )


def test_a_chain_of_three_pipes_comes_to_rest_with_everything_in_it(play_real):
    async def scenario(hub):
        # Written against the order of the graph.
        await hub.configuration.put(document(SUMMED, DOUBLE, NUMBERS))
        answer = await hub.runner.run_all(RunAllOptions(output_run_statistics=True))
        return answer["status"], content(hub, "summed"), answer["additional_info"].splitlines()[0]

    status, summed, info = play_real(scenario)

    assert status == "success"
    assert summed == [{"_id": str(n), "n": 2 * n, "other": [n]} for n in range(5)]
    assert info.startswith("3 passes, 3 runs, ")


def test_disabled_and_manual_pipes_run_and_endpoints_do_not(play):
    manual = {**DOUBLE, "pump": {"mode": "manual"}}
    off = pipe("off", "numbers", pump={"mode": "off"})
    published = pipe("published", "double", sink={"type": "http_endpoint"})

    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, manual, published, off))
        hub.operations.disable("numbers")
        answer = await hub.runner.run_all(RunAllOptions())
        lines = [line["logdata"] for line in hub.runner.log()]
        return answer["status"], content(hub, "double")[1], hub.store.names(), lines

    status, one, names, lines = play(scenario)

    assert (status, one) == ("success", {"_id": "1", "n": 2})
    assert [name for name in names if not name.startswith("system:")] == ["double", "numbers"]
    assert 'off: left out, the mode of its pump is "off"' in lines


def test_a_pipe_that_fails_to_the_end_fails_the_run_with_its_error(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, FAILING, DOUBLE))
        answer = await hub.runner.run_all(RunAllOptions())
        return answer["status"], answer["additional_info"], len(content(hub, "double"))

    status, info, doubled = play(scenario)

    assert (status, doubled) == ("failed", 5)
    assert info.startswith('pipe "failing" failed: ')


def test_a_failing_input_pipe_matters_only_where_that_is_asked_for(play):
    system = {"_id": "files", "type": "system:url", "url_pattern": "file:///nowhere/%s"}
    source = {"type": "csv", "system": "files", "url": "none.csv", "primary_key": "a"}

    async def scenario(hub):
        await hub.configuration.put(document(system, pipe("rows", source), NUMBERS))
        lax = await hub.runner.run_all(RunAllOptions())
        strict = await hub.runner.run_all(RunAllOptions(check_input_pipes=True))
        return lax["status"], strict["status"]

    assert play(scenario) == ("success", "failed")


def test_what_receivers_got_is_kept_where_that_is_asked_for_and_else_deleted(play):
    receiver = pipe("receiver", {"type": "http_endpoint"})
    reader = pipe("reader", "receiver", ["copy", "*"])

    async def scenario(hub):
        await hub.configuration.put(document(receiver, reader))
        await hub.pipes.receive("receiver", b'[{"_id": "1"}]', push={})
        found = []
        for keep in (True, False):
            answer = await hub.runner.run_all(RunAllOptions(delete_input_datasets=not keep))
            found.append((answer["status"], "receiver" in hub.store.names()))
        return found

    assert play(scenario) == [("success", True), ("success", False)]


def test_without_a_reset_pipes_go_on_where_they_are(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, DOUBLE))
        await hub.runner.run_all(RunAllOptions())
        generation = hub.store.dataset("double").generation
        options = RunAllOptions(reset_pipes_and_delete_sink_datasets=False)
        again = await hub.runner.run_all(options)
        return again["status"], hub.store.dataset("double").generation == generation

    assert play(scenario) == ("success", True)


def test_a_cycle_is_run_until_it_is_at_rest(play):
    first = pipe("first", {"type": "union_datasets", "datasets": ["numbers", "second"]})
    first["source"]["prefix_ids"] = False
    second = pipe("second", "first", ["copy", "*"])

    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, first, second))
        answer = await hub.runner.run_all(RunAllOptions())
        return answer["status"], len(content(hub, "second"))

    assert play(scenario) == ("success", 5)


def test_what_never_comes_to_rest_fails_after_the_passes_allowed(play):
    growing = pipe(
        "growing",
        {"type": "union_datasets", "datasets": ["numbers", "echo"], "prefix_ids": False},
        ["add", "_id", ["concat", "_S._id", "x"]],
    )
    echo = pipe("echo", "growing", ["copy", "*"])

    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, growing, echo))
        return await hub.runner.run_all(RunAllOptions(max_runs=3))

    answer = play(scenario)

    assert (answer["status"], answer["additional_info"]) == (
        "failed",
        "not at rest after 3 passes",
    )


def test_an_asynchronous_run_is_asked_for_by_its_token(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, DOUBLE))
        token = hub.runner.start(RunAllOptions())
        first = hub.runner.status(token)["status"]
        await until_async(lambda: hub.runner.status(token)["status"] != "running")
        return first, hub.runner.status(token)["status"], hub.runner.status("nobody")["status"]

    assert play(scenario) == ("running", "success", "not-running")


def test_the_log_gives_each_line_once(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, DOUBLE))
        await hub.runner.run_all(RunAllOptions())
        lines = hub.runner.log()
        middle = lines[len(lines) // 2]["timestamp"]
        return lines, hub.runner.log(middle), hub.runner.log(lines[-1]["timestamp"])

    lines, later, none = play(scenario)

    assert later == lines[len(lines) // 2 + 1 :]
    assert none == []
    assert {"timestamp", "loglevel", "logdata"} == set(lines[0])


def test_stop_ends_the_run_and_its_pumps(play_real):
    forever = pipe("many", [{"_id": str(n)} for n in range(30_000)])
    copies = [pipe(f"copy{n}", "many", ["copy", "*"]) for n in range(10)]

    async def scenario(hub):
        await hub.configuration.put(document(forever, *copies))
        token = hub.runner.start(RunAllOptions())
        await until_async(lambda: hub.pumps.driver.running)
        await hub.runner.stop()
        return (
            hub.runner.status(token),
            list(hub.pumps.driver.running),
            sorted(hub.pumps.driver.scheduler.held),
        )

    status, running, held = play_real(scenario)

    assert (status["status"], status["additional_info"]) == ("failed", "the run was stopped")
    assert (running, held) == ([], ["disable_user_pipes"])


def test_a_run_that_takes_too_long_fails(play_real):
    many = pipe("many", [{"_id": str(n)} for n in range(50_000)])

    async def scenario(hub):
        await hub.configuration.put(document(many))
        return await hub.runner.run_all(RunAllOptions(max_run_time=0.05))

    answer = play_real(scenario)

    assert (answer["status"], answer["additional_info"]) == (
        "failed",
        "not finished within 0.05 seconds",
    )


def test_poll_waits_until_a_node_that_runs_by_itself_is_at_rest(play):
    async def scenario(hub):
        await hub.configuration.put(document(NUMBERS, DOUBLE, quiet=False))
        hub.pumps.driver.start("numbers")
        answer = await hub.runner.run_all(RunAllOptions(scheduler_mode="poll", extra_zero_runs=0))
        return answer["status"], len(content(hub, "double"))

    assert play(scenario) == ("success", 5)


def test_delete_all_sink_datasets_resets_receivers_too(play):
    receiver = pipe("receiver", {"type": "http_endpoint"})

    async def scenario(hub):
        await hub.configuration.put(document(receiver, NUMBERS))
        await hub.pipes.receive("receiver", b'[{"_id": "1"}]', push={})
        await hub.pumps.driver.run("numbers")
        await hub.runner.delete_all_sink_datasets()
        return [name for name in hub.store.names() if not name.startswith("system:")]

    assert play(scenario) == []
