"""The ldap source over a real directory."""

import socket
import threading

import pytest
from certificates import make_certificate
from directory_server import ADMIN, ROOT, slapd
from entries import GUID, PEOPLE, PHOTO, PLAIN_PHOTO
from page_examples import page_components
from server_processes import own_folder

from sesam_node.pipes import introspection
from sesam_node.pipes.http.address_rules import AddressRules

AASE = f"ou=people,{ROOT}"
PERSONS = "(objectClass=inetOrgPerson)"
AASE_ENTITY = {
    "dn": f"cn=Åse Bø,{AASE}",
    "objectClass": ["inetOrgPerson", "posixAccount"],
    "cn": ["Aase Boe", "Åse Bø"],
    "sn": "Bø",
    "uid": "aase",
    "uidNumber": "1001",
    "gidNumber": "100",
    "homeDirectory": "/home/aase",
    "jpegPhoto": [f"~b{PHOTO}", f"~b{PLAIN_PHOTO}"],
    "userPassword": "~bc2VjcmV0",
    "mail": ["aase@example.org", "boe@example.org"],
    "description": "~~rnot a uri",
    "description;lang-no": "paa norsk",
    "telephoneNumber": "007",
}
JOHN_ENTITY = {
    "dn": f"cn=Smith\\2C John+sn=Smith,{AASE}",
    "objectClass": "inetOrgPerson",
    "cn": ["Smith, John", "Another"],
    "sn": "Smith",
    "uid": "john",
    "userCertificate;binary": f"~b{GUID}",
}


def only(found, *names):
    """Entities with these properties alone."""
    return {key: {n: one[n] for n in names if n in one} for key, one in found.items()}


# ---- what becomes of entries ---------------------------------------------------------------------


def test_an_entry_is_an_entity_of_all_its_attributes(directory):
    found = directory.collect(search_base=AASE, search_filter=PERSONS, id_attribute="uid")
    assert found == {"aase": AASE_ENTITY, "john": JOHN_ENTITY}


def test_of_several_values_the_one_that_names_the_entry_is_its_id(directory):
    found = directory.collect(search_base=AASE, search_filter=PERSONS)
    assert sorted(found) == ["Smith, John", "Åse Bø"]


def test_of_several_values_that_name_nothing_the_least_is_the_id(directory):
    found = directory.collect(search_filter="(uid=aase)", id_attribute="mail")
    assert list(found) == ["aase@example.org"]


def test_the_dn_can_be_the_id(directory):
    found = directory.collect(search_filter="(uid=aase)", id_attribute="dn")
    assert list(found) == [f"cn=Åse Bø,{AASE}"]


def test_bytes_as_the_id_are_hexadecimal(directory):
    found = directory.collect(search_filter="(uid=aase)", id_attribute="userPassword")
    assert list(found) == ["736563726574"]


def test_an_operational_attribute_can_be_the_id(directory):
    found = directory.collect(search_filter="(uid=aase)", id_attribute="entryUUID")
    ((entity_id, entity),) = found.items()
    assert entity["entryUUID"] == entity_id
    assert "modifyTimestamp" not in entity


def test_an_entry_without_the_id_fails_and_says_which(directory):
    error = directory.error(search_base=ROOT, search_filter="(objectClass=*)")
    assert error.startswith('system "dir": an entry has no _id')
    assert 'the entry "dc=example,dc=org" has no "cn"' in error
    assert 'choose another "id_attribute"' in error


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ("uid", {"dn", "uid"}),
        ("UID, sn", {"dn", "uid", "sn"}),
        ("*Number", {"dn", "uidNumber", "gidNumber", "telephoneNumber"}),
        ("desc*", {"dn", "description", "description;lang-no"}),
        ("description", {"dn", "description", "description;lang-no"}),
        ("*", set(AASE_ENTITY)),
    ],
)
def test_attributes_are_chosen_by_names_and_wildcards(directory, attributes, kept):
    found = directory.collect(search_filter="(uid=aase)", attributes=attributes)
    assert set(found["Åse Bø"]) == kept


def test_operational_attributes_come_where_asked_for(directory):
    found = directory.collect(search_filter="(uid=aase)", attributes="*,+")["Åse Bø"]
    assert found["creatorsName"] == ADMIN
    assert found["uid"] == "aase"


