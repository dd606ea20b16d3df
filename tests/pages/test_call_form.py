"""The form of a call: what each field means, and what cannot be saved."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.call_fields import FieldError, parse_field, parse_object
from pages.components.call_form import declared, kind_of


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
    assert kind_of({"oneOf": [{"type": "string"}, {"type": "integer"}]}) == "forms"
    assert kind_of({"type": "array", "items": {"type": "string"}}) == "array"
    assert kind_of({"type": "array", "items": {}}) == "json"
    assert kind_of({"const": "a"}) == "fixed"


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


def _deep_form() -> None:
    import streamlit as st

    from pages.components.call_form import edit_arguments
    from tests.factories import a_tool

    line = {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}
    tool = a_tool(
        "Shop_Order",
        extra={
            "if": {"properties": {"payment": {"const": "card"}}},
            "then": {"properties": {"card_number": {"type": "string"}}, "required": ["card_number"]},
            "oneOf": [
                {"title": "Pick up", "properties": {"shop": {"type": "string"}}, "required": ["shop"]},
                {"title": "Delivery", "properties": {"street": {"type": "string"}}, "required": ["street"]},
            ],
        },
        payment={"enum": ["card", "transfer"], "required!": True},
        tags={"type": "array", "items": {"type": "string"}},
        lines={"type": "array", "items": line},
        due={"oneOf": [{"type": "integer", "title": "Days"}, {"type": "string", "title": "Date"}]},
    )
    given = {
        "payment": "transfer",
        "shop": "Main St",
        "tags": ["a", "b"],
        "lines": [{"sku": "x", "count": 1}],
        "due": 3,
    }
    filled = edit_arguments(tool, given, "order", lambda tool, given: [])
    st.session_state["filled"] = filled.arguments
    st.session_state["problems"] = filled.problems
    st.session_state["unread"] = filled.unread


def test_nested_lists_and_forms_are_shown_as_they_are() -> None:
    at = AppTest.from_function(_deep_form).run()
    assert not at.exception
    assert at.session_state["filled"] == {
        "payment": "transfer", "shop": "Main St", "tags": ["a", "b"], "lines": [{"sku": "x", "count": 1}], "due": 3,
    }  # fmt: skip
    assert at.session_state["problems"] == []


def test_a_condition_shows_its_field_as_soon_as_it_holds() -> None:
    at = AppTest.from_function(_deep_form).run()
    assert not any(field.label.startswith("card") for field in at.text_input)
    at.selectbox(key="order.field.payment").select_index(0).run()
    assert at.session_state["problems"] == ["card_number: is required"]
    at.text_input(key="order.field.card_number").set_value("4111").run()
    assert at.session_state["filled"]["card_number"] == "4111"
    assert at.session_state["problems"] == []


def test_items_are_added_and_taken_out() -> None:
    at = AppTest.from_function(_deep_form).run()
    at.button(key="order.items.tags.out.0").click().run()
    assert at.session_state["filled"]["tags"] == ["b"]
    at.button(key="order.items.lines.add").click().run()
    at.text_input(key="order.field.lines.1.sku").set_value("y").run()
    assert at.session_state["filled"]["lines"] == [{"sku": "x", "count": 1}, {"sku": "y"}]
    at.text_input(key="order.field.lines.1.count").set_value("two").run()
    assert at.session_state["problems"] == ["lines.1.count: 'two' is not a whole number"]
    assert at.session_state["unread"] == {"order.field.lines.1.count": "two"}


def test_another_form_brings_its_fields_and_leaves_the_others_out() -> None:
    at = AppTest.from_function(_deep_form).run()
    at.selectbox(key="order.form..oneOf").select_index(1).run()
    assert "shop" not in at.session_state["filled"]
    at.text_input(key="order.field.street").set_value("High St").run()
    assert at.session_state["filled"]["street"] == "High St"
    at.selectbox(key="order.form.due.oneOf").select_index(1).run()
    assert "due" not in at.session_state["filled"]
    at.text_input(key="order.due.1.field.due").set_value("2026-03-02").run()
    assert at.session_state["filled"]["due"] == "2026-03-02"


def test_the_arguments_as_json_keep_what_cannot_be_read() -> None:
    at = AppTest.from_function(_deep_form).run()
    at.segmented_control(key="order.tab").set_value("JSON").run()
    at.text_area(key="order.json").set_value('{"payment": ').run()
    assert "is not JSON" in at.session_state["problems"][0]
    assert at.session_state["unread"] == {"order.json": '{"payment": '}
    at.text_area(key="order.json").set_value('{"payment": "card"}').run()
    assert at.session_state["filled"] == {"payment": "card"}
