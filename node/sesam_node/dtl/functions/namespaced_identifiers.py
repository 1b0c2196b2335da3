"""Namespaced identifiers: `~:namespace:identifier`, split at the last colon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xxhash

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import VARIES, each, first_value
from sesam_node.model.namespaces import BUILT_IN, split_name
from sesam_node.model.values import Value, as_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, RuleContext

    Cast = Callable[[Value], Value]

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


def prefix_length(uri: str) -> int:
    """Where the prefix of a URI ends: after the last `/` or `#`, else after the last colon."""
    return 1 + (max(uri.rfind("/"), uri.rfind("#")) if "/" in uri or "#" in uri else uri.rfind(":"))


def generated_namespace(pipe_id: str, prefix: str) -> str:
    """The namespace of a prefix that nobody declared.

    Its number is made from the prefix alone: a count would depend on the order in which URIs come,
    and two runs of a pipe would give one URI two names.
    """
    number = xxhash.xxh3_64_intdigest(prefix.encode("utf-8", "surrogatepass"))
    return f"{pipe_id}-{number}"


def in_namespace(namespace: str) -> Cast:
    """The cast of values to identifiers in one namespace: strings only."""

    def cast(values: Value) -> Value:
        return each(values, identifier)

    def identifier(value: Value) -> Value:
        name = text(value)
        return None if name is None else f"~:{namespace}:{name}"

    return cast


def collapsing(context: RuleContext) -> Cast:
    """The cast of values to identifiers where no namespace is given: strings and URIs."""
    declared = {**BUILT_IN, **context.namespaces}
    namespaces = {prefix: namespace for namespace, prefix in declared.items()}

    def cast(values: Value) -> Value:
        return each(values, identifier)

    def identifier(value: Value) -> Value:
        if type(value) is str and value[:2] == "~r":
            end = prefix_length(uri := value[2:])
            prefix = uri[:end]
            namespace = namespaces.get(prefix) or generated_namespace(context.pipe_id, prefix)
            return f"~:{namespace}:{uri[end:]}"
        if is_identifier(value):
            return value
        name = text(value)
        return None if name is None else f"~:{name}"

    return cast


@special(
    "ni",
    f"NAMESPACE(string{{0|1}}), {VALUES}",
    Example(["ni", "foo", "bar"], "~:foo:bar"),
    Example(["ni", "foo", ["list", "bar", "x:y", 1]], ["~:foo:bar", "~:foo:x:y"]),
    Example(["ni", "bar"], "~:bar", note="no namespace"),
    Example(["ni", "foo", "~rhttp://example.org/bar"], None, note="no URIs with a namespace"),
    Example(["ni", "~rhttp://example.org/bar"], "~:_:bar", note="a built-in namespace"),
    Example(
        ["ni", ["list", "foo:bar", "~rhttp://acme.org/hr#42"]],
        ["~:foo:bar", "~:hr:42"],
        context={"namespaces": {"hr": "http://acme.org/hr#"}},
    ),
    context=True,
)
def ni(scope: Scope, call: Call) -> str:
    """Give each value as a namespaced identifier: in NAMESPACE, or as its text says.

    Strings are taken as they are, nothing is escaped. Without NAMESPACE a URI is collapsed: what
    stands before its last part becomes the namespace declared for it, or a generated one, and an
    identifier stays what it is. Values of other types are ignored, with NAMESPACE all but strings.
    """
    *given, values = call.arguments
    cast = in_namespace(call.constant(0)) if given else collapsing(scope.context)
    constant = scope.value(values)
    if constant is not VARIES:
        return scope.constant(cast(constant))
    return scope.call(call.at, cast, scope.expression(values))
