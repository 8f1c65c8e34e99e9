"""Scripts, templates and jobs as objects, on both databases (Civis protocol notes 6)."""

from datetime import UTC, datetime, timedelta

import pytest

from factories import WAYS, run, script, somebody, template, udf
from headrace.db import runs as run_rows
from headrace.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from headrace.model.object import Kind, Level
from headrace.model.page import Page
from headrace.model.run import State
from headrace.services import changes, dependencies, jobs, objects, projects, runs, scripts, sharing, templates
from headrace.services.objects import Wanted
from headrace.services.scripts import ALL, JOB, TEMPLATE

SQL, CUSTOM = WAYS["sql"], WAYS["custom"]
PAGE = Page(order="updated_at")
MONDAYS = {"scheduled": True, "scheduled_days": [1], "scheduled_hours": [0], "scheduled_minutes": [15]}


def names(call, noun=ALL, page=PAGE, status=(), template_ids=None, **wanted):
    found = scripts.list_scripts(call, noun, Wanted(**wanted), page, status=status, template_ids=template_ids)
    assert found.total == len(found.items)
    return [one.name for one in found.items]


def project(call, **given):
    values = {"name": "Water", "description": "", "note": None, "hidden": False, "auto_share": False, **given}
    return projects.create_project(call, **values)


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, name="Bob")


def test_a_change_keeps_what_is_not_given_and_a_replacement_does_not(ada):
    one = script(ada, name="Flow", arguments={"a": 1}, time_zone="Europe/Berlin")
    parent = script(ada)
    scripts.change(ada, SQL, one.id, {"parent_id": parent.id})
    scripts.change(ada, SQL, one.id, {"name": "River"})
    changed = scripts.get(ada, SQL.noun, one.id)
    assert (changed.name, changed.parent_id, changed.settings["arguments"]) == ("River", parent.id, {"a": 1})
    assert (changed.version, scripts.code_of(ada, changed)) == (1, "select 1")
    scripts.replace(ada, SQL, one.id, {"name": "Sea", "sql": "select 2"})
    replaced = scripts.get(ada, SQL.noun, one.id)
    assert (replaced.name, replaced.parent_id, replaced.settings["arguments"]) == ("Sea", None, {})
    assert (replaced.settings["time_zone"], replaced.version) == ("UTC", 2)
    assert scripts.code_of(ada, replaced) == "select 2"


def test_null_is_no_change_where_a_field_cannot_be_null(ada):
    one = script(ada, name="Flow", arguments={"a": 1}, remote_host_id=None)
    scripts.change(ada, SQL, one.id, {"name": None, "arguments": None, "params": None, "schedule": None})
    assert scripts.get(ada, SQL.noun, one.id).settings == one.settings


def test_free_form_maps_are_kept_as_they_are(ada):
    arguments = {"camelCase": {"innerKey": 1, "snake_key": [None, 1.5]}, "A b": "", "null": None, "ü": "\u2028"}
    one = script(ada, arguments=arguments)
    assert scripts.get(ada, ALL, one.id).settings["arguments"] == arguments
    assert list(scripts.get(ada, ALL, one.id).settings["arguments"]) == list(arguments)


def test_parts_of_notifications_that_are_not_given_stay(ada):
    one = script(ada, notifications={"urls": ["http://x"], "success_email_subject": "Done"})
    scripts.change(ada, SQL, one.id, {"notifications": {"success_on": False, "success_email_subject": None}})
    found = scripts.get(ada, ALL, one.id).settings["notifications"]
    assert (found["urls"], found["success_on"], found["failure_on"]) == (["http://x"], False, True)
    assert found["success_email_subject"] is None


