"""What tells one state of files from another."""

import os
import sqlite3
from contextlib import closing

import pytest

from headrace.services import versions


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_lies_in_the_place_of_an_index_is_not_waited_for_and_never_the_same(tmp_path, kind):
    place = tmp_path / "catalogue.sqlite-shm"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        (tmp_path / "other").write_bytes(b"secret")
        place.symlink_to(tmp_path / "other")
    else:
        place.mkdir()
    assert versions.of([str(place)]) != versions.of([str(place)])


def test_every_commit_makes_another_state(tmp_path):
    file = tmp_path / "catalogue.sqlite"
    watched = [f"{file}-shm", str(file)]
    with closing(sqlite3.connect(file, isolation_level=None)) as one, closing(sqlite3.connect(file)) as holding:
        one.execute("PRAGMA journal_mode = WAL")
        one.execute("CREATE TABLE t (n INT)")
        holding.execute("SELECT * FROM t").fetchall()
        seen = {versions.of(watched)}
        for n in range(50):
            one.execute("UPDATE t SET n = 0" if n % 2 else "INSERT INTO t VALUES (1)")
            seen.add(versions.of(watched))
        assert len(seen) == 51
        holding.execute("SELECT * FROM t").fetchall()
        assert versions.of(watched) in seen, "reading changes nothing"
