"""Entities and values: what everything else is about. No I/O, no dependencies on other layers."""

from sesam_node.model.entity import content, content_hash, decode, encode, entity_id
from sesam_node.model.values import Entity, Value

__all__ = ["Entity", "Value", "content", "content_hash", "decode", "encode", "entity_id"]
