"""Scenarios: who asks, for what, among which tools, and what they may say when (METHOD.md §2)."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import cycle, islice
from typing import Any

from ..errors import CatalogError, problem_list
from ..records.base import content_id, derived_seed
from ..records.scenario import TIERS, Bank, Dial, DialEvent, InformationStage, Persona, Scenario, Setting, Tier
from ..records.tool import Catalog, Tool
from .candidates import ANY_NEAR, ByVersion, Nearness, neighbourhood, text_vectors
from .choices import ANY_CHOICE, DEFAULT_MIX, Choices
from .dials import DIALS, Plan, draw_dial
from .effort import ENOUGH, cornering, elsewhere, questions_needed, refusal_questions, selection_questions
from .gold import business_goal, draw_arguments, draw_stages, is_worth_asking
from .personas import Askers, personas
from .tiers import DISTRACTORS, EXPERT_QUESTIONS, is_conditional, is_interdependent, tier_of

__all__ = [
    "DEFAULT_MIX",
    "Choices",
    "available_tiers",
    "draw_scenarios",
    "effective_mix",
    "questions_needed",
    "rebuilt",
    "scenario_for",
]

CONFIRM_SHARE = 1 / 3
"""Drawn without a look at the goal, so that the system turn gives nothing away."""
ATTEMPTS = 24
"""Goal tools tried for one scenario before its tier is given up for the next easier one."""
TRUTHFUL = 6
"""Of those, tried first for a set without a right tool in which the plain truth is enough to be refused."""
SPARE = 2
"""Tools drawn beyond those of such a set, since some are left out again."""
FURTHER = 200
"""Goal tools tried after that for a scenario of any tier, before the draw ends with an error."""
PLACES = (
    ("en-US", "America/New_York"), ("en-US", "America/Los_Angeles"), ("en-US", "America/Chicago"),
    ("en-GB", "Europe/London"), ("en-GB", "Europe/Berlin"), ("en-AU", "Australia/Sydney"), ("en-CA", "America/Toronto"),
)  # fmt: skip
FIRST_DAY = dt.date(2025, 1, 6)
DAYS = 700
"""System turns state a day of the two years from `FIRST_DAY` on."""
TIER_STEP, NO_TOOL_STEP, DIAL_STEP = 0.6180339887498949, 0.4142135623730951, 0.7320508075688772
"""Multiples of one, modulo 1, fill the unit interval evenly: any stretch of scenarios holds the shares nearly exactly.

