"""Collections on both databases."""

import io
import sqlite3
import uuid
import zipfile
from importlib.resources import files

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

import factories as make
from headrace.db.engine import Database
from headrace.errors import Conflict, HeadraceError, Invalid, NotFound, TooLarge
from headrace.model import ids
from headrace.services import bundles, collections, passcodes, tokens, udfs
from headrace.services.call import Call


@pytest.fixture
def ann(admin):
    return make.somebody(admin)


def test_every_account_has_a_default_collection(admin, ann):
    for one in (admin, ann):
        assert [found.name for found in collections.list_own(one, 0, 10).items] == ["default"]
        assert make.udf(one).collection_name == "default"


def test_names_are_unique_per_owner_and_collection(admin, ann):
    stage = collections.create(ann, "stage")
    with pytest.raises(Conflict, match="'stage' already"):
        collections.create(ann, "stage")
    assert collections.create(admin, "stage").uid != stage.uid
    first, second = make.udf(ann, "a"), make.udf(ann, "a", collection_uid=stage.uid)
    assert first.uid != second.uid
    with pytest.raises(Conflict):
        make.udf(ann, "a", collection_uid=stage.uid)
    with pytest.raises(Conflict):
        collections.update(ann, stage.uid, udf_uids=[first.uid])
    with pytest.raises(Conflict):
        udfs.update(ann, second.uid, collection_uid=collections.get_by_name(ann, "default").uid)


def test_a_name_leads_to_the_default_collection_first(ann):
    stage = collections.create(ann, "stage")
    elsewhere = make.udf(ann, "a", collection_uid=stage.uid)
    owner = ann.user.email
    assert udfs.get_by_slug(ann, owner, "a") == elsewhere
    default = make.udf(ann, "a")
    assert udfs.get_by_slug(ann, owner, "a") == default
    assert udfs.get_by_slug(ann, owner, "a", "stage") == elsewhere
    with pytest.raises(NotFound):
        udfs.get_by_slug(ann, owner, "a", "nowhere")


def test_a_shared_token_is_found_by_its_digest_and_shown_to_its_owner(platform, ann, admin):
    stage = collections.create(ann, "stage")
    udf = make.udf(ann, "a", collection_uid=stage.uid)
    shared = collections.share(ann, stage.uid)
    text = collections.share_token(ann, shared)
    assert collections.resolve(platform, text, "a")[1] == udf
    assert collections.share_token(admin, shared) is None
    assert text.encode() not in shared.share_secret
    assert collections.share_token(ann, collections.share(ann, stage.uid)) == text
    other = collections.share_token(ann, collections.share(ann, stage.uid, new_token=True))
    assert other != text
    with pytest.raises(NotFound):
        collections.resolve(platform, text, "a")
    collections.unshare(ann, stage.uid)
    with pytest.raises(NotFound):
        collections.resolve(platform, other, "a")


def test_a_collection_goes_with_everything_in_it(platform, ann):
    stage = collections.create(ann, "stage")
    udf, other = make.udf(ann, "a", collection_uid=stage.uid), make.udf(ann, "b")
    udfs.update(ann, udf.uid, body=make.body("def udf(): return 2"))
    token, kept = tokens.create(ann, udf.uid), tokens.create(ann, other.uid)
    text = collections.share_token(ann, collections.share(ann, stage.uid))
    collections.create_session(ann, text, 60)
    collections.delete(ann, stage.uid)
    for gone in (lambda: udfs.get(ann, udf.uid), lambda: tokens.resolve(platform, token.token)):
        with pytest.raises(NotFound):
            gone()
    assert tokens.resolve(platform, kept.token)[1] == other


def test_session_tokens_expire_and_belong_to_one_collection(platform, ann):
    one, two = collections.create(ann, "one"), collections.create(ann, "two")
    share = collections.share_token(ann, collections.share(ann, one.uid))
    collections.share(ann, two.uid)
    session = collections.create_session(ann, share, 60)
    assert collections.session_expires(platform, one.id, session.token) == session.expires_at
    assert collections.session_expires(platform, two.id, session.token) is None
    with platform.db.begin() as connection:
        connection.execute(sa.text("UPDATE session_tokens SET expires_at = created_at"))
    assert collections.session_expires(platform, one.id, session.token) is None


def test_every_change_of_what_a_token_opens_is_told(platform, ann):
    stage = collections.create(ann, "stage")
    seen = [platform.revision.value]
    for change in (
        lambda: collections.share(ann, stage.uid),
        lambda: collections.update(ann, stage.uid, access_scope="public"),
        lambda: collections.unshare(ann, stage.uid),
        lambda: collections.delete(ann, stage.uid),
    ):
        change()
        seen.append(platform.revision.value)
    assert seen == sorted(set(seen))


def test_a_passcode_is_kept_as_a_slow_hash():
    kept = passcodes.hashed("open sesame")
    assert kept.startswith("$argon2id$")
    assert "sesame" not in kept
    assert passcodes.matches("open sesame", kept)
    assert not any(passcodes.matches(wrong, kept) for wrong in ("open sesam", "", "x" * 10_000, "\ud800"[:0]))
    for short in ("", "abc", "a\nbcd", "x" * 257):
        with pytest.raises(Invalid):
            passcodes.hashed(short)


