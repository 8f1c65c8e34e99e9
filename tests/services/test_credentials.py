"""Credentials: kept encrypted, used by who may see them, sent where they were given for; on both databases."""

import pytest
import sqlalchemy as sa

from factories import somebody
from headrace.db import tables as t
from headrace.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from headrace.model.database import WAREHOUSE
from headrace.model.object import Level
from headrace.model.page import Page
from headrace.services import changes, connections, credentials, dependencies, hosts, objects, sharing
from headrace.services.credentials import CREDENTIAL, Choice
from headrace.services.hosts import HOST

PAGE = Page(limit=1000, order="updated_at")
SECRET = "correct horse battery"


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, name="Bob")


def credential(caller, **fields):
    given = {"type": "Database", "username": "ada", "password": SECRET, **fields}
    return credentials.create_credential(caller, **given)


def host(caller, url="postgresql://db.example.org/sales", **fields):
    given = {"name": "Sales", "type": "RemoteHostTypes::Postgres", "url": url, **fields}
    return hosts.create_host(caller, **given)


def listed(caller, **choice):
    return [one.name for one in credentials.list_credentials(caller, Choice(**choice), PAGE).items]


def password(caller, credential_id, at=None):
    return credentials.login_for(caller, at or host(caller), credential_id).password


def test_a_password_is_encrypted_for_its_row_and_shown_nowhere(platform, ada):
    made = credential(ada)
    other = credential(ada, username="other", password="another")
    assert SECRET not in repr(made)
    with platform.db.begin() as connection:
        dump = [repr(row) for table in t.metadata.sorted_tables for row in connection.execute(sa.select(table))]
        rows = t.credentials
        secret = connection.execute(sa.select(rows.c.secret).where(rows.c.id == made.id)).scalar()
        connection.execute(rows.update().where(rows.c.id == other.id).values(secret=secret))
    assert SECRET not in "".join(dump)
    assert password(ada, made.id) == SECRET
    with pytest.raises(Exception, match="cannot be read"):
        password(ada, other.id)


def test_the_name_is_the_username_unless_said(ada):
    assert credential(ada).name == "ada"
    assert credential(ada, name="Mine").name == "Mine"


def test_one_of_a_type_is_the_default(ada, bob):
    assert listed(ada, default=True) == ["default"]
    mine = credential(ada, name="mine", default=True)
    keys = credential(ada, name="keys", type="Custom", default=True)
    credential(bob, name="theirs", default=True)
    assert listed(ada, default=True) == ["mine"]
    assert listed(ada, default=True, types=["Custom"]) == ["keys"]
    second = credential(ada, name="second")
    credentials.update_credential(ada, second.id, {"default": True})
    assert not credentials.get_credential(ada, mine.id).is_default
    credentials.update_credential(ada, keys.id, {"type": "Database"})
    assert listed(ada, default=True) == ["keys"]
    assert listed(bob, default=True) == ["theirs"]


def test_a_credential_that_is_given_away_is_nobodys_default(ada, bob):
    mine = credential(ada, name="mine", default=True)
    dependencies.transfer(ada, CREDENTIAL, mine.id, bob.user.id, along=False)
    assert listed(bob, default=True) == ["default"]
    with pytest.raises(Forbidden, match="owner's to say"):
        credentials.update_credential(ada, mine.id, {"default": True})


def test_lists_are_narrowed(admin, ada, bob):
    shop = host(ada)
    credential(ada, name="For the shop", remote_host_id=shop.id)
    credential(ada, name="keys", type="Amazon Web Services S3")
    theirs = credential(bob, name="theirs")
    sharing.share_with_users(bob, CREDENTIAL, theirs.id, [ada.user.id], Level.READ)
    assert set(listed(ada)) == {"default", "For the shop", "keys", "theirs"}
    assert set(listed(ada, types=["Custom", "Amazon Web Services S3"])) == {"keys"}
    assert listed(ada, remote_host_id=shop.id) == ["For the shop"]
    assert listed(ada, users=[bob.user.id]) == ["theirs"]
    assert listed(ada, name="THE s") == ["For the shop"]
    assert listed(ada, provider="salesforce") == []
    assert listed(ada, system=True) == []
    credential(admin, name="of the server", system=True)
    assert listed(admin, system=True) == ["of the server"]
    with pytest.raises(Invalid, match="'Unheard Of'"):
        listed(ada, types=["Unheard Of"])