No two of them are tied to each other, so each tier has its part of every share.
"""


def draw_scenarios(
    catalog: Catalog, count: int, seed: int, choices: Choices = ANY_CHOICE, *, start: int = 0
) -> Iterator[Scenario]:
    """`count` scenarios, numbers `start`, `start + 1`, …; each depends on catalog, seed, choices and its number only.

    So any worker can draw any part. CatalogError when the catalog holds no three tools that words tell apart and that
    closeness and banned pairs let stand together, or a goal tool is unknown.
    """
    drawer = _drawer(ByVersion(catalog), seed, choices)
    for index in range(start, start + count):
        yield drawer.scenario(index)


def scenario_for(
    catalog: Catalog,
    goal_tool: str,
    distractors: Sequence[str],
    stages: Sequence[InformationStage] | None = None,
    gold_arguments: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Scenario:
    """The scenario of this goal tool among these distractors (cleaned or original names).

    Without `stages` they are drawn; without `gold_arguments` they are sampled, every staged one included. The set is
    taken as given: a pin adds nothing to it. CatalogError lists all unknown names and stage keys at once, and what is
    known; so it does a banned pair.
    """
    goal, others = _named_tools(catalog, goal_tool, distractors)
    _check_bans(catalog, [goal.name, *(tool.name for tool in others)])
    _check_stage_keys(goal, stages or ())
    rng = random.Random(derived_seed("scenario for", catalog.version, goal.name, [o.name for o in others], seed))
    setting = draw_setting(rng)
    staged = [name for stage in stages or () for name in stage.revealed]
    gold = dict(gold_arguments) if gold_arguments is not None else draw_arguments(goal, rng, setting, staged)
    shown = [goal, *others]
    rng.shuffle(shown)
    if stages is None:
        tier: Tier = "baseline" if len(others) <= DISTRACTORS["baseline"][1] else "medium"
        stages = draw_stages(goal, gold, selection_questions(goal.name, shown), tier, rng)
    scenario = _build(
        catalog,
        tier="baseline",
        goal=goal,
        gold=gold,
        candidates=[tool.name for tool in shown],
        distractors=[tool.name for tool in others],
        stages=stages,
        setting=setting.model_copy(update={"confirm_destructive": False}),
        persona=Askers(personas()).draw(text_vectors([goal])[0], rng),
        seed=seed,
    )
    return rebuilt(scenario, tier=tier_of(scenario, shown))


def available_tiers(catalog: Catalog, choices: Choices = ANY_CHOICE) -> tuple[Tier, ...]:
    """The tiers that can be drawn as chosen, easiest first."""
    return tuple(effective_mix(catalog, choices))


def effective_mix(catalog: Catalog, choices: Choices = ANY_CHOICE) -> dict[Tier, float]:
    """The shares that will be drawn: those of tiers the catalog does not hold are spread over the others."""
    return dict(_drawer(ByVersion(catalog), 0, choices).mix)


class _Drawer:
    """What all scenarios of one draw share: the goal tools by tier, the mix, the neighbourhood."""

    def __init__(self, catalog: Catalog, seed: int, choices: Choices) -> None:
        self.catalog, self.seed, self.choices = catalog, seed, choices
        self.askers = Askers(choices.people)
        self.no_values: CatalogError | None = None
        """Why the last goal tool without any arguments has none."""
        self.near = neighbourhood(catalog, choices.nearness)
        self.goals = _shuffled(_goals(catalog, choices.goal_tools), derived_seed("goals", catalog.version, seed))
        self.conditional = tuple(tool for tool in self.goals if is_conditional(tool))
        self.mix = self._available(choices.mix)

    def scenario(self, index: int) -> Scenario:
        """Scenario number `index`."""
        rng = random.Random(derived_seed("scenario", self.catalog.version, self.seed, index))
        tier = _at_share(self.mix, self._point("offset", index * TIER_STEP))
        no_tool = self._point("no tool", index * NO_TOOL_STEP) < self.choices.no_tool_share
        disturbed = self._point("dial", index * DIAL_STEP) < self.choices.dial_share
        for possible in self._tiers_from(tier):
            for attempt in range(ATTEMPTS):
                goal = self._goal(possible, index, attempt, rng)
                plain = attempt < TRUTHFUL
                found = self._attempt(possible, goal, rng, no_tool=no_tool, plain=plain, disturbed=disturbed)
                if found:
                    return found
        return self._further(index, rng)

    def _point(self, what: str, step: float) -> float:
        """A point of the unit interval, `step` after where this draw starts for `what`."""
        return (random.Random(derived_seed(what, self.seed)).random() + step) % 1.0

    def _further(self, index: int, rng: random.Random) -> Scenario:
        """A scenario round any goal tool, of the easiest tier, where bounds leave few of them any distractors."""
        for goal in islice(cycle(self.goals), index, index + min(FURTHER, len(self.goals))):
            for tier in self.mix:
                found = self._attempt(tier, goal, rng)
                if found:
                    return found
        raise self.no_values or CatalogError(_no_tiers(self.catalog, self.choices.nearness))

    def _tiers_from(self, tier: Tier) -> tuple[Tier, ...]:
        """This tier, then the easier ones, then the harder ones, as far as the catalog holds them."""
        place = TIERS.index(tier)
        return tuple(t for t in (*reversed(TIERS[: place + 1]), *TIERS[place + 1 :]) if t in self.mix)

    def _goal(self, tier: Tier, index: int, attempt: int, rng: random.Random) -> Tool:
        """The next goal tool in turn, so that all are used about equally often; three tries, then the one after it."""
        pool = self.goals
        if tier == "hard" and self.conditional and rng.random() < 0.6:
            pool = self.conditional
        return pool[(index + attempt // 3) % len(pool)]

    def _attempt(
        self,
        tier: Tier,
        goal: Tool,
        rng: random.Random,
        *,
        no_tool: bool = False,
        plain: bool = False,
        disturbed: bool = False,
    ) -> Scenario | None:
        """A scenario of this tier round this goal tool; None when the catalog or the goal does not allow it.

        `plain`: without a right tool, the truth alone must lead the user to a refusal.
        """
        fewest, most = DISTRACTORS[tier]
        count = rng.randint(fewest, most) + no_tool
        names = self.near.distractors(goal.name, min(count + SPARE, most + 1) if no_tool else count, rng)
        if names and no_tool:
            names = elsewhere(goal, self.catalog.subset(names))
            names = self._truthful(goal, names, max(fewest + 1, count - 1)) if plain else names
        if names is None or len(names) < fewest:
            return None
        distractors = self.catalog.subset(names)
        if tier == "hard" and not is_interdependent(goal, distractors):
            return None
        setting = draw_setting(rng)
        gold = self._gold(goal, rng, setting)
        if gold is None:
            return None
        shown = list(distractors) if no_tool else [goal, *distractors]
        rng.shuffle(shown)
        selection = refusal_questions(goal, shown) if no_tool else selection_questions(goal.name, shown)
        if selection >= ENOUGH:
            return None
        stages = draw_stages(goal, gold, selection, tier, rng)
        dial, event = None, None
        if disturbed:
            plan = Plan(goal, gold, stages, names, setting)
            dial, event = draw_dial(self.choices.dials or DIALS, plan, rng)
        scenario = _build(
            self.catalog,
            tier=tier,
            goal=goal,
            gold=gold,
            candidates=[tool.name for tool in shown],
            distractors=names,
            stages=stages,
            setting=setting,
            persona=self.askers.draw(self.near.text_vector(goal.name), rng),
            seed=rng.getrandbits(48),
            dial=dial,
            event=event,
            bank=self.choices.bank,
            parent=self.choices.parent,
        )
        expert = scenario.questions_needed >= EXPERT_QUESTIONS
        return scenario if no_tool or expert == (tier == "expert") else None

    def _truthful(self, goal: Tool, names: tuple[str, ...], fewest: int) -> tuple[str, ...] | None:
        """The names without those that plain answers would leave as if they were right; None if too few are left."""
        left = names
        while stuck := cornering(goal, self.catalog.subset(left)) - set(self.near.pinned(goal.name)):
            left = tuple(name for name in left if name not in stuck)
            if len(left) < fewest:
                return None
        return left

    def _gold(self, goal: Tool, rng: random.Random, setting: Setting) -> dict[str, Any] | None:
        """Gold arguments; None, and the reason kept, where the goal's schema lets none be drawn."""
        try:
            return draw_arguments(goal, rng, setting)
        except CatalogError as problem:
            self.no_values = problem
            return None

    def _available(self, mix: Mapping[Tier, float]) -> dict[Tier, float]:
        """The shares of the tiers that can be drawn, scaled to one."""
        asked: dict[Tier, float] = {tier: mix.get(tier, 0.0) for tier in TIERS}
        held: dict[Tier, float] = {tier: share for tier, share in asked.items() if share > 0 and self._holds(tier)}
        if not held:
            raise self.no_values or CatalogError(_no_tiers(self.catalog, self.choices.nearness))
        total = sum(held.values())
        return dict(zip(held, (share / total for share in held.values()), strict=True))

    def _holds(self, tier: Tier) -> bool:
        """Whether any goal tool gives a scenario of this tier, found by trying a bounded number of them."""
        rng = random.Random(derived_seed("holds", self.catalog.version, tier))
        pool = (self.conditional + self.goals) if tier == "hard" else self.goals
        return any(self._attempt(tier, goal, rng) for goal in pool[:200] for _ in range(2))


