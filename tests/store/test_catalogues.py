"""Catalogues of schemas: held for who may only read them, and read where they can do no harm."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from headrace.errors import HostFailed
from headrace.store import catalogues

ALL = ("SELECT n FROM t ORDER BY n",)


def written(file, *statements):
    """Write to a catalogue as a worker does: in a process of its own, which closes it when it is through."""
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); [c.execute(s) for s in sys.argv[2:]]; c.commit()"
    subprocess.run([sys.executable, "-c", code, str(file), *statements], check=True)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "catalogue.sqlite"
    written(file, "PRAGMA journal_mode=WAL", "CREATE TABLE t (n INT)", "INSERT INTO t VALUES (1)")
    yield file
    catalogues.release(file)


def beside(file):
    return sorted(one.name.rpartition("-")[2] for one in file.parent.iterdir() if one != file)


def test_what_is_beside_a_catalogue_that_is_held_stays_when_its_writers_are_gone(file):
    assert beside(file) == []
    catalogues.hold(file)
    written(file, "INSERT INTO t VALUES (2)")
    assert beside(file) == ["shm", "wal"]
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:
        assert reader.execute(ALL[0]).fetchall() == [(1,), (2,)]


def test_it_is_read_while_somebody_writes(file):
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO t VALUES (2)")
        assert catalogues.read(file, ALL) == [[[1]]]
        writer.execute("COMMIT")
    assert catalogues.read(file, ALL) == [[[1], [2]]]


def test_who_reads_it_is_made_again_when_it_is_lost(file):
    assert catalogues.read(file, ALL) == [[[1]]]
    (child,) = catalogues._child
    os.kill(child.pid, signal.SIGKILL)
    assert catalogues.read(file, ALL) == [[[1]]]
    catalogues.hold(file)
    written(file, "INSERT INTO t VALUES (2)")
    assert beside(file) == ["shm", "wal"]


def test_shared_memory_that_is_cut_off_ends_no_process_of_the_servers(file):
    catalogues.hold(file)
    os.truncate(f"{file}-shm", 0)
    assert catalogues.read(file, ALL) == [[[1]]]
    assert catalogues._child[0].poll() is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no such table"),
        (b"no database" * 1000, "not a database"),
        (b"SQLite format 3\0" + bytes(range(256)) * 40, "malformed|not a database|unable|disk|supported|encrypted"),
    ],
)
def test_what_is_no_catalogue_is_told_in_words(tmp_path, content, sentence):
    file = tmp_path / "catalogue.sqlite"
    file.write_bytes(content)
    with pytest.raises(HostFailed, match=sentence):
        catalogues.read(file, ALL)
    file.unlink()
    with pytest.raises(HostFailed):
        catalogues.read(file, ALL)


def test_a_link_is_not_followed(file, tmp_path):
    link = tmp_path / "other" / "catalogue.sqlite"
    link.parent.mkdir()
    link.symlink_to(file)
    with pytest.raises(HostFailed, match="it is no file"):
        catalogues.read(link, ALL)


def test_what_takes_too_long_is_broken_off(file):
    endless = "CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"
    written(file, endless)
    with pytest.raises(HostFailed, match="interrupted"):
        catalogues.read(file, ("SELECT count(*) FROM v",))
    assert catalogues.read(file, ALL) == [[[1]]]


def test_another_file_of_the_name_is_another_catalogue(file):
    catalogues.hold(file)
    for one in file.parent.iterdir():
        one.unlink()
    written(file, "PRAGMA journal_mode=WAL", "CREATE TABLE t (n INT)", "INSERT INTO t VALUES (7)")
    assert catalogues.read(file, ALL) == [[[7]]]
