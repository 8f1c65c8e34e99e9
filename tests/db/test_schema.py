"""The schema: one history for both databases."""

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from headrace.db import jobs, tables
from headrace.db.engine import HEAD, Database, upgrade
from headrace.model.access import ApiKey, Group, User
from headrace.model.run import Run


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("postgresql").empty()


def test_migrations_lead_to_the_tables_that_the_code_declares(empty_url):
    database = Database(empty_url)
    with database.begin() as connection:
        upgrade(connection)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    database.close()


def test_a_first_start_lays_what_the_migrations_lead_to(empty_url):
    database = Database(empty_url)
    database.migrate()
    with database.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        before = connection.execute(sa.text("select version_num from alembic_version")).scalars().all()
        upgrade(connection)
        after = connection.execute(sa.text("select version_num from alembic_version")).scalars().all()
    assert before == after == [HEAD]
    database.close()


def test_several_processes_may_start_on_an_empty_database_at_once(empty_url):
    databases = [Database(empty_url) for _ in range(8)]
    failures = []

    def migrate(database: Database) -> None:
        try:
            database.migrate()
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is shown below
            failures.append(failure)

    threads = [threading.Thread(target=migrate, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for database in databases:
        database.close()


@pytest.mark.parametrize(
    ("struct", "table", "elsewhere"),
    [
        (User, tables.users, set()),
        (Group, tables.groups, set()),
        (ApiKey, tables.api_keys, set()),
        (Run, tables.runs, {"stdout", "stderr"}),
        (jobs.TokenRow, tables.access_tokens, {"udf_uid", "udf_slug", "owner_email"}),
    ],
)
def test_the_fields_of_a_value_are_columns_of_its_table(struct, table, elsewhere):
    assert set(struct.__struct_fields__) - elsewhere <= {column.name for column in table.columns}
