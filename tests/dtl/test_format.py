"""The layout of rules and configurations: what a reader of a diff sees."""

import json
import random
import re
from pathlib import Path

import pytest

from sesam_node.dtl.format import STYLES, format_text
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.dtl.written_text import written_text
from sesam_node.errors import InputError

ROOT = Path(__file__).parents[2]
PORTAL = sorted(
    path
    for folder in ("pipes", "systems", "testdata")
    for path in ROOT.glob(f"tests/conformance/projects/*/{folder}/*.json")
)
FILES = sorted([*ROOT.glob("tests/conformance/**/*.json"), *ROOT.glob("demo/**/*.json")])

RULES = """// Persons of the CRM
{"default": [ // what comes in
["filter",["and",["not",["in","_S.status",["list","deleted","merged","anonymised"]]],
  ["is-not-null","_S.email"]]], # no mail: no person
// names

["add","name",["concat","_S.first", " ", "_S.last"]], /* may be null */
["add", "kind", ["case-eq", "_S.kind", "a", "Alpha", "b", ["concat", "Beta ", ["upper",
  "_S.subkind"], " and more"], "other"]],

["case", ["eq", "_S.kind", "a"], [["add", "x", 1], ["add", "y", 2]],
   ["eq", "_S.kind", "b"], [["add", "x", 3]], [["discard"]]],


["if", ["eq", "_S.a", 1], [["add","b",2]], [["add","c",3],["remove","d"]]],
["if", ["eq", "_S.a", 1], ["add","b",2]],
["copy", ["list", "aaaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbb",
   "ccccccccccccccccccccccccccccccc"], "_x*"],
["add", "orders", ["sorted", "_.date", ["hops", {"datasets":["orders o", "order-line l"],
"where":[["eq","_S._id","o.customer_id"], // join
["eq","o._id","l.order_id"]],"return":"l"}, {"datasets":["product p"],
  "where":["eq","_S.product_id","p._id"], "return": ["dict", "a", "p.x"]}]]],
["add", "name_of_the_customer", ["first", ["hops", {"datasets": ["customer c"],
  "where": ["eq", "_S.customer_id", "c._id"], "return": "c.name"}]]],
/* the
 * end */
],
"empty": [ /* nothing yet */ ],}
// that was it"""

LAID_OUT = """// Persons of the CRM
{
  "default": [ // what comes in
    ["filter", ["and",
      ["not", ["in", "_S.status", ["list", "deleted", "merged", "anonymised"]]],
      ["is-not-null", "_S.email"]
    ]], # no mail: no person
    // names

    ["add", "name", ["concat", "_S.first", " ", "_S.last"]], /* may be null */
    ["add", "kind",
      ["case-eq", "_S.kind",
        "a", "Alpha",
        "b", ["concat", "Beta ", ["upper", "_S.subkind"], " and more"],
        "other"
      ]
    ],

    ["case",
      ["eq", "_S.kind", "a"], [
        ["add", "x", 1],
        ["add", "y", 2]
      ],
      ["eq", "_S.kind", "b"], [["add", "x", 3]],
      [["discard"]]
    ],

    ["if", ["eq", "_S.a", 1], [
      ["add", "b", 2]
    ], [
      ["add", "c", 3],
      ["remove", "d"]
    ]],
    ["if", ["eq", "_S.a", 1], ["add", "b", 2]],
    ["copy",
      ["list",
        "aaaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbbb",
        "ccccccccccccccccccccccccccccccc"
      ],
      "_x*"
    ],
    ["add", "orders",
      ["sorted", "_.date",
        ["hops", {
          "datasets": ["orders o", "order-line l"],
          "where": [
            ["eq", "_S._id", "o.customer_id"], // join
            ["eq", "o._id", "l.order_id"]
          ],
          "return": "l"
        }, {
          "datasets": ["product p"],
          "where": ["eq", "_S.product_id", "p._id"],
          "return": ["dict", "a", "p.x"]
        }]
      ]
    ],
    ["add", "name_of_the_customer",
      ["first", ["hops", {
        "datasets": ["customer c"],
        "where": ["eq", "_S.customer_id", "c._id"],
        "return": "c.name"
      }]]
    ]
    /* the
     * end */
  ],
  "empty": [/* nothing yet */]
}
// that was it
"""


