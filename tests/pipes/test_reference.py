"""The pages of component types: whole, current, and with links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sesam_node.pipes.component import specs
from sesam_node.pipes.reference import pages

FOLDER = Path(__file__).parents[2] / "docs" / "components"


def test_the_committed_pages_are_current():
    """`sesam-node reference` writes them."""
    found = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.md")}
    assert found == pages()


def test_every_type_and_option_is_told():
    text = "\n".join(pages().values())
    for (kind, type_), spec in specs().items():
        name = f"system:{type_}" if kind == "system" else type_
        assert f"\n## {name}\n" in text
        for option in spec.options:
            assert f"| `{option.name}` |" in text, (kind, type_, option.name)


def test_every_option_says_what_it_is():
    silent = [
        (kind, type_, option.name)
        for (kind, type_), spec in specs().items()
        for option in spec.options
        if not option.doc
    ]
    assert silent == []


@pytest.mark.parametrize("name", sorted(pages()))
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)", pages()[name]):
        assert (FOLDER / target).exists(), target
