"""`sesam-node verify-data` over a data folder."""

from __future__ import annotations

import pytest

from sesam_node.cli.main import main
from sesam_node.dtl import compile_index
from sesam_node.pipes.evaluate import as_write
from sesam_node.settings import Settings
from sesam_node.store import open_store


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    store = open_store(Settings(data=folder).store_url, index_resolver=compile_index)
    for name in ("orders", "customers"):
        store.dataset(name).write([as_write({"_id": "a", "name": name})])
    store.close()
    return folder


def verify(folder, *names):
    return main(["verify-data", "--data", str(folder), *names])


def test_whole_data(data, capsys):
    assert verify(data) == 0
    assert capsys.readouterr().out == "2 datasets, 0 with errors\n"
    assert verify(data, "orders") == 0
    assert capsys.readouterr().out == "1 datasets, 0 with errors\n"


def test_what_is_wrong_is_named_by_dataset(data, capsys):
    file = next(data.rglob("orders.*/data.mdb"))
    file.write_bytes(file.read_bytes().replace(b'"name":"orders"', b'"name":"ordeal"'))
    assert verify(data) == 1
    assert capsys.readouterr().out == (
        'orders: version 0 (entity "a"): the body has changed\n2 datasets, 1 with errors\n'
    )


def test_what_is_not_there_is_an_error(data, tmp_path, capsys):
    assert verify(data, "nothing") == 2
    assert 'there is no dataset "nothing"' in capsys.readouterr().err
    assert verify(tmp_path / "nowhere") == 2
    assert "there is no node's data" in capsys.readouterr().err
