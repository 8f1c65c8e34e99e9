"""`headrace udf` and `headrace login` as a person types them, against a server that serves."""

import json
import os
import pty
import subprocess
import sys
import tomllib

import httpx
import pyarrow.parquet as pq
import pytest

from conftest import wait_until
from published import Person

SQUARES = """import headrace


@headrace.udf
def squares(rows: int = 3):
    import pandas as pd

    print("said by the udf")
    return pd.DataFrame({"n": range(rows), "square": [n * n for n in range(rows)]})
"""


def test_from_a_template_to_an_address(at_home, tmp_path):
    at_home("udf", "new", "mine.py")
    ran = json.loads(at_home("udf", "run", "mine.py", "rows=2").stdout)
    assert ran == [{"n": n, "square": n * n} for n in range(2)]
    assert "version 1" in at_home("udf", "push", "mine.py").stdout
    assert "version 1" in at_home("udf", "push", "mine.py").stdout
    shared = at_home("udf", "share", "mine").stdout.splitlines()
    assert shared[-1].startswith("fsh_")
    address = next(word for line in shared for word in line.split() if "format=json" in word)
    assert httpx.get(address).json() == [{"n": n, "square": n * n} for n in range(3)]
    assert "mine" in at_home("udf", "list").stdout


def test_a_template_does_not_replace_a_file(at_home, tmp_path):
    (tmp_path / "mine.py").write_text("precious")
    assert "mine.py" in at_home("udf", "new", "mine.py", status=1).stderr
    assert (tmp_path / "mine.py").read_text() == "precious"


def test_a_result_is_shown_or_written_in_the_format_of_the_files_ending(at_home, tmp_path):
    (tmp_path / "squares.py").write_text(SQUARES)
    at_home("udf", "push", "squares.py", "--name", "other name")
    ran = at_home("udf", "run", "other name", "rows=2")
    assert json.loads(ran.stdout) == [{"n": 0, "square": 0}, {"n": 1, "square": 1}]
    assert ran.stderr.startswith("said by the udf\n")
    assert "cache" in ran.stderr
    at_home("udf", "run", "other name", "rows=4", "--output", "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 4
    at_home("udf", "run", "other name", "-o", "out.txt", "--format", "csv")
    assert (tmp_path / "out.txt").read_text().startswith("n,square\n0,0\n")
    piped = at_home("udf", "run", "squares.py", "rows=1", "--format", "csv").stdout
    assert piped == "n,square\n0,0\n"


def test_a_tile_is_run(at_home, tmp_path):
    (tmp_path / "tile.py").write_text("def udf(bounds: fused.types.Bounds):\n    return {'west': bounds[0]}\n")
    assert json.loads(at_home("udf", "run", "tile.py", "--tile", "1/0/0").stdout) == {"west": -180.0}
    for wrong in ("1/0", "a/b/c", "1/5/0"):
        assert at_home("udf", "run", "tile.py", "--tile", wrong, status=2 if wrong != "1/5/0" else 1).stderr


def test_an_error_of_the_udf_shows_its_traceback_and_ends_with_status_1(at_home, tmp_path):
    (tmp_path / "wrong.py").write_text("def udf(n: int):\n    return 1 / n\n")
    failed = at_home("udf", "run", "wrong.py", "n=0", status=1).stderr
    assert "line 2, in udf" in failed
    assert "ZeroDivisionError: division by zero" in failed
    assert "'x'" in at_home("udf", "run", "wrong.py", "n=x", status=1).stderr


def test_runs_and_what_they_printed_are_shown(at_home, tmp_path):
    (tmp_path / "squares.py").write_text(SQUARES)
    at_home("udf", "push", "squares.py")
    uid = at_home("udf", "run", "squares").stderr.splitlines()[-1].split()[1].rstrip(",")
    wait_until(lambda: uid in at_home("udf", "logs", "squares").stdout)
    assert "succeeded" in at_home("udf", "logs").stdout
    assert "said by the udf" in at_home("udf", "logs", uid).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nowhere"], "nowhere"),
        (["run", "nowhere.py"], "nowhere.py"),
        (["run", "nowhere", "rows"], "name=value"),
        (["push", "nowhere.py"], "nowhere.py"),
        (["share", "nowhere"], "nowhere"),
        (["logs", "nowhere"], "nowhere"),
        (["logs", "00000000-0000-0000-0000-000000000000"], "run"),
    ],
)
def test_what_is_not_there_is_a_sentence(at_home, words, said):
    done = at_home("udf", *words, status=2 if words[0] == "push" or "rows" in words else 1)
    assert said in done.stderr


