"""Parameters of scripts, and arguments put into code (Civis protocol notes 6.9)."""

import shlex
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Invalid
from headrace.model.params import Param, check, expand, fill, identifier, literal

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


def param(name="state", type="string", **given):
    return Param(name=name, type=type, **given)


def test_a_text_has_four_forms():
    assert expand([param()], {"state": 'O\'Hara "x"'}) == {
        "state": 'O\'Hara "x"',
        "state.literal": "'O''Hara \"x\"'",
        "state.identifier": '"O\'Hara ""x"""',
        "state.shell_escaped": "'O'\"'\"'Hara \"x\"'",
    }


def test_numbers_and_truth_are_put_in_as_they_are():
    wanted = [param("n", "integer"), param("x", "float"), param("b", "bool"), param("off", "bool")]
    found = expand(wanted, {"n": 2, "x": 0.5, "b": "yes"})
    assert found == {"n": 2, "x": 0.5, "b": True, "off": False}
    assert fill("{{n}} {{ x }} {{b}} {{off}}", found) == "2 0.5 true false"


def test_what_is_required_and_not_given_stays_and_what_is_optional_is_empty():
    found = expand([param("table"), param("id", "integer", required=True)], {})
    assert fill("from {{table}} where id = {{id}} and {{unknown}}", found) == "from  where id = {{id}} and {{unknown}}"


def test_a_fixed_value_goes_before_an_argument_and_that_before_a_default():
    assert expand([param("a", value="fixed", default="d")], {"a": "given"})["a"] == "fixed"
    assert expand([param("a", default="d")], {"a": "given"})["a"] == "given"
    assert expand([param("a", default="d")], {"a": None})["a"] == "d"


@pytest.mark.parametrize("type_", ["credential_aws", "credential_redshift", "credential_custom", "database"])
def test_secrets_are_told_of_and_not_shown(type_):
    found = expand([param("cred", type_)], {"cred": {"database": 7, "credential": 99}})
    assert all(name.startswith("cred.") for name in found)
    assert not any("99" in str(value) for value in found.values())
    assert found["cred.id"] == (7 if type_ == "database" else "[redacted cred id]")
    assert set(expand([param("cred", type_)], {}).values()) == {None}


@given(value=TEXTS)
def test_a_literal_is_one_value_of_sql(value):
    code = fill("select {{v.literal}}", expand([param("v")], {"v": value}))
    assert sqlite3.connect(":memory:").execute(code).fetchone() == (value,)


@given(name=TEXTS.filter(bool))
def test_an_identifier_is_one_name_of_sql(name):
    code = fill("select 1 as {{v.identifier}}", expand([param("v")], {"v": name}))
    assert sqlite3.connect(":memory:").execute(code).description[0][0] == name


@given(value=TEXTS)
def test_a_shell_escaped_text_is_one_word(value):
    assert shlex.split(fill("echo {{v.shell_escaped}}", expand([param("v")], {"v": value}))) == ["echo", value]


@given(value=TEXTS)
def test_what_is_put_in_is_not_read_again(value):
    """An argument that looks like a place in the code stays as it is."""
    assert fill("{{a}}", expand([param("a"), param("b")], {"a": "{{b}}" + value, "b": "x"})) == "{{b}}" + value


def test_quoting_doubles_the_quote():
    assert (literal("it's"), identifier('a"b')) == ("'it''s'", '"a""b"')


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ([param(required=True, default="x")], "required, so its default is never used"),
        ([param(type="credential_aws", default="x")], "is a credential, which has no default"),
        ([param(type="bool", default="maybe")], "wants true, t, y, yes, 1, false, f, n, no or 0"),
        ([param(type="integer", default="1.5")], "is no integer"),
        ([param(type="float", default="much")], "is no float"),
        ([param(), param()], "Two parameters are called `state`"),
        ([param("a b")], "no spaces, dots, braces"),
        ([param("a}}")], "no spaces, dots, braces"),
        ([param(f"p{n}") for n in range(501)], "at most 500"),
    ],
)
def test_what_no_script_can_have_is_refused(params, words):
    with pytest.raises(Invalid, match=words):
        check(params)


@pytest.mark.parametrize("word", ["true", "True", "t", "y", "yes", "1", 1, True, "false", "F", "n", "no", "0", False])
def test_the_words_for_truth(word):
    check([param(type="bool", default=word)])
    assert expand([param(type="bool", default=word)], {})["state"] is (
        str(word).lower() in {"true", "t", "y", "yes", "1"}
    )