def test_a_bundle_comes_back_as_it_went(platform, ann):
    one, two = collections.create(ann, "one"), collections.create(ann, "two")
    text = make.body(
        "def f():\n    return 'ä'\n", parameters={"a": None}, headers=[{"module_name": "m", "source_code": ""}]
    )
    make.udf(ann, "name with. dots ü", body=text.replace('"udf"', '"f"'), collection_uid=one.uid)
    data = bundles.export(ann, one.uid)
    collections_two = bundles.load(ann, two.uid, data)
    assert collections_two.uid == two.uid
    assert bundles.unpack(bundles.export(ann, two.uid), 1 << 20) == bundles.unpack(data, 1 << 20)
    made = udfs.get_by_slug(ann, ann.user.email, "name with. dots ü", "two")
    assert udfs.check_body(made.body).entrypoint == "f"
    assert bundles.export(ann, one.uid) == data


def test_an_import_that_fails_leaves_everything(ann):
    stage = collections.create(ann, "stage")
    udf = make.udf(ann, "kept", collection_uid=stage.uid)
    for data in (bundles.export(ann, stage.uid)[:-10], b"", b"PK\x01\x02" * 3000):
        with pytest.raises((Invalid, TooLarge)):
            bundles.load(ann, stage.uid, data)
    assert udfs.get(ann, udf.uid).version == 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.data())
def test_no_bytes_break_the_reader_of_bundles(noise, data):
    whole = GOOD[: data.draw(st.integers(0, len(GOOD)))] + noise + GOOD[data.draw(st.integers(0, len(GOOD))) :]
    try:
        files = bundles.unpack(whole, 1 << 20)
    except (Invalid, TooLarge):
        return
    assert all(".." not in name.split("/") and not name.startswith("/") for name in files)


def _good() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("canvas.toml", "[canvas]\n")
        archive.writestr("a.py", "def udf():\n    return 1\n" * 3)
    return out.getvalue()


GOOD = _good()


@pytest.mark.parametrize(
    ("code", "entrypoint"),
    [
        ("@fused.udf\ndef f():\n    pass\n", "f"),
        ("@fused.udf(cache_max_age='1h')\nasync def g(n):\n    pass\n", "g"),
        ("import os\n\n@fused.udf(\n    name='x',\n)\n@fused.cache\ndef h():\n    pass\n", "h"),
        ("def helper():\n    pass\n\n@udf\ndef main():\n    pass\n", "main"),
        ("def udf():\n    pass\n", "udf"),
        ("@fused.udf\n" * 5000, "udf"),
    ],
)
def test_the_entrypoint_of_a_source_file_is_the_function_that_is_marked(ann, code, entrypoint):
    stage = collections.create(ann, str(uuid.uuid4()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("canvas.toml", "")
        archive.writestr("a.py", code)
    bundles.load(ann, stage.uid, out.getvalue())
    made = udfs.get_by_slug(ann, ann.user.email, "a", stage.name)
    assert udfs.check_body(made.body).entrypoint == entrypoint


def test_what_was_kept_before_collections_is_in_the_default_ones(tmp_path):
    """A home of the version before: its udfs, versions and tokens are there after the migration."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(files("headrace.db") / "migrations"))
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        moment = "2026-01-01 00:00:00.000000"
        for statement in (
            f"INSERT INTO users VALUES (1, 'A', 'a', 'a@x', 1, 1, '{moment}', '{moment}')",
            f"INSERT INTO jobs VALUES (7, 'u', 'udf', 's', 1, 1, 0, 0, '{moment}', '{moment}')",
            f"INSERT INTO job_versions VALUES (7, 1, '{make.body().replace(chr(39), chr(39) * 2)}', 1, '{moment}')",
            f"INSERT INTO access_tokens VALUES (1, 'd', x'00', 7, 1, '', 1, 1, 0, '', '', '{moment}', '{moment}', '', '')",  # noqa: E501
        ):
            connection.exec_driver_sql(statement)
    database.migrate()
    database.close()
    with sqlite3.connect(tmp_path / "old.db") as raw:
        assert raw.execute("SELECT count(*) FROM access_tokens").fetchone() == (1,)
        assert raw.execute("SELECT count(*) FROM job_versions").fetchone() == (1,)
        joined = "SELECT c.name FROM jobs j JOIN collections c ON c.id = j.collection_id AND c.owner_id = j.owner_id"
        assert raw.execute(joined).fetchall() == [("default",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()


def test_strangers_learn_nothing_of_collections(admin, ann):
    stage, bob = collections.create(ann, "stage"), make.somebody(admin)
    share = collections.share_token(ann, collections.share(ann, stage.uid))
    said = set()
    for ask in (
        lambda uid: collections.get(bob, uid),
        lambda uid: collections.update(bob, uid, name="x"),
        lambda uid: collections.delete(bob, uid),
        lambda uid: collections.share(bob, uid),
        lambda uid: bundles.export(bob, uid),
        lambda uid: make.udf(bob, collection_uid=uid),
    ):
        for uid in (stage.uid, ids.new_uid(), ""):
            with pytest.raises(NotFound) as raised:
                ask(uid)
            said.add(raised.value.message)
    assert len(said) == 1
    with pytest.raises(NotFound):
        collections.create_session(bob, share, 60)
    with pytest.raises(HeadraceError):
        collections.list_own(Call(admin.platform, None), 0, 1)
