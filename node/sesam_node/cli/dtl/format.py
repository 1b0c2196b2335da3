"""`sesam-node dtl format`: rule files in their one layout."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sesam_node.cli.dtl.files import STDIN, read_file
from sesam_node.cli.dtl.show import broken
from sesam_node.dtl.format import format_text
from sesam_node.errors import InputError, SesamError

if TYPE_CHECKING:
    import argparse


def format(options: argparse.Namespace) -> int:  # noqa: A001 - the name of the action
    """Lay files out in place, or standard input; 1 where `--check` or `--diff` finds a change.

    What is wrong with one file does not keep the others from being laid out; 2 in the end.
    """
    if not 20 <= options.width <= 1000:
        raise InputError(f"--width: expected 20 to 1000 characters, got {options.width}")
    changed, failures = False, 0
    for name in options.files or [STDIN]:
        try:
            changed = _one(name, options) or changed
        except SesamError as error:
            print(f"sesam-node dtl: {error}", file=sys.stderr)
            failures += 1
    if failures:
        return 2
    return int(changed and (options.check or options.diff))


def _one(name: str, options: argparse.Namespace) -> bool:
    """Lay one file out; would it change?"""
    shown = "standard input" if name == STDIN else name
    text = read_file(name)
    laid_out = _laid_out(shown, text, options)
    changed = laid_out != text
    if options.diff:
        sys.stdout.writelines(
            difflib.unified_diff(
                text.splitlines(keepends=True),
                laid_out.splitlines(keepends=True),
                shown,
                f"{shown} (laid out)",
            )
        )
    elif options.check:
        if changed:
            print(shown)
    elif name == STDIN:
        sys.stdout.write(laid_out)
    elif changed:
        _replace(Path(name), laid_out)
        print(f"laid out {name}")
    return changed


def _laid_out(name: str, text: str, options: argparse.Namespace) -> str:
    try:
        return format_text(text, width=options.width, style=options.style)
    except InputError as error:
        if not hasattr(error, "offset"):
            raise InputError(f"{name}: {error.message}", error.problems) from None
        raise broken(name, text, error.offset, error.problems[0]) from None


def _replace(file: Path, text: str) -> None:
    """Write a file so that it is never half there; its mode stays. Raises InputError."""
    try:
        target = file.resolve()
        mode = target.stat().st_mode & 0o7777
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as new:
                new.write(text.encode())
            Path(temporary).chmod(mode)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from None
