"""One operation of the API, declared once as a typed function.

    @users.get("/{id}/api_keys")
    def list_keys(call: Call, id: Id, page: Page) -> Slice[ApiKey]:
        '''List the API keys of a user.'''

What is read from where: names in the path template are path parameters; a Struct argument of a writing method is the
body; every other argument, and every field of a Struct argument of a reading method (or of `Page`), is a query
parameter; the return annotation is the response (None is 204, `Slice[T]` and `list[T]` are arrays); the docstring's
first line is the summary and the rest the description. Routes, both specifications and the reference pages are
derived from that.

An operation can be declared before it is served: `later` is the sentence that it answers with, and `Later[User]` lets
its function have no body. The function still runs first, so that it may refuse whoever may not see the object.

The functions must be annotated with types, not with text: names local to a function cannot be found again.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from starlette.requests import Request

from headrace.model.page import Page, Slice

TEMPLATE = re.compile(r"{(\w+)}")
WRITING = frozenset({"POST", "PUT", "PATCH"})
MISSING: Any = inspect.Parameter.empty

Function = Callable[..., Any]
T = TypeVar("T")
Later = T | None  # what a function gives once it is served; until then it may have no body


class Headed(msgspec.Struct, Generic[T], frozen=True):
    """An answer that comes with headers of its own."""

    value: T
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that comes in the path or in the query."""

    name: str
    type: Any
    default: Any = MISSING

    @property
    def required(self) -> bool:
        """Whether the request is wrong without it."""
        return self.default is MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Everything the wire needs to know of a function."""

    method: str
    path: str
    function: Function
    name: str
    status: int
    summary: str
    description: str | None = None
    in_path: tuple[Parameter, ...] = ()
    in_query: tuple[Parameter, ...] = ()
    gathered: tuple[tuple[str, type[msgspec.Struct]], ...] = ()  # arguments made of query parameters, and their types
    body: Any = None
    body_name: str | None = None
    returns: Any = None
    tags: tuple[str, ...] = ()
    public: bool = False  # answers without a key
    raw: bool = False  # gets the Request and gives the Response
    media_types: tuple[str, ...] = ("application/json",)  # of a raw operation's answers
    statuses: tuple[int, ...] = ()  # further ones that it answers well with, such as 202 or 304
    later: str | None = None  # why it answers 501: what it waits for, in a sentence
    needs: str = ""  # the scope that a key has to have which opens less than its owner may; "": no such key opens it

    @property
    def item(self) -> Any:  # noqa: ANN401 - any annotation
        """What one element of the response is where it is an array; the response's type itself else."""
        return get_args(self.returns)[0] if self.many else self.returns

    @property
    def many(self) -> bool:
        """Whether the response is an array."""
        return get_origin(self.returns) in {list, tuple, Slice}

    @property
    def paged(self) -> bool:
        """Whether the response is one page of a longer list."""
        return get_origin(self.returns) is Slice


def describe(
    method: str,
    path: str,
    function: Function,
    *,
    status: int | None = None,
    name: str | None = None,
    tags: tuple[str, ...] = (),
    public: bool = False,
    raw: bool = False,
    query: type[msgspec.Struct] | None = None,
    body: Any = None,  # noqa: ANN401 - any annotation
    media_types: tuple[str, ...] = ("application/json",),
    statuses: tuple[int, ...] = (),
    later: str | None = None,
) -> Operation:
    """The operation that a typed function is. Its first argument is the call.

    A *raw* function is `(call, request: Request, <path names>) -> Response`. It reads the query and the body itself;
    `query` and `body` say in documents what it reads, and `media_types` what it sends. `later` says of one that
    is not served yet what it waits for.
    Raises TypeError for a function that cannot be an operation: a programmer's mistake, seen when the server starts.
    """
    hints = get_type_hints(function, include_extras=True)
    names = TEMPLATE.findall(path)
    in_path: dict[str, Parameter] = {}
    in_query: list[Parameter] = _fields(query) if query else []
    gathered: list[tuple[str, type[msgspec.Struct]]] = []
    body_name = None
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if (hint := hints.get(parameter.name)) is None:
            raise TypeError(f"{method} {path}: the argument {parameter.name} of {function.__name__} has no type.")
        if parameter.name in names:
            in_path[parameter.name] = Parameter(parameter.name, hint)
        elif hint is Request:
            continue
        elif is_struct(hint) and method in WRITING and not _is_page(hint):
            body, body_name = hint, parameter.name
        elif is_struct(hint):
            gathered.append((parameter.name, hint))
            in_query += _fields(hint)
        else:
            in_query.append(Parameter(parameter.name, hint, parameter.default))
    if missing := [n for n in names if n not in in_path]:
        raise TypeError(f"{method} {path}: {function.__name__} takes no argument called {missing[0]}.")
    summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
    if not summary:
        raise TypeError(f"{method} {path}: {function.__name__} has no docstring, and so no summary.")
    returns = type(None) if raw else hints.get("return", type(None))
    if later is not None and get_args(returns)[1:] == (type(None),):  # Later[...]
        returns = get_args(returns)[0]
    returns = get_args(returns)[0] if get_origin(returns) is Headed else returns
    return Operation(
        method=method,
        path="/" + path.strip("/"),
        function=function,
        name=name or function.__name__,
        status=status or (200 if raw or returns is not type(None) else 204),
        summary=summary.rstrip("."),
        description=description.strip() or None,
        in_path=tuple(in_path[n] for n in names),
        in_query=tuple(in_query),
        gathered=tuple(gathered),
        body=body,
        body_name=body_name,
        returns=returns,
        tags=tags,
        public=public,
        raw=raw,
        media_types=media_types,
        statuses=statuses,
        later=later,
    )


def is_struct(hint: Any) -> bool:  # noqa: ANN401 - any annotation
    """Whether an annotation, with or without Annotated around it, is a Struct."""
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    bare = get_origin(bare) or bare
    return isinstance(bare, type) and issubclass(bare, msgspec.Struct)


def _is_page(hint: Any) -> bool:  # noqa: ANN401
    return isinstance(hint, type) and issubclass(hint, Page)


def _fields(struct: type[msgspec.Struct]) -> list[Parameter]:
    types = get_type_hints(struct, include_extras=True)
    return [
        Parameter(f.name, types[f.name], MISSING if f.required else _default(f)) for f in msgspec.structs.fields(struct)
    ]


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - a default is of any type
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
