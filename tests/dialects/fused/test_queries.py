"""Saved queries: SQL under a name, called as any udf is - by name, by token, in any format, as map tiles."""

import json
import uuid
from threading import Event, Thread

import httpx
import psycopg
import pyarrow as pa
import pytest

from calling import save, value
from conftest import LIMITS, serving, wait_until
from headrace.db.lakes import LOOKING
from published import Person

SHARED = "/server/v1/realtime-shared"


def body_of(sql: str, inputs=(), dialect: str = "duckdb", **defaults) -> dict:
    said = {"dialect": dialect, "inputs": [dict(one) for one in inputs]}
    fixed = {"type": "geopandas_v2", "code": sql, "entrypoint": "query", "headers": []}
    return {**fixed, "parameters": defaults, "metadata": {"headrace:sql": said}}


def of(kind: str, *names: str, **more) -> list[dict]:
    return [{"name": name, "kind": kind, **more} for name in names]


class Analyst:
    """A person with queries, and SQL of their own."""

    def __init__(self, server, http, person: Person) -> None:
        self.http, self.person = http, person

    def save(self, sql: str, inputs=(), slug: str | None = None, *, public: bool = False, **defaults) -> str:
        slug = slug or f"q{uuid.uuid4().hex[:12]}"
        asked = {"slug": slug, "udf_body": json.dumps(body_of(sql, inputs, **defaults)), "allow_public_read": public}
        answer = self.http.post("/server/v1/udf/new", json=asked)
        assert answer.status_code == 200, answer.text
        self.saved = answer.json()
        return slug

    def share(self, sql: str, inputs=(), **defaults) -> str:
        self.save(sql, inputs, **defaults)
        asked = {"udf_id": self.saved["id"], "client_id": None}
        token = self.http.post("/server/v1/udf-access-token/new", json=asked).json()["token"]
        return f"{SHARED}/{token}"

    def sql(self, text: str, status: int = 200):
        asked = {"query": text, "dialect": "duckdb", "result_format": "json"}
        answer = self.http.post(f"/v1/sql/{self.person.username}", json=asked)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def analyst(server):
    person = Person(server, "analyst", f"analyst{uuid.uuid4().hex[:8]}")
    with server.client(person.key) as http:
        yield Analyst(server, http, person)


@pytest.fixture(scope="module")
def elsewhere(s3, postgresql, tmp_path_factory):
    """A place in PostgreSQL and a bucket, for the servers that share it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value_ in s3.items():
            patch.setenv(name, value_)
        store = f"s3://headrace/{tmp_path_factory.mktemp('store').name}"
        yield {"database_url": postgresql.fresh(), "store_url": store, "secret_key": "a" * 43 + "="}


@pytest.fixture(scope="module")
def afar(elsewhere, tmp_path_factory):
    """A server whose warehouse is in that place."""
    with serving(tmp_path_factory.mktemp("afar") / "home", **elsewhere, **LIMITS) as one:
        yield one


@pytest.fixture(params=["server", "afar"])
def place(request):
    """A server with its warehouse in either place."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def dweller(place):
    """Somebody there."""
    person = Person(place, "dweller", f"dweller{uuid.uuid4().hex[:8]}")
    with place.client(person.key) as http:
        yield Analyst(place, http, person)


@pytest.fixture
def passer_by(afar):
    """A client without a key, of the server afar."""
    with httpx.Client(base_url=afar.url, timeout=60) as http:
        yield http


@pytest.fixture
def passer(place):
    """A client without a key."""
    with httpx.Client(base_url=place.url, timeout=60) as http:
        yield http


