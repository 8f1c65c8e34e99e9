"""Interpreters of other versions on this machine, and the packages that functions find in them."""

import subprocess

import pytest

from headrace import settings as table
from headrace.errors import Unavailable
from headrace.runtime import interpreters
from headrace.work.interpreters import Packages


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of ours, on which interpreters can be put; none of them is started."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def put(folder: str, minor: str, *, program: bytes = b"\x7fELF...", library: bool = True) -> str:
        place = tmp_path / folder
        (place / "bin").mkdir(parents=True, exist_ok=True)
        (place / "bin" / f"python{minor}").write_bytes(program)
        if library:
            (place / "lib" / f"python{minor}").mkdir(parents=True)
            (place / "lib" / f"python{minor}" / "os.py").touch()
        return str(place)

    interpreters.found.cache_clear()
    yield put
    interpreters.found.cache_clear()


def test_the_newest_release_of_each_minor_version_is_taken(machine):
    machine(".pyenv/versions/3.9.2", "3.9")
    newest = machine(".pyenv/versions/3.9.18", "3.9")
    other = machine(".local/share/uv/python/cpython-3.10.4-linux", "3.10")
    found = interpreters.found()
    assert found["3.9"] == interpreters.Interpreter("3.9", f"{newest}/bin/python3.9", newest)
    assert found["3.10"].prefix == other
    assert list(found) == sorted(found, key=lambda minor: [int(part) for part in minor.split(".")])


def test_what_is_no_interpreter_is_passed_over(machine):
    machine(".pyenv/versions/3.9.1", "3.9", program=b"#!/bin/sh\n")  # a shim
    machine(".pyenv/versions/3.10.1", "3.10", library=False)
    machine(".pyenv/versions/3.7.1", "3.7")  # older than what is written for it
    machine(f".pyenv/versions/{interpreters.OWN}.99", interpreters.OWN)
    ours = {minor for minor, one in interpreters.found().items() if ".pyenv" in one.prefix}
    assert ours == set()
    assert interpreters.OWN in interpreters.minors()


def test_a_minor_version_is_the_first_two_parts():
    assert [interpreters.minor_of(text) for text in ("3.10.13", "3.9", " 3.12.1rc1", None)] == [
        "3.10",
        "3.9",
        "3.12",
        interpreters.OWN,
    ]


def test_every_one_that_is_found_here_is_what_it_says():
    interpreters.found.cache_clear()
    for minor, one in interpreters.found().items():
        said = subprocess.run(
            [one.program, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.base_prefix)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert said == [minor, one.prefix]


def test_without_an_index_functions_get_what_the_interpreter_has(home, monkeypatch):
    minor = next(iter(interpreters.found()), None)
    if minor is None:
        pytest.skip("this machine has no Python of another minor version")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")
    packages = Packages(table.load({"HEADRACE_HOME": str(home)}))
    assert packages.of(minor) is None
    folder = home / "lake" / "interpreters"
    assert {one.name for one in (folder / "building").iterdir()} <= {"cache", "cache-pip"}
    with packages._locks[minor], pytest.raises(Unavailable, match="are being installed; call again"):
        packages.of(minor, waits=False)
    # What failed is not tried again at once; what is there is taken as it is.
    assert packages.of(minor) is None
    (folder / minor).mkdir()
    assert packages.of(minor) == f"interpreters/{minor}"
