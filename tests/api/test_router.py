"""Paths, methods and what a router answers by itself."""

import asyncio
import json
from inspect import Parameter, Signature
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.api.auth import Keys
from headrace.api.codec import PlainJson
from headrace.api.endpoint import Rim
from headrace.api.operation import describe
from headrace.api.router import Mount, Router
from headrace.errors import Malformed, MethodNotAllowed, NotFound


def answer(call, **values):
    """Answer."""


def table(*paths):
    """A router whose handlers are told apart by the path they were declared under."""

    def declare(path):
        names = [s.strip("{}") for s in path.split("/") if s.startswith("{")]

        def function(call, **values):
            """Answer."""

        taken = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=str) for name in ["call", *names]]
        function.__signature__ = Signature(taken)
        function.__annotations__ = dict.fromkeys(names, str)
        return describe("GET", path, function)

    router = Router([], Rim(keys=Keys(lambda key: None), make_call=lambda who, address: who))
    for path in paths:
        router._add("", declare(path), path)
    return router


def test_a_literal_segment_wins_over_a_parameter():
    router = table("/users/{id}", "/users/me")
    assert router.match("GET", b"/users/me") == ("/users/me", [])
    assert router.match("GET", b"/users/7") == ("/users/{id}", ["7"])


def test_a_parameter_is_tried_where_the_literal_leads_nowhere():
    router = table("/a/{x}/c", "/a/b/d", "/{p}/{q}/e")
    assert router.match("GET", b"/a/b/c") == ("/a/{x}/c", ["b"])
    assert router.match("GET", b"/a/b/d") == ("/a/b/d", [])
    assert router.match("GET", b"/a/b/e") == ("/{p}/{q}/e", ["a", "b"])
    with pytest.raises(NotFound):
        router.match("GET", b"/a/b/f")


@pytest.mark.parametrize("path", [b"/x/y", b"/x/y/", b"//x/y", b"/x//y//", b"///x///y///", b"/%78/y"])
def test_slashes_that_separate_nothing_do_not_count(path):
    assert table("/x/y").match("GET", path) == ("/x/y", [])


def test_an_encoded_slash_stays_inside_its_segment():
    router = table("/files/{name}", "/files/{name}/{part}")
    assert router.match("GET", b"/files/a%2Fb") == ("/files/{name}", ["a/b"])
    assert router.match("GET", b"/files/a/b") == ("/files/{name}/{part}", ["a", "b"])
    with pytest.raises(NotFound):
        router.match("GET", b"/files%2Fa")


@pytest.mark.parametrize("path", [b"/x/%", b"/x/%4", b"/x/%zz", b"/x/%ff", b"/x/\xff", b"/x/%c3%28"])
def test_a_path_that_is_not_percent_encoded_utf8_is_malformed(path):
    with pytest.raises(Malformed):
        table("/x/{y}").match("GET", path)


def test_a_plus_in_a_path_is_a_plus():
    assert table("/x/{y}").match("GET", b"/x/a+b%20c") == ("/x/{y}", ["a+b c"])


def test_a_method_that_no_operation_has_is_told_with_those_there_are():
    router = table("/x/{y}", "/x/z")
    with pytest.raises(MethodNotAllowed) as refused:
        router.match("DELETE", b"/x/z")
    assert refused.value.allowed == ("GET", "HEAD", "OPTIONS")


segments = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda s: s not in {".", ".."})


