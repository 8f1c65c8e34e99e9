"""Names, arguments and docstrings of what is made of a document, and what a call sends."""

import datetime as dt
import inspect
import json

import pytest

from headrace.client import Client, Failed
from headrace.client.methods import methods
from headrace.errors import Invalid
from sdk_document import DOCUMENT


@pytest.fixture
def made(played):
    with Client(played.url, "key", local_api_spec=DOCUMENT) as one:
        yield one


def shown(method):
    return str(inspect.signature(method))


def test_names_follow_verb_and_words_of_the_path():
    found = {f"{resource}.{name}" for resource, names in methods(DOCUMENT).items() for name in names}
    assert {
        "scripts.list",
        "scripts.get",
        "scripts.post_python3",
        "scripts.put_python3",
        "scripts.delete_python3_runs",
        "databases.get_table_privileges_schema_name",
        "json_values.get",
    } <= found


def test_what_lists_one_object_is_called_get_and_answers_to_list_too(made):
    assert made.users.get_me is not None
    assert made.users.list_me.__doc__ == made.users.get_me.__doc__
    assert {"get_python3_shares", "list_python3_shares"} <= set(dir(made.scripts))


def test_what_is_deprecated_by_its_summary_has_no_method(made):
    assert not hasattr(made.scripts, "post_cancel")


def test_required_arguments_are_positional_in_the_order_of_the_document_and_others_keywords(made):
    assert shown(made.scripts.post_python3) == (
        "(name: str, source: str, *, parent_id: int | None = ..., arguments: dict[str, typing.Any] = ..., "
        "schedule: dict[str, typing.Any] = ...)"
    )
    assert shown(made.scripts.put_python3).startswith("(id: int, name: str, source: str, *, ")
    assert shown(made.scripts.list) == (
        "(*, type: str = ..., limit: int = 20, page_num: int = 1, iterator: bool = False)"
    )


def test_a_word_of_python_as_a_name_gets_a_dash_and_one_name_in_two_places_is_one_argument(made, played):
    assert shown(made.tags.put) == "(id: int, *, from_: list[str] = ...)"
    played.answer(200)
    made.tags.put(7, from_=["a", "b"])
    assert [played.asked[-1][i] for i in (0, 1, 3)] == ["PUT", "/api/tags/7?from=a&from=b", b'{"id":7}']


def test_a_docstring_tells_parameters_types_and_what_comes_back(made):
    told = inspect.getdoc(made.scripts.put_python3)
    assert told.splitlines()[0] == "Replace a script."
    assert "Parameters\n----------\nid : int\nname : str\n    The name of the script.\n" in told
    assert "parent_id : int or None, optional" in told
    assert "Returns\n-------\nA response with\n    - id : int\n        The ID of the script.\n" in told
    assert "    - schedule : dict\n        - scheduled_days : list of int\n" in told
    listed = inspect.getdoc(made.scripts.list)
    assert "limit : int, optional\n    Default: 20.\n" in listed
    assert "iterator : bool, optional" in listed
    assert "A list of responses, each with" in listed
    assert inspect.getdoc(made.scripts.delete_python3_runs).endswith("Returns\n-------\nAn empty response.")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda c: c.scripts.get(), r"scripts.get\(id: int\): missing a required argument: 'id'"),
        (lambda c: c.scripts.get(1, 2), r"scripts.get\(id: int\): too many positional arguments"),
        (lambda c: c.scripts.list(tpye="x"), r"scripts.list.*unexpected keyword argument 'tpye'"),
        (lambda c: c.scripts.get(1, iterator=True), "unexpected keyword argument 'iterator'"),
    ],
)
def test_a_call_that_does_not_fit_tells_the_signature(made, played, call, sentence):
    with pytest.raises(TypeError, match=sentence):
        call(made)
    assert played.asked == []


