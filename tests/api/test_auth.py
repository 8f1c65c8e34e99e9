"""Keys: every form they come in, and how long the server believes them."""

import asyncio
import threading
from base64 import b64encode

import pytest

from headrace.api.auth import Keys, key_of
from headrace.errors import Unauthenticated
from headrace.model.access import Principal


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        "Bearer hr_key-of-ann",
        "bearer hr_key-of-ann",
        "BEARER  hr_key-of-ann ",
        "Fused-Service-Token hr_key-of-ann",
        "Fused-Env-Bearer hr_key-of-ann",
        "Fused-Rtenv-Bearer hr_key-of-ann",
        "hr_key-of-ann",
        basic("hr_key-of-ann:"),
        basic("hr_key-of-ann:x"),
        basic("ann@example.org:hr_key-of-ann"),
        basic("hr_key-of-ann").replace("Basic", "BASIC"),
    ],
)
def test_a_key_is_taken_under_every_scheme_word(ask, header):
    assert ask("GET", "/api/things/me", key=None, headers={"Authorization": header}).json() == {"id": 1}


def test_a_key_is_taken_from_the_header_of_sql_clients(ask):
    response = ask("GET", "/api/things/me", key=None, headers={"X-TILEDB-REST-API-KEY": "hr_key-of-ann"})
    assert response.json() == {"id": 1}


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer wrong", "Basic %%%", basic(":"), "Bearer " + "x" * 10_000, "Bearer a\tb", "Bearer \xff"],
)
def test_no_key_or_a_wrong_one_is_a_401_that_says_how_to_send_one(ask, header):
    given = {"Authorization": header.encode("latin-1")} if header else {}
    response = ask("GET", "/api/things/me", key=None, headers=given)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "headrace keys create" in response.json()["detail"]


def test_what_is_public_answers_with_any_key_or_none(ask):
    assert ask("GET", "/api/things/open").json() == {"id": 1}
    assert ask("GET", "/api/things/open", key=None).json() == {"id": None}
    assert ask("GET", "/api/things/open", key="wrong").json() == {"id": None}


def test_a_missing_key_is_told_before_a_wrong_parameter(ask):
    assert ask("GET", "/api/things/x", key=None).status_code == 401


class Accounts:
    """Keys that open something, and how often they were asked for."""

    def __init__(self):
        self.open, self.asked, self.stamp = {"good"}, [], 0

    def authenticate(self, key):
        self.asked.append(key)
        if key not in self.open:
            raise Unauthenticated("It was closed.")
        return Principal(user=None, key_id=1)


@pytest.fixture
def accounts():
    return Accounts()


def test_a_key_is_looked_up_once_for_many_requests(accounts):
    keys = Keys(accounts.authenticate, seconds=60)

    async def many():
        await asyncio.gather(*(keys.principal("good") for _ in range(50)))
        await keys.principal("good")

    asyncio.run(many())
    assert accounts.asked == ["good"]


def test_a_wrong_key_is_looked_up_once_for_many_requests(accounts):
    keys = Keys(accounts.authenticate, seconds=60)

    async def many():
        for _ in range(5):
            with pytest.raises(Unauthenticated):
                await keys.principal("bad")

    asyncio.run(many())
    assert accounts.asked == ["bad"]


def test_a_key_is_looked_up_again_when_its_time_is_over(accounts):
    keys = Keys(accounts.authenticate, seconds=0)

    async def twice():
        await keys.principal("good")
        await keys.principal("good")

    asyncio.run(twice())
    assert accounts.asked == ["good", "good"]


def test_a_revoked_key_opens_nothing_from_the_next_request_on(accounts):
    keys = Keys(accounts.authenticate, lambda: accounts.stamp, seconds=60)

    async def revoke():
        await keys.principal("good")
        accounts.open.clear()
        accounts.stamp += 1
        with pytest.raises(Unauthenticated, match="It was closed"):
            await keys.principal("good")

    asyncio.run(revoke())


def test_what_was_looked_up_while_accounts_changed_is_not_remembered(accounts):
    reading, change = threading.Event(), threading.Event()

    def slow(key):
        found = accounts.authenticate(key)
        reading.set()
        change.wait(5)
        return found

    keys = Keys(slow, lambda: accounts.stamp, seconds=60)

    async def revoke():
        first = asyncio.create_task(keys.principal("good"))
        await asyncio.to_thread(reading.wait, 5)
        accounts.open.clear()
        accounts.stamp += 1
        change.set()
        await first
        with pytest.raises(Unauthenticated):
            await keys.principal("good")

    asyncio.run(revoke())


def test_a_caller_that_goes_away_does_not_take_the_answer_from_others(accounts):
    hold = threading.Event()

    def slow(key):
        hold.wait(5)
        return accounts.authenticate(key)

    keys = Keys(slow, seconds=60)

    async def leave():
        first, second = (asyncio.create_task(keys.principal("good")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        hold.set()
        assert await second
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(leave())
    assert accounts.asked == ["good"]


def test_the_cache_of_keys_is_bounded(accounts, monkeypatch):
    monkeypatch.setattr(Keys, "MOST", 5)
    keys = Keys(accounts.authenticate, seconds=60)

    async def guess():
        for number in range(20):
            with pytest.raises(Unauthenticated):
                await keys.principal(f"guess {number}")

    asyncio.run(guess())
    assert len(keys._known) <= 5


def test_a_request_without_headers_has_no_key():
    assert key_of([]) is None
