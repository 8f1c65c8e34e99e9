"""Files by the published clients of both generations, unmodified: over a folder and over a bucket (Civis notes 4.1)."""

import hashlib
import sys
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from conftest import serving
from published import Person, Published, environment
from uploading import Uploader

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture(scope="session")
def tables_python() -> Path:
    """The interpreter of an environment with civis 2.10.1 and the pandas that its data frames are made by."""
    return environment("civis-2.10.1-pandas", sys.executable, "civis==2.10.1", "pandas")


@pytest.fixture(scope="session")
def toolbelt(old_python) -> Path:
    """A folder with what civis 1.6.2 sends large files by, if that is there."""
    made = environment("requests-toolbelt", str(old_python.resolve()), "--no-deps", "requests-toolbelt")
    (folder,) = made.parents[1].glob("lib/*/site-packages")
    return folder


@pytest.fixture(scope="module", params=["folder", "bucket", "bucket, directly"])
def over(request, tmp_path_factory):
    """A server over a folder, or over a bucket that parts go through it to, or that takes parts itself."""
    settings = {}
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "folder":
            for name, value in request.getfixturevalue("s3").items():
                patch.setenv(name, value)
            direct = request.param != "bucket"
            settings = {"store_url": f"s3://headrace/files-{direct}", "files_redirect": direct}
        with serving(tmp_path_factory.mktemp("over") / "home", **settings) as one:
            one.bucket = None if request.param == "folder" else request.getfixturevalue("s3")["AWS_ENDPOINT"]
            one.direct = request.param == "bucket, directly"
            yield one


def started(server, python: Path, home: Path, beside: Path | None = None, **options: object) -> Published:
    """A client, which finds the packages of another folder too where one is named."""
    person = Person(server, "client")
    environ = {"CIVIS_API_ENDPOINT": f"{server.url}/api", "CIVIS_API_KEY": person.key}
    environ |= {"PYTHONPATH": str(beside)} if beside else {}
    client = Published(python, home, environ, f"import civis\nclient = civis.APIClient(**{options!r})")
    client.key = person.key
    return client


@pytest.fixture(scope="module", params=["new", "old"])
def client(request, over, tmp_path_factory):
    """Either client, of that server."""
    python = request.getfixturevalue(f"{request.param}_python")
    options = {} if request.param == "new" else {"resources": "all"}
    one = started(over, python, tmp_path_factory.mktemp(request.param) / "client", **options)
    yield one
    one.close()


@pytest.mark.parametrize("size", [0, 5, 3 * MIB])
def test_a_file_comes_back_as_it_went(client, size):
    said = client.run(f"""
        import io, os
        from civis.io import civis_to_file, file_to_civis
        data = os.urandom({size})
        with open("data.bin", "wb") as out:
            out.write(data)
        with open("data.bin", "rb") as file:
            number = file_to_civis(file, "data.bin", expires_at=None)
        memory = file_to_civis(io.BytesIO(data), "memory.bin")
        got = []
        for one in (number, memory):
            back = io.BytesIO()
            civis_to_file(one, back)
            got.append(back.getvalue() == data)
        files = [client.files.get(one) for one in (number, memory)]
        answer = [got, [f["file_size"] for f in files], [f["name"] for f in files], [f["expires_at"] for f in files]]
    """)
    got, sizes, names, expiries = said.answer
    assert (got, sizes, names) == ([True, True], [size, size], ["data.bin", "memory.bin"])
    assert expiries[0] is None
    assert expiries[1] is not None


def test_a_file_in_parts_comes_back_as_it_went(over, new_python, tmp_path):
    client = started(over, new_python, tmp_path / "client")
    said = client.run(f"""
        import hashlib, io, os
        from civis.io import civis_to_file, file_to_civis
        data = os.urandom({51 * MIB})
        with open("data.bin", "wb") as out:
            out.write(data)
        sent = []
        put = civis.io._files.requests.put
        civis.io._files.requests.put = lambda url, **more: sent.append(url) or put(url, **more)
        number = file_to_civis("data.bin", description="In parts")
        civis_to_file(number, "back.bin")
        with open("back.bin", "rb") as back:
            answer = [back.read() == data, client.files.get(number).file_size, sorted(sent), number]
    """)
    same, size, sent, number = said.answer
    client.close()
    assert (same, size, len(sent)) == (True, 51 * MIB, 4)
    assert all(url.startswith(over.bucket if over.direct else over.url) for url in sent)
    with over.client(client.key) as http, Uploader(http) as files:
        part = files.read(number, headers={"Range": f"bytes={17 * MIB}-{17 * MIB + 9}"})
        assert (part.status_code, len(part.content)) == (206, 10)


