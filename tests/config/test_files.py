"""Projects in folders and zip files are read with care and written the same each time."""

from __future__ import annotations

import contextlib
import io
import json
import stat
import struct
import zipfile
from random import Random

import pytest

from sesam_node.config import (
    Document,
    ZipLimits,
    read_folder,
    read_node_config,
    read_project,
    read_zip,
    write_folder,
    write_zip,
)
from sesam_node.config.files import read_whitelist
from sesam_node.errors import ConfigError

PIPE = {"_id": "a", "type": "pipe", "comment": "æ", "rate": 1.0, "count": 1}
SYSTEM = {"_id": "s", "type": "system:url"}
NODE = {"_id": "node", "type": "metadata"}
DOCUMENT = Document.from_list([PIPE, SYSTEM, NODE])

SMALL = ZipLimits(entries=3, member_bytes=1000, total_bytes=1500, ratio=10, ratio_from_bytes=200)


def put(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.with_suffix(".json").write_bytes(data)


def zip_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def member(name, mode=0):
    info = zipfile.ZipInfo("x" * len(name))
    # The constructor would tidy the name.
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    return info


def refused(data, limits=None):
    with pytest.raises(ConfigError) as caught:
        read_zip(data, limits)
    return [str(problem) for problem in caught.value.problems]


# -- folders ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    files = {
        "node-metadata.conf.json": NODE,
        "pipes/a.conf.json": PIPE,
        "pipes/deep/er/b.conf.json": {"_id": "b", "type": "pipe"},
        "pipes/notes.json": {"not": "read"},
        "systems/s.conf.json": SYSTEM,
        "other/c.conf.json": {"_id": "c", "type": "pipe"},
        "test-env.json": {"x": 1},
        "testdata/more/b.json": [],
        "testdata/a.json": [],
        "expected/a.test.json": {},
        "expected/a.json": [],
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\ufeff" + json.dumps(content), encoding="utf-8")
    return tmp_path


def test_a_project_folder_is_read(folder):
    project = read_project(folder)
    assert project.document.to_list() == [
        NODE,
        PIPE,
        {"_id": "b", "type": "pipe"},
        SYSTEM,
    ]
    assert project.env == {"x": 1}
    assert project.files == {
        "node": "node-metadata.conf.json",
        "a": "pipes/a.conf.json",
        "b": "pipes/deep/er/b.conf.json",
        "s": "systems/s.conf.json",
    }
    assert project.testdata == {
        "a": folder / "testdata/a.json",
        "b": folder / "testdata/more/b.json",
    }
    assert project.expected == (folder / "expected/a.test.json",)


def test_a_profile_without_a_file_has_no_variables(folder):
    assert read_folder(folder, "prod") == (read_project(folder).document, {})


def test_a_whitelist_names_the_only_files_to_read(folder):
    (folder / "whitelist.txt").write_text("pipes/a.conf.json\n\n")
    document, _ = read_folder(folder, whitelist=read_whitelist(folder / "whitelist.txt"))
    assert document.to_list() == [PIPE]


def test_all_broken_files_of_a_folder_are_told_at_once(folder):
    (folder / "pipes/a.conf.json").write_text("{,}")
    (folder / "systems/s.conf.json").write_text('{\n "a" 1}')
    with pytest.raises(ConfigError, match="2 files of the configuration cannot be read") as caught:
        read_folder(folder)
    assert [problem.path for problem in caught.value.problems] == [
        "pipes/a.conf.json:1:2",
        "systems/s.conf.json:2:6",
    ]


def test_variables_must_be_an_object(folder):
    (folder / "test-env.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"test-env\.json holds no variables"):
        read_folder(folder)


def test_a_folder_must_be_there(tmp_path):
    with pytest.raises(NotADirectoryError):
        read_folder(tmp_path / "gone")


def test_a_folder_comes_to_hold_exactly_a_configuration(folder):
    new = Document.from_list(
        [{**PIPE, "x": 1}, {"_id": "b", "type": "pipe"}, {**SYSTEM, "_id": "t"}]
    )
    assert write_folder(new, folder) == [
        "node-metadata.conf.json",
        "pipes/a.conf.json",
        "pipes/deep/er/b.conf.json",
        "systems/s.conf.json",
        "systems/t.conf.json",
    ]
    document, _ = read_folder(folder)
    assert document.by_id == new.by_id
    assert (folder / "other/c.conf.json").is_file()
    assert (folder / "pipes/notes.json").is_file()
    assert write_folder(new, folder) == []
    assert not list(folder.rglob(".*"))


def test_a_node_config_file_is_a_list(tmp_path):
    path = tmp_path / "node-config.json"
    path.write_text(json.dumps([PIPE, SYSTEM]))
    assert read_node_config(path) == Document.from_list([PIPE, SYSTEM])
    path.write_text(json.dumps(PIPE))
    with pytest.raises(ConfigError, match="expected a list of pipes and systems"):
        read_node_config(path)


# -- zip -------------------------------------------------------------------------------------------


def test_a_zip_holds_one_file_a_component_and_no_folders():
    with zipfile.ZipFile(io.BytesIO(write_zip(DOCUMENT))) as archive:
        assert archive.namelist() == [
            "node-metadata.conf.json",
            "pipes/a.conf.json",
            "systems/s.conf.json",
        ]
        assert archive.read("pipes/a.conf.json").decode() == (
            '{\n  "_id": "a",\n  "type": "pipe",\n  "comment": "æ",\n'
            '  "rate": 1.0,\n  "count": 1\n}\n'
        )


def test_the_same_configuration_is_the_same_zip():
    other_order = Document.from_list([NODE, SYSTEM, PIPE])
    assert write_zip(other_order) == write_zip(DOCUMENT)
    assert write_zip(read_zip(write_zip(DOCUMENT))) == write_zip(DOCUMENT)


def test_an_empty_configuration_is_an_empty_zip():
    assert read_zip(write_zip(Document())) == Document()


def test_a_zip_is_read_like_a_folder():
    data = zip_of(
        [
            ("pipes/", ""),
            ("pipes/deep/b.conf.json", b"\xef\xbb\xbf" + json.dumps(PIPE).encode()),
            ("systems/s.conf.json", json.dumps(SYSTEM)),
            ("README.md", "hello"),
            ("node-metadata.conf.json", json.dumps(NODE)),
        ]
    )
    document = read_zip(data)
    assert document.to_list() == [NODE, PIPE, SYSTEM]
    assert [str(problem) for problem in document.warnings] == [
        'README.md: "README.md" is no configuration [ignored-file]'
    ]


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (member("../pipes/a.conf.json"), "has a path that leaves the folder or repeats itself"),
        (member("pipes/../../a.conf.json"), "has a path that leaves the folder or repeats itself"),
        (member("pipes//a.conf.json"), "has a path that leaves the folder or repeats itself"),
        (member("./pipes/a.conf.json"), "has a path that leaves the folder or repeats itself"),
        (member("/pipes/a.conf.json"), "has an absolute path"),
        (member("C:/pipes/a.conf.json"), "has a Windows path"),
        (member("pipes\\a.conf.json"), "has a Windows path"),
        (member("pipes/a\n.conf.json"), "has a control character in its name"),
        (member("pipes/a.conf.json", stat.S_IFLNK | 0o777), "is a link or device"),
        (member("pipes/a.conf.json", stat.S_IFCHR | 0o777), "is a link or device"),
    ],
)
def test_a_hostile_member_is_refused(info, reason):
    shown = json.dumps(info.filename)
    assert refused(zip_of([(info, "{}")])) == [f"{info.filename}: {shown} {reason} [bad-member]"]


