"""What each function takes and gives, so that what is generated has a meaning.

A line is `name | result | PARAMETER=what; ...`, several lines of a name are alternatives. What:

    int         an expression of that type        [int]     of a list of it
    *str        one or a list of them: the result is then single or a list, too (MAP)
    %str        one or a list of them
    f:str>int   a function expression of `_` that gives an int
    =zone       a constant; `CONSTANTS` has those that have a name here

"@" and "#" are any type, the same one throughout a line. The cardinalities are those of the
signature. Functions whose arguments must fit each other are in `expressions.SPECIAL` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .values import ZONES

if TYPE_CHECKING:
    from random import Random

LINES = """
concat | str | VALUES=%str
is-string | bool | VALUES=any
join | str | SEPARATOR==separator; VALUES=[str]
length | int | VALUES=*str
ljust | str | WIDTH==width; FILL_CHARACTER==character; VALUES=*str
rjust | str | WIDTH==width; FILL_CHARACTER==character; VALUES=*str
lower | str | VALUES=*str
upper | str | VALUES=*str
strip | str | CHARACTERS==characters; VALUES=*str
lstrip | str | CHARACTERS==characters; VALUES=*str
rstrip | str | CHARACTERS==characters; VALUES=*str
matches | bool | PATTERN==wildcard; VALUES=%str
replace | str | OLD_STRING==short; NEW_STRING==short; VALUES=*str
replace | str | REPLACEMENTS==replacements; VALUES=*str
split | [str] | SEPARATOR==separator; VALUES=%str
string | str | VALUES=*scalar
string | str | VALUES=*dict
substring | str | START_INDEX==index; END_INDEX==index; VALUES=*str
decimal | dec | FUNCTION=f:scalar>dec; VALUES=*numeral
float | float | FUNCTION=f:scalar>float; VALUES=*numeral
integer | int | FUNCTION=f:scalar>int; VALUES=*numeral
hex | str | VALUES=*int
is-decimal | bool | VALUES=any
is-float | bool | VALUES=any
is-integer | bool | VALUES=any
+ | int | VALUE1=int; VALUE2=int
+ | num | VALUE1=num; VALUE2=%num
- | int | VALUE1=int; VALUE2=int
- | num | VALUE1=num; VALUE2=num
* | int | VALUE=int; MULTIPLIER=int
* | num | VALUE=num; MULTIPLIER=num
/ | num | DIVIDEND=num; DIVISOR==divisor
% | num | DIVIDEND=num; DIVISOR==divisor
^ | num | VALUE=num; EXPONENT==exponent
plus | int | INCREMENT=int; VALUES=*int
plus | num | INCREMENT=num; VALUES=*num
minus | int | DECREMENT=int; VALUES=*int
minus | num | DECREMENT=num; VALUES=*num
multiply | int | MULTIPLIER=int; VALUES=*int
multiply | num | MULTIPLIER=num; VALUES=*num
divide | num | DIVISOR==divisor; DIVIDENDS=*num
mod | num | DIVISOR==divisor; VALUES=*num
pow | num | EXPONENT==exponent; VALUES=*num
abs | num | VALUE=*num
ceil | int | VALUES=*num
ceil | num | DIGITS==places; VALUES=*num
floor | int | VALUES=*num
floor | num | DIGITS==places; VALUES=*num
round | int | VALUES=*num
round | num | DIGITS==places; VALUES=*num
cos | float | VALUE=*num
sin | float | VALUE=*num
tan | float | VALUE=*num
sqrt | num | VALUE=*pos
datetime | dt | FUNCTION=f:scalar>dt; VALUES=*moment
datetime-diff | int | DATEPART==part; STARTDATE=dt; ENDDATE=dt
datetime-format | str | TIMEZONE_NAME==zone; FORMATSTRING==format; VALUES=*dt
datetime-plus | dt | DATEPART==part; VALUE==some; VALUES=*dt
datetime-shift | dt | FROM_TIMEZONE==zone; TO_TIMEZONE==zone; VALUES=*dt
is-datetime | bool | VALUES=any
now | dt |
boolean | bool | FUNCTION=f:scalar>bool; VALUES=*yesno
is-boolean | bool | VALUES=any
all | bool | FUNCTION=f:@>bool; VALUES=[@]
any | bool | FUNCTION=f:@>bool; VALUES=[@]
and | bool | CONDITION=bool
or | bool | CONDITION=bool
not | bool | CONDITION=bool
eq | bool | LEFT=@; RIGHT=@
neq | bool | LEFT=@; RIGHT=@
gt | bool | LEFT=ordered; RIGHT=ordered
gt | bool | LEFT=num; RIGHT=num
gte | bool | LEFT=str; RIGHT=str
gte | bool | LEFT=int; RIGHT=num
lt | bool | LEFT=dt; RIGHT=dt
lt | bool | LEFT=%int; RIGHT=int
lte | bool | LEFT=ordered; RIGHT=ordered
lte | bool | LEFT=num; RIGHT=num
if | @ | CONDITION=bool; THEN=@; ELSE=@
case | @ | CONDITION=bool; THEN=@; ELSE=@
case-eq | @ | VALUE=#; OTHER=#; THEN=@; ELSE=@
coalesce | @ | VALUES=[@]
coalesce | @ | FUNCTION==test; VALUES=[@]
coalesce | @ | FUNCTION=f:@>bool; VALUES=[@]
coalesce-args | @ | VALUES=@
if-null | @ | VALUE=@; FALLBACK_VALUE=@
is-null | bool | VALUES=any
is-not-null | bool | VALUES=any
difference | [@] | VALUES1=[@]; VALUES2=%@
intersection | [@] | VALUES1=[@]; VALUES2=[@]
union | [@] | VALUES1=%@; VALUES2=[@]
intersects | bool | VALUES1=[@]; VALUES2=%@
combine | [@] | VALUES=%@
count | int | VALUES=any
distinct | [@] | FUNCTION=f:@>scalar; VALUES=[@]
enumerate | [dict] | START==some; VALUES=[@]
enumerate | dict | START==some; VALUES=scalar
filter | [@] | FUNCTION=f:@>bool; VALUES=[@]
first | @ | VALUES=[@]
flatten | [@] | VALUES=[[@]]
group | [[any]] | KEY_FUNCTION=f:@>scalar; VALUE_FUNCTION=f:@>#; VALUES=[@]
group-by | dict | KEY_FUNCTION=f:@>scalar; STRING_FUNCTION=f:scalar>str; VALUES=[@]
in | bool | VALUES=%@; ITEMS=[@]
insert | [@] | INDEX==index; VALUES=%@; OBJECT=@
is-empty | bool | VALUES=any
is-list | bool | VALUES=any
is-not-empty | bool | VALUES=any
last | @ | VALUES=[@]
list | [@] | VALUES=@
map | [#] | FUNCTION=f:@>#; VALUES=[@]
map-dict | dict | KEY_FUNCTION=f:str>str; VALUE_FUNCTION=f:any>#; VALUES=*dict
map-values | [#] | VALUE_FUNCTION=f:any>#; VALUES=%dict
max | @ | FUNCTION=f:@>ordered; VALUES=[@]
min | @ | FUNCTION=f:@>ordered; VALUES=[@]
nth | @ | INDEX==first; VALUES=[@]
range | [int] | START==some; STOP==some; STEP==step
reversed | [@] | VALUES=%@
slice | [@] | START==index; END==index; STRIDE==step; VALUES=[@]
sorted | [@] | FUNCTION=f:@>ordered; VALUES=[@]
sorted-descending | [@] | FUNCTION=f:@>ordered; VALUES=[@]
sum | int | VALUES=[int]
sum | num | VALUES=[num]
hash128 | int | ALGORITHM==algorithm; SEED==some; VALUES=*hashable
is-changed | bool | FUNCTION=f:person>any
tuples | [[@]] | VALUES=%@
completeness | dt | VIA_DATASET_ID==dataset; DATASET_ID==dataset
json | jsontext | VALUES=*any
json-transit | transittext | VALUES=*any
json-parse | any | FUNCTION=f:str>any; VALUES=*jsontext
json-parse | any | FUNCTION=f:str>any; VALUES=*transittext
json-transit-parse | any | FUNCTION=f:str>any; VALUES=*transittext
is-dict | bool | VALUES=any
dict | dict | KEY==name; VALUE=any
dict | dict | ITEMS==pairs
items | [[any]] | DICTS=%dict
key-values | any | DICTS=%dict
keys | [str] | DICTS=%dict
values | [any] | DICTS=%dict
apply-ns | dict | NAMESPACE_OR_OPTIONS==namespacing; DICTS=dict
strip-ns | dict | DICTS=dict
is-ni | bool | VALUES=any
ni | ni | NAMESPACE==namespace; VALUES=*str
ni | ni | VALUES=*urilike
ni-id | str | VALUES=*named
ni-ns | str | VALUES=*named
bytes | bytes | VALUES=*str
base64-encode | base64 | VALUES=*bytes
base64-decode | bytes | VALUES=*base64
is-bytes | bool | VALUES=any
phonenumber-parse | tel | DEFAULT_REGION==region; VALUES=*phone
phonenumber-format | str | FORMAT_STRING==phone-format; VALUES=*tel
uri | uri | VALUES=*urilike
is-uri | bool | VALUES=any
url-quote | quoted | SAFE_CHARS==characters; VALUES=*str
url-unquote | str | VALUES=*quoted
uuid | uuid | VALUES=*uuidlike
is-uuid | bool | VALUES=any
"""

CHOICES: dict[str, tuple[Any, ...]] = {
    "separator": ("-", ",", "", " ", ".", "~", "a", "æ", "'", "\\"),
    "width": (0, 3, 5, 12, -1, ["length", "_S.name"]),
    "character": (" ", "0", ".", "~", "æ", "🎈", "'"),
    "characters": (" ", "ab", "0", ".-", "~", "/", "\\n"),
    "wildcard": ("*", "A*", "?*", "*a*", "???", "", "*'*", "Ada", ["lower", "_S.name"]),
    "short": ("a", "b", "~", "-", "", "it's", "{", "A"),
    "replacements": (
        {"a": "b", "b": "a"}, {"~": "x", "": "y", "ab": 1, "abc": "~"}, {}, {"A": ["x"]},
        ["dict", "a", ["upper", "_S.name"], ".", "\\"],
    ),
    "index": (0, 1, 2, -1, -2, 5),
    "first": (0, 0, 0, 0, 0, 0, 1, ["-", 1, 1]),
    "test": (["is-not-null", "_."], True, ["neq", "_.", "zz"], ["not", ["is-list", "_."]]),
    "some": (0, 1, 3, 12, -4),
    "step": (1, 2, 3, -1),
    "places": (0, 1, 2, 3, -1, -2),
    "divisor": (1, 2, 3, 7, -3, 0.5, 10, "~f2.5", "~f0.3", ["list", 4, 5]),
    "exponent": (0, 1, 2, 3, -1, 5, ["list", 2, 3], "~f2"),
    "part": (
        "year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond",
        "nanosecond",
    ),
    "zone": ZONES,
    "format": ("%Y-%m-%d", "%d.%m.%Y %H:%M:%S", "%e/%m/%y %I:%M %p", "%H.%f", "%Y%% %z", "%y"),
    "algorithm": ("murmur3",),
    "region": ("NO", "US", "GB"),
    "phone-format": (
        "e164", "national-e164", "national", "international", "rfc3966", "isocode", "country-code",
    ),
    "namespace": ("people", "a:b", "x", ""),
    "namespacing": (
        "ns", {"property_namespace": "p"}, {"identity_namespace": None, "skip_dollar": False},
        {"recursive": False, "property_namespace": "q", "skip_underscore": False}, {},
    ),
    "name": ("a", "b", "odd.name", "_x", "$y", "it's", "__class__", ["lower", "_S.name"]),
    "pairs": (
        ["list", ["list", "a", 1], ["list", "b", "_S.name"], ["list", "a"], 3],
        ["items", "_S.address"],
        ["list", ["list", "k", ["list", 1, None]]],
    ),
    "dataset": ("people", "sales"),
}  # fmt: skip
"""Constants by the name that recipes know them by; some have an expression among them."""


@dataclass(frozen=True)
class Recipe:
    """One way to use a function: the type of its result, and what stands for each parameter."""

    name: str
    gives: str
    takes: dict[str, str]

    @property
    def mapped(self) -> bool:
        """Is the result a list where a value given is one?"""
        return any(what[:1] == "*" for what in self.takes.values())


def _recipe(line: str) -> Recipe:
    name, gives, rest = (
        (part.strip() for part in line.split(" | ", 2))
        if line.count(" | ") > 1
        else (*(part.strip() for part in line.rstrip("|").split(" | ")), "")
    )
    takes = {}
    for item in filter(None, rest.split("; ")):
        parameter, what = item.split("=", 1)
        takes[parameter] = what
    return Recipe(name, gives, takes)


RECIPES: dict[str, list[Recipe]] = {}
for _line in LINES.strip().splitlines():
    _made = _recipe(_line)
    RECIPES.setdefault(_made.name, []).append(_made)


def constant(chance: Random, name: str) -> Any:
    """One of the constants of a name, as it stands in a rule."""
    return chance.choice(CHOICES[name])
