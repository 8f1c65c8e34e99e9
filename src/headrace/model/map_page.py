"""A map page of data sets: what clients' `show`, `show_multi`, `show_multi_v2` open (Fused protocol notes 2.1)."""

from typing import Any, Literal

from msgspec import Struct


class Layer(Struct, frozen=True, kw_only=True):
    """One data set on the map.

    `urls` are its tables: files, or folders of files whose rows line up (`zip`) or follow one another (`union`).
    A single address without tables may be a file or a folder of tables. `config` is the client's VizConfig, as it came.
    """

    urls: list[str]
    tables: list[str] | None = None
    operation: Literal["zip", "union"] = "zip"
    config: dict[str, Any] = {}


class MapPage(Struct, frozen=True, kw_only=True):
    """What a page shows. `app` is the client's VizAppConfig, as it came."""

    layers: list[Layer]
    app: dict[str, Any] = {}
