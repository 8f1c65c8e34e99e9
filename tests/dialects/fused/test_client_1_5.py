"""What only the older published client does (1.5.3), unmodified."""

WRONG = """
@fused.udf
def boom():
    one = 1
    print("said before")
    raise ValueError("it went wrong")

def refused(call):
    try:
        call()
    except Exception as wrong:
        return [type(wrong).__name__, str(wrong)]
"""


def test_an_error_tells_its_line_and_what_was_printed(old):
    said = old.run(
        f"{WRONG}\ngot = boom().run_file(_include_log=True)\nanswer = [got.error_lineno, got.error_message, got.stdout]"
    )
    assert said.answer == [
        5,
        "The UDF returned the following error for chunk 0/0 in line 5:\nValueError: it went wrong",
        "said before\n",
    ]


def test_an_error_of_a_saved_udf_is_its_sentence(old):
    said = old.run(f"{WRONG}\nboom.to_fused('boom')\nanswer = refused(lambda: fused.run(EMAIL, 'boom'))")
    assert said.answer == ["HTTPError", "ValueError: it went wrong"]


def test_what_a_udf_prints_comes_back(old):
    said = old.run("""
        @fused.udf
        def udf():
            print("printed: ä")
        answer = udf().run_file(_include_log=True).stdout
    """)
    assert said.answer == "printed: ä\n"


def test_a_plain_value_comes_as_a_table_or_as_json_text(old):
    said = old.run("""
        @fused.udf
        def udf(n: int = 7):
            return n
        udf.to_fused("plain")
        answer = [fused.run(udf, n=8)["value"].tolist(), fused.run(EMAIL, "plain").decode()]
    """)
    assert said.answer == [[8], "7"]


def test_parameters_in_a_url_are_read_by_annotation(old):
    said = old.run("""
        @fused.udf
        def typed(number: int, part: float, flag: bool, names: list, missing: int = 3):
            import pandas as pd
            kinds = [type(one).__name__ for one in (number, part, flag, names, missing)]
            return pd.DataFrame({"kinds": kinds, "flag": flag})
        typed.to_fused("typed")
        got = fused.run(EMAIL, "typed", number=1, part=2, flag=False, names=["a", "b"], missing=None)
        answer = [got.kinds.tolist(), got["flag"].tolist()]
    """)
    assert said.answer == [["int", "float", "bool", "list", "int"], [False] * 5]


def test_a_udf_without_a_slug_is_saved_under_its_own_name(old):
    said = old.run("""
        @fused.udf
        def unnamed():
            import pandas as pd
            return pd.DataFrame({"n": [1]})
        unnamed.to_fused()
        answer = fused.run(EMAIL, "unnamed").n.tolist()
    """)
    assert said.answer == [1]


def test_a_picture_comes_as_png_where_it_is_asked_for(old):
    said = old.run("""
        @fused.udf
        def udf():
            import numpy as np
            return np.arange(48, dtype="uint8").reshape(3, 4, 4)
        got = udf().run_file(_dtype_out_raster="png").image
        answer = [got.shape, int(got.sum())]
    """)
    assert said.answer == [[3, 4, 4], 1128]


def test_frames_of_tiles_are_handed_over_in_each_form(old):
    said = old.run("""
        @fused.udf
        def box(bbox: fused.types.Bbox):
            import geopandas as gpd
            return gpd.GeoDataFrame({"n": [1]}, geometry=[bbox], crs=4326)
        @fused.udf
        def frame(bbox: fused.types.TileGDF):
            return bbox
        @fused.udf
        def xyz(bbox: fused.types.TileXYZ):
            import pandas as pd
            return pd.DataFrame([bbox])
        place = {"x": 1, "y": 2, "z": 3}
        west_to_north = fused.run(box, **place).total_bounds.round(3).tolist()
        answer = [west_to_north, *(fused.run(udf, **place)[["x", "y", "z"]].loc[0].tolist() for udf in (frame, xyz))]
    """)
    assert said.answer == [[-135, 40.98, -90, 66.513], [1, 2, 3], [1, 2, 3]]


def test_imports_are_checked_before_code_runs_where_it_is(old):
    said = old.run("""
        @fused.udf
        def fits():
            import json
            import pandas as pd
            from sklearn import tree
            return pd.DataFrame({"n": [1]})
        @fused.udf
        def fits_not():
            import no_such_package
        def refused():
            try:
                fits_not().run_local(validate_imports=True)
            except ValueError as wrong:
                return str(wrong)
        from fused._udf.execute_v2 import validate_imports_whitelist as validate
        answer = [validate(fits, True), refused()]
    """)
    assert said.answer[0] is None
    assert "no_such_package" in said.answer[1]


def test_an_asynchronous_run_answers_likewise(old):
    said = old.run("""
        import asyncio
        @fused.udf
        def later(n: int = 2):
            import pandas as pd
            return pd.DataFrame({"n": range(n)})
        later.to_fused("later")
        async def both():
            return await asyncio.gather(*(fused.run(EMAIL, "later", n=n, sync=False) for n in (1, 3)))
        answer = [len(one) for one in asyncio.run(both())]
    """)
    assert said.answer == [1, 3]
