"""What is in a registered PostgreSQL database, as each caller's credential sees it; on both databases of our own."""

from types import SimpleNamespace

import psycopg
import pytest

import mail
from factories import somebody
from headrace.errors import Busy, Conflict, Forbidden, HostFailed, Invalid, LoginRefused, NotFound
from headrace.model.database import Login, TableFilter
from headrace.model.object import Level
from headrace.model.page import Page
from headrace.services import changes, connections, credentials, databases, hosts, sharing, tables
from headrace.services.call import Call
from headrace.services.hosts import HOST
from headrace.services.outward import EACH, Outward

SECRET = "correct horse battery"
THINGS = """
    CREATE SCHEMA shop;
    CREATE SCHEMA hidden;
    CREATE TABLE shop.sales (id bigint PRIMARY KEY, place varchar(30), sold timestamptz, price numeric(8, 2), ok bool);
    COMMENT ON TABLE shop.sales IS 'What was sold';
    COMMENT ON COLUMN shop.sales.place IS 'Where';
    INSERT INTO shop.sales SELECT n, CASE WHEN n % 4 > 0 THEN 'shop ' || n % 3 END, now(), n, true
    FROM generate_series(1, 100) n;
    CREATE TABLE shop."Sales" (a int, "B c" json);
    CREATE TABLE shop.sales_2024 (a int);
    CREATE TABLE shop.salesX2024 (a int);
    CREATE TABLE shop.kept (a int);
    CREATE VIEW shop.view AS SELECT id FROM shop.sales;
    CREATE TABLE hidden.salaries (a int);
    GRANT USAGE ON SCHEMA shop TO {ada}, {bob};
    GRANT SELECT ON shop.sales, shop."Sales", shop.sales_2024, shop.salesX2024, shop.view TO {ada};
    GRANT INSERT ON shop.sales TO {ada} WITH GRANT OPTION;
    GRANT INSERT ON shop.sales TO {bob};
    ANALYZE
"""


@pytest.fixture
def ada(admin):
    return somebody(admin, name="Ada")


@pytest.fixture
def bob(admin):
    return somebody(admin, name="Bob")


@pytest.fixture
def shop(postgresql, ada, bob):
    """A real database with people of its own, registered by Ada, shared with Bob; both have a credential for it."""
    url = postgresql.empty()
    name = url.rpartition("/")[2]
    roles = {who: f"{who}_{name}" for who in ("ada", "bob")}
    for role in roles.values():
        postgresql.person(role, SECRET)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(THINGS.format(**roles))
    at = url.replace("postgres@", "")
    host = hosts.create_host(ada, name="Shop", type="RemoteHostTypes::Postgres", url=at)
    sharing.share_with_users(ada, HOST, host.id, [bob.user.id], Level.READ)
    held = {
        who: credentials.create_credential(
            caller, type="Database", username=role, password=SECRET, remote_host_id=host.id
        )
        for caller, (who, role) in zip((ada, bob), roles.items(), strict=True)
    }
    return SimpleNamespace(id=host.id, url=url, at=at, host=host, roles=roles, held=held)


def names(caller, shop, **wanted):
    return [one.table.name for one in tables.list_tables(caller, TableFilter(**wanted), shop.id).items]


def test_each_sees_what_their_credential_sees(ada, bob, shop):
    assert databases.list_schemas(ada, shop.id, None, None) == ["public", "shop"]
    assert databases.list_schemas(ada, shop.id, None, "SHO") == ["shop"]
    assert names(ada, shop) == ["Sales", "sales", "sales_2024", "salesx2024", "view"]
    assert names(bob, shop) == ["sales"]
    with pytest.raises(NotFound, match="no table 'salaries'"):
        tables.find_table(ada, shop.id, "hidden", "salaries")
    with pytest.raises(NotFound):
        tables.find_table(bob, shop.id, "shop", "view")


def test_a_stranger_learns_nothing_of_a_database(admin, shop):
    eve = somebody(admin, name="Eve")
    for ask in (
        lambda: databases.list_schemas(eve, shop.id, None, None),
        lambda: tables.list_tables(eve, TableFilter(), shop.id),
        lambda: connections.authenticate(eve, shop.id, None, shop.held["ada"].id),
        lambda: databases.list_ips(eve, shop.id),
    ):
        with pytest.raises(NotFound, match=f"{shop.id}"):
            ask()
    sharing.share_with_users(somebody_of(shop, eve), HOST, shop.id, [eve.user.id], Level.READ)
    with pytest.raises(NotFound, match="no credential"):
        databases.list_schemas(eve, shop.id, shop.held["ada"].id, None)
    with pytest.raises(Invalid, match="no credential for Shop"):
        databases.list_schemas(eve, shop.id, None, None)


