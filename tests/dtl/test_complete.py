"""Completion as a conversation: `|` is the cursor, the answer is what would be put in."""

import json
import random
from pathlib import Path

import pytest

from sesam_node.dtl.complete import complete, hover
from sesam_node.dtl.complete.candidates import OPTION_DOCS, VARIABLE_DOCS
from sesam_node.dtl.complete.joins import Side, joins_between
from sesam_node.dtl.complete.place import NAME_ROLES
from sesam_node.dtl.complete.ranking import fit
from sesam_node.dtl.complete.shapes import PASSING
from sesam_node.dtl.complete.target import WRITES
from sesam_node.dtl.hop_specs import HOP_OPTIONS
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.schema import schema_of
from sesam_node.dtl.source_text import read_source
from sesam_node.dtl.syntax import VARIABLES

FILES = sorted(Path(__file__).parents[1].glob("conformance/projects/*/pipes/*.json"))
SCHEMA = schema_of(
    [
        {
            "_id": "1",
            "_updated": 1,
            "name": "Ada",
            "addr": {"city": "Oslo", "geo": {"lat": 1.0}},
            "customer_id": "c1",
            "items": [{"sku": "a", "qty": 1}],
            "a.b": 'say "hi"',
        },
        {"_id": "2", "name": None},
    ]
)
DATASETS = {
    "orders": schema_of([{"_id": "o", "customer_id": "c", "lines": [{"part": 1}]}]),
    "customer": schema_of([{"_id": "c", "name": "x", "country_code": "NO"}]),
    "country": schema_of([{"_id": "NO", "label": "Norway"}]),
}
NAMES = ["_id", "a.b", "addr", "customer_id", "items", "name", "_updated"]


def completed(marked, **given):
    offset = marked.index("|")
    text = marked.replace("|", "", 1)
    given = {"schema": SCHEMA, "dataset_schemas": DATASETS, **given}
    found = complete(text, offset, **given)
    assert json.loads(json.dumps(found)) == found
    assert found["from"] <= offset <= found["to"]
    return text, found


def labels(marked, **given):
    return [item["label"] for item in completed(marked, **given)[1]["items"]]


def first(marked):
    """The text after the first suggestion has been taken."""
    text, found = completed(marked)
    return text[: found["from"]] + found["items"][0]["insert"] + text[found["to"] :]


# -- functions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "taken"),
    [
        ('[["ad|"]]', '[["add"]]'),
        ('[["add", "x", ["upp|', '[["add", "x", ["upper'),
        ('[["add", "x", ["uppre|"]]]', '[["add", "x", ["upper"]]]'),
        ('[["add", "x", ["cct|"]]]', '[["add", "x", ["concat"]]]'),
        ('[["add", "x", upp|]]', '[["add", "x", ["upper"]]]'),
        ('[["if", ["eq", 1, 2], [["rem|', '[["if", ["eq", 1, 2], [["remove'),
        ('[["if", ["eq", 1, 2], ["rem|', '[["if", ["eq", 1, 2], ["remove'),
        ('[["case", ["eq", 1, 2], [], ["ne|', '[["case", ["eq", 1, 2], [], ["neq'),
        ('[["case", ["eq", 1, 2], [], [["cop|', '[["case", ["eq", 1, 2], [], [["copy'),
        ('{"r": [["merge", ["appl|"]]]}', '{"r": [["merge", ["apply"]]]}'),
        ('[["add", "x", ["eq", "_S.nam|, "o._id"]]]', '[["add", "x", ["eq", "_S.name, "o._id"]]]'),
        ('[["add", "x", nu|]]', '[["add", "x", null]]'),
        ('[["copy", ["l|"]]]', '[["copy", ["list"]]]'),
    ],
)
def test_a_name_is_completed_where_it_stands(marked, taken):
    assert first(marked) == taken


def test_transforms_stand_in_rules_and_functions_in_expressions():
    assert set(labels('[["|"]]')) == set(TRANSFORMS)
    assert set(labels('[["add", "x", ["|"]]]')) == set(EXPRESSIONS)


def test_a_function_is_shown_with_signature_and_first_line():
    [item] = [i for i in completed('[["add", "x", ["upp|"]]]')[1]["items"] if i["label"] == "upper"]
    entry = EXPRESSIONS["upper"]
    assert item == {
        "label": "upper",
        "kind": "function",
        "insert": "upper",
        "detail": entry.signature.text,
        "doc": entry.doc.splitlines()[0],
    }


