"""transform-share-rest: brings a system to the state that the entities describe.

What a share pipe is given and gives is told by the manual (template transform, connector
contract): an entity without its primary key is inserted, one with it updated or deleted, and
nothing is written over what was changed there since it was read (`$based_on`). The steps, and the
names in `$operation` and `$error` that the manual leaves open, are ours.

decide   what is to be done with the entity: `$step`
look up  what is there now
compare  with what the entity is based on; make the payload
call     insert, update or delete
result   what the share dataset keeps: `$origin`, `$generated_id`, the answer, `$error`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option
from sesam_node.pipes.templates.parts import (
    ANY_STATUS,
    GONE,
    OK,
    PRIMARY_KEY,
    REST_SYSTEM,
    SHARE_DATASET,
    STRINGS,
    is_missing,
    key_of,
    rest,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import Path

    Properties = Mapping[str, Any]

NAME = "transform-share-rest"
CALLS = ("insert", "update", "delete")
PROPERTIES = (
    REST_SYSTEM,
    PRIMARY_KEY,
    SHARE_DATASET,
    Option("primary_key_insert", STRINGS, None, "the key in the answer to an insert"),
    Option("is_natural_key", "boolean", default=False, doc="is the key there before the insert?"),
    Option("payload_property", "string", "payload", "the property that takes the payload"),
    Option("original_property", "string", None, "accepted, without effect"),
    *(
        option
        for name in ("lookup", *CALLS)
        for option in (
            Option(f"operation_{name}", "string", name, f"the operation for {name}"),
            Option(f"operation_{name}_properties", "object", None, "its properties"),
            Option(f"{name}_allowed_status_codes", "string", ANY_STATUS, "no failure of the pipe"),
        )
    ),
    Option("rules", "object", None, "rules lookup_rewrite, …_based_on, …_update"),
    Option("rewrite_rules_payload", "object", None, "rules rewrite_insert_payload, …_update_…"),
    Option("rewrite_rules_lookup", "object", None, "rule rewrite_lookup"),
    Option("rewrite_rules_mutation", "object", None, "rules rewrite_insert, …_update, …_delete"),
    Option("client_side_patching", "boolean", default=False, doc="send the whole, patched?"),
)
OURS = {
    "template-payload": [["copy", "*", ["list", "_*", "$*"]]],
    "template-patch": [["merge", "_S.under"], ["merge", "_S.over"]],
}
"""Rules beside those of the user."""
DELETED: list[Any] = ["eq", "_S._deleted", True]
SOURCE = "_S.$source"
BASED_ON = f"{SOURCE}.$based_on"
INSIDE = ["list", "operation", "properties", "payload", "$step"]
"""What the entity may not decide about the calls: it is data."""


def chain(properties: Properties) -> list[tuple[Path, dict[str, Any]]]:
    """The transforms, with the place of the user's rules in each."""
    given = {option.name: option.default for option in PROPERTIES if not option.required}
    given |= {name: value for name, value in properties.items() if value is not None}
    looking = _call(given, "lookup", "lookup-*", "$lookup")
    calls = [((), _call(given, name, name, "$response")) for name in CALLS]
    made: list[tuple[Path, dict[str, Any]]] = [
        ((), _decide(given)),
        ((), looking),
        (("properties", "rewrite_rules_lookup"), _looked_up(given)),
        (("properties", "rules"), _compare(given)),
        (("properties", "rewrite_rules_payload"), _payload(given)),
        *calls,
        (("properties", "rewrite_rules_mutation"), _answer(given)),
        ((), _result(given)),
    ]
    return made


def _call(given: Properties, name: str, step: str, answer: str) -> dict[str, Any]:
    return rest(
        given,
        given[f"operation_{name}"],
        ("$step", step),
        given=given[f"operation_{name}_properties"],
        statuses=given[f"{name}_allowed_status_codes"],
        answer=answer,
    )


