"""Credentials, hosts, databases and tables over the wire (Civis protocol notes 5.1, 5.2, 5.14, 6.16, 6.17)."""

import psycopg
import pytest

from headrace.dialects import civis

CREDENTIAL = (
    "id name type username description owner user remoteHostId remoteHostName state createdAt updatedAt default oauth "
    "provider providerMetadata"
)
TABLE = (
    "id databaseId schema name description isView rowCount columnCount sizeMb owner distkey sortkeys refreshStatus "
    "lastRefresh refreshId lastRun tableTags"
)
SECRET = "correct horse battery"


def made(ask, key="hr_admin", **fields):
    body = {"type": "Database", "username": "ada", "password": SECRET, **fields}
    answer = ask("POST", "/credentials", key=key, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def host(ask, key="hr_admin", url="postgresql://db.example.org/sales", type="RemoteHostTypes::Postgres"):
    answer = ask("POST", "/remote_hosts", key=key, json={"name": "Sales", "type": type, "url": url})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def shop(ask, postgresql):
    """A real database, registered, with a credential for it."""
    url = postgresql.empty()
    role = f"wire_{url.rpartition('/')[2]}"
    postgresql.person(role, SECRET)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE SCHEMA shop; CREATE TABLE shop.sales (id int PRIMARY KEY, place text);"
            f"GRANT USAGE ON SCHEMA shop TO {role};"
            f"INSERT INTO shop.sales VALUES (1, 'a'), (2, NULL); GRANT SELECT ON shop.sales TO {role}"
        )
    registered = host(ask, url=url.replace("postgres@", ""))
    registered["credential"] = made(ask, username=role, remoteHostId=registered["id"])
    return registered


def test_a_credential_has_every_field_of_the_protocol_and_no_password(ask):
    credential = made(ask, remote_host_id=host(ask)["id"], description="Mine")
    assert set(credential) == set(CREDENTIAL.split())
    assert (credential["name"], credential["owner"], credential["remoteHostName"]) == ("ada", "admin", "Sales")
    assert (credential["default"], credential["oauth"], credential["user"]["username"]) == (False, False, "admin")
    assert ask("GET", f"/credentials/{credential['id']}").json() == credential
    everything = ask("GET", "/credentials?limit=1000").text + ask("GET", "/changes").text
    assert SECRET not in everything
    assert "ada" in everything


def test_the_newest_comes_first_and_pages_end(ask):
    for name in "bca":
        made(ask, name=name)
    assert [one["name"] for one in ask("GET", "/credentials").json()] == ["a", "c", "b", "default"]
    page = ask("GET", "/credentials?order=name&order_dir=asc&limit=2&pageNum=2")
    assert [one["name"] for one in page.json()] == ["c", "default"]
    assert page.headers["X-Pagination-Total-Entries"] == "4"
    assert ask("GET", "/credentials?page_num=9").json() == []
    for wrong in ("order=type", "limit=1001", "type=Nonsense", "users=a,b", "colour=red"):
        assert ask("GET", f"/credentials?{wrong}").status_code == 422, wrong


def test_the_default_is_one(ask):
    first = ask("GET", "/credentials?type=Database&default=True").json()
    assert [one["name"] for one in first] == ["default"]
    made(ask, name="mine", default=True)
    assert [one["name"] for one in ask("GET", "/credentials?default=True").json()] == ["mine"]
    assert ask("GET", "/credentials?type=Custom,Database&default=true").json()[0]["name"] == "mine"


def test_put_replaces_and_patch_changes(ask):
    credential = made(ask, name="Mine", description="Sales", state="IL")
    path = f"/credentials/{credential['id']}"
    changed = ask("PATCH", path, json={"description": "More", "name": None, "password": "other"}).json()
    assert (changed["description"], changed["name"], changed["state"]) == ("More", "Mine", "IL")
    replaced = ask("PUT", path, json={"type": "Custom", "username": "eve", "password": "third"}).json()
    assert [replaced[name] for name in ("name", "type", "description", "state")] == ["eve", "Custom", None, None]
    assert ask("PUT", path, json={"type": "Custom", "username": "eve"}).status_code == 422
    assert ask("PATCH", path, json={"oauth": True}).status_code == 422
    assert ask("PATCH", path, json={"user_id": 999}).status_code == 422
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", path).status_code == 404


