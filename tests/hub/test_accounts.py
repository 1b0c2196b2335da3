"""Users and API keys: who gets in with what, and when it ends."""

from __future__ import annotations

import asyncio
import json

import jwt
import pytest

from sesam_node.errors import ConflictError, InputError, NotFoundError
from sesam_node.hub.access import Principal
from sesam_node.hub.accounts import TRIES_OF_A_NAME, WINDOW_S, Accounts, LoginError
from sesam_node.hub.passwords import Attempts, TooOftenError, hashed, matches
from sesam_node.settings import Keys

SECRET = "a secret of more than thirty-two characters"
KEYS = Keys("HS256", SECRET, SECRET, "sesam-node", "sesam-node")
PASSWORD = "correct horse battery"


class Clock:
    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accounts(store, clock):
    return Accounts(store.settings, clock)


def log_in(accounts, email, password=PASSWORD, address="10.0.0.1"):
    return asyncio.run(accounts.log_in(email, password, address))


def claims(token):
    return jwt.decode(
        token,
        SECRET,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_aud": False, "verify_iat": False},
    )


def test_a_password_is_kept_as_a_hash_of_its_own_salt(accounts, store):
    assert hashed(PASSWORD) != hashed(PASSWORD)
    assert matches(PASSWORD, hashed(PASSWORD))
    assert not matches("another password", hashed(PASSWORD))
    accounts.add_user("Ada@Example.com", PASSWORD, ["group:User"], "Ada")
    kept = json.dumps({key: value.decode() for key, value in store.settings.items().items()})
    assert PASSWORD not in kept
    assert accounts.users() == [
        {
            "email": "ada@example.com",
            "name": "Ada",
            "roles": ["group:User"],
            "created": "2027-01-15T08:00:00Z",
        }
    ]


def test_a_log_in_gives_a_token_without_principals(accounts):
    accounts.add_user("ada@example.com", PASSWORD, ["group:User", "hr"])
    user = log_in(accounts, " ADA@example.com")
    found = claims(accounts.token(user, KEYS, 3600.0))
    assert found["exp"] - found["iat"] in (3599, 3600)
    assert "principals" not in found
    assert accounts.principal(found) == Principal("ada@example.com", ("group:User", "hr"))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong password"),
        ("ada@example.com", ""),
        ("bo@example.com", PASSWORD),
        ("../user/ada@example.com", PASSWORD),
        ("", PASSWORD),
        ("ada@example.com", "x" * 100_000),
    ],
)
def test_a_wrong_log_in_does_not_tell_what_is_wrong(accounts, email, password):
    accounts.add_user("ada@example.com", PASSWORD, ["group:User"])
    with pytest.raises(LoginError, match="the e-mail address or the password is wrong"):
        log_in(accounts, email, password)


def test_roles_are_those_of_the_record_and_a_new_password_ends_tokens(accounts):
    accounts.add_user("ada@example.com", PASSWORD, ["group:Admin"])
    old = claims(accounts.token(log_in(accounts, "ada@example.com"), KEYS, 60.0))
    accounts.change_user("ada@example.com", roles=["group:Guest"])
    assert accounts.principal(old).roles == ("group:Guest",)
    accounts.change_user("ada@example.com", password="another password")
    assert accounts.principal(old) is None
    new = claims(accounts.token(log_in(accounts, "ada@example.com", "another password"), KEYS, 9.0))
    assert accounts.principal(new) is not None
    accounts.remove_user("ada@example.com")
    assert accounts.principal(new) is None


def test_a_user_who_is_added_again_does_not_bring_old_tokens_back(accounts):
    accounts.add_user("ada@example.com", PASSWORD, ["group:Admin"])
    old = claims(accounts.token(log_in(accounts, "ada@example.com"), KEYS, 60.0))
    accounts.remove_user("ada@example.com")
    accounts.add_user("ada@example.com", PASSWORD, ["group:Admin"])
    assert accounts.principal(old) is None


