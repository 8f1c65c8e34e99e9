"""Tokens under attack: guessing, using them after their end or elsewhere, and looking for their text."""

import threading

import httpx
import pytest

from calling import Gate, save, share, shared
from conftest import serving, wait_until
from fused_wire import detail
from published import Person

ONE = "def udf(n: int = 1):\n    print('called')\n    return n\n"
BROKEN = "def udf():\n    raise ValueError(fused.context.get_user_email())\n"


def test_guessing_tokens_ends_and_those_that_were_right_go_on(guarded, owner, afar):
    with afar(base_url=guarded.url) as stranger:
        known, late = (share(owner, save(owner, slug, ONE)["id"]) for slug in ("known", "late"))
        assert stranger.get(shared(known)).json() == 1
        # A page that keeps asking with a token that was revoked makes one guess.
        assert {stranger.get(shared("fsh_revoked")).status_code for _ in range(10)} == {404}
        guesses = [stranger.get(shared(f"fsh_guess{n}")) for n in range(5)]
        assert [answer.status_code for answer in guesses] == [404, 404, 429, 429, 429]
        assert int(guesses[-1].headers["retry-after"]) <= 60
        assert stranger.get(shared(known)).json() == 1
        refused = stranger.get(shared(late))
        assert (refused.status_code, "guesses" in detail(refused)) == (429, True)


@pytest.mark.parametrize(
    "path",
    [
        "realtime-shared/{}/tilejson.json",
        "realtime-shared/{}/about.json",
        "realtime-shared/{}/openapi.json",
        "udf/shared/by-token/{}",
        "udf/shared/by-token/{}/one",
    ],
)
def test_whatever_a_token_opens_guesses_at_it_are_counted(guarded, owner, afar, path):
    known = share(owner, save(owner, "one", ONE)["id"])
    with afar(base_url=f"{guarded.url}/server/v1/", timeout=60) as stranger:
        before = stranger.get(path.format(known))
        assert before.status_code == (403 if "by-token" in path else 200)
        guesses = [stranger.get(path.format(f"fsh_guess{n}")) for n in range(5)]
        assert [answer.status_code for answer in guesses] == [404, 404, 404, 429, 429]
        assert int(guesses[-1].headers["retry-after"]) <= 60
        # Counted together: who was sent away here is sent away there.
        assert stranger.get("realtime-shared/fsh_other/run").status_code == 429


def test_guessing_a_passcode_ends(guarded, owner, afar):
    with afar(base_url=guarded.url) as stranger:
        made = owner.post("/server/v1/collection/new", json={"name": "locked", "passcode": "open sesame"}).json()
        save_into = {"slug": "one", "udf_body": '{"code": "def udf(): return 1", "entrypoint": "udf"}'}
        owner.post("/server/v1/udf/new", json={**save_into, "collection_id": made["id"]})
        asked = {"collection_id": made["id"]}
        token = owner.post("/server/v1/collection/share", params=asked).json()["share_token"]
        url = shared(token, "/one/run")
        assert owner.get(url).json() == 1

        def status(passcode: str) -> int:
            return stranger.get(url, headers={"Authorization": f"Fused-Canvas-Passcode {passcode}"}).status_code

        assert [status(f"guess {n}") for n in range(5)] == [403, 403, 403, 429, 429]
        assert status("open sesame") == 429


def test_what_is_unknown_is_told_in_one_way(web, open_web):
    token = web.share(ONE)
    web.delete(f"/server/v1/udf-access-token/by-token/{token}")
    unknown = [
        token,
        token[:-1],
        token + "a",
        "fsh_",
        "UDF_x",
        "0" * 64,
        "x" * 3000,
        token.upper(),
        "fsh_%C3%A4",
    ]
    answers = {(a.status_code, a.text) for a in (open_web.get(shared(text)) for text in unknown)}
    assert len(answers) == 1
    assert open_web.get(shared("fsh_%00")).status_code == 422
    collections = [open_web.get(shared(text, "/one/run")) for text in ("fc_", "fc_unknown", "fc_unknown-one")]
    assert {a.status_code for a in collections} == {404}
    assert {a.text for a in collections} == {text for status, text in answers if status == 404}


def test_a_call_under_way_finishes_when_its_token_is_revoked_and_no_other_begins(web, open_web):
    one = Gate(web)
    token, came = web.share(f"{one.code}\ndef udf():\n    knock()\n    return 'finished'\n"), []
    calling = threading.Thread(target=lambda: came.append(open_web.get(shared(token))))
    calling.start()
    one.knocked()
    web.delete(f"/server/v1/udf-access-token/by-token/{token}")
    assert web.get(shared(token)).status_code == 404
    one.open()
    calling.join()
    assert (came[0].status_code, came[0].json()) == (200, "finished")


def test_a_token_opens_its_own_udf_alone(web, open_web):
    one, two = (save(web, slug, ONE) for slug in ("one", "two"))
    token = share(web, one["id"])
    assert open_web.get(shared(token, "/one/run")).json() == 1
    for path in ("/two/run", "/two/run/file", "/two/run/tiles/0/0/0", "/two.json"):
        assert open_web.get(shared(token, path)).status_code == 404
    # It is no key, and no session of a collection's.
    for scheme in ("Bearer", "Fused-Service-Token", "Basic"):
        headers = {"Authorization": f"{scheme} {token}"}
        assert open_web.get(f"/server/v1/udf/by-id/{two['id']}", headers=headers).status_code == 401
    asked = {"Authorization": f"Bearer {token}"}
    assert (
        open_web.post("/server/v1/udf-access-token/new", json={"udf_id": one["id"]}, headers=asked).status_code == 401
    )


