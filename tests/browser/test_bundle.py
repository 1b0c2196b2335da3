"""What is shipped to browsers: how large it is, and that the extension is one for all versions."""

import json

import pytest
from demo_project import ROOT

from sesam_node.api.handlers.page import STATIC, manifest

EXTENSION = ROOT / "sesam_interactive" / "labextension"
LIMIT_BYTES = 600_000
LAZY = "DtlEditor"


def modules():
    found = list((EXTENSION / "static").glob("*.js"))
    if not found:
        pytest.fail("the extension is not built; `make setup` builds it")
    return found


def test_what_is_loaded_at_once_is_small_and_the_editor_is_not_among_it():
    sizes = {file.name: file.stat().st_size for file in modules()}
    assert sum(sizes.values()) < LIMIT_BYTES, sizes
    with_editor = [file.name for file in modules() if "sesam-columns" in file.read_text("utf-8")]
    entry = json.loads((EXTENSION / "package.json").read_text())["jupyterlab"]["_build"]["load"]
    assert with_editor
    assert entry.split("/")[1] not in with_editor


def test_what_jupyterlab_has_is_not_shipped_again():
    text = "".join(file.read_text("utf-8") for file in modules())
    for own in ("react.production", "Lumino Widget", "class EditorView"):
        assert own not in text, own


def test_the_page_of_a_node_begins_small_and_brings_its_editor_later():
    """Sizes as they are before they are compressed."""
    built = manifest()
    sizes = {name: (STATIC / name).stat().st_size for name in built.files}
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) < LIMIT_BYTES, sizes
    first = {built.script, built.style, built.icon, *built.preload}
    assert sum(sizes[name] for name in first) < 150_000, first
    with_editor = {name for name in sizes if "cm-content" in (STATIC / name).read_text("utf-8")}
    assert [name for name in with_editor if name.endswith(".js")]
    assert not with_editor & (first - {built.style})


def test_it_asks_for_no_newer_jupyterlab_than_is_promised():
    """JupyterLab leaves out an extension that asks for a later version than it has."""
    asked = json.loads((EXTENSION / "package.json").read_text())["dependencies"]
    lowest = {"@jupyterlab/services": "^7.2.0", "@jupyterlab/coreutils": "^6.2.0"}
    ours = {name: bound for name, bound in asked.items() if name.startswith("@jupyterlab/")}
    assert ours == {name: lowest.get(name, "^4.2.0") for name in ours}
