"""Sources: what each reads, and what it says when that cannot be read."""

from __future__ import annotations

import pytest

from sesam_node.pipes.dialect import sniff
from sesam_node.store import Retention


def csv_node(node, tmp_path, content, **options):
    data = content if type(content) is bytes else content.encode()
    (tmp_path / "file.csv").write_bytes(data)
    node.more = {
        "systems": {"files": {"_id": "files", "type": "system:url", "url_pattern": "./%s"}},
        "base_folder": str(tmp_path),
        "allow_files": True,
    }
    source = {"type": "csv", "system": "files", "url": "file.csv", "primary_key": "id", **options}
    node.pipe("c", source=source)
    return node


def rows(node, tmp_path, content, **options):
    csv_node(node, tmp_path, content, **options).run("c")
    return node.live("c")


def error_of(node, tmp_path, content, **options):
    result = csv_node(node, tmp_path, content, **options).try_run("c")
    assert not result.success
    return result.original_error


def test_rows_become_entities_with_text_values_and_without_empty_cells(memory_node, tmp_path):
    assert rows(memory_node, tmp_path, 'id,name,n\r\n1,"Berg, Ada",7\r\n2,,8\r\n\r\n3\r\n') == {
        "1": {"id": "1", "name": "Berg, Ada", "n": "7"},
        "2": {"id": "2", "n": "8"},
        "3": {"id": "3"},
    }


def test_text_that_would_read_as_a_tag_is_escaped(memory_node, tmp_path):
    assert rows(memory_node, tmp_path, "id,v\n1,~:a:b\n2,~x\n") == {
        "1": {"id": "1", "v": "~~:a:b"},
        "2": {"id": "2", "v": "~x"},
    }


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("id,a\n1,\n", {"preserve_empty_strings": True}, {"1": {"id": "1", "a": ""}}),
        ("id,a,b\n1,2,3\n", {"whitelist": ["a", "b"], "blacklist": ["b"]}, {"1": {"a": "2"}}),
        ("id,a\n1,2\n", {"primary_key": ["id", "a"]}, {"1:2": {"id": "1", "a": "2"}}),
        ("1,2\n", {"has_header": False, "field_names": ["id", "a"]}, {"1": {"id": "1", "a": "2"}}),
        ("x,y\n1,2\n", {"field_names": ["id", "a"]}, {"1": {"id": "1", "a": "2"}}),
        ("id;a\n1;2,5\n", {}, {"1": {"id": "1", "a": "2,5"}}),
        ("id;a\n1;2\n", {"auto_dialect": False, "delimiter": ";"}, {"1": {"id": "1", "a": "2"}}),
        ("id\ta\n1\t2\n", {"dialect": "excel_tab"}, {"1": {"id": "1", "a": "2"}}),
        ("id;a,b\n", {"dialect": "excel", "primary_key": "b"}, {}),
        ("id,a,\n1,2,\n", {}, {"1": {"id": "1", "a": "2"}}),
        ("\ufeffid,a\n1,2\n", {}, {"1": {"id": "1", "a": "2"}}),
        (
            "id,a\n1,\u00e5\n".encode("latin-1"),
            {"encoding": "latin-1"},
            {"1": {"id": "1", "a": "å"}},
        ),
        (
            b"id,a\n1,\xe5\n",
            {"decode_error_strategy": "replace"},
            {"1": {"id": "1", "a": "\ufffd"}},
        ),
        ("id,a\n1,x\0y\n", {"escape_null_bytes": True}, {"1": {"id": "1", "a": "x\\0y"}}),
        ('id,a\n1,"two\nlines"\n', {}, {"1": {"id": "1", "a": "two\nlines"}}),
        ("", {}, {}),
    ],
)
def test_the_options_of_the_csv_source(memory_node, tmp_path, content, options, expected):
    assert rows(memory_node, tmp_path, content, **options) == expected


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("id,a\n1,2\n,3\n", {}, 'row 2: expected a value for "_id" in column "id", got null'),
        ("id,a\n1,2,3\n", {}, "row 1: 3 cells, but there are 2 columns; is the delimiter right?"),
        ("ids,a\n1,2\n", {}, 'the header: there is no column "id"; did you mean "ids"?'),
        ("id,a,a\n1,2,3\n", {}, 'the header: the column "a" comes twice'),
        (b"id,a\n1,\xe5\n", {}, "line 2, column 3: a byte 0xe5 is not UTF-8"),
        ("id\n1\n", {"encoding": "utf-81"}, 'unknown character set "utf-81"'),
        ("id\n1\n", {"delimiter": ";;"}, '"delimiter" must be one character, got ";;"'),
        ("1\n", {"has_header": False}, 'a CSV file without header needs "field_names"'),
        ("1\n", {"url": "gone.csv"}, "gone.csv: No such file or directory"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said(memory_node, tmp_path, content, options, message):
    assert message in error_of(memory_node, tmp_path, content, **options)


def test_rows_before_a_broken_one_are_kept_and_nothing_is_deleted(memory_node, tmp_path):
    many = "".join(f"{number},x\n" for number in range(1500))
    csv_node(memory_node, tmp_path, "id,a\nold,x\n").run("c")
    csv_node(memory_node, tmp_path, f"id,a\n{many},broken\n")
    assert not memory_node.try_run("c").success
    assert (len(memory_node.live("c")), memory_node.deleted("c")) == (1001, [])


def test_files_are_read_only_where_the_node_may(memory_node, tmp_path):
    csv_node(memory_node, tmp_path, "id\n1\n")
    memory_node.more["allow_files"] = False
    memory_node.pipe("c", source=memory_node.pipes["c"].pipe["source"])
    assert "may be used only by a node that listens on loopback" in memory_node.try_run("c").error


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("a,b\n1,2\n", (",", '"', False)),
        ("a;b\n1,5;2,5\n", (";", '"', False)),
        ("a\tb\n1\t2\n", ("\t", '"', False)),
        ("id|t\n1|12:30\n", ("|", '"', False)),
        ("id,time\n1,12:30:00\n", (",", '"', False)),
        ("'a','b'\n'x,y','2'\n", (",", "'", False)),
        ('"a";"b"\n"1,2";"3"\n', (";", '"', False)),
        ("a, b\n1, 2\n", (",", '"', True)),
        ("a\n1\n", (",", '"', False)),
        ("", (",", '"', False)),
    ],
)
def test_the_dialect_is_guessed(sample, expected):
    assert tuple(sniff(sample).values()) == expected


