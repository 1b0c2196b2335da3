"""Trace documents written by hand: a tree of events with plain values, interned into a document.

    document(rules, entity({"_id": "x"}, [{"_id": "x"}], rule("default", ...)))

An event is a dict; `inside` holds the events within it, `output`, `inputs`, `sets`, `emits`, `keys`
and the `value` of rows are values, the rest is as in the format. A rule within an event is a frame.
"""

from __future__ import annotations

import json

VARIABLES = ("_S", "_T", "_P", "_R", "_B", "_")
BRANCHING = ("if", "case", "case-eq")
NOT_VALUES = ("path", "kind", "name", "inside", "source", "rule", "entity")


def event(kind, path, name, *inside, **more):
    return {"kind": kind, "path": path, "name": name, "inside": inside, **more}


def transform(path, name, *inside, **more):
    return event("transform", path, name, *inside, **more)


def function(path, name, output, *inside, **more):
    return event("function", path, name, *inside, output=output, **more)


def read(path, text, output, **more):
    variable, *names = text.split(".")
    return event("path", path, text, variable=variable, names=names, output=output, **more)


def rule(name, *inside, source=None, **more):
    return event("rule", name, name, *inside, source=source, **more)


def nodes_of(rules):
    """A node of each rule, transform and path; functions are the lists in transforms."""
    found = []

    def walk(raw, path, *, transform):
        if isinstance(raw, str) and raw.split(".")[0] in VARIABLES and "." in raw:
            found.append({"path": path, "kind": "path", "name": raw})
        if not isinstance(raw, list) or not raw:
            return
        block = isinstance(raw[0], list)
        if not block:
            kind = "transform" if transform else "function"
            found.append({"path": path, "kind": kind, "name": raw[0]})
        for position, item in enumerate(raw):
            inner = transform and (block or (raw[0] in BRANCHING and transforms(raw, position)))
            walk(item, f"{path}[{position}]", transform=inner)

    for name, transforms_of in rules.items():
        found.append({"path": f"$.rules.{name}", "kind": "rule", "name": name})
        walk(transforms_of, f"$.rules.{name}", transform=True)
    return found


def transforms(raw, position):
    if raw[0] == "if":
        return position >= 2
    first = 2 if raw[0] == "case" else 3
    return position >= first and ((position - first) % 2 == 0 or position == len(raw) - 1)


class Writer:
    def __init__(self, rules):
        self.paths, self.values = [], []
        self.rules = rules

    def path(self, path):
        full = f"$.rules.{path}"
        if full not in self.paths:
            self.paths.append(full)
        return self.paths.index(full)

    def value(self, value):
        text = json.dumps(value)
        known = [json.dumps(v) for v in self.values]
        if text not in known:
            self.values.append(value)
            known.append(text)
        return known.index(text)

    def entity(self, source, results, tree, *, version=None, error=None, truncated=False):
        self.frames, self.events = [], []
        self.write({**tree, "source": source}, None, None)
        return {
            "source": self.value(source),
            "version": version,
            "results": [self.value(result) for result in results],
            "error": error,
            "ns": sum(e["ns"] for e in self.events if e["parent"] is None),
            "truncated": truncated,
            "frames": self.frames,
            "events": self.events,
        }

    def write(self, node, parent, frame):
        number = len(self.events)
        if node["kind"] == "rule":
            held = {"rule": node["name"], "parent": frame, "event": parent}
            held["source"] = self.value(node["source"])
            if "entity" in node:
                held["entity"] = node["entity"]
            self.frames.append(held)
            frame = len(self.frames) - 1
        made = {
            "path": self.path(node["path"]),
            "kind": node["kind"],
            "name": node["name"],
            "parent": parent,
            "frame": frame,
            "at": number * 10,
            "ns": 10,
        }
        for name, given in node.items():
            if name == "output":
                made[name] = self.value(given)
            elif name in ("inputs", "emits"):
                made[name] = [self.value(item) for item in given]
            elif name == "sets":
                made[name] = {key: self.value(item) for key, item in given.items()}
            elif name == "rows":
                made[name] = [self.row(row) for row in given]
            elif name == "lookups":
                made[name] = [
                    {key: self.value(v) if key == "keys" else v for key, v in lookup.items()}
                    for lookup in given
                ]
            elif name not in NOT_VALUES or (name == "entity" and node["kind"] != "rule"):
                made[name] = given
        self.events.append(made)
        before = len(self.events)
        for inner in node["inside"]:
            self.write(inner, number, frame)
        made["ns"] = 10 * (len(self.events) - before + 1)

    def row(self, row):
        return {alias: {**part, "value": self.value(part["value"])} for alias, part in row.items()}


def document(rules, *entities):
    """A full document; each entity is (source, results, tree) or with options as a fourth."""
    writer = Writer(rules)
    written = [
        writer.entity(*parts[:3], **(parts[3] if len(parts) > 3 else {})) for parts in entities
    ]
    return {
        "format": "sesam-dtl-trace",
        "version": 1,
        "strength": "full",
        "rules": rules,
        "pipe": "",
        "nodes": nodes_of(rules),
        "paths": writer.paths,
        "values": writer.values,
        "entities": written,
    }


def counters(rules, figures, **totals):
    """A document of counters: `figures` are (fired, null, error, ns, timed) by path below rules."""
    nodes = nodes_of(rules)
    made = []
    for node in nodes:
        numbers = figures.get(node["path"].removeprefix("$.rules."), (0, 0, 0, 0, 0))
        names = ("fired", "null", "error", "ns", "timed")
        made.append({**node, **dict(zip(names, numbers, strict=True))})
    base = {"entities": 0, "timed": 0, "results": 0, "filtered": 0, "errors": 0}
    return {
        "format": "sesam-dtl-trace",
        "version": 1,
        "strength": "counters",
        "rules": rules,
        "pipe": "",
        "nodes": nodes,
        **base,
        **totals,
        "counters": made,
    }
