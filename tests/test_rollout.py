"""One engine plays every conversation, and a failing side becomes data."""

from __future__ import annotations

from collections.abc import Sequence

from diaforge_core.conversation.assistants import View
from diaforge_core.conversation.rollout import run_rollout, trace_id
from diaforge_core.errors import ModelError
from diaforge_core.records.dialogue import NOT_ACCEPTED, Turn
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_scenario, asks, calls, lead_turns, user


class QueuedUser:
    """Says the queued words in order and complains when they run out."""

    family = "queued"

    def __init__(self, *turns: Turn) -> None:
        self._turns = list(turns)

    def opening(self) -> Turn:
        return self._turns.pop(0)

    def answer(self, turns: Sequence[Turn]) -> Turn:
        assert turns[-1].speaker == "assistant", "the user answers the assistant"
        return self._turns.pop(0)


class QueuedAssistant:
    """Does the queued turns in order, keeps the views it was shown, raises a queued error."""

    spec = "queued"

    def __init__(self, *turns: Turn | Exception) -> None:
        self._turns = list(turns)
        self.views: list[View] = []
        self.seeds: list[int] = []

    def act(self, view: View, seed: int) -> Turn:
        self.views.append(view)
        self.seeds.append(seed)
        turn = self._turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


def played(assistant: QueuedAssistant, *words: Turn, **options):
    scenario = options.pop("scenario", None) or a_scenario()
    tools = a_catalog().subset(list(scenario.candidates))
    return run_rollout(scenario, tools, QueuedUser(*words), assistant, **options)


def test_a_rollout_ends_at_the_call_and_keeps_every_turn_in_order():
    turns = lead_turns()
    trace = played(QueuedAssistant(*turns[1::2]), *turns[::2])
    assert trace.turns == turns
    assert (trace.ended, trace.error, trace.assistant, trace.user) == ("call", "", "queued", "queued")


def test_the_assistant_sees_the_candidates_in_the_order_shown_the_setting_and_the_turns_so_far_only():
    turns = lead_turns()
    assistant = QueuedAssistant(*turns[1::2])
    trace = played(assistant, *turns[::2])
    assert [tool.name for tool in assistant.views[0].tools] == list(trace.scenario.candidates)
    assert assistant.views[0].setting == trace.scenario.setting
    assert [len(view.turns) for view in assistant.views] == [1, 3, 5]


def test_generation_stops_at_a_wrong_call():
    trace = played(QueuedAssistant(calls("CRM_UpdateLead", lead_id="L-1")), user("Get John into the system."))
    assert trace.ended == "call"
    assert len(trace.turns) == 2


def test_evaluation_goes_on_after_a_wrong_call_with_one_text_that_hints_at_nothing():
    assistant = QueuedAssistant(calls("CRM_UpdateLead", lead_id="L-1"), calls("CRM_CreateLead", **LEAD_ARGUMENTS))
    trace = played(assistant, user("Get John into the system."), stop_at_wrong_call=False)
    assert [turn.speaker for turn in trace.turns] == ["user", "assistant", "tool", "assistant"]
    assert trace.turns[2].reply == NOT_ACCEPTED
    assert trace.ended == "call"


def test_evaluation_ends_at_the_first_call_of_the_goal_tool_even_with_wrong_arguments():
    trace = played(QueuedAssistant(calls("CRM_CreateLead")), user("Get John in."), stop_at_wrong_call=False)
    assert len(trace.turns) == 2


def test_without_a_right_tool_no_call_is_the_right_one():
    scenario = a_scenario(candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    assistant = QueuedAssistant(*[calls("CRM_CreateLead")] * 3)
    trace = played(assistant, user("Get John in."), scenario=scenario, stop_at_wrong_call=False, max_assistant_turns=3)
    assert trace.ended == "turn_limit"
    assert sum(turn.reply == NOT_ACCEPTED for turn in trace.turns) == 3


def test_an_endless_asker_is_stopped_at_the_turn_limit_on_its_own_turn():
    trace = played(QueuedAssistant(*[asks("Which email?")] * 8), *[user("Hm.")] * 8)
    assert trace.ended == "turn_limit"
    assert sum(turn.speaker == "assistant" for turn in trace.turns) == 8
    assert trace.turns[-1].speaker == "assistant"


def test_saying_that_none_fits_ends_the_conversation():
    trace = played(QueuedAssistant(asks("None of the tools I have can do that.")), user("Get John into the system."))
    assert trace.ended == "none_fits"


def test_a_failing_model_is_recorded_with_its_message_and_the_turns_before_it():
    assistant = QueuedAssistant(asks("Is it a new lead?"), ModelError("The endpoint answered 429 five times."))
    trace = played(assistant, user("Get John into the system."), user("A new one."))
    assert (trace.ended, trace.error) == ("error", "The endpoint answered 429 five times.")
    assert len(trace.turns) == 3


def test_a_trace_is_named_by_scenario_sides_and_trial():
    turns = lead_turns()
    first, second = (played(QueuedAssistant(*turns[1::2]), *turns[::2], trial=trial) for trial in (0, 1))
    assert first.id == trace_id(first.scenario, "queued", "queued", 0)
    assert first.id != second.id


def test_every_assistant_turn_has_its_own_seed_that_repeats_with_the_trial():
    turns = lead_turns()
    runs = [QueuedAssistant(*turns[1::2]) for _ in range(3)]
    for assistant, trial in zip(runs, (0, 0, 1), strict=True):
        played(assistant, *turns[::2], trial=trial)
    assert runs[0].seeds == runs[1].seeds
    assert len({*runs[0].seeds, *runs[2].seeds}) == 6


def test_a_conversation_goes_on_from_the_turns_it_is_given():
    turns = lead_turns()
    for cut in (1, 2, 5):
        rest = turns[cut:]
        words, acts = [[turn for turn in rest if turn.speaker == side] for side in ("user", "assistant")]
        trace = played(QueuedAssistant(*acts), *words, start=turns[:cut])
        assert (trace.turns, trace.ended) == (turns, "call")


def test_the_turns_given_count_towards_the_limit():
    turns = lead_turns()
    trace = played(QueuedAssistant(asks("Which one?")), user("That one."), start=turns[:4], max_assistant_turns=3)
    assert trace.ended == "turn_limit"
    assert sum(turn.speaker == "assistant" for turn in trace.turns) == 3
