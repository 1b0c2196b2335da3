"""`sesam-node systems`: from a system to a pipe, on a running node and in a folder without one."""

from __future__ import annotations

import io
import json
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from sesam_node.cli.child import ChildNode
from sesam_node.cli.client import NodeClient
from sesam_node.cli.main import main
from sesam_node.cli.tables import plain
from sesam_node.settings import write_private

CANARY = "c4nary+secret/01="


def make_database(path):
    database = sqlite3.connect(path)
    database.executescript(
        """CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
           INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bo'), (3, 'Cy');
           CREATE TABLE note (customer_id INTEGER, text TEXT);
           INSERT INTO note VALUES (1, 'first');"""
    )
    database.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node with a system over a database and one over a folder that has gone."""
    folder = tmp_path_factory.mktemp("node")
    make_database(folder / "crm.db")
    with ChildNode(folder / "data", folder=folder) as child:
        with NodeClient(child.url, child.token) as client:
            crm = {"_id": "crm", "type": "system:sqlite", "database": "crm.db"}
            client.json("POST", "/systems", json=[crm])
            gone = {"_id": "gone", "type": "system:url", "url_pattern": "gone/%s"}
            client.json("POST", "/systems", json=[gone])
        yield child


@pytest.fixture(autouse=True)
def no_node_in_the_environment(monkeypatch, tmp_path):
    for name in ("NODE", "JWT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def systems(node, capsys):
    """Carries out a command on the node; gives its exit code, output and errors."""

    def run(*arguments):
        code = main(["systems", *arguments, "--data", str(node.data)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def project(tmp_path, capsys):
    """Carries out a command on a project folder; `project.folder` is where it is."""
    folder = tmp_path / "project"
    (folder / "systems").mkdir(parents=True)
    make_database(folder / "crm.db")
    crm = {"_id": "crm", "type": "system:sqlite", "database": "crm.db"}
    (folder / "systems" / "crm.conf.json").write_text(json.dumps(crm))

    def run(*arguments):
        code = main(["systems", *arguments, "--project", str(folder)])
        out, err = capsys.readouterr()
        return code, out, err

    run.folder = folder
    return run


def typed(monkeypatch, text):
    """Standard input that is no terminal."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


# ---- looking ------------------------------------------------------------------------------------


def test_systems_are_listed(systems):
    code, out, _ = systems("list")
    assert (code, out.splitlines()[:3]) == (0, ["system  type", "crm     sqlite", "gone    url"])


def test_one_that_cannot_be_reached_makes_status_fail(systems):
    code, out, _ = systems("status", "--json")
    found = {one["system"]: one["status"] for one in json.loads(out)}
    assert (code, found["crm"], found["gone"]) == (1, "ok", "failed")
    code, out, _ = systems("status", "crm")
    assert (code, out.splitlines()[1].split()[:2]) == (0, ["crm", "ok"])


@pytest.mark.parametrize("place", ["systems", "project"])
def test_everything_that_a_system_offers_is_a_table(place, request):
    code, out, _ = request.getfixturevalue(place)("browse", "crm")
    assert code == 0
    assert out.splitlines() == [
        "offer     kind   key  columns            note",
        "customer  table  id   id, name",
        'note      table       customer_id, text  it has no primary key; "customer_id" is a guess',
    ]


@pytest.mark.parametrize("place", ["systems", "project"])
def test_one_offer_is_shown_with_columns_and_so_many_entities(place, request):
    code, out, _ = request.getfixturevalue(place)("browse", "crm", "customer", "--limit", "2")
    assert code == 0
    assert out.splitlines() == [
        'table "customer" of the system "crm"',
        "",
        "column  type     key  null",
        "id      INTEGER  key",
        "name    TEXT          never",
        "",
        '{"_id": "1", "id": 1, "name": "Ada"}',
        '{"_id": "2", "id": 2, "name": "Bo"}',
    ]


def test_no_entities_are_read_where_none_are_asked_for(systems):
    code, out, _ = systems("browse", "crm", "customer", "--limit", "0", "--json")
    assert (code, json.loads(out)["samples"]) == (0, [])


