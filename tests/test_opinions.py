"""Blind overlap: the first judgement hides nothing, none is seen, and what follows when all have judged."""

from __future__ import annotations

import pytest

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter
from diaforge_core.records.review import Decision, DecisionKind
from diaforge_core.services.acts import Act
from diaforge_core.services.opinions import Opinion
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_queues import many, together, work_off
from .test_services_data import made as made
from .test_services_review import first as first
from .test_services_review import reworded
from .test_services_review import workspace as workspace


@pytest.fixture
def blind(workspace: Workspace) -> str:
    """The first dialogue of a queue in which two people judge everything."""
    workspace.queues.make("q", Filter(dataset="d"), overlap=100, who="Ana")
    return workspace.review.queue("d")[0]


def judge(workspace: Workspace, dialogue: str, **kinds: DecisionKind) -> list[Decision | Opinion]:
    return [workspace.queues.decide(dialogue, 1, kind, "", who) for who, kind in kinds.items()]


def test_the_first_judgement_does_not_hide_the_dialogue_from_the_second_person(workspace: Workspace, blind: str):
    assert workspace.queues.next_for("q", "Ana") == blind
    (said,) = judge(workspace, blind, Ana="accept")
    assert isinstance(said, Opinion)
    assert workspace.review.get(blind).state == "pending"
    assert workspace.review.get(blind).decisions == ()
    assert workspace.queues.next_for("q", "Ana") != blind
    assert workspace.queues.next_for("q", "Bo") == blind


def test_two_may_have_it_at_once_and_a_third_may_not(workspace: Workspace, blind: str):
    assert [workspace.queues.next_for("q", who) for who in ("Ana", "Bo")] == [blind, blind]
    assert workspace.queues.next_for("q", "Cleo") != blind
    holder = workspace.leases.take(blind, "Cleo")
    assert holder
    assert holder.who == "Ana"


def test_nobody_sees_what_another_said_before_both_have(workspace: Workspace, blind: str):
    workspace.labels.toggle(blind, 1, 1, "guessed-a-value", "Ana")
    workspace.comments.add(blind, "A guess!", who="Ana")
    judge(workspace, blind, Ana="reject")
    assert workspace.opinions.of(blind, "Bo") == []
    assert workspace.labels.of(blind, "Bo") == []
    assert workspace.comments.of(blind, "Bo") == []
    assert workspace.finding.choices(Filter(dataset="d", state=None), "label", "Bo") == {}
    assert workspace.finding.choices(Filter(dataset="d", state=None), "label", "Ana") == {"guessed-a-value": 1}
    assert [each.kind for each in workspace.opinions.of(blind, "Ana")] == ["reject"]
    judge(workspace, blind, Bo="accept")
    assert [each.who for each in workspace.opinions.of(blind, "Bo")] == ["Ana", "Bo"]
    assert len(workspace.labels.of(blind, "Bo")) == len(workspace.comments.of(blind, "Bo")) == 1


def test_when_all_agree_the_decision_follows_and_is_signed_by_all(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="reject", Bo="reject")
    found = workspace.review.get(blind)
    assert found.state == "rejected"
    assert [(decision.kind, decision.who) for decision in found.decisions] == [("reject", "Ana and Bo")]


def test_when_they_disagree_it_waits_for_an_adjudicator(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="accept", Bo="reject")
    assert workspace.review.get(blind).state == "pending"
    assert blind not in {workspace.queues.next_for("q", who) for who in ("Ana", "Bo", "Cleo")}
    assert workspace.queues.progress("q", "Ana").disputed == 1
    (found,) = workspace.opinions.disagreements(workspace.queues.get("q"))
    assert (found.dialogue, [each.kind for each in found.opinions]) == (blind, ["accept", "reject"])
    workspace.opinions.adjudicate(blind, 1, "accept", "it is fine", "Cleo")
    assert workspace.review.get(blind).state == "accepted"
    assert workspace.opinions.disagreements(workspace.queues.get("q")) == []
    assert workspace.queues.progress("q").disputed == 0


def test_a_quarrel_is_not_adjudicated_before_all_have_judged(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="accept")
    with pytest.raises(DataError, match="1 of them so far"):
        workspace.opinions.adjudicate(blind, 1, "accept", "", "Cleo")


def test_a_reviewer_does_not_settle_a_quarrel_by_deciding(workspace: Workspace, blind: str):
    workspace.people.give("Ada", "admin", "Ada")
    for name in ("Ana", "Bo", "Cleo"):
        workspace.people.give(name, "reviewer", "Ada")
    judge(workspace, blind, Ana="accept", Bo="reject")
    with pytest.raises(DataError, match="Cleo is a reviewer"):
        workspace.review.decide(blind, 1, "accept", "", "Cleo")
    assert workspace.review.decide(blind, 1, "accept", "", "Ada").who == "Ada"


def test_a_plain_decision_does_not_cut_blind_judging_short(workspace: Workspace, blind: str):
    with pytest.raises(DataError, match=r"judged blind by 2 people in queue 'q', 0 of them so far"):
        workspace.review.decide(blind, 1, "accept", "", "Ana")
    assert workspace.review.get(blind).state == "pending"


