"""Scenarios: who asks, for what, among which tools, and what they may say when (METHOD.md §2)."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import cycle, islice
from typing import Any

from ruamel.yaml import YAML

from ..catalog.arguments import required_for, sample_arguments, validate
from ..catalog.facets import plain_words, profile
from ..errors import CatalogError, problem_list
from ..records.base import content_id, derived_seed
from ..records.scenario import TIERS, Bank, Dial, InformationStage, Persona, Scenario, Setting, Tier
from ..records.tool import Catalog, Tool
from ..settings import DATA_DIR
from .candidates import ANY_NEAR, Nearness, Neighbourhood, neighbourhood
from .effort import ENOUGH, questions_needed, selection_questions

__all__ = [
    "DEFAULT_MIX",
    "available_tiers",
    "draw_scenarios",
    "effective_mix",
    "personas",
    "questions_needed",
    "scenario_for",
]

DEFAULT_MIX: dict[Tier, float] = {"baseline": 0.4, "medium": 0.3, "hard": 0.2, "expert": 0.1}
DISTRACTORS: dict[Tier, tuple[int, int]] = {"baseline": (2, 3), "medium": (4, 5), "hard": (4, 5), "expert": (4, 6)}
"""Fewest and most distractors of each tier (METHOD.md §2, Difficulty)."""
EXPERT_QUESTIONS = 3
"""Clarifying questions from which on a scenario counts as expert."""
DIAL_SHARE = 0.2
CONFIRM_SHARE = 1 / 3
"""Drawn without a look at the goal, so that the system turn gives nothing away."""
OPTIONAL_SHARE = 0.25
MOST_VALUES = 6
"""A person does not dictate more values than this in one request, if another goal tool will do."""
ATTEMPTS = 24
"""Goal tools tried for one scenario before its tier is given up for the next easier one."""
FURTHER = 200
"""Goal tools tried after that for a scenario of any tier, before the draw ends with an error."""
DIALS: tuple[Dial, ...] = (
    "terse", "corrects", "changes_mind", "two_values", "digresses", "impatient", "answers_other_first",
)  # fmt: skip
PLACES = (
    ("en-US", "America/New_York"), ("en-US", "America/Los_Angeles"), ("en-US", "America/Chicago"),
    ("en-GB", "Europe/London"), ("en-GB", "Europe/Berlin"), ("en-AU", "Australia/Sydney"), ("en-CA", "America/Toronto"),
)  # fmt: skip
FIRST_DAY = dt.date(2025, 1, 6)
DAYS = 700
"""System turns state a day of the two years from `FIRST_DAY` on."""
GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, fill the unit interval evenly: any stretch of scenarios holds the mix nearly exactly."""


def draw_scenarios(
    catalog: Catalog,
    count: int,
    seed: int,
    *,
    mix: Mapping[Tier, float] | None = None,
    goal_tools: Sequence[str] | None = None,
    no_tool_share: float = 0.1,
    bank: Bank = "generation",
    start: int = 0,
    nearness: Nearness = ANY_NEAR,
) -> Iterator[Scenario]:
    """`count` scenarios, numbers `start`, `start + 1`, …; each depends on the catalog, `seed` and its number only.

    So any worker can draw any part. `goal_tools` (cleaned or original names) limits what is asked for, `nearness` what
    stands beside it. CatalogError when the catalog holds no three tools that words tell apart and that closeness and
    banned pairs let stand together, or a goal tool is unknown.
    """
    drawer = _Drawer(catalog, seed, mix or DEFAULT_MIX, goal_tools, no_tool_share, bank, nearness)
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
        rng=rng,
        seed=seed,
    )
    return _rebuilt(scenario, tier=tier_of(scenario, shown))


def tier_of(scenario: Scenario, tools: Sequence[Tool]) -> Tier:
    """The hardest tier whose definition a scenario meets (METHOD.md §2, Difficulty)."""
    goal = next(tool for tool in tools if tool.name == scenario.goal_tool)
    if scenario.questions_needed >= EXPERT_QUESTIONS:
        return "expert"
    if is_conditional(goal):
        return "hard"
    return "medium" if len(scenario.distractors) >= DISTRACTORS["medium"][0] else "baseline"


