"""The helpers of both generations of the published client that look for credentials, databases and tables (notes 3)."""

import psycopg
import pytest

SECRET = "correct horse battery"


@pytest.fixture
def shop(client, postgresql):
    """A real database that the client registers itself, with its credential and what it is called."""
    url = postgresql.empty()
    role = f"client_{url.rpartition('/')[2]}"
    postgresql.person(role, SECRET)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"CREATE SCHEMA shop; CREATE TABLE shop.sales (id int); CREATE TABLE shop.sales2 (id int);"
            f"GRANT USAGE ON SCHEMA shop TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO {role}"
        )
    host = {"name": role, "type": "RemoteHostTypes::Postgres", "url": url.replace("postgres@", "")}
    made = client.run(
        f"""
        made = client.credentials.post("Database", {role!r}, {SECRET!r}, remote_host={host!r})
        answer = {{"id": made.remote_host_id, "name": made.remote_host_name, "credential": made.id}}
        """
    ).answer
    return {**made, "url": host["url"]}


def test_the_default_credential_is_that_of_the_warehouse(client):
    said = client.run(
        """
        found = client.credentials.list(type="Database", default=True)
        database = client.get_database_id("warehouse")
        answer = [
            [one.id for one in found],
            client.default_credential,
            client.get_database_credential_id(client.username, "warehouse"),
            [one.remote_host_id for one in found] == [database],
        ]
        """
    ).answer
    assert said[0] == [said[1]] == [said[2]]
    assert said[3]


def test_the_new_client_knows_its_default_database_credential(new):
    said = new.run(
        "answer = [client.default_database_credential_id, client.credentials.list(default=True)[0].id]"
    ).answer
    assert said[0] == said[1]


def test_a_table_is_found_by_its_name(client, shop):
    said = client.run(
        f"""
        name = {shop["name"]!r}
        found = client.get_table_id("shop.sales", name)
        table = client.tables.get(found)
        answer = [
            table.name, table.database_id, len(table.columns), client.get_database_id(name),
            client.get_database_credential_id(name, name),
            [one.name for one in client.tables.list(database_id=table.database_id, schema="shop", iterator=True)],
            [one["schema"] for one in client.databases.list_schemas(table.database_id)],
        ]
        """
    ).answer
    assert said == ["sales", shop["id"], 1, shop["id"], shop["credential"], ["sales", "sales2"], ["public", "shop"]]


def test_a_table_that_is_not_there_is_not_found(client, shop):
    for database in (shop["name"], "warehouse"):
        said = client.run(
            f"""
            try:
                answer = client.get_table_id("shop.nothing", {database!r})
            except (ValueError, IndexError) as missing:
                answer = type(missing).__name__
            """
        ).answer
        assert said in {"ValueError", "IndexError"}


def test_a_refused_login_is_an_error_of_the_api_at_once(client, shop):
    said = client.run(
        f"""
        from civis.base import CivisAPIError
        url, name = {shop["url"]!r}, {shop["name"]!r}
        kind = "RemoteHostTypes::Postgres"
        answer = [client.credentials.post_authenticate(url, kind, name, {SECRET!r}).success]
        for at in (url, "postgresql://away.invalid/x", "postgresql://169.254.169.254/x"):
            try:
                client.credentials.post_authenticate(at, kind, name, "hunter2")
            except CivisAPIError as wrong:
                answer += [wrong.status_code, str(wrong)]
        """
    ).answer
    assert [said[0], *said[1::2]] == [True, 400, 424, 403]
    assert "hunter2" not in str(said)


def test_keys_for_s3_are_found_by_name(client):
    said = client.run(
        """
        kind = "Amazon Web Services S3"
        made = [client.credentials.post(kind, "AKIAEXAMPLE", "secret", name="backup") for _ in range(2)]
        found = client.get_aws_credential_id("backup", owner=client.username)
        changed = client.credentials.put(made[0].id, kind, "AKIAOTHER", "secret", name="other")
        answer = [found in [one.id for one in made], changed.username, client.credentials.get(made[1].id).owner]
        for one in made:
            client.credentials.delete(one.id)
        answer.append(client.username)
        """
    ).answer
    assert said[:2] == [True, "AKIAOTHER"]
    assert said[2] == said[3]


def test_a_storage_host_is_found_by_its_name(new):
    said = new.run(
        """
        made = client.storage_hosts.post("s3", "sales", "Sales", s3_options={"region": "eu-west-1"})
        answer = [made.id, client.get_storage_host_id("Sales")]
        client.storage_hosts.delete(made.id)
        """
    ).answer
    assert said[0] == said[1]


def test_addresses_are_written_down_by_the_methods_of_2017(client, shop):
    said = client.run(
        f"""
        made = client.databases.post_whitelist_ips({shop["id"]}, "203.0.113.0/24")
        listed = [one.id for one in client.databases.list_whitelist_ips({shop["id"]})]
        client.databases.delete_whitelist_ips({shop["id"]}, made.id)
        answer = [listed == [made.id], len(client.databases.list_whitelist_ips({shop["id"]}))]
        """
    ).answer
    assert said == [True, 0]
