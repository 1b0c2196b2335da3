"""Every operation of the node's API has a call here, and the call really makes it.

A new operation needs a line in CALLS, or in LEFT_OUT with the reason why no person needs it.
"""

from __future__ import annotations

import re
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sesam_interactive.client.errors import ClientError

MANUAL = {"mode": "manual"}
CRM = {"_id": "crm", "type": "system:url", "url_pattern": "http://127.0.0.1:{port}/%s"}
MORE = [
    {
        "_id": "people-csv",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "sink": {"type": "csv_endpoint", "columns": ["_id", "name"]},
    },
    {
        "_id": "people-xml",
        "type": "pipe",
        "source": {"type": "embedded", "entities": [{"_id": "1", "<person>": {"<name>": "Ada"}}]},
        "sink": {"type": "xml_endpoint"},
    },
    {
        "_id": "people-excel",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "sink": {"type": "excel_endpoint"},
    },
    {
        "_id": "people-json",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "sink": {"type": "http_endpoint"},
    },
    {
        "_id": "spare",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "pump": MANUAL,
    },
    {
        "_id": "careful",
        "type": "pipe",
        "source": {
            "type": "embedded",
            "entities": [{"_id": str(number)} for number in range(10)],
        },
        "pump": MANUAL,
    },
]
RULES = [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]
TEXT = '[["add", "x", "_S.name"]]'
PASSWORD = "correct horse battery"


def drop(hub):
    """A system over a folder with one file."""
    folder = Path(tempfile.mkdtemp(prefix="sesam-drop-"))
    (folder / "people.csv").write_text("nr,name\n1,Ada\n")
    hub.systems.add({"_id": "drop", "type": "system:url", "url_pattern": f"{folder}/%s"})
    return hub.systems["drop"]


def pipe(name):
    return {"_id": name, "type": "pipe", "source": {"type": "empty"}, "pump": MANUAL}


