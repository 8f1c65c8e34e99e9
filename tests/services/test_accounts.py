"""Accounts on both databases."""

import re
import stat
import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

import factories as make
from headrace import settings as table
from headrace.db import accounts as rows
from headrace.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headrace.model.page import Page
from headrace.server import open_platform
from headrace.services import accounts
from headrace.services.call import Call

ALL = Page(limit=1000)


def test_a_key_opens_the_account_it_was_made_for(platform, admin):
    ann = make.user(admin, "Ann")
    _, text = accounts.create_key(admin, ann.id, "laptop")
    assert accounts.authenticate(platform, text).user == ann


def test_nothing_that_is_kept_shows_a_key(platform, admin):
    key, text = accounts.create_key(admin, admin.user.id, "laptop")
    assert key.hint == text[-4:]
    assert not hasattr(key, "digest")
    with platform.db.read() as connection:
        kept = connection.exec_driver_sql("select * from api_keys").all()
    assert text not in repr(kept)


@pytest.mark.parametrize("text", ["", "hr_unknown", "x" * 2000, "nul\0", "\ud800", "ключ"])
def test_a_text_that_is_no_key_opens_nothing(platform, admin, text):
    with pytest.raises(Unauthenticated):
        accounts.authenticate(platform, text)


def test_a_revoked_key_opens_nothing_and_says_so_to_its_holder(platform, admin):
    key, text = accounts.create_key(admin, admin.user.id, "laptop")
    revoked = accounts.revoke_key(admin, admin.user.id, key.id)
    assert revoked.revoked_at is not None
    with pytest.raises(Unauthenticated, match="revoked"):
        accounts.authenticate(platform, text)
    assert accounts.revoke_key(admin, admin.user.id, key.id) == revoked


def test_an_expired_key_opens_nothing_and_tells_since_when(platform, admin):
    key, text = accounts.create_key(admin, admin.user.id, "laptop", timedelta(microseconds=1))
    with pytest.raises(Unauthenticated, match=f"expired on {key.expires_at:%Y-%m-%d}"):
        accounts.authenticate(platform, text)


@pytest.mark.parametrize("days", [0, -1, 36_500, 999_999_999])
def test_a_key_that_expires_in_the_past_or_never_in_practice_is_refused(admin, days):
    with pytest.raises(Invalid, match="expires"):
        accounts.create_key(admin, admin.user.id, "laptop", timedelta(days=days))


def test_the_keys_of_a_closed_account_open_nothing(platform, admin):
    ann = make.user(admin)
    _, text = accounts.create_key(admin, ann.id, "laptop")
    accounts.update_user(admin, ann.id, active=False)
    with pytest.raises(Unauthenticated, match="closed"):
        accounts.authenticate(platform, text)


def test_the_last_use_of_a_key_is_written_down_behind_the_answer(platform, admin):
    key, text = accounts.create_key(admin, admin.user.id, "laptop")
    accounts.authenticate(platform, text)
    assert accounts.get_key(admin, admin.user.id, key.id).last_used_at is None
    platform.uses.write(platform.db)
    used = accounts.get_key(admin, admin.user.id, key.id).last_used_at
    assert timedelta(0) <= datetime.now(UTC) - used < timedelta(minutes=1)
    platform.uses.write(platform.db)
    assert accounts.get_key(admin, admin.user.id, key.id).last_used_at == used


def test_moments_come_back_in_utc(admin):
    key, _ = accounts.create_key(admin, admin.user.id, "laptop", timedelta(days=1))
    (again,) = (k for k in accounts.list_keys(admin, admin.user.id) if k.id == key.id)
    assert again == key
    assert again.created_at.utcoffset() == again.expires_at.utcoffset() == timedelta(0)


