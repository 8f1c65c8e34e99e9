"""A Git server of the tests' own: `git http-backend` behind Basic authentication, on a free port of this machine."""

import base64
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

USERNAME, PASSWORD = "ada", "a token of Ada's"


class Repositories(ThreadingHTTPServer):
    """`/private` is for its user; `/public` may be read by all, and written by its user."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        for name in ("private", "public"):
            done = subprocess.run(
                ["git", "init", "--bare", "--quiet", folder / f"{name}.git"], capture_output=True, check=False
            )
            if done.returncode:
                pytest.skip("git is not installed here")
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """CGI (RFC 3875), as far as a GET needs it."""

    server: Repositories

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append(self.path)
        proof = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        given = self.headers.get("Authorization")
        known = given == f"Basic {proof}"
        public = path.startswith("/public") and "receive-pack" not in query
        if not known and (given or not public):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "1",  # the folder may be another user's
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        environ |= {"REMOTE_USER": USERNAME} if known else {}
        done = subprocess.run(["git", "http-backend"], env=environ, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
