"""Models in live conversations with the simulated user, and against stored dialogues (METHOD.md §4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from ..catalog.importing import load_catalog
from ..conversation.assistants import Assistant, View
from ..conversation.chat_models import in_flight_of
from ..conversation.in_flight import as_they_end, in_order
from ..conversation.model_specs import open_assistant
from ..conversation.prompts import parse_turn
from ..conversation.rollout import MAX_ASSISTANT_TURNS, Ended, is_goal_call, run_rollout, says_none_fits
from ..conversation.simulated_user import ScriptedUser
from ..errors import CatalogError, DataError, DiaForgeError, ModelError, problem_list
from ..records.base import content_id, derived_seed
from ..records.dialogue import NOT_ACCEPTED, Dialogue, Turn
from ..records.scenario import Scenario
from ..records.tool import Catalog, Tool
from ..records.trace import Trace
from ..settings import models_dir as default_models_dir
from ..settings import workspace_dir
from .metrics import ALIASES, METRICS, Estimate, Measurements, measure, metric, unknown_metrics
from .outcomes import grade
from .user_audit import audit

SIMULATORS: tuple[str, ...] = ("interactive", "scripted")
"""Names of the embedded simulated user, which answers live; both mean the same."""


class Results(Mapping[str, float]):
    """Metric name → value as a plain float, nan where it was not measured; everything else stands beside it."""

    def __init__(self, measurements: Measurements, traces: Sequence[Trace], described: Mapping[str, str]) -> None:
        self.measurements = measurements
        self.traces: tuple[Trace, ...] = tuple(traces)
        self.descriptions: dict[str, str] = dict(described)
        """Metric name as it was asked for → its description."""

    def __getitem__(self, name: str) -> float:
        """The value of any metric key or alias, asked for or not; KeyError for another name."""
        estimate = self.estimate(name)
        return estimate.value if estimate else math.nan

    def __iter__(self) -> Iterator[str]:
        return iter(self.descriptions)

    def __len__(self) -> int:
        return len(self.descriptions)

    def estimate(self, name: str) -> Estimate | None:
        """The value with its interval; None where it was not measured; KeyError for a name that is no metric."""
        key = ALIASES.get(name, name)
        if key not in METRICS:
            raise KeyError(unknown_metrics([name]))
        return self.measurements.values.get(key)

    @property
    def intervals(self) -> dict[str, tuple[float, float] | None]:
        """Metric name → ends of its 95 % interval; None where it was not measured."""
        found = {name: self.estimate(name) for name in self}
        return {name: (estimate.low, estimate.high) if estimate else None for name, estimate in found.items()}

    @property
    def counts(self) -> dict[str, int]:
        """Metric name → number of scenarios it is measured on."""
        return {name: estimate.n if (estimate := self.estimate(name)) else 0 for name in self}

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome → episodes with a right tool in view that ended so."""
        return self.measurements.outcomes

    @property
    def no_tool_outcomes(self) -> dict[str, int]:
        """Outcome → episodes without a right tool in view that ended so."""
        return self.measurements.no_tool_outcomes

    def __str__(self) -> str:
        """One line a metric: its name, value, interval, number of scenarios and description."""
        return "\n".join(self._line(name) for name in self)

    def __repr__(self) -> str:
        return f"Results({', '.join(f'{name}={self[name]:.3f}' for name in self)})"

    def _line(self, name: str) -> str:
        estimate = self.estimate(name)
        if estimate is None:
            return f"{name}: not measured  ({self.descriptions[name]})"
        number = "{:.1%}" if metric(name).share else "{:.2f}"
        low, high = number.format(estimate.low), number.format(estimate.high)
        return f"{name}: {number.format(estimate.value)} [{low}, {high}], n={estimate.n}  ({self.descriptions[name]})"


