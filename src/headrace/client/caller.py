"""Calling a method of a resource: what is sent, how often, and what its answer is given as."""

import datetime as dt
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from headrace.client import response, retries
from headrace.client.methods import Argument, Method, Schema
from headrace.client.result import Failed, refused
from headrace.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd

ReturnType = Literal["snake", "raw", "pandas"]
RETURN_TYPES: tuple[str, ...] = get_args(ReturnType)
SENT_AGAIN = 6  # times at most


class Asked(Struct, frozen=True):
    """What is sent."""

    verb: str
    path: str
    query: dict[str, Any]
    body: dict[str, Any] | None


class Caller:
    """Calls methods of one server."""

    def __init__(
        self, send: Callable[..., httpx.Response], base: str, return_type: str, retries: int = SENT_AGAIN
    ) -> None:
        if return_type not in RETURN_TYPES:
            raise Invalid(f"A return type is one of {', '.join(RETURN_TYPES)}, and not {return_type!r}.")
        self._send, self._base, self._retries = send, base, retries
        self.return_type = return_type
        self.last: Any = None

    def call(self, method: Method, values: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Any:  # noqa: ANN401
        """What the server answers, as the return type says. Raises Failed, Invalid."""
        if method.warning:
            warnings.warn(method.warning, FutureWarning, stacklevel=3)
        answer = self.answer(asked(method, values))
        self.last = self._given(answer, method.returns, definitions)
        return self.last

    def each(self, method: Method, values: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Iterator[Any]:
        """The items of a page and of those after it, until one is empty; `raw` gives them as they came."""
        number = int(values.get("page_num") or 1)
        item = (method.returns or {}).get("items")
        while True:
            answer = self.answer(asked(method, {**values, "page_num": number}))
            page = _json(answer)
            if not isinstance(page, list):
                raise Failed(f"{answer.request.url} answered no list, and so has no pages.", answer.status_code)
            if not page:
                return
            for one in page:
                self.last = self._one(one, item, definitions, answer.headers)
                yield self.last
            number += 1

    def answer(self, wanted: Asked) -> httpx.Response:
        """The answer to a request that went well. Raises Failed."""
        options = {"params": wanted.query, **({} if wanted.body is None else {"json": wanted.body})}
        given, times, waited = retries.sent(
            lambda: self._send(wanted.verb, self._base + wanted.path, follow_redirects=True, **options), self._retries
        )
        if given.is_success:
            return given
        raise refused(given, times, waited)

    def _given(self, answer: httpx.Response, schema: Schema | None, definitions: Mapping[str, Schema]) -> Any:  # noqa: ANN401
        match self.return_type:
            case "raw":
                return answer
            case "pandas":
                return frame(_json(answer))
            case _:
                return response.read(_json(answer), schema, definitions, answer.headers)

    def _one(
        self,
        value: Any,  # noqa: ANN401 - any JSON value
        schema: Schema | None,
        definitions: Mapping[str, Schema],
        headers: Mapping[str, str],
    ) -> Any:  # noqa: ANN401
        match self.return_type:
            case "raw":
                return value
            case "pandas":
                return frame(value)
            case _:
                return response.read(value, schema, definitions, headers)


def asked(method: Method, values: Mapping[str, Any]) -> Asked:
    """The request of a call: every value in the place that it has. Raises Invalid for a value that cannot be sent."""
    path, query = method.path, dict[str, Any]()
    body: dict[str, Any] | None = {} if any(a.place == "body" for a in method.arguments) else None
    for argument in method.arguments:
        if argument.name not in values:
            continue
        value = values[argument.name]
        if argument.place == "path":
            path = path.replace(f"{{{argument.wire}}}", _segment(method, argument, value))
        elif argument.place == "query":
            if value is not None:
                query[argument.wire] = _text(value)
        elif body is not None:
            body[argument.wire] = _plain(method, argument, value)
    return Asked(method.verb, path, query, body)


def frame(value: Any) -> "pd.DataFrame | pd.Series":  # noqa: ANN401 - any JSON value
    """A list as a DataFrame, an object as a Series, with names as they came. Raises Failed where pandas is missing."""
    try:
        import pandas as pd
    except ImportError as missing:
        raise Failed('return_type="pandas" needs pandas: `pip install pandas`.', 0) from missing
    return pd.DataFrame(value) if isinstance(value, list) else pd.Series(value, dtype=object)


def _segment(method: Method, argument: Argument, value: object) -> str:
    text = _text(value)
    if value is None or text in {"", ".", ".."}:
        raise Invalid(
            f"{method.resource}.{method.name}: `{argument.name}` is part of an address and cannot be {value!r}."
        )
    return quote(str(text), safe="")


def _text(value: Any) -> Any:  # noqa: ANN401
    """A value as a URL has it; of a list, each of its values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_text(one) for one in value]
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value)


def _plain(method: Method, argument: Argument, value: object) -> Any:  # noqa: ANN401
    try:
        return msgspec.to_builtins(value, enc_hook=_foreign, str_keys=True)
    except TypeError as wrong:
        where = f"{method.resource}.{method.name}: `{argument.name}`"
        raise Invalid(f"{where} cannot be sent: {wrong}. Send plain values, lists and dictionaries.") from wrong


def _foreign(value: object) -> Any:  # noqa: ANN401
    if isinstance(value, response.Response):
        return value.json(snake_case=False)
    if hasattr(value, "tolist"):  # of numpy
        return value.tolist()  # type: ignore[attr-defined]
    raise TypeError(f"{type(value).__name__} is not JSON")


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401
    if not answer.content:
        return None
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        said = f"{answer.request.url} answered {answer.status_code} and what is not JSON; is it a Headrace server?"
        raise Failed(said, answer.status_code, response=answer) from wrong
