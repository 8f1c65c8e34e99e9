"""Every method that is served, called by both generations of the published client, and what it gave.

A client walks once through everything, one part a noun; each part leaves what it found. The last test compares where
requests went with what is declared, so that a method nobody calls fails it.
"""

import re
from types import SimpleNamespace

import pytest

from headrace.dialects import civis

BEGIN = """
import uuid

requested = []
straight = civis.base.Endpoint._make_request

def recorded(self, method, path=None, *arguments, **named):
    requested.append([method.upper(), "/" + path.strip("/")])
    return straight(self, method, path, *arguments, **named)

civis.base.Endpoint._make_request = recorded
mark = uuid.uuid4().hex[:8]
answer = {}

def resource(name):
    return getattr(client, name, None) or getattr(client, name.replace("_", ""))  # 1.6.2 drops what joins words

def refused(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except civis.base.CivisAPIError as error:
        return error.status_code
    return None

def names(people):
    return [one["name"] for one in people]

def traits(noun, kind, make, archived=None, moved=True, projects=True):
    \"\"\"What objects have in common: shares, projects, an archive, a new owner.\"\"\"
    def method(verb, what):
        return getattr(resource(noun), "_".join(word for word in (verb, kind, what) if word))
    found, one = {}, make()
    method("put", "shares_users")(one, [bob.id], "read")
    shares = method("put", "shares_groups")(one, [group.id], "write", send_shared_email=False)
    found["shared"] = [names(shares.readers["users"]), names(shares.writers["groups"]), names(shares.owners["users"])]
    method("delete", "shares_users")(one, bob.id)
    method("delete", "shares_groups")(one, group.id)
    shares = method("list", "shares")(one)
    found["kept"] = [names(shares.readers["users"]), names(shares.writers["groups"])]
    if projects:
        method("put", "projects")(one, common.id)
        found["projects"] = names(method("list", "projects")(one))
        method("delete", "projects")(one, common.id)
        found["taken out"] = names(method("list", "projects")(one))
    found["archived"] = archived(one) if archived else method("put", "archive")(one, True).archived
    if moved:
        found["dependencies"] = method("list", "dependencies")(one)
        found["given"] = method("put", "transfer")(make(), bob.id, False).dependencies
    return found

admin = civis.APIClient(api_key=ADMIN, **OPTIONS)
me = client.users.list_me()
bob = admin.users.post("Bob", "bob-%s@example.org" % mark)
group = admin.groups.post("readers " + mark)
common = client.projects.post("Common " + mark, "")
"""

END = """
civis.base.Endpoint._make_request = straight
answer["requested"] = requested
"""

ACCOUNTS = """
answer["users"] = {
    "me": [me.email, me.username],
    "got": admin.users.get(bob.id).email.startswith("bob-"),
    "listed": bob.id in [one.id for one in client.users.list(limit=10000)],
    "renamed": admin.users.patch(bob.id, name="Bobby").name,
    "named back": admin.users.patch(bob.id, name="Bob").name,
}
key = client.users.post_api_keys(me.id, "spare", expires_in=600)
answer["keys"] = {
    "works": civis.APIClient(api_key=key.token, **OPTIONS).users.list_me().id == me.id,
    "listed": key.id in [one.id for one in client.users.list_api_keys(me.id)],
    "got": client.users.get_api_keys(me.id, key.id).name,
    "revoked": client.users.delete_api_keys(me.id, key.id).active,
}
admin.groups.put_members(group.id, bob.id)
answer["groups"] = {
    "members": names(client.groups.get(group.id).members),
    "listed": group.id in [one.id for one in client.groups.list(limit=1000)],
    "described": admin.groups.patch(group.id, description="who reads").description,
}
admin.groups.delete_members(group.id, bob.id)
answer["groups"]["left"] = client.groups.get(group.id).members
"""

PROJECTS = """
project = client.projects.post("Rivers " + mark, "of the valley", note="long")
answer["projects"] = {
    "got": [client.projects.get(project.id).note, client.projects.get(project.id).my_permission_level],
    "put": client.projects.put(project.id, description="of the plain").description,
    "listed": project.id in [one.id for one in client.projects.list(author=me.id, permission="manage")],
    "auto": client.projects.put_auto_share(project.id, True).auto_share,
}
client.projects.delete(project.id)
answer["projects"]["deleted"] = client.projects.get(project.id).archived
made = lambda: client.projects.post("Shared " + mark, "").id
answer["projects"]["traits"] = traits("projects", "", made, projects=False)
"""

