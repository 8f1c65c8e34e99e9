"""What is the owner's own, reached by their code over the line: files and secrets; and not by others' code."""

import pytest

from calling import RUN, save, value


@pytest.fixture(scope="module")
def writer(server):
    """Another user, whose public udf tries to read the caller's files and secrets."""
    with server.client() as admin:
        user = admin.post("/api/users", json={"name": "Writer", "email": "writer@example.org"}).json()
        key = admin.post(f"/api/users/{user['id']}/api_keys", json={"name": "tests", "expiresIn": 3600}).json()["token"]
    with server.client(key) as http:
        yield http


def test_files_are_written_listed_read_and_deleted(http):
    code = """
        def udf():
            fused.api.upload(b"content", "fd://inside/one.txt")
            fused.api.download("fd://inside/one.txt", "/tmp/one.txt")
            listed = [one.rpartition("/")[2] for one in fused.api.list("fd://inside/")]
            signed = fused.api.sign_url("fd://inside/one.txt")
            kept = fused.download("fd://inside/one.txt", "copies/one.txt")
            return [fused.api.get("fd://inside/one.txt").decode(), open("/tmp/one.txt").read(), listed,
                    signed.startswith("http://127.0.0.1:"), open(kept).read(),
                    fused.api.list("fd://inside/", details=True)[0]["size"], fused.api.delete("fd://inside/one.txt")]
    """
    assert value(http, code) == ["content", "content", ["one.txt"], True, "content", 7, True]


def test_a_large_file_passes(http):
    code = """
        def udf():
            fused.api.upload(bytes(range(256)) * 20_000, "fd://inside/large")
            try:
                return fused.api.get("fd://inside/large") == bytes(range(256)) * 20_000
            finally:
                fused.api.delete("fd://inside/large")
    """
    assert value(http, code) is True


def test_secrets_are_read_when_they_are_asked_for(http):
    http.put("/server/v1/realtime/local/api/v1/secrets/INSIDE", json={"value": "hush"})
    http.put("/server/v1/secrets/self/user/OWN", json={"value": "mine"})
    code = """
        def udf():
            try:
                fused.secrets["NONE"]
            except KeyError as error:
                missing = str(error)
            found = fused.secrets
            return [found["INSIDE"], found.INSIDE, found.get("NONE", 1), "INSIDE" in found, fused.user_secrets["OWN"],
                    missing]
    """
    assert value(http, code) == ["hush", "hush", 1, True, "mine", "'NONE'"]


@pytest.mark.parametrize(
    "attempt",
    [
        "fused.secrets['INSIDE']",
        "fused.user_secrets['OWN']",
        "fused.api.list('fd://')",
        "fused.api.get('fd://inside/x')",
    ],
)
def test_code_of_another_author_reaches_none_of_it(http, writer, attempt):
    slug = f"pries-{abs(hash(attempt))}"
    made = save(writer, slug, f"def udf(): return {attempt}\n")
    writer.post(f"/server/v1/udf/by-id/{made['id']}", json={"allow_public_read": True})
    came = http.get(f"{RUN}/saved/writer%40example.org/{slug}?format=json&cache_max_age=0")
    assert came.status_code == 422
    assert "that another author wrote may not ask" in came.json()["detail"]
