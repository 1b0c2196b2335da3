"""The order of `run-all-pipes`, and what a pass runs."""

from __future__ import annotations

from sesam_node.hub.checking import Facts
from sesam_node.hub.passes import Graph, Pass


def graph(**reads):
    """`c="a b"` is a pipe c that reads the datasets a and b and writes c."""
    return Graph({pipe: Facts(tuple(names.split()), sink=pipe) for pipe, names in reads.items()})


def test_a_pipe_follows_those_it_reads_from():
    assert graph(c="a b", b="a", a="", d="c").order == ["a", "b", "c", "d"]


def test_hops_count_as_reading():
    pipes = {"b": Facts(("x",), frozenset({"a"}), "b"), "a": Facts(sink="a")}

    assert Graph(pipes).order == ["a", "b"]


def test_in_a_cycle_the_first_goes_first_and_waits_for_nobody():
    cycle = graph(a="b", b="a", c="b")

    assert cycle.order == ["a", "b", "c"]
    assert cycle.before == {"a": set(), "b": {"a"}, "c": {"b"}}


def test_a_pipe_that_reads_itself_does_not_wait_for_itself():
    assert graph(a="a").before == {"a": set()}


def test_pipes_that_do_not_wait_for_each_other_start_together():
    current = Pass(graph(a="", b="", c="a b", d="a"), "abcd")

    assert current.begin() == ["a", "b"]
    assert current.ended("a", ["a"], success=True) == ["d"]
    assert current.ended("b", [], success=True) == ["c"]
    assert current.ended("d", ["d"], success=True) == []
    assert current.ended("c", ["c"], success=True) == []
    assert current.due == set()


def test_a_later_pass_runs_what_failed_and_what_changes_then():
    current = Pass(graph(a="", b="a", c="b", d=""), {"b"})

    assert current.begin() == ["b"]
    assert current.ended("b", ["b"], success=True) == ["c"]
    assert current.ended("c", [], success=True) == []


def test_nothing_due_is_nothing_to_start():
    assert Pass(graph(a="", b="a"), ()).begin() == []


def test_a_failed_pipe_and_the_earlier_part_of_a_cycle_are_due_in_the_next_pass():
    current = Pass(graph(a="b", b="a", c=""), "abc")

    assert current.begin() == ["c", "a"]
    assert current.ended("c", [], success=False) == []
    assert current.ended("a", ["a"], success=True) == ["b"]
    assert current.ended("b", ["b"], success=True) == []
    assert current.due == {"a", "c"}


def test_a_long_chain_that_is_not_due_is_no_deep_recursion():
    names = [f"p{number}" for number in range(3000)]
    reads = dict(zip(names, ["", *names], strict=False))

    assert Pass(graph(**reads), {names[-1]}).begin() == [names[-1]]
