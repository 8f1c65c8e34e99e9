"""What a collection's token tells to people and programs: its page, and of each udf what a token of its own would."""

import json
import re
import uuid
from urllib.parse import quote

import pytest
from openapi_spec_validator import validate

from fused_wire import body_of, detail

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SHARED = "/server/v1/realtime-shared"
ADD = '@fused.udf\ndef udf(a: int = 1, b: float = 2.5):\n    """Add two numbers."""\n    return a + b\n'
TILE = """
@fused.udf
def udf(bounds: fused.types.Bounds = None):
    "Paint where it is asked."
    import numpy as np
    return np.full((3, 8, 8), 90, "uint8")
"""


@pytest.fixture
def collect(web):
    """Make a collection of udfs, by their names, and share it; its id and its token."""

    def make(codes: dict[str, str], name: str | None = None, **more) -> tuple[str, str]:
        asked = {"name": name or uuid.uuid4().hex, "access_scope": "public", **more}
        made = web.post("/server/v1/collection/new", json=asked).json()
        for slug, code in codes.items():
            web.save(code, slug, collection_id=made["id"])
        shared = web.post("/server/v1/collection/share", params={"collection_id": made["id"]}).json()
        return made["id"], shared["share_token"]

    return make


def test_a_browser_gets_a_page_of_the_udfs_and_a_program_is_told_to_name_one(collect, open_web):
    _, token = collect({"add": ADD, "paint": TILE})
    pages = [open_web.get(path, headers=BROWSER) for path in (f"/share/{token}", f"{SHARED}/{token}/run")]
    pages.append(open_web.get(f"{SHARED}/{token}"))
    for page in pages:
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "add" in page.text
        assert "paint" in page.text
    refused = open_web.get(f"{SHARED}/{token}/run")
    assert (refused.status_code, "name a udf" in detail(refused)) == (422, True)
    assert open_web.get(f"{SHARED}/{token}/add/run?a=4").json() == 6.5


def test_its_description_lists_the_udfs_and_each_is_under_the_addresses_it_names(collect, web, open_web):
    _, token = collect({"b": ADD, "a & b?c": TILE, "with.dot": ADD}, name="three of <them>")
    told = open_web.get(f"{SHARED}/{token}/about.json")
    known = open_web.get(f"{SHARED}/{token}/about.json", headers={"If-None-Match": told.headers["etag"]})
    told = told.json()
    assert (known.status_code, told["name"], told["owner"], told["more"]) == (304, "three of <them>", "person", 0)
    assert [one["name"] for one in told["udfs"]] == ["a & b?c", "b", "with.dot"]
    assert web.email not in json.dumps(told)
    for one in told["udfs"]:
        described = open_web.get(f"{one['base']}/about.json").json()
        assert (described["name"], described["code"], described["problem"]) == (one["name"], None, None)
        page = open_web.get(one["page"], headers=BROWSER)
        assert page.status_code == 200
        assert open_web.get(f"{one['base']}/run", headers=BROWSER).text == page.text
        document = open_web.get(f"{one['base']}/openapi.json").json()
        validate(document)
        assert document["servers"][0]["url"].endswith(one["base"])
        assert open_web.get(f"{one['base']}/run?format=json,png").status_code == 200
        assert one["base"].startswith(f"{SHARED}/{token}/")
        assert "/" not in one["base"].removeprefix(f"{SHARED}/{token}/")


def test_every_udf_has_tilejson_whose_tiles_answer(collect, open_web):
    _, token = collect({"paint it": TILE})
    for place in (f"{token}/{quote('paint it')}", f"{token}-{quote('paint it')}"):
        told = open_web.get(f"{SHARED}/{place}/tilejson.json?format=png&red=3")
        assert told.status_code == 200, told.text
        told = told.json()
        assert (told["tilejson"], told["name"], told["tileSize"]) == ("3.0.0", "paint it", 256)
        [address] = told["tiles"]
        assert address.endswith(f"{SHARED}/{place}/run/tiles/{{z}}/{{x}}/{{y}}?format=png&red=3")
        tile = open_web.get(address.format(z=2, x=1, y=1))
        assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
    assert open_web.get(f"{SHARED}/{token}/other/tilejson.json").status_code == 404
    assert open_web.get(f"{SHARED}/{token}/tilejson.json").status_code == 422


def test_code_is_shown_where_the_collection_is_open_to_readers(collect, open_web):
    for more, shown in (({}, False), ({"allow_public_read": True}, True)):
        _, token = collect({"add": ADD}, **more)
        told = open_web.get(f"{SHARED}/{token}/add/about.json").json()
        assert told["code"] == (ADD if shown else None)


def test_a_collection_of_nothing_says_so_and_a_large_one_counts(collect, open_web):
    _, token = collect({})
    assert "Nothing is in this collection yet." in open_web.get(f"{SHARED}/{token}/plain").text
    assert open_web.get(f"{SHARED}/{token}/about.json").json()["udfs"] == []


def test_the_pages_of_words_lead_from_the_collection_to_a_result(collect, open_web):
    _, token = collect({"add": ADD}, name="<b>bold")
    page = open_web.get(f"{SHARED}/{token}/plain").text
    assert "<b>bold" not in page
    [link] = re.findall(r'href="([^"]+)"><b>add</b>', page)
    page = open_web.get(link).text
    assert "Add two numbers." in page
    assert '<input name="b" value="2.5">' in page
    assert f'<a href="/share/{token}">&lt;b&gt;bold</a>' in page
    assert open_web.get(f"{SHARED}/{token}/add/run?format=json").json() == 3.5
    for text in (page, open_web.get(f"/share/{token}").text, open_web.get(f"/share/{token}/add").text):
        assert not re.search(r"<script>|\son\w+=|javascript:", text)


