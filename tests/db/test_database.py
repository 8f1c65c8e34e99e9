"""The database under both engines."""

import stat
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from headrace.db import engine
from headrace.db.columns import Unstorable
from headrace.db.engine import HEAD, Database
from headrace.db.tables import groups, jobs
from headrace.errors import Invalid, Unavailable
from headrace.model.job import Kind


@pytest.fixture
def url(database_url, tmp_path):
    return database_url or f"sqlite:///{tmp_path / 'home.db'}"


@pytest.fixture
def database(url):
    opened = Database(url)
    opened.migrate()
    yield opened
    opened.close()


def count(connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(groups)).scalar_one()


def add_group(connection, name: str) -> None:
    now = sa.func.current_timestamp()
    connection.execute(groups.insert().values(name=name, slug=name, created_at=now, updated_at=now))


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        add_group(connection, "a")
        raise ZeroDivisionError
    with database.read() as connection:
        assert count(connection) == 0


def test_readers_do_not_wait_for_a_writer_and_do_not_see_its_unfinished_work(database):
    with database.begin() as writing:
        add_group(writing, "a")
        with database.read() as reading:
            assert count(reading) == 0
    with database.read() as reading:
        assert count(reading) == 1


def test_many_threads_write_at_once_and_none_fails(database):
    failures = []

    def write(n: int) -> None:
        try:
            for m in range(20):
                with database.begin() as connection:
                    # Read, then written on the strength of it: SQLite refuses that to one who began as a reader.
                    assert count(connection) >= m
                    add_group(connection, f"{n}-{m}")
        except sa.exc.SQLAlchemyError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as connection:
        assert count(connection) == 160


def test_foreign_keys_are_kept(database):
    values = {"uid": "u", "kind": Kind.UDF.value, "slug": "s", "owner_id": 99, "version": 1}
    now = sa.func.current_timestamp()
    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(jobs.insert().values(**values, created_at=now, updated_at=now))


@pytest.mark.parametrize("text", ["nul\0", "half \ud800"])
def test_text_that_one_of_the_databases_would_refuse_both_refuse(database, text):
    with pytest.raises(Unstorable), database.begin() as connection:
        add_group(connection, text)
    with pytest.raises(Unstorable), database.read() as connection:
        connection.execute(sa.select(groups).where(groups.c.name == text))


def test_a_newer_schema_is_left_alone(database):
    with database.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(Unavailable, match="version 9999, which a newer Headrace made"):
        database.migrate()


def test_a_ready_schema_needs_no_alembic(database, url):
    code = "import sys; from headrace.db.engine import Database; Database(sys.argv[1]).migrate(); print(*sys.modules)"
    imported = subprocess.check_output([sys.executable, "-c", code, url], text=True).split()
    assert "sqlalchemy" in imported
    assert "alembic" not in imported


def test_the_version_that_the_code_wants_is_the_last_of_the_history():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "headrace:db/migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


MIGRATE = """
import sys
from headrace.db.engine import Database

print()
sys.stdin.readline()
Database(sys.argv[1]).migrate()
"""


def test_processes_that_start_at_once_on_nothing_all_find_the_schema(request, tmp_path, database_url):
    url = request.getfixturevalue("postgresql").empty() if database_url else f"sqlite:///{tmp_path / 'new.db'}"
    command = [sys.executable, "-uc", MIGRATE, url]
    starting = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in starting:
        process.stdout.readline()
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in starting] == [""] * 4
    assert [process.returncode for process in starting] == [0] * 4


def test_the_file_of_the_database_is_its_owners_alone(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'home.db'}")
    database.migrate()
    with database.begin() as connection:
        add_group(connection, "a")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    database.close()
    assert modes == {"home.db": 0o600, "home.db-wal": 0o600, "home.db-shm": 0o600}


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "http://x"])
def test_what_is_no_address_of_a_database_is_refused_without_showing_it(url):
    with pytest.raises(Invalid) as raised:
        Database(url)
    assert "host" not in raised.value.message or "user:password@host" in raised.value.message


def test_a_database_that_does_not_answer_is_said_to_be_away(tmp_path):
    database = Database("postgres://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as raised:
        database.ping()
    assert "secret" not in raised.value.message


def test_one_that_waited_too_long_for_a_writer_is_told_to_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'home.db'}")
    database.migrate()
    with database.begin(), pytest.raises(Unavailable, match="too busy"), database.begin():
        pass
    with database.begin() as connection:
        add_group(connection, "a")
    database.close()


def test_one_that_waited_too_long_for_a_connection_is_told_to_come_back(url, monkeypatch):
    monkeypatch.setattr(engine, "POOL_SECONDS", 0.05)
    database = Database(url, connections=1)
    with database.read(), pytest.raises(Unavailable, match="too busy"), database.read():
        pass
    with database.read():
        pass
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has no connections to lose
def test_a_lost_connection_is_replaced(database):
    with pytest.raises(Unavailable), database.read() as connection:
        connection.exec_driver_sql("select pg_terminate_backend(pg_backend_pid())")
    database.ping()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has no time zone of its own
def test_moments_are_read_in_utc_wherever_the_server_is(database):
    with database.read() as connection:
        assert connection.exec_driver_sql("show timezone").scalar() == "UTC"
