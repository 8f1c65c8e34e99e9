"""A udf that asks the server while it runs: udfs by object, name, token and source, and what comes back."""

import json

import pytest

from calling import call, save, share, value
from conftest import wait_until


@pytest.fixture(scope="module")
def saved(server):
    """A saved udf of the administrator's, its owner's e-mail, and a token for it."""
    with server.client() as http:
        email = http.get("/server/v1/user/self").json()["email"]
        code = """
            import fused
            FACTOR = 10
            def helper(n):
                return n * FACTOR
            @fused.udf
            def udf(n: int = 1, plain=None):
                print("from within")
                depth = fused.context.get_recursion_factor()
                return {"n": n, "plain": plain, "kind": type(plain).__name__, "depth": depth}
        """
        udf = save(http, "inner", code)
        return {"email": email, "token": share(http, udf["id"]), "id": udf["id"]}


def test_a_udf_calls_another_of_the_same_source(http):
    code = """
        OFFSET = 5
        @fused.udf
        def other(n: int):
            return n + OFFSET

        @fused.udf
        def udf(n: int = 1):
            return [other(n), other(n=n + 1), other.function(n), fused.run(other, n="3")]
    """
    assert value(http, code, n=2) == [7, 8, 7, 8]


def test_a_udf_runs_another_by_name_and_by_token(http, saved):
    code = """
        def udf(names):
            return [fused.run(name, n=7, plain=[1, "a"]) for name in names]
    """
    names = ["inner", f"{saved['email']}/inner", "team/inner", saved["token"]]
    wanted = {"n": 7, "plain": [1, "a"], "kind": "list", "depth": 2}
    assert value(http, code, names=names) == [wanted] * 4


def test_a_loaded_udf_is_called_and_its_names_are_there(http, saved):
    code = """
        def udf(name):
            loaded = fused.load(name)
            return [loaded(n=2)["n"], loaded.helper(3), loaded.FACTOR, loaded.name, loaded.function(4)["n"]]
    """
    for name in ("inner", f"{saved['email']}/inner", "team/inner", saved["token"], saved["id"]):
        assert value(http, code, name=name) == [2, 30, 10, "inner", 4], name


def test_source_is_loaded_with_its_modules(http):
    code = """
        SOURCE = '''
        @fused.udf
        def other(n: int = 1):
            return n * 2
        '''
        import textwrap
        def udf():
            loaded = fused.load(textwrap.dedent(SOURCE))
            return [loaded.entrypoint, loaded(n=4), fused.run(textwrap.dedent(SOURCE), n=5)]
    """
    assert value(http, code) == ["other", 8, 10]


def test_values_of_every_kind_come_back_as_they_were(http):
    code = """
        import geopandas as gpd, numpy as np, pandas as pd, shapely
        @fused.udf
        def give(kind: str):
            return {
                "frame": pd.DataFrame({"a": [1, 2]}),
                "geo": gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)], crs=4326),
                "array": np.arange(6).reshape(2, 3),
                "bounded": (np.ones((1, 2, 2), dtype="uint8"), [0, 0, 1, 1]),
                "plain": {"x": [1, None, "t"]},
                "text": "words",
                "nothing": None,
                "bytes": b"\\x00\\x01",
            }[kind]

        @fused.udf
        def udf():
            array, (values, bounds) = give("array"), give("bounded")
            return {
                "frame": [type(give("frame")).__name__, give("frame").a.tolist()],
                "geo": [type(give("geo")).__name__, give("geo").geometry[0].wkt, give("geo").crs.to_epsg()],
                "array": [type(array).__name__, array.tolist(), str(array.dtype)],
                "bounded": [values.tolist(), str(values.dtype), list(bounds)],
                "plain": give("plain"), "text": give("text"), "nothing": give("nothing"), "bytes": list(give("bytes")),
            }
    """
    assert value(http, code) == {
        "frame": ["DataFrame", [1, 2]],
        "geo": ["GeoDataFrame", "POINT (1 2)", 4326],
        "array": ["ndarray", [[0, 1, 2], [3, 4, 5]], "int64"],
        "bounded": [[[[1, 1], [1, 1]]], "uint8", [0, 0, 1, 1]],
        "plain": {"x": [1, None, "t"]},
        "text": "words",
        "nothing": None,
        "bytes": [0, 1],
    }


def test_arguments_of_every_kind_arrive(http):
    code = """
        import datetime, enum, uuid
        import geopandas as gpd, numpy as np, pandas as pd, shapely
        @fused.udf
        def take(frame: pd.DataFrame, geo: gpd.GeoDataFrame, when: datetime.datetime, shape: shapely.Geometry,
                 one: uuid.UUID, plain, many, nothing, far: float):
            return [frame.a.tolist(), geo.geometry[0].wkt, when.isoformat(), shape.wkt, str(one), plain, many, nothing,
                    far == float("inf")]
        @fused.udf
        def udf():
            return take(
                frame=pd.DataFrame({"a": [1, 2]}), geo=gpd.GeoDataFrame(geometry=[shapely.Point(1, 2)], crs=4326),
                when=datetime.datetime(2024, 5, 1), shape=shapely.Point(3, 4), one=uuid.UUID(int=1), plain=np.int64(7),
                many=(1, "a", {"b": np.arange(2)}), nothing=None, far=float("inf"))
    """
    assert value(http, code) == [
        [1, 2], "POINT (1 2)", "2024-05-01T00:00:00", "POINT (3 4)", "00000000-0000-0000-0000-000000000001", 7,
        [1, "a", {"b": [0, 1]}], None, True,
    ]  # fmt: skip


