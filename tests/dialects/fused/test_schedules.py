"""Schedules: the published client, and plain HTTP."""

import pytest

from fused_wire import TABLE, detail


def test_the_client_schedules_a_udf_and_changes_its_mind(new):
    said = new.run("""
        @fused.udf
        def nightly(n: int = 1):
            return n
        made = nightly.schedule(minute=30, hour=[1, 2], day_of_week=[1], udf_args={"n": 2})
        seen = [made._schedule, made.udf_args, made.execution_environment_id, made.enabled, len(nightly.get_schedule())]
        made.hour = [5]
        made.enabled = False
        changed = made.update()
        again = nightly.schedule(minute=7, hour=8)
        listed = [one.id == made.id for one in fused.api.FusedAPI().list_cronjobs() if one.name == "nightly"]
        refreshed = made.refresh_from_api()._schedule
        try:
            made.run_now()
        except Exception as wrong:
            refused = str(wrong)
        gone = made.delete()
        answer = [seen, changed._schedule, changed.enabled, listed, refreshed, "does not run yet" in refused,
                  gone.name, len(nightly.get_schedule())]
    """)
    assert said.answer == [
        ["30 1,2 * * 1", {"n": 2}, "default", True, 1], "30 5 * * 1", False, [True], "7 8 * * *", True, "nightly", 0,
    ]  # fmt: skip


def test_over_plain_http_an_empty_list_is_every_one(web):
    saved = web.save(TABLE)
    made = web.post("/server/v1/cronjob/create", json={"udf": saved["id"], "name": "x", "minute": 3, "hour": []})
    assert made.status_code == 200, made.text
    assert (made.json()["minute"], made.json()["hour"], made.json()["udf"]) == ([3], list(range(24)), saved["id"])
    assert made.json()["next_run"] is not None
    run = web.post(f"/server/v1/cronjob/user-run/by-id/{made.json()['id']}", json={})
    assert (run.status_code, "later version" in detail(run)) == (501, True)


@pytest.mark.parametrize(
    "changes",
    [{"minute": [1, 2]}, {"minute": []}, {"minute": "1"}, {"hour": [24]}, {"hour": [1.5]}, {"name": ""},
     {"month": [2], "day_of_month": [30]}, {"udf_args": []}],
)  # fmt: skip
def test_what_is_no_schedule_is_told(web, changes):
    body = {"udf": web.save(TABLE)["id"], "name": "x", "minute": 3, **changes}
    answer = web.post("/server/v1/cronjob/create", json=body)
    assert (answer.status_code, bool(detail(answer))) == (422, True)
    assert web.get("/server/v1/cronjob/get-self").json() == []
