"""`docs/first-pipe.md`: its commands, cells and calls run, and show what the page shows.

`…` in the page stands for anything.
"""

from __future__ import annotations

import ast
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

import sesam_interactive
from sesam_node.cli.child import ChildNode
from sesam_node.cli.client import NodeClient
from sesam_node.cli.main import main

PAGE = Path(__file__).parents[3] / "docs" / "first-pipe.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TABLES = """
    CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, balance numeric(12, 2),
      updated_at timestamptz NOT NULL);
    INSERT INTO customer VALUES (1, 'Ada', 12.5, '2024-01-31T12:00Z'),
      (2, 'Bo', 7, '2024-02-01T00:00Z'), (3, 'Cy', NULL, '2024-02-02T00:00Z');
    CREATE TABLE score (id int PRIMARY KEY, score int);
"""


def blocks(kind, heading):
    """The blocks of a kind below a heading of the page."""
    text = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [found[2] for found in BLOCK.finditer(text) if found[1] == kind]


class Desk:
    """Where somebody follows the page: a folder with a node, and the page's database."""

    def __init__(self, folder, node, database):
        self.folder, self.node, self.password = folder, node, database["password"]
        self.here = {
            "http://127.0.0.1:9042": node.url.removesuffix("/api"),
            "host=db.example": f"host=127.0.0.1 port={database['port']}",
            '"host": "db.example"': f'"host": "127.0.0.1", "port": {database["port"]}',
            "database=crm": f"database={database['database']}",
            '"database": "crm"': f'"database": "{database["database"]}"',
            "username=ada": f"username={database['username']}",
            '"username": "ada"': f'"username": "{database["username"]}"',
        }
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PASSWORD": self.password,
        }

    def local(self, text):
        """A text of the page with what is true here."""
        for there, here in self.here.items():
            text = text.replace(there, here)
        return text

    def shell(self, command):
        """What a script prints; the test fails where it does."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def empty(self):
        with NodeClient(self.node.url, self.node.token) as client:
            client.json("PUT", "/config", json=[], params={"force": "true"})
            for dataset in client.get("/datasets"):
                client.call("DELETE", f"/datasets/{dataset['_id']}")


@pytest.fixture
def desk(place):
    place.empty()
    return place


@pytest.fixture(scope="module")
def place(postgresql_server, tmp_path_factory):
    server = postgresql_server
    login = {"host": server["host"], "port": server["port"], "password": server["password"]}
    login |= {"user": server["username"], "dbname": server["database"]}
    folder = tmp_path_factory.mktemp("desk")
    (folder / "exports").mkdir()
    (folder / "exports" / "countries.csv").write_text("code,name\nNO,Norway\nSE,Sweden\n")
    (folder / "my-project").mkdir()
    with psycopg.connect(**login) as database:
        database.execute(TABLES)
    try:
        with ChildNode(folder / "data", folder=folder) as node:
            yield Desk(folder, node, server)
    finally:
        with psycopg.connect(**login) as database:
            database.execute("DROP TABLE customer; DROP TABLE score")


def sessions():
    """The commands of the page with what they show, the node's start left out."""
    for block in blocks("console", "In the shell"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            if command != "sesam-node serve":
                yield command, shown


def looks_like(shown, found):
    """Are they the same, where `…` stands for anything and blanks for blanks?"""
    parts = [re.escape(" ".join(part.split())) for part in shown.split("…")]
    return re.fullmatch(r"\s*".join(["", ".*".join(parts), ""]), " ".join(found.split()))


def test_the_shell(desk, monkeypatch, capsys):
    """In this process: a Python for each command would take most of the time."""
    for name in ("NODE", "JWT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(desk.folder)
    assert len(list(sessions())) > 8
    for command, shown in sessions():
        expected = desk.local(shown).removeprefix("password:\n")
        asked = "password:" in shown
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{desk.password}\n"))
        program, *arguments = shlex.split(desk.local(command))
        assert (program, main(arguments)) == ("sesam-node", 0), capsys.readouterr()
        found = capsys.readouterr().out
        if asked:
            # Its port is not the default one.
            found = re.sub(r'  "port": \d+,\n', "", found)
            expected = re.sub(r', "port": \d+', "", desk.local(shown)).removeprefix("password:\n")
        assert looks_like(expected, found), f"{shlex.quote(command)}\n{expected}\n---\n{found}"
        assert desk.password not in found


def test_the_notebook(desk, monkeypatch):
    monkeypatch.setenv("NODE", desk.node.url)
    monkeypatch.setenv("JWT", desk.node.token)
    monkeypatch.setattr("sesam_interactive.client.settings.getpass", lambda _: desk.password)
    cells, outputs = blocks("python", "In a notebook"), blocks("", "In a notebook")
    assert len(cells) == len(outputs) == 2
    names = {}
    for cell, shown in zip(cells, outputs, strict=True):
        tree = ast.parse(desk.local(cell))
        last = tree.body.pop()
        exec(compile(tree, str(PAGE), "exec"), names)
        value = eval(compile(ast.Expression(last.value), str(PAGE), "eval"), names)
        assert repr(value).strip() == shown.strip()
    names["hub"].close()
    assert sesam_interactive.__name__ in sys.modules


def test_curl(desk):
    (script,) = blocks("sh", "With curl")
    # Aliases are for terminals; the run has to end before its dataset is looked at.
    steps = ["shopt -s expand_aliases", "set -e", *desk.local(script).splitlines()]
    wait = "until call $NODE/pipes/crm-customer/pump | grep -q '\"is-running\": *false'; do :; done"
    steps.insert(next(i for i, line in enumerate(steps) if "operation=start" in line) + 1, wait)
    found = desk.shell("\n".join(steps))
    assert '"name":"Ada"' in found.replace('": "', '":"')
    assert desk.password not in found
