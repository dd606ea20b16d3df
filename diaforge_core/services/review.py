"""People's decisions on dialogues: read, decide, edit, undo; every act signed and kept."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..catalog.arguments import Problem, validate
from ..conversation.reading import missing, read, read_each, spoken_parts
from ..conversation.scenario_edits import with_aim
from ..conversation.turn_edits import replaced
from ..conversation.verifiers import cascade
from ..errors import DataError
from ..records.dialogue import Dialogue, Evidence, Turn
from ..records.queue import Filter
from ..records.review import Decision, DecisionKind, ReviewState
from ..records.scenario import Aim
from ..records.tool import Tool
from ..store import decisions
from .acts import NOBODY, Act, Step
from .datasets import ShownState

if TYPE_CHECKING:
    from .workspace import Workspace

DECISIONS: tuple[DecisionKind, ...] = ("accept", "reject", "flag", "reopen")
"""What a person may say of a dialogue as it is."""


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
        self._ahead = ThreadPoolExecutor(1, "look-ahead")

    def close(self) -> None:
        """Stop looking ahead."""
        self._ahead.shutdown(cancel_futures=True)

    def queue(self, dataset: str, state: ShownState | None = "pending") -> list[str]:
        """Dialogue ids of a dataset in its order; `state=None` for all."""
        return self._workspace.finding.ids(Filter(dataset=dataset, state=state))

    def get(self, dialogue_id: str, version: int | None = None) -> Reviewed:
        """The newest version (or the one given), its state and all decisions; DataError if it is not here."""
        newest, state = self._head(dialogue_id)
        return Reviewed(self._dialogue(dialogue_id, version or newest), state, tuple(self.history(dialogue_id)))

    def look_ahead(self, dialogue_id: str) -> None:
        """Read a dialogue and what its page asks of its catalog, so that its turn comes faster; in the background."""
        self._ahead.submit(self._read_ahead, dialogue_id)

    def _read_ahead(self, dialogue_id: str) -> None:
        dialogue = self.get(dialogue_id).dialogue
        scenario = dialogue.scenario
        self.ambiguity_strip(dialogue)
        self._workspace.catalogs.facets(scenario.catalog, scenario.candidates, scenario.catalog_version)

    def tools(self, dialogue: Dialogue) -> tuple[Tool, ...]:
        """The dialogue's candidates in the order shown, from the catalog version it was made with."""
        scenario = dialogue.scenario
        return self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version).subset(scenario.candidates)

    def argument_problems(self, tool: Tool, arguments: dict[str, Any]) -> list[Problem]:
        """What the tool's schema says against these arguments, each with its path; empty if they are valid."""
        return validate(tool, arguments)

    def decide(
        self,
        dialogue_id: str,
        version: int,
        kind: DecisionKind,
        reason: str = "",
        who: str = "",
        seen: ReviewState | None = None,
    ) -> Decision:
        """The stored decision: accept, reject, flag or reopen, on the version that was on screen.

        The same decision by the same person again is the one already stored (a double click). DataError if the
        dialogue has a newer version, if its state is not the one `seen` (where given) any more, or if it was accepted
        or rejected already (reopen or undo that first).
        """
        check_kind(kind)
        with self._workspace.database.lock:
            self.check_version(dialogue_id, version)
            last = self._last_standing(dialogue_id)
            if last and (last.kind, last.version, last.reason, last.who) == (kind, version, reason, who or NOBODY):
                return last
            state = self._head(dialogue_id)[1]
            why = refusal(kind, state, last) or (_moved(state, last) if seen not in (None, state) else "")
            if why:
                raise DataError(why)
            return self._workspace.acts.perform([Step(dialogue_id, version, kind, reason)], who).decisions[0]

    def edit_turn(self, dialogue_id: str, version: int, turn_index: int, turn: Turn, who: str = "") -> Dialogue:
        """The new version with that turn replaced, verified again; its state is pending.

        DataError if there is a newer version than `version`, or no such turn.
        """
        turns = replaced(self._dialogue(dialogue_id).turns, turn_index, turn)
        return self.edit(dialogue_id, version, turns, who)

    def edit(
        self,
        dialogue_id: str,
        version: int,
        turns: Sequence[Turn],
        who: str = "",
        reason: str = "",
        aim: Aim | None = None,
    ) -> Dialogue:
        """The new version with these turns, and with this aim if one is given, verified again; its state is pending.

        DataError as in `edit_turn`, or as `with_aim` says.
        """
        with self._workspace.database.lock:
            self.check_version(dialogue_id, version)
            edited = self.as_edited(self._dialogue(dialogue_id), turns, aim)
            self._workspace.acts.perform([Step(dialogue_id, version, "edit", reason, edited)], who)
            return edited

    def as_edited(self, old: Dialogue, turns: Sequence[Turn], aim: Aim | None = None) -> Dialogue:
        """The version that an edit of `old` would make, verified; nothing is stored."""
        catalog = self._workspace.catalogs.find(old.scenario.catalog, old.scenario.catalog_version)
        scenario = with_aim(old.scenario, aim, catalog) if aim else old.scenario
        fields = {"turns": tuple(turns), "scenario": scenario, "version": old.version + 1, "verdicts": ()}
        return cascade(Dialogue.model_validate(old.model_dump() | fields), catalog)

    def undo(self, who: str = "") -> Act | None:
        """This person's last act that still stands, now taken back, as `Acts.undo` says."""
        return self._workspace.acts.undo(who)

    def redo(self, who: str = "") -> Act | None:
        """The act that this person took back last, now standing again, as `Acts.redo` says."""
        return self._workspace.acts.redo(who)

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

    def check_version(self, dialogue_id: str, seen: int) -> None:
        """DataError that names who changed the dialogue, unless the version seen is the newest."""
        newest, _ = self._head(dialogue_id)
        if seen != newest:
            last = self._last_standing(dialogue_id)
            by = f" by {last.who}" if last else ""
            raise DataError(
                f"Dialogue {dialogue_id} was changed{by} while you had version {seen} open; version {newest} is the "
                "newest. Nothing was stored. Look at it and decide again."
            )

    def _last_standing(self, dialogue_id: str) -> Decision | None:
        return decisions.standing(self._workspace.database, [dialogue_id]).get(dialogue_id)


