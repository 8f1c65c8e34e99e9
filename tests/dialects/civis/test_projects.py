"""Projects, shares and the log of changes over the wire (Civis protocol notes 6.6 and 6.7)."""


def made(ask, key="hr_admin", **fields):
    answer = ask("POST", "/projects", key=key, json={"name": "Water", "description": "Rivers", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_project_has_every_field_of_the_protocol(ask):
    project = made(ask, auto_share=True)
    assert project["author"] | {"id": 0} == {
        "id": 0, "name": "Administrator", "username": "admin", "initials": "A", "online": None,
    }  # fmt: skip
    wanted = (
        "id author name description users autoShare createdAt updatedAt tables surveys scripts imports exports models "
        "notebooks services workflows reports scriptTemplates files enhancements appInstances projects allObjects note "
        "canCurrentUserEnableAutoShare hidden archived parentProject myPermissionLevel"
    )
    assert set(project) == set(wanted.split())
    assert project["myPermissionLevel"] == "manage"
    assert ask("GET", f"/projects/{project['id']}").json() == project


def test_what_is_given_changes_and_the_rest_stays(ask):
    project = made(ask, note="a note")
    answer = ask("PUT", f"/projects/{project['id']}", json={"name": "Wine", "note": None})
    assert (answer.json()["name"], answer.json()["note"]) == ("Wine", "a note")
    answer = ask("PUT", f"/projects/{project['id']}/archive", json={"status": True})
    assert answer.json()["archived"] is True
    assert ask("GET", "/projects").json() == []
    assert [one["name"] for one in ask("GET", "/projects?archived=all").json()] == ["Wine"]


def test_shares_are_one_object_with_three_lists(ask, user):
    (ada, ada_key), (bob, _) = user("Ada"), user("Bob")
    project = made(ask, ada_key)
    path = f"/projects/{project['id']}/shares"
    body = {"user_ids": [bob], "permission_level": "read", "share_email_body": "Look", "send_shared_email": True}
    answer = ask("PUT", f"{path}/users", key=ada_key, json=body).json()
    assert answer == {
        "readers": {"users": [{"id": bob, "name": "Bob"}], "groups": []},
        "writers": {"users": [], "groups": []},
        "owners": {"users": [{"id": ada, "name": "Ada"}], "groups": []},
        "totalUserShares": 2,
        "totalGroupShares": 0,
    }
    assert ask("GET", path, key=ada_key).json() == answer
    assert ask("DELETE", f"{path}/users/{bob}", key=ada_key).status_code == 204
    assert ask("GET", path, key=ada_key).json()["totalUserShares"] == 1


def test_a_stranger_gets_the_same_answer_as_for_nothing(ask, user):
    (_, ada_key), (_, eve_key) = user("Ada"), user("Eve")
    project = made(ask, ada_key)
    there = ask("GET", f"/projects/{project['id']}", key=eve_key)
    nowhere = ask("GET", "/projects/999999", key=eve_key)
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.json()["errorDescription"].replace(str(project["id"]), "") == nowhere.json()[
        "errorDescription"
    ].replace("999999", "")


def test_changes_tell_who_and_from_where(ask, user):
    ada, ada_key = user("Ada")
    project = made(ask, ada_key)
    ask("PUT", f"/projects/{project['id']}", key=ada_key, json={"name": "Wine"})
    change, creation = ask("GET", f"/changes?kind=project&object_id={project['id']}", key=ada_key).json()
    assert (change["action"], change["before"], change["after"]) == ("update", {"name": "Water"}, {"name": "Wine"})
    assert (change["userId"], change["address"]) == (ada, "127.0.0.1")
    assert (creation["action"], creation["before"]) == ("create", None)
