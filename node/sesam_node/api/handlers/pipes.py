"""Pipes: configuration, pump, what they would produce, what they did."""

from __future__ import annotations

from typing import Any

from sesam_node.api.base import ApiHandler, with_fields
from sesam_node.api.errors import ApiError
from sesam_node.api.handlers.datasets import selection
from sesam_node.api.operations import (
    AS_OF,
    FIELDS,
    FORCE,
    LIMIT,
    SINCE,
    WEBHOOK,
    Parameter,
    form,
    on_each,
    on_node,
    on_pipe,
    operation,
)
from sesam_node.errors import ConflictError
from sesam_node.hub.active import config_tag
from sesam_node.model.formats import FORMATS
from sesam_node.model.stream import read_json
from sesam_node.pipes.execution_log import log_name
from sesam_node.pipes.operations import SIDE_EFFECTS

INTERNAL = Parameter("include-internal-pipes", "boolean", default=False, doc="system pipes too")
VERBOSE = Parameter("verbose", "boolean", default=False, doc="accepted; answers are always whole")
INCOMING = ("source", "before-transforms")
STAGES = ("source", "before-transforms", "after-transforms", "sink")


class PipesHandler(ApiHandler):
    @operation(VERBOSE, FIELDS, INTERNAL, needs=on_each("read_config", "pipe"))
    def get(self) -> None:
        """All pipes."""
        fields = self.query()["fields"]
        found = self.hub.pipes.list()
        allowed = self.allowed("read_config", "pipe", [pipe["_id"] for pipe in found])
        self.answer([with_fields(pipe, fields) for pipe in found if pipe["_id"] in allowed])

    @operation(FORCE, body="application/json", status=201, needs=on_node("add_components"))
    async def post(self) -> None:
        """Add pipes; 409 where one exists."""
        components = component_list(self.json_body(), "pipes")
        ids = await self.hub.configuration.add(
            components, kind="pipe", force=self.query()["force"], by=self.principal
        )
        self.answer([self.hub.pipes.get(pipe_id) for pipe_id in ids], 201)


class PipeHandler(ApiHandler):
    @operation(FIELDS, needs=on_pipe("read_config"))
    def get(self, pipe_id: str) -> None:
        """One pipe: configuration and state."""
        self.answer(with_fields(self.hub.pipes.get(pipe_id), self.query()["fields"]))

    @operation(needs=on_pipe("write_config"))
    async def delete(self, pipe_id: str) -> None:
        """Delete a pipe; the answer is what it was."""
        pipe = self.hub.pipes.get(pipe_id)
        await self.hub.configuration.delete("pipe", pipe_id, by=self.principal)
        self.answer(pipe)


class PipeConfigHandler(ApiHandler):
    @operation(needs=on_pipe("read_config"))
    def get(self, pipe_id: str) -> None:
        """The configuration of a pipe, as uploaded."""
        found = self.hub.configuration.component("pipe", pipe_id)["config"]["original"]
        self.set_header("ETag", f'"{config_tag(found)}"')
        self.answer(found)

    @operation(FORCE, body="application/json", needs=on_each("write_config", "pipe"))
    async def put(self, pipe_id: str) -> None:
        """Replace the configuration of a pipe, or add it; the answer is the pipe.

        With `If-Match: <ETag>` only where it is still as it was read, with `If-None-Match: *` only
        where there is none; else 412.
        """
        component = self.json_object("a pipe's configuration")
        await self.hub.configuration.put_one(
            "pipe",
            pipe_id,
            component,
            force=self.query()["force"],
            by=self.principal,
            seen=self._seen(),
        )
        self.answer(self.hub.pipes.get(pipe_id))

    def _seen(self) -> list[str] | None:
        """The tags that the configuration may have, by the headers; null for any."""
        match = self.request.headers.get("If-Match")
        if match is not None:
            if match.strip() == "*":
                raise ApiError(400, "If-Match takes an ETag", "as GET gives it, not *")
            return [tag.strip().removeprefix("W/").strip('"') or "?" for tag in match.split(",")]
        none_match = self.request.headers.get("If-None-Match")
        if none_match is not None and none_match.strip() != "*":
            raise ApiError(400, "If-None-Match takes only *", "with If-Match an ETag is compared")
        return None if none_match is None else [""]


class PumpHandler(ApiHandler):
    @operation(needs=on_pipe("read_config"))
    def get(self, pipe_id: str) -> None:
        """The pump of a pipe: is it running, when did it run, how did it end?"""
        self.answer(self.hub.pipes.pump(pipe_id))

    @operation(
        form("operation", required=True, doc="start, stop, enable, disable, update-last-seen, …"),
        form("last-seen", doc="for update-last-seen: the offset"),
        form("comment", doc="for disable: why"),
        form("dont-wait-for-pump-to-start", "boolean", default=False, doc="for start"),
        body="application/x-www-form-urlencoded",
        needs=on_pipe("run_pump_operation"),
    )
    async def post(self, pipe_id: str) -> None:
        """Do something with the pump; the answer is its new state, 409 where it already runs."""
        arguments = self.form_fields()
        name = arguments.pop("operation", "")
        if not name:
            raise ApiError(400, 'the field "operation" is missing')
        try:
            pump = await self.hub.pipes.operate(pipe_id, name, arguments, user=self.user)
        except ConflictError as error:
            state = self.hub.pipes.pump(pipe_id)
            raise ApiError(409, error.message, body=state) from error
        self.answer(pump)


