"""When a file that changes is read again."""

from __future__ import annotations

import pytest

from sesam_node.config.watching import Settled, folder_stamp


def stamp(*names):
    return frozenset((name, 1, 1, 1) for name in names)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("aaa", [False, False, False]),
        ("abb", [False, False, True]),
        ("abbb", [False, False, True, False]),
        ("abcc", [False, False, False, True]),
        ("abaa", [False, False, False, False]),
        ("abbaa", [False, False, True, False, True]),
    ],
)
def test_a_change_is_told_once_when_it_is_seen_twice_running(seen, said):
    settled = Settled(stamp("a"))
    assert [settled.see(stamp(name)) for name in seen] == said


def test_the_stamp_of_a_folder_changes_with_its_configuration_only(tmp_path):
    def look():
        return folder_stamp(tmp_path, "test")

    assert look() == frozenset()
    file = tmp_path / "pipes" / "deep" / "a.conf.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    stamps = [look()]
    for name in ("README.md", "pipes/.a.conf.json.swp", "pipes/deep/.a.conf.json", "expected.json"):
        (tmp_path / name).write_text("x")
        assert look() == stamps[0]
    file.write_text("{ }")
    stamps.append(look())
    (tmp_path / "test-env.json").write_text("{}")
    stamps.append(look())
    file.rename(file.with_name("b.conf.json"))
    stamps.append(look())
    file.with_name("b.conf.json").unlink()
    stamps.append(look())
    assert len(set(stamps)) == len(stamps)
    assert folder_stamp(tmp_path / "gone", "test") == frozenset()
