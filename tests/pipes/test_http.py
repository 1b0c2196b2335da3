"""HTTP as url systems speak it: redirects, tokens, denied addresses, retry strategies, proxying."""

from __future__ import annotations

import base64
import ipaddress
import json
import pickle
import socket
import ssl
import time
import urllib.parse
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from test_json_source import pulling
from web_server import Reply

from sesam_node.errors import ConfigError, InputError, NotBuiltError
from sesam_node.pipes.batch import Context
from sesam_node.pipes.http.address_rules import AddressRules
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.http.retries import RetryStrategy
from sesam_node.pipes.proxy import proxy
from sesam_node.pipes.runs import PipeDefinition

LOGIN = {
    "authentication": "basic",
    "username": "kari",
    "password": "s3cret",
    "headers": {"X-Api-Key": "k3y"},
}


# ---- redirects -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "login",
    [
        LOGIN,
        {"authentication": "jwt", "jwt_token": "t0ken"},
        {"authentication": "digest", "username": "kari", "password": "s3cret"},
    ],
)
def test_a_redirect_to_another_server_takes_no_login_along(memory_node, web, login):
    there = web(lambda _: Reply([{"_id": "1"}]))
    here = web(lambda _: Reply(b"", 302, {"Location": f"{there.url}/x"}))
    pulling(memory_node, here, system=login, headers={"X-Source": "x"}).run("b")
    (asked,) = there.asked
    assert not {"authorization", "x-api-key", "x-source", "cookie"} & set(asked.headers)
    assert asked.headers["accept"] == "application/json"


def test_a_redirect_within_the_server_keeps_the_login(memory_node, web):
    def answer(asked):
        if asked.path == "/data":
            return Reply(b"", 301, {"Location": "/x"})
        return Reply([{"_id": "1"}])

    server = web(answer)
    pulling(memory_node, server, system=LOGIN).run("b")
    assert [asked.headers["x-api-key"] for asked in server.asked] == ["k3y", "k3y"]
    assert len({asked.headers["authorization"] for asked in server.asked}) == 1


def test_an_absolute_url_is_used_as_it_is_without_the_login_of_another_server(memory_node, web):
    there = web(lambda _: Reply([]))
    here = web(lambda _: Reply([]))
    pulling(memory_node, here, system=LOGIN, url=f"{there.url}/there").run("b")
    assert here.asked == []
    assert (there.asked[0].path, "authorization" in there.asked[0].headers) == ("/there", False)


def test_a_pattern_that_is_open_sends_the_login_where_the_url_says(memory_node, web):
    server = web(lambda _: Reply([]))
    pulling(memory_node, server, system={**LOGIN, "url_pattern": "%s"}, url=f"{server.url}/x")
    memory_node.run("b")
    assert server.asked[0].headers["x-api-key"] == "k3y"


def test_a_pattern_that_takes_a_url_in_its_query_gets_it(memory_node, web):
    server = web(lambda _: Reply([]))
    pulling(memory_node, server, pattern="/fetch?from=%s", url="http://example.org/x").run("b")
    assert server.asked[0].query == {"from": "http://example.org/x"}


def test_digest_logs_in(memory_node, web):
    def answer(asked):
        if asked.headers.get("authorization", "").startswith("Digest "):
            return Reply([{"_id": "1"}])
        challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
        return Reply(b"", 401, {"WWW-Authenticate": challenge})

    system = {"authentication": "digest", "username": "kari", "password": "s3cret"}
    pulling(memory_node, web(answer), system=system).run("b")
    assert list(memory_node.live("b")) == ["1"]


# ---- OAuth 2 -------------------------------------------------------------------------------------


class Provider:
    """Gives tokens out and serves those who have the last one."""

    def __init__(self, expires_in=3600, *, in_form=False):
        self.expires_in = expires_in
        self.in_form = in_form
        self.given = 0
        self.forms = []
        self.revoked = False

    def __call__(self, asked):
        if asked.path == "/token":
            return self._token(asked)
        if self.revoked or asked.headers.get("authorization") != f"Bearer t0ken-{self.given}":
            self.revoked = False
            return Reply(b"", 401)
        return Reply([{"_id": "1"}])

    def _token(self, asked):
        form = dict(urllib.parse.parse_qsl(asked.body.decode()))
        if self.in_form and "client_secret" not in form:
            return Reply({"error": "invalid_client"}, 401)
        if not self.in_form:
            expected = base64.b64encode(b"me:s3cret").decode()
            assert asked.headers["authorization"] == f"Basic {expected}"
        self.forms.append(form)
        self.given += 1
        token = {"access_token": f"t0ken-{self.given}", "refresh_token": f"r3fresh-{self.given}"}
        return Reply({**token, "expires_in": self.expires_in})


