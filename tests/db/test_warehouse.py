"""The database that comes with the server, on homes that were there before it."""

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from headrace.db import tables as t
from headrace.db.engine import Database, upgrade
from headrace.model.database import WAREHOUSE

NOW = "2026-01-01 00:00:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request, tmp_path):
    """A database at the version before, with these users."""
    url = f"sqlite:///{tmp_path / 'old.db'}" if request.param == "sqlite" else ""
    database = Database(url or request.getfixturevalue("postgresql").empty())
    with database.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "headrace.db:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    yield database
    database.close()


def add(database, *names):
    with database.begin() as connection:
        for name in names:
            connection.execute(
                sa.text(
                    "INSERT INTO users (name, username, email, admin, active, created_at, updated_at) "
                    "VALUES (:n, :n, :n, :admin, :yes, :now, :now)"
                ).bindparams(sa.bindparam("admin", name == "admin", sa.Boolean), sa.bindparam("yes", True, sa.Boolean)),
                {"n": name, "now": NOW},
            )


def test_every_user_there_is_gets_a_credential_for_the_warehouse(old):
    add(old, "ada", "admin", "bob")
    with old.begin() as connection:
        upgrade(connection)
        (host,) = connection.execute(sa.select(t.remote_hosts)).mappings()
        owner = connection.execute(sa.select(t.users.c.username).where(t.users.c.id == host["owner_id"])).scalar()
        assert (host["name"], host["type"], owner) == ("warehouse", WAREHOUSE, "admin")
        rows = connection.execute(sa.select(t.credentials).order_by(t.credentials.c.username)).mappings().all()
    assert [row["username"] for row in rows] == ["ada", "admin", "bob"]
    assert {(row["name"], row["type"], row["secret"], row["is_default"], row["remote_host_id"]) for row in rows} == {
        ("default", "Database", b"", True, host["id"])
    }
    assert all(row["updated_at"].year == 2026 and row["settings"] == {} for row in rows)


def test_a_database_without_users_waits_for_its_first_start(old):
    with old.begin() as connection:
        upgrade(connection)
        assert connection.execute(sa.select(t.remote_hosts.c.id)).all() == []
