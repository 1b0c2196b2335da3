"""A project folder on disk: `pipes/*.conf.json`, `systems/*.conf.json`, variables, test data.

The layout of the official client. Files are read and written here, everything else is a call of
the node.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.json_text import pretty

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sesam_interactive.client.connection import Connection


class Project:
    """A project folder and the node that it is uploaded to."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        if not folder.is_dir():
            raise ClientError(f"there is no project folder {folder}")
        self._connection = connection
        self.folder = folder

    def files(self) -> list[Path]:
        """The configuration files, as they go into an upload."""
        found = [
            *self.folder.glob("pipes/**/*.conf.json"),
            *self.folder.glob("systems/**/*.conf.json"),
        ]
        metadata = self.folder / "node-metadata.conf.json"
        return sorted(found) + ([metadata] if metadata.exists() else [])

    def upload(self, profile: str = "test", *, force: bool = False) -> None:
        """Put variables and configuration on the node, then the test data into its receivers.

        All or nothing: raises ClientError with every problem, and the node stays as it was.
        """
        variables = self.folder / f"{profile}-env.json"
        if variables.exists():
            self._connection.json("PUT", "/env", json=json.loads(variables.read_text("utf-8-sig")))
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in self.files():
                archive.writestr(file.relative_to(self.folder).as_posix(), file.read_bytes())
        self._connection.json(
            "PUT",
            "/config",
            params={"force": json.dumps(force)},
            content=content.getvalue(),
            headers={"Content-Type": "application/zip"},
        )
        for file in sorted(self.folder.glob("testdata/**/*.json")):
            self._connection.json(
                "POST",
                f"/receivers/{segment(file.stem)}/entities",
                content=file.read_bytes(),
                headers={"Content-Type": "application/json"},
            )

    def save(self, config: Mapping[str, Any]) -> Path:
        """Write a pipe or system to its file; an existing file of that id keeps its place."""
        kind = "systems" if str(config.get("type", "")).startswith("system:") else "pipes"
        name = f"{config['_id']}.conf.json"
        if "/" in name or name.startswith("."):
            raise ClientError(f"{config['_id']!r} cannot be the name of a file")
        found = next(iter(self.folder.glob(f"{kind}/**/{name}")), None)
        file = found or self.folder / kind / name
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part")
        partial.write_text(pretty(dict(config)) + "\n", "utf-8")
        partial.replace(file)
        return file

    def __repr__(self) -> str:
        return f"<Project {self.folder}>"
