"""Every method that is served, called by both generations of the published client, and what it gave.

A client walks once through everything, one part a noun; each part leaves what it found. The last test compares where
requests went with what is declared, so that a method nobody calls fails it.
"""

import re
from types import SimpleNamespace

import psycopg
import pytest

from headrace.dialects import civis

LOGIN, SECRET = "walker", "correct horse battery"

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

def one_of(noun, what):
    # GET of one object, at a path that ends in a word
    names = [("get_" + what).strip("_"), ("list_" + what).strip("_")]
    return next(getattr(noun, name) for name in names if hasattr(noun, name))

def names(people):
    return [one["name"] for one in people]

def traits(noun, kind, make, archived=True, projects=True):
    # what objects have in common: shares, projects, an archive, a new owner
    def method(verb, what):
        called = getattr(resource(noun), "_".join(word for word in (verb, kind, what) if word), None)
        return called or method("get", what)  # of nouns that the service has not, 2.10.1 tells by what is answered
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
    if archived:
        found["archived"] = archived(one) if callable(archived) else method("put", "archive")(one, True).archived
    found["dependencies"] = names(method("list", "dependencies")(one))
    found["given"] = [one["shared"] for one in method("put", "transfer")(make(), bob.id, False).dependencies]
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
answer["runs"]["no cancel"] = refused(client.runs.post_cancel, "none")
answer["changes"] = [one.action for one in client.changes.list(kind="project", object_id=project.id)]
"""

SCRIPTS = """
KINDS = {
    "sql": ["Rain", "select 1", None, None],
    "python3": ["Rain", "print(1)"],
    "r": ["Rain", "print(1)"],
    "javascript": ["Rain", "log(1)", None, None],
    "containers": [{"cpu": 512, "memory": 1024}, "ls", "python"],
}
CODE = {"sql": "sql", "containers": "docker_command"}
NEEDED = {"containers": ["required_resources", "docker_command", "docker_image_name"]}
scripts, templates = client.scripts, client.templates
template = templates.post_scripts(scripts.post_sql("Behind", "select {{n}}", None, None).id, "Drizzle " + mark)
KINDS["custom"] = [template.id]

def script(kind):
    def method(verb, *what):
        return getattr(scripts, "_".join([verb, kind] + list(what)))
    made = method("post")(*KINDS[kind], time_zone="Europe/Oslo")
    got, code = method("get")(made.id), CODE.get(kind, "source")
    changed = {"name": "Snow"} if kind == "custom" else {code: "other"}
    patched = method("patch")(made.id, **changed)
    found = {
        "made": [got.id == made.id, got.type, got.state, got.time_zone, got.archived, got.my_permission_level],
        "patched": [patched[name] for name in changed],
        "put": method("put")(made.id, *([] if kind == "custom" else KINDS[kind])).id == made.id,
        "cloned": method("post", "clone")(made.id).name.startswith("Clone of "),
        "runs": method("list", "runs")(made.id),
        "iterated": list(method("list", "runs")(made.id, iterator=True)),
        "no run": [
            refused(method("get", "runs"), made.id, 999999),
            refused(method("list", "runs_logs"), made.id, 999999),
            refused(method("list", "runs_outputs"), made.id, 999999),
        ],
        "run": refused(method("post", "runs"), made.id),
        "of all": [client.jobs.get(made.id).id == made.id, client.scripts.get(made.id).id == made.id],
        "traits": traits("scripts", kind, lambda: method("post")(*KINDS[kind]).id),
    }
    spare = method("post")(*KINDS[kind])
    method("delete")(spare.id)
    found["deleted"] = method("get")(spare.id).archived
    return found

answer["scripts"] = {kind: script(kind) for kind in KINDS}

first = scripts.post("First", None, None, "select 2")
answer["first"] = {
    "listed": first.id in [one.id for one in scripts.list(type="sql", author=me.id)],
    "patched": scripts.patch(first.id, sql="select 3").sql,
    "got": scripts.get(first.id).type,
    "history": scripts.list_history(first.id),
    "nothing to cancel": refused(scripts.post_cancel, first.id),
    "run": refused(scripts.post_run, first.id),
    "types": sorted(one.name for one in scripts.list_types()),
    "custom": template.id in [one.from_template_id for one in scripts.list_custom(from_template_id=str(template.id))],
}
scripts.delete(first.id)
answer["first"]["deleted"] = scripts.get(first.id).archived

