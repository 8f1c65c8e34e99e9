"""Map pages of data sets: kept under a token that opens one page for a time, and the reading of what they show.

A data set is read by a fenced worker in its owner's environment, which reaches what the owner's own udfs reach.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from headrace.db import maps as queries
from headrace.errors import Invalid, NotFound, TooLarge
from headrace.model import ids
from headrace.model.job import Function
from headrace.model.map_page import Layer, MapPage
from headrace.services.call import Call, Platform
from headrace.services.calls import Answered, Calls
from headrace.services.requests import Request, Target

LARGEST = 256 << 10  # bytes of what a page shows, as JSON
MOST_LAYERS = 50
FRESH_SECONDS = 60  # files change without telling
READER = Function(code="from headrace.runtime.dataset import udf\n", entrypoint="udf", name="dataset")
SCHEMES = ("http://", "https://", "fd://", "file:///", "/")

_decode = msgspec.json.Decoder(MapPage).decode


class Shown(Struct, frozen=True, kw_only=True):
    """An open page, and whose environment its data sets are read in."""

    page: MapPage
    owner_id: int
    owner_email: str

    def layer(self, number: int) -> Layer:
        """One of its layers, counted from 0. Raises NotFound."""
        if not 0 <= number < len(self.page.layers):
            raise NotFound(f"This map has {len(self.page.layers)} layers, counted from 0.")
        return self.page.layers[number]


def create(call: Call, page: MapPage) -> str:
    """Keep a page; the token that opens it. Raises Invalid, TooLarge."""
    user = call.user
    if not page.layers:
        raise Invalid("Name at least one data set.")
    if len(page.layers) > MOST_LAYERS:
        raise TooLarge(f"A map shows at most {MOST_LAYERS} data sets.")
    for url in (url for layer in page.layers for url in layer.urls):
        _check(url)
    if any(not layer.urls for layer in page.layers):
        raise Invalid("Every data set has at least one address.")
    body = msgspec.json.encode(page)
    if len(body) > LARGEST:
        raise TooLarge(f"What a map shows is described in at most {LARGEST >> 10} KB.")
    token = ids.new_map_token()
    with call.platform.db.begin() as connection:
        queries.insert_page(
            connection,
            digest=ids.digest(token),
            owner_id=user.id,
            body=body.decode(),
            created_at=datetime.now(UTC),
        )
    return token


def open_page(platform: Platform, token: str) -> Shown:
    """What a token opens. Raises NotFound for one that is unknown or past its time."""
    after = datetime.now(UTC) - timedelta(days=platform.settings.map_days)
    with platform.db.read() as connection:
        row = queries.find_page(connection, ids.digest(token), after)
    if row is None:
        raise NotFound("This address opens no map here; its time may be over.")
    return Shown(page=_decode(row["body"]), owner_id=row["owner_id"], owner_email=row["owner_email"])


async def read_layer(
    calls: Calls,
    shown: Shown,
    number: int,
    *,
    part: str = "data",
    formats: tuple[str, ...],
    tile: tuple[int, int, int] | None = None,
) -> Answered:
    """The rows (`data`) or the bounding boxes of the chunks (`boxes`) of a layer, in one of these formats."""
    layer = shown.layer(number)
    columns: dict[str, Any] = layer.config.get("columnNames") or {}
    arguments = {
        "urls": layer.urls,
        "tables": layer.tables,
        "operation": layer.operation,
        "part": part,
        "x": str(columns.get("centroidX") or "fused_centroid_x"),
        "y": str(columns.get("centroidY") or "fused_centroid_y"),
    }
    target = Target(
        function=READER,
        digest=READER.digest(),
        name="dataset",
        owner_id=shown.owner_id,
        owner_email=shown.owner_email,
    )
    return await calls.answer(
        Request(
            uid=ids.new_run_uid(),
            target=target,
            arguments=arguments,
            formats=formats,
            tile=tile,
            max_age=FRESH_SECONDS,
            door="page",
            context={"user_email": shown.owner_email, "recursion_factor": 1, "headers": {}},
        )
    )


def _check(url: str) -> None:
    if not url.startswith(SCHEMES):
        wanted = "http://, https://, fd:// or, where the server lets udfs read it, a path from the root"
        raise Invalid(f"{url[:100]!r} is no address of a data set that can be shown: it wants {wanted}.")
