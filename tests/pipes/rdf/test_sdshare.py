"""The sdshare source over feeds of other servers, and the sink over receivers."""

from __future__ import annotations

import resource

import pytest
from page_examples import page_components
from web_server import Reply

ATOM = "application/atom+xml"
HEAD = (
    '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:sd="http://www.sdshare.org/2012/core/" xmlns:old="http://www.egovpt.org/sdshare">'
)


def entry(number, more="", updated="2024-01-01T00:00:00Z"):
    return (
        f"<entry><id>e{number}</id><updated>{updated}</updated>"
        f"<sd:resource>http://x.org/{number}</sd:resource>{more}</entry>"
    )


def link(href, rel="http://www.sdshare.org/2012/core/fragment"):
    return f'<link rel="{rel}" type="text/turtle" href="{href}"/>'


def content(kind, text):
    return f'<content type="{kind}">{text}</content>'


@pytest.fixture
def serve(web, memory_node):
    """`serve(pages)` answers paths with (type, text); the node reads `/feed`."""

    def start(pages, **options):
        def answer(asked):
            page = pages.get(asked.path)
            if page is None:
                return Reply(b"", 404)
            kind, text = page(asked) if callable(page) else page
            return Reply(text.encode(), headers={"Content-Type": kind})

        server = web(answer)
        system = {"_id": "s", "type": "system:url", "url_pattern": f"{server.url}/%s"}
        memory_node.more = {"systems": {"s": system}}
        source = {"type": "sdshare", "system": "s", "url": "feed", **options}
        memory_node.pipe("got", source=source)
        return server

    return start


def test_fragments_are_fetched_from_where_entries_lead(serve, memory_node):
    old = entry(2, link("/f/2", "alternate")).replace("sd:resource", "old:TopicSI")
    serve(
        {
            "/feed": (ATOM, f"{HEAD}{entry(1, link('f/1'))}{old}{entry(3, link('f/3'))}</feed>"),
            "/f/1": ("text/turtle", '<http://x.org/1> <x:p> "a", "b" .'),
            "/f/2": ("application/n-triples", '<http://x.org/2> <x:p> "c" .'),
            "/f/3": (
                "application/rdf+xml",
                "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
            ),
        }
    )
    memory_node.run("got")
    assert memory_node.live("got") == {
        "<http://x.org/1>": {"<x:p>": ["a", "b"]},
        "<http://x.org/2>": {"<x:p>": "c"},
    }


def test_pages_are_followed_and_the_latest_time_is_where_the_next_run_begins(serve, memory_node):
    def first(asked):
        since = asked.query.get("since", "")
        more = "" if since else '<link rel="next" href="feed2"/>'
        return ATOM, f"{HEAD}{entry(1, link('f'), '2024-01-03T00:00:00Z')}{more}</feed>"

    server = serve(
        {
            "/feed": first,
            "/feed2": (ATOM, f"{HEAD}{entry(2, link('f'), '2024-01-02T00:00:00Z')}</feed>"),
            "/f": ("text/turtle", "<http://x.org/1> <x:p> 1 . <http://x.org/2> <x:p> 2 ."),
        }
    )
    assert memory_node.run("got").processed == 2
    memory_node.run("got")
    assert server.asked[-2].query == {"since": "2024-01-03T00:00:00Z"}


