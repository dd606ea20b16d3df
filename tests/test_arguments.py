"""Arguments: checked against the schema, compared by meaning, asked for by condition, drawn to fit."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.catalog.arguments import (
    byte_equal,
    equal_arguments,
    normalise,
    required_for,
    sample_arguments,
    schema_for,
    validate,
)
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.patterns import is_safe, text_like
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Tool
from tests.factories import a_tool

CUSTOMER = a_tool(
    "CRM_CreateCustomer",
    kind={"enum": ["person", "company"], "required!": True},
    vat_number="string",
    birth_date={"type": "string", "format": "date"},
    start_date={"type": "string", "format": "date"},
    end_date={"type": "string", "format": "date"},
    iban="string",
    card_number="string",
    extra={
        "if": {"properties": {"kind": {"const": "company"}}, "required": ["kind"]},
        "then": {"required": ["vat_number"]},
        "else": {"required": ["birth_date"]},
        "dependentRequired": {"start_date": ["end_date"]},
        "oneOf": [{"required": ["iban"]}, {"required": ["card_number"]}],
    },
)


def problems(tool: Tool, **arguments: Any) -> dict[str, str]:
    return {problem.path: problem.message for problem in validate(tool, arguments)}


# Checking


def test_problems_name_the_argument_and_what_is_wrong_with_it():
    tool = a_tool(
        email={"type": "string", "format": "email", "required!": True},
        size={"type": "integer", "minimum": 1},
        stage={"enum": ["new", "won"]},
        address={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        extra={"additionalProperties": False},
    )
    assert problems(tool, size="3", stage="lost", address={}, colour="red") == {
        "email": "is missing",
        "size": "must be integer, not string",
        "stage": "must be one of new, won",
        "address.city": "is missing",
        "colour": "is not a parameter",
    }
    assert problems(tool, email="a@b.example", size=0) == {"size": "must be at least 1"}


def test_conditions_are_checked_in_words():
    found = problems(CUSTOMER, kind="company", start_date="2026-01-01", iban="x", card_number="y")
    assert found["vat_number"] == "is missing"
    assert found["end_date"] == "is required when `start_date` is given"
    assert found[""] == "give exactly one of: `iban` or `card_number`"


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("date", "2026-02-28", "2026-02-30"),
        ("date-time", "2026-02-28T10:00:00Z", "2026-02-28"),
        ("time", "10:00:00", "25:00:00"),
        ("email", "a.b@c.example", "a.b@c"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("uri", "https://a.example/x", "a b"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("hostname", "a.example", "-a"),
        ("duration", "P3D", "3 days"),
    ],
)
def test_formats_are_checked(form: str, good: str, bad: str):
    tool = a_tool(value={"type": "string", "format": form})
    assert problems(tool, value=good) == {}
    assert problems(tool, value=bad) == {"value": f"is not a valid {form}"}


def test_a_type_that_is_not_the_declared_one_is_never_accepted():
    tool = a_tool(flag="boolean", count="integer")
    assert set(problems(tool, flag=1, count=True)) == {"flag", "count"}
    assert problems(tool, count=2.0) == {}


def test_arguments_that_are_far_too_large_are_refused_unread():
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert "too deep" in problems(a_tool(a="array"), a=deep)[""]


# Comparing


@pytest.mark.parametrize(
    ("schema", "one", "other", "equal"),
    [
        ({}, 1, 1.0, True),
        ({}, "1", 1, False),
        ({}, True, 1, False),
        ({"type": "string"}, "  New\u00a0York ", "New York", True),
        ({"type": "string"}, "new york", "New York", False),
        ({"type": "string"}, "ﬁnance", "finance", True),
        ({"type": "string", "format": "email"}, "A@B.example", "a@b.example", True),
        ({"type": "string", "format": "uuid"}, "AB", "ab", True),
        ({"enum": ["High", "Low"]}, "high", "High", True),
        ({"type": "string", "format": "date-time"}, "2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00Z", True),
        ({"type": "string", "format": "date-time"}, "2026-01-01T12:00:00Z", "2026-01-01T10:00:00Z", False),
        ({"type": "string", "format": "time"}, "10:00", "10:00:00", True),
        ({"type": "array"}, [1, 2], [2, 1], False),
        ({"type": "array", "uniqueItems": True}, ["b", "a"], ["a", "b"], True),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "format": "email"}]}, "A@B.example", "a@b.example", True),
        ({"type": "object"}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ],
)
def test_values_compare_by_meaning(schema: dict[str, Any], one: Any, other: Any, equal: bool):
    tool = a_tool(value=schema)
    assert equal_arguments(tool, {"value": one}, {"value": other}).equal is equal
    assert equal_arguments(tool, {"value": other}, {"value": one}).equal is equal


def test_missing_extra_and_different_keys_are_told_apart_down_to_nested_ones():
    address = {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}}
    tool = a_tool(a="string!", b="string", c="string", address=address)
    gold = {"a": "1", "b": "2", "address": {"city": "Lyon", "zip": "1"}}
    found = equal_arguments(tool, {"a": "9", "c": "3", "address": {"city": "lyon"}}, gold)
    assert not found.equal
    assert (found.missing, found.extra) == (("b", "address.zip"), ("c",))
    assert found.different == ("a", "address.city")


def test_an_omitted_optional_equals_its_default():
    tool = a_tool(id="string!", limit={"type": "integer", "default": 10}, kind={"default": "a", "required!": True})
    assert equal_arguments(tool, {"id": "1", "kind": "b", "limit": 10.0}, {"id": "1", "kind": "b"}).equal
    assert equal_arguments(tool, {"id": "1", "limit": 5}, {"id": "1"}).extra == ("limit",)
    assert equal_arguments(tool, {"id": "1"}, {"id": "1", "limit": 5}).missing == ("limit",)
    assert equal_arguments(tool, {"id": "1", "limit": 10}, {"id": "1", "limit": 5}).different == ("limit",)
    assert equal_arguments(tool, {"id": "1"}, {"id": "1", "kind": "a"}).missing == ("kind",)


def test_byte_equality_is_stricter_than_meaning():
    assert byte_equal({"a": 1, "b": "x"}, {"b": "x", "a": 1})
    assert not byte_equal({"a": 1}, {"a": 1.0})
    assert not byte_equal({"a": "x "}, {"a": "x"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(json_values, st.sampled_from(["date", "date-time", "time", "email", "uuid", ""]))
def test_normalising_twice_changes_nothing_more_and_a_value_equals_itself(value: Any, form: str):
    schema = {"format": form, "uniqueItems": True}
    once = normalise(schema, value)
    assert normalise(schema, once) == once
    assert equal_arguments(a_tool(value=schema), {"value": value}, {"value": value}).equal


# What is required


@pytest.mark.parametrize(
    ("known", "required"),
    [
        ({}, ("kind", "iban")),
        ({"kind": "company"}, ("kind", "vat_number", "iban")),
        ({"kind": "person"}, ("kind", "birth_date", "iban")),
        ({"kind": "person", "card_number": "4"}, ("kind", "birth_date", "card_number")),
        ({"kind": "person", "start_date": "2026-01-01"}, ("kind", "birth_date", "end_date", "iban")),
    ],
)
def test_what_is_required_follows_from_what_is_known(known: dict[str, Any], required: tuple[str, ...]):
    assert required_for(CUSTOMER, known) == required


def test_a_form_told_apart_by_a_key_waits_for_that_key():
    tool = a_tool(
        way={"enum": ["card", "transfer"]},
        card="string",
        iban="string",
        extra={
            "oneOf": [
                {"properties": {"way": {"const": "card"}}, "required": ["way", "card"]},
                {"properties": {"way": {"const": "transfer"}}, "required": ["way", "iban"]},
            ]
        },
    )
    assert required_for(tool, {}) == ("way",)
    assert required_for(tool, {"way": "transfer"}) == ("way", "iban")


def test_a_condition_narrows_the_schema_of_a_parameter():
    tool = a_tool(
        kind={"enum": ["a", "b"], "required!": True},
        level={"enum": [1, 2, 3]},
        extra={"if": {"properties": {"kind": {"const": "a"}}}, "then": {"properties": {"level": {"enum": [2, 3, 9]}}}},
    )
    assert schema_for(tool, "level", {"kind": "a"})["enum"] == [2, 3]
    assert schema_for(tool, "level", {"kind": "b"})["enum"] == [1, 2, 3]


# Drawing


@pytest.fixture(scope="module")
def sample() -> tuple[Tool, ...]:
    return load_catalog("enterprise_apis.json").tools


def test_drawn_arguments_are_valid_distinct_speakable_and_repeatable(sample: tuple[Tool, ...]):
    for seed, tool in enumerate(sample):
        arguments = sample_arguments(tool, random.Random(seed), optional_share=0.4)
        assert validate(tool, arguments) == []
        assert arguments == sample_arguments(tool, random.Random(seed), optional_share=0.4)
        assert list(arguments) == [name for name in tool.properties if name in arguments]
        free = [v for n, v in arguments.items() if isinstance(v, str) and "enum" not in tool.properties[n]]
        assert len(set(free)) == len(free)
        assert not any(mark in text for text in free for mark in ',"\n')
        assert tool.name not in free


def test_asking_round_by_round_reaches_every_needed_value(sample: tuple[Tool, ...]):
    for seed, tool in enumerate((*sample, CUSTOMER)):
        gold = sample_arguments(tool, random.Random(seed))
        known: dict[str, Any] = {}
        while missing := [name for name in required_for(tool, known) if name not in known]:
            known |= {name: gold[name] for name in missing}
        assert validate(tool, known) == []


def test_conditions_are_drawn_both_ways():
    kinds = {sample_arguments(CUSTOMER, random.Random(seed))["kind"] for seed in range(20)}
    assert kinds == {"person", "company"}


def test_values_of_one_call_go_together():
    tool = a_tool(
        full_name="string!",
        email={"type": "string", "format": "email", "required!": True},
        start_date={"type": "string", "format": "date", "required!": True},
        end_date={"type": "string", "format": "date", "required!": True},
        account_id={"type": "string", "examples": ["ACC-20417"], "required!": True},
        order_id="string!",
        manager_name="string!",
    )
    for seed in range(20):
        drawn = sample_arguments(tool, random.Random(seed), today=dt.date(2026, 3, 2))
        assert drawn["full_name"].split()[0].lower() in drawn["email"]
        assert dt.date(2026, 3, 2) < dt.date.fromisoformat(drawn["start_date"])
        assert drawn["start_date"] < drawn["end_date"]
        assert drawn["account_id"].startswith("ACC-")
        assert drawn["account_id"] != "ACC-20417"
        assert drawn["order_id"].startswith("ORD-")
        assert drawn["manager_name"] != drawn["full_name"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^AC[0-9a-f]{32}$", "minLength": 34, "maxLength": 34},
        {"type": "string", "pattern": r"^[A-Z]{3}-\d{4}$"},
        {"type": "string", "minLength": 40},
        {"type": "string", "maxLength": 3},
        {"type": "integer", "minimum": 1000, "maximum": 1003},
        {"type": "integer", "exclusiveMinimum": 0, "maximum": 1},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "integer", "multipleOf": 7},
        {"type": "integer", "maximum": -10},
        {"type": ["null", "string"], "format": "uuid"},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "items": {"type": "object", "properties": {"sku": {}}, "required": ["sku"]}, "minItems": 1},
        {"type": "object", "minProperties": 2},
        {"oneOf": [{"type": "string", "format": "email"}, {"type": "integer"}]},
        {"anyOf": [{"type": "null"}, {"type": "string", "format": "ipv4"}]},
        {"const": "fixed"},
        {},
    ],
)
def test_every_form_of_schema_can_be_drawn(schema: dict[str, Any]):
    tool = a_tool(thing={**schema, "required!": True})
    for seed in range(10):
        assert validate(tool, sample_arguments(tool, random.Random(seed))) == []


def test_a_schema_that_contradicts_itself_is_one_message():
    tool = a_tool(a={"type": "string", "minLength": 5, "maxLength": 2, "required!": True})
    with pytest.raises(CatalogError, match="contradict"):
        sample_arguments(tool, random.Random(0))


def test_parameters_for_machinery_are_not_drawn_as_optional():
    tool = a_tool(PageSize="integer", PageToken="string", nickname="string")
    assert set(sample_arguments(tool, random.Random(0), optional_share=1.0)) == {"nickname"}


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[a-z\[\]\-+*?(){}0-9|^$.\\d]{0,12}", fullmatch=True), st.integers(0, 99))
def test_any_safe_pattern_can_be_drawn_from(pattern: str, seed: int):
    if is_safe(pattern):
        assert isinstance(text_like(pattern, random.Random(seed)), str)


limits = st.integers(0, 10**9)
fields = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])},
        optional={
            "minLength": limits,
            "maxLength": limits,
            "minimum": limits,
            "maximum": limits,
            "exclusiveMinimum": limits,
            "multipleOf": st.sampled_from([1, 7, 0.1, 0.25]),
            "enum": st.lists(st.text(max_size=3) | st.integers(), min_size=1, max_size=3),
            "pattern": st.sampled_from(["^[a-c]{2,3}$", "x.*y", "^(a|b)c?$", r"\d{3}-\d{4}"]),
            "format": st.sampled_from(["date", "email", "uuid", "time", "ipv6", "unknown"]),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
            "items": inner,
            "minItems": limits,
            "minProperties": limits,
            "uniqueItems": st.booleans(),
            "required": st.lists(st.sampled_from(["a", "b"]), unique=True),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "if": inner,
            "then": inner,
            "not": inner,
            "dependentRequired": st.dictionaries(st.sampled_from(["a", "b"]), st.lists(st.sampled_from(["b", "c"]))),
        },
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(fields, fields, st.integers(0, 99))
def test_any_schema_gives_valid_arguments_or_one_message(one: dict[str, Any], other: dict[str, Any], seed: int):
    tool = a_tool(a={**one, "required!": True}, b=other, extra={"if": one, "then": {"required": ["b"]}})
    assert set(required_for(tool, {})) <= {"a", "b"}
    try:
        arguments = sample_arguments(tool, random.Random(seed))
    except CatalogError:
        return
    assert validate(tool, arguments) == []
    assert equal_arguments(tool, arguments, arguments).equal
