"""A pipe's status: it runs at a click, asks before a reset, tells what failed."""

import pytest
from notebook_page import open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

CONNECT = """import sesam_interactive
hub = sesam_interactive.connect()
"""
FAILING = (
    CONNECT
    + """hub.connection.json("PUT", "/pipes/failing/config?force=true", json={
    "_id": "failing", "type": "pipe", "source": {"type": "dataset", "dataset": "person"},
    "pump": {"mode": "manual"},
    "transform": {"type": "dtl", "rules": {"default": [["fail!", "not today"]]}}})
hub.pipes["failing"].status_view()"""
)

COUNTED = (
    CONNECT
    + """hub.connection.json("PUT", "/pipes/counted/config?force=true", json={
    "_id": "counted", "type": "pipe", "pump": {"mode": "manual"},
    "source": {"type": "embedded", "entities": [{"_id": n} for n in "abc"]}})
hub.pipes["counted"].status_view()"""
)


def status(page, people_lab, source):
    open_cells(page, people_lab, source)
    run_all(page)
    box = output(page).locator(".sesam-status-box")
    box.wait_for(timeout=60_000)
    return box


def test_a_pipe_is_run_and_its_run_is_one_more_bar(people_lab, page):
    box = status(page, people_lab, COUNTED)
    box.get_by_text("not run yet").wait_for()
    box.get_by_text("No run has done anything yet.").wait_for()
    box.get_by_role("button", name="Run", exact=True).click()
    box.get_by_text("ok", exact=True).wait_for()
    box.get_by_role("option").wait_for()
    box.get_by_text("3 read, 3 changed").wait_for()
    shot(page, "status-ok")
    assert page.errors == []


@pytest.mark.long
def test_what_throws_work_away_is_asked_before_it_is_done(people_lab, page):
    box = status(page, people_lab, CONNECT + 'hub.pipes["person-enriched"].status_view()')
    box.get_by_text("nothing waits").wait_for()
    box.get_by_role("button", name="Reset").click()
    sure = box.get_by_role("alertdialog")
    shot(page, "status-asks")
    sure.get_by_role("button", name="Cancel").click()
    sure.wait_for(state="detached")
    box.get_by_role("button", name="Reset").click()
    sure.get_by_role("button", name="Reset").click()
    box.get_by_text("250 wait").wait_for()
    box.get_by_role("button", name="Run", exact=True).click()
    box.get_by_text("nothing waits").wait_for()
    assert page.errors == []


@pytest.mark.long
def test_a_failure_is_told_with_its_message(people_lab, page):
    box = status(page, people_lab, FAILING)
    box.get_by_role("button", name="Run", exact=True).click()
    box.get_by_text("not today").first.wait_for()
    shot(page, "status-failed")
    assert page.errors == []
