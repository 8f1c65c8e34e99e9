"""What both generations of the published client do, unmodified, against a server that serves."""

import pytest

from published import Published
from tiledb_wire import person as new_person

WHO = "answer = tiledb.cloud.user_profile().username"


@pytest.fixture
def fresh(python, tmp_path):
    """Start a client of either generation with a home of its own; what it is told comes from the environment."""
    started = []

    def start(**environ: str) -> Published:
        home = tmp_path / str(len(started))
        started.append(Published(python, home, environ, "import tiledb.cloud"))
        started[-1].home = home
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_it_knows_its_user(client):
    said = client.run("me = tiledb.cloud.user_profile(); answer = [me.username, me.email, me.organizations]")
    assert said.answer == [client.person.username, client.person.email, []]


def test_login_by_a_token(server, person, fresh):
    client = fresh()
    said = client.run(f"tiledb.cloud.login(token={person.key!r}, host={server.url!r}); {WHO}")
    assert said.answer == person.username


@pytest.mark.parametrize("by", ["username", "email"])
def test_login_by_a_username_and_a_key_as_its_password(server, person, fresh, by):
    client = fresh()
    name = getattr(person, by)
    said = client.run(
        f"""
        tiledb.cloud.login(username={name!r}, password={person.key!r}, host={server.url!r})
        from tiledb.cloud import config
        answer = [tiledb.cloud.user_profile().username, config.config.api_key, config.config.password]
        """
    )
    username, keys, password = said.answer
    assert username == person.username
    assert keys["X-TILEDB-REST-API-KEY"].startswith("hr_")
    assert keys["X-TILEDB-REST-API-KEY"] != person.key  # the session's, which ends
    assert not password


def test_login_without_a_session_sends_the_password_each_time(server, person, fresh):
    said = fresh().run(
        f"""
        tiledb.cloud.login(username={person.username!r}, password={person.key!r}, host={server.url!r}, no_session=True)
        {WHO}
        """
    )
    assert said.answer == person.username


def test_login_by_the_environment(server, person, fresh):
    by_token = fresh(TILEDB_REST_HOST=server.url, TILEDB_REST_TOKEN=person.key)
    assert by_token.run(WHO).answer == person.username
    names = {"TILEDB_REST_USERNAME": person.username, "TILEDB_REST_PASSWORD": person.key}
    assert fresh(TILEDB_REST_HOST=server.url, **names).run(WHO).answer == person.username


def test_login_by_the_file_that_an_earlier_login_wrote(server, person, fresh):
    first = fresh()
    first.run(f"tiledb.cloud.login(token={person.key!r}, host={server.url!r})")
    second = fresh(HOME=str(first.home))
    assert second.run(WHO).answer == person.username


def test_a_wrong_key_is_told_at_the_first_call(server, fresh):
    said = fresh().run(
        f"""
        tiledb.cloud.login(token="hr_wrong", host={server.url!r})
        try:
            tiledb.cloud.user_profile()
        except tiledb.cloud.TileDBCloudError as refused:
            answer = str(refused)
        """
    )
    assert "This API key is not known here." in said.answer
    assert "Code: 401" in said.answer


def test_a_wrong_password_is_told_at_login(server, fresh):
    said = fresh().run(
        f"""
        from tiledb.cloud.rest_api import ApiException
        try:
            tiledb.cloud.login(username="nobody", password="wrong", host={server.url!r})
        except ApiException as refused:
            answer = [refused.status, refused.body]
        """
    )
    assert said.answer[0] == 401
    assert "This API key is not known here." in said.answer[1]


def test_tokens(client):
    said = client.run(
        """
        from tiledb.cloud import client, rest_api
        builder = getattr(client, "build", None)
        users = builder(rest_api.UserApi) if builder else client.client.user_api
        made = users.request_token(token_request=rest_api.TokenRequest(name="from the client"))
        names = [token.name for token in users.tokens_get()]
        users.revoke_token(made.token)
        answer = [made.name, made.scope, names, [token.name for token in users.tokens_get()]]
        """
    )
    name, scope, before, after = said.answer
    assert name == "from the client"
    assert "user:admin" in scope
    assert sorted(before) == ["from the client", "test"]
    assert after == ["test"]


def test_a_token_that_is_to_read_arrays(server, person, fresh):
    known = {"TILEDB_REST_HOST": server.url}
    said = fresh(**known, TILEDB_REST_TOKEN=person.key).run(
        """
        from tiledb.cloud import client, rest_api
        builder = getattr(client, "build", None)
        users = builder(rest_api.UserApi) if builder else client.client.user_api
        scope = ["array:read"] if builder else "array:read"
        answer = users.request_token(token_request=rest_api.TokenRequest(name="reader", scope=scope)).token
        """
    )
    said = fresh(**known, TILEDB_REST_TOKEN=said.answer).run(
        """
        answer = [tiledb.cloud.sql.exec("select 1 + 1 as n").to_dict("list")]
        try:
            tiledb.cloud.sql.exec("create table mine (a int)")
        except tiledb.cloud.TileDBCloudError as refused:
            answer.append(str(refused))
        """
    )
    assert said.answer[0] == {"n": [2]}
    assert "a statement that writes wants array:read-write" in said.answer[1]


def test_favorites(client):
    said = client.run(
        """
        from tiledb.cloud import client, rest_api
        me = tiledb.cloud.user_profile().username
        tiledb.cloud.register_array("s3://bucket/favorite", array_name="favorite")
        builder = getattr(client, "build", None)
        api = builder(rest_api.FavoritesApi) if builder else rest_api.FavoritesApi(client.client.user_api.api_client)
        api.add_array_favorite(me, "favorite")
        page = api.list_array_favorites()
        answer = [
            [(one.name, one.is_favorite) for one in page.arrays],
            page.pagination_metadata.total_items,
            api.list_array_favorites_uui_ds()[0].array_uuid == page.arrays[0].id,
            api.get_array_favorite(me, "favorite").name,
        ]
        api.delete_array_favorite(me, "favorite")
        answer.append(len(api.list_array_favorites().arrays or []))
        tiledb.cloud.deregister_array(f"tiledb://{me}/favorite")
        """
    )
    assert said.answer == [[["favorite", True]], 1, True, "favorite", 0]


def test_organizations(server, fresh):
    person = new_person(server, "member")
    with server.client() as http:
        http.post("/v1/organization", json={"name": f"Org {person.username}"})
        slug = f"org-{person.username}"
        http.post(f"/v1/organizations/{slug}/user", json={"username": person.username})
    said = fresh(TILEDB_REST_HOST=server.url, TILEDB_REST_TOKEN=person.key).run(
        f"""
        answer = [
            [one.name for one in tiledb.cloud.organizations()],
            sorted(one.username for one in tiledb.cloud.organization({slug!r}).users),
            [one.allowed_actions for one in tiledb.cloud.user_profile().organizations],
        ]
        """
    )
    names, users, actions = said.answer
    assert names == [slug]
    assert users == ["admin", person.username]
    assert "run_job" in actions[0]
