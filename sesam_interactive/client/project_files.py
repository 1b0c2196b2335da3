"""The files of a project, in the layout of the official client.

    pipes/**/*.conf.json   systems/**/*.conf.json   node-metadata.conf.json
    <profile>-env.json     testdata/**/*.json       expected/*.test.json

Files are read and written here and nowhere else. A file is written as a whole or not at all.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_node.errors import SesamError
from sesam_node.expected import read_project_json, read_specs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.expected import Spec

SUFFIX = ".conf.json"
METADATA_FILE = "node-metadata.conf.json"
NODE = "node"
DEFAULT_PROFILE = "test"

Component = dict[str, Any]


class ProjectFiles:
    """A project folder on disk; with a `whitelist` only the configuration files that it lists."""

    def __init__(self, folder: Path, whitelist: Path | None = None) -> None:
        self.folder = folder.absolute()
        if not self.folder.is_dir():
            raise ClientError(f"there is no project folder {folder}")
        self._listed: set[str] | None = None
        if whitelist is not None:
            file = whitelist if whitelist.is_absolute() else self.folder / whitelist
            self._listed = {line.strip() for line in _text(file).splitlines() if line.strip()}

    # -- reading -----------------------------------------------------------------------------------

    def config(self) -> list[Path]:
        """The configuration files, as they go into an upload."""
        found = [
            path
            for kind in ("pipes", "systems")
            for path in sorted(self.folder.glob(f"{kind}/**/*{SUFFIX}"))
            if path.is_file() and not path.name.startswith(".")
        ]
        metadata = self.folder / METADATA_FILE
        found += [metadata] if metadata.is_file() else []
        return [file for file in found if self._listed is None or self.name(file) in self._listed]

    def name(self, file: Path) -> str:
        """A file's path within the project."""
        return file.relative_to(self.folder).as_posix()

    def components(self) -> dict[str, tuple[Path, Component]]:
        """The file and the configuration of each component, by id.

        Raises ClientError, with line and column, for a file that is no JSON.
        """
        found: dict[str, tuple[Path, Component]] = {}
        for file in self.config():
            with client_errors():
                value = read_project_json(self.folder, file)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and isinstance(item.get("_id"), str):
                    found.setdefault(item["_id"], (file, item))
        return found

    def names_by_id(self) -> dict[str, str]:
        """The name of the file of each component, by id; broken files are left out."""
        found: dict[str, str] = {}
        for file in self.config():
            try:
                value = read_project_json(self.folder, file)
            except SesamError:
                continue
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and isinstance(item.get("_id"), str):
                    found.setdefault(item["_id"], self.name(file))
        return found

    def env(self, profile: str) -> dict[str, Any] | None:
        """The variables of a profile; None where the default one has no file.

        Raises ClientError for another profile without a file, and for one that is no object.
        """
        file = self.folder / f"{profile}-env.json"
        if not file.is_file():
            if profile == DEFAULT_PROFILE:
                return None
            known = sorted(f.name.removesuffix("-env.json") for f in self.folder.glob("*-env.json"))
            hint = f"; there are {', '.join(known)}" if known else ""
            raise ClientError(f"there is no file {file.name} in {self.folder}{hint}")
        with client_errors():
            value = read_project_json(self.folder, file)
        if not isinstance(value, dict):
            raise ClientError(f"{file.name} holds no object of variables")
        return value

    def zip(self, *, hold: bool = False) -> bytes:
        """The configuration files as a zip, as they are on disk.

        With `hold` the metadata of the node says that nothing runs by schedule. Raises ClientError
        where there are none: an upload would empty the node.
        """
        contents = {self.name(file): file.read_bytes() for file in self.config()}
        if not contents.keys() - {METADATA_FILE}:
            raise ClientError(
                f"{self.folder} is no project: it has no pipes/*.conf.json or systems/*.conf.json"
            )
        if hold:
            metadata = self.components().get(NODE, (None, {"_id": NODE, "type": "metadata"}))[1]
            manager = metadata.get("task_manager")
            manager = manager if isinstance(manager, dict) else {}
            held = {**metadata, "task_manager": {**manager, "disable_user_pipes": True}}
            contents[METADATA_FILE] = json.dumps(held).encode()
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(contents.items()):
                archive.writestr(name, data)
        return content.getvalue()

    def testdata(self) -> list[tuple[str, Path]]:
        """Pipe id and file of the test data; files that hold null are left out."""
        takes = self._takes()
        return [
            (file.stem, file)
            for file in sorted((self.folder / "testdata").rglob("*.json"))
            if takes(file.stem)
            and file.read_bytes().removeprefix(b"\xef\xbb\xbf").strip() != b"null"
        ]

    def specs(self) -> list[Spec]:
        """What is expected. Raises ClientError for a broken spec."""
        takes = self._takes()
        with client_errors():
            return [spec for spec in read_specs(self.folder) if takes(spec.pipe)]

    def _takes(self) -> Any:
        known = None if self._listed is None else self.components().keys()
        return lambda pipe_id: known is None or pipe_id in known

    # -- writing -----------------------------------------------------------------------------------

    def write(self, component: Mapping[str, Any], text: str) -> Path | None:
        """Write a component to its file; one that is there keeps its place.

        Gives the file, or None where it holds the same already. Raises ClientError for an id that
        cannot be the name of a file.
        """
        name = str(component.get("_id"))
        is_system = str(component.get("type", "")).startswith("system:")
        kind = "systems" if is_system else "pipes"
        if "/" in name or "\\" in name or name.startswith("."):
            raise ClientError(f"{name!r} cannot be the name of a file")
        if name == NODE:
            file = self.folder / METADATA_FILE
        else:
            found = next(iter(self.folder.glob(f"{kind}/**/{_escaped(name)}{SUFFIX}")), None)
            file = found or self.folder / kind / f"{name}{SUFFIX}"
        return file if write_file(file, text.encode()) else None


@contextmanager
def client_errors() -> Iterator[None]:
    """Errors of reading a project as errors of the client: shown without a traceback."""
    try:
        yield
    except ClientError:
        raise
    except SesamError as error:
        raise ClientError(error.message, error.problems) from None


def write_file(file: Path, data: bytes, mode: int | None = None) -> bool:
    """Make a file hold these bytes, all or none of them; False where it does already.

    Its mode stays, or is `mode`.
    """
    if file.is_file() and file.read_bytes() == data:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        kept = file.stat().st_mode & 0o777 if file.exists() else 0o644
        Path(partial).chmod(kept if mode is None else mode)
        Path(partial).replace(file)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return True


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise ClientError(f"{file} cannot be read: {error.strerror}") from None


def _escaped(name: str) -> str:
    """A name in a pattern of files."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
