"""Files by the published clients of both generations, unmodified."""

from pathlib import Path

import pytest

BOTH = pytest.mark.parametrize("generation", ["new", "old"])


@pytest.fixture
def client(generation, request):
    return request.getfixturevalue(generation)


@BOTH
@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_bytes_come_back_as_they_were_uploaded(client, size):
    said = client.run(f"""
        import hashlib, os
        data = os.urandom({size})
        api.upload("fd://sizes/{size}.bin", data)
        api.download("fd://sizes/{size}.bin", "down.bin")
        answer = [api.get("fd://sizes/{size}.bin") == data, open("down.bin", "rb").read() == data]
    """)
    assert said.answer == [True, True]


@BOTH
def test_an_open_file_is_uploaded(client):
    said = client.run("""
        with open("up.bin", "wb") as out:
            out.write(b"from a file" * 1000)
        with open("up.bin", "rb") as file:
            api.upload("fd://open/up.bin", file)
        answer = api.get("fd://open/up.bin").decode()
    """)
    assert said.answer == "from a file" * 1000


# The older client writes an address as a web address before it sends it, so it takes no space, and no more than these.
@pytest.mark.parametrize(
    ("generation", "names"),
    [
        ("new", ["é漢字.bin", "with space", "100%", "a%2Fb", "100%25", "a+b", "year=2024", "~41", "🗺"]),
        ("old", ["é漢字.bin", "100%", "a%2Fb", "100%25", "a+b", "year=2024", "~41", "🗺"]),
    ],
)
def test_names_are_kept(client, names):
    said = client.run(f"""
        names = {names!r}
        for name in names:
            api.upload(f"fd://names/{{name}}", name.encode())
            api.download(f"fd://names/{{name}}", "down.bin")
            assert open("down.bin", "rb").read() == name.encode(), name
        got = [api.get(f"fd://names/{{name}}").decode() for name in names]
        answer = [got, api.list("fd://names")]
    """)
    assert said.answer[0] == names
    assert sorted(said.answer[1]) == sorted(f"fd://names/{name}" for name in names)


@BOTH
def test_a_folder_is_listed_signed_and_deleted(client):
    said = client.run("""
        import requests
        for name in ("a", "b/c", "b/d/e"):
            api.upload(f"fd://tree/{name}", name.encode())
        listed = [api.list("fd://tree"), api.list("fd://tree/b/")]
        signed = {path: requests.get(url).text for path, url in api.sign_url_prefix("fd://tree/").items()}
        one = requests.get(api.sign_url("fd://tree/b/c")).text
        gone = [api.delete("fd://tree", max_deletion_depth="unlimited"), api.delete("fd://tree")]
        answer = [listed, signed, one, gone, api.list("fd://tree"), api._resolve("fd://tree")]
    """)
    listed, signed, one, gone, left, resolved = said.answer
    assert listed == [["fd://tree/a", "fd://tree/b/"], ["fd://tree/b/c", "fd://tree/b/d/"]]
    assert signed == {"fd://tree/a": "a", "fd://tree/b/c": "b/c", "fd://tree/b/d/e": "b/d/e"}
    assert (one, gone, left, resolved) == ("b/c", [True, False], [], "fd://tree")


@BOTH
def test_a_folder_that_is_too_deep_is_left_and_why_is_told(client):
    said = client.run("""
        api.upload("fd://deep/1/2/3/4/5", b"1")
        try:
            api.delete("fd://deep")
        except Exception as wrong:
            answer = [str(wrong), api.get("fd://deep/1/2/3/4/5").decode()]
    """)
    assert "unlimited" in said.answer[0]
    assert said.answer[1] == "1"


@BOTH
def test_a_temporary_file_is_uploaded_and_read(client):
    said = client.run("""
        url = api._upload_tmp("csv", b"a,b")
        answer = [url, api.get(url).decode()]
    """)
    assert said.answer[0].endswith(".csv")
    assert said.answer[1] == "a,b"


def test_local_input_is_uploaded_by_the_older_client(old):
    said = old.run("""
        import io, pathlib, geopandas as gpd, shapely
        frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[shapely.Point(1, 2), shapely.Point(3, 4)], crs=4326)
        url = api._replace_df_input(frame)
        file = pathlib.Path("local.csv")
        file.write_text("a,b")
        back = gpd.read_parquet(io.BytesIO(api.get(url)))
        answer = [back.equals(frame), url[-8:], api.get(api._replace_df_input(file)).decode(),
                  api._replace_df_input("s3://somebody/else")]
    """)
    assert said.answer == [True, ".parquet", "a,b", "s3://somebody/else"]


def test_local_input_is_uploaded_by_the_newer_client(new):
    said = new.run("""
        import io, pathlib, pandas as pd
        frame = pd.DataFrame({"n": [1, 2]})
        url = api._upload_local_input(frame)
        file = pathlib.Path("local.csv")
        file.write_text("a,b")
        direct = api._upload_tmp_direct("txt", b"direct")
        api._upload_direct("fd://direct/é f.txt".replace(" ", ""), b"direct")
        same = pd.read_parquet(io.BytesIO(api.get(url))).equals(frame)
        local = api.get(api._upload_local_input(file)).decode()
        answer = [same, local, api.get(direct).decode(), api.list("fd://direct")]
    """)
    assert said.answer[:3] == [True, "a,b", "direct"]
    assert len(said.answer[3]) == 1


def test_details_are_listed(new):
    said = new.run("""
        api.upload("fd://details/a.bin", b"12345")
        api.upload("fd://details/b/c.bin", b"1")
        answer = [[one.url, one.file_name, one.is_directory, one.size, one.last_modified is not None]
                  for one in api.list("fd://details", details=True)]
    """)
    assert said.answer == [
        ["fd://details/a.bin", "a.bin", False, 5, True],
        ["fd://details/b/", "b", True, None, False],
    ]


@BOTH
def test_what_is_not_there_and_what_is_not_ours_is_told(client):
    said = client.run("""
        def refused(call):
            try:
                call()
            except Exception as wrong:
                return str(wrong)
        answer = [refused(lambda: api.get("fd://nothing/here")), refused(lambda: api.list("s3://bucket/x"))]
    """)
    assert "no file fd://nothing/here" in said.answer[0]
    assert "fd://" in said.answer[1]


def peak(pid: int) -> int:
    """The most kilobytes that a process has held since its marks were cleared."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@BOTH
def test_a_hundred_megabytes_go_up_and_down_with_flat_memory_of_the_server(client, server):
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # the mark so far is forgotten
    before = peak(server.process.pid)
    said = client.run("""
        import hashlib, os
        digest = hashlib.sha256()
        with open("large.bin", "wb") as out:
            for _ in range(100):
                piece = os.urandom(1 << 20)
                digest.update(piece)
                out.write(piece)
        with open("large.bin", "rb") as file:
            api.upload("fd://large.bin", file)
        api.download("fd://large.bin", "back.bin")
        back = hashlib.sha256()
        with open("back.bin", "rb") as file:
            while piece := file.read(1 << 20):
                back.update(piece)
        answer = [digest.hexdigest() == back.hexdigest(), os.path.getsize("back.bin"), api.delete("fd://large.bin")]
    """)
    assert said.answer == [True, 100 << 20, True]
    assert peak(server.process.pid) - before < 70_000
