"""Functions over plain HTTP: what is sent wrong, what is hostile, whose worker calls what, and names of all kinds."""

import json
import pickle

import pytest

from headrace.runtime import interpreters
from tiledb_wire import TASK_ID, encoded, pickled, send, strict
from tiledb_wire import person as new_person


def test_numbers_that_json_has_no_word_for_arrive(web, person):
    same = "def f(x): return [x[0] != x[0], x[1] > 1e308, x[2]]"
    assert send(web, person, same, [float("nan"), float("inf"), 1 << 80]).json() == [True, True, 1 << 80]


def test_the_bytes_may_stay_where_they_are_kept(web, person):
    sent = send(web, person, "def f(): return [1]", store_results=True, dont_download_results=True)
    assert (sent.status_code, sent.content) == (200, b"")
    kept = web.get(f"/v1/task/{sent.headers[TASK_ID]}/result")
    assert (kept.json(), kept.headers["content-type"]) == ([1], "application/json")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 422, "Send a function, pickled, as `exec`"),
        ({"exec": "%%"}, 400, "`exec` must be base64"),
        ({"exec": encoded(b"x"), "argument": "%"}, 400, "`argument` must be base64"),
        ({"exec": encoded(b"x"), "language": "r"}, 422, "Functions in r are not run here"),
        ({"exec": encoded(b"x"), "image_name": "nowhere"}, 422, "There is no environment called 'nowhere'"),
        ({"exec": encoded(b"x"), "stored_param_uuids": ["x"]}, 422, "'x' is no id of a task"),
        ({"exec": encoded(b"x"), "arrays": [{"uri": "x"}]}, 422, ""),
        ({"exec": encoded(b"x"), "arrays": [{"uri": "tiledb://a/b"}]}, 404, "There is no array"),
        ({"exec": encoded(b"x"), "arrays": [{"buffers": []}]}, 422, "The body is no function to call"),
        ({"exec": encoded(b"x"), "version": "2.7.18"}, 422, "this server has no Python 2.7"),
        ({"exec": encoded(b"x"), "version": "three"}, 422, "this server has no Python three"),
        ({"exec": encoded(b"x"), "result_format": "vinyl"}, 422, "'vinyl' is no result format"),
        ({"exec": encoded(b"x"), "timeout": "soon"}, 422, "timeout"),
        ({"exec": encoded(b"x"), "arguments_json": {"a": 1}}, 422, "array"),
        (
            {"exec": encoded(b"x"), "arrays": [{"uri": "tiledb://a/b", "ranges": {"ranges": [[1 << 70, 1]]}}]},
            422,
            "64 bits",
        ),
        ({"exec": encoded(b"x"), "arrays": [{"uri": "tiledb://a/b", "ranges": {"ranges": [[[1], 1]]}}]}, 422, "ranges"),
        ({"exec": encoded(b"x"), "timeout": 1e300}, 422, "timeout"),
        ({"exec": encoded(b"x"), "timeout": float("nan")}, 422, "timeout"),
        ({"exec": encoded(b"x"), "task_name": "\ud800"}, 400, "not valid JSON"),
        ({"udf_info_name": "\x00/x"}, 422, "NUL character"),
        ({"udf_info_name": "x/\x00"}, 422, "no name for a function"),
        ({"udf_info_name": "nobody/nothing"}, 404, "There is no function nobody/nothing"),
        ({"udf_info_name": "a/b@2020-01-01"}, 422, "its last state alone is kept"),
    ],
)
def test_what_is_sent_wrong_is_told(web, person, body, status, said):
    answer = send(web, person, **body)
    assert (answer.status_code, said in answer.json()["message"]) == (status, True), answer.text


