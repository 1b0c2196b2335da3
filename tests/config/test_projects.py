"""The conformance projects load with the real component types."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesam_node.config import read_project, read_zip, validate, write_zip
from sesam_node.config.files import read_whitelist
from sesam_node.pipes.component import specs

PROJECTS = Path(__file__).parent.parent / "conformance" / "projects"
NAMES = sorted(path.name for path in PROJECTS.iterdir())


def load(name, *, whitelist=True):
    file = PROJECTS / name / "whitelist.txt"
    names = read_whitelist(file) if whitelist and file.exists() else None
    project = read_project(PROJECTS / name, whitelist=names)
    return project, validate(project.document, project.env, specs(), known_secrets={})


@pytest.mark.parametrize("name", NAMES)
def test_a_project_loads_without_an_error(name):
    _, checked = load(name)
    assert [str(problem) for problem in checked.problems if problem.level == "error"] == []
    assert {problem.code for problem in checked.problems} <= {"not-built"}


@pytest.mark.parametrize("name", NAMES)
def test_a_project_survives_a_zip(name):
    project, _ = load(name)
    assert read_zip(write_zip(project.document)).by_id == project.document.by_id


def test_a_component_of_an_unknown_type_is_refused():
    project, checked = load("site-inspections", whitelist=False)
    assert "inspection-legacy" in project.document.pipes
    assert [str(problem) for problem in checked.problems if problem.level == "error"] == [
        'inspection-legacy $.source.type: unknown source type "clay-tablet" [unknown-type]'
    ]


def test_the_effective_form_is_what_the_official_client_sorts_pipes_by():
    _, checked = load("webshop-orders")
    sources = {
        name: (pipe["source"]["type"], pipe["sink"]["type"], pipe["sink"].get("dataset"))
        for name, pipe in checked.effective.items()
        if pipe["type"] == "pipe"
    }
    assert sources == {
        "customer": ("http_endpoint", "dataset", "customer"),
        "customer-share": ("dataset", "http_endpoint", None),
        "order": ("http_endpoint", "dataset", "order"),
        "order-csv": ("dataset", "csv_endpoint", None),
        "order-enriched": ("dataset", "dataset", "order-enriched"),
        "order-share": ("dataset", "http_endpoint", None),
        "product": ("embedded", "dataset", "product"),
    }


def test_test_data_names_receivers_and_specifications_are_found():
    project, _ = load("webshop-orders")
    assert sorted(project.testdata) == ["customer", "order"]
    assert [path.name for path in project.expected] == [
        "customer-share.test.json",
        "order-csv.test.json",
        "order-share.test.json",
    ]
