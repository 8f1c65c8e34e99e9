"""Login by the browser, as the newer published client does it (Fused protocol notes 1.4)."""

import secrets
from hmac import compare_digest
from html import escape
from urllib.parse import parse_qsl, urlencode

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headrace.api.operation import Operation, describe
from headrace.api.streams import read_body
from headrace.errors import Busy, Forbidden, HeadraceError, Invalid, Malformed, Unauthenticated
from headrace.services import logins
from headrace.services.call import Call
from headrace.services.guesses import Guesses
from headrace.services.logins import Asked, Grant

LARGEST = 16 << 10  # bytes of a form
COOKIE = "headrace_login"
ASKED = ("client_id", "redirect_uri", "code_challenge", "code_challenge_method", "response_type", "state")
FENCES = {
    # The answer to the form is a redirect to the program, which browsers count as where the form goes.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self' http://localhost:* http://127.0.0.1:* http://[::1]:*"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Log in to Headrace</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto; padding: 0 1rem; color: #222 }}
input, button {{ font: inherit; padding: .5rem; width: 100%; box-sizing: border-box; margin-top: .5rem }}
.wrong {{ color: #a00 }}
</style></head><body>
<h1>Log in to Headrace</h1>
<p>The program <b>{client}</b> on your machine ({where}) asks to act as you. It gets a key of its own, which you find
among your keys and can revoke there.</p>
{wrong}
<form method="post" action="authorize">{hidden}
<label>Your API key <input type="password" name="api_key" autocomplete="current-password" required autofocus></label>
<button>Log in</button></form>
</body></html>
"""
OUT = "<!doctype html><title>Logged out</title><p>You are logged out here. Revoke the key of the login among your keys."


class LoginRoutes:
    """The routes; guesses of keys are counted with all others."""

    def __init__(self, guesses: Guesses) -> None:
        self._guesses = guesses

    def operations(self) -> list[Operation]:
        """The page, its form, the tokens."""
        html, json = ("text/html",), ("application/json",)
        routes = [
            ("GET", "/oauth/authorize", self.show, html),
            ("POST", "/oauth/authorize", self.authorize, html),
            ("POST", "/oauth/token", self.give, json),
            ("GET", "/oauth/logout", self.log_out, html),
        ]
        return [
            describe(method, path, function, raw=True, public=True, tags=("login",), media_types=media_types)
            for method, path, function, media_types in routes
        ]

    async def show(self, call: Call, request: Request) -> Response:
        """The page where a person proves who they are, for a program on their machine."""
        fields = dict(request.query_params)
        return _page(request, fields, _asked(fields))

    async def authorize(self, call: Call, request: Request) -> Response:
        """The form of that page: a code for the program, by way of the person's browser."""
        fields = await _form(request, call)
        wanted = _asked(fields)
        _same_page(request, fields)
        key, address = fields.get("api_key", "").strip(), request.client.host if request.client else ""
        try:
            self._guesses.check("key", address, key)
            code = await anyio.to_thread.run_sync(logins.begin, call.platform, wanted, key)
        except Unauthenticated as wrong:
            self._guesses.wrong("key", address, key)
            return _page(request, fields, wanted, wrong)
        except Busy as wrong:
            return _page(request, fields, wanted, wrong)
        answer = {"code": code} | ({"state": fields["state"]} if "state" in fields else {})
        response = RedirectResponse(f"{wanted.redirect_uri}?{urlencode(answer)}", 303, FENCES)
        response.delete_cookie(COOKIE)
        return response

    async def give(self, call: Call, request: Request) -> Response:
        """A key for a code, or for a refresh token (RFC 6749, 4.1.3 and 6)."""
        try:
            fields = await _form(request, call)
            grant = await anyio.to_thread.run_sync(_granted, call, fields)
        except Forbidden as refused:
            # The published client asks for a new login at 403, where the RFC says 400.
            return _json(
                {"error": "invalid_grant", "error_description": refused.message, "detail": refused.message}, 403
            )
        except Invalid as wrong:
            return _refused("invalid_request", wrong, 400)
        return _json(
            {
                "access_token": grant.access_token,
                "refresh_token": grant.refresh_token,
                "id_token": grant.email,  # clients want one and read nothing in it; no door here opens to it
                "scope": "openid email name offline_access",
                "expires_in": grant.expires_in,
                "token_type": "Bearer",
            }
        )

    async def log_out(self, call: Call, request: Request) -> Response:
        """What is left to do: there is no session here to end."""
        return HTMLResponse(OUT, headers=FENCES)


def _granted(call: Call, fields: dict[str, str]) -> Grant:
    kind, client_id = fields.get("grant_type"), fields.get("client_id", "")
    if kind == "authorization_code":
        return logins.exchange(
            call.platform,
            fields.get("code", ""),
            client_id=client_id,
            redirect_uri=fields.get("redirect_uri", ""),
            verifier=fields.get("code_verifier", ""),
        )
    if kind == "refresh_token":
        return logins.refresh(call.platform, fields.get("refresh_token", ""), client_id=client_id)
    raise Invalid("`grant_type` wants authorization_code or refresh_token.")


def _asked(fields: dict[str, str]) -> Asked:
    return logins.asked(
        client_id=fields.get("client_id", ""),
        redirect_uri=fields.get("redirect_uri", ""),
        challenge=fields.get("code_challenge", ""),
        method=fields.get("code_challenge_method", ""),
        kind=fields.get("response_type", ""),
    )


async def _form(request: Request, call: Call) -> dict[str, str]:
    body = await read_body(request, LARGEST, call.platform.settings.body_seconds)
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return {k: v for k, v in msgspec.json.decode(body, type=dict[str, object]).items() if isinstance(v, str)}
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except (ValueError, RecursionError) as wrong:
        raise Malformed("The body is neither a form nor a JSON object.") from wrong


def _same_page(request: Request, fields: dict[str, str]) -> None:
    """Raise Forbidden for a form that did not come from our page in the same browser: cookie and field are equal."""
    cookie, field = request.cookies.get(COOKIE, ""), fields.get("token", "")
    elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if not cookie or elsewhere or not compare_digest(cookie.encode(), field.encode()):
        raise Forbidden("This form is not from the login page of this browser; open the page again.")


def _page(request: Request, fields: dict[str, str], wanted: Asked, wrong: HeadraceError | None = None) -> Response:
    token = secrets.token_urlsafe(32)
    kept = {name: fields[name] for name in ASKED if name in fields} | {"token": token}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(text)}">' for name, text in kept.items())
    text = PAGE.format(
        client=escape(wanted.client_id),
        where=escape(wanted.redirect_uri),
        hidden=hidden,
        wrong=f'<p class="wrong">{escape(wrong.message)}</p>' if wrong else "",
    )
    response = HTMLResponse(text, wrong.status if wrong else 200, FENCES)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, max_age=600, path="/", secure=secure, httponly=True, samesite="strict")
    return response


def _refused(code: str, why: HeadraceError, status: int) -> Response:
    return _json({"error": code, "error_description": why.message, "detail": why.message}, status)


def _json(fields: dict[str, object], status: int = 200) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(fields), status, headers)
