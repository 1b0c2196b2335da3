"""`sesam-node dtl reference`: the pages of the language's reference, written or compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.cli import pages as files
from sesam_node.dtl.reference.markdown import GENERATED, pages

if TYPE_CHECKING:
    import argparse


def reference(options: argparse.Namespace) -> int:
    """Write the pages, or with `--check` name those that are not current; 1 where there are any."""
    return files.reference(options.folder, pages(), GENERATED, check=options.check)
