"""Bytes that are made a column at a time are those of the entities made one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.model import content_hash, decode, encode
from sesam_node.model.values import as_string, plain_text
from sesam_node.pipes.batch import Batch
from sesam_node.pipes.encoded import Assembly, Encoded, text_column, values_column
from sesam_node.pipes.evaluate import Evaluator, as_write, source_ids

TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", "~", "~~", "~rx", "~t2024-01-31", "~:a:b", 'a"b', "a\\", "\n", "%s"]),
    st.sampled_from(["\x00", "\x1f", "\x7f", "\u2028", "å😀", "{}", "%(x)s", "~f1.0", "~~f1.0"]),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=3,
)
NAMES = st.one_of(
    st.sampled_from(["id", "_id", "A", "Å", "a%", '"', "_deleted", "_x", "$ids", "^", "`"]),
    st.text(min_size=1, max_size=3),
)


@st.composite
def tables(draw):
    """Names, and rows of so many cells: text (as from outside) or values, by column."""
    names = draw(st.lists(NAMES, max_size=5))
    kinds = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    cells = [st.one_of(st.none(), TEXTS) if is_text else VALUES for is_text in kinds]
    rows = draw(st.lists(st.tuples(TEXTS.filter(bool), *cells), max_size=5))
    return names, kinds, rows


def one_by_one(names, kinds, row, *, nulls):
    entity = {}
    for name, is_text, value in zip(names, kinds, row[1:], strict=True):
        if value is not None or nulls:
            entity[name] = as_string(value) if is_text and value is not None else value
    return {**entity, "_id": as_string(row[0])}


@settings(deadline=None)
@given(tables(), st.booleans())
def test_the_bytes_are_those_of_each_entity(table, nulls):
    names, kinds, rows = table
    wanted = [one_by_one(names, kinds, row, nulls=nulls) for row in rows]
    columns = [
        (text_column if is_text else values_column)([row[place + 1] for row in rows])
        for place, is_text in enumerate(kinds)
    ]
    made = Assembly(names, nulls=nulls)(columns, [row[0] for row in rows])
    assert list(made.bodies) == list(map(encode, wanted))
    assert list(made) == wanted
    assert list(made.ids) == [entity["_id"] for entity in wanted]
    writes = []
    Evaluator._pass(Batch(made, None, None), writes)
    assert writes == list(map(as_write, wanted))


@given(st.lists(st.one_of(TEXTS, st.integers(), st.booleans(), st.floats(0, 1)), max_size=5))
def test_parts_of_ids_are_values_without_their_tags(values):
    keys = [plain_text(value) if type(value) is str else str(value) for value in values]
    assert values_column(values).keys() == keys
    texts = [value for value in values if type(value) is str]
    assert text_column(texts).keys() == texts


def test_a_part_of_entities_is_entities_with_their_offsets():
    bodies = [encode({"_id": str(number)}) for number in range(4)]
    made = Encoded(list("0123"), bodies, updated=[7, None, 9, 10])
    part = made[1:3]
    assert list(part) == [{"_id": "1"}, {"_id": "2", "_updated": 9}]
    assert (len(made), part[-1]["_id"], source_ids(Batch(part, None, None))) == (4, "2", ["1", "2"])
    writes = []
    Evaluator._pass(Batch(part, None, None), writes)
    assert writes[1] == ("2", bodies[2], content_hash(bodies[2]), False)


@pytest.mark.parametrize("position", [4, -5])
def test_there_is_no_entity_beyond_the_last(position):
    with pytest.raises(IndexError):
        Encoded(list("0123"), [b"{}"] * 4)[position]


def test_an_entity_is_made_anew_each_time():
    made = Encoded(["a"], [encode({"_id": "a", "x": [1]})])
    made[0]["x"].append(2)
    assert made[0] == {"_id": "a", "x": [1]} == decode(made.bodies[0])
