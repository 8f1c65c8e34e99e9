"""Who may do what: every operation of the resource API, asked by everybody there is.

The operations are those that are declared, so a new one is walked too, or fails for want of a row below. The rule:

- without a key, or with one that was revoked: 401;
- what names no object: anybody with a key;
- what names one: GET for who may read it, everything else for who may write it; sharing, archiving, giving away and
  deleting for who manages it. Who may see it and not do that gets 403. To a stranger, administrators among them, it
  is not there: 404, in the words that are used of what does not exist.

`EXCEPTIONS` says where it is otherwise, and why.
"""

import re
import uuid
from collections.abc import Callable
from enum import Enum
from itertools import count
from typing import NamedTuple

import msgspec
import psycopg
import pytest

from civis_wire import application, asking, opened
from factories import run
from headrace.api.operation import TEMPLATE, Operation
from headrace.dialects import civis
from headrace.services.call import Platform
from headrace.work.recorder import Recorder

OPERATIONS = {f"{one.method} {one.path}": one for one in civis.operations("http://test")}
NUMBERS = count(1)
NOBODYS = 999_999  # an id
NOWHERE = {"alias": "nothing", "id": NOBODYS, "project_id": NOBODYS, "uid": "00000000-0000-4000-8000-000000000000"}


class Needs(Enum):
    """What a caller must be."""

    KEY = "anybody with a key"
    ADMIN = "an administrator"
    SELF = "the owner alone"
    SELF_OR_ADMIN = "the owner or an administrator, of what others know of"
    OVERSEEN = "the owner or an administrator, of what others do not"
    READ = 1
    WRITE = 2
    MANAGE = 3


# What callers may do with an object: the reader and the manager by themselves, the writer through a group.
ROLES = {"administrator": 0, "stranger": 0, "reader": 1, "writer": 2, "manager": 3, "owner": 3}

EXCEPTIONS: dict[str, tuple[Needs, str]] = {
    "POST /users": (Needs.ADMIN, "accounts are the administrators'"),
    "GET /users/{id}": (Needs.KEY, "people must find each other to share"),
    "PATCH /users/{id}": (Needs.SELF_OR_ADMIN, "an account is its own"),
    "POST /groups": (Needs.ADMIN, "groups are the administrators'"),
    "GET /groups/{id}": (Needs.KEY, "people must find groups to share with them"),
    "PATCH /groups/{id}": (Needs.ADMIN, "groups are the administrators'"),
    "PUT /groups/{id}/members/{user_id}": (Needs.ADMIN, "groups are the administrators'"),
    "DELETE /groups/{id}/members/{user_id}": (Needs.ADMIN, "groups are the administrators'"),
    "DELETE /aliases/{id}": (Needs.WRITE, "who may name an object may take the name away; the object stays"),
    "GET /files/multipart/{id}": (Needs.WRITE, "it tells what is still to be sent, to who may send it"),
    "POST /remote_hosts/{id}/authenticate": (Needs.READ, "trying one's own login changes nothing"),
    "POST /databases/{id}/schemas/scan": (Needs.READ, "the database itself says what each login may see"),
    "POST /tables/{id}/refresh": (Needs.READ, "the database itself says what each login may see"),
    "PUT /projects/{project_id}/auto_share": (Needs.MANAGE, "it shares everything in the project"),
    **{
        f"POST /scripts/{kind}/{{id}}/clone": (Needs.READ, "a copy is the caller's own")
        for kind in ("sql", "python3", "r", "javascript", "containers", "custom")
    },
}
# What a right request is answered with here, where it is not its success.
ANSWERS: dict[str, tuple[int, str]] = {
    "POST /runs/{uid}/cancel": (409, "the run at hand has ended"),
    "POST /credentials/{id}/temporary": (422, "the credential at hand is none of S3, whose keys these are"),
}
# Everything under these is its owner's alone: it is not shared by levels, if at all.
OWN = ("/environments/{id}", "/udfs/{uid}")
MEMBERSHIP = "}/projects/{project_id}"  # who may write a project puts into it what they may read
KEYS = "/users/{id}/api_keys"  # one's own, and the administrators', who revoke them
CALLS = "/runs/{uid}"  # one's own, and the administrators', who are asked why the server is slow

