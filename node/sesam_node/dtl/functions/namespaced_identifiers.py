"""Namespaced identifiers: `~:namespace:identifier`, split at the last colon."""

from __future__ import annotations

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import each, first_value
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import Value, as_string

VALUES = "VALUES(value-expression{1})"


def is_identifier(value: Value) -> bool:
    """Is it a namespaced identifier?"""
    return type(value) is str and value[:2] == "~:"


def name_of(value: Value) -> str | None:
    """The text of a namespaced identifier or a string; null for anything else."""
    return str(value[2:]) if is_identifier(value) else text(value)


@function(
    "is-ni",
    VALUES,
    Example(["is-ni", "~:foo:bar"], expect=True),
    Example(["is-ni", "foo:bar"], expect=False, note="a string"),
    Example(["is-ni", ["list", 1, "~:foo:bar"]], expect=False, note="only the first counts"),
    Example(["is-ni", None], expect=False),
    boolean=True,
)
def is_ni(values: Value) -> Value:
    """Tell whether the value, or the first element of a list, is a namespaced identifier.

    Null is not.
    """
    return is_identifier(first_value(values))


@function(
    "ni-id",
    VALUES,
    Example(["ni-id", "~:foo:bar"], "bar"),
    Example(["ni-id", ["list", "foo:bar", 123, "baz"]], ["bar", "baz"]),
    Example(["ni-id", "~:a:b:c"], "c", note="the last colon separates"),
    Example(["ni-id", 123], None),
)
def ni_id(values: Value) -> Value:
    """Give the part after the namespace of each namespaced identifier or string.

    Without a colon that is the whole text. Values of other types are ignored.
    """

    def identifier(value: Value) -> Value:
        name = name_of(value)
        return None if name is None else as_string(split_name(name)[1])

    return each(values, identifier)


@function(
    "ni-ns",
    VALUES,
    Example(["ni-ns", "~:foo:bar"], "foo"),
    Example(["ni-ns", ["list", "a:b", 123, "c"]], ["a", ""], note="no namespace: empty text"),
    Example(["ni-ns", "~:a:b:c"], "a:b", note="the last colon separates"),
    Example(["ni-ns", None], None),
)
def ni_ns(values: Value) -> Value:
    """Give the namespace of each namespaced identifier or string, `""` without a colon.

    Values of other types are ignored.
    """

    def namespace(value: Value) -> Value:
        name = name_of(value)
        return None if name is None else as_string(split_name(name)[0] or "")

    return each(values, namespace)
