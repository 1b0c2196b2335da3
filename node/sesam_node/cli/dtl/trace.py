"""`sesam-node dtl trace`: what rules did, as figures, as the cause of a value, or as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.entities import encode, read_stream, reason
from sesam_node.cli.dtl.given import given, refused
from sesam_node.cli.dtl.surroundings import runtime_of
from sesam_node.cli.dtl.tables import coverage_table, summary, timing_table
from sesam_node.errors import DtlError, InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from sesam_node.cli.dtl.given import Given
    from sesam_node.cli.dtl.rules import RuleSet
    from sesam_node.model.values import Entity

EVENTS = 200_000
"""How many events a full trace may have: it is kept in memory."""


class Source:
    """The entities to record; `ended` says that there were no more."""

    def __init__(self, asked: Given, ids: list[str] | None, limit: int | None) -> None:
        self.asked = asked
        self.ids = ids
        self.limit = limit
        self.count = 0
        self.ended = False

    def __iter__(self) -> Iterator[Entity]:
        for read in read_stream(self.asked.entities) if self.limit != 0 else ():
            if read.entity is None:
                message = reason(read.error) if read.error else ""
                raise InputError(f"{read.place}: {message}")
            if self.ids is None or read.entity["_id"] in self.ids:
                self.count += 1
                yield read.entity
                if self.count == self.limit:
                    break
        self.ended = True


def trace(options: argparse.Namespace) -> int:
    """Record what rules do and print it; 0 where nothing failed, 1 where an entity did."""
    if options.why is not None:
        _check_why(options)
    asked = given(options)
    rule_set = asked.rule_set(options)
    document = _recorded(asked, rule_set, options)
    if options.out is not None:
        _save(options.out, document)
    if options.why is not None:
        _print_why(document, options)
    elif options.coverage:
        from sesam_node.dtl.trace import coverage

        text = coverage_table(document, rule_set.place)
        print(json.dumps(coverage(document), ensure_ascii=False) if options.json else text)
    elif options.json:
        sys.stdout.buffer.write(encode(document) + b"\n")
    elif options.out is None:
        print(f"{summary(document)}\n\n{timing_table(document, rule_set.place)}")
    else:
        print(f"{options.out}: {summary(document)}")
    sys.stdout.flush()
    return int(_failures(document) > 0)


def _recorded(asked: Given, rule_set: RuleSet, options: argparse.Namespace) -> dict[str, Any]:
    from sesam_node.dtl.record import record

    source = Source(asked, options.entity, options.limit)
    try:
        document = record(
            rule_set.rules,
            source,
            strength=options.strength,
            context=rule_set.context,
            runtime=runtime_of(options),
            path=rule_set.at,
            budget=EVENTS,
        )
    except DtlError as error:
        raise refused(asked.file, rule_set, error) from None
    if not source.ended:
        print(
            f"only the first {len(document['entities'])} entities are recorded: the trace is full; "
            "use --limit, --entity or --strength counters",
            file=sys.stderr,
        )
    if options.why is not None and options.limit != 0 and not options.entity and not source.count:
        raise InputError("there are no source entities")
    if options.entity and not source.count:
        raise InputError(f"no source entity has the id {', '.join(options.entity)}")
    return document


def _save(file: Path, document: dict[str, Any]) -> None:
    try:
        file.write_bytes(encode(document) + b"\n")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from None


def _check_why(options: argparse.Namespace) -> None:
    """Raises InputError for a `--why` that cannot be answered."""
    from sesam_node.dtl.trace.places import parts_of

    if options.strength != "full":
        raise InputError("--why needs a trace of the strength full")
    try:
        parts_of(options.why)
    except InputError:
        message = f"--why: expected the path of a value, such as '$.name', got {options.why!r}"
        raise InputError(message) from None


def _print_why(document: dict[str, Any], options: argparse.Namespace) -> None:
    from sesam_node.dtl.trace import why, why_not, why_not_text, why_text

    for position, entity in enumerate(document["entities"]):
        answers = []
        for result in range(len(entity["results"])):
            try:
                answer = why(document, position, result, options.why)
            except InputError as error:
                if error.problems and error.problems[0].code == "nothing-there":
                    continue
                raise
            answers.append((answer, why_text(answer)))
        if not answers:
            missing = why_not(document, position, options.why)
            answers.append((missing, why_not_text(missing)))
        for answer, text in answers:
            # One answer a line, for there may be many.
            print(json.dumps(answer, ensure_ascii=False) if options.json else text)


def _failures(document: dict[str, Any]) -> int:
    if document["strength"] == "counters":
        return int(document["errors"])
    return sum(entity["error"] is not None for entity in document["entities"])
