"""The form of a call: what each field means, and what cannot be saved."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.call_form import FieldError, declared, kind_of, parse_field, parse_object


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("integer", " 42 ", 42), ("number", "4.5", 4.5), ("text", " as it is ", " as it is "), ("json", '["a"]', ["a"])],
)
def test_a_text_becomes_a_value_of_its_field(kind: str, text: str, value: object) -> None:
    assert parse_field(kind, text) == (value,)


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "four"), ("integer", "1_000"), ("number", "true"), ("json", "[1,")]
)
def test_a_text_that_is_no_such_value_says_why(kind: str, text: str) -> None:
    with pytest.raises(FieldError, match="is not"):
        parse_field(kind, text)


def test_an_empty_field_is_no_argument() -> None:
    assert parse_field("integer", "  ") is None
    assert parse_field("text", "") is None


def test_json_arguments_are_one_object() -> None:
    assert parse_object('{"a": 1}') == {"a": 1}
    with pytest.raises(FieldError, match="Line 1"):
        parse_object("{a}")
    with pytest.raises(FieldError, match="one JSON object"):
        parse_object("[1]")


def test_fields_follow_the_schema() -> None:
    assert kind_of({"type": "string", "enum": ["a"]}) == "choice"
    assert kind_of({"type": ["integer", "null"]}) == "integer"
    assert kind_of({"type": "boolean"}) == "yes_no"
    assert kind_of({"type": "object", "properties": {"a": {}}}) == "object"
    assert kind_of({"oneOf": []}) == "json"


def test_parameters_that_only_a_branch_names_are_fields_too() -> None:
    schema = {"properties": {"a": {}}, "allOf": [{"if": {}, "then": {"properties": {"b": {"type": "string"}}}}]}
    assert list(declared(schema)) == ["a", "b"]


def _form() -> None:
    import streamlit as st

    from pages.components.call_form import edit_arguments
    from tests.factories import LEAD_ARGUMENTS, sales_tools

    tool = sales_tools()[0]
    filled = edit_arguments(tool, LEAD_ARGUMENTS, "lead", lambda tool, given: [])
    st.session_state["filled"] = filled.arguments
    st.button("Save", disabled=bool(filled.problems))


def test_a_form_without_changes_gives_the_same_arguments() -> None:
    from tests.factories import LEAD_ARGUMENTS

    at = AppTest.from_function(_form).run()
    assert not at.exception
    assert at.session_state["filled"] == LEAD_ARGUMENTS


def test_a_wrong_number_or_a_cleared_required_value_greys_save_and_says_why() -> None:
    at = AppTest.from_function(_form).run()
    at.text_input(key="lead.field.company_size").set_value("many").run()
    assert at.button[0].disabled
    assert any("is not a whole number" in mark.value for mark in at.markdown)
    at.text_input(key="lead.field.company_size").set_value("25").run()
    assert not at.button[0].disabled
    assert at.session_state["filled"]["company_size"] == 25
    at.text_input(key="lead.field.email").set_value("").run()
    assert at.button[0].disabled
    assert any("is required" in mark.value for mark in at.markdown)


def test_a_choice_of_the_enum_is_taken_as_it_is() -> None:
    at = AppTest.from_function(_form).run()
    at.selectbox(key="lead.field.industry").select_index(1).run()
    assert at.session_state["filled"]["industry"] == "retail"
