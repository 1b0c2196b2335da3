"""Whatever is handed in, the answer is a Problem with its place, or a value that is JSON."""

from __future__ import annotations

import pytest
from dtl.generation.garbage import garbage, is_json
from dtl.generation.outcomes import fixed_runtime

from sesam_node.dtl import RuleContext, compile_rules, problems_of
from sesam_node.dtl.check import errors
from sesam_node.errors import SesamError


def complaints(program):
    """What is wrong with how a program ends; nothing where it ends as it should."""
    context = RuleContext(**program.context)
    problems = problems_of(program.rules, context)
    try:
        compiled = compile_rules(program.rules, context)
    except SesamError as error:
        found = [p for p in error.problems if p.level == "error"]
        if not found:
            yield "refused without a problem"
        if any(not p.path.startswith("$") or not p.code or not p.message for p in found):
            yield f"a problem without place, code or message: {found}"
        if not errors(problems) and {p.code for p in found} != {"too-large"}:
            yield f"problems_of did not find {found}"
        return
    if errors(problems):
        yield f"compiled in spite of {problems}"
    run = compiled.bind(fixed_runtime(program))
    for entity in program.entities:
        out = []
        try:
            run(entity, out)
        except SesamError as error:
            if not error.problems or out:
                yield f"failed without a problem, or with output: {error}, {out}"
        else:
            if not all(is_json(one) for one in out):
                yield f"no JSON came out: {out!r:.500}"


def check(count, seed):
    for number, program in enumerate(garbage(count, seed)):
        try:
            found = list(complaints(program))
        except Exception as error:
            raise AssertionError(
                f"program {number} of seed {seed}: {type(error).__name__}: {error}\n"
                f"{program.rules!r:.2000}"
            ) from error
        assert not found, f"program {number} of seed {seed}: {found}\n{program.rules!r:.2000}"


def test_garbage_is_refused_or_run():
    check(700, 0)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(1, 6))
def test_much_garbage_is_refused_or_run(seed):
    check(10_000, seed)
