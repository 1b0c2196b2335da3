"""A project folder as the commands use it: what to upload, testdata, and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config import read_project, write_zip
from sesam_node.config.files import read_whitelist
from sesam_node.errors import ConfigError
from sesam_node.expected import read_project_json, read_specs

if TYPE_CHECKING:
    from pathlib import Path

    from sesam_node.expected import Spec


class Project:
    """A project folder: what to upload, testdata, specs; `files` names the file of a component.

    With a `whitelist` only the configuration files that it lists are taken, and only testdata and
    specs of their pipes.
    """

    def __init__(self, folder: Path, profile: str = "test", whitelist: Path | None = None) -> None:
        """Raises ConfigError where this is no project, or its files cannot be read."""
        self.folder = folder.absolute()
        if not self.folder.is_dir():
            raise ConfigError(f"there is no folder {folder}")
        try:
            listed = None if whitelist is None else read_whitelist(whitelist)
            content = read_project(self.folder, profile, whitelist=listed)
        except OSError as error:
            raise ConfigError(f"{error.filename} cannot be read: {error.strerror}") from None
        if not content.document.components:
            raise ConfigError(f"{folder} is no project: there are no pipes/*.conf.json in it")
        if profile != "test" and not (self.folder / f"{profile}-env.json").exists():
            raise ConfigError(f"there is no file {profile}-env.json in {folder}")
        self.document = content.document
        self.env = content.env
        self.files = content.files
        self._is_whole = whitelist is None

    def zip(self) -> bytes:
        """The configuration as a zip, with the schedule of its pipes held.

        Nothing then runs beside what a test starts.
        """
        metadata = dict(self.document.metadata or {"_id": "node", "type": "metadata"})
        manager = metadata.get("task_manager")
        manager = manager if type(manager) is dict else {}
        metadata["task_manager"] = {**manager, "disable_user_pipes": True}
        return write_zip(self.document.with_components([metadata]))

    def testdata(self) -> list[tuple[str, bytes]]:
        """Pipe id and body of each file of `testdata/`; files that hold null are left out."""
        found = []
        for file in sorted((self.folder / "testdata").rglob("*.json")):
            body = self._read(file).removeprefix(b"\xef\xbb\xbf")
            if body.strip() != b"null" and self._takes(file.stem):
                found.append((file.stem, body))
        return found

    def specs(self) -> list[Spec]:
        """What is expected, by the file that says so. Raises ConfigError for a broken one."""
        return [spec for spec in read_specs(self.folder) if self._takes(spec.pipe)]

    def _takes(self, pipe_id: str) -> bool:
        return self._is_whole or pipe_id in self.document.pipes

    def read_json(self, file: Path) -> Any:
        """The JSON in a file. Raises ConfigError with its place where it is broken."""
        return read_project_json(self.folder, file)

    def _read(self, file: Path) -> bytes:
        try:
            return file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{self.name(file)} cannot be read: {error.strerror}") from None

    def name(self, file: Path) -> str:
        """A file's path within the project."""
        return file.relative_to(self.folder).as_posix()