def test_a_collection_leads_to_the_feed(serve, memory_node):
    to_feed = (
        "<entry><id>c</id>"
        + link("frags?a=1", "http://www.egovpt.org/sdshare/fragmentsfeed")
        + "</entry>"
    )
    server = serve(
        {
            "/feed": (ATOM, f"{HEAD}{to_feed}</feed>"),
            "/frags": (ATOM, f"{HEAD}{entry(1, link('f'))}</feed>"),
            "/f": ("text/turtle", "<http://x.org/1> <x:p> 1 ."),
        }
    )
    memory_node.run("got")
    memory_node.run("got")
    asked = [item.query for item in server.asked if item.path == "/frags"]
    assert asked == [{"a": "1"}, {"a": "1", "since": "2024-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ("<html/>", 'expected an Atom feed, got the element "html"'),
        (f"{HEAD}<entry>", "it is no XML"),
        ('<!DOCTYPE feed [<!ENTITY a "b">]><feed/>', "document type"),
        (f"{HEAD}{entry(1)}</feed>", "has no fragment"),
        (f"{HEAD}{entry(1, link('file:///etc/passwd'))}</feed>", "which is not HTTP"),
        (f"{HEAD}{entry(1, link('gone'))}</feed>", "404"),
        (f"{HEAD}{entry(1, content('text/turtle', 'x'))}</feed>", "Turtle cannot be read"),
        (f"{HEAD}{entry(1, content('application/n-triples', '!'))}</feed>", "no Base64"),
        (f'{HEAD}<link rel="next" href="feed"/></feed>', "lead back"),
        (f"{HEAD}{entry('a').replace('http://x.org/a', 'a b')}</feed>", "no absolute URI"),
    ],
)
def test_feeds_that_are_none_fail_the_run_and_delete_nothing(serve, memory_node, feed, message):
    good = f"{HEAD}{entry(1, link('f'))}</feed>"
    pages = {"/feed": (ATOM, good), "/f": ("text/turtle", "<http://x.org/1> <x:p> 1 .")}
    serve(pages)
    memory_node.run("got")
    pages["/feed"] = (ATOM, feed)
    result = memory_node.try_run("got", "full")
    assert message in result.error
    assert list(memory_node.live("got")) == ["<http://x.org/1>"]


def test_a_long_feed_is_read_in_constant_memory(web, memory_node):
    said = content("text/plain", '&lt;http://x.org/1> &lt;x:p> "a" .\n' * 5)

    data = (HEAD + entry(1, said) * 70_000 + "</feed>").encode()
    server = web(lambda _asked: Reply(data, headers={"Content-Type": ATOM}))
    system = {"_id": "s", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"s": system}}
    source = {"type": "sdshare", "system": "s", "url": "feed"}
    memory_node.pipe("out", source=source, sink={"type": "null"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert memory_node.run("out").processed == 70_000
    assert len(data) > 20_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15_000


# -- the sink --------------------------------------------------------------------------------------


def test_the_sink_names_what_it_pushes_in_urls_of_bounded_length(web, memory_node):
    server = web(lambda _asked: Reply(b""))
    memory_node.more = {
        "systems": {"s": {"_id": "s", "type": "system:url", "url_pattern": f"{server.url}/%s"}}
    }
    memory_node.put(
        "in", *({"_id": f"http://x.org/{'a' * 40}/{n}", "p": {"q": n}} for n in range(300))
    )
    memory_node.put("in", {"_id": "http://x.org/gone", "_deleted": True})
    sink = {"type": "sdshare", "system": "s", "url": "push?x=1", "graph": "http://x.org/g"}
    memory_node.pipe("out", source="in", sink=sink)
    memory_node.run("out")
    assert len(server.asked) > 3
    for asked in server.asked:
        assert (asked.path, asked.query["x"], asked.query["graph"]) == (
            "/push",
            "1",
            "http://x.org/g",
        )
        assert asked.headers["content-type"] == "application/n-triples"
    lines = b"".join(asked.body for asked in server.asked).splitlines()
    assert len(lines) == 600


def test_the_examples_of_the_page_run(web, memory_node):
    components = page_components("rdf")
    fragment = '<http://example.com/a> <x:p> "a" .'
    said = content("text/plain", fragment.replace("<", "&lt;"))
    pages = f"{HEAD}{entry(1, said)}</feed>"
    server = web(lambda asked: Reply(pages.encode() if asked.method == "GET" else b""))
    system = {**components["registry"], "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"registry": system}}
    memory_node.put("customer", {"_id": "customer:1", "customer:name": "Ada"})
    for name in ("registry-company", "customer-push"):
        pipe = components[name]
        memory_node.pipe(name, **{key: pipe[key] for key in pipe if key not in ("_id", "type")})
        memory_node.run(name)
    assert server.asked[-1].query["resource"] == "customer:1"
