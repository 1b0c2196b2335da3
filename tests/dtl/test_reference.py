"""The pages of the reference: whole, true, current, and with links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sesam_node.cli.main import main
from sesam_node.dtl import functions
from sesam_node.dtl.codes import CODES
from sesam_node.dtl.reference import pages

DOCS = Path(__file__).parents[2] / "docs" / "dtl"
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]+))?\)")


@pytest.fixture(scope="module")
def made():
    return pages()


def test_the_pages_in_docs_are_current(capsys):
    """`sesam-node dtl reference` writes them."""
    code = main(["dtl", "reference", "--check", str(DOCS)])
    assert (code, capsys.readouterr().out) == (0, "")


def test_the_pages_are_the_same_each_time(made):
    assert pages() == made


def test_every_function_has_its_place_once(made):
    headings = re.findall(r"^## `(.+?)`( \(transform\))?$", "\n".join(made.values()), re.MULTILINE)
    expected = [
        (function["name"], " (transform)" if function["kind"] == "transform" else "")
        for function in functions()
    ]
    assert sorted(headings) == sorted(expected)


def test_every_code_has_a_page_and_is_in_the_index(made):
    assert {f"problems/{code}.md" for code in CODES} < set(made)
    assert all(f"]({code}.md)" in made["problems/README.md"] for code in CODES)


def test_every_link_leads_to_a_page_and_a_place_in_it(made):
    broken = []
    for name, text in made.items():
        for target, anchor in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            page = (Path(name).parent / target).as_posix() if target else name
            if page.startswith(".."):
                there = (DOCS / page).resolve().is_file()
            else:
                page = re.sub(r"[^/]+/\.\./", "", page)
                there = page in made and (not anchor or f'<a id="{anchor}"></a>' in made[page])
            if not there:
                broken.append((name, target, anchor))
    assert broken == []


def test_a_page_shows_examples_with_their_results(made):
    text = made["strings.md"]
    start = text.index("## `upper`")
    assert '["upper", "æøå"]\n  gives      "ÆØÅ"\n' in text[start:]


def test_a_page_of_a_problem_has_the_error_itself(made):
    assert (
        'unknown function "uper"; did you mean "upper"? [unknown-function]'
        in made["problems/unknown-function.md"]
    )


def test_no_line_of_an_example_breaks_out_of_its_block(made):
    for name, text in made.items():
        assert text.count("\n```") % 2 == 0, name
