"""The configuration of a node: `hub.config()`, its groups, its history, its metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.collection import configuration
from sesam_interactive.client.connection import problem_of, segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.project_results import Validation
from sesam_interactive.display.html import table
from sesam_interactive.display.json_text import pretty
from sesam_interactive.display.rows import Rows, text_table
from sesam_node.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_interactive.client.connection import Connection

ZIP = "application/zip"
KEPT = 100
"""How many revisions of a component a node keeps."""


class Config:
    """The pipes, systems and metadata of a node as they were uploaded.

    Calling it, `hub.config()`, gives the components as a list.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, group: str | None = None) -> list[dict[str, Any]]:
        """The components of a config group, of the default one without a name."""
        found: list[dict[str, Any]] = self._connection.get(_path(group))
        return found

    def all_groups(self) -> list[dict[str, Any]]:
        """The components of all config groups."""
        found: list[dict[str, Any]] = self._connection.get("/config-all")
        return found

    def zip(self, group: str | None = None) -> bytes:
        """A config group as a zip of files, as projects have them."""
        headers = {"Accept": ZIP}
        return self._connection.request("GET", _path(group), headers=headers).content

    def replace(
        self,
        components: Sequence[Mapping[str, Any]] | bytes,
        *,
        group: str | None = None,
        force: bool = False,
    ) -> list[Problem]:
        """Replace a config group, the default one without a name; gives the warnings.

        `components` are pipes, systems and metadata, or a zip of files. All or nothing: raises
        ClientError with every problem; with `force` what is valid is loaded and the rest marked.
        """
        return self._put(_path(group), components, force=force)

    def replace_all_groups(
        self, components: Sequence[Mapping[str, Any]], *, force: bool = False
    ) -> list[Problem]:
        """Replace the configuration, all groups of it."""
        return self._put("/config-all", components, force=force)

    def _put(
        self, path: str, components: Sequence[Mapping[str, Any]] | bytes, *, force: bool
    ) -> list[Problem]:
        params = {"force": "true" if force else "false"}
        if isinstance(components, bytes):
            headers = {"Content-Type": ZIP}
            options: dict[str, Any] = {"content": components, "headers": headers}
        else:
            options = {"json": [configuration(item) for item in components]}
        answer = self._connection.json("PUT", path, params=params, **options)
        return [
            Problem(
                "",
                "config-warning",
                str(error["msg"]),
                level=str(error["level"]),
                component=str(item["posted-config"].get("_id", "")),
            )
            for item in answer["validation_errors"]
            for error in item["config-errors"]
        ]

    def check(
        self,
        components: Sequence[Mapping[str, Any]] | bytes,
        *,
        env: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Validation:
        """Everything that is wrong with a configuration, or a zip of one; nothing is loaded.

        `env` are the variables to check it with, the node's without; `files` the names of files to
        show, by the id of the component in them.
        """
        if isinstance(components, bytes):
            names, body = dict(files or {}), components
        else:
            names = {str(item.get("_id")): "" for item in components} | dict(files or {})
            body = json.dumps([configuration(item) for item in components]).encode()
        parts = {"file": ("config", body, "application/octet-stream")}
        if env is not None:
            parts["env"] = ("env", json.dumps(dict(env)).encode(), "application/json")
        try:
            told = self._connection.json("POST", "/config-check", files=parts, safe=True)
        except ClientError as error:
            if error.status != 400 or not error.problems:
                raise
            return Validation(list(error.problems), names)
        return Validation([problem_of(item) for item in told["problems"]], names)

    def history(self, component: str) -> Revisions:
        """What a pipe, a system or "node" was, the newest revision first; at most 100."""
        path, asked = "/config-history/entity", {"entity_id": component, "reverse": True}
        return Revisions(component, self._connection.get(path, **asked))

    def __len__(self) -> int:
        return len(self())

    def __repr__(self) -> str:
        return text_table(self._rows())

    def _repr_html_(self) -> str:
        return table(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"component": item["_id"], "type": item.get("type", "pipe")}
            for item in sorted(self(), key=lambda item: (str(item.get("type")), item["_id"]))
        ]


class Revisions(Rows):
    """The revisions of a component, newest first: `revision`, `time`, `user`, `config`."""

    def __init__(self, component: str, found: Sequence[dict[str, Any]]) -> None:
        rows: list[dict[str, Any]] = []
        # Oldest first: what came before says whether it was added. Of many the first are not kept.
        gone = len(found) < KEPT
        for item in reversed(found):
            what = "deleted" if item["_deleted"] else "added" if gone else "changed"
            gone = item["_deleted"]
            rows.insert(0, {**item, "what": what})
        super().__init__(
            rows, ("revision", "time", "user", "what"), f'nothing is known of "{component}"'
        )
        self.component = component

    def config(self, revision: int) -> dict[str, Any]:
        """The configuration of the component as of a revision of the node."""
        for item in self:
            if item["revision"] <= revision:
                found: dict[str, Any] = item["config"]
                return found
        known = ", ".join(str(item["revision"]) for item in self)
        raise ClientError(f'"{self.component}" has the revisions {known}; there is no {revision}')


class Metadata:
    """The node's own configuration: `hub.metadata.original`, `.effective`."""

    path = "/metadata"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _part(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._connection.get(self.path)["config"][name]
        return found

    @property
    def original(self) -> dict[str, Any]:
        """As it was uploaded."""
        return self._part("original")

    @property
    def effective(self) -> dict[str, Any]:
        """As it takes effect, with defaults."""
        return self._part("effective")

    def replace(self, metadata: Mapping[str, Any]) -> None:
        """Replace it as a whole."""
        self._connection.json("PUT", self.path, json=dict(metadata))

    def delete(self) -> None:
        """Go back to the defaults."""
        self._connection.json("DELETE", self.path)

    def __repr__(self) -> str:
        return pretty(self.original)


def _path(group: str | None) -> str:
    return "/config" if group is None else f"/config/{segment(group)}"
