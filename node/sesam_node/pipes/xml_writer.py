"""Entities as XML, in the form that the xml_endpoint sink and the xml transform take.

An entity, and each object inside, is one element: its one property `"<tag>"` names it and holds
what is in it, its other properties are attributes, but those that begin with `_` or `$`. There is
no whitespace between elements. Names are checked and text is escaped, so that no value can become
markup; characters that XML cannot hold become U+FFFD. Rules: XML endpoint page of the manual.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sesam_node.config.options import Flaw, flaw_problems
from sesam_node.errors import ConfigError, PipeError, preview
from sesam_node.model.values import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.model import Entity, Value

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
CHUNK_CHARACTERS: Final = 64 * 1024
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = f"[{_START}][{_START}.0-9\u00b7\u0300-\u036f\u203f-\u2040-]*"
QNAME: Final = re.compile(f"{_NAME}(?::{_NAME})?").fullmatch

UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
IN_ATTRIBUTE: Final = IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


class XmlWriter:
    """Writes entities as the options of a component say.

    Raises ConfigError where the wrapper or an attribute of the root has no valid name.
    """

    def __init__(self, options: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
        self._wrapper: str | None = options.get("wrapper")
        self._skips_deleted: bool = options["skip-deleted-entities"]
        self._declaration = DECLARATION if options["include-xml-decl"] else ""
        self._mark: bool = bool(options.get("byte_order_mark"))
        self._root: dict[str, Value] = options["root-attributes"] or {}
        problems = flaw_problems(flaws(options), path)
        if problems:
            raise ConfigError("the XML that is asked for cannot be written", problems)

    def takes(self, entity: Entity) -> bool:
        """Is the entity written? Deleted ones may be left out."""
        return not (self._skips_deleted and entity.get("_deleted") is True)

    def text(self, entity: Entity) -> str:
        """One entity as a document. Raises PipeError where it has not the form."""
        return self._declaration + self._element(entity)

    def chunks(self, entities: Iterable[Entity]) -> Iterator[bytes]:
        """All entities as one document in chunks of about 64 KiB. Raises PipeError."""
        if self._mark:
            yield BYTE_ORDER_MARK
        out = [self._declaration]
        if self._wrapper is not None:
            out.append(f"<{self._wrapper}{attributes(self._root)}>")
        size = 0
        for entity in entities:
            if self.takes(entity):
                text = self._element(entity)
                out.append(text)
                size += len(text)
                if size >= CHUNK_CHARACTERS:
                    yield "".join(out).encode()
                    out, size = [], 0
        if self._wrapper is not None:
            out.append(f"</{self._wrapper}>")
        yield "".join(out).encode()

    def _element(self, entity: Entity) -> str:
        root = self._root if self._wrapper is None else {}
        out: list[str] = []
        try:
            write(entity, out, root)
        except ShapeError as error:
            entity_id = preview(entity.get("_id"))
            raise PipeError(f"entity {entity_id} cannot be written as XML: {error}") from None
        except RecursionError:
            entity_id = preview(entity.get("_id"))
            raise PipeError(f"entity {entity_id} is nested too deeply for XML") from None
        return "".join(out)


class ShapeError(Exception):
    """An object that is no element."""


def write(value: Mapping[str, Any], out: list[str], root: Mapping[str, Value]) -> None:
    """Append the element that an object is; `root` are attributes that it gets besides its own."""
    tags = [name for name in value if name[:1] == "<" and name[-1:] == ">" and len(name) > 1]
    if len(tags) != 1:
        found = ", ".join(map(preview, tags)) if tags else preview(list(value))
        raise ShapeError(f'expected exactly one property "<tag>" in an object, got {found}')
    tag = tags[0][1:-1]
    if not QNAME(tag):
        raise ShapeError(f"{preview(tag)} is no name of an XML element")
    own = {
        name: item
        for name, item in value.items()
        if name[:1] not in ("_", "$") and name != tags[0] and item is not None
    }
    out.append(f"<{tag}{attributes({**root, **own})}")
    place = len(out)
    out.append(">")
    inner = value[tags[0]]
    if type(inner) is dict:
        write(inner, out, {})
    elif type(inner) is list:
        for item in inner:
            if type(item) is dict:
                write(item, out, {})
    elif inner is not None:
        text = literal(inner).translate(IN_TEXT)
        if text:
            out.append(text)
    if len(out) == place + 1:
        out[place] = "/>"
    else:
        out.append(f"</{tag}>")


def attributes(values: Mapping[str, Value]) -> str:
    """Attributes with a blank before each."""
    parts = []
    for name, value in values.items():
        if not QNAME(name):
            raise ShapeError(f"{preview(name)} is no name of an XML attribute")
        if type(value) in (dict, list):
            raise ShapeError(f'expected one value for the attribute "{name}", got {preview(value)}')
        parts.append(f' {name}="{literal(value).translate(IN_ATTRIBUTE)}"')
    return "".join(parts)


def literal(value: Value) -> str:
    """A value as text: without its tag, true and false, numbers as they are written."""
    if type(value) is str:
        return UNFIT.sub("\ufffd", plain_text(value))
    if type(value) is bool:
        return "true" if value else "false"
    return "" if value is None else str(value)


def flaws(options: Mapping[str, Any]) -> list[Flaw]:
    """Names in the options of a component that are none in XML."""
    found = []
    wrapper = options.get("wrapper")
    if wrapper is not None and not QNAME(wrapper):
        found.append(_bad_name(("wrapper",), wrapper))
    for name, value in (options.get("root-attributes") or {}).items():
        path = ("root-attributes", name)
        if not QNAME(name):
            found.append(_bad_name(path, name))
        elif type(value) in (dict, list):
            message = f"expected one value for an attribute, got {preview(value)}"
            found.append(Flaw(path, "wrong-type", message))
    return found


def _bad_name(path: tuple[str, ...], name: str) -> Flaw:
    message = f"expected the name of an XML element or attribute, got {preview(name)}"
    return Flaw(path, "bad-name", message, 'as "person" or "p:person"')
