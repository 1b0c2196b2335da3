"""The HTTP API: requests in, one service of the hub called, JSON out."""

from __future__ import annotations

from sesam_node.api.application import make_application

__all__ = ["make_application"]
