"""Searching over the wire."""

FIELDS = (
    "score type id name typeName updatedAt owner useCount lastRunId lastRunState lastRunStart lastRunFinish public "
    "lastRunException autoShare"
)


def test_the_answer_is_one_object_with_every_field(ask):
    ask("POST", "/projects", json={"name": "Water", "description": "", "auto_share": True})
    ask("POST", "/json_values", json={"name": "waters", "value_str": "1"})
    answer = ask("GET", "/search?query=water").json()
    assert answer["totalResults"] == 2
    assert answer["aggregations"] == {
        "owner": {"mine": 2, "all": 2},
        "archived": {"true": 0, "false": 2},
        "type": {"json_value": 1, "project": 1},
    }
    first, second = answer["results"]
    assert set(first) == {*FIELDS.split()}
    assert (first["type"], first["typeName"], first["name"], first["score"]) == ("project", "Project", "Water", 1.0)
    assert (first["owner"], first["autoShare"], second["autoShare"]) == ("Administrator", True, None)
    assert second["typeName"] == "JSON value"


def test_parameters_are_checked(ask):
    for wrong in ("type=colour", "order=colour", "limit=1001", "offset=-1", "archived=maybe", "last_run_state=lost"):
        assert ask("GET", f"/search?{wrong}").status_code == 422, wrong
    for right in ("type=project,udf", "order=name", "limit=1000&offset=5", "archived=all", "last_run_state=failed"):
        assert ask("GET", f"/search?{right}&owner=mine").status_code == 200, right


def test_types_are_listed(ask):
    types = [one["type"] for one in ask("GET", "/search/types").json()]
    assert {"sql_script", "project", "template_script", "file"} <= {*types}
    assert ask("GET", f"/search?type={','.join(types)}").status_code == 200


def test_a_stranger_finds_and_counts_nothing(ask, user):
    ask("POST", "/projects", json={"name": "Water", "description": ""})
    _, eve_key = user("Eve")
    answer = ask("GET", "/search?query=water&archived=all", key=eve_key).json()
    assert (answer["totalResults"], answer["results"], answer["aggregations"]["type"]) == (0, [], {})
