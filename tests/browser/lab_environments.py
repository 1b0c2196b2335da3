"""Environments of their own, from the registry, for what is tried in several versions."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

UV = shutil.which("uv") or str(Path(sys.prefix).parent / ".uv" / "bin" / "uv")


def run(*command, env=None):
    """What a program prints; one that fails fails the test, with what it said."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=env
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextmanager
def environment_folder(name, tmp_path_factory):
    """An environment, kept where `LAB_ENVIRONMENTS` says, else gone after the tests."""
    kept = os.environ.get("LAB_ENVIRONMENTS")
    folder = (Path(kept).absolute() if kept else tmp_path_factory.mktemp("labs")) / name
    if not (folder / "bin" / "python").exists():
        run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    yield folder
    if not kept:
        shutil.rmtree(folder)