@lru_cache(maxsize=8)
def _drawer(key: ByVersion, seed: int, choices: Choices) -> _Drawer:
    """Made once: a run asks for its scenarios a few at a time."""
    return _Drawer(key.catalog, seed, choices)


def _build(
    catalog: Catalog,
    *,
    tier: Tier,
    goal: Tool,
    gold: dict[str, Any],
    candidates: Sequence[str],
    distractors: Sequence[str],
    stages: Sequence[InformationStage],
    setting: Setting,
    persona: Persona,
    seed: int,
    dial: Dial | None = None,
    event: DialEvent | None = None,
    bank: Bank = "generation",
    parent: str = "",
) -> Scenario:
    """The scenario with its questions needed and its id, which names all of its content."""
    scenario = Scenario(
        id="0",
        catalog=catalog.name,
        catalog_version=catalog.version,
        tier=tier,
        goal_tool=goal.name,
        goal=business_goal(goal),
        gold_arguments=gold,
        candidates=tuple(candidates),
        distractors=tuple(distractors),
        persona=persona,
        stages=tuple(stages),
        dial=dial,
        event=event,
        setting=setting,
        questions_needed=0,
        bank=bank,
        seed=seed,
        parent=parent,
    )
    tools = catalog.subset(list(dict.fromkeys([*candidates, goal.name])))
    return rebuilt(scenario, questions_needed=questions_needed(scenario, tools))


def rebuilt(scenario: Scenario, **changes: Any) -> Scenario:
    """The scenario with these fields changed and named anew by all of its content."""
    fields = scenario.model_dump(mode="json") | changes
    del fields["id"]
    return Scenario(id=content_id(fields), **fields)