def test_a_token_that_is_switched_off_or_over_opens_nothing(web, open_web):
    saved = save(web, "ending", ONE)
    token = share(web, saved["id"])
    url = f"/server/v1/udf-access-token/by-token/{token}"
    assert open_web.get(shared(token)).status_code == 200
    web.post(url, json={"enabled": False})
    assert open_web.get(shared(token)).status_code == 403
    made = web.post(f"/api/udfs/{saved['id']}/tokens", json={"expiresIn": 1})
    assert made.status_code == 201, made.text
    wait_until(lambda: open_web.get(shared(made.json()["token"])).status_code == 403)
    after = [open_web.get(shared(made.json()["token"])) for _ in range(5)]
    assert [(answer.status_code, "expired" in detail(answer)) for answer in after] == [(403, True)] * 5


def test_nobody_makes_a_token_for_somebody_elses_udf(web, server):
    saved = save(web, "mine", ONE)
    with server.client(Person(server, "thief").key) as thief:
        for body in (
            {"udf_id": saved["id"]},
            {"udf_email": web.email, "udf_slug": "mine"},
            {"udf_id": saved["id"], "udf_email": web.email, "public_read": True},
        ):
            assert thief.post("/server/v1/udf-access-token/new", json=body).status_code == 404
        assert thief.post(f"/api/udfs/{saved['id']}/tokens", json={}).status_code == 404


def test_a_session_token_opens_its_own_collection_alone(web, open_web):
    urls, sessions = [], []
    for name in ("a", "b"):
        made = web.post("/server/v1/collection/new", json={"name": name}).json()
        web.save(ONE, "one", collection_id=made["id"])
        shown = web.post("/server/v1/collection/share", params={"collection_id": made["id"]}).json()["share_token"]
        urls.append(shared(shown, "/one/run"))
        minted = web.post(f"/server/v1/session-token/by-access-token/{shown}", json={"ttl": 60})
        sessions.append(minted.json()["session_token"])
    for url, own in zip(urls, sessions, strict=True):
        for session in sessions:
            status = open_web.get(url, params={"fused_session_token": session}).status_code
            assert status == (200 if session == own else 403)
    token = web.share(ONE, access_scope="team")
    assert open_web.get(shared(token), params={"fused_session_token": sessions[0]}).status_code == 401
    # It mints no other, and is no key.
    for headers in ({}, {"Authorization": f"Bearer {sessions[0]}"}):
        made = open_web.post(
            f"/server/v1/session-token/by-access-token/{urls[0].split('/')[4]}",
            params={"fused_session_token": sessions[0]},
            json={"ttl": 60},
            headers=headers,
        )
        assert made.status_code == 401


def test_no_secret_is_found_in_the_home_the_log_or_the_history(tmp_path):
    with serving(tmp_path / "home", workers=1, log_level="debug") as server, server.client() as owner:
        stranger = httpx.Client(base_url=server.url)
        token = share(owner, save(owner, "one", ONE)["id"])
        broken = share(owner, save(owner, "broken", BROKEN)["id"])
        made = owner.post("/server/v1/collection/new", json={"name": "c", "passcode": "open sesame"}).json()
        owner.post(f"/server/v1/collection/by-id/{made['id']}", json={"udfs": [{"id": save(owner, "in", ONE)["id"]}]})
        canvas = owner.post("/server/v1/collection/share", params={"collection_id": made["id"]}).json()["share_token"]
        url = f"/server/v1/session-token/by-access-token/{canvas}"
        session = owner.post(url, json={"ttl": 60}).json()["session_token"]
        owner.put("/server/v1/realtime/local/api/v1/secrets/KEY", json={"value": "a hidden value"})
        right, wrong = ({"Authorization": f"Fused-Canvas-Passcode open {word}"} for word in ("sesame", "sesami"))
        for answer, status in (
            (stranger.get(shared(token)), 200),
            (stranger.get(shared(broken)), 422),
            (stranger.get(shared(token, "/other/run")), 404),
            (stranger.get(shared(canvas, "/in/run"), params={"fused_session_token": session}), 200),
            (
                stranger.get(shared(canvas, "/in/run"), headers=right),
                200,
            ),
            (
                stranger.get(shared(canvas, "/in/run"), headers=wrong),
                403,
            ),
            (owner.get("/server/v1/realtime/local/api/v1/secrets/KEY"), 200),
        ):
            assert answer.status_code == status, answer.text
        wait_until(lambda: owner.get("/api/runs").json()[0]["door"] == "token")
        assert token not in owner.get("/api/runs").text + owner.get("/server/v1/log/self").text
        stranger.close()
        hidden = [token, broken, canvas, session, "open sesame", "open sesami", "a hidden value"]
        server.stop()
        files = [server.log, *(path for path in server.home.rglob("*") if path.is_file())]
        assert len(files) > 3
        for path in files:
            kept = path.read_bytes()
            assert not [text for text in hidden if text.encode() in kept], path
