"""A dialogue that says what an earlier one said is marked; others, and rejected ones, are left alone."""

from __future__ import annotations

from diaforge_core.conversation.verifiers import cascade
from diaforge_core.generator.kept_once import KeptOnce, kept_once
from diaforge_core.records.dialogue import Dialogue
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_dialogue, a_scenario, asks, calls, lead_turns, user

CATALOG = a_catalog()
OTHER = {"customer_name": "Mia Wong", "email": "mia@wong.example", "phone": "+44 20 7946 0018"}


def passed(dialogue: Dialogue) -> Dialogue:
    checked = cascade(dialogue, CATALOG)
    assert checked.passed, checked.verdicts
    return checked


def with_values(values: dict[str, str]) -> Dialogue:
    """The clean dialogue of the factories about another person."""
    turns = [
        turn.model_copy(
            update={
                "reply": turn.reply.replace("John Carter", values["customer_name"])
                .replace(LEAD_ARGUMENTS["email"], values["email"])
                .replace(LEAD_ARGUMENTS["phone"], values["phone"])
            }
        )
        for turn in lead_turns()[:-1]
    ]
    return passed(a_dialogue(a_scenario(gold_arguments=values, seed=8), [*turns, calls("CRM_CreateLead", **values)]))


def in_other_words() -> Dialogue:
    turns = (
        user("Hi! Just back from the fair, and there is this John Carter I'd like to have in our CRM."),
        asks("Welcome back! Is John already an existing contact of a customer, or should I create a new lead?"),
        user("He's a new lead, never heard of him before."),
        asks("Great. Which email address can we reach him at?"),
        user("Email is john.carter@northwind.example, and he picks up under phone +1 312 555 0148."),
        calls("CRM_CreateLead", **LEAD_ARGUMENTS),
    )
    return passed(a_dialogue(a_scenario(seed=9), turns))


def test_a_dialogue_that_differs_in_values_alone_says_the_same():
    first, second = passed(a_dialogue()), with_values(OTHER)
    kept = list(kept_once([first, second]))
    assert kept[0] == first
    assert not kept[1].passed
    assert kept[1].verdicts[-1].verifier == "duplicate"
    assert first.id in kept[1].verdicts[-1].reason


def test_a_dialogue_in_other_words_is_kept():
    dialogues = [passed(a_dialogue()), in_other_words()]
    assert list(kept_once(dialogues)) == dialogues


def test_one_changed_word_does_not_make_another_dialogue():
    turns = list(lead_turns())
    turns[0] = user("I need to get John Carter into our system.")
    kept = list(kept_once([passed(a_dialogue()), passed(a_dialogue(turns=turns))]))
    assert [dialogue.passed for dialogue in kept] == [True, False]


def test_the_same_words_about_another_tool_are_kept():
    other = with_values(OTHER)
    moved = other.model_copy(update={"scenario": other.scenario.model_copy(update={"goal_tool": "CRM_UpdateLead"})})
    assert all(dialogue.passed for dialogue in kept_once([passed(a_dialogue()), moved]))


def test_a_rejected_dialogue_is_neither_marked_nor_does_it_count_as_earlier():
    rejected = cascade(a_dialogue(turns=lead_turns()[1:]), CATALOG)
    good = passed(a_dialogue())
    assert list(kept_once([rejected, good, rejected])) == [rejected, good, rejected]


def test_a_marked_dialogue_does_not_shadow_a_third():
    first, second, third = passed(a_dialogue()), with_values(OTHER), in_other_words()
    seen = KeptOnce()
    assert [seen.see(dialogue).passed for dialogue in (first, second, third, third)] == [True, False, True, False]
