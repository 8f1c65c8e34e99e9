"""The SDK against a server that serves."""

import io
import subprocess
import sys
import uuid

import httpx
import pyarrow.parquet as pq
import pytest

import headrace
from conftest import wait_until
from headrace.client import Client, Failed, profile
from headrace.client.source import entrypoint_of, object_of
from headrace.errors import Invalid

SOURCE = """import headrace


@headrace.udf(cache_max_age=0)
def squares(rows: int = 3):
    import pandas as pd

    print("said")
    return pd.DataFrame({"n": range(rows), "square": [n * n for n in range(rows)]})
"""


@headrace.udf
def marked(n: int = 2, text: str = "x"):
    """A udf that is sent as it stands here."""
    return [n, text]


@headrace.udf(name="named otherwise", default_parameters={"n": 5}, engine="small")
def configured(n: int):
    return n


def test_the_package_brings_only_what_a_client_needs():
    code = "import sys, headrace; headrace.udf; headrace.Client; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "httpx" in loaded
    assert not {"numpy", "pandas", "pyarrow", "sqlalchemy", "starlette", "uvicorn", "duckdb"} & loaded
    assert not {name for name in loaded if name.startswith(("headrace.services", "headrace.db", "headrace.api"))}


@pytest.mark.parametrize("code", ["import headrace", "import headrace.client, headrace.client.specification"])
def test_importing_the_package_imports_nothing_heavy(code):
    """What costs time is counted, since a clock on a busy machine tells nothing: `import headrace` took 17 ms."""
    code = f"import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"httpx", "rich", "click", "pandas", "pyarrow", "numpy", "email", "http", "asyncio"} & set(loaded)
    ours = [name for name in loaded if name.partition(".")[0] == "headrace"]
    assert len(ours) <= 8, ours


def test_a_marked_function_stays_a_function():
    assert marked(3) == [3, "x"]
    assert marked.name == marked.entrypoint == marked.__name__ == "marked"
    assert marked.__doc__.startswith("A udf")
    assert "n: int = 2" in repr(marked)
    assert configured.name == "named otherwise"


def test_a_marked_function_is_sent_and_run(client):
    assert client.run(marked, n=7, text="ä").json() == [7, "ä"]
    assert client.run(configured).json() == 5