def _decide(given: Properties) -> dict[str, Any]:
    key = given["primary_key"]
    before = {
        "datasets": [f"{given['share_dataset']} s"],
        "where": [["eq", "_S._id", "s._id"]],
        "track-dependencies": False,
    }
    fresh = ["if", ["is-not-null", "_T.$previous.$generated_id"], "keep", "insert"]
    live: Any = ["if", is_missing(key, "_S."), fresh, "lookup-update"]
    if given["is_natural_key"]:
        live = "lookup-natural"
    gone = ["or", ["eq", "_S.$replaced", True], is_missing(key, "_S.")]
    step = ["if", DELETED, ["if", gone, "skip", "lookup-delete"], live]
    return rules(
        ["copy", "*", INSIDE],
        ["add", "$source", "_S."],
        # What has been inserted and is not collected yet is not inserted once more.
        ["add", "$previous", ["first", ["hops", before]]],
        ["add", "$step", step],
    )


def _looked_up(given: Properties) -> dict[str, Any]:
    named = given.get("rewrite_rules_lookup") or {}
    body: Any = ["first", "_S.$lookup"]
    if "rewrite_lookup" in named:
        body = ["apply", "rewrite_lookup", body]
    there = ["and", ["in", "_S.$lookup_status", OK], ["is-dict", ["first", "_S.$lookup"]]]
    return rules(
        ["copy", "*", "$lookup"],
        ["if", there, [["add", "$there", body]]],
        **named,
    )


def _compare(given: Properties) -> dict[str, Any]:
    """What becomes of the entity, given what is there."""
    named = given.get("rules") or {}
    based_on = _rewritten("_S.$there", named, "lookup_rewrite_based_on")
    names = ["if-null", f"{SOURCE}.$based_on_properties", ["keys", BASED_ON]]
    along = ["split", ".", "_."]
    differs = ["neq", ["path", along, BASED_ON], ["path", along, "_T.$based_on_lookup"]]
    modified = [
        "and",
        ["is-dict", BASED_ON],
        ["neq", f"{SOURCE}.$unsafe_skip_optimistic_locking", True],
        ["any", differs, names],
    ]
    gone = ["in", "_S.$lookup_status", GONE]

    def found(step: str, absent: str) -> Any:
        there = ["if", modified, "modified-in-system", step]
        return ["if", ["is-not-null", "_S.$there"], there, ["if", gone, absent, "error-lookup"]]

    steps = {
        "lookup-update": found("update", "not-found"),
        "lookup-natural": found("update", "insert"),
        "lookup-delete": found("delete", "deleted"),
    }
    step: Any = "_S.$step"
    for name, outcome in steps.items():
        step = ["if", ["eq", "_S.$step", name], outcome, step]
    return rules(
        ["copy", "*", ["list", "$step", "$lookup_status"]],
        ["if", ["is-not-null", "_S.$there"], [["add", "$based_on_lookup", based_on]]],
        ["add", "$step", step],
        ["add", "$patched", _rewritten("_S.$there", named, "lookup_rewrite_update")],
        **named,
    )


def _rewritten(value: Any, named: Mapping[str, Any], rule: str) -> Any:
    for name in (rule, "lookup_rewrite"):
        if name in named:
            return ["apply", name, value]
    return value


def _payload(given: Properties) -> dict[str, Any]:
    """The payload of an insert or update; an update that would change nothing is none."""
    named = given.get("rewrite_rules_payload") or {}
    whole = ["apply", "template-payload", SOURCE]
    written = ["map", ["list", "_.", ["path", "_.", SOURCE]], ["keys", BASED_ON]]
    update: Any = ["if", ["is-dict", BASED_ON], ["dict", written], whole]
    insert: Any = whole
    own = f"{SOURCE}.$payload"
    insert, update = (["if-null", own, made] for made in (insert, update))
    if "rewrite_insert_payload" in named:
        insert = ["path", "$payload", ["apply", "rewrite_insert_payload", "_S."]]
    if "rewrite_update_payload" in named:
        update = ["path", "$payload", ["apply", "rewrite_update_payload", "_S."]]
    if given["client_side_patching"]:
        update = ["apply", "template-patch", ["dict", "under", "_S.$patched", "over", update]]
    patched: list[Any] = []
    if "rewrite_update_payload_after_patch" in named:
        rule = ["apply", "rewrite_update_payload_after_patch", "_T."]
        patched = [["add", "_payload", ["path", "$payload", rule]]]
    same = [
        "all",
        ["eq", ["path", "_.", "_T._payload"], ["path", "_.", "_S.$there"]],
        ["keys", "_T._payload"],
    ]
    return rules(
        ["copy", "*", ["list", "$patched", "$there"]],
        ["if", ["eq", "_S.$step", "insert"], [["add", "_payload", insert]]],
        ["if", ["eq", "_S.$step", "update"], [["add", "_payload", update], *patched]],
        ["if", ["and", ["eq", "_S.$step", "update"], same], [["add", "$step", "unchanged"]]],
        ["if", ["is-not-null", "_T._payload"], [["add", given["payload_property"], "_T._payload"]]],
        **named,
        **{name: rule for name, rule in OURS.items() if _applies([insert, update], name)},
    )