def test_a_token_calls_it_with_typed_values_in_any_format(analyst, open_web):
    squares = "SELECT i, i * i AS square FROM range(:n) t(i) WHERE i >= $least"
    base = analyst.share(squares, of("integer", "n", "least"), least=1)
    answer = open_web.get(f"{base}/run", params={"n": 4, "format": "json"})
    assert answer.json() == [{"i": 1, "square": 1}, {"i": 2, "square": 4}, {"i": 3, "square": 9}]
    assert open_web.get(f"{base}/run.csv?n=3").status_code == 404  # a format is an ending of the token
    assert open_web.get(f"{base}/run?n=3&format=csv").text == "i,square\n1,1\n2,4\n"
    assert open_web.get(f"{base}/run?n=3&least=2&format=json").json() == [{"i": 2, "square": 4}]
    assert open_web.get(f"{base}/run?n=3&format=parquet").content[:4] == b"PAR1"
    wrong = open_web.get(f"{base}/run?n=many&format=json")
    assert (wrong.status_code, wrong.json()["detail"]) == (
        422,
        "ValueError: The parameter n wants an integer and got 'many'.",
    )
    missing = open_web.get(f"{base}/run?format=json")
    assert missing.json()["detail"] == (
        "TypeError: The parameter n is missing; the query takes n (an integer), least (an integer)."
    )


@pytest.mark.parametrize("format", ["csv", "arrow"])
def test_many_rows_are_sent_while_they_are_written(analyst, open_web, format):
    base = analyst.share("SELECT i, 'n' || i AS name FROM range(200000) t(i)")
    answer = open_web.get(f"{base}/run?format={format}")
    assert (answer.status_code, answer.headers["transfer-encoding"]) == (200, "chunked")
    if format == "csv":
        assert answer.text.splitlines()[-1] == "199999,n199999"
    else:
        assert pa.ipc.open_stream(answer.content).read_all()["name"][-1].as_py() == "n199999"


def test_every_kind_of_value_is_bound_as_what_it_is(analyst, open_web):
    kinds = ("text", "integer", "number", "boolean", "date", "datetime", "time", "json")
    picks = ", ".join(f"typeof(:{kind}_) AS {kind}" for kind in kinds)
    inputs = [one for kind in kinds for one in of(kind, f"{kind}_")]
    inputs += of("choice", "city", choices=["Oslo", "Bergen"])
    base = analyst.share(f"SELECT {picks}, :city AS city", inputs)
    given = {
        "text_": "'; DROP TABLE t; --",
        "integer_": "3",
        "number_": "0.5",
        "boolean_": "true",
        "date_": "2026-01-31",
        "datetime_": "2026-01-31T12:00:00",
        "time_": "12:30",
        "json_": "[1, 2]",
        "city": "Oslo",
    }
    (row,) = open_web.get(f"{base}/run", params={**given, "format": "json"}).json()
    assert row == {
        "text": "VARCHAR",
        "integer": "INTEGER",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "datetime": "TIMESTAMP",
        "time": "TIME",
        "json": "INTEGER[]",
        "city": "Oslo",
    }
    other = open_web.get(f"{base}/run", params={**given, "city": "Rome", "format": "json"})
    assert other.json()["detail"].endswith("The parameter city wants one of 'Oslo', 'Bergen' and got 'Rome'.")


