"""What rule sets made by chance give, compiled, is what a walk over their tree gives."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from dtl.generation.garbage import garbage
from dtl.generation.minimise import minimised
from dtl.generation.outcomes import compiled, differ, outcome_of, walked
from dtl.generation.programs import make_program, programs
from dtl.generation.reach import EXCLUDED, Reach
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesam_node.dtl import RuleContext
from sesam_node.dtl.counting import count_rules
from sesam_node.dtl.plan import plan_rules
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS


def told(program):
    """A difference as a person wants to read it: the smallest program that shows it."""
    small = minimised(program, differ)
    parts = {
        "rules": small.rules,
        "entities": small.entities,
        "datasets": small.datasets,
        "context": small.context,
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in parts.items()]
    return "\n".join([*lines, f"compiled: {compiled(small)}", f"walked:   {walked(small)}"])


def check(count, seed):
    """Run programs both ways, count what they reach; fails at the first difference."""
    reach = Reach()
    for program in programs(count, seed):
        if compiled(program).text() != reach.walk(program).text():
            pytest.fail(told(program))
    assert reach.refused == 0, "what is generated is valid"
    assert reach.missing() == [], reach.text()


def test_compiled_rules_give_what_the_walk_gives():
    check(1_000, 0)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_compiled_rules_give_what_the_walk_gives():
    check(20_000, 1)


def check_broken(count, seed):
    for number, program in enumerate(garbage(count, seed)):
        if differ(program):
            pytest.fail(f"program {number} of seed {seed}\n{told(program)}")


def test_broken_rules_are_refused_or_give_what_the_walk_gives():
    """Arguments of wrong types in wrong places: what recipes never make."""
    check_broken(500, 9)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_broken_rules_are_refused_or_give_what_the_walk_gives():
    check_broken(20_000, 10)


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_hypothesis_finds_no_difference(chance):
    """As above with programs that hypothesis steers, and shrinks where it finds one."""
    program = make_program(chance)
    assert compiled(program).text() == walked(program).text()


def with_repeats(program):
    """A program in which every property is added twice: what repeats is evaluated once."""
    rules = {
        name: [*rule, *([t[0], f"{t[1]}-again", *t[2:]] for t in rule if is_plain_add(t))]
        for name, rule in program.rules.items()
    }
    return replace(program, rules=rules)


def is_plain_add(transform):
    return transform[:1] == ["add"] and type(transform[1]) is str and transform[1][:1].isalpha()


def test_what_a_rule_repeats_gives_what_the_walk_gives():
    repeating = [with_repeats(program) for program in programs(300, 5)]
    for program in repeating:
        if differ(program):
            pytest.fail(told(program))
    # and the rules do repeat: some of it is kept in a local name
    kept = [program for program in repeating if plan_rules_of(program).repeated]
    assert len(kept) > 100


def plan_rules_of(program):
    return plan_rules(program.rules, RuleContext(**program.context), ())[0]


def test_rules_that_count_give_what_the_others_give():
    for program in programs(300, 6):
        assert outcome_of(program, count_rules).text() == compiled(program).text()


def test_the_same_seed_makes_the_same_programs():
    assert list(programs(20, 3)) == list(programs(20, 3))
    assert list(programs(5, 3)) != list(programs(5, 4))


def test_a_difference_is_found_and_made_small(monkeypatch):
    """The test can fail: a function that compiles to something else is noticed and shown alone."""
    entry = EXPRESSIONS["upper"]
    monkeypatch.setitem(EXPRESSIONS, "upper", replace(entry, text=str.lower))
    found = next(program for program in programs(200, 0) if differ(program))
    small = minimised(found, differ)
    assert len(json.dumps(small.rules)) < 120
    assert "upper" in json.dumps(small.rules)


def test_exclusions_name_what_there_is_and_say_why():
    assert all(name in EXPRESSIONS or name in TRANSFORMS for name in EXCLUDED)
    assert all(EXCLUDED.values())


def test_random_is_all_that_programs_depend_on():
    assert make_program(random.Random(7)) == make_program(random.Random(7))
