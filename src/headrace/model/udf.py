"""A Python function marked as a udf, by `@headrace.udf` or, in code that a worker runs, by `@fused.udf`."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar, overload

P = ParamSpec("P")
R = TypeVar("R")


class Udf(Generic[P, R]):
    """A function and its source. Calling it calls the function, here and now; inside a worker, the server runs it."""

    elsewhere: ClassVar[Callable[["Udf[Any, Any]", tuple[Any, ...], dict[str, Any]], Any] | None] = None

    def __init__(self, function: Callable[P, R], options: dict[str, Any]) -> None:
        self.function = function
        self.entrypoint = function.__name__
        self.name: str = options.get("name") or function.__name__
        self.cache_max_age: str | int | None = options.get("cache_max_age")
        self.environment: str | None = options.get("environment")
        self.parameters: dict[str, Any] = dict(options.get("default_parameters") or {})
        self.options = options
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function gives, run in this process or, inside a worker, in one of its own."""
        if (elsewhere := Udf.elsewhere) is not None:
            return elsewhere(self, args, kwargs)
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<udf {self.name}{inspect.signature(self.function)}>"

    @property
    def code(self) -> str:
        """The source of the function with its decorator, as it is sent. Raises OSError where there is no source."""
        return textwrap.dedent(inspect.getsource(self.function))


@overload
def udf(function: Callable[P, R], /) -> Udf[P, R]: ...


@overload
def udf(**options: Any) -> Callable[[Callable[P, R]], Udf[P, R]]: ...  # noqa: ANN401 - options of every client generation


def udf(function: Callable[P, R] | None = None, /, **options: Any) -> Udf[P, R] | Callable[[Callable[P, R]], Udf[P, R]]:
    """Mark a function as a udf: `@udf`, or with options, `@udf(cache_max_age="2h")`.

    Options: `name`, `cache_max_age` (seconds, or 15m, 2h, 1d), `default_parameters`, `environment` (the name of one of
    the owner's). Others that published clients
    write (`engine`, `instance_type`, `region`, `headers` ...) are kept in `options` and decide nothing here.
    """
    if function is not None:
        return Udf(function, {})

    def mark(function: Callable[P, R]) -> Udf[P, R]:
        return Udf(function, options)

    return mark