def test_outside_of_quotes_a_whole_call_is_put_in():
    assert first('[["copy", "*"], |]') == '[["copy", "*"], ["add"]]'
    assert labels('[["add", "x", |]]')[:4] == ["_S.", "_T.", "_R.", "_B."]
    assert first('[["add", "x", |]]') == '[["add", "x", "_S."]]'


@pytest.mark.parametrize(
    ("query", "best", "worse"),
    [
        ("eq", "eq", "eq-x"),
        ("date", "datetime", "is-datetime"),
        ("time", "is-time", "datetime"),
        ("tetim", "datetime", "the-tight-image"),
    ],
)
def test_a_beginning_is_better_than_a_part_and_a_part_than_single_letters(query, best, worse):
    assert fit(query, best) < fit(query, worse)


def test_what_does_not_fit_is_left_out():
    assert fit("xyz", "upper") is None
    assert labels('[["zzzq|"]]') == []


@pytest.mark.parametrize(
    "marked",
    [
        '[["add" |, "x"]]',
        '[["add", "x" |]]',
        '[["add", "x"]] |',
        "|[]",
        '[["copy", "*"], // ad|\n]',
        '[["copy", "*"], /* | */]',
        '{"a" | : []}',
        '[["comment", "_S.|"]]',
        '[["add", "x", "_X.|"]]',
        '[["add", "x", {"_S|": 1}]]',
        '{"_id": "p", "pump": {"mode": "|"}}',
        "|",
    ],
)
def test_nothing_is_suggested_where_nothing_can_be_known(marked):
    assert labels(marked) == []


# -- properties ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ('[["add", "x", "_S.|"]]', NAMES),
        ('[["add", "x", "_S.addr.|"]]', ["city", "geo"]),
        ('[["add", "x", "_S.addr.geo.|"]]', ["lat"]),
        ('[["add", "x", "_S.items.|"]]', ["qty", "sku"]),
        ('[["add", "x", "_S.name.|"]]', []),
        ('[["add", "x", ["upper", "_S.na|"]]]', ["name"]),
        ('[["add", "x", ["map", "_.|", "_S.items"]]]', ["qty", "sku"]),
        ('[["add", "x", ["map", ["upper", "_.|"], ["filter", true, "_S.items"]]]]', ["qty", "sku"]),
        ('[["add", "x", ["map", "_.|", ["map", "_.geo", "_S.addr"]]]]', ["lat"]),
        ('[["add", "x", "_.|"]]', []),
        ('[["add", "x", "_R._S.addr.|"]]', ["city", "geo"]),
        ('[["add", "x", "_R.|"]]', ["_S", "_T"]),
        ('[["copy", "na|"]]', ["name"]),
        ('[["copy", ["list", "na|"]]]', ["name"]),
        ('[["rename", "|"]]', NAMES),
        ('[["copy", "name"], ["add", "na|"]]', ["name"]),
        ('{"_id": "p", "transform": {"rules": {"default": [["copy", "na|"]]}}}', ["name"]),
        ('{"_id": "p", "transform": [{"rules": {"default": [["copy", "na|"]]}}]}', ["name"]),
        ('[{"_id": "p", "transform": {"rules": {"default": [["copy", "na|"]]}}}]', ["name"]),
        ('{"other": [["add", "x", "_S.|"]]}', []),
    ],
)
def test_properties_come_from_the_schema(marked, expected):
    assert labels(marked) == expected


def test_a_property_is_shown_with_its_types():
    items = {i["label"]: i for i in completed('[["add", "x", "_S.|"]]')[1]["items"]}
    assert items["name"]["detail"] == "string | null"
    assert items["items"]["detail"] == "list of dict, in 50%"
    assert items["name"]["doc"] == 'such as "Ada"'
    assert items["name"]["kind"] == "property"


def test_odd_names_are_quoted_and_escaped():
    assert first('[["add", "x", "_S.a|"]]') == '[["add", "x", "_S.\'a.b\'"]]'
    assert first('[["add", "x", "_S.\'a.|"]]') == '[["add", "x", "_S.\'a.b\'"]]'
    schema = schema_of([{'q"': 1, "it's": 2}])
    _, found = completed('[["add", "x", "_S.|"]]', schema=schema)
    assert [item["insert"] for item in found["items"]] == ["'it''s'", 'q\\"']


def test_only_the_name_at_the_cursor_is_replaced():
    assert first('[["add", "x", "_S.ad|dress.city"]]') == '[["add", "x", "_S.addr.city"]]'
    assert first('[["add", "é😀", "_S.na|m"]]') == '[["add", "é😀", "_S.name"]]'


