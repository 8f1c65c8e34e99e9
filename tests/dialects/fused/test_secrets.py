"""Secrets: the published client, and plain HTTP."""

import pytest

from fused_wire import detail
from published import Person

ENVIRONMENT = "/server/v1/realtime/{}/api/v1/secrets"
USER = "/server/v1/secrets/self/user"


def test_the_client_keeps_reads_lists_and_forgets_secrets(new):
    said = new.run("""
        fused.secrets["A_KEY"] = "hidden: ä"
        got = [fused.secrets["A_KEY"], fused.secrets.A_KEY, "A_KEY" in dir(fused.secrets), len(fused.secrets) >= 1]
        other = api.get_secret_value("A_KEY", client_id="another-kernel")
        del fused.secrets["A_KEY"]
        try:
            fused.secrets["A_KEY"]
        except Exception as wrong:
            got.append("no secret" in str(wrong))
        answer = [got, other, "A_KEY" in dir(fused.secrets)]
    """)
    assert said.answer == [["hidden: ä", "hidden: ä", True, True, True], "hidden: ä", False]


def test_the_client_reads_what_a_person_keeps_for_themselves(server, new):
    with server.client(new.key) as http:
        assert http.put(f"{USER}/MINE", json={"value": "my own"}).json() == "MINE"
    said = new.run("answer = [fused.user_secrets['MINE'], fused.user_secrets.MINE, list(fused.user_secrets)]")
    assert said.answer == ["my own", "my own", ["MINE"]]


def test_values_are_for_their_owner_alone(web, server, open_web):
    url = ENVIRONMENT.format("local")
    web.put(f"{url}/KEY", json={"value": "hidden"})
    web.put(f"{USER}/KEY", json={"value": "hidden"})
    assert web.get(url).json() == {"KEY": None}
    assert web.get(f"{USER}/KEY").json() == {"value": "hidden"}
    with server.client(Person(server, "stranger").key) as stranger:
        assert (stranger.get(url).json(), stranger.get(USER).json()) == ({}, {"secrets": []})
        for path in (f"{url}/KEY", f"{USER}/KEY"):
            assert [stranger.get(path).status_code, stranger.delete(path).status_code] == [404, 404]
    for path in (url, USER, f"{url}/KEY", f"{USER}/KEY"):
        assert open_web.get(path).status_code == 401
    assert web.delete(f"{USER}/KEY").status_code == 200
    assert web.get(f"{url}/KEY").json() == "hidden"


@pytest.mark.parametrize("url", [ENVIRONMENT.format("local"), USER])
def test_what_cannot_be_kept_is_told(web, url):
    for name, body in (("a%20b", {"value": "x"}), ("KEY", {"value": 7}), ("KEY", {}), ("KEY", {"value": "nul\0"})):
        answer = web.put(f"{url}/{name}", json=body)
        assert (answer.status_code, bool(detail(answer))) == (422, True)
    assert web.put(f"{url}/KEY", json={"value": "x" * (65 << 10)}).status_code == 413
