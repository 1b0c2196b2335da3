"""An explanation as text for a terminal, 100 columns wide."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

Explanation = dict[str, Any]

WIDTH = 100


def explain_text(explanation: Explanation, *, source: bool = False) -> str:
    """What `explain` gave as text that ends in a line break; `source` adds the generated Python."""
    sections = [
        ("", _head(explanation)),
        ("Take care", _cautions(explanation)),
        *((_rule_title(rule), _rule(rule)) for rule in explanation["rules"]),
        ("Hops", _hops(explanation)),
        ("What runs again", _changes(explanation)),
        ("Indexes", _indexes(explanation)),
        ("Constants", _folded(explanation)),
        ("Warnings", _warnings(explanation)),
    ]
    lines: list[str] = []
    for title, body in sections:
        told = list(body)
        if not told:
            continue
        if lines:
            lines.append("")
        if title:
            lines.append(title)
        lines.extend(told)
    text = "\n".join(lines) + "\n"
    return f"{text}\nPython\n{explanation['source']}" if source else text


def _wrapped(text: str, indent: int, further: int = 4, first: str | None = None) -> list[str]:
    """Text in lines of at most WIDTH, those after the first indented further."""
    start = " " * indent if first is None else first
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * (len(start) + further),
        break_long_words=True,
        break_on_hyphens=False,
    )


def _short(path: str, explanation: Explanation) -> str:
    return path.removeprefix(f"{explanation['base']}.")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _head(explanation: Explanation) -> Iterator[str]:
    summary = explanation["summary"]
    what = f"pipe {explanation['pipe']}" if explanation["pipe"] else "rules"
    source = summary["source_dataset"]
    text = f"{what}: from {source}" if source else what
    if summary["reads"]:
        text += f"{',' if source else ':'} with {_listed(summary['reads'])}"
    yield from _wrapped(text, 0)
    if summary["creates"]:
        yield "  a source entity may give several entities: there is a create"
    elif summary["emits_own_id"]:
        yield "  a source entity gives one entity at most, under its own _id"
    else:
        yield "  a source entity gives one entity at most; its _id may be another"
    result = explanation["rules"][0]["result"]
    if result:
        named = ["all of the source" if name == "*" else name for name in result]
        yield from _wrapped(f"it has {_listed(named)}", 2)
    if summary["unused_rules"]:
        yield from _wrapped(f"never applied: {_listed(summary['unused_rules'])}", 2)


def _cautions(explanation: Explanation) -> Iterator[str]:
    for one in explanation["cautions"]:
        place = _short(one["path"], explanation)
        yield from _wrapped(f"{place}: {one['text']}" if place else one["text"], 2)


# -- rules -----------------------------------------------------------------------------------------


def _rule_title(rule: dict[str, Any]) -> str:
    return f"Rule {rule['name']}"


def _rule(rule: dict[str, Any]) -> Iterator[str]:
    under: list[str] = []
    base = rule["path"]
    width = max((len(entry["path"]) - len(base) for entry in rule["transforms"]), default=0)
    for entry in rule["transforms"]:
        now = entry.get("under", [])
        same = 0
        while same < min(len(now), len(under)) and now[same] == under[same]:
            same += 1
        for depth in range(same, len(now)):
            yield from _wrapped(f"if {now[depth]}:", 2 + width + 2 + 2 * depth)
        under = now
        first = f"  {entry['path'][len(base) :]:<{width}}  " + "  " * len(now)
        text = entry["text"]
        if "overwrites" in entry:
            places = [path.removeprefix(base) for path in entry["overwrites"]]
            text += f"  (over {_listed(places)})"
        yield from _wrapped(text, 0, first=first)


# -- hops ------------------------------------------------------------------------------------------


def _hops(explanation: Explanation) -> Iterator[str]:
    for hop in explanation["hops"]:
        title = f"  {_short(hop['path'], explanation)}"
        if "applies" in hop:
            title += f"  to apply {hop['applies']}"
        yield title
        several = len(hop["specifications"]) > 1
        for number, spec in enumerate(hop["specifications"]):
            if several:
                yield f"    {'first' if number == 0 else 'then, from what was found'}"
            yield from _specification(spec, 6 if several else 4)
    for shared in explanation["shared"]:
        places = _listed([_short(path, explanation) for path in shared["places"]])
        yield from _wrapped(f"looked up once for an entity: {places}", 2)
    for lookup in explanation["lookups"]:
        place = _short(lookup["path"], explanation)
        yield f"  {place}  lookup-entity in {lookup['dataset']} by _id"


def _specification(spec: dict[str, Any], indent: int) -> Iterator[str]:
    for condition in spec.get("first", ()):
        yield from _wrapped(f"only if {condition}", indent)
    for step in spec["steps"]:
        yield from _wrapped(step["text"], indent)
        for test in step.get("tests", ()):
            yield from _wrapped(f"where {test}", indent + 2)
        if "subset" in step:
            yield from _wrapped(f"of the subset {step['subset']}", indent + 2)
        for condition in step.get("filters", ()):
            yield from _wrapped(f"where {condition}", indent + 2)
    if "recurse" in spec:
        depth = spec["recurse"]["max_depth"]
        rounds = "until nothing new is found" if depth is None else f"at most {depth} times"
        root = ", without the first" if spec["recurse"]["exclude_root"] else ""
        yield f"{' ' * indent}again from what was found, {rounds}{root}"
    returned = spec["returns"]
    if isinstance(returned, str):
        yield from _wrapped(f"gives {returned}", indent)
    elif len(spec["steps"]) > 1:
        yield f"{' ' * indent}gives {_listed(returned)}"
    if not spec["tracked"]:
        yield f"{' ' * indent}changes are not tracked (track-dependencies is false)"


# -- changes, indexes and the rest -----------------------------------------------------------------


def _changes(explanation: Explanation) -> Iterator[str]:
    for change in explanation["changes"]:
        for sentence in change["says"]:
            yield from _wrapped(sentence, 2)
        for reason in change.get("because", ()):
            text = reason.replace(f"{explanation['base']}.", "")
            yield from _wrapped(f"because {text}", 4)
        for cost in change["costs"]:
            yield from _wrapped(cost, 4)


def _indexes(explanation: Explanation) -> Iterator[str]:
    purpose = {"hops": "", "changes": "  (to find what runs again)"}
    for index in explanation["indexes"]:
        text = f"{index['dataset']} by {index['expression']}{purpose[index['for']]}"
        yield from _wrapped(text, 2)


def _folded(explanation: Explanation) -> Iterator[str]:
    for folded in explanation["folded"]:
        place = _short(folded["path"], explanation)
        yield from _wrapped(
            f"{folded['text']} is {preview(folded['value'])}", 0, first=f"  {place}  "
        )


def _warnings(explanation: Explanation) -> Iterator[str]:
    for warning in explanation["warnings"]:
        place = _short(warning["path"], explanation)
        hint = f"; {warning['hint']}" if warning["hint"] else ""
        text = f"{warning['message']}{hint} [{warning['code']}]"
        yield from _wrapped(text, 0, first=f"  {place}  ")
