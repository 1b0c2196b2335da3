"""`sesam-node open`: the link to a node's page, as secret as the token in it."""

from __future__ import annotations

import re

import pytest

from sesam_node.cli import open as opening
from sesam_node.cli.child import ChildNode
from sesam_node.cli.main import main


@pytest.fixture(scope="module")
def child(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opened")
    with ChildNode(folder / "data", folder=folder) as node:
        yield node


def test_the_link_is_printed_where_it_is_asked_for(child, capsys):
    assert main(["open", "--print", "--data", str(child.data)]) == 0
    page = child.url.removesuffix("api")
    assert capsys.readouterr().out == f"{page}#token={child.token}\n"


def test_a_browser_is_given_a_private_file_and_the_token_is_printed_nowhere(
    child, capsys, monkeypatch
):
    opened = []
    monkeypatch.setattr(opening.webbrowser, "open", lambda url: opened.append(url) or True)
    assert main(["open", "--data", str(child.data)]) == 0
    file = child.data / "open.html"
    assert opened == [file.as_uri()]
    assert file.stat().st_mode & 0o777 == 0o600
    link = re.search(r'url=([^"]+)"', file.read_text())[1]
    assert link == f"{child.url.removesuffix('api')}#token={child.token}"
    assert child.token not in "".join(capsys.readouterr())


def test_where_there_is_no_browser_the_way_is_told_without_the_token(child, capsys, monkeypatch):
    monkeypatch.setattr(opening.webbrowser, "open", lambda _url: False)
    assert main(["open", "--data", str(child.data)]) == 1
    told = capsys.readouterr()
    assert "sesam-node open --print" in told.out
    assert child.token not in told.out + told.err
    assert not (child.data / "open.html").exists()


def test_a_node_that_does_not_run_is_told(tmp_path, capsys):
    assert main(["open", "--data", str(tmp_path)]) == 2
    assert "There is no node's data" in capsys.readouterr().err
