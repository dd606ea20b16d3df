"""People's decisions on dialogues: read, decide, edit, undo; every act signed and kept."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..catalog.arguments import Problem, validate
from ..conversation.reading import missing, read, read_each, spoken_parts
from ..conversation.verifiers import cascade
from ..errors import DataError
from ..records.dialogue import Dialogue, Evidence, Turn
from ..records.review import Decision, DecisionKind, ReviewState
from ..records.tool import Tool
from ..store import dialogues as table
from .datasets import ShownState

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A dialogue's newest version and what people decided about it."""

    dialogue: Dialogue
    state: ReviewState
    decisions: tuple[Decision, ...]
    """Oldest first; undone ones stand in it with their `undo`."""


@dataclass(frozen=True, slots=True)
class StripStep:
    """What was still open after one turn."""

    turn: int
    """Index into the turns."""
    open_tools: tuple[str, ...]
    """Candidates that the words so far still allow."""
    missing: tuple[str, ...]
    """Required parameters not stated yet: of the one open tool, or those that all open tools share."""


class Review:
    """Reading and deciding dialogues."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def queue(
        self, dataset: str, state: ShownState | None = "pending", text: str = "", tier: str | None = None
    ) -> list[str]:
        """Dialogue ids of a dataset in its order; `state=None` for all."""
        self._workspace.datasets.info(dataset)
        where, values = table.condition(dataset, state, text, tier)
        rows = self._workspace.database.rows(
            f"SELECT d.id FROM {table.SOURCE} WHERE {where} ORDER BY m.position", values
        )
        return [row[0] for row in rows]

    def get(self, dialogue_id: str, version: int | None = None) -> Reviewed:
        """The newest version (or the one given), its state and all decisions; DataError if it is not here."""
        dialogue = self._dialogue(dialogue_id, version)
        return Reviewed(dialogue, self._head(dialogue_id)[1], tuple(self.history(dialogue_id)))

    def tools(self, dialogue: Dialogue) -> tuple[Tool, ...]:
        """The dialogue's candidates in the order shown, from the catalog version it was made with."""
        scenario = dialogue.scenario
        return self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version).subset(scenario.candidates)

    def argument_problems(self, tool: Tool, arguments: dict[str, Any]) -> list[Problem]:
        """What the tool's schema says against these arguments, each with its path; empty if they are valid."""
        return validate(tool, arguments)

    def decide(self, dialogue_id: str, version: int, kind: DecisionKind, reason: str = "", who: str = "") -> Decision:
        """The stored decision: accept, reject, flag or reopen, on the version that was on screen.

        The same decision by the same person again is the one already stored (a double click). DataError if the
        dialogue has a newer version, or if it was accepted or rejected already (reopen or undo that first).
        """
        if kind not in ("accept", "reject", "flag", "reopen"):
            raise DataError(f"'{kind}' is no decision of its own. Use accept, reject, flag or reopen.")
        with self._workspace.database.lock:
            newest, state = self._head(dialogue_id)
            self._check_version(dialogue_id, version, newest)
            last = self._last_standing(dialogue_id)
            if last and (last.kind, last.version, last.reason, last.who) == (kind, version, reason, who):
                return last
            if state in ("accepted", "rejected") and kind != "reopen":
                by = f" by {last.who}" if last else ""
                raise DataError(
                    f"This dialogue is {state} already{by}. Reopen it, or undo that decision, to change it."
                )
            return self._store(dialogue_id, version, kind, reason, who)

    def edit_turn(self, dialogue_id: str, version: int, turn_index: int, turn: Turn, who: str = "") -> Dialogue:
        """The new version with that turn replaced, verified again; its state is pending.

        DataError if there is a newer version than `version`, or no such turn.
        """
        dialogue = self._dialogue(dialogue_id)
        if not 0 <= turn_index < len(dialogue.turns):
            raise DataError(f"Dialogue {dialogue_id} has no turn {turn_index}; it has {len(dialogue.turns)}.")
        turns = (*dialogue.turns[:turn_index], turn, *dialogue.turns[turn_index + 1 :])
        return self.edit(dialogue_id, version, turns, who)

    def edit(self, dialogue_id: str, version: int, turns: Sequence[Turn], who: str = "", reason: str = "") -> Dialogue:
        """The new version with these turns, verified again; its state is pending. DataError as in `edit_turn`."""
        with self._workspace.database.lock:
            newest, _ = self._head(dialogue_id)
            self._check_version(dialogue_id, version, newest)
            old = self._dialogue(dialogue_id)
            scenario = old.scenario
            catalog = self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version)
            fields = old.model_dump() | {"turns": tuple(turns), "version": newest + 1, "verdicts": ()}
            edited = cascade(Dialogue.model_validate(fields), catalog)
            self._store(dialogue_id, version, "edit", reason, who, edited)
            return edited

    def undo(self, who: str = "") -> Decision | None:
        """This person's last decision that still stands, now taken back; None if there is none.

        An undone edit leaves a further version with the words from before it. DataError if somebody else has since
        decided or edited the same dialogue.
        """
        with self._workspace.database.lock:
            rows = self._workspace.database.rows(
                "SELECT body FROM decisions WHERE who = ? AND NOT undone AND kind <> 'undo' ORDER BY seq DESC LIMIT 1",
                [who],
            )
            if not rows:
                return None
            decision = Decision.model_validate_json(rows[0][0])
            last = self._last_standing(decision.dialogue)
            if last and last.id != decision.id:
                raise DataError(
                    f"{last.who} has since said '{last.kind}' on dialogue {decision.dialogue}, so your "
                    f"'{decision.kind}' cannot be taken back. Open the dialogue and decide it anew."
                )
            newest, _ = self._head(decision.dialogue)
            restored = None
            if decision.kind == "edit":
                before = self._dialogue(decision.dialogue, decision.version)
                restored = Dialogue.model_validate(before.model_dump() | {"version": newest + 1})
            self._store(decision.dialogue, newest, "undo", decision.id, who, restored)
            return decision

    def history(self, dialogue_id: str) -> list[Decision]:
        """All decisions on a dialogue, oldest first."""
        rows = self._workspace.database.rows(
            "SELECT body FROM decisions WHERE dialogue = ? ORDER BY seq", [dialogue_id]
        )
        return [Decision.model_validate_json(row[0]) for row in rows]

    def recent(self, limit: int = 20) -> list[Decision]:
        """The newest decisions of everybody, newest first."""
        rows = self._workspace.database.rows("SELECT body FROM decisions ORDER BY seq DESC LIMIT ?", [limit])
        return [Decision.model_validate_json(row[0]) for row in rows]

    def versions(self, dialogue_id: str) -> list[Dialogue]:
        """Every version of a dialogue, oldest first."""
        rows = self._workspace.database.rows("SELECT body FROM dialogues WHERE id = ? ORDER BY version", [dialogue_id])
        return [Dialogue.model_validate_json(row[0]) for row in rows]

    def ambiguity_strip(self, dialogue: Dialogue) -> list[StripStep]:
        """What was open after each turn, by the public words alone."""
        return strip(self.tools(dialogue), dialogue.turns)

    def evidence(self, dialogue: Dialogue) -> dict[str, Evidence | None]:
        """Each argument of the dialogue's call (dotted path) → the user words it comes from; None if not grounded."""
        call = next((turn.call for turn in reversed(dialogue.turns) if turn.call), None)
        if call is None:
            return {}
        tools = self.tools(dialogue)
        found = read(tools, dialogue.turns).values
        tool = next((tool for tool in tools if tool.name == call.name), None)
        paths = spoken_parts(tool, call.arguments) if tool else call.arguments
        return {path: found.get(path) for path in paths}

    def _dialogue(self, dialogue_id: str, version: int | None = None) -> Dialogue:
        rows = self._workspace.database.rows(
            "SELECT body FROM dialogues WHERE id = ? AND version = ?",
            [dialogue_id, version or self._head(dialogue_id)[0]],
        )
        if not rows:
            raise DataError(f"Dialogue {dialogue_id} has no version {version}.")
        return Dialogue.model_validate_json(rows[0][0])

    def _head(self, dialogue_id: str) -> tuple[int, ReviewState]:
        rows = self._workspace.database.rows("SELECT version, state FROM heads WHERE dialogue = ?", [dialogue_id])
        if not rows:
            raise DataError(f"There is no dialogue {dialogue_id} in this workspace. Choose one from a dataset's list.")
        return rows[0]

    def _check_version(self, dialogue_id: str, seen: int, newest: int) -> None:
        if seen != newest:
            last = self._last_standing(dialogue_id)
            by = f" by {last.who}" if last else ""
            raise DataError(
                f"Dialogue {dialogue_id} was changed{by} while you had version {seen} open; version {newest} is the "
                "newest. Nothing was stored. Look at it and decide again."
            )

    def _last_standing(self, dialogue_id: str) -> Decision | None:
        rows = self._workspace.database.rows(
            "SELECT body FROM decisions WHERE dialogue = ? AND NOT undone AND kind <> 'undo' ORDER BY seq DESC LIMIT 1",
            [dialogue_id],
        )
        return Decision.model_validate_json(rows[0][0]) if rows else None

    def _store(
        self, dialogue_id: str, version: int, kind: DecisionKind, reason: str, who: str, new: Dialogue | None = None
    ) -> Decision:
        """The decision, first in the events file and then in the database: what is acknowledged is in both."""
        decision = Decision(
            id=uuid.uuid4().hex[:12],
            dialogue=dialogue_id,
            version=version,
            kind=kind,
            reason=reason,
            who=who or "someone",
            when=dt.datetime.now(dt.UTC),
        )
        event = self._workspace.events.decide(decision, new)
        with self._workspace.database.write() as cursor:
            table.apply_decision(cursor, event.seq, decision, new)
        return decision


def strip(tools: Sequence[Tool], turns: Sequence[Turn]) -> list[StripStep]:
    """What was open after each turn of a conversation among `tools`."""
    by_name = {tool.name: tool for tool in tools}
    steps = []
    for index, reading in enumerate(read_each(tools, turns)):
        needed = [missing(by_name[tool], reading.values) for tool in reading.open_tools]
        shared = [name for name in needed[0] if all(name in other for other in needed)] if needed else []
        steps.append(StripStep(index, reading.open_tools, tuple(shared)))
    return steps
