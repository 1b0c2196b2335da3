"""The actions of `sesam-node dtl` and their options."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from shutil import get_terminal_size

from sesam_node.errors import SesamError

FED, ALONE = "RULES [ENTITIES]", "RULES"
LEAST_WIDTH = 20
RULES = "RULES is a file with a list of transforms, rules, a transform or a whole pipe; - is stdin."
ENTITIES = "ENTITIES is a file of JSON lines or a JSON array; absent or - is standard input."


def add(command: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    command.description = (
        "Use the Data Transformation Language without a node. "
        "Exit codes: 0 all is well, 1 what was asked about is not, 2 it could not be carried out."
    )
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")

    run = _action(actions, "run", "transform entities", f"{RULES} {ENTITIES}", RUN, FED)
    _rules(run)
    _surroundings(run)
    _limit(run)
    run.add_argument("--all", action="store_true", help="write filtered entities, too")
    run.add_argument("--keep-going", action="store_true", help="go on behind an entity that fails")

    check = _action(actions, "check", "find every problem of rules", RULES, CHECK, ALONE)
    _rules(check, entities=False)
    check.add_argument("--sample", metavar="FILE", help="source entities: warn of other properties")
    check.add_argument(
        "--datasets",
        type=Path,
        action="append",
        metavar="DIR",
        help="only the datasets in this folder may be named",
    )
    check.add_argument("--strict", action="store_true", help="warnings count as errors")
    check.add_argument("--json", action="store_true", help="print the problems as JSON")
    _namespaces(check)

    explain = _action(actions, "explain", "tell how rules are carried out", RULES, EXPLAIN, ALONE)
    _rules(explain, entities=False)
    explain.add_argument("--source", action="store_true", help="print the generated Python")
    explain.add_argument("--json", action="store_true", help="print the explanation as JSON")
    _namespaces(explain)

    trace = _action(actions, "trace", "record what rules do", f"{RULES} {ENTITIES}", TRACE, FED)
    _rules(trace)
    _surroundings(trace)
    _limit(trace)
    trace.add_argument("--strength", choices=("full", "counters"), default="full")
    trace.add_argument("--entity", metavar="ID", action="append", help="only this entity")
    trace.add_argument("--why", metavar="PATH", help="where a value comes from, such as '$.name'")
    trace.add_argument("--coverage", action="store_true", help="how often each part has fired")
    trace.add_argument("--json", action="store_true", help="print the trace as JSON")
    trace.add_argument("-o", "--out", type=Path, metavar="FILE", help="write the trace to a file")

    form = _action(actions, "format", "lay rules out", FORMAT_TEXT, FORMAT, "[FILE ...]")
    form.add_argument("files", nargs="*", metavar="FILE", help="changed in place")
    form.add_argument("--width", type=int, default=100, help="characters a line, default 100")
    form.add_argument("--style", choices=("compact", "portal"), default="compact")
    form.add_argument("--check", action="store_true", help="change nothing; 1 if a file would be")
    form.add_argument("--diff", action="store_true", help="change nothing; show what would be")

    text = "Write the pages of the language's reference; pages that are out of date are removed."
    reference = _action(
        actions, "reference", "write the pages of the reference", text, REFERENCE, "[DIR]"
    )
    reference.add_argument("folder", nargs="?", type=Path, default=Path("docs/dtl"), metavar="DIR")
    reference.add_argument("--check", action="store_true", help="write nothing; 1 if not current")

    text = f"Time rules: compiling, and each entity plain, counted and recorded. {RULES} {ENTITIES}"
    bench = _action(actions, "bench", "time rules", text, BENCH, FED)
    _rules(bench)
    _surroundings(bench)
    _limit(bench)
    bench.add_argument("--seconds", type=float, default=1.0, help="for each of them, default 1")
    bench.add_argument(
        "--top", type=natural, default=10, metavar="N", help="paths to show, default 10"
    )
    bench.add_argument("--json", action="store_true", help="print the figures as JSON")


def natural(text: str) -> int:
    """A number that is not negative, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"expected a number that is not negative, got {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Carry out the action that was chosen; gives the exit code."""
    module = import_module(f"sesam_node.cli.dtl.{options.action}")
    if sys.stdout is None:  # the shell closed it, as with >&-
        raise SesamError("standard output is closed")
    try:
        code = int(getattr(module, options.action)(options))
        # Not at the end of Python, where nobody could tell what is wrong.
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still to be written has to go somewhere when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SesamError(f"cannot go on: {error.strerror}") from None
    return code


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    text: str,
    example: str,
    files: str,
) -> argparse.ArgumentParser:
    return actions.add_parser(
        name,
        help=summary,
        usage=f"%(prog)s [options] {files}",
        # Only the example is to stay as it stands, and the formatter leaves both alone.
        description=textwrap.fill(text, max(get_terminal_size().columns - 2, LEAST_WIDTH)),
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _rules(action: argparse.ArgumentParser, *, entities: bool = True) -> None:
    action.add_argument(
        "files", nargs="*", metavar="FILE", help="RULES, ENTITIES" if entities else "RULES"
    )
    action.add_argument("-e", dest="expression", metavar="JSON", help="the rules themselves")
    action.add_argument("--rule", metavar="NAME", help="begin with this rule instead of default")
    action.add_argument(
        "--transform",
        metavar="N",
        help="which transform of a pipe that has several: its position, or the alternative's name",
    )


def _namespaces(action: argparse.ArgumentParser) -> None:
    action.add_argument("--namespaced", action="store_true", help="names have namespaces")
    action.add_argument("--identity-namespace", metavar="NAME", help="the namespace of new ids")
    action.add_argument("--property-namespace", metavar="NAME", help="that of new properties")


def _surroundings(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--datasets",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder: each NAME.json or NAME.jsonl in it is the dataset NAME for hops",
    )
    _namespaces(action)
    action.add_argument("--now", metavar="TIME", help='what "now" gives, as 2026-01-31T12:00:00Z')
    action.add_argument(
        "--seed-uuid", type=int, metavar="N", help='"uuid" gives the same each time'
    )
    action.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="a parameter of the request, _B.NAME",
    )
    action.add_argument("--secrets", metavar="FILE", help="an object: the texts of $SECRET(name)")


def _limit(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--limit", type=natural, metavar="N", help="only the first N source entities"
    )


RUN = """\
  echo '{"_id": "1", "name": "ada"}' |
    sesam-node dtl run -e '[["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]'
  sesam-node dtl run pipes/person.conf.json people.jsonl --datasets testdata"""
CHECK = "  sesam-node dtl check pipes/person.conf.json --sample testdata/person.json"
EXPLAIN = "  sesam-node dtl explain pipes/person.conf.json"
TRACE = """\
  sesam-node dtl trace rules.json people.jsonl --entity 17 --why '$.name'
  sesam-node dtl trace rules.json people.jsonl --strength counters --coverage"""
FORMAT_TEXT = "Lay rule files out; comments stay. Without files from standard input to output."
FORMAT = "  sesam-node dtl format pipes/*.conf.json"
REFERENCE = "  sesam-node dtl reference --check docs/dtl"
BENCH = "  sesam-node dtl bench rules.json people.jsonl --limit 1000"
