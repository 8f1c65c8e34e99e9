"""The rest of what code in a worker finds under the name `fused`."""

import http.server
import threading

import pytest

from calling import call, detail, save, share, value


def test_the_context_tells_of_the_call(http):
    code = """
        import fused
        OFFSET = 3
        @fused.udf
        def udf(n: int = 1):
            this = fused.context.this_udf()
            return [this.name, this.entrypoint, this.OFFSET, "OFFSET" in this.code, this.parameters,
                    fused.context.get_recursion_factor(), fused.context.max_recursion_factor(),
                    fused.options.max_recursion_factor, fused.context.in_realtime()]
    """
    assert value(http, code, n=2) == ["udf", "udf", 3, True, {"n": 2}, 1, 5, 5, True]


def test_the_account_and_its_udfs_are_told(http):
    udf = save(http, "listed", "def udf(n=1): return n")
    code = """
        def udf():
            udfs = fused.api.get_udfs()
            return [fused.api.whoami()["email"] == fused.context.get_user_email(), fused.api.team_info()["id"],
                    udfs["listed"](n=5), fused.api.FusedAPI().whoami()["email"] == fused.context.get_user_email()]
    """
    try:
        assert value(http, code) == [True, "default", 5, True]
    finally:
        http.delete(f"/server/v1/udf/by-id/{udf['id']}")


def test_core_has_the_names_of_published_code(http):
    token = share(http, save(http, "by-core", "def udf(bounds: 'TileXYZ' = None, n: int = 1): return n")["id"])
    code = """
        import asyncio
        def larger(a, b):
            return max(a, b)
        async def udf(token):
            return [
                await fused.core.run_shared_file_async(token, n=2),
                fused.core.load_udf_from_code("def udf():\\n return 1").name,
                await asyncio.to_thread(fused.core.run_shared_tile, token, 0, 0, 0, n=3),
                fused.core.cache_call(larger, 1, 2), fused.core.create_path("a/b.txt").endswith("/a/b.txt"),
            ]
    """
    assert value(http, code, token=token) == [2, "udf", 3, 2, True]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("fused.ingest", "fused.ingest is not served"),
        (
            "fused.utils",
            "fused.utils is not served by this version of Headrace. Its modules live in a public repository",
        ),
        ("fused.api.schedule_udf", "fused.api.schedule_udf is not served inside a worker"),
        ("fused.core.nothing", "fused.core.nothing is not served inside a worker"),
        ("fused.models.Something", "fused.models.Something is not served inside a worker"),
        ("fused.run('x', instance_type='m5.large')", "which are not started from inside a udf"),
    ],
)
def test_what_is_not_there_says_so_by_its_name(http, name, sentence):
    answer = call(http, f"def udf(): return {name}")
    assert answer.status_code == 422
    assert sentence in detail(answer)


def test_files_have_a_path_on_the_shared_disk_and_none_outside_of_it(http):
    code = """
        import os
        def udf():
            path = fused.file_path("reports/one.csv")
            open(path, "w").write("x")
            local = fused.file_path("reports/two", storage="local")
            try:
                fused.file_path("../../etc/passwd")
            except Exception as error:
                refused = str(error)
            return [path, os.path.isdir(local), local, refused]
    """
    path, made, local, refused = value(http, code)
    assert (path, made, local) == ("/mount/tmp/reports/one.csv", True, "/tmp/reports/two")
    assert "leads out" in refused


@pytest.fixture
def website(tmp_path):
    """A web server on this machine that counts what it is asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"content")

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_download_is_made_once(website, tmp_path):
    from conftest import serving

    url, asked = website
    code = """
        def udf(url):
            paths = [fused.download(url, "kept/file.bin") for _ in range(2)]
            return [paths[0], open(paths[1]).read()]
    """
    with serving(tmp_path / "home", network="host") as server, server.client() as client:
        for _ in range(2):
            assert value(client, code, url=f"{url}/file") == ["/mount/tmp/kept/file.bin", "content"]
    assert asked == ["/file"]


def test_a_function_s_result_may_be_kept_on_the_shared_disk(http):
    code = """
        import os, time
        @fused.cache(storage="mount")
        def when(n):
            return time.time_ns()
        def udf():
            return when(1)
    """
    first = value(http, code)
    call(http, "import os\ndef udf(): os._exit(0)")  # the worker is gone with it
    assert value(http, code) == first


def test_a_table_in_chunks_is_read(http):
    code = """
        import base64, io, os
        import geopandas as gpd, pandas as pd, pyarrow as pa, pyarrow.parquet as pq, shapely
        def udf():
            os.makedirs("/tmp/table", exist_ok=True)
            frame = gpd.GeoDataFrame({"a": range(4)}, geometry=shapely.points(range(4), range(4)), crs=4326)
            frame.to_parquet("/tmp/table/0.parquet", row_group_size=2)
            chunks = pd.DataFrame({"file_id": ["0", "0"], "chunk_id": [0, 1], "bbox_minx": [0.0, 2.0],
                                   "bbox_miny": [0.0, 2.0], "bbox_maxx": [1.0, 3.0], "bbox_maxy": [1.0, 3.0]})
            inner = io.BytesIO()
            chunks.to_parquet(inner)
            known = {"fused:format_version": "5", "fused:_metadata": base64.b64encode(inner.getvalue()).decode()}
            pq.write_table(pa.table({"a": [0]}).replace_schema_metadata(known), "/tmp/table/_sample")
            meta = fused.get_chunks_metadata("/tmp/table/")
            part = fused.get_chunk_from_table("/tmp/table", "0", 1)
            bare = fused.get_chunk_from_table("/tmp/table", 0, None, columns=["a"])
            try:
                fused.get_chunks_metadata("/tmp")
            except Exception as error:
                wrong = type(error).__name__
            return [meta.total_bounds.tolist(), meta.crs.to_epsg(), type(part).__name__, part.a.tolist(),
                    type(bare).__name__, bare.a.tolist(), wrong]
    """
    assert value(http, code) == [
        [0, 0, 3, 3], 4326, "GeoDataFrame", [2, 3], "DataFrame", [0, 1, 2, 3], "FileNotFoundError",
    ]  # fmt: skip


def test_a_module_that_comes_along_is_there_for_other_udfs_too(http):
    import json

    main = "import extra\n@fused.udf\ndef other():\n    return extra.double(4)\ndef udf():\n    return other()\n"
    headers = [{"module_name": "extra", "source_code": "def double(n):\n    return n * 2\n", "source_file": None}]
    step = {"type": "udf", "udf": {"code": main, "entrypoint": "udf", "headers": headers}}
    run = "/server/v1/realtime/local/api/v1/run/udf"
    assert http.post(run, json={"step_config": json.dumps(step), "format": "json"}).json() == 8
