"""`docs/client.md` is run from top to bottom, and shows what really comes out.

`python tests/interactive/test_client_docs.py` writes the outputs anew. What differs from run to run
(times, ports, durations) is compared by its form only.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "client.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```\n(.*?)```\n)?", re.DOTALL)
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "NODE"),
    (re.compile(r"\d+\.\d+( s)?\b"), "SECONDS"),
    (re.compile(r" +"), " "),
)


def outcome(source, namespace):
    """What a cell with this source would show."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            value = evaluate(tree, last, namespace)
        except Exception as error:
            if not hasattr(error, "_render_traceback_"):
                raise
            return "\n".join(error._render_traceback_()) + "\n"
    shown = "" if value is None else f"{value!r}\n"
    return out.getvalue() + shown


def evaluate(tree, last, namespace):
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    run(compile(tree, "docs/client.md", "exec", flags), namespace)
    if last is None:
        return None
    return run(compile(ast.Expression(last.value), "docs/client.md", "eval", flags), namespace)


def run(code, namespace):
    found = eval(code, namespace)
    return asyncio.run(found) if inspect.iscoroutine(found) else found


def told(folder):
    """The page as it should be; `folder` is for the node, the profiles and the project."""
    shutil.copytree(ROOT / "demo" / "customers", folder / "demo" / "customers")
    namespace = {"asyncio": asyncio}

    def block(match):
        source, shown = match[1], match[2]
        found = outcome(source, namespace)
        text = f"```python\n{source}```\n"
        return text + (f"\n```\n{found}```\n" if found else "") if shown is not None else text

    try:
        return BLOCK.sub(block, PAGE.read_text())
    finally:
        namespace["hub"].close()


def formed(text):
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def test_the_page_shows_what_comes_out(tmp_path, monkeypatch):
    for name in ("NODE", "JWT", "SESAM_NODE_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert formed(told(tmp_path)) == formed(PAGE.read_text())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        os.environ |= {"XDG_DATA_HOME": f"{made}/share", "XDG_CONFIG_HOME": f"{made}/config"}
        os.chdir(made)
        sys.stdout.write("written\n" if PAGE.write_text(told(Path(made))) else "")