def _applies(expression: Any, rule: str) -> bool:
    if type(expression) is dict:
        return any(_applies(item, rule) for item in expression.values())
    if type(expression) is list:
        return expression[:2] == ["apply", rule] or any(_applies(e, rule) for e in expression)
    return False


def _answer(given: Properties) -> dict[str, Any]:
    named = given.get("rewrite_rules_mutation") or {}
    answer: Any = "_S.$response"
    for name in CALLS:
        if f"rewrite_{name}" in named:
            made = ["apply", f"rewrite_{name}", "_S.$response"]
            answer = ["if", ["eq", "_S.$step", name], made, answer]
    return rules(
        ["copy", "*", ["list", "$response", given["payload_property"]]],
        ["if", ["is-not-null", "_S.$response"], [["add", "$response", answer]]],
        **named,
    )


def _result(given: Properties) -> dict[str, Any]:
    """What the share dataset keeps."""
    key = given["primary_key"]
    status = "_S.$response_status"
    refused = ["and", ["is-not-null", status], ["not", ["in", status, OK]]]
    failed = ["list", "modified-in-system", "not-found", "error-lookup"]
    inserted = ["and", ["eq", "_S.$step", "insert"], ["in", status, OK]]
    new_key = given["primary_key_insert"] or key
    origin = ["coalesce", ["list", f"{SOURCE}.$origin", f"{SOURCE}.$ids", "_S._id"]]
    here = ["first", "_S.$response"]
    generated = [
        ["add", "$body", here],
        [
            "if",
            is_missing(new_key, "_T.$body."),
            [["add", "$error", "error-generated-id"]],
            [["add", "$generated_id", key_of(new_key, "_T.$body.")]],
        ],
        ["remove", "$body"],
    ]
    if given["is_natural_key"]:
        generated = [["add", "$generated_id", key_of(key, f"{SOURCE}.")]]
    done = [
        "and",
        DELETED,
        ["is-null", "_T.$error"],
        ["in", "_S.$step", ["list", "delete", "deleted", "skip"]],
    ]
    result: list[Any] = [
        ["copy", "_id"],
        ["add", "$operation", "_S.$step"],
        ["if", ["is-not-null", f"{SOURCE}.$origin"], [["add", "$origin", f"{SOURCE}.$origin"]]],
        ["if", ["eq", "_S.$step", "insert"], [["add", "$origin", origin]]],
        ["if", ["is-not-null", status], [["add", "$status", status]]],
        ["if", ["is-not-null", "_S.$response"], [["add", "$response", "_S.$response"]]],
        ["if", refused, [["add", "$error", ["concat", "error-", "_S.$step"]]]],
        ["if", ["in", "_S.$step", failed], [["add", "$error", "_S.$step"]]],
        [
            "if",
            inserted,
            generated,
            [
                [
                    "if",
                    ["not", is_missing(key, f"{SOURCE}.")],
                    [["add", "$generated_id", key_of(key, f"{SOURCE}.")]],
                ]
            ],
        ],
        ["add", "_deleted", done],
    ]
    keep = [["copy", "_id"], ["merge", "_S.$previous"]]
    return rules(["if", ["eq", "_S.$step", "keep"], keep, result])
