"""A Jupyter server of its own, with the extension, for tests of what it does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import httpx

BASE = "/some/base/"
OWN_FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
)


class Server:
    """`jupyter server` below a base URL, with the extension and, by default, its node."""

    def __init__(self, folder: Path, data: Path | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
        command += ["--ServerApp.port=0", f"--ServerApp.root_dir={folder}"]
        command += [f"--ServerApp.base_url={BASE}", "--ServerApp.use_redirect_file=False"]
        command += ["--ServerApp.jpserver_extensions=sesam_interactive=True"]
        command += [] if data is None else [f"--SesamInteractive.data={data}"]
        kept = {name: str(folder / name.lower()) for name in OWN_FOLDERS}
        environment = {**os.environ, **kept}
        for name in ("NODE", "JWT", "SESAM_NODE_DATA", "SESAM_PROJECT"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
        )
        self.lines: list[str] = []
        self.url, self.token = self._address()
        self._reading = Thread(target=lambda: self.lines.extend(self.process.stderr))
        self._reading.start()
        self.client = httpx.Client(
            base_url=f"{self.url}sesam-interactive",
            headers={"Authorization": f"token {self.token}"},
            timeout=60,
            trust_env=False,
        )

    def _address(self) -> tuple[str, str]:
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"(http://(?:localhost|127\.0\.0\.1):\d+/\S*?)\?token=(\w+)", line)
            if found:
                return found[1].removesuffix("tree"), found[2]
        raise AssertionError("the server did not start:\n" + "".join(self.lines))

    def state(self) -> dict:
        return self.client.get("/node").json()

    def wait(self, fits) -> dict:
        """The state of the node, once it fits."""
        deadline = time.monotonic() + 60
        while not fits(state := self.state()):
            assert time.monotonic() < deadline, (state, self.lines)
            time.sleep(0.05)
        return state

    def close(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(60)
        self._reading.join()
        self.process.stderr.close()
