"""Real database servers for tests, started in a folder of their own and ended with the tests."""

from __future__ import annotations

import getpass
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from server_processes import as_user, binaries, free_port, owned, run

PASSWORD = "let-me-in"


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