# Nouns of which nothing exists before they are served: what they answer to whoever has a key is 501.
NOT_SERVED = ("/imports", "/models", "/predictions", "/queries", "/reports", "/notebooks", "/files/preprocess")


class People(NamedTuple):
    """The callers by name: their ids and keys."""

    ids: dict[str, int]
    keys: dict[str, str | None]
    group: int


class World:
    """A platform with everybody in it, and objects of every noun."""

    def __init__(self, ask: Callable, platform: Platform, database: str, login: str) -> None:
        self.ask, self.platform, self.database, self.login = ask, platform, database, login
        self._kept: dict[str, dict[str, object]] = {}
        ids, keys = {"administrator": 1}, {"administrator": "hr_admin", "anonymous": None}
        for name in ("owner", "manager", "writer", "reader", "stranger", "guest", "revoked"):
            ids[name] = self.made("POST", "/users", {"name": name, "email": f"{name}@example.org"})["id"]
            keys[name] = self.made("POST", f"/users/{ids[name]}/api_keys", {"name": "key"})["token"]
        key = self.made("GET", f"/users/{ids['revoked']}/api_keys")[0]
        self.made("DELETE", f"/users/{ids['revoked']}/api_keys/{key['id']}")
        self.group = self.made("POST", "/groups", {"name": "writers"})["id"]
        self.made("PUT", f"/groups/{self.group}/members/{ids['writer']}")
        self.people = People(ids, keys, self.group)
        self.guests = self.made("POST", "/groups", {"name": "guests"})["id"]
        # Everybody may put things into this project, so that it is only the things that they may or may not.
        self.project = self.made("POST", "/projects", {"name": "Common", "description": ""}, by="guest")["id"]
        everybody = {"user_ids": [ids[name] for name in ROLES], "permission_level": "manage"}
        self.everybody = everybody
        self.made("PUT", f"/projects/{self.project}/shares/users", everybody, by="guest")

    def made(self, method: str, path: str, body: object = None, *, by: str = "administrator") -> dict:
        """What a request gave that must succeed."""
        answer = self.ask(method, path, key=self.people.keys[by] if by != "administrator" else "hr_admin", json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def kept(self, prefix: str) -> dict[str, object]:
        """The object of a noun that is left as it is, as far as others are concerned: the names in its path."""
        if prefix not in self._kept:
            self._kept[prefix] = self.fresh(prefix)
        return self._kept[prefix]

    def fresh(self, prefix: str) -> dict[str, object]:
        """A new object of a noun, shared with the reader, the writers and the manager."""
        names, shares = MAKERS[prefix](self)
        if shares is not None:
            path = shares.format(**names)
            for level, who in (("read", ["reader", "guest"]), ("manage", ["manager"])):
                share = {"user_ids": [self.people.ids[name] for name in who], "permission_level": level}
                self.made("PUT", f"{path}/shares/users", share, by="owner")
            for level, group in (("write", self.group), ("read", self.guests)):
                share = {"group_ids": [group], "permission_level": level}
                self.made("PUT", f"{path}/shares/groups", share, by="owner")
        for who in ("owner", "manager", "writer", "reader") if prefix in LOGGED_IN else ():
            self.made("POST", "/credentials", credential_of(self) | {"remoteHostId": names["host"]}, by=who)
        return names | (scanned(self, names["host"]) if prefix == "/tables" else {})


Maker = Callable[[World], tuple[dict[str, object], str | None]]


def project(world: World):
    made = world.made("POST", "/projects", {"name": "P", "description": ""}, by="owner")
    return {"id": made["id"], "project_id": made["id"]}, "/projects/{id}"


def user(world: World):
    key = world.made("POST", f"/users/{world.people.ids['owner']}/api_keys", {"name": "other"})
    return {"id": world.people.ids["owner"], "key_id": key["id"]}, None


def group(world: World):
    made = world.made("POST", "/groups", {"name": f"group {next(NUMBERS)}"})
    world.made("PUT", f"/groups/{made['id']}/members/{world.people.ids['guest']}")
    return {"id": made["id"]}, None


def call(world: World):
    recorder = Recorder(world.platform.db)
    made = run(owner_id=world.people.ids["owner"])
    recorder.add(made)
    recorder.close()
    return {"uid": made.uid}, None


def udf(world: World):
    made = world.made("POST", "/udfs", {"name": f"udf {next(NUMBERS)}", "code": "def udf(): return 1"}, by="owner")
    token = world.made("POST", f"/udfs/{made['uid']}/tokens", {}, by="owner")
    return {"uid": made["uid"], "id": token["id"]}, None


def environment(world: World):
    made = world.made("POST", "/environments", {"name": f"e{next(NUMBERS)}", "requirements": ["six"]}, by="owner")
    return {"id": made["id"]}, None


def job(path: str, body: dict[str, object], shares: str | None = None) -> Maker:
    """A job that ran once."""

    def make(world: World):
        given = body | ({"from_template_id": shared_template(world)} if path == "/scripts/custom" else {})
        made = world.made("POST", path, given, by="owner")
        uid = run().uid
        recorder = Recorder(world.platform.db)
        recorder.add(run(uid=uid, job_id=made["id"], owner_id=world.people.ids["owner"]))
        recorder.close()
        (last,) = world.made("GET", f"/jobs/{made['id']}/runs", by="owner")
        return {"id": made["id"], "run_id": last["id"]}, shares or "/jobs/{id}"

    return make


def shared_script(world: World) -> int:
    """A script that everybody may make a template of."""
    made = world.made("POST", "/scripts/sql", SQL, by="owner")
    world.made("PUT", f"/scripts/sql/{made['id']}/shares/users", world.everybody, by="owner")
    return made["id"]


def shared_template(world: World) -> int:
    """A template that everybody may use."""
    made = world.made("POST", "/templates/scripts", {"script_id": shared_script(world), "name": "T"}, by="owner")
    world.made("PUT", f"/templates/scripts/{made['id']}/shares/users", world.everybody, by="owner")
    return made["id"]


def file(world: World):
    made = world.made("POST", "/files", {"name": "rain.csv"}, by="owner")
    sent = {"data": made["uploadFields"], "files": {"file": ("rain.csv", b"day,mm\n1,0.5\n")}}
    assert world.ask("POST", made["uploadUrl"], key=None, **sent).is_success
    return {"id": made["id"]}, "/files/{id}"


def shared_file(world: World) -> object:
    """A file that everybody may read."""
    names, path = file(world)
    world.made("PUT", f"{path.format(**names)}/shares/users", world.everybody, by="owner")
    return names["id"]


def file_in_parts(world: World):
    made = world.made("POST", "/files/multipart", {"name": "rain.csv", "num_parts": 1}, by="owner")
    assert world.ask("PUT", made["uploadUrls"][0], key=None, content=b"day,mm\n1,0.5\n").is_success
    return {"id": made["id"]}, "/files/{id}"


def json_value(world: World):
    made = world.made("POST", "/json_values", {"name": "V", "value_str": "{}"}, by="owner")
    return {"id": made["id"]}, "/json_values/{id}"


def schema(world: World):
    made = world.made("POST", "/schemas", {"name": f"s_{uuid.uuid4().hex}"}, by="owner")
    return {"id": made["id"]}, "/schemas/{id}"


def alias(world: World):
    """Of a template: who may do what with that may do it with its aliases."""
    named, _ = template(world)
    made = world.made("POST", "/aliases", aliased(named["id"]), by="owner")
    return {"id": made["id"], "object_type": "template_script", "alias": made["alias"]}, "/aliases/{id}"


def aliased(template_id: object) -> dict[str, object]:
    return {"object_id": template_id, "object_type": "template_script", "alias": f"alias-{next(NUMBERS)}"}


def host(world: World):
    """A real database, whose owner is not who made it."""
    made = world.made("POST", "/remote_hosts", HOST | {"url": world.database}, by="owner")
    address = world.made("POST", f"/databases/{made['id']}/whitelist-ips", {"subnetMask": "203.0.113.0/24"}, by="owner")
    inside = {"schema_name": "public", "table_name": "t", "whitelisted_ip_id": address["id"], "timeframe": "1_day"}
    return {"id": made["id"], "host": made["id"], **inside}, "/remote_hosts/{host}"


def scanned(world: World, host_id: object) -> dict[str, object]:
    """The number of the table in it."""
    (table,) = world.made("GET", f"/tables?database_id={host_id}&schema=public&name=t", by="owner")
    return {"id": table["id"], "table_tag_id": 1}


def credential(world: World):
    made = world.made("POST", "/credentials", credential_of(world), by="owner")
    return {"id": made["id"]}, "/credentials/{id}"


def credential_of(world: World) -> dict[str, object]:
    return {"type": "Database", "username": world.login, "password": SECRET}


def storage_host(world: World):
    made = world.made("POST", "/storage_hosts", BUCKET, by="owner")
    return {"id": made["id"]}, "/storage_hosts/{id}"


def template(world: World):
    script = world.made("POST", "/scripts/sql", SQL, by="owner")
    made = world.made("POST", "/templates/scripts", {"script_id": script["id"], "name": "T"}, by="owner")
    return {"id": made["id"]}, "/templates/scripts/{id}"


SECRET = "correct horse battery"
HOST: dict[str, object] = {"name": "H", "type": "RemoteHostTypes::Postgres", "url": ""}
BUCKET: dict[str, object] = {"provider": "s3", "bucket": "rain", "name": "B"}
SQL: dict[str, object] = {"name": "S", "sql": "select 1", "remoteHostId": None, "credentialId": None}
JAVASCRIPT: dict[str, object] = {"name": "S", "source": "1", "remoteHostId": None, "credentialId": None}
CONTAINER: dict[str, object] = {"requiredResources": {}, "dockerCommand": "ls", "dockerImageName": "python"}

# By the path up to its first name: how one is made, the names in its path, and where it is shared.
MAKERS: dict[str, Maker] = {
    "/projects": project,
    "/users": user,
    "/groups": group,
    "/udfs": udf,
    "/environments": environment,
    "/runs": call,
    "/jobs": job("/scripts/sql", SQL),
    "/scripts": job("/scripts/sql", SQL),
    "/scripts/sql": job("/scripts/sql", SQL),
    "/scripts/python3": job("/scripts/python3", {"name": "S", "source": "1"}),
    "/scripts/r": job("/scripts/r", {"name": "S", "source": "1"}),
    "/scripts/javascript": job("/scripts/javascript", JAVASCRIPT),
    "/scripts/container": job("/scripts/containers", CONTAINER),
    "/scripts/containers": job("/scripts/containers", CONTAINER),
    "/scripts/custom": job("/scripts/custom", {}),
    "/templates/scripts": template,
    "/files": file,
    "/files/multipart": file_in_parts,
    "/credentials": credential,
    "/databases": host,
    "/remote_hosts": host,
    "/storage_hosts": storage_host,
    "/tables": host,
    "/json_values": json_value,
    "/schemas": schema,
    "/aliases": alias,
}

# In which everybody who may see them looks with a credential of their own.
LOGGED_IN = ("/databases", "/remote_hosts", "/tables")

# Values of fields that a body must have, by the field's name on the wire; and whole bodies, by operation.
VALUES: dict[str, object] = {
    "name": "New",
    "email": "new@example.org",
    "description": "",
    "permissionLevel": "read",
    "status": True,
    "autoShare": False,
    "includeDependencies": False,
    "code": "def udf(): return 2",
    "requirements": ["six"],
    "fileIds": [1],
    "schema": "public",
    "table": "t",
    "tableName": "public.t",
    "remoteHostId": 1,
    "credentialId": 1,
    "database": 1,
    "sql": "select 1",
    "previewRows": 10,
    "primaryKey": ["id"],
    "syncType": "Dbsync",
    "isOutbound": False,
    "schedule": {},
    "source": "1",
    "objectType": "File",
    "expiresAt": None,
    "valueStr": "[]",
    "username": "ada",
    "password": SECRET,
    "subnetMask": "198.51.100.0/24",
    "exportCachingEnabled": False,
    "databaseId": 1,
    **BUCKET,
    "numParts": 1,
    "fileId": 1,
    "objectId": 1,
    **CONTAINER,
}
SYNC = {"source": {"path": "a.b"}, "destination": {"path": "a.b"}}
CSV = {
    "source": {"fileIds": [1]},
    "destination": {"schema": "s", "table": "t", "remoteHostId": 1, "credentialId": 1},
    "firstRowIsHeader": True,
}
BODIES: dict[str, object] = {
    "POST /imports/{id}/syncs": SYNC,
    "PUT /imports/{id}/syncs/{sync_id}": SYNC,
    "POST /imports/files/csv": CSV,
    "PUT /imports/files/csv/{id}": CSV,
    "POST /environments": {"name": "another", "requirements": ["six"]},
    **dict.fromkeys(("POST /scripts", "POST /scripts/sql", "PUT /scripts/sql/{id}"), SQL),
    **dict.fromkeys(("POST /scripts/javascript", "PUT /scripts/javascript/{id}"), JAVASCRIPT),
    "POST /scripts/custom": lambda world: {"from_template_id": shared_template(world)},
    **dict.fromkeys(("POST /credentials", "PUT /credentials/{id}"), credential_of),
    "POST /credentials/authenticate": lambda world: (
        {"url": world.database, "remoteHostType": HOST["type"]} | {"username": world.login, "password": SECRET}
    ),
    "POST /remote_hosts": lambda world: HOST | {"url": world.database},
    "PUT /remote_hosts/{id}": lambda world: HOST | {"url": world.database, "description": "D"},
    "PUT /files/{id}": {"name": "new.csv", "expiresAt": None},
    "POST /files/preprocess/csv": lambda world: {"file_id": shared_file(world)},
    **dict.fromkeys(("POST /aliases", "PUT /aliases/{id}"), lambda world: aliased(shared_template(world))),
    "POST /schemas": lambda world: {"name": f"s_{uuid.uuid4().hex}"},
    "POST /templates/scripts": lambda world: {"script_id": shared_script(world), "name": "T"},
}

# What must be said besides the path.
QUERIES = {"GET /tables": "?database_id=1"}

# What changes who may do what, so that no other operation is asked of the same object,
CHANGES = re.compile(r"DELETE |PUT /aliases/|PUT .*/(shares|transfer|archive|projects|auto_share)")
# and what does not even leave it as it was for the next caller: each who may gets another.
ENDS = re.compile(r"DELETE .*}|PUT .*/transfer")


def prefix_of(operation: Operation) -> str:
    return operation.path.partition("/{")[0]


def manages(operation: Operation) -> bool:
    """Whether it is for managers by the rule."""
    _, _, rest = operation.path.partition("}")
    shares = rest.startswith("/shares") and operation.method != "GET"
    return shares or rest in {"/archive", "/transfer"} or (operation.method, rest) == ("DELETE", "")


def needs(name: str, operation: Operation) -> Needs:
    if name in EXCEPTIONS:
        return EXCEPTIONS[name][0]
    if "{" not in operation.path or operation.path.startswith(NOT_SERVED):
        return Needs.KEY
    if operation.path.startswith(KEYS):
        return Needs.SELF_OR_ADMIN
    if operation.path.startswith(CALLS):
        return Needs.OVERSEEN
    if operation.path.startswith(OWN):
        return Needs.SELF
    if operation.method == "GET" or operation.path.endswith(MEMBERSHIP):
        return Needs.READ
    return Needs.MANAGE if manages(operation) else Needs.WRITE


def expected(operation: Operation, need: Needs, role: str) -> int:
    """The status that a caller is to get."""
    name = f"{operation.method} {operation.path}"
    good = ANSWERS[name][0] if name in ANSWERS else 501 if operation.later else operation.status
    match need:
        case _ if role in {"anonymous", "revoked"}:
            return good if operation.public else 401
        case Needs.KEY:
            return good
        case Needs.ADMIN:
            return good if role == "administrator" else 403
        case Needs.SELF_OR_ADMIN:
            return good if role in {"owner", "administrator"} else 403
        case Needs.OVERSEEN:
            return good if role in {"owner", "administrator"} else 404
        case Needs.SELF:
            return good if role == "owner" else 404
        case _ if ROLES[role] >= need.value:
            return good
        case _:
            return 403 if ROLES[role] else 404


@pytest.fixture(scope="module")
def world(tmp_path_factory, postgresql):
    database, login = postgresql.empty(), "everybody"
    postgresql.person(login, SECRET)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE public.t (n int); GRANT SELECT ON public.t TO {login}")
    platform = opened(tmp_path_factory.mktemp("access"))
    with asking(application(platform)) as ask:
        yield World(ask, platform, database.replace("postgres@", ""), login)
    platform.db.close()


@pytest.mark.parametrize("name", OPERATIONS)
def test_everybody_gets_what_the_rule_says(world, name):
    operation = OPERATIONS[name]
    need, prefix, body = needs(name, operation), prefix_of(operation), body_of(world, name, operation)
    there = "{" in operation.path and not prefix.startswith(NOT_SERVED)
    if there and prefix not in MAKERS:
        pytest.fail(f"{name}: say in MAKERS how one of {prefix} is made.")
    make = world.fresh if CHANGES.match(name) else world.kept
    names = make(prefix) if there else dict.fromkeys(TEMPLATE.findall(operation.path), NOBODYS)
    got, wanted, refusal = {}, {}, None
    for role in ("anonymous", "revoked", *ROLES):
        wanted[role] = expected(operation, need, role)
        answer = ask(world, operation, role, names, body)
        got[role] = answer.status_code
        if there and answer.is_success and ENDS.fullmatch(name):
            names = world.fresh(prefix)
        if role == "stranger" and answer.status_code == 404:
            refusal = without_ids(answer.json()["errorDescription"], names)
    assert got == wanted, answer.text
    if refusal is not None:
        nothing = ask(world, operation, "stranger", names | NOWHERE, body)
        assert nothing.status_code == 404
        assert refusal == without_ids(nothing.json()["errorDescription"], names | NOWHERE)


# Of what is somebody's own; users and groups are known to all, and tables are asked of one database.
LISTS = [path for path in MAKERS if f"GET {path}" in OPERATIONS and path not in {"/users", "/groups", "/tables"}]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_what_is_there_for_who_may_see_it_and_not_for_strangers(world, path):
    made = world.fresh(path)
    key = "uid" if "uid" in made else "id"
    fields = [parameter.name for parameter in OPERATIONS[f"GET {path}"].in_query]
    pageable = "page_num" in fields

    def listed(role):
        """Every page, since what other tests made may come first."""
        for number in count(1) if pageable else [1]:
            page = world.made("GET", path + f"?limit=50&page_num={number}" * pageable, by=role)
            yield from (one[key] for one in page)
            if not page:
                break

    seen = {role: made[key] in listed(role) for role in ("owner", "reader", "stranger", "administrator")}
    shared = path not in {"/udfs", "/environments", "/runs"}
    assert seen == {"owner": True, "reader": shared, "stranger": False, "administrator": path == "/runs"}


def test_the_exceptions_are_of_operations_that_there_are():
    assert set(EXCEPTIONS) | set(BODIES) | set(ANSWERS) <= set(OPERATIONS)
    for prefix in NOT_SERVED:
        assert all(one.later for one in OPERATIONS.values() if one.path.startswith(prefix)), prefix


def ask(world: World, operation: Operation, role: str, names: dict[str, object], body: object):
    values = {"user_id": world.people.ids["guest"], "group_id": world.guests, "project_id": world.project} | names
    path = TEMPLATE.sub(lambda match: str(values[match[1]]), operation.path)
    path += QUERIES.get(f"{operation.method} {operation.path}", "")
    sent = body(world) if callable(body) else body
    return world.ask(operation.method, path, key=world.people.keys[role], json=sent)


def body_of(world: World, name: str, operation: Operation) -> object:
    """A body with what it must have, and no more."""
    if name in BODIES or operation.body is None:
        return BODIES.get(name)
    values = VALUES | {"userIds": [world.people.ids["guest"]], "groupIds": [world.guests]}
    values |= {"userId": world.people.ids["owner"]}
    required = [field.encode_name for field in msgspec.structs.fields(operation.body) if field.required]
    if missing := [field for field in required if field not in values]:
        pytest.fail(f"{name}: say in VALUES what {', '.join(missing)} may be.")
    return {field: values[field] for field in required}


def without_ids(text: str, names: dict[str, object]) -> str:
    for value in sorted(map(str, names.values()), key=len, reverse=True):
        text = text.replace(value, "…")
    return text
