"""The ldap source: entries of a directory, page by page.

A directory has no offsets that every server knows, so each run reads all of it, and a full run
deletes what is no longer there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError, PipeError
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.ldap.entries import Entries, Wanted
from sesam_node.pipes.ldap.filters import FilterError, check_filter
from sesam_node.pipes.ldap.values import Reading, syntaxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.systems.ldap import LdapSystem

EVERYWHERE = "*"
HINT = "a filter is such as (&(objectClass=person)(sn=A*))"
FILTER = "(objectClass=organizationalPerson)"


def flaws(config: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a source beyond the kinds of its options."""
    text = config.get("search_filter")
    if text is None:
        return
    try:
        check_filter(text)
    except FilterError as error:
        message = f"the filter cannot be read at character {error.position + 1}: {error}"
        yield Flaw(("search_filter",), "wrong-filter", message, HINT)


@source(
    "ldap",
    SYSTEM_ID,
    Option("search_base", "string", EVERYWHERE, "the DN to search below; * is everywhere"),
    Option("search_filter", "string", FILTER, "which entries to read"),
    Option("attributes", "string", "*", "names and wildcards of those to read, with commas"),
    Option("id_attribute", "string", "cn", 'the attribute that makes _id; "dn" is the DN'),
    Option("page_size", "integer", 500, "entries read at once", least=1),
    Option("attribute_blacklist", "string-list", [], "attributes left out"),
    Option(
        "value_types",
        "string",
        "text",
        "are integers, booleans and times text, or what the directory's schema calls them? "
        "Beyond the manual",
        ("text", "schema"),
    ),
    is_since_comparable=True,
    fixed=True,
    fetches=True,
    namespaces=True,
    system_types=("ldap",),
    further=further_flaws(flaws),
)
class LdapSource:
    """Entries of an LDAP directory, one entity each."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        for flaw in flaws(options):
            raise ConfigError(f"{flaw.message}; {flaw.hint}")
        self._wanted = Wanted(
            options["attributes"], options["attribute_blacklist"] or (), options["id_attribute"]
        )

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - there are no offsets
        options = self._options
        system: LdapSystem = self._context.system(options["system"])
        directory = system.directory
        typed = options["value_types"] == "schema"
        reading = Reading(syntaxes(directory.schema), system.charset, typed=typed)
        entries = Entries(str(system), reading, self._wanted, options["id_attribute"])
        everywhere = options["search_base"] == EVERYWHERE
        bases = directory.bases if everywhere else [options["search_base"]]
        if not bases:
            hint = 'name where to search in "search_base"'
            raise PipeError(f"{system}: the server does not tell what it holds; {hint}")
        for base in bases:
            pages = directory.pages(
                base, options["search_filter"], self._wanted.asked, options["page_size"]
            )
            for page in pages:
                for start in range(0, len(page), BATCH_SIZE):
                    part = page[start : start + BATCH_SIZE]
                    yield Batch([entries.entity(found) for found in part], None, None)
