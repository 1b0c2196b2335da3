"""Tokens: who gets in, and what the others are told."""

from __future__ import annotations

import base64
import json
import time
from types import SimpleNamespace

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from sesam_node.api.auth import Authenticator, Principal
from sesam_node.api.errors import ApiError
from sesam_node.api.hosts import check_request, is_loopback
from sesam_node.errors import ConfigError
from sesam_node.settings import Keys

SECRET = "a secret of more than thirty-two characters"
KEYS = Keys("HS256", SECRET, SECRET, "sesam-node", "sesam-node")


def public_pem(private):
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


RSA = generate_private_key(65537, 2048)
ED = Ed25519PrivateKey.generate()


def signed(key=SECRET, algorithm="HS256", **claims):
    claims = {"iss": "sesam-node", "aud": "sesam-node", "sub": "ada", **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm)


def unsigned(header, claims):
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims))
    return b".".join(part.rstrip(b"=") for part in parts).decode() + "."


def refusal(token, keys=KEYS):
    with pytest.raises(ApiError) as caught:
        Authenticator(keys).principal(token)
    assert caught.value.status == 401
    return caught.value.detail


def test_a_token_tells_who_it_is():
    token = signed(roles=["group:Admin"])
    assert Authenticator(KEYS).principal(f"Bearer {token}") == Principal("ada", ("group:Admin",))
    assert Authenticator(KEYS).principal(f"bearer  {token} ").subject == "ada"


def test_own_tokens_get_in_and_carry_no_principals():
    token = KEYS.token()
    assert Authenticator(KEYS).principal(f"Bearer {token}").roles == ("group:Admin",)
    assert "principals" not in jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "there is no token in the request"),
        ("", "there is no token in the request"),
        ("Basic abc", "the Authorization header holds no bearer token"),
        ("Bearer", "the Authorization header holds no bearer token"),
        ("Bearer " + "x" * 20_000, "the Authorization header holds no bearer token"),
        ("Bearer abc", "the token is no JWT that this node can read"),
        ("Bearer a.e30.c", "the token is no JWT that this node can read"),
    ],
)
def test_what_is_no_token_is_refused(header, detail):
    assert refusal(header) == detail


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (signed(exp=int(time.time()) - 60), "the token has expired"),
        (signed(nbf=int(time.time()) + 3600), "the token is not valid yet"),
        (signed(aud="other"), "the token is for another audience"),
        (signed(iss="other"), "the token has another issuer"),
        (signed(aud=None), "the token lacks its issuer or audience"),
        (signed(iss=None), "the token lacks its issuer or audience"),
        (signed("b" * 40), "the token is not signed with this node's key"),
        (
            unsigned({"alg": "none"}, {"iss": "sesam-node", "aud": "sesam-node"}),
            "the token is signed with another algorithm than this node's",
        ),
        (
            signed(SECRET, "HS256") + "x",
            "the token is not signed with this node's key",
        ),
    ],
)
def test_a_wrong_token_is_refused_by_what_is_wrong(token, detail):
    assert refusal(f"Bearer {token}") == detail


@pytest.mark.parametrize(("private", "algorithm"), [(RSA, "RS256"), (ED, "EdDSA")])
def test_public_keys_check_tokens_of_others(private, algorithm):
    keys = Keys(algorithm, public_pem(private), "", "sesam-node", "sesam-node")
    token = signed(private, algorithm)
    assert Authenticator(keys).principal(f"Bearer {token}").subject == "ada"


def test_a_public_key_is_never_taken_for_a_secret():
    import hashlib
    import hmac

    pem = public_pem(RSA)
    keys = Keys("RS256", pem, "", "sesam-node", "sesam-node")
    body = unsigned({"alg": "HS256"}, {"iss": "sesam-node", "aud": "sesam-node"}).rstrip(".")
    forged = hmac.new(pem.encode(), body.encode(), hashlib.sha256).digest()
    token = f"{body}.{base64.urlsafe_b64encode(forged).rstrip(b'=').decode()}"
    detail = "the token is signed with another algorithm than this node's"
    assert refusal(f"Bearer {token}", keys) == detail


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", "no key"), ("EdDSA", public_pem(RSA)), ("HS256", public_pem(RSA))],
)
def test_a_key_of_another_kind_is_refused_at_the_start(algorithm, key):
    with pytest.raises(ConfigError, match=f"no key for {algorithm}"):
        Authenticator(Keys(algorithm, key, "", "sesam-node", "sesam-node"))


def test_ping_and_health_are_open_and_the_rest_is_not(serve):
    status = SimpleNamespace(root=dict, node=dict, health=lambda: {"status": "ok"})
    served = serve(SimpleNamespace(status=status))

    def ask(path):
        return httpx.get(served.url + path, trust_env=False).status_code

    assert {path: ask(path) for path in ("/ping", "/health", "/", "/status", "/no/such")} == {
        "/ping": 200,
        "/health": 200,
        "/": 401,
        "/status": 401,
        "/no/such": 401,
    }


# ---- hosts and origins ---------------------------------------------------------------------------


def test_names_of_loopback():
    names = ("localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "LOCALHOST.", "a.localhost")
    assert all(is_loopback(name) for name in names)
    others = ("localhost.evil.com", "10.0.0.1", "evil.com", "", "127.0.0.1.evil.com", "0.0.0.0")
    assert not any(is_loopback(name) for name in others)


@pytest.mark.parametrize(
    ("host", "origin", "site"),
    [
        ("localhost:9042", None, None),
        ("[::1]:9042", None, None),
        ("127.0.0.1", "http://127.0.0.1", None),
        ("localhost:9042", "http://localhost:9042", "same-origin"),
        ("localhost:9042", None, "none"),
    ],
)
def test_requests_of_this_machine_are_served(host, origin, site):
    check_request(host, origin, site, loopback=True)


@pytest.mark.parametrize(
    ("host", "origin", "site"),
    [
        (None, None, None),
        ("evil.com", None, None),
        ("localhost.evil.com:9042", None, None),
        ("localhost@evil.com", None, None),
        ("localhost:9042", "http://evil.com", None),
        ("localhost:9042", "http://localhost:9042.evil.com", None),
        ("localhost:9042", "http://localhost:8888", None),
        ("localhost:9042", "null", None),
        ("localhost:9042", None, "cross-site"),
        ("localhost:9042", None, "same-site"),
    ],
)
def test_requests_of_other_pages_are_refused(host, origin, site):
    with pytest.raises(ApiError) as caught:
        check_request(host, origin, site, loopback=True)
    assert caught.value.status == 403


def test_a_node_for_others_answers_to_any_name_but_not_to_foreign_pages():
    check_request("node:9042", None, None, loopback=False)
    with pytest.raises(ApiError):
        check_request("node:9042", "http://evil.com", None, loopback=False)


def test_a_rebound_name_is_refused_even_on_open_paths(serve):
    served = serve(SimpleNamespace())
    answer = served.client.get("/ping", headers={"Host": "evil.com"})
    assert (answer.status_code, answer.json()["message"]) == (403, "this host name is not served")
