"""Tables that are made without a definition, of what the pipe makes."""

import pytest

ORDERS = [
    {
        "_id": "crm-order:1",
        "no": 1,
        "total": "~f12.5",
        "share": 0.5,
        "made": "~t2024-01-31T12:00:00Z",
        "open": True,
        "note": "short",
        "file": "~bAP8=",
        "$ids": ["~:crm-order:1"],
    },
    {"_id": "crm-order:2", "no": 2**40, "total": "~f1.12345678", "note": "x" * 300, "lines": [1]},
]


@pytest.mark.parametrize("option", ["create_table_if_missing", "recreate_table_on_first_run"])
@pytest.mark.parametrize("bulk", [False, True])
def test_a_table_takes_what_the_pipe_makes(database, option, bulk):
    database.node.put("in", *ORDERS)
    database.share("in", table="orders", use_bulk_operations=bulk, **{option: True})
    database.node.run("out")
    back = database.collect(table="orders")
    first, second = back["crm-order:1"], back["crm-order:2"]
    assert (first["no"], first["share"], first["note"]) == (1, 0.5, "short") or (
        database.kind == "mysql" and first["share"] == "~f0.5"
    )
    assert first["total"].rstrip("0") == "~f12.5"
    assert first["open"] in (True, 1)
    assert first["made"] == "~t2024-01-31T12:00:00Z"
    assert first["file"] == "~bAP8="
    assert (second["no"], second["note"], second["lines"]) == (2**40, "x" * 300, "[1]")
    assert second["total"].rstrip("0") == "~f1.12345678"
    assert "$ids" not in first
    # What comes later and is larger fits.
    database.node.put("in", {"_id": "crm-order:3", "no": -(2**60), "note": "y" * 3_000})
    database.node.run("out")
    assert database.collect(table="orders")["crm-order:3"]["no"] == -(2**60)


def test_the_key_is_the_property_that_is_named(database):
    database.node.put("in", *ORDERS)
    database.share("in", table="orders", primary_key="no", create_table_if_missing=True)
    database.node.run("out")
    assert sorted(database.collect(table="orders")) == ["1", str(2**40)]


def test_a_key_that_no_entity_has_is_told(database):
    database.node.put("in", *ORDERS)
    database.share("in", table="orders", primary_key="nno", create_table_if_missing=True)
    said = 'no entity has the property "nno" of "primary_key"; did you mean "no"?'
    assert said in str(database.node.try_run("out").error)


@pytest.mark.parametrize("option", ["create_table_if_missing", "recreate_table_on_first_run"])
def test_no_table_is_made_before_there_is_an_entity(database, option):
    from sqlalchemy import inspect

    database.node.put("in", {"_id": "1", "_deleted": True})
    database.share("in", table="orders", **{option: True})
    database.node.run("out")
    assert inspect(database.system.engine).get_table_names() == []
    database.node.put("in", *ORDERS)
    database.node.run("out")
    assert len(database.collect(table="orders")) == 2


def test_the_definition_of_a_table_is_proposed_for_its_pipe(database):
    from sesam_node.pipes.columns import pipe_columns

    database.node.put("in", *ORDERS)
    database.share("in", table="orders", create_table_if_missing=True)
    found = pipe_columns(database.node.pipes["out"], database.node.store)
    types = {column["name"]: column["type"] for column in found}
    assert (types["_id"], types["no"], types["total"]) == ("string", "integer", "decimal")
