"""The actions of `sesam-node systems`: list, status, browse, collect, share."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from sesam_node.cli.systems import show
from sesam_node.cli.tables import plain
from sesam_node.config.text import write_json
from sesam_node.errors import ConflictError, InputError, PipeError, SesamError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sesam_node.cli.systems.place import Place

FINE, NOT_FINE = 0, 1


def list_(options: argparse.Namespace, place: Place) -> int:
    """All systems, with what they are."""
    systems = place.systems()
    if options.json:
        print_json(systems)
    elif not systems:
        print(f"there are no systems in {place.where}; `sesam-node systems add` makes one")
    else:
        show.rows([_row(system) for system in systems], "system", "type", "description")
    return FINE


def _row(system: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "system": system["_id"],
        "type": str(system.get("type", "")).removeprefix("system:"),
        "description": system.get("description") or "",
    }


def status(options: argparse.Namespace, place: Place) -> int:
    """Can they be reached? 1 where one cannot."""
    names = options.systems or [system["_id"] for system in place.systems()]
    found = [{"system": name, **_status(place, name, options.systems)} for name in names]
    if options.json:
        print_json(found)
    elif not found:
        print(f"there are no systems in {place.where}")
    else:
        show.rows(found, "system", "status", "seconds", "message")
    return NOT_FINE if any(one["status"] == "failed" for one in found) else FINE


def _status(place: Place, system: str, asked: list[str]) -> dict[str, Any]:
    try:
        return place.status(system)
    except SesamError as error:
        # Of all systems each is told; of one that was asked for by name its error is the answer.
        if asked:
            raise
        return {"status": "failed", "message": str(error), "seconds": 0.0}


def browse(options: argparse.Namespace, place: Place) -> int:
    """What a system offers; or one of it, with columns and entities."""
    if options.offer is not None:
        return _browse_one(options, place)
    told = place.offers(options.system, options.search, targets=options.targets)
    if options.json:
        print_json(told)
        return FINE
    if not told["offers"]:
        print(_nothing(options))
        return FINE
    show.rows(
        [show.offer_row(one) for one in told["offers"]], "offer", "kind", "key", "columns", "note"
    )
    if told["more"]:
        print("… and more; --search TEXT leaves those that contain it")
    return FINE


def _nothing(options: argparse.Namespace) -> str:
    what = "to write to" if options.targets else "to read"
    named = f' with "{options.search}" in its name' if options.search else ""
    return f'the system "{options.system}" tells of nothing {what}{named}'


def _browse_one(options: argparse.Namespace, place: Place) -> int:
    if options.limit < 0:
        raise InputError(f"expected a limit that is not negative, got {options.limit}")
    told = place.offer(options.system, options.offer, options.limit)
    if options.json:
        print_json(told)
    else:
        show.one_offer(options.system, told)
    return FINE


def collect(options: argparse.Namespace, place: Place) -> int:
    """Save the pipe that reads an offer, and run it."""
    told = place.offer(options.system, options.offer, limit=0)
    if "pipe" not in told:
        reason = told.get("problem") or "it can only be written to"
        raise PipeError(f'"{options.offer}" of "{options.system}" cannot be read: {reason}')
    note = told.get("problem") or ""
    return _save(options, place, told["pipe"], note)


def share(options: argparse.Namespace, place: Place) -> int:
    """Save the pipe that writes a dataset to a target; it is not run."""
    made = place.sharing(options.system, options.target)
    if not made:
        raise PipeError(f'"{options.target}" of "{options.system}" cannot be written to')
    pipe = made[0]
    if options.dataset is not None:
        pipe["source"]["dataset"] = options.dataset
    if not place.has(pipe["source"]["dataset"]) and not options.yes:
        print(
            f'note: no pipe makes the dataset "{pipe["source"]["dataset"]}"; --dataset names one',
            file=sys.stderr,
        )
    options.no_run = True
    return _save(options, place, pipe, "")


def _save(options: argparse.Namespace, place: Place, pipe: dict[str, Any], note: str) -> int:
    if options.name is not None:
        pipe["_id"] = options.name
    name = pipe["_id"]
    if place.has(name):
        raise ConflictError(
            f'there is "{name}" already in {place.where}; --as NAME gives the new pipe another name'
        )
    if not options.json:
        print(write_json(pipe), end="")
        if note:
            print(f"note: {plain(note)}")
    if not (options.yes or _agreed(f'save "{name}" in {place.where}?')):
        print("nothing was saved", file=sys.stderr)
        return NOT_FINE
    saved = place.save(pipe)
    ran = None if options.no_run else place.run(name)
    if options.json:
        print_json({"pipe": pipe, "saved": saved, "run": ran and ran._asdict()})
    else:
        print(f'saved "{name}" in {saved}')
        if ran is not None and ran.success:
            print(f"it ran: {ran.read:,} entities read, {ran.changed:,} written to its dataset")
    if ran is not None and not ran.success:
        raise PipeError(f'the run of "{name}" failed: {ran.message}')
    return FINE


def _agreed(question: str) -> bool:
    """The answer to a question at the terminal. Raises InputError where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise InputError("nothing was saved: there is no terminal to ask at; say --yes")
    # Not where the output goes: that may be a file.
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


ACTIONS = {
    "list": list_,
    "status": status,
    "browse": browse,
    "collect": collect,
    "share": share,
}
