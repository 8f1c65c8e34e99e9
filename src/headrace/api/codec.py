"""What a dialect says about its wire: how bodies are read and written, how pages are told, how errors look."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from headrace.api.words import sentence
from headrace.errors import HeadraceError, Invalid, Malformed
from headrace.model.page import Page

Read = Callable[[bytes], Any]
Write = Callable[[Any], bytes]

DEEPEST = 200  # levels of a body; what comes in must be able to go out again, through every library on the way
NESTED = f"The body is nested too deeply; {DEEPEST} levels are taken."

encode: Write = msgspec.json.Encoder().encode


class Codec(Protocol):
    """The wire of one dialect. `PlainJson` has a plain answer to each of these."""

    strict: bool  # whether a query parameter that nobody declared is refused
    challenge: str  # the WWW-Authenticate header of a 401
    error_model: type[msgspec.Struct]  # what `error` gives, for documents

    def argument(self, name: str) -> str:
        """The declared name of a query parameter, from the name it came under."""
        ...

    def reader(self, type_: Any) -> Read:  # noqa: ANN401 - any annotation
        """A function from the body's bytes to a value of the type. It raises Malformed and Invalid."""
        ...

    def writer(self, type_: Any) -> Write:  # noqa: ANN401
        """A function from a value of the type to the body's bytes."""
        ...

    def paging(self, page: Page, total: int) -> dict[str, str]:
        """The headers of one page of a list of `total` items."""
        ...

    def error(self, error: HeadraceError) -> msgspec.Struct:
        """The body that tells an error."""
        ...


class Detail(msgspec.Struct, frozen=True):
    """An error: one sentence that says what is wrong and what to do."""

    detail: str


class PlainJson:
    """JSON as the types say it: names as they are written, unknown fields and parameters ignored."""

    strict: bool = False
    challenge: str = 'Bearer realm="headrace"'
    error_model: type[msgspec.Struct] = Detail

    def argument(self, name: str) -> str:
        """The name itself; `name[]` is another spelling of a list called `name`."""
        return name.removesuffix("[]")

    def reader(self, type_: Any) -> Read:  # noqa: ANN401 - as in Codec
        """Read JSON straight into the type."""
        decode = msgspec.json.Decoder(type_).decode

        def read(body: bytes) -> Any:  # noqa: ANN401
            value = decode_json(body, decode, type_)
            examine(body)
            return value

        return read

    def writer(self, type_: Any) -> Write:  # noqa: ANN401 - as in Codec
        """Write any value that msgspec writes."""
        return encode

    def paging(self, page: Page, total: int) -> dict[str, str]:
        """No headers: the list is the answer."""
        return {}

    def error(self, error: HeadraceError) -> msgspec.Struct:
        """The sentence alone."""
        return Detail(error.message)


def decode_json(body: bytes, decode: Callable[[bytes], Any], type_: Any = Any) -> Any:  # noqa: ANN401
    """What `decode`, of a msgspec decoder of `type_`, gives; an empty body reads as `{}`.

    Raises Malformed for what is not JSON, Invalid for JSON that is not of the type.
    """
    try:
        return decode(body or b"{}")
    except msgspec.ValidationError as wrong:
        raise Invalid(sentence(wrong, type_)) from wrong
    except msgspec.DecodeError as wrong:
        where = "" if "byte" in str(wrong) else f" (byte {len(body)})"
        raise Malformed(f"The body is not JSON: {wrong}{where}.") from wrong
    except UnicodeDecodeError as wrong:
        raise Malformed(f"The body is not UTF-8: {wrong.reason} at byte {wrong.start}.") from wrong
    except RecursionError as wrong:
        raise Malformed(NESTED) from wrong


def examine(body: bytes, value: Any | None = None) -> None:  # noqa: ANN401 - any JSON value
    """Raise Invalid for a string that holds NUL, which PostgreSQL cannot keep, Malformed for nesting past DEEPEST.

    Costs a search in the bytes, and a walk over the value only where the search says that there may be something.
    """
    if b"\\u0000" not in body and body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    waiting: list[tuple[Any, str, int]] = [(msgspec.json.decode(body) if value is None else value, "", 0)]
    while waiting:
        item, where, depth = waiting.pop()
        if depth > DEEPEST:
            raise Malformed(NESTED)
        if isinstance(item, str) and "\0" in item:
            raise Invalid(f"The field `{where}` holds the character NUL (\\u0000), which no text may hold here.")
        if isinstance(item, list):
            waiting += [(inner, f"{where}[{at}]", depth + 1) for at, inner in enumerate(item)]
        elif isinstance(item, dict):
            waiting += [(name, where, depth) for name in item]
            waiting += [(inner, f"{where}.{name}" if where else name, depth + 1) for name, inner in item.items()]
