"""`sesam-node dtl run`: entities in, entities out."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

from sesam_node.cli.dtl.entities import read_stream, reason, write_line
from sesam_node.cli.dtl.files import STDIN
from sesam_node.cli.dtl.given import compiled, given
from sesam_node.cli.dtl.surroundings import runtime_of
from sesam_node.errors import DtlError

if TYPE_CHECKING:
    import argparse

    from sesam_node.model.values import Entity


def run(options: argparse.Namespace) -> int:
    """Write what the rules make of each entity; 1 where an entity fails."""
    asked = given(options)
    rule_set = asked.rule_set(options)
    transform = compiled(asked.file, rule_set).bind(runtime_of(options))
    # What comes from a stream goes on at once: who sends may wait for it.
    streams = asked.entities in (None, STDIN)
    failed = False
    for read in islice(read_stream(asked.entities), options.limit):
        out: list[Entity] = []
        message = reason(read.error) if read.error else ""
        if read.entity is not None:
            try:
                transform(read.entity, out)
            except DtlError as error:
                message = error.message
                for path in {problem.path for problem in error.problems if problem.path}:
                    message = message.replace(path, rule_set.place(path), 1)
        for entity in out:
            if options.all or "_filtered" not in entity:
                write_line(entity)
        if streams:
            sys.stdout.flush()
        if message:
            failed = True
            sys.stdout.flush()
            print(f"{read.place}: {message}", file=sys.stderr)
            if not options.keep_going:
                break
    sys.stdout.flush()
    return int(failed)
