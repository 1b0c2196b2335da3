"""The objects of a file with one JSON object a line, read as they come.

Memory holds one line. Blank lines are passed over. Every error tells its line and column.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.json_stream import MAX_ELEMENT_BYTES, decode_exact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

BOM = b"\xef\xbb\xbf"
ARRAY = 'an array of entities is read with "format": "array"'


def line_elements(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """Line (from 0), value and "may it hold tagged text?" of each object.

    Raises InputError where a line holds none: behind the objects that came before.
    """
    for number, line in enumerate(iter(lambda: file.readline(MAX_ELEMENT_BYTES + 1), b"")):
        if len(line) > MAX_ELEMENT_BYTES:
            raise _error(number, 1, f"a line of more than {MAX_ELEMENT_BYTES} bytes")
        data = line.removeprefix(BOM) if number == 0 else line
        if not data.isspace():
            yield number, _object(data, number), b'"~' in data


def _object(data: bytes, number: int) -> dict[str, Any]:
    try:
        value = decode_exact(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        # An array over several lines is what is met here most.
        hint = ARRAY if number == 0 and data.lstrip()[:1] == b"[" else ""
        raise _broken(data, number, str(error), hint) from None
    except RecursionError:
        raise _error(number, 1, "nested too deeply") from None
    if type(value) is not dict:
        column = len(data) - len(data.lstrip()) + 1
        hint = ARRAY if type(value) is list else ""
        raise _error(number, column, f"expected an entity, got {preview(value, 30)}", hint)
    return value


def _broken(data: bytes, number: int, reason: str, hint: str) -> InputError:
    """The error of a line that is no JSON, at the byte which the decoder names."""
    match = re.search(r"\(byte (\d+)\)", reason)
    column = int(match[1]) + 1 if match else len(data.rstrip()) + 1
    text = re.sub(r" \(byte \d+\)| - at `.*`", "", reason)
    return _error(number, column, text.removeprefix("JSON is malformed: "), hint)


def _error(number: int, column: int, message: str, hint: str = "") -> InputError:
    text = f"line {number + 1}, column {column}: {message}"
    what = "it is no JSON, a line for each entity"
    return InputError(what, [Problem(f"$[{number}]", "broken-json", text, hint)])
