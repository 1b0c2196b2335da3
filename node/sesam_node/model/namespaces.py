"""Namespaces of identities and properties: `ns:id`, split at the last colon.

Rules: namespaces page of the manual. Names with a leading `_` or `$` belong to the node or to the
entity itself and get no namespace, with all that is inside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.model.values import Entity

BUILT_IN = {
    "_": "http://example.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "wgs84": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "gs": "http://www.opengis.net/ont/geosparql#",
}


def split_name(name: str) -> tuple[str | None, str]:
    """`("ns", "id")` of a qualified name, `(None, name)` of a plain one."""
    namespace, colon, identifier = name.rpartition(":")
    return (namespace, identifier) if colon else (None, name)


def add_namespaces(
    value: Any,
    property_namespace: str | None,
    identity_namespace: str | None,
    *,
    skip_underscore: bool = True,
    skip_dollar: bool = True,
    recursive: bool = True,
) -> Any:
    """The same dict (or list of dicts) with property names and `_id` values qualified."""
    if type(value) is list:
        return [
            add_namespaces(
                item,
                property_namespace,
                identity_namespace,
                skip_underscore=skip_underscore,
                skip_dollar=skip_dollar,
                recursive=recursive,
            )
            for item in value
        ]
    if type(value) is not dict:
        return value
    out: Entity = {}
    for name, item in value.items():
        if name == "_id" and type(item) is str and identity_namespace and ":" not in item:
            item = f"{identity_namespace}:{item}"  # noqa: PLW2901 - the one value that changes
        skipped = (skip_underscore and name[:1] == "_") or (skip_dollar and name[:1] == "$")
        if skipped:
            out[name] = item
            continue
        if recursive and type(item) in (dict, list):
            item = add_namespaces(  # noqa: PLW2901
                item,
                property_namespace,
                identity_namespace,
                skip_underscore=skip_underscore,
                skip_dollar=skip_dollar,
                recursive=recursive,
            )
        qualified = ":" in name or not property_namespace
        out[name if qualified else f"{property_namespace}:{name}"] = item
    return out


def strip_namespaces(value: Any) -> Any:
    """The same value without namespaces in its property names, at every depth."""
    if type(value) is list:
        return [strip_namespaces(item) for item in value]
    if type(value) is not dict:
        return value
    return {split_name(name)[1]: strip_namespaces(item) for name, item in value.items()}


def remove_namespaces(entity: Entity) -> Entity:
    """An entity as it leaves the hub: no namespaces on `_id`, names and NI values."""
    out: Entity = _without(entity)
    if type(out.get("_id")) is str:
        out["_id"] = split_name(out["_id"])[1]
    return out


def _without(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {
            name if name[:1] == "_" else _local_name(name): _without(item)
            for name, item in value.items()
        }
    if kind is list:
        return [_without(item) for item in value]
    if kind is str and value[:2] == "~:":
        return split_name(value[2:])[1]
    return value


def _local_name(name: str) -> str:
    """A name without its namespace; the one within `<p:tag>` belongs to XML."""
    place = name.find("<") if name[-1:] == ">" else -1
    return name[place:] if place >= 0 else split_name(name)[1]