class DynamicEvaluator:
    """Evaluates assistants on one catalog's scenarios."""

    def __init__(
        self,
        user_simulator: str = "interactive",
        api_catalog: str | Path | Catalog = "enterprise_apis.json",
        models_dir: Path | None = None,
    ) -> None:
        """`api_catalog` is a catalog or a file, looked for as a path, then in data/. DataError for an unknown user."""
        if user_simulator not in SIMULATORS:
            raise DataError(f"There is no user simulator '{user_simulator}'. Use one of: {', '.join(SIMULATORS)}.")
        self.catalog = api_catalog if isinstance(api_catalog, Catalog) else load_catalog(api_catalog)
        self.models_dir = models_dir or default_models_dir(workspace_dir())

    def evaluate(
        self,
        model: Any,
        test_scenarios: Iterable[Scenario | Dialogue],
        metrics: Mapping[str, str] | None = None,
        trials: int = 1,
        seed: int = 0,
        on_trace: Callable[[Trace], None] | None = None,
    ) -> Results:
        """The numbers of a model over scenarios, or over the scenarios of dialogues.

        `model` is what `train` returns, a model spec, an assistant or a callable from `View` to a turn or its text.
        `metrics` maps names to descriptions for the report; all metrics by default. DataError for unknown metric names
        or without any scenario, ModelError for a model that cannot be had, CatalogError for tools the catalog lacks.
        """
        described = _described(metrics)
        scenarios = scenarios_of(test_scenarios)
        check_scenarios(self.catalog, scenarios)
        assistant = assistant_of(model, self.models_dir)
        traces = []
        for trace in evaluate_scenarios(self.catalog, scenarios, assistant, trials=trials, seed=seed):
            traces.append(trace)
            if on_trace:
                on_trace(trace)
        return Results(measure(traces, tools_by_name(self.catalog)), traces, described)


def evaluate_scenarios(
    catalog: Catalog,
    scenarios: Iterable[Scenario],
    assistant: Assistant,
    *,
    trials: int = 1,
    seed: int = 0,
    skip: Collection[tuple[str, int]] = frozenset(),
    at_once: int | None = None,
) -> Generator[Trace, None, None]:
    """One graded and audited trace for each scenario and trial that is not in `skip`, scenario by scenario.

    `skip` holds (scenario id, trial) of the episodes that a run has already; what is left comes out as it would have.
    `seed` redraws the user's wording of all of them; 0 keeps the scenarios' own. `at_once` conversations go on at the
    same time, by default as many as suit the assistant's model; the traces are the same. CatalogError, before anything
    is played, if the catalog lacks tools that scenarios name.
    """
    play_one, episodes = _episodes(catalog, scenarios, assistant, trials, seed, skip)
    return in_order(play_one, episodes, at_once or in_flight_of(assistant))


def evaluate_as_they_end(
    catalog: Catalog,
    scenarios: Iterable[Scenario],
    assistant: Assistant,
    *,
    trials: int = 1,
    seed: int = 0,
    skip: Collection[tuple[str, int]] = frozenset(),
    at_once: int | None = None,
    check: Callable[[], None] | None = None,
) -> Generator[Trace, None, None]:
    """As `evaluate_scenarios`, but each trace comes when its conversation ends; `in_plan_order` puts them in order.

    `check` is called all along. Once it raises no conversation is begun; those that end all the same come out first.
    """
    play_one, episodes = _episodes(catalog, scenarios, assistant, trials, seed, skip)
    return as_they_end(play_one, episodes, at_once or in_flight_of(assistant), check)


def in_plan_order(traces: Iterable[Trace], scenarios: Sequence[Scenario]) -> list[Trace]:
    """The traces scenario by scenario and trial by trial, whenever each came."""
    places = {scenario.id: place for place, scenario in enumerate(scenarios)}
    return sorted(traces, key=lambda trace: (places[trace.scenario.id], trace.trial))


