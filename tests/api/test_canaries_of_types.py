"""No type of system gives its secrets away: a new one is planted with canaries by itself.

Each system that runs gets a configuration made of its declared options, one for each secret option,
and a pipe for each source and sink that takes it. They talk to a server that understands nothing
and repeats what it was sent, and to one that is not there. Then everything that comes out is
searched: answers, logs, files, processes, what notebooks show.
"""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time

import httpx
import pytest
from canary_search import Search

from sesam_interactive.client.connection import Connection
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.hub import Hub
from sesam_node.cli.child import ChildNode
from sesam_node.pipes.component import specs

LITERAL = "c4nary-literal/9="
MANUAL = {"mode": "manual"}
CLOSED = 9
SELECTING = {
    "password": {"authentication": "basic"},
    "jwt_token": {"authentication": "jwt"},
}
"""What else makes an option be used, where the type has that option."""
VALUES = {
    "graph": "http://example.com/graph",
    "fragment_query": "DESCRIBE <${uri}>",
    "mail_from": "ada@example.com",
}
"""What must have a form of its own."""
STORAGE = {"account_key": "az://x/%s", "sas_token": "az://x/%s", "service_account_key": "gs://x/%s"}
"""Which object storage a secret is for; S3 where it is not told."""
PARTNERS = {
    "account_key": {"account_name": "x"},
    "sas_token": {"account_name": "x"},
    "secret_access_key": {"access_key_id": "x"},
}
"""What a secret does not go without."""
REFUSED = {"tripletex"}
"""Options that are refused by name, before anything is asked."""


class Parrot(socketserver.BaseRequestHandler):
    """Repeats what it was sent, as an HTTP error, and hangs up; speaks first where nobody does."""

    def handle(self):
        self.request.settimeout(0.5)
        try:
            sent = self.request.recv(65536)
        except OSError:
            sent = b""
        self.server.heard.append(sent)
        head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(sent)}\r\n"
        head += "Connection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            self.request.sendall(head.encode() + sent)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    heard: list


@pytest.fixture
def parrot():
    with Server(("127.0.0.1", 0), Parrot) as server:
        server.heard = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def value_of(option, port):
    """A value that an option takes; where it says a place, that of the server."""
    name, kind = option.name, option.kinds[0]
    if name in VALUES:
        return VALUES[name]
    if kind == "boolean":
        return False
    if option.choices:
        return option.choices[0]
    if name == "url_pattern":
        return f"http://127.0.0.1:{port}/%s"
    if name == "tns_name":
        address = f"(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT={port}))"
        return f"(DESCRIPTION={address}(CONNECT_DATA=(SERVICE_NAME=x)))"
    if name.endswith(("url", "endpoint")) and name != "url":
        return f"http://127.0.0.1:{port}/{name}"
    if kind == "object" and not option.fields:
        return {}
    if "servers" in name or name == "hosts":
        return f"127.0.0.1:{port}" if kind == "string" else [f"127.0.0.1:{port}"]
    if "host" in name or "server" in name:
        return "127.0.0.1"
    if name == "port":
        return port
    if option.fields:
        return {one.name: value_of(one, port) for one in option.fields if one.required}
    values = {"string": "x", "integer": 1, "number": 1, "boolean": False, "string-list": ["x"]}
    return values.get(kind, {} if kind == "object" else [])


def is_place(option):
    words = ("host", "port", "url_pattern", "server", "_url", "endpoint")
    return any(word in option.name for word in words)


def planted(options, port, secrets, prefix, chosen):
    """The options of one component with a canary in the secret option `chosen`, a path."""
    made = {}
    name, _, rest = chosen.partition(".")
    for option in options:
        if option.name == name and rest:
            made[name] = planted(option.fields, port, secrets, f"{prefix}-{name}", rest)
            if name == "storage":
                made["url_pattern"] = STORAGE.get(rest, "s3://x/%s")
        elif option.secret and (option.required or option.name == name):
            key = f"{prefix}-{option.name}"
            # With characters that URLs, JSON and HTML write otherwise.
            secrets[key] = f'c4n"ary {key}+/&='
            text = f"$SECRET({key})"
            made[option.name] = text if "string" in option.kinds else {"x": text}
            made |= PARTNERS.get(option.name, {})
        elif option.required or (is_place(option) and not option.deprecated):
            made.setdefault(option.name, value_of(option, port))
    for other in options:
        if other.name in SELECTING.get(name, {}) and other.choices:
            made |= SELECTING[name] | {"username": "ada"}
    return made


