"""Named nodes: a file of the user with a URL and a token each, so that no notebook holds a secret.

`.syncconfig`, in which the official client keeps the node of a project, is read here too.
"""

from __future__ import annotations

import configparser
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import api_url, bare_token, checked_url
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.project_files import write_file
from sesam_interactive.display.html import table
from sesam_interactive.display.rows import text_table
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client.hub import Hub

SYNC_CONFIG = ".syncconfig"
OWNER_ONLY = 0o600


def profiles_file() -> Path:
    """Where named nodes are kept: `{"prod": {"node": URL, "jwt": TOKEN}}`, for your eyes only."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "sesam-interactive" / "profiles.json"


@dataclass(frozen=True)
class Profile:
    """One named node; `connect()` gives its hub."""

    name: str
    url: str
    token: str | None = field(default=None, repr=False)

    def connect(self, **options: Any) -> Hub:
        """A hub of this node; it becomes the default of the cell magics."""
        from sesam_interactive.client.connecting import connect

        return connect(profile=self.name, **options)


class Profiles:
    """The named nodes of the user: `profiles["prod"].connect()`, or `connect(profile="prod")`.

    Read anew on each use. Tokens are never shown.
    """

    @property
    def file(self) -> Path:
        """Where they are kept; only its owner may read it."""
        return profiles_file()

    def names(self) -> list[str]:
        return sorted(self._read())

    def add(self, name: str, url: str, token: str | None = None) -> Profile:
        """Keep a node under a name; one of this name is replaced."""
        checked_url(api_url(url))
        entry = {"node": url} | ({} if token is None else {"jwt": bare_token(token)})
        self._write(self._read() | {name: entry})
        return self[name]

    def remove(self, name: str) -> None:
        """Forget a node. Raises ClientError where there is none of this name."""
        kept = self._read()
        del kept[self[name].name]
        self._write(kept)

    def __getitem__(self, name: str) -> Profile:
        known = self._read()
        if name not in known:
            raise ClientError(self._unknown(name, list(known)))
        entry = known[name]
        if not isinstance(entry, dict) or not isinstance(entry.get("node"), str):
            raise ClientError(f'the profile "{name}" in {self.file} has no "node" with a URL')
        token = entry.get("jwt")
        if token is not None and not isinstance(token, str):
            raise ClientError(f'"jwt" of the profile "{name}" in {self.file} is no text')
        return Profile(name, entry["node"], token)

    def _unknown(self, name: str, known: list[str]) -> str:
        if not known:
            return f'there is no profile "{name}": no nodes are kept in {self.file}'
        hint = suggestion(name, known) or f"there are {', '.join(known)}"
        return f'there is no profile "{name}" in {self.file}; {hint}'

    def __getattr__(self, name: str) -> Profile:
        if name.startswith("_") or name not in self._read():
            raise AttributeError(name)
        return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self.names() if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._read()

    def _read(self) -> dict[str, Any]:
        try:
            text = self.file.read_text("utf-8-sig")
            if self.file.stat().st_mode & 0o077:
                # It holds tokens; made by hand, it may be open to others.
                self.file.chmod(OWNER_ONLY)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ClientError(f"{self.file} cannot be read: {error.strerror}") from None
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise ClientError(f"{self.file} is no JSON: {place}: {error.msg}") from None
        if not isinstance(found, dict):
            raise ClientError(
                f'{self.file} holds no object of profiles, {{"name": {{"node": URL}}}}'
            )
        return found

    def _write(self, profiles: dict[str, Any]) -> None:
        text = json.dumps(profiles, indent=2, ensure_ascii=False) + "\n"
        write_file(self.file, text.encode(), mode=OWNER_ONLY)

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"profile": item.name, "node": item.url, "token": "yes" if item.token else "no"}
            for item in map(self.__getitem__, self.names())
        ]

    def __repr__(self) -> str:
        return text_table(self._rows()) if len(self) else f"no profiles in {self.file}"

    def _repr_html_(self) -> str:
        return table(self._rows())


profiles = Profiles()


@dataclass(frozen=True)
class SyncConfig:
    """What a `.syncconfig` says: the node of a project, its token, the profile of variables."""

    file: Path
    url: str | None = None
    token: str | None = field(default=None, repr=False)
    profile: str | None = None


def sync_config(folder: Path) -> SyncConfig | None:
    """The `.syncconfig` of a folder, or of the nearest one above; None where there is none.

    JSON, or lines `KEY = value`, as the official client reads it: NODE, JWT, PROFILE. Raises
    ClientError, which does not show what is in it, for a file that is neither.
    """
    absolute = folder.absolute()
    file = next(
        (
            place / SYNC_CONFIG
            for place in (absolute, *absolute.parents)
            if (place / SYNC_CONFIG).is_file()
        ),
        None,
    )
    if file is None:
        return None
    values = _sync_values(file)
    known = {name: values.get(name) or None for name in ("node", "jwt", "profile")}
    return SyncConfig(file, _remote(known["node"]), known["jwt"], known["profile"])


def _sync_values(file: Path) -> dict[str, str]:
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ClientError(f"{file} cannot be read as text") from None
    if text.lstrip().startswith("{"):
        try:
            pairs = json.loads(text).items()
        except ValueError as error:
            line = getattr(error, "lineno", 1)
            raise ClientError(f"{file} is no JSON, line {line}") from None
    else:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        try:
            # It has no section, and a parser asks for one.
            parser.read_string(f"[node]\n{text}")
        except configparser.Error as error:
            lines = getattr(error, "errors", None)
            place = f", line {lines[0][0] - 1}" if lines else ""
            raise ClientError(f'{file} has no lines "NODE = …", "JWT = …"{place}') from None
        pairs = parser["node"].items()
    return {str(name).lower(): str(value).strip().strip("\"'") for name, value in pairs if value}


def _remote(url: str | None) -> str | None:
    """A node as the official client reads it: https where nothing else is said."""
    return url if url is None or "://" in url else f"https://{url}"
