"""`sesam-node dtl reference`: the pages of the language's reference, written or compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.reference.markdown import GENERATED, pages
from sesam_node.errors import InputError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def reference(options: argparse.Namespace) -> int:
    """Write the pages, or with `--check` name those that are not current; 1 where there are any."""
    try:
        return _check(options.folder) if options.check else _write(options.folder)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None


def _write(folder: Path) -> int:
    made, changed = pages(), 0
    for name in _stale(folder, made):
        (folder / name).unlink()
        print(f"removed {folder / name}")
    for name, text in made.items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            changed += 1
    print(f"{len(made)} pages in {folder}, {changed} written")
    return 0


def _check(folder: Path) -> int:
    made = pages()
    wrong = [f"{folder / name}: no page has this name any more" for name in _stale(folder, made)]
    for name, text in made.items():
        file = folder / name
        if not file.exists():
            wrong.append(f"{file}: is missing")
        elif file.read_text("utf-8") != text:
            wrong.append(f"{file}: is not current")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _stale(folder: Path, made: dict[str, str]) -> list[str]:
    """Pages that were generated once and have no source now; what people wrote stays."""
    found = []
    for file in sorted(folder.rglob("*.md")):
        name = file.relative_to(folder).as_posix()
        if name not in made and file.read_text("utf-8").startswith(GENERATED):
            found.append(name)
    return found