def test_a_tile_gives_its_place_and_geometries_become_vector_tiles(analyst, open_web):
    middle = "ST_Transform(ST_Centroid(ST_TileEnvelope(:z, :x, :y)), 'EPSG:3857', 'OGC:CRS84')"
    base = analyst.share(f"SELECT :name AS name, {middle} AS geometry", of("text", "name"), name="here")
    tile = open_web.get(f"{base}/run/tiles/1/0/1?format=mvt")
    assert (tile.status_code, tile.headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert b"here" in tile.content
    (feature,) = open_web.get(f"{base}/run/tiles/1/0/1?format=geojson").json()["features"]
    assert feature["geometry"]["coordinates"][0] == pytest.approx(-90)
    alone = open_web.get(f"{base}/run?format=json")
    assert (alone.status_code, "z of a map tile" in alone.json()["detail"]) == (422, True)
    assert open_web.get(f"{base}/about.json").json()["place"] == "z, x, y"


def test_its_page_has_a_form_of_its_values(analyst, open_web):
    sql = "-- Towns of a country.\n-- With their people.\nSELECT :country AS country, :least AS least"
    inputs = [*of("choice", "country", choices=["NO", "SE"]), *of("integer", "least")]
    base = analyst.share(sql, inputs, least=5)
    about = open_web.get(f"{base}/about.json").json()
    assert about["doc"] == "Towns of a country.\nWith their people."
    shown = [(p["name"], p["kind"], p["choices"], p["required"], p["default"]) for p in about["parameters"]]
    assert shown == [("country", "choice", ["NO", "SE"], True, None), ("least", "integer", [], False, "5")]
    page = open_web.get(f"{base}/plain", headers={"Accept": "text/html"}).text
    assert '<select name="country"><option>NO</option>' in page
    assert '<input name="least" value="5">' in page
    calls = open_web.get(f"{base}/openapi.json").json()["paths"]["/run"]["get"]["parameters"]
    assert {one["name"]: one["schema"].get("type") for one in calls[:2]} == {"country": "string", "least": "integer"}


def test_it_reads_what_its_owner_may_and_a_write_is_seen_at_once(dweller, place, passer):
    dweller.sql("CREATE TABLE sales AS SELECT * FROM (VALUES ('a', 1), ('b', 2)) t(item, amount)")
    base = dweller.share(
        "SELECT sum(amount) AS total FROM sales WHERE amount >= :least", of("integer", "least"), least=0
    )

    def total(path: str = f"{base}/run", http=passer):
        answer = http.get(path, params={"format": "json"})
        assert answer.status_code == 200, answer.text
        return answer.json()[0]["total"], answer.headers["headrace-cache"]

    assert total()[0] == 3
    wait_until(lambda: total() == (3, "hit"))
    for amount in range(3, 8):
        dweller.sql(f"INSERT INTO sales VALUES ('more', {amount})")
        assert total()[0] == 3 + sum(range(3, amount + 1))
    wait_until(lambda: total() == (28, "hit"))
    stranger = Person(place, "stranger", f"stranger{uuid.uuid4().hex[:8]}")
    named = f"/server/v1/realtime/local/api/v1/run/udf/saved/{dweller.person.email}/{dweller.saved['slug']}"
    with place.client(stranger.key) as http:
        assert http.get(named).status_code == 404
        assert total(f"{base}/run", http)[0] == 28
        own = Analyst(place, http, stranger)
        own.sql("CREATE TABLE sales AS SELECT 1000 AS amount")
        dweller.save("SELECT sum(amount) AS total FROM sales", slug="open", public=True)
        assert total(named.rpartition("/")[0] + "/open", http)[0] == 28


def test_the_first_write_of_all_is_seen_at_once(dweller, passer):
    base = dweller.share("SELECT count(*) AS n FROM duckdb_tables() WHERE table_name = 'first' AND NOT internal")

    def count():
        answer = passer.get(f"{base}/run?format=json")
        assert answer.status_code == 200, answer.text
        return answer.json()[0]["n"], answer.headers["headrace-cache"]

    assert count()[0] == 0
    wait_until(lambda: count() == (0, "hit"))
    dweller.sql("CREATE TABLE first AS SELECT 1 AS n")
    assert count()[0] == 1
    wait_until(lambda: count() == (1, "hit"))


def test_what_another_server_writes_is_seen_at_once(afar, elsewhere, tmp_path):
    person = Person(afar, "writer", f"writer{uuid.uuid4().hex[:8]}")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "admin.key").write_text(afar.admin_key)
    with serving(tmp_path / "home", **elsewhere, **LIMITS) as other, afar.client(person.key) as http:
        here = Analyst(afar, http, person)
        here.sql("CREATE TABLE t AS SELECT 1 AS n")
        base = here.share("SELECT sum(n) AS n FROM t")

        def total():
            answer = http.get(f"{base}/run?format=json")
            assert answer.status_code == 200, answer.text
            return answer.json()[0]["n"], answer.headers["headrace-cache"]

        wait_until(lambda: total() == (1, "hit"))
        with other.client(person.key) as there:
            for number in range(2, 5):
                Analyst(other, there, person).sql(f"INSERT INTO t VALUES ({number})")
                assert total()[0] == sum(range(number + 1))
        wait_until(lambda: total() == (10, "hit"))


