"""The document from which published clients build themselves: the rules that they hold it to (Civis notes 2.2, 7)."""

import re
import time

import msgspec
import pytest

from headrace.dialects import civis

TYPES = {"array", "object", "integer", "number", "string", "boolean"}


@pytest.fixture
def document(ask):
    return ask("GET", "/endpoints").json()


def operations(document):
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield f"{verb} {path}", operation


def resolved(document, schema):
    return document["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def test_it_is_swagger_2_and_lists_the_nouns(document):
    assert document["swagger"] == "2.0"
    assert {"/users/me", "/users/{id}/api_keys", "/groups/{id}", "/udfs/{uid}/tokens", "/runs"} <= set(
        document["paths"]
    )


def test_every_operation_has_a_summary_that_does_not_hide_it_parameters_and_responses(document):
    for name, operation in operations(document):
        assert operation["summary"], name
        assert "deprecated" not in operation["summary"].lower(), name
        assert isinstance(operation["parameters"], list), name
        first = next(iter(operation["responses"].items()))
        assert first[0] in {"200", "201", "202", "204"}, name
        assert first[1]["description"], name


def test_every_parameter_is_snake_case_with_one_type_and_says_whether_it_is_required(document):
    for name, operation in operations(document):
        for parameter in operation["parameters"]:
            assert isinstance(parameter["required"], bool), name
            if parameter["in"] == "body":
                schema = resolved(document, parameter["schema"])
                assert schema["type"] == "object", name
                assert schema["properties"], name
            else:
                assert parameter["type"] in TYPES, name
                assert parameter["name"].islower(), name


def test_every_field_has_one_type_and_a_camel_case_name(document):
    for name, definition in document["definitions"].items():
        for field, schema in definition["properties"].items():
            assert resolved(document, schema)["type"] in TYPES, (name, field)
            assert "_" not in field, (name, field)
            if schema.get("type") == "array":
                assert resolved(document, schema["items"])["type"] in TYPES, (name, field)


def test_paths_are_written_in_snake_case_and_have_no_parameters_of_their_own(document):
    """Clients fill a path by the Python names of its arguments, and know verbs alone below it."""
    for path, verbs in document["paths"].items():
        assert not re.search(r"{[^}]*[A-Z][^}]*}", path), path
        assert set(verbs) <= {"get", "post", "put", "patch", "delete"}, path
        for verb, operation in verbs.items():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), f"{verb} {path}"


def test_no_channels_are_there_and_what_the_command_line_hangs_its_own_commands_on_is(document):
    """With channels 1.6.2 would listen to PubNub; without one of these groups the command line of 2.x ends at once."""
    nouns = {path.split("/")[1] for path in document["paths"]}
    assert "channels" not in nouns
    assert {"files", "notebooks", "jobs"} <= nouns


def test_ids_are_integers(document):
    """Whether a value is an integer decides, in clients, whether it is looked up as a name."""
    texts = {
        (name, field)
        for name, definition in document["definitions"].items()
        for field, schema in definition["properties"].items()
        if (field == "id" or field.endswith("Id")) and schema["type"] != "integer"
    }
    # Text in the protocol too, or of other services.
    assert {field for _, field in texts} <= {
        *"refreshId securityGroupId spreadsheetId tableauId fileId requirementsFileId".split()
    }


def test_lists_can_be_iterated(document):
    for path in ("/users", "/groups", "/udfs", "/runs"):
        names = [p["name"] for p in document["paths"][path]["get"]["parameters"]]
        assert {"limit", "page_num"} <= set(names), path


def test_no_two_operations_become_one_method(document):
    methods = []
    for name in (name for name, _ in operations(document)):
        verb, _, path = name.partition(" ")
        words = [part for part in path.split("/") if part]
        static = [w for i, w in enumerate(words) if w[0] != "{" or (i and words[i - 1][0] == "{")]
        last = "list" if verb == "get" and words[-1][0] != "{" else verb
        methods.append((last, *static))
    assert len(set(methods)) == len(methods)


def test_no_definitions_refer_to_one_another(document):
    def refers(schema):
        text = msgspec.json.encode(schema).decode()
        return {part.partition('"')[0] for part in text.split("#/definitions/")[1:]}

    graph = {name: refers(definition) for name, definition in document["definitions"].items()}
    for name, others in graph.items():
        assert not any(name in graph[other] for other in others if other != name), name


def test_it_is_sent_compressed_and_not_twice(ask):
    first = ask("GET", "/endpoints", headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert ask("GET", "/endpoints", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_every_answer_has_the_fields_that_are_documented(ask, document):
    """One answer of each kind, field by field: a key that is absent raises in clients."""
    made = ask("POST", "/udfs", json={"name": "f", "code": "def udf(): pass"}).json()
    ask("POST", f"/udfs/{made['uid']}/tokens", json={})
    for path in ("/users", "/users/me", "/users/{id}", "/groups", "/udfs", "/udfs/{uid}", "/udfs/{uid}/tokens"):
        schema = document["paths"][path]["get"]["responses"]["200"]["schema"]
        answer = ask("GET", path.replace("{id}", "1").replace("{uid}", made["uid"])).json()
        rows, schema = (answer, schema["items"]) if schema.get("type") == "array" else ([answer], schema)
        for row in rows:
            assert set(row) == set(resolved(document, schema)["properties"]), path


def test_it_is_made_quickly():
    civis.operations("http://test")
    began = time.thread_time()  # not what other threads of the tests' process take
    civis.operations("http://test")
    assert time.thread_time() - began < 0.5