def test_a_page_of_those_with_a_key_is_closed_to_others_and_opens_with_a_session_token(collect, web, open_web):
    _, token = collect({"add": ADD}, access_scope="team")
    paths = (f"/share/{token}", f"/share/{token}/add", f"{SHARED}/{token}/plain", f"{SHARED}/{token}/add/plain")
    files = (f"{SHARED}/{token}/about.json", f"{SHARED}/{token}/add/about.json", f"{SHARED}/{token}/add/tilejson.json")
    for path in (*paths, *files):
        answer = open_web.get(path, headers=BROWSER)
        assert (answer.status_code, "not open to all" in answer.text) == (401, True), path
        assert "passcode" not in answer.text.lower()
        assert web.get(path, headers=BROWSER).status_code == 200
    session = web.post(f"/server/v1/session-token/by-access-token/{token}", json={"ttl": 60}).json()["session_token"]
    asked = {"fused_session_token": session}
    assert {open_web.get(path, params=asked, headers=BROWSER).status_code for path in (*paths, *files)} == {200}
    told = open_web.get(f"{SHARED}/{token}/about.json", params=asked).json()
    assert open_web.get(told["udfs"][0]["page"], headers=BROWSER).status_code == 200
    page = open_web.get(f"{SHARED}/{token}/plain", params=asked).text
    [link] = re.findall(r'href="([^"]+)"><b>add</b>', page)
    page = open_web.get(link.replace("&amp;", "&")).text
    [link] = re.findall(r'href="([^"]+)">json</a>', page)
    assert open_web.get(link.replace("&amp;", "&")).status_code == 200
    assert 'name="fused_session_token"' in page


def test_a_passcode_opens_the_page_for_a_while(collect, web, open_web):
    made, token = collect({"add": ADD}, passcode="open sesame")
    asking = open_web.get(f"/share/{token}/add?a=5", headers=BROWSER)
    assert (asking.status_code, f'action="/share/{token}/add?a=5" method="post"' in asking.text) == (401, True)
    wrong = open_web.post(f"/share/{token}/add?a=5", data={"passcode": "open sesami"}, headers=BROWSER)
    assert (wrong.status_code, "This is not the passcode" in wrong.text) == (403, True)
    assert 'name="passcode"' in wrong.text
    assert open_web.post(f"/share/{token}/add?a=5", data={}, headers=BROWSER).status_code == 401
    right = open_web.post(f"/share/{token}/add?a=5", data={"passcode": "open sesame"}, headers=BROWSER)
    assert right.status_code == 303
    place = right.headers["location"]
    assert place.startswith(f"/share/{token}/add?a=5&fused_session_token=")
    session = place.partition("fused_session_token=")[2]
    assert open_web.get(place, headers=BROWSER).status_code == 200
    assert open_web.get(f"{SHARED}/{token}/add/run?a=5&fused_session_token={session}").json() == 7.5
    # When it is over, the page asks again.
    web.delete(f"/server/v1/session-token/by-access-token/{token}")
    again = open_web.get(place, headers=BROWSER)
    assert (again.status_code, 'name="passcode"' in again.text) == (403, True)
    # Without a lock the form leads on, and behind one that no passcode opens it leads nowhere.
    web.post(f"/server/v1/collection/by-id/{made}", json={"passcode": ""})
    assert open_web.post(f"/share/{token}", data={"passcode": "x"}).headers["location"] == f"/share/{token}"
    web.post(f"/server/v1/collection/by-id/{made}", json={"access_scope": "team"})
    assert open_web.post(f"/share/{token}", data={"passcode": "x"}, headers=BROWSER).status_code == 401
    assert open_web.post(f"/share/{token}", content=b"\xff=%ff", headers=BROWSER).status_code == 400
    assert open_web.post(f"/share/{token}", data={"passcode": "x" * 9000}, headers=BROWSER).status_code == 413


def test_guesses_at_pages_of_collections_and_at_their_passcodes_are_counted(guarded, owner, afar):
    body = json.dumps(body_of(ADD))
    made = owner.post("/server/v1/collection/new", json={"name": "kept", "passcode": "open sesame"}).json()
    owner.post("/server/v1/udf/new", json={"slug": "add", "udf_body": body, "collection_id": made["id"]})
    asked = {"collection_id": made["id"]}
    token = owner.post("/server/v1/collection/share", params=asked).json()["share_token"]
    with afar(base_url=guarded.url, headers=BROWSER, timeout=60) as stranger:

        def unlock(passcode: str) -> int:
            return stranger.post(f"/share/{token}", data={"passcode": passcode}).status_code

        assert [unlock(f"guess {n}") for n in range(5)] == [403, 403, 403, 429, 429]
        assert unlock("open sesame") == 429
        assert stranger.get(f"/share/{token}").status_code == 401
        paths = [
            "/share/fc_guess1",
            f"{SHARED}/fc_guess2/about.json",
            f"{SHARED}/fc_guess3/add/tilejson.json",
            f"{SHARED}/fc_guess4/add/about.json",
            "/share/fc_guess5/add",
        ]
        assert [stranger.get(path).status_code for path in paths] == [404, 404, 404, 429, 429]
        assert stranger.get(f"/share/{token}").status_code == 401


@pytest.mark.parametrize("path", ["/share/fc_nobody", "/share/fc_nobody/add", "/share/fc_nobody-add"])
def test_a_token_that_opens_nothing_gets_a_page_that_says_so(open_web, path):
    answer = open_web.get(path, headers=BROWSER)
    assert (answer.status_code, "opens nothing here" in answer.text) == (404, True)
    assert open_web.get(path).headers["content-type"] == "application/json"
