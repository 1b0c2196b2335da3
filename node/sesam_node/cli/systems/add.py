"""`sesam-node systems add`: a system of its declared options, its secrets kept by the node.

Secrets are asked for, or come one a line on standard input; on the command line every process of
the machine could read them.
"""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING, Any

from sesam_node.cli.systems.actions import FINE, NOT_FINE, print_json
from sesam_node.cli.systems.running import RunningNode
from sesam_node.config.text import write_json
from sesam_node.errors import ConfigError, ConflictError, InputError, SesamError, suggestion
from sesam_node.pipes.component import spec

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from sesam_node.cli.systems.place import Place
    from sesam_node.config.options import ComponentSpec, Option


def add_system(options: argparse.Namespace, place: Place) -> int:
    """Add a system, then test it; 1 where it cannot be reached."""
    made = spec("system", options.type)
    if place.has(options.name):
        raise ConflictError(f'there is "{options.name}" already in {place.where}')
    values, secrets = _told(made, options.values)
    for option in made.options:
        if option.required and option.name not in values and not option.secret:
            values[option.name] = _read(option, _asked(option))
    missing = [o.name for o in made.options if o.required and o.secret and o.name not in values]
    secrets = list(dict.fromkeys([*missing, *secrets]))
    values |= {name: f"$SECRET({name})" for name in secrets}
    system = {"_id": options.name, "type": f"system:{made.type}", **values}
    if isinstance(place, RunningNode):
        return _on_node(options, place, system, secrets)
    saved = place.save(system)
    if options.json:
        print_json({"system": system, "saved": saved})
    else:
        print(write_json(system), end="")
        print(f'saved "{options.name}" in {saved}')
        for name in secrets:
            print(f'the secret "{name}" is to be set on the node that loads it')
    return FINE


def _on_node(
    options: argparse.Namespace, node: RunningNode, system: Mapping[str, Any], names: Iterable[str]
) -> int:
    # Asked for before anything is saved, so that an interruption leaves nothing behind.
    secrets = {name: _secret(name) for name in names}
    saved = node.save(system)
    if secrets:
        node.keep_secrets(options.name, secrets)
    status = node.status(options.name)
    if options.json:
        print_json({"system": system, "saved": saved, "status": status})
    else:
        print(write_json(system), end="")
        print(f'saved "{options.name}" in {saved}')
        print(f"{status['status']}: {status['message']}")
    return NOT_FINE if status["status"] == "failed" else FINE


def _told(made: ComponentSpec, given: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """The values of `NAME=VALUE`, and the secrets that are named alone."""
    declared = {option.name: option for option in made.options}
    values: dict[str, Any] = {}
    secrets = []
    for text in given:
        name, equals, value = text.partition("=")
        option = declared.get(name)
        if option is None:
            hint = suggestion(name, declared) or f"it has {', '.join(declared)}"
            raise InputError(f'{made.title} has no option "{name}"; {hint}')
        if option.secret and not value.startswith("$SECRET("):
            if equals:
                # Not the text: it may be one.
                raise InputError(
                    f'"{name}" is a secret, and other processes read command lines: give its name'
                    " alone, and it is asked for"
                )
            secrets.append(name)
        elif not equals:
            raise InputError(f'expected "{name}=VALUE", got "{name}"')
        else:
            values[name] = _read(option, value)
    return values, secrets


def _read(option: Option, text: str) -> Any:
    """A value as its option takes it: text, or JSON for all other kinds."""
    if option.kinds == ("string",) or (option.choices and text in option.choices):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if "string" in option.kinds or text.startswith(("$ENV(", "$SECRET(")):
            return text
        kinds = " or ".join(option.kinds)
        raise InputError(f'expected {kinds} as JSON for "{option.name}", got {text!r}') from None


def _asked(option: Option) -> str:
    """What is required, asked for at the terminal."""
    if not sys.stdin.isatty():
        raise ConfigError(f'"{option.name}" is missing: {option.doc}')
    print(f"{option.name} ({option.doc}): ", end="", file=sys.stderr, flush=True)
    found = sys.stdin.readline().strip()
    if not found:
        raise ConfigError(f'"{option.name}" is missing')
    return found


def _secret(name: str) -> str:
    """A secret, asked for at the terminal; else the next line of standard input."""
    if sys.stdin.isatty():
        found = getpass.getpass(f"{name}: ")
    else:
        found = sys.stdin.readline().rstrip("\r\n")
    if not found:
        raise SesamError(f'the secret "{name}" is empty; nothing was saved')
    return found
