"""Group "UUIDs": new ones, the cast from text and the test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import text
from sesam_node.model.values import UUID
