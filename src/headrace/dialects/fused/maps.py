"""`show`, `show_multi`, `show_multi_v2`: a client names data sets and gets a map's address (protocol notes 2.1)."""

from functools import partial
from typing import Any, Literal

import anyio.to_thread
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import pages
from headrace.api.assets import Assets
from headrace.api.operation import Operation, describe
from headrace.api.presence import ClientGone, while_connected
from headrace.dialects.fused import request as wire
from headrace.dialects.fused.answer import respond
from headrace.dialects.fused.calls import tile
from headrace.errors import HeadraceError, NotFound
from headrace.model.map_page import Layer, MapPage
from headrace.services import maps
from headrace.services.call import Call
from headrace.services.calls import Calls
from headrace.services.maps import Shown

Config = dict[str, Any] | None


class OneDataset(Struct):
    """What `show` sends: a file, or a folder of tables."""

    path: str
    tables: list[str] | None = None
    dataset_config: Config = None
    app_config: Config = None


class Dataset(Struct):
    """One of the data sets that `show_multi` sends."""

    path: str
    tables: list[str] | None = None
    dataset_config: Config = None


class ManyDatasets(Struct):
    """What `show_multi` sends."""

    datasets: list[Dataset]
    app_config: Config = None


class TablesOfDataset(Struct):
    """One of the data sets that `show_multi_v2` sends: tables whose rows line up, or follow one another."""

    urls: list[str]
    operation: Literal["zip", "union"] = "zip"
    dataset_config: Config = None


class ManyDatasetsV2(Struct):
    """What `show_multi_v2` sends."""

    datasets: list[TablesOfDataset]
    app_config: Config = None


class MapUrl(Struct):
    """Where the map is."""

    url: str


class Maps:
    """The routes of map pages."""

    def __init__(self, calls: Calls, assets: Assets, url: str) -> None:
        self._calls, self._assets, self._url = calls, assets, url

    def operations(self) -> list[Operation]:
        """Those that clients know, under the dialect's prefix."""
        made = partial(describe, "POST", tags=("maps",), status=200)
        return [
            made("/files/debug", self.show),
            made("/files/multi_debug", self.show_multi),
            made("/files/multi_debug_v2", self.show_multi_v2),
        ]

    def pages(self) -> list[Operation]:
        """Those that the page asks, under no prefix."""
        told = partial(describe, "GET", raw=True, public=True, tags=("people",))
        data: Any = partial(told, media_types=("*/*",), statuses=(206, 304))
        return [
            told("/maps/{token}", self.get_page, media_types=("text/html",)),
            data("/maps/{token}/layers/{number}", self.get_rows, query=Asked),
            data("/maps/{token}/layers/{number}/boxes", self.get_boxes),
            data("/maps/{token}/layers/{number}/tiles/{z}/{x}/{y}", self.get_tile),
        ]

    def show(self, call: Call, dataset: OneDataset) -> MapUrl:
        """Make a map page of a data set. Whoever has its address sees it, for as long as MAP_DAYS says."""
        layer = Layer(urls=[dataset.path], tables=dataset.tables, config=dataset.dataset_config or {})
        return self._made(call, [layer], dataset.app_config)

    def show_multi(self, call: Call, datasets: ManyDatasets) -> MapUrl:
        """Make a map page of several data sets."""
        layers = [Layer(urls=[d.path], tables=d.tables, config=d.dataset_config or {}) for d in datasets.datasets]
        return self._made(call, layers, datasets.app_config)

    def show_multi_v2(self, call: Call, datasets: ManyDatasetsV2) -> MapUrl:
        """Make a map page of several data sets, each named by its tables."""
        layers = [Layer(urls=d.urls, operation=d.operation, config=d.dataset_config or {}) for d in datasets.datasets]
        return self._made(call, layers, datasets.app_config)

    async def get_page(self, call: Call, request: Request, token: str) -> Response:
        """Show data sets on a map."""
        try:
            shown = await self._open(call, token)
            if not self._assets:
                raise NotFound("This server was built without its pages, and so has no maps; `make web` builds them.")
        except HeadraceError as wrong:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return pages.refused(wrong.status, wrong.message)
        about = {
            "base": f"/maps/{token}",
            "app": shown.page.app,
            "layers": [
                # Not its addresses: what signs them is for who made the map.
                {"name": _name(layer, i), "config": layer.config}
                for i, layer in enumerate(shown.page.layers)
            ],
        }
        return pages.drawn(self._assets, "maps", "Map · Headrace", about, "/")

    async def get_rows(self, call: Call, request: Request, token: str, number: int) -> Response:
        """Give the rows of a layer of a map."""
        names = request.query_params.get("format", "geojson")
        return await self._read(call, request, token, number, formats=wire.formats_of(names))

    async def get_boxes(self, call: Call, request: Request, token: str, number: int) -> Response:
        """Give the bounding boxes of the chunks of a layer of a map, as GeoJSON."""
        return await self._read(call, request, token, number, part="boxes", formats=("geojson",))

    async def get_tile(self, call: Call, request: Request, token: str, number: int, z: int, x: int, y: int) -> Response:
        """Give a vector tile of a layer of a map."""
        return await self._read(call, request, token, number, formats=("mvt",), tile=tile(z, x, y))

    def _made(self, call: Call, layers: list[Layer], app: Config) -> MapUrl:
        token = maps.create(call, MapPage(layers=layers, app=app or {}))
        return MapUrl(f"{self._url}/maps/{token}")

    async def _open(self, call: Call, token: str) -> Shown:
        return await anyio.to_thread.run_sync(maps.open_page, call.platform, token)

    async def _read(self, call: Call, request: Request, token: str, number: int, **wanted: Any) -> Response:  # noqa: ANN401
        shown = await self._open(call, token)
        try:
            reading = maps.read_layer(self._calls, shown, number, **wanted)
            return await respond(request, await while_connected(request, reading))
        except ClientGone:
            return Response(status_code=499)


class Asked(Struct):
    """What the rows of a layer may be asked for as."""

    format: str = "geojson"


def _name(layer: Layer, number: int) -> str:
    name = layer.config.get("name")
    if isinstance(name, str) and name.strip():
        return name[:100]
    last = layer.urls[0].rstrip("/").rpartition("/")[2].partition("?")[0]
    return last[:100] or f"Layer {number + 1}"