@given(st.lists(segments, min_size=1, max_size=5), st.booleans(), st.integers(1, 3))
def test_what_was_quoted_into_a_path_comes_out_of_it(values, slash, slashes):
    path = "".join("/" * slashes + quote(value, safe="") for value in values) + "/" * slash
    template = "".join(f"/{{p{i}}}" for i in range(len(values)))
    assert table(template).match("GET", path.encode()) == (template, values)


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "{x}", "{y}"]), min_size=1, max_size=4), min_size=1, max_size=8),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4),
)
def test_the_trie_finds_what_a_search_over_all_templates_finds(templates, path):
    named = {
        tuple("{}" if s.startswith("{") else s for s in t): [
            f"{{p{i}}}" if s.startswith("{") else s for i, s in enumerate(t)
        ]
        for t in templates
    }
    fitting = [t for t in named if len(t) == len(path) and all(s in {p, "{}"} for s, p in zip(t, path, strict=True))]
    router = table(*("/" + "/".join(t) for t in named.values()))
    asked = ("/" + "/".join(path)).encode()
    if not fitting:
        with pytest.raises(NotFound):
            router.match("GET", asked)
        return
    best = min(fitting, key=lambda t: [s == "{}" for s in t])
    found, values = router.match("GET", asked)
    assert found == "/" + "/".join(named[best])
    assert values == [p for s, p in zip(best, path, strict=True) if s == "{}"]


def test_two_operations_of_one_method_and_path_are_a_mistake_seen_at_the_start():
    with pytest.raises(ValueError, match="declared twice"):
        table("/x/{y}", "/x/{z}")


def test_an_operation_answers_with_and_without_a_slash_at_the_end_and_no_redirect(ask):
    for path in ("/api/things/7", "/api/things/7/", "//api//things/7"):
        assert ask("GET", f"http://test{path}").json()["id"] == 7


def test_head_has_the_headers_of_get_and_no_body(ask):
    get, head = ask("GET", "/api/things"), ask("HEAD", "/api/things")
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)
    assert int(head.headers["content-length"]) == len(get.content)


def test_options_lists_the_methods(ask):
    response = ask("OPTIONS", "/api/things/7", key=None)
    assert response.status_code == 204
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"


def test_a_preflight_allows_every_origin_and_the_headers_it_asks_for(ask):
    asked = {
        "Origin": "https://example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-own",
    }
    response = ask("OPTIONS", "/api/things", key=None, headers=asked)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-headers"] == "authorization,x-own"
    assert "POST" in response.headers["access-control-allow-methods"]
    assert int(response.headers["access-control-max-age"]) > 600
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", ["/api/things", "/api/nothing", "/api/things/broken"])
def test_every_answer_may_be_read_from_another_origin(ask, path):
    response = ask("GET", path)
    assert response.headers["access-control-allow-origin"] == "*"
    assert "x-fused-metadata" in response.headers["access-control-expose-headers"]


def test_what_is_not_there_is_a_404_in_the_dialects_shape(ask):
    response = ask("GET", "/api/nothing")
    assert response.status_code == 404
    assert "Nothing is served" in response.json()["detail"]


def test_a_wrong_method_is_a_405_with_allow(ask):
    response = ask("PATCH", "/api/things")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_a_broken_path_is_a_400(ask):
    response = ask("GET", "/api/things/named/%ff/shout")
    assert response.status_code == 400
    assert "UTF-8" in json.loads(response.content)["detail"]


def test_a_value_with_an_encoded_slash_arrives_whole(ask):
    assert ask("GET", "/api/things/named/a%2Fb/shout").json() == {"name": "A/B"}


def test_a_scope_without_a_raw_path_is_answered_by_its_path(app, ask):
    async def without(scope, receive, send):
        scope.pop("raw_path")
        await app(scope, receive, send)

    async def go():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=without), base_url="http://test") as client:
            return await client.get("/api/things/open")

    assert asyncio.run(go()).status_code == 200


def test_two_mounts_each_tell_errors_in_their_own_shape(rim):
    class Loud(PlainJson):
        def error(self, error):
            return type(super().error(error))(error.message.upper())

    router = Router([Mount("/a", [], PlainJson()), Mount("/a/loud", [], Loud())], rim)
    assert router._refuse(b"/a/x", NotFound()).body.startswith(b'{"detail":"There')
    assert router._refuse(b"/a/loud/x", NotFound()).body.startswith(b'{"detail":"THERE')
