"""Generated pages, and generated parts of pages: written, or compared with what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def reference(folder: Path, made: Mapping[str, str], mark: str, *, check: bool) -> int:
    """Write the pages, or with `check` name those that are not current; 1 where there are any.

    `mark` begins each generated page: those that are not made any more are removed.
    """
    try:
        return _check(folder, made, mark) if check else _write(folder, made, mark)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None


def fill(folder: Path, fill_page: Callable[[str, str], str], *, check: bool) -> int:
    """Bring what is made within the pages of people up to date, or with `check` name those to do.

    `fill_page` takes the name and the text of a page and gives its text as it should be.
    """
    stale = 0
    try:
        for file in sorted(folder.glob("*.md")):
            text = file.read_text("utf-8")
            made = fill_page(file.name, text)
            if made != text:
                stale += 1
                if not check:
                    file.write_text(made, "utf-8")
                print(f"{file}: {'is not current' if check else 'tables written'}")
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None
    return 1 if stale and check else 0


def _write(folder: Path, made: Mapping[str, str], mark: str) -> int:
    changed = 0
    for name in _stale(folder, made, mark):
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


def _check(folder: Path, made: Mapping[str, str], mark: str) -> int:
    wrong = [
        f"{folder / name}: no page has this name any more" for name in _stale(folder, made, mark)
    ]
    for name, text in made.items():
        file = folder / name
        if not file.exists():
            wrong.append(f"{file}: is missing")
        elif file.read_text("utf-8") != text:
            wrong.append(f"{file}: is not current")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _stale(folder: Path, made: Mapping[str, str], mark: str) -> list[str]:
    """Pages that were generated once and have no source now; what people wrote stays."""
    found = []
    for file in sorted(folder.rglob("*.md")):
        name = file.relative_to(folder).as_posix()
        if name not in made and file.read_text("utf-8").startswith(mark):
            found.append(name)
    return found
