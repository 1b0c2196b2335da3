"""Real database servers for tests, started in a folder of their own and ended with the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "let-me-in"


def run(command, folder: Path, **more) -> None:
    """Carry out a command; fails with what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, **more)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


def as_user(name: str) -> list[str]:
    """How to run a command as this user, where the tests are run by root."""
    return ["runuser", "-u", name, "--"] if os.getuid() == 0 else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binaries(name: str, *folders: str) -> Path:
    """Where a server's program is; fails the test where it is not installed."""
    for pattern in folders:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (folder / name).exists():
                return folder
    found = shutil.which(name)
    if found:
        return Path(found).resolve().parent
    raise AssertionError(f"{name} is not installed; `make test` installs it")


def owned(folder: Path, user: str) -> None:
    """The folder belongs to the user."""
    if os.getuid() == 0:
        shutil.chown(folder, user)


@contextmanager
def postgresql(folder: Path):
    """A PostgreSQL server; gives the options of a system for its database `test`."""
    folder.mkdir()
    owned(folder, "postgres")
    bin_ = binaries("initdb", "/usr/lib/postgresql/*/bin")
    user = as_user("postgres")
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data, port = folder / "data", free_port()
    asked = [*user, bin_ / "initdb", "-D", data, "-U", "test", f"--pwfile={secret}"]
    run([*asked, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"], folder)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*user, bin_ / "pg_ctl", "-D", data, "-l", folder / "log", "-w"]
    run([*control, "-o", options, "start"], folder)
    try:
        login = os.environ | {"PGPASSWORD": PASSWORD}
        client = [bin_ / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "test", "test"]
        run(client, folder, env=login)
        yield {
            "type": "system:postgresql",
            "host": "127.0.0.1",
            "port": port,
            "database": "test",
            "username": "test",
            "password": PASSWORD,
        }
    finally:
        run([*control, "-m", "immediate", "stop"], folder)


@contextmanager
def mariadb(folder: Path):
    """A MariaDB server; gives the options of a system for its database `test`."""
    folder.mkdir()
    name = "mysql" if os.getuid() == 0 else getpass.getuser()
    owned(folder, name)
    data, port, socket_ = folder / "data", free_port(), folder / "socket"
    install = binaries("mariadb-install-db", "/usr/bin") / "mariadb-install-db"
    server = binaries("mariadbd", "/usr/sbin") / "mariadbd"
    user = as_user(name)
    basic = [f"--datadir={data}", "--no-defaults"]
    subprocess.run(
        [
            *user,
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    start = folder / "start.sql"
    start.write_text(
        "CREATE OR REPLACE DATABASE test CHARACTER SET utf8mb4;\n"
        f"CREATE USER 'test'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        "GRANT ALL ON test.* TO 'test'@'127.0.0.1';\n"
    )
    start.chmod(0o644)
    command = [*user, server, basic[1], basic[0], f"--port={port}", "--bind-address=127.0.0.1"]
    command += [f"--socket={socket_}", f"--init-file={start}", "--skip-name-resolve"]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        _wait_for(port, process, folder / "log")
        yield {
            "type": "system:mysql",
            "host": "127.0.0.1",
            "port": port,
            "database": "test",
            "username": "test",
            "password": PASSWORD,
        }
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    import pymysql

    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            pymysql.connect(
                host="127.0.0.1", port=port, user="test", password=PASSWORD, database="test"
            ).close()
        except pymysql.Error:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return
