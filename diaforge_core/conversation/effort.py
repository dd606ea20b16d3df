"""How many questions a scenario needs at least: the base of the expert tier and of user effort (METHOD.md §2)."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.arguments import required_for
from ..catalog.facets import facets, profile
from ..records.scenario import Scenario
from ..records.tool import Tool

ENOUGH = 8
"""No conversation is longer than this many assistant turns (T_max), so no search goes deeper."""


TALKED_THROUGH = 2
"""Questions about the tool that are looked at in every order; hardly ever are there more before a refusal."""


def questions_needed(scenario: Scenario, tools: Sequence[Tool]) -> int:
    """The fewest assistant turns that are no call, of an asker who may ask for all open values at once.

    `tools` are the candidates and the goal tool. First the fewest facet questions that leave the goal tool alone among
    the candidates, by breadth-first search; then one question a round for every required value that is still open,
    given what earlier answers made required and from which user turn each value may be revealed; then a confirmation
    where the system turn asks for one. Without a right tool in view, the fewest facet questions after which none fits.
    """
    candidates = [tool for tool in tools if tool.name in scenario.candidates]
    goal = next(tool for tool in tools if tool.name == scenario.goal_tool)
    if not scenario.solvable:
        return refusal_questions(goal, candidates)
    asked = value_rounds(scenario, goal, selection_questions(goal.name, candidates))
    return asked + (scenario.setting.confirm_destructive and goal.side_effect == "destructive")


def selection_questions(goal: str, tools: Sequence[Tool]) -> int:
    """The fewest facet questions whose answers leave only the goal; `ENOUGH` when nothing ever does.

    A tool that has no answer to a question stays open after it.
    """
    by_name = {tool.name: tool for tool in tools}
    level, seen = {frozenset(by_name)}, set()
    for asked in range(ENOUGH):
        if any(open_names == {goal} for open_names in level):
            return asked
        seen |= level
        level = {after for names in level for after in _answers(goal, names, by_name)} - seen
        if not level:
            break
    return ENOUGH


def refusal_questions(goal: Tool, shown: Sequence[Tool]) -> int:
    """The fewest facet questions after which none of the tools shown fits; `ENOUGH` when no questions show that.

    One tool that is left over is none that fits: the user says so where the answer would settle on it.
    """
    by_name = {tool.name: tool for tool in (*shown, goal)}
    level, seen = {frozenset(tool.name for tool in shown)}, set()
    for asked in range(1, ENOUGH):
        seen |= level
        level = {after for names in level for after in _left(goal.name, names, by_name)} - seen
        if any(len(names) < 2 for names in level):
            return asked
    return ENOUGH


def cornering(goal: Tool, shown: Sequence[Tool]) -> frozenset[str]:
    """Those of the tools shown, all wrong, that some questions leave alone to a user who answers them as it is.

    Without such tools a question comes to none of whose options the user can agree, and nobody has to deny the truth.
    """
    by_name = {tool.name: tool for tool in (*shown, goal)}
    level, seen = {frozenset(tool.name for tool in shown)}, set()
    for _ in range(TALKED_THROUGH + 1):
        seen |= level
        level = {after for names in level if len(names) > 1 for after in _left(goal.name, names, by_name)} - seen
    return frozenset(name for names in seen if len(names) == 1 for name in names)


def elsewhere(goal: Tool, shown: Sequence[Tool]) -> tuple[str, ...]:
    """Names of the tools shown, without those for the goal's task in a place that the goal's thing lies in too.

    "Inside a site" is true of what lies in a site of a group, so nobody could say that none fits; nor could who wants
    to see a list of a thing where it may be looked up.
    """
    mine = profile(goal)
    found = ((tool.name, profile(tool)) for tool in shown)
    return tuple(
        name
        for name, item in found
        if item.resource != mine.resource
        or (
            {item.action, mine.action} != {"get", "list"}
            and (item.action != mine.action or not {*(item.within or ())} < {*(mine.within or ())})
        )
    )


def _left(goal: str, names: frozenset[str], by_name: dict[str, Tool]) -> set[frozenset[str]]:
    """What of the tools stays open after each question that tells some of them apart and whose answer the user has."""
    asked = {facet.key for facet in facets([by_name[name] for name in sorted(names)])}
    known = facets([by_name[name] for name in sorted({*names, goal})])
    return {
        frozenset(name for name in names if facet.answers.get(name, facet.answers[goal]) == facet.answers[goal])
        for facet in known
        if facet.key in asked and goal in facet.answers
    }


def _answers(goal: str, names: frozenset[str], by_name: dict[str, Tool]) -> set[frozenset[str]]:
    """What stays open after each question that can be asked now and whose answer the user has."""
    return {
        frozenset(name for name in names if facet.answers.get(name, facet.answers[goal]) == facet.answers[goal])
        for facet in facets([by_name[name] for name in sorted(names)])
        if goal in facet.answers
    }


def value_rounds(scenario: Scenario, goal: Tool, asked: int) -> int:
    """Questions asked in all once every required value is known, after `asked` questions about the tool.

    Unasked, a user states the values of the first stage, and with every further question about the tool those of the
    stage before; asked for values, all whose stage has come.
    """
    gold = scenario.gold_arguments
    known = {name: gold[name] for name in gold if _staged(scenario, name) and scenario.stage_of(name) <= max(1, asked)}
    while asked < ENOUGH:
        missing = [name for name in required_for(goal, known) if name not in known]
        if not missing:
            break
        asked += 1
        known |= {name: gold[name] for name in gold if scenario.stage_of(name) <= asked + 1}
    return asked


def _staged(scenario: Scenario, name: str) -> bool:
    return any(name in stage.revealed for stage in scenario.stages)