answer["templates"] = {
    "got": templates.get_scripts(template.id).name == "Drizzle " + mark,
    "listed": template.id in [one.id for one in templates.list_scripts(author=me.id)],
    "patched": templates.patch_scripts(template.id, note="wet").note,
    "put": templates.put_scripts(template.id, "Drizzle", note="dry").note,
}

def make_template():
    return templates.post_scripts(scripts.post_sql("B", "select 1", None, None).id, "T").id

archived = lambda one: templates.patch_scripts(one, archived=True).archived
answer["templates"]["traits"] = traits("templates", "scripts", make_template, archived)
spare = make_template()
templates.delete_scripts(spare)
answer["templates"]["deleted"] = templates.get_scripts(spare).archived
"""

FILES = """
import requests

TABLE = b"day,mm\\n1,0.5\\n"

def upload(**fields):
    file = client.files.post("rain.csv", **fields)
    form = dict(file.upload_fields.items() if hasattr(file.upload_fields, "items") else file.upload_fields)
    assert requests.post(file.upload_url, data=form, files={"file": ("temporary", TABLE)}).status_code < 300
    return file.id

one = upload(expires_at=None, description="of March")
got = client.files.get(one)
parts = client.files.post_multipart("snow.csv", 2)
assert all(requests.put(url, data=TABLE).ok for url in parts.upload_urls)
answer["files"] = {
    "got": [got.name, got.file_size, got.expires_at, got.description, requests.get(got.file_url).text],
    "expires by itself": client.files.get(upload()).expires_at is not None,
    "put": client.files.put(one, "hail.csv", None).name,
    "patched": client.files.patch(one, description="of May").description,
    "preview": one_of(client.files, "preview")(one).rows,
    "part": client.files.get_multipart(parts.id).id == parts.id,
    "whole": client.files.post_multipart_complete(parts.id).json_data,
    "parts": requests.get(client.files.get(parts.id).file_url).content == TABLE * 2,
    "traits": traits("files", "", upload, archived=False),
    "deleted": client.files.delete(one).json_data,
    "gone": refused(client.files.get, one),
}
"""

JOBS = """
import os
import time
import requests

udf = client.udfs.post("job" + mark, "def udf(): print('said'); return 1")
token = client.udfs.post_tokens(udf.uid)
address = os.environ["CIVIS_API_ENDPOINT"].replace("/api", "/server/v1/realtime-shared/%s/run" % token.token)
assert requests.get(address, params={"format": "json"}).json() == 1

def its_job():
    return [one.id for one in client.jobs.list(q="job" + mark, hidden=False)]

job, = its_job()
runs, deadline = [], time.monotonic() + 60
while not runs and time.monotonic() < deadline:  # what ran is written down behind its answer
    runs = client.jobs.list_runs(job)
run = client.jobs.get_runs(job, runs[0].id)
logs = client.jobs.list_runs_logs(job, run.id, last_id=0)
one, two = (scripts.post_python3(name, "1").id for name in ("One", "Two"))
scripts.patch_python3(two, parent_id=one)
answer["jobs"] = {
    "got": client.jobs.get(job).last_run.id == run.id,
    "run": [run.state, run.error, len(runs)],
    "logs": [one.message for one in logs],
    "outputs": client.jobs.list_runs_outputs(job, run.id),
    "too late to cancel": refused(client.jobs.delete_runs, job, run.id),
    "parents": [parent.id == one for parent in client.jobs.list_parents(two)],
    "children": [child.id == two for child in client.jobs.list_children(one)],
    "mail": "+run.%d." % one in client.jobs.post_trigger_email(one).trigger_email,
    "start": refused(client.jobs.post_runs, one),
    "traits": traits("jobs", "", lambda: scripts.post_python3("Job", "1").id),
}
"""

NAMES = """
values = resource("json_values")
value = values.post('{"someKey": [1, {"other_key": null}]}', name="Weather " + mark)
kept = values.get(value.id)
answer["values"] = {
    "got": kept.json()["value"] if hasattr(kept, "json") else kept.json_data["value"],
    "patched": values.patch(value.id, value_str="[2]").value,
    "traits": traits("json_values", "", lambda: values.post("1").id, archived=False, projects=False),
}

schemas, made_schemas = resource("schemas"), []
def make_schema():
    made_schemas.append(schemas.post("s%d_%s" % (len(made_schemas), mark)).id)
    return made_schemas[-1]
schema = schemas.get(make_schema())
answer["schemas"] = {
    "got": schema.name == "s0_" + mark,
    "listed": schema.id in [one.id for one in schemas.list()],
    "traits": traits("schemas", "", make_schema, archived=False, projects=False),
    "deleted": schemas.delete(schema.id).json_data,
    "gone": refused(schemas.get, schema.id),
}