def test_a_file_that_is_no_udf_is_a_sentence(at_home, tmp_path):
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("x = 1\ndef udf(:\n")
    assert "headrace.udf" in at_home("udf", "push", "empty.py", status=1).stderr
    assert "line 2" in at_home("udf", "push", "broken.py", status=1).stderr


def test_a_server_that_is_away_is_a_sentence(typed):
    away = typed("udf", "list", HEADRACE_URL="http://127.0.0.1:9", HEADRACE_API_KEY="x", status=1).stderr
    assert "http://127.0.0.1:9" in away


def test_the_environment_goes_before_the_file(at_home, server):
    other = Person(server, "other")
    at_home("udf", "new", "mine.py")
    at_home("udf", "push", "mine.py", HEADRACE_API_KEY=other.key)
    assert "mine" not in at_home("udf", "list").stdout
    assert "mine" in at_home("udf", "list", HEADRACE_API_KEY=other.key).stdout


def test_a_login_checks_the_key_before_it_writes(typed, server, tmp_path):
    for client in ("headrace", "fused"):
        assert "key" in typed("login", client, "--url", server.url, "--api-key", "hr_wrong", status=1).stderr
    assert not list(tmp_path.iterdir())


def test_a_login_asks_for_the_key_where_none_is_given(typed, server, person, tmp_path):
    typed("login", "headrace", "--url", server.url, stdin=f"{person.key}\n")
    file = tmp_path / ".config" / "headrace" / "client.toml"
    assert tomllib.loads(file.read_text()) == {"url": server.url, "api_key": person.key}
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_login_for_the_published_clients_keeps_what_was_there(typed, server, person, tmp_path):
    folder = tmp_path / ".fused"
    folder.mkdir()
    (folder / "credentials").write_text('{"access_token": "old"}')
    before = 'request_timeout = 7\nno_login = true\nbase_url = "https://elsewhere"\n\n[auth]\nclient_id = "mine"\n'
    (folder / "settings.toml").write_text(before)
    typed("login", "fused", "--url", server.url, "--api-key", person.key)
    typed("login", "fused", "--url", server.url, "--api-key", person.key)  # once more loses nothing
    credentials = json.loads((folder / "credentials").read_text())
    assert credentials["access_token"] == person.key
    assert credentials["token_type"] == credentials["auth_scheme"] == "Bearer"
    assert (folder / "credentials").stat().st_mode & 0o777 == 0o600
    assert tomllib.loads((folder / "settings.toml").read_text()) == {
        "request_timeout": 7,
        "no_login": True,
        "base_url": f"{server.url}/server/v1",
        "shared_udf_base_url": f"{server.url}/server/v1/realtime-shared",
        "auth": {"client_id": "mine"},
    }
    assert (folder / "credentials.before").read_text() == '{"access_token": "old"}'
    assert (folder / "settings.toml.before").read_text() == before


def test_a_login_does_not_replace_settings_that_cannot_be_read(typed, server, person, tmp_path):
    (tmp_path / ".fused").mkdir()
    (tmp_path / ".fused" / "settings.toml").write_text("not toml")
    refused = typed("login", "fused", "--url", server.url, "--api-key", person.key, status=1).stderr
    assert "settings.toml" in refused
    assert not (tmp_path / ".fused" / "credentials").exists()


def test_on_a_terminal_a_result_is_a_table(server, person, tmp_path):
    (tmp_path / "rows.py").write_text("def udf():\n    return [{'a': '[bold]x', 'b': [1]}, {'a': None, 'c': 1.5}]\n")
    controller, terminal = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "80", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "udf", "run", "rows.py"],
        env={**environ, "HEADRACE_URL": server.url, "HEADRACE_API_KEY": person.key},
        cwd=tmp_path,
        stdout=terminal,
        stderr=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    os.close(terminal)
    shown = os.read(controller, 10_000).decode()
    os.close(controller)
    assert b"cache off" in done.stderr
    lines = [line.replace("\u2502", " ").replace("\u2503", " ").split() for line in shown.splitlines()]
    assert ["a", "b", "c"] in lines
    assert ["[bold]x", "[1]"] in lines
    assert ["1.5"] in lines
