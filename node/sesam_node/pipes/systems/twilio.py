"""The twilio system: a provider of short messages, by its Messages API of 2010-04-01."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from sesam_node.pipes.component import Option, spec, system
from sesam_node.pipes.http.answer import RequestError
from sesam_node.pipes.systems.url import UrlSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.http.answer import Answer
    from sesam_node.pipes.introspection import Offer

API: Final = "https://api.twilio.com"
VERSION: Final = "2010-04-01"
CREATED: Final = 201
OK: Final = 200
MOST_ANSWER_BYTES: Final = 64 * 1024


@system(
    "twilio",
    Option("account", "string", doc="the account's SID"),
    Option("token", "string", doc="the token of the account", secret=True),
    Option(
        "max_per_hour", "integer", 1000, "most messages in an hour; more are discarded", least=0
    ),
    Option("proxy", "string", None, "a proxy, as in socks5://user:password@host:1080", secret=True),
    Option(
        "base_url",
        "string",
        API,
        "the server that speaks Twilio's API: another region, or a gateway; beyond the manual",
    ),
)
class TwilioSystem:
    """An account at Twilio."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self.max_per_hour: int = options["max_per_hour"]
        account = quote(options["account"], safe="")
        proxy = options["proxy"]
        config = {
            "_id": self.id,
            "url_pattern": f"{options['base_url'].rstrip('/')}/{VERSION}/Accounts/{account}%s",
            "authentication": "basic",
            "username": options["account"],
            "password": options["token"],
            "verify_ssl": True,
            "proxies": {"all": proxy} if proxy else None,
            "read_timeout": 60,
        }
        self._http = UrlSystem(spec("system", "url").complete(config), context)

    def __str__(self) -> str:
        return f'system "{self.id}"'

    def send(self, sender: str, recipient: str, text: str) -> None:
        """Hand a message to Twilio. Raises RequestError where it does not take it."""
        body = urlencode({"To": recipient, "From": sender, "Body": text}).encode()
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        with self._http.request(
            "POST", "/Messages.json", headers=headers, body=body, any_status=True
        ) as answer:
            told = _told(answer)
            status = answer.status
        if status != CREATED or told.get("error_code") is not None:
            what = f"{self}: the message to {recipient} is not taken"
            raise RequestError(f"{what}: {_reason(status, told)}", status)

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """Nothing: an account has no list of whom it sends to."""
        return iter(())

    def offer(self, offer_id: str) -> Offer | None:  # noqa: ARG002 - there is none
        return None

    def check(self) -> str:
        with self._http.request("GET", ".json", any_status=True) as answer:
            told, status = _told(answer), answer.status
        if status != OK:
            raise RequestError(f"{self}: {_reason(status, told)}", status)
        return f'the account "{told.get("friendly_name", "")}" is {told.get("status", "there")}'

    def close(self) -> None:
        self._http.close()


def _told(answer: Answer) -> dict[str, Any]:
    """The JSON of an answer; empty where it is none."""
    try:
        found = json.loads(answer.body.read(MOST_ANSWER_BYTES))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(status: int, told: dict[str, Any]) -> str:
    """What Twilio said, with the code that its pages explain."""
    message = told.get("message") or told.get("error_message")
    code = told.get("code") or told.get("error_code")
    text = f"{status}"
    if message:
        text += f" {' '.join(str(message).split())[:300]}"
    return f"{text} (Twilio's error {code})" if code else text