def test_values_and_files_that_are_not_there(client):
    said = client.run("""
        from civis.base import EmptyResultError
        from civis.io import civis_to_file, file_to_json
        import io, json
        from civis.io import file_to_civis
        number = file_to_civis(io.BytesIO(json.dumps({"a": [1, None, "é"]}).encode()), "value.json")
        empty = client.files.post("never sent")
        try:
            civis_to_file(empty["id"], "nothing")
            failure = None
        except EmptyResultError as error:
            failure = str(error)
        answer = [file_to_json(number), failure]
    """)
    value, failure = said.answer
    assert value == {"a": [1, None, "é"]}
    assert "may have expired" in " ".join(failure.split())


@pytest.fixture(params=["tables_python", "old_python"])
def tables(request, server, tmp_path):
    """Either client, with pandas."""
    options = {} if request.param == "tables_python" else {"resources": "all"}
    one = started(server, request.getfixturevalue(request.param), tmp_path / "client", **options)
    yield one
    one.close()


def test_tables_and_values_are_kept_as_files(tables):
    said = tables.run("""
        import gzip, io
        import pandas as pd
        import civis.io
        from civis.io import file_to_civis, file_to_dataframe, file_to_json
        frame = pd.DataFrame({"city": ["Berlin", "Bern"], "people": [3700000, 134000]})
        if hasattr(civis.io, "dataframe_to_file"):  # the older client has neither
            plain, value = civis.io.dataframe_to_file(frame, index=False), civis.io.json_to_file({"x": [1, 2]})
        else:
            plain = file_to_civis(io.BytesIO(frame.to_csv(index=False).encode()), "cities.csv")
            value = file_to_civis(io.BytesIO(b'{"x": [1, 2]}'), "value.json")
        packed = file_to_civis(io.BytesIO(gzip.compress(frame.to_csv(index=False).encode())), "cities.csv.gz")
        back = [file_to_dataframe(plain), file_to_dataframe(packed, compression="infer")]
        answer = [[one.values.tolist() for one in back], file_to_json(value)]
    """)
    rows, value = said.answer
    assert rows == [[["Berlin", 3700000], ["Bern", 134000]]] * 2
    assert value == {"x": [1, 2]}


def test_the_older_client_streams_a_large_form(server, old_python, toolbelt, tmp_path):
    """With requests-toolbelt, what is over 100 MB goes as an ordinary form, whose fields have no filename."""
    client = started(server, old_python, tmp_path / "client", toolbelt, resources="all")
    said = client.run(f"""
        import requests_toolbelt
        from civis.io import civis_to_file, file_to_civis
        with open("data.bin", "wb") as out:
            out.truncate({101 * MIB})
        with open("data.bin", "rb") as file:
            number = file_to_civis(file, "data.bin")
        with open("back.bin", "wb") as back:
            civis_to_file(number, back)
        import os
        answer = [client.files.get(number)["file_size"], os.path.getsize("back.bin")]
    """)
    client.close()
    assert said.answer == [101 * MIB, 101 * MIB]


class Watch:
    """The most memory that a process holds while the block lasts, by its proportional share of each page."""

    def __init__(self, pid: int) -> None:
        self._file, self._done = Path(f"/proc/{pid}/smaps_rollup"), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before = self.most = self._now()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _now(self) -> int:
        lines = self._file.read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self.most = max(self.most, self._now())


def test_a_gigabyte_goes_in_and_out_and_the_server_holds_little_of_it(server, new_python, tmp_path, record_property):
    client = started(server, new_python, tmp_path / "client")
    began = time.monotonic()
    with Watch(server.process.pid) as memory:
        said = client.run(f"""
            import hashlib
            from civis.io import civis_to_file, file_to_civis
            with open("data.bin", "wb") as out:
                for n in range(16):
                    out.seek(n * {GIB // 16})
                    out.write(b"part %d" % n)
                out.truncate({GIB})
            number = file_to_civis("data.bin")

            class Hash:
                def __init__(self): self.digest, self.size = hashlib.blake2b(), 0
                def write(self, data): self.digest.update(data); self.size += len(data)
                def tell(self): return 0
                def seek(self, to): self.__init__()
                def flush(self): pass

            back = Hash()
            civis_to_file(number, back)
            answer = [back.size, back.digest.hexdigest(), number]
        """)
    client.close()
    size, digest, number = said.answer
    wanted = hashlib.blake2b()
    for n in range(16):
        block = bytearray(GIB // 16)
        block[: len(f"part {n}")] = f"part {n}".encode()
        wanted.update(block)
    assert (size, digest) == (GIB, wanted.hexdigest())
    record_property("seconds", time.monotonic() - began)
    record_property("memory", (memory.before, memory.most))
    assert memory.most - memory.before < 150 * MIB
    with server.client(client.key) as http:
        assert http.delete(f"/api/files/{number}").status_code == 204
