"""What the teacher says is understood as it is meant; what it thinks is true of what it sees, and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from diaforge_core.catalog.facets import best_facet, facets
from diaforge_core.catalog.importing import import_folder, load_catalog
from diaforge_core.conversation.assistants import Assistant, Teacher, View
from diaforge_core.conversation.reading import missing, read, read_each
from diaforge_core.conversation.rollout import run_rollout
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.conversation.situation import survey
from diaforge_core.conversation.understanding import understand
from diaforge_core.generator.skeletons import phrase_diversity
from diaforge_core.generator.utcgen import dialogue_of
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.tool import Catalog, Tool
from diaforge_core.records.trace import Trace
from tests.factories import a_setting, a_tool, asks, sales_tools, user

DOCUMENTS = Path(__file__).parents[2] / "shared" / "catalogs"
PLAYED = 160
MOST_TURNS = 8


@pytest.fixture(scope="module")
def demo() -> Catalog:
    return load_catalog("enterprise_apis.json")


@pytest.fixture(scope="module")
def lessons(demo: Catalog) -> list[Trace]:
    return list(played(demo, PLAYED))


def played(catalog: Catalog, count: int, assistant: Assistant | None = None, seed: int = 21) -> Iterator[Trace]:
    for scenario in draw_scenarios(catalog, count, seed):
        everything = catalog.subset(list(dict.fromkeys([*scenario.candidates, scenario.goal_tool])))
        someone = ScriptedUser(scenario, everything)
        yield run_rollout(scenario, catalog.subset(list(scenario.candidates)), someone, assistant or Teacher())


def acted(*turns: Turn, tools: Sequence[Tool], seed: int = 1, **setting: object) -> Turn:
    return Teacher().act(View(tools=tuple(tools), setting=a_setting(**setting), turns=turns), seed)


def meant(view: View) -> tuple[str, object]:
    """What a teacher that acts on this view has to ask, worked out without its words; a call asks nothing."""
    seen = survey(view)
    if len(seen.tools) > 1:
        asked = seen.reading.asked_facets if seen.stuck else ()
        facet = best_facet(seen.tools, but=asked) if not seen.stuck or seen.questions < 3 else None
        if facet is None:
            return ("none_fits" if seen.asked and seen.asked.kind == "options" else "options"), None
        return "facet", facet
    if not seen.tools:
        return "none_fits", None
    needed = {path.split(".")[0] for path in missing(seen.tools[0], seen.reading.values)}
    return ("arguments", needed) if needed else ("confirmation", None)


def misunderstood(catalog: Catalog, traces: Sequence[Trace]) -> tuple[list[str], int]:
    """The replies that a listener takes for something else than what had to be asked, and how many were looked at."""
    wrong, looked_at = [], 0
    for trace in traces:
        tools = catalog.subset(list(trace.scenario.candidates))
        for place, turn in enumerate(trace.turns):
            if turn.speaker != "assistant" or turn.call:
                continue
            looked_at += 1
            view = View(tools=tools, setting=trace.scenario.setting, turns=trace.turns[:place])
            wrong += [turn.reply] if not _right(view, turn.reply) else []
    return wrong, looked_at


def _right(view: View, reply: str) -> bool:
    kind, what = meant(view)
    heard = survey(view).heard or view.tools
    asked = understand(reply, heard)
    if asked.kind != kind:
        return False
    if kind == "arguments":
        return bool(asked.parameters) and set(asked.parameters) <= set(what)  # type: ignore[call-overload]
    if kind != "facet":
        return True
    first = next(facet for facet in facets(heard) if facet.key == asked.facets[0])
    pairs = {(first.answers.get(tool.name), what.answers.get(tool.name)) for tool in heard}  # type: ignore[attr-defined]
    return len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


def test_every_reply_is_understood_as_it_is_meant(demo: Catalog, lessons: list[Trace]):
    wrong, looked_at = misunderstood(demo, lessons)
    assert not wrong
    assert looked_at > PLAYED


@pytest.mark.parametrize("name", ["twilio", "msgraph"])
def test_every_reply_over_a_real_catalog_is_understood_as_it_is_meant(name: str):
    if not (DOCUMENTS / name).is_dir():
        pytest.skip(f"the documents of {name} are not here")
    catalog = import_folder(DOCUMENTS / name, name)
    wrong, looked_at = misunderstood(catalog, list(played(catalog, 80)))
    assert not wrong
    assert looked_at > 80


def test_the_words_for_a_listener_do_not_fit_another_question(demo: Catalog, lessons: list[Trace]):
    """The check above finds a question that was put in place of the right one."""
    swapped = []
    for trace in lessons:
        replies = [
            turn.model_copy(update={"reply": "What is the weather like?"}) if turn.reply and turn.thought else turn
            for turn in trace.turns
        ]
        swapped.append(trace.model_copy(update={"turns": tuple(replies)}))
    wrong, looked_at = misunderstood(demo, swapped)
    assert len(wrong) == looked_at


# --- only what an assistant sees -------------------------------------------------------------------------------------


class Recorded:
    """A user who says the recorded words whatever is asked, and complains when they run out."""

    def __init__(self, trace: Trace) -> None:
        self.said = [turn for turn in trace.turns if turn.speaker == "user"]

    def opening(self) -> Turn:
        return self.said.pop(0)

    def answer(self, turns: Sequence[Turn]) -> Turn:
        return self.said.pop(0)


class Cheat(Teacher):
    """A teacher that was told the goal and lets a word of it slip into its first thought."""

    def __init__(self, scenario: Scenario) -> None:
        self.goal = scenario.goal_tool

    def act(self, view: View, seed: int) -> Turn:
        turn = super().act(view, seed)
        return turn.model_copy(update={"thought": f"{turn.thought} ({self.goal})"})


def changed_by_the_goal(
    catalog: Catalog, traces: Sequence[Trace], teacher: Callable[[Scenario], Assistant]
) -> tuple[int, int]:
    """In how many conversations the assistant's turns change with the hidden goal, of how many that were tried.

    The user says the same words; the goal becomes each other tool that is consistent with them.
    """
    changed = tried = 0
    for trace in traces:
        tools = catalog.subset(list(trace.scenario.candidates))
        first = run_rollout(trace.scenario, tools, Recorded(trace), teacher(trace.scenario))
        for goal in read(tools, trace.turns[:1]).open_tools:
            if goal == trace.scenario.goal_tool:
                continue
            other = trace.scenario.model_copy(update={"goal_tool": goal, "gold_arguments": {}, "goal": "another"})
            again = run_rollout(other, tools, Recorded(trace), teacher(other))
            tried += 1
            changed += again.turns != first.turns
    return changed, tried


def test_the_teachers_turns_are_the_same_token_for_token_whatever_the_hidden_goal(demo: Catalog, lessons: list[Trace]):
    changed, tried = changed_by_the_goal(demo, lessons, lambda scenario: Teacher())
    assert changed == 0
    assert tried > PLAYED


def test_a_teacher_that_knows_the_goal_is_found_out(demo: Catalog, lessons: list[Trace]):
    changed, tried = changed_by_the_goal(demo, lessons, Cheat)
    assert changed == tried > PLAYED


# --- what it thinks --------------------------------------------------------------------------------------------------


def test_a_thought_names_no_tool_alone_while_several_are_open(demo: Catalog, lessons: list[Trace]):
    for trace in lessons:
        tools = demo.subset(list(trace.scenario.candidates))
        readings = read_each(tools, trace.turns)
        for place, turn in enumerate(trace.turns):
            if turn.speaker != "assistant":
                continue
            still = readings[place - 1].open_tools
            named = {tool.name for tool in tools if re.search(rf"(?<!\w){tool.name}(?!\w)", turn.thought)}
            assert named <= set(still), turn.thought
            assert len(still) < 2 or len(named) != 1, turn.thought


def test_numbers_in_a_thought_are_those_of_the_tools_in_view(lessons: list[Trace]):
    numbers = dict(zip(["one", "two", "three", "four", "five", "six", "seven", "eight"], range(1, 9), strict=True))
    found = 0
    for trace in lessons:
        for said, total in re.findall(r"(\w+) of the (\w+) tools", " ".join(turn.thought for turn in trace.turns)):
            shown = numbers.get(total.lower()) or (int(total) if total.isdigit() else 0)
            assert shown in (0, len(trace.scenario.candidates)), (said, total)
            found += 1
    assert found


LEAD = a_tool("Lead_Create", summary="Create a lead", person="string!", email="string!", phone="string")
CONTACT = a_tool("Contact_Create", summary="Create a contact", person="string!", email="string!")
FIVE = dict.fromkeys(("abc_code", "def_code", "ghi_code", "jkl_code", "mno_code"), "string!")
LONG = a_tool("Form_Submit", summary="Submit a form", **FIVE)


def thoughts(*turns: Turn, tools: Sequence[Tool], **setting: object) -> list[str]:
    """The thoughts under many seeds."""
    return [acted(*turns, tools=tools, seed=seed, **setting).thought for seed in range(40)]


def test_a_corrected_value_is_noticed():
    said = user(
        "A lead. The person is Jo Poe and the email is a@b.example. Sorry, I misspoke: the email is c@d.example."
    )
    noticed = thoughts(user("Hi."), asks("Is it a lead or a contact?"), said, tools=[LEAD, CONTACT])
    assert all("email" in thought and re.search(r"later|last|correct|second", thought) for thought in noticed)


def test_a_first_answer_that_was_taken_back_is_noticed():
    said = user("A contact... no wait, it's a lead.")
    noticed = thoughts(user("Hi."), asks("Is it about a lead or a contact?"), said, tools=[LEAD, CONTACT])
    assert all(re.search(r"took back|second thoughts|given first", thought) for thought in noticed)


def test_what_was_put_off_is_asked_for_again_and_the_thought_knows_why():
    before = (
        user("A lead. The person is Jo Poe."),
        asks("What is the email?"),
        user("I'd have to look up the email, one moment."),
    )
    for seed in range(20):
        turn = acted(*before, tools=[LEAD], seed=seed)
        assert understand(turn.reply, [LEAD]).parameters == ("email",)
        assert re.search(r"follow|look up|check|find|outstanding|missing|put off|deferred|left open", turn.thought)
        assert not re.search(r"\bnow\b.*\bnow\b", turn.reply)


def test_a_long_list_is_asked_for_a_few_at_a_time():
    asked = understand(acted(user("Submit it."), tools=[LONG]).reply, [LONG]).parameters
    assert 2 <= len(asked) <= 4


def test_a_yes_or_no_and_a_choice_are_asked_as_a_person_asks_them():
    tool = a_tool(
        "Door_Update",
        enabled="boolean!",
        status={"type": "string", "enum": ["open", "closed"], "required!": True},
    )
    replies = {acted(user("Change it."), tools=[tool], seed=seed).reply for seed in range(60)}
    assert any(re.search(r"should (?:it|this) be enabled", reply) for reply in replies)
    assert any(re.search(r"(?:open or closed|closed or open)", reply) for reply in replies)
    assert all(set(understand(reply, [tool]).parameters) == {"enabled", "status"} for reply in replies)


def test_a_question_that_the_user_cannot_answer_is_not_put_again(demo: Catalog):
    tools = demo.subset([tool.name for tool in demo.tools if tool.name.startswith("CRM_")][:6])
    first = acted(user("I need help."), tools=tools)
    again = acted(user("I need help."), first, user("I'm not sure what you mean."), tools=tools)
    asked = understand(first.reply, tools).facets[0]
    assert understand(again.reply, tools).facets[:1] != (asked,)


# --- no right tool ---------------------------------------------------------------------------------------------------


def test_without_a_right_tool_it_ends_soon_and_without_asking_for_values(demo: Catalog):
    ended = 0
    for trace in played(demo, 200, seed=33):
        if trace.scenario.solvable:
            continue
        tools = demo.subset(list(trace.scenario.candidates))
        replies = [turn for turn in trace.turns if turn.speaker == "assistant"]
        kinds = [understand(turn.reply, tools).kind for turn in replies if turn.reply]
        assert kinds[-1] == "none_fits", trace.turns
        assert "arguments" not in kinds
        assert 2 <= len(replies) <= 4, trace.turns
        ended += 1
    assert ended > 10


@pytest.mark.parametrize("last", ["None of those.", "I'm not sure what you mean."])
def test_where_the_first_answer_leaves_several_it_still_comes_to_none_fits(last: str):
    tools = [tool for tool in sales_tools() if tool.name.endswith(("Lead", "Contact"))]
    turns = [user("I need some help."), asks("Is this about a lead or a contact?"), user("It's a lead.")]
    kinds = []
    while len(kinds) < 4 and kinds[-1:] != ["none_fits"]:
        turn = acted(*turns, tools=tools)
        assert turn.call is None
        kinds.append(understand(turn.reply, tools).kind)
        turns += [turn, user(last)]
    assert kinds[-1] == "none_fits"
    assert kinds[0] == "facet"
    assert "arguments" not in kinds


def test_no_dialogue_ends_for_want_of_turns(demo: Catalog, lessons: list[Trace]):
    assert {trace.ended for trace in lessons} <= {"call", "none_fits"}
    assert max(sum(turn.speaker == "assistant" for turn in trace.turns) for trace in lessons) <= MOST_TURNS


def test_replies_and_thoughts_are_varied(demo: Catalog):
    found = phrase_diversity([dialogue_of(trace, demo) for trace in played(demo, 300)], demo)
    assert found.replies.share <= 0.05, found.replies
    assert found.thoughts.share <= 0.05, found.thoughts
