"""The review workflow, any acts in any order, against a plain model of it in memory."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.review import DecisionKind
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog, a_dialogue, lead_turns, user

Turns = tuple[Turn, ...]
IDS = ("d0", "d1", "d2")
PEOPLE = some.sampled_from(["Ana", "Ben"])
DIALOGUES = some.sampled_from(IDS)
KINDS = some.sampled_from(["accept", "reject", "flag", "reopen"])
SOME_IDS = some.lists(DIALOGUES, min_size=1, max_size=3, unique=True)
TEXTS = some.sampled_from(["I need to get John Carter into the system.", "Get him in.", "Hello, get John in."])
STATES = {"accept": "accepted", "reject": "rejected", "flag": "flagged"}
LOST = (
    "DELETE FROM decisions",
    "DELETE FROM dialogues WHERE version > 1",
    "UPDATE heads SET state = 'pending', version = 1, decided_by = '', decided_at = NULL",
)
"""What a database has lost whose commits are all gone."""


@dataclass(eq=False)
class Deed:
    """An act in the model: on each dialogue what its words were before and are after."""

    who: str
    kind: str
    words: dict[str, tuple[Turns, Turns]]
    stands: bool = True
    undone_at: int = 0
    """Length of the log when it was taken back."""


@dataclass
class Model:
    """What people did, and what is to be seen of it."""

    versions: dict[str, list[Turns]] = field(default_factory=lambda: {key: [lead_turns()] for key in IDS})
    deeds: list[Deed] = field(default_factory=list)
    undone: dict[str, list[Deed]] = field(default_factory=lambda: {"Ana": [], "Ben": []})
    log: list[tuple[str, set[str]]] = field(default_factory=list)

    def last(self, key: str) -> Deed | None:
        return next((deed for deed in reversed(self.deeds) if deed.stands and key in deed.words), None)

    def state(self, key: str) -> str:
        last = self.last(key)
        return STATES.get(last.kind, "pending") if last else "pending"

    def refuses(self, key: str, kind: str) -> bool:
        return self.state(key) in ("accepted", "rejected") and kind != "reopen"

    def act(self, who: str, kind: str, words: dict[str, Turns | None]) -> None:
        """A new act: the words that it leaves on each dialogue, None where it changes none."""
        now = {key: self.versions[key][-1] for key in words}
        self.deeds.append(Deed(who, kind, {key: (now[key], new or now[key]) for key, new in words.items()}))
        for key, new in words.items():
            if new is not None:
                self.versions[key].append(new)
        self.undone[who] = []
        self.log.append((who, set(words)))

    def undo(self, who: str) -> Deed | str | None:
        """The deed taken back, None where there is none, or the name of who is in the way."""
        deed = next((deed for deed in reversed(self.deeds) if deed.stands and deed.who == who), None)
        if deed is None:
            return None
        for key in deed.words:
            last = self.last(key)
            if last is not deed:
                return last.who if last else "nobody"
        deed.stands = False
        self._back(deed, 0)
        deed.undone_at = len(self.log)
        self.undone[who].append(deed)
        return deed

    def redo(self, who: str) -> Deed | str | None:
        if not self.undone[who]:
            return None
        deed = self.undone[who][-1]
        for other, about in reversed(self.log[deed.undone_at :]):
            if other != who and about & set(deed.words):
                return other
        self.undone[who].pop()
        deed.stands = True
        self._back(deed, 1)
        return deed

    def _back(self, deed: Deed, which: int) -> None:
        self.log.append((deed.who, set(deed.words)))
        if deed.kind in ("edit", "restore"):
            for key, words in deed.words.items():
                self.versions[key].append(words[which])


class Reviewing(RuleBasedStateMachine):
    """Two people at three dialogues."""

    workspace: Workspace

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.model = Model()
        self.workspace = open_workspace(self.folder / "w")
        self.workspace.catalogs.put(a_catalog())
        lines = "\n".join(a_dialogue(id=key).model_dump_json() for key in IDS)
        self.workspace.datasets.load_file(lines.encode(), "talks")

    @rule(who=PEOPLE, key=DIALOGUES, kind=KINDS)
    def decide(self, who: str, key: str, kind: DecisionKind) -> None:
        version, last = len(self.model.versions[key]), self.workspace.review.history(key)
        try:
            self.workspace.review.decide(key, version, kind, "", who)
        except DataError:
            assert self.model.refuses(key, kind)
            return
        if len(self.workspace.review.history(key)) > len(last):
            self.model.act(who, kind, {key: None})
        else:
            before = self.model.last(key)
            assert before
            assert (before.who, before.kind) == (who, kind)

    @rule(who=PEOPLE, key=DIALOGUES)
    def decide_on_an_old_version(self, who: str, key: str) -> None:
        with pytest.raises(DataError):
            self.workspace.review.decide(key, len(self.model.versions[key]) - 1, "flag", "", who)

    @rule(who=PEOPLE, key=DIALOGUES, text=TEXTS)
    def edit(self, who: str, key: str, text: str) -> None:
        turns = (user(text), *self.model.versions[key][-1][1:])
        self.workspace.editing.save(key, len(self.model.versions[key]), turns, who=who)
        self.model.act(who, "edit", {key: turns})

    @rule(who=PEOPLE, key=DIALOGUES, back=some.integers(1, 3))
    def restore(self, who: str, key: str, back: int) -> None:
        versions = self.model.versions[key]
        wanted = max(1, len(versions) - back)
        try:
            self.workspace.editing.restore(key, len(versions), wanted, who)
        except DataError:
            assert versions[wanted - 1] == versions[-1]
            return
        self.model.act(who, "restore", {key: versions[wanted - 1]})

    @rule(who=PEOPLE, keys=SOME_IDS, kind=KINDS)
    def decide_many(self, who: str, keys: list[str], kind: DecisionKind) -> None:
        bulk = self.workspace.bulk
        plan = bulk.plan(keys, kind)
        good = {row.dialogue for row in plan.good}
        wanted = {key for key in keys if not self.model.refuses(key, kind)}
        assert good <= {key for key in wanted if self.model.state(key) != STATES.get(kind, "pending")}
        if bulk.apply(plan, who).act:
            self.model.act(who, kind, dict.fromkeys(good))

    @rule(who=PEOPLE, keys=SOME_IDS)
    def repair_many(self, who: str, keys: list[str]) -> None:
        bulk = self.workspace.bulk
        plan = bulk.plan_repair(keys, "replace words", {"find": "get", "put": "bring"})
        if bulk.apply(plan, who).act:
            self.model.act(who, "edit", {row.dialogue: row.new.turns for row in plan.good if row.new})

    @rule(who=PEOPLE)
    def undo(self, who: str) -> None:
        self._same(self.model.undo(who), lambda: self.workspace.review.undo(who))

    @rule(who=PEOPLE)
    def redo(self, who: str) -> None:
        self._same(self.model.redo(who), lambda: self.workspace.review.redo(who))

    @rule(who=PEOPLE, other=PEOPLE, key=DIALOGUES, kind=KINDS)
    def redo_after_somebody_did_something(self, who: str, other: str, key: str, kind: DecisionKind) -> None:
        """By chance this order is rare, and it is the one in which a redo must not be."""
        self.undo(who)
        self.decide(other, key, kind)
        self.redo(who)

    def _same(self, expected: Deed | str | None, do) -> None:
        """What the services do is what the model says: the same act, nothing, or a message that names who."""
        if isinstance(expected, str):
            with pytest.raises(DataError, match=expected):
                do()
            return
        found = do()
        if expected is None:
            assert found is None
            return
        assert found.kind == expected.kind
        assert {decision.dialogue for decision in found.decisions} == set(expected.words)

    @rule(lost=some.booleans())
    def open_again(self, lost: bool) -> None:
        """Also with a database that has lost all, so that the events file alone has to bring it back."""
        if lost:
            with self.workspace.database.write() as cursor:
                for statement in LOST:
                    cursor.execute(statement)
        self.workspace.close()
        self.workspace = open_workspace(self.folder / "w")

    @invariant()
    def the_workspace_shows_what_the_model_says(self) -> None:
        for key, versions in self.model.versions.items():
            found = self.workspace.review.get(key)
            assert (found.state, found.dialogue.version) == (self.model.state(key), len(versions))
            assert found.dialogue.turns == versions[-1]
            assert found.dialogue.verdicts
        assert self.workspace.events.notices == []

    def teardown(self) -> None:
        if hasattr(self, "workspace"):
            self.workspace.close()
            shutil.rmtree(self.folder)


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