def test_an_adjudicator_may_look_early_unless_asked_to_judge(workspace: Workspace, blind: str):
    workspace.queues.change("q", people=("Ana", "Bo"), who="Ana")
    judge(workspace, blind, Ana="accept")
    assert [each.who for each in workspace.opinions.look(blind, "Cleo")] == ["Ana"]
    with pytest.raises(DataError, match="Judge it first"):
        workspace.opinions.look(blind, "Bo")


def test_a_double_press_is_one_opinion_and_a_change_of_mind_needs_undo(workspace: Workspace, blind: str):
    assert (
        len({repr(said) for said in judge(workspace, blind, Ana="accept") + judge(workspace, blind, Ana="accept")}) == 1
    )
    with pytest.raises(DataError, match="Take that back first"):
        judge(workspace, blind, Ana="reject")
    undone = workspace.queues.undo("Ana")
    assert isinstance(undone, Opinion)
    judge(workspace, blind, Ana="reject", Bo="reject")
    assert workspace.review.get(blind).state == "rejected"


def test_a_double_press_after_all_have_judged_changes_nothing(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="accept", Bo="accept")
    judge(workspace, blind, Bo="accept")
    assert len(workspace.review.history(blind)) == 1


def test_an_opinion_that_the_others_answered_is_not_taken_back(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="accept", Bo="reject")
    assert workspace.queues.undo("Ana") is None
    assert len(workspace.opinions.of(blind, "Ana")) == 2


def test_undo_takes_back_whichever_is_newer(workspace: Workspace, blind: str):
    workspace.datasets.create("plain")
    other = workspace.review.get(blind).dialogue.model_copy(update={"id": "other"})
    workspace.datasets.add("plain", [other])
    judge(workspace, blind, Ana="accept")
    judge(workspace, "other", Ana="flag")
    assert [type(workspace.queues.undo("Ana")) for _ in range(3)] == [Act, Opinion, type(None)]


def test_an_edit_asks_everybody_anew(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="accept")
    workspace.review.edit_turn(blind, 1, 0, reworded(workspace.review.get(blind).dialogue), "Bo")
    assert workspace.opinions.on_newest(blind) == []
    assert workspace.queues.next_for("q", "Ana") == blind
    with pytest.raises(DataError, match="version 2"):
        workspace.queues.decide(blind, 1, "accept", "", "Bo")


def test_only_the_people_of_the_queue_are_asked(workspace: Workspace, blind: str):
    workspace.queues.change("q", people=("Ana", "Bo"), who="Ana")
    with pytest.raises(DataError, match="not among the people"):
        judge(workspace, blind, Cleo="accept")


def test_a_share_of_twenty_percent_is_the_same_dialogues_each_time_and_within_a_larger_one(
    workspace: Workspace, made: list[Dialogue]
):
    ids = many(workspace, made, 500)
    queue = workspace.queues.make("share", Filter(dataset="many"), overlap=20, who="Ana")
    twenty = {key for key in ids if workspace.queues.wanted(key) == 2}
    assert 70 <= len(twenty) <= 130
    workspace.queues.change(queue.id, overlap=50, opinions=3, who="Ana")
    fifty = {key for key in ids if workspace.queues.wanted(key) == 3}
    assert twenty < fifty


def test_hammered_with_overlap_everybody_is_served_once_and_every_item_gets_its_number(
    workspace: Workspace, made: list[Dialogue]
):
    ids = many(workspace, made, 60)
    workspace.queues.make("share", Filter(dataset="many"), overlap=50, opinions=3, who="Ana")
    wanted = {key: workspace.queues.wanted(key) for key in ids}
    names = [f"person {number}" for number in range(6)]
    served: dict[str, list[str]] = {name: [] for name in names}
    together(lambda name: work_off(workspace, "share", name, served[name]), names)
    for each in served.values():
        assert len(each) == len(set(each))
    everything = [dialogue for each in served.values() for dialogue in each]
    assert {key: everything.count(key) for key in ids} == wanted
    assert set(wanted.values()) == {1, 3}
    assert set(workspace.finding.page(Filter(dataset="many", state=None), 0, 60)["state"]) == {"accepted"}


def test_opinions_and_what_followed_are_rebuilt_from_the_events_file(workspace: Workspace, blind: str):
    second = workspace.review.queue("d")[1]
    judge(workspace, blind, Ana="accept", Bo="accept")
    judge(workspace, second, Ana="accept", Bo="reject")
    folder = workspace.folder
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM notes")
        cursor.execute("DELETE FROM decisions")
        cursor.execute("UPDATE heads SET state = 'pending', decided_by = ''")
    workspace.close()
    with open_workspace(folder) as again:
        assert again.review.get(blind).state == "accepted"
        assert [each.kind for each in again.opinions.of(second, "Ana")] == ["accept", "reject"]
        assert again.queues.progress("q").by_person == {"Ana": 2, "Bo": 2}


def test_an_archived_queue_asks_for_no_more_opinions(workspace: Workspace, blind: str):
    judge(workspace, blind, Ana="accept")
    workspace.queues.change("q", archived=True, who="Ana")
    assert workspace.queues.wanted(blind) == 1
    assert workspace.review.decide(blind, 1, "accept", "", "Bo").kind == "accept"