def test_rules_are_laid_out_for_readers():
    assert format_text(RULES, width=88) == LAID_OUT


def test_a_configuration_has_one_key_per_line():
    text = """{"_id":"p","type":"pipe","source":{"type":"merge","datasets":["a x","b y"],
    "equality_sets":[["x.k","y.k"]]},"pump":{},"more":[{"a":1},{"b":[]}],
    "transform":{"type":"dtl","rules":{"default":[["copy","*"]]}}}"""
    assert (
        format_text(text)
        == """{
  "_id": "p",
  "type": "pipe",
  "source": {
    "type": "merge",
    "datasets": ["a x", "b y"],
    "equality_sets": [
      ["x.k", "y.k"]
    ]
  },
  "pump": {},
  "more": [{
    "a": 1
  }, {
    "b": []
  }],
  "transform": {
    "type": "dtl",
    "rules": {
      "default": [
        ["copy", "*"]
      ]
    }
  }
}
"""
    )


def test_the_layout_of_the_portal_has_keys_in_order_and_nested_lists_on_lines():
    text = """{"type":"pipe", // kind
    "zeta":1,"_x":2,"sink":{},"alpha":[],"_id":"p", /* last */
    "transform":{"rules":{"default":[["add","x",["concat","a",["upper","_S.b"],"c"]], // why
    ["merge",["hops",{"where":[["eq","_S.a","b.c"]],"datasets":["b b"]}]]]}}}"""
    assert (
        format_text(text, style="portal")
        == """{
  "_id": "p", /* last */
  "type": "pipe", // kind
  "sink": {},
  "transform": {
    "rules": {
      "default": [
        ["add", "x",
          ["concat", "a",
            ["upper", "_S.b"], "c"]
        ], // why
        ["merge",
          ["hops", {
            "datasets": ["b b"],
            "where": [
              ["eq", "_S.a", "b.c"]
            ]
          }]
        ]
      ]
    }
  },
  "alpha": [],
  "zeta": 1,
  "_x": 2
}
"""
    )


@pytest.mark.parametrize("path", PORTAL, ids=lambda path: path.name)
def test_files_of_the_client_stay_as_they_are_in_the_style_of_the_portal(path):
    text = path.read_text()
    assert format_text(text, style="portal") == text


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_keep_their_value_and_are_formatted_once(path, style):
    text = path.read_text()
    done = format_text(text, style=style)
    assert json.loads(done) == json.loads(text)
    assert format_text(done, style=style) == done
    if style == "compact":
        assert json.dumps(json.loads(done)) == json.dumps(json.loads(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1.0, 1e5, -0, 1.50, 12345678901234567890123]", None),
        (r'["\u00e9\u0041\/\u000a\u0022\u005c\ud83d\ude00"]', r'["éA/\n\"\\😀"]'),
        (r'["\u00a0\u200B\ud800\u007f\\u0041"]', r'["\u00a0\u200b\ud800\u007f\\u0041"]'),
        ('["\u00a0"]', None),
        ("[]", None),
        ("{ }", "{}"),
        ("[/* a */ 1 /* b */, /* c */ 2]", None),
        ("[// a\n]", "[\n  // a\n]"),
        ("{ // a\n}", "{\n  // a\n}"),
        ("1// a", "1 // a"),
        ("/* a */ 1", "/* a */ 1"),
        ("// a\n\n\n\n# b\n\n1\n\n// c", "// a\n\n# b\n\n1\n\n// c"),
        ('{"a" /* x */: // y\n 1}', '{\n  /* x */\n  // y\n  "a": 1\n}'),
        ("\ufeff[1]", "[1]"),
        ("[1,\r\n// a\r\n2]", "[\n  1,\n  // a\n  2\n]"),
        ("[1, /* a\n b */ 2]", "[\n  1,\n  /* a\n b */\n  2\n]"),
    ],
)
def test_details_of_writing(text, expected):
    assert format_text(text) == (text if expected is None else expected) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1 2]", 'line 1, column 4: expected "," or "]", got \'2\''),
        ('{"a": 1,\n "a": 2}', "line 2, column 2: the property 'a' stands here twice"),
        ("[1] /* x", "line 1, column 5: a comment that does not end"),
        ("// only a comment", "line 1, column 18: expected a value, the text ends here"),
        ("[" * 129 + "]" * 129, "line 1, column 129: nested more than 128 levels deep"),
    ],
)
def test_a_broken_text_is_told_with_line_and_column(text, message):
    with pytest.raises(InputError) as caught:
        format_text(text)
    assert caught.value.problems[0].message == message
    line, column = SourceText(text).position(caught.value.offset)
    assert message.startswith(f"line {line}, column {column}: ")


