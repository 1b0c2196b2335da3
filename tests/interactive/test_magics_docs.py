"""`docs/magics.md` is run from top to bottom, and shows what really comes out.

`python tests/interactive/test_magics_docs.py` writes the outputs anew. What differs from run to run
(times, ports, durations) is compared by its form only.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

import sesam_interactive

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "magics.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```\n(.*?)```\n)?", re.DOTALL)
PROMPT = re.compile(r"^Out\[\d+\]: ?\n?", re.MULTILINE)
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "NODE"),
    (re.compile(r"\d+\.\d+( m?s)\b"), "SECONDS"),
    (re.compile(r"version \d+"), "VERSION"),
    (re.compile(r" +"), " "),
)


def outcome(shell, source):
    """What a cell with this source shows."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        shell.run_cell(source.rstrip("\n"), store_history=True)
    return PROMPT.sub("", out.getvalue()).strip("\n")


def told(folder):
    """The page as it should be; the node, the project and files are in `folder`."""
    shutil.copytree(ROOT / "demo" / "customers", folder / "demo" / "customers")
    shell = InteractiveShell()
    sesam_interactive.load_ipython_extension(shell)

    def block(match):
        source = match[1]
        shown = outcome(shell, source).replace(f"{folder}/", "")
        if "connect(" in source:
            shell.user_ns["hub"].pipes.run_all()
        text = f"```python\n{source}```\n"
        return f"{text}\n```\n{shown}\n```\n" if shown else text

    try:
        return BLOCK.sub(block, PAGE.read_text())
    finally:
        shell.user_ns["hub"].close()
        shell.history_manager.end_session()


def formed(text):
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def test_the_page_shows_what_comes_out(tmp_path, monkeypatch):
    for name in ("NODE", "JWT", "SESAM_NODE_DATA", "SESAM_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert formed(told(tmp_path)) == formed(PAGE.read_text())


def test_the_page_names_every_option():
    from sesam_interactive.magics.dtl import DtlMagics

    page = PAGE.read_text()
    options = [name for name in DtlMagics.dtl.parser._option_string_actions if name[:2] == "--"]
    assert [name for name in options if name not in page and name not in ("--help", "--out")] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        os.environ |= {"XDG_DATA_HOME": f"{made}/share", "XDG_CONFIG_HOME": f"{made}/config"}
        os.chdir(made)
        sys.stdout.write("written\n" if PAGE.write_text(told(Path(made).resolve())) else "")
        os.chdir(ROOT)
