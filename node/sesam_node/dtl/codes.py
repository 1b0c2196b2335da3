"""Every code of a problem with DTL: what it means, why it matters, what to do, and an example.

The codes are stable: scripts and people refer to them. The tests run each `wrong`, which gives
exactly its code, and each `right`, which gives no problem at all. Where a code is found:

- "check": in a rule set, before it runs.
- "compile": in a rule set that has no errors, where Python takes no more.
- "run": while an entity goes through; `entity` is one that fails.
- "text": in the JSON text of a cell or a file.
- "schema": in the JSON of a schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.schema import schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model.values import Entity

ERROR = ("error",)
WARNING = ("warning",)


@dataclass(frozen=True)
class Code:
    """One code. `wrong` and `right` are rule sets (texts for "text", documents for "schema").

    `context` holds the fields of `RuleContext` that the examples are checked with.
    """

    code: str
    levels: tuple[str, ...]
    title: str
    explanation: str
    wrong: Any
    right: Any
    context: Mapping[str, Any] = field(default_factory=dict)
    found: str = "check"
    entity: Entity | None = None


def _value(expression: Any) -> dict[str, Any]:
    return {"default": [["copy", "_id"], ["add", "result", expression]]}


def _hops(**options: Any) -> dict[str, Any]:
    where = ["eq", "_S._id", "o.customer"]
    return _value(["hops", {"datasets": ["orders o"], "where": where, **options}])


def _nested(levels: int) -> Any:
    expression: Any = "_S.name"
    for _ in range(levels):
        expression = ["list", expression]
    return expression


def _filters(count: int) -> list[Any]:
    filters = [["gt", "o.amount", number] for number in range(count)]
    return [["eq", "_S._id", "o.customer"], *filters]


PEOPLE = schema_of([{"_id": "1", "name": "Ada", "address": {"city": "London"}}])
ORDER = [["copy", "_id"], ["add", "amount", "_S.amount"]]
COLLECTED = [
    # -- the shape of a rule set -------------------------------------------------------------------
    Code(
        "wrong-shape",
        ERROR,
        "something else stands where a rule, a transform or a specification is expected",
        "A rule set is an object of named rules, a rule is a list of transforms, a transform is a "
        "list that begins with its name, a specification of hops is an object. Often a pair of "
        "brackets is missing or too many: one transform still needs the list of the rule around "
        "it. The message shows what was found.",
        {"default": ["copy", "*"]},
        {"default": [["copy", "*"]]},
    ),
    Code(
        "missing-default",
        ERROR,
        'there is no rule "default"',
        'A rule set begins with its rule "default", which runs for each source entity; all others '
        "run only where they are applied. Without it nothing would run. Name the rule that is "
        'meant to begin "default".',
        {"person": [["copy", "*"]]},
        {"default": [["copy", "*"]]},
    ),
    Code(
        "empty-list",
        ERROR,
        "an empty list calls nothing",
        "In a rule a list is a call: its first element is the name of a function. An empty list "
        'has none. The constant empty list is written ["list"]; a transform that does nothing can '
        "be left out.",
        _value([]),
        _value(["list"]),
    ),
    Code(
        "no-name",
        ERROR,
        "a list that does not begin with the name of a function",
        "In a rule a list is a call, so its first element must be the name of a function. A list "
        'of constants or of values is made with ["list", ...].',
        _value([1, 2, 3]),
        _value(["list", 1, 2, 3]),
    ),
    Code(
        "too-deep",
        ERROR,
        "calls are nested deeper than 64 levels",
        "There is a limit to how deeply calls and transforms may be nested, so that no rule set "
        "can exhaust the node. Rules that people write stay far below it. Compute parts of the "
        "expression into properties of the target first, or move them to a rule of their own.",
        _value(_nested(65)),
        _value(_nested(3)),
    ),
    Code(
        "too-large",
        ERROR,
        "a rule set is too large to compile",
        "A rule set is compiled to a function, which has limits of its own: the conditions of one "
        "specification of hops, for example, are nested in each other. Split the specification or "
        "the rule into several.",
        _hops(where=_filters(120)),
        _hops(where=_filters(2)),
        found="compile",
    ),
    # -- names -------------------------------------------------------------------------------------
    Code(
        "unknown-function",
        ERROR,
        "there is no function or transform of this name here",
        "Expressions and transforms are two kinds of functions: a transform stands in a list of "
        "transforms, an expression where a value is expected. The name may be misspelt, belong to "
        "another language, or to the other kind. Where a list of constants was meant, write "
        '["list", ...].',
        _value(["uper", "_S.name"]),
        _value(["upper", "_S.name"]),
    ),
    Code(
        "unknown-rule",
        ERROR,
        "a rule is applied that does not exist",
        "apply and apply-hops name another rule of the same rule set. There is none of this name; "
        "it may be misspelt, or defined in another pipe. Rules are not shared between pipes.",
        _value(["apply", "order", "_S.orders"]),
        {**_value(["apply", "order", "_S.orders"]), "order": ORDER},
    ),
    Code(
        "unused-rule",
        WARNING,
        "a rule that nothing applies",
        'The rule is not reached from "default", directly or through other rules, so it never '
        "runs; a rule that only applies itself is not reached either. It may be a leftover, or "
        "the apply that should call it has another name. Apply it or delete it.",
        {**_value("_S.name"), "order": ORDER},
        {**_value(["apply", "order", "_S.orders"]), "order": ORDER},
    ),
    Code(
        "unknown-variable",
        WARNING,
        "text that looks like a path of a variable that has no value here",
        "A string is a path only where it begins with a variable that has a value, and a dot: _S, "
        "_T, _R and _B everywhere, _P in applied rules, _ in function expressions, aliases in "
        "their hops. Anything else is text, or null for a variable without a value, and that "
        'without an error. The variable itself is written with its dot: "_S.".',
        _value(["upper", "_s.name"]),
        _value(["upper", "_S.name"]),
    ),
    Code(
        "unknown-property",
        WARNING,
        "a property is read that nothing has",
        "Of the source: none of the entities that were seen has the property, so the path gave "
        "null for each of them. Of the target: nothing that runs before can have set it. Most "
        "often the name is misspelt, or the property is called otherwise in the source. A sample "
        "may miss a rare property; then the warning can be ignored.",
        _value("_S.adress.city"),
        _value("_S.address.city"),
        {"schema": PEOPLE},
    ),
    Code(
        "unknown-dataset",
        ERROR + WARNING,
        "a dataset is read that is not known",
        "hops and lookup-entity name datasets of the node. No dataset or pipe of "
        "this name is known, so there would be nothing to find. Where a configuration is checked "
        "this is a warning, as something else may still write the dataset.",
        _value(["lookup-entity", "order", "_S.order"]),
        _value(["lookup-entity", "orders", "_S.order"]),
        {"datasets": frozenset(["orders"])},
    ),
    Code(
        "wrong-path",
        ERROR + WARNING,
        "a path that cannot be read as it is written",
        "The names of a path are separated by dots; a name that holds dots itself stands in "
        "single quotes. A quote that is not closed is an error. Two dots in a row, or one at the "
        "end, read a property with an empty name, which hardly any entity has.",
        _value("_S.'first.name"),
        _value("_S.'first.name'"),
    ),
    # -- arguments ---------------------------------------------------------------------------------
    Code(
        "arity",
        ERROR,
        "too few or too many arguments",
        "The number of arguments does not fit the function; the hint shows its signature or how "
        "several things become one argument. Optional arguments stand before the values, so the "
        "number also decides what each argument means.",
        _value(["eq", "_S.name"]),
        _value(["eq", "_S.name", "Ada"]),
    ),
    Code(
        "wrong-constant",
        ERROR + WARNING,
        "a constant that the function does not take",
        "Some arguments are constants of the configuration: formats, units, patterns, names of "
        "rules and datasets. They are not evaluated, so no path or expression can stand there, "
        "and they are checked before anything runs. A constant that is allowed but can do nothing "
        "useful, such as a format without any %, is a warning.",
        _value(["datetime-plus", "days", 1, "_S.date"]),
        _value(["datetime-plus", "day", 1, "_S.date"]),
    ),
    Code(
        "wrong-kind",
        WARNING,
        "a value of a kind that the function can never use",
        "Functions leave out values of other kinds than theirs, without an error: upper of a "
        "number is null, a string never equals a number, and anything that is not null, false or "
        "an empty list counts as true. Here this is so for every entity. Convert the value first, "
        "or take the function that was meant.",
        _value(["concat", "No ", ["count", "_S.orders"]]),
        _value(["concat", "No ", ["string", ["count", "_S.orders"]]]),
    ),
    Code(
        "constant-dict",
        WARNING,
        "a path in a constant dict, which is not evaluated",
        "A dict in a rule is a constant: what is in it stays as it is, paths are text. To make a "
        'dict of values use ["dict", key, value, ...], or a rule with apply. Only the "return" of '
        "hops takes a dict as a template.",
        _value({"name": "_S.name"}),
        _value(["dict", "name", "_S.name"]),
    ),
    Code(
        "misplaced-secret",
        WARNING,
        "a secret where none is put in",
        "$SECRET(name) stands for the value of a secret as a KEY or PASSPHRASE of the encryption "
        "functions. Anywhere else in rules it is text: whoever may write rules could read the "
        "secret otherwise.",
        _value(["encrypt", "key", "$SECRET(name)"]),
        _value(["encrypt", "$SECRET(name)", "_S.name"]),
    ),
    Code(
        "unreachable",
        WARNING,
        "something that can never run",
        "What stands here is never evaluated: after a transform that always ends the rule, in a "
        "branch whose condition never holds or comes too late, behind a value that always "
        "decides, or as a default of what has just been set. It does no harm, but it is not what "
        "was meant. filter and discard go on where their condition holds.",
        {"default": [["copy", "*"], ["filter"], ["add", "checked", True]]},
        {"default": [["copy", "*"], ["filter", "_S.name"], ["add", "checked", True]]},
    ),
    # -- hops --------------------------------------------------------------------------------------
    Code(
        "disconnected-join",
        ERROR,
        "an alias that no join connects to the source",
        'Each alias of hops is reached through joins: an "eq" in "where" whose sides refer to one '
        "of _S and the aliases each, and to two different ones. Inside of or it is no join. "
        "Without a join every entity of the dataset would belong to every source entity.",
        _hops(where=["gt", "o.amount", 10]),
        _hops(where=[["eq", "_S._id", "o.customer"], ["gt", "o.amount", 10]]),
    ),
    Code(
        "second-join",
        WARNING,
        "a second join of the same two",
        'Only the first "eq" between the same two finds entities by shared values. A further one '
        "is a filter: it compares the whole values, and a list equals only the same list. For a "
        'key of several parts use ["tuples", ...] on both sides.',
        _hops(where=[["eq", "_S.a", "o.a"], ["eq", "_S.b", "o.b"]]),
        _hops(where=["eq", ["tuples", "_S.a", "_S.b"], ["tuples", "o.a", "o.b"]]),
    ),
    Code(
        "apply-hops-in-apply",
        ERROR,
        "apply of a rule that hops",
        "A rule that is applied with apply must not hop, neither itself nor through a rule that "
        "it applies: what it depends on could not be tracked. Hop before, and apply the rule to "
        "what was found, or use apply-hops, whose rule may hop itself.",
        {
            **_value(["apply", "person", "_S."]),
            "person": _hops()["default"],
        },
        {
            **_value(
                [
                    "apply-hops",
                    "person",
                    {"datasets": ["people p"], "where": ["eq", "_S.p", "p._id"]},
                ]
            ),
            "person": _hops()["default"],
        },
    ),
    Code(
        "unknown-option",
        ERROR,
        "hops have no such option",
        "A specification of hops knows datasets, where, return, recurse, max_depth, exclude_root, "
        "subsets, track-dependencies and trace. Another key is most often a slip, and would be "
        "without any effect.",
        _hops(retrun="o.amount"),
        _hops(**{"return": "o.amount"}),
    ),
    Code(
        "wrong-type",
        ERROR,
        "an option of hops has a value of a wrong type",
        "recurse, exclude_root and track-dependencies are true or false, max_depth is a number of "
        "rounds or null for no limit. They are constants: expressions are not evaluated.",
        _hops(recurse="yes"),
        _hops(recurse=True),
    ),
    Code(
        "wrong-alias",
        ERROR,
        "an alias that cannot be used",
        "Aliases are the variables of a specification, so each may be given once, and none may "
        "begin with an underscore, as the variables of every rule do. To join a dataset with "
        "itself give it twice, with two aliases.",
        _hops(datasets=["orders o", "lines _l"]),
        _hops(
            datasets=["orders o", "lines l"],
            where=[["eq", "_S._id", "o.customer"], ["eq", "o._id", "l.order"]],
        ),
    ),
    Code(
        "unknown-alias",
        ERROR,
        "an alias is named that the specification does not have",
        '"return" gives one alias, several with commas between, or an expression; "subsets" are by '
        "alias. They name the aliases of their own specification, not its datasets.",
        _hops(**{"return": "orders"}),
        _hops(**{"return": "o"}),
    ),
    Code(
        "wrong-return",
        ERROR,
        '"return" where it cannot stand',
        'With several specifications only the last one may have a "return": what the others find '
        'goes on as whole entities. With "recurse" there is none either, as each round starts '
        "from the entities that the one before found.",
        _hops(recurse=True, **{"return": "o"}),
        _hops(**{"return": "o"}),
    ),
    Code(
        "wrong-subset",
        ERROR,
        "a subset that depends on more than its entity",
        "A subset limits a dataset to the entities for which an expression has a given value; it "
        "is an index of the dataset, so the expression sees nothing but the entity, as _S. Test "
        'other things in "where".',
        _hops(subsets={"o": ["eq", ["now"], "_S.date"]}),
        _hops(subsets={"o": ["eq", "_S.paid", True]}),
    ),
    Code(
        "too-many",
        ERROR,
        "too many datasets in one specification",
        "A specification joins at most 12 datasets. Use several specifications, one after the "
        "other: what one finds is the _S of the next.",
        _hops(datasets=["orders o", *(f"d{number} a{number}" for number in range(12))]),
        _hops(),
    ),
    # -- while running -----------------------------------------------------------------------------
    Code(
        "failed",
        ERROR,
        "an entity failed in a rule",
        "Most functions give null for what they cannot use; a few things stop the entity: fail!, "
        "a target without a string _id, create of something that is no entity, a step of zero, "
        "decryption with another key. The message names the entity, the place in the rule and the "
        "reason. Fix the rule, or filter out such entities before.",
        {"default": [["add", "name", "_S.name"]]},
        {"default": [["copy", "_id"], ["add", "name", "_S.name"]]},
        found="run",
        entity={"_id": "1", "name": "Ada"},
    ),
    Code(
        "trip",
        ERROR,
        "the rule tripped the circuit breaker",
        "trip! stops the pump and trips the circuit breaker of the sink dataset: nothing is read "
        "from it until someone has looked and reset it. Look at the message and at the entity, "
        "then reset the breaker.",
        {"default": [["copy", "*"], ["if", ["is-null", "_S.name"], ["trip!", "no names"]]]},
        {"default": [["copy", "*"], ["filter", ["is-not-null", "_S.name"]]]},
        found="run",
        entity={"_id": "1"},
    ),
    # -- texts -------------------------------------------------------------------------------------
    Code(
        "broken-json",
        ERROR,
        "a text that is no JSON",
        "Cells and files are JSON; comments and trailing commas are allowed as well. The message "
        "has line and column of the place where reading stopped; the slip is there or just before "
        "it. Text stands in double quotes, and every bracket needs its counterpart.",
        '[["copy", "*"] ["remove", "a"]]',
        '[["copy", "*"], ["remove", "a"]]',
        found="text",
    ),
    Code(
        "wrong-schema",
        ERROR,
        "a document that is no schema",
        "A schema that has been written as JSON can be read again. This one has been changed or "
        "is something else: a number or an object is missing where the path points. Make the "
        "schema anew from a sample of entities.",
        {"entities": 1, "properties": {"name": {"types": {"string": 1}}}},
        {"entities": 1, "properties": {"name": {"count": 1, "types": {"string": 1}}}},
        found="schema",
    ),
]

CODES: dict[str, Code] = {entry.code: entry for entry in COLLECTED}
"""Every code, in the order of the reference."""
