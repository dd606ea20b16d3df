"""Whatever a reply is laid out as, what it asks is found: lists, headings, names set off, courtesies around it."""

from __future__ import annotations

import pytest

from diaforge_core.conversation.layout import all_needed, is_remark, laid_out, to_the_point


def test_what_a_list_asks_for_is_its_names_without_what_is_said_of_them() -> None:
    reply = """Happy to help! Could you please share the following?

**Required**
- **Order number** – it begins with A
- The day (as printed on the note)

Optional:
- A remark, if there is one"""
    *_, listed = laid_out(reply)
    assert all_needed(listed) == ["Order number", "The day", "A remark"]


def test_a_list_to_choose_from_keeps_what_is_said_of_its_items() -> None:
    (listed,) = laid_out("Which of these do you need?\n1. **Hold** – until next week\n2. **Send** – at once")
    assert all_needed(listed) == []
    assert listed.splitlines()[1:] == ["Hold – until next week", "Send – at once"]


def test_questions_in_a_list_are_questions_of_their_own() -> None:
    lead, first = laid_out("Two things are missing:\n1. Is it a loan or a gift?\n2. **The card number**")
    assert first == "Is it a loan or a gift?"
    assert all_needed(lead) == ["The card number"]


def test_a_list_that_goes_on_from_line_to_line_is_one_question() -> None:
    (whole,) = laid_out("Would you like to\na) pay it,\nb) return it, or\nc) ask whether it is due?")
    assert whole.count("\n") == 3


@pytest.mark.parametrize("mark", ["-", "*", "•", "1.", "2)", "(3)", "a)", "B.", "[4]", "5️⃣", "→"])
def test_any_mark_begins_an_item(mark: str) -> None:
    assert laid_out(f"I still need:\n{mark} the colour") == ["I still need:\nthe colour"]


@pytest.mark.parametrize(
    "said",
    [
        "Just reply with the number.",
        "Once I have these, I'll book it.",
        "I'll get started as soon as I hear from you.",
        "That's all I need to send it.",
        "Thanks in advance!",
    ],
)
def test_courtesies_ask_nothing(said: str) -> None:
    assert is_remark(said)


@pytest.mark.parametrize(
    "said", ["Once I have your yes, I'll book it.", "Reply yes to go on.", "When do I send it?", "What is the price?"]
)
def test_what_waits_for_a_yes_or_asks_is_no_courtesy(said: str) -> None:
    assert not is_remark(said)


@pytest.mark.parametrize(
    ("said", "question", "purpose"),
    [
        ("To close the account, what is its number?", "what is its number?", "To close the account,"),
        ("What is it called, so that I can look it up?", "What is it called ?", ", so that I can look it up"),
        ("To where, and for how long?", "To where, and for how long?", ""),
        ("To Oslo or to Rome, by train?", "To Oslo or to Rome, by train?", ""),
    ],
)
def test_what_an_answer_is_for_is_no_part_of_the_question(said: str, question: str, purpose: str) -> None:
    told, why = to_the_point(said)
    assert (told, why.strip()) == (question, purpose)
