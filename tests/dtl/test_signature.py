"""The manual's notation: which arguments go where, by their number."""

from __future__ import annotations

import pytest

from sesam_node.dtl.signature import parse_signature

OPTIONAL_FIRST = "F(function-expression{0|1}), VALUES(value-expression{1})"
OPTIONAL_WITHIN = "START(integer{1}), END(integer{0|1}), VALUES(value-expression{1})"
PAIRS = "(IF(boolean-expression{1}), THEN(value-expression{1})){>=1}, ELSE(value-expression{0|1})"
FORMS = "OLD(string{1}), NEW(string{1}), VALUES(value-expression{1}) | MAP(object{1}), V(value{1})"


@pytest.mark.parametrize(
    ("text", "arguments", "bound"),
    [
        (OPTIONAL_FIRST, "a", {"F": None, "VALUES": "a"}),
        (OPTIONAL_FIRST, "ab", {"F": "a", "VALUES": "b"}),
        (OPTIONAL_WITHIN, "ab", {"START": "a", "END": None, "VALUES": "b"}),
        (OPTIONAL_WITHIN, "abc", {"START": "a", "END": "b", "VALUES": "c"}),
        ("V(value-expression{>=0})", "", {"V": ()}),
        ("V(value-expression{>1})", "abc", {"V": ("a", "b", "c")}),
        (PAIRS, "abcd", {"IF": ("a", "c"), "THEN": ("b", "d"), "ELSE": None}),
        (PAIRS, "abc", {"IF": ("a",), "THEN": ("b",), "ELSE": "c"}),
        (FORMS, "abc", {"OLD": "a", "NEW": "b", "VALUES": "c"}),
        (FORMS, "ab", {"MAP": "a", "V": "b"}),
        ("", "", {}),
    ],
)
def test_arguments_by_parameter(text, arguments, bound):
    assert parse_signature(text).bind(list(arguments)) == bound


@pytest.mark.parametrize(
    ("text", "arity"),
    [
        ("", "0"),
        (OPTIONAL_FIRST, "1 to 2"),
        (PAIRS, "at least 2"),
        (FORMS, "2 to 3"),
        ("V(value-expression{>1})", "at least 2"),
    ],
)
def test_arity_in_words(text, arity):
    assert parse_signature(text).arity == arity


@pytest.mark.parametrize(("text", "given"), [(OPTIONAL_FIRST, 0), (OPTIONAL_FIRST, 3), (PAIRS, 1)])
def test_numbers_of_arguments_that_do_not_fit(text, given):
    assert parse_signature(text).match(given) is None


@pytest.mark.parametrize("text", ["x", "A", "A(b)", "A(b{2})", "A(b{1}) C"])
def test_what_is_no_signature(text):
    with pytest.raises(ValueError, match="not a"):
        parse_signature(text)