def test_the_types_are_listed(ask):
    types = ask("GET", "/credentials/types").json()["types"]
    assert {"Database", "Amazon Web Services S3", "Custom", "Github"} <= set(types)


def test_a_refused_login_is_400_with_a_sentence(ask, shop):
    body = {"url": shop["url"], "remote_host_type": shop["type"], "username": shop["credential"]["username"]}
    good = ask("POST", "/credentials/authenticate", json={**body, "password": SECRET})
    assert good.status_code == 200
    assert good.json()["success"] is True
    assert set(good.json()) == {*CREDENTIAL.split(), "success"}
    bad = ask("POST", "/credentials/authenticate", json={**body, "password": "hunter2"})
    assert (bad.status_code, bad.json()["error"], bad.json()["code"]) == (400, "authentication_error", 400)
    assert "password authentication failed" in bad.json()["errorDescription"]
    assert "hunter2" not in bad.text
    path = f"/remote_hosts/{shop['id']}/authenticate"
    assert ask("POST", path, json={"credential_id": shop["credential"]["id"]}).status_code == 204
    assert ask("POST", path, json={"username": body["username"], "password": "x"}).status_code == 400
    assert ask("POST", path, json={"username": body["username"]}).status_code == 422


def test_a_host_that_is_away_is_no_reason_to_try_again(ask):
    """Published clients ask again for ten minutes at 429, 502, 503 and 504 (notes 1.4)."""
    body = {"url": "postgresql://away.invalid/x", "remoteHostType": "RemoteHostTypes::Postgres", "username": "x"}
    answer = ask("POST", "/credentials/authenticate", json={**body, "password": "x"})
    assert (answer.status_code, answer.json()["error"]) == (424, "host_failed")


def test_a_metadata_address_is_refused(ask):
    body = {"url": "http://169.254.169.254/latest", "remote_host_type": "RemoteHostTypes::S3Storage"}
    answer = ask("POST", "/credentials/authenticate", json={**body, "username": "x", "password": "x"})
    assert answer.status_code == 403
    assert "for nobody" in answer.json()["errorDescription"]


def test_a_host_has_every_field(ask, user):
    _, ada_key = user("Ada")
    registered = host(ask, ada_key)
    wanted = "id name type url description myPermissionLevel user createdAt updatedAt"
    assert set(registered) == set(wanted.split())
    path = f"/remote_hosts/{registered['id']}"
    ask("PUT", f"{path}/shares/users", json={"user_ids": [1], "permission_level": "write"}, key=ada_key)
    assert ask("GET", path).json()["myPermissionLevel"] == "write"
    assert ask("PATCH", path, json={"description": "Ours"}).json()["description"] == "Ours"
    whole = {"name": "Shop", "type": registered["type"], "url": registered["url"], "description": None}
    assert ask("PUT", path, json=whole).json()["name"] == "Shop"
    listed = ask("GET", "/remote_hosts?type=RemoteHostTypes::Postgres", key=ada_key).json()
    assert listed == [{"id": registered["id"], "name": "Shop", "type": registered["type"], "url": registered["url"]}]
    assert ask("GET", "/remote_hosts?type=Nonsense").status_code == 422
    assert ask("DELETE", path).status_code == 403
    assert ask("DELETE", path, key=ada_key).status_code == 204
    assert ask("GET", path, key=ada_key).status_code == 404
    wrong = {"name": "x", "type": "RemoteHostTypes::Postgres", "url": "postgresql://ada:hunter2@db.example.org/x"}
    answer = ask("POST", "/remote_hosts", json=wrong)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