def somebody_of(shop, caller):
    """A call as the owner of the shop."""
    from headrace.services import accounts

    return Call(caller.platform, accounts.principal_of(caller.platform, shop.host.owner_id))


def test_an_exact_name_comes_first_and_wildcards_are_wildcards(ada, shop):
    assert names(ada, shop, name="sales") == ["sales", "Sales"]
    assert names(ada, shop, name="Sales") == ["Sales", "sales"]
    assert names(ada, shop, schema="SHOP", name="sales_2024") == ["sales_2024"]
    assert names(ada, shop, name="sales%") == names(ada, shop, name="*SALES*")
    assert names(ada, shop, name="sales%", descending=True)[0] == "salesx2024"
    assert names(ada, shop, search="op.sales_") == ["sales_2024"]
    assert names(ada, shop, contains="ES_20") == ["sales_2024"]
    assert names(ada, shop, column="b C") == ["Sales"]
    assert names(ada, shop, name="100% 'x' \\ \" ; --") == []
    assert names(ada, shop, schema="shop", limit=2, offset=2) == ["sales_2024", "salesx2024"]
    assert tables.list_tables(ada, TableFilter(limit=2), shop.id).total == 5


def test_a_table_keeps_its_id(ada, bob, shop):
    first = {one.table.name: one.known.id for one in tables.list_tables(ada, TableFilter(), shop.id).items}
    assert {one.table.name: one.known.id for one in tables.list_tables(ada, TableFilter(), shop.id).items} == first
    assert tables.list_tables(bob, TableFilter(), shop.id).items[0].known.id == first["sales"]
    assert tables.get_table(ada, first["view"]).table.is_view
    with pytest.raises(NotFound):
        tables.get_table(bob, first["view"])
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute("DROP TABLE shop.sales_2024")
    with pytest.raises(NotFound, match="sales_2024"):
        tables.get_table(ada, first["sales_2024"])


def test_a_table_is_described(ada, shop):
    seen = tables.find_table(ada, shop.id, "shop", "sales")
    table = seen.table
    assert (table.rows, table.column_count, table.is_view, table.owner) == (100, 5, False, "postgres")
    assert (seen.description, table.primary_key, table.readable) == ("What was sold", ("id",), True)
    assert table.size > 8000
    assert [(c.name, c.order, c.sql_type, c.generic_type, c.nullable) for c in table.columns] == [
        ("id", 1, "bigint", "integer", False),
        ("place", 2, "character varying(30)", "string", True),
        ("sold", 3, "timestamp with time zone", "timestamp", True),
        ("price", 4, "numeric(8,2)", "decimal", True),
        ("ok", 5, "boolean", "boolean", True),
    ]
    assert table.columns[1].description == "Where"
    assert "FROM shop.sales" in tables.find_table(ada, shop.id, "shop", "view").table.definition


def test_a_refresh_counts_for_who_may_read(ada, bob, shop):
    seen = tables.find_table(ada, shop.id, "shop", "sales")
    assert seen.statistics is None
    counted = tables.refresh(ada, seen.known.id)
    assert counted.statistics.rows == 100
    place = counted.statistics.columns["place"]
    assert (place.values, place.distinct) == (75, 4)
    assert counted.statistics.columns["id"].distinct == 100
    with pytest.raises(Forbidden, match="not read what is in it"):
        tables.refresh(bob, seen.known.id)
    assert tables.get_table(bob, seen.known.id).statistics is None
    odd = tables.find_table(ada, shop.id, "shop", "Sales")
    assert tables.refresh(ada, odd.known.id).statistics.columns["B c"].values == 0


def test_what_users_say_of_a_table_stays_here(ada, bob, shop):
    seen = tables.find_table(ada, shop.id, "shop", "sales")
    changed = tables.update_table(ada, seen, "Ours", primary_keys=["id", "place"], ontology_mapping={"aKey": "id"})
    assert (changed.description, changed.known.settings["primary_keys"]) == ("Ours", ["id", "place"])
    assert tables.find_table(bob, shop.id, "shop", "sales").description == "Ours"
    with pytest.raises(Forbidden):
        tables.update_table(bob, seen, "Mine")
    (change,) = changes.list_changes(ada, Page(), kind="table").items
    assert (change.name, change.after["description"]) == ("shop.sales", "Ours")


