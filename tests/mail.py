"""A mail server of the tests' own: SMTP with STARTTLS and AUTH on a free port, one thread for each connection."""

import base64
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Mail(socketserver.ThreadingTCPServer):
    """Knows one user. What was said to it in clear is in `overheard`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: Path, username: str, password: str, *, starttls: bool = True, tls: bool = False) -> None:
        self.certificate = certificate(folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate)
        self.username, self.password, self.starttls, self.at_once = username, password, starttls, tls
        self.overheard: list[str] = []
        super().__init__(("127.0.0.1", 0), Session)

    @property
    def url(self) -> str:
        return f"{'smtps' if self.at_once else 'smtp'}://localhost:{self.server_address[1]}"


class Session(socketserver.BaseRequestHandler):
    """One client."""

    server: Mail

    def finish(self) -> None:
        self.request.close()

    def handle(self) -> None:
        with suppress(OSError):
            self.secure = self.server.at_once
            if self.secure:
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.lines = self.request.makefile("rb")
            self.say("220 mail.example.org ESMTP")
            while line := self.hear():
                verb, _, rest = line.partition(" ")
                if verb.upper() == "QUIT":
                    self.say("221 bye")
                    return
                self.answer(verb.upper(), rest)

    def answer(self, verb: str, rest: str) -> None:
        match verb:
            case "EHLO":
                self.say("250-mail.example.org")
                if self.server.starttls and not self.secure:
                    self.say("250-STARTTLS")
                self.say("250 AUTH PLAIN LOGIN")
            case "STARTTLS":
                self.say("220 go ahead")
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                self.lines, self.secure = self.request.makefile("rb"), True
            case "AUTH":
                way, _, first = rest.partition(" ")
                words = first or self.ask("334 ")
                if way.upper() == "PLAIN":
                    _, username, password = base64.b64decode(words).decode().split("\0")
                else:
                    username, password = (base64.b64decode(one).decode() for one in (words, self.ask("334 UGFzcw==")))
                good = (username, password) == (self.server.username, self.server.password)
                # A server that is careless with what it hears.
                self.say("235 welcome" if good else f"535 5.7.8 no such login: {username} {password}")
            case _:
                self.say("502 not here")

    def ask(self, line: str) -> str:
        self.say(line)
        return self.hear()

    def hear(self) -> str:
        line = self.lines.readline(2000).decode().strip()
        if not self.secure:
            self.server.overheard.append(line)
        return line

    def say(self, line: str) -> None:
        self.request.sendall(f"{line}\r\n".encode())


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[socketserver.BaseServer]:
    """The server at work for as long as the block lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> Path:
    """A key and a certificate for `localhost` that its own file vouches for."""
    path = folder / "localhost.pem"
    if path.exists():
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Hostile(socketserver.ThreadingTCPServer):
    """Takes connections, and does with each what `does` says."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, does) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    does(self.request)

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return self.server_address[1]


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side goes."""
    while connection.recv(4096):
        pass


def endless(first: bytes):
    """Begin well, and never end."""

    def does(connection: socket.socket) -> None:
        if not first.startswith(b"220"):
            connection.recv(4096)  # of these protocols, all but SMTP let the client begin
        connection.sendall(first)
        while True:
            connection.sendall(b"0" * 60 + b"\r\n" + b"2" * 65536)

    return does
