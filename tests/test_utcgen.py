"""The generator turns scenarios into verified dialogues, and a bad one is data."""

from __future__ import annotations

import pytest

from diaforge_core.conversation.assistants import Teacher, View
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import CatalogError, DataError, ModelError
from diaforge_core.generator.utcgen import UTCGen, read_stages
from diaforge_core.records.dialogue import Turn
from tests.factories import a_catalog, wide_catalog

WIDE = wide_catalog()


class FailsAt:
    """A teacher whose model is gone for one rollout in three."""

    spec = "failing"

    def __init__(self) -> None:
        self._teacher, self._rollouts = Teacher(), 0

    def act(self, view: View, seed: int) -> Turn:
        self._rollouts += len(view.turns) == 1
        if self._rollouts % 3 == 2:
            raise ModelError("The endpoint is gone.")
        return self._teacher.act(view, seed)


def test_most_scenarios_of_a_plain_catalog_become_accepted_dialogues():
    made = list(UTCGen(WIDE).generate(WIDE, draw_scenarios(WIDE, 60, seed=1)))
    rejected = [(d.scenario.id, [v for v in d.verdicts if not v.passed][:1]) for _, d in made if not d.passed]
    assert len(made) == 60
    assert len(rejected) <= 6, rejected


def test_the_default_mix_holds_the_band_of_assistant_turns():
    made = [d for _, d in UTCGen(WIDE).generate(WIDE, draw_scenarios(WIDE, 100, seed=2)) if d.passed]
    assert 2.3 <= sum(dialogue.assistant_turns for dialogue in made) / len(made) <= 3.2


def test_the_same_scenarios_give_the_same_dialogues():
    first, again = ([d for _, d in UTCGen(WIDE).generate(WIDE, draw_scenarios(WIDE, 6, seed=3))] for _ in range(2))
    assert first == again


def test_a_failing_rollout_is_recorded_and_the_batch_goes_on():
    made = list(UTCGen(WIDE).generate(WIDE, draw_scenarios(WIDE, 9, seed=4), FailsAt()))
    assert len(made) == 9
    failed = [(trace, dialogue) for trace, dialogue in made if trace.ended == "error"]
    assert len(failed) == 3
    for trace, dialogue in failed:
        assert trace.error == "The endpoint is gone."
        assert [(verdict.verifier, verdict.passed) for verdict in dialogue.verdicts] == [("rollout", False)]
        assert dialogue.trace == trace.id


def test_a_described_dialogue_goes_from_vague_opening_to_question_to_staged_values_to_call():
    dialogue = UTCGen(a_catalog()).generate_dialogue(
        "CRM.CreateLead",
        ["CRM.UpdateLead", "CRM.CreateContact", "Sales.CreateOpportunity"],
        [{"turn": 1, "revealed": ["customer_name"]}, {"turn": 2, "revealed": ["email", "phone"]}],
    )
    assert dialogue.passed, [verdict for verdict in dialogue.verdicts if not verdict.passed]
    gold = dialogue.scenario.gold_arguments
    opening, question = dialogue.turns[0].reply, dialogue.turns[1].reply
    assert "lead" not in opening.casefold()
    assert gold["email"] not in opening
    assert "?" in question
    call = dialogue.turns[-1].call
    assert call is not None
    assert call.name == "CRM_CreateLead"
    assert str(dialogue).splitlines()[0] == f"User: {opening}"
    assert all(line.startswith(("User: ", "Assistant: ")) for line in str(dialogue).splitlines())


def test_unknown_names_are_one_error_that_lists_what_is_known():
    generator = UTCGen(a_catalog())
    with pytest.raises(CatalogError, match=r"CRM\.Nowhere"):
        generator.generate_dialogue("CRM.CreateLead", ["CRM.Nowhere"])
    with pytest.raises(CatalogError, match="company_size"):
        generator.generate_dialogue("CRM.CreateLead", ["CRM.UpdateLead"], [{"turn": 1, "revealed": ["shoe_size"]}])


def test_stages_of_another_form_are_all_named_at_once():
    with pytest.raises(DataError) as caught:
        read_stages([{"turn": 0, "revealed": ["email"]}, {"turn": 2, "shown": ["email"]}])
    message = str(caught.value)
    assert "information_stages[0].turn" in message
    assert "information_stages[1].shown" in message
    assert '{"turn": 2, "revealed"' in message