def oauth_node(node, web, provider, **oauth):
    server = web(provider)
    options = {
        "client_id": "me",
        "client_secret": "$SECRET(word)",
        "token_url": f"{server.url}/token",
        **oauth,
    }
    pulling(node, server, system={"oauth2": options}, secrets={"word": "s3cret"})
    return server


def test_a_token_is_fetched_once_and_kept(memory_node, web):
    provider = Provider()
    oauth_node(memory_node, web, provider, scope=["a", "b"], extra={"audience": "x"})
    memory_node.run("b")
    memory_node.run("b")
    assert provider.forms == [{"grant_type": "client_credentials", "scope": "a b", "audience": "x"}]


def test_a_token_that_has_ended_is_renewed(memory_node, web):
    provider = Provider(expires_in=0)
    oauth_node(memory_node, web, provider)
    memory_node.run("b")
    memory_node.run("b")
    assert provider.given == 2


def test_a_token_that_is_refused_is_renewed_once(memory_node, web):
    provider = Provider()
    oauth_node(memory_node, web, provider)
    memory_node.run("b")
    provider.revoked = True
    memory_node.run("b")
    assert provider.given == 2


def test_a_client_secret_may_have_to_be_in_the_form(memory_node, web):
    provider = Provider(in_form=True)
    oauth_node(memory_node, web, provider)
    memory_node.run("b")
    assert provider.forms[0] | {"client_id": "me", "client_secret": "s3cret"} == provider.forms[0]


def jwt(**payload):
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"e30.{part}.x"


def test_a_refresh_token_rotates(memory_node, web):
    provider = Provider(expires_in=0)
    server = oauth_node(
        memory_node,
        web,
        provider,
        access_token=jwt(exp=time.time() - 5),
        refresh_token="first",
    )
    memory_node.run("b")
    memory_node.run("b")
    assert [(form["grant_type"], form["refresh_token"]) for form in provider.forms] == [
        ("refresh_token", "first"),
        ("refresh_token", "r3fresh-1"),
    ]
    assert len(server.asked) == 4


def test_a_given_access_token_is_used_while_it_lasts(memory_node, web):
    server = web(lambda _: Reply([]))
    token = jwt(exp=time.time() + 3600)
    oauth = {"client_id": "me", "client_secret": "x", "token_url": f"{server.url}/token"}
    oauth |= {"access_token": token, "refresh_token": "r"}
    pulling(memory_node, server, system={"oauth2": oauth}).run("b")
    assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {token}"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            Reply({"error": "invalid_client", "error_description": "s3cret"}, 401),
            '/token gave no access token: 401 Unauthorized ("invalid_client")',
        ),
        (Reply(b"", 302, {"Location": "/x"}), "/token gave no access token: 302 Found"),
        (Reply(b"<html>"), '/token is no JSON object with "access_token"'),
        (Reply({"token": "s3cret"}), '/token is no JSON object with "access_token"'),
        (Reply(closes=True), "failed: "),
    ],
)
def test_a_token_that_is_not_given_is_told_without_secrets(memory_node, web, reply, message):
    oauth_node(memory_node, web, lambda _: reply)
    result = memory_node.try_run("b")
    assert message in result.error
    assert "s3cret" not in result.error + str(result.traceback) + str(result.events)


def test_no_token_is_in_an_error_of_the_server_itself(memory_node, web):
    provider = Provider()
    oauth_node(
        memory_node,
        web,
        lambda asked: provider(asked) if asked.path == "/token" else Reply(b"", 403),
    )
    result = memory_node.try_run("b")
    assert "answered 403 Forbidden" in result.error
    assert "t0ken" not in result.error + str(result.traceback) + str(result.events)


