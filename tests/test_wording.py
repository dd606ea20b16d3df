"""The banks of phrases: rich, apart from each other, and the same for the same seed."""

from __future__ import annotations

import re

import pytest

from diaforge_core.conversation.wording import Wording, parameter_label, rules_of
from diaforge_core.records.scenario import Bank
from diaforge_core.settings import DATA_DIR
from tests.factories import a_tool

STYLES = ("plain", "terse", "chatty", "formal", "hurried")
BANKS = (DATA_DIR / "wording").glob("*/*.yaml")
SLOTS = dict.fromkeys({name for path in BANKS for name in re.findall(r"<(\w+)>", path.read_text("utf-8"))}, "\x00")
DRAWS = 150


def five_word_sequences(bank: Bank) -> set[tuple[str, ...]]:
    """Runs of five fixed words in many expansions of every rule and style; slots end a run."""
    found: set[tuple[str, ...]] = set()
    for style in STYLES:
        words = Wording(bank, "test", style=style)
        for rule in rules_of(bank):
            for _ in range(DRAWS if "@" not in rule else 0):
                for part in words.phrase(rule, **SLOTS).split("\x00"):
                    run = re.findall(r"[\w'’]+", part.casefold())
                    found.update(tuple(run[start : start + 5]) for start in range(len(run) - 4))
    return found


def test_the_banks_share_no_sequence_of_five_words():
    shared = five_word_sequences("generation") & five_word_sequences("evaluation")
    assert not shared


def test_both_banks_word_everything_a_user_says():
    generation, evaluation = rules_of("generation"), rules_of("evaluation")
    said_by_users = set(evaluation)
    assert said_by_users <= set(generation)
    assistant = {
        rule for rule in generation if rule.startswith(("ask_", "think_", "about_", "lead", "settled", "confirm"))
    }
    assert set(generation) - said_by_users <= assistant | {"none_fits"}


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
        words.phrase("hello") + words.phrase("open_thing", thing="T") + words.phrase("open_why") for _ in range(4000)
    }
    assert len(said) > 1500


def test_a_parameter_is_called_by_business_words():
    assert parameter_label(a_tool("Create", customer_name="string"), "customer_name") == "customer name"
    with pytest.raises(KeyError):
        parameter_label(a_tool("Create"), "nothing")
