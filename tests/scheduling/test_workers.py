"""Worker processes: what they give back, and what happens when one dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from processes import is_alive, kill, until

from sesam_node.errors import ConfigError, Problem, SesamError, StoreError
from sesam_node.pipes.runs import PipeDefinition, RunRequest
from sesam_node.store import open_store


def embedded(pipe_id="numbers", count=3):
    """A pipe that needs nothing but itself."""
    return PipeDefinition(
        {
            "_id": pipe_id,
            "type": "pipe",
            "source": {
                "type": "embedded",
                "entities": [{"_id": str(number)} for number in range(count)],
            },
            "sink": {"type": "dataset", "dataset": pipe_id},
            "pump": {},
        }
    )


def request(definition, run_id="run"):
    return RunRequest(run_id, definition, epoch=1, revision=1)


def test_a_value_comes_back(call):
    assert call("echo", value={"a": [1, "å"]}).wait() == {"a": [1, "å"]}


def test_a_stream_comes_back_in_chunks_and_in_order(call):
    assert list(call("count", chunks=100).iterate()) == [bytes([n]) for n in range(100)]


def test_a_task_reads_a_stream_without_a_thread(call):
    async def read():
        return [chunk async for chunk in call("count", chunks=50).chunks()]

    assert asyncio.run(read()) == [bytes([n]) for n in range(50)]


def test_an_operation_that_asks_for_the_store_gets_it(call, tmp_path):
    assert call("names").wait() == []


def test_workers_are_used_again(call):
    assert len({call("process_id").wait() for _ in range(20)}) == 1


def test_an_error_keeps_its_class_and_its_problems(call):
    with pytest.raises(ConfigError) as caught:
        call("fail").wait()

    assert caught.value.problems == (Problem("$.a", "code", "message", "hint", component="p"),)


def test_an_error_that_cannot_travel_arrives_as_its_nearest_relative(call):
    with pytest.raises(StoreError, match="the store is odd") as caught:
        call("fail_oddly").wait()

    assert type(caught.value) is StoreError


def test_what_came_before_an_error_in_a_stream_is_not_lost(call):
    chunks = call("fail_midway").iterate()

    assert next(chunks) == b"first"
    with pytest.raises(ConfigError, match="too late"):
        next(chunks)


def test_the_time_limit_ends_an_operation_that_holds_the_interpreter(call):
    with pytest.raises(SesamError, match='"spin" was ended: it took longer than 0'):
        call("spin", timeout_s=0.2).wait()

    assert call("echo", value=1).wait() == 1


def test_a_slow_reader_costs_no_time(call):
    chunks = call("count", timeout_s=5.0, chunks=40).iterate()
    first = [next(chunks) for _ in range(3)]
    # As long as the reader has not taken more, the worker waits and its clock stands still.
    threading_wait(6.0)

    assert len(first + list(chunks)) == 40


def threading_wait(seconds):
    """Let time go by that a reader might take."""
    threading.Event().wait(seconds)


def test_a_reader_that_is_slow_or_goes_away_stops_the_work(call, executor, tmp_path):
    path = tmp_path / "number"
    chunks = call("endless", path=str(path)).iterate()
    next(chunks)
    # One that was read, eight on their way, and one that the worker has in hand.
    until(lambda: path.exists() and path.read_text() == "10")
    chunks.close()

    assert call("echo", value=1).wait() == 1
    assert path.read_text() == "10"


def test_the_memory_limit_ends_the_operation_and_not_the_worker(call):
    before = call("process_id").wait()
    with pytest.raises(SesamError, match="needs more than 2048 MiB of memory"):
        call("hog").wait()

    assert call("process_id").wait() == before


def test_a_worker_that_is_killed_fails_its_call_only_and_is_replaced(call, executor):
    waiting = call("nap", seconds=60)
    other = call("nap", seconds=0.5)
    victim = until(lambda: len(executor.calls.pids()) == 2 and waiting_pid(executor))
    kill(victim)

    with pytest.raises(SesamError, match="its worker process was killed by SIGKILL"):
        waiting.wait()
    assert other.wait() is None
    assert call("echo", value=1).wait() == 1


def waiting_pid(executor):
    """The process of the call that naps for a minute."""
    return next(
        (
            job.process.pid
            for job in executor.calls._busy
            if job._payload.get("seconds") == 60 and job.process and job.begun
        ),
        None,
    )


def test_a_call_whose_worker_died_before_it_began_is_given_to_another(call, executor):
    call("process_id").wait()
    process = next(iter(executor.calls._processes))
    os.kill(process.pid, signal.SIGSTOP)
    waiting = call("echo", value=1)
    until(lambda: any(job.process is process for job in executor.calls._busy))
    kill(process.pid)

    assert waiting.wait() == 1
    assert process.pid not in executor.calls.pids()


def test_an_idle_worker_that_is_killed_is_not_missed(call, executor):
    kill(call("process_id").wait())

    assert until(lambda: not is_alive(executor.calls.pids()[0])) is True
    assert call("echo", value=1).wait() == 1


def test_a_pump_runs_in_a_worker(executor, tmp_path):
    result = executor.submit(request(embedded())).result().result(30)

    assert (result.success, result.processed, result.changed) == (True, 3, 3)
    assert result.changed_datasets == ["numbers"]
    store = open_store(f"lmdb:{tmp_path / 'store'}")
    assert store.dataset("numbers").head() == 3
    store.close()


def test_a_run_is_stopped_before_it_begins(executor):
    handles = [
        executor.submit(request(embedded(f"p{number}"), f"run-{number}")) for number in range(20)
    ]
    handles[-1].cancel()
    result = handles[-1].result().result(30)

    assert (result.success, result.cancelled, result.error) == (False, True, "the run was stopped")
    assert all(handle.result().result(30).success for handle in handles[:-1])


def test_close_ends_every_process(known, tmp_path):
    from sesam_node.scheduling.workers import WorkerExecutor

    executor = WorkerExecutor(f"lmdb:{tmp_path / 'store'}", 1, 2)
    executor.warm()
    call = executor.call("worker_operations:nap", {"seconds": 60}, timeout_s=90)
    pids = until(lambda: len(executor.calls.pids() + executor.pumps.pids()) >= 2) and (
        executor.calls.pids() + executor.pumps.pids()
    )
    executor.close(0.2)

    assert [is_alive(pid) for pid in pids] == [False] * len(pids)
    with pytest.raises(SesamError):
        call.wait()
    with pytest.raises(SesamError, match="the node is stopping"):
        executor.call("worker_operations:echo", {"value": 1}, timeout_s=1)


PARENT = textwrap.dedent(
    """
    import sys, time
    from sesam_node.scheduling.workers import WorkerExecutor

    executor = WorkerExecutor("memory:", 1, 2)
    call = executor.call("worker_operations:process_id", {}, timeout_s=60)
    busy = executor.call("worker_operations:" + sys.argv[1], eval(sys.argv[2]), timeout_s=600)
    call.wait()
    while len(executor.calls._busy) != 1:
        time.sleep(0.01)
    print(*executor.calls.pids(), flush=True)
    busy.wait()
    """
)


@pytest.mark.parametrize(("operation", "payload"), [("nap", "{'seconds': 600}"), ("spin", "{}")])
def test_workers_end_when_the_process_that_started_them_is_killed(known, operation, payload):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, operation, payload],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    with parent:
        pids = [int(text) for text in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(signal.SIGKILL)

    for pid in pids:
        until(lambda pid=pid: not is_alive(pid))


def test_who_waits_in_vain_for_a_system_is_told_what_for(call):
    call("take_turns", system="api", pause_s=0.0).wait()
    with pytest.raises(SesamError, match='waiting for its turn at the system "api"'):
        call("take_turns", timeout_s=0.5, system="api", pause_s=3600.0).wait()
