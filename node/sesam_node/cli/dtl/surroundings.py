"""What rules are run with, as the options say: datasets, time, chance, parameters, secrets."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.entities import datasets_in
from sesam_node.cli.dtl.files import read_file, read_text
from sesam_node.cli.dtl.show import RulesError
from sesam_node.dtl import Runtime, compile_index
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.errors import InputError, preview
from sesam_node.model.transit import normalise_text
from sesam_node.model.values import kind_of_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def runtime_of(options: argparse.Namespace) -> Runtime:
    """The surroundings that the options describe. Raises InputError for values that do not fit."""
    runtime = Runtime(lookup=MemoryLookup(datasets_in(options.datasets), compile_index))
    if options.now is not None:
        now = _datetime(options.now)
        runtime.now = lambda: now
    if options.seed_uuid is not None:
        runtime.new_uuid = _uuids(options.seed_uuid)
    runtime.parameters = dict(map(_parameter, options.parameter))
    if options.secrets is not None:
        runtime.secrets = _secrets(options.secrets)
    return runtime


def _datetime(text: str) -> str:
    tagged = text if text.startswith("~t") else f"~t{text}"
    if kind_of_text(tagged) == "date":
        tagged += "T00:00:00Z"
    if kind_of_text(tagged) != "datetime":
        raise InputError(f"--now: expected a time such as 2026-01-31T12:00:00Z, got {text!r}")
    return str(normalise_text(tagged))


def _uuids(seed: int) -> Callable[[], str]:
    chance = random.Random(seed)  # noqa: S311 - to get the same ids again is what it is for
    return lambda: f"~u{uuid.UUID(int=chance.getrandbits(128), version=4)}"


def _parameter(text: str) -> tuple[str, Any]:
    """The name and the text, as a request brings them, of `name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--parameter: expected NAME=VALUE, got {preview(text)}")
    return name, normalise_text(value)


def _secrets(name: str) -> dict[str, str]:
    text = read_file(name)
    try:
        value = read_text(name, text).value
    except RulesError as error:
        # Its message would show the line, and a secret in it.
        place = error.found[0]
        where = f"line {place['line']}, column {place['column']}"
        raise InputError(f"{name} is no JSON: {where}: {place['message']}") from None
    if type(value) is not dict or any(type(item) is not str for item in value.values()):
        raise InputError(f"{name} holds no secrets: expected an object of texts")
    return value