def test_a_stranger_gets_nothing_and_a_reader_uses_what_they_cannot_change(ada, bob):
    shop = host(ada)
    mine = credential(ada, remote_host_id=shop.id)
    with pytest.raises(NotFound):
        credentials.get_credential(bob, mine.id)
    with pytest.raises(NotFound):
        credentials.login_for(bob, shop, mine.id)
    sharing.share_with_users(ada, CREDENTIAL, mine.id, [bob.user.id], Level.READ)
    assert credentials.login_for(bob, shop, mine.id).password == SECRET  # which the server uses, and does not tell
    with pytest.raises(Forbidden):
        credentials.update_credential(bob, mine.id, {"name": "Mine"})
    with pytest.raises(Forbidden):
        credentials.delete_credential(bob, mine.id)


def test_who_reads_a_credential_cannot_have_it_sent_to_a_host_of_theirs(ada, bob):
    shop, trap = host(ada), host(bob, "postgresql://trap.example.org/x", name="Trap")
    bound, loose = credential(ada, remote_host_id=shop.id), credential(ada, username="loose")
    for one in (bound, loose):
        sharing.share_with_users(ada, CREDENTIAL, one.id, [bob.user.id], Level.MANAGE)
    with pytest.raises(Invalid, match="another host"):
        credentials.login_for(bob, trap, bound.id)
    with pytest.raises(Forbidden, match="only its owner"):
        credentials.login_for(bob, trap, loose.id)
    for one in (bound, loose):
        with pytest.raises(Invalid, match="password too"):
            credentials.update_credential(bob, one.id, {"remote_host_id": trap.id})
    assert credentials.login_for(ada, trap, loose.id).password == SECRET
    moved = credentials.update_credential(bob, bound.id, {"remote_host_id": trap.id}, password="Bob's own")
    assert moved.remote_host_name == "Trap"
    assert credentials.login_for(bob, trap, bound.id).password == "Bob's own"


@pytest.mark.parametrize(
    "url",
    ["postgresql://trap.example.org/sales", "postgresql://db.example.org:6543/sales",
     "postgresql://db.example.org/sales?sslmode=disable"],
)  # fmt: skip
def test_a_host_that_moves_does_not_take_passwords_along(ada, bob, url):
    shop = host(bob)
    sharing.share_with_users(bob, HOST, shop.id, [ada.user.id], Level.READ)
    mine = credential(ada, remote_host_id=shop.id)
    assert credentials.login_for(ada, hosts.update_host(bob, shop.id, description="Ours"), None).password == SECRET
    moved = hosts.update_host(bob, shop.id, url=url)
    with pytest.raises(Conflict, match="save the credential again"):
        credentials.login_for(ada, moved, None)
    credentials.update_credential(ada, mine.id, {}, password="a new one")
    assert credentials.login_for(ada, moved, None).password == "a new one"


def test_without_a_name_ones_own_credential_for_the_host_is_used(ada, bob):
    shop = host(ada)
    with pytest.raises(Invalid, match="no credential for Sales"):
        credentials.login_for(ada, shop, None)
    credential(ada, username="first", remote_host_id=shop.id)
    assert credentials.login_for(ada, shop, None).username == "first"
    credential(ada, username="second", remote_host_id=shop.id, default=True)
    credential(ada, username="third", remote_host_id=shop.id)
    assert credentials.login_for(ada, shop, None).username == "second"
    theirs = credential(bob, username="bob")
    sharing.share_with_users(bob, CREDENTIAL, theirs.id, [ada.user.id], Level.READ)
    assert credentials.login_for(ada, shop, None).username == "second"


