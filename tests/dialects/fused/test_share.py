"""What a token tells to people and programs: its page, the udf's description, its OpenAPI document."""

import re

import pytest
from openapi_spec_validator import validate

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
UDF = '''
import datetime as dt
import enum
import typing

class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"

@fused.udf
def udf(
    name,
    rows: int = 3,
    share: float = 0.5,
    late: bool = True,
    carrier: typing.Literal["AA", "UA"] = "UA",
    size: Size = Size.LARGE,
    since: dt.date = dt.date(2024, 2, 29),
    tags: list[str] = ["a", "b"],
    bounds: fused.types.Bounds = None,
    limit: int | None = None,
):
    """Say hello.

    At length.
    """
    return f"hello {name}"
'''


def base(token: str) -> str:
    return f"/server/v1/realtime-shared/{token}"


@pytest.fixture
def about(web, open_web):
    """What is told of a udf that is shared, to somebody without a key."""

    def ask(code: str, **more) -> dict:
        answer = open_web.get(f"{base(web.share(code, **more))}/about.json")
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def test_the_parameters_are_told_as_the_function_has_them(about):
    told = about(UDF)
    assert told["doc"] == "Say hello.\n\nAt length."
    assert [(p["name"], p["kind"], p["default"], p["required"]) for p in told["parameters"]] == [
        ("name", "text", None, True),
        ("rows", "integer", "3", False),
        ("share", "number", "0.5", False),
        ("late", "boolean", "true", False),
        ("carrier", "choice", "UA", False),
        ("size", "choice", "large", False),
        ("since", "date", "2024-02-29", False),
        ("tags", "json", '["a", "b"]', False),
        ("bounds", "json", None, False),
        ("limit", "integer", None, False),
    ]
    assert told["place"] == "bounds"
    parameters = {p["name"]: p for p in told["parameters"]}
    assert parameters["carrier"]["choices"] == ["AA", "UA"]
    assert parameters["size"]["choices"] == ["small", "large"]
    assert parameters["rows"]["annotation"] == "int"
    assert parameters["bounds"]["annotation"] == "fused.types.Bounds"


def test_the_defaults_that_are_told_mean_the_defaults(web, open_web):
    token = web.share("""
        import datetime as dt, typing
        @fused.udf
        def udf(a: int = 3, b: float = .5, c: bool = False, d: typing.Literal[1, 2] = 2,
                e: dt.datetime = dt.datetime(2024, 1, 2, 3, 4), f: list = [1, {"x": None}], g: str = "é & ü"):
            return repr((a, b, c, d, e, f, g))
    """)
    told = open_web.get(f"{base(token)}/about.json").json()
    given = {p["name"]: p["default"] for p in told["parameters"]}
    run = f"{base(token)}/run?format=json"
    assert open_web.get(run, params=given | {"format": "json"}).json() == open_web.get(run).json()


def test_a_function_that_cannot_be_made_is_described_by_what_is_wrong_with_it(about):
    told = about("import no_such_library\n@fused.udf\ndef udf(): pass")
    assert told["problem"]["kind"] == "ModuleNotFoundError"
    assert told["problem"]["lineno"] == 1
    assert told["parameters"] == []


@pytest.mark.parametrize(
    "code",
    [
        "import inspect\ninspect.getdoc = lambda f: {'not': 'text'}\n@fused.udf\ndef udf(): pass",
        "class Nasty:\n    def __repr__(self): raise SystemExit(3)\n@fused.udf\ndef udf(a: int = Nasty()): pass",
        "@fused.udf\ndef udf(a: 'x' * 10**7 = 'y' * 10**7): '''" + "z" * 100_000 + "'''",
        "def udf(): pass\nudf.__signature__ = 3",
        "import sys\nsys.modules['headrace.runtime.signature'] = None\n@fused.udf\ndef udf(): pass",
        "@fused.udf\ndef udf(a='\\ud800'): pass",
    ],
)
def test_a_hostile_function_gets_a_description_of_bounded_size(about, code):
    told = about(code)
    assert len(repr(told)) < 100_000
    assert told["name"]


def test_code_is_shown_where_everyone_may_read_it_and_nowhere_else(web, open_web):
    code = "@fused.udf\ndef udf(): return 'the code itself'"
    private, public = web.save(code, "private"), web.save(code, "public", allow_public_read=True)
    for saved, shown in ((private, False), (public, True)):
        token = web.post("/server/v1/udf-access-token/new", json={"udf_id": saved["id"]}).json()["token"]
        for path in ("", "/about.json", "/openapi.json", "/plain"):
            answer = open_web.get(base(token) + path, headers=BROWSER)
            assert answer.status_code == 200
            assert ("the code itself" in answer.text) is (shown and path == "/about.json")
            assert web.email not in answer.text
            assert "person" in answer.text or path == ""