def test_what_is_no_user_is_refused(accounts):
    for email in ("", "ada", "@x", "a@", "a b@c", "a/b@c", "a@b\nc", 7, "a@" + "b" * 300):
        with pytest.raises(InputError):
            accounts.add_user(email, PASSWORD, ["group:User"])
    with pytest.raises(InputError, match="expected a password of 10 to 1,000 characters, got 5"):
        accounts.add_user("ada@example.com", "short", ["group:User"])
    for roles in ([], "group:User", [1], [""], ["group:Anonymous"], ["group:Everyone"]):
        with pytest.raises(InputError):
            accounts.add_user("ada@example.com", PASSWORD, roles)
    accounts.add_user("ada@example.com", PASSWORD, ["group:User"])
    with pytest.raises(ConflictError):
        accounts.add_user("ADA@example.com", PASSWORD, ["group:User"])
    with pytest.raises(NotFoundError):
        accounts.change_user("bo@example.com", name="Bo")


def test_log_ins_that_fail_are_counted_by_name_and_the_right_one_waits_too(accounts, clock):
    accounts.add_user("ada@example.com", PASSWORD, ["group:User"])
    for _ in range(TRIES_OF_A_NAME):
        with pytest.raises(LoginError):
            log_in(accounts, "ada@example.com", "wrong password")
        clock.now += 1.0
    with pytest.raises(TooOftenError) as caught:
        log_in(accounts, "ada@example.com")
    assert caught.value.wait_s == WINDOW_S - TRIES_OF_A_NAME
    clock.now += caught.value.wait_s
    assert log_in(accounts, "ada@example.com").email == "ada@example.com"


def test_log_ins_that_succeed_are_not_counted(accounts):
    accounts.add_user("ada@example.com", PASSWORD, ["group:User"])
    for _ in range(TRIES_OF_A_NAME + 1):
        log_in(accounts, "ada@example.com")


def test_attempts_count_until_they_have_succeeded(clock):
    attempts = Attempts(2, 10.0, clock)
    attempts.begin("a")
    attempts.begin("a")
    with pytest.raises(TooOftenError):
        attempts.begin("a")
    attempts.begin("b")
    attempts.succeeded("a")
    attempts.begin("a")


def test_a_key_is_listed_without_its_token_and_ends_when_it_is_revoked(accounts, clock):
    key, token = accounts.add_key("nightly load", ["group:Developer"], KEYS)
    found = claims(token)
    assert "principals" not in found
    assert "exp" not in found
    assert accounts.keys() == [
        {
            "id": key["id"],
            "name": "nightly load",
            "roles": ["group:Developer"],
            "created": "2027-01-15T08:00:00Z",
            "expires": None,
            "last_used": None,
        }
    ]
    assert accounts.principal(found) == Principal("key:nightly load", ("group:Developer",))
    assert accounts.keys()[0]["last_used"] == "2027-01-15T08:00:00Z"
    clock.now += 30.0
    accounts.principal(found)
    assert accounts.keys()[0]["last_used"] == "2027-01-15T08:00:00Z"
    clock.now += 30.0
    accounts.principal(found)
    assert accounts.keys()[0]["last_used"] == "2027-01-15T08:01:00Z"
    accounts.revoke_key(key["id"])
    assert accounts.principal(found) is None
    assert accounts.keys() == []
    with pytest.raises(NotFoundError):
        accounts.revoke_key(key["id"])


def test_a_key_ends_by_itself(accounts, clock):
    _, token = accounts.add_key("short", ["group:Guest"], KEYS, 60.0)
    found = claims(token)
    assert accounts.principal(found) is not None
    clock.now += 60.0
    assert accounts.principal(found) is None


def test_an_account_that_never_was_is_nobody(accounts):
    accounts.add_key("k", ["group:Guest"], KEYS)
    for wrong in (
        {"account": "key"},
        {"account": "key", "jti": "../user"},
        {"account": "user"},
        {"account": "other", "jti": 7},
    ):
        assert accounts.principal(wrong) is None
