"""Code by its address: a udf from a repository, of the addresses that this server's settings allow.

    https://github.com/owner/repository/tree/<ref>/<folder>    the folder's meta.json says which files
    https://github.com/owner/repository/blob/<ref>/<file>.py   one file
    any other allowed address                                  a folder with a meta.json, or a file ending in .py

Every address, a redirect's too, begins with one of CODE_URLS, is https, and leads to public addresses: the name is
looked up once, and the connection made to what was found. A prefix that names a loopback address may be http, and
leads there alone.
"""

import ipaddress
import re
import socket
import time
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

import httpx
import msgspec

from headrace.errors import Forbidden, Invalid, NotFound, TooLarge, Unavailable
from headrace.services import bundles, udfs
from headrace.services.call import Call

REDIRECTS = 5
SECONDS = 10.0  # over all that one udf is fetched by
LARGEST = 2 << 20  # bytes of one file
MOST_FILES = 20
OFF = "Code by its address is switched off; whoever runs this server lists the addresses it may come from in CODE_URLS."
GITHUB = re.compile(r"/([^/]+)/([^/]+)/(tree|blob)/(.+)")
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # any IPv4 address, behind a gateway of the network's own
RAW = "https://raw.githubusercontent.com/"


def load(call: Call, url: str) -> dict[str, Any]:
    """The udf object at an address. Raises Forbidden, Invalid, NotFound, TooLarge, Unavailable."""
    _ = call.user
    allowed = [prefix for prefix in re.split(r"[\s,]+", call.platform.settings.code_urls) if prefix]
    if not allowed:
        raise Forbidden(OFF)
    fetch = Fetch(allowed)
    path = fetch.located(url)
    if path.endswith(".py"):
        name = _stem(path)
        return _udf(name, fetch.text(path), [], {})
    folder = path.rstrip("/") + "/"
    steps = _meta(fetch.text(f"{folder}meta.json"))
    source = steps.get("source") or "udf.py"
    name = steps.get("name") or _stem(folder.rstrip("/"))
    headers = steps.get("headers") or []
    if not isinstance(headers, list) or len(headers) > MOST_FILES:
        raise Invalid(f"The meta.json of that folder wants a list of at most {MOST_FILES} `headers`.")
    modules = [_module(fetch, folder, header) for header in headers]
    code = fetch.text(folder + _file(source))
    return _udf(str(name), code, modules, steps)