aliases = client.aliases
alias = aliases.post(template.id, "template_script", "drizzle-" + mark)
other = aliases.post(template.id, "template_script", "rain-" + mark, display_name="Rain")
answer["aliases"] = {
    "got": aliases.get(alias.id).object_id == template.id,
    "found": aliases.get_object_type("template_script", "rain-" + mark).id == other.id,
    "listed": [one.alias.split("-")[0] for one in aliases.list(object_type="template_script", limit=1000)
               if one.object_id == template.id],
    "put": aliases.put(alias.id, template.id, "template_script", "mist-" + mark).alias == "mist-" + mark,
    "patched": aliases.patch(alias.id, display_name="Mist").display_name,
    "deleted": aliases.delete(other.id).json_data,
    "gone": refused(aliases.get, other.id),
}

def make_alias():
    named = make_template()
    templates.put_scripts_shares_users(named, [bob.id], "read")  # to whom an alias is given sees what it names
    return aliases.post(named, "template_script", "alias-" + uuid.uuid4().hex).id

answer["aliases"]["traits"] = traits("aliases", "", make_alias, archived=False, projects=False)

hits = one_of(client.search, "")(query="Weather " + mark)
answer["search"] = {
    "found": [[hit["type"], hit["id"] == value.id] for hit in hits.results],
    "count": hits.total_results,
    "types": "json_value" in [one.type for one in client.search.list_types()],
}
"""

DATABASES = """
kind = "RemoteHostTypes::Postgres"
hosts, storage = resource("remote_hosts"), resource("storage_hosts")
host = hosts.post("Gauges " + mark, DATABASE, kind)
key = client.credentials.post("Database", LOGIN, SECRET, remote_host_id=host.id, name="Gauges " + mark)

def make_key():
    return client.credentials.post("Custom", "ada", SECRET, name="Spare").id

answer["credentials"] = {
    "got": client.credentials.get(key.id).remote_host_name == "Gauges " + mark,
    "listed": key.id in [one.id for one in client.credentials.list(type="Database, Custom", limit=1000)],
    "put": client.credentials.put(key.id, "Database", LOGIN, SECRET, remote_host_id=host.id).name == LOGIN,
    "patched": client.credentials.patch(key.id, description="reads").description,
    "types": "Database" in one_of(client.credentials, "types")().types,
    "works": client.credentials.post_authenticate(DATABASE, kind, LOGIN, SECRET).success,
    "refused": refused(client.credentials.post_authenticate, DATABASE, kind, LOGIN, "wrong"),
    "none of S3": refused(client.credentials.post_temporary, key.id),
    "traits": traits("credentials", "", make_key, archived=False, projects=False),
}
spare = make_key()
answer["credentials"]["deleted"] = client.credentials.delete(spare).json_data
answer["credentials"]["gone"] = refused(client.credentials.get, spare)

def share(noun, one):
    noun.put_shares_users(one, [bob.id], "read")
    shares = noun.put_shares_groups(one, [group.id], "write")
    noun.delete_shares_users(one, bob.id)
    noun.delete_shares_groups(one, group.id)
    left = noun.list_shares(one)
    return [names(shares.readers["users"]), len(shares.writers["groups"]), names(left.readers["users"])]

other = hosts.post("Other " + mark, DATABASE, kind)
answer["hosts"] = {
    "got": hosts.get(host.id).type,
    "listed": host.id in [one.id for one in hosts.list()],
    "put": hosts.put(host.id, "Gauges " + mark, kind, DATABASE, "of rain").description,
    "patched": hosts.patch(host.id, description="of snow").description,
    "works": hosts.post_authenticate(host.id, credential_id=key.id).json_data,
    "data sets": type(hosts.list_data_sets(host.id)).__name__ in ("list", "ListResponse"),
    "shares": share(hosts, other.id),
    "deleted": hosts.delete(other.id).json_data,
    "gone": refused(hosts.get, other.id),
}

bucket = storage.post("s3", "rain", "Rain " + mark)
answer["storage"] = {
    "got": storage.get(bucket.id).bucket,
    "listed": bucket.id in [one.id for one in storage.list()],
    "put": storage.put(bucket.id, "Snow", "s3", "snow").bucket,
    "patched": storage.patch(bucket.id, name="Hail").name,
    "shares": share(storage, bucket.id),
    "dependencies": names(storage.list_dependencies(bucket.id)),
    "deleted": storage.delete(bucket.id).json_data,
    "given": storage.put_transfer(storage.post("s3", "rain", "Given").id, bob.id, False).dependencies,
}

