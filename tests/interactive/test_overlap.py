"""What joins would hit, over data as it comes: other types, blanks, case, marks, namespaces."""

import json

import pytest

from sesam_interactive import ClientError

CUSTOMERS = [
    {
        "_id": str(100 + n),
        "number": 100 + n,
        "mail": f"person{n}@example.com",
        "orgno": f"9{n:02d}123456",
        "ref": f"~:crm:c{n}",
        "name": f"Customer {n}",
        "country": ["NO", "SE"][n % 2],
    }
    for n in range(50)
]
ORDERS = [
    {
        "_id": f"o{n}",
        "customer_id": 100 + n % 60,
        "customer_text": str(100 + n % 40),
        "contact": f" Person{n % 50}@Example.com",
        "orgno": f"9{n % 50:02d} 123 456",
        "buyer": f"c{n % 25}",
        "buyers": [f"~:crm:c{n % 50}", f"~:crm:x{n}"],
        "country": ["NO", "SE", "DK"][n % 3],
        "lines": [{"customer": 100 + n % 50}, {"customer": None}],
        **({"rare": 100 + n} if n < 10 else {}),
    }
    for n in range(300)
]


@pytest.fixture
def shop(hub):
    """Customers and orders, loaded."""
    for name, entities in (("customers", CUSTOMERS), ("orders", ORDERS)):
        pipe = {"_id": name, "type": "pipe", "pump": {"mode": "manual"}}
        hub.pipes.make(name).save(pipe | {"source": {"type": "embedded", "entities": entities}})
        hub.pipes[name].run(progress=False)
    return hub


def found_by_the_node(hub, join, source="orders", other="customers c"):
    """For how many entities of the source a hop with this join finds something, on the node."""
    equality = json.loads(join.replace('"o.', '"_S.'))
    rules = [
        ["copy", "_id"],
        ["add", "n", ["count", ["hops", {"datasets": [other], "where": equality}]]],
    ]
    pipe = {
        "_id": "probe",
        "type": "pipe",
        "pump": {"mode": "manual"},
        "source": {"type": "dataset", "dataset": source},
        "transform": {"type": "dtl", "rules": {"default": rules}},
    }
    hub.pipes.make("probe").save(pipe)
    hub.pipes["probe"].run(progress=False)
    counts = [entity["n"] for entity in hub.datasets["probe"]]
    hits = [count for count in counts if count]
    return len(hits), sum(hits) / len(hits) if hits else 0, max(counts, default=0)


CASES = [
    ("orders.customer_id", "customers.number"),
    ("orders.customer_id", "customers._id"),
    ("orders.customer_text", "customers._id"),
    ("orders.rare", "customers.number"),
    ("orders.country", "customers.country"),
    ("orders.buyers", "customers.ref"),
    ("orders.buyer", "customers.ref"),
    ("orders.contact", "customers.mail"),
    ("orders.lines.customer", "customers.number"),
]


@pytest.mark.parametrize(("left", "right"), CASES)
def test_a_join_hits_what_the_node_finds(shop, left, right):
    found = shop.overlap(left, right)
    hit, mean, most = found_by_the_node(shop, found.join)
    assert (found.left.hit, found.left.most) == (hit, most)
    assert found.left.matches == pytest.approx(mean)


SUGGESTED = [
    (
        "orders.customer_id",
        "customers._id",
        '["eq", ["string", "o.customer_id"], "c._id"]',
        250,
    ),
    (
        "orders.contact",
        "customers.mail",
        '["eq", ["lower", ["strip", "o.contact"]], ["lower", ["strip", "c.mail"]]]',
        300,
    ),
    (
        "orders.orgno",
        "customers.orgno",
        '["eq", ["replace", {" ": ""}, "o.orgno"], ["replace", {" ": ""}, "c.orgno"]]',
        300,
    ),
    ("orders.buyer", "customers.ref", '["eq", "o.buyer", ["ni-id", "c.ref"]]', 300),
]


@pytest.mark.parametrize(("left", "right", "join", "hit"), SUGGESTED)
def test_changes_of_the_keys_that_hit_more_are_suggested(shop, left, right, join, hit):
    found = shop.overlap(left, right)
    assert found.left.hit == 0
    best = found.suggestions[0]
    assert found.join_for(best) == join
    assert round(best.hit_share * 300) == hit
    assert found_by_the_node(shop, join)[0] == hit


def test_types_that_never_meet_are_told(shop):
    text = repr(shop.overlap("orders.customer_id", "customers._id"))
    assert "number here, string there: no value is equal" in text
    assert "83 % by" in text
    assert '["eq", ["string", "o.customer_id"], "c._id"]   (as text)' in text


def test_counts_of_both_sides_and_what_is_left_over(shop):
    found = shop.overlap("orders.customer_id", "customers.number")
    assert (found.left.entities, found.left.keys, found.left.hit, found.left.matched) == (
        300,
        60,
        250,
        50,
    )
    assert (found.right.entities, found.right.hit, found.right.matches) == (50, 50, 5.0)
    assert found.right.is_unique
    assert found.left.missing == [("150", 5), ("151", 5), ("152", 5)]
    assert found.hops == (
        '["hops", {"datasets": ["customers c"], "where": ["eq", "_S.customer_id", "c.number"]}]'
    )
    assert found.suggestions == []