def test_a_host_may_be_made_along_with_its_credential(ada):
    new = credentials.NewHost(name="Shop", type="RemoteHostTypes::Postgres", url="postgresql://shop.example.org/shop")
    first, second = credential(ada, remote_host=new), credential(ada, username="again", remote_host=new)
    assert first.remote_host_name == "Shop"
    assert first.remote_host_id == second.remote_host_id


def test_every_user_has_a_credential_for_the_warehouse_that_stays_as_it_is(admin, ada):
    (warehouse,) = [one for one in hosts.list_hosts(ada) if one.type == WAREHOUSE]
    assert warehouse.name == "warehouse"
    for caller in (admin, ada):
        (own,) = credentials.list_credentials(caller, Choice(default=True, types=["Database"]), PAGE).items
        assert (own.name, own.username, own.remote_host_id) == ("default", caller.user.username, warehouse.id)
    for given, more in (({"username": "eve"}, {}), ({"type": "Custom"}, {}), ({}, {"password": "x"})):
        with pytest.raises(Conflict, match="comes with the account"):
            credentials.update_credential(ada, own.id, given, **more)
    with pytest.raises(Conflict, match="another one the default"):
        credentials.delete_credential(ada, own.id)
    with pytest.raises(Invalid, match="takes no other"):
        credential(ada, remote_host_id=warehouse.id)
    for change in (
        lambda: hosts.delete_host(admin, warehouse.id),
        lambda: hosts.update_host(admin, warehouse.id, name="x"),
    ):
        with pytest.raises(Conflict, match="comes with the server"):
            change()
    assert credentials.update_credential(ada, own.id, {"name": "mine", "default": False}).name == "mine"
    assert objects.level(ada, HOST, warehouse.id) is Level.READ
    with connections.catalogue(ada, warehouse) as found:
        assert found.list_schemas(None) == []


def test_changes_tell_that_a_password_changed_and_not_to_what(ada):
    mine = credential(ada)
    credentials.update_credential(ada, mine.id, {"description": "Sales"}, password="hunter2")
    credentials.delete_credential(ada, mine.id)
    log = [one for one in changes.list_changes(ada, PAGE, kind="credential").items if one.object_id == mine.id]
    assert [one.action for one in log] == ["delete", "update", "create"]
    assert log[1].after == {"description": "Sales", "password": "changed"}
    assert SECRET not in repr(log)
    assert "hunter2" not in repr(log)


def test_a_host_that_goes_leaves_its_credentials_to_their_owners(ada):
    shop = host(ada)
    mine = credential(ada, remote_host_id=shop.id)
    hosts.delete_host(ada, shop.id)
    assert credentials.get_credential(ada, mine.id).remote_host_id is None
    with pytest.raises(NotFound):
        hosts.get_host(ada, shop.id)


def test_only_an_administrator_makes_credentials_for_others(admin, ada, bob):
    with pytest.raises(Forbidden):
        credential(ada, user_id=bob.user.id)
    with pytest.raises(Forbidden):
        credential(ada, system=True)
    made = credential(admin, user_id=bob.user.id, default=True)
    assert made.owner_id == bob.user.id
    assert listed(bob, default=True) == ["ada"]
    with pytest.raises(Invalid, match="no user 999"):
        credential(admin, user_id=999)


def test_what_cannot_be_kept_is_refused_and_leaves_nothing_behind(ada):
    with pytest.raises(Invalid, match="'Nonsense'"):
        credential(ada, type="Nonsense")
    for long in ("x" * 70_000, "a\0b"):
        with pytest.raises(TooLarge, match="64 KB"):
            credential(ada, password=long)
    with pytest.raises(Invalid, match="surrogate"):
        credential(ada, password="\ud800")
    with pytest.raises(NotFound):
        credential(ada, remote_host_id=999)
    assert listed(ada) == ["default"]