def test_all_databases_are_asked_where_none_is_named(ada, bob, shop):
    away = hosts.create_host(ada, name="Away", type="RemoteHostTypes::Postgres", url="postgresql://away.invalid/x")
    credentials.create_credential(ada, type="Database", username="x", password="y", remote_host_id=away.id)
    found = tables.list_tables(ada, TableFilter(order="name", limit=2, offset=1))
    assert ([one.table.name for one in found.items], found.total) == (["sales", "sales_2024"], 5)
    assert [one.table.name for one in tables.list_tables(bob, TableFilter()).items] == ["sales"]
    with pytest.raises(HostFailed, match="leads nowhere"):
        tables.list_tables(ada, TableFilter(), away.id)


def test_users_groups_and_privileges_are_those_of_the_database(ada, bob, shop):
    users = [user.username for user in databases.list_users(ada, shop.id, active=True)]
    assert {"postgres", *shop.roles.values()} <= set(users)
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE gone_{shop.id}_{shop.roles['ada']} LOGIN VALID UNTIL '2001-01-01'")
    assert f"gone_{shop.id}_{shop.roles['ada']}" in {
        u.username for u in databases.list_users(ada, shop.id, active=False)
    }
    (people,) = [group for group in databases.list_groups(ada, shop.id) if group.name == "people"]
    assert set(shop.roles.values()) <= set(people.members)
    granted = {one.grantee: one for one in databases.list_privileges(ada, shop.id, None, "shop", "sales")}
    mine = granted[shop.roles["ada"]]
    assert (mine.grantee_type, mine.privileges, mine.grantable) == ("user", ("INSERT", "SELECT"), ("INSERT",))
    assert granted[shop.roles["bob"]].privileges == ("INSERT",)
    schema = {one.grantee: one.privileges for one in databases.list_privileges(bob, shop.id, None, "shop")}
    assert schema[shop.roles["bob"]] == ("USAGE",)
    for where in (("hidden",), ("hidden", "salaries"), ("shop", "nothing")):
        with pytest.raises(NotFound, match="that this credential may see"):
            databases.list_privileges(ada, shop.id, None, *where)


def test_nothing_is_written_to_a_database_that_is_looked_at(ada, shop):
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION shop.leave() RETURNS int LANGUAGE sql AS 'INSERT INTO shop.kept VALUES (1) RETURNING 1'; "
            "ALTER FUNCTION shop.leave() SECURITY DEFINER; CREATE VIEW shop.trap AS SELECT shop.leave() AS a; "
            f"GRANT SELECT ON shop.trap TO {shop.roles['ada']}"
        )
    trap = tables.find_table(ada, shop.id, "shop", "trap")
    with pytest.raises(HostFailed, match="read-only"):
        tables.refresh(ada, trap.known.id)
    with psycopg.connect(shop.url) as connection:
        assert connection.execute("SELECT count(*) FROM shop.kept").fetchone() == (0,)


def test_a_login_is_proved_at_a_host(ada, shop):
    connections.authenticate(ada, shop.id, None, None)
    connections.authenticate(ada, shop.id, None, shop.held["ada"].id)
    connections.authenticate(ada, shop.id, Login(shop.roles["bob"], SECRET), None)
    with pytest.raises(LoginRefused, match="password authentication failed") as caught:
        connections.authenticate(ada, shop.id, Login(shop.roles["bob"], "hunter2"), None)
    assert "hunter2" not in str(caught.value)
    given = {"type": "RemoteHostTypes::Postgres", "username": shop.roles["ada"], "password": SECRET}
    connections.check_login(ada, url=shop.at, **given)
    with pytest.raises(LoginRefused, match="does not exist"):
        connections.check_login(ada, url=f"{shop.at}_nothing", **given)
    with pytest.raises(Invalid, match="asks for no password"):
        connections.check_login(ada, url="warehouse:", **given | {"type": "RemoteHostTypes::Warehouse"})