def test_a_database_is_listed_with_its_place(ask, shop, user):
    _, eve_key = user("Eve")
    warehouse, _ = sorted(ask("GET", "/databases").json(), key=lambda one: one["name"] != "warehouse")
    assert ask("GET", "/databases", key=eve_key).json() == [warehouse]
    assert warehouse == {
        "id": warehouse["id"], "name": "warehouse", "adapter": "warehouse", "clusterIdentifier": None, "host": None,
        "port": None, "databaseName": "warehouse", "managed": True,
    }  # fmt: skip
    one = ask("GET", f"/databases/{shop['id']}").json()
    assert (one["name"], one["adapter"], one["host"], one["managed"]) == ("Sales", "postgresql", "127.0.0.1", False)
    assert one["databaseName"] in shop["url"]
    assert ask("GET", f"/databases/{shop['id']}", key=eve_key).status_code == 404
    assert ask("GET", f"/databases/{warehouse['id']}/schemas", key=eve_key).json() == []
    assert ask("GET", f"/tables?database_id={warehouse['id']}&schema=a&name=b", key=eve_key).json() == []
    assert ask("GET", f"/databases/{warehouse['id']}/schemas/a/tables/b", key=eve_key).status_code == 404


def test_tables_are_found_by_name_and_id(ask, shop):
    (found,) = ask("GET", f"/tables?database_id={shop['id']}&schema=shop&name=sales").json()
    assert set(found) == set(TABLE.split())
    assert (found["schema"], found["name"], found["refreshStatus"]) == ("shop", "sales", "stale")
    by_id = ask("GET", f"/tables/{found['id']}").json()
    by_name = ask("GET", f"/databases/{shop['id']}/schemas/shop/tables/sales").json()
    assert by_id == by_name
    assert (by_id["primaryKeys"], by_id["joins"], by_id["viewDef"]) == (["id"], [], None)
    refreshed = ask("POST", f"/tables/{found['id']}/refresh").json()
    assert (refreshed["rowCount"], refreshed["refreshStatus"]) == (2, "current")
    place, number = ask("GET", f"/tables/{found['id']}/columns?order_dir=desc").json()
    assert (place["name"], place["civisDataType"], place["nullCount"], place["distinctCount"]) == (
        "place",
        "string",
        1,
        2,
    )
    assert number["useableAsPrimaryKey"] is True
    assert ask("GET", f"/tables/{found['id']}/columns?name=PLACE").json() == [place]
    told = {"description": "Sold", "ontologyMapping": {"someKey": "id"}, "primary_keys": ["id"]}
    changed = ask("PATCH", f"/tables/{found['id']}", json=told).json()
    assert (changed["description"], changed["ontologyMapping"]) == ("Sold", {"someKey": "id"})
    assert ask("GET", f"/tables?database_id={shop['id']}&name=sal*").json()[0]["description"] == "Sold"
    for path, word in (
        (f"/databases/{shop['id']}/tables?name=ale", "sales"),
        (f"/databases/{shop['id']}/tables-search?column_name=place", "columnNames"),
        (f"/databases/{shop['id']}/schemas/shop/tables", "isView"),
        (f"/databases/{shop['id']}/schemas?name=sho", "shop"),
        (f"/databases/{shop['id']}/users", "postgres"),
        (f"/databases/{shop['id']}/groups", "people"),
        (f"/databases/{shop['id']}/table_privileges/shop/sales", "SELECT"),
        (f"/databases/{shop['id']}/schema_privileges/shop", "USAGE"),
        (f"/remote_hosts/{shop['id']}/data_sets?q=shop", "shop.sales"),
    ):
        answer = ask("GET", path)
        assert answer.status_code == 200, path
        assert word in answer.text, path


