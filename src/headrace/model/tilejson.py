"""What a token says of its tiles (TileJSON 3.0.0), as the `metadata_json` that its owner gives it.

Keys that are not here are passed on to the map as they are.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from headrace.errors import Invalid

Zoom = Annotated[int, Meta(ge=0, le=30)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
WORLD = (-180.0, -85.0511, 180.0, 85.0511)  # where Web Mercator ends
LAYER = "udf"  # the one layer of our vector tiles
DEEPEST = 22


class Layer(Struct, omit_defaults=True):
    """A layer of vector tiles: the names of its attributes, and what each is."""

    id: str = LAYER
    fields: dict[str, str] = {}
    description: str | None = None
    minzoom: Zoom | None = None
    maxzoom: Zoom | None = None


class Described(Struct, kw_only=True, rename={"tile_size": "tileSize"}):
    """What a map has to know. Bounds are west, south, east, north in degrees, a centre is longitude, latitude, zoom."""

    name: str | None = None
    description: str | None = None
    attribution: str | None = None
    legend: str | None = None
    version: str | None = None
    scheme: Literal["xyz"] = "xyz"
    minzoom: Zoom = 0
    maxzoom: Zoom = DEEPEST
    bounds: tuple[Longitude, Latitude, Longitude, Latitude] = WORLD
    center: tuple[Longitude, Latitude, Zoom] | None = None
    tile_size: Literal[256, 512] | None = None
    fields: dict[str, str] | None = None
    vector_layers: list[Layer] | None = None

    def middle(self) -> tuple[float, float, int]:
        """Longitude, latitude and zoom where a look at the tiles begins."""
        west, south, east, north = self.bounds
        return self.center or ((west + east) / 2, (south + north) / 2, self.minzoom)


def read(metadata: dict[str, Any] | None) -> Described:
    """A token's metadata. Raises Invalid naming what is wrong in it."""
    given = {name: value for name, value in (metadata or {}).items() if value is not None}
    try:
        found = msgspec.convert(given, Described, strict=False)
    except msgspec.ValidationError as wrong:
        raise Invalid(f"The metadata of a token describes its tiles, and is not TileJSON: {wrong}.") from wrong
    west, south, east, north = found.bounds
    if found.minzoom > found.maxzoom:
        raise Invalid(f"minzoom wants at most maxzoom, {found.maxzoom}, and got {found.minzoom}.")
    if west >= east or south >= north:
        raise Invalid(f"bounds wants west, south, east and north in this order, and got {list(found.bounds)}.")
    if found.center is not None:
        longitude, latitude, zoom = found.center
        if not (west <= longitude <= east and south <= latitude <= north):
            raise Invalid(f"center wants a place within bounds, {list(found.bounds)}, and got {list(found.center)}.")
        if not found.minzoom <= zoom <= found.maxzoom:
            raise Invalid(f"center wants a zoom from {found.minzoom} to {found.maxzoom}, and got {zoom}.")
    return found
