"""The banks of phrases: rich, apart from each other, and the same for the same seed."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from ruamel.yaml import YAML

from diaforge_core.catalog.words import word_set
from diaforge_core.conversation.personas import personas, styles
from diaforge_core.conversation.simulated_user import facts_of, traits_of
from diaforge_core.conversation.wording import Wording, named_in, parameter_label, rules_of, runs_of, sequences
from diaforge_core.records.scenario import Bank
from diaforge_core.settings import DATA_DIR
from tests.factories import a_tool

SLOTS = word_set(
    "act around asked said why places do thing things many our new bare own place places first second verb "
    "value answer ordinal existing one label labels is be value_is first_name full_name department a_role"
)
"""All that the user side fills in."""
WORDED_BY = ("openings", "simulated_user", "value_words")
"""Modules that draw a user's words."""


def user_rules(bank: Bank) -> dict[str, list[str]]:
    """The user side's own file of a bank."""
    return YAML(typ="safe", pure=True).load((DATA_DIR / "wording" / bank / "user.yaml").read_text(encoding="utf-8"))


def test_the_banks_share_no_sequence_of_five_words():
    assert not sequences("generation") & sequences("evaluation")


def test_the_sequences_of_a_bank_are_those_of_what_it_says_in_any_style():
    found = sequences("evaluation")
    assert ("i", "do", "hope", "i'm", "not") in found
    assert ("to", "whom", "it", "may", "concern") in found
    assert ("we", "would", "be", "indebted", "if") in found
    said = [Wording("evaluation", seed, style="formal").phrase("hello") for seed in range(300)]
    runs = {run for text in said for run in runs_of(text)}
    assert any("whom" in run for run in runs)
    assert {run for run in runs if "whom" in run} <= found


def test_runs_of_words_are_all_there_and_case_folded():
    assert list(runs_of("One two, THREE four", 3)) == [("one", "two", "three"), ("two", "three", "four")]
    assert list(runs_of("One two", 3)) == []


@pytest.mark.parametrize("bank", get_args(Bank))
def test_a_bank_names_no_unknown_rule_and_no_unknown_slot(bank: Bank):
    rules = rules_of(bank)
    for name in user_rules(bank):
        for entry in rules[name]:
            assert named_in(entry, "rule") <= rules.keys(), name
            assert named_in(entry, "slot") <= SLOTS, name


@pytest.mark.parametrize("bank", get_args(Bank))
def test_what_a_rule_adds_is_for_people_that_there_are(bank: Bank):
    known = {trait for person in personas() for trait in traits_of(person)} | set(styles())
    added = {part for name in user_rules(bank) for part in re.split("[@+]", name)[1:]}
    assert added <= known


def plain_rules(bank: Bank) -> set[str]:
    return {re.split("[@+]", name)[0] for name in user_rules(bank)}


def test_both_banks_word_everything_a_user_says():
    folder = DATA_DIR.parent / "diaforge_core" / "conversation"
    written = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in WORDED_BY)
    asked_for = set(re.findall(r'(?:phrase|plain)\("(\w+)"', written))
    assert len(asked_for) > 25
    assert asked_for <= plain_rules("generation") & plain_rules("evaluation")


def test_a_phrase_is_drawn_only_where_its_slots_are_given():
    nobody, somebody = Wording("generation", 1), Wording("generation", 1, facts=facts_of(personas()[0]))
    said = [{words.phrase("hello") for _ in range(400)} for words in (nobody, somebody)]
    name = personas()[0].name.split()[0]
    assert not any(name in text for text in said[0])
    assert any(name in text for text in said[1])


def test_a_trait_adds_words_of_its_own():
    many = {Wording("generation", seed, traits=("it",)).phrase("who") for seed in range(200)}
    assert "The night shift" in many
    assert "The night shift" not in {Wording("generation", seed).phrase("who") for seed in range(200)}


@pytest.mark.parametrize("bank", ["generation", "evaluation"])
def test_the_same_seed_says_the_same(bank: Bank):
    said = [[Wording(bank, seed, style="chatty").phrase("hello") for _ in range(2)] for seed in range(40)]
    assert all(one == other for one, other in said)
    assert len({one for one, _ in said}) > 5


def test_slots_are_put_in_as_they_are():
    value = "a,  b [x|y] {z} <label> .!"
    for seed in range(20):
        assert value in Wording("generation", seed).phrase(
            "clause", label="note", value=value, **{"is": "is", "value_is": "is"}
        )


def test_openings_are_many():
    words = Wording("generation", 1)
    said = {
        words.phrase("hello") + words.phrase("open_about", thing="T") + words.phrase("open_why") for _ in range(4000)
    }
    assert len(said) > 3000


def test_a_parameter_is_called_by_business_words():
    assert parameter_label(a_tool("Create", customer_name="string"), "customer_name") == "customer name"
    with pytest.raises(KeyError):
        parameter_label(a_tool("Create"), "nothing")