def test_a_name_with_a_null_byte_is_refused():
    data = zip_of([("pipes/aXb.conf.json", "{}")]).replace(b"aXb", b"a\0b")
    [message] = refused(data)
    assert message.endswith("has a control character in its name [bad-member]")


def test_all_hostile_members_are_told_at_once():
    data = zip_of([(member("/a"), ""), (member("../b"), "")])
    assert len(refused(data)) == 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_comes_twice_is_refused():
    data = zip_of([("pipes/a.conf.json", "{}"), ("pipes/a.conf.json", "{}")])
    assert refused(data) == ['pipes/a.conf.json: "pipes/a.conf.json" comes twice [bad-member]']


def test_an_encrypted_member_is_refused():
    data = bytearray(zip_of([("pipes/a.conf.json", "{}")]))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    assert refused(bytes(data)) == [
        'pipes/a.conf.json: "pipes/a.conf.json" is encrypted [bad-member]'
    ]


def test_a_zip_with_too_many_entries_is_refused():
    data = zip_of([(f"pipes/{i}.conf.json", "{}") for i in range(4)])
    assert refused(data, SMALL) == ["4 entries, at most 3 are taken [zip-limit]"]


def test_a_member_that_is_too_large_is_refused():
    data = zip_of([("pipes/a.conf.json", '"' + "x" * 1000 + '"')])
    assert refused(data, SMALL) == [
        'pipes/a.conf.json: "pipes/a.conf.json" has more than 1000 bytes [zip-limit]'
    ]


def test_members_that_are_too_large_together_are_refused():
    text = json.dumps([str(i * 7919) for i in range(90)])
    data = zip_of([("pipes/a.conf.json", text), ("pipes/b.conf.json", text)])
    assert refused(data, SMALL) == ["the members have more than 1500 bytes [zip-limit]"]


def test_a_zip_bomb_is_refused():
    data = zip_of([("pipes/a.conf.json", " " * 900)])
    assert refused(data, SMALL) == [
        'pipes/a.conf.json: "pipes/a.conf.json" is packed more than 10 times [zip-limit]'
    ]


@pytest.mark.parametrize("size", [1, 990, 2**31])
def test_a_size_that_lies_is_found_out(size):
    """The bytes are counted as they come, whatever the table of contents says."""
    data = bytearray(zip_of([("pipes/a.conf.json", " " * 100_000 + "{}")]))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", size)
    data[22:26] = struct.pack("<I", size)
    [message] = refused(bytes(data), SMALL)
    assert message.endswith(("[zip-limit]", "[broken-zip]"))


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"no zip at all", write_zip(DOCUMENT)[:-10], write_zip(DOCUMENT)[20:]]
)
def test_what_is_no_zip_is_refused(data):
    [message] = refused(data)
    assert message.startswith("the zip file is broken: ")
    assert message.endswith("[broken-zip]")


def test_a_member_in_another_packing_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("pipes/a.conf.json", "{}")
    assert refused(buffer.getvalue()) == [
        (
            'pipes/a.conf.json: "pipes/a.conf.json" '
            "is packed in a way that is not taken (deflate is) [bad-member]"
        )
    ]


def test_a_damaged_zip_is_read_or_refused():
    good = zip_of([("pipes/a.conf.json", json.dumps(PIPE)), ("systems/s.conf.json", "{}")])
    random = Random(7)
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data))] = random.randrange(256)
        with contextlib.suppress(ConfigError):
            read_zip(bytes(data), SMALL)


def test_a_member_with_the_wrong_sum_is_refused():
    data = bytearray(zip_of([("pipes/a.conf.json", json.dumps(PIPE))]))
    directory = data.index(b"PK\x01\x02")
    data[directory + 16] ^= 1
    data[14] ^= 1
    [message] = refused(bytes(data))
    assert message.startswith("the zip file is broken: Bad CRC-32")
