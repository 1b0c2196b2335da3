"""Group "math": operators on two numbers, their list forms, rounding and a few functions.

Integers and decimals are exact, floats are binary64. Two operands meet in the more precise of
integer < float < decimal; only a quotient of integers is a decimal. A float that meets a decimal,
or is rounded to digits, goes through its shortest notation: 2.2 is 2.2. What has no value (zero
divisor, root of a negative number, overflow, over 4299 digits) is null.

- `operators`: + - * / % ^, and plus, minus, multiply, divide, mod, pow
- `rounding`: abs, ceil, floor, round
- `functions`: cos, sin, tan, sqrt
- `operations`: what the operators calculate, type by type
"""

from __future__ import annotations

# In the order in which completion offers the names.
# isort: off
from sesam_node.dtl.functions.arithmetic import operators, rounding, functions

__all__ = ["functions", "operators", "rounding"]
