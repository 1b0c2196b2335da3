"""A page that nobody sees asks nothing: neither the panel nor a view that keeps up to date."""

import pytest

import sesam_interactive
from sesam_interactive.client.managed import wait_for_node

pytestmark = pytest.mark.browser

TURN = """state => {
  Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNTED = {
    "_id": "unseen",
    "type": "pipe",
    "pump": {"mode": "manual"},
    "source": {"type": "embedded", "entities": [{"_id": n} for n in "abc"]},
}


@pytest.fixture
def node(people_lab):
    hub = sesam_interactive.connect(*wait_for_node(people_lab.folder / "node"), default=False)
    before = hub.config()
    yield hub
    hub.config.replace(before)
    hub.close()


LONG = [pytest.param(view, marks=pytest.mark.long) for view in ("status", "grid")]


@pytest.mark.parametrize("view", ["flow", *LONG])
def test_a_hidden_page_asks_nothing_and_is_up_to_date_when_seen_again(people_lab, node, page, view):
    asked = []
    page.on("request", lambda r: asked.append(r.url) if "/sesam-interactive/" in r.url else None)
    # Time of the page's own, so that an hour may pass.
    page.clock.install()
    page.goto(f"{people_lab.url}/lab/workspaces/hidden-{view}?reset&token={people_lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.commands.execute('sesam:panel')")
    panel = page.locator(".sesam-side-panel")
    panel.locator('[data-sesam-kind="pipe"]').first.wait_for(timeout=60_000)
    name = "" if view == "flow" else "person"
    page.evaluate(
        "args => window.jupyterapp.commands.execute('sesam:open-view', args)",
        {"view": view, "name": name},
    )
    # It keeps itself up to date while it is seen.
    for _ in range(2):
        with page.expect_response(lambda r: "/sesam-interactive/views" in r.url, timeout=60_000):
            page.clock.run_for(10_000)

    with page.expect_event("requestfailed", lambda r: "/api/events" in r.url, timeout=60_000):
        page.evaluate(TURN, "hidden")
    page.wait_for_load_state("networkidle")
    asked.clear()
    node.pipes.add(COUNTED)
    for _ in range(6):
        page.clock.fast_forward(600_000)
        page.evaluate("() => fetch('/api').then(answer => answer.text())")
    assert asked == []

    page.evaluate(TURN, "visible")
    panel.locator('[data-sesam-name="unseen"]').first.wait_for(timeout=60_000)
    assert page.errors == []
