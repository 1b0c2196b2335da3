"""Projects in folders and zip files: the layout of the official client.

    pipes/**/*.conf.json   systems/**/*.conf.json   node-metadata.conf.json
    <profile>-env.json     testdata/**/*.json       expected/*.test.json

A zip comes from anywhere: names that leave the folder, links, too many or too large members and
false sizes are refused before anything is used. A zip or folder that is written is the same, byte
for byte, whenever the configuration is.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.config.document import NODE, SYSTEM_PREFIX, Component, Document, components_of
from sesam_node.config.environment import check_env
from sesam_node.config.text import read_json, write_json
from sesam_node.errors import ConfigError, Problem, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

SUFFIX = ".conf.json"
METADATA_FILE = "node-metadata.conf.json"
NODE_CONFIG_FILE = "node-config.json"
CONFIG_NAME = re.compile(r"(pipes|systems)/(.+/)?[^/]+\.conf\.json\Z|node-metadata\.conf\.json\Z")
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
CHUNK_BYTES = 64 * 1024
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What the standard library raises on zip files that somebody has damaged.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """What an uploaded zip may hold. The ratio counts for members above `ratio_from_bytes`."""

    entries: int = 20_000
    member_bytes: int = 32 * 1024 * 1024
    total_bytes: int = 256 * 1024 * 1024
    ratio: int = 200
    ratio_from_bytes: int = 1024 * 1024


@dataclass(frozen=True)
class Project:
    """A project folder: its configuration, variables, test data and expected results.

    `files` says in which file each component stands, by id, relative to the folder. `testdata`
    holds files by the id of the pipe that takes them, `expected` the test specifications.
    """

    document: Document
    env: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    testdata: dict[str, Path] = field(default_factory=dict)
    expected: tuple[Path, ...] = ()


# -- folders ---------------------------------------------------------------------------------------


def read_folder(
    folder: str | Path, profile: str = "test", *, whitelist: Collection[str] | None = None
) -> tuple[Document, dict[str, Any]]:
    """The configuration of a project folder and the variables of a profile; see `read_project`."""
    project = read_project(folder, profile, whitelist=whitelist)
    return project.document, project.env


def read_project(
    folder: str | Path, profile: str = "test", *, whitelist: Collection[str] | None = None
) -> Project:
    """Read a project folder; `whitelist` names the only configuration files to take.

    A profile without a file has no variables.

    Raises ConfigError with the problems of all files, and NotADirectoryError.
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is no folder")
    names = [name for name in config_files(root) if whitelist is None or name in set(whitelist)]
    contents = {name: (root / name).read_bytes() for name in names}
    files: dict[str, str] = {}
    document = _document(contents, files)
    testdata = {
        path.name.removesuffix(".json"): path for path in sorted(root.glob("testdata/**/*.json"))
    }
    expected = tuple(sorted(root.glob("expected/**/*.test.json")))
    return Project(document, read_env(root / f"{profile}-env.json"), files, testdata, expected)


def read_env(path: Path) -> dict[str, Any]:
    """The variables in a file; none where there is no such file.

    Raises ConfigError when it holds no JSON object.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    value, _ = read_json(data, path.name)
    problems = check_env(value)
    if problems:
        raise ConfigError(f"{path.name} holds no variables", problems)
    env: dict[str, Any] = value
    return env


def read_whitelist(path: Path) -> set[str]:
    """The names in a whitelist file: one a line, empty lines left out."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return {line.strip() for line in lines if line.strip()}


def read_node_config(path: Path) -> Document:
    """The components of a `node-config.json`: an array, as the API takes it.

    Raises ConfigError, and FileNotFoundError.
    """
    value, warnings = read_json(path.read_bytes(), path.name)
    return Document.from_list(value, warnings)


