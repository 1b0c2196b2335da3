"""Ask a node for what a project expects of it, and tell what differs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from sesam_node.errors import SesamError
from sesam_node.expected.comparison import (
    bytes_text,
    current_entities,
    difference,
    entity_text,
    expected_text,
    xml_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sesam_node.expected.spec import Spec


class Reader(Protocol):
    """A node as far as it is read here; both calls raise a SesamError where it refuses."""

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at a path; parameters that are None are left out."""
        ...

    def get_bytes(self, path: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        """What is at a path as it is."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one spec or pipe came out; `text` says what is wrong, and is empty where nothing is."""

    name: str
    text: str = ""


def verify(node: Reader, specs: Sequence[Spec]) -> Iterator[Outcome]:
    """Every spec, and every output pipe without one."""
    outputs = output_pipes(node)
    for spec in specs:
        if not spec.ignore:
            yield Outcome(spec.file.name, check(node, spec, outputs))
    tested = {spec.pipe for spec in specs}
    for pipe_id in outputs:
        if pipe_id not in tested:
            yield Outcome(pipe_id, "no spec in expected/ names this output pipe")


def output_pipes(node: Reader) -> dict[str, Any]:
    """The pipes that specs are wanted for, by id."""
    return {pipe["_id"]: pipe for pipe in node.get("/pipes") if is_output(pipe)}


def is_output(pipe: Mapping[str, Any]) -> bool:
    """Does a pipe publish or write to somewhere outside, so that a spec is wanted for it?"""
    effective = pipe["config"]["effective"]
    source, sink = effective.get("source") or {}, effective.get("sink") or {}
    if source.get("type") == "embedded":
        return False
    return str(sink.get("type", "")).endswith("_endpoint") or not sink.get("dataset")


def failing_pipes(pipes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Pipes whose last run failed, and its message: input pipes may, without failing the test."""
    for pipe in pipes:
        runtime = pipe["runtime"]
        if runtime.get("success") is False:
            message = runtime.get("last-original-error-message") or runtime.get("last-message")
            yield pipe["_id"], str(message)


def check(node: Reader, spec: Spec, outputs: Mapping[str, Any]) -> str:
    """What is wrong with a spec's pipe; nothing where it gives what is expected."""
    pipe = outputs.get(spec.pipe)
    if pipe is None:
        return f'the pipe "{spec.pipe}" is not there, or is no output pipe'
    if pipe["runtime"].get("is-valid-config") is False:
        errors = pipe["runtime"].get("config-errors") or []
        return "\n".join(["the configuration is not valid", *(str(e.get("msg")) for e in errors)])
    try:
        expected = spec.expected.read_bytes()
    except OSError:
        return f"there is no file {spec.expected.name}"
    try:
        if spec.endpoint in ("json", "excel"):
            return _check_entities(node, spec, expected)
        current = _published(node, spec)
    except SesamError as error:
        return str(error)
    if spec.endpoint == "xml":
        texts = xml_text(expected), xml_text(current)
        if None not in texts:
            return difference(texts[0] or "", texts[1] or "", spec.expected.name)
    if expected == current:
        return ""
    shown = difference(bytes_text(expected), bytes_text(current), spec.expected.name)
    return shown or "the bytes differ, though not in their text: encoding or last line end"


def current(node: Reader, spec: Spec) -> bytes:
    """What a spec's pipe gives now, as its file would hold it. Raises a SesamError."""
    if spec.endpoint in ("json", "excel"):
        return expected_text(_entities(node, spec), spec).encode()
    found = _published(node, spec)
    if spec.endpoint == "xml" and (text := xml_text(found)) is not None:
        return text.encode()
    return found


def _published(node: Reader, spec: Spec) -> bytes:
    path = f"/publishers/{quote(spec.pipe, safe='')}/{quote(spec.endpoint, safe='')}"
    return node.get_bytes(path, spec.parameters)


def _entities(node: Reader, spec: Spec) -> list[dict[str, Any]]:
    path = f"/pipes/{quote(spec.pipe, safe='')}/entities"
    entities: list[dict[str, Any]] = node.get(path, stage=spec.stage)
    return entities


def _check_entities(node: Reader, spec: Spec, data: bytes) -> str:
    try:
        expected = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        return f"{spec.expected.name} holds no JSON: {error}"
    if type(expected) is not list:
        return f"{spec.expected.name} holds no list of entities"
    found = current_entities(_entities(node, spec), expected, spec)
    return difference(entity_text(expected, spec), entity_text(found, spec), spec.expected.name)
