"""The commands as a person meets them: what they print, how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import jwt
import pytest

from sesam_node import __version__
from sesam_node.cli.child import ChildNode
from sesam_node.cli.main import main

PIPE = {
    "_id": "a",
    "type": "pipe",
    "source": {"type": "embedded", "entities": [{"_id": "1", "x": 1}]},
}


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "sesam_node", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "sesam_node", "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_without_the_libraries_of_a_node_it_says_what_to_install(tmp_path):
    bare = "import sys; sys.modules['tornado'] = None; from sesam_node.cli.main import main; "
    ended = subprocess.run(
        [sys.executable, "-c", f"{bare}sys.exit(main(sys.argv[1:]))", "serve", "--data", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert 'pip install "sesam-interactive[node]"' in ended.stderr


def write_project(folder, pipe=None, env=None):
    (folder / "pipes").mkdir(parents=True)
    (folder / "pipes" / "a.conf.json").write_text(json.dumps(pipe or PIPE))
    (folder / "test-env.json").write_text(json.dumps(env or {}))
    return folder


def test_version(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"sesam-node {__version__}\n"


# ---- serve --------------------------------------------------------------------------------------


def test_a_node_tells_its_url_and_its_page_and_stops_on_sigterm(tmp_path):
    process = start("--data", tmp_path, "--port", "0")
    with process:
        line = process.stdout.readline()
        url = re.fullmatch(r"sesam-node \S+ is ready at (http://127\.0\.0\.1:\d+/api)\n", line)[1]
        assert httpx.get(f"{url}/ping", trust_env=False).json() == {"status": "running"}
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert time.monotonic() - began < 5
        page = f"its page is at {url.removesuffix('api')} (`sesam-node open` opens it)\n"
        assert (process.stdout.read(), "Traceback" in process.stderr.read()) == (page, False)


def test_a_child_node_ends_with_its_standard_input(tmp_path):
    process = start("--data", tmp_path, "--port", "0", "--stop-with-stdin", stdin=subprocess.PIPE)
    with process:
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_child_node_stops_on_sigterm_while_its_standard_input_is_open(tmp_path):
    process = start("--data", tmp_path, "--port", "0", "--stop-with-stdin", stdin=subprocess.PIPE)
    with process:
        process.stdout.readline()
        process.terminate()
        assert process.wait(30) == 0
        process.stdin.close()


def test_keys_and_token_are_for_their_owner_alone(tmp_path):
    with ChildNode(tmp_path / "data", folder=tmp_path):
        pass
    modes = {
        name: (tmp_path / "data" / name).stat().st_mode & 0o777 for name in ("secret", "token")
    }
    assert modes == {"secret": 0o600, "token": 0o600}


def test_a_port_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--data", tmp_path, "--port", port)
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_node_on_the_same_data_is_told(tmp_path):
    with ChildNode(tmp_path / "data", folder=tmp_path):
        ended = run("serve", "--data", tmp_path / "data", "--port", "0")
    assert ended.returncode == 2
    assert "in use by process" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "does not listen on 0.0.0.0 without a key"),
        (["--jwt-key", "short"], "of 32 characters or more"),
        (["--port", "70000"], "expected a port from 0 to 65535"),
        (["--jwt-algorithm", "RS256"], "a public key goes with"),
        (["--project", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_settings_that_cannot_be_are_told(tmp_path, options, message, capsys):
    assert main(["serve", "--data", str(tmp_path / "data"), "--port", "0", *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_networks_in_the_settings_are_checked_at_the_start(tmp_path):
    ended = run("serve", "--data", tmp_path / "data", SESAM_DENIED_ADDRESSES="10.0.0.0/8, 1.2.3")
    assert ended.returncode == 2
    assert 'expected networks in denied_addresses, got "1.2.3"' in ended.stderr


def test_a_key_that_cannot_be_read_is_told(tmp_path):
    key = ["--jwt-algorithm", "RS256", "--jwt-public-key", "/no/such"]
    ended = run("serve", "--data", tmp_path / "data", "--port", "0", *key)
    assert ended.returncode == 2
    assert "the JWT public key cannot be read" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    ended = run("serve", "--data", tmp_path / "file", "--port", "0")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_a_key_of_the_environment_opens_other_hosts(tmp_path):
    key = "k" * 40
    token = run("token", SESAM_JWT_KEY=key).stdout.strip()
    process = start(
        "--data",
        tmp_path,
        "--port",
        "0",
        "--host",
        "0.0.0.0",
        env={**os.environ, "SESAM_JWT_KEY": key},
    )
    with process:
        port = re.search(r":(\d+)/api", process.stdout.readline())[1]
        answer = httpx.get(
            f"http://127.0.0.1:{port}/api/status",
            headers={"Authorization": f"Bearer {token}", "Host": "node.example.org"},
            trust_env=False,
        )
        process.terminate()
        process.wait(30)
        process.stderr.read()
    assert answer.status_code == 200


# ---- token --------------------------------------------------------------------------------------


def test_token_prints_the_token_of_a_node(tmp_path):
    with ChildNode(tmp_path / "data", folder=tmp_path) as node:
        printed = run("token", "--data", tmp_path / "data")
    assert (printed.returncode, printed.stdout) == (0, f"{node.token}\n")


def test_a_token_of_a_key_ends_when_it_is_told_to(tmp_path):
    key = "k" * 40
    printed = run("token", "--hours", "1", "--data", tmp_path / "no", SESAM_JWT_KEY=key)
    options = {"algorithms": ["HS256"], "audience": "sesam-node"}
    claims = jwt.decode(printed.stdout.strip(), key, **options)
    assert claims["exp"] - claims["iat"] == 3600
    assert not (tmp_path / "no").exists()


def test_token_of_a_folder_without_a_node_is_told(tmp_path):
    ended = run("token", "--data", tmp_path / "no")
    assert ended.returncode == 2
    assert "there is no node's data in" in ended.stderr


# ---- validate -----------------------------------------------------------------------------------


def test_a_valid_project_has_no_problems(tmp_path, capsys):
    assert main(["validate", str(write_project(tmp_path / "p"))]) == 0
    assert capsys.readouterr().out == "1 components, 0 errors, 0 warnings\n"


def test_every_problem_is_shown_with_its_place(tmp_path, capsys):
    pipe = {
        **PIPE,
        "source": {"type": "dataset", "dataset": ["x"]},
        "transform": {"type": "dtl", "rules": {"default": [["add", "y", ["uper", "_S.x"]]]}},
    }
    assert main(["validate", str(write_project(tmp_path / "p", pipe))]) == 1
    out = capsys.readouterr().out
    assert "pipes/a.conf.json $.source.dataset\n" in out
    assert "pipes/a.conf.json $.transform.rules.default[0][2]" in out
    assert 'did you mean "upper"?' in out
    assert "2 errors" in out


def test_an_unreadable_project_is_told(tmp_path, capsys):
    assert main(["validate", str(tmp_path / "no")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("sesam-node validate: there is no folder")


# ---- test and demo ------------------------------------------------------------------------------


def test_an_unreachable_node_is_told(tmp_path, capsys):
    project = write_project(tmp_path / "p")
    code = main(["test", str(project), "--node", "http://127.0.0.1:9", "--jwt", "x"])
    assert (code, "no answer from http://127.0.0.1:9/api" in capsys.readouterr().err) == (2, True)


def test_a_project_without_tests_passes(tmp_path, capsys):
    assert main(["test", str(write_project(tmp_path / "p"))]) == 0
    assert "0 passed, 0 failed" in capsys.readouterr().out


def test_the_demo_shows_what_each_pipe_did(tmp_path, capsys):
    project = write_project(tmp_path / "p")
    assert main(["demo", "--project", str(project)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"│ a +│ embedded +│ +1 │ +1 │", out), out
    assert '{"_id": "1", "x": 1}' in out
    assert out.splitlines()[-1].startswith("1 pipes, 1 entities read, ")