def test_a_schedule_is_told_when_it_comes_in_its_time_zone(ada):
    before = datetime.now(UTC)
    one = script(ada, schedule=MONDAYS, time_zone="America/Chicago")
    assert one.next_run_at > before
    assert (one.next_run_at.minute, one.next_run_at.hour in (5, 6), one.next_run_at.weekday()) == (15, True, 0)
    assert one.standing == "scheduled"
    assert names(ada, status=["scheduled"]) == [one.name]
    assert names(ada, status=["idle"]) == []
    moved = one.next_run_at + timedelta(days=700)
    scripts.change(ada, SQL, one.id, {"next_run_at": moved})
    scripts.change(ada, SQL, one.id, {"name": "Flow"})
    assert scripts.get(ada, ALL, one.id).next_run_at == moved
    scripts.change(ada, SQL, one.id, {"schedule": {"scheduled": False}})
    off = scripts.get(ada, ALL, one.id)
    assert (off.next_run_at, off.settings["schedule"]["scheduled_days"]) == (None, [])


def test_a_job_with_a_parent_is_not_scheduled_too(ada):
    parent = script(ada)
    with pytest.raises(Invalid, match="is not scheduled too"):
        script(ada, schedule=MONDAYS, parent_id=parent.id)
    one = script(ada, schedule=MONDAYS)
    with pytest.raises(Invalid, match="is not scheduled too"):
        scripts.change(ada, SQL, one.id, {"parent_id": parent.id})


def test_a_circle_of_parents_is_refused(ada):
    first = script(ada)
    second = script(ada, parent_id=first.id)
    third = script(ada, parent_id=second.id)
    for parent in (first, third):
        with pytest.raises(Invalid, match="runs after this one itself"):
            scripts.change(ada, SQL, first.id, {"parent_id": parent.id})
    assert [one.id for one in jobs.list_parents(ada, third.id)] == [second.id, first.id]
    (tree,) = jobs.list_children(ada, first.id)
    assert (tree.job.id, [one.job.id for one in tree.children]) == (second.id, [third.id])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"remote_host_id": 999}, "`remote_host_id`: there is no database 999 that you may see"),
        ({"credential_id": 999}, "`credential_id`: there is no credential 999 that you may see"),
        ({"parent_id": 999}, "`parent_id`: there is no job 999 that you may see"),
        ({"target_project_id": 999}, "`target_project_id`: there is no project 999"),
        ({"running_as_id": 999}, "a script runs as its owner"),
        ({"time_zone": "Mars"}, "'Mars' is no time zone"),
        ({"schedule": {"scheduled_days": [9]}}, "`scheduled_days` wants numbers from 0 to 6"),
        ({"params": [{"name": "a", "type": "string", "required": True, "default": "x"}]}, "is required"),
    ],
)
def test_what_no_script_can_be_is_refused_and_nothing_is_kept(ada, given, words):
    with pytest.raises((Invalid, NotFound, Forbidden), match=words):
        script(ada, **given)
    assert names(ada) == []
    one = script(ada, name="Flow")
    with pytest.raises((Invalid, NotFound, Forbidden), match=words):
        scripts.change(ada, SQL, one.id, {"name": "River", **given})
    assert names(ada) == ["Flow"]


def test_what_is_too_large_is_refused(ada):
    with pytest.raises(TooLarge, match="at most 1 MB"):
        script(ada, arguments={"a": "x" * (1 << 20)})
    with pytest.raises(TooLarge, match="at most 8 MB"):
        script(ada, sql="x" * ((8 << 20) + 1))


def test_each_level_may_do_what_it_says(ada, bob):
    one = script(ada, name="Flow")
    with pytest.raises(NotFound):
        scripts.get(bob, ALL, one.id)
    with pytest.raises(NotFound):
        scripts.change(bob, SQL, one.id, {"name": "Mine"})
    sharing.share_with_users(ada, SQL.noun, one.id, [bob.user.id], Level.READ)
    assert scripts.get(bob, ALL, one.id).name == "Flow"
    for act in (scripts.change, scripts.replace):
        with pytest.raises(Forbidden, match="not change it"):
            act(bob, SQL, one.id, {"name": "Mine", "sql": "drop"})
    with pytest.raises(Forbidden):
        runs.check_starting(bob, ALL, one.id)
    sharing.share_with_users(ada, SQL.noun, one.id, [bob.user.id], Level.WRITE)
    scripts.change(bob, SQL, one.id, {"name": "Ours"})
    runs.check_starting(bob, ALL, one.id)
    with pytest.raises(Forbidden, match="who manages it"):
        objects.archive(bob, ALL, one.id, archived=True)


