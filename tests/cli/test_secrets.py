"""`sesam-node secrets rotate`: another key, nothing lost, also where it is interrupted."""

from __future__ import annotations

import json

import httpx
import pytest
from cryptography.fernet import Fernet

from sesam_node.cli import secrets
from sesam_node.cli.child import ChildNode
from sesam_node.cli.main import main
from sesam_node.dtl import compile_index
from sesam_node.hub.vault import Vault
from sesam_node.store import open_store

FOREIGN = Fernet(Fernet.generate_key()).encrypt(b"of somebody else").decode()


def open_settings(data):
    return open_store(f"lmdb:{data / 'store'}", index_resolver=compile_index)


@pytest.fixture
def data(tmp_path):
    """The data folder of a node that has secrets, a token of a webhook and a foreign text."""
    folder = tmp_path / "data"
    folder.mkdir()
    key = Fernet.generate_key()
    (folder / "secrets.key").write_bytes(key)
    (folder / "secrets.key").chmod(0o600)
    vault = Vault(key)
    store = open_settings(folder)
    store.settings.write(
        {
            "secrets": vault.sealed({"": {"a": "first"}, "crm": {"b": "second"}}),
            "webhook/1": json.dumps({"token": vault.encrypted("third"), "x": FOREIGN}).encode(),
            "configuration": b'{"no": "secret"}',
        }
    )
    store.close()
    return folder


def what_is_kept(data):
    """All that can be read with the key's file as it is."""
    vault = Vault((data / "secrets.key").read_bytes())
    store = open_settings(data)
    try:
        vault.load(store.settings.get("secrets"))
        hook = json.loads(store.settings.get("webhook/1"))
        assert hook["x"] == FOREIGN
        assert store.settings.get("configuration") == b'{"no": "secret"}'
        return dict(vault.values("")), dict(vault.values("crm")), vault.decrypted(hook["token"])
    finally:
        store.close()


ALL = ({"a": "first"}, {"b": "second"}, "third")


def test_everything_is_encrypted_under_a_new_key_and_the_old_one_is_forgotten(data, capsys):
    old = (data / "secrets.key").read_bytes()
    assert main(["secrets", "rotate", "--data", str(data)]) == 0
    assert "2 entries are encrypted under a new key" in capsys.readouterr().out
    new = (data / "secrets.key").read_bytes()
    assert (len(new.split()), new != old) == (1, True)
    assert (data / "secrets.key").stat().st_mode & 0o777 == 0o600
    assert what_is_kept(data) == ALL
    (data / "secrets.key").write_bytes(old)
    assert main(["secrets", "rotate", "--data", str(data)]) == 2
    assert "the secrets cannot be read" in capsys.readouterr().err
    assert (data / "secrets.key").read_bytes() == old


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("done", [True, False])
def test_an_interruption_at_any_point_loses_nothing(data, monkeypatch, step, done):
    """Before or after each time that the key's file is written."""
    write, steps = secrets.write_private, []

    def interrupted(path, text):
        steps.append(path)
        ends = len(steps) == step + 1
        if done or not ends:
            write(path, text)
        if ends:
            raise KeyboardInterrupt

    monkeypatch.setattr(secrets, "write_private", interrupted)
    assert main(["secrets", "rotate", "--data", str(data)]) == 130
    assert what_is_kept(data) == ALL
    monkeypatch.setattr(secrets, "write_private", write)
    assert main(["secrets", "rotate", "--data", str(data)]) == 0
    assert len((data / "secrets.key").read_bytes().split()) == 1
    assert what_is_kept(data) == ALL


def test_a_node_goes_on_with_its_secrets_under_a_key_that_is_elsewhere(tmp_path):
    data, key = tmp_path / "data", tmp_path / "keys" / "node.key"
    arguments = ["--secrets-key-file", str(key)]
    with ChildNode(data, folder=tmp_path, arguments=arguments) as node:
        put(node, "/secrets", {"a": "canary-at-rest"})
        assert main(["secrets", "rotate", "--data", str(data), *arguments]) == 2
    assert not (data / "secrets.key").exists()
    assert key.stat().st_mode & 0o777 == 0o600
    assert main(["secrets", "rotate", "--data", str(data), *arguments]) == 0
    with ChildNode(data, folder=tmp_path, arguments=arguments) as node:
        headers = {"Authorization": f"Bearer {node.token}"}
        answer = httpx.get(f"{node.url}/secrets", headers=headers, trust_env=False)
        assert answer.json() == ["a"]
    for file in data.rglob("*"):
        assert not file.is_file() or b"canary-at-rest" not in file.read_bytes(), file


def put(node, path, body):
    headers = {"Authorization": f"Bearer {node.token}"}
    httpx.put(node.url + path, json=body, headers=headers, trust_env=False).raise_for_status()


@pytest.mark.parametrize(
    ("key", "message"),
    [("", "there is no key in"), ("no key at all", "holds no key")],
)
def test_what_cannot_be_is_told(data, capsys, key, message):
    (data / "secrets.key").write_text(key)
    assert main(["secrets", "rotate", "--data", str(data)]) == 2
    assert message in capsys.readouterr().err