def test_what_is_searched_for_is_left(systems):
    _, out, _ = systems("browse", "crm", "--search", "NOT", "--json")
    assert [one["id"] for one in json.loads(out)["offers"]] == ["note"]
    _, out, _ = systems("browse", "crm", "--search", "xyz")
    assert out == 'the system "crm" tells of nothing to read with "xyz" in its name\n'


@pytest.mark.parametrize("place", ["systems", "project"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["browse", "crn"], 'did you mean "crm"?'),
        (["browse", "crm", "custmer"], 'offers no "custmer"; did you mean "customer"?'),
        (["collect", "crm", "custmer", "--yes"], 'did you mean "customer"?'),
        (["share", "crm", "custmer", "--yes"], 'did you mean "customer"?'),
        (["browse", "crm", "customer", "--limit", "-1"], "a limit that is not negative, got -1"),
    ],
)
def test_a_wrong_name_is_told_with_the_likely_one(place, arguments, message, request):
    code, out, err = request.getfixturevalue(place)(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_what_a_terminal_would_obey_is_shown_as_text():
    assert plain("a\x1b[31m\x9b\u202eb\n") == "a\\x1b[31m\\x9b\\u202eb\\n"


# ---- collecting and sharing ---------------------------------------------------------------------


def test_a_collected_table_is_a_dataset(systems, node):
    code, out, _ = systems("collect", "crm", "customer", "--as", "folk", "--yes")
    assert code == 0
    pipe = json.loads(out[: out.index("\n}\n") + 2])
    assert pipe == {
        "_id": "folk",
        "type": "pipe",
        "source": {"type": "sql", "system": "crm", "table": "customer"},
    }
    url = node.url
    assert out.splitlines()[-2:] == [
        f'saved "folk" in the node {url.removesuffix("/api")}',
        "it ran: 3 entities read, 3 written to its dataset",
    ]
    with NodeClient(node.url, node.token) as client:
        assert [e["name"] for e in client.get("/datasets/folk/entities")] == ["Ada", "Bo", "Cy"]


def test_json_is_all_that_programs_read(systems):
    code, out, _ = systems("collect", "crm", "note", "--yes", "--json")
    told = json.loads(out)
    assert (code, told["pipe"]["_id"], told["run"]["read"]) == (0, "crm-note", 1)


def test_a_pipe_of_that_name_is_left_alone(systems):
    systems("collect", "crm", "customer", "--as", "mine", "--yes", "--no-run")
    code, out, err = systems("collect", "crm", "note", "--as", "mine", "--yes")
    assert (code, out) == (2, "")
    assert "--as NAME gives the new pipe another name" in err


def test_nothing_is_saved_without_a_yes(systems, node, monkeypatch):
    typed(monkeypatch, "")
    code, out, err = systems("collect", "crm", "customer", "--as", "unasked")
    assert (code, "say --yes" in err) == (2, True)
    assert '"_id": "unasked"' in out

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    code, _, err = systems("collect", "crm", "customer", "--as", "unasked")
    assert (code, "nothing was saved" in err) == (1, True)
    with NodeClient(node.url, node.token) as client:
        assert "unasked" not in [pipe["_id"] for pipe in client.get("/pipes")]
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert systems("collect", "crm", "customer", "--as", "asked")[0] == 0


def test_a_run_that_fails_is_told_and_the_pipe_stays(systems, node):
    (node.folder / "gone").mkdir()
    beyond_the_sample = "id,name\n" + "".join(f"{n},Ada\n" for n in range(10_000))
    (node.folder / "gone" / "worse.csv").write_bytes(beyond_the_sample.encode() + b"x,\xff\n")
    code, _, err = systems("collect", "gone", "worse.csv", "--as", "worse", "--yes")
    for file in (node.folder / "gone").iterdir():
        file.unlink()
    (node.folder / "gone").rmdir()
    assert code == 2
    assert 'the run of "worse" failed: ' in err


def test_a_dataset_is_shared_to_a_table(systems, node):
    code, out, err = systems("share", "crm", "note", "--dataset", "folk-notes", "--json")
    assert code == 2
    code, out, err = systems("share", "crm", "note", "--dataset", "folk-notes", "--yes", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["pipe"] == {
        "_id": "note-crm-share",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "folk-notes"},
        "sink": {"type": "sql", "system": "crm", "table": "note", "primary_key": "customer_id"},
    }


def test_operations_of_a_rest_system_are_collected_and_shared_to(project):
    """What is offered is found by its name, too."""
    operations = {
        "contacts": {"url": "contacts", "method": "GET", "id_expression": "{{ id }}"},
        "update": {"url": "contacts/{{ _id }}", "method": "PUT"},
    }
    api = {"_id": "api", "type": "system:rest", "url_pattern": "http://127.0.0.1:9/%s"}
    file = project.folder / "systems" / "api.conf.json"
    file.write_text(json.dumps({**api, "operations": operations}))
    code, out, _ = project("collect", "api", "contacts", "--yes", "--json")
    assert (code, json.loads(out)["pipe"]["source"]) == (
        0,
        {"type": "rest", "system": "api", "operation": "contacts"},
    )
    code, out, _ = project("share", "api", "update", "--yes", "--json")
    assert (code, json.loads(out)["pipe"]["sink"]) == (
        0,
        {"type": "rest", "system": "api", "operation": "update"},
    )
    assert main(["validate", str(project.folder)]) == 0


# ---- in a folder --------------------------------------------------------------------------------


def test_a_pipe_becomes_a_file_of_the_project(project, capsys):
    code, out, _ = project("collect", "crm", "customer", "--yes")
    file = project.folder / "pipes" / "crm-customer.conf.json"
    assert (code, out.splitlines()[-1]) == (0, f'saved "crm-customer" in {file}')
    assert json.loads(file.read_text())["source"]["table"] == "customer"
    assert main(["validate", str(project.folder)]) == 0
    capsys.readouterr()
    before = file.read_bytes()
    code, _, err = project("collect", "crm", "customer", "--yes")
    assert (code, "there is" in err, file.read_bytes()) == (2, True, before)


def test_a_file_that_is_there_is_not_overwritten(project):
    """Also where it holds something else, or is broken."""
    file = project.folder / "pipes" / "crm-customer.conf.json"
    file.parent.mkdir()
    file.write_text('{"_id": "other", "type": "pipe", "source": {"type": "empty"}}')
    code, _, err = project("collect", "crm", "customer", "--yes")
    assert (code, f"{file} is there already" in err) == (2, True)
    assert "other" in file.read_text()


def test_secrets_of_a_project_come_from_a_file_or_standard_input(project, tmp_path, monkeypatch):
    system = {
        "_id": "web",
        "type": "system:url",
        "url_pattern": "http://127.0.0.1:9/$SECRET(key)/%s",
        "headers": {"X": "$SECRET(other)"},
    }
    (project.folder / "systems" / "web.conf.json").write_text(json.dumps(system))
    typed(monkeypatch, "")
    code, _, err = project("browse", "web", "x")
    assert (code, 'names the secret "key"' in err) == (2, True)
    secrets = {"key": CANARY, "other": CANARY}
    typed(monkeypatch, json.dumps(secrets))
    code, out, err = project("status", "web", "--secrets", "-")
    assert (code, "refused" in out) == (1, True)
    assert CANARY not in out + err
    file = tmp_path / "secrets.json"
    file.write_text(f'{{"key": "{CANARY}", }}')
    code, out, err = project("status", "web", "--secrets", str(file))
    assert (code, "is no JSON, line 1" in err, CANARY in out + err) == (2, True, False)


def test_a_project_is_worked_in_without_a_node(project):
    code, _, err = project("list", "--node", "http://127.0.0.1:9")
    assert (code, "leave out --node and --data" in err) == (2, True)


# ---- adding -------------------------------------------------------------------------------------


def test_a_system_is_added_with_its_secrets_in_the_node(systems, node, monkeypatch):
    typed(monkeypatch, f"{CANARY}\n")
    given = ["host=127.0.0.1", "port=9", "database=x", "username=ada"]
    code, out, err = systems("add", "erp", "postgresql", *given)
    assert code == 1
    assert "failed: " in out
    assert CANARY not in out + err
    with NodeClient(node.url, node.token) as client:
        assert client.get("/systems/erp/config") == {
            "_id": "erp",
            "type": "system:postgresql",
            "host": "127.0.0.1",
            "port": 9,
            "database": "x",
            "username": "ada",
            "password": "$SECRET(password)",
        }
        assert "password" in json.dumps(client.get("/systems/erp/secrets"))
    code, _, err = systems("add", "erp", "postgresql", *given)
    assert (code, 'there is "erp" already' in err) == (2, True)


def test_an_optional_secret_is_named_alone(systems, node, monkeypatch):
    typed(monkeypatch, f"{CANARY}\n")
    given = ["url_pattern=http://127.0.0.1:9/%s", "authentication=jwt", "jwt_token"]
    systems("add", "web", "url", *given)
    with NodeClient(node.url, node.token) as client:
        assert client.get("/systems/web/config")["jwt_token"] == "$SECRET(jwt_token)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["postgrsql"], 'unknown system type "postgrsql"; did you mean "postgresql"?'),
        (["sqlite", "databse=x"], 'has no option "databse"; did you mean "database"?'),
        (["sqlite", "database"], 'expected "database=VALUE", got "database"'),
        (["sqlite", "database=x", "create=maybe"], "boolean as JSON for \"create\", got 'maybe'"),
        (["sqlite"], '"database" is missing: the file'),
        (["url", f"password={CANARY}"], '"password" is a secret, and other processes read'),
    ],
)
def test_what_cannot_be_added_is_told(systems, monkeypatch, given, message):
    typed(monkeypatch, "")
    code, out, err = systems("add", "new", *given)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert CANARY not in err


