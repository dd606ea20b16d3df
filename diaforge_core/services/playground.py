"""Live conversations with a person on one side, or watching."""

from __future__ import annotations

import datetime as dt
import random
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..conversation.assistants import Assistant, View
from ..conversation.chat_models import REPLY_TOKENS, ModelAssistant
from ..conversation.constrained import HELD_TOKENS
from ..conversation.grounded import grounded
from ..conversation.model_specs import open_assistant
from ..conversation.prompts import parse_turn, render_target
from ..conversation.rollout import MAX_ASSISTANT_TURNS, is_goal_call, says_none_fits, trace_id
from ..conversation.scenarios import Choices, draw_scenarios
from ..conversation.simulated_user import ScriptedUser
from ..errors import DataError, DiaForgeError, ModelError
from ..evaluation.outcomes import grade
from ..generator.utcgen import dialogue_of
from ..records.base import derived_seed
from ..records.dialogue import NOT_ACCEPTED, Dialogue, Turn, public_words
from ..records.scenario import Scenario, Setting
from ..records.tool import Catalog, Tool, ToolCall
from ..records.trace import Decoding, Trace
from ..store import traces as trace_table
from .jobs import needs_slot
from .resident import Resident
from .review import StripStep, strip

if TYPE_CHECKING:
    from .workspace import Workspace

PERSON = "person"
"""What stands for a model spec, and for a family of simulated users, where a person plays."""
MOST_COLUMNS = 3
MOST_SESSIONS = 50
"""Sessions kept in memory; the oldest go first."""
MOST_DRAWN = 200
"""Scenarios looked at for one of the tier or tool asked for."""


@dataclass(frozen=True, slots=True)
class Column:
    """One model's conversation."""

    model: str
    turns: tuple[Turn, ...]
    ended: str
    """As `Trace.ended`; empty while it goes on."""
    outcome: str
    """As `Trace.outcome`; empty before the end and in free chat."""
    reason: str
    """One sentence on the outcome, or what went wrong."""


@dataclass(frozen=True, slots=True)
class Session:
    """One to three models in the same situation."""

    id: str
    tools: tuple[Tool, ...]
    """The candidates, in the order shown."""
    scenario: Scenario | None
    """None in free chat."""
    columns: tuple[Column, ...]


@dataclass(slots=True)
class _Column:
    model: str
    user: ScriptedUser | None
    turns: list[Turn] = field(default_factory=list)
    ended: str = ""
    error: str = ""
    person: bool = False
    """Whether a person played the user."""
    seconds: float = 0.0

    @property
    def assistants_turn(self) -> bool:
        return not self.ended and bool(self.turns) and self.turns[-1].speaker != "assistant"

    @property
    def models_turn(self) -> bool:
        return self.assistants_turn and self.model != PERSON

    @property
    def assistant_turns(self) -> int:
        return sum(turn.speaker == "assistant" for turn in self.turns)


@dataclass(slots=True)
class _Session:
    id: str
    catalog: Catalog
    tools: tuple[Tool, ...]
    setting: Setting
    scenario: Scenario | None
    columns: list[_Column]
    decoding: Decoding = "free"