UDFS = """
udf = client.udfs.post("f" + mark, "def udf(n: int = 1): return n")
token = client.udfs.post_tokens(udf.uid)
answer["udfs"] = {
    "got": client.udfs.get(udf.uid).name == "f" + mark,
    "listed": [one.uid == udf.uid for one in client.udfs.list(limit=1)],
    "put": client.udfs.put(udf.uid, code="def udf(): return 2").uid == udf.uid,
    "versions": len(client.udfs.list_versions(udf.uid)),
    "tokens": [one.id == token.id for one in client.udfs.list_tokens(udf.uid) if one.id == token.id],
    "token": client.udfs.get_tokens(udf.uid, token.id).enabled,
    "disabled": client.udfs.patch_tokens(udf.uid, token.id, enabled=False).enabled,
    "token deleted": client.udfs.delete_tokens(udf.uid, token.id).json_data,
    "deleted": client.udfs.delete(udf.uid).json_data,
    "gone": refused(client.udfs.get, udf.uid),
}
environment = client.environments.post("e" + mark, ["six"])
answer["environments"] = {
    "got": client.environments.get(environment.id).requirements,
    "listed": [one.id == environment.id for one in client.environments.list()],
    "put": client.environments.put(environment.id, requirements=["six", "idna"]).requirements,
    "logs": type(client.environments.list_logs(environment.id)).__name__ in ("list", "ListResponse"),
    "deleted": client.environments.delete(environment.id).json_data,
}
answer["runs"] = {"own": client.runs.list(), "nothing": refused(client.runs.get, "none")}
answer["runs"]["no logs"] = refused(client.runs.list_logs, "none")
answer["changes"] = [one.action for one in client.changes.list(kind="project", object_id=project.id)]
"""

# Nouns that no part calls yet. Whoever writes their part takes them off; in the end nothing is here.
NOT_CALLED = (
    *("/aliases", "/credentials", "/databases", "/endpoints/", "/files", "/jobs", "/json_values", "/remote_hosts"),
    *("/scripts", "/search", "/storage_hosts", "/tables", "/templates"),
)

PARTS = [ACCOUNTS, PROJECTS, UDFS]

# What objects that were made above give by what they have in common.
COMMON = {
    "shared": [["Bob"], ["readers"], ["client"]],
    "kept": [[], []],
    "projects": ["Common"],
    "taken out": [],
    "archived": True,
    "dependencies": [],
    "given": [],
}


@pytest.fixture(scope="module")
def walked_by_new(new, server):
    return walk(new, server)


@pytest.fixture(scope="module")
def walked_by_old(old, server):
    return walk(old, server)


@pytest.fixture(params=["new", "old"])
def found(request):
    """What a client found on its walk."""
    return request.getfixturevalue(f"walked_by_{request.param}")


def walk(client, server):
    said = client.run("\n".join([f"ADMIN = {server.admin_key!r}", BEGIN, *PARTS, END]))
    return SimpleNamespace(email=client.email, **said.answer)


def without_mark(value):
    """The value with the mark of this walk taken out of its names."""
    if isinstance(value, dict):
        return {key: without_mark(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_mark(item) for item in value]
    return re.sub(r" [0-9a-f]{8}$", "", value) if isinstance(value, str) else value


def test_users_keys_and_groups(found):
    assert found.users == {
        "me": [found.email, found.email], "got": True, "listed": True, "renamed": "Bobby", "named back": "Bob",
    }  # fmt: skip
    assert found.keys == {"works": True, "listed": True, "got": "spare", "revoked": False}
    assert found.groups == {"members": ["Bob"], "listed": True, "described": "who reads", "left": []}


def test_projects(found):
    traits = {key: value for key, value in COMMON.items() if key not in {"projects", "taken out"}}
    assert without_mark(found.projects) == {
        "got": ["long", "manage"],
        "put": "of the plain",
        "listed": True,
        "auto": True,
        "deleted": True,
        "traits": traits,
    }


def test_udfs_tokens_environments_runs_and_changes(found):
    assert found.udfs == {
        "got": True, "listed": [True], "put": True, "versions": 2, "tokens": [True], "token": True, "disabled": False,
        "token deleted": None, "deleted": None, "gone": 404,
    }  # fmt: skip
    assert found.environments == {
        "got": ["six"], "listed": [True], "put": ["six", "idna"], "logs": True, "deleted": None,
    }  # fmt: skip
    assert found.runs == {"own": [], "nothing": 404, "no logs": 404}
    assert "create" in found.changes


def test_nothing_that_is_served_was_left_out(found):
    served = {f"{one.method} {one.path}": one for one in civis.operations("http://test") if not one.later}
    shapes = {name: re.compile(re.sub(r"{\w+}", "[^/]+", name)) for name in served}
    reached = set()
    for method, path in found.requested:
        matching = [name for name, shape in shapes.items() if shape.fullmatch(f"{method} {path}")]
        reached |= {max(matching, key=lambda name: -name.count("{"))} if matching else set()
    left = {name for name in set(served) - reached if not name.partition(" ")[2].startswith(NOT_CALLED)}
    # The document is fetched by the client as it builds itself, and not by a method.
    assert left == {"GET /endpoints"}
