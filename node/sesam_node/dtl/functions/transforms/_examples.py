"""What the examples of the transforms run on."""

from __future__ import annotations

ADA = {"_id": "x", "name": "Ada", "age": 36}
NAMESPACED = {"namespaced": True, "property_namespace": "bar", "identity_namespace": "foo"}
