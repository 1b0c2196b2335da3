"""A real JupyterLab with its managed node, and what its pipes have."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from threading import Thread

from demo_project import NOTEBOOKS, ROOT
from lab_environments import free_port

import sesam_interactive
from sesam_interactive.client.managed import wait_for_node


class Lab:
    """`jupyter lab` on a free port with the server extension's managed node.

    That of this environment, with the extension of this source tree; or of another, as installed.
    Without a project no node runs until one is started.
    """

    def __init__(
        self, folder: Path, project: Path | None, python: str | Path = sys.executable
    ) -> None:
        self.folder = folder
        shutil.copytree(NOTEBOOKS, folder / "notebooks")
        command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        # An older server tells the port that it was given, not the one that it took.
        port = 0 if python == sys.executable else free_port()
        command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
        command += ["--LabApp.expose_app_in_browser=True"]
        command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
        if project:
            command += [f"--SesamInteractive.project={project}"]
            command += [f"--SesamInteractive.data={folder / 'node'}"]
        command += ["--ServerApp.use_redirect_file=False"]
        command += [
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        environment = os.environ | {
            name: str(folder / name.lower())
            for name in (
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_DATA_DIR",
                "JUPYTER_RUNTIME_DIR",
                "IPYTHONDIR",
            )
        }
        environment |= {"SESAM_NODE_DATA": str(folder / "node")}
        environment.pop("NODE", None)
        if python == sys.executable:
            # The extension of this source tree, whichever one is installed: in an environment of
            # its own Python would look there first.
            environment["JUPYTER_PREFER_ENV_PATH"] = "0"
            extensions = Path(environment["JUPYTER_DATA_DIR"]) / "labextensions"
            extensions.mkdir(parents=True)
            built = ROOT / "sesam_interactive" / "labextension"
            (extensions / "sesam-interactive").symlink_to(built)
        else:
            environment.pop("PYTHONPATH", None)
            # Kernels are those of that environment, too.
            environment["PATH"] = f"{Path(python).parent}{os.pathsep}{environment['PATH']}"
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
        )
        self.lines: list[str] = []
        self.url = self._wait_for_url()
        self._wait_until_it_answers()
        Thread(target=self._read, daemon=True).start()

    def _wait_for_url(self) -> str:
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"(http://(?:localhost|127\.0\.0\.1):\d+)/lab\S*\?token=(\w+)", line)
            if found:
                self.token = found[2]
                return found[1]
        raise AssertionError("JupyterLab did not start:\n" + "".join(self.lines))

    def _wait_until_it_answers(self) -> None:
        # The address is printed a moment before the server listens.
        deadline = time.monotonic() + 30
        while True:
            try:
                self.get("/api")
            except OSError:  # refused, or reset while it takes its place
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line)

    def get(self, path: str):
        return self._ask("GET", path)

    def end_kernels(self) -> None:
        """No kernel of this test runs beside the next one."""
        for session in self.get("/api/sessions"):
            self._ask("DELETE", f"/api/sessions/{session['id']}")

    def forget_other_pipes(self) -> None:
        """The next test finds the pipes that there were at first."""
        with sesam_interactive.connect(*wait_for_node(self.folder / "node"), default=False) as hub:
            for name in set(hub.pipes) - {pipe["_id"] for pipe in PIPES}:
                hub.pipes[name].delete()

    def _ask(self, method: str, path: str):
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.process.stderr.close()


PEOPLE = [
    {
        "_id": str(number),
        "name": f"Person {number}",
        "age": number % 90,
        "born": f"~t19{number % 100:02d}-03-01T12:00:00Z",
        "worth": f"~f{number}.50",
        "address": {"city": ["Oslo", "Bergen", "Tromsø"][number % 3], "zip": f"{number:04d}"},
        "dept": f"d{number % 4}",
    }
    for number in range(250)
]
PIPES = [
    {"_id": "person", "type": "pipe", "source": {"type": "embedded", "entities": PEOPLE}},
    {
        "_id": "dept",
        "type": "pipe",
        "source": {
            "type": "embedded",
            "entities": [{"_id": f"d{n}", "title": f"Department {n}"} for n in range(4)],
        },
    },
    {
        "_id": "person-enriched",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {
            "type": "dtl",
            "rules": {
                "default": [
                    ["copy", "_id"],
                    ["add", "name", ["upper", "_S.name"]],
                    ["add", "adult", ["gte", "_S.age", 18]],
                    [
                        "if",
                        ["gt", "_S.age", 60],
                        ["add", "discount", ["decimal", "0.25"]],
                        ["add", "discount", None],
                    ],
                    [
                        "add",
                        "department",
                        [
                            "first",
                            [
                                "hops",
                                {
                                    "datasets": ["dept d"],
                                    "where": [["eq", "_S.dept", "d._id"]],
                                    "return": "d.title",
                                },
                            ],
                        ],
                    ],
                ]
            },
        },
    },
]


def lab_with_people(tmp_path_factory, python: str | Path = sys.executable) -> Lab:
    """A JupyterLab whose pipes, of people and departments, have run once."""
    project = tmp_path_factory.mktemp("people")
    (project / "pipes").mkdir()
    for pipe in PIPES:
        manual = pipe | {"pump": {"mode": "manual"}}
        (project / "pipes" / f"{pipe['_id']}.conf.json").write_text(json.dumps(manual))
    server = Lab(tmp_path_factory.mktemp("lab"), project, python)
    hub = sesam_interactive.connect(*wait_for_node(server.folder / "node"))
    for name in ("dept", "person", "person-enriched"):
        hub.pipes[name].run(progress=False)
    hub.close()
    return server
