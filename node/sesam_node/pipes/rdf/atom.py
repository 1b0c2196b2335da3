"""Atom feeds of SDShare: written and read piece by piece, in constant memory.

Elements and links are those of the SDShare namespace of 2012; those of its forerunner are read,
too. A feed is read without document type, so there are no entities to take apart.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from sesam_node.errors import InputError, Problem
from sesam_node.pipes.rdf.files import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

ATOM = "http://www.w3.org/2005/Atom"
SDSHARE = "http://www.sdshare.org/2012/core/"
SPACES = (SDSHARE, "http://www.egovpt.org/sdshare/", "http://www.egovpt.org/sdshare")
TYPE = "application/atom+xml"
NTRIPLES = "application/n-triples"
FRAGMENTS_FEED, FRAGMENT = f"{SDSHARE}fragmentsfeed", f"{SDSHARE}fragment"
RESOURCES = ("resource", "topicsi")

CHUNK_BYTES = 64 * 1024
MOST_CHARACTERS = 64 * 1024 * 1024
"""The text of one element: that of a fragment is the longest."""

UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Entry:
    """An entry of a feed: which resource it is about, since when, and where its statements are.

    `content` are the statements themselves, of the type `kind`; `links` lead to other places by
    their `rel`: address and type.
    """

    id: str = ""
    title: str = ""
    updated: str = ""
    resources: list[str] = field(default_factory=list)
    content: str | bytes | None = None
    kind: str = ""
    links: dict[str, tuple[str, str]] = field(default_factory=dict)


# -- writing ---------------------------------------------------------------------------------------


def _text(text: str) -> str:
    return escape(UNFIT.sub("\ufffd", text))


def written_link(rel: str, href: str, kind: str) -> str:
    """A link element."""
    return f"<link rel={quoteattr(rel)} type={quoteattr(kind)} href={quoteattr(href)}/>"


def written_entry(entry: Entry) -> str:
    """An entry element."""
    parts = [
        f"<id>{_text(entry.id)}</id>",
        f"<title>{_text(entry.title)}</title>",
        f"<updated>{entry.updated}</updated>",
        *(f"<sdshare:resource>{_text(uri)}</sdshare:resource>" for uri in entry.resources),
        *(written_link(rel, href, kind) for rel, (href, kind) in entry.links.items()),
    ]
    if entry.content is not None:
        data = entry.content.encode() if isinstance(entry.content, str) else entry.content
        # Atom wants Base64 for what is neither text nor XML.
        parts.append(f'<content type="{entry.kind}">{b64encode(data).decode()}</content>')
    return f"<entry>{''.join(parts)}</entry>\n"


def written_feed(entries: Iterable[str], *, id_: str, title: str, updated: str) -> Iterator[bytes]:
    """A feed of written entries (and of links among them), in chunks of about 64 KiB."""
    chunk = [
        '<?xml version="1.0" encoding="utf-8"?>\n',
        f'<feed xmlns="{ATOM}" xmlns:sdshare="{SDSHARE}">\n',
        f"<id>{_text(id_)}</id><title>{_text(title)}</title><updated>{updated}</updated>",
        "<author><name>sesam-node</name></author>\n",
    ]
    size = 0
    for entry in entries:
        chunk.append(entry)
        size += len(entry)
        if size >= CHUNK_BYTES:
            yield "".join(chunk).encode()
            chunk, size = [], 0
    yield "".join([*chunk, "</feed>\n"]).encode()


# -- reading ---------------------------------------------------------------------------------------


class FeedReader:
    """Reads a feed; `links` are those of the feed itself, all of them once it is read."""

    def __init__(self) -> None:
        self.links: dict[str, tuple[str, str]] = {}
        self._entry: Entry | None = None
        self._done: list[Entry] = []
        self._words: list[str] = []
        self._size = 0
        self._depth = 0
        self._content: dict[str, str] = {}
        parser: Any = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._document_type
        self._parser = parser

    def entries(self, body: BinaryIO) -> Iterator[Entry]:
        """Its entries as they come. Raises InputError where it is no Atom feed."""
        try:
            while chunk := body.read(CHUNK_BYTES):
                self._parser.Parse(chunk, False)  # noqa: FBT003 - expat's own
                yield from self._taken()
            self._parser.Parse(b"", True)  # noqa: FBT003 - expat's own
        except expat.ExpatError as error:
            raise _broken(f"it is no XML: {error}") from None
        yield from self._taken()

    def _taken(self) -> list[Entry]:
        done, self._done = self._done, []
        return done

    def _document_type(self, *_parts: Any) -> None:
        raise _broken("it has a document type, which no feed needs", "unsafe-xml")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name != f"{ATOM} feed":
            raise _broken(f'expected an Atom feed, got the element "{name.rpartition(" ")[2]}"')
        self._words, self._size = [], 0
        if name == f"{ATOM} entry":
            self._entry = Entry()
        elif name == f"{ATOM} link" and "href" in attributes:
            owner = self.links if self._entry is None else self._entry.links
            link = attributes["href"], attributes.get("type", "")
            owner.setdefault(attributes.get("rel", "alternate"), link)
        elif name == f"{ATOM} content":
            self._content = attributes

    def _characters(self, text: str) -> None:
        self._size += len(text)
        if self._size > MOST_CHARACTERS:
            raise _broken(f"an element has more than {MOST_CHARACTERS:,} characters")
        self._words.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        entry = self._entry
        if entry is None:
            return
        space, _, local = name.rpartition(" ")
        text = "".join(self._words)
        if space == ATOM and local == "entry":
            self._done.append(entry)
            self._entry = None
        elif space == ATOM and local in ("id", "title", "updated"):
            setattr(entry, local, text.strip())
        elif space == ATOM and local == "content":
            self._read_content(entry, text)
        elif space in SPACES and local.lower() in RESOURCES:
            entry.resources.append(text.strip())
        self._words = []

    def _read_content(self, entry: Entry, text: str) -> None:
        kind = self._content.get("type", "text")
        if "src" in self._content:
            entry.links.setdefault("alternate", (self._content["src"], kind))
        elif kind.startswith("text/"):
            entry.content, entry.kind = text, kind
        elif kind in TYPES and not kind.endswith("xml"):
            try:
                entry.content, entry.kind = b64decode("".join(text.split()), validate=True), kind
            except (Base64Error, ValueError):
                raise _broken(f'the content of the entry "{entry.id}" is no Base64') from None


def _broken(message: str, code: str = "broken-feed") -> InputError:
    return InputError("the feed cannot be read", [Problem("", code, message)])
