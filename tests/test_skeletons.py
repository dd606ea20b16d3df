"""Skeletons show whether phrasing is varied once values and catalog words are out of it."""

from __future__ import annotations

import pytest

from diaforge_core.generator.skeletons import BLANK, catalog_words, commonest_run, phrase_diversity, skeleton
from diaforge_core.records.dialogue import Dialogue, Turn
from tests.factories import a_catalog, a_scenario, a_tool

OWNED = frozenset({"lead", "create", "email"})


def said(*pairs: tuple[str, str], thought: str = "I ask.") -> Dialogue:
    turns = [
        Turn(speaker=speaker, reply=text, thought=thought if speaker == "assistant" else "")  # type: ignore[arg-type]
        for speaker, text in pairs
    ]
    return Dialogue(id="d", scenario=a_scenario(), turns=tuple(turns))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Please create a lead.", f"please {BLANK} a {BLANK}"),
        ("Create leads now", f"{BLANK} now"),
        ("The e-mail is ana@example.com, due 12 March 2025.", f"the e mail is {BLANK} due {BLANK}"),
        ('Call it "Blue Whale" on Monday', f"call it {BLANK} on {BLANK}"),
        ("See https://example.com/x for AC99", f"see {BLANK} for {BLANK}"),
        ("", ""),
    ],
)
def test_a_skeleton_holds_no_value_and_no_catalog_word(text: str, left: str):
    assert skeleton(text, OWNED) == left


def test_a_value_of_several_words_is_one_blank_wherever_it_stands():
    assert skeleton("It is North West, really north west", frozenset(), ["North West"]) == "it is _ really _"


def test_words_that_any_sentence_needs_are_never_the_catalogs():
    catalog = a_catalog(a_tool("CreateListOfThe_lead"))
    assert catalog_words(catalog) >= {"create", "lead"}
    assert not catalog_words(catalog) & {"of", "the"}


def test_openings_that_differ_in_values_only_are_one():
    same = [said(("user", f"I need help with case {number}.")) for number in range(5)]
    found = phrase_diversity([*same, said(("user", "Something else is broken."))], a_catalog(a_tool("get_lead")))
    assert found.openings == 2
    assert found.opening.share == pytest.approx(5 / 6)
    assert phrase_diversity(same).openings == 5


def test_the_commonest_run_is_counted_once_a_dialogue_and_apart_for_each_side():
    run = "one two three four five six seven eight"
    twice = said(("user", run), ("assistant", "What now?"), ("user", run), ("assistant", "And then?"))
    found = phrase_diversity([twice, said(("user", "hello"))])
    assert (found.user.words, found.user.share) == (run, 0.5)
    assert found.replies.share == 0
    assert found.thoughts.share == 0


def test_no_run_spans_two_turns():
    assert commonest_run([["one two three four", "five six seven eight"]]).share == 0


def test_a_mere_list_of_catalog_words_is_no_phrase():
    listed = "a _ a _ the _ or a _"
    assert commonest_run([[listed]]).share == 0
    assert commonest_run([[f"which {listed}"]]).share == 1


def test_a_slip_of_the_keyboard_is_no_phrase_of_its_own():
    dialogues = [said(("user", "Teh answer is gone")), said(("user", "The answer is gone"))]
    assert phrase_diversity(dialogues).openings == 2
    assert phrase_diversity(dialogues, a_catalog(a_tool("get_lead"))).openings == 1
