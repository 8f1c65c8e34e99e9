"""Aliases over the wire."""


def project(ask, key="hr_admin", name="Water"):
    return ask("POST", "/projects", key=key, json={"name": name, "description": ""}).json()["id"]


def alias(ask, object_id, key="hr_admin", name="water", **more):
    body = {"objectId": object_id, "object_type": "project", "alias": name, **more}
    answer = ask("POST", "/aliases", key=key, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_alias_has_every_field_and_is_found_by_id_and_by_name(ask):
    water = project(ask)
    made = alias(ask, water)
    assert made == {
        "id": made["id"],
        "objectId": water,
        "objectType": "project",
        "alias": "water",
        "userId": 1,
        "displayName": "Water",
    }
    for path in (f"/aliases/{made['id']}", "/aliases/project/water"):
        assert ask("GET", path).json() == made
    assert ask("GET", "/aliases?object_type=template_script, project").json() == [made]
    assert ask("GET", "/aliases?object_type=template_script&page_num=1").json() == []
    assert ask("GET", "/aliases?object_type=colour").status_code == 422


def test_it_is_replaced_changed_and_deleted(ask):
    made, wine = alias(ask, project(ask), display_name="The water"), project(ask, name="Wine")
    path = f"/aliases/{made['id']}"
    changed = ask("PATCH", path, json={"display_name": "Rain", "alias": None}).json()
    assert (changed["alias"], changed["displayName"]) == ("water", "Rain")
    body = {"object_id": wine, "object_type": "project", "alias": "wine"}
    assert ask("PUT", path, json=body).json() == made | {"objectId": wine, "alias": "wine", "displayName": "Wine"}
    assert ask("PUT", path, json={"alias": "wine"}).status_code == 422
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", path).status_code == 404


def test_an_alias_is_seen_and_shared_as_what_it_names(ask, user):
    (_, ada_key), (bob, bob_key) = user("Ada"), user("Bob")
    water = project(ask, ada_key)
    made = alias(ask, water, ada_key)
    for path in (f"/aliases/{made['id']}", "/aliases/project/water", f"/aliases/{made['id']}/shares"):
        assert ask("GET", path, key=bob_key).status_code == 404
    body = {"user_ids": [bob], "permission_level": "read"}
    shares = ask("PUT", f"/aliases/{made['id']}/shares/users", key=ada_key, json=body).json()
    assert shares["readers"]["users"] == [{"id": bob, "name": "Bob"}]
    assert ask("GET", f"/projects/{water}/shares", key=bob_key).json() == shares
    assert ask("GET", "/aliases/project/water", key=bob_key).json() == made
    assert ask("DELETE", f"/aliases/{made['id']}/shares/users/{bob}", key=ada_key).status_code == 204
    assert ask("GET", f"/projects/{water}", key=bob_key).status_code == 404


def test_it_needs_what_it_names_and_is_given_with_it(ask, user):
    (_, ada_key), (bob, bob_key) = user("Ada"), user("Bob")
    water = project(ask, ada_key)
    path = f"/aliases/{alias(ask, water, ada_key)['id']}"
    (needed,) = ask("GET", f"{path}/dependencies?user_id={bob}", key=ada_key).json()
    assert (needed["objectType"], needed["id"], needed["permissionLevel"]) == ("Project", water, None)
    body = {"user_id": bob, "include_dependencies": False}
    assert ask("PUT", f"{path}/transfer", key=ada_key, json=body).status_code == 403
    answer = ask("PUT", f"{path}/transfer", key=ada_key, json=body | {"include_dependencies": True}).json()
    assert [(one["id"], one["permissionLevel"], one["shared"]) for one in answer["dependencies"]] == [
        (water, "manage", True)
    ]
    assert ask("GET", path, key=bob_key).json()["userId"] == bob


def test_a_name_that_is_taken_is_a_conflict(ask, user):
    alias(ask, project(ask))
    _, ada_key = user("Ada")
    body = {"object_id": project(ask, ada_key), "object_type": "project", "alias": "water"}
    answer = ask("POST", "/aliases", key=ada_key, json=body)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    body["alias"] = "shares"  # an address of another thing
    assert ask("POST", "/aliases", key=ada_key, json=body).status_code == 422
