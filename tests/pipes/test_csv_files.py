"""CSV files as they are met: encodings, quotes, ragged rows; errors by row and line."""

from __future__ import annotations

import pytest
from web_server import Reply


@pytest.fixture
def read(tmp_path, memory_node):
    """Reads bytes as a CSV file; gives the live entities, or the error."""
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{tmp_path}/%s"}
    memory_node.more = {"systems": {"there": system}, "allow_files": True}

    def run(data, **options):
        (tmp_path / "f.csv").write_bytes(data)
        source = {"type": "csv", "system": "there", "url": "f.csv", "primary_key": "id", **options}
        memory_node.pipe("got", source=source)
        result = memory_node.try_run("got")
        return memory_node.live("got") if result.success else result.error

    return run


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (b"\xef\xbb\xbfid,a\n1,x\n", {}),
        (b'\xef\xbb\xbf"id","a"\r\n"1","x"\r\n', {}),
        ("id,a\r\n1,x\r\n".encode("utf-16"), {"encoding": "UTF-16"}),
        ("id,a\r\n1,x\r\n".encode("utf-16-be"), {"encoding": "utf-16-be"}),
        (b"id,a\r1,x\r", {}),
        (b"\n\nid,a\n\n1,x\n\n", {}),
        (b"id,a\n1,x", {}),
        (b"id, a\n1, x\n", {}),
        (b"id\ta\n1\tx\n", {}),
        (b"id,a,\n1,x,\n", {}),
        (b"sep=;\nid;a\n1;x\n", {}),
        (b"SEP=|\r\nid|a\r\n1|x\r\n", {}),
        (b"id,a\n1,'x'\n", {}),
    ],
)
def test_one_table_in_many_forms(read, data, options):
    assert read(data, **options) == {"1": {"id": "1", "a": "x"}}


def test_quoted_cells_go_over_lines(read):
    data = b'id,a\n1,"line 1\r\nline 2, ""quoted"""\n2,"' + b"x" * 200_000 + b'"\n'
    assert read(data) == {
        "1": {"id": "1", "a": 'line 1\r\nline 2, "quoted"'},
        "2": {"id": "2", "a": "x" * 200_000},
    }


def test_short_rows_lack_their_last_cells(read):
    assert read(b"id,a,b\n1,x\n2\n", preserve_empty_strings=True) == {
        "1": {"id": "1", "a": "x"},
        "2": {"id": "2"},
    }


def test_broken_characters_are_replaced_where_that_is_asked_for(read):
    found = read("id,a\n1,Bjørn\n".encode("latin-1"), decode_error_strategy="replace")
    assert found == {"1": {"id": "1", "a": "Bj\ufffdrn"}}


def test_null_bytes_are_kept_or_escaped(read):
    assert read(b"id,a\n1,x\0y\n") == {"1": {"id": "1", "a": "x\0y"}}
    assert read(b"id,a\n1,x\0y\n", escape_null_bytes=True) == {"1": {"id": "1", "a": "x\\0y"}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"id,a\n1,x,y\n", "row 1: 3 cells, but there are 2 columns"),
        (b'id,a\n1,"x\r\ny"\n\n2,x,y\n', "row 2 (line 5): 3 cells, but there are 2 columns"),
        (b'\n\nid,a\n1,"x\ny\nz"\n,y\n', 'row 2 (line 7): expected a value for "_id"'),
        (b"id,a\n" + b"1,x\n" * 2_500 + b",y\n", "row 2501: expected a value"),
        (
            b"id,a\n" + b'1,"x\ny"\n' * 2_500 + b",y\n",
            "row 2501 (line 5002): expected a value",
        ),
        (b'id,a\n1,x\n2,"never\nclosed\n', 'row 2: the quote before "never\\nclosed\\n" is never'),
        (b'id,"a\n1,x\n', 'the header: the quote before "a\\n1,x\\n" is never closed'),
        (b"id,a\n" + b"1,x\n" * 20_000 + b"2,\xff\n", "line 20002, column 3: a byte 0xff is not"),
        ("id,a\n1,å\n".encode("utf-16"), 'it begins as UTF-16: set "encoding" to "UTF-16"'),
        ("id,a\n1,x\n".encode("utf-16-le"), 'set "encoding" to "UTF-16LE" or "UTF-16BE"'),
        (b"id,a,a\n1,2,3\n", 'the header: the column "a" comes twice'),
    ],
)
def test_what_is_wrong_is_told_by_row_and_line(read, data, said):
    assert said in read(data)


def test_a_broken_character_of_a_server_is_told_by_its_row(memory_node, web):
    server = web(lambda _: Reply(b"id,a\n" + b"1,x\n" * 30_000 + b"2,\xff\n"))
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"there": system}}
    source = {"type": "csv", "system": "there", "url": "f.csv", "primary_key": "id"}
    memory_node.pipe("got", source=source)
    assert "behind row 2" in memory_node.try_run("got").error
