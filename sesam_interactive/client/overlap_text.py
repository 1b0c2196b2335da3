"""Overlaps as text and HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.aligned import aligned
from sesam_interactive.display.bars import html_bar

if TYPE_CHECKING:
    from sesam_interactive.client.overlap import Overlap, Overlaps
    from sesam_interactive.frames.overlap import Side

PAIR_COLUMNS: dict[str, Any] = {
    "left": str,
    "right": str,
    "hit_share": float,
    "right_hit_share": float,
    "matches_mean": float,
    "matches_most": int,
    "matched_keys": int,
    "types": str,
    "join": str,
    "better_hit_share": float,
    "better_join": str,
}
Row = dict[str, str]


def share(value: float) -> str:
    from sesam_interactive.frames.profile import percent

    return percent(value)


def side_row(name: str, side: Side) -> Row:
    return {
        "side": name,
        "entities": f"{side.entities:,}",
        "with a key": f"{side.filled:,}",
        "keys": "unique" if side.is_unique else f"{side.keys:,}",
        "hit": f"{side.hit:,}",
        "share": share(side.hit_share),
        "matched keys": f"{side.matched:,}",
        "matches each": _matches(side),
        "types": ", ".join(side.groups),
    }


def _matches(side: Side) -> str:
    if not side.hit:
        return ""
    if side.matches == side.most:
        return f"{side.most:,}"
    mean = f"{side.matches:,.1f}" if side.matches < 100 else f"{side.matches:,.0f}"
    return f"{mean}, up to {side.most:,}"


def mismatch(pair: Overlap) -> str:
    """What is to say of the types of both sides; nothing where some of them are the same."""
    left, right = pair.left.groups, pair.right.groups
    if not left or not right or set(left) & set(right):
        return ""
    return f"{', '.join(left)} here, {', '.join(right)} there: no value is equal"


def _missing(name: str, side: Side) -> str:
    if not side.missing:
        return ""
    shown = ", ".join(f'"{_short(text)}" ({count:,})' for text, count in side.missing)
    more = side.keys - side.matched - len(side.missing)
    return f"only in {name}: {shown}{f', and {more:,} more' if more > 0 else ''}"


def _short(text: str) -> str:
    plain = text.replace("\x1f", " + ")
    return plain if len(plain) <= 30 else f"{plain[:29]}…"


def _lines(pair: Overlap) -> list[tuple[str, str]]:
    """What is said below the counts: title and text."""
    lines = [("types", mismatch(pair))]
    for (name, side), title in zip(pair.sides(), ("left over", "left over"), strict=True):
        lines.append((title, _missing(name, side)))
    lines += [("join", pair.join), ("hop", pair.hops)]
    for found in pair.suggestions:
        told = f"{pair.join_for(found)}   ({found.change.name})"
        lines.append((f"{share(found.hit_share)} by", told))
    return [(title, text) for title, text in lines if text]


def overlap_text(pair: Overlap) -> str:
    """The counts of both sides, what is left over, and joins to copy."""
    rows = [side_row(name, side) for name, side in pair.sides()]
    lines = aligned(rows, right=range(1, 8))
    width = max(len(title) for title, _ in _lines(pair))
    return "\n".join([*lines, *(f"{title.ljust(width)}  {text}" for title, text in _lines(pair))])


def overlap_html(pair: Overlap) -> str:
    rows = [side_row(name, side) for name, side in pair.sides()]
    heads = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in rows[0])
    body = ""
    for row, (_, side) in zip(rows, pair.sides(), strict=True):
        cells = {name: escape(text) for name, text in row.items()}
        cells["share"] = html_bar(side.hit_share, row["share"])
        body += f"<tr>{''.join(_cell(name, text) for name, text in cells.items())}</tr>"
    told = "".join(
        f"<tr><th style='text-align:left'>{escape(title)}</th>"
        f"<td style='text-align:left'>{_code(text) if '[' in text else escape(text)}</td></tr>"
        for title, text in _lines(pair)
    )
    return (
        f"<div><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        f"<table><tbody>{told}</tbody></table></div>"
    )


def _cell(name: str, text: str) -> str:
    side = "left" if name in ("side", "types") else "right"
    return f"<td style='text-align:{side}'>{text}</td>"


def _code(text: str) -> str:
    code, mark, note = text.partition("   (")
    return f"<code>{escape(code)}</code>{escape(mark + note)}"


# -- many pairs ------------------------------------------------------------------------------------


def pair_row(pair: Overlap) -> dict[str, Any]:
    """The row of a pair in a table."""
    (left, one), (right, two) = pair.sides()
    better = next(iter(pair.suggestions), None)
    types = ", ".join(one.groups)
    if set(one.groups) != set(two.groups):
        types += f" / {', '.join(two.groups)}"
    return {
        "left": left,
        "right": right,
        "hit_share": one.hit_share,
        "right_hit_share": two.hit_share,
        "matches_mean": one.matches,
        "matches_most": one.most,
        "matched_keys": one.matched,
        "types": types,
        "join": pair.join,
        "better_hit_share": better.hit_share if better else None,
        "better_join": pair.join_for(better) if better else None,
    }


def _shown(pair: Overlap) -> Row:
    row = pair_row(pair)
    better = row["better_join"]
    return {
        "hit": share(row["hit_share"]),
        "of right": share(row["right_hit_share"]),
        "matches each": _matches(pair.left),
        "types": row["types"],
        "join": row["join"],
        "better": f"{share(row['better_hit_share'])} by {better}" if better else "",
    }


def _head(pairs: Overlaps) -> str:
    left, right = pairs.datasets
    if not pairs:
        return f"no property of {left} has keys of {right} worth a join"
    more = (
        f", the {len(pairs)} likeliest of {len(pairs) + pairs.left_out}" if pairs.left_out else ""
    )
    return f"{left} (left) to {right} (right){more}"


def pairs_text(pairs: Overlaps) -> str:
    lines = aligned([_shown(pair) for pair in pairs], right=(0, 1, 2), width=60)
    return "\n".join([_head(pairs), *lines])


def pairs_html(pairs: Overlaps) -> str:
    body = ""
    rows = [_shown(pair) for pair in pairs]
    if not any(row["better"] for row in rows):
        rows = [{name: row[name] for name in row if name != "better"} for row in rows]
    for row, pair in zip(rows, pairs, strict=True):
        cells = {name: escape(text) for name, text in row.items()}
        cells["hit"] = html_bar(pair.left.hit_share, row["hit"])
        cells["of right"] = html_bar(pair.right.hit_share, row["of right"])
        cells["join"] = f"<code>{escape(row['join'])}</code>"
        body += "<tr>" + "".join(
            f"<td style='text-align:left;padding:2px 8px'>{text}</td>" for text in cells.values()
        )
        body += "</tr>"
    heads = "".join(
        f"<th style='text-align:left;padding:2px 8px'>{name}</th>"
        for name in (rows[0] if rows else ())
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<div><b>{escape(_head(pairs))}</b>{table}</div>"
