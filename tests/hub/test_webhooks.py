"""Others are told of news, and tell us."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hub_testing import document, pipe
from processes import until_async

from sesam_node.errors import InputError, NotFoundError
from sesam_node.hub import webhooks
from sesam_node.scheduling.scheduler import Changed

TOKEN = "told-token"


class Receiver(BaseHTTPRequestHandler):
    """Remembers what it was told, and answers with the statuses it was given, 200 at the end."""

    def do_POST(self):
        server = self.server
        server.told.append(self.rfile.read(int(self.headers["Content-Length"])))
        server.may_answer.wait(60)
        self.send_response(server.statuses.pop(0) if server.statuses else 200)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.told, server.statuses, server.may_answer = [], [], threading.Event()
    server.may_answer.set()
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever).start()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()


def change(hub, dataset="rows"):
    hub.pumps.driver.handle(Changed(frozenset([dataset])))


def quiet(hub):
    return not hub.webhooks._tasks


def waits(hub):
    """How long the hooks waited between tries; the waiting itself is left out."""
    found = []

    async def sleep(seconds):
        found.append(seconds)

    hub.webhooks._sleep = sleep
    return found


def test_a_receiver_is_told_of_a_run_that_changed_the_dataset_and_of_its_log(play, receiver):
    async def scenario(hub):
        hub.pumps.driver.hold("test")
        await hub.configuration.put(document(pipe("rows", [{"_id": "1"}]), pipe("other", [])))
        hub.webhooks.register("rows", receiver.url, TOKEN)
        await hub.pumps.driver.run("other")
        await hub.pumps.driver.run("rows")
        await until_async(lambda: receiver.told and quiet(hub))
        assert [json.loads(body) for body in receiver.told] == [{"token": TOKEN}]
        hub.webhooks.register("system:pump_execution:rows", receiver.url, "for the log")
        hub.webhooks.changed(["system:pump_execution:rows"])
        await until_async(lambda: len(receiver.told) == 2 and quiet(hub))
        assert json.loads(receiver.told[1]) == {"token": "for the log"}

    play(scenario)


def test_changes_that_come_meanwhile_are_told_once(play, receiver):
    async def scenario(hub):
        hub.webhooks.register("rows", receiver.url, TOKEN)
        receiver.may_answer.clear()
        change(hub)
        await until_async(lambda: receiver.told)
        for _ in range(5):
            change(hub)
        receiver.may_answer.set()
        await until_async(lambda: quiet(hub))
        assert len(receiver.told) == 2

    play(scenario)


def test_a_receiver_that_does_not_know_the_token_is_forgotten(play, receiver):
    async def scenario(hub):
        hub.webhooks.register("rows", receiver.url, TOKEN)
        receiver.statuses = [404]
        change(hub)
        await until_async(lambda: quiet(hub))
        assert hub.webhooks.list() == []
        assert hub.store.settings.items("webhook/") == {}
        change(hub)
        assert quiet(hub)

    play(scenario)


def test_a_receiver_that_fails_is_tried_again_later_and_later(play, receiver):
    async def scenario(hub):
        found = waits(hub)
        hub.webhooks.register("rows", receiver.url, TOKEN)
        receiver.statuses = [500, 302, 429]
        change(hub)
        await until_async(lambda: quiet(hub))
        assert (len(receiver.told), found) == (4, [1.0, 2.0, 4.0])

    play(scenario)


def test_a_receiver_that_is_gone_is_given_up_and_told_with_the_next_change(play, receiver, caplog):
    async def scenario(hub):
        found = waits(hub)
        hub.webhooks.register("rows", receiver.url, TOKEN)
        receiver.statuses = [500] * webhooks.MOST_TRIES
        change(hub)
        await until_async(lambda: quiet(hub))
        assert found[-1] == 256.0
        assert "was not told: the answer was 500" in caplog.text
        change(hub)
        await until_async(lambda: quiet(hub))
        assert len(receiver.told) == webhooks.MOST_TRIES + 1
        assert TOKEN not in caplog.text

    play(scenario)


def test_hooks_outlive_a_restart_and_are_told_once_then(play, receiver):
    async def register(hub):
        hub.webhooks.register("rows", receiver.url, "old")
        hub.webhooks.register("rows", receiver.url, TOKEN)
        stored = b"".join(hub.store.settings.items("webhook/").values())
        assert TOKEN.encode() not in stored

    async def again(hub):
        await until_async(lambda: receiver.told and quiet(hub))
        assert [json.loads(body) for body in receiver.told] == [{"token": TOKEN}]
        [hook] = hub.webhooks.list()
        assert set(hook) == {"id", "dataset", "url"}
        hub.webhooks.forget(hook["id"])
        with pytest.raises(NotFoundError):
            hub.webhooks.forget(hook["id"])

    play(register)
    play(again)


def test_a_node_that_stops_tells_nobody_any_more(play, receiver):
    async def scenario(hub):
        hub.webhooks.register("rows", receiver.url, TOKEN)
        receiver.statuses = [500]
        hub.webhooks._sleep = lambda _: asyncio.Event().wait()
        change(hub)
        await until_async(lambda: receiver.told)
        [told] = hub.webhooks._tasks.values()
        await hub.stop()
        assert told.done()

    play(scenario)


def test_link_local_addresses_are_told_nothing_by_a_node_that_others_reach(play, caplog):
    async def scenario(hub):
        waits(hub)
        hub.webhooks.register("rows", "http://169.254.169.254/latest", TOKEN)
        change(hub)
        await until_async(lambda: quiet(hub))
        assert "link-local, which is denied" in caplog.text

    play(scenario, host="0.0.0.0", jwt_key="k" * 40)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x/y",
        "file:///etc/passwd",
        "http://",
        "http://u:p@x/",
        "x",
        "http://x:port/",
        "http://[",
        "http://x/" + "y" * 3000,
    ],
)
def test_what_is_no_url_is_refused(play, url):
    async def scenario(hub):
        with pytest.raises(InputError):
            hub.webhooks.register("rows", url, TOKEN)
        with pytest.raises(InputError):
            hub.webhooks.register("rows", "http://x/", "")

    play(scenario)


def test_a_pipe_is_started_by_its_token_and_by_no_other(play):
    async def scenario(hub):
        await hub.configuration.put(document(pipe("p", "x"), pipe("q", "x"), quiet=False))
        token = hub.webhooks.token("p")
        assert hub.webhooks.token("p") == token
        for name, given in (("p", "x"), ("p", ""), ("p", None), ("q", token), ("no", token)):
            with pytest.raises(NotFoundError, match="there is no such webhook"):
                hub.webhooks.signal(name, given)
        assert hub.executor.runs == {}
        hub.webhooks.signal("p", token)
        hub.webhooks.signal("p", token)
        assert list(hub.executor.runs) == ["p"]
        first = hub.executor.runs["p"]
        first.end()
        # It was told again while it ran, so it runs again.
        await until_async(lambda: hub.executor.runs["p"] is not first)
        hub.executor.runs["p"].end()
        await asyncio.sleep(0)

    play(scenario, held=True)