@pytest.mark.parametrize(
    ("transforms", "expected"),
    [
        ('["add", "a", 1], ["add-if", "b", 1], ["default", "c", 1]', ["a", "b", "c"]),
        ('["add", ["list", "a", "b"], 1]', ["a", "b"]),
        (
            '["add", "b_c", 1], ["copy", "*", "?*_*"]',
            ["b_c", "_id", "a.b", "addr", "items", "name", "_updated"],
        ),
        ('["copy", ["list", "name", "unseen"]]', ["name", "unseen"]),
        ('["copy", "*"], ["remove", ["list", "_*", "a*", "customer*"]]', ["items", "name"]),
        ('["rename", "name", "title"], ["make-ni", "x", "ref"]', ["title", "ref-ni"]),
        ('["merge", ["dict", "k", 1, "l", 2]], ["merge", "_S.addr"]', ["k", "l", "city", "geo"]),
        ('["if", ["eq", 1, 2], [["add", "a", 1]], [["add", "b", 1]]]', ["a", "b"]),
        ('["case", true, [["add", "a", 1]], true, ["add", "b", 1]]', ["a"]),
    ],
)
def test_the_target_has_what_the_transforms_before_write(transforms, expected):
    assert labels(f'[{transforms}, ["add", "x", "_T.|"], ["add", "later", 1]]') == expected


def test_the_target_knows_what_is_in_its_properties():
    rules = '[["add", "where", "_S.addr"], ["rename", "items", "i"], ["add", "x", "_T.{}|"]]'
    assert labels(rules.replace("{}", "where.")) == ["city", "geo"]
    assert labels(rules.replace("{}", "i.")) == ["qty", "sku"]


def test_names_of_the_target_come_first_where_they_are_meant():
    assert labels('[["add", "new", 1], ["remove", "|"]]')[:3] == ["*", "new", "_id"]
    assert labels('[["copy", "name"], ["add", "|"]]')[-2:] == ["name", "_updated"]


# -- rules and hops --------------------------------------------------------------------------------

APPLIED = '{"default": [["add", "x", ["apply", "sub", "_S.items"]]], "sub": [["add", "y", "%s"]]}'
HOPS = '[["add", "x", ["hops", {"datasets": ["orders o", "customer c"], %s}]]]'
APPLY_HOPS = (
    '{"default": [["add", "a", 1], ["merge", ["apply-hops", "sub", {"datasets": ["orders o"],'
    ' "where": ["eq", "_S._id", "o.customer_id"]}]]], "sub": [["add", "y", "%s"]]}'
)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (APPLIED % "_S.|", ["qty", "sku"]),
        (APPLIED % "_P._S.addr.|", ["city", "geo"]),
        (APPLIED % "_P.|", ["_S", "_T", "_P"]),
        (APPLIED % "|", ["_S.", "_T.", "_P.", "_R.", "_B."]),
        (APPLY_HOPS % "_S.|", ["_id", "customer_id", "lines"]),
        (APPLY_HOPS % "_P._T.|", ["a"]),
        ('{"default": [["add", "x", ["apply", "|"]]], "sub": []}', ["sub", "shared"]),
        ('{"default": [["add", "x", ["apply", "none"]]], "|"}', ["none"]),
        ('{"|"}', ["default"]),
        ('{"default": [["add", "x", ["apply", "default", "_S.|"]]]}', NAMES),
        ('{"a": [["add", "x", ["apply", "a", "_S.x"]], ["add", "y", "_S.|"]]}', []),
    ],
)
def test_applied_rules_see_what_they_are_applied_to(marked, expected):
    assert labels(marked, rules=["shared"]) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (HOPS % '"where": [["eq", "o.|"]]', ["_id", "customer_id", "lines"]),
        (HOPS % '"where": [["eq", "o.lines.|"]]', ["part"]),
        (HOPS % '"where": [], "return": "c.|"', ["_id", "country_code", "name"]),
        (HOPS % '"return": "|"', ["o", "c", "o.", "c.", "_S.", "_T.", "_R.", "_B."]),
        (HOPS % '"where": ["eq", "_S.customer_id", "c|"]', ["c._id", "c.", "o.customer_id"]),
        (HOPS % '"recurse": |', ["true", "false"]),
        (HOPS % '"subsets": {"|"}', ["o", "c"]),
        (HOPS % '"|"', [name for name in HOP_OPTIONS if name != "datasets"]),
        ('[["add", "x", ["hops", {"datasets": ["orders o"]}, {"where": "_S.|"}]]]', None),
        ('[["add", "x", ["map", "_.|", ["hops", {"datasets": ["customer c"]}]]]]', None),
        ('[["add", "x", ["lookup-entity", "|"]]]', ["orders", "customer", "country"]),
        ('{"_id": "p", "source": {"type": "dataset", "dataset": "cou|"}}', ["country"]),
        ('{"_id": "p", "source": {"type": "union_datasets", "datasets": ["ord|"]}}', ["orders"]),
    ],
)
def test_hops_know_their_datasets(marked, expected):
    found = labels(marked)
    if expected is None:
        dataset = "orders" if "orders" in marked else "customer"
        assert found == list(DATASETS[dataset].root.by_name)
    else:
        assert found == expected