def test_looking_goes_on_when_postgresql_has_ended_who_looked(afar, elsewhere, passer_by):
    person = Person(afar, "looker", f"looker{uuid.uuid4().hex[:8]}")
    with afar.client(person.key) as http:
        here = Analyst(afar, http, person)
        here.sql("CREATE TABLE t AS SELECT 7 AS n")
        base = here.share("SELECT n FROM t")

    def look():
        answer = passer_by.get(f"{base}/run?format=json")
        return answer.json(), answer.headers["headrace-cache"]

    wait_until(lambda: look() == ([{"n": 7}], "hit"))
    with psycopg.connect(elsewhere["database_url"], autocommit=True) as connection:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
        assert connection.execute(ended, [LOOKING]).fetchone()[0] >= 1
    assert look() == ([{"n": 7}], "hit")


def test_what_depends_on_the_clock_is_not_kept_unless_it_says_so(analyst, open_web):
    base = analyst.share("SELECT now() AS at")
    answers = [open_web.get(f"{base}/run?format=json") for _ in range(2)]
    assert [answer.headers["headrace-cache"] for answer in answers] == ["off", "off"]
    assert answers[0].json() != answers[1].json()
    assert open_web.get(f"{base}/run?format=json&cache_max_age=1h").headers["headrace-cache"] == "miss"


