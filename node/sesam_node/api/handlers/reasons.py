"""Why rules give what they give: asked of rules under work."""

from __future__ import annotations

from sesam_node.api.handlers.dtl import (
    ENTITIES,
    IDS,
    JSON,
    PLACE,
    RULES,
    TRANSFORM,
    WORLD,
    DtlHandler,
    check_fed,
    wanted_of,
)
from sesam_node.api.operations import form, on_each, operation

LIMIT = form("limit", "integer", 1, "of the source, where no entity is named: the first")


class WhyHandler(DtlHandler):
    @operation(
        RULES,
        *PLACE,
        ENTITIES,
        IDS,
        LIMIT,
        *WORLD,
        TRANSFORM,
        form("path", default="$", doc="of the result, as a JSON path: $.name; all of it if absent"),
        form("result", "integer", 0, "which of several results, from 0"),
        body=JSON,
        needs=on_each("read_data", "dataset"),
    )
    async def post(self) -> None:
        """Why rules make of a source entity what they make of it, or why something is missing.

        One entity is meant: the first of `entities`, `ids`, or of the source. Where there is a
        `value` at `path`, `because` is what it was made of, a tree of calls, properties, look-ups
        and the entities they found, each with its `path` in the rules. Else `reason` and `text` say
        why there is none, and `rule` which rule is to blame. `told` is the answer for people. The
        rules run again for it, and nothing is written.
        """
        fields = self.fields()
        asked = self.asked(fields)
        check_fed(asked, fields)
        self.answer(
            await self.hub.dtl.why(
                asked, wanted_of(fields, 1), fields["path"], fields["result"], fields["transform"]
            )
        )


ROUTES = [("/dtl/why", WhyHandler)]
