"""The whole configuration, as JSON or as a zip of files: read it, replace it."""

from __future__ import annotations

from tornado import httputil

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError, validation_errors
from sesam_node.api.operations import FORCE, LIMIT, Parameter, operation
from sesam_node.config.document import Document, components_of
from sesam_node.config.files import read_zip
from sesam_node.config.text import read_json

ZIP = "application/zip"


class ConfigHandler(ApiHandler):
    @operation(answer="application/json, application/zip")
    def get(self) -> None:
        """The configuration as it was uploaded; a zip where `Accept` names it first."""
        if not prefers_zip(self.request.headers.get("Accept", "")):
            self.answer(self.hub.configuration.original())
            return
        self.set_header("Content-Type", ZIP)
        self.set_header("Content-Disposition", 'attachment; filename="sesam-config.zip"')
        self.finish(self.hub.configuration.zip())

    @operation(FORCE, body="application/json, application/zip, multipart/form-data")
    async def put(self) -> None:
        """Replace the configuration: all of it, or nothing where it has an error.

        With `force` what is valid is loaded and the rest is marked.
        """
        force = self.query()["force"]
        document = read_document(self.request.headers.get("Content-Type", ""), self.body())
        warnings = await self.hub.configuration.put(document, force=force)
        self.answer({"message": "OK", "validation_errors": validation_errors(warnings or ())})


class HistoryHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of a pipe or system, or node"),
        Parameter("since", "integer", doc="only revisions after this one"),
        LIMIT,
        Parameter("reverse", "boolean", default=False, doc="newest first"),
    )
    def get(self) -> None:
        """What a component was, revision by revision."""
        values = self.query()
        self.answer(self.hub.configuration.history(values.pop("entity_id"), **values))


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


def _file_part(content_type: str, data: bytes) -> bytes:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[httputil.HTTPFile]] = {}
    try:
        httputil.parse_body_arguments(content_type, data, arguments, files)
    except httputil.HTTPInputError as error:
        raise ApiError(400, "the form cannot be read", str(error)) from None
    parts = [part["body"] for part in files.get("file", [])] + arguments.get("file", [])
    if len(parts) != 1:
        raise ApiError(
            400,
            "the form holds no configuration",
            f'expected one part "file", there are {len(parts)}',
        )
    return bytes(parts[0])


ROUTES = [
    ("/config", ConfigHandler),
    ("/config-history/entity", HistoryHandler),
]