def test_a_function_is_run_however_the_mark_was_imported(client, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(
        "import headrace as hr\nfrom headrace import udf\n"
        "@udf\ndef one(n: int = 1):\n    return n\n"
        "@udf(cache_max_age='1h')\ndef two(n: int = 2):\n    return n\n"
        "@hr.udf(\n    name='third',\n)\ndef three(n: int = 3):\n    return n / 0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import elsewhere

    assert [client.run(elsewhere.one).json(), client.run(elsewhere.two, n="5").json()] == [1, 5]
    with pytest.raises(Failed) as failed:
        client.run(elsewhere.three)
    assert failed.value.lineno == 5


def test_a_udf_is_saved_run_listed_loaded_and_deleted(client, tmp_path):
    file = tmp_path / "squares.py"
    file.write_text(SOURCE)
    saved = client.save(file)
    assert (saved["slug"], saved["version"]) == ("squares", 1)
    result = client.run("squares", rows=2)
    assert result.json() == [{"n": 0, "square": 0}, {"n": 1, "square": 1}]
    assert (result.stdout, result.cache) == ("said\n", "off")
    assert "user;dur=" in result.timing
    assert client.save(SOURCE.replace("rows: int = 3", "rows: int = 4"), "squares")["version"] == 2
    assert client.run("squares", format="csv").body.count(b"\n") == 5
    assert [one["slug"] for one in client.list()] == ["squares"]
    assert client.load("squares")["id"] == saved["id"]
    client.delete("squares")
    assert client.list() == []
    with pytest.raises(Failed, match="no udf called 'squares'"):
        client.load("squares")


@pytest.mark.parametrize("name", ["with space", "50% ä?x=1#y", "a&b+c", "+", "dots..."])
def test_a_name_may_have_any_character_but_a_slash(client, name):
    client.save(marked, name)
    assert client.run(name, n=1).json() == [1, "x"]
    assert client.load(name)["slug"] == name
    client.delete(name)
    assert client.list() == []


def test_a_result_is_a_table(client):
    for name in ("parquet", "feather", "arrow"):
        table = client.run(SOURCE, format=name).arrow()
        assert table.to_pydict() == {"n": [0, 1, 2], "square": [0, 1, 4]}
    body = client.run(SOURCE, format="parquet", rows=1).body
    assert pq.read_table(io.BytesIO(body)).num_rows == 1


def test_a_token_is_shared_and_called_without_a_key(client, server):
    client.save(SOURCE, "shared")
    shared = client.share("shared")
    assert httpx.get(shared.url, params={"format": "json", "rows": 1}).json() == [{"n": 0, "square": 0}]
    with Client(server.url) as anyone:
        assert anyone.run(shared.token, rows=1).json() == [{"n": 0, "square": 0}]
    assert shared.tiles.endswith("/run/tiles/{z}/{x}/{y}")


def test_a_tile_is_asked_for(client):
    code = "def udf(bounds: fused.types.Bounds):\n    return bounds\n"
    assert client.run(code, tile=(0, 0, 0)).json() == pytest.approx([-180, -85.0511, 180, 85.0511], abs=1e-4)


def test_parameters_named_as_ours_are_given_in_a_mapping(client):
    code = "def udf(format: str, tile: int, more: list):\n    return [format, tile, more]\n"
    assert client.run(code, parameters={"format": "a", "tile": 7}, more=[1]).json() == ["a", 7, [1]]


def test_an_error_is_a_sentence_with_its_line_and_output(client):
    with pytest.raises(Failed, match="ZeroDivisionError: division by zero") as failed:
        client.run("def udf():\n    print('before')\n    return 1 / 0\n")
    assert (failed.value.status, failed.value.lineno) == (422, 3)
    assert "line 3, in udf" in failed.value.stderr


def test_whether_others_may_read_it_is_left_as_it_was_unless_told(client):
    assert client.save(marked, "open", public=True)["allow_public_read"] is True
    assert client.save(configured, "open")["allow_public_read"] is True
    assert client.save(configured, "open", public=False)["allow_public_read"] is False


def test_runs_are_listed_with_what_they_printed(client):
    client.save(SOURCE, "printing")
    uid = client.run("printing").run_id
    udf = client.load("printing")["id"]
    wait_until(lambda: client.runs(udf=udf))
    listed = client.runs(udf=udf)
    assert [(run["uid"], run["state"]) for run in listed] == [(uid, "succeeded")]
    assert client.run_of(uid)["stdout"] == "said\n"
    with pytest.raises(Failed):
        client.run_of(str(uuid.uuid4()))


def test_code_that_does_not_parse_is_told_with_its_line():
    with pytest.raises(Invalid, match="line 2"):
        object_of("x = 1\ndef udf(:\n    pass\n", None)
    with pytest.raises(Invalid, match="no function marked"):
        object_of("x = 1\n\n", None)


@pytest.mark.parametrize(
    ("code", "entrypoint"),
    [
        ("import fused\n@fused.udf\ndef a(): ...\ndef udf(): ...\n", "a"),
        ("from headrace import udf\n@udf(cache_max_age=1)\ndef b(): ...\n", "b"),
        ("@headrace.udf\nasync def c(): ...\n", "c"),
        ("def helper(): ...\ndef udf(): ...\n", "udf"),
    ],
)
def test_the_function_to_call_is_found_in_the_source(code, entrypoint):
    assert entrypoint_of(code) == entrypoint


def test_a_server_that_is_away_and_a_key_that_is_missing_are_sentences(server):
    with (
        Client("http://127.0.0.1:9", "key") as nobody,
        pytest.raises(Failed, match=r"127\.0\.0\.1:9.*does not answer"),
    ):
        nobody.list()
    with Client(server.url) as stranger, pytest.raises(Failed, match="key"):
        stranger.list()


def test_address_and_key_come_from_arguments_then_environment_then_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("HEADRACE_URL", raising=False)
    monkeypatch.delenv("HEADRACE_API_KEY", raising=False)
    assert profile.load() == profile.Profile(profile.DEFAULT_URL, None)
    file = profile.save(profile.Profile("http://file:1", 'a "key" \\ with\ttabs'))
    assert file.stat().st_mode & 0o777 == 0o600
    assert profile.load() == profile.Profile("http://file:1", 'a "key" \\ with\ttabs')
    monkeypatch.setenv("HEADRACE_URL", "http://environment:2/")
    assert profile.load().url == "http://environment:2"
    assert profile.load("http://argument:3", "mine") == profile.Profile("http://argument:3", "mine")
    file.write_text("not toml")
    with pytest.raises(Invalid, match=r"client\.toml"):
        profile.load()