def test_a_tile_run_gets_its_tile(http):
    code = """
        @fused.udf
        def tile(bounds: fused.types.TileXYZ):
            return [bounds.x, bounds.y, bounds.z]
        def udf():
            return fused.run(tile, x=1, y=2, z=3)
    """
    assert value(http, code) == [1, 2, 3]


def test_what_another_udf_raises_is_told_with_its_line_and_what_it_printed(http):
    code = """
        @fused.udf
        def wrong():
            print("said before")
            raise KeyError("a key")
        def udf():
            try:
                wrong()
            except fused.types.UdfRuntimeError as error:
                return [str(error), error.child_exception_class]
    """
    answer = call(http, code)
    assert answer.json() == ["The UDF returned the following error in line 5:\nKeyError: 'a key'", "KeyError"]
    assert json.loads(answer.headers["x-fused-metadata"])["stdout"] == "said before\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [("return object()", "UdfSerializationError"), ("import os; os._exit(3)", "UdfRuntimeError")],
)
def test_other_ends_of_another_udf_are_told_apart(http, body, kind):
    code = f"""
        @fused.udf
        def wrong():
            {body}
        def udf():
            try:
                wrong()
            except Exception as error:
                return type(error).__name__
    """
    assert value(http, code) == kind


def test_what_is_not_there_is_a_sentence(http):
    code = """
        def udf(name):
            try:
                fused.run(name)
            except Exception as error:
                return [type(error).__name__, str(error)]
    """
    assert value(http, code, name="nowhere") == ["NotFound", "There is no such udf that you may see."]
    assert value(http, code, name="fsh_nothing")[0] == "NotFound"


def test_coroutines_ask_at_the_same_time(http):
    code = """
        import asyncio
        @fused.udf
        def other(n: int):
            return n * n
        async def udf():
            later = fused.run(other, n=3, sync=False)
            return [await asyncio.gather(*(fused.run_async(other, n=n) for n in range(8))), await later]
    """
    assert value(http, code) == [[n * n for n in range(8)], 9]


def test_a_large_argument_and_a_large_result_pass(http):
    code = """
        import numpy as np
        @fused.udf
        def other(text: str):
            return np.frombuffer(text.encode(), dtype="uint8")
        def udf():
            text = "abcdefgh" * 500_000
            return other(text).tobytes().decode() == text
    """
    assert value(http, code) is True


def test_arguments_of_a_call_by_name_may_come_in_a_body(http, saved):
    answer = http.post(
        f"/server/v1/realtime-shared/{saved['token']}/run?format=json", json={"parameters": {"plain": [1]}}
    )
    assert answer.json()["kind"] == "list"
    for body, status in ((b"{", 400), (b'{"parameters": 3}', 422), (b"", 200)):
        assert http.post(f"/server/v1/realtime-shared/{saved['token']}/run", content=body).status_code == status


def test_each_is_a_run_of_its_own(http, saved):
    value(http, "def udf(): return fused.run('inner', n=99, cache=False)['n']")

    def told() -> bool:
        runs = http.get("/api/runs").json()
        return any(run["udfName"] == "inner" and run["cache"] == "off" for run in runs)

    wait_until(told)


def test_a_run_says_which_run_called_it(http, saved):
    code = """
        @fused.udf
        def middle():
            return [fused.run(NAME, n=98, cache=False)["n"], fused.run(TOKEN, n=98)["n"]]
        @fused.udf
        def udf():
            return [middle(), [one for one in fused.submit(NAME, [{"n": 1}, {"n": 2}], collect=False).results()]]
    """
    named = code.replace("NAME", repr("inner")).replace("TOKEN", repr(saved["token"]))

    def called_by(uid: str) -> dict[str, list[dict]]:
        by_name: dict[str, list[dict]] = {}
        for run in http.get("/api/runs", params={"parent": uid}).json():
            by_name.setdefault(run["udfName"], []).append(run)
        return by_name

    for _ in range(2):  # the second time the one that was called by its token is kept
        answer = call(http, named)
        assert answer.status_code == 200, answer.text
        outer = answer.headers["headrace-run-id"]
        wait_until(lambda uid=outer: http.get(f"/api/runs/{uid}").status_code == 200)
        assert http.get(f"/api/runs/{outer}").json()["parentUid"] is None
        called = called_by(outer)
        assert {name: len(runs) for name, runs in called.items()} == {"middle": 1, "inner": 2}
        [middle] = called["middle"]
        assert middle["parentUid"] == outer
        assert http.get(f"/api/runs/{middle['uid']}").json()["parentUid"] == outer
        inner = called_by(middle["uid"])["inner"]
        assert [run["door"] for run in sorted(inner, key=lambda run: run["startedAt"])] == ["saved", "token"]
    assert {run["cache"] for run in inner} == {"off", "hit"}


def test_nobody_says_from_outside_which_run_called(http):
    answer = http.get("/api/runs").json()
    headers = {"headrace.visit": "x", "Fused-Recursion": "3", "parent-uid": answer[0]["uid"] if answer else "x"}
    step = json.dumps({"type": "udf", "udf": {"code": "def udf(): return 1", "entrypoint": "udf"}})
    body = {"step_config": step, "format": "json"}
    answer = http.post("/server/v1/realtime/local/api/v1/run/udf", json=body, headers=headers)
    uid = answer.headers["headrace-run-id"]
    wait_until(lambda: http.get(f"/api/runs/{uid}").status_code == 200)
    assert http.get(f"/api/runs/{uid}").json()["parentUid"] is None
