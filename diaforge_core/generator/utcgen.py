"""UTC-Gen: scenarios in, verified dialogues out (METHOD.md §2)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..catalog.importing import load_catalog
from ..conversation.assistants import Assistant, Teacher
from ..conversation.in_flight import in_order
from ..conversation.rollout import User, run_rollout
from ..conversation.scenarios import scenario_for
from ..conversation.simulated_user import ScriptedUser
from ..conversation.verifiers import cascade
from ..errors import DataError, problem_list
from ..records.base import content_id
from ..records.dialogue import Dialogue, Verdict
from ..records.scenario import InformationStage, Scenario
from ..records.tool import Catalog, Tool
from ..records.trace import Trace

UserFactory = Callable[[Scenario, Sequence[Tool], int], User]
"""Makes the user side of a scenario from it, its tools (candidates and goal) and the trial."""
TRIES = 5
"""Wordings tried for one dialogue that a person asked for; a draw of many takes the first as it comes."""


class UTCGen:
    """Makes dialogues over one catalog: one that is described in full, or one for each of many scenarios."""

    def __init__(
        self,
        api_catalog: str | Path | Catalog = "enterprise_apis.json",
        seed: int = 0,
        assistant: Assistant | None = None,
        user_factory: UserFactory | None = None,
    ) -> None:
        """`api_catalog` is a catalog or a file, looked for as a path, then in data/; `assistant` is the teacher."""
        self.catalog = api_catalog if isinstance(api_catalog, Catalog) else load_catalog(api_catalog)
        self.seed = seed
        self.assistant: Assistant = assistant or Teacher()
        self.user_factory: UserFactory = user_factory or scripted_user

    def generate_dialogue(
        self,
        ground_truth_tool: str,
        distractors: Sequence[str],
        information_stages: Sequence[Mapping[str, Any] | InformationStage] | None = None,
        gold_arguments: Mapping[str, Any] | None = None,
    ) -> Dialogue:
        """The verified dialogue of this goal tool among these distractors (cleaned or original names).

        `information_stages` is a list of `{"turn": 1, "revealed": ["email"]}`; drawn when not given. The first wording
        that passes the cascade is taken, else the last, with the verdicts that say why. CatalogError for unknown
        tools or stage keys, DataError for stages of another form; each names all of them and what is known.
        """
        stages = None if information_stages is None else read_stages(information_stages)
        scenario = scenario_for(self.catalog, ground_truth_tool, distractors, stages, gold_arguments, self.seed)
        dialogue = None
        for trial in range(TRIES):
            _, dialogue = play(self.catalog, scenario, self.assistant, self.user_factory, trial)
            if dialogue.passed:
                break
        assert dialogue is not None
        return dialogue

    def generate(
        self,
        catalog: Catalog | None = None,
        scenarios: Iterable[Scenario] = (),
        assistant: Assistant | None = None,
        user_factory: UserFactory | None = None,
        at_once: int = 1,
    ) -> Generator[tuple[Trace, Dialogue], None, None]:
        """One trace and one dialogue with its verdicts for each scenario, in order; accepted where it has `passed`.

        A rollout that fails is data too: its trace tells the error and its dialogue is not accepted. `at_once` of them
        go on at the same time, which pays where a side waits for a server; what comes out is the same.
        """
        catalog, assistant = catalog or self.catalog, assistant or self.assistant
        make_user = user_factory or self.user_factory
        yield from in_order(lambda scenario: play(catalog, scenario, assistant, make_user), scenarios, at_once)


def scripted_user(scenario: Scenario, tools: Sequence[Tool], trial: int) -> User:
    """The scripted user side: the embedded default."""
    return ScriptedUser(scenario, tools, trial)


def play(
    catalog: Catalog,
    scenario: Scenario,
    assistant: Assistant,
    user_factory: UserFactory = scripted_user,
    trial: int = 0,
) -> tuple[Trace, Dialogue]:
    """The trace of one scenario played once and its verified dialogue."""
    names = dict.fromkeys([*scenario.candidates, scenario.goal_tool])
    tools = catalog.subset(list(names))
    user = user_factory(scenario, tools, trial)
    trace = run_rollout(scenario, catalog.subset(list(scenario.candidates)), user, assistant, trial=trial)
    return trace, dialogue_of(trace, catalog)


def dialogue_of(trace: Trace, catalog: Catalog) -> Dialogue:
    """The dialogue of a trace with its verdicts; that of a failed rollout has the one verdict `rollout`."""
    dialogue = Dialogue(
        id=content_id(
            "dialogue", trace.id, [turn.model_dump(mode="json", exclude={"seconds"}) for turn in trace.turns]
        ),
        scenario=trace.scenario,
        turns=trace.turns,
        assistant=trace.assistant,
        trace=trace.id,
    )
    if trace.ended == "error":
        failed = Verdict(verifier="rollout", passed=False, reason=trace.error, turn=max(0, len(trace.turns) - 1))
        return dialogue.model_copy(update={"verdicts": (failed,)})
    return cascade(dialogue, catalog)


def read_stages(stages: Sequence[Mapping[str, Any] | InformationStage]) -> tuple[InformationStage, ...]:
    """The stages of the brief's form; DataError that names every one of another form."""
    read: list[InformationStage] = []
    problems: list[tuple[str, str]] = []
    for number, stage in enumerate(stages):
        try:
            read.append(InformationStage.model_validate(stage))
        except ValidationError as error:
            problems += [
                (f"information_stages[{number}]" + "".join(f".{part}" for part in fault["loc"]), fault["msg"])
                for fault in error.errors()
            ]
    if problems:
        raise DataError(
            problem_list(
                f"{len(problems)} fields of information_stages cannot be read.",
                problems,
                'Give each stage as {"turn": 2, "revealed": ["email", "phone"]}, turns counted from 1.',
            )
        )
    return tuple(read)
