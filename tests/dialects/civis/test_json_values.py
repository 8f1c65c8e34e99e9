"""JSON values over the wire."""

TEXT = '{"zone_id": 7, "a": [1.50, {"camelKey": null, "snake_key": "x"}]}'


def test_a_value_goes_in_as_text_and_comes_out_as_it_is_written(ask):
    made = ask("POST", "/json_values", json={"name": "depths", "value_str": TEXT})
    assert made.status_code == 201
    assert made.json()["name"] == "depths"
    assert made.json()["value"] == {"zone_id": 7, "a": [1.5, {"camelKey": None, "snake_key": "x"}]}
    assert f'"value":{TEXT}}}' in made.text
    answer = ask("GET", f"/json_values/{made.json()['id']}")
    assert (answer.status_code, answer.text) == (200, made.text)


def test_it_needs_no_name_and_changes_by_parts(ask):
    path = f"/json_values/{ask('POST', '/json_values', json={'valueStr': '[]'}).json()['id']}"
    assert ask("GET", path).json()["name"] == ""
    assert ask("PATCH", path, json={"name": "rain", "value_str": None}).json()["value"] == []
    assert ask("PATCH", path, json={"valueStr": '"deep"'}).json()["value"] == "deep"
    assert ask("GET", path).json()["name"] == "rain"


def test_what_is_not_json_is_told(ask):
    answer = ask("POST", "/json_values", json={"value_str": "{zone: 1}"})
    assert answer.status_code == 422
    assert "`valueStr` wants JSON as text" in answer.json()["errorDescription"]
    assert ask("POST", "/json_values", json={"value_str": {"zone": 1}}).status_code == 422
    assert ask("POST", "/json_values", json={"name": "x"}).status_code == 422


def test_it_is_shared_and_given_away(ask, user):
    (_, ada_key), (bob, bob_key) = user("Ada"), user("Bob")
    path = f"/json_values/{ask('POST', '/json_values', key=ada_key, json={'value_str': '1'}).json()['id']}"
    assert ask("GET", path, key=bob_key).status_code == 404
    ask("PUT", f"{path}/shares/users", key=ada_key, json={"user_ids": [bob], "permission_level": "read"})
    assert ask("GET", path, key=bob_key).json()["value"] == 1
    assert ask("PATCH", path, key=bob_key, json={"value_str": "2"}).status_code == 403
    body = {"user_id": bob, "include_dependencies": False}
    assert ask("PUT", f"{path}/transfer", key=ada_key, json=body).json() == {"dependencies": []}
    assert ask("PATCH", path, key=bob_key, json={"value_str": "2"}).json()["value"] == 2
