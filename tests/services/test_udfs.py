"""Saved udfs on both databases."""

import threading

import pytest

import factories as make
from headrace.errors import Conflict, Invalid, NotFound, TooLarge, Unauthenticated
from headrace.model import ids
from headrace.services import accounts, tokens, udfs
from headrace.services.call import Call


def test_a_udf_is_loaded_as_it_was_saved(admin):
    text = make.body("def udf(x: int):\n    return x  # élan\n", unknown_to_us={"kept": [1, None]})
    saved = make.udf(admin, "doubled", body=text)
    assert udfs.get(admin, saved.uid) == udfs.get_by_slug(admin, "admin@localhost", "doubled") == saved
    assert (saved.body, saved.version, saved.owner_email) == (text, 1, "admin@localhost")


def test_every_save_of_another_body_is_a_version(admin):
    first, second = make.body("def udf(): return 1"), make.body("def udf(): return 2")
    udf = make.udf(admin, body=first)
    for body, version in ((first, 1), (second, 2), (second, 2), (first, 3)):
        assert udfs.update(admin, udf.uid, body=body).version == version
    kept = udfs.list_versions(admin, udf.uid)
    assert [(v.version, v.body, v.author_id) for v in kept] == [(3, first, 1), (2, second, 1), (1, first, 1)]
    assert udfs.get(admin, udf.uid).body == first


def test_what_is_not_given_stays(admin):
    udf = make.udf(admin, "a", public_read=True)
    renamed = udfs.update(admin, udf.uid, slug="b")
    assert (renamed.slug, renamed.public_read, renamed.body, renamed.version) == ("b", True, udf.body, 1)
    assert not udfs.update(admin, udf.uid, public_read=False).public_read


def test_a_taken_name_is_a_conflict(admin):
    make.udf(admin, "a")
    other = make.udf(admin, "b")
    with pytest.raises(Conflict, match="'a' already"):
        make.udf(admin, "a")
    with pytest.raises(Conflict, match="'a' already"):
        udfs.update(admin, other.uid, slug="a")
    assert make.udf(make.somebody(admin), "a").slug == "a"


def test_of_two_saves_of_what_was_loaded_at_once_none_is_lost_silently(admin):
    udf = make.udf(admin)
    outcomes = []
    together = threading.Barrier(4)

    def save(n: int) -> None:
        together.wait()
        try:
            outcomes.append(udfs.update(admin, udf.uid, body=make.body(f"def udf(): return {n + 10}")).version)
        except Conflict:
            outcomes.append(None)

    threads = [threading.Thread(target=save, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    saved = sorted(version for version in outcomes if version)
    assert len(outcomes) == 4
    assert saved == list(range(2, len(saved) + 2))
    assert len(udfs.list_versions(admin, udf.uid)) == len(saved) + 1


@pytest.mark.parametrize("slug", ["", " ", "a/b", "a\\b", "a\nb", "nul\0", "x" * 129])
def test_what_is_no_name_is_refused(admin, slug):
    udf = make.udf(admin)
    with pytest.raises(Invalid, match="name of a udf"):
        udfs.create(admin, slug, make.body())
    with pytest.raises(Invalid, match="name of a udf"):
        udfs.update(admin, udf.uid, slug=slug)


@pytest.mark.parametrize("slug", ["a", "ünï 漢字", "%2F", "a.b-c_d", "x" * 128])
def test_names_are_found_again(admin, slug):
    udf = make.udf(admin, slug)
    assert udfs.get_by_slug(admin, "admin", slug) == udf


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"code": "x"}',
        '{"entrypoint": "f"}',
        '{"code": 1, "entrypoint": "f"}',
        '{"code": "\\u0000", "entrypoint": "f"}',
        '{"code": "x", "entrypoint": "f", "headers": 3}',
        "[" * 100_000,
    ],
)
def test_a_body_that_is_no_udf_is_refused_and_nothing_is_kept(admin, body):
    udf = make.udf(admin)
    with pytest.raises(Invalid):
        udfs.create(admin, "bad", body)
    with pytest.raises(Invalid):
        udfs.update(admin, udf.uid, slug="renamed", body=body)
    assert [(u.slug, u.version) for u in udfs.list_own(admin, 0, 10).items] == [(udf.slug, 1)]


def test_a_body_has_a_bound(admin):
    with pytest.raises(TooLarge, match="8 MB"):
        udfs.create(admin, "large", make.body("#" * udfs.LARGEST_BODY))
    assert len(make.udf(admin, "nearly", body=make.body("#" * (udfs.LARGEST_BODY - 100))).body) > 8_000_000