def test_a_browser_gets_a_page_and_a_program_gets_the_result(web, open_web):
    token = web.share("@fused.udf\ndef udf(n: int = 1): return {'n': n}")
    for path in ("/run", "/run/file"):
        page = open_web.get(base(token) + path, headers=BROWSER)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["vary"] == "Accept"
        assert open_web.get(base(token) + path).json() == {"n": 1}
        assert open_web.get(f"{base(token)}{path}?format=json&n=2", headers=BROWSER).json() == {"n": 2}
        assert "<" in open_web.get(f"{base(token)}{path}?format=html", headers=BROWSER).text
    assert open_web.get(f"/share/{token}").text == open_web.get(base(token)).text


@pytest.mark.parametrize("path", ["/share/fsh_nobody", "/server/v1/realtime-shared/fsh_nobody/run"])
def test_a_token_that_opens_nothing_gets_a_page_that_says_so(open_web, path):
    answer = open_web.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert "opens nothing here" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/", "/share/{}", "/server/v1/realtime-shared/{}/plain"])
def test_no_page_runs_a_script_that_stands_in_it(web, open_web, path):
    answer = open_web.get(path.format(web.share('@fused.udf\ndef udf(a="<script>x"): "<script>y"; return 1')))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|\son\w+=|javascript:", answer.text)
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_page_of_words_has_a_form_and_links_for_browsers_that_run_no_scripts(web, open_web):
    token = web.share(UDF)
    page = open_web.get(f"{base(token)}/plain").text
    assert '<input name="rows" value="3">' in page
    assert "<option selected>UA</option>" in page
    assert f'href="{base(token)}/run?format=csv"' in page


def test_the_document_of_a_token_is_openapi_and_knows_its_parameters(web, open_web):
    token = web.share(UDF)
    document = open_web.get(f"{base(token)}/openapi.json").json()
    validate(document)
    assert document["servers"][0]["url"].endswith(base(token))
    run = document["paths"]["/run"]["get"]
    parameters = {p["name"]: p for p in run["parameters"]}
    assert parameters["rows"]["schema"] == {"type": "integer", "default": 3}
    assert parameters["carrier"]["schema"]["enum"] == ["AA", "UA"]
    assert parameters["name"]["required"]
    assert "text/csv" in run["responses"]["200"]["content"]
    tile = document["paths"]["/run/tiles/{z}/{x}/{y}"]["get"]
    assert "bounds" not in {p["name"] for p in tile["parameters"]}
    assert "application/vnd.mapbox-vector-tile" in tile["responses"]["200"]["content"]


def test_a_description_that_is_known_is_not_sent_again(web, open_web):
    saved = web.save("@fused.udf\ndef udf(): return 1", "told")
    token = web.post("/server/v1/udf-access-token/new", json={"udf_id": saved["id"]}).json()["token"]
    first = open_web.get(f"{base(token)}/about.json")
    again = open_web.get(f"{base(token)}/about.json", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)


def test_parts_of_pages_are_kept_forever_under_names_that_change(open_web, web):
    page = open_web.get(f"/share/{web.share('@fused.udf' + chr(10) + 'def udf(): return 1')}").text
    parts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    if not parts:
        pytest.skip("the pages are not built: `make web` builds them where Node is found")
    for part in parts:
        answer = open_web.get(part, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "text/css"}
        assert answer.headers["content-encoding"] == "gzip"
        assert open_web.get(part, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    for path in ("/assets/nothing.js", "/assets/..%2Fmanifest.json", "/assets/%2e%2e"):
        assert open_web.get(path).status_code == 404


def test_an_answer_that_depends_on_its_reader_says_so(web, open_web):
    url = f"{base(web.share('def udf(): return [1]'))}/run"
    page, data = open_web.get(url, headers=BROWSER), open_web.get(url)
    assert (page.headers["content-type"][:9], data.json()) == ("text/html", [1])
    assert "Accept" in page.headers.get_list("vary", split_commas=True)
    assert "Accept" in data.headers.get_list("vary", split_commas=True)
    named = open_web.get(url, params={"format": "json"}, headers=BROWSER)
    assert "Accept" not in named.headers.get_list("vary", split_commas=True)
