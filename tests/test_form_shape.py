"""Which fields a form shows, by the schema's conditions and forms."""

from __future__ import annotations

from diaforge_core.catalog.form_shape import shape

PAYMENT = {
    "type": "object",
    "properties": {"method": {"enum": ["card", "transfer"]}, "amount": {"type": "number"}},
    "required": ["method"],
    "if": {"properties": {"method": {"const": "card"}}},
    "then": {"properties": {"card_number": {"type": "string"}}, "required": ["card_number"]},
    "else": {"properties": {"iban": {"type": "string"}}, "required": ["iban"]},
}
CONTACT = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "oneOf": [
        {"title": "By mail", "properties": {"email": {"type": "string"}}, "required": ["email"]},
        {"properties": {"kind": {"const": "phone"}, "number": {"type": "string"}}, "required": ["number"]},
    ],
}


def test_a_condition_shows_and_requires_the_fields_of_its_branch():
    assert list(shape(PAYMENT, {"method": "card"}).fields) == ["method", "amount", "card_number"]
    assert shape(PAYMENT, {"method": "card"}).required == {"method", "card_number"}
    assert list(shape(PAYMENT, {"method": "transfer"}).fields) == ["method", "amount", "iban"]
    assert list(shape(PAYMENT, {}).fields) == ["method", "amount"]


def test_one_of_several_forms_is_taken_by_what_is_filled_in_or_by_choice():
    found = shape(CONTACT, {"number": "5"})
    assert (found.forms[0].labels, found.forms[0].chosen) == (("By mail", "phone"), 1)
    assert list(found.fields) == ["name", "kind", "number"]
    picked = shape(CONTACT, {"number": "5"}, {"oneOf": 0})
    assert list(picked.fields) == ["name", "email"]
    assert picked.required == {"email"}


def test_forms_that_only_require_are_no_choice_of_fields():
    schema = {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert shape(schema, {}).forms == ()
    assert list(shape(schema, {}).fields) == ["a", "b"]
