"""Where the published clients trip, asked of the clients themselves (protocol notes 1 and 7): one test a trap."""

import pytest

from published import Person

FAILS = """
def fails(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except Exception as error:
        return [type(error).__name__, str(error), getattr(error, "status_code", None)]
    raise AssertionError("it did not fail")
"""


@pytest.fixture
def run(client):
    return lambda script, **values: client.run(FAILS + "".join(f"{n} = {v!r}\n" for n, v in values.items()) + script)


def test_1_a_key_that_was_revoked_is_told_as_such(run, server):
    """The header of a 401 is the text of the exception."""
    said = run(
        """
another = civis.APIClient(api_key=KEY)
me = another.users.list_me()
mine = another.users.list_api_keys(me.id)
another.users.delete_api_keys(me.id, mine[0].id)
answer = fails(another.users.list_me)
""",
        KEY=Person(server, "revoked").key,
    ).answer
    assert said[0] == "CivisAPIKeyError"
    assert said[1].startswith('Bearer realm="headrace"')


def test_1_the_document_is_refused_to_a_wrong_key_in_words(run):
    said = run("answer = fails(civis.APIClient, api_key='hr_wrong')").answer
    assert said[0] == "HTTPError"
    assert said[1].startswith("401 error downloading API specification")


def test_2_an_error_says_its_status_and_its_sentence(run):
    name, text, status = run("answer = fails(client.projects.get, 999999)").answer
    assert (name, status) == ("CivisAPIError", 404)
    assert text.startswith("(404) There is no project 999999")


def test_2_a_body_that_is_too_large_is_refused_in_words(run):
    name, text, status = run("answer = fails(client.projects.post, 'x' * (17 << 20), '')").answer
    assert (name, status) == ("CivisAPIError", 413)
    assert "HEADRACE_BODY_MB" in text


def test_2_what_is_wrong_in_a_body_is_named_with_its_field(run):
    name, text, status = run("answer = fails(client.projects.post, name=5, description='')").answer
    assert (name, status) == ("CivisAPIError", 422)
    assert "The field `name` wants a string" in text


def test_8_iterating_gives_every_item_once_and_ends(run, client):
    script = """
for n in range(23):
    client.projects.post("%s %02d" % (MARK, n), "")
pages = client.projects.list(limit=4, order="name", order_dir="asc", iterator=True)
answer = [one.name for one in pages if one.name.startswith(MARK)]
"""
    mark = f"iterated {id(run)}"
    assert run(script, MARK=mark).answer == [f"{mark} {n:02d}" for n in range(23)]


def test_8_iterating_what_is_empty_ends_at_once(run):
    assert run("answer = list(client.projects.list(author='0', iterator=True))").answer == []


def test_9_an_empty_answer_is_an_empty_response(run):
    script = """
project = client.projects.post("shared", "")
client.projects.put_shares_users(project.id, [OTHER], "read")
gone = client.projects.delete_shares_users(project.id, OTHER)
answer = [gone.json_data, client.projects.list_shares(project.id).readers["users"]]
"""
    assert run(script, OTHER=1).answer == [None, []]


def test_19_an_id_is_an_integer(run):
    assert run("answer = type(client.projects.post('typed', '').id).__name__").answer == "int"


def test_21_limits_of_rate_that_are_not_told_are_none(run):
    said = run("me = client.users.list_me(); answer = [me.rate_limit, me.calls_remaining]").answer
    assert said == [None, None]


def test_29_an_explicit_none_is_no_change(run):
    script = """
project = client.projects.post("nulls", "told", note="kept")
changed = client.projects.put(project.id, name="new", description=None, note=None)
answer = [changed.name, changed.description, changed.note]
"""
    assert run(script).answer == ["new", "told", "kept"]


def test_every_key_that_is_documented_can_be_read_as_an_attribute(run):
    script = """
project = client.projects.post("whole", "")
names = "id author name description users auto_share created_at updated_at tables surveys scripts imports models"
names += " reports script_templates files app_instances all_objects note hidden archived my_permission_level"
answer = [getattr(project, name) for name in names.split()] and project["auto_share"]
"""
    assert run(script).answer is False


def test_a_raw_answer_is_the_response_of_requests(run):
    script = """
raw = civis.APIClient(return_type="raw")
me = raw.users.list_me()
answer = [type(me).__module__, me.status_code, me.json()["featureFlags"]]
"""
    assert run(script).answer == ["requests.models", 200, {}]


def test_pandas_gives_frames_and_series_in_the_older_client(old):
    said = old.run("""
    frames = civis.APIClient(return_type="pandas")
    frames.projects.post("framed", "")
    listed, one = frames.projects.list(), frames.users.list_me()
    answer = [type(listed).__name__, "autoShare" in listed.columns, type(one).__name__, one["email"]]
    """).answer
    assert said == ["DataFrame", True, "Series", old.email]


def test_a_list_has_the_headers_of_its_page_in_the_newer_client(new):
    said = new.run("""
    client.projects.post("paged", "")
    listed = client.projects.list(limit=1)
    answer = listed.headers["X-Pagination-Per-Page"]
    """).answer
    assert said == "1"
