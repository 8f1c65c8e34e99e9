"""The disk that calls see as /mount, over HTTP: whatever a call has put there, nothing outside of it is touched."""

import os
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

EFS = "/server/v1/efs/local"
SECRET = "of the house"


@pytest.fixture
def mount(server, files) -> Path:
    """The person's disk, as calls see it, with a secret beside it."""
    number = files.get("/server/v1/user/self").json()["id"]
    files.put_file("file:///mount/first", b"1")
    folder = server.home / "mounts" / number
    (folder / "first").unlink()
    (server.home / "secret").write_text(SECRET)
    return folder


def items(files, path: str = "") -> dict[str, dict]:
    answer = files.post(f"{EFS}/list", params={"limit": -1}, json={"item": path})
    assert answer.status_code == 200, answer.text
    return {one["file_name"]: one for one in answer.json()["items"]}


def upload(files, folder: str, name: str, data: bytes):
    return files.post(f"{EFS}/upload", data={"dir": folder}, files={"file": (name, data)})


def download(files, path: str, **more):
    return files.get(f"{EFS}/download", params={"file_name": path}, **more)


def remove(files, path: str, kind: str = "dir"):
    return files.request("DELETE", f"{EFS}/delete-{kind}", json={"item": path})


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_what_is_uploaded_is_on_the_disk_and_comes_back(files, mount, size):
    data = os.urandom(size)
    assert upload(files, "/a/b", "c d.bin", data).status_code == 200
    assert (mount / "a" / "b" / "c d.bin").read_bytes() == data
    assert download(files, "/a/b/c d.bin").content == data
    assert files.get_file("file:///mount/a/b/c d.bin").content == data
    assert items(files, "a/b")["c d.bin"]["url"] == "a/b/c d.bin"
    assert items(files)["a"]["is_directory"] is True
    assert files.ls("file:///mount/a/") == ["file:///mount/a/b/"]
    assert [path.name for path in (mount.parent / ".staging").iterdir() if path.is_file()] == []


def test_what_is_uploaded_belongs_to_whom_the_disk_belongs(files, mount):
    if os.geteuid() == 0:
        os.chown(mount, 54321, 54321)
    upload(files, "/new/folder", "file", b"1")
    for path in (mount / "new", mount / "new" / "folder", mount / "new" / "folder" / "file"):
        assert path.stat().st_uid == mount.stat().st_uid
    assert stat.S_IMODE((mount / "new" / "folder" / "file").stat().st_mode) == 0o644


def test_a_file_is_replaced_at_once(files, mount):
    upload(files, "/", "f", b"old")
    with (mount / "f").open("rb") as reading:
        upload(files, "/", "f", b"new")
        assert reading.read() == b"old"
    assert (mount / "f").read_bytes() == b"new"


def test_parts_of_a_file_are_served(files, mount):
    (mount / "f").write_bytes(bytes(range(256)) * 8192)
    got = download(files, "/f", headers={"Range": "bytes=1000000-1000009"})
    assert (got.status_code, got.content) == (206, (bytes(range(256)) * 8192)[1_000_000:1_000_010])


def test_a_link_is_not_followed_wherever_it_is_in_an_address(files, mount, server):
    (mount / "out").symlink_to(server.home)
    (mount / "file").symlink_to(server.home / "secret")
    (mount / "relative").symlink_to("../../secret")
    (mount / "itself").symlink_to("itself")
    (mount / "in").mkdir()
    (mount / "in" / "out").symlink_to("/")
    paths = ["/out/secret", "/file", "/relative", "/itself", "/in/out/etc/passwd", "/out/mounts", "/out/admin.key"]
    for path in paths:
        for answer in (
            download(files, path),
            files.get_file(f"file:///mount{path}"),
            files.get("/server/v1/files/sign", params={"path": f"file:///mount{path}"}),
        ):
            signed = answer.status_code == 200 and "/blob/" in answer.text
            last = files.get(answer.json()) if signed else answer
            assert last.status_code in {404, 422}, path
            assert SECRET not in last.text
    assert {"secret", "admin.key", "etc"}.isdisjoint(set(items(files, "out")) | set(items(files, "in/out")))


def test_nothing_is_written_through_a_link(files, mount, server):
    (mount / "out").symlink_to(server.home)
    (mount / "file").symlink_to(server.home / "secret")
    assert upload(files, "/out", "planted", b"1").status_code == 404
    assert upload(files, "/out/new", "planted", b"1").status_code == 404
    assert upload(files, "/", "file", b"mine").status_code == 200
    assert (mount / "file").read_bytes() == b"mine"
    assert not (mount / "file").is_symlink()
    assert (server.home / "secret").read_text() == SECRET
    assert not (server.home / "planted").exists()


def test_nothing_is_deleted_through_a_link(files, mount, server):
    kept = server.home / "kept"
    kept.mkdir(exist_ok=True)
    (kept / "file").write_text("kept")
    (mount / "d").mkdir()
    for place in (mount, mount / "d"):
        (place / "out").symlink_to(kept)
    assert remove(files, "/out/file", "file").json() is False
    assert remove(files, "/out").json() is True  # the link itself
    assert remove(files, "/d").json() is True
    assert (kept / "file").read_text() == "kept"
    assert list(mount.iterdir()) == []