@pytest.mark.parametrize(
    ("sql", "inputs", "defaults", "sentence"),
    [
        (
            "SELECT :n",
            (),
            {},
            "The statement takes :n, and does not declare it; say what each is, such as integer or text.",
        ),
        ("SELECT 1", (), {"n": 1}, "There is a default for n, which the statement does not declare."),
        ("SELECT :n", of("choice", "n"), {}, "The value n is of the kind `choice` and has `choices`, or neither."),
        ("SELECT :n", of("integer", "n", "n"), {}, "The value n is declared twice."),
        ("DROP TABLE t", (), {}, "A saved query reads and writes nothing: it begins with SELECT, WITH, FROM,"),
        ("SELECT :n", of("number!", "n"), {}, "What the saved query declares cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_saved(analyst, sql, inputs, defaults, sentence):
    body = json.dumps(body_of(sql, inputs, **defaults))
    answer = analyst.http.post("/server/v1/udf/new", json={"slug": "wrong", "udf_body": body})
    assert (answer.status_code, sentence in answer.json()["detail"]) == (422, True), answer.text


def test_it_writes_nothing_however_it_is_put(analyst, open_web):
    analyst.sql("CREATE TABLE kept AS SELECT 1 AS n")
    for sql in (
        "WITH a AS (SELECT 2 AS n) INSERT INTO kept SELECT n FROM a",
        "SELECT 1; INSERT INTO kept VALUES (2)",
        "SELECT 1; COMMIT; DELETE FROM kept",
        "SELECT 1; COMMIT; CREATE TABLE more AS SELECT 1",
    ):
        answer = open_web.get(f"{analyst.share(sql)}/run?format=json")
        assert answer.status_code == 422, (sql, answer.text)
    assert analyst.sql("SELECT n FROM kept") == [{"n": 1}]


def test_an_error_names_its_line_and_shows_the_place(analyst, open_web):
    base = analyst.share("SELECT :n AS n,\n  nothing\nFROM range(3)", of("integer", "n"), n=1)
    answer = open_web.get(f"{base}/run?format=json")
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith("\nLine 2, column 3:\n  nothing\n  ^")


def test_sql_that_another_author_sends_from_a_udf_does_not_see_the_callers_tables(analyst, server):
    analyst.sql("CREATE TABLE secret AS SELECT 42 AS n")
    author = Person(server, "author", f"author{uuid.uuid4().hex[:8]}")
    spy = {"step_config": {"type": "udf", "udf": body_of(f"SELECT n FROM {analyst.person.username}.secret")}}
    code = f"""
        def udf():
            from headrace.runtime.fused import _server
            came = _server.ask("POST", "/realtime/local/api/v1/run/udf", json={spy!r}, query={{"format": "json"}})
            return [came.status, bytes(came.body).decode()]
    """
    with server.client(author.key) as http:
        udf = save(http, "spy", code, allow_public_read=True)
        assert value(http, code)[0] == 422  # the author's own tables are seen, and there is none of that name
    named = f"/server/v1/realtime/local/api/v1/run/udf/saved/{author.email}/{udf['slug']}?format=json"
    status, said = analyst.http.get(named).json()
    assert (status, "Code of another author runs no SQL over your tables" in said) == (403, True)
    own = analyst.http.post("/server/v1/realtime/local/api/v1/run/udf", json={**spy, "format": "json"})
    assert own.json() == [{"n": 42}]


def test_udfs_and_the_published_client_run_it_by_name(analyst, server, new):
    analyst.save("SELECT i FROM range(:n) t(i)", of("integer", "n"), slug="counted")
    code = """
        def udf():
            return fused.run("counted", n=3)["i"].tolist()
    """
    assert value(analyst.http, code) == [0, 1, 2]
    with server.client(new.key) as http:
        Analyst(server, http, Person(server, "unused")).save(
            "SELECT :n * 2 AS n", of("integer", "n"), slug=f"twice_{analyst.person.username}"
        )
    assert new.run(f"answer = fused.run('twice_{analyst.person.username}', n=21)['n'].tolist()").answer == [42]


def test_the_resource_api_keeps_it_with_its_values(analyst):
    made = analyst.http.post(
        "/api/udfs",
        json={
            "name": "typed",
            "code": "SELECT :n AS n",
            "language": "sql",
            "inputs": [{"name": "n", "kind": "integer"}],
            "parameters": {"n": 2},
        },
    ).json()
    assert (made["language"], made["dialect"], made["version"]) == ("sql", "duckdb", 1)
    assert made["inputs"] == [{"name": "n", "kind": "integer", "choices": []}]
    changed = analyst.http.put(f"/api/udfs/{made['uid']}", json={"code": "SELECT :n + 1 AS n"}).json()
    assert (changed["version"], changed["language"], changed["inputs"]) == (2, "sql", made["inputs"])
    named = f"/server/v1/realtime/local/api/v1/run/udf/saved/{analyst.person.email}/typed?format=json"
    assert analyst.http.get(named).json() == [{"n": 3}]
    refused = analyst.http.put(f"/api/udfs/{made['uid']}", json={"code": "SELECT :m"})
    assert (refused.status_code, ":m" in refused.json()["errorDescription"]) == (422, True)


def test_no_answer_is_older_than_a_write_that_was_acknowledged(dweller, place):
    dweller.sql("CREATE TABLE events (n BIGINT)")
    base = dweller.share("SELECT count(*) AS n FROM events")
    written, wrong, seen, over = 0, [], set(), Event()

    def look() -> None:
        with place.client() as http:
            while not over.is_set():
                least = written
                answer = http.get(f"{base}/run?format=json")
                seen.add(answer.headers["headrace-cache"])
                if answer.status_code != 200 or answer.json()[0]["n"] < least:
                    wrong.append((least, answer.text))

    lookers = [Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for number in range(12):
            dweller.sql(f"INSERT INTO events VALUES ({number})")
            written = number + 1
            if number % 4 == 3:
                wait_until(lambda: "hit" in seen)
    finally:
        over.set()
        for looker in lookers:
            looker.join()
    assert not wrong
    assert "hit" in seen
