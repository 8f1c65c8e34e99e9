"""Scripts over the wire (Civis protocol notes 4.7, 5.11, 5.14, 6.1, 6.3, 6.4 and 6.9)."""

import pytest

KINDS = {
    "sql": {"name": "Flow", "sql": "select 1", "remote_host_id": None, "credential_id": None},
    "python3": {"name": "Flow", "source": "print(1)"},
    "r": {"name": "Flow", "source": "1"},
    "javascript": {"name": "Flow", "source": "1", "remote_host_id": None, "credential_id": None},
    "containers": {"name": "Flow", "required_resources": {}, "docker_command": "ls", "docker_image_name": "python"},
}
BASE = (
    "id name type createdAt updatedAt author state finishedAt category projects parentId userContext params arguments "
    "isTemplate publishedAsTemplateId fromTemplateId templateDependentsCount templateScriptName links schedule "
    "notifications runningAs nextRunAt timeZone lastRun hidden targetProjectId archived myPermissionLevel runningAsId"
)
OWN = {
    "sql": "sql expandedArguments remoteHostId credentialId codePreview csvSettings",
    "python3": "requiredResources source instanceType cancelTimeout dockerImageTag partitionLabel",
    "r": "requiredResources source instanceType cancelTimeout dockerImageTag partitionLabel",
    "javascript": "source remoteHostId credentialId",
    "containers": "requiredResources repoHttpUri repoRef remoteHostCredentialId gitCredentialId dockerCommand "
    "dockerImageName dockerImageTag fromTemplateAliases instanceType cancelTimeout partitionLabel",
    "custom": "remoteHostId credentialId codePreview fromTemplateAliases backingScriptType uiReportUrl uiReportId "
    "uiReportProvideAPIKey templateNote lastSuccessfulRun requiredResources partitionLabel",
}
LISTED = (
    "id name type createdAt updatedAt author state finishedAt projects parentId isTemplate fromTemplateId links "
    "timeZone lastRun archived templateScriptId"
)
LISTED_CUSTOM = (
    "id name type createdAt updatedAt author state finishedAt projects parentId fromTemplateId timeZone lastRun "
    "archived backingScriptType lastSuccessfulRun"
)
WORDS = {
    "sql": ("SQL", "JobTypes::SqlRunner"),
    "python3": ("Python", "JobTypes::PythonDocker"),
    "r": ("R", "JobTypes::RDocker"),
    "javascript": ("JavaScript", "JobTypes::JavascriptRunner"),
    "containers": ("Container", "JobTypes::ContainerDocker"),
}
NOBODY = {
    "scheduled": None, "scheduledDays": [], "scheduledHours": [], "scheduledMinutes": [], "scheduledRunsPerHour": None,
    "scheduledDaysOfMonth": [],
}  # fmt: skip
STATE = {"name": "state", "label": "State", "type": "string"}


@pytest.fixture
def made(ask):
    """Make a script of a kind; gives it as the answer had it."""

    def make(kind="sql", key="hr_admin", **given):
        answer = ask("POST", f"/scripts/{kind}", key=key, json={**KINDS.get(kind, {}), **given})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def template(ask):
    def make(script_id, **given):
        answer = ask("POST", "/templates/scripts", json={"script_id": script_id, "name": "By state", **given})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


