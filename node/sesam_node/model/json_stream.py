"""The objects of a JSON array, one by one, from a file that may be of any size.

The array is cut into its elements without being read as a whole; each element is then decoded on
its own. Memory holds one read and one element. Every error tells the element, its line and column.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.transit import normalise_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sesam_node.model.values import Value

READ_BYTES: Final = 64 * 1024
MAX_ELEMENT_BYTES: Final = 256 * 1024 * 1024
EXACT_DIGITS: Final = 15
"""Every decimal number of so many digits survives a float and its shortest notation."""

LINES: Final = 'entities that stand a line each are read with "format": "lines"'

# A whole string, a quote whose string goes on behind what has been read, or a bracket.
TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|"|[\[\]{}]', re.DOTALL)
BLANK: Final = re.compile(rb"[ \t\r\n]*")


def exact_number(text: str) -> Value:
    """The value of a JSON number with point or exponent: a float, or a decimal where that loses.

    `1.10` is the float 1.1, the same number; digits that a float cannot hold make a decimal.
    """
    value = float(text)
    if len(text) > EXACT_DIGITS or "e" in text or "E" in text:
        finite = value - value == 0
        if not finite or Decimal(repr(value)) != Decimal(text):
            return normalise_text(f"~f{text}")
    return value


decode_exact: Any = msgspec.json.Decoder(float_hook=exact_number).decode


def array_elements(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """Position, value and "may it hold tagged text?" of each object of a JSON array.

    Raises InputError where it is no array of objects: behind the elements that came before.
    """
    reader = _Reader(file)
    if reader.byte() != b"[":
        hint = LINES if reader.byte() == b"{" else ""
        raise reader.error("expected a JSON array of entities", found=True, hint=hint)
    reader.skip(1)
    position = 0
    byte = reader.byte()
    if byte == b"]":
        reader.skip(1)
    else:
        while True:
            data = reader.object(position)
            try:
                value = decode_exact(data)
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
                raise reader.broken(position, data, str(error)) from None
            except RecursionError:
                raise reader.error("nested too deeply", position) from None
            reader.skip(len(data))
            yield position, value, b'"~' in data
            position += 1
            byte = reader.byte()
            if byte == b"]":
                reader.skip(1)
                break
            if byte != b",":
                raise reader.error(
                    "expected a comma or the end of the array", position - 1, found=True
                )
            reader.skip(1)
            reader.byte()
    if reader.byte():
        raise reader.error("expected nothing behind the array", found=True)


class _Reader:
    """What has been read and not yet taken, and where in the file it stands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = b""
        self._at = 0
        self._line = 1
        self._column = 1
        self._more()
        if self._data[:3] == b"\xef\xbb\xbf":
            self._at = 3

    def _more(self) -> bool:
        """Reads on, as much as there is already: a long element is looked through few times."""
        left = self._data[self._at :]
        read = self._file.read(max(READ_BYTES, len(left)))
        self._data = left + read
        self._at = 0
        return bool(read)

    def byte(self) -> bytes:
        """The next byte that is no blank, which is not taken; empty at the end."""
        while True:
            match = BLANK.match(self._data, self._at)
            end = match.end() if match else self._at
            self.skip(end - self._at)
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._more():
                return b""

    def skip(self, count: int) -> None:
        """Takes so many bytes."""
        end = self._at + count
        lines = self._data.count(b"\n", self._at, end)
        if lines:
            self._line += lines
            self._column = end - self._data.rindex(b"\n", self._at, end)
        else:
            self._column += count
        self._at = end

    def object(self, position: int) -> bytes:
        """The bytes of the object that begins here, which are not taken."""
        if self._data[self._at : self._at + 1] != b"{":
            raise self.error("expected an entity", position, found=True)
        depth, scanned = 0, 0
        while True:
            start = self._at
            for match in TOKEN.finditer(self._data, start + scanned):
                mark = match[0]
                if mark in (b"{", b"["):
                    depth += 1
                elif mark in (b"}", b"]"):
                    depth -= 1
                    if not depth:
                        return self._data[start : match.end()]
                elif mark == b'"':
                    scanned = match.start() - start
                    break
            else:
                scanned = len(self._data) - start
            if len(self._data) - start > MAX_ELEMENT_BYTES:
                raise self.error(f"an entity of more than {MAX_ELEMENT_BYTES} bytes", position)
            if not self._more():
                self.skip(len(self._data) - self._at)
                raise self.error("the data ends in the middle of an entity", position)

    def error(
        self,
        message: str,
        position: int | None = None,
        *,
        found: bool = False,
        hint: str = "",
    ) -> InputError:
        """The error at the byte that is next."""
        if found:
            byte = self._data[self._at : self._at + 20].decode("utf-8", "replace")
            message += f", got {preview(byte, 30)}" if byte else ", got the end of the data"
        path = "$" if position is None else f"$[{position}]"
        text = f"line {self._line}, column {self._column}: {message}"
        problem = Problem(path, "broken-json", text, hint)
        return InputError("it is no JSON array of entities", [problem])

    def broken(self, position: int, data: bytes, reason: str) -> InputError:
        """The error of an element that is no JSON, at the byte which the decoder names."""
        match = re.search(r"\(byte (\d+)\)", reason)
        if match:
            self.skip(min(int(match[1]), len(data)))
        text = re.sub(r" \(byte \d+\)| - at `.*`", "", reason)
        return self.error(text.removeprefix("JSON is malformed: "), position)