def test_a_host_that_never_answers_takes_no_more_than_a_users_share(ada, bob):
    outward = Outward()
    with outward.one(1, 3), outward.one(1, 3):
        with pytest.raises(Busy), outward.one(1, 3):
            pass
        with outward.one(2, 3), pytest.raises(Busy), outward.one(3, 3):
            pass
    for _ in range(EACH + 1):
        with outward.one(1, 3):
            pass


def test_a_query_that_never_ends_is_ended(ada, shop):
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(
            f"CREATE VIEW shop.slow AS SELECT pg_sleep(60)::text AS a; GRANT SELECT ON shop.slow TO {shop.roles['ada']}"
        )
    from dataclasses import replace

    import msgspec

    quick = msgspec.structs.replace(ada.platform.settings, host_seconds=2)
    hurried = Call(replace(ada.platform, settings=quick), ada.who)
    slow = tables.find_table(ada, shop.id, "shop", "slow")
    with pytest.raises(HostFailed, match="longer"):
        tables.refresh(hurried, slow.known.id)


def test_addresses_are_written_down_and_struck_out(ada, bob, shop):
    made = databases.add_ip(ada, shop.id, " 203.0.113.0/24 ")
    assert (made.subnet_mask, made.authorized_by, made.is_active) == ("203.0.113.0/24", ada.user.username, False)
    assert databases.get_ip(bob, shop.id, made.id) == made
    with pytest.raises(Forbidden):
        databases.add_ip(bob, shop.id, "203.0.113.0/24")
    for wrong in ("x", "203.0.113.1/24", "1.2.3.4/33", ""):
        with pytest.raises(Invalid, match="no network"):
            databases.add_ip(ada, shop.id, wrong)
    databases.remove_ip(ada, shop.id, made.id)
    assert databases.list_ips(ada, shop.id) == []
    with pytest.raises(NotFound):
        databases.remove_ip(ada, shop.id, made.id)


def test_a_host_that_is_no_database_is_not_asked_for_tables(ada):
    url = "https://github.com/owner/repository"
    git = hosts.create_host(ada, name="Code", type="RemoteHostTypes::Github", url=url)
    for ask in (
        lambda: databases.list_schemas(ada, git.id, None, None),
        lambda: hosts.get_host(ada, git.id, hosts.DATABASE),
    ):
        with pytest.raises(NotFound, match="no database"):
            ask()
    credentials.create_credential(ada, type="Github", username="x", password="y", remote_host_id=git.id)
    with pytest.raises(Invalid, match="no database"):
        databases.list_data_sets(ada, git.id, credential_id=None, login=None, text=None, schemas=False)
    assert [one.name for one in hosts.list_hosts(ada, databases=True)] == ["warehouse"]


def test_data_sets_are_tables_or_schemas(ada, shop):
    def listed(**wanted):
        given = {"credential_id": None, "login": None, "text": None, "schemas": False, **wanted}
        return databases.list_data_sets(ada, shop.id, **given)

    assert listed(text="p.view") == [("shop.view", True)]
    assert listed(schemas=True) == [("public", False), ("shop", False)]
    assert listed(login=Login(shop.roles["bob"], SECRET)) == [("shop.sales", True)]


def test_a_server_that_is_no_postgresql_is_said_to_be_none(ada):
    def nonsense(connection):
        connection.recv(100)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)

    with mail.serving(mail.Hostile(nonsense)) as server:
        url = f"postgresql://127.0.0.1:{server.port}/x"
        with pytest.raises(HostFailed, match="does not answer as a PostgreSQL"):
            connections.check_login(ada, type="RemoteHostTypes::Postgres", url=url, username="ada", password=SECRET)


def test_changing_a_host_wants_one_that_works(ada, shop):
    with pytest.raises(Invalid, match="Name the database"):
        hosts.update_host(ada, shop.id, url="postgresql://nowhere")
    with pytest.raises(Invalid, match="is one"):
        hosts.update_host(ada, shop.id, type="RemoteHostTypes::SMTP")
    assert hosts.get_host(ada, shop.id).url == shop.at
    with pytest.raises(Invalid, match="one warehouse"):
        hosts.create_host(ada, name="x", type="RemoteHostTypes::Warehouse", url="warehouse:2")
    with pytest.raises(Conflict, match="one warehouse"):
        hosts.create_host(ada, name="x", type="RemoteHostTypes::Warehouse", url="warehouse:")
    with pytest.raises(Conflict, match="one warehouse"):
        hosts.update_host(ada, shop.id, type="RemoteHostTypes::Warehouse", url="warehouse:")