def refused(answer, status=422):
    assert answer.status_code == status, answer.text
    return answer.json()["errorDescription"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_script_has_every_field_of_the_protocol(ask, made, kind):
    one = made(kind)
    assert set(one) == {*BASE.split(), *OWN[kind].split(), "fromTemplateAliases"}
    assert (one["type"], one["state"], one["category"]) == (WORDS[kind][0], "idle", "script")
    assert one["schedule"] == NOBODY
    assert one["links"] == {
        "details": f"127.0.0.1:8700/api/scripts/{kind}/{one['id']}",
        "runs": f"127.0.0.1:8700/api/scripts/{kind}/{one['id']}/runs",
    }
    assert one["runningAs"] == one["author"]
    assert ask("GET", f"/scripts/{kind}/{one['id']}").json() == one
    legacy = ask("GET", f"/scripts/{one['id']}").json()
    assert legacy["type"] == WORDS[kind][1]
    assert set(legacy) >= {*BASE.split(), "sql", "expandedArguments", "templateScriptId"}
    assert legacy["sql"] == ("select 1" if kind == "sql" else None)
    listed = next(item for item in ask("GET", "/scripts").json() if item["id"] == one["id"])
    assert set(listed) == set(LISTED.split())
    assert listed["type"] == WORDS[kind][0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_script_is_changed_replaced_copied_and_archived(ask, made, kind):
    one = made(kind, arguments={"a": 1}, timeZone="Asia/Tokyo")
    path = f"/scripts/{kind}/{one['id']}"
    changed = ask("PATCH", path, json={"name": "River"}).json()
    assert (changed["name"], changed["arguments"], changed["timeZone"]) == ("River", {"a": 1}, "Asia/Tokyo")
    replaced = ask("PUT", path, json={**KINDS[kind], "name": "Sea"}).json()
    assert (replaced["name"], replaced["arguments"], replaced["timeZone"]) == ("Sea", {}, "UTC")
    copy = ask("POST", f"{path}/clone", json={})
    assert (copy.status_code, copy.json()["name"]) == (201, f"Clone of Script {one['id']} Sea")
    assert ask("PUT", f"{path}/archive", json={"status": True}).json()["archived"] is True
    assert [item["id"] for item in ask("GET", f"/scripts?type={kind}").json()] == [copy.json()["id"]]
    assert len(ask("GET", f"/scripts?type={kind}&archived=all").json()) == 2


def test_a_name_is_made_where_none_is_given(made, template):
    assert (one := made("containers", name=None))["name"] == f"Script #{one['id']}"
    custom = made("custom", from_template_id=template(made()["id"])["id"], name=None)
    assert custom["name"] == f"By state #{custom['id']}"


def test_containers_take_what_executors_send(ask, made):
    """The published clients run functions through containers (notes 4.7)."""
    parents = [
        {"name": "CIVIS_PARENT_JOB_ID", "type": "integer", "value": 7},
        {"name": "CIVIS_PARENT_RUN_ID", "type": "integer", "value": None},
    ]
    one = made("containers", required_resources={"cpu": 1024, "memory": 1024}, hidden=True, params=parents)
    assert one["requiredResources"] == {"cpu": 1024, "memory": 1024, "diskSpace": 1.0}
    assert [param["value"] for param in one["params"]] == [7, None]
    assert (one["dockerImageTag"], one["cancelTimeout"], one["hidden"]) == ("latest", 0, True)
    assert ask("GET", "/scripts").json() == []
    assert [item["id"] for item in ask("GET", "/scripts?hidden=True").json()] == [one["id"]]


def test_keys_inside_structures_come_in_both_spellings_and_those_of_maps_stay(made):
    one = made(
        csv_settings={"include_header": False, "columnDelimiter": "tab"},
        arguments={"camelCase": {"innerKey": 1}, "snake_case": None},
        notifications={"success_email_subject": "Done", "failureOn": False},
    )
    assert (one["csvSettings"]["includeHeader"], one["csvSettings"]["columnDelimiter"]) == (False, "tab")
    assert one["arguments"] == {"camelCase": {"innerKey": 1}, "snake_case": None}
    assert (one["notifications"]["successEmailSubject"], one["notifications"]["failureOn"]) == ("Done", False)


def test_texts_are_taken_for_lists_numbers_and_truth_where_clients_send_them(made):
    one = made(
        schedule={"scheduled": "true", "scheduled_days": ["1", 0], "scheduled_hours": [4], "scheduled_minutes": []},
        notifications={"urls": "http://x", "success_email_addresses": "a@x", "failure_email_addresses": []},
    )
    assert one["schedule"] | {} == {**NOBODY, "scheduled": True, "scheduledDays": [0, 1], "scheduledHours": [4]}
    assert (one["notifications"]["urls"], one["notifications"]["successEmailAddresses"]) == (["http://x"], ["a@x"])
    assert (one["state"], one["nextRunAt"][11:16]) == ("scheduled", "04:00")


def test_arguments_are_put_into_the_code(ask, made):
    one = made(sql="select * from t where s = {{state.literal}}", params=[STATE], arguments={"state": "I'L"})
    assert one["codePreview"] == "select * from t where s = 'I''L'"
    assert one["expandedArguments"] == {
        "state": "I'L", "state.literal": "'I''L'", "state.identifier": '"I\'L"', "state.shell_escaped": "'I'\"'\"'L'",
    }  # fmt: skip
    assert one["params"] == [
        {
            "name": "state", "label": "State", "description": None, "type": "string", "required": False,
            "value": None, "default": None, "allowedValues": [],
        }
    ]  # fmt: skip


def test_a_custom_script_shows_the_script_behind_its_template(ask, made, template):
    behind = made(sql="select {{state}}", params=[STATE])
    by_state = template(behind["id"], note="Of one state")
    one = made("custom", from_template_id=by_state["id"], arguments={"state": "IL", "CIVIS_PARENT_JOB_ID": None})
    assert set(one) == {*BASE.split(), *OWN["custom"].split()}
    assert (one["backingScriptType"], one["templateScriptName"], one["templateNote"]) == (
        "SQL", "By state", "Of one state",
    )  # fmt: skip
    assert one["codePreview"] == "select IL"
    assert [param["name"] for param in one["params"]] == ["state"]
    assert one["arguments"] == {"state": "IL", "CIVIS_PARENT_JOB_ID": None}
    (listed,) = ask("GET", f"/scripts/custom?from_template_id=999, {by_state['id']}").json()
    assert set(listed) == set(LISTED_CUSTOM.split())
    # Clients ask for whatever runs in a container where containers are (notes 4.6).
    seen = ask("GET", f"/scripts/containers/{one['id']}").json()
    assert (seen["fromTemplateId"], seen["type"], seen["arguments"]) == (by_state["id"], "Custom", one["arguments"])
    assert set(seen["requiredResources"]) == {"cpu", "memory", "diskSpace"}
    behind = ask("GET", f"/scripts/sql/{behind['id']}").json()
    assert (behind["isTemplate"], behind["publishedAsTemplateId"], behind["templateDependentsCount"]) == (
        True, by_state["id"], 1,
    )  # fmt: skip
    assert ask("GET", f"/templates/scripts/{by_state['id']}").json()["useCount"] == 1


def test_a_template_has_every_field_of_the_protocol(ask, made, template):
    one = template(made(params=[STATE])["id"], note="A note")
    brief = (
        "id public scriptId userContext name category createdAt updatedAt useCount uiReportId techReviewed archived "
        "author"
    )
    assert set(one) == {*brief.split(), "scriptType", "params", "note", "hidden", "myPermissionLevel"}
    assert (one["scriptType"], one["userContext"], one["params"][0]["name"]) == ("SQL", "runner", "state")
    path = f"/templates/scripts/{one['id']}"
    assert ask("PATCH", path, json={"name": "Other"}).json()["note"] == "A note"
    assert ask("PUT", path, json={"name": "Other"}).json()["note"] is None
    (listed,) = ask("GET", "/templates/scripts").json()
    assert set(listed) == set(brief.split())
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", "/templates/scripts").json() == []
    assert refused(ask("POST", "/templates/scripts", json={"script_id": one["scriptId"], "name": "x"}), 409)


def test_the_first_api_makes_and_changes_sql_scripts(ask):
    body = {"name": "Flow", "remote_host_id": None, "credential_id": None, "sql": "select 1"}
    made = ask("POST", "/scripts", json=body)
    assert (made.status_code, made.json()["sql"]) == (200, "select 1")
    path = f"/scripts/{made.json()['id']}"
    changed = ask("PATCH", path, json={"sql": "select 2", "schedule": {"scheduled": True}})
    assert (changed.json()["name"], changed.json()["sql"], changed.json()["state"]) == ("Flow", "select 2", "scheduled")
    assert ask("GET", f"{path}/history").json() == []
    assert ask("GET", "/scripts/types").json() == [
        {"name": name} for name in ("sql", "python3", "r", "javascript", "containers")
    ]
    for act in ("run", "cancel"):
        assert "do not run yet" in refused(ask("POST", f"{path}/{act}"), 501)


@pytest.mark.parametrize("kind", KINDS)
def test_running_is_declared_and_comes_later(ask, made, user, kind):
    path = f"/scripts/{kind}/{made(kind)['id']}"
    assert "do not run yet" in refused(ask("POST", f"{path}/runs"), 501)
    assert ask("GET", f"{path}/runs").json() == []
    assert "has no run 1" in refused(ask("GET", f"{path}/runs/1"), 404)
    assert "has no run 1" in refused(ask("GET", f"{path}/runs/1/logs"), 404)
    assert "has no run 1" in refused(ask("GET", f"{path}/runs/1/outputs"), 404)
    assert "do not run yet" in refused(ask("DELETE", f"{path}/runs/1"), 501)
    _, stranger = user("Eve")
    assert "no script" in refused(ask("POST", f"{path}/runs", key=stranger), 404)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"schedule": {"scheduled": "maybe"}}, "schedule.scheduled"),
        ({"schedule": {"scheduled_days": ["x"]}}, "schedule.scheduledDays"),
        ({"schedule": {"scheduled_days": [8]}}, "`scheduled_days` wants numbers from 0 to 6"),
        ({"params": [{"name": "a", "type": "text"}]}, "type"),
        ({"params": [{"name": "a", "type": "bool", "default": "maybe"}]}, "The default of `a` wants true"),
        ({"params": [{"name": "a", "type": "credential_aws", "default": "x"}]}, "has no default"),
        ({"csv_settings": {"compression": "rar"}}, "one of gzip, none, zip"),
        ({"name": "\u2028"}, "name"),
        ({"sql": None}, "sql"),
        ({"user_context": "root"}, "one of author, runner"),
        ({"colour": "red"}, "colour"),
        ({"time_zone": "Mars"}, "is no time zone"),
        ({"next_run_at": "soon"}, "nextRunAt"),
        ({"parent_id": 0}, "parentId"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(ask, given, words):
    assert words in refused(ask("POST", "/scripts/sql", json={**KINDS["sql"], **given}))
    assert ask("GET", "/scripts").json() == []


def test_what_a_script_names_must_be_there(ask):
    answer = ask("POST", "/scripts/sql", json={**KINDS["sql"], "remote_host_id": 99_999})
    assert "no database 99999 that you may see" in refused(answer, 404)
    assert "no template 99" in refused(ask("POST", "/scripts/custom", json={"from_template_id": 99}), 404)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("order=owner", "order"),
        ("limit=51", "from 1 to 50"),
        ("status=asleep", "status"),
        ("type=cobol", "type"),
        ("category=x", "category"),
        ("archived=maybe", "archived"),
        ("colour=red", "There is no parameter `colour`"),
    ],
)
def test_a_filter_that_is_none_is_refused(ask, query, words):
    assert words in refused(ask("GET", f"/scripts?{query}"))


def test_lists_are_filtered_and_ordered(ask, made):
    for kind, name in (("sql", "b"), ("python3", "a"), ("r", "c")):
        made(kind, name=name)
    made("sql", name="d", schedule={"scheduled": True})

    def names(query):
        return [one["name"] for one in ask("GET", f"/scripts?{query}").json()]

    assert names("order=name&order_dir=asc") == ["a", "b", "c", "d"]
    assert names("type=python3, r&order=name") == ["c", "a"]
    assert names("status=scheduled") == ["d"]
    assert names("status=idle,scheduled&order=created_at&orderDir=asc") == ["b", "a", "c", "d"]
    assert names("order=last_run.updated_at&limit=2&page_num=2&order_dir=asc") == ["c", "d"]
    assert names("category=import") == names("author=nobody") == []
    answer = ask("GET", "/scripts?limit=3")
    assert answer.headers["x-pagination-total-entries"] == "4"
