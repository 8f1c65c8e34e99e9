"""Login by the browser: the published client with a browser of our own, and what an attacker would try."""

import html
import json
import re
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from published import Person, Published, login

VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "client_id": "fused",
    "redirect_uri": "http://localhost:3000",
    "response_type": "code",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
AUTHORIZE, TOKEN = "/server/v1/oauth/authorize", "/server/v1/oauth/token"

BROWSER = """#!{python}
import html, os, re, sys
import httpx
with httpx.Client(follow_redirects=True, timeout=20) as http:
    page = http.get(sys.argv[1])
    inputs = re.findall(r'type="hidden" name="(\\w+)" value="([^"]*)"', page.text)
    fields = {{name: html.unescape(value) for name, value in inputs}}
    http.post(str(page.url).partition("?")[0], data={{**fields, "api_key": os.environ["PERSONS_KEY"]}})
"""


def fields_of(page: httpx.Response) -> dict[str, str]:
    inputs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in inputs}


@pytest.fixture
def browser(server):
    """A browser: it keeps cookies, and no key."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def person(server):
    return Person(server, "person")


def code(browser, key: str, **changes) -> str:
    page = browser.get(AUTHORIZE, params={**ASKED, **changes})
    answer = browser.post(AUTHORIZE, data={**fields_of(page), "api_key": key})
    assert answer.status_code == 303, answer.text
    return dict(httpx.URL(answer.headers["location"]).params)["code"]


def exchange(browser, given: str, **changes):
    body = {**ASKED, "grant_type": "authorization_code", "code": given, "code_verifier": VERIFIER}
    return browser.post(TOKEN, json={**body, **changes})


def test_the_client_logs_in_and_renews_its_login(server, new_python, tmp_path):
    person = Person(server, "browsing")
    login(server, person, tmp_path, "login", "fused", "--oauth", "--url", server.url)
    script = tmp_path / "browser"
    script.write_text(BROWSER.format(python=sys.executable))
    script.chmod(0o700)
    environ = {"BROWSER": f"{script} %s &", "PERSONS_KEY": person.key}
    client = Published(new_python, tmp_path, environ, "import fused")
    try:
        said = client.run("""
            from click.testing import CliRunner
            from fused.cli import cli
            done = CliRunner().invoke(cli, ["login"])
            assert done.exit_code == 0, done.output
            answer = fused.api.whoami()["email"]
        """)
        assert said.answer == person.email
        file = tmp_path / ".fused" / "credentials"
        first = json.loads(file.read_text())
        file.write_text(json.dumps({**first, "expires_at": "2020-01-01T00:00:00+00:00"}))
        said = client.run("""
            from fused._auth import AUTHORIZATION
            AUTHORIZATION.reset()
            answer = fused.api.whoami()["email"]
        """)
        assert said.answer == person.email
        second = json.loads(Path(file).read_text())
        assert not {second[name] for name in ("access_token", "refresh_token")} & {*map(str, first.values())}
        with server.client(first["access_token"]) as before, server.client(second["access_token"]) as after:
            assert [c.get("/server/v1/user/self").status_code for c in (before, after)] == [401, 200]
        # The credentials of a login that is over make the client say how to log in again.
        file.write_text(json.dumps({**first, "expires_at": "2020-01-01T00:00:00+00:00"}))
        said = client.run("""
            AUTHORIZATION = fused._auth.AUTHORIZATION
            AUTHORIZATION.reset()
            try:
                fused.api.whoami()
            except Exception as wrong:
                answer = str(wrong)
        """)
        assert "fused login" in said.answer
    finally:
        client.close()


def test_a_code_is_good_once_and_its_key_ends(browser, server, person):
    given = code(browser, person.key)
    grant = exchange(browser, given)
    assert (grant.status_code, grant.headers["cache-control"]) == (200, "no-store")
    assert set(grant.json()) >= {"access_token", "refresh_token", "id_token", "scope", "expires_in", "token_type"}
    assert grant.json()["expires_in"] <= 3600  # the key that proved it is good for an hour
    again = exchange(browser, given)
    assert (again.status_code, again.json()["error"]) == (403, "invalid_grant")
    with server.client(grant.json()["access_token"]) as http:
        me = http.get("/server/v1/user/self").json()
        assert me["email"] == person.email
        (key,) = [k for k in http.get(f"/api/users/{me['id']}/api_keys").json() if k["name"] == "login of fused"]
        assert key["expiresAt"]


def test_a_form_in_the_other_encoding_is_read_too(browser, person):
    body = {**ASKED, "grant_type": "authorization_code", "code": code(browser, person.key), "code_verifier": VERIFIER}
    assert browser.post(TOKEN, data=body).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "w" * 64}, {"client_id": "other"}, {"redirect_uri": "http://localhost:3001"}, {"code": "x"}],
)
def test_a_code_is_for_the_program_that_asked(browser, person, changes):
    given = code(browser, person.key)
    assert exchange(browser, given, **changes).status_code == 403
    # One wrong try ends it, unless it was of another code.
    assert exchange(browser, given).status_code == (200 if "code" in changes else 403)


def test_a_refresh_token_is_good_once_and_for_its_program(browser, person):
    grant = exchange(browser, code(browser, person.key)).json()
    body = {"grant_type": "refresh_token", "client_id": "fused", "refresh_token": grant["refresh_token"]}
    assert browser.post(TOKEN, json={**body, "client_id": "other"}).status_code == 403
    assert browser.post(TOKEN, json=body).status_code == 200
    assert browser.post(TOKEN, json=body).json()["error"] == "invalid_grant"


def test_a_login_ends_with_the_key_that_proved_it(browser, server, person):
    with server.client(person.key) as http:
        me = http.get("/server/v1/user/self").json()["id"]
        made = http.post(f"/api/users/{me}/api_keys", json={"name": "proof", "expiresIn": 3600}).json()
        grant = exchange(browser, code(browser, made["token"])).json()
        http.delete(f"/api/users/{me}/api_keys/{made['id']}")
    body = {"grant_type": "refresh_token", "client_id": "fused", "refresh_token": grant["refresh_token"]}
    assert browser.post(TOKEN, json=body).status_code == 403
    with server.client(grant["access_token"]) as http:
        assert http.get("/server/v1/user/self").status_code == 401


@pytest.mark.parametrize(
    "uri",
    [
        "", "https://evil.org", "http://evil.org", "http://localhost.evil.org", "http://localhost@evil.org",
        "http://localhost:3000@evil.org", "http://localhost:3000\\@evil.org", "//evil.org", "javascript:alert(1)",
        "http://localhost:3000/#x", "http://localhost:3000/?x=1", "http://localhost:3000\n.evil.org", "http://127.0.0.1.evil.org",
        "HTTP://localhost:3000", "http://[::1].evil.org", "http://localhost:3000/../x y",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(browser, person, uri):
    for answer in (
        browser.get(AUTHORIZE, params={**ASKED, "redirect_uri": uri}),
        browser.post(AUTHORIZE, data={**ASKED, "redirect_uri": uri, "api_key": person.key}),
    ):
        assert (answer.status_code, answer.headers.get("location")) == (422, None)


@pytest.mark.parametrize(
    "changes",
    [{"response_type": "token"}, {"code_challenge_method": "plain"}, {"code_challenge": "short"}, {"client_id": "<b>"}],
)
def test_what_is_no_question_is_refused(browser, changes):
    assert browser.get(AUTHORIZE, params={**ASKED, **changes}).status_code == 422


def test_the_form_is_taken_from_its_own_page_alone(browser, server, person):
    fields = fields_of(browser.get(AUTHORIZE, params=ASKED))
    sent = {**fields, "api_key": person.key}
    with httpx.Client(base_url=server.url) as other:
        assert other.post(AUTHORIZE, data=sent).status_code == 403
    assert browser.post(AUTHORIZE, data={**sent, "token": "x"}).status_code == 403
    assert browser.post(AUTHORIZE, data=sent, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.post(AUTHORIZE, data={**ASKED, "api_key": person.key}).status_code == 403
    assert browser.post(AUTHORIZE, data=sent).status_code == 303


def test_the_page_is_fenced_and_says_what_is_asked(browser):
    page = browser.get(AUTHORIZE, params={**ASKED, "state": '"><script>alert(1)</script>'})
    assert "<script" not in page.text
    assert fields_of(page)["state"] == '"><script>alert(1)</script>'
    assert ("fused" in page.text, "http://localhost:3000" in page.text) == (True, True)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    cookie = page.headers["set-cookie"].lower()
    assert ("httponly" in cookie, "samesite=strict" in cookie) == (True, True)


def test_a_wrong_key_is_told_on_the_page_and_not_shown(browser):
    fields = fields_of(browser.get(AUTHORIZE, params=ASKED))
    answer = browser.post(AUTHORIZE, data={**fields, "api_key": "hr_wrong_key"})
    assert (answer.status_code, "not known" in answer.text, "hr_wrong" in answer.text) == (401, True, False)


def test_state_comes_back(browser, person):
    page = browser.get(AUTHORIZE, params={**ASKED, "state": "a&b=c"})
    answer = browser.post(AUTHORIZE, data={**fields_of(page), "api_key": person.key})
    assert dict(httpx.URL(answer.headers["location"]).params)["state"] == "a&b=c"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"a=" + b"x" * 20_000, b'{"grant_type": "password"}'])
def test_what_is_no_request_for_a_token_is_told(browser, body):
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = browser.post(TOKEN, content=body, headers={"Content-Type": kind})
        assert (answer.status_code in {400, 413}, bool(answer.json()["detail"])) == (True, True)


def test_guessing_keys_is_slowed_down(guarded, afar):
    with afar(base_url=guarded.url) as browser:
        seen = []
        for n in range(5):
            fields = fields_of(browser.get(AUTHORIZE, params=ASKED))
            seen.append(browser.post(AUTHORIZE, data={**fields, "api_key": f"hr_{n}"}).status_code)
        assert seen == [401, 401, 401, 429, 429]
