"""Forms with one file (RFC 7578), read as they come: first the fields, which are short, then the file, in pieces."""

import logging
import re
from collections.abc import AsyncIterator
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from headrace.errors import Malformed

FIELDS = 20
LONGEST_FIELD = 16 << 10  # bytes, all fields together
PLAIN = {b"binary", b"8bit", b"7bit"}
BOUNDARY = re.compile(rb"[ -~]{1,70}")


# A sender's mistake is told to the sender; the library would tell the log, for each byte.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


class Form:
    """A form whose fields have come, and whose file is still coming.

    Fields that follow the file are not read. Raises Malformed for what is no form, and for one without a file.
    """

    def __init__(self, content_type: str, pieces: AsyncIterator[bytes], file: str = "file") -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not BOUNDARY.fullmatch(boundary):
            raise Malformed("The body is to be a form: multipart/form-data with a boundary.")
        self.fields: dict[str, str] = {}
        self.filename = ""  # of the file, as its sender calls it
        self._pieces, self._file = pieces, file
        self._waiting: list[bytes] = []  # of the file
        self._header, self._value, self._disposition = b"", b"", b""
        self._name, self._text, self._size = "", b"", 0
        self._begun = self._ended = self._whole = False
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._add_header,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }
        self._parser = MultipartParser(boundary, callbacks)

    async def read_fields(self) -> dict[str, str]:
        """The fields before the file."""
        async for piece in self._pieces:
            self._feed(piece)
            if self._begun:
                return self.fields
        raise Malformed(f"The form has no part `{self._file}`, which holds the file and comes last.")

    async def read_file(self) -> AsyncIterator[bytes]:
        """The bytes of the file, after the fields. Raises Malformed where the form ends within it."""
        while True:
            if self._waiting:
                waiting, self._waiting = self._waiting, []
                yield b"".join(waiting)
            try:
                self._feed(await anext(self._pieces))
            except StopAsyncIteration:
                break
        if not self._whole:
            raise Malformed("The form ends before its last boundary.")
        if self._waiting:
            yield b"".join(self._waiting)

    def _feed(self, piece: bytes) -> None:
        if self._whole:
            return
        try:
            self._parser.write(piece)
        except MultipartParseError as wrong:
            raise Malformed(f"The body is no form: {str(wrong)[:100]}.") from wrong

    def _begin(self) -> None:
        self._disposition, self._text, self._name = b"", b"", ""

    def _begin_header(self) -> None:
        self._header, self._value = b"", b""

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        elif self._header.lower() == b"content-transfer-encoding" and self._value.lower() not in PLAIN:
            raise Malformed("A part of the form is in a transfer encoding; send its bytes as they are.")

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode(errors="replace")
        if self._name == self._file and not self._begun:
            self._begun = True
            self.filename = options.get(b"filename", b"").decode(errors="replace")
        elif not self._begun and len(self.fields) >= FIELDS:
            raise Malformed(f"The form has over {FIELDS} fields.")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == self._file and not self._ended:
            self._waiting.append(data[start:end])
            return
        self._size += end - start
        if self._size > LONGEST_FIELD:
            raise Malformed(f"The fields of the form have over {LONGEST_FIELD >> 10} KiB.")
        self._text += data[start:end]

    def _end(self) -> None:
        if self._name == self._file:
            self._ended = True
        elif not self._begun:
            try:
                self.fields[self._name] = self._text.decode()
            except UnicodeDecodeError as wrong:
                raise Malformed(f"The field {self._name[:40]!r} is not UTF-8.") from wrong

    def _finish(self) -> None:
        self._whole = True