def test_an_empty_secret_saves_nothing(systems, node, monkeypatch):
    typed(monkeypatch, "\n")
    given = ["host=h", "database=x", "username=ada"]
    code, _, err = systems("add", "empty", "mysql", *given)
    assert (code, "nothing was saved" in err) == (2, True)
    with NodeClient(node.url, node.token) as client:
        assert "empty" not in [system["_id"] for system in client.get("/systems")]


def test_a_system_of_a_project_is_a_file_that_names_its_secrets(project):
    given = ["host=h", "database=x", "username=$ENV(user)"]
    code, out, _ = project("add", "erp", "mysql", *given)
    file = project.folder / "systems" / "erp.conf.json"
    assert (code, json.loads(file.read_text())["password"]) == (0, "$SECRET(password)")
    assert 'the secret "password" is to be set on the node that loads it' in out


# ---- which node ---------------------------------------------------------------------------------


def keep(name, url, token):
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "sesam-interactive" / "profiles.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({name: {"node": url, "jwt": token}}))
    file.chmod(0o600)


def test_a_node_is_named_by_its_url_the_environment_or_as_it_is_kept(node, capsys, monkeypatch):
    assert main(["systems", "list", "--node", node.url, "--jwt", node.token]) == 0
    keep("mine", node.url, node.token)
    assert main(["systems", "list", "--node", "mine"]) == 0
    monkeypatch.setenv("NODE", node.url)
    monkeypatch.setenv("JWT", node.token)
    assert main(["systems", "list"]) == 0
    assert capsys.readouterr().out.count("crm ") == 3


def test_a_token_that_is_missing_is_told(node, capsys):
    assert main(["systems", "list", "--node", node.url]) == 2
    assert "needs its token: --jwt, or the variable JWT" in capsys.readouterr().err


def test_a_node_that_does_not_run_is_told(tmp_path, capsys):
    with ChildNode(tmp_path / "data", folder=tmp_path):
        pass
    assert main(["systems", "list", "--data", str(tmp_path / "data")]) == 2
    assert "does not run; `sesam-node serve` starts it" in capsys.readouterr().err
    # One that was killed left its address, which may be another program's by now.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        left = f"http://127.0.0.1:{taken.getsockname()[1]}"
        write_private(tmp_path / "data" / "url", left)
        assert main(["systems", "list", "--data", str(tmp_path / "data")]) == 2
        taken.settimeout(0)
        with pytest.raises(BlockingIOError):
            taken.accept()
    assert "does not run; `sesam-node serve` starts it" in capsys.readouterr().err
    assert main(["systems", "list", "--data", str(tmp_path / "none")]) == 2
    assert "which node? There is no node's data in" in capsys.readouterr().err
