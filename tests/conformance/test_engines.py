"""One promise for every kind of host: who may is let in, who may not is told so, and nothing is let out."""

import time
import traceback
from types import SimpleNamespace

import pytest

import mail
import repositories
from headrace import engines
from headrace.engines import ENGINES
from headrace.errors import Forbidden, HostFailed, Invalid, LoginRefused
from headrace.model.database import Login
from headrace.runtime.reach import Bounds
from ports import free_port

BOUNDS = Bounds(private_hosts="all", seconds=10, most_bytes=4 << 20)
REMOTE = [name for name in ENGINES.names if ENGINES[name].types and name != "duckdb"]
SECRET = "correct horse battery"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory):
    with mail.serving(mail.Mail(tmp_path_factory.mktemp("mail"), "ada", SECRET)) as server:
        yield server


@pytest.fixture(scope="session")
def git_server(tmp_path_factory):
    with mail.serving(repositories.Repositories(tmp_path_factory.mktemp("git"))) as server:
        yield server


@pytest.fixture
def case(request, engine_name, monkeypatch):
    """A real server of an engine's kind: its URL, a good login, and a URL of its form for any port."""
    match engine_name:
        case "postgresql":
            cluster = request.getfixturevalue("postgresql")
            url = cluster.empty().partition("@")[2]
            name = f"ada_{url.rpartition('/')[2]}"
            cluster.person(name, SECRET)
            return SimpleNamespace(
                url=f"postgresql://{url}", login=Login(name, SECRET), at="postgresql://{}/db", first=b"R"
            )
        case "s3":
            environ = request.getfixturevalue("s3")
            login = Login(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"])
            return SimpleNamespace(
                url=f"{environ['AWS_ENDPOINT']}/headrace", login=login, at="http://{}/bucket", first=HTTP
            )
        case "smtp":
            server = request.getfixturevalue("mail_server")
            monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
            return SimpleNamespace(url=server.url, login=Login("ada", SECRET), at="smtp://{}", first=b"220-hello\r\n")
        case "git":
            server = request.getfixturevalue("git_server")
            login = Login(repositories.USERNAME, repositories.PASSWORD)
            return SimpleNamespace(url=f"{server.url}/private", login=login, at="http://{}/a/b", first=HTTP)
    raise AssertionError(f"the engine {engine_name} has no server in these tests")


def refused(engine, url, login, error, bounds=BOUNDS):
    """The sentence with which a login is refused; the password is in nothing that a log could show of it."""
    with pytest.raises(error) as caught:
        engine.authenticate(engine.locate(url), login, bounds)
    shown = "".join(traceback.format_exception(caught.value)) + repr(login)
    assert login.password not in shown
    assert caught.value.message.endswith(".")
    return caught.value.message


def test_every_type_belongs_to_one_engine():
    assert len(set(engines.types())) == len(engines.types())
    for name in (name for name in ENGINES.names if ENGINES[name].types):
        assert engines.of_type(ENGINES[name].types[0]) is ENGINES[name]
    with pytest.raises(Invalid, match="RemoteHostTypes::Postgres"):
        engines.of_type("RemoteHostTypes::Redshift")


@pytest.mark.parametrize("engine_name", REMOTE)
def test_who_may_is_let_in(engine_name, case):
    engine = ENGINES[engine_name]
    assert engine.authenticate(engine.locate(case.url), case.login, BOUNDS) is None


@pytest.mark.parametrize("engine_name", REMOTE)
def test_who_may_not_is_told_so_without_the_password(engine_name, case):
    engine = ENGINES[engine_name]
    for login in (Login(case.login.username, "not the password"), Login("nobody", case.login.password)):
        assert "efuse" in refused(engine, case.url, login, LoginRefused)


@pytest.mark.parametrize("engine_name", REMOTE)
def test_a_password_in_the_url_is_refused_and_not_repeated(engine_name, case):
    scheme, _, rest = case.url.partition("://")
    with pytest.raises(Invalid, match="credential") as caught:
        ENGINES[engine_name].locate(f"{scheme}://ada:hunter2@{rest}")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("engine_name", REMOTE)
@pytest.mark.parametrize(
    "url",
    ["", "x", "file:///etc/passwd", "gopher://a/b", "{scheme}://", "{scheme}:///x", "{scheme}://a b/c", "{scheme}://[::1/c",
     "{scheme}://a:99999/b", "{scheme}://a:0/b", "{scheme}://%2Ftmp/b", "{scheme}://a,b/c", "{scheme}://a\\b/c",
     "{scheme}://a/b?sslkey=/etc/shadow", "{scheme}://a/b#c", "{scheme}://a/\r\nb", "{scheme}://é/b"],
)  # fmt: skip
def test_what_is_no_url_of_its_kind_is_refused(engine_name, url, case):
    with pytest.raises(Invalid):
        ENGINES[engine_name].locate(url.format(scheme=case.url.partition(":")[0]))


@pytest.mark.parametrize("engine_name", REMOTE)
def test_nobody_there_is_said(engine_name, case):
    engine = ENGINES[engine_name]
    refused(engine, case.at.format(f"127.0.0.1:{free_port()}"), case.login, HostFailed)
    assert "leads nowhere" in refused(engine, case.at.format("no-such-host.invalid"), case.login, HostFailed)


@pytest.mark.parametrize("engine_name", REMOTE)
def test_a_host_that_never_answers_is_not_waited_for(engine_name, case):
    engine = ENGINES[engine_name]
    with mail.serving(mail.Hostile(mail.silent)) as server:
        began = time.monotonic()
        bounds = Bounds(private_hosts="all", seconds=4, most_bytes=1 << 20)
        refused(engine, case.at.format(f"127.0.0.1:{server.port}"), case.login, HostFailed, bounds)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("engine_name", REMOTE)
def test_a_host_that_never_ends_is_not_listened_to(engine_name, case):
    engine = ENGINES[engine_name]
    with mail.serving(mail.Hostile(mail.endless(case.first))) as server:
        began = time.monotonic()
        bounds = Bounds(private_hosts="all", seconds=60, most_bytes=4 << 20)
        refused(engine, case.at.format(f"127.0.0.1:{server.port}"), case.login, HostFailed, bounds)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("engine_name", REMOTE)
def test_addresses_that_are_nobodys_business_are_refused(engine_name, case):
    engine = ENGINES[engine_name]
    for host in ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1", "[fe80::1]"):
        assert "for nobody" in refused(engine, case.at.format(host), case.login, Forbidden)
    narrow = Bounds(private_hosts="none", seconds=2, most_bytes=1)
    assert "ALLOW_PRIVATE_HOSTS=all" in refused(engine, case.url, case.login, Forbidden, narrow)
    assert "ALLOW_PRIVATE_HOSTS=private" in refused(engine, case.at.format("10.1.2.3"), case.login, Forbidden, narrow)


def test_a_repository_that_all_may_read_lets_in_who_is_known(git_server):
    engine = ENGINES["git"]
    target = engine.locate(f"{git_server.url}/public.git")
    engine.authenticate(target, Login(repositories.USERNAME, repositories.PASSWORD), BOUNDS)
    refused(engine, f"{git_server.url}/public", Login("eve", "a guess"), LoginRefused)
    assert "?service=git-receive-pack" in git_server.asked[-1]


def test_a_mail_server_without_tls_hears_no_password(tmp_path):
    with mail.serving(mail.Mail(tmp_path, "ada", SECRET, starttls=False)) as server:
        assert "STARTTLS" in refused(ENGINES["smtp"], server.url, Login("ada", SECRET), HostFailed)
    assert [line.split()[0].upper() for line in server.overheard if line] == ["EHLO"]


def test_a_mail_server_whose_certificate_is_not_trusted_hears_no_password(tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with mail.serving(mail.Mail(tmp_path, "ada", SECRET)) as server:
        assert "not trusted" in refused(ENGINES["smtp"], server.url, Login("ada", SECRET), HostFailed)


def test_a_mail_server_may_speak_tls_at_once(tmp_path, monkeypatch):
    with mail.serving(mail.Mail(tmp_path, "ada", SECRET, tls=True)) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        engine = ENGINES["smtp"]
        engine.authenticate(engine.locate(server.url), Login("ada", SECRET), BOUNDS)
        refused(engine, server.url, Login("ada", "a guess"), LoginRefused)


def test_a_bucket_that_is_not_there_is_said(s3):
    login = Login(s3["AWS_ACCESS_KEY_ID"], s3["AWS_SECRET_ACCESS_KEY"])
    assert "no bucket" in refused(ENGINES["s3"], f"{s3['AWS_ENDPOINT']}/nothing-here", login, LoginRefused)
