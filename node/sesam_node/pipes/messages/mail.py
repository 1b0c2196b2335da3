"""Mails as they are sent: headers that nothing can be put into, addresses that are some."""

from __future__ import annotations

from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

# Not every server takes more than seven bits, and all take this.
POLICY = SMTP.clone(cte_type="7bit")
LONGEST_ADDRESS = 320


class AddressError(ValueError):
    """A text that holds no mail address, or something beside it."""


def addresses(texts: Sequence[str]) -> list[Address]:
    """The addresses in texts such as `a@example.org, Bo <b@example.org>`. Raises AddressError."""
    found: list[Address] = []
    for text in texts:
        if any(not (char.isprintable() or char == "\t") for char in text):
            raise AddressError(f"expected mail addresses, got {preview(text)}")
        header: Any = HeaderRegistry()("To", text)
        for one in header.addresses:
            if not (one.username and one.domain) or len(one.addr_spec) > LONGEST_ADDRESS:
                raise AddressError(f"expected mail addresses, got {preview(text)}")
        if header.defects or not header.addresses:
            raise AddressError(f"expected mail addresses, got {preview(text)}")
        found += header.addresses
    return found


def mail(
    sender: Address, recipients: Sequence[Address], subject: str, text: str, html: str | None
) -> EmailMessage:
    """A mail of a text, or of a text and its form in HTML, of which readers choose."""
    made = EmailMessage(POLICY)
    made["From"] = sender
    made["To"] = list(recipients)
    made["Subject"] = one_line(subject)
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain=sender.domain)
    # So that nobody's absence note comes back.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    if html is not None:
        made.add_alternative(html, subtype="html")
    return made


def one_line(text: str) -> str:
    """A text as a header takes it: whatever would end or change the line is a blank."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
