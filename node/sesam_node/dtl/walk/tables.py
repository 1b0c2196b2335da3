"""Where each form of the language is found that the walk carries out itself.

`@special("if")` and `@transform("add")` enter a function under the DTL name. A special gives the
value of a call; a transform gives "" or, where it ended the target, how: "filtered", "discarded".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import Call
    from sesam_node.dtl.walk.machine import Env, Walk

Special = Callable[["Walk", "Call", "Env"], Any]
Transform = Callable[["Walk", "Call", "Env"], str]

SPECIALS: dict[str, Special] = {}
TRANSFORMS: dict[str, Transform] = {}


def special(name: str) -> Callable[[Special], Special]:
    """Enter the walk of an expression that decides itself what it evaluates."""

    def enter(code: Special) -> Special:
        SPECIALS[name] = code
        return code

    return enter


def transform(name: str) -> Callable[[Transform], Transform]:
    """Enter the walk of a transform."""

    def enter(code: Transform) -> Transform:
        TRANSFORMS[name] = code
        return code

    return enter
