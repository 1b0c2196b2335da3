"""Group "phone numbers": `tel:` URIs (RFC 3966) by the rules of libphonenumber.

The library is imported when a phone number function is first called. Numbers repeat and parsing is
slow, so the last results are kept.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import prepared, text
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, each
from sesam_node.errors import preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

    from phonenumbers import PhoneNumber

    from sesam_node.model.values import Value

LONGEST = 250
"""The library takes longer text for no number; it shall not be kept among the results either."""


def check_region(region: object) -> str | None:
    """Why a constant is no region, else null."""
    try:
        from phonenumbers import SUPPORTED_REGIONS
    except ImportError:  # in an installation that only writes rules, the node checks it
        return None
    if region in SUPPORTED_REGIONS:
        return None
    message = f'expected a region of two capital letters ("NO"), got {preview(region)}'
    upper = region.upper() if isinstance(region, str) else ""
    return f'{message}; did you mean "{upper}"?' if upper in SUPPORTED_REGIONS else message


def _number(characters: str, region: str | None) -> PhoneNumber | None:
    from phonenumbers import NumberParseException, parse

    try:
        return parse(characters, region)
    except NumberParseException:
        return None


def _pattern(name: str) -> Callable[[PhoneNumber], str]:
    def write(parsed: PhoneNumber) -> str:
        from phonenumbers import PhoneNumberFormat, format_number

        return format_number(parsed, getattr(PhoneNumberFormat, name))

    return write


def _national_digits(parsed: PhoneNumber) -> str:
    from phonenumbers import national_significant_number

    return national_significant_number(parsed)


def _region(parsed: PhoneNumber) -> str | None:
    from phonenumbers import region_code_for_number

    return region_code_for_number(parsed)


def _country_code(parsed: PhoneNumber) -> str:
    return str(parsed.country_code)


_rfc3966 = _pattern("RFC3966")


def _e164(parsed: PhoneNumber) -> str:
    return _pattern("E164")(parsed).removeprefix("+")


FORMATS: dict[str, Callable[[PhoneNumber], str | None]] = {
    "e164": _e164,
    "rfc3966": _rfc3966,
    "national": _pattern("NATIONAL"),
    "international": _pattern("INTERNATIONAL"),
    "national-e164": _national_digits,
    "isocode": _region,
    "country-code": _country_code,
}


def check_format(name: object) -> str | None:
    """Why a constant is no format of phone numbers, else null."""
    if name in FORMATS:
        return None
    message = f"expected a format ({', '.join(FORMATS)}), got {preview(name)}"
    hint = suggestion(name, FORMATS) if isinstance(name, str) else ""
    return f"{message}; {hint}" if hint else message


def _parser(region: Value) -> Callable[[Value], Value]:
    one = partial(_parsed, None if region is ABSENT else region)
    return lambda values: each(values, one)


def _parsed(region: str | None, value: Value) -> str | None:
    characters = str(value) if type(value) is int and value >= 0 else text(value)
    if characters is None or len(characters) > LONGEST:
        return None
    return _tel(characters, region)


@lru_cache(maxsize=10_000)
def _tel(characters: str, region: str | None) -> str | None:
    parsed = _number(characters, region)
    return None if parsed is None else "~r" + _rfc3966(parsed)


@function(
    "phonenumber-parse",
    "DEFAULT_REGION(string{0|1}), VALUES(value-expression{1})",
    Example(["phonenumber-parse", "+4722222222"], "~rtel:+47-22-22-22-22"),
    Example(["phonenumber-parse", "NO", ["list", 22225555, "hello"]], ["~rtel:+47-22-22-55-55"]),
    Example(["phonenumber-parse", "22225555"], None, note="of which country?"),
    checks={"DEFAULT_REGION": check_region},
    prepare=prepared(_parser),
)
def phonenumber_parse(region: Value, values: Value) -> Value:
    """Read each string or integer as a phone number, as a `tel:` URI.

    Without a country code the number is one of DEFAULT_REGION (two capital letters), and dropped
    without that. Null gives null, a list a list; other values and what is no phone number are
    dropped. Whether the number is in use is not looked at.
    """
    return _parser(region)(values)


def _formatter(format_: str) -> Callable[[Value], Value]:
    one = partial(_formatted, format_)
    return lambda values: each(values, one)


def _formatted(format_: str, value: Value) -> str | None:
    if type(value) is str and value[:6].lower() == "~rtel:" and len(value) <= LONGEST + 2:
        return _written(value[2:], format_)
    return None


@lru_cache(maxsize=10_000)
def _written(tel: str, format_: str) -> str | None:
    parsed = _number(tel, None)
    return None if parsed is None else FORMATS[format_](parsed)


@function(
    "phonenumber-format",
    "FORMAT_STRING(string{1}), VALUES(value-expression{1})",
    Example(["phonenumber-format", "e164", "~rtel:+47-22-22-22-22"], "4722222222"),
    Example(["phonenumber-format", "international", "~rtel:+47-22-22-22-22"], "+47 22 22 22 22"),
    Example(["phonenumber-format", "isocode", ["list", "~rtel:+47-22-22-22-22", "x"]], ["NO"]),
    checks={"FORMAT_STRING": check_format},
    prepare=prepared(_formatter),
)
def phonenumber_format(format_: str, values: Value) -> Value:
    """Write each `tel:` URI in one of the formats.

    `e164`: country code and number in digits, without plus; `national-e164`: the number in digits;
    `national`, `international`: as written by people; `rfc3966`: the text of the URI; `isocode`:
    the region in two letters; `country-code`: its digits. Null gives null, a list a list; values
    that are no `tel:` URI are dropped.
    """
    return _formatter(format_)(values)
