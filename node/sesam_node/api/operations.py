"""What each method of a handler takes and gives, declared once beside it.

The declaration reads the request (`ApiHandler.query`), makes the OpenAPI document and the
reference page; a parameter that is not declared does not exist. Paths are templates:
`/pipes/{pipe_id}/pump`; `{path*}` takes the rest, slashes included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sesam_node.api.errors import ApiError
from sesam_node.errors import preview, suggestion

Method = TypeVar("Method", bound=Callable[..., Any])

ANYTHING = "anything"
"""The kind of a field of a JSON body that may be any JSON."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a request may bring: `kind` is "string", "integer" or "boolean".

    A field of a JSON body may be an "array", an "object" or ANYTHING, too.
    """

    name: str
    kind: str = "string"
    default: Any = None
    doc: str = ""
    where: str = "query"
    required: bool = False
    choices: tuple[str, ...] = ()

    def read(self, text: str) -> Any:
        """The value of the text that came. Raises ApiError (400) where it does not fit."""
        if self.kind == "boolean":
            return self._boolean(text)
        if self.kind == "integer":
            return self._integer(text)
        if self.choices and text not in self.choices:
            known = ", ".join(f'"{choice}"' for choice in self.choices)
            near = suggestion(text, self.choices)
            raise self._wrong(f"expected one of {known}, got {preview(text)}", near)
        return text

    def _boolean(self, text: str) -> bool:
        word = text.strip().lower()
        if word in ("true", "1", "yes", "on"):
            return True
        if word in ("false", "0", "no", "off"):
            return False
        raise self._wrong(f"expected true or false, got {preview(text)}")

    def _integer(self, text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text.strip()):
            raise self._wrong(f"expected a number that is not negative, got {preview(text)}")
        return int(text)

    def _wrong(self, detail: str, hint: str = "") -> ApiError:
        return ApiError(400, f'the parameter "{self.name}" does not fit', detail, hint=hint)


@dataclass(frozen=True, slots=True)
class Needs:
    """What an operation takes: a permission, on which object.

    `of` is "pipe", "system", "dataset" or "node". The object is named by the path's placeholder
    `{pipe_id}`, `{system_id}` or `{dataset_id}`; where a path has none, the node is meant. With
    `each` the operation concerns many objects: the handler leaves out, or refuses, those that lack
    the permission. Without a permission any valid token does; OPEN takes no token at all.
    """

    permission: str = ""
    of: str = "node"
    each: bool = False


OPEN = Needs()
ANYONE = Needs(of="anyone")
MANAGE = Needs("manage")
"""What an operation needs that does not say it."""


def on_pipe(permission: str) -> Needs:
    return Needs(permission, "pipe")


def on_system(permission: str) -> Needs:
    return Needs(permission, "system")


def on_dataset(permission: str) -> Needs:
    return Needs(permission, "dataset")


def on_node(permission: str) -> Needs:
    return Needs(permission)


def on_each(permission: str, of: str) -> Needs:
    """Every object of this kind is asked for its permission; the handler sees to it."""
    return Needs(permission, of, each=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `needs` is null where it was not said, MANAGE is asked for then."""

    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    answer: str = "application/json"
    status: int = 200
    tag: str = ""
    needs: Needs | None = None


def operation(
    *parameters: Parameter,
    body: str = "",
    answer: str = "application/json",
    status: int = 200,
    tag: str = "",
    needs: Needs | None = None,
) -> Callable[[Method], Method]:
    """Declare what a handler's method takes (`body` names its content type), gives and needs."""

    def attach(method: Method) -> Method:
        declared = Operation(parameters, body, answer, status, tag, needs)
        setattr(method, "operation", declared)  # noqa: B010 - functions have no such attribute
        return method

    return attach


def operation_of(handler: type, method: str) -> Operation | None:
    """The declaration of a handler's method, null where it has none."""
    return getattr(getattr(handler, method.lower(), None), "operation", None)


def form(
    name: str,
    kind: str = "string",
    default: Any = None,
    doc: str = "",
    *,
    required: bool = False,
    choices: tuple[str, ...] = (),
) -> Parameter:
    """A field of a posted form."""
    return Parameter(name, kind, default, doc, "form", required, choices)


def path_pattern(template: str) -> str:
    """The regular expression of a path template under `/api`; a last slash is tolerated."""
    pattern = ""
    for part in re.split(r"(\{[a-z_]+\*?\})", template):
        if part.startswith("{"):
            pattern += "(.+)" if part.endswith("*}") else "([^/]+)"
        else:
            pattern += re.escape(part)
    return rf"/api{pattern.rstrip('/')}/?"


def path_names(template: str) -> list[str]:
    """The names of a template's placeholders, in order."""
    return re.findall(r"\{([a-z_]+)\*?\}", template)


FORCE = Parameter("force", "boolean", default=False, doc="load what is valid and mark the rest")
SINCE = Parameter("since", doc="only what is newer than this offset")
LIMIT = Parameter("limit", "integer", doc="at most so many entities")
AS_OF = Parameter("as_of", doc="as it was at an offset or time (ISO); 410 where that is gone")
FIELDS = Parameter("fields", doc="comma list of top-level keys; all where it is absent")
WEBHOOK = (
    Parameter("webhook", doc="a URL that is told when there is something new"),
    Parameter("token", doc="what it is told with; required where there is a webhook"),
)