def test_others_learn_nothing_of_what_is_not_public(admin):
    ann, bob = make.somebody(admin, email="ann@example.org"), make.somebody(admin)
    udf = make.udf(ann, "secret")
    answers = set()
    for ask in (
        lambda who, uid, slug: udfs.get(who, uid),
        lambda who, uid, slug: udfs.get_by_slug(who, "ann@example.org", slug),
        lambda who, uid, slug: udfs.update(who, uid, body=make.body("def udf(): return 'mine'")),
        lambda who, uid, slug: udfs.delete(who, uid),
        lambda who, uid, slug: udfs.list_versions(who, uid),
        lambda who, uid, slug: tokens.create(who, uid),
    ):
        for uid, slug in ((udf.uid, "secret"), (ids.new_uid(), "nothing"), ("no uid", "")):
            with pytest.raises(NotFound) as raised:
                ask(bob, uid, slug)
            answers.add(raised.value.message)
    assert len(answers) == 1
    assert udfs.list_own(bob, 0, 10).total == 0
    assert udfs.get(ann, udf.uid) == udf


def test_what_is_public_is_read_by_everyone_with_a_key_and_changed_by_its_owner(platform, admin):
    ann, bob = make.somebody(admin, email="ann@example.org"), make.somebody(admin)
    udf = make.udf(ann, "shared", public_read=True)
    assert udfs.get(bob, udf.uid) == udfs.get_by_slug(bob, "ann@example.org", "shared") == udf
    assert udfs.get_public(bob, "shared") == udf
    for refused in (lambda: udfs.update(bob, udf.uid, slug="x"), lambda: udfs.delete(bob, udf.uid)):
        with pytest.raises(NotFound):
            refused()
    with pytest.raises(Unauthenticated):
        udfs.get(Call(platform, None), udf.uid)
    with pytest.raises(Unauthenticated):
        udfs.get_public(Call(platform, None), "shared")


def test_public_names_lead_to_the_oldest(admin):
    ann, bob = make.somebody(admin), make.somebody(admin)
    make.udf(ann, "shared")
    second = make.udf(bob, "shared", public_read=True)
    make.udf(admin, "shared", public_read=True)
    assert udfs.get_public(ann, "shared") == second
    with pytest.raises(NotFound, match="no public udf"):
        udfs.get_public(ann, "nothing")


def test_only_what_is_readable_and_listed_is_listed_for_all(admin):
    make.udf(admin, "hidden")
    make.udf(admin, "readable", public_read=True)
    make.udf(admin, "unreadable", public_list=True)
    make.udf(admin, "both", public_read=True, public_list=True)
    assert [udf.slug for udf in udfs.list_public(make.somebody(admin), 0, 10).items] == ["both"]


def test_the_last_changed_is_listed_first(admin):
    first, second, third = (make.udf(admin) for _ in range(3))
    udfs.update(admin, first.uid, body=make.body("def udf(): return 2"))
    own = udfs.list_own(admin, 0, 2)
    assert ([udf.id for udf in own.items], own.total) == ([first.id, third.id], 3)
    assert [udf.id for udf in udfs.list_own(admin, 2, 2).items] == [second.id]
    assert udfs.list_own(admin, 1 << 40, 2).items == []


def test_an_owner_is_found_by_e_mail_in_any_case_and_by_username(admin):
    ann = make.somebody(admin, email="ann@example.org", username="ann")
    udf = make.udf(ann, "mine")
    for name in ("ann@example.org", "ANN@Example.org", "ann"):
        assert udfs.get_by_slug(ann, name, "mine") == udf
    accounts.update_user(admin, ann.user.id, email="ann@example.com")
    assert udfs.get_by_slug(ann, "ann@example.com", "mine").owner_email == "ann@example.com"


def test_a_deleted_udf_is_gone_with_its_versions_and_tokens(platform, admin):
    udf, other = make.udf(admin, "a"), make.udf(admin, "b")
    udfs.update(admin, udf.uid, body=make.body("def udf(): return 2"))
    token, kept = tokens.create(admin, udf.uid), tokens.create(admin, other.uid)
    assert udfs.delete(admin, udf.uid).slug == "a"
    with pytest.raises(NotFound):
        udfs.get(admin, udf.uid)
    with pytest.raises(NotFound):
        tokens.resolve(platform, token.token)
    assert tokens.resolve(platform, kept.token)[1] == other
    assert make.udf(admin, "a").version == 1


def test_who_remembers_udfs_is_told_of_every_change(platform, admin):
    seen = [platform.revision.value]
    udf = make.udf(admin)
    seen.append(platform.revision.value)
    udfs.update(admin, udf.uid, public_read=True)
    seen.append(platform.revision.value)
    udfs.delete(admin, udf.uid)
    seen.append(platform.revision.value)
    assert seen == sorted(set(seen))
