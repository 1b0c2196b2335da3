"""A project folder and the node that it belongs on: validate, upload, compare, run, test."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.config import ZIP, Config
from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.project_files import (
    DEFAULT_PROFILE,
    NODE,
    ProjectFiles,
    client_errors,
    write_file,
)
from sesam_interactive.client.project_results import (
    Change,
    ProjectDiff,
    Status,
    Tested,
    Uploaded,
    Validation,
    Written,
    same_json,
)
from sesam_interactive.client.runner import RunAll, Runner
from sesam_interactive.display.html import properties_table
from sesam_interactive.display.json_text import pretty
from sesam_interactive.display.progress import Progress
from sesam_node.expected import Spec, failing_pipes, verify
from sesam_node.expected.verify import current, output_pipes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.client.connection import Connection

ENV = "variables"
# What the official client, and a test, add to the metadata of the node while they work.
HELD = (
    ("task_manager", "disable_user_pipes", True),
    ("global_defaults", "eager_load_microservices", False),
)


class Project:
    """A project folder and the node that it is uploaded to.

    `profile` chooses the variables, `<profile>-env.json`; with a `whitelist`, a file with names of
    configuration files, only those are taken, and only test data and specs of their pipes.
    """

    def __init__(
        self,
        connection: Connection,
        folder: Path,
        profile: str = DEFAULT_PROFILE,
        whitelist: Path | None = None,
    ) -> None:
        self._connection = connection
        self._files = ProjectFiles(folder, whitelist)
        self.folder = self._files.folder
        self.profile = profile

    def files(self) -> list[Path]:
        """The configuration files, as they go into an upload."""
        return self._files.config()

    # -- to the node -------------------------------------------------------------------------------

    def validate(self, *, check: bool = False) -> Validation:
        """Everything that is wrong with the project, told by the node; nothing is loaded.

        With `check` an error raises ClientError: for scripts and CI.
        """
        found = self._validation(self._files.zip(), self._files.env(self.profile) or {})
        if found is None:
            raise ClientError("this node can check a configuration only by loading it: .upload()")
        if check and not found.ok:
            raise self._refused(found)
        return found

    def _validation(self, content: bytes, env: Mapping[str, Any]) -> Validation | None:
        """What the node says of a zip; None from one that cannot check without loading."""
        names = self._files.names_by_id()
        try:
            return Config(self._connection).check(content, env=env, files=names)
        except ClientError as error:
            if error.status == 404:
                return None
            raise

    def _refused(self, found: Validation) -> ClientError:
        count = len(found.errors)
        errors = "an error" if count == 1 else f"{count} errors"
        text = f"the project {self.folder.name} has {errors}"
        return ClientError(text, found.problems, 400, files=found.files)

    def upload(
        self,
        profile: str | None = None,
        *,
        force: bool = False,
        hold: bool = False,
        testdata: bool = True,
        progress: bool = True,
    ) -> Uploaded:
        """Put variables and configuration on the node, then the test data into its receivers.

        They replace what the node has. All or nothing: raises ClientError with every problem, and
        the node stays as it was; with `force` what is valid is loaded and the rest is marked. With
        `hold` nothing runs by schedule, as in a test.
        """
        env = self._files.env(profile or self.profile)
        content = self._files.zip(hold=hold)
        found = self._validation(content, env or {})
        if found is not None and not found.ok and not force:
            raise self._refused(found)
        before = None if env is None else self._connection.get("/env")
        if env is not None:
            self._connection.json("PUT", "/env", json=env)
        try:
            headers, params = {"Content-Type": ZIP}, {"force": json.dumps(force)}
            self._connection.json("PUT", "/config", params=params, content=content, headers=headers)
        except BaseException as error:
            if before is not None:
                self._connection.json("PUT", "/env", json=before)
            if isinstance(error, ClientError):
                error.files = self._files.names_by_id()
            raise
        sent = self._send_testdata(progress=progress) if testdata else {}
        names = self._files.names_by_id()
        warnings = found.problems if found is not None else []
        return Uploaded(self._connection.url, len(names), len(env or {}), sent, warnings, names)

    def _send_testdata(self, *, progress: bool) -> dict[str, int]:
        """Post each file of test data to its pipe; gives how many entities each got."""
        files = self._files.testdata()
        sent: dict[str, int] = {}
        headers = {"Content-Type": "application/json"}
        with Progress("test data", shown=progress, unit="files") as shown:
            for done, (pipe_id, file) in enumerate(files):
                shown.update(done, len(files), pipe_id)
                body = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
                path = f"/receivers/{segment(pipe_id)}/entities"
                try:
                    self._connection.json("POST", path, content=body, headers=headers, safe=True)
                except ClientError as error:
                    name = self._files.name(file)
                    raise ClientError(
                        f"{name} was not taken: {error.message}", error.problems, error.status
                    ) from None
                value = json.loads(body)
                sent[pipe_id] = sent.get(pipe_id, 0) + (len(value) if type(value) is list else 1)
        return sent

    # -- comparing ---------------------------------------------------------------------------------

    def status(self) -> Status:
        """Which components and variables folder and node have differently."""
        return Status(self._connection.url, self.folder, self._changes())

    def diff(self) -> ProjectDiff:
        """What an upload would change on the node: each component, line by line."""
        return ProjectDiff(self._connection.url, self.folder, self._changes())

    def _changes(self) -> list[Change]:
        local = {
            name: (self._files.name(file), _without_held(item) if name == NODE else item)
            for name, (file, item) in self._files.components().items()
        }
        remote = {item["_id"]: item for item in self._connection.get("/config")}
        if NODE in remote:
            remote[NODE] = _without_held(remote[NODE])
            if NODE not in local and remote[NODE].keys() <= {"_id", "type"}:
                del remote[NODE]
        found = []
        for name in sorted(local.keys() | remote.keys()):
            file, item = local.get(name, ("", None))
            found.append(_change(name, file, item, remote.get(name)))
        env = self._files.env(self.profile)
        if env is not None:
            found.append(
                _change(ENV, f"{self.profile}-env.json", env, self._connection.get("/env"))
            )
        return [change for change in found if change is not None]

    # -- running and testing -----------------------------------------------------------------------

    def run(self, *, progress: bool = True, **options: Any) -> RunAll:
        """Run all pipes from the start until nothing changes any more; keeps the test data.

        Options as of `hub.runner.start`. Raises ClientError with the pipes that fail.
        """
        runner = Runner(self._connection)
        runner.stop()
        has_data = (self.folder / "testdata").is_dir()
        given = {"reset": True, "keep_received": has_data, "extra_zero_runs": 2} | options
        return runner.run(progress=progress, **given)

    def verify(self, *, check: bool = False) -> Tested:
        """Compare what the output pipes give now with `expected/`, without running anything.

        With `check` a difference raises ClientError.
        """
        specs = self._files.specs()
        with client_errors():
            outcomes = list(verify(self._connection, specs)) if specs else []
        failing = dict(failing_pipes(self._connection.get("/pipes")))
        tested = Tested(self.folder.name, outcomes, failing)
        if check and not tested.ok:
            raise ClientError(f"{tested.summary}\n{tested!r}")
        return tested

    def test(
        self, *, check: bool = False, fresh: bool = False, progress: bool = True, **options: Any
    ) -> Tested:
        """Upload the project, run all pipes, compare what they give with `expected/`.

        The project replaces what the node has, and its schedule is held; with `fresh` it all
        happens on a node of its own that is thrown away. With `check` a difference raises
        ClientError. `options` are those of `run`. Raises ClientError where the project cannot be
        loaded or a pipe fails.
        """
        if fresh:
            return self._tested_apart(check=check, progress=progress, **options)
        self.upload(hold=True, testdata=False, progress=progress)
        Runner(self._connection).delete_all_sink_datasets()
        self._send_testdata(progress=progress)
        self.run(progress=progress, **options)
        return self.verify(check=check)

    def _tested_apart(self, **options: Any) -> Tested:
        from sesam_interactive.client.connection import Connection
        from sesam_interactive.client.managed import ManagedNode

        with (
            tempfile.TemporaryDirectory(prefix="sesam-test-") as data,
            ManagedNode(Path(data), folder=self.folder) as node,
        ):
            connection = Connection(node.url, node.token)
            try:
                return self._on(connection).test(**options)
            finally:
                connection.close()

    def _on(self, connection: Connection) -> Project:
        """The same project, on another node."""
        other = Project(connection, self.folder, self.profile)
        other._files = self._files
        return other

    # -- to the folder -----------------------------------------------------------------------------

    def update(self) -> Written:
        """Write what the output pipes give now to `expected/`; new specs for pipes without one.

        Look at the difference before you commit it: what is wrong now is expected then.
        """
        specs = self._files.specs()
        outputs = output_pipes(self._connection)
        expected = self.folder / "expected"
        contents: dict[Path, bytes] = {}
        tested = {spec.pipe for spec in specs}
        for name, pipe in outputs.items():
            if name not in tested:
                spec = _new_spec(expected, name, pipe)
                specs.append(spec)
                contents[spec.file] = _spec_text(spec)
        for spec in specs:
            if not spec.ignore and spec.pipe in outputs:
                contents[spec.expected] = current(self._connection, spec)
        written = [file for file, data in contents.items() if write_file(file, data)]
        return Written(self.folder, sorted(map(self._files.name, written)))

    def download(self) -> Written:
        """Make the folder hold the configuration and variables of the node.

        Each component stays in the file where it is; files of those that the node does not have
        are deleted. Test data and `expected/` are not touched.
        """
        components = self._connection.get("/config")
        env = self._connection.get("/env")
        local = self._files.components()
        for item in components:
            self._check_name(item)
        written = []
        for item in components:
            known = local.get(item["_id"])
            if known is None or not same_json(known[1], item):
                written += [file for file in [self._files.write(item, _text(item))] if file]
        gone = local.keys() - {item["_id"] for item in components}
        deleted = sorted({local[name][0] for name in gone})
        for file in deleted:
            file.unlink()
        env_file = self.folder / f"{self.profile}-env.json"
        known_env = self._files.env(self.profile) if env_file.is_file() else None
        if not same_json(known_env, env) and (env or known_env is not None):
            write_file(env_file, _text(env).encode())
            written.append(env_file)
        names = (sorted(map(self._files.name, files)) for files in (written, deleted))
        return Written(self.folder, *names)

    def _check_name(self, item: Mapping[str, Any]) -> None:
        """Raises ClientError, before anything is written, for an id that is no file name."""
        if "/" in item["_id"] or item["_id"].startswith("."):
            raise ClientError(f"{item['_id']!r} cannot be the name of a file")

    def save(self, config: Mapping[str, Any]) -> Path:
        """Write a pipe or system to its file; an existing file of that id keeps its place."""
        self._check_name(config)
        written = self._files.write(config, _text(config))
        return written or self._files.components()[str(config["_id"])][0]

    def __repr__(self) -> str:
        return f"<Project {self.folder}>"

    def _repr_html_(self) -> str:
        rows = {
            "folder": str(self.folder),
            "node": self._connection.url,
            "profile": self.profile,
            "configuration files": len(self.files()),
            "files of test data": len(self._files.testdata()),
            "tests": len(self._files.specs()),
        }
        return properties_table(f"Project {self.folder.name}", rows)


def _text(value: Any) -> str:
    return pretty(value if not hasattr(value, "items") else dict(value)) + "\n"


def _change(name: str, file: str, new: Any, old: Any) -> Change | None:
    if new is not None and old is not None and same_json(new, old):
        return None
    state = "added" if old is None else "removed" if new is None else "changed"
    return Change(name, state, file, old, new)


def _without_held(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a node without what a test has added to it."""
    found = dict(metadata)
    for part, option, value in HELD:
        values = found.get(part)
        if isinstance(values, dict) and values.get(option) is value:
            rest = {name: item for name, item in values.items() if name != option}
            found = {name: item for name, item in found.items() if name != part}
            found |= {part: rest} if rest else {}
    return found


def _new_spec(folder: Path, name: str, pipe: Mapping[str, Any]) -> Spec:
    """A spec for a pipe that has none, by the kind of its sink."""
    kind = str(pipe["config"]["effective"].get("sink", {}).get("type", "")).removesuffix(
        "_endpoint"
    )
    endpoint = kind if kind in ("csv", "xml") else "json"
    return Spec(folder / f"{name}.test.json", name, folder / f"{name}.{endpoint}", endpoint)


def _spec_text(spec: Spec) -> bytes:
    value = {"_id": spec.pipe, "type": "test", "pipe": spec.pipe}
    if spec.endpoint != "json":
        value |= {"file": spec.expected.name, "endpoint": spec.endpoint}
    return (json.dumps(value, indent=2) + "\n").encode()