def test_what_is_not_served_is_said_to_who_may_see_the_object_alone(ask, shop, user):
    _, eve_key = user("Eve")
    (table,) = ask("GET", f"/tables?database_id={shop['id']}").json()
    for method, path, body in (
        ("POST", "/tables/scan", {"database_id": shop["id"], "schema": "shop", "table_name": "sales"}),
        ("POST", f"/databases/{shop['id']}/schemas/scan", {"schema": "shop"}),
        ("PUT", f"/tables/{table['id']}/tags/1", None),
        ("PUT", f"/tables/{table['id']}/projects/1", None),
        ("GET", f"/databases/{shop['id']}/status_graphs/timeframe/1_day", None),
    ):
        assert ask(method, path, json=body).status_code == 501, path
        assert ask(method, path, json=body, key=eve_key).status_code == 404, path


def test_whitelisted_ips_and_advanced_settings_are_kept(ask, shop):
    path = f"/databases/{shop['id']}/whitelist-ips"
    answer = ask("POST", path, json={"subnet_mask": "203.0.113.7/32"})
    assert answer.status_code == 201
    ip = answer.json()
    assert set(ip) == set(
        "id remoteHostId securityGroupId subnetMask authorizedBy isActive createdAt updatedAt".split()
    )
    assert ask("GET", f"{path}/{ip['id']}").json() == ip
    assert set(ask("GET", path).json()[0]) == set(ip) - {"authorizedBy", "isActive"}
    assert ask("DELETE", f"{path}/{ip['id']}").status_code == 204
    assert ask("GET", path).json() == []
    path = f"/databases/{shop['id']}/advanced-settings"
    assert ask("GET", path).json() == {"exportCachingEnabled": False}
    assert ask("PUT", path, json={"exportCachingEnabled": True}).json() == {"exportCachingEnabled": True}
    assert ask("PATCH", path, json={}).json() == {"exportCachingEnabled": True}


def test_storage_hosts_are_kept_shared_and_given_away(ask, user):
    (ada, ada_key), (_, eve_key) = user("Ada"), user("Eve")
    body = {"provider": "s3", "bucket": "sales-2024", "name": "Sales", "s3_options": {"region": "eu-west-1"}}
    answer = ask("POST", "/storage_hosts", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["s3Options"] == {"region": "eu-west-1"}
    path = f"/storage_hosts/{made['id']}"
    assert ask("GET", path, key=eve_key).status_code == 404
    assert ask("PATCH", path, json={"name": "Old sales"}).json()["name"] == "Old sales"
    whole = {"name": "Sales", "provider": "s3", "bucket": "sales"}
    assert ask("PUT", path, json=whole).json()["s3Options"] == {"region": None}
    assert ask("GET", f"{path}/dependencies").json() == []
    ask("PUT", f"{path}/transfer", json={"user_id": ada, "include_dependencies": False})
    assert ask("GET", "/storage_hosts", key=ada_key).json()[0]["owner"]["id"] == ada
    assert ask("DELETE", path, key=ada_key).status_code == 204
    for wrong in ({"provider": "gcs"}, {"bucket": "../x"}, {"bucket": "A"}, {"name": ""}):
        assert ask("POST", "/storage_hosts", json={**body, **wrong}).status_code == 422, wrong


def test_a_credential_depends_on_its_host(ask):
    registered = host(ask)
    credential = made(ask, remote_host_id=registered["id"])
    (found,) = ask("GET", f"/credentials/{credential['id']}/dependencies").json()
    assert (found["objectType"], found["id"]) == ("RemoteHost", registered["id"])


def test_a_host_can_be_registered_along_with_a_credential(ask):
    """An argument of 2017 (notes 5.1)."""
    new = {"name": "Shop", "type": "RemoteHostTypes::Postgres", "url": "postgresql://shop.example.org/shop"}
    assert made(ask, remote_host=new)["remoteHostName"] == "Shop"
    body = {"type": "Database", "username": "x", "password": "y", "remote_host": new, "remote_host_id": 1}
    assert ask("POST", "/credentials", json=body).status_code == 422


def test_every_operation_of_these_nouns_that_sends_a_password_answers_without_one():
    for operation in civis.operations("http://test"):
        shape = getattr(operation.item, "__struct_fields__", ())
        assert "password" not in shape, operation.path
        assert "secret" not in shape, operation.path