def test_a_dataset_comes_with_an_alias_that_is_free():
    def inserted(marked):
        return [item["insert"] for item in completed(marked)[1]["items"]]

    spec = '[["add", "x", ["hops", {"datasets": [%s]}]]]'
    assert inserted(spec % '"|"') == ["orders o", "customer c", "country c"]
    assert inserted(spec % '"country c", "cus|"') == ["customer c2"]
    assert inserted(spec % '"cus| x"') == ["customer"]
    assert inserted(spec % '"customer |"') == []
    assert inserted('{"source": {"type": "merge", "datasets": ["ord|"]}}') == ["orders o"]


def test_a_join_is_suggested_as_a_whole():
    where = '[["add", "x", ["hops", {"datasets": ["customer c"], "where": %s}]]]'
    join = '["eq", "_S.customer_id", "c._id"]'
    for typed in ("|", '["|"]'):
        assert first(where % typed) == where % join
    assert first(where % "[|]") == where % f"[{join}]"
    assert first(where % '["and", |]') == where % f'["and", {join}]'
    assert first(where % '["eq", "_S.customer_id", "|"]') == where % join
    assert first(where % '["eq", "c._id", "|"]') == where % '["eq", "c._id", "_S.customer_id"]'


@pytest.mark.parametrize(
    ("known", "joined", "pairs"),
    [
        (("", ["name", "orderId"]), ("crm-orders", ["_id"]), [("_S.orderId", "o._id")]),
        (("", ["x:order-ref"]), ("order", ["_id"]), [("_S.x:order-ref", "o._id")]),
        (("customers", ["_id"]), ("y", ["customer"]), [("_S._id", "o.customer")]),
        (("a", ["org_no", "n"]), ("b", ["org_no", "n"]), [("_S.org_no", "o.org_no")]),
        (("a", ["some_id"]), ("b", ["_id"]), [("_S.some_id", "o._id")]),
        (("a", ["name"]), ("b", ["title"]), []),
    ],
)
def test_joins_are_guessed_from_names(known, joined, pairs):
    left, right = Side("_S", known[0], tuple(known[1])), Side("o", joined[0], tuple(joined[1]))
    assert joins_between(left, right) == pairs


# -- what stands there -----------------------------------------------------------------------------


def hovered(marked):
    offset = marked.index("|")
    text = marked.replace("|", "", 1)
    found = hover(text, offset, schema=SCHEMA, dataset_schemas=DATASETS)
    if found is None:
        return None
    assert json.loads(json.dumps(found)) == found
    return text[found["from"] : found["to"]], found["kind"], found["detail"], found["doc"]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ('[["add", "x", "_S.na|me"]]', ('"_S.name"', "property", "string | null")),
        ('[["add", "x", |"_S.addr.geo.lat"]]', ('"_S.addr.geo.lat"', "property", "float")),
        ('[["rename", "name"|, "x"]]', ('"name"', "property", "string | null")),
        ('[["add", "x", "_|S."]]', ('"_S."', "variable", "variable")),
        (HOPS % '"where": ["eq", "o.|", 1]', ('"o."', "alias", "orders")),
        (HOPS % '"whe|re": []', ('"where"', "option", "conditions")),
        (APPLIED.replace('"sub",', '"su|b",') % "", ('"sub"', "rule", "1 transform")),
        ('[["add", "x", "te|xt"]]', None),
        ('[["add", "x", 1|2]]', None),
        ('[["nope|"]]', None),
        ("|", None),
    ],
)
def test_hovering_tells_what_stands_there(marked, expected):
    found = hovered(marked)
    assert (found and found[:3]) == expected


