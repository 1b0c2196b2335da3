"""The language: its functions, help for who writes rules, and rules tried on entities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError, problem_json
from sesam_node.api.operations import (
    ANYONE,
    ANYTHING,
    Parameter,
    form,
    on_each,
    operation,
)
from sesam_node.dtl import functions
from sesam_node.dtl.format import STYLES
from sesam_node.dtl.source_text import SourceText
from sesam_node.dtl.symbols import counted
from sesam_node.errors import preview, suggestion
from sesam_node.hub.dtl import Asked
from sesam_node.pipes.overlay import World
from sesam_node.pipes.samples import Wanted

MAX_PREVIEW = 1_000
MAX_COUNTED = 100_000
MAX_SCANNED = 10_000_000
SECONDS = 20

RULES = form("rules", ANYTHING, doc="rules by name, or a list of transforms; the pipe's if absent")
REQUIRED_RULES = form("rules", ANYTHING, doc="rules by name, or a list of transforms")
PIPE = form("pipe", doc="the pipe whose source feeds the rules")
DATASET = form("dataset", doc="the dataset that feeds the rules")
PIPE_ID = form("pipe_id", doc="whose namespaces are meant, where no pipe is named")
NAMESPACED = form(
    "namespaced", "boolean", doc="have names namespaces? The node's setting if absent"
)
PLACE = (PIPE, DATASET, PIPE_ID, NAMESPACED)
TEXT = form("text", required=True, doc="JSON with comments: rules, a transform or a pipe")
OFFSET = form("offset", "integer", required=True, doc="where in the text")
CHARACTERS, UTF16 = "characters", "utf-16"
OFFSETS = form(
    "offsets",
    default=CHARACTERS,
    choices=(CHARACTERS, UTF16),
    doc="what offsets count; browsers and editors count utf-16",
)
ENTITIES = form("entities", "array", doc="source entities to use instead")
IDS = form("ids", "array", doc="only the source entities with these ids")
TRANSFORM = form(
    "transform", "integer", doc="which transform of several; rules of the request replace it"
)
EXAMPLES = (ENTITIES, IDS, form("limit", "integer", 10, "how many source entities"))
TIME = form("seconds", "integer", SECONDS, f"stop after so many, at most {SECONDS}")
JSON = "application/json"
ENDS = ("start", "end", "from", "to")
"""What offsets are called in answers."""


SINCE = form("since", "object", doc='where to begin: the "next" of an earlier answer')
WORLD = (
    form("overlay", "object", doc="by dataset and _id, entities that stand for the stored ones"),
    form("as_of", doc="over the datasets as they were at an offset of the source, or a time"),
)


class DtlHandler(ApiHandler):
    """What the handlers of bodies share."""

    def fields(self) -> dict[str, Any]:
        """The declared fields of the JSON body, by name. Raises ApiError for any other."""
        return self.json_fields()

    def asked(self, fields: dict[str, Any]) -> Asked:
        """What the fields are about: rules, and what feeds them.

        Raises ForbiddenError where whoever asks may not read what they name.
        """
        place = {p.name: fields[p.name] for p in PLACE}
        world = World(fields.get("overlay") or {}, fields.get("as_of"))
        asked = Asked(rules=_rules(fields.get("rules")), world=world, **place)
        if not self.principal.is_admin:
            self._check_reading(asked, fields.get("text"))
        return asked

    def _check_reading(self, asked: Asked, text: str | None) -> None:
        access, who = self.hub.access, self.principal
        if asked.pipe is not None:
            access.check(who, "read_config", "pipe", asked.pipe)
            access.check(who, "read_data", "pipe", asked.pipe)
            access.check_source(who, asked.pipe)
        if asked.dataset is not None:
            access.check(who, "read_data", "dataset", asked.dataset)
        access.check_all(who, "read_data", "dataset", sorted(asked.world.overlay))
        names = self.hub.datasets.names()
        access.check_mentions(who, self.hub.dtl.with_variables(asked.rules), names)
        if text is not None:
            # Rules that are still being written need not be JSON: a name in quotes is enough.
            hidden = [name for name in names if f'"{name}' in text]
            access.check_all(who, "read_data", "dataset", hidden)


class FunctionsHandler(ApiHandler):
    @operation(Parameter("name", doc="only this one; 404 where there is none"), needs=ANYONE)
    def get(self) -> None:
        """Every function and transform: signature, text, examples."""
        name = self.query()["name"]
        known = functions()
        if name is None:
            self.answer(known)
            return
        found = [function for function in known if function["name"] == name]
        if not found:
            hint = suggestion(name, [function["name"] for function in known])
            raise ApiError(404, f"there is no function {preview(name)}", hint=hint)
        self.answer(found)


class CheckHandler(DtlHandler):
    @operation(
        REQUIRED_RULES,
        form(
            "text",
            doc="JSON with comments: rules, a transform or a pipe; problems have line and column",
        ),
        *PLACE,
        form("datasets", "array", doc="the datasets that may be named; any if absent"),
        OFFSETS,
        body=JSON,
        needs=on_each("read_data", "dataset"),
    )
    async def post(self) -> None:
        """All problems of a rule set, and the datasets that it looks into.

        With `pipe` or `dataset` a sample of its entities tells which properties there are, and a
        property that none has is a warning.
        """
        fields = self.fields()
        text, datasets = fields["text"], fields["datasets"]
        if (text is None) == (fields["rules"] is None):
            raise ApiError(400, 'expected an object with "rules" or "text"')
        names = None if datasets is None else frozenset(_texts("datasets", datasets))
        asked = replace(self.asked(fields), rules=fields["rules"])
        found = await self.hub.dtl.check(asked, text, names)
        source = _source_of(fields)
        found["problems"] = [
            {**problem_json(p), **_counted(place, source)} for p, place in found["problems"]
        ]
        if not found["valid"]:
            del found["datasets"]
        self.answer(found)


class PreviewHandler(DtlHandler):
    @operation(
        RULES, *PLACE, *EXAMPLES, SINCE, *WORLD, body=JSON, needs=on_each("read_data", "dataset")
    )
    async def post(self) -> None:
        """What rules make of some source entities; nothing is written.

        Each of `results` has `source`, `emitted`, `filtered`, `discarded` and `error`, as the
        preview of a pipe; an entity that fails does not end it. `missing` are ids that were not
        found, `stopped` is "time" where time was up, "size" where it is too much for one answer,
        `next` is where to go on. At most 1,000 entities. With `overlay` some stored entities are
        others, or not there (null); that is written nowhere.
        """
        fields = self.fields()
        asked = self.asked(fields)
        check_fed(asked, fields)
        self.answer(await self.hub.dtl.preview(asked, wanted_of(fields, MAX_PREVIEW)))


class TraceHandler(DtlHandler):
    @operation(
        RULES,
        *PLACE,
        *EXAMPLES,
        SINCE,
        *WORLD,
        TRANSFORM,
        TIME,
        form("strength", default="full", choices=("full", "counters"), doc="how much is recorded"),
        body=JSON,
        needs=on_each("read_data", "dataset"),
    )
    async def post(self) -> None:
        """The record of what rules do with some source entities: `trace`, a trace document.

        At most 1,000 entities with strength "full", 100,000 with "counters". `skipped` are source
        entities that an earlier transform failed on, `missing` ids that were not found; `stopped`
        is "time", or "events" where the trace is full. `read` counts source entities, and where
        there are more, `next` is the `since` of the next portion; counters of all portions are one
        document after `fold`. What rules decrypt is hidden.
        """
        fields = self.fields()
        asked = self.asked(fields)
        check_fed(asked, fields)
        most = MAX_PREVIEW if fields["strength"] == "full" else MAX_COUNTED
        wanted = wanted_of(fields, most)
        self.answer(
            await self.hub.dtl.trace(asked, wanted, fields["strength"], fields["transform"])
        )


class ScanHandler(DtlHandler):
    @operation(
        RULES,
        *PLACE,
        form("when", "array", required=True, doc="conditions, of which one must hold"),
        form("limit", "integer", MAX_COUNTED, "how many source entities"),
        form("hits", "integer", 1, "stop after so many, at most 1,000"),
        form("trace", "boolean", default=True, doc="record the hits in full?"),
        ENTITIES,
        IDS,
        SINCE,
        *WORLD,
        TRANSFORM,
        TIME,
        body=JSON,
        needs=on_each("read_data", "dataset"),
    )
    async def post(self) -> None:
        """The next source entities of which a condition holds, recorded; nothing is written.

        Conditions: `{"if": DTL over _S and _T}` of what comes out, or `at` a place (`moment`
        "before" or "after"); `{"at" or "function", "gets" or "gives": "null"}`, `"gives":
        "error"`, `"runs": true`, `"branch": 0`; `{"outcome": "filtered"}`; `{"differs":
        "deployed" or "stored"}`. Each of `hits` has `_id`, `version`, `conditions`, `at`, the
        `entity` of the `trace`, and `outputs` where they were compared. `read` counts source
        entities, `next` is where to go on, `stopped` is "hits" or "time".
        """
        fields = self.fields()
        asked = self.asked(fields)
        check_fed(asked, fields)
        if fields["hits"] > MAX_PREVIEW:
            raise ApiError(
                400,
                'the field "hits" does not fit',
                f"at most {MAX_PREVIEW:,}, got {fields['hits']:,}",
            )
        found = await self.hub.dtl.scan(
            asked,
            wanted_of(fields, MAX_SCANNED),
            fields["when"],
            fields["transform"],
            most=max(fields["hits"], 1),
            traced=fields["trace"],
        )
        self.answer(found)


class ExplainHandler(DtlHandler):
    @operation(RULES, *PLACE, TRANSFORM, body=JSON, needs=on_each("read_data", "dataset"))
    async def post(self) -> None:
        """How rules are carried out: what they write, look up, track, and the Python they become.

        `text` says it for people. Keys and passwords in the rules are hidden.
        """
        fields = self.fields()
        asked = self.asked(fields)
        if asked.pipe is None and asked.rules is None:
            raise ApiError(400, 'expected "rules", or a "pipe" whose rules are meant')
        self.answer(await self.hub.dtl.explain(asked, fields["transform"]))


class CompleteHandler(DtlHandler):
    @operation(
        TEXT,
        OFFSET,
        OFFSETS,
        *PLACE,
        form("known_rules", "array", doc="names of rules that are not in the text"),
        body=JSON,
        needs=on_each("read_data", "dataset"),
    )
    async def post(self) -> None:
        """What may stand at an offset of a text of rules, however unfinished: the best first.

        `items` replace the text between `from` and `to`. With `pipe` or `dataset` a sample of its
        entities tells which properties there are; datasets that the text names are looked into.
        """
        fields = self.fields()
        asked = self.asked(fields)
        source, offset = _place_of(fields)
        rules = tuple(_texts("known_rules", fields["known_rules"] or []))
        found = await self.hub.dtl.complete(asked, fields["text"], offset, rules)
        self.answer(_counted(found, source))


class HoverHandler(DtlHandler):
    @operation(TEXT, OFFSET, OFFSETS, *PLACE, body=JSON, needs=on_each("read_data", "dataset"))
    async def post(self) -> None:
        """What stands at an offset of a text: a function, variable, property; null for nothing."""
        fields = self.fields()
        asked = self.asked(fields)
        source, offset = _place_of(fields)
        found = await self.hub.dtl.hover(asked, fields["text"], offset)
        self.answer(found and _counted(found, source))


class SymbolsHandler(DtlHandler):
    @operation(
        TEXT,
        OFFSET,
        OFFSETS,
        form("rename", doc="another name for it"),
        body=JSON,
        needs=ANYONE,
    )
    async def post(self) -> None:
        """The name at an offset of a text, and all its places; null where there is none.

        `kind` is "rule", "alias" or "dataset", `definition` one of the `occurrences`, null where it
        is defined elsewhere. With `rename` there are `changes` of the text that give it another
        name, and the rules do what they did; or a `problem` where it cannot have that name.
        """
        fields = self.fields()
        source, offset = _place_of(fields)
        found = await self.hub.dtl.symbol(fields["text"], offset, fields["rename"])
        self.answer(found if found is None or source is None else counted(found, source.utf16))


class FormatHandler(DtlHandler):
    @operation(
        TEXT,
        form("width", "integer", 100, "characters a line may have where possible, 20 to 1,000"),
        form("style", default="compact", choices=STYLES, doc="portal is that of Sesam's portal"),
        body=JSON,
        needs=ANYONE,
    )
    async def post(self) -> None:
        """A text of rules or configuration in its one layout; comments stay.

        `changed` says whether it is another text; 400 with line and column where it is no JSON.
        """
        fields = self.fields()
        text = await self.hub.dtl.format(fields["text"], fields["width"], fields["style"])
        self.answer({"text": text, "changed": text != fields["text"]})


def _got(value: Any) -> str:
    return f"got {preview(value)}"


def _source_of(fields: dict[str, Any]) -> SourceText | None:
    """The text of a request that counts UTF-16 units; null where it counts characters."""
    counts_units = fields["offsets"] == UTF16 and fields["text"] is not None
    return SourceText(fields["text"]) if counts_units else None


def _place_of(fields: dict[str, Any]) -> tuple[SourceText | None, int]:
    """As `_source_of`, and the offset of a request in characters."""
    source, offset = _source_of(fields), fields["offset"]
    return source, offset if source is None else source.from_utf16(offset)


def _counted(found: dict[str, Any], source: SourceText | None) -> dict[str, Any]:
    """An answer with its offsets as the request counts them."""
    if source is None:
        return found
    return {**found, **{name: source.utf16(found[name]) for name in ENDS if name in found}}


def _texts(name: str, values: list[Any]) -> list[str]:
    for value in values:
        if type(value) is not str:
            raise ApiError(
                400, f'the field "{name}" does not fit', f"expected strings, {_got(value)}"
            )
    return values


def _rules(rules: Any) -> Any:
    """A list is the rule `default`."""
    return {"default": rules} if type(rules) is list else rules


def check_fed(asked: Asked, fields: dict[str, Any]) -> None:
    """Raises ApiError where it is not said which rules, or which entities, are meant."""
    if asked.pipe is None and asked.rules is None:
        raise ApiError(400, 'expected "rules", or a "pipe" whose rules are meant')
    if asked.pipe is None and asked.dataset is None and fields["entities"] is None:
        raise ApiError(400, 'expected "pipe", "dataset" or "entities"', "nothing feeds the rules")
    if fields["entities"] is not None and fields["ids"] is not None:
        raise ApiError(400, 'expected "entities" or "ids", got both')


def wanted_of(fields: dict[str, Any], most: int) -> Wanted:
    """Which source entities are meant. Raises ApiError for more than there may be."""
    entities, ids = fields["entities"], fields["ids"]
    counts: dict[str, int] = {
        "entities": len(entities or ()),
        "ids": len(ids or ()),
        "limit": fields["limit"],
    }
    for name, count in counts.items():
        if count > most:
            raise ApiError(
                400, f'the field "{name}" does not fit', f"at most {most:,}, got {count:,}"
            )
    wanted = Wanted(
        entities, tuple(_texts("ids", ids or [])), fields["limit"], since=fields.get("since")
    )
    seconds = fields.get("seconds", SECONDS)
    return replace(wanted, seconds=float(min(seconds, SECONDS)))


ROUTES = [
    ("/dtl/functions", FunctionsHandler),
    ("/dtl/check", CheckHandler),
    ("/dtl/preview", PreviewHandler),
    ("/dtl/trace", TraceHandler),
    ("/dtl/scan", ScanHandler),
    ("/dtl/explain", ExplainHandler),
    ("/dtl/complete", CompleteHandler),
    ("/dtl/hover", HoverHandler),
    ("/dtl/symbols", SymbolsHandler),
    ("/dtl/format", FormatHandler),
]
