"""What a client does where a server refuses, is busy or is away."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from headrace.client import Client, Failed
from headrace.client.retries import ALTOGETHER, pause_before_next, retry_after
from sdk_document import DOCUMENT

CALLS = {
    "GET": lambda one: one.scripts.get(1),
    "POST": lambda one: one.scripts.post_python3("n", "s"),
    "PUT": lambda one: one.scripts.put_python3(1, "n", "s"),
    "DELETE": lambda one: one.scripts.delete_python3_runs(1, 2),
}


@pytest.fixture
def patient(played):
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        yield one


def refusal(text, code=400):
    return {"error": "bad_request", "errorDescription": text, "code": code}


def test_an_error_has_a_status_and_the_sentence_of_the_server(patient, played):
    played.answer(409, refusal("It is there already.", 409))
    with pytest.raises(Failed) as failed:
        patient.scripts.post_python3("n", "s")
    wrong = failed.value
    assert (wrong.status_code, wrong.message, str(wrong)) == (409, "It is there already.", "It is there already.")
    assert wrong.response.json()["code"] == 409
    assert wrong.__notes__ == [f"POST {played.url}/api/scripts/python3 answered 409"]


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, refusal("No key."), "No key. `headrace login headrace` keeps a key"),
        (500, b"<html>", "answered 500 and no sentence of ours"),
        (404, None, "answered 404 and no sentence of ours"),
        (200, b"<html>", "answered 200 and what is not JSON"),
    ],
)
def test_what_to_do_is_said(patient, played, status, body, sentence):
    played.answer(status, body)
    with pytest.raises(Failed, match=sentence):
        patient.scripts.get(1)
    assert len(played.asked) == 1


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_was_refused_is_sent_again_and_what_may_have_been_done_only_where_it_may_be_repeated(
    patient, played, verb, status
):
    played.answer(status, refusal("Later."), Retry_After="0")
    played.answer(200, {"id": 1})
    if verb == "POST" and status in {502, 504}:
        with pytest.raises(Failed, match="Later"):
            CALLS[verb](patient)
        assert len(played.asked) == 1
    else:
        CALLS[verb](patient)
        assert len(played.asked) == 2
        assert played.asked[0] == played.asked[1]


@pytest.mark.parametrize("as_date", [False, True])
def test_the_time_to_come_back_is_kept(patient, played, as_date):
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)  # whole seconds: at least one from now
    played.answer(503, refusal("Stopping.", 503), Retry_After=at if as_date else "1")
    played.answer(200, {"id": 1})
    begun = time.monotonic()
    assert patient.scripts.get(1).id == 1
    assert 0.9 <= time.monotonic() - begun < 10


def test_attempts_have_an_end_and_the_error_tells_of_them(played):
    with Client(played.url, "key", local_api_spec=DOCUMENT, retries=2) as one:
        for _ in range(3):
            played.answer(429, refusal("Too many.", 429), Retry_After="0")
        with pytest.raises(Failed, match=r"Too many\. It was asked 3 times in \d s\.") as failed:
            one.scripts.get(1)
        assert (failed.value.status_code, len(played.asked)) == (429, 3)
    with Client(played.url, "key", local_api_spec=DOCUMENT, retries=0) as one:
        played.answer(503)
        with pytest.raises(Failed):
            one.scripts.get(1)
        assert len(played.asked) == 4


def test_nobody_waits_for_an_hour(patient, played):
    played.answer(503, refusal("Closed.", 503), Retry_After=str(ALTOGETHER + 1))
    with pytest.raises(Failed, match="Closed"):
        patient.scripts.get(1)
    assert len(played.asked) == 1


def test_pauses_grow_where_the_server_names_no_time():
    request = httpx.Request("GET", "http://x")
    pauses = [pause_before_next(httpx.Response(503, request=request), attempt) for attempt in range(1, 12)]
    assert 0.5 <= pauses[0] <= 1
    assert all(pause <= 60 for pause in pauses)
    assert pauses[-1] >= 30
    assert pause_before_next(httpx.Response(500, request=request), 1) is None
    assert pause_before_next(httpx.Response(502, request=httpx.Request("PATCH", "http://x")), 1) is None
    assert pause_before_next(httpx.Response(429, request=httpx.Request("PATCH", "http://x")), 1) is not None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3), ("0.5", 0.5), ("-1", 0), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_a_time_to_come_back_is_read_as_number_or_date(text, seconds):
    assert retry_after(text) == seconds


def test_a_server_that_is_away_is_a_sentence():
    with (
        Client("http://127.0.0.1:9", "key", local_api_spec=DOCUMENT) as one,
        pytest.raises(Failed, match=r"127\.0\.0\.1:9.*does not answer") as failed,
    ):
        one.scripts.get(1)
    assert failed.value.status_code == 0
