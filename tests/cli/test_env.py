"""`headrace env` as a person types it, against a server whose installer knows a folder of packages."""

import json
import os
import subprocess
import sys

import pytest

import wheels
from conftest import serving
from published import Person

UDF = """import headrace


@headrace.udf(environment="mine")
def udf():
    import plain

    return plain.VERSION
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    wheels.link(wheels.fetched(), folder)
    for version in ("1.0", "2.0"):
        wheels.wheel(folder, "plain", version, {"plain.py": f"VERSION = {version!r}\n"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(folder))
        patch.setenv("UV_OFFLINE", "1")
        with serving(tmp_path_factory.mktemp("server") / "home") as one:
            yield one


@pytest.fixture
def typed(server, tmp_path):
    """Run a command as a person; what it printed."""
    key = Person(server, "typist").key

    def run(*words, status=0):
        done = subprocess.run(
            [sys.executable, "-m", "headrace", *words],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "COLUMNS": "200",
                "HEADRACE_URL": server.url,
                "HEADRACE_API_KEY": key,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


def test_an_environment_from_its_first_build_to_its_end(typed, tmp_path):
    (tmp_path / "mine.py").write_text(UDF)
    said = typed("env", "add", "mine", "plain==1.0").stdout
    assert "plain==1.0" in said
    assert "mine is ready: " in said
    assert json.loads(typed("udf", "run", "mine.py").stdout) == "1.0"
    (tmp_path / "lines.txt").write_text("# of mine\nplain>=1.5  # newer\n")
    typed("env", "rebuild", "mine", "-r", "lines.txt")
    assert json.loads(typed("udf", "run", "mine.py").stdout) == "2.0"
    failed = typed("env", "rebuild", "mine", "plain==3.0", status=1)
    assert "plain==3.0" in failed.stderr
    shown = typed("env", "show", "mine", "--log").stdout
    assert "mine: failed, asked for as plain==3.0" in shown
    assert json.loads(typed("udf", "run", "mine.py").stdout) == "2.0"
    assert "plain==3.0" in typed("env", "list").stdout
    assert "being built" in typed("env", "add", "later", "plain", "--no-wait").stdout
    typed("env", "remove", "mine")
    assert "headrace env add mine" in typed("udf", "run", "mine.py", status=1).stderr


def test_what_is_wrong_is_a_sentence(typed, tmp_path):
    assert "at least one package" in typed("env", "add", "empty", status=2).stderr
    assert "address" in typed("env", "add", "direct", "plain @ http://10.0.0.1/x.whl", status=1).stderr
    assert "nowhere" in typed("env", "show", "nowhere", status=1).stderr
    assert "There is no Python 3.99" in typed("env", "add", "old", "plain", "--python", "3.99", status=1).stderr