def test_an_unknown_style_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="expected one of"):
        format_text("[]", style="pretty")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [('["add", "x", ', "]", 1), ('["f", [1], [["a", ', "]]]", 3), ('{"a": [1, ', "]}", 2)],
)
def test_the_deepest_texts_are_laid_out(style, opening, closing, levels):
    count = 127 // levels
    text = opening * count + '["end"]' + closing * count
    done = format_text(text, style=style)
    assert json.loads(done) == json.loads(text)
    assert format_text(done, style=style) == done


# -- whatever people write -------------------------------------------------------------------------

SCALARS = ["1", "1.0", "-0", "1e5", "true", "null", '"_S.a"', r'"\u00e9\n\/"', '""', '"\\\\u0041"']
NAMES = ["add", "if", "case", "case-eq", "dict", "hops", "list", "concat", "and"]


class Writer:
    """Writes random JSON with random comments, numbered in their order."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.rate = self.chance.choice([0, 0.05, 0.15, 0.4])
        self.count = 0

    def between(self):
        text = self.chance.choice(["", "", " ", "\n", "\n\n"])
        while self.chance.random() < self.rate:
            self.count += 1
            name = f"c{self.count}"
            text += self.chance.choice(
                [f"// {name}\n", f"# {name}  \r\n", f"/* {name}\n  * y */", f"/* {name}\n zz */"]
                + [f"/* {name} */"] * 4
            )
            text += self.chance.choice(["", " ", "\n", "\n\n", "\n \r\n", "\r", "\t"])
        return text

    def value(self, depth):
        kind = self.chance.random()
        if depth == 0 or kind < 0.35:
            return self.chance.choice([*SCALARS, '"' + "w" * self.chance.randrange(50) + '"'])
        count = self.chance.randrange(5)
        if kind < 0.5:
            return self.container(
                "{}",
                [
                    f'"k{n}"{self.between()}:{self.between()}{self.value(depth - 1)}'
                    for n in range(count)
                ],
            )
        name = [f'"{self.chance.choice(NAMES)}"'] if kind < 0.8 else []
        return self.container("[]", name + [self.value(depth - 1) for _ in range(count)])

    def container(self, brackets, items):
        parts = [self.between() + item + self.between() for item in items]
        end = "," + self.between() if parts and self.chance.random() < 0.2 else ""
        return brackets[0] + (",".join(parts) or self.between()) + end + brackets[1]

    def text(self):
        return self.between() + self.value(self.chance.randrange(6)) + self.between()


def comments_of(text):
    """The comments of a text in order, their white space aside."""
    waiting, found = [written_text(text).document], []
    while waiting:
        node = waiting.pop()
        waiting += node.items
        found += node.comments
    ordered = sorted(found, key=lambda comment: comment.start)
    return [re.sub(r"\s+", " ", comment.text).strip() for comment in ordered]


@pytest.mark.parametrize("seed", range(8))
def test_formatting_keeps_value_and_comments_and_is_done_once(seed):
    for number in range(seed * 100, seed * 100 + 100):
        writer = Writer(number)
        text, width = writer.text(), writer.chance.choice([20, 40, 100])
        value = read_source(text).value
        done = format_text(text, width=width)
        # As text: 1 and 1.0 are different here, and so are other orders of keys.
        assert json.dumps(read_source(done).value) == json.dumps(value)
        assert comments_of(done) == comments_of(text)
        assert format_text(done, width=width) == done
        assert not re.search(r"[ \t]$", done, re.MULTILINE)
        portal = format_text(text, style="portal")
        assert read_source(portal).value == value
        assert sorted(comments_of(portal)) == sorted(comments_of(text))
        assert format_text(portal, style="portal") == portal


@pytest.mark.parametrize("width", [50, 64, 88, 100])
def test_lines_keep_to_the_width(width):
    for line in format_text(RULES, width=width).splitlines():
        assert len(re.sub(r" (//|#|/\*).*", "", line)) <= width
