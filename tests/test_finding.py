"""One filter over everything that is known of a dialogue, as lists, counts, places and choices read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter
from diaforge_core.services.finding import PARTS
from diaforge_core.services.workspace import Workspace
from diaforge_core.store.database import MIGRATIONS, Database
from diaforge_core.store.dialogues import row_of

from .test_services_data import made as made
from .test_services_review import reworded
from .test_services_review import workspace as workspace

EVERY = Filter(dataset="d", state=None)
OF_SCENARIO: dict[str, Callable[[Dialogue], Any]] = {
    "tier": lambda one: one.scenario.tier,
    "persona": lambda one: f"{one.scenario.persona.name}, {one.scenario.persona.role}",
    "style": lambda one: one.scenario.persona.style,
    "department": lambda one: one.scenario.persona.department,
    "dial": lambda one: one.scenario.dial or "",
    "goal_tool": lambda one: one.scenario.goal_tool,
    "assistant": lambda one: one.assistant,
    "solvable": lambda one: one.scenario.solvable,
}


def narrowed(**parts: Any) -> Filter:
    return Filter.model_validate(EVERY.model_dump() | parts)


@pytest.fixture
def dialogues(workspace: Workspace) -> list[Dialogue]:
    """All of the dataset, in its order."""
    return [workspace.review.get(key).dialogue for key in workspace.review.queue("d", None)]


@pytest.mark.parametrize("part", OF_SCENARIO)
def test_each_part_of_the_scenario_finds_what_has_it_and_counts_what_it_offers(
    workspace: Workspace, dialogues: list[Dialogue], part: str
):
    read = OF_SCENARIO[part]
    for value in {read(one) for one in dialogues} - {""}:
        assert workspace.finding.ids(narrowed(**{part: value})) == [one.id for one in dialogues if read(one) == value]
    words = {True: "yes", False: "no"}
    offered = [words.get(read(one), read(one)) for one in dialogues if read(one) != ""]
    assert workspace.finding.choices(EVERY, part) == {value: offered.count(value) for value in set(offered)}


def test_a_tool_is_found_among_the_candidates(workspace: Workspace, dialogues: list[Dialogue]):
    tool = dialogues[0].scenario.candidates[-1]
    having = [one.id for one in dialogues if tool in one.scenario.candidates]
    assert workspace.finding.ids(narrowed(candidate=tool)) == having
    assert workspace.finding.choices(EVERY, "candidate")[tool] == len(having)


def test_text_is_found_in_any_case_and_in_the_newest_version_alone(workspace: Workspace, dialogues: list[Dialogue]):
    old = dialogues[2]
    workspace.review.edit_turn(old.id, 1, 0, reworded(old, "Zanzibar calling. "), "Ana")
    assert workspace.finding.ids(narrowed(text="zanziBAR")) == [old.id]
    workspace.review.undo("Ana")
    assert workspace.finding.count(narrowed(text="zanzibar")) == 0


def test_what_people_did_is_found_by_who_and_why_until_it_is_undone(workspace: Workspace, dialogues: list[Dialogue]):
    first, second, third = (one.id for one in dialogues[:3])
    workspace.review.decide(first, 1, "reject", "unnatural", "Ana")
    workspace.review.decide(second, 1, "accept", "", "Bo")
    workspace.labels.toggle(third, 1, 1, "good-question", "Bo")
    workspace.comments.add(second, "Why?", who="Ana")
    found = {
        "reason": ("unnatural", [first]),
        "reviewer": ("Bo", [second]),
        "label": ("good-question", [third]),
        "commented": (True, [second]),
        "verifier": ("none such", []),
    }
    for part, (value, expected) in found.items():
        assert workspace.finding.ids(narrowed(**{part: value})) == expected, part
    assert workspace.finding.choices(EVERY, "reviewer") == {"Ana": 1, "Bo": 1}
    assert workspace.finding.choices(EVERY, "commented") == {"yes": 1}
    workspace.review.undo("Ana")
    assert workspace.finding.ids(narrowed(reason="unnatural")) == []
    assert workspace.finding.choices(EVERY, "reviewer") == {"Bo": 1}


def test_a_failed_check_is_found_by_its_name(workspace: Workspace, dialogues: list[Dialogue]):
    old = dialogues[4]
    leaky = workspace.review.edit_turn(old.id, 1, 0, reworded(old, f"{old.scenario.goal_tool} please. "), "Ana")
    failed = next(verdict.verifier for verdict in leaky.verdicts if not verdict.passed)
    assert workspace.finding.ids(narrowed(state="failed", verifier=failed)) == [old.id]
    assert workspace.finding.choices(EVERY, "verifier") == {failed: 1}


def test_a_blind_opinion_is_found_by_its_reviewer_and_others_labels_stay_hidden(
    workspace: Workspace, dialogues: list[Dialogue]
):
    key = dialogues[0].id
    workspace.queues.make("q", Filter(dataset="d"), overlap=100, who="Ana")
    workspace.labels.toggle(key, 1, 1, "guessed-a-value", "Ana")
    workspace.comments.add(key, "A guess!", who="Ana")
    workspace.queues.next_for("q", "Ana")
    workspace.queues.decide(key, 1, "reject", "unnatural", "Ana")
    for part, value in (("reviewer", "Ana"), ("label", "guessed-a-value"), ("commented", True)):
        found = narrowed(**{part: value})
        assert workspace.finding.ids(found, "Ana") == workspace.finding.ids(found) == [key]
        assert workspace.finding.ids(found, "Bo") == []
        assert workspace.finding.choices(EVERY, part, "Bo") == {}
    assert workspace.finding.ids(narrowed(reason="unnatural"), "Bo") == []


def test_states_are_counted_under_the_other_parts_whatever_state_is_asked_for(
    workspace: Workspace, dialogues: list[Dialogue]
):
    tier = dialogues[0].scenario.tier
    workspace.review.decide(dialogues[0].id, 1, "flag", "", "Ana")
    numbers = workspace.finding.states(Filter(dataset="d", state="accepted", tier=tier))
    assert numbers["flagged"] == 1
    assert sum(numbers.values()) == sum(one.scenario.tier == tier for one in dialogues)


def test_choices_obey_the_other_parts_and_not_their_own(workspace: Workspace, dialogues: list[Dialogue]):
    tool = dialogues[0].scenario.goal_tool
    tiers = [one.scenario.tier for one in dialogues if one.scenario.goal_tool == tool]
    found = narrowed(goal_tool=tool, tier=tiers[0])
    assert workspace.finding.choices(found, "tier") == {tier: tiers.count(tier) for tier in set(tiers)}


def test_a_dataset_that_is_not_here_is_named(workspace: Workspace):
    with pytest.raises(DataError, match=r"'nowhere'.*there: d"):
        workspace.finding.ids(Filter(dataset="nowhere"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.sets(some.integers(0, 11)), some.integers(-1, 11), some.integers(1, 9))
def test_a_place_agrees_with_the_whole_list(workspace: Workspace, accepted: set[int], here: int, rows: int):
    ids = workspace.review.queue("d", None)
    with workspace.database.write() as cursor:
        cursor.execute("UPDATE members SET state = 'pending'")
        cursor.execute(
            "UPDATE members SET state = 'accepted' WHERE dialogue IN (SELECT unnest(?))",
            [[ids[place] for place in accepted if place < len(ids)]],
        )
    key = ids[here] if 0 <= here < len(ids) else "not here"
    left = workspace.review.queue("d")
    place = workspace.finding.place(Filter(dataset="d"), key, rows)
    at = ids.index(key) if key in ids else -1
    assert place.total == len(left)
    assert place.index == (left.index(key) if key in left else None)
    assert place.before == next((one for one in reversed(left) if ids.index(one) < at), None)
    assert place.after == next((one for one in left if ids.index(one) > at), None)
    shown = [row.id for row in place.rows]
    start = left.index(shown[0]) if shown else 0
    assert shown == left[start : start + rows]
    assert len(shown) == min(rows, len(left))
    assert key in shown or key not in left


def test_a_workspace_of_an_older_form_is_found_by_the_new_parts(tmp_path, made: list[Dialogue]):
    old = duckdb.connect(str(tmp_path / "store.duckdb"))
    for statements in MIGRATIONS[:5]:
        old.execute(statements)
    old.execute("CREATE TABLE form (number INTEGER)")
    old.execute("INSERT INTO form VALUES (5)")
    one = next(one for one in made if one.passed)
    row = {name: value for name, value in row_of(one).items() if name not in ("style", "department", "candidates")}
    old.execute(f"INSERT INTO dialogues ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    old.execute("INSERT INTO heads VALUES (?, 1, 'rejected', 'Ana', NULL)", [one.id])
    old.execute("INSERT INTO members VALUES ('d', ?, 0)", [one.id])
    body = '{"reason": "unnatural"}'
    old.execute("INSERT INTO decisions VALUES (1, 'x', ?, 1, 'reject', 'Ana', NULL, false, ?, 'x')", [one.id, body])
    old.close()
    opened = Database(tmp_path / "store.duckdb")
    rows = opened.rows("SELECT state, style, department, reason, tier, opening FROM members")
    persona = one.scenario.persona
    expected = ("rejected", persona.style, persona.department, "unnatural", one.scenario.tier, one.turns[0].reply)
    assert rows == [expected]
    assert opened.rows("SELECT candidates FROM dialogues") == [(list(one.scenario.candidates),)]
    opened.close()


def test_every_part_of_a_filter_can_be_narrowed_by():
    assert set(PARTS) == set(Filter.model_fields) - {"dataset", "state", "text"}
