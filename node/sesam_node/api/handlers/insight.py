"""Why data is as it is, and what would change."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import Parameter, on_dataset, operation

DEPTH = 10
TEXT = "text/plain; charset=utf-8"


class WhyHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of the entity"),
        Parameter("property", doc="only this property, with all steps that made it"),
        Parameter("depth", "integer", DEPTH, "how many pipes to go back, at most 50"),
        Parameter("format", default="json", choices=("json", "text"), doc="text is for people"),
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """Why an entity is as it is: back through pipes, rules and hops to what came in.

        Its source runs again, recorded. `exact` is true where that gives what is stored; else
        inputs have changed since, and `differs` has the properties. Takes `read_data` on all the
        datasets it came from, too.
        """
        if not self.principal.is_admin:
            self.check_all("read_data", "dataset", self.hub.access.origins(dataset_id))
        values = self.query()
        text = values["format"] == "text"
        found = await self.hub.insight.why(
            dataset_id, values["entity_id"], values["property"], values["depth"], text=text
        )
        if not text:
            self.answer(found)
            return
        self.set_header("Content-Type", TEXT)
        self.finish(found)


ROUTES = [
    ("/datasets/{dataset_id}/why", WhyHandler),
]
