"""Values that the newer published client (2.9.5), unmodified, reads back from ZIP and GeoTIFF."""

BOOK = """
@fused.udf
def udf():
    import geopandas, numpy, pandas, shapely
    return {
        "table": pandas.DataFrame({"a": [1, 2], "t": ["x", "y"]}),
        "places": geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 2)], crs=3857),
        "array": numpy.arange(6).reshape(2, 3),
        "number": 5,
        "text": "<b>",
        "nothing": None,
        "plain": {"a": [1, None]},
        "inner": {"table": pandas.DataFrame({"b": [0.5]}), "deeper": {"array": numpy.ones(2)}},
        "placed": (numpy.arange(6.0).reshape(2, 3), [0, 0, 3, 2]),
        "bytes": b"\\x00\\xff",
        "a/b": 1,
        "a_b": 2,
        "..": 3,
        "meta.json": 4,
        "": 5,
        7: 6,
    }
"""


def test_a_dict_of_tables_and_arrays_comes_back_as_one(new):
    said = new.run(f"""
        {BOOK.replace(chr(10), chr(10) + " " * 8)}
        got = fused.run(udf)
        answer = [
            list(got), got["table"].to_dict("list"), got["places"].crs.to_epsg(), got["places"].geometry[0].wkt,
            [type(got["array"]).__name__, got["array"].tolist()], got["number"], got["text"], got["nothing"],
            got["plain"], got["inner"]["table"]["b"].tolist(), got["inner"]["deeper"]["array"].tolist(),
            [got["placed"][0].tolist(), got["placed"][1]], got["bytes"].hex(),
        ]
    """)
    assert said.answer == [
        [
            "table", "places", "array", "number", "text", "nothing", "plain", "inner", "placed", "bytes", "a_b",
            "a_b.1", "__", "meta.json.1", "_", "7",
        ],
        {"a": [1, 2], "t": ["x", "y"]},
        3857,
        "POINT (1 2)",
        ["ndarray", [[0, 1, 2], [3, 4, 5]]],
        5,
        "<b>",
        None,
        {"a": [1, None]},
        [0.5],
        [1, 1],
        [[[0, 1, 2], [3, 4, 5]], [0, 0, 3, 2]],
        "00ff",
    ]  # fmt: skip


def test_an_array_with_bounds_comes_back_as_the_pair(new):
    said = new.run("""
        @fused.udf
        def udf(shape: list, kind: str):
            import numpy as np
            return (np.arange(int(np.prod(shape))) % 250).reshape(shape).astype(kind), [10, 50, 13, 52]
        answer = []
        for shape, kind in [([2, 3], "uint8"), ([1, 2, 3], "int16"), ([3, 4, 5], "float32"), ([2, 4, 5], "float64")]:
            array, bounds = fused.run(udf, shape=shape, kind=kind)
            answer.append([type(array).__name__, list(array.shape), float(array.sum()), bounds])
    """)
    bounds = [10, 50, 13, 52]
    assert said.answer == [
        ["ndarray", [2, 3], 15, bounds],
        ["ndarray", [1, 2, 3], 15, bounds],
        ["ndarray", [3, 4, 5], 1770, bounds],
        ["ndarray", [2, 4, 5], 780, bounds],
    ]


def test_missing_values_of_an_array_with_bounds_come_back_missing(new):
    said = new.run("""
        @fused.udf
        def udf():
            import numpy as np
            return np.array([[1.5, np.nan], [np.inf, -1e30]], "float32"), [0, 0, 1, 1]
        array, bounds = fused.run(udf)
        answer = [str(n) for n in array.ravel()]
    """)
    assert said.answer == ["1.5", "nan", "inf", "-1e+30"]


def test_a_data_array_with_nodata_comes_back_masked(new):
    said = new.run("""
        @fused.udf
        def udf():
            import numpy as np, rioxarray, xarray as xr
            values = np.array([[1, -9999, 3], [4, 5, 6]], "int16")
            array = xr.DataArray(values, {"y": [52.5, 51.5], "x": [10.5, 11.5, 12.5]}, dims=("y", "x"))
            return array.rio.write_crs(25832).rio.write_nodata(-9999)
        got = fused.run(udf)
        numbers = [str(n) for n in got.values.ravel()]
        answer = [type(got).__name__, numbers, got.rio.crs.to_epsg(), got.y.values.tolist()]
    """)
    assert said.answer == ["DataArray", ["1.0", "nan", "3.0", "4.0", "5.0", "6.0"], 25832, [52.5, 51.5]]


def test_datasets_of_one_and_of_several_variables_come_back(new):
    said = new.run("""
        @fused.udf
        def udf(names: list):
            import numpy as np, rioxarray, xarray as xr
            coords = {"y": [2.5, 1.5], "x": [0.5, 1.5, 2.5]}
            made = {n: (("y", "x"), np.full((2, 3), float(place))) for place, n in enumerate(names)}
            return xr.Dataset(made, coords).rio.write_crs(3857)
        one, two = fused.run(udf, names=["height"]), fused.run(udf, names=["height", "depth"])
        answer = [
            type(one).__name__, list(one), one["height"].values.ravel().tolist(), one.rio.crs.to_epsg(),
            list(two), two["image"].values[:, 0, 0].tolist(), list(two["image"].attrs["long_name"]),
        ]
    """)
    assert said.answer == ["Dataset", ["height"], [0] * 6, 3857, ["image"], [0, 1], ["height", "depth"]]


def test_a_list_of_geometries_comes_back_as_a_table_and_an_image_as_an_array(new):
    said = new.run("""
        @fused.udf
        def places():
            import shapely
            return [shapely.Point(1, 2), shapely.Point(3, 4)]
        @fused.udf
        def image():
            import PIL.Image
            return PIL.Image.new("RGB", (4, 3), (1, 2, 3))
        answer = [fused.run(places).geometry.x.tolist(), fused.run(image).tolist()[2][0]]
    """)
    assert said.answer == [[1, 3], [3, 3, 3, 3]]
