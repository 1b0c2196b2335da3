"""The node's own page: files for anybody, under a strict policy, and no data in them."""

from __future__ import annotations

import re

import httpx
import pytest

from sesam_node.api.handlers.page import NOT_BUILT, manifest


@pytest.fixture
def anybody(running_node):
    """A client without a token, at the root of the node."""
    root = running_node.url.removesuffix("/api")
    with httpx.Client(base_url=root, trust_env=False) as client:
        yield client


def test_the_page_is_for_anybody_and_holds_no_data(anybody, shop):
    answer = anybody.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "people" not in answer.text
    # Relative, so that it may stand behind a prefix.
    addresses = re.findall(r'(?:href|src)="([^"]+)"', answer.text)
    assert len(addresses) > 3
    assert all(re.match(r"(static|api)/", address) for address in addresses)


def test_the_policy_lets_in_only_what_comes_from_here(anybody):
    first, second = anybody.get("/"), anybody.get("/")
    policy = dict(
        part.strip().split(" ", 1) for part in first.headers["Content-Security-Policy"].split(";")
    )
    nonce = re.search(r'nonce="([^"]+)"', first.text)[1]
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert nonce not in second.text
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", first.text)
    expected = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    assert {name: first.headers[name] for name in expected} == expected


def test_every_file_of_the_build_is_there_to_be_kept(anybody):
    for name in sorted(manifest().files):
        answer = anybody.get(f"/static/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        again = anybody.get(f"/static/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_head_is_get_without_the_body(anybody):
    for path in ("/", f"/static/{manifest().script}"):
        head, get = anybody.head(path), anybody.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js",
        "/static/",
        "/static/manifest.json",
        "/static/../auth.py",
        "/static/..%2fauth.py",
        "/static/%2e%2e/%2e%2e/settings.py",
        "/static/%2fetc%2fpasswd",
        "/static/..\\auth.py",
        "/static/icon.svg%00.js",
    ],
)
def test_nothing_else_is_served(anybody, path):
    # As it is, not tidied by a client.
    request = anybody.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = anybody.send(request)
    assert answer.status_code in (400, 401, 404)
    assert "import" not in answer.text


def test_nothing_is_done_here(anybody):
    answer = anybody.post("/", json={})
    assert answer.status_code == 405
    assert anybody.put(f"/static/{manifest().script}", content=b"x").status_code == 405


def test_a_foreign_name_is_not_served_and_a_link_of_another_site_is(anybody):
    refused = anybody.get("/", headers={"Host": "evil.example"})
    assert (refused.status_code, "localhost only" in refused.text) == (403, True)
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert anybody.get("/", headers=linked).status_code == 200


def test_what_is_not_built_is_told(tmp_path):
    assert manifest(tmp_path) is None
    assert "make setup" in NOT_BUILT
