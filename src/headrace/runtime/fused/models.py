"""`fused.models`: what little of the published models code in a udf names."""

from types import SimpleNamespace
from typing import Any

from msgspec import Struct

from headrace.errors import NotServed
from headrace.model.udf import Udf


class Header(Struct):
    """A module that comes along with a udf."""

    module_name: str
    source_code: str
    source_file: str | None = None


udf = SimpleNamespace(Header=Header, Udf=Udf)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    if name.startswith("__"):
        raise AttributeError(name)
    raise NotServed(f"fused.models.{name} is not served inside a worker.")