def write_folder(
    document: Document,
    folder: str | Path,
    *,
    write: Callable[[Component], str] = write_json,
) -> list[str]:
    """Make a project folder hold exactly this configuration; give the names of changed files.

    A component stays in the file where it is; files of components that are gone are deleted, and
    no other file is touched. `write` makes the text of a component.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    old = _files_by_id(root)
    new = {old.get(name) or file_name(component): component for name, component in _named(document)}
    changed = []
    for name in sorted(config_files(root)):
        if name not in new:
            (root / name).unlink()
            changed.append(name)
    for name, component in sorted(new.items()):
        data = write(component).encode()
        path = root / name
        if not path.is_file() or path.read_bytes() != data:
            replace_file(path, data)
            changed.append(name)
    return sorted(changed)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that it holds all of the new bytes or all of the old ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def file_name(component: Mapping[str, Any]) -> str:
    """Where a component stands in a project: `pipes/person.conf.json`."""
    if component["_id"] == NODE:
        return METADATA_FILE
    is_system = str(component.get("type", "")).startswith(SYSTEM_PREFIX)
    return f"{'systems' if is_system else 'pipes'}/{component['_id']}{SUFFIX}"


def config_files(root: Path) -> list[str]:
    """The names of the configuration files of a project folder, relative to it."""
    found = [
        path.relative_to(root).as_posix()
        for part in ("pipes", "systems")
        for path in sorted(root.glob(f"{part}/**/*{SUFFIX}"))
        if path.is_file() and not path.name.startswith(".")
    ]
    return [METADATA_FILE, *found] if (root / METADATA_FILE).is_file() else found


def _files_by_id(root: Path) -> dict[str, str]:
    """The files that hold exactly one component, by its id; broken ones are left out."""
    found: dict[str, str] = {}
    for name in config_files(root):
        try:
            value, _ = read_json((root / name).read_bytes(), name)
        except ConfigError:
            continue
        if type(value) is dict and type(value.get("_id")) is str:
            found.setdefault(value["_id"], name)
    return found


def _named(document: Document) -> Iterable[tuple[str, Component]]:
    return ((name, document.by_id[name]) for name in sorted(document.by_id))


# -- zip -------------------------------------------------------------------------------------------


def write_zip(document: Document) -> bytes:
    """A zip of the components, one file each; the same bytes for the same configuration."""
    members = {file_name(component): component for _, component in _named(document)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, component in sorted(members.items()):
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, write_json(component).encode())
    return buffer.getvalue()


def read_zip(data: bytes, limits: ZipLimits | None = None) -> Document:
    """The configuration in a zip; entries of folders and other files are left out.

    Raises ConfigError with every hostile name, broken limit or broken file.
    """
    limits = limits or ZipLimits()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            problems = check_members(infos, limits)
            if problems:
                raise ConfigError("the zip file is refused", problems)
            contents, others = _read_members(archive, infos, limits)
    except BROKEN_ZIP as error:
        message = f"the zip file is broken: {error}"
        raise ConfigError(message, [Problem("", "broken-zip", message)]) from None
    warnings = [
        Problem(name, "ignored-file", f"{preview(name)} is no configuration", level="warning")
        for name in others
    ]
    document = _document(contents, {})
    return Document(document.components, (*warnings, *document.warnings))


def check_members(infos: Iterable[zipfile.ZipInfo], limits: ZipLimits) -> list[Problem]:
    """What makes the table of contents of a zip unacceptable."""
    infos = list(infos)
    if len(infos) > limits.entries:
        message = f"{len(infos)} entries, at most {limits.entries} are taken"
        return [Problem("", "zip-limit", message)]
    problems = []
    seen: set[str] = set()
    for info in infos:
        # Python cuts a name at a null byte; the original tells.
        name = info.orig_filename
        reason = _bad_member(info, name)
        if reason:
            problems.append(Problem(name, "bad-member", f"{preview(name)} {reason}"))
        elif name in seen:
            problems.append(Problem(name, "bad-member", f"{preview(name)} comes twice"))
        seen.add(name)
        if info.file_size > limits.member_bytes:
            problems.append(_too_large(name, limits))
    return problems


def _bad_member(info: zipfile.ZipInfo, name: str) -> str:
    if any(ord(character) < 32 for character in name):
        return "has a control character in its name"
    if "\\" in name or re.match(r"[A-Za-z]:", name):
        return "has a Windows path"
    if name.startswith("/"):
        return "has an absolute path"
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "has a path that leaves the folder or repeats itself"
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or device"
    if info.compress_type not in PACKINGS:
        return "is packed in a way that is not taken (deflate is)"
    if info.flag_bits & 1:
        return "is encrypted"
    return ""


def _too_large(name: str, limits: ZipLimits) -> Problem:
    message = f"{preview(name)} has more than {limits.member_bytes} bytes"
    return Problem(name, "zip-limit", message)


def _read_members(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: ZipLimits
) -> tuple[dict[str, bytes], list[str]]:
    contents: dict[str, bytes] = {}
    others = []
    left = limits.total_bytes
    for info in infos:
        if info.is_dir():
            continue
        if not CONFIG_NAME.match(info.filename):
            others.append(info.filename)
            continue
        contents[info.filename] = member = _read_member(archive, info, limits, left)
        left -= len(member)
    return contents, others


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: ZipLimits, left: int
) -> bytes:
    """The bytes of a member, counted while they come: the sizes in the zip may lie."""
    name = info.filename
    packed = max(info.compress_size, 1)
    parts = []
    size = 0
    with archive.open(info) as member:
        while chunk := member.read(CHUNK_BYTES):
            size += len(chunk)
            problem = None
            if size > limits.member_bytes:
                problem = _too_large(name, limits)
            elif size > left:
                message = f"the members have more than {limits.total_bytes} bytes"
                problem = Problem("", "zip-limit", message)
            elif size > limits.ratio_from_bytes and size > limits.ratio * packed:
                message = f"{preview(name)} is packed more than {limits.ratio} times"
                problem = Problem(name, "zip-limit", message)
            if problem:
                raise ConfigError("the zip file is refused", [problem])
            parts.append(chunk)
    return b"".join(parts)


def _document(contents: Mapping[str, bytes], files: dict[str, str]) -> Document:
    """The components of files, in the order of their names; `files` takes where each stands."""
    components: list[Any] = []
    warnings: list[Problem] = []
    problems: list[Problem] = []
    for name in sorted(contents):
        try:
            value, more = read_json(contents[name], name)
        except ConfigError as error:
            problems += error.problems
            continue
        warnings += more
        for component in components_of(value):
            components.append(component)
            if type(component) is dict and type(component.get("_id")) is str:
                files.setdefault(component["_id"], name)
    if problems:
        count = "a file" if len(problems) == 1 else f"{len(problems)} files"
        raise ConfigError(f"{count} of the configuration cannot be read", problems)
    return Document(tuple(components), tuple(warnings))
