"""A server that speaks the protocol of S3, for tests: moto's, from an environment of its own.

It is installed by `make storage-server`, apart, because its libraries hold others back.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / ".s3" / "bin" / "moto_server"
LONGEST_START_S = 60


@contextmanager
def s3_server() -> Iterator[str]:
    """Its URL; it ends with the block."""
    if not PROGRAM.exists():
        raise RuntimeError(f"there is no {PROGRAM}: make storage-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [PROGRAM, "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server)
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LONGEST_START_S
    while True:
        try:
            urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the S3 server does not start") from None
            time.sleep(0.1)
        else:
            return


def make_bucket(url: str, name: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")).close()