def test_what_is_no_file_is_never_opened(files, mount):
    os.mkfifo(mount / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(mount / "s"))
    (mount / "d").mkdir()
    names = ["pipe", "s", "d"]
    if os.geteuid() == 0:
        os.mknod(mount / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: reading it never ends
        names.append("device")
    for name in names:
        answer = download(files, f"/{name}")
        assert (answer.status_code, "no file that can be read" in answer.text) == (422, True)
    assert {name: one["size"] for name, one in items(files).items()} == dict.fromkeys(names)
    for name in names:
        assert remove(files, f"/{name}", "file").json() is True
    assert list(mount.iterdir()) == []


def test_a_pipe_and_a_link_are_replaced_by_an_upload(files, mount):
    os.mkfifo(mount / "pipe")
    assert upload(files, "/", "pipe", b"1").status_code == 200
    assert (mount / "pipe").read_bytes() == b"1"


def test_a_file_of_a_terabyte_of_nothing_is_read_in_parts_with_little_memory(files, mount, server):
    with (mount / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert items(files)["sparse"]["size"] == 1 << 40
    part = download(files, "/sparse", headers={"Range": f"bytes={(1 << 40) - 5}-"})
    assert (part.status_code, part.content) == (206, bytes(5))
    came = 0
    with files.stream("GET", f"{EFS}/download", params={"file_name": "/sparse"}) as whole:
        for piece in whole.iter_raw():
            came += len(piece)
            if came > 50 << 20:
                break
    assert files.put_file("file:///mount/next", b"room is counted by blocks").status_code == 200
    assert remove(files, "/sparse", "file").json() is True


def test_a_file_that_shrinks_while_it_is_sent_ends_the_answer(files, mount, server):
    before = len(server.log.read_text())
    with (mount / "f").open("wb") as file:
        file.truncate(200 << 20)
    with (
        pytest.raises(Exception, match=r"peer closed|incomplete"),
        files.stream("GET", f"{EFS}/download", params={"file_name": "/f"}) as whole,
    ):
        for _ in whole.iter_raw():
            os.truncate(mount / "f", 0)
    assert download(files, "/f").content == b""
    assert "Traceback" not in server.log.read_text()[before:]


def test_folders_in_folders_without_end_are_deleted(files, mount):
    here = os.open(mount, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("leaf", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert items(files, "d/d/d")["d"]["is_directory"] is True
    refused = files.rm("file:///mount/d", 50)
    assert (refused.status_code, "unlimited" in refused.text) == (422, True)
    assert files.put_file("file:///mount/beside", b"1").status_code == 200
    assert remove(files, "/d").json() is True
    assert [path.name for path in mount.iterdir()] == ["beside"]
    assert list((mount.parent / ".staging").iterdir()) == []


def test_a_folder_that_its_code_has_closed_is_deleted(files, mount):
    (mount / "d" / "e").mkdir(parents=True)
    (mount / "d" / "e" / "f").write_text("1")
    (mount / "d" / "e").chmod(0)
    (mount / "d").chmod(0)
    assert remove(files, "/d").json() is True
    assert list(mount.iterdir()) == []


def test_names_that_are_no_text_are_listed_and_deleted_with_their_folder(files, mount):
    (mount / "d").mkdir()
    for name in (b"\xff\xfe", b"line\nbreak", b"\x1b[31m", "é".encode("latin-1")):
        (Path(os.fsdecode(bytes(mount / "d") + b"/" + name))).write_bytes(b"1")
    assert len(items(files, "d")) >= 3
    assert len(files.ls("file:///mount/d")) == 4
    assert remove(files, "/d").json() is True


def test_a_file_older_and_younger_than_calendars_is_listed(files, mount):
    for name, moment in (("old", -(1 << 33)), ("young", 1 << 33)):
        (mount / name).write_text("1")
        os.utime(mount / name, (moment, moment))
    assert set(items(files)) == {"old", "young"}
    assert download(files, "/young").status_code == download(files, "/old").status_code == 200


def test_a_folder_of_too_many_names_is_said_to_have_them(files, mount):
    (mount / "many").mkdir()
    for n in range(10_001):
        (mount / "many" / str(n)).touch()
    answer = files.post(f"{EFS}/list", json={"item": "many"})
    assert (answer.status_code, "10,000" in answer.text) == (422, True)
    assert remove(files, "/many").json() is True


def test_a_folder_and_a_file_cannot_share_a_name(files, mount):
    upload(files, "/d", "f", b"1")
    assert upload(files, "/", "d", b"1").status_code == 409
    assert upload(files, "/d/f", "g", b"1").status_code == 404
    assert (mount / "d" / "f").read_bytes() == b"1"


@pytest.mark.parametrize(
    "path", ["..", "../secret", "/../../secret", "a/../../secret", "./x", "a\0b", "a\nb", "x" * 4096]
)
def test_no_path_leads_out(files, mount, path):
    assert download(files, path).status_code == 422
    assert upload(files, path, "f", b"1").status_code in {400, 422}
    assert remove(files, path).status_code == 422
    assert files.post(f"{EFS}/list", json={"item": path}).status_code == 422
    assert files.post(f"{EFS}/udf-logs", json={"log_dir": path}).status_code == 422


@pytest.mark.parametrize("name", ["..", ".", "../up", "a/b", "", "x" * 300])
def test_no_name_of_an_upload_leads_elsewhere(files, mount, name):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="dir"\r\n\r\n/d\r\n--b\r\nContent-Disposition: form-data; '
        b'name="file"; filename="%b"\r\n\r\ndata\r\n--b--\r\n' % name.encode()
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert files.post(f"{EFS}/upload", content=body, headers=headers).status_code == 422
    assert list(mount.iterdir()) == []


def test_the_whole_disk_is_emptied_only_by_saying_so(files, mount):
    upload(files, "/a/b/c", "d", b"1")
    for whole in ("", "/", "//"):
        assert remove(files, whole).status_code == 422
    assert files.rm("file:///mount").status_code == 422
    assert files.rm("file:///mount", "unlimited").json() is True
    assert list(mount.iterdir()) == []
    assert files.rm("file:///mount/nothing").json() is False


def test_deleting_and_listing_while_code_changes_the_disk(files, mount):
    """Links, folders and files change places under the same names; whatever is answered, what is outside stays."""
    kept = mount.parent / "kept"
    kept.mkdir(exist_ok=True)
    (kept / "file").write_text("kept")
    done = threading.Event()

    def change() -> None:
        name, other = mount / "n", mount / "m"
        while not done.is_set():
            for make in (lambda: other.symlink_to(kept), other.mkdir, other.touch):
                with suppress(OSError):
                    make()
                    other.rename(name)
                for path in (name, other):
                    for forget in (path.unlink, path.rmdir):
                        with suppress(OSError):
                            forget()

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(60):
            assert upload(files, "/n", "file", b"planted").status_code in {200, 404, 409}
            assert remove(files, "/n/file").status_code in {200, 404, 409}
            assert remove(files, "/n").status_code in {200, 404, 409}
            assert "kept" not in download(files, "/n/file").text
            items(files, "n")
    finally:
        done.set()
        changing.join()
    assert (kept / "file").read_text() == "kept"
    assert [path.name for path in kept.iterdir()] == ["file"]


def test_disks_are_their_owners_alone(files, mount, server):
    from published import Person

    upload(files, "/", "mine", b"1")
    with server.client(Person(server, "other").key) as other:
        assert items(other) == {}
        assert download(other, "/mine").status_code == 404
        assert remove(other, "/mine").json() is False
    assert (mount / "mine").exists()


def test_the_logs_of_a_run_are_read_from_its_folder(files, mount):
    folder = mount / "fused-system" / "logs" / "1"
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_bytes(b"x" * 300_000 + b"the end\xff")
    (folder / "stderr.log").symlink_to("/etc/passwd")
    asked = {"log_dir": "/mount/fused-system/logs/1"}
    assert files.post(f"{EFS}/udf-logs", json=asked).status_code == 422
    (folder / "stderr.log").unlink()
    said = files.post(f"{EFS}/udf-logs", json=asked).json()
    assert (len(said["stdout"]), said["stdout"][-8:], said["stderr"]) == (256 << 10, "the end�", "")


def test_nobody_sees_a_disk_without_a_key(open_web):
    asked = [
        open_web.post(f"{EFS}/list", json={"item": ""}),
        download(open_web, "/x"),
        upload(open_web, "/", "x", b"1"),
        remove(open_web, "/x"),
        open_web.post(f"{EFS}/udf-logs", json={"log_dir": "/mount/x"}),
    ]
    assert [one.status_code for one in asked] == [401] * 5


@pytest.mark.parametrize("generation", ["new", "old"])
def test_published_clients_read_the_disk(generation, request, server):
    client = request.getfixturevalue(generation)
    said = client.run("""
        import os
        data = os.urandom(100_000)
        api.upload("file:///mount/c/d/e.bin", data)
        api.upload("file:///mount/top.bin", b"top")
        got = api.get("file:///mount/c/d/e.bin") == data
        api.download("file:///mount/c/d/e.bin", "down.bin")
        listed = [api.list("file:///mount/c/"), api.list("file:///mount/c/d")]
        gone = [api.delete("file:///mount/c/d/e.bin"), api.delete("file:///mount/top.bin"), api.delete("file:///mount/c")]
        answer = [got, open("down.bin", "rb").read() == data, listed, gone]
    """)
    got, down, listed, gone = said.answer
    assert (got, down, gone) == (True, True, [True, True, True])
    assert [one.rstrip("/") for [one] in listed] == ["file:///mount/c/d", "file:///mount/c/d/e.bin"]


def test_details_of_the_disk_are_listed_by_the_newer_client(new):
    said = new.run("""
        api.upload("/mount/details/a.bin", b"12345")
        answer = [[one.url, one.file_name, one.is_directory, one.size]
                  for one in api.list("/mount/details", details=True)]
    """)
    assert said.answer == [["file:///mount/details/a.bin", "a.bin", False, 5]]
