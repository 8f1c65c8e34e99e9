"""Collections: the published client, plain HTTP, and the bundles they travel in."""

import io
import json
import uuid
import zipfile

import pytest

from fused_wire import RUN, TABLE, body_of, detail
from published import Person

SHARED = "/server/v1/realtime-shared"
ONE = "@fused.udf\ndef udf(n: int = 1):\n    return n\n"


def collection(web, name: str | None = None, **more) -> dict:
    answer = web.post("/server/v1/collection/new", json={"name": name or uuid.uuid4().hex, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def shared(web, made: dict, **more) -> str:
    answer = web.post("/server/v1/collection/share", params={"collection_id": made["id"], **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["share_token"]


def zipped(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def load(web, made: dict, data: bytes):
    return web.post(f"/server/v1/collection/by-id/{made['id']}/import-toml", files={"file": ("canvas.zip", data)})


# The published client


def test_the_client_makes_lists_renames_shares_and_deletes(new):
    said = new.run("""
        made = api.create_collection("stages", dashboard_body="{}")
        found = [api.get_collection_by_name("stages")["id"] == made.id, api.get_collection_by_id(made.id).name]
        listed = [{one["name"] for one in api.list_collections(whose=whose, lite=lite)} >= {"stages", "default"}
                  for whose in ("self", "team") for lite in (True, False)]
        renamed = api.update_collection(made.id, name="acts", access_scope="public").name
        shared = api.share_collection(made.id)
        same = api.share_collection(made.id).share_token == shared.share_token
        other = api.share_collection(made.id, new_token=True).share_token != shared.share_token
        none = api.unshare_collection(made.id).share_token
        api.delete_collection(made.id)
        left = [one["name"] for one in api.list_collections() if one["name"] == "acts"]
        answer = [found, listed, renamed, shared.share_token[:3], shared.share_client_id, same, other, none, left]
    """)
    assert said.answer == [[True, "stages"], [True] * 4, "acts", "fc_", "local", True, True, None, []]


def test_the_client_saves_into_a_collection_and_loads_from_it_under_every_name(new):
    said = new.run("""
        @fused.udf
        def doubled(n: int = 4):
            return 2 * n
        doubled.to_fused(collection_name="made", create_collection=True)
        @fused.udf
        def doubled(n: int = 4):
            return 20 * n
        doubled.to_fused()
        handle = api._whoami()["handle"]
        made, token = api.get_collection_by_name("made"), None
        token = api.share_collection(made["id"]).share_token
        api.update_collection(made["id"], name="made", access_scope="public")
        loads = [
            fused.load("doubled", collection_name="made"), fused.load(f"{EMAIL}/doubled", collection_name="made"),
            fused.load(f"{handle}/doubled", collection_name="made"), fused.load(f"{token}/doubled"),
        ]
        listed = [one.collection_name for one in api.get_udfs(collection_name="made").values()]
        answer = [
            [fused.run(one) for one in loads], fused.run(fused.load("doubled")), fused.run(f"{token}/doubled", n=5),
            listed, loads[0].get_canvas_share_token() == token,
        ]
    """)
    assert said.answer == [[8] * 4, 80, 10, ["made"], True]


def test_the_client_saves_and_lists_an_app_apart_from_udfs(new):
    said = new.run("""
        @fused.udf
        def page():
            return "<p>app</p>"
        page.metadata = {"fused:udfType": "app"}
        page.to_fused()
        answer = [[name for name in names if "page" in name] for names in (api.get_apps(), api.get_udfs())]
    """)
    assert said.answer == [["default/page"], []]


def test_the_client_takes_a_collection_out_and_puts_it_back(new):
    said = new.run("""
        import io, zipfile
        made = api.create_collection("bundled")
        @fused.udf(headers=[{"module_name": "more", "source_code": "n = 7\\n"}])
        def seven():
            import more
            return more.n
        seven.to_fused(collection_name="bundled")
        data = api.download_collection_toml_zip(made.id)
        names = sorted(zipfile.ZipFile(io.BytesIO(data)).namelist())
        again = api.create_collection("unbundled")
        api.import_collection_toml_zip(again.id, data)
        answer = [names, fused.run(fused.load("seven", collection_name="unbundled"))]
    """)
    assert said.answer == [["canvas.toml", "seven.py"], 7]


def test_the_commands_of_the_client_pull_and_push(new):
    said = new.run("""
        import pathlib
        from click.testing import CliRunner
        from fused.cli import cli
        folder = pathlib.Path("pushed")
        folder.mkdir()
        (folder / "canvas.toml").write_text('[canvas]\\nnodes = [{udfName = "one", type = "udf"}]\\nedges = []\\n')
        (folder / "one.py").write_text('@fused.udf\\ndef first(n: int = 3):\\n    return n\\n')
        (folder / "notes.md").write_text("kept as it is")
        def run(*command):
            done = CliRunner().invoke(cli, command)
            assert done.exit_code == 0, done.output
            return done.output
        run("canvas", "push", "pushed")
        run("canvas", "pull", "pushed", "--output", "pulled")
        pulled = sorted(path.name for path in pathlib.Path("pulled").iterdir())
        valid = run("canvas", "validate", "pulled")
        run("canvas", "push", "pulled", "--canvas", "pushed")
        link = run("canvas", "share", "pushed")
        run("canvas", "rename", "pushed", "pushed-again")
        listed = "pushed-again" in run("canvas", "list")
        run("canvas", "delete", "--id", api.get_collection_by_name("pushed-again")["id"])
        answer = [pulled, "error(s)" not in valid, "/canvas/fc_" in link, listed]
    """)
    assert said.answer == [["canvas.toml", "notes.md", "one.py"], True, True, True]


def test_the_client_makes_a_session_token_for_those_without_a_key(new, open_web):
    said = new.run("""
        @fused.udf
        def hello():
            return [fused.context.get_share_token() is not None]
        hello.to_fused(collection_name="by session", create_collection=True)
        shared = api.share_collection(api.get_collection_by_name("by session")["id"])
        session = api._session_token(shared, session_max_age="30m")
        answer = [shared.share_token, session.session_token, str(session.expires_at)]
    """)
    token, session, _ = said.answer
    url = f"{SHARED}/{token}/hello/run"
    assert open_web.get(url).status_code == 401
    assert open_web.get(url, params={"fused_session_token": session}).json() == [True]
    assert int(session.split(":")[1]) > 0


def test_the_older_client_loads_what_it_saved_from_the_default_collection(old):
    said = old.run("""
        @fused.udf
        def mine():
            import pandas as pd
            return pd.DataFrame({"n": [5]})
        mine.to_fused("mine")
        answer = [len(fused.run(fused.load(f"{EMAIL}/mine"))), [t.udf_slug for t in api.get_udf_access_tokens()][:1]]
    """)
    assert said.answer == [1, ["mine"]]


# Over plain HTTP


def test_every_account_has_a_default_collection_that_stays(web):
    default = web.get("/server/v1/collection/by-name/default").json()
    assert (default["name"], default["username"], default["access_scope"]) == ("default", web.email, "team")
    url = f"/server/v1/collection/by-id/{default['id']}"
    assert web.delete(url).status_code == 409
    assert web.post(url, json={"name": "other"}).status_code == 409
    assert web.post(url, json={"name": "default", "access_scope": "public"}).json()["access_scope"] == "public"
    assert web.save(ONE, "one")["collection_id"] == default["id"]


def test_names_are_unique_within_a_collection(web):
    made = collection(web)
    web.save(ONE, "same")
    other = web.save(ONE, "same", collection_id=made["id"])
    assert other["collection_name"] == made["name"]
    again = web.post(
        "/server/v1/udf/new",
        json={"slug": "same", "udf_body": json.dumps(body_of(ONE)), "collection_id": made["id"]},
    )
    assert again.status_code == 409
    default = web.get("/server/v1/collection/by-name/default").json()["id"]
    moved = web.post(f"/server/v1/udf/by-id/{other['id']}", json={"collection_id": default})
    assert (moved.status_code, "'same'" in detail(moved) or "name" in detail(moved)) == (409, True)
    renamed = web.post(f"/server/v1/udf/by-id/{other['id']}", json={"slug": "another", "collection_id": default})
    assert (renamed.json()["slug"], renamed.json()["collection_name"]) == ("another", "default")
    taken = web.post("/server/v1/collection/new", json={"name": made["name"]})
    assert (taken.status_code, made["name"] in detail(taken)) == (409, True)


def test_deleting_a_collection_removes_its_udfs_and_what_opens_them(web, open_web):
    made = collection(web, access_scope="public")
    inside, outside = web.save(ONE, "inside", collection_id=made["id"]), web.save(ONE, "outside")
    token = shared(web, made)
    assert open_web.get(f"{SHARED}/{token}/inside/run").json() == 1
    assert web.delete(f"/server/v1/collection/by-id/{made['id']}").json()["id"] == made["id"]
    assert open_web.get(f"{SHARED}/{token}/inside/run").status_code == 404
    assert open_web.get(f"{SHARED}/{inside['share_token']}/run").status_code == 404
    assert web.get(f"/server/v1/udf/by-id/{inside['id']}").status_code == 404
    assert web.get(f"/server/v1/udf/by-id/{outside['id']}").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["{}/one/run?n=3", "{}/one/run/file?n=3", "{}-one/run?n=3", "{}-one/run/file?n=3", "{}/one.json?n=3"],
)
def test_a_collections_token_opens_its_udfs_by_name_in_every_form(web, open_web, path):
    made = collection(web, access_scope="public")
    web.save(ONE, "one", collection_id=made["id"])
    web.save(ONE, "elsewhere")
    token = shared(web, made)
    assert open_web.get(f"{SHARED}/{path.format(token)}").json() == 3
    for nowhere in (f"{token}/elsewhere/run", f"{token}/nothing/run", f"{token}-nothing/run", f"{token[:-1]}/one/run"):
        assert open_web.get(f"{SHARED}/{nowhere}").status_code == 404
    bare = open_web.get(f"{SHARED}/{token}/run")
    assert (bare.status_code, "name a udf" in detail(bare)) == (422, True)


def test_a_tile_of_a_udf_in_a_collection(web, open_web):
    made = collection(web, access_scope="public")
    code = "def udf(bounds: fused.types.TileXYZ):\n    return [bounds.x, bounds.y, bounds.z]\n"
    web.save(code, "tile", collection_id=made["id"])
    token = shared(web, made)
    for path in (f"{token}/tile/run/tiles/3/1/2", f"{token}-tile/run/tiles/3/1/2"):
        assert open_web.get(f"{SHARED}/{path}", params={"format": "json"}).json() == [1, 2, 3]


def test_short_addresses_name_the_format_by_their_ending(web, open_web):
    token = web.share(TABLE)
    csv = open_web.get(f"{SHARED}/{token}.csv", params={"lat": 7})
    assert (csv.text, csv.headers["content-type"][:8]) == ("lat,lon\n7.0,2.5\n", "text/csv")
    for nowhere in (f"{token}.exe", ".csv", f"{token}."):
        assert open_web.get(f"{SHARED}/{nowhere}").status_code == 404


def test_a_token_for_the_team_opens_to_those_with_a_key(web, open_web, server):
    made = collection(web)
    web.save("def udf():\n    return fused.context.get_user_email()\n", "who", collection_id=made["id"])
    url = f"{SHARED}/{shared(web, made)}/who/run?format=json"
    refused = open_web.get(url)
    assert (refused.status_code, "key" in detail(refused), "session" in detail(refused)) == (401, True, True)
    assert open_web.get(url, headers={"Authorization": "Bearer hr_wrong"}).status_code == 401
    with server.client(Person(server, "colleague").key) as colleague:
        assert colleague.get(url).json() == web.email


def test_a_udfs_own_token_can_be_for_the_team_too(web, open_web, server):
    token = web.share(ONE, access_scope="team")
    url = f"{SHARED}/{token}/run"
    assert open_web.get(url).status_code == 401
    assert web.get(url).json() == 1
    web.post(f"/server/v1/udf-access-token/by-token/{token}", json={"access_scope": "public"})
    assert open_web.get(url).json() == 1


def test_a_passcode_opens_what_is_not_open(web, open_web):
    made = collection(web, access_scope="public", passcode="open sesame")
    assert made["passcode"] == "********"
    web.save(ONE, "one", collection_id=made["id"])
    url = f"{SHARED}/{shared(web, made)}/one/run"

    def status(passcode: str) -> int:
        return open_web.get(url, headers={"Authorization": f"Fused-Canvas-Passcode {passcode}".strip()}).status_code

    refused = open_web.get(url)
    assert (refused.status_code, "passcode" in detail(refused)) == (401, True)
    assert [status(code) for code in ("open sesame", "open sesame", "open sesam", "", "x" * 2000)] == [
        200, 200, 403, 401, 403,
    ]  # fmt: skip
    by_id = f"/server/v1/collection/by-id/{made['id']}"
    assert web.post(by_id, json={"passcode": "********", "dashboard_body": "{}"}).json()["passcode"] == "********"
    assert status("open sesame") == 200
    web.post(by_id, json={"passcode": "another one"})
    assert [status("open sesame"), status("another one")] == [403, 200]
    assert web.post(by_id, json={"passcode": ""}).json()["passcode"] is None
    assert open_web.get(url).status_code == 200
    assert web.post(by_id, json={"passcode": "abc"}).status_code == 422


def test_session_tokens_end(web, open_web):
    made = collection(web)
    web.save(ONE, "one", collection_id=made["id"])
    token = shared(web, made)
    url, minting = f"{SHARED}/{token}/one/run", f"/server/v1/session-token/by-access-token/{token}"
    sessions = [web.post(minting, json={"ttl": 60}).json()["session_token"] for _ in range(3)]

    def status(session: str) -> int:
        return open_web.get(url, params={"fused_session_token": session}).status_code

    assert [status(one) for one in sessions] == [200] * 3
    assert web.delete(minting, params={"session_token": sessions[0]}).json() == {"revoked": 1}
    assert [status(one) for one in sessions] == [403, 200, 200]
    assert web.delete(minting).json() == {"revoked": 2}
    assert [status(one) for one in [*sessions, "", "1:2:3"]] == [403, 403, 403, 401, 403]
    last = web.post(minting, json={"ttl": 60}).json()["session_token"]
    assert status(last) == 200
    shared(web, made, new_token=True)
    assert status(last) == 404
    assert (
        open_web.get(f"{SHARED}/{shared(web, made)}/one/run", params={"fused_session_token": last}).status_code == 403
    )
    for ttl in (0, -1, 86_401):
        assert web.post(minting, json={"ttl": ttl}).status_code == 422
    assert web.post(minting, json={"ttl": 60}).status_code == 404


def test_collections_are_their_owners_business(web, server, open_web):
    made = collection(web)
    kept = web.save(ONE, "one", collection_id=made["id"])
    token = shared(web, made)
    by_id = f"/server/v1/collection/by-id/{made['id']}"
    with server.client(Person(server, "stranger").key) as stranger:
        refused = [
            stranger.get(by_id),
            stranger.post(by_id, json={"name": "mine"}),
            stranger.delete(by_id),
            stranger.post("/server/v1/collection/share", params={"collection_id": made["id"]}),
            stranger.post("/server/v1/collection/unshare", params={"collection_id": made["id"]}),
            stranger.get(f"{by_id}/export-toml"),
            load(stranger, made, zipped({"canvas.toml": ""})),
            stranger.get(f"/server/v1/collection/by-name/{made['name']}"),
            stranger.get(f"/server/v1/collection/exec-env/by-slug/{made['name']}"),
            stranger.get(f"/server/v1/udf/by-user-email/{web.email}/by-collection/{made['name']}/by-slug/one"),
            stranger.post(f"/server/v1/session-token/by-access-token/{token}", json={"ttl": 60}),
            stranger.delete(f"/server/v1/session-token/by-access-token/{token}"),
            stranger.post(
                "/server/v1/udf/new",
                json={"slug": "x", "udf_body": json.dumps(body_of(ONE)), "collection_id": made["id"]},
            ),
        ]
        assert [answer.status_code for answer in refused] == [404] * len(refused)
        assert stranger.get(f"/server/v1/udf/shared/by-token/{token}/one").status_code == 403
        assert web.post(by_id, json={"allow_public_read": True}).json()["allow_public_read"] is True
        seen = stranger.get(by_id).json()
        assert (seen["name"], seen["share_token"]) == (made["name"], None)
        assert stranger.get(f"/server/v1/collection/exec-env/by-slug/{made['name']}").json()["id"] == made["id"]
        assert stranger.get(f"/server/v1/udf/by-id/{kept['id']}").json()["slug"] == "one"
        assert stranger.get(f"/server/v1/udf/shared/by-token/{token}/one").json()["id"] == kept["id"]
        assert stranger.get(f"{RUN}/saved/{web.email}/one?format=json").json() == 1
        assert zipfile.ZipFile(io.BytesIO(stranger.get(f"{by_id}/export-toml").content)).namelist()
        assert stranger.post(by_id, json={"name": "mine"}).status_code == 404
    assert open_web.get(by_id).status_code == 401


def test_udfs_that_are_named_move_into_a_collection(web):
    made, one, two = collection(web), web.save(ONE, "one"), web.save(ONE, "two")
    by_id = f"/server/v1/collection/by-id/{made['id']}"
    assert web.post(by_id, json={"udfs": [{"id": one["id"]}]}).status_code == 200
    assert web.get(f"/server/v1/udf/by-id/{one['id']}").json()["collection_name"] == made["name"]
    assert web.get(f"/server/v1/udf/by-id/{two['id']}").json()["collection_name"] == "default"
    assert web.post(by_id, json={"udfs": [{"id": two["id"]}, {"id": "nothing"}]}).status_code == 404
    assert web.get(f"/server/v1/udf/by-id/{two['id']}").json()["collection_name"] == "default"
    assert web.post(by_id, json={"udfs": [{"name": "two"}]}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": " "}, {"name": "a/b"}, {"name": "a\nb"}, {"name": "x" * 129}, {"name": 7},
     {"name": "nul\0"}, {"name": "x", "access_scope": "world"}, {"name": "x", "passcode": "abc"}],
)  # fmt: skip
def test_what_is_no_collection_is_not_made(web, body):
    answer = web.post("/server/v1/collection/new", json=body)
    assert (answer.status_code in {400, 422}, bool(detail(answer))) == (True, True)
    assert [one["name"] for one in web.get("/server/v1/collection/self").json()] == ["default"]


def test_lists_of_collections_end_with_an_empty_page(web):
    for n in range(3):
        collection(web, f"c{n}")
    pages = [web.get("/server/v1/collection/self/lite", params={"skip": n, "limit": 2}).json() for n in (0, 2, 4)]
    assert [[one["name"] for one in page] for page in pages] == [["c2", "c1"], ["c0", "default"], []]


# Bundles


def test_an_import_makes_the_collection_what_the_bundle_says(web):
    made = collection(web)
    gone, kept = (web.save(ONE, name, collection_id=made["id"]) for name in ("gone", "kept"))
    code = "@fused.udf(\n    cache_max_age=3,\n)\ndef renamed():\n    return 2\n"
    answer = load(web, made, zipped({"canvas.toml": "", "kept.py": code, "fresh.py": ONE, "view.json": "{}"}))
    assert answer.json()["id"] == made["id"], answer.text
    assert web.get(f"/server/v1/udf/by-id/{gone['id']}").status_code == 404
    now = web.get(f"/server/v1/udf/by-id/{kept['id']}").json()
    assert (now["version"], json.loads(now["udf_body"])["entrypoint"]) == (2, "renamed")
    out = zipfile.ZipFile(io.BytesIO(web.get(f"/server/v1/collection/by-id/{made['id']}/export-toml").content))
    assert sorted(out.namelist()) == ["canvas.toml", "fresh.py", "kept.py", "view.json"]
    assert out.read("kept.py").decode() == code
    assert load(web, made, out.fp.getvalue()).status_code == 200
    assert web.get(f"/server/v1/udf/by-id/{kept['id']}").json()["version"] == 2
    assert web.get(f"{RUN}/saved/{web.email}/kept?format=json").json() == 2


def bomb() -> bytes:
    return zipped({"canvas.toml": "", "large.txt": b"\0" * (80 << 20)})


def lying() -> bytes:
    """A zip that says of a large file that it is small."""
    data = zipped({"canvas.toml": "", "large.txt": b"a" * (64 << 20)})
    return data.replace((64 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def encrypted() -> bytes:
    data = bytearray(zipped({"canvas.toml": "x = 1"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


NO_BUNDLES = (
    (b"", 422), (b"no zip", 422), (zipped({}), 422), (zipped({"a.py": ONE}), 422),
    (zipped({"canvas.toml": "["}), 422), (zipped({"canvas.toml": "a = " + "[" * 10_000}), 422),
    (zipped({"canvas.toml": "", "../up.py": ONE}), 422), (zipped({"canvas.toml": "", "/abs.py": ONE}), 422),
    (zipped({"canvas.toml": "", "a\\b.py": ONE}), 422), (zipped({"canvas.toml": "", "C:/x.py": ONE}), 422),
    (zipped({"canvas.toml": b"\xff"}), 422), (zipped({"canvas.toml": "", "nul.py": "a = '\0'"}), 422),
    (zipped({"canvas.toml": "[udf.a]\nobject = '{'", "a.py": ONE}), 422),
    (zipped({"canvas.toml": "[udf.a]\nobject = '[]'", "a.py": ONE}), 422),
    (zipped({"canvas.toml": "[udf.a]\nobject = '{\"headers\": 3}'", "a.py": ONE}), 422),
    (zipped({"canvas.toml": "", **{f"{n}.txt": "" for n in range(1001)}}), 413),
    (zipped({"canvas.toml": "", **{f"{n}.txt": "" for n in range(3001)}}), 413),
    (bomb, 413), (lying, 422), (encrypted, 422), (zipped({"canvas.toml": "x = 1"})[:-30], 422),
)  # fmt: skip


# By number: a zip holds the moment at which it was made, and a test has the same name in every process.
@pytest.mark.parametrize(("data", "status"), NO_BUNDLES, ids=range(len(NO_BUNDLES)))
def test_a_bundle_that_is_none_changes_nothing(web, data, status):
    made = collection(web)
    web.save(ONE, "kept", collection_id=made["id"])
    answer = load(web, made, data() if callable(data) else data)
    assert (answer.status_code, bool(detail(answer))) == (status, True), answer.text
    assert [udf["slug"] for udf in web.get("/server/v1/udf/self").json()] == ["kept"]


def test_a_form_without_a_file_is_told_so(web):
    url = f"/server/v1/collection/by-id/{collection(web)['id']}/import-toml"
    assert web.post(url, json={}).status_code == 400
    assert web.post(url, data={"file": "text"}).status_code in {400, 422}
    assert web.post(url, files={"other": b"x"}).status_code == 422
    assert web.post(url, content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"}).status_code in {
        400,
        422,
    }
    assert web.post(url, content=b"--x", headers={"Content-Type": "multipart/form-data"}).status_code == 400
