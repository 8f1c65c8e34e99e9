"""What code in a worker finds under the name `fused`."""

import asyncio
import sys
from collections import deque

import pytest

from headrace.errors import Invalid, NotServed
from headrace.runtime import fused


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def module(scratch):
    """Run source as a worker runs a udf; what it defines. The list `ran` grows as its functions run."""

    def run(source):
        namespace = {"fused": fused, "ran": deque()}
        exec(compile(source, "<udf x>", "exec"), namespace)
        return namespace

    return run


def test_udf_marks_a_function_with_and_without_options():
    @fused.udf
    def one(n: int = 1):
        return n

    @fused.udf(name="other", engine="small", region="x", headers=[], default_parameters={"n": 2})
    def two(n: int):
        return n

    assert (one(3), one.name, one.entrypoint, one.function(4)) == (3, "one", "one", 4)
    assert (two(3), two.name, two.entrypoint, two.parameters) == (3, "other", "two", {"n": 2})
    assert one.code.startswith("@fused.udf\ndef one(")


def test_import_finds_it_and_its_modules(monkeypatch):
    for name in ("fused", "fused.types", "fused.context"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    fused.install()
    import fused as found
    from fused.types import Bounds

    assert found is fused
    assert Bounds is fused.types.Bounds
    for name in ("fused", "fused.types", "fused.context"):
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("name", ["ingest", "h3", "find_dataset"])
def test_what_comes_later_says_so_by_its_name(name):
    with pytest.raises(NotServed, match=rf"fused\.{name} is not served"):
        getattr(fused, name)


def test_what_is_no_part_of_it_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'nonsense'"):
        fused.nonsense  # noqa: B018
    assert not hasattr(fused, "nonsense")


def test_context_answers_for_the_call_it_was_given():
    headers = {"x-a": "1"}
    fused.activate({"user_email": "a@b.c", "recursion_factor": 3, "headers": headers, "share_token": "fsh_1"})
    context = fused.context
    assert (context.get_user_email(), context.get_recursion_factor()) == ("a@b.c", 3)
    assert (context.get_header("X-A"), context.get_header("other"), context.get_headers()) == ("1", None, headers)
    assert (context.in_realtime(), context.in_batch(), context.get_share_token()) == (True, False, "fsh_1")
    fused.activate({"batch": True})
    assert (context.in_realtime(), context.in_batch(), context.get_share_token()) == (False, True, None)
    assert (context.get_user_email(), context.get_headers(), context.get_recursion_factor()) == ("", {}, 1)


CACHED = """
@fused.cache
def double(n, factor=2):
    ran.append(n)
    return n * factor
"""


def test_cache_runs_a_function_once_for_equal_arguments(module):
    first, second = module(CACHED), module(CACHED)
    assert [first["double"](2), first["double"](n=2), first["double"](2, 2), second["double"](2)] == [4] * 4
    assert (list(first["ran"]), list(second["ran"])) == ([2], [])
    assert first["double"](3) == 6
    assert first["double"].__name__ == "double"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("n * factor", "n * factor + 1"),
        ("factor=2", "factor=3"),
        ("factor=2", "factor=3, **more"),
    ],
)
def test_cache_knows_that_the_code_has_changed(module, before, after):
    assert module(CACHED)["double"](2) == 4
    changed = module(CACHED.replace(before, after))
    changed["double"](2)
    assert list(changed["ran"]) == [2]


def test_cache_knows_what_the_function_reaches_in_its_module(module):
    source = """
FACTOR = 2
unrelated = 1
def helper(n):
    return n * FACTOR
@fused.cache
def outer(n):
    ran.append(n)
    return helper(n)
"""
    assert module(source)["outer"](2) == 4
    assert module(source.replace("unrelated = 1", "unrelated = 2"))["outer"](2) == 4
    for changed in (source.replace("FACTOR = 2", "FACTOR = 3"), source.replace("n * FACTOR", "n * 3")):
        assert module(changed)["outer"](2) == 6


