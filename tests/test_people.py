"""Roles: who may do what, asked by the services."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diaforge_core.errors import DataError, NotAllowed
from diaforge_core.records.queue import Filter
from diaforge_core.services.people import NEEDS, PROGRAM, ROLES, Guarded, Role
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_services_data import made as made
from .test_services_review import workspace as workspace

Doing = Callable[[Workspace, str, str], object]
"""Does a guarded act in a workspace: (workspace, a dialogue's id, who)."""


STAFF: dict[str, Role] = {"Ada": "admin", "Rex": "reviewer", "Lyn": "analyst"}


@pytest.fixture
def staffed(workspace: Workspace) -> Workspace:
    for name, role in STAFF.items():
        workspace.people.give(name, role, "Ada")
    return workspace


def turns_of(workspace: Workspace, dialogue: str):
    return workspace.review.get(dialogue).dialogue.turns


ACTS: dict[str, tuple[Guarded, Doing]] = {
    "accept": ("decide", lambda w, d, who: w.review.decide(d, 1, "accept", "", who)),
    "judge in a queue": ("decide", lambda w, d, who: w.queues.decide(d, 1, "accept", "", who)),
    "give an opinion": ("decide", lambda w, d, who: w.opinions.give(d, 1, "accept", "", who)),
    "be served": ("decide", lambda w, d, who: w.queues.next_for("all", who)),
    "decide on many": ("decide", lambda w, d, who: w.bulk.apply(w.bulk.plan([d], "reject"), who)),
    "edit": ("edit", lambda w, d, who: w.review.edit(d, 1, turns_of(w, d), who)),
    "edit a turn": ("edit", lambda w, d, who: w.review.edit_turn(d, 1, 0, turns_of(w, d)[0], who)),
    "label": ("label", lambda w, d, who: w.labels.toggle(d, 1, 0, "guessed-a-value", who)),
    "comment": ("comment", lambda w, d, who: w.comments.add(d, "Hm.", who=who)),
    "add a label": ("taxonomy", lambda w, d, who: w.labels.add(f"by {who}", who=who)),
    "rename a label": ("taxonomy", lambda w, d, who: w.labels.change("guessed-a-value", name=f"g {who}", who=who)),
    "write guidelines": ("guidelines", lambda w, d, who: w.comments.write_guidelines("Read.", dataset="d", who=who)),
    "make a queue": ("queues", lambda w, d, who: w.queues.make(f"of {who}", Filter(dataset="d"), who=who)),
    "change a queue": ("queues", lambda w, d, who: w.queues.change("all", seed=1, who=who)),
    "adjudicate": ("adjudicate", lambda w, d, who: w.opinions.adjudicate(d, 1, "flag", "", who)),
    "look at opinions": ("adjudicate", lambda w, d, who: w.opinions.look(d, who)),
    "give a role": ("people", lambda w, d, who: w.people.give("New", "reviewer", who)),
    "take a role": ("people", lambda w, d, who: w.people.take("Lyn", who)),
}


@pytest.mark.parametrize("who", ["Ada", "Rex", "Lyn", "nobody", ""])
@pytest.mark.parametrize("doing", ACTS)
def test_each_guarded_act_is_done_or_refused_by_role(staffed: Workspace, doing: str, who: str):
    act, do = ACTS[doing]
    staffed.queues.make("all", Filter(dataset="d"), who="Ada")
    dialogue = staffed.review.queue("d")[0]
    if doing == "give an opinion":
        staffed.queues.change("all", overlap=100, who="Ada")
    role = STAFF.get(who, "analyst")
    if ROLES.index(role) >= ROLES.index(NEEDS[act]):
        do(staffed, dialogue, who)
        return
    before = staffed.events.path.read_bytes()
    with pytest.raises(NotAllowed, match=r"is an? .*takes an? .*Ask Ada"):
        do(staffed, dialogue, who)
    assert staffed.events.path.read_bytes() == before


def test_who_may_no_longer_decide_takes_nothing_back(staffed: Workspace):
    dialogue = staffed.review.queue("d")[0]
    staffed.review.decide(dialogue, 1, "accept", "", "Rex")
    staffed.people.give("Rex", "analyst", "Ada")
    with pytest.raises(NotAllowed, match="Rex is an analyst"):
        staffed.review.undo("Rex")
    assert staffed.review.get(dialogue).state == "accepted"


def test_one_person_alone_may_do_everything(workspace: Workspace):
    assert workspace.people.all() == {}
    assert all(workspace.people.may("whoever", act) for act in NEEDS)


def test_the_first_role_must_be_an_admins_and_one_stays(workspace: Workspace):
    with pytest.raises(DataError, match="admin"):
        workspace.people.give("Rex", "reviewer", "Rex")
    workspace.people.give("Ada", "admin", "Rex")
    for attempt in (
        lambda: workspace.people.take("Ada", "Ada"),
        lambda: workspace.people.give("Ada", "analyst", "Ada"),
    ):
        with pytest.raises(DataError, match="must be an admin"):
            attempt()
    assert workspace.people.all() == {"Ada": "admin"}


def test_a_role_that_there_is_not_is_refused(staffed: Workspace):
    with pytest.raises(DataError, match="no role"):
        staffed.people.give("Eve", "root", "Ada")  # pyright: ignore[reportArgumentType]
    with pytest.raises(DataError, match="Give a name"):
        staffed.people.give("  ", "admin", "Ada")


def test_the_first_to_sign_in_becomes_admin_and_the_second_does_not(workspace: Workspace):
    workspace.people.welcome("ada@example.com")
    workspace.people.welcome("rex@example.com")
    assert workspace.people.all() == {"ada@example.com": "admin"}
    assert workspace.people.role("rex@example.com") == "analyst"


def test_the_demo_may_decide_and_nothing_else(staffed: Workspace):
    assert staffed.people.may(PROGRAM, "decide")
    assert not any(staffed.people.may(PROGRAM, act) for act in NEEDS if act not in ("decide", "comment"))


def test_roles_are_rebuilt_from_the_events_file(staffed: Workspace):
    staffed.people.take("Lyn", "Ada")
    folder = staffed.folder
    staffed.close()
    (folder / "diaforge.duckdb").unlink()
    with open_workspace(folder) as again:
        assert again.people.all() == {"Ada": "admin", "Rex": "reviewer"}
        with pytest.raises(NotAllowed):
            again.people.give("Lyn", "admin", "Lyn")
