"""The types of sources, transforms, sinks and systems as pages, made of their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.pipes.component import specs
from sesam_node.pipes.option_tables import listed, option_default, option_doc, option_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.config.options import ComponentSpec, Option

GENERATED = "<!-- Written by `sesam-node reference`; changes are made beside the code. -->\n"
KINDS = {
    "source": "Sources",
    "transform": "Transforms",
    "sink": "Sinks",
    "system": "Systems",
}
COMMON = ("type", "comment", "description", "name", "metadata", "permissions")
"""Options that are told once, at the head of a page."""

PAGES = {
    "csv": "../systems/files.md",
    "excel": "../systems/files.md",
    "excel_endpoint": "../systems/files.md",
    "parquet": "../systems/files.md",
    "json": "../systems/url.md",
    "url": "../systems/url.md",
    "http": "../systems/url.md",
    "json_schema": "../systems/url.md",
    "rest": "../systems/rest.md",
    "template": "../systems/rest.md",
    "microservice": "../systems/microservices.md",
    "sql": "../systems/databases.md",
    "sqlite": "../systems/databases.md",
    "postgresql": "../systems/databases.md",
    "mysql": "../systems/databases.md",
    "oracle": "../systems/databases.md",
    "oracle_tns": "../systems/databases.md",
    "sqlserver": "../systems/databases.md",
    "mssql-azure-dw": "../systems/databases.md",
    "mssql": "../systems/databases.md",
    "elasticsearch": "../systems/search-engines.md",
    "kafka": "../systems/kafka.md",
    "ldap": "../systems/ldap.md",
    "solr": "../systems/search-engines.md",
    "mail": "../systems/mail-and-sms.md",
    "smtp": "../systems/mail-and-sms.md",
    "sms": "../systems/mail-and-sms.md",
    "twilio": "../systems/mail-and-sms.md",
    "rdf": "../systems/rdf.md",
    "sparql": "../systems/rdf.md",
    "sdshare": "../systems/rdf.md",
    "merge": "../merging.md",
    "replicated_dataset": "../data-keeping.md",
    "dtl": "../dtl/README.md",
}
"""Where more is told of a type."""


def pages() -> dict[str, str]:
    """The pages by file name: one a kind, and one that lists them."""
    made = {f"{kind}s.md": "".join(_page(kind, title)) for kind, title in KINDS.items()}
    made["README.md"] = "".join(_overview())
    return {name: GENERATED + text for name, text in sorted(made.items())}


def _of(kind: str) -> list[ComponentSpec]:
    return [spec for (of, _), spec in specs().items() if of == kind]


def _overview() -> Iterator[str]:
    yield "# Components\n\nWhat pipes are made of. Types in brackets load and are checked; running "
    yield "one fails by its name.\n\n| kind | types |\n| --- | --- |\n"
    for kind, title in KINDS.items():
        names = ", ".join(
            f"[{_title(spec)}]({kind}s.md#{_anchor(spec)})"
            if spec.built
            else f"([{_title(spec)}]({kind}s.md#{_anchor(spec)}))"
            for spec in _of(kind)
        )
        yield f"| {title} | {names} |\n"


def _title(spec: ComponentSpec) -> str:
    return f"system:{spec.type}" if spec.kind == "system" else spec.type


def _anchor(spec: ComponentSpec) -> str:
    return _title(spec).lower().replace(":", "")


def _page(kind: str, title: str) -> Iterator[str]:
    yield f"# {title}\n\nEvery one takes {listed(COMMON)}, too: text for people, and who may do "
    yield "what with it.\n"
    for spec in _of(kind):
        yield f"\n## {_title(spec)}\n\n{spec.doc}"
        if not spec.built:
            yield " Checked, but it cannot run in this version."
        if spec.deprecated:
            yield f" Deprecated: {spec.deprecated}."
        if spec.type in PAGES:
            yield f" More on [its page]({PAGES[spec.type]})."
        yield "\n\n"
        if spec.system_types:
            yield f"Its system is one of {listed(spec.system_types)}.\n\n"
        for names in spec.one_of:
            yield f"Exactly one of {listed(names)} is given.\n\n"
        options = [option for option in spec.all_options if option.name not in COMMON]
        if options:
            yield "| option | type | default | what it is |\n| --- | --- | --- | --- |\n"
            yield from _rows(options, "")


def _rows(options: Sequence[Option], prefix: str) -> Iterator[str]:
    for option in sorted(options, key=lambda one: (not one.required, one.name)):
        name = f"{prefix}{option.name}"
        cells = [f"`{name}`", option_kind(option), option_default(option), option_doc(option)]
        yield f"| {' | '.join(cells)} |\n"
        if option.fields:
            yield from _rows(option.fields, f"{name}.")
        if option.each:
            yield from _rows(option.each, f"{name}.*.")