class PipeEntitiesHandler(ApiHandler):
    @operation(
        SINCE,
        LIMIT,
        Parameter("stage", default="sink", choices=STAGES, doc="where in the pipe to look"),
        AS_OF,
        answer=", ".join(FORMATS),
        needs=on_pipe("read_data"),
    )
    async def get(self, pipe_id: str) -> None:
        """What the pipe would produce, computed now, in the format that `Accept` names.

        Nothing is written.
        """
        form, values = self.accepted_format(), self.query()
        if not self.principal.is_admin and values["stage"] in INCOMING:
            self.hub.access.check_source(self.principal, pipe_id)
        chunks = await self.hub.pipes.entities(pipe_id, **values, form=form)
        await self.stream(chunks, form)


class PreviewHandler(ApiHandler):
    @operation(
        form("pipe-config", doc="a pipe's configuration (JSON) to use instead of the saved one"),
        form("source", doc="an entity or a list of entities (JSON) to use instead of the source"),
        form("limit", "integer", 1, "how many entities of the source"),
        form("as_of", doc="over the datasets as they were at an offset or time"),
        form(
            "side-effects",
            default="refuse",
            choices=SIDE_EFFECTS,
            doc="transforms that have some: refuse the preview, skip them (`skipped` says which), "
            "or run them, which takes what running and changing the pipe takes",
        ),
        body="application/x-www-form-urlencoded",
        needs=on_pipe("read_data"),
    )
    async def post(self, pipe_id: str) -> None:
        """Run a pipe, or a draft of it, over sample entities; a list with one result."""
        fields = self.form()
        config = _json_field(fields["pipe-config"], "pipe-config")
        source = _json_field(fields["source"], "source")
        entities = [source] if type(source) is dict else source
        if not self.principal.is_admin:
            # The preview shows what comes in, and a draft could read what its author may not.
            if source is None:
                self.hub.access.check_source(self.principal, pipe_id)
            self.hub.access.check_mentions(self.principal, config, self.hub.datasets.names())
            if fields["side-effects"] == "run":
                self.hub.access.check(self.principal, "run_pump_operation", "pipe", pipe_id)
                if config is not None:
                    self.hub.access.check(self.principal, "write_config", "pipe", pipe_id)
        preview = await self.hub.pipes.preview(
            pipe_id,
            config,
            entities,
            fields["limit"],
            fields["as_of"],
            side_effects=fields["side-effects"],
        )
        self.answer([preview])


class PipeLogHandler(ApiHandler):
    @operation(
        SINCE,
        LIMIT,
        Parameter("start", "integer", 0, "leave out so many"),
        Parameter("history", "boolean", default=True, doc="all events, or the latest of each id"),
        Parameter("reverse", "boolean", default=False, doc="newest first"),
        Parameter("deleted", "boolean", default=True, doc="deleted events too"),
        needs=on_pipe("read_data"),
    )
    async def get(self, pipe_id: str) -> None:
        """The execution log: what each run did."""
        await self.stream(self.hub.pipes.log(pipe_id, selection(self.query())))

    @operation(*WEBHOOK, needs=on_pipe("read_data"))
    def options(self, pipe_id: str) -> None:
        """Which methods there are; with `webhook` and `token` a URL is told of new events."""
        self.register_webhook(log_name(pipe_id), lambda: self.hub.pumps.known(pipe_id))


def component_list(value: Any, what: str) -> list[dict[str, Any]]:
    """The components in a body: a list of objects, or one object."""
    components = [value] if type(value) is dict else value
    if type(components) is not list or any(type(item) is not dict for item in components):
        raise ApiError(400, f"expected a list of {what}", "each is a JSON object with an _id")
    return components


def _json_field(text: str | None, name: str) -> Any:
    return read_json(text.encode(), f'field "{name}"') if text else None


ROUTES = [
    ("/pipes", PipesHandler),
    ("/pipes/{pipe_id}", PipeHandler),
    ("/pipes/{pipe_id}/config", PipeConfigHandler),
    ("/pipes/{pipe_id}/pump", PumpHandler),
    ("/pipes/{pipe_id}/entities", PipeEntitiesHandler),
    ("/pipes/{pipe_id}/preview", PreviewHandler),
    ("/pipes/{pipe_id}/log", PipeLogHandler),
]