def test_an_id_of_another_kind_is_not_there(ada):
    one, flow = script(ada, "python3"), udf(ada, "flow")
    for noun, wrong in ((SQL.noun, one.id), (ALL, flow.id)):
        with pytest.raises(NotFound):
            scripts.get(ada, noun, wrong)
    assert jobs.get_job(ada, flow.id).name == "flow"


def test_a_writer_may_leave_a_credential_that_only_the_owner_sees(ada, bob, credential):
    one = script(ada, credential_id=credential)
    sharing.share_with_users(ada, SQL.noun, one.id, [bob.user.id], Level.WRITE)
    scripts.replace(bob, SQL, one.id, {"name": "Ours", "sql": "select 2", "credential_id": credential})
    with pytest.raises(NotFound, match="no credential"):
        script(bob, credential_id=credential)
    assert [one.noun.kind for one in dependencies.list_dependencies(ada, ALL, one.id)] == [Kind.CREDENTIAL]
    copy = scripts.get(bob, ALL, clone(bob, SQL, one.id))
    assert (copy.owner_id, copy.settings["credential_id"]) == (bob.user.id, None)


@pytest.fixture
def credential(ada):
    """A credential of Ada's."""
    from headrace.db.tables import credentials

    now = datetime.now(UTC)
    values = {"owner_id": ada.user.id, "name": "db", "created_at": now, "updated_at": now, "is_default": False}
    with ada.platform.db.begin() as connection:
        secret = ada.platform.cipher.encrypt("x", "test")
        made = credentials.insert().values(**values, type="Database", username="ada", secret=secret)
        return connection.execute(made.returning(credentials.c.id)).scalar_one()


def clone(call, way, script_id, **given):
    return scripts.clone(call, way, script_id, **{"schedule": False, "triggers": False, "notifications": False} | given)


def test_a_copy_takes_along_what_is_asked_for(ada):
    given = {"notifications": {"urls": ["http://x"]}, "arguments": {"a": 1}}
    one = script(ada, name="Flow", schedule=MONDAYS, **given)
    bare = scripts.get(ada, ALL, clone(ada, SQL, one.id))
    assert bare.name == f"Clone of Script {one.id} Flow"
    assert (bare.settings["notifications"]["urls"], bare.next_run_at) == ([], None)
    assert (bare.settings["arguments"], scripts.code_of(ada, bare)) == ({"a": 1}, "select 1")
    whole = scripts.get(ada, ALL, clone(ada, SQL, one.id, schedule=True, notifications=True))
    assert (whole.settings, whole.next_run_at) == (one.settings, one.next_run_at)
    scripts.change(ada, SQL, one.id, {"name": "x" * 200})
    assert len(scripts.get(ada, ALL, clone(ada, SQL, one.id)).name) == 200
    after = script(ada, parent_id=one.id)
    assert scripts.get(ada, ALL, clone(ada, SQL, after.id, triggers=True)).parent_id == one.id