def available_tiers(catalog: Catalog, nearness: Nearness = ANY_NEAR) -> tuple[Tier, ...]:
    """The tiers that this catalog can hold, easiest first."""
    return tuple(tier for tier, share in effective_mix(catalog, nearness=nearness).items() if share)


def effective_mix(
    catalog: Catalog, mix: Mapping[Tier, float] | None = None, nearness: Nearness = ANY_NEAR
) -> dict[Tier, float]:
    """The shares that will be drawn: those of tiers the catalog does not hold are spread over the others."""
    return _Drawer(catalog, 0, mix or DEFAULT_MIX, None, 0.0, "generation", nearness).mix


@lru_cache(maxsize=1)
def personas(count: int = 960) -> tuple[Persona, ...]:
    """`count` different personas, composed of the lists in data/personas.yaml."""
    parts = YAML(typ="safe").load((DATA_DIR / "personas.yaml").read_text(encoding="utf-8"))
    names, roles, seniorities, styles = (parts[key] for key in ("names", "roles", "seniorities", "styles"))
    return tuple(
        Persona(
            name=names[i % len(names)],
            **roles[(i * 7 + i // len(names)) % len(roles)],
            seniority=seniorities[(i + i // len(roles)) % len(seniorities)],
            style=styles[(i + i // len(seniorities)) % len(styles)],
        )
        for i in range(count)
    )


class _Drawer:
    """What all scenarios of one draw share: the goal tools by tier, the mix, the neighbourhood."""

    def __init__(
        self,
        catalog: Catalog,
        seed: int,
        mix: Mapping[Tier, float],
        goal_tools: Sequence[str] | None,
        no_tool_share: float,
        bank: Bank,
        nearness: Nearness,
    ) -> None:
        self.catalog, self.seed, self.no_tool_share = catalog, seed, no_tool_share
        self.bank: Bank = bank
        self.near: Neighbourhood = neighbourhood(catalog, nearness)
        self.goals = _shuffled(_goals(catalog, goal_tools), derived_seed("goals", catalog.version, seed))
        self.conditional = tuple(tool for tool in self.goals if is_conditional(tool))
        self.mix = self._available(mix)

    def scenario(self, index: int) -> Scenario:
        """Scenario number `index`."""
        rng = random.Random(derived_seed("scenario", self.catalog.version, self.seed, index))
        offset = random.Random(derived_seed("offset", self.seed)).random()
        tier = _at_share(self.mix, (offset + index * GOLDEN) % 1.0)
        for possible in self._tiers_from(tier):
            for attempt in range(ATTEMPTS):
                found = self._attempt(possible, self._goal(possible, index, attempt, rng), rng)
                if found:
                    return found
        return self._further(index, rng)

    def _further(self, index: int, rng: random.Random) -> Scenario:
        """A scenario round any goal tool, of the easiest tier, where bounds leave few of them any distractors."""
        for goal in islice(cycle(self.goals), index, index + min(FURTHER, len(self.goals))):
            for tier in self.mix:
                found = self._attempt(tier, goal, rng)
                if found:
                    return found
        raise CatalogError(_no_tiers(self.catalog, self.near.nearness))

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

    def _attempt(self, tier: Tier, goal: Tool, rng: random.Random) -> Scenario | None:
        """A scenario of this tier round this goal tool; None when the catalog or the goal does not allow it."""
        fewest, most = DISTRACTORS[tier]
        no_tool = rng.random() < self.no_tool_share
        names = self.near.distractors(goal.name, rng.randint(fewest, most) + no_tool, rng)
        if names is None:
            return None
        distractors = self.catalog.subset(names)
        if tier == "hard" and not is_interdependent(goal, distractors):
            return None
        setting = draw_setting(rng)
        gold = draw_arguments(goal, rng, setting)
        shown = list(distractors) if no_tool else [goal, *distractors]
        rng.shuffle(shown)
        selection = 1 if no_tool else selection_questions(goal.name, shown)
        if selection >= ENOUGH:
            return None
        scenario = _build(
            self.catalog,
            tier=tier,
            goal=goal,
            gold=gold,
            candidates=[tool.name for tool in shown],
            distractors=names,
            stages=draw_stages(goal, gold, selection, tier, rng),
            setting=setting,
            rng=rng,
            seed=rng.getrandbits(48),
            dial=draw_dial(rng, gold),
            bank=self.bank,
        )
        expert = scenario.questions_needed >= EXPERT_QUESTIONS
        return scenario if no_tool or expert == (tier == "expert") else None

    def _available(self, mix: Mapping[Tier, float]) -> dict[Tier, float]:
        """The shares of the tiers that can be drawn, scaled to one."""
        asked: dict[Tier, float] = {tier: mix.get(tier, 0.0) for tier in TIERS}
        held: dict[Tier, float] = {tier: share for tier, share in asked.items() if share > 0 and self._holds(tier)}
        if not held:
            raise CatalogError(_no_tiers(self.catalog, self.near.nearness))
        total = sum(held.values())
        return dict(zip(held, (share / total for share in held.values()), strict=True))

    def _holds(self, tier: Tier) -> bool:
        """Whether any goal tool gives a scenario of this tier, found by trying a bounded number of them."""
        rng = random.Random(derived_seed("holds", self.catalog.version, tier))
        pool = (self.conditional + self.goals) if tier == "hard" else self.goals
        return any(self._attempt(tier, goal, rng) for goal in pool[:200] for _ in range(2))


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
    rng: random.Random,
    seed: int,
    dial: Dial | None = None,
    bank: Bank = "generation",
) -> Scenario:
    """The scenario with its persona, its questions needed and its id, which names all of its content."""
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
        persona=rng.choice(personas()),
        stages=tuple(stages),
        dial=dial,
        setting=setting,
        questions_needed=0,
        bank=bank,
        seed=seed,
    )
    return _rebuilt(scenario, questions_needed=questions_needed(scenario, catalog.subset(list(candidates))))


def _rebuilt(scenario: Scenario, **changes: Any) -> Scenario:
    """The scenario with these fields changed and named anew by its content."""
    fields = scenario.model_dump(mode="json") | changes
    del fields["id"]
    return Scenario(id=content_id(fields), **fields)


def draw_setting(rng: random.Random) -> Setting:
    """Today's date, a locale and its zone, and whether destructive calls are to be confirmed."""
    locale, zone = rng.choice(PLACES)
    today = FIRST_DAY + dt.timedelta(days=rng.randrange(DAYS))
    return Setting(today=today, locale=locale, time_zone=zone, confirm_destructive=rng.random() < CONFIRM_SHARE)


def draw_dial(rng: random.Random, gold: Mapping[str, Any]) -> Dial | None:
    """A behaviour in one scenario of five, among those that the values at hand allow."""
    if rng.random() >= DIAL_SHARE:
        return None
    needs = {"corrects": 1, "two_values": 2}
    return rng.choice([dial for dial in DIALS if len(gold) >= needs.get(dial, 0)])


def draw_arguments(
    tool: Tool, rng: random.Random, setting: Setting, wanted: Sequence[str] | None = None
) -> dict[str, Any]:
    """Arguments valid against the tool's schema: the required ones, and `wanted` or at most two others."""
    if wanted is None and profile(tool).action == "update":
        wanted = _changes(tool, rng)
    share = 1.0 if wanted else OPTIONAL_SHARE
    arguments = sample_arguments(tool, rng, share, setting.locale, setting.today)
    keep = set(wanted or ())
    optional = [name for name in arguments if name not in required_for(tool, arguments) and name not in keep]
    speakable = [name for name in optional if is_speakable(tool.properties.get(name, {}))]
    dropped = [name for name in optional if wanted or name not in speakable[:2]]
    for name in dropped:
        fewer = {key: value for key, value in arguments.items() if key != name}
        if not validate(tool, fewer):
            arguments = fewer
    return arguments


def _changes(tool: Tool, rng: random.Random) -> list[str]:
    """One or two optional parameters to change, so that an update has something to update; none where it has none."""
    optional = [name for name, schema in tool.properties.items() if name not in tool.required and is_speakable(schema)]
    return rng.sample(optional, min(len(optional), rng.randint(1, 2)))


def draw_stages(
    goal: Tool, gold: Mapping[str, Any], selection: int, tier: Tier, rng: random.Random
) -> tuple[InformationStage, ...]:
    """From which user turn on each value may be revealed; `selection` questions about the tool come first.

    Most requests lack a mandatory value at first (METHOD.md §1), and the shares keep dialogues at 2.3 to 3.2 assistant
    turns (§2): in a third all is said at once, in the others the rest comes when asked. An expert's values come late
    enough that three questions are needed.
    """
    names = list(gold)
    rng.shuffle(names)
    if tier == "expert":
        turns = _late_turns(names, selection)
    elif rng.random() < 0.4:
        turns = dict.fromkeys(names, 1)
    else:
        first = rng.randint(0, max(0, len(names) - 1))
        turns = {name: 1 if place < first else 2 for place, name in enumerate(names)}
    order = [name for name in goal.properties if name in turns]
    return tuple(
        InformationStage(turn=turn, revealed=tuple(name for name in order if turns[name] == turn))
        for turn in sorted(set(turns.values()))
    )


def _late_turns(names: Sequence[str], selection: int) -> dict[str, int]:
    """User turns such that the values are complete only after three questions: the last at turn 4, some before it."""
    first = selection + 2
    last = max(first, EXPERT_QUESTIONS + 1)
    return {name: last if place == 0 else min(last, 1 + place % last) for place, name in enumerate(names)}


def business_goal(tool: Tool) -> str:
    """What a user of the tool wants, as a short phrase of the document's own words or, without any, of its name's."""
    text = (tool.summary or tool.description).strip().split("\n")[0].split(". ")[0].rstrip(".")
    words = text if 0 < len(text) <= 120 else plain_words(tool.original_name)
    return words[:1].lower() + words[1:] if not words[:2].isupper() else words


CONDITIONS = ("if", "dependentRequired", "dependentSchemas", "oneOf", "anyOf")


def is_conditional(tool: Tool) -> bool:
    """Whether the tool's schema makes what is required depend on what is chosen."""
    schemas = [tool.parameters, *(part for part in tool.parameters.get("allOf", ()) if isinstance(part, dict))]
    return any(schema.get(key) for schema in schemas for key in CONDITIONS)


def is_interdependent(goal: Tool, distractors: Sequence[Tool]) -> bool:
    """Whether what must be asked depends on an earlier choice: by the goal's schema, or by which tool is chosen."""
    return is_conditional(goal) or len({frozenset(tool.required) for tool in (goal, *distractors)}) > 1


def is_speakable(schema: Any, depth: int = 0) -> bool:
    """Whether a person can say a value of this schema in a sentence: no free-form objects, no lists of objects."""
    if not isinstance(schema, dict) or depth > 1:
        return False
    if "enum" in schema or "const" in schema:
        return True
    match schema.get("type"):
        case "string" | "integer" | "number" | "boolean":
            return True
        case "array":
            return isinstance(items := schema.get("items"), dict) and items.get("type") in (
                "string",
                "integer",
                "number",
            )
        case "object":
            fields = schema.get("properties", {})
            needed = [fields.get(name) for name in schema.get("required", ())] or list(fields.values())
            return 0 < len(needed) <= 4 and all(is_speakable(field, depth + 1) for field in needed)
    return False


def _goals(catalog: Catalog, names: Sequence[str] | None) -> tuple[Tool, ...]:
    """The tools that may be asked for: those named, else those whose required values a person can say, if any."""
    if names is not None:
        _check_names(catalog, names)
        return tuple({tool.name: tool for tool in catalog.subset(list(names))}.values())
    tools = tuple(tool for tool in catalog.tools if not tool.deprecated) or catalog.tools
    fit = tuple(
        tool
        for tool in tools
        if len(tool.required) <= MOST_VALUES and all(is_speakable(tool.properties[name]) for name in tool.required)
    )
    return fit or tools


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
