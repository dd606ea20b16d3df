"""Grounded decoding: nothing that nobody said or chose gets into a call, and what people said is not held back."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.call_schema import call_schema, can_be_met
from diaforge_core.conversation.constrained import Constraint
from diaforge_core.conversation.grounded import grounded, narrowed, unchosen, unsaid
from diaforge_core.conversation.plain_teacher import PlainTeacher
from diaforge_core.conversation.prompts import END, encode_control, encode_data, parse_turn
from diaforge_core.conversation.scenarios import Choices, draw_scenarios
from diaforge_core.conversation.view import View
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.scenario import Setting
from diaforge_core.records.tool import Tool, ToolCall

from .held_writing import VOCABULARY, writes

TEXT: dict[str, Any] = {"type": "string"}
LEAVE = Tool(
    name="request_leave",
    original_name="request_leave",
    description="Requests leave.",
    parameters={
        "type": "object",
        "properties": {
            "employee_number": {**TEXT, "pattern": "^E-[0-9]+$"},
            "first_day": {**TEXT, "format": "date"},
            "last_day": {**TEXT, "format": "date"},
            "starts_at": {**TEXT, "format": "date-time"},
            "ends_at": {**TEXT, "format": "date-time"},
            "kind": {"enum": ["annual", "parental"]},
            "half_day": {"type": "boolean"},
            "days": {"type": "integer"},
            "phone": TEXT,
            "note": TEXT,
            "contact": {"type": "object", "properties": {"name": TEXT, "email": {**TEXT, "format": "email"}},
                        "required": ["name"]},
            "tags": {"type": "array", "items": TEXT},
            "items": {"type": "array", "items": {"type": "object", "properties": {
                "sku": TEXT, "priority": {"enum": ["high", "low"]}, "count": {"type": "integer"},
                "unit": {**TEXT, "default": "piece"}}}},
            "owner": {"anyOf": [{"type": "object", "properties": {"badge": TEXT}, "required": ["badge"]}, TEXT]},
            "channel": {**TEXT, "default": "web"},
        },
        "required": ["employee_number", "first_day"],
    },
)  # fmt: skip


def view(*said: str, tools: tuple[Tool, ...] = (LEAVE,)) -> View:
    """A conversation in which the user said this, the last of it just now."""
    turns = [Turn(speaker="user", reply=said[0])] if said else []
    for words in said[1:]:
        turns += [Turn(speaker="assistant", reply="And?"), Turn(speaker="user", reply=words)]
    setting = Setting(today=dt.date(2025, 4, 2), time_zone="Europe/Berlin")
    return View(tools=tools, setting=setting, turns=tuple(turns))


def calling(**arguments: Any) -> Turn:
    return Turn(speaker="assistant", call=ToolCall(name="request_leave", arguments=arguments))


def loose(turn: Turn, *said: str) -> dict[str, tuple[Any, ...]]:
    return {".".join(keys): values for (_, keys), values in unsaid(turn, view(*said)).items()}


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("I am E-12, from 1 September 2025.", {"employee_number": "E-12", "first_day": "2025-09-01"}),
        ("I am e-12, from tomorrow on.", {"employee_number": "E-12", "first_day": "2025-04-03"}),
        ("3 May 2025 from 09:45 to 17:15 UTC",
         {"starts_at": "2025-05-03T09:45:00Z", "ends_at": "2025-05-03T17:15:00Z"}),
        ("twelve days, please, and note: Gone\nfishing!", {"days": 12, "note": "Gone fishing"}),
        ("it's parental, half a day is fine", {"kind": "annual", "half_day": True, "channel": "web"}),
        ("Ann Lee, ann.lee@example.com; tags are b and a",
         {"contact": {"name": "Ann Lee", "email": "ann.lee@example.com"}, "tags": ["a", "b"]}),
        ("from 3 May 2025 to 3 May 2025", {"first_day": "2025-05-03", "last_day": "2025-05-03"}),
        # Ranges, offsets and times of day as people write them.
        ("5–9 May 2025", {"first_day": "2025-05-05", "last_day": "2025-05-09"}),
        ("from 5 to 9 May 2025", {"first_day": "2025-05-05", "last_day": "2025-05-09"}),
        ("May 5th to 9th, 2025", {"first_day": "2025-05-05", "last_day": "2025-05-09"}),
        ("on 3 May 2025, 3-5pm", {"starts_at": "2025-05-03T15:00:00Z", "ends_at": "2025-05-03T17:00:00Z"}),
        ("3 May 2025 at 1530 UTC", {"starts_at": "2025-05-03T15:30:00Z"}),
        # One thing in several places, because it is said or because the one is a part of the other.
        ("just one day off, 5 May 2025", {"first_day": "2025-05-05", "last_day": "2025-05-05"}),
        ("use 555 0183 for both", {"phone": "555 0183", "note": "555 0183"}),
        ("I am Ann Lee", {"note": "Ann Lee", "contact": {"name": "Ann"}}),
        # Other ways to write it.
        ("call (416) 555-0183", {"phone": "+14165550183"}),
        ("我叫王伟", {"contact": {"name": "王伟"}}),
        ("Zoe\u0308 here", {"contact": {"name": "Zo\u00eb"}}),
        ('the note is "Note"', {"note": "Note"}),
        ("AB-12 is urgent, two of CD-34", {"items": [{"sku": "AB-12", "priority": "high", "count": 1},
                                                     {"sku": "CD-34", "unit": "piece", "count": 2}]}),
        ("in 9000 years maybe, or in ² weeks, that was 5000 years ago; from 1 May 2025", {"first_day": "2025-05-01"}),
        ("on 3 May 2025 and 4 May 2025 at 9:00 and 17:00", {"starts_at": "2025-05-03T09:00:00Z"}),
        ("from 9:00 to 17:00 on 3 May 2025", {"starts_at": "2025-05-03T09:00:00Z", "ends_at": "2025-05-03T17:00:00Z"}),
        ("Temporary is the note. Fine", {"note": "temporary"}),
        ("my time zone, please", {"note": "Europe/Berlin"}),
        ("minus 5, that is one and a half", {"days": -5, "items": [{"count": 1.5}]}),
        ("a day off on 5 May 2025", {"first_day": "2025-05-05", "last_day": "2025-05-05"}),
    ],
)  # fmt: skip
def test_what_the_user_said_may_be_called(said: str, given: dict[str, Any]) -> None:
    assert loose(calling(**given), said) == {}


@pytest.mark.parametrize(
    ("said", "given", "found"),
    [
        # Made up.
        ("I'd like some leave.", {"employee_number": "E-12"}, {"employee_number": ()}),
        ("E-12, next month perhaps", {"employee_number": "E-12", "note": ""}, {"note": ()}),
        ("The note will follow.", {"note": "The note"}, {"note": ()}),
        ("Ann Lee", {"contact": {"name": "Ann Lee", "email": "a@b.example"}}, {"contact.email": ()}),
        ("two tags, a and b", {"tags": ["a", "c"]}, {"tags": ()}),
        ("for 5 days", {"days": 6}, {"days": ()}),
        # Written over wrongly: what was said takes its place.
        ("from 1 September 2025", {"first_day": "2025-09-10"}, {"first_day": ("2025-09-01",)}),
        ("2 June 2025 16:45 UTC", {"starts_at": "2025-06-26T16:45:00Z"}, {"starts_at": ("2025-06-02T16:45:00Z",)}),
        ("31 March 2025, 9:45; until April 3, 2025 at 17:15 UTC", {"ends_at": "2025-04-30T17:15:00Z"},
         {"ends_at": ("2025-04-03T17:15:00Z",)}),
        ("I'm E-90817", {"employee_number": "E-90187"}, {"employee_number": ("E-90817",)}),
        ("Make it Shows an error since Monday.", {"note": "Show a error since Monday"},
         {"note": ("Shows an error since Monday",)}),
        ("the note is temporary", {"note": "Temporary"}, {"note": ("temporary",)}),
        # A day that stands behind the name of the place, or is all that was said.
        ("The last day is a week after; starts at: 1 February 2026, 16:45 UTC", {"starts_at": "2026-02-17T16:00:00Z"},
         {"starts_at": ()}),
        ("first day: 1 February 2026", {"first_day": "2026-02-17"}, {"first_day": ("2026-02-01",)}),
        ("start time: 1 February 2026, 16:45 UTC", {"starts_at": "2026-02-17T16:00:00Z"},
         {"starts_at": ("2026-02-01T16:45:00Z",)}),
        ("12 March 2026, 08:00 UTC. told you.", {"ends_at": "2026-03-21T18:00:00Z"},
         {"ends_at": ("2026-03-12T08:00:00Z",)}),
        # A day of another time, a text that runs on into the next value, a name taken for a value, an odd form.
        ("from 21 April 2025 11:15 UTC to Apr 22, 2025 at 16:00 UTC", {"starts_at": "2025-04-22T11:15:00Z",
         "ends_at": "2025-04-22T16:00:00Z"}, {"starts_at": ("2025-04-21T11:15:00Z",)}),
        ("note = Went down at night, phone: 555 0183", {"note": "Went down at night, phone: 555 0183",
         "phone": "555 0183"}, {"note": ("Went down at night",)}),
        ("phone: 555 0183. I have no employee number.", {"employee_number": "phone"}, {"employee_number": ()}),
        ("16 May 2025; that is 2025-05-16", {"last_day": "2025-05-16", "contact": {"name": "x",
         "email": "2025-05-16"}}, {"contact.name": (), "contact.email": ()}),
        # Said once, given twice: the surer place has it.
        ("I am E-12.", {"employee_number": "E-12", "phone": "E-12"}, {"phone": ()}),
        ("from 1 May 2025", {"first_day": "2025-05-01", "last_day": "2025-05-01"}, {"last_day": ()}),
        ("from 1 May 2025", {"contact": {"name": "x", "email": "2025-05-01"}, "last_day": "2025-05-01"},
         {"contact.name": (), "contact.email": ()}),
        # The place that is named beside it has it.
        ("note 12, please", {"days": 12, "note": "12"}, {"days": ()}),
        ("the last day is 5 May 2025", {"first_day": "2025-05-05", "last_day": "2025-05-05"}, {"first_day": ()}),
        ("My name is Ann Lee", {"tags": ["Ann Lee", "Bob"], "contact": {"name": "Ann Lee"}}, {"tags": ()}),
        ("Lee, Ann; phone X1", {"contact": {"name": "Ann Lee"}, "phone": "X1", "note": "X2"}, {"note": ()}),
        # What only looks like it is not put there.
        ("a week after 5 May 2025", {"first_day": "2025-05-12"}, {"first_day": ()}),
        ("My son was born on 12 May 2015", {"first_day": "2025-05-12"}, {"first_day": ()}),
        ("3 May 2025 at 22:00 UTC until 06:00 the next morning", {"ends_at": "2025-05-04T06:00:00Z"}, {"ends_at": ()}),
        ("it was booked by Mario Schmidt", {"contact": {"name": "Maria Schmidt"}}, {"contact.name": ()}),
        ("an unauthorized payment", {"note": "authorized payment"}, {"note": ()}),
        ("for 5 days", {"days": 10**400}, {"days": ()}),
        ("I was born on 1 June 1990.", {"first_day": "2025-12-24"}, {"first_day": ()}),
        ("3 May 2025, 9:45 Berlin time", {"starts_at": "2025-05-03T07:45:00Z"}, {"starts_at": ()}),
        ("I'm E-90817", {"employee_number": "E-90818"}, {"employee_number": ()}),
        ("E-90817. No, I mean E-90187", {"employee_number": "E-90871"}, {"employee_number": ()}),
        ("next month on the 5th", {"first_day": "2025-05-05"}, {"first_day": ()}),
        ("Ann Lee <ann.lee@example.com>", {"contact": {"name": "Ann Lee", "email": "ann.lee@exmple.com"}},
         {"contact.email": ()}),
        ("printer is\n broken  again today", {"note": "printer is broken agin today"},
         {"note": ("printer is broken again today",)}),
        ("hi", {"owner": "made up"}, {"owner": ()}),
        ("hi", {"items": [{"sku": "AB-12"}]}, {"items": ()}),
    ],
)  # fmt: skip
def test_what_nobody_said_is_found_with_what_may_stand_there(
    said: str, given: dict[str, Any], found: dict[str, tuple[Any, ...]]
) -> None:
    assert loose(calling(**given), said) == found


def test_a_draft_counts_as_its_call_does_gaps_apart() -> None:
    note = 'Tool: request_leave {"employee_number": ?, "first_day": "2025-09-10", "note": -}.'
    for thought in (note, f"{note} To be confirmed."):
        turn = Turn(speaker="assistant", thought=thought, reply="What is the employee number?")
        assert loose(turn, "From 1 September 2025.") == {"first_day": ("2025-09-01",)}


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("Yes.", True), ("That's right.", True), ("Sounds good, go ahead", True), ("no", False),
     ("Yes, but no note", False), ("Right now it is 'foo'", False), ("Yes, let me look it up " * 3, False)],
)  # fmt: skip
def test_words_of_any_turn_count_and_those_of_tools_and_the_assistants_where_agreed_to(
    answer: str, agreed: bool
) -> None:
    turns = (
        Turn(speaker="user", reply="I am E-12."),
        Turn(speaker="assistant", call=ToolCall(name="find", arguments={})),
        Turn(speaker="tool", reply='{"phone": "555 0183", "contact": {"name": "M\\u00fcller"}}'),
        Turn(speaker="assistant", reply="Is the note 'Gone fishing'?"),
        Turn(speaker="user", reply=answer),
    )
    seen = View(tools=(LEAVE,), setting=Setting(today=dt.date(2025, 4, 2)), turns=turns)
    turn = calling(employee_number="E-12", phone="555 0183", contact={"name": "Müller"}, note="Gone fishing")
    assert list(unsaid(turn, seen)) == ([] if agreed else [("request_leave", ("note",))])


def test_long_words_are_looked_through_in_no_time_to_speak_of() -> None:
    turn = calling(employee_number="E-12", first_day="2025-05-01", note="x y " * 400)
    for words in ("a-" * 5000, "word " * 2000, "1" * 10_000, "5 " * 5000):
        started = time.process_time()
        unsaid(turn, view(words))
        assert time.process_time() - started < 2


class Stubborn:
    """An assistant that calls with these values as far as the tools let it; the rest it leaves out or asks for."""

    def __init__(self, **wanted: Any) -> None:
        self.wanted = wanted
        self.tries = 0

    def __call__(self, tools: Sequence[Tool], answers: Mapping[str, str]) -> Turn:
        assert not answers
        self.tries += 1
        (tool,) = tools
        given: dict[str, Any] = {}
        for name, value in self.wanted.items():
            choices = tool.properties[name].get("enum", [value])
            if choices:
                given[name] = value if value in choices else choices[0]
            elif name in tool.required:
                return Turn(speaker="assistant", reply=f"What is the {name}?", seconds=1.0, tokens=5)
        turn = calling(**given)
        return Turn(**turn.model_dump() | {"seconds": 1.0, "tokens": 20})


def test_a_made_up_value_is_left_out_or_asked_for() -> None:
    stubborn = Stubborn(employee_number="E-12", first_day="2025-05-10", phone="555")
    turn = grounded(stubborn, view("E-12, from 1 May 2025"))
    assert turn.call
    assert turn.call.arguments == {"employee_number": "E-12", "first_day": "2025-05-01"}
    assert (stubborn.tries, turn.seconds, turn.tokens) == (2, 2.0, 40)
    turn = grounded(Stubborn(employee_number="E-12", first_day="2025-05-01"), view("some leave please"))
    assert turn.reply == "What is the employee_number?"


def test_two_values_that_could_be_the_same_words_get_them_once() -> None:
    stubborn = Stubborn(employee_number="E-12", first_day="2025-05-10", last_day="2025-05-03")
    turn = grounded(stubborn, view("E-12, from 1 May 2025"))
    assert turn.call
    assert turn.call.arguments == {"employee_number": "E-12", "first_day": "2025-05-01"}


def test_a_turn_of_said_values_is_written_once_with_the_very_tools() -> None:
    seen = view("E-12, from 1 May 2025")
    shown: list[Sequence[Tool]] = []

    def write(tools: Sequence[Tool], _answers: object) -> Turn:
        shown.append(tools)
        return calling(employee_number="E-12", first_day="2025-05-01")

    grounded(write, seen)
    assert shown == [seen.tools]
    assert shown[0] is seen.tools


def test_a_turn_that_is_written_again_stays_with_its_tool_and_ends() -> None:
    names = [f"p{number}" for number in range(30)]
    many = Tool(
        name="many", original_name="many", parameters={"type": "object", "properties": dict.fromkeys(names, TEXT)}
    )
    tries: list[Sequence[Tool]] = []

    def write(tools: Sequence[Tool], _answers: object) -> Turn:
        tries.append(tools)
        free = [name for name in names if tools[0].properties[name].get("enum") != []]
        return Turn(speaker="assistant", call=ToolCall(name="many", arguments=dict.fromkeys(free[:1], "made up")))

    turn = grounded(write, view("hello", tools=(many, LEAVE)))
    assert turn.call == ToolCall(name="many")
    assert len(tries) == 5
    assert [[tool.name for tool in tools] for tools in tries] == [["many", "request_leave"], *[["many"]] * 4]


# ---- Choices that nobody made ----------------------------------------------------------------------------------------


TWINS = tuple(
    Tool(name=name, original_name=name, description="Adds a member.", parameters={"type": "object", "properties": {}})
    for name in (
        "CreateMember__chat_v1",
        "CreateMember__chat_v2",
        "CreateMember__flex_v1",
        "DeleteMember",
        "a_b",
        "A_B",
    )
)
ALIKE = (
    "Open: CreateMember__chat_v1 = add a member; CreateMember__flex_v1 = Add a member; DeleteMember = remove a member."
)


def asked(*thoughts: str) -> View:
    """A conversation in which the assistant asked with these thoughts, or called, and what the user said to each."""
    turns = [Turn(speaker="user", reply="A member, please.")]
    for told in thoughts:
        thought, _, said = told.partition("|")
        asked = Turn(speaker="assistant", thought=thought, reply="Which one?")
        done = Turn(speaker="assistant", call=ToolCall(name="DeleteMember"))
        turns += [done if thought == "call" else asked, Turn(speaker="user", reply=said or "add a member")]
    return View(tools=TWINS, setting=Setting(today=dt.date(2025, 4, 2)), turns=tuple(turns))


def taking(name: str) -> Turn:
    return Turn(speaker="assistant", thought=f"Tool: {name} {{}}.", call=ToolCall(name=name, arguments={}))


@pytest.mark.parametrize(
    ("turn", "thoughts", "answers"),
    [
        # One answer for two tools, and one of them is taken.
        (taking("CreateMember__chat_v1"), [ALIKE], {"CreateMember__chat_v1": "", "CreateMember__flex_v1": ""}),
        (Turn(speaker="assistant", thought="Tool: CreateMember__flex_v1 {}. To be confirmed.", reply="Sure?"), [ALIKE],
         {"CreateMember__chat_v1": "", "CreateMember__flex_v1": ""}),
        (taking("DeleteMember"), [ALIKE], {}),
        # It was told apart since, or never offered.
        (taking("CreateMember__chat_v1"),
         [ALIKE, "Open: CreateMember__chat_v1 = chat; CreateMember__flex_v1 = flex."], {}),
        (taking("CreateMember__chat_v2"), [ALIKE], {}),
        (taking("CreateMember__chat_v1"), ["Open: none.", "Tool: DeleteMember {}."], {}),
        (taking("CreateMember__chat_v1"), [], {}),
        # A first question that leaves tools out, and one that does not; later ones may.
        (Turn(speaker="assistant", thought="Open: a_b = x; A_B = y.", reply="Which one?"), [],
         {"a_b": "x", "A_B": "y", "CreateMember__chat_v1": "", "CreateMember__chat_v2": "", "CreateMember__flex_v1": "",
          "DeleteMember": ""}),
        (Turn(speaker="assistant", thought=f"Open: {'; '.join(f'{tool.name} = {tool.name}' for tool in TWINS)}.",
              reply="Which one?"), [], {}),
        (Turn(speaker="assistant", thought="Open: none.", reply="None of the tools fits that."), [], {}),
        # A question that offers the same again.
        (Turn(speaker="assistant", thought=ALIKE, reply="Which one?"), [ALIKE], {}),
        (Turn(speaker="assistant", thought="Open: CreateMember__chat_v1 = add; CreateMember__flex_v1 = Add.",
              reply="Which?"), [ALIKE],
         {"CreateMember__chat_v1": "create member chat", "CreateMember__flex_v1": "create member flex"}),
        (Turn(speaker="assistant", thought="Open: CreateMember__chat_v1 = add; CreateMember__chat_v2 = add.",
              reply="Which?"), [ALIKE],
         {"CreateMember__chat_v1": "CreateMember__chat_v1", "CreateMember__chat_v2": "CreateMember__chat_v2"}),
        # That says each by its own name is no such question, however alike these are, nor what follows on it.
        (Turn(speaker="assistant", thought="Open: a_b = a_b; A_B = A_B.", reply="Which?"), [ALIKE], {}),
        (taking("a_b"), ["Open: a_b = a_b; A_B = A_B."], {}),
        # The user said more than the answer; the note was of what is done, or says that nothing is open.
        (taking("CreateMember__flex_v1"), [f"{ALIKE}|Add one of flex."], {}),
        (taking("CreateMember__chat_v1"), [f"{ALIKE}|I said CreateMember__chat_v1!"], {}),
        (taking("CreateMember__chat_v1"), [ALIKE, "Open: none."], {}),
        (taking("CreateMember__chat_v1"), [ALIKE, "call"], {}),
        (taking("CreateMember__chat_v1"), ["Open: CreateMember__chat_v1 = x; Gone = x."], {}),
        (taking("CreateMember__chat_v1"), ["Open: CreateMember__chat_v1 = add one; CreateMember__flex_v1 = Add  one?."],
         {"CreateMember__chat_v1": "", "CreateMember__flex_v1": ""}),
    ],
)  # fmt: skip
def test_a_tool_that_goes_by_the_name_of_another_one_is_not_chosen(
    turn: Turn, thoughts: list[str], answers: dict[str, str]
) -> None:
    assert unchosen(turn, asked(*thoughts)) == answers


def test_the_turn_asks_between_them_instead_by_their_own_names_if_need_be() -> None:
    tries: list[dict[str, str]] = []

    def write(_tools: Sequence[Tool], answers: Mapping[str, str]) -> Turn:
        tries.append(dict(answers))
        if not answers:
            return taking("CreateMember__chat_v1")
        told = "; ".join(f"{name} = {answer or 'add a member'}" for name, answer in answers.items())
        return Turn(speaker="assistant", thought=f"Open: {told}.", reply="Which one?")

    turn = grounded(write, asked(ALIKE))
    assert turn.thought == (
        "Open: CreateMember__chat_v1 = create member chat; CreateMember__flex_v1 = create member flex."
    )
    assert tries == [
        {},
        {"CreateMember__chat_v1": "", "CreateMember__flex_v1": ""},
        {"CreateMember__chat_v1": "create member chat", "CreateMember__flex_v1": "create member flex"},
    ]
    assert unchosen(taking("CreateMember__chat_v1"), asked(ALIKE, turn.thought)) == {}


# ---- What a model that is held to narrowed tools can write -----------------------------------------------------------


SMALL = Tool(
    name="close_case",
    original_name="close_case",
    description="Closes a case.",
    parameters={
        "type": "object",
        "properties": {"case": TEXT, "reason": TEXT, "by": {"type": "object", "properties": {"name": TEXT},
                                                            "required": ["name"]}},
        "required": ["case"],
    },
)  # fmt: skip


def call_text(values: str) -> str:
    return f'<tool_call>{{"name": "close_case", "arguments": {{{values}}}}}</tool_call>'


DRAFT = '<think>Tool: close_case {{"case": {}, "reason": {}, "by": {}}}.</think>\n'


@pytest.mark.parametrize(
    ("held", "can", "cannot"),
    [
        (
            {("case",): ()},
            [DRAFT.format("?", '"x"', "-") + "Which case?", "Which case?", "<think>Hm.</think>\nWhich case?"],
            [call_text('"case": "7"'), DRAFT.format('"7"', "-", "-") + call_text('"case": "7"'),
             DRAFT.format('"7"', "?", "-") + "Which reason?", DRAFT.format("-", "-", "-") + call_text("")],
        ),
        (
            {("reason",): ()},
            [call_text('"case": "7"'), DRAFT.format('"7"', "-", "-") + call_text('"case": "7"')],
            [call_text('"case": "7", "reason": "x"'), DRAFT.format('"7"', '"x"', "-") + "So?"],
        ),
        (
            {("case",): ("7",)},
            [call_text('"case": "7"'), DRAFT.format('"7"', "-", "-") + call_text('"case": "7"'),
             DRAFT.format("?", "-", "-") + "Which case?"],
            [call_text('"case": "8"'), DRAFT.format('"8"', "-", "-") + call_text('"case": "8"')],
        ),
        (
            {("by", "name"): ()},
            [call_text('"case": "7"'), DRAFT.format('"7"', "-", '{"name": ?}') + "Who?"],
            [call_text('"case": "7", "by": {"name": "x"}'), DRAFT.format('"7"', "-", '{"name": "x"}') + "So?"],
        ),
    ],
)  # fmt: skip
def test_a_model_is_held_to_what_is_left_of_a_value(
    constraint: Constraint, tokenizer: Any, held: Any, can: list[str], cannot: list[str]
) -> None:
    tools = narrowed([SMALL], {("close_case", keys): values for keys, values in held.items()})
    assert [text for text in can if not writes(constraint, tokenizer, text, tools)] == []
    assert [text for text in cannot if writes(constraint, tokenizer, text, tools)] == []


@pytest.mark.parametrize(
    ("answers", "can", "cannot"),
    [
        ({"CreateMember__chat_v1": "", "CreateMember__flex_v1": ""},
         ["<think>Open: CreateMember__chat_v1 = chat; CreateMember__flex_v1 = flex.</think>\nWhich one?"],
         ["<think>Open: CreateMember__chat_v1 = chat.</think>\nThat one?",
          "<think>Open: CreateMember__flex_v1 = flex; CreateMember__chat_v1 = chat.</think>\nWhich one?",
          "<think>Open: none.</think>\nNone.", "Which one?",
          "<think>Tool: DeleteMember {}.</think>\nSure?",
          '<tool_call>{"name": "DeleteMember", "arguments": {}}</tool_call>',
          "<think>Open: CreateMember__chat_v1 = chat; CreateMember__flex_v1 = flex.</think>\n"
          '<tool_call>{"name": "DeleteMember", "arguments": {}}</tool_call>']),
        ({"CreateMember__chat_v1": "chat it is", "CreateMember__flex_v1": "flex it is"},
         ["<think>Open: CreateMember__chat_v1 = chat it is; CreateMember__flex_v1 = flex it is.</think>\nWhich one?"],
         ["<think>Open: CreateMember__chat_v1 = chat; CreateMember__flex_v1 = flex.</think>\nWhich one?"]),
    ],
)  # fmt: skip
def test_a_model_that_is_to_ask_asks_between_just_these_tools(
    constraint: Constraint, tokenizer: Any, answers: dict[str, str], can: list[str], cannot: list[str]
) -> None:
    assert [text for text in can if not writes(constraint, tokenizer, text, TWINS, answers)] == []
    assert [text for text in cannot if writes(constraint, tokenizer, text, TWINS, answers)] == []


@pytest.mark.parametrize("seed", range(4))
def test_a_model_of_pure_noise_calls_with_nothing_that_nobody_said(
    constraint: Constraint, tokenizer: Any, seed: int
) -> None:
    noise = torch.Generator().manual_seed(seed)
    end = encode_control(tokenizer, END)[0]
    closing = [*encode_data(tokenizer, '"'), *encode_data(tokenizer, "}"), end]
    opening = encode_data(tokenizer, '<think>Tool: close_case {"case"')
    tries: list[Turn] = []

    def write(tools: Sequence[Tool], _answers: object) -> Turn:
        draw, written = constraint.held_to(tools)(None), list[int]()
        while len(written) < 300:
            scores = torch.rand(VOCABULARY, generator=noise)
            scores[opening[len(written)] if len(written) < len(opening) else closing] += 1.0
            token = draw(scores)
            if token == end:
                break
            written.append(token)
        tries.append(parse_turn(tokenizer.decode(written)))
        return tries[-1]

    seen = view("Case 7 is done.", tools=(SMALL,))
    turn = grounded(write, seen)
    assert unsaid(tries[0], seen) != {}, "it made nothing up, so nothing was tried"
    assert unsaid(turn, seen) == {}


def test_what_can_be_met() -> None:
    assert can_be_met(call_schema(LEAVE))
    (without,) = narrowed([LEAVE], {("request_leave", ("phone",)): ()})
    assert can_be_met(call_schema(without))
    (without,) = narrowed([LEAVE], {("request_leave", ("first_day",)): ()})
    assert not can_be_met(call_schema(without))


@pytest.mark.parametrize("bank", ["generation", "evaluation"])
def test_nothing_that_a_right_dialogue_calls_with_or_drafts_is_taken_for_made_up(bank: Any) -> None:
    catalog = load_catalog("enterprise_apis.json")
    tools = {tool.name: tool for tool in catalog.tools}
    scenarios = draw_scenarios(catalog, 60, 7, Choices(bank=bank))
    looked_at, found = 0, []
    for _, dialogue in UTCGen(catalog, assistant=PlainTeacher()).generate(scenarios=scenarios):
        offered = tuple(tools[name] for name in dialogue.scenario.candidates)
        for place, turn in enumerate(dialogue.turns):
            if turn.speaker == "assistant":
                seen = View(tools=offered, setting=dialogue.scenario.setting, turns=dialogue.turns[:place])
                found += list(unsaid(turn, seen).items())
                looked_at += 1
    assert looked_at > 120
    assert found == []
