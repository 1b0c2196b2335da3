"""The compact layout: on one line what fits, else broken where a reader of rules expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.format.arrange import (
    Arranged,
    Entry,
    arrange,
    behind,
    indented,
    literal,
    own_lines,
)

if TYPE_CHECKING:
    from sesam_node.dtl.written_text import Written

STEP = "  "
PAIRED = {"case": 1, "case-eq": 2, "dict": 1}
"""Calls whose arguments are pairs, and how many items stand before the first pair."""


class Compact:
    """Writes one text. `in_rules` says of a value whether it stands inside of a rule."""

    def __init__(self, text: str, width: int) -> None:
        self.text = text
        self.width = width
        self.known: dict[int, Arranged] = {}
        self.flats: dict[tuple[int, bool], str | None] = {}

    def root(self, node: Written) -> str:
        """The whole value."""
        call = node.kind == "list" and bool(node.items) and node.items[0].kind != "object"
        return self.value(node, "", 0, 0, in_rules=call and not _is_block(node))

    def parts(self, node: Written) -> Arranged:
        found = self.known.get(node.start)
        if found is None:
            found = self.known[node.start] = arrange(self.text, node)
        return found

    # -- on one line -------------------------------------------------------------------------------

    def flat(self, node: Written, *, in_rules: bool) -> str | None:
        """A value on one line; None where it must not be, or is wider than a line."""
        if node.kind not in ("list", "object"):
            return literal(self.text, node)
        key = (node.start, in_rules)
        if key not in self.flats:
            text = self._flat(node, in_rules=in_rules)
            self.flats[key] = text if text is None or len(text) <= self.width else None
        return self.flats[key]

    def _flat(self, node: Written, *, in_rules: bool) -> str | None:
        parts = self.parts(node)
        if parts.opening or not all(remark.is_inline for remark in parts.closing):
            return None
        left, right = ("[", "]") if node.kind == "list" else ("{", "}")
        if not parts.entries:
            return left + " ".join(remark.text for remark in parts.closing) + right
        if parts.closing or _is_spread(node, in_rules=in_rules):
            return None
        inside = in_rules or _is_call(node)
        items: list[str] = []
        length = 0
        for entry in parts.entries:
            item = self.flat(entry.node, in_rules=inside) if entry.is_inline else None
            if item is None:
                return None
            items.append(entry.prefix + item + behind(entry))
            length += len(items[-1])
            if length > self.width:
                return None
        return left + ", ".join(items) + right

    # -- broken ------------------------------------------------------------------------------------

    def value(self, node: Written, indent: str, column: int, after: int, *, in_rules: bool) -> str:
        """A value that begins at `column` of a line indented by `indent`; `after` it must fit."""
        flat = self.flat(node, in_rules=in_rules)
        if flat is not None:
            scalar = node.kind not in ("list", "object") or not node.items
            if scalar or column + len(flat) + after <= self.width:
                return flat
        return self.broken(node, indent, column, in_rules=in_rules)

    def broken(self, node: Written, indent: str, column: int, *, in_rules: bool) -> str:
        """A list or object over several lines; the last is its closing bracket at `indent`."""
        if node.kind == "object":
            return self.lines(node, indent, in_rules=in_rules)
        parts = self.parts(node)
        name = parts.entries[0] if parts.entries else None
        if parts.opening or not name or name.own or not name.is_inline:
            return self.lines(node, indent, in_rules=in_rules)
        if _is_call(node) and (in_rules or any(item.kind == "list" for item in node.items)):
            if len(parts.entries) > 1:
                return self.call(parts, indent, column)
        elif not parts.closing and all(
            entry.node.kind == "object" and entry.node.items and entry.is_bare
            for entry in parts.entries
        ):
            objects = (self.lines(e.node, indent, in_rules=in_rules) for e in parts.entries)
            return "[" + ", ".join(objects) + "]"
        return self.lines(node, indent, in_rules=in_rules)

    def lines(self, node: Written, indent: str, *, in_rules: bool) -> str:
        """A container with one entry per line."""
        parts = self.parts(node)
        left, right = ("[", "]") if node.kind == "list" else ("{", "}")
        inside = in_rules or (node.kind == "list" and (_is_call(node) or _is_block(node)))
        opening = "".join(f" {indented(remark, indent)}" for remark in parts.opening)
        lines = [left + opening]
        inner = indent + STEP
        for position, entry in enumerate(parts.entries):
            last = position == len(parts.entries) - 1
            lines += self.entry_lines(entry, inner, last=last, in_rules=inside, blank=True)
        lines += own_lines(parts.closing, inner)
        return "\n".join([*lines, indent + right])

    def entry_lines(
        self, entry: Entry, indent: str, *, last: bool, in_rules: bool, blank: bool = False
    ) -> list[str]:
        """The lines of one entry with its comments and its comma."""
        lines = own_lines(entry.own, indent, blank=blank)
        if entry.blank and blank:
            lines.append("")
        prefix = indent + entry.prefix
        value = self.value(entry.node, indent, len(prefix), not last, in_rules=in_rules)
        return [*lines, prefix + value + behind(entry, "" if last else ",", indent)]

    # -- calls -------------------------------------------------------------------------------------

    def call(self, parts: Arranged, indent: str, column: int) -> str:
        """A call over several lines; it begins at `column` of a line indented by `indent`."""
        return (
            self.hugging(parts, indent, column)
            or self.wrapping(parts, indent, column)
            or self.stepped(parts, indent, column)
        )

    def hugging(self, parts: Arranged, indent: str, column: int) -> str:
        """A call that ends with objects or branches, on its own lines; empty where it cannot."""
        entries = parts.entries
        first = len(entries)
        while first > 1 and _is_huggable(entries[first - 1].node) and entries[first - 1].is_bare:
            first -= 1
        if first == len(entries) or parts.closing or entries[0].node.value in PAIRED:
            return ""
        head = self.head(entries[:first], column)
        if head is None:
            return ""
        hugged = (self.broken(e.node, indent, 0, in_rules=True) for e in entries[first:])
        return f"[{head}{', '.join(hugged)}]"

    def wrapping(self, parts: Arranged, indent: str, column: int) -> str:
        """A call with one argument, a broken call on its line; empty where it cannot."""
        entries = parts.entries
        if len(entries) != 2 or parts.closing or not entries[1].is_bare:
            return ""
        if not _is_call(entries[1].node):
            return ""
        head = self.head(entries[:1], column)
        if head is None:
            return ""
        column += len(head) + 1
        return f"[{head}{self.broken(entries[1].node, indent, column, in_rules=True)}]"

    def head(self, entries: list[Entry], column: int) -> str | None:
        """Entries on the first line of a call, with a comma behind each; None if they don't fit."""
        text = ""
        for entry in entries:
            flat = self.flat(entry.node, in_rules=True)
            if flat is None or not entry.is_inline:
                return None
            text += f"{entry.prefix}{flat}{behind(entry)}, "
        return text if column + len(text) + 2 <= self.width else None

    def stepped(self, parts: Arranged, indent: str, column: int) -> str:
        """A call with its name and short arguments on the first line, the others below."""
        entries = parts.entries
        count = self.leading(entries, column)
        *leading, last = entries[:count]
        head = "".join(f"{e.prefix}{literal(self.text, e.node)}{behind(e)}, " for e in leading)
        comma = "," if count < len(entries) else ""
        inner = indent + STEP
        lines = [f"[{head}{last.prefix}{literal(self.text, last.node)}{behind(last, comma, inner)}"]
        step = 2 if PAIRED.get(str(entries[0].node.value)) == count else 1
        for position in range(count, len(entries), step):
            together = entries[position : position + step]
            final = position + step >= len(entries)
            lines += self.pair(together, inner, last=final) or [
                line
                for number, entry in enumerate(together, start=1)
                for line in self.entry_lines(
                    entry, inner, last=final and number == len(together), in_rules=True
                )
            ]
        lines += own_lines(parts.closing, inner, blank=False)
        return "\n".join([*lines, f"{indent}]"])

    def leading(self, entries: list[Entry], column: int) -> int:
        """How many entries stand on the first line of a stepped call."""
        name = str(entries[0].node.value)
        most = PAIRED.get(name, len(entries))
        kinds = [entry.node.kind in ("list", "object") for entry in entries]
        if not any(kinds):
            most = min(most, PAIRED.get(name, 1))
        count, used = 0, column + 1
        for entry, is_container in zip(entries, kinds, strict=True):
            used += len(entry.prefix) + len(behind(entry)) + 2
            if is_container or (count and entry.own) or count == most:
                break
            used += len(literal(self.text, entry.node))
            if count and used > self.width:
                break
            count += 1
            if not entry.is_inline:
                break
        return count

    def pair(self, together: list[Entry], indent: str, *, last: bool) -> list[str] | None:
        """Two arguments on a line; None where they do not go together, or are not two."""
        if len(together) < 2:
            return None
        first, second = together
        flat = self.flat(first.node, in_rules=True)
        if flat is None or first.before or first.behind or second.own or second.before:
            return None
        start = f"{indent}{flat}, "
        value = self.value(second.node, indent, len(start), not last, in_rules=True)
        if len(start) + len(value.split("\n")[0]) > self.width:
            return None
        comma = "" if last else ","
        return [
            *own_lines(first.own, indent, blank=False),
            start + value + behind(second, comma, indent),
        ]


def _is_call(node: Written) -> bool:
    """Does a list read as a call where calls may stand?"""
    return node.kind == "list" and bool(node.items) and node.items[0].kind == "string"


def _is_block(node: Written) -> bool:
    """Is it a list of lists: transforms, conditions?"""
    return node.kind == "list" and bool(node.items) and all(i.kind == "list" for i in node.items)


def _is_huggable(node: Written) -> bool:
    return (node.kind == "object" and bool(node.items)) or _is_block(node)


def _is_spread(node: Written, *, in_rules: bool) -> bool:
    """Is a container never on one line?"""
    if not in_rules:
        return node.kind == "object" or _is_block(node)
    return _is_block(node) and len(node.items) > 1 and all(map(_is_call, node.items))
