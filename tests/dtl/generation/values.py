"""Constants of each type, entities of each shape, datasets that refer to each other."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from .types import BASIC, KINDS_OF, SHAPES, element, is_list

if TYPE_CHECKING:
    from random import Random

WORDS = (
    "Ada", "bob", "Grace Hopper", "x", "", "Ærlig talt", "straße", "ABC-123", " padded ", "a.b",
    "it's", 'say "hi"', "line\nbreak", "tab\there", "{x}", "%s", "\\d", "~~tilde", "日本", "é",
    "NaN", "null", "0", "_S.name", "S.name", "*", "?", "a*b", "🎈", "zz top",
)  # fmt: skip
DAYS = ("2015-07-28", "1970-01-01", "2000-02-29", "1999-12-31", "2024-03-31", "1900-01-01")
CLOCKS = ("00:00:00", "23:59:59", "09:46:00.12345", "02:30:00", "12:00:00.000000001")
ZONES = ("UTC", "Europe/Oslo", "US/Eastern", "Asia/Kolkata", "Etc/GMT+5")
URIS = (
    "http://example.org/a/b#c", "http://www.w3.org/2002/07/owl#Class", "mailto:a@example.org",
    "urn:x", "http://example.com/å b",
)  # fmt: skip
PHONES = ("+4722222222", "+1 650-253-0000", "+44 20 7031 3000", "+47 73 59 50 00")
TELS = ("~rtel:+47-22-22-22-22", "~rtel:+1-650-253-0000", "~rtel:+44-20-7031-3000")
GROUPS = ("red", "green", "blue")
UUIDS = ("abc98f65-ddf5-4234-a8f5-82f6d8e601a8", "00000000-0000-4000-8000-000000000001")
MALFORMED = ("~t", "~rxx", "~", "~z", "~t2015-13-01T00:00:00Z", "~f1e", "~u12", "~b?", "~:", "~#x")
FORMATS = (
    ("%Y-%m-%d", "2015-07-28"),
    ("%d.%m.%Y %H:%M:%S", "18.07.2015 09:46:00"),
    ("%e/%m/%y %I:%M %p", "8/07/15 11:30 pm"),
    ("%Y-%m-%dT%H:%M:%S.%f", "2015-07-28T09:46:00.12345"),
    ("%d%m%y", "280715"),
    ("%Y-%m-%d %H:%M %z", "2015-07-28 09:46 +0200"),
    ("%H:%M", "23:59"),
    ("day %d of %m%% %Y", "day 28 of 07% 2015"),
)
"""Date formats, each with a text that it reads."""

HALVES = (0.5, 1.5, 2.5, -2.5, 3.14159, 1e-7, 12345.678, -0.25, 2.2, 1e21)


class Values:
    """Makes constants. `rough` is the chance that one is null, of another type or malformed."""

    def __init__(self, chance: Random, rough: float = 0.0) -> None:
        self.chance = chance
        self.rough = rough

    def constant(self, kind: str) -> Any:
        """A value of a type as JSON data. Lists have one to four elements."""
        if self.rough and self.chance.random() < self.rough:
            return self.oddity()
        return self.exact(kind)

    def oddity(self) -> Any:
        """Something that fits nowhere in particular."""
        pick = self.chance.randrange(6)
        if pick == 0:
            return self.chance.choice(MALFORMED)
        if pick == 1:
            return self.chance.choice([[], {}, [None], "", 0, 0.0, -1, [[]], {"": None}])
        return None if pick < 4 else self.exact(self.chance.choice(BASIC))

    def exact(self, kind: str) -> Any:
        chance = self.chance
        if is_list(kind):
            return [self.constant(element(kind)) for _ in range(chance.randint(1, 4))]
        if kind in SHAPES:
            return self.shaped(kind)
        if kind in KINDS_OF and kind != "str":
            return self.exact(chance.choice(KINDS_OF[kind]))
        return MAKERS[kind](self)

    def shaped(self, kind: str, depth: int = 2) -> dict[str, Any]:
        """A dict of a shape, all properties of it."""
        made: dict[str, Any] = {}
        for name, inner in SHAPES[kind].items():
            if element(inner) == "tree":
                nested = depth if is_list(inner) else 1
                made[name] = (
                    [self.shaped("tree", nested - 1) for _ in range(self.chance.randint(0, 2))]
                    if is_list(inner) and nested
                    else ([] if is_list(inner) else self.shaped("tree"))
                )
            else:
                made[name] = self.constant(inner)
        return made

    def word(self) -> str:
        return self.chance.choice(WORDS)

    def integer(self) -> int:
        pick = self.chance.randrange(12)
        if pick == 0:
            return self.chance.choice([0, -1, 255, 1 << 53, -(1 << 63), 10**20, 127, 128])
        return self.chance.randint(-20, 100)

    def decimal(self) -> str:
        sign = "-" if self.chance.random() < 0.2 else ""
        return f"~f{sign}{self.chance.randint(0, 99)}.{self.chance.randint(0, 999)}"

    def isotime(self) -> str:
        return f"{self.chance.choice(DAYS)}T{self.chance.choice(CLOCKS)}Z"

    def json_text(self) -> str:
        return json.dumps(self.exact(self.chance.choice(["int", "word", "[int]", "table"])))

    def transit_text(self) -> str:
        return json.dumps(self.exact(self.chance.choice(["dt", "uri", "[ni]", "dec", "line"])))

    def encoded(self) -> str:
        return base64.b64encode(self.word().encode()).decode()


MAKERS = {
    "str": lambda v: v.word(),
    "word": lambda v: v.word(),
    "int": lambda v: v.integer(),
    "pos": lambda v: v.chance.choice([1, 2, 4, 9, 100]),
    "nanos": lambda v: v.chance.choice([0, 1438076760123450000, -1]),
    "float": lambda v: v.chance.choice(HALVES),
    "dec": lambda v: v.decimal(),
    "bool": lambda v: v.chance.random() < 0.6,
    "dt": lambda v: "~t" + v.isotime(),
    "uri": lambda v: "~r" + v.chance.choice(URIS),
    "ni": lambda v: v.chance.choice(["~:people:ada", "~:a:b:c", "~:plain", "~:x:1"]),
    "uuid": lambda v: "~u" + v.chance.choice(UUIDS),
    "bytes": lambda v: "~b" + v.encoded(),
    "digits": lambda v: str(v.chance.randint(0, 9999)),
    "isotime": lambda v: v.isotime(),
    "base64": lambda v: v.encoded(),
    "jsontext": lambda v: v.json_text(),
    "transittext": lambda v: v.transit_text(),
    "phone": lambda v: v.chance.choice(PHONES),
    "tel": lambda v: v.chance.choice(TELS),
    "quoted": lambda v: v.chance.choice(["a%20b", "%C3%A5", "plain", "50%25"]),
    "uuidword": lambda v: v.chance.choice(UUIDS).upper(),
    "uriword": lambda v: v.chance.choice(URIS),
    "boolword": lambda v: v.chance.choice(["true", "FALSE", "True"]),
    "group": lambda v: v.chance.choice(GROUPS),
    "people-id": lambda v: f"p{v.chance.randint(1, 5)}",
    "place-id": lambda v: f"l{v.chance.randint(1, 4)}",
    "item-id": lambda v: f"i{v.chance.randint(1, 4)}",
}
"""The type, and how one is made by a `Values`."""

DATASETS = {
    "people": ("person", "p", 5),
    "sales": ("sale", "o", 8),
    "items": ("item", "i", 4),
    "places": ("place", "l", 4),
}
"""Each dataset: the shape of its entities, the letter of their `_id`, how many at most."""


def make_dataset(values: Values, name: str) -> list[dict[str, Any]]:
    """The entities of one dataset; some are there in two versions, some are deleted."""
    shape, letter, most = DATASETS[name]
    made = []
    for number in range(1, values.chance.randint(2, most) + 1):
        entity = values.shaped(shape) | {"_id": f"{letter}{number}"}
        if shape == "place":
            # A ring of places is a fine thing to recurse over.
            entity["parent"] = f"l{values.chance.randint(1, 4)}"
        if values.chance.random() < 0.1:
            made.append(dict(entity, group="old", name="old"))
        made.append(entity)
        if number > 1 and values.chance.random() < 0.05:
            made.append({"_id": entity["_id"], "_deleted": True})
    return made
