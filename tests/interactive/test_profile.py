"""Profiles of datasets of a real node: counts are those of the values as the node has them."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from sesam_interactive import ClientError
from sesam_interactive.client import columns
from sesam_interactive.frames.profile import profile_column
from sesam_interactive.frames.typed import TypedColumn

MIXED = [
    {
        "_id": str(number),
        "count": number,
        "mixed": number if number % 2 else str(number),
        "ratio": number if number % 4 == 0 else number + 0.5,
        "price": f"~f{number}.50",
        "day": f"~t2024-01-{number % 28 + 1:02d}",
        "at": f"~t2024-01-01T00:{number % 60:02d}:00Z",
        "ref": f"~:crm:{number % 5}",
        "active": number % 3 == 0,
        "code": f" {number}" if number % 10 == 0 else str(number),
        "delay": "NA" if number % 5 == 0 else str(number),
        "address": {"city": ["Oslo", "Bergen"][number % 2], "zip": None},
        "lines": [{"sku": f"s{n}"} for n in range(number % 3)],
        "tags": ["a", "b"] if number % 2 else "a",
        **({"rare": "x"} if number == 7 else {}),
        **({"gone": None} if number < 20 else {}),
    }
    for number in range(100)
]


@pytest.fixture
def mixed(hub):
    """A dataset with values of all types and some mixes of them."""
    pipe = {"_id": "mixed", "type": "pipe", "source": {"type": "embedded", "entities": MIXED}}
    hub.pipes.make("mixed").save(pipe | {"pump": {"mode": "manual"}})
    hub.pipes["mixed"].run(progress=False)
    return hub.datasets["mixed"]


def test_types_are_those_of_the_values_also_where_a_column_holds_several(mixed):
    types = {found.path: found.types for found in mixed.profile()}
    assert types == {
        "_id": {"string": 100},
        "count": {"integer": 100},
        "mixed": {"integer": 50, "string": 50},
        "ratio": {"integer": 25, "float": 75},
        "price": {"decimal": 100},
        "day": {"date": 100},
        "at": {"datetime": 100},
        "ref": {"ni": 100},
        "active": {"boolean": 100},
        "code": {"string": 100},
        "delay": {"string": 100},
        "address": {"dict": 100},
        "address.city": {"string": 100},
        "address.zip": {},
        "lines": {"list": 100},
        "lines[]": {"dict": 99},
        "lines[].sku": {"string": 99},
        "tags": {"list": 50, "string": 50},
        "tags[]": {"string": 150},
        "rare": {"string": 1},
        "gone": {"null": 20},
    }


def test_extremes_and_counts_are_exact(mixed):
    found = {one.path: one for one in mixed.profile()}
    assert (found["count"].least, found["count"].most, found["count"].mean) == (0, 99, 49.5)
    assert found["count"].is_unique
    assert (found["price"].least, found["price"].most) == (Decimal("0.50"), Decimal("99.50"))
    assert (found["day"].least, found["day"].most) == (dt.date(2024, 1, 1), dt.date(2024, 1, 28))
    assert found["at"].most == dt.datetime(2024, 1, 1, 0, 59, tzinfo=dt.UTC)
    assert found["ref"].distinct == 5
    assert found["address.city"].top == [("Bergen", 50), ("Oslo", 50)]
    assert (found["rare"].filled, found["rare"].total) == (1, 100)
    assert (found["gone"].filled, found["gone"].nulls) == (0, 20)
    assert found["lines"].lengths == (0, pytest.approx(0.99), 2)
    assert found["lines[].sku"].total == 99


@pytest.mark.parametrize("path", ["count", "ratio", "price", "day", "at"])
def test_a_histogram_has_each_value_in_one_bin(mixed, path):
    found = mixed.profile(path)[path]
    assert sum(b.count for b in found.histogram) == found.filled
    assert found.histogram[0].low <= found.least
    assert found.histogram[-1].high >= found.most
    assert len(found.histogram) <= 20


def test_notes_tell_what_texts_hide(mixed):
    notes = {found.path: found.notes for found in mixed.profile()}
    assert notes["delay"] == ('80 % look like integers (`integer`), others: "NA"',)
    assert notes["code"][0] == "10 % have blanks at an end: `strip`"
    assert notes["mixed"] == ("values of 2 types: `eq` and joins tell them apart",)
    assert notes["gone"] == ("never has a value",)
    assert notes["address.city"] == ()


def test_some_properties_are_read_alone_by_their_path(mixed):
    profile = mixed.profile("address.city", "lines.sku")
    assert [found.path for found in profile] == ["address.city", "lines[].sku"]
    assert profile["address.city"].distinct == 2
    assert profile["lines[].sku"].top[0][0] == "s0"


def test_a_part_of_the_dataset_says_that_it_is_a_part(mixed):
    profile = mixed.profile(limit=10)
    assert profile.rows == 10
    assert repr(profile).startswith("mixed (the first 10): 10 entities")
    assert mixed.profile(limit=1_000).title == "mixed"


def test_wrong_names_and_limits_are_told_with_a_hint(mixed):
    with pytest.raises(ClientError, match='no property "cuont" in mixed; did you mean "count"'):
        mixed.profile()["cuont"]
    with pytest.raises(ClientError, match=r'a property "adress\.city"; did you mean'):
        mixed.profile("adress.city")
    with pytest.raises(ClientError, match="limit of at least 1, got 0"):
        mixed.profile(limit=0)
    with pytest.raises(ClientError) as error:
        mixed.profile("a b(")
    assert "Traceback" not in "".join(error.value._render_traceback_())


def test_an_empty_dataset_has_an_empty_profile(hub):
    profile = hub.datasets["inbox"].profile()
    assert (profile.rows, repr(profile).splitlines()[0]) == (0, "inbox: 0 entities, 0 properties")
    assert "no property has values" in profile.plot()._repr_html_()
    assert profile.to_polars().height == 0


def test_the_table_has_a_row_a_property(mixed):
    frame = mixed.profile().to_polars()
    assert frame.height == 21
    row = frame.row(by_predicate=pl.col("property") == "tags", named=True)
    assert (row["types"], row["filled"], row["longest"]) == ("list 50 %, string 50 %", 100, 2)


def test_the_text_is_aligned_and_the_html_has_no_script(mixed):
    profile = mixed.profile()
    lines = repr(profile).splitlines()
    assert lines[0] == "mixed: 100 entities, 21 properties"
    place = lines[1].index("most frequent")
    assert next(line for line in lines if line.startswith("active"))[place:].startswith(
        "false 66 %"
    )
    html = profile._repr_html_()
    assert "<script" not in html
    assert html.count("<tr>") == 22
    assert "0 \N{EN DASH} 99" in repr(profile["count"])


def test_pictures_show_all_that_has_values(mixed):
    profile = mixed.profile()
    assert len(profile.plot().data) == sum(
        bool(found.histogram) or (bool(found.top) and found.top[0][1] > 1) for found in profile
    )
    assert list(profile.plot("count").data[0].y) == [5] * 20
    filled = profile.plot_filled()
    assert filled.data[0].y[-1] in ("address.zip", "gone")


def test_drift_tells_what_is_new_gone_and_moved(mixed):
    before = mixed.profile()
    changed = [
        {"_id": str(n), "count": n + 1_000, "mixed": "all text", "active": True, "fresh": 1}
        for n in range(100)
    ]
    mixed._connection.json("POST", "/datasets/mixed/entities", json=changed)
    drift = before.compare(mixed.profile())
    told = {row["property"]: row["changes"] for row in drift.rows}
    assert told["fresh"] == ["new"]
    assert told["ratio"] == ["gone"]
    assert told["_id"] == []
    assert told["count"][0] == "100 % of the values moved"
    assert told["mixed"][0] == "types integer 50 %, string 50 % → string"
    assert told["active"][-1] == '66 % of the values moved, most of all to "true" (34 % → 100 %)'
    text = repr(drift)
    assert text.startswith("mixed (100) → mixed (100)")
    assert text.endswith("1 of 22 properties the same")
    assert drift.to_polars().height == 22
    assert drift.plot().data


def test_a_profile_of_then_is_compared_with_one_of_now(mixed):
    then = mixed.as_of(99).profile("count")
    mixed._connection.json("POST", "/datasets/mixed/entities", json=[{"_id": "0", "count": 500}])
    drift = then.compare(mixed.profile("count"))
    assert drift.changed[0]["changes"] == ["span 0 \N{EN DASH} 99 → 1 \N{EN DASH} 500"]
    assert "as of 99" in repr(drift)
    assert repr(then.compare(then)).endswith("1 of 1 properties the same")


def test_more_entities_are_read_quickly_with_types_as_they_are_known_then(mixed, monkeypatch):
    exact = {found.path: found for found in mixed.profile()}
    monkeypatch.setattr(columns, "EXACT_MOST", 10)
    quick = {found.path: found for found in mixed.profile()}
    assert list(quick) == list(exact)
    told = {path for path in exact if exact[path].types != quick[path].types}
    assert told == {"ratio", "gone"}
    assert (quick["ratio"].types, quick["gone"].types) == ({"float": 100}, {})
    assert quick["price"] == exact["price"]
    assert quick["mixed"] == exact["mixed"]


def test_who_waits_for_many_entities_sees_how_far_it_is(mixed, monkeypatch, capsys):
    monkeypatch.setattr(columns, "EXACT_MOST", 10)
    mixed.profile()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    mixed.profile()
    assert capsys.readouterr().out.endswith("mixed: 100 entities read\n")


def test_distinct_values_of_very_many_are_estimated_and_it_says_so():
    values = pl.Series("big", range(2_100_000)) % 1_000_000
    found = profile_column(TypedColumn("big", "integer", values, types={"integer": len(values)}))
    assert not found.is_exact
    assert abs(found.distinct - 1_000_000) < 50_000
    assert sum(b.count for b in found.histogram) == 2_100_000