def check_kind(kind: DecisionKind) -> None:
    """DataError unless a person may say this of a dialogue by itself."""
    if kind not in DECISIONS:
        raise DataError(f"'{kind}' is no decision of its own. Use {', '.join(DECISIONS[:-1])} or {DECISIONS[-1]}.")


def refusal(kind: DecisionKind, state: ReviewState, last: Decision | None) -> str:
    """Why a dialogue in this state, whose last standing decision is `last`, cannot be so decided; empty if it can."""
    if state not in ("accepted", "rejected") or kind == "reopen":
        return ""
    by = f" by {last.who}" if last else ""
    return f"This dialogue is {state} already{by}. Reopen it, or undo that decision, to change it."


def _moved(state: ReviewState, last: Decision | None) -> str:
    by = f" by {last.who}" if last else ""
    return (
        f"This dialogue became {state}{by} after it was drawn for you. Nothing was stored; look at it and decide again."
    )


def strip(tools: Sequence[Tool], turns: Sequence[Turn]) -> list[StripStep]:
    """What was open after each turn of a conversation among `tools`."""
    by_name = {tool.name: tool for tool in tools}
    steps = []
    for index, reading in enumerate(read_each(tools, turns)):
        needed = [missing(by_name[tool], reading.values) for tool in reading.open_tools]
        shared = [name for name in needed[0] if all(name in other for other in needed)] if needed else []
        steps.append(StripStep(index, reading.open_tools, tuple(shared)))
    return steps
