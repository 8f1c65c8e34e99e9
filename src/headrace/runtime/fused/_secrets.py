"""`fused.secrets` and `fused.user_secrets`: names and values, asked of the server when they are read (notes 2.9)."""

from collections.abc import Iterator
from typing import Any

from headrace.errors import NotFound
from headrace.runtime.fused import _server


class Secrets:
    """Secrets by their names: `secrets["K"]`, `secrets.K`, `secrets.get("K")`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __getitem__(self, key: str) -> str:
        """The value. Raises KeyError for a name that is not there."""
        try:
            value = _server.get("GET", f"{self._folder}/{_server.segment(key)}")
        except NotFound as missing:
            raise KeyError(key) from missing
        return value["value"] if isinstance(value, dict) else value

    def __setitem__(self, key: str, value: str) -> None:
        _server.get("PUT", f"{self._folder}/{_server.segment(key)}", json={"value": value})

    def __delitem__(self, key: str) -> None:
        _server.get("DELETE", f"{self._folder}/{_server.segment(key)}")

    def __getattr__(self, key: str) -> str:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError:
            raise AttributeError(f"There is no secret called {key!r}.") from None

    def __contains__(self, key: object) -> bool:
        return key in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __dir__(self) -> list[str]:
        return self._names()

    def __repr__(self) -> str:
        return "<secrets>"

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as the caller says
        """The value, or the default for a name that is not there."""
        try:
            return self[key]
        except KeyError:
            return default

    def _names(self) -> list[str]:
        told = _server.get("GET", self._folder)
        return sorted(told["secrets"] if isinstance(told.get("secrets"), list) else told)


secrets = Secrets("/realtime/local/api/v1/secrets")
user_secrets = Secrets("/secrets/self/user")