class Fetch:
    """Fetches the files of one udf, all of them within SECONDS."""

    def __init__(self, allowed: list[str]) -> None:
        self._allowed = allowed
        self._deadline = time.monotonic() + SECONDS

    def located(self, url: str) -> str:
        """Where the files of an address are: on GitHub elsewhere than its pages. Raises Invalid for one not allowed."""
        parts = self._checked(url)
        if parts.hostname == "github.com" and (found := GITHUB.fullmatch(parts.path.rstrip("/"))):
            owner, repository, _, rest = found.groups()
            # What one may read there one may read here: the same repository by another name.
            self._allowed = [*self._allowed, f"{RAW}{owner}/{repository}/"]
            return f"{RAW}{owner}/{repository}/{rest}"
        return parts._replace(query="", fragment="").geturl()

    def text(self, url: str) -> str:
        """The text at an address, after redirects to others that are allowed."""
        for _ in range(REDIRECTS + 1):
            answer = self._get(self._checked(url))
            if answer.is_redirect and "location" in answer.headers:
                url = urljoin(url, answer.headers["location"])
                continue
            if answer.status_code == 404:
                raise NotFound(f"There is nothing at {_shown(url)}.")
            if answer.status_code != 200:
                raise Unavailable(f"{_shown(url)} answers {answer.status_code}.")
            try:
                return answer.content.decode()
            except UnicodeDecodeError as wrong:
                raise Invalid(f"What is at {_shown(url)} is not UTF-8 text.") from wrong
        raise Invalid(f"{_shown(url)} redirects more than {REDIRECTS} times.")

    def _checked(self, url: str) -> SplitResult:
        refused = Invalid(f"Code may not come from {_shown(url)}; it may from {', '.join(self._allowed)}.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as wrong:
            raise refused from wrong
        segments = unquote(unquote(parts.path)).replace("\\", "/").split("/")
        if not url.isprintable() or " " in url or parts.username is not None or not parts.hostname or port == 0:
            raise refused
        if len(url) > 2000 or any(segment in {".", ".."} for segment in segments):
            raise refused
        if not any(_begins(parts, urlsplit(prefix)) for prefix in self._allowed):
            raise refused
        return parts

    def _get(self, parts: SplitResult) -> httpx.Response:
        host = parts.hostname or ""
        address = _address(parts)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        at = f"[{address}]" if ":" in address else address
        target = f"{parts.scheme}://{at}:{port}{quote(parts.path or '/', safe='/%:@+~!$&,;=()*')}"
        query = f"?{parts.query}" if parts.query else ""
        shown = f"[{host}]" if ":" in host else host
        headers = {"Host": shown if parts.port is None else f"{shown}:{parts.port}", "Accept-Encoding": "identity"}
        left = self._deadline - time.monotonic()
        try:
            # No proxy of the environment and no cookies: the request goes to the address that was checked.
            with (
                httpx.Client(trust_env=False, timeout=max(left, 0.1)) as client,
                client.stream("GET", target + query, headers=headers, extensions={"sni_hostname": host}) as answer,
            ):
                body = b""
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > LARGEST:
                        raise TooLarge(f"A file of code has at most {LARGEST >> 20} MB.")
                    if time.monotonic() > self._deadline:
                        raise Unavailable(f"{_shown(parts.geturl())} takes longer than {SECONDS:g} seconds.")
                return httpx.Response(answer.status_code, headers=answer.headers, content=body)
        except httpx.HTTPError as away:
            raise Unavailable(f"{_shown(parts.geturl())} cannot be reached.") from away


def _begins(parts: SplitResult, prefix: SplitResult) -> bool:
    """Whether an address is one of those that a prefix of the settings allows."""
    if parts.scheme != prefix.scheme or (parts.hostname, parts.port) != (prefix.hostname, prefix.port):
        return False
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(prefix.hostname)):
        return False
    folder = prefix.path.rstrip("/") + "/"
    return parts.path == prefix.path or parts.path.startswith(folder)


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _address(parts: SplitResult) -> str:
    """An address that the name leads to. Raises Invalid where one of them is not public."""
    host = parts.hostname or ""
    if _is_loopback(host):  # said in the settings by number
        return host
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as unknown:
        raise Unavailable(f"The name {host[:100]} leads nowhere.") from unknown
    if not found or any(not _is_public(one) for one in found):
        raise Invalid(f"The name {host[:100]} leads to an address that is not public.")
    return min(found, key=lambda one: ":" in one)


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if address in NAT64:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return (mapped or address).is_global and not (mapped or address).is_multicast


def _meta(text: str) -> dict[str, Any]:
    """What a folder's meta.json says of its udf: of the first step that it has."""
    try:
        read = msgspec.json.decode(text)
        udf = read["job_config"]["steps"][0]["udf"]
    except (msgspec.DecodeError, RecursionError, KeyError, IndexError, TypeError) as wrong:
        raise Invalid("The meta.json of that folder says of no udf: `job_config.steps[0].udf` is missing.") from wrong
    if not isinstance(udf, dict):
        raise Invalid("The meta.json of that folder says of no udf: `job_config.steps[0].udf` is no object.")
    return udf


def _module(fetch: Fetch, folder: str, header: object) -> dict[str, Any]:
    name = header.get("module_name") if isinstance(header, dict) else None
    if not isinstance(header, dict) or not isinstance(name, str):
        raise Invalid("Each of the `headers` in that meta.json has a `module_name`.")
    file = _file(header.get("source_file") or f"{name}.py")
    return {"module_name": name, "source_code": fetch.text(folder + file), "source_file": file}


def _udf(name: str, code: str, modules: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    marked = bundles.ENTRYPOINT.search(code)
    entrypoint = told.get("entrypoint")
    kept = {key: told[key] for key in ("parameters", "metadata") if isinstance(told.get(key), dict)}
    body = {
        **bundles.DEFAULTS,
        **kept,
        "name": name[:128],
        "code": code,
        "entrypoint": entrypoint if isinstance(entrypoint, str) else marked[1] if marked else "udf",
        "headers": modules,
    }
    udfs.check_body(msgspec.json.encode(body).decode())
    return body


def _file(name: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]{1,100}", name) or name.strip(".") == "":
        raise Invalid("The meta.json of that folder names a file that is not in it.")
    return name


def _stem(path: str) -> str:
    return unquote(path.rpartition("/")[2]).removesuffix(".py") or "udf"


def _shown(url: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in url[:200])
