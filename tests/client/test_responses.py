"""What methods give: responses that are read, as they came, or as tables."""

import copy
import pickle

import pandas as pd
import pytest

from headrace.client import Client, Failed, ListResponse, Response
from headrace.errors import Invalid
from sdk_document import DOCUMENT

SCRIPT = {
    "id": 1,
    "createdAt": "2026-01-31T00:00:00Z",
    "provideAPIKey": True,
    "arguments": {"MY_VAR": 1, "innerMap": {"keyOne": [{"aB": 1}]}},
    "anythingElse": {"keyOne": {"keyTwo": 2}},
    "schedule": {"scheduledDays": [1, 2], "timeZone": None},
    "notes": [{"scheduledDays": []}],
    "parent": {"id": 2, "schedule": {"timeZone": "UTC"}},
    "items": [1],
}


@pytest.fixture
def script(played):
    played.routes = {"/api/scripts/1": SCRIPT}
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        yield one.scripts.get(1)


def test_fields_are_read_as_attributes_and_items_in_either_spelling(script):
    assert script.created_at == script["created_at"] == script.createdAt == script["createdAt"] == SCRIPT["createdAt"]
    assert script.provide_api_key is script["provideAPIKey"] is True
    assert script.schedule.scheduled_days == [1, 2]
    assert script.notes[0]["scheduledDays"] == []
    assert script.parent.schedule.time_zone == "UTC"
    assert list(script)[:3] == ["id", "created_at", "provide_api_key"]
    assert ("createdAt" in script, "nothing" in script, len(script)) == (True, False, 9)
    assert script["items"] == [1]
    assert script.get("nothing", 7) == 7
    with pytest.raises(AttributeError, match="no field 'nothing' here; there are id, created_at"):
        script.nothing  # noqa: B018
    with pytest.raises(KeyError):
        script["nothing"]


def test_maps_of_free_form_keep_their_keys_at_every_depth(script):
    assert script.arguments == {"MY_VAR": 1, "innerMap": {"keyOne": [{"aB": 1}]}}
    assert script.arguments.innerMap.keyOne[0].aB == 1
    assert script.anything_else["keyOne"]["keyTwo"] == 2
    assert script.json()["arguments"] == SCRIPT["arguments"]


def test_the_value_of_a_json_value_is_left_as_it_is(played):
    played.routes = {"/api/json-values/1": {"id": 1, "value": {"keyOne": [{"keyTwo": 1}]}}}
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        assert one.json_values.get(1).value == {"keyOne": [{"keyTwo": 1}]}
    assert list(Response({"objectType": "JSONValue", "value": {"aB": 1}}).value) == ["aB"]


def test_a_response_does_not_change(script):
    for change in (
        lambda: setattr(script, "id", 2),
        lambda: delattr(script, "id"),
        lambda: script.__setitem__("id", 2),
        lambda: script.__delitem__("id"),
    ):
        with pytest.raises((AttributeError, TypeError), match="does not change"):
            change()
    script.json()["schedule"]["scheduled_days"].append(3)
    script.json(snake_case=False)["schedule"]["scheduledDays"].append(3)
    script.json_data["schedule"]["scheduledDays"].append(3)
    assert script.json(snake_case=False) == SCRIPT
    assert script.schedule.scheduled_days == [1, 2]


def test_a_response_is_shown_copied_and_pickled(script):
    assert repr(script.schedule) == "Response(scheduled_days=[1, 2], time_zone=None)"
    assert copy.deepcopy(script) == copy.copy(script) == pickle.loads(pickle.dumps(script)) == script
    assert {"created_at", "json", "headers"} <= set(dir(script))
    assert dict(script.schedule) == {"scheduled_days": [1, 2], "time_zone": None}
    assert pd.DataFrame([script.schedule]).columns.tolist() == ["scheduled_days", "time_zone"]


def test_nothing_is_an_empty_response(played):
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        for status in (204, 202):
            played.answer(status)
            gone = one.scripts.delete_python3_runs(1, 2)
            assert (len(gone), gone.json_data, gone.json()) == (0, None, {})


def test_headers_and_limits_come_with_what_is_given(played):
    told = {"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "99", "X_Pagination_Total_Entries": "12"}
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        assert one.last_response is None
        played.answer(200, [SCRIPT, SCRIPT], **told)
        listed = one.scripts.list()
        assert isinstance(listed, ListResponse)
        assert (listed.total, listed.headers["x-pagination-total-entries"]) == (12, "12")
        assert (listed[0].rate_limit, listed[0].calls_remaining) == (100, 99)
        assert listed.json(snake_case=False) == [SCRIPT, SCRIPT]
        assert one.last_response is listed
        played.answer(200, {"id": 3})
        assert one.scripts.get(3).rate_limit is None
        assert one.last_response.id == 3


def test_raw_is_the_answer_itself(played):
    played.routes = {"/api/scripts": [SCRIPT]}
    with Client(played.url, "key", "raw", local_api_spec=DOCUMENT) as one:
        answer = one.scripts.list()
        assert (answer.status_code, answer.json()) == (200, [SCRIPT])
        with pytest.raises(Failed, match="There is nothing here"):
            one.scripts.get(9)


def test_pandas_gives_a_frame_of_a_list_and_a_series_of_an_object(played):
    played.routes = {"/api/scripts": [SCRIPT, {"id": 2}], "/api/scripts/1": SCRIPT}
    with Client(played.url, "key", return_type="pandas", local_api_spec=DOCUMENT) as one:
        frame = one.scripts.list()
        assert (frame.id.tolist(), frame.createdAt[0]) == ([1, 2], SCRIPT["createdAt"])
        series = one.scripts.get(1)
        assert isinstance(series, pd.Series)
        assert (series.id, series.provideAPIKey, series.arguments["MY_VAR"]) == (1, True, 1)
        played.answer(204)
        assert one.scripts.delete_python3_runs(1, 2).empty


def test_another_return_type_is_refused():
    with pytest.raises(Invalid, match="one of snake, raw, pandas, and not 'json'"):
        Client("http://127.0.0.1:9", "key", return_type="json")


def test_an_iterator_asks_for_pages_until_one_is_empty_and_keeps_the_limit(played):
    pages = [[{"id": 1}, {"id": 2}], [{"id": 3}, {"id": 4}], [{"id": 5}], []]
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        for page in pages:
            played.answer(200, page)
        found = one.scripts.list(type="sql", limit=2, iterator=True)
        assert played.asked == []
        assert [script.id for script in found] == [1, 2, 3, 4, 5]
        assert [path for _, path, _, _ in played.asked] == [
            f"/api/scripts?type=sql&limit=2&page_num={number}" for number in (1, 2, 3, 4)
        ]
        assert one.last_response.id == 5
        for page in ([{"id": 9}], []):
            played.answer(200, page)
        assert [script.id for script in one.scripts.list(page_num=3, iterator=True)] == [9]
        assert played.asked[-1][1] == "/api/scripts?page_num=4"
        played.answer(200, {"id": 1})
        with pytest.raises(Failed, match="answered no list"):
            next(one.scripts.list(iterator=True))


def test_an_iterator_gives_what_the_return_type_says(played):
    for return_type, kind in (("raw", dict), ("pandas", pd.Series)):
        with Client(played.url, "key", return_type, local_api_spec=DOCUMENT) as one:
            played.answer(200, [{"id": 1}])
            played.answer(200, [])
            (script,) = one.scripts.list(iterator=True)
            assert (type(script), script["id"]) == (kind, 1)