@pytest.mark.parametrize("body", [b"{", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_request_is_told(web, person, body):
    answer = web.post(f"/v1/udfs/generic/{person.username}", content=body)
    assert answer.status_code in (400, 422), answer.text


def test_another_namespace_is_not_charged(web, person, stranger):
    assert send(stranger, person, "def f(): return 1").status_code == 404


def test_15_a_version_that_is_not_here_is_told_with_those_that_are(web, person):
    said = send(web, person, "def f(): return 1", version="3.99.1").json()["message"]
    assert f"There are {', '.join(interpreters.minors())};" in said


class TestHostile:
    """Pickles run what they name; the server runs none, and what becomes of a worker is an answer."""

    ENDS = b"cos\n_exit\n(I3\ntR."

    @pytest.mark.parametrize(
        "body",
        [
            {"exec": encoded(ENDS)},
            {"argument": encoded(b"(" + ENDS[:-1] + b"t.")},
            {
                "arguments_json": [
                    {"value": {"__tdbudf__": "immediate", "format": "python_pickle", "base64_data": encoded(ENDS)}}
                ]
            },
        ],
    )
    def test_15_a_pickle_that_ends_its_process_ends_a_worker(self, web, person, body):
        body.setdefault("exec", pickled("def f(*args): return 1"))
        answer = send(web, person, **body)
        assert (answer.status_code, "itself" in answer.json()["message"]) == (422, True), answer.text
        assert web.get(f"/v1/task/{answer.headers[TASK_ID]}").json()["status"] == "FAILED"
        assert send(web, person, "def f(): return 1").json() == 1

    def test_15_a_decoder_of_a_stored_result_runs_in_the_worker_too(self, web, person):
        kept = send(web, person, "def f(): return 1", store_results=True).headers[TASK_ID]
        ends = {"__tdbudf__": "immediate", "format": "python_pickle", "base64_data": encoded(self.ENDS)}
        tag = {"__tdbudf__": "stored_param", "task_id": kept, "python_decoder": ends}
        answer = send(web, person, "def f(x): return x", tag, stored_param_uuids=[kept])
        assert (answer.status_code, "itself" in answer.json()["message"]) == (422, True), answer.text

    def test_a_pickle_that_takes_all_memory_is_told(self, web, person):
        bomb = encoded(b"cbuiltins\nbytearray\n(L6000000000L\ntR.")
        said = send(web, person, exec=bomb).json()["message"]
        assert "memory" in said.lower(), said

    def test_a_pickle_that_takes_forever_is_told(self, web, person):
        answer = send(web, person, exec=encoded(b"ctime\nsleep\n(I60\ntR."), timeout=1)
        assert (answer.status_code, "1 s" in answer.json()["message"]) == (422, True), answer.text

    def test_a_pickle_that_is_nested_without_end_is_told(self, web, person):
        bomb = encoded(b"\x80\x04" + b"]" * 1 + b"(" * 2_000_000 + b".")
        assert send(web, person, exec=bomb).status_code == 422

    def test_a_result_that_is_too_large_is_told(self, web, person):
        answer = send(web, person, "def f(): return b'x' * (300 << 20)", result_format="bytes")
        assert (answer.status_code, "HEADRACE_CALL_OUTPUT_MB" in answer.json()["message"]) == (422, True), answer.text


def test_16_a_result_of_somebody_else_s_is_not_given(web, person, server):
    kept = send(web, person, "def f(): return 'secret'", store_results=True).headers[TASK_ID]
    other = new_person(server, "reader")
    tag = {"__tdbudf__": "stored_param", "task_id": kept}
    with strict(server, other.key) as http:
        answer = send(http, other, "def f(x): return x", tag, stored_param_uuids=[kept])
    assert (answer.status_code, "RETRY_WITH_PARAMS" in answer.json()["message"]) == (404, True)


def test_a_function_of_somebody_else_s_has_a_worker_of_its_own_and_no_disk_of_the_caller_s(server, web, person):
    look = "def f():\n    import os\n    return [os.getpid(), os.path.ismount('/mount')]"
    mark = "def f():\n    import sys\n    sys.modules['marked'] = sys\n    return 1"
    seen = "def f():\n    import sys, os\n    return ['marked' in sys.modules, os.path.exists('/mount')]"
    owner = new_person(server, "author")
    with strict(server, owner.key) as http:
        body = {"exec": pickled(seen), "version": interpreters.OWN, "language": "python", "type": "generic"}
        assert http.post(f"/v1/udf/{owner.username}/seen", json=body).status_code == 204
        shared = {"namespace": person.username, "actions": ["fetch_udf"]}
        assert http.patch(f"/v1/udf/{owner.username}/seen/share", json=shared).status_code == 204
    assert send(web, person, look).status_code == 200
    assert send(web, person, mark).json() == 1
    assert send(web, person, seen).json()[0] is True
    assert send(web, person, udf_info_name=f"{owner.username}/seen").json()[0] is False


def test_a_saved_udf_is_called_by_its_name(server, web, person):
    with server.client(person.key) as http:
        code = "@fused.udf\ndef udf(n: int = 2):\n    return n * 10\n"
        body = json.dumps({"name": "tens", "type": "geopandas_v2", "code": code, "entrypoint": "udf"})
        assert http.post("/server/v1/udf/new", json={"slug": "tens", "udf_body": body}).status_code == 200
    assert send(web, person, None, 4, udf_info_name=f"{person.username}/tens").json() == 40


class TestRegistered:
    def body(self, source: str = "def f(x): return x", **more: object) -> dict:
        return {"exec": pickled(source), "version": interpreters.OWN, "language": "python", **more}

    def test_it_is_kept_whole(self, web, person):
        at = f"/v1/udf/{person.username}/kept"
        told = {"readme": "Reads.", "license_id": "MIT", "license_text": "As is.", "tags": ["a", "b"]}
        assert web.post(at, json=self.body(type="single_array", exec_raw="def f...", **told)).status_code == 204
        known = web.get(at).json()
        assert known.items() >= {"name": "kept", "language": "python", "type": "single_array", **told}.items()
        assert web.patch(at, json={"readme": "Reads well.", "name": "renamed"}).status_code == 204
        assert web.get(at).status_code == 404
        assert web.get(f"/v1/udf/{person.username}/renamed").json()["readme"] == "Reads well."
        assert web.delete(f"/v1/udf/{person.username}/renamed").status_code == 204
        assert web.get(f"/v1/udf/{person.username}/renamed").status_code == 404

    def test_a_name_that_is_taken_is_told(self, web, person):
        at = f"/v1/udf/{person.username}"
        assert web.post(f"{at}/one", json=self.body()).status_code == 204
        assert web.post(f"{at}/two", json=self.body()).status_code == 204
        assert web.post(f"{at}/one", json=self.body()).status_code == 409
        assert web.patch(f"{at}/two", json={"name": "one"}).status_code == 409

    @pytest.mark.parametrize("more", [{"exec": ""}, {"exec": "%"}, {"type": "odd"}, {"language": "c"}])
    def test_what_is_no_function_is_told(self, web, person, more):
        answer = web.post(f"/v1/udf/{person.username}/wrong", json=self.body() | more)
        assert answer.status_code in (400, 422), answer.text

    def test_others_neither_see_nor_change_it(self, web, person, stranger):
        at = f"/v1/udf/{person.username}/mine"
        assert web.post(at, json=self.body()).status_code == 204
        assert stranger.post(f"/v1/udf/{person.username}/theirs", json=self.body()).status_code == 404
        for method, address, body in (
            ("GET", at, None), ("PATCH", at, {"readme": "x"}), ("DELETE", at, None), ("GET", f"{at}/share", None),
            ("PATCH", f"{at}/share", {"namespace": person.username, "actions": ["fetch_udf"]}),
        ):  # fmt: skip
            assert stranger.request(method, address, json=body).status_code == 404, method

    def test_who_it_is_shared_with_is_told_and_may_not_change_it(self, server, web, person):
        at, friend = f"/v1/udf/{person.username}/given", new_person(server, "friend")
        assert web.post(at, json=self.body()).status_code == 204
        assert web.patch(f"{at}/share", json={"namespace": "nobody", "actions": ["fetch_udf"]}).status_code == 404
        given = {"namespace": friend.username, "actions": ["fetch_udf"]}
        assert web.patch(f"{at}/share", json=given).status_code == 204
        assert web.get(f"{at}/share").json() == [{**given, "namespace_type": "user"}]
        with strict(server, friend.key) as http:
            assert http.get(at).json()["name"] == "given"
            assert http.patch(at, json={"readme": "x"}).status_code == 403
            assert http.delete(at).status_code == 403
        assert web.patch(f"{at}/share", json={"namespace": friend.username}).status_code == 204
        assert web.get(f"{at}/share").json() == []


def test_14_arguments_in_a_pickle_count_where_there_are_none_in_json(web, person):
    source = "def f(*args, **kw): return [args, kw]"
    argument = encoded(pickle.dumps(((1,), {"k": 2})))
    assert send(web, person, source, argument=argument).json() == [[1], {"k": 2}]
    assert send(web, person, source, 5, argument=argument).json() == [[5], {}]
