"""What is heard of replies that name things as programs do, say how things are, or restate values line by line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from diaforge_core.catalog.importing import import_bytes
from diaforge_core.conversation.hearing import hear
from diaforge_core.conversation.understanding import Asked
from diaforge_core.records.tool import Tool


def the_tools(**parameters: Sequence[str]) -> tuple[Tool, ...]:
    """Tools by name with the names of what they cannot do without."""
    written: list[dict[str, Any]] = [
        {
            "name": name,
            "description": name.replace("_", " ").capitalize() + ".",
            "parameters": {"type": "object", "properties": {k: {"type": "string"} for k in keys}, "required": [*keys]},
        }
        for name, keys in parameters.items()
    ]
    return tuple(import_bytes([("t.json", json.dumps(written).encode())], "t").tools)


ORDERS = the_tools(
    cancel_order=["order_id", "reason"], move_order=["order_id", "delivery_date"], refund_order=["order_id", "amount"]
)


def heard(reply: str, tools: Sequence[Tool] = ORDERS, opened: Sequence[str] = ()) -> Asked:
    return hear(reply, [tool for tool in tools if tool.name in opened or not opened], tools)


MOVE = ["move_order"]
BOTH = {"order_id", "delivery_date"}


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        ("I don't have access to your order details, so could you please provide the order ID?", {"order_id"}),
        ("I have everything I need except the delivery date. Please send it.", {"delivery_date"}),
        ("I'm happy to help, but when should it be delivered?", {"delivery_date"}),
        ("Here are some details I need:\n- Order ID\n- Delivery date", BOTH),
        ("The order is not known yet, so I'll need its order ID and the delivery date.", BOTH),
        ("The delivery date is missing, so we can't go on without the order ID either.", BOTH),
        ("What is the order_id? And when should it be delivered?", BOTH),
        ("Please give me the `order_id` and the new delivery date.", BOTH),
        ("I already have `order_id`; only the `delivery_date` is missing.", {"delivery_date"}),
        ("I need:\n- Order ID\n  (as printed on the receipt)\n- Delivery date", BOTH),
        ("I still need your order ID, plus the following:\n- Delivery date", BOTH),
        ("It isn't clear to me yet which day it should be delivered.", {"delivery_date"}),
    ],
)
def test_values_are_asked_for_however_a_reply_leads_up_to_them(reply: str, asked: set[str]) -> None:
    found = heard(reply, opened=MOVE)
    assert (found.kind, set(found.parameters)) == ("arguments", asked)


@pytest.mark.parametrize(
    "reply",
    [
        "I know cancel_order, move_order and refund_order. What is the order ID?",
        "I would first call move_order and then refund_order. What is the order ID?",
    ],
)
def test_tools_that_are_only_mentioned_are_not_offered(reply: str) -> None:
    found = heard(reply)
    assert (found.kind, set(found.parameters), found.groups) == ("arguments", {"order_id"}, ())


@pytest.mark.parametrize(
    "reply",
    [
        "cancel_order or move_order?",
        "There are cancel_order and move_order. Which one?",
        "Candidates: cancel_order | move_order. Which one applies?",
        "Choose an action:\n[1] cancel_order\n[2] move_order",
    ],
)
def test_tools_that_are_offered_by_name_are_choices(reply: str) -> None:
    found = heard(reply)
    assert found.kind == "facet"
    assert {frozenset(group) for group in found.groups} == {frozenset({"cancel_order"}), frozenset({"move_order"})}


def test_values_said_over_by_name_are_to_be_confirmed() -> None:
    reply = "I'll call move_order with order_id A17 and delivery_date 2027-05-01. Please tell me if I may proceed."
    assert heard(reply, opened=MOVE).kind == "confirmation"


@pytest.mark.parametrize("reply", ["Tell me what should I do.", "Please say how should we go on."])
def test_an_open_question_seeks_no_yes(reply: str) -> None:
    assert heard(f"I found order A17. {reply}", opened=MOVE).kind != "confirmation"


def test_a_name_inside_a_longer_one_of_ones_own_is_no_other_tools() -> None:
    tools = the_tools(pay_out=["bank_account_number"], close_account=["account_number"])
    assert heard("What is the bank account number?", tools, ["pay_out"]).parameters == ("bank_account_number",)


def test_what_only_ruled_out_tools_have_is_asked_for_by_its_name() -> None:
    tools = the_tools(add_note=["claim_number", "note_text"], open_claim=["policy_number", "claim_type"])
    asked = heard("What are the policy number and the claim type?", tools, ["add_note"])
    assert set(asked.parameters) == {"policy_number", "claim_type"}


def test_a_value_that_is_called_a_question_can_be_asked_for() -> None:
    tools = the_tools(create_poll=["question", "channel"], close_poll=["poll_id"])
    assert heard("What is the question?", tools, ["create_poll"]).parameters == ("question",)


def test_a_case_number_is_asked_for_beside_others() -> None:
    tools = the_tools(reopen_case=["case_number", "claimant"], list_cases=["status"])
    asked = heard("Which case number is it? And who is the claimant?", tools, ["reopen_case"])
    assert set(asked.parameters) == {"case_number", "claimant"}


def test_a_value_whose_name_begins_like_a_heading_is_heard() -> None:
    tools = the_tools(order_part=["item_number", "required_date"], list_parts=["status"])
    asked = heard("I need:\n- Item number\n- Required date", tools, ["order_part"])
    assert set(asked.parameters) == {"item_number", "required_date"}


def test_what_a_model_says_over_and_over_asks_nothing() -> None:
    assert heard("I am sorry. Please tell me the order ID. " * 4, opened=MOVE).kind == "other"


def test_one_choice_offered_twice_is_none() -> None:
    found = heard("Which one do you want: see an order, see an order or see an order?")
    assert (found.groups, found.parameters) == ((), ())


def test_a_list_offers_each_tool_once() -> None:
    found = heard("Here is what I can do:\n1. Cancel it\n2. Move it to another day\n3. Refund it\n\nWhat do you need?")
    assert {frozenset(group) for group in found.groups} == {frozenset({tool.name}) for tool in ORDERS}
