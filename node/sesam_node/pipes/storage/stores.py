"""The store of a bucket or container, with the login of its system and no other.

A store is never asked for the credentials of the machine that the node runs on: without a login
of its own, a system reads what anybody may read.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sesam_node.config.options import Flaw, Option
from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from obstore.store import ObjectStore

SCHEMES: Final = ("s3", "gs", "az")
RETRIES: Final = 3
RETRY_SECONDS: Final = 60

STORAGE: Final = Option(
    "storage",
    "object",
    None,
    "how to log in to object storage, where the URL begins with s3://, gs:// or az://",
    fields=(
        Option("endpoint", "string", None, "the URL of a server that is not the provider's own"),
        Option("region", "string", None, "s3: the region of the bucket"),
        Option("access_key_id", "string", None, "s3: the id of the access key"),
        Option("secret_access_key", "string", None, "s3: its secret", secret=True),
        Option("session_token", "string", None, "s3: of temporary access keys", secret=True),
        Option(
            "virtual_hosted_style", "boolean", None, "s3: is the bucket a part of the host's name?"
        ),
        Option("service_account_key", ("string", "object"), None, "gs: as JSON", secret=True),
        Option("account_name", "string", None, "az: the storage account"),
        Option("account_key", "string", None, "az: its key", secret=True),
        Option("sas_token", "string", None, "az: a shared access signature", secret=True),
    ),
)
LOGINS: Final = {
    "s3": ("access_key_id", "secret_access_key"),
    "gs": ("service_account_key",),
    "az": ("account_key", "sas_token"),
}


def scheme_of(url: str) -> str | None:
    """The scheme of a URL of object storage; null for another one."""
    scheme, colon, _ = url.partition("://")
    return scheme.lower() if colon and scheme.lower() in SCHEMES else None


def flaws(options: Mapping[str, Any]) -> Iterator[Flaw]:
    """Half a login, and what belongs to another kind of storage."""
    told = options.get("storage")
    pattern = options.get("url_pattern")
    if type(told) is not dict or type(pattern) is not str:
        return
    scheme = scheme_of(pattern)
    if scheme is None:
        yield Flaw(
            ("storage",),
            "no-storage",
            'expected a "url_pattern" that begins with s3://, gs:// or az://',
        )
        return
    if scheme == "s3" and bool(told.get("access_key_id")) != bool(told.get("secret_access_key")):
        yield Flaw(
            ("storage",),
            "half-login",
            'expected "access_key_id" and "secret_access_key", got one of them',
        )
    if scheme == "az" and not told.get("account_name"):
        yield Flaw(("storage",), "half-login", 'expected "account_name"')


def make_store(
    owner: str, scheme: str, bucket: str, options: Mapping[str, Any], *, verify: bool
) -> ObjectStore:
    """The store of a bucket. `options` are those of the system. Raises ConfigError."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError:
        hint = "pip install 'sesam-interactive[storage]'"
        raise ConfigError(f"{owner}: object storage needs obstore: {hint}") from None
    told: Mapping[str, Any] = options["storage"] or {}
    if scheme == "az" and not told.get("account_name"):
        raise ConfigError(f'{owner}: az:// needs "account_name" in "storage"')
    client: dict[str, Any] = {
        "allow_http": urlsplit(told.get("endpoint") or "").scheme == "http",
        "allow_invalid_certificates": not verify,
        "connect_timeout": timedelta(seconds=options["connect_timeout"]),
        "timeout": timedelta(seconds=options["read_timeout"]),
    }
    if options["custom_ca_pem_chain"]:
        client["root_certificate"] = options["custom_ca_pem_chain"]
    retry: Any = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    config = {name: value for name, value in _config(scheme, told).items() if value is not None}
    # What is not logged in must not look for a login of the machine's.
    config["skip_signature"] = not any(told.get(name) for name in LOGINS[scheme])
    make: Any = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[scheme]
    try:
        store: ObjectStore = make(bucket, config=config, client_options=client, retry_config=retry)
    except (BaseError, ValueError, TypeError) as error:
        message = str(error).partition("\n")[0]
        for name in ("secret_access_key", "session_token", *LOGINS["gs"], *LOGINS["az"]):
            secret = told.get(name)
            message = message.replace(str(secret), "…") if secret else message
        raise ConfigError(f"{owner}: the storage cannot be used: {message}") from None
    return store


def _config(scheme: str, told: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = told.get("endpoint")
    if scheme == "s3":
        return {
            "endpoint": endpoint,
            "region": told.get("region") or "us-east-1",
            "access_key_id": told.get("access_key_id"),
            "secret_access_key": told.get("secret_access_key"),
            "session_token": told.get("session_token"),
            "virtual_hosted_style_request": told.get("virtual_hosted_style"),
        }
    if scheme == "gs":
        key = told.get("service_account_key")
        text = key if key is None or type(key) is str else json.dumps(key)
        return {"base_url": endpoint, "service_account_key": text}
    return {
        "endpoint": endpoint,
        "account_name": told.get("account_name"),
        "account_key": told.get("account_key"),
        "sas_key": told.get("sas_token"),
    }
