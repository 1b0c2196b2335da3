"""Edge cases of the value functions that the conformance cases leave out.

A row is an expression and its value, compared with its type: `1`, `1.0` and `"~f1"` differ here.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sesam_node.dtl import Runtime, compile_rules, run_rules
from sesam_node.errors import DtlError

TILDE_URI = ["concat", "~", "rfoo"]  # the text "~rfoo", which is no URI
LARGE = 10**4298
LATEST = "~t9999-12-31T23:59:59.999999999Z"
EARLIEST = "~t0001-01-01T00:00:00Z"


def rules(expression: Any) -> dict[str, Any]:
    return {"default": [["copy", "_id"], ["add", "result", expression]]}


def result(expression: Any) -> Any:
    return run_rules(rules(expression), [{"_id": "x", "nothing": None}])[0].get("result")


def refusal(expression: Any) -> str:
    with pytest.raises(DtlError) as caught:
        compile_rules(rules(expression))
    return str(caught.value)


def failure(expression: Any) -> str:
    with pytest.raises(DtlError) as caught:
        result(expression)
    return str(caught.value)


TEXT: list[tuple[Any, Any]] = [
    (TILDE_URI, "~~rfoo"),
    (["is-string", TILDE_URI], True),
    (["length", TILDE_URI], 5),
    (["upper", TILDE_URI], "~RFOO"),
    (["substring", 1, TILDE_URI], "rfoo"),
    (["split", "", ["concat", "~", "rx"]], ["~", "r", "x"]),
    (["split", "-", "a-~rx"], ["a", "~~rx"]),
    (["join", "", ["list", "~", "rx"]], "~~rx"),
    (["replace", "a", "~", "arx"], "~~rx"),
    (["string", ["uri", TILDE_URI]], "~~rfoo"),
    (["matches", "?rfoo", TILDE_URI], True),
    (["split", "   "], []),
    (["split", None], []),
    (["split", ["list", 1, None]], []),
    (["split", "-", ""], [""]),
    (["substring", 10, "abc"], ""),
    (["substring", -10, 2, "abc"], "ab"),
    (["substring", 2, 1, ["list", "abc", 5]], [""]),
    (["strip", "", " a "], " a "),
    (["strip", "\u00a0a\u2003"], "a"),
    (["upper", "straße"], "STRASSE"),
    (["upper", ["list", 1, None]], []),
    (["upper", ["list", ["list", "a"], "b"]], ["B"]),
    (["ljust", True, " ", "a"], None),
    (["ljust", 10**12, " ", "a"], None),
    (["rjust", -1, " ", "a"], "a"),
    (["ljust", -(10**30), " ", ["list", "a", ""]], ["a", ""]),
    (["rjust", 10**7, " ", ["list", *"abcdefghijk"]], None),
    (["rjust", 3, "ø", "a"], "øøa"),
    (["replace", "", "x", "abc"], "abc"),
    (["replace", {"": "x", "b": 1, "a": "A"}, "abab"], "AbAb"),
    (["replace", {"a": "b", "ab": "c", "b": "d"}, "aabb"], "bcd"),
    (["replace", {}, ["list", "a", 1]], ["a"]),
    (["replace", ["list"], "a"], None),
    (["matches", "a\n?*", "a\nbc"], True),
    (["matches", "A", "a"], False),
    (["matches", "", ""], True),
    (["matches", "*a" * 40 + "b", "a" * 4000], False),
    (["matches", "*aa*a", "aa"], False),
    (["matches", ["list", 5, "a*"], "abc"], True),
    (["matches", "_S.nothing", "a"], False),
    (["join", "-", None], ""),
    (["concat", None], ""),
    (["string", 1e22], "1e+22"),
    (["string", 1.0], "1.0"),
    (["string", True], "true"),
    (["string", "~t2015-07-28T00:00:00Z"], "2015-07-28T00:00:00Z"),
    (["string", "~:a:b"], "a:b"),
    (["string", "~b/w=="], None),
    (["string", ["decimal", "1E-3"]], "0.001"),
    (["string", "~f1E+500"], "1" + "0" * 500),
    (
        ["string", ["list", "~f-1.5e-450", "~f1E+999999999"]],
        ["-0." + "0" * 449 + "15", "1E+999999999"],
    ),
    (
        ["string", ["list", "a", ["list", "ø", None, ["uri", "a:b"]], None]],
        ["a", '["ø", null, "a:b"]'],
    ),
]

NUMBERS: list[tuple[Any, Any]] = [
    (["integer", ["list", " 12 ", "+5", "1_000", "١٢", "", "1e3", "1.0"]], [12, 5]),
    (["integer", ["list", "0xf", "0x8", "0x", "0xg"]], [15, 8]),
    (["integer", ["list", 1e22, -2.9, "~f-2.9", True, "~t2015-07-28T00:00:00Z"]], [10**22, -2, -2]),
    (["integer", "9" * 4301], None),
    (["integer", "~f1E+999999999"], None),
    (["integer", "_.", ["list", "1", "x", None]], [1, "x"]),
    (
        ["decimal", ["list", "1.", ".5", "-1E-3", "+2", "NaN", "Infinity", "1_0"]],
        ["~f1", "~f0.5", "~f-0.001", "~f2"],
    ),
    (["decimal", 1e22], "~f10000000000000000000000"),
    (["decimal", "~f1.50"], "~f1.50"),
    (["decimal", ["list", True, "~r1"]], []),
    (["decimal", ["list", "1E999999999", "1E9999999999"]], ["~f1E+999999999"]),
    (["is-decimal", "~f1E9999999999"], False),
    (["float", ["list", "1e400", 10**400, "1,5", " 2 ", 3]], [2.0, 3.0]),
    (["float", "_S.nothing", ["list", "x", "1"]], [1.0]),
    (["hex", ["list", 0, -128, -129, 128, True, "5"]], ["0x00", "0x80", "0xff7f", "0x0080"]),
    (["boolean", ["list", "tRuE", " true", 0, None]], [True]),
]

MATH: list[tuple[Any, Any]] = [
    (["+", True, 1], None),
    (["+", LARGE * 9, LARGE], None),
    (["*", 10**4000, 10**4000], None),
    (["sum", ["list", LARGE * 9, LARGE]], None),
    (["sum", ["list", "~f1E+999999999", "~f1E-999999999"]], None),
    (["+", 10**400, 1.5], None),
    (["+", "~f1E+999999999", 1], None),
    (["+", "~f1E+9999999999", 1], None),
    (["+", ["decimal", "1e30"], ["decimal", "1e-30"]], "~f1" + "0" * 30 + "." + "0" * 29 + "1"),
    (["-", ["decimal", "1"], 0.1], "~f0.9"),
    (["/", 4, 2], "~f2"),
    (["/", 1, 3], "~f0." + "3" * 50),
    (["/", 1, 2**60], "~f0.000000000000000000867361737988403547205962240695953369140625"),
    (["/", 10**60, 4], "~f25" + "0" * 58),
    (["/", 1, 0.0], None),
    (["%", -7, 3], 2),
    (["%", -7.5, 2], 0.5),
    (["%", "~f-7.5", 2], "~f0.5"),
    (["%", "~f7.5", -2], "~f-0.5"),
    (["%", "~f-6", 2], "~f0"),
    (["%", "~f1E+999999999", 3], None),
    (["mod", 0, ["list", 1, 2]], []),
    (["divide", 0, 1], None),
    (["^", 10, 4298], LARGE),
    (["^", 10, 4299], None),
    (["^", 2, 10**12], None),
    (["^", -1, 10**12 + 1], -1),
    (["^", 0, 0], 1),
    (["^", 0, -1], None),
    (["^", 2, -2], "~f0.25"),
    (["^", -8, 0.5], None),
    (["^", 10.0, 400], None),
    (["^", "~f1.5", 10**18], None),
    (["pow", -1, ["list", 4, 0]], ["~f0.25"]),
    (["plus", None, ["list", 1]], None),
    (["plus", "1", ["list", 1]], None),
    (["plus", ["list", 1, 5], ["list", 1]], [2]),
    (["round", 2, 2.675], 2.68),
    (["round", 2, 2.665], 2.66),
    (["floor", 1, 2.3], 2.3),
    (["ceil", 1, 6], 6.0),
    (["ceil", 1, "~f-0.05"], "~f0.0"),
    (["round", -2, 1250], 1200.0),
    (["round", -2, "~f1350"], "~f1400"),
    (["round", 5, "~f1.5"], "~f1.5"),
    (["round", 0.5, 1.25], None),
    (["round", "~f2", 1.255], 1.26),
    (["round", "~f1E+999999999"], None),
    (["round", -2.5], -2),
    (["floor", 1e23], 99999999999999991611392),
    (["abs", "~f-1.50"], "~f1.50"),
    (["abs", ["list", True, "1", -1]], [1]),
    (["sqrt", "~f1.44"], "~f1.2"),
    (["sqrt", "~f1E+999999999"], None),
    (["^", "~f1.0000000000000000000000000000000000000001", 2.5], "~f1." + "0" * 39 + "2500000000"),
    (["sqrt", 10**400], 1e200),
    (["sqrt", ["list", -1, 4]], [2.0]),
    (["tan", ["list", -1.5707963267948966, 4.71238898038469]], []),
    (["cos", 10**400], None),
]

DATES: list[tuple[Any, Any]] = [
    (["datetime", ["list", "2015-02-29T00:00:00Z", "2015-01-01", "2015-01-01T00:00:00+00:00"]], []),
    (["datetime", "2016-02-29T00:00:00.120000000Z"], "~t2016-02-29T00:00:00.12Z"),
    (["datetime", -62135596800000000000], EARLIEST),
    (["datetime", -62135596800000000001], None),
    (["datetime", 253402300799999999999], LATEST),
    (["datetime", 253402300800000000000], None),
    (["datetime", ["list", "~t2015-01-01", True, 1.5]], []),
    (["datetime-diff", "month", "~t2015-02-28T00:00:00Z", "~t2015-01-31T00:00:00Z"], 1),
    (["datetime-diff", "month", "~t2015-01-31T00:00:00Z", "~t2015-02-28T00:00:00Z"], -1),
    (["datetime-diff", "month", "~t2015-02-15T00:00:00.5Z", "~t2015-01-15T00:00:00.6Z"], 0),
    (["datetime-diff", "year", "~t2017-02-28T00:00:00Z", "~t2016-02-29T00:00:00Z"], 1),
    (["datetime-diff", "nanosecond", LATEST, EARLIEST], 315537897599999999999),
    (["datetime-diff", "month", LATEST, EARLIEST], 119987),
    (["datetime-diff", "day", ["list", "~t2015-01-02T00:00:00Z"], "~t2015-01-01T00:00:00Z"], 1),
    (["datetime-diff", "day", "~t2015-01-02", "~t2015-01-01T00:00:00Z"], None),
    (["datetime-format", "%d%%%e", "~t0005-01-02T00:00:00Z"], "02%2"),
    (["datetime-format", "%Y|%y|%I|%p|%z", "~t0005-01-02T00:00:00Z"], "0005|05|12|AM|+0000"),
    (["datetime-format", "America/St_Johns", "%z", "~t2018-07-01T00:00:00Z"], "-0230"),
    (["datetime-format", "America/New_York", "%z", "~t1850-07-01T00:00:00Z"], "-0456"),
    (["datetime-format", "Asia/Tokyo", "%Y", LATEST], None),
    (["datetime-format", "%f", LATEST], "999999"),
    (["datetime-format", "%Y", ["list", "~t2018-07-01", "2018", None]], []),
    (["datetime-parse", "%Y-%m-%d", "2018-02-30"], None),
    (["datetime-parse", "%d.%m.%Y", "1.2.2018"], None),
    (["datetime-parse", "%e%m%Y", "8072015"], "~t2015-07-08T00:00:00Z"),
    (
        ["datetime-parse", "%d/%d %Y", ["list", "02/02 2015", "02/03 2015"]],
        ["~t2015-01-02T00:00:00Z"],
    ),
    (["datetime-parse", "%H:%M", "12:30"], "~t1900-01-01T12:30:00Z"),
    (
        ["datetime-parse", "%I %p", ["list", "12 AM", "12 pm", "1 PM"]],
        ["~t1900-01-01T00:00:00Z", "~t1900-01-01T12:00:00Z"],
    ),
    (
        ["datetime-parse", "%S.%f", ["list", "01.123456789", "01.1234567891"]],
        ["~t1900-01-01T00:00:01.123456789Z"],
    ),
    (["datetime-parse", "%S", "60"], None),
    (["datetime-parse", "%Y-%m-%d", "0000-01-01"], None),
    (["datetime-parse", "Asia/Tokyo", "%Y-%m-%d", "0001-01-01"], None),
    (
        ["datetime-parse", "Asia/Tokyo", "%Y-%m-%d %H%z", "2018-01-01 12+0000"],
        "~t2018-01-01T12:00:00Z",
    ),
    (["datetime-parse", "%Y%%", "2015%"], "~t2015-01-01T00:00:00Z"),
    (["datetime-parse", "(%Y)", "(2015)"], "~t2015-01-01T00:00:00Z"),
    (["datetime-parse", "%Y-%m-%d", "2018-01-0\uff11"], None),
    (
        ["datetime-parse", "Europe/Oslo", "%Y-%m-%d %H:%M", "2018-03-25 02:30"],
        "~t2018-03-25T01:30:00Z",
    ),
    (
        ["datetime-parse", "Europe/Oslo", "%Y-%m-%d %H:%M", "2018-10-28 02:30"],
        "~t2018-10-28T01:30:00Z",
    ),
    (["datetime-parse", "Europe/Oslo", "%Y-%m-%d", "2090-07-01"], "~t2090-06-30T22:00:00Z"),
    (["datetime-parse", "Etc/GMT+5", "%Y-%m-%d", "2018-07-01"], "~t2018-07-01T05:00:00Z"),
    (
        ["datetime-plus", "month", 1, "~t2015-01-31T00:00:00.000000001Z"],
        "~t2015-02-28T00:00:00.000000001Z",
    ),
    (["datetime-plus", "year", -1, "~t2016-02-29T12:00:00Z"], "~t2015-02-28T12:00:00Z"),
    (["datetime-plus", "nanosecond", 1, LATEST], None),
    (["datetime-plus", "day", 10**30, LATEST], None),
    (["datetime-plus", "month", -120000, ["list", LATEST, "x"]], []),
    (["datetime-shift", "Europe/Oslo", "UTC", "~t2018-10-28T02:30:00Z"], "~t2018-10-28T01:30:00Z"),
    (["datetime-shift", "UTC", "Asia/Tokyo", LATEST], None),
    (["datetime-shift", "UTC", "Asia/Tokyo", ["list", "~t2018-01-01", 1]], []),
    (["is-datetime", "~t2015-07-28"], False),
]

ENCODINGS: list[tuple[Any, Any]] = [
    (["json", ["list", ["uri", "a:b"], "~f1.5", None, TILDE_URI]], ['"a:b"', '"1.5"', '"~rfoo"']),
    (["json", {"b": ["ø", None], "a": {}}], '{"a": {}, "b": ["ø", null]}'),
    (["json-transit", ["list", "~f1.50", TILDE_URI]], ['"~f1.50"', '"~~rfoo"']),
    (["json-transit", ["json-parse", '"~rfoo"']], '"~~rfoo"'),
    (["json-transit-parse", ["json-transit", TILDE_URI]], "~~rfoo"),
    (["json-parse", '{"a": ["~rfoo", 1.0]}'], {"a": ["~~rfoo", 1.0]}),
    (["json-parse", ["list", "1e400", "NaN", '"\\ud800"', "[1,]", "", "[" * 300 + "]" * 300]], []),
    (["json-parse", 123456789], None),
    (["json-parse", ["string", "_."], ["list", 5, "oops", None]], ["5", "oops"]),
    (["json-parse", "12345678901234567890123"], 12345678901234567890123),
    (
        ["json-transit-parse", '["~uFF000000-0000-0000-0000-000000000000"]'],
        ["~uff000000-0000-0000-0000-000000000000"],
    ),
    (["base64-decode", ["list", "YR==", "YQ", "YQ==\n", "-_-_"]], ["~bYQ=="]),
    (["bytes", TILDE_URI], "~bfnJmb28="),
    (["base64-encode", ["list", "~bYQ", "~bYQ=="]], ["YQ=="]),
    (["uri", ["list", ["uri", "a:b"], TILDE_URI, "", 1]], ["~ra:b", "~r~rfoo", "~r"]),
    (["url-quote", "ø", "ø~*"], "%C3%B8~%2A"),
    (["url-unquote", ["list", "%7Erfoo", "%zz", "a+b"]], ["~~rfoo", "%zz", "a+b"]),
    (["uuid", "abc98f65ddf51234a8f582f6d8e601a8"], "~uabc98f65-ddf5-1234-a8f5-82f6d8e601a8"),
    (
        ["uuid", ["uuid", "ABC98F65-ddf5-1234-a8f5-82f6d8e601a8"]],
        "~uabc98f65-ddf5-1234-a8f5-82f6d8e601a8",
    ),
    (
        ["phonenumber-parse", "NO", ["list", -22225555, True, "0047 22225555"]],
        ["~rtel:+47-22-22-55-55"],
    ),
    (
        [
            "phonenumber-format",
            "e164",
            ["list", "~rhttp://a", "~rTEL:+4722225555", "tel:+4722225555"],
        ],
        ["4722225555"],
    ),
    (["phonenumber-format", "isocode", "~rtel:+999999"], None),
    (
        ["phonenumber-parse", "NO", ["list", "22225555" + " " * 242, "22225555" + " " * 243]],
        ["~rtel:+47-22-22-55-55"],
    ),
    (["decrypt", "k", ["encrypt", "k", ["list", TILDE_URI, "", 5]]], ["~~rfoo", ""]),
]


@pytest.mark.parametrize(
    ("expression", "expect"),
    [*TEXT, *NUMBERS, *MATH, *DATES, *ENCODINGS],
    ids=lambda value: json.dumps(value, ensure_ascii=True)[:70],
)
def test_an_expression_has_this_value(expression: Any, expect: Any) -> None:
    found = result(expression)
    assert json.dumps(found, sort_keys=True) == json.dumps(expect, sort_keys=True)


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        (["datetime-parse", "Europe/Olso", "%Y", "2015"], 'did you mean "Europe/Oslo"'),
        (["datetime-shift", "UTC", "Mars", "_S.at"], "expected the name of a time zone"),
        (["datetime-parse", "%Y-%j", "2015"], 'unknown token "%j"'),
        (["datetime-format", "%z %Y", "_S.at"], '"%z" must end the format string'),
        (["datetime-plus", "days", 1, "_S.at"], 'did you mean "day"'),
        (["datetime-diff", "decade", "_S.a", "_S.b"], "expected a date part"),
        (["phonenumber-parse", "no", "_S.tel"], 'did you mean "NO"'),
        (["phonenumber-format", "E164", "_S.tel"], 'did you mean "e164"'),
        (["encrypt-pki", "-----BEGIN PRIVATE KEY-----", "_S.x"], "-----BEGIN PUBLIC KEY"),
        (["decrypt-pgp", "hunter2", "hunter2", "_S.x"], "-----BEGIN PGP PRIVATE KEY"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_unknown_constant_is_refused_with_a_hint(expression: Any, hint: str) -> None:
    message = refusal(expression)
    assert hint in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (["decrypt", "x", ["encrypt", "y", "a"]], "another key, or damaged data"),
        (["decrypt", "x", "~bYWJj"], "not made by encrypt"),
        (["encrypt", "$SECRET(missing)", "a"], 'unknown secret "missing"'),
        (["encrypt-pki", "-----BEGIN PUBLIC KEY-----\n", "a"], "no public key in PEM format"),
        (["encrypt-pgp", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "a"], "no OpenPGP public key"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_wrong_key_or_damaged_data_fails_the_entity(expression: Any, reason: str) -> None:
    assert reason in failure(expression)


def test_each_evaluation_of_uuid_gives_another_one() -> None:
    first, second = result(["list", ["uuid"], ["uuid"]])
    assert first != second


def test_encrypted_text_differs_at_each_evaluation() -> None:
    first, second = result(["list", ["encrypt", "k", "a"], ["encrypt", "k", "a"]])
    assert first != second


def test_a_key_may_be_a_secret_and_a_value_may_not() -> None:
    """Else whoever may write rules could read what only the key should be made of."""
    compiled = compile_rules(
        rules(["decrypt", "$SECRET(key)", ["encrypt", "opensesame", "$SECRET(word)"]])
    )
    runtime = Runtime(secrets={"key": "opensesame", "word": "treasure"})
    out: list[Any] = []
    compiled.bind(runtime)({"_id": "x"}, out)
    assert out == [{"_id": "x", "result": "$SECRET(word)"}]
    assert list(compiled.plan.secrets) == ["key"]
    assert [problem.code for problem in compiled.warnings] == ["misplaced-secret"]


def test_rsa_keys_fit_in_both_private_formats_and_long_text_fails() -> None:
    key = generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    encrypted = result(["encrypt-pki", public.decode(), "blåbær"])
    for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8):
        private = key.private_bytes(Encoding.PEM, form, NoEncryption())
        assert result(["decrypt-pki", private.decode(), encrypted]) == "blåbær"
    assert "takes 214" in failure(["encrypt-pki", public.decode(), "a" * 215])