def draw_setting(rng: random.Random) -> Setting:
    """Today's date, a locale and its zone, and whether destructive calls are to be confirmed."""
    locale, zone = rng.choice(PLACES)
    today = FIRST_DAY + dt.timedelta(days=rng.randrange(DAYS))
    return Setting(today=today, locale=locale, time_zone=zone, confirm_destructive=rng.random() < CONFIRM_SHARE)


def _goals(catalog: Catalog, names: Sequence[str]) -> tuple[Tool, ...]:
    """The tools that may be asked for: those named, else those whose required values a person can say, if any."""
    if names:
        _check_names(catalog, names)
        return tuple({tool.name: tool for tool in catalog.subset(list(names))}.values())
    tools = tuple(tool for tool in catalog.tools if not tool.deprecated) or catalog.tools
    return tuple(tool for tool in tools if is_worth_asking(tool)) or tools


def _named_tools(catalog: Catalog, goal_tool: str, distractors: Sequence[str]) -> tuple[Tool, tuple[Tool, ...]]:
    _check_names(catalog, [goal_tool, *distractors])
    goal = catalog.tool(goal_tool)
    others = tuple({tool.name: tool for tool in catalog.subset(list(distractors)) if tool.name != goal.name}.values())
    if not others:
        raise CatalogError(
            f"'{goal_tool}' has no distractor: name at least one other tool of catalog '{catalog.name}'."
        )
    return goal, others


def _check_names(catalog: Catalog, names: Sequence[str]) -> None:
    """CatalogError that names every tool the catalog does not hold."""
    problems = []
    for name in names:
        try:
            catalog.tool(name)
        except CatalogError as problem:
            problems.append((name, str(problem)))
    if len(problems) == 1:
        raise CatalogError(problems[0][1])
    if problems:
        known = ", ".join(tool.original_name for tool in catalog.tools[:8])
        raise CatalogError(
            problem_list(
                f"Catalog '{catalog.name}' does not hold {len(problems)} of the tools asked for.",
                problems,
                f"Use names of the catalog, such as {known}.",
            )
        )


def _check_bans(catalog: Catalog, names: Sequence[str]) -> None:
    """CatalogError that names every banned pair among these tools."""
    clashes = [pair for pair in catalog.banned if set(pair) <= set(names)]
    if clashes:
        listed = ", ".join(" and ".join(tool.original_name for tool in catalog.subset(pair)) for pair in clashes)
        raise CatalogError(
            f"Banned from standing beside each other in catalog '{catalog.name}': {listed}. Choose other distractors, "
            "or lift the ban."
        )


def _check_stage_keys(goal: Tool, stages: Sequence[InformationStage]) -> None:
    """CatalogError that names every staged value the goal tool does not take, and those it does."""
    unknown = [name for stage in stages for name in stage.revealed if name not in goal.properties]
    if unknown:
        known = ", ".join(goal.properties) or "none"
        raise CatalogError(
            f"information_stages: {goal.original_name} has no parameter {', '.join(map(repr, unknown))}. "
            f"It takes: {known}. Correct the stage keys and try again."
        )


def _shuffled(tools: Sequence[Tool], seed: int) -> tuple[Tool, ...]:
    order = sorted(tools, key=lambda tool: tool.name)
    random.Random(seed).shuffle(order)
    return tuple(order)


def _at_share(mix: Mapping[Tier, float], point: float) -> Tier:
    """The tier in whose part of the unit interval the point lies."""
    for tier, share in mix.items():
        point -= share
        if point < 0:
            return tier
    return next(reversed(list(mix)))


def _no_tiers(catalog: Catalog, nearness: Nearness) -> str:
    """Why no scenario can be drawn and what to change, bounds and bans first, as they are the quickest to mend."""
    needs = (
        f"No scenario can be drawn from catalog '{catalog.name}' ({len(catalog.tools)} tools): it needs a tool with at "
        f"least {DISTRACTORS['baseline'][0]} others that a question can tell apart from it"
    )
    if nearness != ANY_NEAR:
        return (
            f"{needs}, each {nearness.floor:g} to {nearness.ceiling:g} close to it and among its {nearness.neighbours} "
            "nearest. Lower the floor of closeness, raise its ceiling, or look at more neighbours."
        )
    if catalog.banned:
        return f"{needs} and that are not banned from standing beside it. Lift some of the {len(catalog.banned)} bans."
    return f"{needs}. Import more of the API, or describe tools that read the same differently."