def secret_paths(options, before=""):
    """The paths of all secret options, without those in lists and maps."""
    for option in options:
        if option.secret and option.name not in REFUSED:
            yield f"{before}{option.name}"
        yield from secret_paths(option.fields, f"{before}{option.name}.")


def configuration(parrot_port, secrets):
    """Systems of every type that runs, once for each of their secrets, and pipes for them."""
    components = []
    for (kind, type_), spec in specs().items():
        if kind != "system" or not spec.built:
            continue
        for number, path in enumerate(secret_paths(spec.options)):
            # A server that is not there is told of in one way, whatever the login.
            for port in (parrot_port, CLOSED) if number == 0 else (parrot_port,):
                name = f"{type_}-{path.replace('.', '-')}-{port}".lower().replace("_", "-")
                own = secrets.setdefault(name, {})
                made = planted(spec.options, port, own, name, path)
                components.append({"_id": name, "type": f"system:{type_}", **made})
                made = list(pipes_of(name, type_, port))
                # How it logs in is the system's: for further secrets one of each kind will do.
                first = {pipe["_id"].rpartition("-")[2]: pipe for pipe in reversed(made)}
                components += made if number == 0 else first.values()
    return components


def pipes_of(system, type_, port):
    for (kind, component), spec in specs().items():
        if kind not in ("source", "sink") or not spec.built or type_ not in spec.system_types:
            continue
        made = {"type": component}
        for option in spec.options:
            if option.required or option.name == "system":
                made[option.name] = system if option.name == "system" else value_of(option, port)
        if component == "sql" and kind == "source":
            made["table"] = "x"
        if component == "rest":
            operation = {"url": "x", "method": "GET" if kind == "source" else "POST"}
            made |= {"operation": "x", "operations": {"x": operation}}
        pipe = {"_id": f"{system}-{component}-{kind}", "type": "pipe", kind: made}
        # Reading is tried once: what is looked for is in its first failure.
        pump = {**MANUAL, "max_read_retries": 0}
        if kind == "sink":
            entities = [{"_id": "1", "name": "Ada"}]
            pipe["source"] = {"type": "embedded", "entities": entities}
            pump["max_retries_per_entity"] = 1
        yield {**pipe, "pump": pump}


def literal_systems(port):
    """What stands in the configuration as it is may be read there, and nowhere else."""
    yield {
        "_id": "literal-url",
        "type": "system:url",
        "url_pattern": f"http://ada:{LITERAL.replace('/', '%2F')}@127.0.0.1:{port}/{LITERAL}/%s",
        "headers": {"Authorization": f"Bearer {LITERAL}"},
    }
    yield {
        "_id": "literal-option",
        "type": "system:url",
        "url_pattern": f"http://127.0.0.1:{port}/%s",
        "authentication": "jwt",
        "jwt_token": "$ENV(literal)",
    }
    for name in ("literal-url", "literal-option"):
        source = {"type": "json", "system": name, "url": "x"}
        yield {"_id": f"{name}-pipe", "type": "pipe", "source": source, "pump": MANUAL}


def run_all(client, pipes):
    for pipe in pipes:
        client.post(f"/pipes/{pipe}/pump", data={"operation": "start"})
    deadline = time.monotonic() + 600
    while any(p["runtime"]["is-running"] for p in client.get("/pipes").json()):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def ask_everything(client, systems, pipes):
    for system in systems:
        for path in ("", "/config", "/secrets", "/status", "/providers", "/targets"):
            client.get(f"/systems/{system}{path}")
        for path in ("/providers/x", "/source-prototypes", "/sink-prototypes", "/proxy/x"):
            client.get(f"/systems/{system}{path}")
    for pipe in pipes:
        for path in ("", "/config", "/pump", "/log", "/entities"):
            client.get(f"/pipes/{pipe}{path}")
        client.post(f"/pipes/{pipe}/preview", data={"limit": "1"})
    for path in (
        *("/config", "/config-all", "/pipes", "/systems", "/datasets", "/secrets", "/metadata"),
        *("/metrics", "/status", "/health", "/openapi.json", "/webhooks"),
    ):
        client.get(path)
    for dataset in client.get("/datasets").json():
        client.get(f"/datasets/{dataset['_id']}/entities")


