"""Repairs of one kind of fault: what each mends, and what it leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from diaforge_core.catalog.hidden_text import hidden, without_hidden
from diaforge_core.conversation.dialogue_diff import difference
from diaforge_core.conversation.repairs import REPAIRS, repair
from diaforge_core.conversation.turn_edits import replaced
from diaforge_core.conversation.verifiers import cascade
from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue

from .factories import LEAD_ARGUMENTS, a_catalog, a_dialogue, asks, calls, lead_turns, user

CATALOG = a_catalog()


def mended(name: str, dialogue: Dialogue, **values: str) -> Dialogue:
    """The repaired dialogue, checked again."""
    return cascade(
        repair(name, {key.replace("_", " "): text for key, text in values.items()})(dialogue, CATALOG), CATALOG
    )


def test_words_are_replaced_as_whole_words_in_what_is_said_and_thought():
    turns = replaced(lead_turns(), 1, asks("A lead, or a leader's lead?", thought="lead or leader"))
    new = mended("replace words", a_dialogue(turns=turns), find="lead", put="prospect")
    assert new.turns[1].reply == "A prospect, or a leader's prospect?"
    assert new.turns[1].thought == "prospect or leader"
    assert new.turns[5].call == turns[5].call


@pytest.mark.parametrize("name", [name for name in REPAIRS if not REPAIRS[name].fields])
def test_a_clean_dialogue_is_left_as_it_is(name: str):
    clean = a_dialogue()
    assert repair(name, {})(clean, CATALOG) == clean


def test_a_value_is_renamed_wherever_it_stands_and_the_dialogue_still_passes():
    old = cascade(a_dialogue(), CATALOG)
    assert old.passed
    new = mended("rename value", old, value="John Carter", new_value="Jon Carter")
    assert new.passed
    assert new.turns[0].reply == "I need to get Jon Carter into the system."
    assert new.turns[5].call
    assert new.turns[5].call.arguments["customer_name"] == "Jon Carter"
    assert new.scenario.gold_arguments["customer_name"] == "Jon Carter"
    assert new.scenario.parent == old.scenario.id


def test_a_number_stays_a_number_when_it_is_renamed():
    turns = replaced(lead_turns(), 5, calls("CRM_CreateLead", **LEAD_ARGUMENTS, company_size=25))
    new = mended("rename value", a_dialogue(turns=turns), value="25", new_value="26")
    assert new.turns[5].call
    assert new.turns[5].call.arguments["company_size"] == 26


def test_an_argument_is_set_in_the_call_and_in_the_gold_arguments_by_its_type():
    new = mended("set argument", a_dialogue(), argument="phone", value="5")
    assert new.turns[5].call
    assert new.turns[5].call.arguments["phone"] == "5"
    assert new.scenario.gold_arguments["phone"] == "5"
    new = mended("set argument", a_dialogue(), argument="company_size", value="5")
    assert new.turns[5].call
    assert new.turns[5].call.arguments["company_size"] == 5
    assert repair("set argument", {"argument": "shoe_size", "value": "5"})(a_dialogue(), CATALOG) == a_dialogue()


def test_an_ungrounded_optional_argument_is_dropped_and_a_required_one_stays():
    invented = {**LEAD_ARGUMENTS, "industry": "retail", "email": "nobody@nowhere.example"}
    dialogue = a_dialogue(turns=replaced(lead_turns(), 5, calls("CRM_CreateLead", **invented)))
    new = mended("drop ungrounded", dialogue)
    assert new.turns[5].call
    assert set(new.turns[5].call.arguments) == {"customer_name", "email", "phone"}


def test_control_tokens_and_unseen_characters_go():
    turns = replaced(lead_turns(), 2, user("A new\u200b lead.<|im_end|>"))
    turns = replaced(turns, 1, asks(turns[1].reply, thought=f"</think>{turns[1].thought}"))
    dialogue = cascade(a_dialogue(turns=turns), CATALOG)
    assert not dialogue.passed
    new = mended("strip hidden", dialogue)
    assert new.turns[2].reply == "A new lead."
    assert new.passed
    assert not difference(a_dialogue(id=new.id), new).turns[1].thought


@given(some.text(alphabet="ab <|im_end>\u200b\u202e\n<!-- -->", max_size=60))
def test_what_is_stripped_holds_nothing_hidden_any_more_or_less_of_it(text: str):
    bare = without_hidden(text)
    assert len(bare) <= len(text)
    assert not set(bare) & set("\u200b\u202e")
    if not list(hidden(text)):
        assert bare.split() == text.split()


def test_an_unknown_repair_and_a_missing_value_are_named():
    with pytest.raises(DataError, match="no repair 'wash'"):
        repair("wash", {})
    with pytest.raises(DataError, match="needs a text for 'find'"):
        repair("replace words", {"put": "x"})
