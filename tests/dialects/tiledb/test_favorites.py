"""What somebody marked to find it again: arrays, notebooks, models and functions."""

import pytest

from tiledb_wire import pickled

GRID = "CREATE TABLE `{}` (x int dimension=1 lower_bound=0 upper_bound=9, v double) ENGINE=MyTile array_type='SPARSE'"
NOUNS = {
    "arrays": ("arrays", "array_uuid"),
    "notebooks": ("notebooks", "notebook_uuid"),
    "ml_models": ("mlmodels", "mlmodel_uuid"),
    "udfs": ("udfs", "udf_uuid"),
}


@pytest.fixture
def made(web, person):
    """Something of each noun; two of each, called `<noun>_a` and `<noun>_b`."""
    namespace = person.username
    for letter in "ab":
        for noun, type_ in (("arrays", None), ("notebooks", "notebook"), ("ml_models", "ml_model")):
            name = f"{noun}_{letter}"
            assert (
                web.post(f"/v1/arrays/{namespace}/{name}/register", json={"uri": f"s3://bucket/{name}"}).status_code
                == 200
            )
            if type_:
                web.patch(f"/v1/arrays/{namespace}/{name}/metadata", json={"file_type": type_})
        body = {"exec": pickled("def f(): return 1"), "version": "3.11.0", "name": f"udfs_{letter}", "readme": "One."}
        assert web.post(f"/v1/udf/{namespace}/udfs_{letter}", json=body).status_code == 204
    return namespace


@pytest.mark.parametrize("noun", NOUNS)
def test_one_is_marked_listed_and_unmarked(web, stranger, made, noun):
    items, uuid = NOUNS[noun]
    base, one = f"/v1/{noun}/favorites", f"/v1/{noun}/favorites/{made}/{noun}_b"
    assert web.get(base).json() == {
        items: [],
        "pagination_metadata": {"page": 1, "per_page": 10, "total_pages": 0, "total_items": 0},
    }
    missing = web.get(one)
    assert (missing.status_code, "not among your favorites" in missing.json()["message"]) == (404, True)
    for _ in range(2):
        assert web.post(one).status_code == 204
    found = web.get(one).json()
    assert (found["namespace"], found["name"]) == (made, f"{noun}_b")
    assert web.get(f"{base}/uuids").json() == [found]
    (listed,) = web.get(base).json()[items]
    assert (listed["id"], listed["name"], listed["is_favorite"]) == (found[uuid], f"{noun}_b", True)
    web.post(f"/v1/{noun}/favorites/{made}/{noun}_a")
    page = web.get(base, params={"page": 2, "per_page": 1}).json()
    assert [one["name"] for one in page[items]] == [f"{noun}_b"]
    assert page["pagination_metadata"]["total_items"] == 2
    assert stranger.get(base).json()[items] == []
    assert stranger.get(one).status_code == stranger.post(one).status_code == 404
    assert web.delete(one).status_code == 204
    assert web.delete(one).status_code == 404
    assert [one["name"] for one in web.get(f"{base}/uuids").json()] == [f"{noun}_a"]


def test_marks_are_ones_own_and_are_seen_in_what_is_told_of_an_array(web, stranger, made):
    web.post(f"/v1/arrays/favorites/{made}/arrays_a")
    web.patch(f"/v1/arrays/{made}/arrays_a/share", json={"namespace": "public", "actions": ["read"]})
    assert web.get(f"/v1/arrays/{made}/arrays_a/metadata").json()["is_favorite"] is True
    assert stranger.get(f"/v1/arrays/{made}/arrays_a/metadata").json()["is_favorite"] is False
    assert stranger.post(f"/v1/arrays/favorites/{made}/arrays_a").status_code == 204
    assert [one["name"] for one in stranger.get("/v1/arrays/favorites").json()["arrays"]] == ["arrays_a"]
    web.patch(f"/v1/arrays/{made}/arrays_a/share", json={"namespace": "public", "actions": []})
    assert stranger.get("/v1/arrays/favorites").json()["arrays"] == []  # they may not see it any more


def test_lists_are_apart_by_what_an_array_holds(web, made):
    for noun in ("arrays", "notebooks", "ml_models"):
        web.post(f"/v1/{noun}/favorites/{made}/{noun}_a")
    refused = web.post(f"/v1/notebooks/favorites/{made}/arrays_a")
    assert (refused.status_code, "is no notebook" in refused.json()["message"]) == (404, True)
    for noun, (items, _) in NOUNS.items():
        expected = [] if noun == "udfs" else [f"{noun}_a"]
        assert [one["name"] for one in web.get(f"/v1/{noun}/favorites").json()[items]] == expected


def test_what_is_deleted_is_no_favorite(web, made):
    web.post(f"/v1/arrays/favorites/{made}/arrays_a")
    web.post(f"/v1/udfs/favorites/{made}/udfs_a")
    web.delete(f"/v1/arrays/{made}/arrays_a/deregister")
    web.delete(f"/v1/udf/{made}/udfs_a")
    assert web.get("/v1/arrays/favorites/uuids").json() == web.get("/v1/udfs/favorites/uuids").json() == []
    assert web.get(f"/v1/udfs/favorites/{made}/udfs_a").status_code == 404