def show_everything(child, systems, pipes, search):
    """What a notebook shows of systems and pipes, and of their errors."""
    with Hub(Connection(child.url, child.token)) as hub:
        for nouns, names, calls in (
            (hub.systems, systems, ("status", "browse", "targets", "info")),
            (hub.pipes, pipes, ("log", "failures", "pump")),
        ):
            search.add("the list of a notebook", repr(nouns) + nouns._repr_html_())
            for name in names:
                noun = nouns[name]
                search.add(f"{name} in a notebook", repr(noun) + noun._repr_html_())
                for call in calls:
                    try:
                        shown = getattr(noun, call)()
                    except ClientError as error:
                        shown = "\n".join(error._render_traceback_()) + repr(error)
                    search.add(f"{name}.{call}() in a notebook", repr(shown))
        search.add("the hub in a notebook", repr(hub) + repr(hub.secrets))


def searched(folder, components, secrets):
    """What comes out of a node with these components, as a search of it."""
    systems = [one["_id"] for one in components if one["type"] != "pipe"]
    pipes = [one["_id"] for one in components if one["type"] == "pipe"]
    search = Search()
    data = folder / "data"
    with (
        ChildNode(data, folder=folder, arguments=["--log-level", "debug"]) as child,
        httpx.Client(
            base_url=child.url,
            headers={"Authorization": f"Bearer {child.token}"},
            trust_env=False,
            timeout=300.0,
            event_hooks={"response": [lambda a: search.add(a.request.url.path, a.read())]},
        ) as client,
    ):
        client.put("/env", json={"literal": LITERAL}).raise_for_status()
        client.put("/config", json=components, params={"force": "true"}).raise_for_status()
        for system, own in secrets.items():
            client.post(f"/systems/{system}/secrets", json=own).raise_for_status()
        invalid = {
            one["_id"]: one["runtime"]["config-errors"]
            for one in client.get("/systems").json() + client.get("/pipes").json()
            if not one["runtime"].get("is-valid-config", True)
        }
        assert invalid == {}, "give the options that need a form of their own a value in VALUES"
        search.add_processes(child._process.pid)
        run_all(client, pipes)
        search.add_processes(child._process.pid)
        ask_everything(client, systems, pipes)
        show_everything(child, systems, pipes, search)
    search.add_files(data)
    return search


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_type_of_system_gives_its_secrets_away(tmp_path, parrot):
    secrets = {}
    components = configuration(parrot.server_address[1], secrets)
    canaries = {key: text for own in secrets.values() for key, text in own.items()}
    search = searched(tmp_path, components, secrets)
    assert any(b"c4n" in sent for sent in parrot.heard), "the secrets were not used"
    assert search.found(canaries) == []


def test_what_stands_in_a_configuration_is_told_nowhere_else(tmp_path, parrot):
    """Passwords in URLs, headers, secret options and variables: in no log, error or answer."""
    search = searched(tmp_path, list(literal_systems(parrot.server_address[1])), {})
    assert any(b"c4nary" in sent for sent in parrot.heard), "they were not used"
    assert search.found({"literal": LITERAL}, lambda place: not holds_configuration(place)) == []


def holds_configuration(place):
    """Is it the configuration itself that is told there, to those who may read it?"""
    parts = place.removeprefix("/api").strip("/").split("/")
    if parts[0] == "store" or place.endswith("info() in a notebook"):
        return True
    if parts[0] in ("systems", "pipes"):
        return len(parts) < 3 or parts[2] in ("config", "pump")
    return parts[0] in ("env", "config", "config-all")
