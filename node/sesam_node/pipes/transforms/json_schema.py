"""The json_schema transform: does the entity fit a JSON Schema?

What is checked is the content of the entity as people write it: decimals are numbers, other typed
values the text behind their tag. Without `$schema` the newest draft holds. References lead nowhere
but into the schema itself; a schema behind `schema_url` is fetched once, by way of the system.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, flaw_problems, further_flaws
from sesam_node.errors import ConfigError, InputError, PipeError
from sesam_node.model import content
from sesam_node.model.stream import read_json
from sesam_node.pipes.common_options import URL_SYSTEMS
from sesam_node.pipes.component import Option, transform
from sesam_node.pipes.json_schemas import make_validator, plain, schema_flaws
from sesam_node.pipes.transforms.in_place import InPlaceTransform
from sesam_node.pipes.trigger import TRIGGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

MOST_SCHEMA_BYTES = 16 * 1024 * 1024


def flaws(options: Mapping[str, Any]) -> list[Flaw]:
    """What is wrong with the schema, or where it is to be found."""
    if options.get("schema") is None:
        if options.get("system"):
            return []
        return [Flaw((), "missing-option", '"schema_url" needs a "system"')]
    found = schema_flaws(options["schema"])
    return [flaw._replace(path=("schema", *flaw.path)) for flaw in found]


@transform(
    "json_schema",
    Option("schema", ("object", "boolean"), None, "the schema; this or schema_url"),
    Option("schema_url", "string", None, "where the schema is, in the system"),
    Option("system", "string", None, "the system of schema_url"),
    Option("key_valid", "string", "valid", "the property that takes the verdict"),
    Option("key_errors", "string", "errors", "the property that takes the errors"),
    TRIGGER,
    system_types=URL_SYSTEMS,
    one_of=(("schema", "schema_url"),),
    further=further_flaws(flaws),
)
class JsonSchemaTransform(InPlaceTransform):
    """Tells in a property whether the entity fits a JSON Schema."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        self._options = options
        self._context = context
        self.fetched: dict[str, Any] = {}
        self._key_valid: str = options["key_valid"]
        self._key_errors: str = options["key_errors"]
        problems = flaw_problems(flaws(options), self.path)
        if problems:
            raise ConfigError("the JSON schema is broken", problems)

    @cached_property
    def _validator(self) -> Any:
        schema = self._options["schema"]
        return make_validator(self.fetched_schema() if schema is None else schema)

    def fetched_schema(self) -> Any:
        """The schema behind `schema_url`. Raises PipeError, or ConfigError where it is broken."""
        system = self._context.system(self._options["system"])
        with system.request("GET", self._options["schema_url"]) as answer:
            data = answer.body.read(MOST_SCHEMA_BYTES)
            try:
                schema = read_json(data, "schema")
            except InputError as error:
                raise PipeError(
                    f"{system}: {answer.url}: {error.message}", error.problems
                ) from None
            problems = flaw_problems(schema_flaws(schema), ())
            if problems:
                raise ConfigError(f"{system}: {answer.url}: the JSON schema is broken", problems)
        self.fetched = {self._options["schema_url"]: schema}
        return schema

    def changed(self, entity: Entity) -> Entity:
        found = [error.message for error in self._validator.iter_errors(plain(content(entity)))]
        told = {key: item for key, item in entity.items() if key != self._key_errors}
        told[self._key_valid] = not found
        if found:
            told[self._key_errors] = found
        return told
