"""Which files an action was given: rules first, unless they came with `-e`, then entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.cli.dtl.files import STDIN, read_file
from sesam_node.cli.dtl.rules import RuleFile, RuleSet, read_rules
from sesam_node.cli.dtl.show import RulesError, data_of, text_of
from sesam_node.dtl import CompiledRules, compile_rules
from sesam_node.errors import DtlError, InputError

if TYPE_CHECKING:
    import argparse

    from sesam_node.errors import Problem


class Given(NamedTuple):
    """The rules, and the name of the input of entities (null or "-" is standard input)."""

    file: RuleFile
    entities: str | None

    def rule_set(self, options: argparse.Namespace) -> RuleSet:
        """The rule set that the options choose. Raises InputError."""
        return self.file.only(options.transform).starting_at(options.rule)


def given(options: argparse.Namespace, *, entities: bool = True) -> Given:
    """What the options name.

    Raises InputError for too few or too many files, RulesError for what is no JSON.
    """
    files = list(options.files)
    if options.expression is not None:
        name, text = "-e", options.expression
    elif files:
        name = files.pop(0)
        if name == STDIN and entities and (files or [STDIN])[0] == STDIN:
            raise InputError("rules and entities cannot both be read from standard input")
        text = read_file(name)
        name = "standard input" if name == STDIN else name
    else:
        raise InputError("name a file of rules, or give them with -e")
    most = 1 if entities else 0
    if len(files) > most:
        raise InputError(f"one file too many: {files[most]}")
    return Given(read_rules(name, text, options), files[0] if files else None)


def compiled(file: RuleFile, rule_set: RuleSet) -> CompiledRules:
    """The rules compiled. Raises RulesError, with each problem shown in its line."""
    try:
        return compile_rules(rule_set.rules, rule_set.context, path=rule_set.at)
    except DtlError as error:
        raise refused(file, rule_set, error) from None


def located(file: RuleFile, rule_set: RuleSet, problem: Problem) -> dict[str, Any]:
    """A problem as data: with its path in the file, and the line, column and end of its place.

    `line` and `column` count from 1; `start` and `end` are offsets in the text.
    """
    path = rule_set.place(problem.path)
    span = file.source.span(path) or (0, 0)
    return data_of(file.name, file.source, path, span, problem)


def refused(file: RuleFile, rule_set: RuleSet, error: DtlError) -> RulesError:
    """The error of rules that do not compile, with every problem shown in its line."""
    found = [located(file, rule_set, p) for p in error.problems if p.level == "error"]
    shown = [text_of(file.source.text, item) for item in found]
    return RulesError("\n".join([error.message, *shown]), found)
