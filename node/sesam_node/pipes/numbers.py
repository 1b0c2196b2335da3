"""Numbers as a receiver reads them: decimals and integers instead of floats, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sesam_node.model.transit import normalise_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Value

MOST_DIGITS = 400


def float_hook(*, decimals: bool, integers: bool) -> Callable[[str], Value] | None:
    """What makes a value of the text of a JSON number with point or exponent."""
    if not (decimals or integers):
        return None

    def read(text: str) -> Value:
        if integers:
            whole, point, fraction = text.partition(".")
            if point and not fraction.strip("0"):
                return int(whole)
            if "e" in text or "E" in text:
                number = Decimal(text)
                # 1e999999 is not written out.
                if number.adjusted() < MOST_DIGITS and number == number.to_integral_value():
                    return int(number)
        return normalise_text(f"~f{text}") if decimals else _float(text)

    return read


def _float(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError(f"{text} is too large for a float")
    return value