def test_what_is_given_is_sent_in_its_place_under_its_own_name(made, played):
    played.answer(201, {"id": 1})
    made.scripts.post_python3("n", "s", parent_id=None, arguments={"A_b": dt.datetime(2026, 1, 31, tzinfo=dt.UTC)})
    verb, path, headers, sent = played.asked[-1]
    assert (verb, path, headers["authorization"]) == ("POST", "/api/scripts/python3", "Bearer key")
    assert json.loads(sent) == {
        "name": "n",
        "parentId": None,
        "source": "s",
        "arguments": {"A_b": "2026-01-31T00:00:00Z"},
    }
    played.answer(200, [])
    made.credentials.list(type="a b&c", default=True, limit=None)
    assert played.asked[-1][1] == "/api/credentials?type=a+b%26c&default=true"
    assert played.asked[-1][3] == b""


def test_a_name_in_an_address_is_one_segment_whatever_is_in_it(made, played):
    played.answer(200, {"ok": True})
    assert made.databases.get_table_privileges_schema_name(1, "a/b?c#d", "é %").ok is True
    assert played.asked[-1][1] == "/api/databases/1/table_privileges/a%2Fb%3Fc%23d/%C3%A9%20%25"
    for value in ("", ".", "..", None):
        with pytest.raises(Invalid, match="`table_name` is part of an address"):
            made.databases.get_table_privileges_schema_name(1, "a", value)


def test_a_value_that_is_not_json_is_refused_with_its_name(made, played):
    with pytest.raises(Invalid, match=r"scripts.post_python3: `arguments` cannot be sent: object is not JSON"):
        made.scripts.post_python3("n", "s", arguments={"x": object()})
    assert played.asked == []


def test_a_response_is_sent_as_it_came(made, played):
    played.answer(200, {"id": 1, "schedule": {"scheduledDays": [1]}})
    script = made.scripts.get(1)
    played.answer(200, {"id": 2})
    made.scripts.post_python3("n", "s", schedule=script.schedule)
    assert json.loads(played.asked[-1][3])["schedule"] == {"scheduledDays": [1]}


def test_what_warns_warns(made, played):
    played.answer(200, [])
    with pytest.warns(FutureWarning, match="Use list") as warned:
        made.scripts.list_old()
    assert warned[0].filename == __file__


def test_a_document_may_be_a_file(played, tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(DOCUMENT))
    for given in (file, str(file)):
        with Client(played.url, "key", local_api_spec=given) as one:
            assert "post_python3" in dir(one.scripts)
    assert played.asked == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("[", "is not a document"), ("[]", "is not a document"), ("{}", "not a document of operations"), (None, "read")],
)
def test_a_file_that_is_no_document_is_told(played, tmp_path, content, sentence):
    file = tmp_path / "spec.json"
    if content is not None:
        file.write_text(content)
    with Client(played.url, "key", local_api_spec=file) as one, pytest.raises(Invalid, match=sentence):
        one.scripts  # noqa: B018 - asked for


def test_which_resources_there_are_is_chosen(played):
    with Client(played.url, "key", local_api_spec=DOCUMENT, resources="base") as one:
        assert one.scripts is not None
        with pytest.raises(AttributeError, match=r"no resource 'json_values'; there are scripts, databases, users"):
            one.json_values  # noqa: B018
    with Client(played.url, "key", local_api_spec=DOCUMENT, resources=["tags"]) as one:
        assert not hasattr(one, "scripts")
        assert "put" in dir(one.tags)
    with pytest.raises(Invalid, match="all"):
        Client(played.url, "key", resources="some")


def test_a_resource_and_a_method_that_are_not_there_are_told_with_those_that_are(made):
    with pytest.raises(AttributeError, match="no resource 'skripts'; there are scripts"):
        made.skripts  # noqa: B018
    with pytest.raises(AttributeError, match="Scripts has no method 'gett'; there are list, get, post_python3"):
        made.scripts.gett()
    assert repr(made.scripts).startswith(f"<Scripts of {made.url}: list, get, ")


def test_a_notebook_that_looks_for_pictures_of_a_client_asks_no_server():
    with Client("http://127.0.0.1:9", "key") as one:
        assert not hasattr(one, "_repr_html_")
        assert "save" in dir(one)
        with pytest.raises(Failed, match="does not answer"):
            one.scripts  # noqa: B018
