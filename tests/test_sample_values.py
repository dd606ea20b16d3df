"""Drawn values are what a person in business would say: by name, form, example, description, place and tense."""

from __future__ import annotations

import datetime as dt
import random
import re
from typing import Any

import pytest

from diaforge_core.catalog.arguments import sample_arguments
from diaforge_core.catalog.sample_values import Values
from diaforge_core.catalog.sample_words import PLACES
from diaforge_core.catalog.stated_options import stated_options, stated_range
from diaforge_core.conversation.gold import draw_arguments, is_worth_asking
from diaforge_core.records.tool import Tool
from tests.factories import a_setting, a_tool

TODAY = dt.date(2026, 3, 2)
TEXT = {"type": "string"}


def values(tool: Tool, name: str, count: int = 12, locale: str = "en-US") -> list[Any]:
    drawn = [sample_arguments(tool, random.Random(seed), 1.0, locale, TODAY) for seed in range(count)]
    return [arguments[name] for arguments in drawn if name in arguments]


@pytest.mark.parametrize(
    ("name", "schema", "shape"),
    [
        ("Sid", {"examples": ["HSaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]}, r"HS[0-9a-f]{32}"),
        ("ServiceSid", {}, r"SE[0-9a-f]{32}"),
        ("Sid", {"description": "The SID of the notice, prefixed with NO."}, r"NO[0-9a-f]{32}"),
        ("page-id", {"description": "Identifies the page."}, r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab].*"),
        ("Identity", {"description": "Unique identity of the user."}, r"[a-z]+\.[a-z]+"),
        ("PauseBehavior", {"description": "Can be: `skip` or `silence`, the default is `none`."}, r"skip|silence"),
        ("ResourceType", {"description": "The type: Messages, Calls, and Rooms"}, r"Messages|Calls|Rooms"),
        ("EventType", {"examples": ["message.delivered"]}, r"message\.delivered"),
        ("UniqueName", {}, r"[a-z]+-[a-z]+"),
        ("accountName", {"examples": ["invoice-importer"]}, r"[a-z]+-[a-z]+"),
        ("To", {"description": "The phone number to call, in E.164 format."}, r"\+1\d{3}55501\d\d"),
        ("phone", {"examples": ["+1 415 555 0132"]}, r"\+1 \d{3} 555 01\d\d"),
        ("Callback", {"examples": ["http://www.example.com"]}, r"https://[a-z]+\.example\.com/\w+"),
        ("IpAddress", {"examples": ["10.2.3.4"]}, r"10(\.\d+){3}"),
        ("Country", {"description": "The ISO-3166-1 country code."}, r"[A-Z]{2}"),
        ("defaultLanguageTag", {}, r"[a-z]{2}-[A-Z]{2}"),
        ("InactiveTimer", {"examples": ["PT1M"]}, r"P(T\d+M|\d+D)"),
        ("startDateTime", {}, r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z"),
        ("search", {}, r"[a-z]+"),
        ("suggestedVendor", {"examples": ["V-1180"]}, r"V-\d{4}"),
        ("SendDigits", {"examples": ["send_digits"]}, r"\d{4}"),
        ("AlphaSender", {"description": "A name of up to 9 characters"}, r".{3,9}"),
        ("Type", {"description": "Type of event to subscribe to"}, r"\w+\.\w+"),
        ("interval", {}, r"day|week|month"),
        ("group_email", {"format": "email"}, r"[a-z]+-[a-z]+@[a-z]+\.example\.com"),
        ("short_description", {"description": "What does not work"}, r"[A-Z][A-Za-z ]+"),
    ],
)
def test_a_text_has_the_shape_that_name_example_and_description_ask_for(name: str, schema: dict[str, Any], shape: str):
    tool = a_tool("CreateThing", **{name: {**TEXT, **schema, "required!": True}})
    for value in values(tool, name):
        assert re.fullmatch(shape, value), value


@pytest.mark.parametrize(
    ("name", "schema", "low", "high"),
    [
        ("CodeLength", {"description": "Must be an integer value between 4 and 10."}, 4, 10),
        ("expected_amount", {"examples": [84000.0]}, 30_000, 220_000),
        ("budget_year", {}, 2026, 2027),
        ("AreaCode", {}, 200, 999),
    ],
)
def test_a_number_is_of_the_size_that_the_document_shows(name: str, schema: dict[str, Any], low: int, high: int):
    tool = a_tool("CreateThing", **{name: {"type": "integer", **schema, "required!": True}})
    assert all(low <= value <= high for value in values(tool, name))


def test_placeholders_in_examples_are_not_taken_for_values():
    assert stated_options("FriendlyName", {"examples": ["friendly_name", "name", "Test slow create"]}) == ()
    assert stated_options("Type", {"examples": ["type"]}) == ()
    assert stated_range({"examples": [True, 1]}) is None


def test_an_address_is_of_one_place_and_mostly_in_the_country_of_the_locale():
    parts = {key: {**TEXT, "required!": True} for key in ("street", "city", "postal_code", "country_code", "currency")}
    tool = a_tool("CreateSite", **parts)
    home = 0
    for seed in range(40):
        drawn = sample_arguments(tool, random.Random(seed), locale="en-AU", today=TODAY)
        place = next(place for place in PLACES if place.city == drawn["city"])
        assert (drawn["postal_code"], drawn["country_code"]) == (place.postcode, place.code)
        home += place.code == "AU"
    assert 24 <= home <= 38


@pytest.mark.parametrize(("locale", "start"), [("en-GB", "+44"), ("en-AU", "+61"), ("en-CA", "+1"), ("xx-XX", "+1")])
def test_telephone_numbers_are_those_of_the_locale(locale: str, start: str):
    assert all(value.startswith(start) for value in values(a_tool("Call", phone="string!"), "phone", 6, locale))


def test_what_is_read_lies_in_the_past_and_what_is_planned_ahead():
    dates = {key: {**TEXT, "format": "date", "required!": True} for key in ("start_date", "end_date", "day")}
    for seed in range(20):
        read = sample_arguments(a_tool("GetUsage", side_effect="read", **dates), random.Random(seed), today=TODAY)
        assert read["start_date"] < read["end_date"] < TODAY.isoformat()
        assert read["day"] < TODAY.isoformat()
        for name, effect in (("BookRoom", "write"), ("GetAvailability", "read")):
            plan = sample_arguments(a_tool(name, side_effect=effect, **dates), random.Random(seed), today=TODAY)
            assert TODAY.isoformat() < plan["start_date"] < plan["end_date"]


def test_a_part_of_a_whole_is_named_by_it():
    contact = {"type": "object", "properties": {"name": TEXT}, "required": ["name"], "required!": True}
    for value in values(a_tool("SetEmergencyContact", contact=contact), "contact"):
        assert re.fullmatch(r"[A-Z][\w'-]+ [A-Z][\w '-]+", value["name"])


def test_a_value_tied_to_another_choice_is_not_stated():
    tool = a_tool(
        "PayBill",
        paid_by={"enum": ["bank transfer", "cheque"], "required!": True},
        number={**TEXT, "description": "Number of the cheque when it is paid by cheque"},
    )
    drawn = [sample_arguments(tool, random.Random(seed), 1.0, today=TODAY) for seed in range(20)]
    assert all(("number" in arguments) == (arguments["paid_by"] == "cheque") for arguments in drawn)


@pytest.mark.parametrize(
    "schema",
    [
        {"description": "Settings as a JSON string"},
        {"description": "Read-only. Set by the server."},
        {"examples": ['{"a": 1}']},
        {"format": "base64url"},
    ],
)
def test_what_only_machines_write_is_neither_stated_nor_a_reason_to_ask(schema: dict[str, Any]):
    tool = a_tool("CreateThing", title="string!", extra_part={**TEXT, **schema})
    assert not values(tool, "extra_part")
    assert not is_worth_asking(a_tool("CreateThing", extra_part={**TEXT, **schema, "required!": True}))


def test_an_optional_code_that_the_document_does_not_give_is_nobodys_to_state():
    tool = a_tool("CreateThing", title="string!", kind="string", mode={**TEXT, "description": "Can be: `a1` or `b2`"})
    assert not values(tool, "kind")
    assert set(values(tool, "mode")) == {"a1", "b2"}


def test_times_that_a_server_keeps_are_stated_to_find_things_only():
    stamps = {"date_updated": {**TEXT, "format": "date-time"}, "title": "string"}
    assert not values(a_tool("UpdateThing", **stamps), "date_updated")
    assert values(a_tool("ListThings", side_effect="read", **stamps), "date_updated")


def test_a_window_of_hours_does_not_last_for_weeks():
    ends = {key: {**TEXT, "format": "date-time", "required!": True} for key in ("start", "end")}
    for seed in range(12):
        drawn = sample_arguments(a_tool("PostponeChange", **ends), random.Random(seed), today=TODAY)
        start, end = (dt.datetime.fromisoformat(drawn[key]) for key in ("start", "end"))
        assert dt.timedelta() < end - start < dt.timedelta(days=4)


def test_items_of_an_array_are_like_its_examples():
    tool = a_tool(
        "InviteThem", contact_ids={"type": "array", "examples": [["CT-70311", "CT-70419"]], "required!": True}
    )
    assert all(re.fullmatch(r"CT-\d{5}", each) for value in values(tool, "contact_ids") for each in value)


def test_values_that_stand_for_none_are_not_chosen_where_there_are_others():
    tool = a_tool("SetState", state={"enum": ["unknown", "none", "active", None], "required!": True})
    assert set(values(tool, "state")) == {"active"}


def test_nothing_empty_and_nothing_twice_is_stated():
    free = {"type": "object", "properties": {"odata_type": {"const": "x"}}}
    roles = {"type": "array", "items": TEXT, "examples": ["sendMessage"], "required!": True}
    tool = a_tool("UpdateThing", deleted=free, permissions=roles)
    assert not values(tool, "deleted")
    assert all(len(set(value)) == len(value) for value in values(tool, "permissions"))


def test_an_update_changes_something_and_a_new_thing_is_called_something():
    fields: dict[str, Any] = {
        "thing_id": "string!",
        "title": {"type": ["string", "null"]},
        "size": "integer",
        "deep": {"type": "object", "properties": {"a": TEXT}},
    }
    for seed in range(12):
        changed = draw_arguments(a_tool("UpdateThing", **fields), random.Random(seed), a_setting())
        assert 1 <= len(changed.keys() - {"thing_id"}) <= 2
        assert "deep" not in changed
        assert "title" in draw_arguments(a_tool("CreateThing", **fields), random.Random(seed), a_setting())


def test_a_change_without_anything_to_say_is_no_reason_to_ask():
    opaque = a_tool("UpdateThing", thing_id="string!", blob={"type": "object"})
    assert not is_worth_asking(opaque)
    assert is_worth_asking(a_tool("UpdateThing", thing_id="string!", title="string"))
    assert is_worth_asking(a_tool("GetThing", side_effect="read", thing_id="string!", blob={"type": "object"}))


def test_a_text_that_nothing_describes_is_nobodys_to_add():
    tool = a_tool("Numbers_ListNumbers", Lata=TEXT, city=TEXT)
    assert values(tool, "Lata") == []
    assert values(tool, "city")


def test_of_two_texts_of_somebodys_own_only_one_is_added():
    tool = a_tool("Sites_CreateSite", subject=TEXT, memo=TEXT, notes=TEXT)
    drawn = [sample_arguments(tool, random.Random(seed), 1.0) for seed in range(8)]
    assert {len(arguments) for arguments in drawn} == {1}


def test_a_value_named_after_the_choice_of_another_is_given_with_that_choice_only():
    fields = {"stage": {"enum": ["contacted", "disqualified"]}, "disqualified_reason": {"enum": ["no budget", "spam"]}}
    tool = a_tool("CRM_UpdateLead", **fields)
    drawn = [sample_arguments(tool, random.Random(seed), 1.0) for seed in range(12)]
    assert {arguments["stage"] for arguments in drawn} == {"contacted", "disqualified"}
    assert all(("disqualified_reason" in each) == (each["stage"] == "disqualified") for each in drawn)


def test_a_listed_country_is_the_one_that_the_city_lies_in():
    fields = {"city": TEXT, "country": {"enum": ["Canada", "Australia"]}}
    tool = a_tool("CRM_CreateSite", address={"type": "object", "properties": fields, "required": list(fields)})
    where = {place.city: place.country for place in PLACES}
    assert all(where[each["city"]] == each["country"] for each in values(tool, "address"))


@pytest.mark.parametrize(
    ("tool", "field", "shape"),
    [
        ("Usage_CreateTrigger", "TriggerValue", r"\d+"),
        ("Banking_CreatePayee", "swiftCode", r"[A-Z]{4}DE\d\d"),
        ("workbookWorksheet_getRange", "address", r"A1:[B-H]\d+"),
        ("Rooms_GetRoom", "apiVersion", r"\d\.\d"),
        ("ITSM_CreateEmergencyChange", "rollback_plan", r"(Restore|Go back|Switch back|Put the old) .+"),
        ("Directory_CreateGuestUser", "displayName", r"[A-Z][a-z]+ [A-Z]\w+"),
    ],
)
def test_a_value_fits_the_work_that_the_tool_does(tool: str, field: str, shape: str):
    drawn = values(a_tool(tool, **{field: "string!"}), field)
    assert all(re.fullmatch(shape, value) for value in drawn), drawn


def test_a_look_at_what_could_be_drawn_changes_no_draw():
    fields = {"email": {"type": "string", "format": "email"}, "lata": TEXT, "nickname": TEXT}
    tool = a_tool("CRM_CreateLead", **fields)
    first = sample_arguments(tool, random.Random(4), 1.0)  # looks at each kind of text for the first time
    assert first == sample_arguments(tool, random.Random(4), 1.0)


def test_an_address_of_mail_is_no_street():
    address = Values(random.Random(1), "en-US", TODAY).text("Bindings.Email.Address", {"type": "string"}, "binding")
    assert "@" in address


def test_what_a_person_is_called_is_a_name_of_a_person():
    values = Values(random.Random(1), "en-US", TODAY, about=("update", "user"))
    assert values.text("FriendlyName", {"type": "string"}, "") == values.person("").name


def test_a_filter_for_a_day_is_not_joined_by_one_for_days_before_it():
    tool = a_tool("ListMessage", summary="List messages", Status="string", **{"Day": "string", "Day<": "string"})
    for seed in range(40):
        drawn = draw_arguments(tool, random.Random(seed), a_setting())
        assert not {"Day", "Day<"} <= set(drawn)