def system(name):
    return {"_id": name, "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}


def user(hub):
    if "ada@example.com" not in hub.access.users:
        hub.access.users.add("ada@example.com", PASSWORD, roles=["group:Guest"])
    return hub.access.users["ada@example.com"]


def revoked(hub):
    hub.access.keys.add("nightly", ["group:Guest"])
    for key in hub.access.keys.list():
        hub.access.keys.revoke(key["id"])


def orphaned_index(hub):
    """An index that a preview has made, and no pipe needs."""
    hops = {"datasets": ["person p"], "where": ["eq", "_S.name", "p.name"]}
    looks = pipe("looks") | {
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {
            "type": "dtl",
            "rules": {"default": [["copy", "_id"], ["add", "n", ["count", ["hops", hops]]]]},
        },
    }
    hub.pipes.make("looks").save(looks)
    hub.pipes["looks"].run(progress=False)
    hub.pipes["looks"].delete()
    return hub.datasets["person"].delete_orphaned_indexes()


def no_log(hub):
    with pytest.raises(ClientError, match="runs no microservice"):
        hub.systems["crm"].log(since=0)


def no_reload(hub):
    with pytest.raises(ClientError, match="runs no microservice"):
        hub.systems["crm"].reload()


def comparison(hub):
    return hub.pipes["person-named"].diff(all=True, progress=False)


def given_up_comparison(hub):
    """Interrupted, a comparison ends on the node too."""
    import sesam_interactive.client.pipes as module

    def interrupt(_seconds):
        raise KeyboardInterrupt

    before, module.pause = module.pause, interrupt
    try:
        with pytest.raises(KeyboardInterrupt):
            comparison(hub)
    finally:
        module.pause = before


def reset(hub):
    hub.reset(confirm=hub.url)
    assert len(hub.pipes) == 0


CALLS = {
    "GET /": lambda hub: hub.about(),
    "GET /status": lambda hub: hub.status(),
    "GET /ping": lambda hub: hub.ping(),
    "GET /health": lambda hub: hub.health(),
    "GET /license": lambda hub: hub.license(),
    "GET /stats": lambda hub: hub.stats(),
    "GET /metrics": lambda hub: hub.metrics(),
    "GET /flow": lambda hub: hub.flow(),
    "GET /events": lambda hub: next(hub.events()),
    "GET /namespaces": lambda hub: hub.namespaces(),
    "GET /openapi.json": lambda hub: hub.openapi(),
    "GET /permissions/{path}": lambda hub: hub.pipes["person"].permissions(),
    "PUT /permissions/{path}": lambda hub: hub.pipes["person"].permit(
        [["allow", ["hr"], ["read_data"]]]
    ),
    "GET /config": lambda hub: hub.config(),
    "PUT /config": lambda hub: hub.config.replace(hub.config()),
    "GET /config/{group}": lambda hub: hub.config("apart"),
    "PUT /config/{group}": lambda hub: hub.config.replace([pipe("own")], group="apart"),
    "GET /config-all": lambda hub: hub.config.all_groups(),
    "PUT /config-all": lambda hub: hub.config.replace_all_groups(hub.config()),
    "POST /config-check": lambda hub: hub.config.check([pipe("new")]),
    "GET /config-history/entity": lambda hub: hub.config.history("person"),
    "GET /env": lambda hub: hub.env.all(),
    "POST /env": lambda hub: hub.env.add({"region": "eu"}),
    "PUT /env": lambda hub: hub.env.replace({"region": "eu"}),
    "DELETE /env/{name}": lambda hub: (hub.env.add({"x": 1}), hub.env.delete("x")),
    "GET /secrets": lambda hub: hub.secrets.names(),
    "POST /secrets": lambda hub: hub.secrets.add({"key": "v"}),
    "PUT /secrets": lambda hub: hub.secrets.replace({"key": "v"}),
    "DELETE /secrets/{key}": lambda hub: (hub.secrets.add({"k": "v"}), hub.secrets.delete("k")),
    "GET /systems/{system_id}/secrets": lambda hub: hub.systems["crm"].secrets.names(),
    "POST /systems/{system_id}/secrets": lambda hub: hub.systems["crm"].secrets.add({"k": "v"}),
    "PUT /systems/{system_id}/secrets": lambda hub: hub.systems["crm"].secrets.replace({"k": "v"}),
    "DELETE /systems/{system_id}/secrets/{key}": lambda hub: (
        hub.systems["crm"].secrets.add({"k": "v"}),
        hub.systems["crm"].secrets.delete("k"),
    ),
    "GET /metadata": lambda hub: hub.metadata.original,
    "PUT /metadata": lambda hub: hub.metadata.replace({"namespaced_identifiers": False}),
    "DELETE /metadata": lambda hub: hub.metadata.delete(),
    "POST /jwt": lambda hub: (user(hub), hub.access.log_in("ada@example.com", PASSWORD)),
    "GET /users": lambda hub: hub.access.users.names(),
    "POST /users": lambda hub: hub.access.users.add("bo@example.com", PASSWORD).remove(),
    "GET /users/{email}": lambda hub: user(hub).info(),
    "PUT /users/{email}": lambda hub: user(hub).change(name="Ada"),
    "DELETE /users/{email}": lambda hub: user(hub).remove(),
    "GET /api-keys": lambda hub: hub.access.keys.list(),
    "POST /api-keys": lambda hub: hub.access.keys.add("nightly", ["group:Guest"], days=1),
    "DELETE /api-keys/{key_id}": revoked,
    "POST /pipes/run-all-pipes": lambda hub: hub.pipes.run_all(progress=False),
    "GET /pipes/get-pipe-runner-status": lambda hub: hub.runner.status(),
    "GET /pipes/get-run-all-pipes-log": lambda hub: hub.runner.log(),
    "POST /pipes/stop-run-all-pipes": lambda hub: hub.runner.stop(),
    "POST /pipes/delete-all-sink-datasets": lambda hub: hub.runner.delete_all_sink_datasets(),
    "GET /pipes": lambda hub: hub.pipes.names(),
    "POST /pipes": lambda hub: hub.pipes.add(pipe("new")),
    "GET /pipes/{pipe_id}": lambda hub: hub.pipes["person"].info(),
    "DELETE /pipes/{pipe_id}": lambda hub: hub.pipes["spare"].delete(),
    "GET /pipes/{pipe_id}/config": lambda hub: hub.pipes["person"].config,
    "PUT /pipes/{pipe_id}/config": lambda hub: hub.pipes["spare"].save(pipe("spare")),
    "GET /pipes/{pipe_id}/pump": lambda hub: hub.pipes["person"].pump(),
    "POST /pipes/{pipe_id}/pump": lambda hub: hub.pipes["person-named"].reset(),
    "GET /pipes/{pipe_id}/entities": lambda hub: list(hub.pipes["person-named"].entities()),
    "POST /pipes/{pipe_id}/preview": lambda hub: hub.pipes["person-named"].preview(),
    "GET /pipes/{pipe_id}/log": lambda hub: hub.pipes["person"].log(),
    "GET /systems": lambda hub: hub.systems.names(),
    "POST /systems": lambda hub: hub.systems.add(system("more")),
    "GET /systems/{system_id}": lambda hub: hub.systems["crm"].info(),
    "DELETE /systems/{system_id}": lambda hub: hub.systems["erp"].delete(),
    "GET /systems/{system_id}/config": lambda hub: hub.systems["crm"].config,
    "GET /systems/{system_id}/status": lambda hub: hub.systems["crm"].status(),
    "GET /systems/{system_id}/logs": no_log,
    "POST /systems/{system_id}/reload": no_reload,
    "GET /systems/{system_id}/providers": lambda hub: drop(hub).browse(),
    "GET /systems/{system_id}/providers/{provider_id}": lambda hub: drop(hub).browse("people.csv"),
    "GET /systems/{system_id}/targets": lambda hub: drop(hub).targets(),
    "GET /systems/{system_id}/source-prototypes": lambda hub: drop(hub).collect(
        "people.csv", run=False
    ),
    "GET /systems/{system_id}/sink-prototypes": lambda hub: drop(hub).share_pipes(),
    "PUT /systems/{system_id}/config": lambda hub: hub.systems["erp"].save(system("erp")),
    **{
        f"{method} /systems/{{system_id}}/proxy/{{path}}": lambda hub, method=method: hub.systems[
            "crm"
        ].request(method, "/people/1?x=1")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    },
    "GET /datasets": lambda hub: hub.datasets.names(),
    "GET /datasets/{dataset_id}": lambda hub: hub.datasets["person"].info(),
    "POST /datasets/{dataset_id}": lambda hub: hub.datasets["person"].compact(),
    "DELETE /datasets/{dataset_id}": lambda hub: hub.datasets["dept"].delete(),
    "GET /datasets/{dataset_id}/entities": lambda hub: list(hub.datasets["person"]),
    "POST /datasets/{dataset_id}/entities": lambda hub: hub.datasets["person"].repost("1", "2"),
    "GET /datasets/{dataset_id}/entity": lambda hub: hub.datasets["person"].entity("1"),
    "POST /datasets/{dataset_id}/query": lambda hub: list(hub.datasets["person"].query()),
    "GET /datasets/{dataset_id}/diff": lambda hub: list(hub.datasets["person"].diff(0)),
    "GET /datasets/{dataset_id}/history": lambda hub: hub.datasets["person"].history("1"),
    "GET /datasets/{dataset_id}/indexes": lambda hub: hub.datasets["person"].indexes(),
    "DELETE /datasets/{dataset_id}/indexes/{index_id}": orphaned_index,
    "GET /publishers/{pipe_id}/entities": lambda hub: hub.pipes["people-json"].published(),
    "GET /publishers/{pipe_id}/csv": lambda hub: hub.pipes["people-csv"].published("csv"),
    "GET /publishers/{pipe_id}/xml": lambda hub: hub.pipes["people-xml"].published("xml"),
    "GET /publishers/{pipe_id}/excel": lambda hub: hub.pipes["people-excel"].published("excel"),
    "POST /receivers/{pipe_id}/entities": lambda hub: hub.pipes["inbox"].push([{"_id": "1"}]),
    "GET /webhooks": lambda hub: hub.webhooks.list(),
    "DELETE /webhooks/{hook_id}": lambda hub: (
        hub.webhooks.add("person", "http://127.0.0.1:9/told", "a-token"),
        hub.webhooks.delete(hub.webhooks.list()[0]["id"]),
    ),
    "GET /dtl/functions": lambda hub: hub.dtl.function("upper"),
    "POST /dtl/check": lambda hub: hub.dtl.check(RULES),
    "POST /dtl/preview": lambda hub: hub.dtl.preview(RULES, dataset="person"),
    "POST /dtl/trace": lambda hub: hub.dtl.trace(RULES, dataset="person", ids=["1"]),
    "POST /dtl/live": lambda hub: hub.dtl.live(TEXT, dataset="person"),
    "POST /dtl/scan": lambda hub: hub.dtl.scan(
        {"runs": True, "at": "$.default"}, rules=RULES, dataset="person"
    ),
    "POST /dtl/explain": lambda hub: hub.dtl.explain(pipe=hub.pipes["person-named"]),
    "POST /dtl/complete": lambda hub: hub.dtl.complete(TEXT, 4),
    "POST /dtl/hover": lambda hub: hub.dtl.hover(TEXT, 4),
    "POST /dtl/symbols": lambda hub: hub.dtl.symbol(TEXT, 4),
    "POST /dtl/format": lambda hub: hub.dtl.format(TEXT),
    "GET /datasets/{dataset_id}/why": lambda hub: hub.datasets["person"].why("1"),
    "GET /datasets/{dataset_id}/references": lambda hub: hub.datasets["person"].references("1"),
    "GET /datasets/{dataset_id}/lineage": lambda hub: hub.datasets["person"].lineage(),
    "GET /pipes/{pipe_id}/lineage": lambda hub: hub.pipes["person-named"].lineage(),
    "POST /pipes/{pipe_id}/diff": lambda hub: hub.pipes["person-named"].diff(),
    "GET /pipes/{pipe_id}/diff/{job_id}": comparison,
    "DELETE /pipes/{pipe_id}/diff/{job_id}": given_up_comparison,
    "GET /pipes/{pipe_id}/entity-types/source": lambda hub: hub.pipes["spare"].entity_type(
        "source"
    ),
    "GET /pipes/{pipe_id}/entity-types/sink": lambda hub: hub.pipes["person"].entity_type(),
    "GET /pipes/{pipe_id}/generate-schema-definition": lambda hub: hub.pipes["person"].columns(),
    "GET /datasets/{dataset_id}/schema": lambda hub: hub.datasets["person"].schema(),
    "GET /datasets/{dataset_id}/generate-schema-definition": lambda hub: hub.datasets[
        "person"
    ].columns(),
    # The last, as it takes everything away.
    "POST /admin": reset,
}
LEFT_OUT = {
    "POST /dtl/why": "a page without a kernel asks it; a debugging session knows by its trace",
    "POST /datasets/{dataset_id}/rows": "what the grid asks; people ask POST .../query",
    "POST /": "the same as POST /admin",
    "PATCH /env": "the same as POST /env",
    "PUT /license": "the node needs no key and keeps none: 501",
    "GET /logs": "the node keeps no log files: always empty",
    "GET /logs/{name}": "the node keeps no log files: always 404",
    "GET /backups": "the node makes no backups: always empty",
    "GET /restores": "the node makes no backups: always empty",
    "GET /models": "models are not built: always empty",
    "POST /models": "models are not built: 501",
    "GET /models/{name}": "models are not built: always 404",
    "GET /datasets/{dataset_id}/entities/{entity_id}": "the older form of GET …/entity",
    "GET /publishers/{pipe_id}/entities/{filename}": "names the file that a browser saves",
    "GET /publishers/{pipe_id}/csv/{filename}": "names the file that a browser saves",
    "GET /publishers/{pipe_id}/xml/{filename}": "names the file that a browser saves",
    "GET /publishers/{pipe_id}/excel/{filename}": "names the file that a browser saves",
    "POST /pipes/{pipe_id}/webhook": "other nodes call it, with a token that people never see",
    "GET /reference": "a page to read in a browser",
    **{
        f"GET {path}": "SDShare clients read it; people read the entities"
        for path in (
            "/datasets/{dataset_id}/sdshare-collection",
            "/datasets/{dataset_id}/sdshare-fragments",
            "/datasets/{dataset_id}/sdshare-fragments/{entity_id}",
            "/publishers/{pipe_id}/sdshare-collection",
            "/publishers/{pipe_id}/sdshare-fragments",
        )
    },
    "POST /receivers/{pipe_id}/sdshare-push-receiver": "SDShare clients push to it",
}


class Foreign(BaseHTTPRequestHandler):
    """The server behind the system `crm`."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = f"{self.command} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    setattr(Foreign, f"do_{method}", Foreign.answer)


@pytest.fixture(scope="module")
def foreign():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def filled(hub, foreign):
    """A node with a bit of everything."""
    crm = CRM | {"url_pattern": CRM["url_pattern"].format(port=foreign)}
    kept = [item for item in hub.config() if item["_id"] != "failing"]
    hub.config.replace([*kept, *MORE, crm, system("erp")])
    for name in ("person", "dept"):
        hub.pipes[name].run(progress=False)
    return hub


def operations(hub):
    """Every operation of the node, as `GET /pipes/{pipe_id}`."""
    return {
        f"{method.upper()} {path.removeprefix('/api') or '/'}"
        for path, methods in hub.openapi()["paths"].items()
        for method in methods
    }


def pattern(template):
    """The requests of an operation: `{path}` takes slashes, other names do not."""
    escaped = re.escape(template).replace(r"\{path\}", ".+")
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", escaped))


def test_every_operation_has_a_call_or_a_reason_why_not(hub):
    known = CALLS.keys() | LEFT_OUT.keys()
    assert operations(hub) - known == set(), "operations without a call"
    assert known - operations(hub) == set(), "there are no such operations"
    assert CALLS.keys() & LEFT_OUT.keys() == set()


@pytest.mark.parametrize("operation", CALLS)
def test_the_call_makes_the_operation(filled, operation):
    made = []

    def note(request):
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/api") or "/"
        made.append(f"{request.method} {path}")

    filled.connection._client.event_hooks = {"request": [note]}
    CALLS[operation](filled)
    wanted = pattern(operation)
    assert any(wanted.fullmatch(item) for item in made), made
