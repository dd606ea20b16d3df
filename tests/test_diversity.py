"""Diversity counts what differs; near-duplicates are found as clusters."""

from __future__ import annotations

from diaforge_core.generator.diversity import diversity
from diaforge_core.records.dialogue import Dialogue
from tests.factories import LEAD_ARGUMENTS, a_dialogue, a_scenario, asks, calls, lead_turns, user

PARAPHRASES = (
    "I need to get John Carter into the system.",
    "I need to get John Carter in the system.",
    "I need to get John Carter into the system please.",
    "Hi, I need to get John Carter into the system.",
    "I would need to get John Carter into the system.",
)
DIFFERENT = (
    ("Our supplier in Lyon sent the wrong pallets.", "Should they be returned or exchanged?", "Returned, all twelve."),
    ("Somebody is joining finance on Monday.", "Do they need an account or a badge first?", "A badge will do for now."),
    ("The quarterly figures look odd.", "Shall I list the invoices or the budget lines?", "Budget lines of March."),
)


def dialogue(opening: str, question: str = "", answer: str = "", seed: int = 0) -> Dialogue:
    turns = lead_turns()
    if question:
        turns = (user(opening), asks(question), user(answer), calls("CRM_UpdateLead", lead_id=f"L-{seed}"))
    else:
        turns = (user(opening), *turns[1:])
    return a_dialogue(a_scenario(seed=seed), turns)


def test_five_planted_paraphrases_are_one_cluster_and_nothing_else_is():
    planted = [dialogue(text, seed=number) for number, text in enumerate(PARAPHRASES)]
    others = [dialogue(*words, seed=10 + number) for number, words in enumerate(DIFFERENT)]
    found = diversity([others[0], *planted, *others[1:]])
    assert found.near_duplicates == (tuple(d.id for d in planted),)


def test_repeated_openings_are_counted_once_and_their_share_is_told():
    same = [dialogue(PARAPHRASES[0], seed=number) for number in range(3)]
    found = diversity([*same, dialogue(*DIFFERENT[0])])
    assert (found.dialogues, found.distinct_openings, found.commonest_opening) == (4, 2, 0.75)


def test_varied_words_score_higher_than_repeated_ones():
    varied = diversity([dialogue(*words) for words in DIFFERENT])
    repeated = diversity([dialogue(*DIFFERENT[0])] * 3)
    assert varied.ttr > repeated.ttr
    assert varied.ngd > repeated.ngd


def test_calls_do_not_count_as_words():
    short = a_dialogue(turns=[user("Go"), calls("CRM_CreateLead", **LEAD_ARGUMENTS)])
    assert diversity([short]).ttr == 1.0


def test_no_dialogues_have_no_diversity():
    assert diversity([]).near_duplicates == ()
    assert diversity([]).ttr == 0.0