def test_users_keep_keys_of_their_own_only(admin):
    ann, bob = make.somebody(admin), make.somebody(admin)
    key, _ = accounts.create_key(ann, ann.user.id, "laptop")
    for forbidden in (
        lambda: accounts.create_key(bob, ann.user.id, "laptop"),
        lambda: accounts.list_keys(bob, ann.user.id),
        lambda: accounts.revoke_key(bob, ann.user.id, key.id),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    with pytest.raises(NotFound):
        accounts.revoke_key(bob, bob.user.id, key.id)
    assert accounts.list_keys(admin, ann.user.id) == [key]


def test_nobody_but_administrators_makes_accounts_and_groups(admin):
    ann = make.somebody(admin)
    for forbidden in (
        lambda: accounts.create_user(ann, name="Bob", email="bob@example.org"),
        lambda: accounts.create_group(ann, name="g"),
        lambda: accounts.update_user(ann, ann.user.id, admin=True),
        lambda: accounts.update_user(ann, admin.user.id, name="Mallory"),
    ):
        with pytest.raises(Forbidden):
            forbidden()


def test_who_is_not_known_sees_no_accounts(platform):
    stranger = Call(platform, None)
    for refused in (
        lambda: accounts.list_users(stranger, ALL),
        lambda: accounts.get_user(stranger, 1),
        lambda: accounts.find_user(stranger, "admin"),
        lambda: accounts.list_groups(stranger, ALL),
    ):
        with pytest.raises(Unauthenticated):
            refused()


@pytest.mark.parametrize("again", ["ann@example.org", "ANN@Example.org"])
def test_an_e_mail_belongs_to_one_user_however_it_is_written(admin, again):
    make.user(admin, email="Ann@example.org")
    with pytest.raises(Conflict, match="is there already"):
        make.user(admin, email=again)
    with pytest.raises(Conflict, match="belongs to another"):
        accounts.update_user(admin, make.user(admin).id, email=again)


def test_nobody_takes_the_name_that_another_was_known_by(admin):
    ann = make.user(admin, email="ann@example.org")
    accounts.update_user(admin, ann.id, email="ann@example.com")
    bob = make.somebody(admin)
    with pytest.raises(Conflict):
        accounts.update_user(bob, bob.user.id, email="ann@example.org")
    with pytest.raises(Conflict):
        make.user(admin, email="ann@example.org")
    with pytest.raises(Conflict):
        make.user(admin, username="ann@example.com")
    assert accounts.find_user(admin, "ANN@example.com").id == ann.id
    assert accounts.find_user(admin, "ann@example.org").id == ann.id


def test_one_may_keep_ones_own_e_mail(admin):
    ann = make.somebody(admin, email="ann@example.org")
    assert accounts.update_user(ann, ann.user.id, name="Ann B.", email="ANN@example.org").name == "Ann B."


@pytest.mark.parametrize("email", ["", "ann", "@", "a b@c", "a@b\n", "a@b@c", "\0@x", "x" * 300 + "@y"])
def test_what_is_no_e_mail_is_refused(admin, email):
    with pytest.raises(Invalid):
        accounts.create_user(admin, name="Ann", email=email)
    with pytest.raises(Invalid):
        accounts.update_user(admin, make.user(admin).id, email=email)


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "nul\0", "x" * 201])
def test_what_is_no_name_is_refused(admin, name):
    for refused in (
        lambda: accounts.create_user(admin, name=name, email="a@b"),
        lambda: accounts.update_user(admin, admin.user.id, name=name),
        lambda: accounts.create_group(admin, name=name),
        lambda: accounts.create_key(admin, admin.user.id, name),
    ):
        with pytest.raises(Invalid):
            refused()


@pytest.mark.parametrize("text", ["nul\0", "half \ud800"])
def test_asking_for_what_no_name_can_be_is_an_answer_on_both_databases(admin, text):
    for refused in (lambda: accounts.list_users(admin, ALL, text), lambda: accounts.find_user(admin, text)):
        with pytest.raises(Invalid):
            refused()


def test_a_query_is_looked_for_literally(admin):
    make.user(admin, "100 % Ann")
    make.user(admin, "Bob_by")
    assert [u.name for u in accounts.list_users(admin, ALL, "0 % a").items] == ["100 % Ann"]
    assert [u.name for u in accounts.list_users(admin, ALL, "b_b").items] == ["Bob_by"]
    assert accounts.list_users(admin, ALL, "%_").total == 0


def test_lists_come_in_pages(admin):
    made = [make.user(admin).id for _ in range(5)]
    pages = [accounts.list_users(admin, Page(limit=2, page_num=n, order="id", order_dir="asc")) for n in (1, 2, 3, 4)]
    assert [user.id for page in pages for user in page.items] == [admin.user.id, *made]
    assert {page.total for page in pages} == {6}
    assert accounts.list_users(admin, Page(order="no such column")).total == 6


def test_the_last_administrator_stays(admin):
    for change in ({"admin": False}, {"active": False}):
        with pytest.raises(Conflict, match="last administrator"):
            accounts.update_user(admin, admin.user.id, **change)
    ann = make.user(admin, admin=True)
    assert not accounts.update_user(admin, admin.user.id, admin=False).admin
    assert accounts.administrator(admin.platform).user == ann