def test_a_union_reads_one_dataset_after_the_other_with_an_offset_for_each(node):
    node.put("p", {"_id": "1"}, {"_id": "2"})
    node.put("q", {"_id": "1", "x": 1})
    node.pipe("b", source={"type": "union_datasets", "datasets": ["p", "q", "gone"]})
    first = node.run("b")
    assert node.log("b") == ["p:1", "p:2", "q:1"]
    node.put("p", {"_id": "2", "_deleted": True})
    second = node.run("b")
    assert node.log("b") == ["p:1", "p:2", "q:1", "-p:2"]
    assert [(r.sync_type, r.processed, r.last_seen) for r in (first, second)] == [
        ("full", 3, '{"p":1,"q":0}'),
        ("incremental", 1, '{"p":2,"q":0}'),
    ]


def test_a_union_can_leave_ids_as_they_are(node):
    node.put("p", {"_id": "1", "x": 1})
    node.put("q", {"_id": "1", "x": 2})
    source = {"type": "union_datasets", "datasets": ["p", "q"], "prefix_ids": False}
    node.pipe("b", source=source)
    node.run("b")
    assert node.live("b") == {"1": {"x": 2}}


def test_a_failing_union_goes_on_where_it_failed(node):
    node.put("p", {"_id": "1"}, {"_id": "2"})
    node.put("q", {"_id": "1"}, {"_id": "bad"})
    source = {"type": "union_datasets", "datasets": ["p", "q"]}
    rules = [["copy", "*"], ["if", ["eq", "_S._id", "q:bad"], ["fail!", "bad"]]]
    node.pipe("b", source=source, rules=rules)
    assert node.try_run("b").last_seen == '{"p":1,"q":0}'


def test_the_dataset_source_can_leave_out_what_was_replaced(node):
    node.put("a", {"_id": "1", "$replaced": True, "_deleted": False}, {"_id": "2"})
    node.pipe("b", source={"type": "dataset", "dataset": "a", "include_replaced": False})
    node.run("b")
    assert list(node.live("b")) == ["2"]


def test_conditions_choose_among_components(node):
    node.put("a", {"_id": "1"})
    alternatives = {"x": {"type": "dataset", "dataset": "a"}, "y": {"type": "empty"}}
    source = {"type": "conditional", "condition": "x", "alternatives": alternatives}
    node.pipe("b", source=source)
    node.run("b")
    assert list(node.live("b")) == ["1"]
    node.pipe("b", source={**source, "condition": "z"})
    assert node.try_run("b").error == 'the conditional source has no alternative "z"'


def test_the_empty_source_has_nothing(node):
    node.pipe("b", source={"type": "empty"})
    assert (node.run("b").processed, node.live("b")) == (0, {})


def test_a_dataset_that_joins_a_union_is_read_from_its_start_and_one_that_leaves_keeps_its_place(
    node,
):
    def union(*datasets):
        node.pipe("b", source={"type": "union_datasets", "datasets": list(datasets)})

    node.put("p", {"_id": "1"})
    node.put("q", {"_id": "1"}, {"_id": "2"})
    union("p")
    assert node.run("b").last_seen == '{"p":0}'
    union("q", "p")
    assert node.run("b").processed == 2
    union("q")
    node.put("q", {"_id": "3"})
    assert node.run("b").last_seen == '{"p":0,"q":2}'
    union("q", "p")
    node.put("p", {"_id": "2"})
    assert node.run("b").processed == 1
    assert sorted(node.live("b")) == ["p:1", "p:2", "q:1", "q:2", "q:3"]