def test_who_sees_a_template_uses_it_without_seeing_the_script(ada, bob):
    wanted = [{"name": "state", "type": "string"}]
    behind = script(ada, sql="select {{state.literal}}", params=wanted)
    made = template(ada, behind.id, "By state")
    with pytest.raises(NotFound, match=f"no template {made.id} that you may use"):
        script(bob, "custom", from_template_id=made.id)
    sharing.share_with_users(ada, TEMPLATE, made.id, [bob.user.id], Level.READ)
    one = script(bob, "custom", name=None, from_template_id=made.id, arguments={"state": "IL", "UNKNOWN": None})
    assert one.name == f"By state #{one.id}"
    around = scripts.look_around(bob, [one])
    assert [param["name"] for param in scripts.params_of(one, around)] == ["state"]
    assert scripts.code_of(bob, one) == "select {{state.literal}}"
    assert scripts.expanded(one, around)["state.literal"] == "'IL'"
    with pytest.raises(NotFound):
        scripts.get(bob, ALL, behind.id)
    assert names(bob, CUSTOM.noun, template_ids=[made.id]) == [one.name]
    assert names(bob, CUSTOM.noun, template_ids=[made.id + 1]) == []
    assert templates.get_template(bob, made.id).uses == 1
    assert scripts.look_around(ada, [behind]).dependents == {made.id: 1}
    sharing.unshare(ada, TEMPLATE, made.id, user_id=bob.user.id)
    assert scripts.code_of(bob, one) is None


def test_a_template_is_made_by_who_manages_the_script_and_once(ada, bob):
    behind = script(ada)
    with pytest.raises(NotFound, match="there is no script"):
        template(bob, behind.id)
    sharing.share_with_users(ada, ALL, behind.id, [bob.user.id], Level.WRITE)
    with pytest.raises(Forbidden, match="only who manages"):
        template(bob, behind.id)
    made = template(ada, behind.id)
    with pytest.raises(Conflict, match="behind a template already"):
        template(ada, behind.id)
    custom = script(ada, "custom", from_template_id=made.id)
    with pytest.raises(NotFound, match="that is not custom"):
        template(ada, custom.id)
    objects.archive(ada, TEMPLATE, made.id, archived=True)
    with pytest.raises(NotFound, match="no template"):
        script(ada, "custom", from_template_id=made.id)


def test_lists_filter_as_they_say(ada, bob):
    script(ada, name="b", hidden=True)
    kept = script(ada, name="a")
    objects.archive(ada, ALL, script(ada, name="c").id, archived=True)
    py = script(bob, "python3", name="d")
    sharing.share_with_users(bob, ALL, py.id, [ada.user.id], Level.READ)
    by_name = Page(order="name", order_dir="asc")
    assert names(ada, page=by_name) == ["a", "d"]
    assert names(ada, page=by_name, archived=None, hidden=None) == ["a", "b", "c", "d"]
    assert names(ada, author=f"{bob.user.id}, 999") == ["d"]
    assert names(ada, permission=Level.MANAGE) == ["a"]
    assert names(ada, SQL.noun) == ["a"]
    scripts.change(ada, SQL, kept.id, {"name": "z"})
    assert names(ada) == ["z", "d"]
    page = scripts.list_scripts(ada, ALL, Wanted(), Page(limit=1, page_num=2, order="name"))
    assert ([one.name for one in page.items], page.total) == (["d"], 2)


def test_jobs_are_found_by_what_they_are(ada):
    flow, one = udf(ada, "flow"), script(ada, name="water")
    child = script(ada, "python3", name="wine", parent_id=one.id)

    def found(**given):
        return {job.name for job in jobs.list_jobs(ada, Wanted(), PAGE, **given).items}

    assert found() == {"flow", "water", "wine"}
    assert found(kinds=["sql", "udf"]) == {"flow", "water"}
    assert found(alike=("WI", [])) == {"wine"}
    assert found(alike=("WI", ["udf"])) == {"wine", "flow"}
    assert found(alike=(str(child.id), [])) == {"wine"}
    assert found(scheduled=True) == set()
    assert found(states=["idle"]) == {"flow", "water", "wine"}
    history(ada, flow)
    assert found(states=["failed"]) == {"flow"}
    assert found(states=["idle"]) == {"water", "wine"}
    assert jobs.list_jobs(ada, Wanted(), Page(order="last_run_updated_at", order_dir="asc")).total == 3


