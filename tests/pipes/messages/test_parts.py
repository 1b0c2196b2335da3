"""Limits, what was delivered, addresses, and the text of HTML."""

import pytest

from sesam_node.config.document import Document
from sesam_node.config.validate import validate
from sesam_node.pipes.component import specs
from sesam_node.pipes.messages.delivered import KEPT_S, Delivered
from sesam_node.pipes.messages.html_text import is_html, makes_html, text_of_html
from sesam_node.pipes.messages.limit import HourlyLimit
from sesam_node.pipes.messages.mail import one_line
from sesam_node.store import open_store


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def settings():
    store = open_store("memory:")
    yield store.settings
    store.close()


def test_within_any_hour_no_more_than_the_limit(settings):
    clock = Clock()
    limit = HourlyLimit(settings, "out", 3, clock)
    assert [limit.take() for _ in range(2)] == [True, True]
    clock.now += 1_800
    assert [limit.take(), limit.take()] == [True, False]
    clock.now += 1_700
    assert not limit.take()
    clock.now += 200
    assert [limit.take() for _ in range(3)] == [True, True, False]


def test_what_is_given_back_can_be_taken_again(settings):
    limit = HourlyLimit(settings, "out", 1, Clock())
    assert limit.take()
    limit.give_back()
    assert [limit.take(), limit.take()] == [True, False]


def test_systems_are_counted_each_on_its_own(settings):
    assert all(HourlyLimit(settings, name, 1, Clock()).take() for name in ("a", "b"))


def test_workers_share_a_limit(settings):
    """One that loses the race counts again, on top of the other."""
    first, second = (HourlyLimit(settings, "out", 2, Clock()) for _ in range(2))

    class Racing:
        def get(self, key):
            found = settings.get(key)
            self.get = settings.get
            assert second.take()
            return found

        write = staticmethod(settings.write)

    first._settings = Racing()
    assert first.take()
    assert not first.take()


def test_what_was_delivered_is_known_to_the_next_process_for_a_week(settings):
    clock = Clock()
    delivered = Delivered(settings, "mail", clock)
    delivered.add("k", "a@x.org")
    assert Delivered(settings, "mail", clock).to("k") == frozenset()
    delivered.save()
    assert Delivered(settings, "mail", clock).to("k") == {"a@x.org"}
    assert Delivered(settings, "other", clock).to("k") == frozenset()
    clock.now += KEPT_S + 1
    assert Delivered(settings, "mail", clock).to("k") == frozenset()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<p>b", "a\n\nb"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a<script>b()</script><style>c</style>d", "ad"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n\n3"),
        ("a &amp; b&nbsp;c &lt;d&gt;", "a & b c <d>"),
        ('<a href="https://x.y">https://x.y</a> <a href="#z">z</a>', "https://x.y z"),
        ("<html><head><title>t</title></head><body>\n  x\n  y</body></html>", "x y"),
    ],
)
def test_the_text_of_html(html, text):
    assert text_of_html(html) == text


@pytest.mark.parametrize(
    ("text", "html"), [("a < b and c > d", False), ("x <br/> y", True), ("<Bo@x.org>", False)]
)
def test_what_has_tags(text, html):
    assert is_html(text) is html


@pytest.mark.parametrize(
    ("template", "html"),
    [
        ("Hello {{ x }}", False),
        ("<p>{{ x }}</p>", True),
        (" {{ x }}{# all of it #} ", True),
        ("{% if x %}{{ x }}{% endif %}", True),
    ],
)
def test_a_template_says_whether_it_makes_html(template, html):
    assert makes_html(template, "<b>x</b>") is html


def test_a_header_is_one_line():
    assert one_line("a\r\nb\x00\u2028c \t d") == "a b c d"


@pytest.mark.parametrize(
    ("sink", "line"),
    [
        ({"mail_from": "nobody"}, '$.sink.mail_from: expected mail addresses, got "nobody"'),
        ({"mail_from": "a@x.org, b@x.org"}, "$.sink.mail_from: expected one mail address"),
        ({"recipients": "a@x.org; b"}, "$.sink.recipients: expected mail addresses"),
        (
            {"body_template": "x", "body_template_property": "y"},
            '$.sink.body_template_property: "body_template" and "body_template_property" exclude',
        ),
        ({"max": 1, "system": "db"}, "$.sink.system"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_saved(sink, line):
    pipe = {
        "_id": "p",
        "type": "pipe",
        "source": {"type": "empty"},
        "sink": {"type": "mail", "system": "m", "mail_from": "a@x.org", **sink},
    }
    systems = [{"_id": "m", "type": "system:smtp"}, {"_id": "db", "type": "system:sqlite"}]
    systems[1]["database"] = "x"
    checked = validate(Document.from_list([pipe, *systems]), {}, specs())
    errors = [str(one) for one in checked.problems if one.level == "error"]
    assert len(errors) == 1
    assert line in errors[0].partition(" ")[2]
