"""Looks for planted secrets in everything that came out, in every form that they may take."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote, quote_plus


def forms(text):
    """A secret as it may stand in what leaves: plain, in JSON, in a URL, in HTML, in base 64."""
    yield text
    yield json.dumps(text)[1:-1]
    yield quote(text)
    yield quote(text, safe="")
    yield quote_plus(text)
    yield html.escape(text)
    for lead in range(3):
        # Whatever stands before it, three alignments are all there are; the ends depend on it.
        encoded = base64.b64encode(b"\0" * lead + text.encode()).decode()
        yield encoded[4 if lead else 0 : -4]


class Search:
    """What is looked through: `add` it, and `found` says which secrets are where."""

    def __init__(self):
        self.places = []

    def add(self, place, content):
        data = content if isinstance(content, bytes) else str(content).encode()
        self.places.append((str(place), data.lower()))

    def add_files(self, folder):
        """Every file below a folder."""
        for file in sorted(Path(folder).rglob("*")):
            if file.is_file():
                self.add(file.relative_to(folder), file.read_bytes())

    def add_processes(self, parent):
        """Command lines and environments of a process and all below it."""
        for process in descendants(parent):
            for name in ("cmdline", "environ"):
                try:
                    self.add(f"{name} of {process}", Path(f"/proc/{process}/{name}").read_bytes())
                except OSError:
                    continue  # it has ended meanwhile

    def found(self, secrets, among=lambda _place: True):
        """One line for each secret and place, cases of letters apart."""
        lines = []
        for name, secret in secrets.items():
            wanted = {form.lower().encode() for form in forms(secret)}
            for place, data in self.places:
                hit = next((form for form in wanted if form in data), None)
                if hit is not None and among(place):
                    at = data.index(hit)
                    lines.append(f"{name} in {place}: {data[max(0, at - 200) : at + 60]!r}")
        return list(dict.fromkeys(lines))


def descendants(parent):
    """A process and those that it started, and so on."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found, new = [], [parent]
    while new:
        found += new
        new = [process for process, above in parents.items() if above in new]
    return found
