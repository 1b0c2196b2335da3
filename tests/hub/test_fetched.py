"""What runs fetch for their transforms is shown in the effective configuration of the pipe."""

from __future__ import annotations

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from hub_testing import document

SCHEMA = {"type": "object", "required": ["name"]}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def files(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "person.json").write_text(json.dumps(SCHEMA))
    handler = partial(Quiet, directory=str(tmp_path / "files"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/%s"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_fetched_schema_is_shown_after_the_run(play, files):
    transform = {"type": "json_schema", "schema_url": "person.json", "system": "files"}
    source = {"type": "embedded", "entities": [{"_id": "1", "name": "Ada"}]}
    manual = {"mode": "manual"}
    components = [
        {"_id": "files", "type": "system:url", "url_pattern": files},
        {"_id": "p", "type": "pipe", "source": source, "transform": transform, "pump": manual},
        {"_id": "q", "type": "pipe", "source": source, "transform": [transform], "pump": manual},
    ]

    async def scenario(hub):
        await hub.configuration.put(document(*components))
        before = hub.pipes.get("p")["config"]
        for pipe in ("p", "q"):
            await hub.pumps.driver.run(pipe)
        return before, hub.pipes.get("p")["config"], hub.pipes.get("q")["config"]

    before, one, listed = play(scenario)
    assert before["effective"]["transform"] == transform
    assert one["effective"]["transform"] == {**transform, "schema": SCHEMA}
    assert one["original"]["transform"] == transform
    assert listed["effective"]["transform"] == [{**transform, "schema": SCHEMA}]
