"""The audit log: the published client, and plain HTTP."""

import pytest

from conftest import wait_until
from fused_wire import TABLE, detail


def test_the_client_reads_the_log_in_every_way(server, new):
    said = new.run("""
        import time
        @fused.udf
        def audited():
            return 1
        audited.to_fused(overwrite=True)
        token, id = audited.create_access_token().token, audited.metadata["fused:id"]
        fused.run(token)
        fused.run(token, cache=False)
        api.share_collection(api.get_collection_by_name("default")["id"])
        found, deadline = [], time.monotonic() + 60
        while len(found) < 2 and time.monotonic() < deadline:  # what ran is written down behind its answer
            time.sleep(0.05)
            found = api._get_audit_logs_by_shared_token(token)["items"]
        page = api._get_audit_logs_by_udf_id(id, limit=1, scan_forward=False)
        rest = api._get_audit_logs_by_udf_id(id, limit=1, scan_forward=False, page_token=page["next_page_token"])
        answer = [
            [one["udf_id"] == id for one in found],
            [one["user_email"] for one in found],
            [page["items"][0]["id"], rest["items"][0]["id"]] == [one["id"] for one in found][::-1],
            rest["next_page_token"],
            api._get_audit_logs_by_id(found[0]["id"])["items"] == found[:1],
            len(api._get_audit_logs_by_udf_name("audited")["items"]),
            len(api._get_audit_logs(limit=300)["items"]) >= 2,
            len(api._get_exec_env_audit_logs(start_timestamp=found[0]["timestamp"])["items"]) >= 2,
            "audited" in [one["udf_name"] for one in api._get_distinct_udf_names()["items"]],
            "audited" in [one["udf_name"] for one in api._get_distinct_udf_names_by_exec_env()["items"]],
            id in [one["udf_id"] for one in api._get_distinct_udf_ids()["items"]],
            id in [one["udf_id"] for one in api._get_distinct_udf_ids_by_exec_env(max_records_to_scan=5000)["items"]],
            token in str(api._get_audit_logs(limit=300)),
        ]
    """)
    email = new.email
    assert said.answer == [
        [True, True], [email, email], True, None, True, 2, True, True, True, True, True, True, False,
    ]  # fmt: skip


def test_a_stranger_and_an_error_are_told(web, open_web):
    token = web.share("def udf():\n    raise ValueError('it went wrong')\n")
    assert open_web.get(f"/server/v1/realtime-shared/{token}/run").status_code == 422
    url = f"/server/v1/log/by-shared-token/{token}"
    wait_until(lambda: web.get(url).json()["items"])
    (entry,) = web.get(url).json()["items"]
    assert (entry["user_email"], entry["status"], entry["status_code"]) == (None, "failed", 422)
    assert (entry["owner_email"], entry["error"]) == (web.email, "it went wrong")


def test_what_cannot_be_asked_is_told(web, open_web):
    web.share(TABLE)
    for query in ({"limit": 0}, {"limit": 301}, {"start_timestamp": "x"}, {"page_token": "x"}, {"scan_forward": "x"}):
        answer = web.get("/server/v1/log/self", params=query)
        assert (answer.status_code, bool(detail(answer))) == (422, True)
    assert web.get("/server/v1/log/distinct-udf-id/self", params={"max_records_to_scan": 5001}).status_code == 422
    for path in ("self", "exec-env/self", "by-id/x", "by-udf-id/x", "distinct-udf-names/self"):
        assert open_web.get(f"/server/v1/log/{path}").status_code == 401


@pytest.mark.parametrize("path", ["by-id/nothing", "by-shared-token/fsh_nothing"])
def test_what_is_not_there_is_not_found(web, path):
    assert web.get(f"/server/v1/log/{path}").status_code == 404
