"""The whole configuration, as JSON or as a zip of files: read it, replace it."""

from __future__ import annotations

from typing import Any, ClassVar

from tornado import httputil

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError, problem_json, validation_errors
from sesam_node.api.operations import FORCE, LIMIT, Parameter, on_each, on_node, operation
from sesam_node.config.document import Document, components_of
from sesam_node.config.files import read_zip, write_zip
from sesam_node.config.text import read_json
from sesam_node.hub.groups import DEFAULT

ZIP = "application/zip"


class ConfigHandler(ApiHandler):
    """The default config group: what names no other."""

    group: ClassVar[str | None] = DEFAULT

    @operation(answer="application/json, application/zip", needs=on_each("read_config", "pipe"))
    def get(self, group: str | None = None) -> None:
        """The configuration as it was uploaded; a zip where `Accept` names it first.

        Components that whoever asks may not read are left out.
        """
        document = self.hub.configuration.document(group or self.group, by=self.principal)
        if not prefers_zip(self.request.headers.get("Accept", "")):
            self.answer(document.to_list())
            return
        self.set_header("Content-Type", ZIP)
        self.set_header("Content-Disposition", 'attachment; filename="sesam-config.zip"')
        self.finish(write_zip(document))

    @operation(
        FORCE,
        body="application/json, application/zip, multipart/form-data",
        needs=on_each("write_config", "pipe"),
    )
    async def put(self, group: str | None = None) -> None:
        """Replace the configuration: all of it, or nothing where it has an error.

        With `force` what is valid is loaded and the rest is marked. Other config groups stay.
        """
        force = self.query()["force"]
        document = read_document(self.request.headers.get("Content-Type", ""), self.body())
        warnings = await self.hub.configuration.put(
            document, group=group or self.group, force=force, by=self.principal
        )
        self.answer({"message": "OK", "validation_errors": validation_errors(warnings or ())})


class ConfigGroupHandler(ConfigHandler):
    """One config group by its name."""


class ConfigAllHandler(ConfigHandler):
    """All config groups at once."""

    group = None


class ConfigCheckHandler(ApiHandler):
    @operation(
        body="application/json, application/zip, multipart/form-data",
        needs=on_node("read_config"),
    )
    async def post(self) -> None:
        """Everything that is wrong with a configuration; nothing is loaded.

        It is checked with the variables of the node, or with those in the part `env` of a form,
        and with the names of the node's secrets. `valid` says whether it could be loaded as a
        whole; `problems` has warnings too.
        """
        content_type, data = self.request.headers.get("Content-Type", ""), self.body()
        document, env = read_document(content_type, data), read_env(content_type, data)
        problems = await self.hub.configuration.check(document, env)
        errors = [problem for problem in problems if problem.level == "error"]
        self.answer({"valid": not errors, "problems": [problem_json(p) for p in problems]})


class HistoryHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of a pipe or system, or node"),
        Parameter("since", "integer", doc="only revisions after this one"),
        LIMIT,
        Parameter("reverse", "boolean", default=False, doc="newest first"),
        needs=on_each("read_config", "pipe"),
    )
    def get(self) -> None:
        """What a component was, revision by revision."""
        values = self.query()
        component_id = values.pop("entity_id")
        self.hub.configuration.check_history(self.principal, component_id)
        self.answer(self.hub.configuration.history(component_id, **values))


def prefers_zip(accept: str) -> bool:
    """Does an `Accept` header name a zip before JSON?"""
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    known = [kind for kind in kinds if kind in (ZIP, "application/json", "*/*")]
    return bool(known) and known[0] == ZIP


def read_document(content_type: str, data: bytes) -> Document:
    """The configuration in a body: JSON, a zip, or a form with one of them in its part `file`.

    The content says which it is, a wrong content type does no harm.
    """
    if content_type.lower().startswith("multipart/"):
        data = _file_part(content_type, data)
    if data[:2] == b"PK":
        return read_zip(data)
    if not data.strip():
        raise ApiError(400, "there is no configuration in the body", "expected JSON or a zip")
    value, warnings = read_json(data, "body")
    return Document.from_list(list(components_of(value)), warnings)


def read_env(content_type: str, data: bytes) -> Any:
    """The variables in the part `env` of a form; null where there is none."""
    if not content_type.lower().startswith("multipart/"):
        return None
    parts = _parts(content_type, data, "env")
    return read_json(parts[-1], "env")[0] if parts else None


def _parts(content_type: str, data: bytes, name: str) -> list[bytes]:
    """The bodies of the parts of a form that have this name."""
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[httputil.HTTPFile]] = {}
    try:
        httputil.parse_body_arguments(content_type, data, arguments, files)
    except httputil.HTTPInputError as error:
        raise ApiError(400, "the form cannot be read", str(error)) from None
    return [part["body"] for part in files.get(name, [])] + arguments.get(name, [])


def _file_part(content_type: str, data: bytes) -> bytes:
    parts = _parts(content_type, data, "file")
    if len(parts) != 1:
        raise ApiError(
            400,
            "the form holds no configuration",
            f'expected one part "file", there are {len(parts)}',
        )
    return bytes(parts[0])


ROUTES = [
    ("/config", ConfigHandler),
    ("/config/{group}", ConfigGroupHandler),
    ("/config-all", ConfigAllHandler),
    ("/config-check", ConfigCheckHandler),
    ("/config-history/entity", HistoryHandler),
]
