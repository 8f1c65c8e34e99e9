"""What breaks a server that clients of the Civis protocol talk to (protocol notes 1 and 7): one test a trap, over HTTP.

The numbers are those of section 7 of the notes. Held elsewhere: 13 to 17 with the files (`test_files.py`,
`test_file_attacks.py`), 19 and 22 to 25 with the document (`test_endpoints.py`), 34 with the credentials
(`test_client_credentials.py`), and where it is the client that trips, in `test_client_traps.py`.
Left to the slices that serve them: 10 to 12 (states, errors and logs of runs), 16 as far as results of SQL go, 32
(cells of queries) and 33 (runs of imports). 26, 27 and 31 are advice for people, in `docs/civis.md`; 35 asks nothing
of a server.
"""

import asyncio
import http.client
import json
import socket
from base64 import b64encode
from typing import NamedTuple

import httpx
import pytest

from headrace.api.endpoint import Rim
from headrace.api.operation import describe
from headrace.api.router import Mount, Router
from headrace.dialects import civis
from published import Person


class Answer(NamedTuple):
    """What came back, as it came."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@pytest.fixture(scope="module")
def send(server):
    """Send exactly this, follow nothing; as the administrator unless told otherwise."""

    def send(method, target, body=None, headers=None, *, key=server.admin_key) -> Answer:
        given = {"Authorization": basic(key)} if key else {}
        if body is not None:
            given["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            connection.request(method, target, body, {**given, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    return send


@pytest.fixture(scope="module")
def make(send):
    """Make a project; gives it."""

    def make(**fields):
        body = {"name": "Trap", "description": "", **fields}
        answer = send("POST", "/api/projects", json.dumps(body))
        assert answer.status == 200, answer.body
        return answer.json

    return make


def basic(key: str) -> str:
    return "Basic " + b64encode(f"{key}:".encode()).decode()


def is_told(answer: Answer) -> None:
    """The three keys that clients read of every error, of the right types."""
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json) == {"error", "errorDescription", "code"}
    assert answer.json["code"] == answer.status
    assert answer.json["error"].islower()
    assert len(answer.json["errorDescription"]) > 10


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": basic("hr_wrong")},
        {"Authorization": "Bearer hr_wrong"},
        {"Authorization": "Basic ///"},
        {"Authorization": "Basic"},
        {"Authorization": ""},
    ],
)
@pytest.mark.parametrize("path", ["/api/users/me", "/api/endpoints"])
def test_1_a_401_says_www_authenticate(send, path, headers):
    answer = send("GET", path, headers=headers, key=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="headrace"')
    is_told(answer)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "Bearer", "bearer"])
def test_1_the_key_comes_as_user_name_without_password_and_as_bearer(server, send, scheme):
    value = basic(server.admin_key).partition(" ")[2] if scheme.lower() == "basic" else server.admin_key
    assert send("GET", "/api/users/me", headers={"Authorization": f"{scheme} {value}"}, key=None).status == 200


@pytest.mark.parametrize(
    ("status", "method", "target", "body"),
    [
        (400, "POST", "/api/projects", "{"),
        (400, "GET", "/api/projects?author=%zz", None),
        (400, "GET", "/api/projects/%ff", None),
        (404, "GET", "/api/nothing/here", None),
        (404, "GET", "/api/projects/999999", None),
        (404, "GET", "/api", None),
        (405, "PATCH", "/api/projects", "{}"),
        (405, "TRACE", "/api/projects", None),
        (422, "POST", "/api/projects", "{}"),
        (422, "POST", "/api/projects", "[]"),
        (422, "GET", "/api/projects/x", None),
        (422, "GET", "/api/projects?limit=0", None),
        (422, "GET", "/api/projects?nothing=1", None),
    ],
)
def test_2_every_refusal_is_told_as_json(send, status, method, target, body):
    answer = send(method, target, body)
    assert answer.status == status
    is_told(answer)


def test_2_a_refusal_for_want_of_rights_is_told_as_json(server, send):
    answer = send("POST", "/api/users", json.dumps({"name": "A", "email": "a@b"}), key=Person(server, "plain").key)
    assert answer.status == 403
    is_told(answer)


def test_2_a_body_that_is_too_large_is_told_as_json(send):
    answer = send("POST", "/api/projects", headers={"Content-Length": str(17 << 20)})
    assert answer.status == 413
    is_told(answer)


def test_2_a_defect_of_the_server_is_told_as_json():
    def broken(call):
        """Fail as only a defect does."""
        return 1 // 0

    operation = describe("GET", "/broken", broken, public=True)
    rim = Rim(keys=None, make_call=lambda who, address: None)
    app = Router([Mount(civis.PREFIX, [operation], civis.CODEC)], rim)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/api/broken")

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert set(answer.json()) == {"error", "errorDescription", "code"}
    assert "division" not in answer.text


@pytest.mark.parametrize("length", [True, False])
def test_3_get_and_delete_come_with_a_json_body(send, make, length):
    project = make()
    body, headers = ("{}", {}) if length else ("2\r\n{}\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"})
    path = f"/api/projects/{project['id']}"
    assert send("GET", path, body, headers).json == project
    assert send("DELETE", path, body, headers).status == 204


def test_4_names_of_fields_and_parameters_come_in_both_spellings(send, make):
    snake, camel = make(auto_share=True), make(autoShare=True)
    assert snake["autoShare"] is camel["autoShare"] is True
    for query in ("limit=1&page_num=2&order_dir=asc&auto_share=true", "limit=1&pageNum=2&orderDir=asc&autoShare=true"):
        answer = send("GET", f"/api/projects?{query}")
        assert (answer.status, answer.headers["X-Pagination-Current-Page"]) == (200, "2"), answer.body


def test_4_a_field_that_comes_in_both_spellings_at_once_is_refused(send):
    answer = send("POST", "/api/projects", '{"name": "x", "description": "", "auto_share": true, "autoShare": false}')
    assert answer.status == 422
    assert "twice" in answer.json["errorDescription"]


ARGUMENTS = {"someKey": {"innerKey": [{"deeperKey": 1}]}, "other_key": {"inner_key": None}, "DB": {"database": 1}}


@pytest.mark.parametrize("spelling", ["snake", "camel"])
def test_5_the_keys_inside_free_form_maps_are_kept_as_they_came(send, spelling):
    """Those of structures around them are read in either spelling."""
    params = [{"name": "someKey", "type": "string", "default": "camelCase or snake_case"}]
    body = {"name": "Free", "source": "1", "arguments": ARGUMENTS, "params": params}
    resources = {"cpu": 256, "memory": 64, "disk_space": 2.5}
    body |= {"required_resources": resources} if spelling == "snake" else {"requiredResources": resources}
    made = send("POST", "/api/scripts/python3", json.dumps(body))
    assert made.status == 201, made.body
    kept = send("GET", f"/api/scripts/python3/{made.json['id']}").json
    assert kept["arguments"] == ARGUMENTS
    assert kept["params"][0] | params[0] == kept["params"][0]
    assert kept["requiredResources"]["diskSpace"] == 2.5


def test_5_a_json_value_is_given_back_as_it_was_written(send):
    text = '{"someKey": {"other_key": [1.0, 1e400, "\\u00e9"], "A": {}}, "b": null}'
    made = send("POST", "/api/json_values", json.dumps({"name": "V", "value_str": text}))
    assert made.status == 201, made.body
    kept = send("GET", f"/api/json_values/{made.json['id']}")
    assert list(kept.json["value"]) == ["someKey", "b"]
    assert b'{"other_key": [1.0, 1e400' in kept.body or b'{"other_key":[1.0,1e400' in kept.body


@pytest.mark.parametrize("query", ["type[]=sql&type[]=r", "type%5B%5D=sql&type%5B%5D=r", "type=sql&type=r"])
def test_6_lists_in_queries_come_with_and_without_brackets(send, query):
    """This one takes one text: what matters is that the name is known in every spelling."""
    answer = send("GET", f"/api/scripts?{query}")
    assert answer.status == 422
    assert "`type` is given 2 times" in answer.json["errorDescription"]
    one = query.partition("&")[0]
    assert send("GET", f"/api/scripts?{one}").status == 200


@pytest.mark.parametrize("text", ["True", "true", "TRUE", "1"])
def test_6_booleans_in_queries_are_as_python_writes_them(send, make, text):
    hidden = make(hidden=True)
    shown = [one["id"] for one in send("GET", f"/api/projects?hidden={text}&limit=1000").json]
    assert hidden["id"] in shown
    no = {"T": "False", "t": "false", "1": "0"}[text[0]]
    assert hidden["id"] not in [one["id"] for one in send("GET", f"/api/projects?hidden={no}&limit=1000").json]


@pytest.mark.parametrize(
    "path", ["/api/projects", "/api/projects/", "/api//projects/", "//api//projects", "/api/projects//"]
)
def test_7_slashes_more_or_less_are_the_same_address_and_no_redirect(send, path):
    answer = send("POST", path, '{"name": "Slashes", "description": ""}')
    assert (answer.status, answer.headers["Location"]) == (200, None)
    query = send("GET", f"{path}?limit=1")
    assert (query.status, len(query.json)) == (200, 1)


def test_8_a_page_after_the_last_is_an_empty_list(send, make):
    make()
    for page in (2, 1_000_000):
        answer = send("GET", f"/api/projects?limit=1000&page_num={page}")
        assert (answer.status, answer.json) == (200, [])


def test_8_pages_differ_and_end_where_their_headers_say(server, send):
    key = Person(server, "pages").key
    for n in range(5):
        send("POST", "/api/projects", json.dumps({"name": f"p{n}", "description": ""}), key=key)
    pages = [send("GET", f"/api/projects?limit=2&page_num={n}&order=name&order_dir=asc", key=key) for n in (1, 2, 3, 4)]
    assert [[one["name"] for one in page.json] for page in pages] == [["p0", "p1"], ["p2", "p3"], ["p4"], []]
    for number, page in enumerate(pages, 1):
        told = {name: page.headers[f"X-Pagination-{name}"] for name in ("Current-Page", "Per-Page", "Total-Pages")}
        assert told == {"Current-Page": str(number), "Per-Page": "2", "Total-Pages": "3"}
        assert page.headers["X-Pagination-Total-Entries"] == "5"
        assert "X-Pagination-Total-Entries" in page.headers["Access-Control-Expose-Headers"]


def test_9_every_202_has_a_body_and_what_cancels_says_the_state(send):
    document = send("GET", "/api/endpoints").json
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            if (schema := operation["responses"].get("202")) is not None:
                fields = resolved(document, schema["schema"])["properties"]
                cancels = verb == "delete" or path.endswith("/cancel")
                assert not cancels or "state" in fields, path


def test_19_ids_are_integers_and_refuse_text(send, make):
    project = make()
    assert type(project["id"]) is type(project["author"]["id"]) is int
    assert send("GET", "/api/projects/1.0").status == 422


KINDS = {
    "sql": {"name": "S", "sql": "select 1", "remote_host_id": None, "credential_id": None},
    "python3": {"name": "S", "source": "1"},
    "r": {"name": "S", "source": "1"},
    "javascript": {"name": "S", "source": "1", "remote_host_id": None, "credential_id": None},
    "containers": {"required_resources": {}, "docker_command": "ls", "docker_image_name": "python"},
}


@pytest.fixture(scope="module")
def scripts(send):
    """The id of a script of every kind."""
    made = {kind: send("POST", f"/api/scripts/{kind}", json.dumps(body)) for kind, body in KINDS.items()}
    assert {answer.status for answer in made.values()} == {201}
    template = send("POST", "/api/templates/scripts", json.dumps({"script_id": made["sql"].json["id"], "name": "T"}))
    made["custom"] = send("POST", "/api/scripts/custom", json.dumps({"from_template_id": template.json["id"]}))
    return {kind: answer.json["id"] for kind, answer in made.items()}


def test_18_a_container_has_every_key_that_clients_read_unasked(send, scripts):
    kept = send("GET", f"/api/scripts/containers/{scripts['containers']}").json
    wanted = (
        "params arguments dockerImageName dockerImageTag repoHttpUri repoRef remoteHostCredentialId gitCredentialId"
    )
    assert {*wanted.split(), "cancelTimeout", "timeZone", "fromTemplateId"} <= set(kept)
    assert isinstance(kept["requiredResources"], dict)


def test_20_all_jobs_share_one_sequence_of_ids_and_one_address(send, scripts):
    assert len(set(scripts.values())) == len(scripts)
    for kind, number in scripts.items():
        assert send("GET", f"/api/jobs/{number}").json["id"] == number, kind
        assert send("GET", f"/api/scripts/{number}").json["id"] == number, kind
        assert send("GET", f"/api/jobs/{number}/runs").json == [], kind


def test_20_a_custom_script_is_asked_for_its_runs_as_a_container(send, scripts):
    for kind in ("custom", "python3", "r"):
        assert send("GET", f"/api/scripts/containers/{scripts[kind]}/runs").json == [], kind


def test_20_a_job_is_not_there_under_the_address_of_another_kind(send, scripts):
    assert send("GET", f"/api/scripts/r/{scripts['sql']}").status == 404
    assert send("GET", f"/api/scripts/sql/{scripts['r']}").status == 404


def test_21_limits_of_rate_are_whole_numbers_where_they_are_told(send):
    told = send("GET", "/api/users/me").headers
    assert all(value.isdecimal() for name, value in told.items() if name.lower().startswith("x-ratelimit"))


def test_28_an_escaped_slash_stays_in_its_segment(send):
    answer = send("GET", "/api/projects/1%2Fshares")
    assert answer.status == 422
    assert "1/shares" in answer.json["errorDescription"]


def test_29_null_is_no_change_and_so_is_what_is_absent(send, make):
    project = make(note="kept")
    for body in ({"note": None, "name": "New"}, {"name": "New"}):
        changed = send("PUT", f"/api/projects/{project['id']}", json.dumps(body)).json
        assert (changed["name"], changed["note"]) == ("New", "kept")
    assert send("POST", "/api/projects", '{"name": "x", "description": "", "note": null}').json["note"] is None


def test_29_null_in_a_change_is_not_set(send, scripts):
    path = f"/api/scripts/python3/{scripts['python3']}"
    send("PATCH", path, json.dumps({"parent_id": scripts["sql"]}))
    changed = send("PATCH", path, json.dumps({"name": None, "source": "2"}))
    assert (changed.status, changed.json["name"]) == (200, "S"), changed.body
    assert send("PATCH", path, json.dumps({"source": "3"})).json["parentId"] == scripts["sql"]


def test_29_a_custom_script_whose_name_is_null_is_named_after_its_template(send, scripts):
    template = send("GET", f"/api/scripts/custom/{scripts['custom']}").json["fromTemplateId"]
    made = send("POST", "/api/scripts/custom", json.dumps({"from_template_id": template, "name": None}))
    assert (made.status, made.json["name"]) == (201, f"T #{made.json['id']}")


def test_30_texts_stand_for_lists_and_for_truth(send):
    told = {"urls": "https://example.org/a", "success_email_addresses": "a@example.org"}
    body = {"name": "S", "source": "1", "notifications": told, "schedule": {"scheduled": "true", "scheduled_days": [1]}}
    made = send("POST", "/api/scripts/python3", json.dumps(body))
    assert made.status == 201, made.body
    assert made.json["notifications"]["urls"] == ["https://example.org/a"]
    assert made.json["notifications"]["successEmailAddresses"] == ["a@example.org"]
    assert made.json["schedule"]["scheduled"] is True


def test_30_what_is_parted_by_commas_may_have_spaces_between(server, send, scripts):
    template = send("GET", f"/api/scripts/custom/{scripts['custom']}").json["fromTemplateId"]
    listed = send("GET", f"/api/scripts/custom?from_template_id={template}%2C%20999999&limit=50")
    assert scripts["custom"] in [one["id"] for one in listed.json]
    key = Person(server, "parted").key
    for kind in ("sql", "r", "python3"):
        send("POST", f"/api/scripts/{kind}", json.dumps(KINDS[kind]), key=key)
    me = send("GET", "/api/users/me", key=key).json["id"]
    query = f"author={me},+999999&type=sql,%20r&status=idle,%20running&limit=50"
    listed = send("GET", f"/api/scripts?{query}", key=key).json
    assert {one["type"] for one in listed} == {"SQL", "R"}


def test_a_get_without_content_type_and_a_post_without_one_are_read(send, make):
    assert send("GET", "/api/projects").status == 200
    answer = send("POST", "/api/projects", '{"name": "x", "description": ""}', {"Content-Type": ""})
    assert answer.status == 200


@pytest.mark.parametrize("accept", ["application/vnd.civis-platform.v1", "application/vnd.civis-platform.v2", "*/*"])
def test_the_version_that_a_client_accepts_is_taken_and_the_job_it_runs_in(send, accept):
    headers = {"Accept": accept, "X-Civis-Job-ID": "1", "X-Civis-Run-ID": "2", "User-Agent": "civis-python/1.6.2"}
    answer = send("GET", "/api/users/me", "{}", headers)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


def test_an_answer_of_204_has_no_body_at_all(server, make):
    """A byte after a 204 would be read as the next answer of a connection that is kept."""
    project = make()
    ask = "{} /api/projects/{} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 10) as line:
        for method in ("DELETE", "GET"):
            line.sendall(ask.format(method, project["id"], basic(server.admin_key)).encode())
            answer = http.client.HTTPResponse(line, method=method)
            answer.begin()
            assert (answer.status, bool(answer.read())) == {"DELETE": (204, False), "GET": (200, True)}[method]


def resolved(document, schema):
    return document["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
