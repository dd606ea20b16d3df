"""Queues: nothing served to two people, nothing lost, leases that end, and a queue that says what is left."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest

from diaforge_core.errors import DataError, NotAllowed
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter
from diaforge_core.records.review import DecisionKind
from diaforge_core.services.leases import LEASE_SECONDS, Leases
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_services_data import made as made
from .test_services_review import reworded
from .test_services_review import workspace as workspace


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 2, 9)

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock(workspace: Workspace) -> Clock:
    made = Clock()
    workspace.leases = Leases(workspace, made)
    return made


@pytest.fixture
def ids(workspace: Workspace) -> list[str]:
    """The dialogues of a queue `q`, in their order."""
    workspace.queues.make("q", Filter(dataset="d"), who="Ana")
    return workspace.review.queue("d")


def many(workspace: Workspace, made: list[Dialogue], count: int) -> list[str]:
    """Ids of so many dialogues in a dataset `many`."""
    passed = [dialogue for dialogue in made if dialogue.passed]
    copies = [passed[number % len(passed)].model_copy(update={"id": f"m{number:05}"}) for number in range(count)]
    workspace.datasets.create("many")
    workspace.datasets.add("many", copies)
    return [copy.id for copy in copies]


def work_off(workspace: Workspace, queue: str, who: str, served: list[str]) -> None:
    """Accept whatever is served until nothing is."""
    while (dialogue := workspace.queues.next_for(queue, who)) is not None:
        served.append(dialogue)
        workspace.queues.decide(dialogue, 1, "accept", "", who)


def together(work: Callable[[str], None], names: list[str]) -> None:
    """Do `work` for each name at the same time; what one raises is raised here."""
    problems: list[BaseException] = []

    def guarded(name: str) -> None:
        try:
            work(name)
        except BaseException as problem:
            problems.append(problem)
            raise

    threads = [threading.Thread(target=guarded, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems


def test_everybody_is_served_something_else_and_keeps_it(workspace: Workspace, ids: list[str]):
    assert [workspace.queues.next_for("q", who) for who in ("Ana", "Bo", "Ana", "Bo")] == [ids[0], ids[1]] * 2


def test_what_is_decided_gives_way_to_the_next(workspace: Workspace, ids: list[str]):
    workspace.queues.next_for("q", "Ana")
    workspace.queues.decide(ids[0], 1, "reject", "other", "Ana")
    assert workspace.queues.next_for("q", "Ana") == ids[1]
    assert workspace.queues.next_for("q", "Bo") == ids[2]


def test_hammered_by_eight_threads_a_queue_of_500_serves_nothing_twice_and_loses_nothing(
    workspace: Workspace, made: list[Dialogue]
):
    ids = many(workspace, made, 500)
    workspace.queues.make("hammered", Filter(dataset="many"), who="Ana")
    names = [f"person {number}" for number in range(8)]
    served: dict[str, list[str]] = {name: [] for name in names}
    together(lambda name: work_off(workspace, "hammered", name, served[name]), names)
    assert sorted(dialogue for each in served.values() for dialogue in each) == sorted(ids)
    decided = workspace.database.rows("SELECT dialogue, who FROM decisions ORDER BY dialogue")
    assert decided == sorted((dialogue, name) for name, each in served.items() for dialogue in each)
    events = [event.decision for event in workspace.events.events() if event.decision]
    assert sorted(decision.dialogue for decision in events) == sorted(ids)
    assert workspace.queues.progress("hammered").by_person == {
        name: len(each) for name, each in sorted(served.items(), key=lambda item: (-len(item[1]), item[0])) if each
    }


def test_a_lease_ends_when_its_page_falls_silent(workspace: Workspace, clock: Clock, ids: list[str]):
    assert workspace.queues.next_for("q", "Ana") == ids[0]
    clock.pass_seconds(LEASE_SECONDS)
    assert workspace.queues.next_for("q", "Bo") == ids[1]
    clock.pass_seconds(1)
    assert workspace.queues.next_for("q", "Cleo") == ids[0]
    holder = workspace.leases.take(ids[0], "Ana")
    assert holder
    assert holder.who == "Cleo"


def test_what_somebody_had_before_is_given_back_with_what_they_take(workspace: Workspace, ids: list[str]):
    assert workspace.leases.take(ids[0], "Ana") is None
    assert workspace.leases.take(ids[1], "Ana", instead=ids[0]) is None
    assert workspace.leases.others(ids[0], "Bo") == []
    assert workspace.leases.take(ids[0], "Bo") is None
    held = workspace.leases.take(ids[1], "Bo")
    assert held is not None
    assert held.who == "Ana"


def test_a_beat_keeps_a_lease_alive(workspace: Workspace, clock: Clock, ids: list[str]):
    workspace.queues.next_for("q", "Ana")
    for _ in range(5):
        clock.pass_seconds(LEASE_SECONDS * 0.9)
        assert workspace.leases.take(ids[0], "Ana") is None
    assert workspace.queues.next_for("q", "Bo") == ids[1]
    (holder,) = workspace.leases.others(ids[0], "Bo")
    assert (holder.who, holder.since) == ("Ana", dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))


def test_opening_by_link_shows_who_has_it_and_taking_over_shuts_them_out(
    workspace: Workspace, clock: Clock, ids: list[str]
):
    workspace.queues.next_for("q", "Ana")
    clock.pass_seconds(100)
    holder = workspace.leases.take(ids[0], "Bo")
    assert holder
    assert holder.who == "Ana"
    with pytest.raises(DataError, match=r"Ana has had .* for 2 min"):
        workspace.review.decide(ids[0], 1, "accept", "", "Bo")
    assert workspace.leases.take(ids[0], "Bo", over=True) is None
    lost_to = workspace.leases.take(ids[0], "Ana")
    assert lost_to
    assert lost_to.who == "Bo"
    with pytest.raises(DataError, match="Bo has had"):
        workspace.queues.decide(ids[0], 1, "accept", "", "Ana")
    with pytest.raises(DataError, match="Bo has had"):
        workspace.review.edit_turn(ids[0], 1, 0, reworded(workspace.review.get(ids[0]).dialogue), "Ana")
    assert workspace.review.history(ids[0]) == []
    assert workspace.queues.decide(ids[0], 1, "accept", "", "Bo").who == "Bo"


def test_an_act_on_many_leaves_out_what_somebody_else_has(workspace: Workspace, ids: list[str]):
    workspace.queues.next_for("q", "Ana")
    done = workspace.bulk.apply(workspace.bulk.plan(ids[:3], "reject", "other"), "Bo")
    assert [row.dialogue for row in done.left_out] == [ids[0]]
    assert "Ana has had" in done.left_out[0].why
    assert done.act
    assert [decision.dialogue for decision in done.act.decisions] == ids[1:3]


def test_a_queue_with_nothing_but_held_dialogues_says_who_has_them(workspace: Workspace, made: list[Dialogue]):
    ids = many(workspace, made, 3)
    workspace.queues.make("q", Filter(dataset="many"), who="Ana")
    workspace.queues.next_for("q", "Ana")
    workspace.leases.take(ids[1], "Ana")
    assert workspace.queues.next_for("q", "Bo") == ids[2]
    assert workspace.queues.next_for("q", "Eve") is None
    assert str(workspace.queues.progress("q", "Eve")) == "3 left, all held: Ana 2, Bo 1."


def test_progress_counts_by_person_and_in_all(workspace: Workspace, ids: list[str]):
    said: tuple[tuple[str, DecisionKind], ...] = (("Ana", "accept"), ("Ana", "reject"), ("Bo", "flag"))
    for who, kind in said:
        workspace.queues.decide(str(workspace.queues.next_for("q", who)), 1, kind, "", who)
    progress = workspace.queues.progress("q", "Ana")
    assert (progress.total, progress.done, progress.left, progress.disputed) == (len(ids), 3, len(ids) - 3, 0)
    assert progress.by_person == {"Ana": 2, "Bo": 1}


def test_what_was_decided_before_the_queue_is_no_progress_of_it(workspace: Workspace):
    first, *rest = workspace.review.queue("d")
    workspace.review.decide(first, 1, "accept", "", "Ana")
    workspace.queues.make("q", Filter(dataset="d"), who="Ana")
    progress = workspace.queues.progress("q")
    assert (progress.total, progress.done) == (len(rest), 0)


def test_a_skipped_dialogue_comes_again_at_the_end(workspace: Workspace, ids: list[str]):
    workspace.queues.next_for("q", "Ana")
    workspace.queues.skip("q", ids[0], "Ana")
    seen: list[str] = []
    work_off(workspace, "q", "Ana", seen)
    assert seen == [*ids[1:], ids[0]]


def test_a_queue_for_named_people_serves_nobody_else(workspace: Workspace, ids: list[str]):
    workspace.queues.change("q", people=("Ana",), who="Ana")
    assert workspace.queues.next_for("q", "Ana") == ids[0]
    with pytest.raises(DataError, match="is for Ana"):
        workspace.queues.next_for("q", "Bo")


def test_an_archived_queue_serves_nothing_and_is_not_listed(workspace: Workspace, ids: list[str]):
    workspace.queues.change("q", archived=True, who="Ana")
    assert workspace.queues.all() == []
    assert [queue.name for queue in workspace.queues.all(archived=True)] == ["q"]
    with pytest.raises(DataError, match="archived"):
        workspace.queues.next_for("q", "Ana")


def test_a_random_order_is_the_seeds_and_everybodys(workspace: Workspace, ids: list[str]):
    orders = []
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        workspace.queues.make(name, Filter(dataset="d"), order="random", seed=seed, who="Ana")
        seen = []
        for number in range(len(ids)):
            seen.append(workspace.queues.next_for(name, f"{name}{number}"))
        orders.append(seen)
        for dialogue in ids:
            for number in range(len(ids)):
                workspace.leases.release(dialogue, f"{name}{number}")
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == sorted(ids)
    assert orders[0] != ids


def test_the_oldest_decision_comes_first_in_a_queue_of_flags(workspace: Workspace, ids: list[str]):
    for dialogue in (ids[3], ids[1]):
        workspace.review.decide(dialogue, 1, "flag", "", "Ana")
    workspace.queues.make("flags", Filter(dataset="d", state="flagged"), order="oldest_decision", who="Ana")
    assert workspace.queues.next_for("flags", "Bo") == ids[3]
    workspace.queues.decide(ids[3], 1, "accept", "", "Bo")
    assert workspace.queues.next_for("flags", "Bo") == ids[1]


def test_the_riskiest_first_are_those_whose_tool_destroys(workspace: Workspace, made: list[Dialogue]):
    catalog = workspace.catalogs.get("sample")
    workspace.datasets.create("risky", catalog=catalog)
    passed = [dialogue for dialogue in made if dialogue.passed]
    workspace.datasets.add("risky", [one.model_copy(update={"id": f"r{place}"}) for place, one in enumerate(passed)])
    workspace.queues.make("risk", Filter(dataset="risky"), order="riskiest", who="Ana")
    harm = {"destructive": 0, "write": 1, "read": 2}
    effects = {tool.name: tool.side_effect for tool in catalog.tools}
    served: list[str] = []
    work_off(workspace, "risk", "Ana", served)
    ranks = [harm[effects[workspace.review.get(key).dialogue.scenario.goal_tool]] for key in served]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 1
    assert served != workspace.review.queue("risky", None)


def test_a_queues_filter_reads_tier_text_tool_verifier_and_label(workspace: Workspace, ids: list[str]):
    first = workspace.review.get(ids[0]).dialogue
    word = first.turns[0].reply.split()[-1]
    workspace.labels.toggle(ids[2], 1, 1, "confused-twins", "Ana")
    fifth = workspace.review.get(ids[4]).dialogue
    leaky = workspace.review.edit_turn(ids[4], 1, 0, reworded(fifth, f"{fifth.scenario.goal_tool} please. "), "Ana")
    assert not leaky.passed
    failed = next(verdict.verifier for verdict in leaky.verdicts if not verdict.passed)
    filters = {
        "tool": (Filter(dataset="d", goal_tool=first.scenario.goal_tool), ids[0]),
        "text": (Filter(dataset="d", text=word), ids[0]),
        "label": (Filter(dataset="d", label="confused-twins"), ids[2]),
        "verifier": (Filter(dataset="d", state="failed", verifier=failed), ids[4]),
    }
    for name, (found, expected) in filters.items():
        workspace.queues.make(name, found, who="Ana")
        assert workspace.queues.next_for(name, "Cleo") == expected
    workspace.queues.make("none", Filter(dataset="d", tier="no such tier"), who="Ana")
    assert workspace.queues.next_for("none", "Ana") is None


def test_what_is_generated_later_is_served_too(workspace: Workspace, made: list[Dialogue], ids: list[str]):
    work_off(workspace, "q", "Ana", [])
    new = next(dialogue for dialogue in made if dialogue.passed).model_copy(update={"id": "late"})
    workspace.datasets.add("d", [new])
    assert workspace.queues.next_for("q", "Ana") == "late"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"overlap": 101}, "overlap"),
        ({"opinions": 1}, "opinions"),
        ({"order": "best"}, "order"),
        ({"name": "q"}, "taken"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_with_the_reason(
    workspace: Workspace, ids: list[str], parts: dict, said: str
):
    name = parts.pop("name", "other")
    with pytest.raises(DataError, match=said):
        workspace.queues.make(name, Filter(dataset="d"), who="Ana", **parts)
    assert [queue.name for queue in workspace.queues.all()] == ["q"]


def test_an_unknown_queue_or_dataset_is_named(workspace: Workspace, ids: list[str]):
    with pytest.raises(DataError, match=r"'x'.*q"):
        workspace.queues.next_for("x", "Ana")
    with pytest.raises(DataError, match="'nowhere'"):
        workspace.queues.make("y", Filter(dataset="nowhere"), who="Ana")


def test_an_analyst_is_served_nothing(workspace: Workspace, ids: list[str]):
    workspace.people.give("Ana", "admin", "Ana")
    with pytest.raises(NotAllowed, match="Lyn is an analyst"):
        workspace.queues.next_for("q", "Lyn")


def test_queues_are_rebuilt_from_the_events_file_and_leases_are_not(workspace: Workspace, ids: list[str]):
    workspace.queues.next_for("q", "Ana")
    before, folder = workspace.queues.all(), workspace.folder
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM notes")
        cursor.execute("DELETE FROM leases")
    workspace.close()
    assert b"lease" not in (folder / "decisions.jsonl").read_bytes()
    with open_workspace(folder) as again:
        assert again.queues.all() == before
        assert again.queues.next_for("q", "Bo") == ids[0]
