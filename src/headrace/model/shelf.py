"""What a fenced worker asks of the part of the store that it was lent, over a socket: requests, and their answers.

Each message is its length in 4 bytes, the highest first, and msgpack. The bytes of an object follow the answer to
`Read` as they are, as many as it says; those of a `Write` follow the request as messages of their own, and an empty one
ends them. A socket that is closed before that has written nothing.
"""

import msgspec
from msgspec import Struct

LENGTH = 4  # bytes of the number before a message
MESSAGE = 1 << 20  # bytes of a message at most


class Stat(Struct, frozen=True, tag=True, array_like=True):
    """How large an object is, and how old."""

    key: str


class Read(Struct, frozen=True, tag=True, array_like=True):
    """Bytes of an object, from the first of them on."""

    key: str
    start: int
    length: int


class Listing(Struct, frozen=True, tag=True, array_like=True):
    """The objects beneath a prefix."""

    prefix: str


class Remove(Struct, frozen=True, tag=True, array_like=True):
    """Forget an object."""

    key: str


class Write(Struct, frozen=True, tag=True, array_like=True):
    """Keep an object."""

    key: str


Request = Stat | Read | Listing | Remove | Write


class Answer(Struct, frozen=True, kw_only=True):
    """What came of a request; `problem` is a sentence."""

    size: int = 0  # of the object; of the bytes that follow, for `Read`
    modified: float = 0.0  # seconds since 1970
    names: list[str] = []
    problem: str = ""
    missing: bool = False


_encoder = msgspec.msgpack.Encoder()
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode


def encode(message: Request | Answer) -> bytes:
    """A message with its length before it."""
    return framed(_encoder.encode(message))


def framed(data: bytes | bytearray | memoryview) -> bytes:
    """Bytes with their length before them."""
    return len(data).to_bytes(LENGTH, "big") + bytes(data)