def test_an_administrator_by_another_e_mail_is_still_the_administrator(platform, admin):
    accounts.update_user(admin, admin.user.id, email="root@example.org")
    assert accounts.ensure_admin(platform) is None
    assert accounts.list_users(admin, ALL).total == 1
    assert accounts.administrator(platform).user.email == "root@example.org"


def test_groups_hold_users(admin):
    ann, bob = make.user(admin, "Ann"), make.user(admin, "Bob")
    group = accounts.create_group(admin, name="Water team", description="They look after it")
    for who in (bob, ann, ann):
        accounts.add_member(admin, group.id, who.id)
    assert [user.name for user in accounts.list_members(admin, group.id)] == ["Ann", "Bob"]
    accounts.remove_member(admin, group.id, bob.id)
    assert accounts.list_members(admin, group.id) == [ann]
    with pytest.raises(NotFound):
        accounts.remove_member(admin, group.id, bob.id)
    with pytest.raises(NotFound):
        accounts.add_member(admin, group.id, 999)
    with pytest.raises(NotFound):
        accounts.add_member(admin, 999, ann.id)


def test_a_group_has_a_name_of_its_own(admin):
    group = accounts.create_group(admin, name="Water team")
    assert group.slug == "water-team"
    for name in ("Water team", "water/team"):
        with pytest.raises(Conflict):
            accounts.create_group(admin, name=name)
    other = accounts.create_group(admin, name="Вода")
    with pytest.raises(Conflict):
        accounts.update_group(admin, other.id, name="Water team")
    assert accounts.update_group(admin, group.id, description="d").name == "Water team"
    assert accounts.find_group(admin, "Вода") == other


def test_the_first_start_writes_the_key_for_its_owner_alone(home, database_url):
    platform = open_platform(table.load({"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": database_url}))
    text = accounts.ensure_admin(platform)
    assert re.fullmatch(r"hr_[\w-]{43}", text)
    assert (home / "admin.key").read_text() == text + "\n"
    assert stat.S_IMODE((home / "admin.key").stat().st_mode) == 0o600
    who = accounts.authenticate(platform, text).user
    assert (who.email, who.admin) == ("admin@localhost", True)
    assert accounts.ensure_admin(platform) is None
    platform.db.close()


def test_the_first_start_takes_the_key_of_the_settings_and_tells_it_to_nobody(home, database_url):
    environ = {"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": database_url, "HEADRACE_ADMIN_KEY": "chosen"}
    platform = open_platform(table.load(environ))
    assert accounts.ensure_admin(platform) is None
    assert not (home / "admin.key").exists()
    assert accounts.authenticate(platform, "chosen").user.admin
    platform.db.close()


def test_a_key_added_to_the_settings_later_is_one_more_key_of_the_administrator(platform, admin):
    later = msgspec.structs.replace(platform.settings, admin_key="chosen")
    platform = type(platform)(later, platform.db, platform.blobs, platform.cipher)
    for _ in range(2):
        assert accounts.ensure_admin(platform) is None
    assert accounts.authenticate(platform, "chosen").user == admin.user
    assert len(accounts.list_keys(admin, admin.user.id)) == 2


def test_of_several_first_starts_at_once_one_is_first(home, database_url):
    settings = table.load({"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": database_url})
    platforms = [open_platform(settings) for _ in range(4)]
    shown = []
    together = threading.Barrier(len(platforms))

    def start(platform) -> None:
        together.wait()
        shown.append(accounts.ensure_admin(platform))

    threads = [threading.Thread(target=start, args=(platform,)) for platform in platforms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (text,) = [text for text in shown if text]
    assert len(shown) == len(platforms)
    assert (home / "admin.key").read_text().strip() == text
    assert accounts.authenticate(platforms[0], text).user.admin
    assert [path.name for path in home.glob(".*")] == []
    for platform in platforms:
        platform.db.close()


def test_sessions_that_ended_long_ago_are_forgotten_when_another_begins(admin):
    caller = make.somebody(admin)
    soon = datetime.now(UTC) + timedelta(hours=1)
    first, _ = accounts.create_session(caller, "session", soon)
    other, _ = accounts.create_key(caller, caller.user.id, "session of somebody", timedelta(hours=1))
    with caller.platform.db.begin() as connection:
        for key in (first, other):
            rows.update_key(connection, key.id, expires_at=datetime.now(UTC) - timedelta(days=30))
    second, _ = accounts.create_session(caller, "session", soon)
    assert {key.id for key in accounts.list_keys(caller, caller.user.id)} == {other.id, second.id}