# ---- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "denied"),
    [
        ("169.254.169.254", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1%eth0", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_link_local_addresses_are_denied_in_any_notation(address, denied):
    assert bool(AddressRules().reason(address)) is denied


def test_settings_allow_and_deny_further_addresses():
    rules = AddressRules(("169.254.1.0/24", "10.1.0.0/16"), ("10.0.0.0/8", "::/0"))
    denied = "denied by the settings of the node"
    assert {
        address: rules.reason(address)
        for address in (
            "169.254.1.1",
            "169.254.2.1",
            "10.1.2.3",
            "::ffff:10.2.0.1",
            "2001:db8::1",
            "8.8.8.8",
        )
    } == {
        "169.254.1.1": "",
        "169.254.2.1": "link-local, which is denied",
        "10.1.2.3": "",
        "::ffff:10.2.0.1": denied,
        "2001:db8::1": denied,
        "8.8.8.8": "",
    }


def test_what_the_settings_deny_is_denied_on_loopback_too(memory_node, web):
    server = web(lambda _: Reply([]))
    pulling(memory_node, server)
    memory_node.more["addresses"] = AddressRules(denied=("127.0.0.0/8",), own=False)
    memory_node.pipe("b", source={"type": "json", "system": "web", "url": "x"})
    assert "is denied by the settings of the node" in memory_node.try_run("b").error
    assert server.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest",
        "http://[::ffff:a9fe:a9fe]/latest",
        "http://2852039166/latest",
        "http://0xa9.0xfe.0xa9.0xfe/latest",
    ],
)
def test_a_denied_address_stays_denied_behind_a_redirect(memory_node, web, target):
    server = web(lambda _: Reply(b"", 302, {"Location": target}))
    assert "is link-local, which is denied" in pulling(memory_node, server).try_run("b").error


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    memory_node, web, monkeypatch
):
    """The address that is connected to is the one that was checked last."""
    answers = iter(["127.0.0.1", "169.254.169.254"])
    real = socket.getaddrinfo

    def lookup(host, port, *rest, **more):
        name = next(answers) if host == "rebound.test" else host
        return real(name, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    server = web(lambda _: Reply([]))
    pattern = f"http://rebound.test:{server.server_port}/%s"
    pulling(memory_node, server, system={"url_pattern": pattern})
    assert "is link-local, which is denied" in memory_node.try_run("b").error
    assert server.asked == []


def test_a_node_on_loopback_is_its_users_own(memory_node, web):
    server = web(lambda _: Reply(b"", 302, {"Location": "http://169.254.0.1:1/x"}))
    pulling(memory_node, server, system={"connect_timeout": 0.01})
    memory_node.more["addresses"] = AddressRules(own=False)
    memory_node.pipe("b", source={"type": "json", "system": "web", "url": "x"})
    assert "link-local" not in memory_node.try_run("b").error


# ---- certificates and proxies --------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: its PEM file, with the key, and its text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(secret + text)
    return file, text.decode()


@pytest.mark.parametrize(
    ("options", "node_default", "works"),
    [
        ({}, False, True),
        ({"verify_ssl": True}, False, False),
        ({}, True, False),
        ({"verify_ssl": False}, True, True),
        ({"verify_ssl": True, "custom_ca_pem_chain": "$CHAIN"}, False, True),
    ],
)
def test_certificates_are_checked_where_that_is_asked_for(
    memory_node, web, certificate, options, node_default, works
):
    file, text = certificate
    server = web(lambda _: Reply([{"_id": "1"}]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    system = {name: text if value == "$CHAIN" else value for name, value in options.items()} | {
        "url_pattern": f"https://127.0.0.1:{server.server_port}/%s"
    }
    pulling(memory_node, server, system=system)
    memory_node.more["metadata"] = {"global_defaults": {"verify_ssl": node_default}}
    memory_node.pipe("b", source={"type": "json", "system": "web", "url": "x"})
    result = memory_node.try_run("b")
    assert result.success is works
    assert works or "certificate verify failed" in result.error


def test_a_chain_that_is_none_is_told(memory_node, web):
    system = {"verify_ssl": True, "custom_ca_pem_chain": "no certificate"}
    pulling(memory_node, web(lambda _: Reply([])), system=system)
    assert 'system "web" cannot be used: ' in memory_node.try_run("b").error


def test_requests_go_through_the_proxy_of_their_scheme(memory_node, web):
    proxy_server = web(lambda _: Reply([{"_id": "1"}]))
    address = f"127.0.0.1:{proxy_server.server_port}"
    system = {
        "url_pattern": "http://192.0.2.1/%s",
        "proxies": {"http": f"http://kari:$SECRET(word)@{address}"},
    }
    pulling(memory_node, proxy_server, system=system, secrets={"word": "s3cret"}).run("b")
    (asked,) = proxy_server.asked
    assert asked.headers["host"] == "192.0.2.1"
    login = base64.b64encode(b"kari:s3cret").decode()
    assert asked.headers["proxy-authorization"] == f"Basic {login}"
    assert list(memory_node.live("b")) == ["1"]


# ---- retry strategies ----------------------------------------------------------------------------

STRATEGY = {
    "400-428": {"write_retry_delay": 0, "max_retries_per_entity": 0},
    "429": {"read_retry_delay": 30},
    "500, 502,504": {"max_retries_per_entity": 100},
    "default": {"max_retries_per_entity": 3, "read_retry_delay": None},
}


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (404, {"write_retry_delay": 0, "max_retries_per_entity": 0}),
        (429, {"read_retry_delay": 30}),
        (502, {"max_retries_per_entity": 100}),
        (503, {"max_retries_per_entity": 3}),
        (None, {"max_retries_per_entity": 3}),
    ],
)
def test_a_strategy_has_options_for_a_status(status, options):
    assert RetryStrategy("system", STRATEGY).options(status) == options


def test_an_error_carries_the_options_of_its_status(memory_node, web):
    server = web(lambda _: Reply(b"", 429))
    pulling(memory_node, server, system={"retry_strategy": STRATEGY})
    system = Context(memory_node.pipes["b"]).system("web")
    with pytest.raises(RequestError) as caught, system.open("x"):
        pass
    system.close()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.status, again.retry, str(again)) == (
        429,
        {"read_retry_delay": 30},
        str(caught.value),
    )


