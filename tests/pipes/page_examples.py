"""The examples of the pages in `docs/systems`: what a reader copies is what the tests run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parents[2] / "docs" / "systems"
BLOCK = re.compile(r"^```json\n([\[{].*?)^```", re.DOTALL | re.MULTILINE)


def page_components(page: str) -> dict[str, dict[str, Any]]:
    """The systems and pipes that the `json` blocks of a page define, by `_id`.

    A test gives them the addresses of its servers and runs them. Of several with one `_id` the
    last counts.
    """
    return {component["_id"]: component for component in all_components(page)}


def all_components(page: str) -> list[dict[str, Any]]:
    """Every whole component of a page in its order, those of the same `_id` too.

    Raises ValueError where a block is no JSON, so that a page cannot show what nobody could load.
    Blocks that begin with neither `{` nor `[` are parts of a configuration and left out.
    """
    found: list[dict[str, Any]] = []
    for block in BLOCK.findall((PAGES / f"{page}.md").read_text(encoding="utf-8")):
        content = json.loads(block)
        components = content if isinstance(content, list) else [content]
        found += [one for one in components if "_id" in one and "type" in one]
    return found