def test_attributes_on_the_blacklist_are_left_out(directory):
    found = directory.collect(
        search_filter="(uid=aase)", attribute_blacklist=["USERPASSWORD", "jpegPhoto", "description"]
    )
    left_out = {"userPassword", "jpegPhoto", "description", "description;lang-no"}
    assert set(found["Åse Bø"]) == set(AASE_ENTITY) - left_out


def test_by_the_schema_values_have_types(directory):
    found = directory.collect(
        search_filter="(uid=aase)", attributes="*,+", value_types="schema", id_attribute="uid"
    )["aase"]
    assert only({"a": found}, "uidNumber", "telephoneNumber", "hasSubordinates", "mail") == {
        "a": {
            "uidNumber": 1001,
            "telephoneNumber": "007",
            "hasSubordinates": False,
            "mail": ["aase@example.org", "boe@example.org"],
        }
    }
    assert found["createTimestamp"].startswith("~t20")


# ---- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [7, 500, 5_000])
def test_thousands_of_entries_come_by_pages(directory, page_size):
    found = directory.collect(search_base=f"ou=many,{ROOT}", page_size=page_size, attributes="sn")
    assert len(found) == 3_000
    assert found["person 2999"] == {"dn": f"cn=person 2999,ou=many,{ROOT}", "sn": "2999"}


def test_without_a_base_everything_is_searched(directory):
    assert len(directory.collect()) == 3_002


def test_a_second_run_changes_nothing_and_one_of_less_deletes(directory):
    directory.collect(search_base=AASE, search_filter=PERSONS, id_attribute="uid")
    result = directory.node.run("got")
    assert (result.processed, result.changed) == (2, 0)
    directory.collect(search_base=AASE, search_filter="(uid=john)", id_attribute="uid")
    assert directory.node.deleted("got") == ["aase"]


def test_what_the_server_cuts_off_is_an_error_and_deletes_nothing(server, reading):
    directory = reading(**server.options())
    directory.collect(search_base=f"ou=many,{ROOT}")
    login = {"username": None, "password": None}
    directory.node.more["systems"]["dir"] |= login
    error = directory.error(search_base=f"ou=many,{ROOT}")
    assert "the server gives no more entries to this user" in error
    assert len(directory.node.live("got")) == 3_000


# ---- what goes wrong -----------------------------------------------------------------------------


def test_a_wrong_password_is_told_without_it(server, reading):
    error = reading(**server.options(password="not-this-one")).error()
    assert error == (
        f'system "dir": 127.0.0.1:{server.port} does not let it in: '
        "the user name or password is wrong"
    )


def test_a_base_that_is_not_there_is_told(directory):
    assert directory.error(search_base=f"ou=nobody,{ROOT}") == (
        'system "dir": there is no "ou=nobody,dc=example,dc=org" in the directory'
    )


def test_a_base_that_is_no_dn_is_told(directory):
    assert '"people" is no DN, such as ou=people' in directory.error(search_base="people")


def test_a_user_needs_a_password(server, reading):
    error = reading(**server.options(password=None)).error()
    assert '"username" needs "password"' in error


def test_a_server_that_does_not_answer_is_told(reading):
    error = reading(type="system:ldap", host="127.0.0.1", port=9).error()
    assert error.startswith('system "dir": 127.0.0.1:9: ')
    assert "refused" in error