def test_a_change_that_makes_different_keys_the_same_is_not_suggested(shop):
    found = shop.overlap("customers.name", "orders._id")
    assert [s for s in found.suggestions if "digits" in s.change.left] == []


def test_several_properties_are_joined_together(shop):
    found = shop.overlap(
        ["orders.customer_id", "orders.country"], ["customers.number", "customers.country"]
    )
    assert found.join == '["eq", "o.customer_id", "c.number"], ["eq", "o.country", "c.country"]'
    pairs = {(c["number"], c["country"]) for c in CUSTOMERS}
    assert found.left.hit == sum((o["customer_id"], o["country"]) in pairs for o in ORDERS)


def test_the_likeliest_joins_of_two_datasets_come_first(shop):
    found = shop.overlaps("orders", "customers")
    rows = found.to_polars().rows(named=True)
    assert rows[0]["left"] in ("orders.customer_id", "orders.customer_text")
    assert rows[0]["right"] in ("customers._id", "customers.number")
    met = {(row["left"], row["right"]) for row in rows}
    assert ("orders.contact", "customers.mail") in met
    assert ("orders.buyers", "customers.ref") in met
    assert ("orders.lines.customer", "customers.number") in met
    assert ("orders.country", "customers.country") not in {
        (r["left"], r["right"]) for r in rows[:4]
    }
    contact = next(row for row in rows if row["left"] == "orders.contact")
    assert (contact["hit_share"], contact["better_hit_share"]) == (0, 1)


def test_properties_that_hardly_anybody_has_and_mixed_ones_do_not_disturb(shop):
    odd = [{"_id": str(n), f"p{n}": 100 + n, "mix": [n, {"k": n}][n % 2]} for n in range(100, 150)]
    pipe = {"_id": "odd", "type": "pipe", "pump": {"mode": "manual"}}
    shop.pipes.make("odd").save(pipe | {"source": {"type": "embedded", "entities": odd}})
    shop.pipes["odd"].run(progress=False)
    found = shop.overlaps("odd", "customers")
    assert [(pair.names[0][1], pair.names[1][1]) for pair in found[:2]] == [
        (("_id",), ("_id",)),
        (("_id",), ("number",)),
    ]
    assert {pair.names[0][1][0] for pair in found} <= {"_id", "mix"}


def test_a_side_is_narrowed_to_one_property(shop):
    found = shop.overlaps("orders.buyer", "customers")
    assert [pair.names[0][1] for pair in found] == [("buyer",)]
    assert found[0].names[1] == ("customers", ("ref",))


def test_datasets_that_have_nothing_in_common_say_so(shop):
    shop.pipes["person"].run(progress=False)
    found = shop.overlaps("person.name", "customers")
    assert not found
    assert repr(found) == "no property of person has keys of customers worth a join"
    assert "worth a join" in found.plot()._repr_html_()


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("order.x", "customers._id", 'there is no dataset "order"; did you mean "orders"?'),
        ("orders.custmer_id", "customers._id", 'did you mean "customer_id"?'),
        ("orders", "customers._id", 'expected a property, such as "orders._id", got a dataset'),
        (["orders._id", "orders.buyer"], "customers._id", "on both sides, got 2 and 1"),
        (["orders._id", "customers._id"], "customers._id", "got those of customers, orders"),
        ([], "customers._id", "got none"),
        ("orders.", "customers._id", 'has a property ""'),
    ],
)
def test_names_that_are_nowhere_are_told_with_a_hint(shop, left, right, told):
    with pytest.raises(ClientError) as error:
        shop.overlap(left, right)
    assert told in str(error.value)


def test_an_overlap_is_text_table_html_and_picture(shop):
    found = shop.overlap("orders.customer_id", "customers.number")
    assert found.to_polars()["hit"].to_list() == [250, 50]
    html = found._repr_html_()
    assert "<script" not in html
    assert "<code>[&quot;eq&quot;, &quot;o.customer_id&quot;, &quot;c.number&quot;]</code>" in html
    figure = found.plot()
    assert [trace.name for trace in figure.data] == ["has a match", "key without a match", "no key"]
    assert figure.data[0].x[1] == 100
    pairs = shop.overlaps("orders", "customers")
    assert len(pairs.plot().data[0].x) == len(pairs)
    assert "<script" not in pairs._repr_html_()


def test_a_limit_takes_at_least_one_entity(shop):
    with pytest.raises(ClientError, match="limit of at least 1, got 0"):
        shop.overlap("orders.buyer", "customers.ref", limit=0)


def test_the_first_entities_stand_for_the_left_side_where_asked(shop):
    found = shop.overlap("orders.customer_id", "customers.number", limit=10)
    assert (found.left.entities, found.right.entities) == (10, 50)


def test_an_empty_dataset_has_no_overlap(shop):
    found = shop.overlap("inbox._id", "customers._id")
    assert (found.left.hit, found.hit_share) == (0, 0.0)
    assert "0" in repr(found)
