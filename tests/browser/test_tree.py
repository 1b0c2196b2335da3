"""An entity as a tree: folded, searched, long lists in portions, two versions compared."""

import pytest
from notebook_page import open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

TREE = "from sesam_interactive.widgets.entity_tree import EntityTree\n"
MANY = TREE + 'EntityTree({"_id": "7", "name": "Ada", "lines": list(range(10_000))})'
DIFF = (
    TREE
    + """EntityTree(
    {"_id": "7", "name": "Ada", "born": "~t1815-12-10", "address": {"city": "Oslo", "zip": "1"},
     "text": "long " * 100, "nothing": None, "rate": "~f0.50", "tags": ["a", "c"]},
    {"_id": "7", "name": "ada", "address": {"city": "Bergen", "zip": "1"}, "old": True,
     "text": "long " * 100, "nothing": None, "rate": "~f0.50", "tags": ["a", "b"]})"""
)


def shown(page, people_lab, source):
    open_cells(page, people_lab, source)
    run_all(page)
    tree = output(page).locator(".sesam-tree-box")
    tree.wait_for(timeout=60_000)
    return tree


@pytest.mark.long
def test_a_long_list_unfolds_in_portions(people_lab, page):
    tree = shown(page, people_lab, MANY)
    tree.get_by_text("10,000 items").or_(tree.get_by_text("[0, 1, 2")).first.wait_for()
    tree.get_by_role("button", name="unfold lines").click()
    tree.get_by_role("button", name="9,900 more").click()
    tree.get_by_role("button", name="9,400 more").wait_for()
    tree.get_by_label("Search in this entity").fill("name")
    tree.get_by_text("Ada").wait_for()
    assert tree.get_by_role("treeitem").count() == 1
    assert page.errors == []


def test_two_versions_are_compared_property_by_property(people_lab, page):
    tree = shown(page, people_lab, DIFF)
    tree.locator("del", has_text="Bergen").wait_for()
    tree.locator("ins", has_text="Oslo").wait_for()
    assert tree.locator(".sesam-removed .sesam-name").all_inner_texts() == ["old"]
    assert tree.locator(".sesam-added .sesam-name").all_inner_texts() == ["born"]
    shot(page, "tree-diff")
    assert page.errors == []
