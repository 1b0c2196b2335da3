"""Chromium, and the JupyterLab that it looks at."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from demo_project import ROOT
from lab_environments import UV, run
from lab_server import Lab, lab_with_people
from notebook_page import new_page
from playwright.sync_api import sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# The versions of JupyterLab, which are installed for it, are not for every run.
collect_ignore = (
    [] if os.environ.get("LAB_VERSIONS") else ["test_lab_versions.py", "test_jupyterhub.py"]
)


@pytest.fixture
def lab(tmp_path, demo_copy):
    server = Lab(tmp_path, demo_copy)
    yield server
    server.close()


@pytest.fixture
def people_lab(shared_lab):
    """One JupyterLab for all tests of views: people, departments, and a pipe that joins them.

    Its pipes have run once. Notebooks are made by the tests (`notebook_page.open_cells`); their
    kernels, and the pipes that they add, end with the test.
    """
    yield shared_lab
    shared_lab.end_kernels()
    shared_lab.forget_other_pipes()


@pytest.fixture(scope="session")
def shared_lab(tmp_path_factory):
    server = lab_with_people(tmp_path_factory)
    yield server
    server.close()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of this source tree."""
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture
def page(tmp_path):
    """A page of a fresh Chromium; console errors and failed scripts are in `page.errors`."""
    executable = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if executable is None:
        pytest.fail("Chromium is not installed; `make test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield new_page(browser)
        browser.close()