def _episodes(
    catalog: Catalog,
    scenarios: Iterable[Scenario],
    assistant: Assistant,
    trials: int,
    seed: int,
    skip: Collection[tuple[str, int]],
) -> tuple[Callable[[tuple[Scenario, int]], Trace], Iterator[tuple[Scenario, int]]]:
    """How to play one episode, and those to play."""
    listed = list(scenarios)
    check_scenarios(catalog, listed)
    by_name = tools_by_name(catalog)
    episodes = ((scenario, trial) for scenario in listed for trial in range(trials) if (scenario.id, trial) not in skip)
    return lambda episode: play(for_evaluation(episode[0], seed), by_name, assistant, episode[1]), episodes


def play(scenario: Scenario, by_name: Mapping[str, Tool], assistant: Assistant, trial: int) -> Trace:
    """The graded and audited trace of one live conversation."""
    candidates = [by_name[name] for name in scenario.candidates]
    known = candidates if scenario.solvable else [*candidates, by_name[scenario.goal_tool]]
    user = ScriptedUser(scenario, known, trial)
    trace = run_rollout(scenario, candidates, user, assistant, trial=trial, stop_at_wrong_call=False)
    return judged(trace, by_name)


def judged(trace: Trace, by_name: Mapping[str, Tool]) -> Trace:
    """The trace with its outcome and the audit of its user side."""
    names = dict.fromkeys([*trace.scenario.candidates, trace.scenario.goal_tool])
    marks = audit(trace, [by_name[name] for name in names])
    return grade(Trace.model_validate(trace.model_dump() | {"audit": marks}), by_name)


def evaluate_static(
    catalog: Catalog,
    dialogues: Iterable[Dialogue],
    assistant: Assistant,
    *,
    history: Literal["gold", "own"] = "gold",
) -> Generator[Trace, None, None]:
    """One graded trace a dialogue: the user's turns stay as stored, the assistant's are the model's own.

    `history="gold"` shows the model the stored assistant turns before each of its own, `"own"` what it said itself. The
    trace holds the model's turns either way; it ends like a live one, or with the stored user turns (`turn_limit`).
    """
    by_name = tools_by_name(catalog)
    listed = list(dialogues)
    check_scenarios(catalog, [dialogue.scenario for dialogue in listed])
    return (_static_trace(dialogue, by_name, assistant, history) for dialogue in listed)


def for_evaluation(scenario: Scenario, seed: int = 0) -> Scenario:
    """The scenario with its user in the wording bank that no training data comes from, and redrawn for `seed` > 0."""
    changes: dict[str, Any] = {"bank": "evaluation"}
    if seed:
        changes["seed"] = derived_seed("evaluation", scenario.seed, seed)
    return Scenario.model_validate(scenario.model_dump() | changes)


def scenarios_of(given: Iterable[Scenario | Dialogue]) -> list[Scenario]:
    """The scenarios, each once, in order; DataError if there is none or something else is among them."""
    found: dict[str, Scenario] = {}
    for item in given:
        scenario = item.scenario if isinstance(item, Dialogue) else item
        if not isinstance(scenario, Scenario):
            raise DataError(f"Test scenarios are scenarios or dialogues, not {type(item).__name__}.")
        found.setdefault(scenario.id, scenario)
    if not found:
        raise DataError("There is no scenario to evaluate on. Give at least one scenario or dialogue.")
    return list(found.values())


def check_scenarios(catalog: Catalog, scenarios: Iterable[Scenario]) -> None:
    """CatalogError that lists every tool the scenarios name and the catalog lacks; else nothing."""
    missing: dict[str, list[str]] = {}
    for scenario in scenarios:
        for name in dict.fromkeys([*scenario.candidates, scenario.goal_tool]):
            if name not in catalog:
                missing.setdefault(name, []).append(scenario.id)
    if missing:
        headline = f"Catalog '{catalog.name}' lacks {len(missing)} of the tools that the scenarios name."
        problems = [(name, f"named by {len(ids)} scenario(s), such as {ids[0]}") for name, ids in missing.items()]
        raise CatalogError(
            problem_list(headline, problems, "Use the catalog version they were made from, or draw new scenarios.")
        )


