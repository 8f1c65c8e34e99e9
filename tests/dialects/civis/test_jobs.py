"""Jobs of all kinds over the wire (Civis protocol notes 4.6, 5.5, 6.1, 6.2 and 6.8)."""

import re

import pytest

from factories import run
from headrace.db import runs as rows
from headrace.model.run import State

LISTED = (
    "id name type state createdAt updatedAt lastRun archived fromTemplateId lastRunUpdatedAt author schedule".split()
)
FULL = [*LISTED, "runs", "hidden", "myPermissionLevel", "successEmailSubject", "successEmailBody", "runningAsUser"]


@pytest.fixture
def sql(ask):
    def make(name, **given):
        body = {"name": name, "sql": "select 1", "remote_host_id": None, "credential_id": None, **given}
        return ask("POST", "/scripts/sql", json=body).json()["id"]

    return make


@pytest.fixture
def called(ask, platform):
    """A udf that was called twice; its id as a job."""
    uid = ask("POST", "/udfs", json={"name": "flow", "code": "def udf(): pass"}).json()["uid"]
    job = next(one for one in ask("GET", "/jobs?type=udf").json() if one["name"] == "flow")
    who = {"job_id": job["id"], "owner_id": 1, "caller_id": 1, "stdout": "one\ntwo\nthree"}
    failed = {"state": State.FAILED, "status": 422, "error": "no"}
    with platform.db.begin() as connection:
        rows.insert_all(connection, [run(**who), run(**who, **failed)])
    assert uid
    return job["id"]


def test_a_job_has_every_field_of_the_protocol(ask, sql):
    one = sql("Flow", notifications={"success_email_subject": "Done"})
    (listed,) = ask("GET", "/jobs").json()
    assert set(listed) == set(LISTED)
    full = ask("GET", f"/jobs/{one}").json()
    assert set(full) == {*FULL, "runByUser"}
    assert (full["type"], full["state"], full["runs"]) == ("JobTypes::SqlRunner", "idle", [])
    assert (full["successEmailSubject"], full["runningAsUser"], full["myPermissionLevel"]) == (
        "Done", "admin", "manage",
    )  # fmt: skip
    assert ask("PUT", f"/jobs/{one}/archive", json={"status": True}).json()["archived"] is True
    assert ask("GET", "/jobs").json() == []


def test_the_runs_of_a_udf_are_those_of_its_job(ask, called):
    last, first = ask("GET", f"/jobs/{called}/runs").json()
    assert set(last) == {"id", "state", "createdAt", "startedAt", "finishedAt", "error"}
    assert (last["state"], last["error"], first["state"]) == ("failed", "no", "succeeded")
    assert ask("GET", f"/jobs/{called}/runs/{last['id']}").json() == last
    job = ask("GET", f"/jobs/{called}").json()
    assert (job["type"], job["state"], job["lastRun"], job["runs"]) == ("JobTypes::Udf", "failed", last, [last, first])
    assert [one["id"] for one in ask("GET", "/jobs?state=failed,running").json()] == [called]
    assert ask("GET", "/jobs?state=idle").json() == []
    one = ask("GET", f"/jobs/{called}/runs?limit=1&order=id&order_dir=desc")
    assert (one.json(), one.headers["x-pagination-total-entries"]) == ([last], "2")
    assert ask("GET", f"/jobs/{called}/runs/{last['id']}/outputs").json() == []
    assert ask("DELETE", f"/jobs/{called}/runs/{last['id']}").status_code == 501


def test_a_log_is_followed_to_its_end(ask, called):
    """Clients ask on until the greatest ID they saw is Civis-Max-Id, and the cache control is not no-store."""
    run_id = ask("GET", f"/jobs/{called}/runs").json()[0]["id"]
    path = f"/jobs/{called}/runs/{run_id}/logs"
    seen = ask("GET", f"{path}?last_id=0&limit=2")
    assert [(line["id"], line["message"]) for line in seen.json()] == [(1, "one"), (2, "two")]
    assert (seen.headers["civis-max-id"], seen.headers["civis-cache-control"]) == ("3", "max-age=60")
    assert [line["id"] for line in ask("GET", f"{path}?last_id=2").json()] == [3]
    assert ask("GET", f"{path}?last_id=3").json() == []
    assert [line["id"] for line in ask("GET", f"{path}?limit=2").json()] == [3, 2]


def test_parents_are_a_chain_and_children_a_tree(ask, sql):
    first = sql("first")
    second = sql("second", parent_id=first)
    third = sql("third", parentId=second)
    assert [one["id"] for one in ask("GET", f"/jobs/{third}/parents").json()] == [second, first]
    (child,) = ask("GET", f"/jobs/{first}/children").json()
    assert (child["id"], [one["id"] for one in child["children"]]) == (second, [third])
    assert ask("GET", f"/jobs/{third}/children").json() == ask("GET", f"/jobs/{first}/parents").json() == []


def test_jobs_are_found_by_name_id_and_type(ask, sql, called):
    water, wine = sql("water"), sql("wine")

    def found(query):
        return {one["id"] for one in ask("GET", f"/jobs?{query}").json()}

    assert found("q=WAT") == {water}
    assert found(f"q={wine}") == {wine}
    assert found("q=sqlrunner") == {water, wine}
    assert found("type=JobTypes::SqlRunner, udf") == {water, wine, called}
    assert found("permission=manage&scheduled=false&type=sql") == {water, wine}
    assert found("scheduled=True") == found("hidden=true") == set()
    assert found("order=last_run_updated_at&limit=50&author=admin") == {water, wine, called}
    for query in ("type=cobol", "state=asleep", "order=name", "limit=51", "permission=own"):
        assert ask("GET", f"/jobs?{query}").status_code == 422, query


def test_a_trigger_address_is_made_for_who_may_run_the_job(ask, sql, user):
    one = sql("Flow")
    address = ask("POST", f"/jobs/{one}/trigger_email").json()["triggerEmail"]
    assert re.fullmatch(rf"headrace\+run\.{one}\.[0-9a-f]{{32}}@127\.0\.0\.1", address)
    _, eve = user("Eve")
    assert ask("POST", f"/jobs/{one}/trigger_email", key=eve).status_code == 404


def test_starting_a_job_comes_later(ask, sql, user):
    one = sql("Flow")
    answer = ask("POST", f"/jobs/{one}/runs")
    assert (answer.status_code, answer.json()["error"]) == (501, "not_served")
    _, eve = user("Eve")
    assert ask("POST", f"/jobs/{one}/runs", key=eve).status_code == 404


def test_a_udf_is_not_given_away_from_here(ask, called, user):
    bob, _ = user("Bob")
    body = {"user_id": bob, "include_dependencies": False}
    assert ask("PUT", f"/jobs/{called}/transfer", json=body).status_code == 404
