"""Both generations of the published client build themselves from our document, with every method of the nouns.

The methods are those of `tests/civis_methods.csv`. A method counts where its name, its required arguments in their
order and its optional arguments are as documented; more optional arguments do no harm.
"""

import pytest

from civis_methods import METHODS

# A GET whose answer is one object is `get_...` in 2.x; the name `list_...` stays for a fixed list of paths besides,
# in which this one is not (protocol notes 2.3).
RENAMED = {"reports.list_snapshots": "reports.get_snapshots"}

# Arguments of 2.10.1's own specification that the server does not take, by method.
NOT_TAKEN: dict[str, set[str]] = {}

LOOK = """
import inspect

def read(method):
    required, optional = [], []
    for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
        if parameter.kind == parameter.VAR_KEYWORD:  # 1.6.2 keeps the names of optional arguments to itself
            held = dict(zip(method.__code__.co_freevars, method.__closure__))
            optional += held["sig_kwargs"].cell_contents
        else:
            (required if parameter.default is parameter.empty else optional).append(name)
    return {"required": required, "optional": optional, "iterates": "iterator :" in method.__doc__}

answer = {}
for resource, endpoint in vars(client).items():
    if isinstance(endpoint, civis.base.Endpoint):
        for name, method in inspect.getmembers(type(endpoint), inspect.isfunction):
            if not name.startswith("_"):
                answer["{}.{}".format(resource, name)] = read(method)
"""


@pytest.fixture(scope="module")
def built_by_new(new):
    return new.run(LOOK).answer


@pytest.fixture(scope="module")
def built_by_old(old):
    return old.run(LOOK).answer


@pytest.fixture(params=["new", "old"])
def built(request):
    """The methods that a client has, under the names of the documentation."""
    found = request.getfixturevalue(f"built_by_{request.param}")
    if request.param == "new":
        found = found | {old: found[new] for old, new in RENAMED.items() if new in found}
    return found


@pytest.fixture
def declared():
    return list(METHODS)


def test_the_table_is_the_whole_documentation():
    assert len(METHODS) == len({method.name for method in METHODS}) == 261


def test_every_method_takes_its_required_arguments_in_their_order(built, declared):
    assert not [method.name for method in declared if method.name not in built]
    wrong = {method.name: built[method.name]["required"] for method in declared}
    assert wrong == {method.name: list(method.required) for method in declared}


def test_every_method_takes_its_optional_arguments(built, declared):
    missing = {method.name: {*method.optional} - {*built[method.name]["optional"]} for method in declared}
    assert {name: arguments for name, arguments in missing.items() if arguments} == {}


def test_every_method_takes_the_arguments_that_were_added_since_but_those_that_are_named(built, declared):
    missing = {method.name: {*method.newer} - {*built[method.name]["optional"]} for method in declared}
    assert {name: arguments for name, arguments in missing.items() if arguments} == NOT_TAKEN


def test_what_has_pages_can_be_iterated(built, declared):
    assert {m.name for m in declared if built[m.name]["iterates"]} == {m.name for m in declared if m.iterates}


def test_every_method_is_at_its_path_and_succeeds_with_its_status(ask, declared):
    paths = ask("GET", "/endpoints").json()["paths"]
    found = {m.name: next(iter(paths[m.path][m.verb.lower()]["responses"])) for m in declared}
    assert found == {m.name: str(m.code) for m in declared}


def test_the_newer_client_has_both_names_of_what_is_one_object(built_by_new):
    for name in ("users.{}_me", "projects.{}_shares"):
        assert {name.format("get"), name.format("list")} <= set(built_by_new)
