"""Servers that tests start: in folders of their own, by a user that they accept, on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_folder(prefix: str):
    """A folder that other users reach: servers refuse to run as root, and pytest's are closed."""
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def run(command, folder: Path, **more) -> None:
    """Carry out a command; fails with what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, **more)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


def as_user(name: str) -> list[str]:
    """How to run a command as this user, where the tests are run by root."""
    return ["runuser", "-u", name, "--"] if os.getuid() == 0 else []


def owned(folder: Path, user: str) -> None:
    """The folder belongs to the user."""
    if os.getuid() == 0:
        shutil.chown(folder, user)


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


def wait_for_port(port: int, process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    """Until the server listens; fails with its log where it ends or does not come."""
    deadline = time.monotonic() + seconds
    while True:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.02)
        else:
            return
