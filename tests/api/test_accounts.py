"""Log-in, users and API keys, as a client and the command line use them."""

from __future__ import annotations

import io

import httpx
import pytest

from sesam_node.cli.main import main

PASSWORD = "correct horse battery"


def ask(node, token, path="/pipes"):
    """What the node says to this token: status and detail."""
    answer = httpx.get(
        f"{str(node.base_url).rstrip('/')}{path}",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    return answer.status_code


@pytest.fixture
def ada(node):
    """A user who is gone after the test."""
    made = node.post("/users", json={"email": "ada@example.com", "password": PASSWORD})
    assert made.status_code == 201, made.text
    yield made.json()
    node.delete("/users/ada@example.com")


def log_in(node, password=PASSWORD, email="ada@example.com"):
    return httpx.post(
        f"{str(node.base_url).rstrip('/')}/jwt",
        data={"email": email, "password": password},
        trust_env=False,
    )


def test_a_user_logs_in_and_the_token_ends_with_the_password(node, ada):
    assert (ada["roles"], "password" in ada) == (["group:User"], False)
    answer = log_in(node)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "text/plain; charset=utf-8",
    )
    assert ask(node, answer.text) == 200
    assert ask(node, answer.text, "/users") == 403
    node.put("/users/ada@example.com", json={"roles": ["group:Admin"]})
    assert ask(node, answer.text, "/users") == 200
    node.put("/users/ada@example.com", json={"password": "another password"})
    assert ask(node, answer.text) == 401
    assert log_in(node).status_code == 401
    token = log_in(node, "another password").text
    assert node.delete("/users/ada@example.com").status_code == 200
    assert ask(node, token) == 401


def test_many_wrong_passwords_are_answered_with_when_to_try_again(node):
    email = "tried@example.com"
    answers = [log_in(node, "wrong password", email) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300


def test_a_revoked_key_is_refused_at_once(node):
    made = node.post("/api-keys", json={"name": "load", "roles": ["group:Developer"], "days": 1})
    assert made.status_code == 201, made.text
    key = made.json()
    assert ask(node, key["token"]) == 200
    listed = node.get("/api-keys")
    assert key["token"] not in listed.text
    assert [item["id"] for item in listed.json()] == [key["id"]]
    assert listed.json()[0]["last_used"] is not None
    assert node.delete(f"/api-keys/{key['id']}").status_code == 200
    assert ask(node, key["token"]) == 401
    assert node.delete(f"/api-keys/{key['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "", "roles": ["r"]},
        {"name": "x", "roles": []},
        {"name": "x", "roles": ["r"], "more": 1},
    ],
)
def test_a_key_that_cannot_be_is_refused(node, body):
    assert node.post("/api-keys", json=body).status_code == 400


def test_the_command_line_beside_a_running_node(node, running_node, capsys, monkeypatch):
    data = ["--data", str(running_node.data)]

    def run(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main([*arguments, *data])
        return code, capsys.readouterr()

    assert run("users", "add", "bo@example.com", "--role", "hr", stdin=f"{PASSWORD}\n")[0] == 0
    token = log_in(node, email="bo@example.com").text
    assert ask(node, token, "/ping") == 200
    assert ask(node, token, "/status") == 200
    assert "bo@example.com" in run("users", "list")[1].out
    assert run("users", "passwd", "bo@example.com", stdin="another password\n")[0] == 0
    assert ask(node, token, "/status") == 401
    assert run("users", "remove", "bo@example.com")[0] == 0
    code, told = run("users", "remove", "bo@example.com")
    assert (code, "there is no user" in told.err) == (2, True)

    key = run("token", "--name", "ci", "--role", "group:Guest", "--expires", "12h")[1].out.strip()
    assert ask(node, key) == 200
    table = run("token", "--list")[1].out
    assert "ci" in table
    assert key not in table
    assert run("token", "--revoke", table.splitlines()[-1].split()[0])[0] == 0
    assert ask(node, key) == 401
    code, told = run("token", "--name", "ci", "--expires", "never")
    assert (code, "expected 12h, 90d or a date" in told.err) == (2, True)