def answering(data):
    """A port that sends this to whoever connects, and then nothing."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listening.accept()
        with connection:
            connection.recv(4_096)
            connection.sendall(data)
            connection.recv(4_096)

    threading.Thread(target=serve, daemon=True).start()
    return listening


def test_a_server_that_speaks_something_else_is_told(reading):
    with answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as listening:
        port = listening.getsockname()[1]
        error = reading(type="system:ldap", host="127.0.0.1", port=port, read_timeout=1).error()
    assert error.startswith(f'system "dir": 127.0.0.1:{port}: ')


def test_a_server_that_is_silent_is_not_waited_for_longer_than_asked(reading):
    with answering(b"") as listening:
        port = listening.getsockname()[1]
        error = reading(type="system:ldap", host="127.0.0.1", port=port, read_timeout=0.3).error()
    assert "timed out" in error


def test_a_server_that_dies_half_way_fails_the_run_and_deletes_nothing(reading):
    with own_folder("directory-") as folder, slapd(folder / "s", PEOPLE) as server:
        directory = reading(**server.options())
        many = {"search_base": f"ou=many,{ROOT}", "page_size": 100}
        directory.collect(**many)
        seen = []

        def report(progress):
            seen.append(progress)
            server.kill()

        result = directory.node.try_run("got", report=report)
    assert seen
    assert not result.success
    assert result.error.startswith('system "dir": searching')
    assert len(directory.node.live("got")) == 3_000


def test_an_address_that_is_denied_is_not_talked_to(server, reading):
    directory = reading(**server.options())
    directory.node.more["addresses"] = AddressRules(denied=("127.0.0.0/8",))
    assert "denied by the settings of the node" in directory.error()


# ---- TLS -----------------------------------------------------------------------------------------


def test_over_tls_with_an_authority_of_its_own(server, reading, certificate):
    secure = server.options(
        port=server.ssl_port, use_ssl=True, custom_ca_pem_chain=certificate.authority
    )
    assert len(reading(**secure).collect(search_base=AASE, search_filter=PERSONS)) == 2


@pytest.mark.parametrize("chain", [None, "another"])
def test_a_certificate_that_nobody_knows_is_refused(server, reading, chain):
    pem = chain and make_certificate().authority
    secure = server.options(port=server.ssl_port, use_ssl=True, custom_ca_pem_chain=pem)
    assert "certificate verify failed" in reading(**secure).error()


def test_a_certificate_for_another_name_is_refused(server, reading, certificate):
    secure = server.options(
        host="localhost",
        port=server.ssl_port,
        use_ssl=True,
        custom_ca_pem_chain=certificate.authority,
    )
    assert "certificate is not valid for 'localhost'" in reading(**secure).error()


def test_certificates_need_not_be_checked(server, reading):
    secure = server.options(port=server.ssl_port, use_ssl=True, verify_ssl=False)
    assert len(reading(**secure).collect(search_base=AASE, search_filter=PERSONS)) == 2


def test_a_chain_that_is_none_is_told(server, reading):
    secure = server.options(port=server.ssl_port, use_ssl=True, custom_ca_pem_chain="nothing")
    assert '"custom_ca_pem_chain" holds no certificates' in reading(**secure).error()


# ---- what it offers ------------------------------------------------------------------------------


def test_the_classes_of_entries_are_offered_with_samples(directory):
    definition = directory.configure()
    found = introspection.offers(definition, "dir")
    offers = {one["id"]: one for one in found["offers"]}
    assert sorted(offers) == [
        "inetOrgPerson",
        "organization",
        "organizationalPerson",
        "organizationalUnit",
    ]
    columns = {one["name"]: one for one in offers["inetOrgPerson"]["columns"]}
    assert columns["uid"] == {
        "name": "uid",
        "type": "text",
        "nullable": False,
        "primary_key": True,
    }
    assert columns["jpegPhoto"] == {"name": "jpegPhoto", "type": "bytes", "nullable": True}
    told = introspection.offer(definition, "dir", "inetOrgPerson")
    assert told["pipe"] == {
        "_id": "dir-inetorgperson",
        "type": "pipe",
        "source": {
            "type": "ldap",
            "system": "dir",
            "search_filter": "(objectClass=inetOrgPerson)",
            "id_attribute": "uid",
        },
    }
    assert [one["_id"] for one in told["samples"]] == ["aase", "john"]


def test_the_status_tells_what_the_directory_is(directory):
    definition = directory.configure()
    status = introspection.system_status(definition, "dir")
    assert (status["status"], status["message"]) == ("ok", f"the directory {ROOT}")


def test_the_example_of_the_page_runs(server, reading):
    found = page_components("ldap")
    system, pipe = found["directory"], found["directory-person"]
    system |= {"host": "127.0.0.1", "port": server.port, "use_ssl": False, "username": ADMIN}
    directory = reading(**system)
    directory.node.more["systems"] = {"directory": system}
    directory.node.more["secrets"] = {"directory-password": server.options()["password"]}
    directory.node.pipe(pipe["_id"], **{k: v for k, v in pipe.items() if k not in ("_id", "type")})
    directory.node.run(pipe["_id"])
    person = directory.node.live(pipe["_id"])["aase"]
    assert person["mail"] == ["aase@example.org", "boe@example.org"]
    assert "userPassword" not in person