def test_a_union_may_bring_every_version(node):
    node.put("p", {"_id": "1", "v": 1}, {"_id": "1", "v": 2})
    node.put("q", {"_id": "1", "v": 3})
    source = {"type": "union_datasets", "datasets": ["p", "q"], "include_previous_versions": True}
    node.pipe("b", source=source)
    assert node.run("b").processed == 3
    assert node.log("b") == ["p:1", "p:1", "q:1"]


def test_merged_datasets_come_in_the_order_of_time(node):
    node.put("p", {"_id": "1", "v": 1})
    node.put("q", {"_id": "1", "v": 2}, {"_id": "2"})
    node.put("p", {"_id": "3"})
    node.pipe("b", source={"type": "merge_datasets", "datasets": ["p", "q"]})
    assert node.run("b").last_seen == '{"p":1,"q":1}'
    assert node.log("b") == ["1", "2", "3"]
    assert node.live("b")["1"] == {"v": 2}
    node.put("q", {"_id": "1", "v": 2, "_deleted": True})
    assert node.run("b").sync_type == "incremental"
    assert node.deleted("b") == ["1"]


def test_merged_datasets_may_be_kept_apart(node):
    node.put("p", {"_id": "1", "v": 1})
    node.put("q", {"_id": "1", "v": 2})
    node.pipe("b", source={"type": "merge_datasets", "datasets": ["p", "q"], "strategy": "all"})
    node.run("b")
    assert node.live("b") == {"1": {"p": {"_id": "1", "v": 1}, "q": {"_id": "1", "v": 2}}}
    node.put("p", {"_id": "1", "v": 1, "_deleted": True})
    node.run("b")
    assert node.live("b")["1"]["p"] == {"_id": "1", "v": 1, "_deleted": True}
    node.put("q", {"_id": "1", "v": 2, "_deleted": True})
    node.run("b")
    assert node.deleted("b") == ["1"]


def test_an_entity_that_left_a_subset_is_deleted_though_compaction_dropped_what_it_was(node):
    subset = ["eq", "_S.t", "x"]
    node.pipe("b", source={"type": "dataset", "dataset": "a", "subset": subset})
    node.put("a", {"_id": "1", "t": "x"}, {"_id": "2", "t": "x"})
    node.run("b")
    node.put("a", {"_id": "1", "t": "y"})
    node.put("a", {"_id": "1", "t": "z"}, {"_id": "3", "t": "y"}, {"_id": "3", "t": "z"})
    assert node.store.dataset("a").compact(Retention(2)).versions == 1
    node.run("b")
    assert (list(node.live("b")), node.deleted("b")) == (["2"], ["1"])


TANKS = {"type": "dataset", "dataset": "a", "subset": ["eq", "_S.kind", "tank"]}


def test_a_subset_is_read_as_a_dataset_and_who_leaves_it_is_deleted(node):
    node.put("a", {"_id": "1", "kind": "tank"}, {"_id": "2", "kind": ["tank", "car"]})
    node.put("a", {"_id": "3", "kind": "car"}, {"_id": "4"}, {"_id": "5", "kind": None})
    node.pipe("b", source=TANKS)
    node.run("b")
    assert set(node.live("b")) == {"1", "2"}
    node.put("a", {"_id": "2", "kind": "car"}, {"_id": "3", "kind": "tank"})
    result = node.run("b")
    assert (result.sync_type, result.processed, node.log("b")) == (
        "incremental",
        2,
        ["1", "2", "-2", "3"],
    )


def test_an_entity_that_was_never_in_a_subset_is_not_processed(node):
    node.put("a", {"_id": "1", "kind": "car"})
    node.put("a", {"_id": "1", "kind": "bus"})
    node.pipe("b", source=TANKS)
    assert node.run("b").processed == 0
    assert node.state("b", "offset") == 1


def test_a_subset_of_an_expression_and_of_several_values(node):
    wanted = ["eq", ["lower", "_S.kind"], ["list", "tank", "bus"]]
    node.put("a", {"_id": "1", "kind": "TANK"}, {"_id": "2", "kind": "Bus"}, {"_id": "3"})
    node.pipe("b", source={"type": "dataset", "dataset": "a", "subset": wanted})
    node.run("b")
    assert set(node.live("b")) == {"1", "2"}
    assert [info.id for info in node.store.dataset("a").indexes()] == ['["lower", "_S.kind"]']


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        (["eq", "_S.x"], 'expected ["eq", index expression, value], got'),
        (["eq", "_S.x", None], "the value is null, and nulls are in no index"),
        (["eq", "_S.x", ["concat", "a"]], "expected a literal, got"),
        (["eq", ["hops", {}], 1], "no expression that can be indexed"),
    ],
)
def test_what_is_no_subset_is_told(node, subset, message):
    node.pipe("b", source={"type": "dataset", "dataset": "a", "subset": subset})
    assert message in node.try_run("b").error
