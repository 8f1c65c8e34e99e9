"""The words of the domain for tests: users, udfs, runs."""

from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec

from headrace.dialects.civis.resources import scripts_custom, scripts_python3, scripts_sql
from headrace.model import ids
from headrace.model.access import Principal, User
from headrace.model.job import Script, Udf
from headrace.model.run import Run, State
from headrace.model.template import Template
from headrace.services import accounts, scripts, templates, udfs
from headrace.services.call import Call, Platform

_numbers = count(1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def user(caller: Call, name: str = "Somebody", **given) -> User:
    """An account of nobody in particular."""
    return accounts.create_user(
        caller, name=name, email=given.pop("email", f"user{next(_numbers)}@example.org"), **given
    )


def call(platform: Platform, who: User) -> Call:
    """A call of that user's."""
    return Call(platform, Principal(user=who, key_id=0))


def somebody(admin: Call, **given) -> Call:
    """A call of a new user's."""
    return call(admin.platform, user(admin, **given))


def body(code: str = "def udf():\n    return 1", **fields) -> str:
    """The udf object of some code, as JSON text."""
    return msgspec.json.encode({"code": code, "entrypoint": "udf", **fields}).decode()


def udf(caller: Call, slug: str | None = None, **given) -> Udf:
    """A saved udf."""
    return udfs.create(caller, slug or f"udf_{next(_numbers)}", given.pop("body", body()), **given)


WAYS = {"sql": scripts_sql.SQL.way, "python3": scripts_python3.PYTHON3.way, "custom": scripts_custom.CUSTOM.way}


def script(caller: Call, kind: str = "sql", **given) -> Script:
    """A script of the caller's, as services take it."""
    way = WAYS[kind]
    code = {way.code: "select 1"} if way.code else {}
    made = scripts.create(caller, way, {"name": f"script {next(_numbers)}", **code, **given})
    return scripts.get(caller, way.noun, made)


def template(caller: Call, script_id: int, name: str = "Template", **given) -> Template:
    """A template of a script."""
    values = {"note": None, "ui_report_id": None, "archived": False, "hidden": False, **given}
    return templates.create_template(caller, script_id, name=name, **values)


def run(**fields) -> Run:
    """A run that succeeded; one second after the one before."""
    started = NOW + timedelta(seconds=next(_numbers))
    values = {
        "uid": ids.new_run_uid(),
        "state": State.SUCCEEDED,
        "code_hash": "0" * 64,
        "owner_id": 1,
        "door": "token",
        "status": 200,
        "started_at": started,
        "finished_at": started + timedelta(milliseconds=5),
        **fields,
    }
    return Run(**values)
