"""Rasters as map tiles: on the tile's grid, 256 or 512 a side, transparent where there is nothing, edge to edge."""

import io
import json

import numpy as np
import PIL.Image
import pytest
import rasterio
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr
from rasterio.vrt import WarpedVRT

from headrace.formats import Unserializable, encode
from headrace.runtime import geography

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
]  # affine, of rasterio's use

TILE = (6, 33, 21)
BOX = geography.tile_bounds(*TILE)
METRES = geography.tile_bounds_mercator(*TILE)


def written(value, name="png", tile=TILE) -> bytes:
    sink = io.BytesIO()
    assert encode(value, [name], tile, sink).format == name
    return sink.getvalue()


def picture(value, tile=TILE) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(written(value, tile=tile))))


def field(bounds, size, crs=4326, kind="float32") -> xr.DataArray:
    """A smooth surface from 0 to 1 over an area, a function of the place alone in its own CRS."""
    west, south, east, north = bounds
    rows, columns = size
    x = west + (np.arange(columns) + 0.5) * (east - west) / columns
    y = north - (np.arange(rows) + 0.5) * (north - south) / rows
    scale = 1 if crs == 4326 else 100_000
    values = 0.5 + 0.25 * np.sin(x[None] / scale * 2) + 0.25 * np.cos(y[:, None] / scale * 3)
    return xr.DataArray(values.astype(kind), dims=("y", "x"), coords={"y": y, "x": x}).rio.write_crs(crs)


WIDE = (BOX[0] - 3, BOX[1] - 3, BOX[2] + 3, BOX[3] + 3)


@pytest.mark.parametrize("size", [256, 512])
def test_an_array_of_a_tiles_size_is_the_tile_as_it_is(size):
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size), dtype=np.uint8)
    expected = np.moveaxis(pixels, 0, -1)
    assert np.array_equal(picture(pixels), expected)
    assert np.array_equal(picture((pixels, BOX)), expected)
    assert np.array_equal(picture((pixels, [b + 1e-7 for b in BOX])), expected)


@pytest.mark.parametrize(
    ("shape", "size"), [((1, 1), 256), ((100, 300), 512), ((300, 300), 512), ((2000, 10), 512), ((255, 256), 256)]
)
def test_an_array_of_another_size_is_resized(shape, size):
    assert picture(np.full(shape, 7, np.uint8)).shape == (size, size)
    assert (picture(np.full(shape, 7, np.uint8)) == 7).all()
    assert picture(np.full((3, *shape), 0.5)).tolist() == np.full((size, size, 3), 128).tolist()


def test_classes_stay_classes_and_surfaces_are_smooth():
    classes = np.array([[1, 200], [200, 1]], np.uint8)
    assert set(np.unique(picture(classes))) == {1, 200}
    assert set(np.unique(picture(classes.astype(bool)))) == {255}
    assert set(np.unique(picture(np.array([[True, False]])))) == {0, 255}
    assert len(np.unique(picture(classes / 255))) > 50
    assert len(np.unique(picture(np.stack([classes] * 3)))) > 50


@pytest.mark.parametrize("crs", [4326, 3857, 25832, 3035])
def test_a_raster_in_any_crs_lies_where_gdal_puts_it(crs, tmp_path):
    raster = field(WIDE, (500, 700)).rio.reproject(crs) if crs != 4326 else field(WIDE, (500, 700))
    raster.rio.to_raster(tmp_path / "a.tif")
    with (
        rasterio.open(tmp_path / "a.tif") as file,
        WarpedVRT(
            file, crs=3857, transform=rasterio.transform.from_bounds(*METRES, 256, 256), width=256, height=256,
            resampling=rasterio.enums.Resampling.bilinear,
        ) as warped,
    ):  # fmt: skip
        expected = np.rint(warped.read(1) * 255)
    got = picture(raster).astype(int)
    assert np.abs(got - expected).max() <= 1


def test_neighbouring_tiles_are_one_picture():
    """Four tiles are the tile above them at twice the size."""
    raster = field(WIDE, (900, 900))
    z, x, y = TILE
    four = np.block([[picture(raster, (z + 1, 2 * x + i, 2 * y + j)) for i in (0, 1)] for j in (0, 1)])
    raster.attrs["tile_size"] = 512
    assert np.abs(four.astype(int) - picture(raster)).max() <= 1
    classes = (raster * 5).astype("uint8")
    small = [classes.assign_attrs(tile_size=256), classes.assign_attrs(tile_size=512)]
    four = np.block([[picture(small[0], (z + 1, 2 * x + i, 2 * y + j)) for i in (0, 1)] for j in (0, 1)])
    assert (four != picture(small[1])).mean() < 1e-3


def test_tiles_made_of_their_own_windows_match_at_their_edges_where_the_windows_have_a_margin():
    raster = field(WIDE, (900, 900))
    z, x, y = TILE

    def window(tile):
        west, south, east, north = geography.tile_bounds(*tile)
        return raster.rio.clip_box(west - 0.1, south - 0.1, east + 0.1, north + 0.1)

    left, right = (picture(window(t), t).astype(int) for t in ((z + 1, 2 * x, 2 * y), (z + 1, 2 * x + 1, 2 * y)))
    steps = np.abs(np.diff(left, axis=1)).max()
    assert np.abs(left[:, -1] - right[:, 0]).max() <= steps + 1
    assert left.ndim == 2  # nothing of it is hidden


