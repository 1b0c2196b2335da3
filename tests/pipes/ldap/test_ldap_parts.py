"""Filters, values and names of directories."""

import pytest

from sesam_node.config.document import Document
from sesam_node.config.validate import validate
from sesam_node.pipes.component import specs
from sesam_node.pipes.ldap.entries import naming_value, unescaped
from sesam_node.pipes.ldap.filters import FilterError, check_filter
from sesam_node.pipes.ldap.values import Reading, moment


@pytest.mark.parametrize(
    "text",
    [
        "(cn=*)",
        "(cn=A*b*c)",
        "(&(objectClass=person)(|(sn=A*)(sn>=B))(!(mail=*)))",
        " ( & (cn=a) (cn=b) ) ",
        "(userAccountControl:1.2.840.113556.1.4.803:=2)",
        "(:dn:2.4.6.8.10:=Dino)",
        "(cn:caseExactMatch:=Fred Flintstone)",
        "(o=Parens R Us \\28for all your needs\\29)",
        "(cn;lang-no=x)",
        "(1.3.6.1=x)",
        "(cn~=Åse)",
        "(seeAlso=)",
    ],
)
def test_filters(text):
    check_filter(text)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, 'expected "("'),
        ("cn=a", 0, 'expected "("'),
        ("(cn=a", 5, 'expected ")" for the "(" at character 1, got the end'),
        ("(cn=a))", 6, "the filter ends before this"),
        ("(cn=a)(sn=b)", 6, "join several with"),
        ("(&)", 2, '"&" joins filters in brackets'),
        ("(|cn=a)", 2, '"|" joins filters'),
        ("(!(cn=a)(cn=b))", 8, 'expected ")" for the "(" at character 1, got "("'),
        ("(cn)", 1, "expected a comparison"),
        ("(=a)", 1, "no attribute before"),
        ("(c n=a)", 1, '"c n" is no name of an attribute'),
        ("(cn=a\\zz)", 5, "two hexadecimal digits"),
        ("(cn=f(x))", 5, "is written \\28"),
        ("(!" * 200, 202, "nested more than 100 deep"),
    ],
)
def test_a_mistake_in_a_filter_is_told_with_its_place(text, position, message):
    with pytest.raises(FilterError, match=r".") as caught:
        check_filter(text)
    assert (caught.value.position, message in str(caught.value)) == (position, True)


SYNTAX = {
    "photo": "1.3.6.1.4.1.1466.115.121.1.40",
    "cn": "1.3.6.1.4.1.1466.115.121.1.15",
    "n": "1.3.6.1.4.1.1466.115.121.1.27",
    "ok": "1.3.6.1.4.1.1466.115.121.1.7",
    "at": "1.3.6.1.4.1.1466.115.121.1.24",
}


@pytest.mark.parametrize(
    ("name", "value", "made"),
    [
        ("cn", "Bø".encode(), "Bø"),
        ("cn", b"B\xf8", "Bø"),
        ("CN", b"~rx", "~~rx"),
        ("photo", b"text", "~bdGV4dA=="),
        ("cn;binary", b"text", "~bdGV4dA=="),
        ("unknown", b"\xff\xd8\x00", "~b/9gA"),
        ("unknown", b"B\xf8", "Bø"),
        ("objectGUID", b"0123456789abcdef", "~bMDEyMzQ1Njc4OWFiY2RlZg=="),
        ("n", b"12", "12"),
    ],
)
def test_values(name, value, made):
    assert Reading(SYNTAX, "latin-1")(name, [value]) == made


@pytest.mark.parametrize(
    ("name", "value", "made"),
    [
        ("n", b"-12", -12),
        ("n", b"123456789012345678901234567890", 123456789012345678901234567890),
        ("n", b"twelve", "twelve"),
        ("ok", b"TRUE", True),
        ("ok", b"perhaps", "perhaps"),
        ("at", b"20260131120000Z", "~t2026-01-31T12:00:00Z"),
        ("at", b"20261331120000Z", "20261331120000Z"),
    ],
)
def test_values_by_the_schema(name, value, made):
    assert Reading(SYNTAX, "latin-1", typed=True)(name, [value]) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("20200101000000.0Z", "~t2020-01-01T00:00:00Z"),
        ("20200101000000.120Z", "~t2020-01-01T00:00:00.12Z"),
        ("202001010030+0100", "~t2019-12-31T23:30:00Z"),
        ("20200101003000-02", "~t2020-01-01T02:30:00Z"),
        ("20200101", None),
        ("00010101000000+0100", None),
    ],
)
def test_times(text, made):
    assert moment(text) == made


def test_guids_are_written_as_active_directory_shows_them():
    value = bytes.fromhex("78563412bc9af0de1122334455667788")
    reading = Reading({"objectguid": SYNTAX["photo"]}, "latin-1")
    assert reading.identities("objectGUID", [value]) == ["12345678-9abc-def0-1122-334455667788"]
    assert reading.identities("objectSid", [b"\x01\x05"]) == ["0105"]


@pytest.mark.parametrize(
    ("dn", "attribute", "value"),
    [
        ("CN=A,dc=x", "cn", "a"),
        ("cn=Smith\\2c John,dc=x", "cn", "smith, john"),
        ("cn=a\\,b+uid=7,dc=x", "uid", "7"),
        ("ou=x,cn=a", "cn", ""),
        ("", "cn", ""),
    ],
)
def test_the_value_that_names_an_entry(dn, attribute, value):
    assert naming_value(dn, attribute) == value


def test_escapes_of_dns_are_bytes_of_utf_8():
    assert unescaped("B\\c3\\b8\\+") == "Bø+"


@pytest.mark.parametrize(
    ("component", "path", "message"),
    [
        (
            {"type": "system:ldap", "username": "cn=a"},
            "$",
            '"username" needs "password"',
        ),
        (
            {"type": "system:ldap", "host": "ldaps://a:636"},
            "$.host",
            "expected the name of a server, got a URL",
        ),
        ({"type": "system:ldap", "charset": "no"}, "$.charset", 'there is no encoding "no"'),
        (
            {"type": "pipe", "source": {"type": "ldap", "system": "d", "search_filter": "(a=b"}},
            "$.source.search_filter",
            "the filter cannot be read at character 5",
        ),
        (
            {"type": "pipe", "source": {"type": "ldap", "system": "d", "page_size": 0}},
            "$.source.page_size",
            "expected at least 1",
        ),
    ],
)
def test_what_is_wrong_is_told_when_it_is_saved(component, path, message):
    system = {"_id": "d", "type": "system:ldap"}
    document = Document.from_list([{"_id": "x", **component}, system])
    errors = [p for p in validate(document, {}, specs()).problems if message in p.message]
    assert [(problem.path, bool(problem.hint)) for problem in errors] == [
        (path, path != "$.source.page_size")
    ]
