"""Code by its address: a server of our own that has it, the published client, and addresses that are attacks."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import serving
from fused_wire import detail
from headrace.services.code import _is_public

SOURCE = "@fused.udf\ndef doubled(n: int = 2):\n    import utils\n    return utils.twice(n)\n"
META = {
    "job_config": {
        "steps": [
            {
                "type": "udf",
                "udf": {
                    "name": "Doubled",
                    "entrypoint": "doubled",
                    "source": "doubled.py",
                    "headers": [{"module_name": "utils", "source_file": "utils.py"}],
                    "metadata": {"fused:description": "twice"},
                },
            }
        ]
    }
}
PAGES = {
    "/allowed/doubled/meta.json": json.dumps(META),
    "/allowed/doubled/doubled.py": SOURCE,
    "/allowed/doubled/utils.py": "def twice(n):\n    return 2 * n\n",
    "/allowed/alone.py": "@fused.udf(cache_max_age=3)\ndef alone():\n    return 'alone'\n",
    "/allowed/large.py": "#" * (3 << 20),
    "/allowed/binary.py": b"\xff\xfe",
    "/allowed/climbing/meta.json": json.dumps({"job_config": {"steps": [{"udf": {"source": "../../hidden.py"}}]}}),
    "/allowed/empty/meta.json": "{}",
    "/allowed/broken/meta.json": "[",
    "/hidden.py": "def udf(): return 'hidden'\n",
    "/allowedtoo.py": "def udf(): return 'hidden'\n",
}
REDIRECTS = {
    "/allowed/moved.py": "/allowed/alone.py",
    "/allowed/out.py": "/hidden.py",
    "/allowed/metadata.py": "http://169.254.169.254/latest",
    "/allowed/file.py": "file:///etc/passwd",
    "/allowed/round.py": "/allowed/round.py",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[self.path])
            self.end_headers()
            return
        page = PAGES.get(self.path)
        self.send_response(404 if page is None else 200)
        self.end_headers()
        if page is not None:
            self.wfile.write(page if isinstance(page, bytes) else page.encode())

    def log_message(self, *args) -> None:
        pass


@pytest.fixture(scope="module")
def host():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def allowing(host, tmp_path_factory):
    urls = f"http://127.0.0.1:{host.server_port}/allowed https://localhost/ https://github.com/some/"
    with (
        serving(tmp_path_factory.mktemp("code") / "home", code_urls=urls, workers=1) as server,
        server.client() as http,
    ):
        http.home = f"http://127.0.0.1:{host.server_port}"
        yield http


def fetched(http, url: str):
    return http.get("/server/v1/code-proxy/by-url", params={"url": url})


def test_a_folder_with_its_modules_and_a_file_alone_are_fetched(allowing):
    body = json.loads(fetched(allowing, f"{allowing.home}/allowed/doubled/").json()["udf_body"])
    assert (body["name"], body["entrypoint"], body["code"]) == ("Doubled", "doubled", SOURCE)
    assert [(h["module_name"], "twice" in h["source_code"]) for h in body["headers"]] == [("utils", True)]
    for file in ("alone", "moved"):
        body = json.loads(fetched(allowing, f"{allowing.home}/allowed/{file}.py").json()["udf_body"])
        assert (body["name"], body["entrypoint"]) == (file, "alone")


def test_what_was_fetched_runs(allowing):
    body = fetched(allowing, f"{allowing.home}/allowed/doubled").json()["udf_body"]
    step = json.dumps({"type": "udf", "udf": json.loads(body)})
    url = "/server/v1/realtime/local/api/v1/run/udf"
    assert allowing.post(url, json={"step_config": step, "format": "json"}).json() == 4


@pytest.mark.parametrize(
    "url",
    [
        "{}/hidden.py", "{}/allowedtoo.py", "{}/allowed/../hidden.py", "{}/allowed/%2e%2e/hidden.py",
        "{}/allowed/%252e%252e/hidden.py", "{}/allowed\\..\\hidden.py", "{}/allowed/out.py", "{}/allowed/metadata.py",
        "{}/allowed/file.py", "{}/allowed/round.py", "{}/allowed/climbing", "{}/allowed/empty", "{}/allowed/broken",
        "{}/allowed/binary.py", "file:///etc/passwd", "http://github.com/some/x.py", "https://github.com/other/x.py",
        "https://github.com.evil.org/some/x.py", "https://github.com@evil.org/some/x.py", "https://x@github.com/some/x.py",
        "https://github.com:8443/some/x.py", "https://169.254.169.254/", "https://localhost/x.py", "gopher://x/", "",
        "https://", "https://[::1", "http://127.0.0.1:1/allowed/x.py", "http://localhost:{port}/allowed/alone.py",
        "http://0x7f.1:{port}/allowed/alone.py", "https://github.com/some/a b.py", "https://github.com/some/\n.py",
    ],
)  # fmt: skip
def test_an_address_that_is_not_allowed_or_holds_no_code_is_refused(allowing, host, url):
    host.asked.clear()
    answer = fetched(allowing, url.format(allowing.home, port=host.server_port))
    assert (answer.status_code, bool(detail(answer))) == (422, True)
    assert "hidden" not in answer.text.replace("hidden.py", "").replace("hidden%", "")
    assert not {"/hidden.py", "/allowedtoo.py"} & set(host.asked)


def test_what_is_not_there_and_what_is_too_large_are_told(allowing):
    for path, status in (("nothing.py", 404), ("nothing", 404), ("large.py", 413)):
        answer = fetched(allowing, f"{allowing.home}/allowed/{path}")
        assert (answer.status_code, bool(detail(answer))) == (status, True)


def test_it_is_off_unless_addresses_are_allowed(web, open_web):
    answer = fetched(web, "https://github.com/some/x.py")
    assert (answer.status_code, "CODE_URLS" in detail(answer)) == (403, True)
    assert fetched(open_web, "https://github.com/some/x.py").status_code == 401


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False), ("192.168.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True), ("fd00::1", False), ("fe80::1%eth0", False),
        ("2002:7f00:1::", False), ("64:ff9b::7f00:1", False), ("240.0.0.1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address, public):
    assert _is_public(address) is public


def test_the_client_says_why_it_gets_no_code(new):
    said = new.run("""
        try:
            fused.load("https://github.com/some/repository/tree/main/a_udf")
        except Exception as wrong:
            answer = str(wrong)
    """)
    assert "CODE_URLS" in said.answer
