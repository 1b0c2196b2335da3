"""The extension that is shipped: how large it is, and that it is one for all versions."""

import json

import pytest
from demo_project import ROOT

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