def tools_by_name(catalog: Catalog) -> dict[str, Tool]:
    """Every tool of the catalog by its original and its cleaned name."""
    return {tool.original_name: tool for tool in catalog.tools} | {tool.name: tool for tool in catalog.tools}


def assistant_of(model: Any, models_dir: Path) -> Assistant:
    """The assistant that `model` stands for; ModelError if it is nothing that can act."""
    if isinstance(model, str):
        return open_assistant(model, models_dir)
    if hasattr(model, "act"):
        return model
    if isinstance(getattr(model, "spec", None), str):
        return open_assistant(model.spec, models_dir)
    if callable(model):
        return CallableAssistant(cast(Callable[[View], Turn | str], model))
    raise ModelError(
        f"A {type(model).__name__} is not a model. Give a model spec such as 'smollm2', what train() returned, or a "
        "function from a view to a turn."
    )


class CallableAssistant:
    """A plain function as an assistant; text that it returns is parsed like a model's."""

    def __init__(self, function: Callable[[View], Turn | str]) -> None:
        self.spec = f"callable:{getattr(function, '__name__', type(function).__name__)}"
        self._function = function

    def act(self, view: View, seed: int) -> Turn:
        """The function's turn; ModelError if it returns neither a turn nor text."""
        answer = self._function(view)
        if isinstance(answer, str):
            return parse_turn(answer)
        if isinstance(answer, Turn):
            return answer
        raise ModelError(f"{self.spec} returned {type(answer).__name__}; it must return a Turn or text.")


def _described(metrics: Mapping[str, str] | None) -> dict[str, str]:
    """Metric name → description; DataError that names all unknown ones and lists the known."""
    if metrics is None:
        return {key: found.description for key, found in METRICS.items()}
    unknown = [name for name in metrics if ALIASES.get(name, name) not in METRICS]
    if unknown:
        raise DataError(unknown_metrics(unknown))
    return {name: text or metric(name).description for name, text in metrics.items()}


def _static_trace(dialogue: Dialogue, by_name: Mapping[str, Tool], assistant: Assistant, history: str) -> Trace:
    scenario = dialogue.scenario
    tools = tuple(by_name[name] for name in scenario.candidates)
    own: list[Turn] = []
    ended: Ended = "turn_limit"
    error = ""
    try:
        for number, (before, said) in enumerate(_positions(dialogue), 1):
            own.append(said)
            shown = (*before, said) if history == "gold" else tuple(own)
            turn = assistant.act(
                View(tools=tools, setting=scenario.setting, turns=shown), _static_seed(scenario, number)
            )
            own.append(turn)
            if turn.call and is_goal_call(scenario, turn.call):
                ended = "call"
                break
            if turn.call:
                own.append(Turn(speaker="tool", reply=NOT_ACCEPTED))
            elif says_none_fits(turn, tools):
                ended = "none_fits"
                break
    except DiaForgeError as problem:
        ended, error = "error", str(problem)
    trace = Trace(
        id=content_id(dialogue.id, dialogue.version, assistant.spec, history),
        scenario=scenario,
        turns=tuple(own),
        assistant=assistant.spec,
        user=f"stored turns, {history} history",
        ended=ended,
        error=error,
    )
    return grade(trace, by_name)


def _static_seed(scenario: Scenario, number: int) -> int:
    return derived_seed("assistant", scenario.seed, 0, number)


def _positions(dialogue: Dialogue) -> Iterator[tuple[tuple[Turn, ...], Turn]]:
    """(turns before, user turn) wherever the assistant is next, at most `MAX_ASSISTANT_TURNS` times."""
    places = [index for index, turn in enumerate(dialogue.turns) if turn.speaker == "user"]
    for index in places[:MAX_ASSISTANT_TURNS]:
        yield dialogue.turns[:index], dialogue.turns[index]
