"""Git repositories over https: `https://github.com/owner/repository`.

A repository is asked for its references (gitprotocol-http, "Smart HTTP"), by a request that holds the password in a
header. One that everybody may read proves nothing, so it is asked whether the user may write: who is known and may
not is let in, who is not known is refused.
"""

import base64
from urllib.parse import quote

from msgspec.structs import replace

from headrace.engines import Engine, Target, _http, _urls
from headrace.errors import HostFailed, Invalid, LoginRefused
from headrace.model.database import Login
from headrace.runtime.reach import Bounds

LIKE = "https://github.com/owner/repository"
READ, WRITE = "git-upload-pack", "git-receive-pack"


def locate(url: str) -> Target:
    """Where the repository is. Raises Invalid."""
    target = _urls.read(url, {"https": 443, "http": 80}, LIKE)
    path = target.path.strip("/")
    if not path or any(part in {"", ".", ".."} for part in path.split("/")):
        raise Invalid(f"Name the repository in the URL, as in {LIKE}.")
    return replace(target, path="/" + path.removesuffix(".git"))


def authenticate(target: Target, login: Login, bounds: Bounds) -> None:
    """Ask for the repository's references as this user."""
    proof = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    headers = {"Authorization": f"Basic {proof}"}
    everybodys = _is_references(_ask(target, READ, {}, bounds), READ)
    service = WRITE if everybodys else READ
    answer = _ask(target, service, headers, bounds)
    if _is_references(answer, service) or (everybodys and answer.status == 403):
        return
    if answer.status in (401, 403):
        raise LoginRefused(f"{target.host} refuses this username and password for {target.path}.")
    if answer.status == 404:
        raise LoginRefused(f"{target.host} has no repository {target.path} that this user may see.")
    if 300 <= answer.status < 400:
        raise HostFailed(f"{target.host} sends who asks for {target.path} elsewhere; give the address it moved to.")
    raise HostFailed(f"{target.host} does not answer as a Git server does: {answer.status}.")


def _ask(target: Target, service: str, headers: dict[str, str], bounds: Bounds) -> _http.Answer:
    path = f"{quote(target.path, safe='/-_.~')}.git/info/refs?service={service}"
    named = {"Host": _http.host_of(target), "User-Agent": "git/2 headrace"}
    if service == READ:
        named["Git-Protocol"] = "version=2"  # which leaves the references out of the answer
    return _http.send(target, "GET", path, named | headers, bounds, secret=True)


def _is_references(answer: _http.Answer, service: str) -> bool:
    begins = f"# service={service}".encode()
    typed = answer.headers.get("content-type", "") == f"application/x-{service}-advertisement"
    return answer.status == 200 and typed and answer.body[4:].startswith((begins, b"version 2"))


engine = Engine(
    types=("RemoteHostTypes::Github", "RemoteHostTypes::Bitbucket", "RemoteHostTypes::Git"),
    credential_type="Github",
    locate=locate,
    authenticate=authenticate,
)
