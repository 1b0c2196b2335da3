"""Rules while they are typed: what an editor shows of a text, in one request."""

from __future__ import annotations

from dataclasses import replace

from sesam_node.api.errors import ApiError
from sesam_node.api.handlers.dtl import (
    ENTITIES,
    IDS,
    JSON,
    OFFSETS,
    PLACE,
    TEXT,
    TRANSFORM,
    UTF16,
    DtlHandler,
    wanted_of,
)
from sesam_node.api.operations import form, on_each, operation
from sesam_node.dtl.source_text import read_source
from sesam_node.errors import InputError
from sesam_node.pipes.typed import Typed

SAMPLE = 20
MOST = 100
SECONDS = 5.0


class LiveHandler(DtlHandler):
    @operation(
        TEXT,
        *PLACE,
        ENTITIES,
        IDS,
        form("limit", "integer", SAMPLE, f"how many source entities, at most {MOST}"),
        form("entity", doc="the _id of the entity to record; the first of the sample if absent"),
        TRANSFORM,
        form("deployed", "boolean", default=True, doc="compare with what the pipe's rules make?"),
        form("sources", "boolean", default=False, doc="answer with the source entities, too?"),
        OFFSETS,
        body=JSON,
        needs=on_each("read_data", "dataset"),
    )
    async def post(self) -> None:
        """All that an editor shows of a text of rules while it is typed; nothing is written.

        `problems` of the text, each with its place: `line`, `column`, and `from` and `to`, which
        are counted in `offsets`. Where it has no errors, `shown` is what it makes of a sample: the
        `trace` of the `chosen` entity, recorded in full, and `spans`, the places in the text of the
        paths in it; `result` and `deployed`, what these rules and those of the `pipe` make of it,
        as results of a preview; and for each entity of `sample` its `id`, its `outcome`
        ("emitted", "filtered", "nothing" or "failed") and whether it `differs` from what the rules
        of the pipe make. An `entity` that is not in the sample is fetched and comes first. `shown`
        is null where the text has errors, and where it does not run: then `note` says why. What
        rules decrypt is hidden.

        The sample is the same as long as the source is. Of a source outside of the node it costs a
        request there: send the `sources` of the first answer as `entities` of the next.
        """
        fields = self.fields()
        text = fields["text"]
        if fields["entities"] is not None and fields["ids"] is not None:
            raise ApiError(400, 'expected "entities" or "ids", got both')
        asked = self.asked(fields)
        names = self.hub.datasets.names()
        readable = self.allowed("read_data", "dataset", names)
        if not self.principal.is_admin:
            self._check_variables(text)
        typed = Typed(
            text,
            replace(wanted_of(fields, MOST), seconds=SECONDS),
            entity=fields["entity"],
            transform=fields["transform"],
            datasets=frozenset(name for name in names if name in readable),
            sampled=asked.pipe is not None or asked.dataset is not None,
            compared=fields["deployed"] and asked.pipe is not None,
            with_sources=fields["sources"],
            utf16=fields["offsets"] == UTF16,
        )
        self.answer(await self.hub.dtl.live(asked, typed))

    def _check_variables(self, text: str) -> None:
        """Raises ForbiddenError where a variable in a text stands for what must not be read."""
        try:
            rules = read_source(text).value
        except InputError:
            # It is not run, and names in it have been looked at.
            return
        named = self.hub.dtl.with_variables(rules)
        self.hub.access.check_mentions(self.principal, named, self.hub.datasets.names())


ROUTES = [("/dtl/live", LiveHandler)]
