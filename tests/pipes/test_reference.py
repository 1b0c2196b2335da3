"""The pages of component types, whole and current, and those of systems, which people write.

What is built and needs a system has a page in `docs/systems` that tells its options and shows an
example that loads; its tests run that example.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from page_examples import PAGES as SYSTEM_PAGES
from page_examples import all_components

from sesam_node.cli.main import main
from sesam_node.errors import InputError
from sesam_node.hub.checking import check_configuration
from sesam_node.pipes import reference
from sesam_node.pipes.component import specs
from sesam_node.pipes.option_tables import fill, groups
from sesam_node.pipes.reference import pages

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "components"
SYSTEMS = sorted(file.stem for file in SYSTEM_PAGES.glob("*.md") if file.stem != "README")
NOT_CURRENT = "run `sesam-node reference` and commit what it writes"


def page_text(page):
    return (SYSTEM_PAGES / f"{page}.md").read_text("utf-8")


def test_the_committed_pages_are_current():
    found = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.md")}
    assert found == pages(), NOT_CURRENT


@pytest.mark.parametrize("page", SYSTEMS)
def test_the_tables_of_a_system_page_are_current(page):
    assert fill(page, page_text(page)) == page_text(page), NOT_CURRENT


def needs_a_page():
    """Systems that run, and all else that runs and needs one."""
    return [
        spec
        for spec in specs().values()
        if spec.built and (spec.kind == "system" or spec.system_types)
    ]


def test_what_needs_a_system_has_its_options_on_a_page_of_systems():
    told = {
        (spec.kind, spec.type)
        for page in SYSTEMS
        for group in groups(page, page_text(page))
        for spec in group.specs
    }
    missing = [f"{spec.kind}:{spec.type}" for spec in needs_a_page()]
    missing = [name for name in missing if tuple(name.split(":")) not in told]
    assert missing == [], "put `<!-- options: ... -->` into a page of docs/systems"


def test_what_needs_a_system_is_in_an_example_of_its_page():
    """Types that share one table, such as databases, share an example."""
    missing = []
    for page in SYSTEMS:
        shown = {
            (spec.kind, spec.type)
            for spec in specs().values()
            for component in all_components(page)
            if _uses(component, spec)
        }
        missing += [
            (page, group.specs[0].title)
            for group in groups(page, page_text(page))
            if not any((spec.kind, spec.type) in shown for spec in group.specs)
        ]
    assert missing == []


def _uses(component, spec):
    if spec.kind == "system":
        return component["type"] == f"system:{spec.type}"
    parts = component.get(spec.kind, [])
    parts = parts if isinstance(parts, list) else [parts]
    return any(part.get("type") == spec.type for part in parts)


@pytest.mark.parametrize("page", SYSTEMS)
def test_the_examples_of_a_page_load(page):
    """Where several have one `_id`, each is loaded with all that is not of its name."""
    components = all_components(page)
    env = dict.fromkeys(re.findall(r"\$ENV\(([^)]*)\)", json.dumps(components)), "http://there")
    for component in components:
        others = {one["_id"]: one for one in components}
        loaded = list({**others, component["_id"]: component}.values())
        problems = check_configuration(loaded, env).checked.problems
        # A page need not show where every dataset comes from.
        assert [one for one in problems if one.code != "unknown-dataset"] == []


@pytest.mark.parametrize("page", SYSTEMS)
def test_the_reference_leads_to_the_page(page):
    """`reference.PAGES` names it for every type that it tells the options of."""
    told = {spec.type for group in groups(page, page_text(page)) for spec in group.specs}
    target = f"../systems/{page}.md"
    assert {type_ for type_ in told if reference.PAGES.get(type_) != target} == set()


@pytest.mark.parametrize("page", [*SYSTEMS, "README"])
def test_links_of_system_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page_text(page)):
        assert (SYSTEM_PAGES / target).exists(), target


def test_the_index_lists_every_page_of_systems():
    index = page_text("README")
    assert [page for page in SYSTEMS if f"]({page}.md)" not in index] == []


def test_a_table_says_where_types_that_share_it_differ():
    page = "<!-- options: system:oracle,oracle_tns -->\n<!-- end of options -->\n"
    text = fill("x.md", page)
    assert "**`system:oracle`, `system:oracle_tns`**" in text
    assert (
        "| `tns_name` | string | required | the TNS name or its full description; of `oracle_tns` |"
        in text
    )
    assert '| `timezone` | string | `"UTC"` | the time zone of times without one |' in text
    assert fill("x.md", text) == text


def test_a_table_leaves_out_what_another_type_takes():
    page = "<!-- options: system:rest beyond system:url -->\n<!-- end of options -->"
    text = fill("x.md", page)
    assert "`operations`" in text
    assert "`url_pattern`" not in text


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("sink:sqll", 'x.md: "options: sink:sqll": unknown sink type "sqll"; did you mean "sql"?'),
        ("sql", 'x.md: "options: sql": expected a kind and a type, such as "sink:sql", got "sql"'),
    ],
)
def test_a_mark_that_names_no_type_is_told(mark, message):
    with pytest.raises(InputError) as error:
        fill("x.md", f"<!-- options: {mark} -->\n<!-- end of options -->")
    assert str(error.value) == message


def test_a_mark_without_an_end_is_told():
    with pytest.raises(InputError, match='no "<!-- end of options -->" after'):
        fill("x.md", "<!-- options: sink:sql -->\n\ntext")


def test_the_command_fills_tables_and_checks_them(tmp_path, capsys):
    page = tmp_path / "x.md"
    page.write_text("# X\n\n<!-- options: sink:null -->\n<!-- end of options -->\n", "utf-8")
    where = [str(FOLDER), "--pages", str(tmp_path)]
    assert main(["reference", "--check", *where]) == 1
    assert capsys.readouterr().out == f"{page}: is not current\n"
    assert main(["reference", *where]) == 0
    assert "takes no options of its own" in page.read_text("utf-8")
    assert main(["reference", "--check", *where]) == 0


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