def test_a_strategy_for_no_status_is_refused():
    with pytest.raises(ConfigError, match=r'expected HTTP statuses .* got "4xx"'):
        RetryStrategy("system", {"4xx": {}})


# ---- what is passed on ---------------------------------------------------------------------------


def passed_on(server, path, method="GET", **given):
    system = {"_id": "web", "type": "system:url", "url_pattern": f"{server.url}/base/%s", **LOGIN}
    definition = PipeDefinition({"_id": ""}, systems={"web": system})
    head, *body = proxy(definition, "web", method, path, **given)
    return json.loads(head), b"".join(body)


def test_a_request_is_passed_on_with_the_login_of_the_system(web):
    server = web(
        lambda _: Reply(b"no", 404, {"Content-Type": "text/x", "Set-Cookie": "a=b", "X-A": "1"})
    )
    head, body = passed_on(
        server, "a b/c%2F", "PUT", query="x=%20y&z", headers={"accept": "text/x"}, body=b"hello"
    )
    assert head == {"status": 404, "headers": {"content-type": "text/x", "x-a": "1"}}
    assert body == b"no"
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("PUT", "/base/a%20b/c%252F", b"hello")
    assert asked.query == {"x": " y", "z": ""}
    assert (asked.headers["accept"], asked.headers["x-api-key"]) == ("text/x", "k3y")


@pytest.mark.parametrize(
    "path",
    ["http://example.org/", "//example.org/", "../x", "a/../../x", "a/%2e%2e/x", "..\\x", "file:x"],
)
def test_a_path_that_leads_elsewhere_is_refused(web, path):
    server = web(lambda _: Reply(b""))
    with pytest.raises(InputError):
        passed_on(server, path)
    assert server.asked == []


def test_files_are_not_passed_on(tmp_path):
    system = {"_id": "f", "type": "system:url", "url_pattern": f"file://{tmp_path}/%s"}
    definition = PipeDefinition({"_id": ""}, systems={"f": system}, allow_files=True)
    with pytest.raises(NotBuiltError, match="is not reached over HTTP"):
        next(proxy(definition, "f", "GET", "x"))
