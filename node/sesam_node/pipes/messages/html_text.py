"""The text of an HTML page, for readers of mail without HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAG = re.compile(
    r"</?(?:html|body|head|p|br|div|span|table|tr|td|th|ul|ol|li|a|b|i|em|strong|h[1-6]|img|hr|pre)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
HIDDEN = frozenset(("script", "style", "head", "title", "template"))
LINES = frozenset(("br", "tr", "div", "hr", "dt", "dd"))
PARAGRAPHS = frozenset(
    ("p", "pre", "blockquote", "ul", "ol", "dl", "table", "section", "article", "header", "footer")
)
HEADINGS = re.compile(r"h[1-6]").fullmatch
IN_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def is_html(text: str) -> bool:
    """Does a text hold tags of HTML?"""
    return TAG.search(text) is not None


def makes_html(template: str, made: str) -> bool:
    """Is what a template made HTML?

    That is for the template to say: a value with tags in it makes no HTML of a text. One that
    consists of values alone leaves it to them.
    """
    own = IN_TEMPLATE.sub("", template)
    return is_html(own) if own.strip() else is_html(made)


def text_of_html(html: str) -> str:
    """Its text: paragraphs and lines kept, links with their address behind them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden += 1
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
        elif tag == "li":
            self.parts.append("\n- ")
        else:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            text = "".join(self.parts[start:]).strip()
            if address.startswith(("http:", "https:")) and address != text:
                self.parts.append(f" ({address})")
        elif tag != "br":
            self._break(tag)

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS or HEADINGS(tag):
            self.parts.append("\n\n")
        elif tag in LINES:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            # Ends of lines in the source mean no more than blanks.
            self.parts.append(re.sub(r"\s+", " ", data))