def test_hovering_over_a_function_shows_its_page():
    found = hover('[["add", "x", ["upper", "_S.name"]]]', 17)
    entry = EXPRESSIONS["upper"]
    assert (found["label"], found["kind"]) == ("upper", "function")
    assert (found["detail"], found["doc"]) == (entry.signature.text, entry.doc)
    assert found["examples"][0]["expression"] == entry.examples[0].expression
    assert hover('[["add", "x", 1]]', 4)["kind"] == "transform"


# -- every place -----------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_written_would_have_been_suggested(file):
    """Every function name of real rules is among the suggestions for its first letters."""
    text = file.read_text()
    source = read_source(text)
    for path, (start, end) in source.spans.items():
        name = text[start + 1 : end - 1]
        if not path.endswith("[0]") or ".rules" not in path or name[:1] in '"_[' or " " in name:
            continue
        cut = start + 1 + (len(name) + 1) // 2
        found = complete(text[:cut] + text[end - 1 :], cut)
        if name not in [item["label"] for item in found["items"]]:
            assert name not in EXPRESSIONS or name not in TRANSFORMS
            assert ".datasets" in path


def test_no_text_is_too_broken():
    chance = random.Random(11)
    texts = [file.read_text() for file in FILES]
    texts.append(APPLIED % "_P._P._S.x" + HOPS)
    texts.append('{"default": [["add", "x", ["apply", "default", ["map", "_P._T.x", "_T.x"]]]]}')
    pieces = ["", '"', "[", "]", "{", "}", ",", ":", "\n", "/*", "//", '"_S.', '"_P._S.', "\\", "'"]
    for _ in range(600):
        text = chance.choice(texts)
        for _ in range(chance.randrange(5)):
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(pieces) + text[at + chance.choice([0, 1, 3, 20]) :]
            text = text or "["
        offset = chance.randrange(len(text) + 1)
        marked = text[:offset].replace("|", "") + "|" + text[offset:]
        completed(marked)
        hovered(marked)


def test_offsets_outside_of_the_text_are_its_ends():
    assert complete("[]", -5)["from"] == 0
    assert complete('[["cop', 99) == complete('[["cop', 6)
    assert complete('[["cop', 6)["items"][0]["label"] == "copy"


def test_properties_that_come_from_each_other_are_followed_once():
    """Each `_T.x` is what has been written before it, not the whole rule again."""
    adds = ", ".join(f'["add", "p{n + 1}", ["first", "_T.p{n}", "_T.p{n}"]]' for n in range(300))
    rules = f'[["add", "p0", "_S.addr"], {adds}, ["add", "x", "_T.p300.|"]]'
    assert labels(rules) == ["city", "geo"]


def test_at_most_200_items():
    schema = schema_of([{f"p{n}": 1 for n in range(500)}])
    assert len(complete('[["copy", "p|'.replace("|", ""), 11, schema=schema)["items"]) == 200


def test_a_long_chain_of_rules_ends():
    rules = {f"r{n}": [["add", "x", ["apply", f"r{n + 1}", "_S.items"]]] for n in range(300)}
    rules["default"] = [["add", "x", ["apply", "r0", "_S.addr"]]]
    text = json.dumps(rules)
    assert complete(text, text.rindex("_S.addr") + 3, schema=SCHEMA)["items"]
    assert complete(text, text.index('_S.items"]]], "r1') + 3, schema=SCHEMA)["items"]
    assert complete(text, text.index('_S.items"]]], "r299') + 3, schema=SCHEMA)["items"] == []


def test_the_tables_name_what_there_is():
    """Functions, options and variables are named by the registry and the syntax, not here."""
    assert set(OPTION_DOCS) == set(HOP_OPTIONS)
    assert set(VARIABLE_DOCS) == set(VARIABLES)
    assert set(WRITES) <= set(TRANSFORMS)
    assert set(PASSING) <= set(EXPRESSIONS)
    for name, parameter in NAME_ROLES:
        entry = TRANSFORMS.get(name) or EXPRESSIONS[name]
        assert parameter in entry.signature.text


@pytest.mark.parametrize(
    ("marked", "close"),
    [
        ('[["add", "x", ["upp|', '"'),
        ('[["add", "x", ["eq", "_S.nam|, "o._id"]]]', '"'),
        ('[["add", "x", "_S.na|\n]]', '"'),
        ('[["add", "x", ["upp|"', ""),
        ('[["add", "x", ["upp|er"]]]', ""),
        ('[["add", "x", [|', ""),
    ],
)
def test_the_quote_that_is_missing_behind_a_choice_is_told(marked, close):
    assert completed(marked)[1]["close"] == close
