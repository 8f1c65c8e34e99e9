"""Varints (protocol buffers): 7 bits a byte, the high bit set where more follow."""

from typing import Any


def one(number: int) -> bytes:
    """A number."""
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(tag: int, content: bytes) -> bytes:
    """A field whose content is of that length."""
    return bytes([tag]) + one(len(content)) + content


def lengths(numbers: Any) -> Any:
    """Bytes that each number takes; an array of unsigned numbers, of any shape."""
    import numpy as np

    found = np.ones(numbers.shape, np.uint8)
    most = int(numbers.max()) if numbers.size else 0
    bits = 7
    while most >> bits:
        found += (numbers >= numbers.dtype.type(1 << bits)).view(np.uint8)
        bits += 7
    return found


def encoded(numbers: Any, lengths: Any) -> Any:
    """An array of unsigned numbers as bytes, where `lengths` are how many each takes."""
    import numpy as np

    ends = lengths.cumsum(dtype=np.int64)
    if not len(numbers) or ends[-1] == len(numbers):
        return numbers.astype(np.uint8)
    written = np.empty(int(ends[-1]), np.uint8)
    places = ends - lengths
    size = 1
    while len(numbers):
        more = lengths > size
        written[places] = (numbers.astype(np.uint8) & 0x7F) | (more.view(np.uint8) << 7)
        longer = np.flatnonzero(more)  # masks without a pattern are slow to follow, numbers are not
        numbers, places, lengths = numbers[longer] >> 7, places[longer] + 1, lengths[longer]
        size += 1
    return written