def test_cache_knows_what_a_nested_function_closes_over(module):
    source = """
def udf(factor):
    @fused.cache
    def inner(n):
        return n * factor
    return inner(2)
"""
    udf = module(source)["udf"]
    assert [udf(2), udf(3), udf(2)] == [4, 6, 4]


def test_cache_takes_the_options_of_every_generation(module):
    namespace = module("""
@fused.cache(cache_max_age="1h", cache_folder_path="x", concurrent_lock_timeout=1, cache_storage="auto",
             cache_reset=None, cache_verbose=None, cache_key_exclude=None, path="tmp", retry=True)
def one(n):
    ran.append(n)
    return n
""")
    assert [namespace["one"](1), namespace["one"](1), list(namespace["ran"])] == [1, 1, [1]]
    with pytest.raises(Invalid, match="cache_max_age"):
        fused.cache(cache_max_age="soon")


def test_cache_forgets_with_age_and_when_told(module):
    namespace = module("""
@fused.cache(cache_max_age=0)
def never(n):
    ran.append(n)
@fused.cache(cache_reset=True)
def anew(n):
    ran.append(n)
@fused.cache(cache_key_exclude=["client"])
def by_n(n, client):
    ran.append(client)
    return n
""")
    for name, expected in (("never", [1, 1]), ("anew", [1, 1])):
        namespace["ran"].clear()
        namespace[name](1)
        namespace[name](1)
        assert list(namespace["ran"]) == expected
    namespace["ran"].clear()
    assert [namespace["by_n"](1, "a"), namespace["by_n"](1, "b"), list(namespace["ran"])] == [1, 1, ["a"]]


def test_cache_of_nothing_is_nothing(module):
    namespace = module("@fused.cache\ndef nothing():\n    ran.append(1)\n")
    assert [namespace["nothing"](), namespace["nothing"](), list(namespace["ran"])] == [None, None, [1]]


def test_cache_runs_what_cannot_be_kept(module):
    namespace = module("""
@fused.cache
def given(function):
    ran.append(1)
    return function()
@fused.cache
def giving():
    ran.append(2)
    return lambda: 3
""")
    assert [namespace["given"](lambda: 1), namespace["given"](lambda: 1)] == [1, 1]
    assert [namespace["giving"]()(), namespace["giving"]()()] == [3, 3]
    assert list(namespace["ran"]) == [1, 1, 2, 2]


def test_cache_keeps_what_a_coroutine_gives(module):
    namespace = module("@fused.cache\nasync def later(n):\n    ran.append(n)\n    return n\n")
    assert [asyncio.run(namespace["later"](1)) for _ in range(2)] == [1, 1]
    assert list(namespace["ran"]) == [1]


def test_cache_lets_an_exception_pass_and_keeps_nothing(module):
    namespace = module("@fused.cache\ndef fails(n):\n    ran.append(n)\n    raise ValueError(n)\n")
    for _ in range(2):
        with pytest.raises(ValueError, match="1"):
            namespace["fails"](1)
    assert list(namespace["ran"]) == [1, 1]
    with pytest.raises(TypeError, match="argument"):
        namespace["fails"](1, 2, 3)


def test_cache_runs_the_function_where_there_is_no_room(module, scratch):
    (scratch / ".cache").write_text("in the way")
    namespace = module(CACHED)
    assert [namespace["double"](2), namespace["double"](2), list(namespace["ran"])] == [4, 4, [2, 2]]


def test_cache_drops_a_file_that_cannot_be_read(module, scratch):
    assert module(CACHED)["double"](2) == 4
    (file,) = (scratch / ".cache" / "fused").iterdir()
    file.write_bytes(b"\x80 torn")
    namespace = module(CACHED)
    assert [namespace["double"](2), namespace["double"](2), list(namespace["ran"])] == [4, 4, [2]]