def test_what_the_raster_does_not_cover_is_transparent():
    half = (BOX[0] - 1, BOX[1] - 1, (BOX[0] + BOX[2]) / 2, BOX[3] + 1)
    for raster in (field(half, (200, 200)), (field(half, (200, 200)) * 200).astype("uint8")):
        got = picture(raster)
        assert got.shape == (256, 256, 2)
        assert (got[:, :126, 1] == 255).all()
        assert (got[:, 130:, 1] == 0).all()
    colours = xr.concat([(field(half, (200, 200)) * 200).astype("uint8")] * 3, "band").rio.write_crs(4326)
    assert picture(colours).shape == (256, 256, 4)
    assert (picture(colours)[:, 130:, 3] == 0).all()
    elsewhere = field((-100, -40, -90, -30), (50, 50))
    assert (picture(elsewhere)[..., 1] == 0).all()


def test_nodata_and_nan_are_transparent_and_colour_nothing_around_them():
    raster = field(WIDE, (300, 300))
    raster.values[140:160, 140:160] = -9999
    got = picture(raster.rio.write_nodata(-9999))
    assert 0 < (got[..., 1] == 0).mean() < 0.1
    plain = picture(field(WIDE, (300, 300)))
    seen = got[..., 1] == 255
    assert np.abs(got[..., 0].astype(int) - plain)[seen].max() <= 2
    numbers = (raster.where(raster >= 0, 300) * 100).astype("int16").rio.write_nodata(30000)
    assert 0 < (picture(numbers)[..., 1] == 0).mean() < 0.1
    masked = np.ma.masked_greater(np.arange(256 * 256, dtype="int32").reshape(256, 256) // 256, 127)
    assert (picture((masked, WIDE))[..., 1] == 0).any()


def test_degrees_from_0_to_360_are_shown_on_both_halves_of_the_map():
    world = xr.DataArray(
        np.linspace(0, 1, 360, dtype="float32")[None].repeat(180, 0),
        dims=("y", "x"), coords={"y": 89.5 - np.arange(180), "x": np.arange(360) + 0.5},
    ).rio.write_crs(4326)  # fmt: skip
    got = picture(world, (0, 0, 0))
    assert got.ndim == 2 or (got[:, 2:-2, 1] == 255).all()
    grey = got if got.ndim == 2 else got[..., 0]
    assert grey[128, 64] == pytest.approx(255 * 270 / 360, abs=3)
    assert grey[128, 192] == pytest.approx(255 * 90 / 360, abs=3)


@pytest.mark.parametrize("nothing", [None, np.array([]), np.zeros((0, 3)), np.zeros((3, 0, 5), "uint8")])
def test_nothing_is_a_transparent_tile(nothing):
    for formats in (["png"], ["png", "mvt"]):
        sink = io.BytesIO()
        made = encode(nothing, formats, TILE, sink)
        image = PIL.Image.open(sink)
        assert (made.media_type, image.size) == ("image/png", (256, 256))
        assert image.convert("RGBA").getextrema()[3] == (0, 0)
    sink = io.BytesIO()
    made = encode(nothing, ["mvt", "png"], TILE, sink)
    assert (made.media_type, sink.getvalue()) == ("application/vnd.mapbox-vector-tile", b"")


def test_nothing_that_is_no_tile_is_nothing():
    sink = io.BytesIO()
    assert encode(None, ["png"], None, sink).media_type == "application/json"
    assert sink.getvalue() == b""


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32"])
def test_a_geotiff_of_a_tile_says_where_it_is_and_what_is_missing(kind):
    half = (BOX[0] - 1, BOX[1] - 1, (BOX[0] + BOX[2]) / 2, BOX[3] + 1)
    raster = (field(half, (200, 200)) * 100).astype(kind)
    for value in (raster, (raster.to_numpy(), half), raster.rio.write_nodata(77)):
        with rasterio.MemoryFile(written(value, "tiff")) as memory, memory.open() as file:
            assert (file.crs, file.shape) == ("EPSG:3857", (256, 256))
            assert tuple(file.bounds) == pytest.approx(METRES)
            assert file.dtypes == (kind,)
            seen = file.read_masks(1) > 0
            assert not seen[:, 130:].any()
            assert seen[:, :126].mean() > 0.9
            tags = file.tags(ns="fused")
        if isinstance(value, tuple):
            assert json.loads(tags["shape"]) == [256, 256]
            assert json.loads(tags["bounds"]) == pytest.approx(BOX)


def test_an_xarray_says_its_tiles_size_and_resampling():
    raster = (field(WIDE, (80, 80)) * 10).astype("uint8")
    assert picture(raster.assign_attrs(tile_size=512)).shape == (512, 512)
    assert len(np.unique(picture(raster))) == len(np.unique(picture(raster.assign_attrs(resampling="mode"))))
    smooth = (raster * 20).assign_attrs(resampling="cubic")
    assert len(np.unique(picture(smooth))) > len(np.unique(picture(raster * 20)))
    for wrong in ({"tile_size": 300}, {"resampling": "guess"}):
        with pytest.raises(Unserializable, match="wants"):
            written(raster.assign_attrs(wrong))


def test_longitude_and_latitude_need_no_crs():
    raster = field(WIDE, (300, 300)).rename(x="longitude", y="latitude").drop_vars("spatial_ref")
    assert np.array_equal(picture(raster), picture(field(WIDE, (300, 300))))
