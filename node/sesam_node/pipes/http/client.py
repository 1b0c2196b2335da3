"""The HTTP client of a url system: login, certificates, proxies, timeouts."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

from sesam_node.errors import ConfigError, NotBuiltError
from sesam_node.pipes.http.addresses import GuardedTransport, check_host
from sesam_node.pipes.http.oauth2 import OAuth2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.pipes.http.address_rules import AddressRules


def make_client(
    system: str,
    options: Mapping[str, Any],
    *,
    verify_ssl: bool,
    rules: AddressRules,
    before: Callable[[httpx.Request], None],
    after: Callable[[httpx.Response], None],
) -> tuple[httpx.Client, httpx.Auth | None]:
    """A client and what logs in; redirects are left to the caller.

    `system` is its id, `options` are its own with their defaults. `before` and `after` see each
    request that goes, those for tokens too, and each answer. Raises ConfigError or NotBuiltError.
    """
    owner = f'system "{system}"'
    login = _login(system, owner, options)
    try:
        verify = _verify(options, verify_ssl=verify_ssl)

        def check(request: httpx.Request) -> None:
            if rules.hold_back:
                # Before a proxy, or the name's resolution, could hide what is asked for.
                check_host(owner, rules, request.url.host, request.url.port or 80)
            before(request)

        mounts: dict[str, httpx.BaseTransport | None] = {}
        if rules.hold_back:
            mounts["all://"] = GuardedTransport(owner, rules, verify=verify)
        for prefix, proxy in (options["proxies"] or {}).items():
            pattern = prefix if "://" in prefix else f"{prefix}://"
            mounts[pattern] = httpx.HTTPTransport(proxy=proxy, verify=verify)
        client = httpx.Client(
            verify=verify,
            mounts=mounts,
            timeout=httpx.Timeout(options["read_timeout"], connect=options["connect_timeout"]),
            event_hooks={"request": [check], "response": [after]},
        )
    except (ValueError, ImportError, TypeError, ssl.SSLError) as error:
        raise ConfigError(f"{owner} cannot be used: {error}") from None
    return client, login


def _login(system: str, owner: str, options: Mapping[str, Any]) -> httpx.Auth | None:
    kind = options["authentication"]

    def needed(name: str) -> str:
        if not options[name]:
            raise ConfigError(f'{owner}: authentication "{kind}" needs "{name}"')
        return str(options[name])

    if options["oauth2"]:
        if kind == "jwt" or options["jwt_token"]:
            raise ConfigError(f'{owner}: "oauth2" and a "jwt_token" exclude each other')
        return OAuth2(system, owner, options["oauth2"])
    if kind == "jwt":
        needed("jwt_token")
    if kind in (None, "jwt"):
        return None
    if kind not in ("basic", "digest"):
        raise NotBuiltError(f'{owner}: authentication "{kind}" cannot run in this version')
    login = httpx.BasicAuth if kind == "basic" else httpx.DigestAuth
    return login(needed("username"), needed("password"))


def _verify(options: Mapping[str, Any], *, verify_ssl: bool) -> ssl.SSLContext | bool:
    wanted = options["verify_ssl"]
    if wanted is None:
        wanted = verify_ssl
    chain = options["custom_ca_pem_chain"]
    if wanted and chain:
        return ssl.create_default_context(cadata=chain)
    return bool(wanted)
