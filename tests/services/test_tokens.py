"""Share tokens on both databases."""

import re
from datetime import timedelta

import pytest

import factories as make
from headrace.errors import Forbidden, Invalid, NotFound, TooLarge, Unauthenticated
from headrace.services import accounts, tokens, udfs
from headrace.services.call import Call, Platform
from headrace.store.cipher import Cipher


@pytest.fixture
def ann(admin):
    return make.somebody(admin, email="ann@example.org")


@pytest.fixture
def udf(ann):
    return make.udf(ann, "shared")


def test_a_token_opens_its_udf_and_nothing_else(platform, ann, udf):
    token = tokens.create(ann, udf.uid, client_id="x", cache=False, metadata_json={"a": [1, None]})
    make.udf(ann)
    assert re.fullmatch(r"fsh_\w{32}", token.token)
    assert tokens.resolve(platform, token.token) == (token, udf)
    assert (token.udf_slug, token.owner_email, token.client_id, token.cache) == (
        "shared",
        "ann@example.org",
        "x",
        False,
    )
    assert token.metadata_json == {"a": [1, None]}


def test_the_text_of_a_token_is_kept_for_its_owner_and_is_nowhere_in_the_database(platform, ann, udf):
    token = tokens.create(ann, udf.uid)
    assert tokens.list_own(ann, 0, 10).items == [token]
    with platform.db.read() as connection:
        kept = connection.exec_driver_sql("select * from access_tokens").all()
    assert token.token not in repr([[bytes(c) if isinstance(c, memoryview) else c for c in row] for row in kept])


def test_with_another_secret_key_tokens_still_open_and_are_listed_without_text(platform, ann, udf):
    token = tokens.create(ann, udf.uid)
    changed = Platform(platform.settings, platform.db, platform.blobs, Cipher(b"another key of 32 bytes, exactly"))
    assert tokens.resolve(changed, token.token)[0] == token
    (listed,) = tokens.list_own(Call(changed, ann.who), 0, 10).items
    assert "secret key has changed" in listed.token


@pytest.mark.parametrize("text", ["", "fsh_unknown", "nul\0", "half \ud800", "x" * 100_000])
def test_a_text_that_is_no_token_opens_nothing(platform, ann, text):
    for ask in (lambda: tokens.resolve(platform, text), lambda: tokens.get(ann, text)):
        with pytest.raises(NotFound):
            ask()


def test_a_token_that_is_switched_off_says_so_until_it_is_switched_on(platform, ann, udf):
    token = tokens.create(ann, udf.uid, enabled=False)
    with pytest.raises(Forbidden, match="switched off"):
        tokens.resolve(platform, token.token)
    tokens.update(ann, token, enabled=True)
    assert tokens.resolve(platform, token.token)[1] == udf


def test_an_expired_token_opens_nothing_and_tells_since_when(platform, ann, udf):
    token = tokens.create(ann, udf.uid, expires_in=timedelta(microseconds=1))
    with pytest.raises(Forbidden, match=f"expired on {token.expires_at:%Y-%m-%d}"):
        tokens.resolve(platform, token.token)
    assert tokens.resolve(platform, tokens.create(ann, udf.uid, expires_in=timedelta(days=1)).token)


@pytest.mark.parametrize("days", [0, -1, 999_999_999])
def test_a_token_that_expires_in_the_past_or_never_in_practice_is_refused(ann, udf, days):
    with pytest.raises(Invalid, match="expires"):
        tokens.create(ann, udf.uid, expires_in=timedelta(days=days))


def test_a_closed_account_shares_nothing(platform, admin, ann, udf):
    token = tokens.create(ann, udf.uid)
    accounts.update_user(admin, ann.user.id, active=False)
    with pytest.raises(NotFound):
        tokens.resolve(platform, token.token)


