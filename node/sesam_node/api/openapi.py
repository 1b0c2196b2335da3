"""The OpenAPI document and the reference page, built from what the handlers declare."""

from __future__ import annotations

import functools
import html
import inspect
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node import __version__
from sesam_node.api.operations import (
    ANYONE,
    ANYTHING,
    MANAGE,
    OPEN,
    Operation,
    operation_of,
    path_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.api.operations import Parameter

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Described(NamedTuple):
    """One operation of the API."""

    path: str
    method: str
    operation: Operation
    text: str
    tag: str
    needs_token: bool


def described() -> Iterator[Described]:
    """Every operation, in the order of the handler modules."""
    from sesam_node.api.handlers import MODULES

    for module in MODULES:
        tag = module.__name__.rpartition(".")[2]
        for template, handler in module.ROUTES:
            for method in METHODS:
                declared = operation_of(handler, method)
                if declared is not None:
                    text = inspect.getdoc(getattr(handler, method.lower())) or ""
                    yield Described(
                        f"/api{template}".rstrip("/").replace("*}", "}") or "/api",
                        method,
                        declared,
                        text,
                        declared.tag or tag,
                        declared.needs is not OPEN,
                    )


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, Any] = {}
    for item in described():
        paths.setdefault(item.path, {})[item.method.lower()] = _operation(item)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sesam-compatible node", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": ERROR_SCHEMA},
        },
        "security": [{"token": []}],
    }


ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["message", "detail", "request_id"],
    "properties": {
        "message": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "request_id": {"type": "string"},
        "problems": {"type": "array", "items": {"type": "object"}},
        "validation_errors": {"type": "array", "items": {"type": "object"}},
    },
}


def _operation(item: Described) -> dict[str, Any]:
    summary, _, more = item.text.partition("\n")
    shown: dict[str, Any] = {
        "operationId": _operation_id(item),
        "summary": summary.strip(),
        "tags": [item.tag],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in path_names(item.path)
        ]
        + [_parameter(p) for p in item.operation.parameters if p.where == "query"],
        "responses": {
            str(item.operation.status): {
                "description": "done",
                "content": {kind: {} for kind in item.operation.answer.split(", ")},
            },
            "default": {
                "description": "an error",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if more.strip():
        shown["description"] = more.strip()
    if item.operation.body:
        shown["requestBody"] = {"content": _body(item.operation)}
    if not item.needs_token:
        shown["security"] = []
    shown["x-needs"] = needs_text(item.operation)
    return shown


def needs_text(declared: Operation) -> str:
    """What an operation takes, in words."""
    needs = MANAGE if declared.needs is None else declared.needs
    if needs is OPEN:
        return "nothing"
    if needs is ANYONE:
        return "a token"
    return f"{needs.permission} on {'each' if needs.each else 'the'} {needs.of}"


def _operation_id(item: Described) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", item.path.removeprefix("/api").lower()).strip("_")
    return f"{item.method.lower()}_{words or 'root'}"


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.doc,
        "schema": _schema(parameter),
    }


def _schema(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {} if parameter.kind == ANYTHING else {"type": parameter.kind}
    if parameter.kind == "integer":
        schema["minimum"] = 0
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    return schema


def _body(declared: Operation) -> dict[str, Any]:
    fields = [p for p in declared.parameters if p.where == "form"]
    schema: dict[str, Any] = {}
    if fields:
        schema = {
            "type": "object",
            "properties": {p.name: {**_schema(p), "description": p.doc} for p in fields},
            "required": [p.name for p in fields if p.required],
        }
        if not schema["required"]:
            del schema["required"]
    return {kind: {"schema": schema} if schema else {} for kind in declared.body.split(", ")}


STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a4048); --soft:
light-dark(#f5f7f9, #1d2126); --key: light-dark(#0b5c8a, #7cc4ef); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
code { font-family: ui-monospace, monospace; font-size: .92em }
section { border-top: 1px solid var(--line); padding: .6rem 0 }
h3 { margin: .2rem 0; font-size: 1rem } h3 b { color: var(--key); display: inline-block;
min-width: 4.5rem } p { margin: .2rem 0 .2rem 4.5rem }
table { margin: .3rem 0 .3rem 4.5rem; border-collapse: collapse; background: var(--soft) }
td { padding: .15rem .6rem; vertical-align: top; border-bottom: 1px solid var(--line) }
"""


@functools.cache
def page() -> str:
    """The reference page: no scripts, nothing from elsewhere."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>API reference</title><style>{STYLE}</style>",
        f"<h1>API reference</h1><p style='margin-left:0'>Version {html.escape(__version__)}. ",
        "JSON in and out; every request but those marked <i>open</i> needs the header ",
        "<code>Authorization: Bearer &lt;token&gt;</code>.</p>",
    ]
    tag = ""
    for item in described():
        if item.tag != tag:
            tag = item.tag
            parts.append(f"<h2>{html.escape(tag)}</h2>")
        parts.append(_section(item))
    return "\n".join(parts) + "</html>\n"


def _section(item: Described) -> str:
    is_open = f" <i>{needs_text(item.operation)}</i>" if item.needs_token else " <i>open</i>"
    rows = "".join(_row(parameter) for parameter in item.operation.parameters)
    text = "<br>".join(_marked(line) for line in item.text.splitlines() if line.strip())
    return (
        f"<section><h3><b>{item.method}</b> <code>{html.escape(item.path)}</code>{is_open}</h3>"
        f"<p>{text}</p>" + (f"<table>{rows}</table>" if rows else "") + "</section>"
    )


def _marked(text: str) -> str:
    """Plain text as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _row(parameter: Parameter) -> str:
    facts = [parameter.kind]
    if parameter.required:
        facts.append("required")
    elif parameter.default is not None:
        default = str(parameter.default)
        facts.append(f"default {default.lower() if parameter.kind == 'boolean' else default}")
    if parameter.choices:
        facts.append("one of " + ", ".join(parameter.choices))
    return (
        f"<tr><td><code>{html.escape(parameter.name)}</code><td>{html.escape(parameter.where)}"
        f"<td>{html.escape(', '.join(facts))}<td>{_marked(parameter.doc)}</tr>"
    )
