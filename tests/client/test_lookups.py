"""Ids by names, of a server that has what ours does not declare."""

from urllib.parse import parse_qs, urlsplit

import pytest

from headrace.client import Client
from sdk_document import DOCUMENT

CREDENTIALS = [
    {"id": 1, "type": "Database", "username": "ada", "remoteHostId": 10, "remoteHostName": "water", "default": True},
    {"id": 2, "type": "Database", "username": "ada", "remoteHostId": 11, "remoteHostName": "land"},
    {"id": 3, "type": "Amazon Web Services S3", "name": "store", "owner": "grace"},
    {"id": 4, "type": "Amazon Web Services S3", "name": "store", "owner": "ada"},
    {"id": 5, "type": "Amazon Web Services S3", "name": "other", "owner": "grace"},
]
TABLES = [{"id": 7, "schema": "public", "name": "rivers_old"}, {"id": 8, "schema": "public", "name": "rivers"}]


def credentials(path):
    asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    found = [one for one in CREDENTIALS if asked.get("type") in {None, one["type"]}]
    if asked.get("default") == "true":
        found = [one for one in found if one.get("default")]
    return found if asked.get("page_num", "1") == "1" else []


def tables(path):
    asked = parse_qs(urlsplit(path).query)
    assert asked["database_id"] == ["10"]
    found = [one for one in TABLES if one["schema"] in asked["schema"]]
    return found if asked.get("page_num", ["1"]) == ["1"] else []


@pytest.fixture
def looking(played):
    played.routes = {
        "/api/users/me": {"username": "ada", "featureFlags": {}},
        "/api/credentials": credentials,
        "/api/databases": [{"id": 10, "name": "water"}, {"id": 11, "name": "land"}],
        "/api/storage_hosts": [{"id": 20, "name": "bucket"}],
        "/api/tables": tables,
    }
    # Whatever the client's own return type is, and whichever resources it shows.
    with Client(played.url, "key", "raw", local_api_spec=DOCUMENT, resources=()) as one:
        yield one


def test_names_are_found(looking):
    assert looking.username == "ada"
    assert looking.default_credential == looking.default_database_credential_id == 1
    assert looking.get_database_id("land") == 11
    assert looking.get_storage_host_id("bucket") == 20
    assert looking.get_database_credential_id("ada", "land") == 2
    assert looking.get_database_credential_id("ada", 10) == 1
    assert looking.get_table_id("public.rivers", "water") == 8
    assert looking.get_table_id('"public"."rivers"', 10) == 8


def test_of_several_credentials_ones_own_comes_first(looking):
    assert looking.get_aws_credential_id("store") == 4
    assert looking.get_aws_credential_id("store", owner="grace") == 3
    assert looking.get_aws_credential_id("other") == 5


def test_an_id_is_given_back_and_no_server_is_asked(looking, played):
    assert looking.get_aws_credential_id(1) == looking.get_database_credential_id(1, "x") == 1
    assert looking.get_database_id(2) == looking.get_storage_host_id(2) == 2
    assert played.asked == []


def test_without_a_default_there_is_none(looking, played):
    played.routes["/api/credentials"] = []
    assert looking.default_credential is None
    assert looking.default_database_credential_id is None


@pytest.mark.parametrize(
    ("look", "sentence"),
    [
        (lambda one: one.get_database_id("sea"), "no database called 'sea'; there are land, water\\.$"),
        (lambda one: one.get_storage_host_id("x"), "no storage host called 'x'; there are bucket\\.$"),
        (
            lambda one: one.get_database_credential_id("eve", "water"),
            "no credential of 'eve' on the database 'water'; there are ada on land, ada on water\\.$",
        ),
        (
            lambda one: one.get_aws_credential_id("store", owner="eve"),
            "no credential for S3 called 'store' of 'eve'; there are other of grace, store of ada, store of grace\\.$",
        ),
        (
            lambda one: one.get_table_id("public.river", "water"),
            "no table called 'public.river' in the database 'water'; there are public.rivers, public.rivers_old\\.$",
        ),
        (lambda one: one.get_table_id("private.x", 10), "there are none that you may see\\.$"),
        (lambda one: one.get_table_id("rivers", 10), "named as schema.table"),
        (lambda one: one.get_table_id("a.b.c", 10), "named as schema.table"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(looking, look, sentence):
    with pytest.raises(ValueError, match=sentence):
        look(looking)


def test_a_server_without_the_resource_is_told(played):
    with (
        Client(played.url, "key", local_api_spec={"paths": {}}) as one,
        pytest.raises(Exception, match=r"This server has no databases\.list"),
    ):
        one.get_database_id("x")


def test_names_of_a_live_server_are_found(client):
    """Once the server declares these nouns; until then there is nothing to look for."""
    if not {"credentials", "databases"} <= set(client.specification.resources):
        pytest.skip("this server has no credentials and databases yet")
    mine = client.credentials.post("Amazon Web Services S3", "AKIA", "secret", name="bucket of the sdk")
    assert client.get_aws_credential_id("bucket of the sdk") == mine.id
    assert client.get_aws_credential_id("bucket of the sdk", owner=client.username) == mine.id
    with pytest.raises(ValueError, match=r"'none'; there are bucket of the sdk of "):
        client.get_aws_credential_id("none")
    for database in client.databases.list():
        assert client.get_database_id(database.name) == database.id
    with pytest.raises(ValueError, match="no database called 'none'"):
        client.get_database_id("none")
    default = client.default_database_credential_id
    assert default is None or client.credentials.get(default).default is True