def history(call, flow, caller=None):
    who = {"job_id": flow.id, "owner_id": call.user.id, "caller_id": (caller or call).user.id}
    rows = [run(**who), run(**who, state=State.FAILED, status=422, error="no", stdout="one\ntwo", stderr="bad")]
    with call.platform.db.begin() as connection:
        run_rows.insert_all(connection, rows)


def test_the_history_of_a_udf_is_its_runs_for_who_ran_them(ada, bob):
    flow = udf(ada, "flow")
    sharing.share_with_users(ada, JOB, flow.id, [bob.user.id], Level.READ)
    history(ada, flow)
    found = runs.list_of_job(ada, JOB, flow.id, Page())
    assert ([one.state for one in found.items], found.total) == ([State.FAILED, State.SUCCEEDED], 2)
    last = found.items[0]
    assert jobs.last_runs(ada, [flow.id])[flow.id] == last == runs.get_of_job(ada, JOB, flow.id, last.id)
    assert [(one.id, one.level, one.message) for one in runs.list_logs(ada, JOB, flow.id, last.id)] == [
        (1, "info", "one"), (2, "info", "two"), (3, "error", "bad"),
    ]  # fmt: skip
    assert runs.list_of_job(bob, JOB, flow.id, Page()).total == 0
    assert jobs.last_runs(bob, [flow.id]) == {}
    for act in (runs.get_of_job, runs.list_logs):
        with pytest.raises(NotFound):
            act(bob, JOB, flow.id, last.id)


def test_the_runs_of_a_script_are_seen_by_who_sees_it(ada, bob):
    one = script(ada)
    history(ada, one)
    assert jobs.last_runs(bob, [one.id]).keys() == jobs.last_runs(ada, [one.id]).keys() == {one.id}
    with pytest.raises(NotFound):
        runs.list_of_job(bob, JOB, one.id, Page())
    sharing.share_with_users(ada, JOB, one.id, [bob.user.id], Level.READ)
    assert runs.list_of_job(bob, JOB, one.id, Page()).total == 2


def test_a_trigger_address_is_the_same_each_time_and_for_who_may_run_the_job(ada, bob):
    one, other = script(ada), script(ada)
    address = jobs.trigger_address(ada, one.id)
    assert address == jobs.trigger_address(ada, one.id)
    assert address.split("@")[0].split(".")[:2] == ["headrace+run", str(one.id)]
    assert address.split(".")[2] != jobs.trigger_address(ada, other.id).split(".")[2]
    sharing.share_with_users(ada, JOB, one.id, [bob.user.id], Level.READ)
    with pytest.raises(Forbidden):
        jobs.trigger_address(bob, one.id)


def test_what_it_makes_goes_to_a_project_that_the_caller_may_change(ada, bob):
    water = project(ada)
    one = script(ada, target_project_id=water.id)
    sharing.share_with_users(ada, ALL, one.id, [bob.user.id], Level.READ)
    with pytest.raises(NotFound, match="no project"):
        script(bob, target_project_id=water.id)
    assert scripts.get(bob, ALL, clone(bob, SQL, one.id)).settings["target_project_id"] is None


def test_changes_are_told_without_arguments(ada):
    one = script(ada, name="Flow", arguments={"password": "s3cret"})
    scripts.change(ada, SQL, one.id, {"name": "River", "arguments": {"password": "other"}, "sql": "select 's3cret'"})
    update, creation = changes.list_changes(ada, kind="job", object_id=one.id, page=Page()).items
    assert (update.before["name"], update.after["name"]) == ("Flow", "River")
    assert (update.before["version"], update.after["version"]) == (1, 2)
    assert update.before["arguments"] != update.after["arguments"]
    assert "s3cret" not in f"{update}{creation}"