databases = client.databases
address = databases.post_whitelist_ips(host.id, "203.0.113.0/24")
answer["databases"] = {
    "got": databases.get(host.id).name == "Gauges " + mark,
    "listed": host.id in [one.id for one in databases.list()],
    "schemas": [one.schema for one in databases.list_schemas(host.id)],
    "tables": [one.name for one in databases.list_schemas_tables(host.id, "public")],
    "all tables": [one.name for one in databases.list_tables(host.id)],
    "found": [one.name for one in databases.list_tables_search(host.id, name="t")],
    "table": databases.get_schemas_tables(host.id, "public", "t").name,
    "no table": refused(databases.get_schemas_tables, host.id, "public", "nothing"),
    "described": databases.patch_schemas_tables(host.id, "public", "t", description="mm").description,
    "projects": databases.list_schemas_tables_projects(host.id, "public", "t"),
    "privileges": databases.get_table_privileges_schema_name(host.id, "public", "t") is not None,
    "of schemas": databases.get_schema_privileges(host.id, "public") is not None,
    "users": LOGIN in [one["username"] for one in databases.list_users(host.id)],
    "groups": [LOGIN in one["members"] for one in databases.list_groups(host.id) if one["group_name"] == "people"],
    "address": databases.get_whitelist_ips(host.id, address.id).subnet_mask,
    "addresses": [one.id == address.id for one in databases.list_whitelist_ips(host.id)],
    "address deleted": databases.delete_whitelist_ips(host.id, address.id).json_data,
    "settings": one_of(databases, "advanced_settings")(host.id).export_caching_enabled,
    "set": databases.patch_advanced_settings(host.id, export_caching_enabled=True).export_caching_enabled,
    "set back": databases.put_advanced_settings(host.id, False).export_caching_enabled,
}