def test_a_deleted_token_opens_nothing(platform, ann, udf):
    token, other = tokens.create(ann, udf.uid), tokens.create(ann, udf.uid)
    assert tokens.delete(ann, tokens.get(ann, token.token)) == token
    for gone in (
        lambda: tokens.resolve(platform, token.token),
        lambda: tokens.get(ann, token.token),
        lambda: tokens.update(ann, token, enabled=True),
    ):
        with pytest.raises(NotFound):
            gone()
    assert tokens.resolve(platform, other.token)[0] == other


def test_none_leaves_a_field_as_it_was(ann, udf):
    token = tokens.create(ann, udf.uid, client_id="x", metadata_json={"a": 1}, cache=False, access_scope="s")
    unchanged = {"client_id": None, "metadata_json": None, "cache": None, "enabled": None, "public_read": None}
    again = tokens.update(ann, token, **unchanged)
    assert again.updated_at > token.updated_at
    assert (again.client_id, again.metadata_json, again.cache, again.access_scope) == ("x", {"a": 1}, False, "s")
    assert tokens.update(ann, token, metadata_json={}).metadata_json == {}


def test_the_metadata_of_a_token_has_a_bound(ann, udf):
    large = {"a": "x" * tokens.LARGEST_METADATA}
    with pytest.raises(TooLarge):
        tokens.create(ann, udf.uid, metadata_json=large)
    with pytest.raises(TooLarge):
        tokens.update(ann, tokens.create(ann, udf.uid), metadata_json=large)


def test_tokens_are_their_owners_business(admin, ann, udf):
    token, bob = tokens.create(ann, udf.uid), make.somebody(admin)
    for hidden in (
        lambda: tokens.get(bob, token.token),
        lambda: tokens.get_by_id(bob, udf.uid, token.id),
        lambda: tokens.get_by_id(ann, "another", token.id),
        lambda: tokens.list_own(bob, 0, 10, udf.uid),
    ):
        with pytest.raises(NotFound):
            hidden()
    assert tokens.list_own(bob, 0, 10).total == 0


def test_reading_public_code_gives_no_right_to_share_it(admin, ann):
    public = make.udf(ann, public_read=True)
    with pytest.raises(NotFound):
        tokens.create(make.somebody(admin), public.uid)


def test_tokens_are_listed_newest_first_and_by_udf(ann, udf):
    other = make.udf(ann)
    made = [tokens.create(ann, u.uid) for u in (udf, other, udf)]
    assert [t.id for t in tokens.list_own(ann, 0, 2).items] == [made[2].id, made[1].id]
    assert [t.id for t in tokens.list_own(ann, 2, 2).items] == [made[0].id]
    assert tokens.list_own(ann, 3, 2).items == []
    assert [t.id for t in tokens.list_own(ann, 0, 9, udf.uid).items] == [made[2].id, made[0].id]
    assert tokens.list_own(ann, 0, 1).total == 3


def test_holding_a_token_is_no_right_to_read_the_code(platform, admin, ann, udf):
    token = tokens.create(ann, udf.uid)
    stranger, bob = Call(platform, None), make.somebody(admin)
    assert tokens.shared(ann, token.token) == udf
    for refused in (stranger, bob):
        with pytest.raises(Forbidden):
            tokens.shared(refused, token.token)
    public = udfs.update(ann, udf.uid, public_read=True)
    assert tokens.shared(stranger, token.token) == public


def test_a_token_follows_its_udf(platform, ann, udf):
    token = tokens.create(ann, udf.uid)
    saved = udfs.update(ann, udf.uid, slug="renamed", body=make.body("def udf(): return 2"))
    again, opened = tokens.resolve(platform, token.token)
    assert (opened, again.udf_slug) == (saved, "renamed")


def test_the_last_use_of_a_token_is_written_down_behind_the_answer(platform, ann, udf):
    token = tokens.create(ann, udf.uid)
    tokens.resolve(platform, token.token)
    assert tokens.get(ann, token.token).last_used_at is None
    platform.uses.write(platform.db)
    assert tokens.get(ann, token.token).last_used_at >= token.created_at


def test_who_is_not_known_makes_no_tokens(platform, udf):
    with pytest.raises(Unauthenticated):
        tokens.create(Call(platform, None), udf.uid)
