"""Forgetting stored results: the published client, and plain HTTP."""

import threading
import uuid

import pytest

from calling import Gate
from fused_wire import detail
from published import Person

CODE = "def udf(n: int = 0):\n    import uuid\n    return str(uuid.uuid4())\n"
TILE = "def udf(bounds: fused.types.TileXYZ):\n    import uuid\n    return str(uuid.uuid4())\n"
SLOW = """
def udf(path: str = ""):
    import uuid
    knock()
    return str(uuid.uuid4())
"""


def delete(web, udf_id: str, **tile) -> int:
    answer = web.delete(f"/server/v1/realtime-shared/local/udf-cache/by-id/{udf_id}/delete", params=tile)
    assert answer.status_code == 200, answer.text
    return answer.json()["deleted"]


def test_the_client_forgets_the_results_of_a_udf_and_of_a_tile(new):
    said = new.run("""
        @fused.udf(cache_max_age="1h")
        def forgettable(n: int = 1):
            import uuid
            return str(uuid.uuid4())
        forgettable.to_fused(overwrite=True)
        token = forgettable.create_access_token()
        values = [fused.run(token), fused.run(token)]
        forgettable.invalidate_cache()
        values += [fused.run(token), fused.run(token)]
        forgettable.invalidate_cache(z=1, x=0, y=0)
        values += [fused.run(token)]
        by_name = [fused.run("forgettable"), fused.run("forgettable")]
        forgettable.invalidate_cache()
        by_name += [fused.run("forgettable")]
        answer = [values.index(one) for one in values], [by_name.index(one) for one in by_name]
    """)
    assert said.answer == [[0, 0, 2, 2, 2], [0, 0, 2]]


def test_results_of_every_argument_and_format_are_forgotten_and_no_others(web):
    saved, other = web.save(CODE, "one"), web.save(CODE + "\n", "two")
    urls = [
        f"/server/v1/realtime-shared/{saved['share_token']}/run?n={n}&format={f}"
        for n in (1, 2)
        for f in ("json", "html")
    ]
    kept = f"/server/v1/realtime-shared/{other['share_token']}/run"
    before = [web.get(url).text for url in [*urls, kept]]
    assert [web.get(url).text for url in [*urls, kept]] == before
    assert delete(web, saved["id"]) == 4
    after = [web.get(url).text for url in [*urls, kept]]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False] * 4 + [True]
    assert delete(web, saved["id"]) == 4
    assert delete(web, saved["id"]) == 0


def test_one_tile_and_some_tiles_are_forgotten(web):
    saved = web.save(TILE)
    tiles = [(2, 0, 0), (2, 1, 0), (2, 1, 1), (3, 1, 0)]

    def values() -> list[str]:
        base = f"/server/v1/realtime-shared/{saved['share_token']}/run/tiles"
        return [web.get(f"{base}/{z}/{x}/{y}?format=json").text for z, x, y in tiles]

    before = values()
    assert values() == before
    assert delete(web, saved["id"], z=2, x=1, y=0) == 1
    after = values()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True]
    url = f"/server/v1/realtime-shared/local/udf-cache/by-id/{saved['id']}/batch-delete"
    assert web.post(url, json={"tiles": [[2, 0, 0], {"z": 3, "x": 1, "y": 0}, [9, 9, 9]]}).json() == {"deleted": 2}
    assert [a == b for a, b in zip(after, values(), strict=True)] == [False, True, True, False]


def test_the_results_of_earlier_versions_go_too(web):
    saved = web.save(CODE)
    url = f"/server/v1/realtime-shared/{saved['share_token']}/run"
    first = web.get(url).text
    web.post(f"/server/v1/udf/by-id/{saved['id']}", json={"udf_body": saved["udf_body"].replace("return", "return ")})
    assert web.get(url).text != first
    delete(web, saved["id"])
    web.post(f"/server/v1/udf/by-id/{saved['id']}", json={"udf_body": saved["udf_body"]})
    assert web.get(url).text != first


def test_a_call_under_way_is_answered_and_its_result_is_not_kept(web):
    one = Gate(web)
    saved = web.save(one.code + SLOW)
    url = f"/server/v1/realtime-shared/{saved['share_token']}/run"
    came = []
    calling = threading.Thread(target=lambda: came.append(web.get(url)))
    calling.start()
    one.knocked()
    delete(web, saved["id"])
    one.open()
    calling.join()
    assert came[0].status_code == 200
    again = web.get(url)
    assert (again.text != came[0].text, again.headers["headrace-cache"]) == (True, "miss")
    assert web.get(url).text == again.text


def test_only_the_owner_forgets(web, server, open_web):
    saved = web.save(CODE)
    base = f"/server/v1/realtime-shared/local/udf-cache/by-id/{saved['id']}"
    url = f"/server/v1/realtime-shared/{saved['share_token']}/run"
    before = web.get(url).text
    with server.client(Person(server, "stranger").key) as stranger:
        assert stranger.delete(f"{base}/delete").status_code == 404
        assert stranger.post(f"{base}/batch-delete", json={"tiles": []}).status_code == 404
    assert open_web.delete(f"{base}/delete").status_code == 401
    assert web.get(url).text == before


@pytest.mark.parametrize(
    "tiles",
    [{}, {"tiles": 3}, {"tiles": [[1, 2]]}, {"tiles": [{"z": 1}]}, {"tiles": [[1, 2, 0]]}, {"tiles": [["a"] * 3]}],
)
def test_what_is_no_tile_is_refused(web, tiles):
    saved = web.save(CODE, str(uuid.uuid4()))
    base = f"/server/v1/realtime-shared/local/udf-cache/by-id/{saved['id']}"
    answer = web.post(f"{base}/batch-delete", json=tiles)
    assert (answer.status_code, bool(detail(answer))) == (422, True)
    assert web.delete(f"{base}/delete", params={"z": 1}).status_code == 422