table, = client.tables.list(database_id=host.id, schema="public", name="t")
answer["tables"] = {
    "id": client.get_table_id("public.t", host.id) == table.id,
    "got": client.tables.get(table.id).name,
    "patched": client.tables.patch(table.id, description="inches").description,
    "columns": names(client.tables.list_columns(table.id)),
    "refreshed": client.tables.post_refresh(table.id).refresh_status,
    "projects": client.tables.list_projects(table.id),
}
"""

PARTS = [ACCOUNTS, PROJECTS, UDFS, FILES, SCRIPTS, JOBS, NAMES, DATABASES]

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
def database(postgresql):
    """A real database with a table, and who may read it."""
    url = postgresql.empty()
    postgresql.person(LOGIN, SECRET)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE public.t (mm float); GRANT SELECT ON public.t TO {LOGIN}")
    return url.replace("postgres@", "")


@pytest.fixture(scope="module")
def walked_by_new(new, server, database):
    return walk(new, server, database)


@pytest.fixture(scope="module")
def walked_by_old(old, server, database):
    return walk(old, server, database)


@pytest.fixture(params=["new", "old"])
def found(request):
    """What a client found on its walk."""
    return request.getfixturevalue(f"walked_by_{request.param}")


def walk(client, server, database):
    given = {"ADMIN": server.admin_key, "DATABASE": database, "LOGIN": LOGIN, "SECRET": SECRET}
    said = client.run("\n".join([*(f"{name} = {value!r}" for name, value in given.items()), BEGIN, *PARTS, END]))
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
    assert found.runs == {"own": [], "nothing": 404, "no logs": 404, "no cancel": 404}
    assert "create" in found.changes


def test_files(found):
    traits = {key: value for key, value in COMMON.items() if key != "archived"}
    assert without_mark(found.files) == {
        "got": ["rain.csv", 13, None, "of March", "day,mm\n1,0.5\n"],
        "expires by itself": True,
        "put": "hail.csv",
        "patched": "of May",
        "preview": [["1", "0.5"]],
        "part": True,
        "whole": None,
        "parts": True,
        "traits": traits,
        "deleted": None,
        "gone": 404,
    }


@pytest.mark.parametrize("kind", ["sql", "python3", "r", "javascript", "containers", "custom"])
def test_scripts(found, kind):
    depends = {"dependencies": ["Drizzle"], "given": [False]} if kind == "custom" else {}
    word = {"sql": "SQL", "python3": "Python", "javascript": "JavaScript"}.get(kind, kind.capitalize().rstrip("s"))
    assert without_mark(found.scripts[kind]) == {
        "made": [True, word, "idle", "Europe/Oslo", False, "manage"],
        "patched": ["Snow" if kind == "custom" else "other"],
        "put": True,
        "cloned": True,
        "runs": [],
        "iterated": [],
        "no run": [404, 404, 404],
        "run": 501,
        "of all": [True, True],
        "traits": COMMON | depends,
        "deleted": True,
    }


def test_scripts_as_they_were_at_first(found):
    assert found.first == {
        "listed": True,
        "patched": "select 3",
        "got": "JobTypes::SqlRunner",
        "history": [],
        "nothing to cancel": 501,
        "run": 501,
        "types": ["containers", "javascript", "python3", "r", "sql"],
        "custom": True,
        "deleted": True,
    }


def test_templates(found):
    traits = COMMON | {"dependencies": ["B"], "given": [False]}
    assert without_mark(found.templates) == {
        "got": True, "listed": True, "patched": "wet", "put": "dry", "traits": traits, "deleted": True,
    }  # fmt: skip


def test_jobs(found):
    assert without_mark(found.jobs) == {
        "got": True,
        "run": ["succeeded", None, 1],
        "logs": ["said"],
        "outputs": [],
        "too late to cancel": 501,
        "parents": [True],
        "children": [True],
        "mail": True,
        "start": 501,
        "traits": COMMON,
    }


def test_values_aliases_and_search(found):
    traits = {key: value for key, value in COMMON.items() if key not in {"archived", "projects", "taken out"}}
    assert without_mark(found.values) == {
        "got": {"someKey": [1, {"other_key": None}]}, "patched": [2], "traits": traits,
    }  # fmt: skip
    assert without_mark(found.schemas) == {
        "got": True, "listed": True, "traits": traits, "deleted": None, "gone": 404,
    }  # fmt: skip
    assert without_mark(found.aliases) == {
        "got": True,
        "found": True,
        "listed": ["drizzle", "rain"],
        "put": True,
        "patched": "Mist",
        "deleted": None,
        "gone": 404,
        "traits": traits | {"dependencies": ["T"], "given": [False]},
    }
    assert found.search == {"found": [["json_value", True]], "count": 1, "types": True}


def test_credentials(found):
    traits = {key: value for key, value in COMMON.items() if key not in {"archived", "projects", "taken out"}}
    assert without_mark(found.credentials) == {
        "got": True,
        "listed": True,
        "put": True,
        "patched": "reads",
        "types": True,
        "works": True,
        "refused": 400,
        "none of S3": 422,
        "traits": traits,
        "deleted": None,
        "gone": 404,
    }


def test_hosts(found):
    assert found.hosts == {
        "got": "RemoteHostTypes::Postgres",
        "listed": True,
        "put": "of rain",
        "patched": "of snow",
        "works": None,
        "data sets": True,
        "shares": [["Bob"], 1, []],
        "deleted": None,
        "gone": 404,
    }
    assert found.storage == {
        "got": "rain",
        "listed": True,
        "put": "snow",
        "patched": "Hail",
        "shares": [["Bob"], 1, []],
        "dependencies": [],
        "deleted": None,
        "given": [],
    }


def test_databases_and_tables(found):
    assert found.databases == {
        "got": True,
        "listed": True,
        "schemas": ["public"],
        "tables": ["t"],
        "all tables": ["t"],
        "found": ["t"],
        "table": "t",
        "no table": 404,
        "described": "mm",
        "projects": [],
        "privileges": True,
        "of schemas": True,
        "users": True,
        "groups": [True],
        "address": "203.0.113.0/24",
        "addresses": [True],
        "address deleted": None,
        "settings": False,
        "set": True,
        "set back": False,
    }
    assert found.tables == {
        "id": True, "got": "t", "patched": "inches", "columns": ["mm"], "refreshed": "current", "projects": [],
    }  # fmt: skip


def test_nothing_that_is_served_was_left_out(found):
    served = {f"{one.method} {one.path}": one for one in civis.operations("http://test") if not one.later}
    shapes = {name: re.compile(re.sub(r"{\w+}", "[^/]+", name)) for name in served}
    reached = set()
    for method, path in found.requested:
        matching = [name for name, shape in shapes.items() if shape.fullmatch(f"{method} {path}")]
        reached |= {max(matching, key=lambda name: -name.count("{"))} if matching else set()
    # The document is fetched by the client as it builds itself, and not by a method.
    assert set(served) - reached == {"GET /endpoints"}
