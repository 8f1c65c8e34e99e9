"""The audit log on both databases."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories as make
from headrace.db import runs as history
from headrace.errors import Invalid, NotFound, Unauthenticated
from headrace.services import audit, collections, tokens
from headrace.services.call import Call


def keep(platform, *finished) -> list[str]:
    with platform.db.begin() as connection:
        history.insert_all(connection, finished)
    return [run.uid for run in finished]


@pytest.fixture
def ann(admin):
    return make.somebody(admin)


def pages(call, whose="self", **asked) -> list[list[str]]:
    found, token = [], None
    while True:
        entries, token = audit.list_entries(call, whose, page_token=token, **asked)
        found.append([entry.uid for entry in entries])
        if token is None:
            return found


@pytest.mark.parametrize("forward", [True, False])
def test_pages_follow_one_another_without_a_gap(platform, ann, forward):
    moment = make.NOW
    finished = [
        make.run(owner_id=ann.user.id, caller_id=ann.user.id, started_at=moment + timedelta(seconds=n // 3))
        for n in range(10)
    ]
    uids = keep(platform, *finished)
    found = pages(ann, most=3, forward=forward)
    assert [len(page) for page in found] == [3, 3, 3, 1]
    assert [uid for page in found for uid in page] == (uids if forward else uids[::-1])


def test_it_tells_what_one_called_and_what_ran_in_ones_environment(platform, admin, ann):
    bob = make.somebody(admin)
    mine = make.run(owner_id=ann.user.id, caller_id=ann.user.id)
    stranger = make.run(owner_id=ann.user.id)
    called = make.run(owner_id=bob.user.id, caller_id=ann.user.id)
    others = make.run(owner_id=bob.user.id, caller_id=bob.user.id)
    keep(platform, mine, stranger, called, others)
    assert pages(ann) == [[mine.uid, stranger.uid, called.uid]]
    assert pages(ann, "environment") == [[mine.uid, stranger.uid]]
    assert audit.get(ann, called.uid).owner_email == bob.user.email
    assert audit.get(ann, stranger.uid).caller_email is None
    with pytest.raises(NotFound):
        audit.get(ann, others.uid)
    with pytest.raises(Unauthenticated):
        audit.list_entries(Call(platform, None), "self")


def test_it_is_asked_by_time_udf_name_and_token(platform, admin, ann):
    udf, stage = make.udf(ann, "a"), collections.create(ann, "stage")
    token = tokens.create(ann, udf.uid)
    share = collections.share_token(ann, collections.share(ann, stage.uid))
    who = {"owner_id": ann.user.id, "job_id": udf.id, "job_name": "a"}
    by_token = make.run(**who, token_id=token.id)
    by_share = make.run(**who, collection_id=stage.id)
    other = make.run(owner_id=ann.user.id, job_name="b")
    keep(platform, by_token, by_share, other)
    assert pages(ann, udf_uid=udf.uid) == pages(ann, udf_name="a") == [[by_token.uid, by_share.uid]]
    assert pages(ann, udf_uid="nothing") == pages(ann, udf_name="c") == [[]]
    assert pages(ann, shared_token=token.token) == [[by_token.uid]]
    for text in (share, f"{share}-a", f"{share}/a"):
        assert pages(ann, shared_token=text) == [[by_share.uid]]
    for call, text in ((admin, token.token), (admin, share), (ann, "fsh_unknown")):
        with pytest.raises(NotFound):
            pages(call, shared_token=text)
    assert pages(ann, start=other.started_at.isoformat()) == [[other.uid]]
    assert pages(ann, end=by_token.started_at.isoformat().replace("+00:00", "Z")) == [[by_token.uid]]
    assert pages(ann, end=by_token.started_at.replace(tzinfo=None).isoformat()) == [[by_token.uid]]


def test_the_latest_call_of_each_udf(platform, ann):
    one, two = make.udf(ann, "one"), make.udf(ann, "two")
    runs = [make.run(owner_id=ann.user.id, job_id=udf.id, job_name=udf.slug) for udf in (one, two, one)]
    keep(platform, *runs, make.run(owner_id=ann.user.id, job_name="sent"))
    latest = audit.list_latest(ann, "self", of="job_name", start=None, end=None, scan=1000)
    assert [entry.job_name for entry in latest] == ["sent", "one", "two"]
    latest = audit.list_latest(ann, "environment", of="udf_uid", start=None, end=None, scan=1000)
    assert [(entry.udf_uid, entry.uid) for entry in latest] == [(one.uid, runs[2].uid), (two.uid, runs[1].uid)]
    assert len(audit.list_latest(ann, "self", of="job_name", start=None, end=None, scan=1)) == 1


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_moment_is_refused(ann, moment):
    for asked in ({"start": moment}, {"end": moment}):
        with pytest.raises(Invalid, match="timestamp"):
            audit.list_entries(ann, "self", **asked)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_a_page_token_of_somebodys_making_is_refused_in_a_sentence(ann, token):
    with pytest.raises(Invalid, match="page_token"):
        audit.list_entries(ann, "self", page_token=token)