class Playground:
    """Sessions live in this process only; save one to keep it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sessions: dict[str, _Session] = {}
        self._residents: dict[str, Resident] = {}
        self._loading = threading.Lock()

    def scenario(
        self, catalog: str, *, goal_tool: str | None = None, tier: str | None = None, seed: int | None = None
    ) -> Scenario:
        """One scenario of the catalog: by tool, by tier, or a surprise. DataError if none of that kind is found."""
        record = self._workspace.catalogs.get(catalog)
        seed = secrets.randbits(40) if seed is None else seed
        goals = (record.tool(goal_tool).name,) if goal_tool else ()
        choices = Choices(goal_tools=goals, bank="evaluation")
        for scenario in draw_scenarios(record, MOST_DRAWN, seed, choices):
            if tier in (None, scenario.tier):
                return scenario
        raise DataError(f"Catalog '{catalog}' gave no scenario of tier '{tier}' for this choice. Choose another tier.")

    def start(
        self,
        models: Sequence[str],
        *,
        scenario: Scenario | None = None,
        catalog: str = "",
        tools: Sequence[str] = (),
        opening: bool = False,
        decoding: Decoding = "free",
    ) -> Session:
        """A new session on a scenario, or free chat among `tools` of `catalog`.

        `opening=True` lets the simulated user speak first. `person` among the models is the one who plays the assistant
        by `act`. `decoding` is how models on this machine write. ModelError if a model cannot be used; DataError
        without tools, or with no or more than three models.
        """
        if not 1 <= len(models) <= MOST_COLUMNS:
            raise DataError(f"Choose one to {MOST_COLUMNS} models; {len(models)} are chosen.")
        for model in models:
            if model != PERSON:
                self._workspace.models.resolve(model)
        live = self._situation(scenario, catalog, tools, models)
        live.decoding = decoding
        if opening:
            for column in live.columns:
                if column.user is None:
                    raise DataError("In free chat nobody plays the user. Write the first turn yourself.")
                column.turns.append(column.user.opening())
        self._sessions[live.id] = live
        while len(self._sessions) > MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return self._shown(live)

    def get(self, session: str) -> Session:
        """The session as it stands; DataError if it is gone (after a restart of the app)."""
        return self._shown(self._session(session))

    def say(self, session: str, text: str) -> Session:
        """The session with the person's user turn in every open column, not answered yet; DataError for no words."""
        live = self._session(session)
        if not text.strip():
            raise DataError("Write something to the assistant first.")
        for column in live.columns:
            if not column.ended and not column.assistants_turn:
                column.person = True
                column.turns.append(Turn(speaker="user", reply=text.strip()))
        return self._shown(live)

    def stream(self, session: str, column: int) -> Iterator[str]:
        """The words of one column's answer to the last user turn as they come; the turn is stored at the end.

        A thought comes first, as `<think>…</think>`. What goes wrong ends the column with its reason.
        """
        live = self._session(session)
        state = live.columns[column]
        if not state.models_turn:
            return
        try:
            assistant, resident = self._assistant(state.model)
        except DiaForgeError as problem:
            state.ended, state.error = "error", str(problem)
            return
        if resident is None or not isinstance(assistant, ModelAssistant):
            self._answer(live, state)
            if not state.error:
                yield public_words(next(turn for turn in reversed(state.turns) if turn.speaker == "assistant"))
            return
        view = View(tools=live.tools, setting=live.setting, turns=tuple(state.turns))
        started = time.perf_counter()
        try:
            if live.decoding != "free" and not resident.can_be_held:
                raise ModelError(
                    f"'{state.model}' writes turns in a form of its own, which cannot be held to what tools take. "
                    "Start again and let it write as it likes."
                )
            messages, tools = assistant.request(view)

            seed, most = self._seed(live, state), REPLY_TOKENS if live.decoding == "free" else HELD_TOKENS

            def write(held_to: Sequence[Tool] | None, answers: Mapping[str, str] | None = None) -> Iterator[str]:
                return resident.stream(messages, seed, most, tools=tools, held_to=held_to, answers=answers)

            if live.decoding == "grounded":
                # What is written may have to be written again, so it shows when it holds.
                turn = grounded(lambda *bounds: parse_turn("".join(write(*bounds))), view)
                yield render_target(turn)
            else:
                pieces = list[str]()
                for piece in write(None if live.decoding == "free" else live.tools):
                    pieces.append(piece)
                    yield piece
                turn = parse_turn("".join(pieces))
        except DiaForgeError as problem:
            state.ended, state.error = "error", str(problem)
            return
        seconds = time.perf_counter() - started
        self._settle(live, state, Turn.model_validate(turn.model_dump() | {"seconds": seconds}))

    def user_turns(self, session: str) -> Session:
        """The session with the simulated user's next turn in every column where it is their turn, not answered yet."""
        live = self._session(session)
        for column in live.columns:
            self._user_turn(column)
        return self._shown(live)

    def act(self, session: str, reply: str = "", call: ToolCall | None = None, thought: str = "") -> Session:
        """The session after the person's own assistant turn, answered by the simulated user.

        DataError where nobody plays the assistant, it is not their turn, or there are not either words or a call.
        """
        live = self._session(session)
        column = next((column for column in live.columns if column.model == PERSON), None)
        if column is None or not column.assistants_turn:
            raise DataError("It is not your turn: a model or the user has it, or the conversation has ended.")
        if bool(reply.strip()) == bool(call):
            raise DataError("Write a reply or make a call, not both.")
        self._settle(live, column, Turn(speaker="assistant", thought=thought, reply=reply.strip(), call=call))
        self._user_turn(column)
        return self._shown(live)

    def strip(self, session: str, column: int = 0) -> list[StripStep]:
        """The live ambiguity strip of a column."""
        live = self._session(session)
        return strip(live.tools, live.columns[column].turns)

    def trace(self, session: str, column: int = 0) -> Trace:
        """The column as a trace, graded if it has ended; DataError in free chat."""
        live = self._session(session)
        return self._trace(live, live.columns[column])

    def save(self, session: str, column: int = 0) -> str:
        """Id of the stored trace of an ended column, in the run `playground CATALOG`; DataError before its end."""
        live = self._session(session)
        state = live.columns[column]
        if not state.ended:
            raise DataError("The conversation goes on. Save it when it has ended.")
        trace = Trace.model_validate(
            self._trace(live, state).model_dump() | {"id": f"{live.id}{column}"},
        )
        run = self._workspace.jobs.playground_run(live.catalog)
        with self._workspace.database.write() as cursor:
            trace_table.add(cursor, run, [trace], self._workspace.traces.nearness.of)
        return trace_table.stored_id(run, trace.id)

    def keep(self, session: str, column: int = 0) -> Dialogue:
        """The ended column as a dialogue with its verdicts, in the dataset `playground CATALOG`, where it is reviewed.

        One that fails a check is kept too: it waits there to be mended. DataError before its end and in free chat.
        """
        live = self._session(session)
        state = live.columns[column]
        if not state.ended:
            raise DataError("The conversation goes on. Keep it when it has ended.")
        dialogue = dialogue_of(self._trace(live, state), live.catalog)
        datasets, name = self._workspace.datasets, f"playground {live.catalog.name}"
        datasets.create(name, catalog=live.catalog)
        datasets.add(name, [dialogue])
        return dialogue

    def yield_device(self) -> None:
        """Let the models go: a run needs the device."""
        with self._loading:
            for resident in self._residents.values():
                resident.stop()
            self._residents.clear()

    def close(self) -> None:
        """Stop the resident model workers."""
        self.yield_device()

    def _situation(
        self, scenario: Scenario | None, catalog: str, tools: Sequence[str], models: Sequence[str]
    ) -> _Session:
        session_id = secrets.token_hex(6)
        if scenario is None:
            record = self._workspace.catalogs.get(catalog)
            if not tools:
                raise DataError("Choose at least one tool for the assistant to see.")
            setting = Setting(today=dt.date.today())
            chosen = record.subset(tuple(dict.fromkeys(tools)))
            return _Session(session_id, record, chosen, setting, None, [_Column(model, None) for model in models])
        record = self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version)
        known = record.subset(tuple(dict.fromkeys([*scenario.candidates, scenario.goal_tool])))
        columns = [_Column(model, ScriptedUser(scenario, known)) for model in models]
        return _Session(session_id, record, record.subset(scenario.candidates), scenario.setting, scenario, columns)

    def _session(self, session: str) -> _Session:
        if session not in self._sessions:
            raise DataError("This conversation is gone; the app was restarted since. Start a new one.")
        return self._sessions[session]

    def _assistant(self, model: str) -> tuple[Assistant, Resident | None]:
        """The assistant of a spec; a local model's lives in a resident worker, started on first use."""
        if model.startswith("scripted:"):
            return self._workspace.models.scripted(model), None
        spec = self._workspace.models.take(model)
        if spec.startswith("openai:"):
            return open_assistant(spec, self._workspace.models_dir), None
        busy = [run for run in self._workspace.jobs.unfinished() if run.state == "running" and needs_slot(run.config)]
        if busy:
            raise ModelError(f"Run '{busy[0].name}' has the device now. Wait for it, or choose a scripted assistant.")
        with self._loading:
            resident = self._residents.get(spec)
            if resident is None or not resident.alive:
                while len(self._residents) >= MOST_COLUMNS:
                    self._residents.pop(next(iter(self._residents))).stop()
                resident = self._residents[spec] = Resident(spec, self._workspace.models_dir)
        return resident.assistant(model), resident

    def _answer(self, live: _Session, column: _Column) -> None:
        """Let the model act until it is the user's turn or the conversation has ended."""
        try:
            assistant, _ = self._assistant(column.model)
            while column.models_turn:
                view = View(tools=live.tools, setting=live.setting, turns=tuple(column.turns))
                self._settle(live, column, assistant.act(view, self._seed(live, column)))
        except DiaForgeError as problem:
            column.ended, column.error = "error", str(problem)

    def _settle(self, live: _Session, column: _Column, turn: Turn) -> None:
        """Take the assistant's turn and see whether it ends the conversation, as in an evaluation."""
        column.turns.append(turn)
        column.seconds += turn.seconds
        if turn.call is not None:
            if live.scenario is None or is_goal_call(live.scenario, turn.call):
                column.ended = "call"
                return
            column.turns.append(Turn(speaker="tool", reply=NOT_ACCEPTED))
        elif says_none_fits(turn, live.tools) and live.scenario is not None:
            column.ended = "none_fits"
            return
        if live.scenario is not None and column.assistant_turns >= MAX_ASSISTANT_TURNS:
            column.ended = "turn_limit"

    def _user_turn(self, column: _Column) -> None:
        """The simulated user's turn, if it is theirs."""
        if column.ended or column.assistants_turn:
            return
        if column.user is None:
            raise DataError("In free chat nobody plays the user. Write the next turn yourself.")
        column.turns.append(column.user.answer(tuple(column.turns)) if column.turns else column.user.opening())

    def _seed(self, live: _Session, column: _Column) -> int:
        base = live.scenario.seed if live.scenario else random.Random(live.id).getrandbits(40)
        return derived_seed("assistant", base, 0, column.assistant_turns + 1)

    def _trace(self, live: _Session, column: _Column) -> Trace:
        if live.scenario is None:
            raise DataError("Free chat has no goal, so it makes no trace. Start from a scenario to save one.")
        family = PERSON if column.person else "scripted"
        trace = Trace.model_validate(
            {
                "id": trace_id(live.scenario, column.model, family, 0),
                "scenario": live.scenario,
                "turns": tuple(column.turns),
                "assistant": column.model,
                "user": family,
                "ended": column.ended or "turn_limit",
                "error": column.error,
                "seconds": column.seconds,
            }
        )
        return grade(trace, {tool.name: tool for tool in live.catalog.tools}) if column.ended else trace

    def _shown(self, live: _Session) -> Session:
        columns = []
        for column in live.columns:
            outcome, reason = "", column.error
            if column.ended and live.scenario is not None:
                graded = self._trace(live, column)
                outcome, reason = graded.outcome, column.error or graded.reason
            columns.append(Column(column.model, tuple(column.turns), column.ended, outcome, reason))
        return Session(live.id, live.tools, live.scenario, tuple(columns))
