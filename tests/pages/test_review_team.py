"""Working together on the Review page: queues, who has what, labels, comments, guidelines, agreement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from diaforge_core.evaluation.agreement import Agreement, Unit, agreement
from diaforge_core.evaluation.statistics import wilson
from diaforge_core.records.queue import Filter, Queue
from diaforge_core.services.agreement import Share
from diaforge_core.services.workspace import Workspace
from pages.components.review_agreement import critic_words, number, plot, sentence
from pages.components.wording import formatted

from .test_pages import words

Open = Callable[..., AppTest]


@pytest.fixture
def services(open_page: Open) -> Workspace:
    from pages.components.wiring import services

    return services()


@pytest.fixture
def queue(services: Workspace, request: pytest.FixtureRequest) -> Iterator[Queue]:
    """A queue of its own dialogues, three of them, made for one test."""
    name = f"q{abs(hash(request.node.name)) % 10**8}"
    kept = services.datasets.load("talks")[:3]
    services.datasets.create(name)
    services.datasets.add(name, [one.model_copy(update={"id": f"{name}-{place}"}) for place, one in enumerate(kept)])
    yield services.queues.make(name, Filter(dataset=name), who="Ana")
    services.datasets.remove(name)
    services.queues.change(name, archived=True, who="Ana")


def button(at: AppTest, label: str):
    return next(each for each in at.button if each.label == label)


def as_person(at: AppTest, name: str) -> AppTest:
    at.session_state["who.name"] = name
    return at.run()


def test_a_queue_serves_and_moves_on_with_each_decision(open_page: Open, services: Workspace, queue: Queue) -> None:
    at = open_page("review", queue=queue.id)
    assert "**0** of 3 dialogues" in words(at)
    button(at, "Accept").click().run()
    assert not at.exception
    assert "**1** of 3 dialogues" in words(at)
    assert "Ana 1" in words(at)
    assert services.review.get(f"{queue.name}-0").state == "accepted"
    button(at, "Skip").click().run()
    button(at, "Accept").click().run()
    button(at, "Accept").click().run()
    assert "3 of 3 are decided" in words(at)


def test_an_undo_in_a_queue_brings_the_dialogue_back(open_page: Open, services: Workspace, queue: Queue) -> None:
    at = open_page("review", queue=queue.id)
    button(at, "Accept").click().run()
    button(at, "Undo").click().run()
    assert services.review.get(f"{queue.name}-0").state == "pending"
    assert at.query_params["dialogue"] == f"{queue.name}-0"


def test_the_last_decision_of_a_list_can_be_taken_back_where_nothing_is_left(
    open_page: Open, services: Workspace, queue: Queue
) -> None:
    at = open_page("review", queue=queue.id)
    for _ in range(3):
        button(at, "Accept").click().run()
    assert "Accept" not in [each.label for each in at.button]
    button(at, "Undo").click().run()
    assert not at.exception
    assert at.query_params["dialogue"] == f"{queue.name}-2"
    assert services.review.get(f"{queue.name}-2").state == "pending"


def test_what_was_decided_elsewhere_stays_on_screen_with_the_reason(
    open_page: Open, services: Workspace, queue: Queue
) -> None:
    at = open_page("review", dataset=queue.name, state="pending")
    services.review.decide(f"{queue.name}-0", 1, "flag", who="Ana")
    button(at, "Accept").click().run()
    assert "became flagged by Ana" in at.error[0].value
    assert at.query_params["dialogue"] == f"{queue.name}-0"


def test_two_people_get_different_dialogues_and_a_link_shows_who_has_it(
    open_page: Open, services: Workspace, queue: Queue
) -> None:
    first = f"{queue.name}-0"
    services.queues.next_for(queue.id, "Bo")
    at = open_page("review", queue=queue.id)
    assert f"accept.{first}.1" not in {each.key for each in at.button}
    at = open_page("review", queue=queue.id, dialogue=first)
    assert "**Bo** is on this dialogue" in words(at)
    button(at, "Accept").click().run()
    assert "Bo has had dialogue" in at.error[0].value
    assert services.review.get(first).state == "pending"
    button(at, "Take over").click().run()
    assert "is on this dialogue" not in words(at)
    button(at, "Accept").click().run()
    assert services.review.get(first).state == "accepted"


def test_leaving_a_dialogue_gives_it_back(open_page: Open, services: Workspace, queue: Queue) -> None:
    at = open_page("review", dataset=queue.name, state="all")
    assert [holder.who for _, holder in services.leases.held(queue)] == ["Ana"]
    button(at, "Next").click().run()
    assert [key for key, _ in services.leases.held(queue)] == [f"{queue.name}-1"]


def test_a_queue_is_made_of_the_filters_on_the_page(open_page: Open, services: Workspace) -> None:
    at = open_page("review", dataset="talks", state="pending")
    at.session_state["review.new_queue"] = True
    at.run()
    at.text_input(key="queue.name").set_value("from filters").run()
    at.slider(key="queue.overlap").set_value(20).run()
    at.text_input(key="queue.people").set_value("Ana, Bo").run()
    button(at, "Make").click().run()
    assert not at.exception
    made = services.queues.get("from filters")
    assert (made.filter.dataset, made.filter.state, made.overlap, made.people) == (
        "talks",
        "pending",
        20,
        ("Ana", "Bo"),
    )
    assert at.query_params["queue"] == made.id
    button(at, "Archive queue").click().run()
    assert made.id not in {each.id for each in services.queues.all()}


def test_labels_are_put_on_the_selected_turn_and_show_there(open_page: Open, services: Workspace, queue: Queue) -> None:
    at = open_page("review", dataset=queue.name, state="all")
    button(at, "Select turn 2").click().run()
    assert "**Labels of turn 2**" in words(at)
    button(at, "called too early").click().run()
    (put,) = services.labels.of(f"{queue.name}-0")
    assert (put.label, put.turn, put.who) == ("called-too-early", 1, "Ana")
    assert ":material/label: called too early" in words(at)
    button(at, "called too early").click().run()
    assert services.labels.of(f"{queue.name}-0") == []


def test_the_filter_by_label_opens_at_that_turn(open_page: Open, services: Workspace, queue: Queue) -> None:
    services.labels.toggle(f"{queue.name}-2", 1, 1, "guessed-a-value", "Bo")
    at = open_page("review", dataset=queue.name, state="all")
    at.session_state["filters.more"] = True
    at.run()
    label = next(each for each in at.selectbox if each.label == "Label on a turn")
    assert label.options == ["any", "guessed a value (1)"]
    label.set_value("guessed-a-value").run()
    assert at.query_params["label"] == "guessed-a-value"
    assert services.review.get(f"{queue.name}-2").dialogue.turns[0].reply in words(at)
    assert "**Labels of turn 2**" in words(at)
    assert "**1** of 1" in words(at)


def test_a_link_to_a_turn_selects_it(open_page: Open, queue: Queue) -> None:
    at = open_page("review", dataset=queue.name, state="all", dialogue=f"{queue.name}-1", turn="1")
    assert "**Labels of turn 1**" in words(at)


def test_label_keys_rest_while_a_dialog_is_open(open_page: Open, queue: Queue) -> None:
    at = open_page("review", dataset=queue.name, state="all")
    assert not button(at, "called too early").disabled
    button(at, "Reject").click().run()
    assert button(at, "called too early").disabled


def test_comments_are_added_changed_and_deleted_by_their_author(
    open_page: Open, services: Workspace, queue: Queue
) -> None:
    first = f"{queue.name}-0"
    services.comments.add(first, "By somebody else.", who="Bo")
    at = open_page("review", dataset=queue.name, state="all", turn="1")
    at.text_area(key=f"comment.new.{first}.1").set_value("Is *this* natural? <b>").run()
    button(at, "On turn 1").click().run()
    assert not at.exception
    mine = services.comments.of(first)[1]
    assert (mine.text, mine.turn, mine.who) == ("Is *this* natural? <b>", 0, "Ana")
    assert [each.key for each in at.button if each.label == "Delete"] == [f"comment.delete.{mine.id}"]
    at.button(key=f"comment.change.{mine.id}").click().run()
    at.text_area(key=f"comment.text.{mine.id}").set_value("It is.").run()
    at.button(key=f"comment.save.{mine.id}").click().run()
    assert services.comments.of(first)[1].text == "It is."
    at.button(key=f"comment.delete.{mine.id}").click().run()
    assert [each.who for each in services.comments.of(first)] == ["Bo"]


def test_guidelines_stand_beside_the_record(open_page: Open, services: Workspace, queue: Queue) -> None:
    services.comments.write_guidelines("# Read\n\n- ![x](http://tracker.example/a.png)", queue=queue.id, who="Ana")
    at = open_page("review", queue=queue.id)
    at.session_state[f"guidelines.{queue.name}"] = True
    at.run()
    shown = next(each.value for each in at.markdown if "tracker" in each.value)
    assert shown.startswith("# Read\n\n- ")
    assert "![" not in shown
    assert "](" not in shown
    assert "://" not in shown


def test_agreement_is_shown_and_a_disagreement_settled(open_page: Open, services: Workspace, queue: Queue) -> None:
    services.queues.change(queue.id, overlap=100, who="Ana")
    for place, kind in enumerate(("accept", "reject", "accept")):
        services.queues.decide(f"{queue.name}-{place}", 1, "accept" if place < 2 else "reject", "", "Ana")
        services.queues.decide(f"{queue.name}-{place}", 1, kind, "", "Bo")
    at = open_page("review", queue=queue.id, view="Agreement")
    assert not at.exception
    assert "the same on **1 of 3 dialogues**" in words(at)
    assert "Disagreements (2)" in {each.value for each in at.subheader}
    at.button(key=f"read.{queue.name}-1.1").click().run()
    assert at.query_params["dialogue"] == f"{queue.name}-1"
    assert button(at, "Accept")
    at = open_page("review", queue=queue.id, view="Agreement")
    at.button(key=f"settle.reject.{queue.name}-1.1").click().run()
    assert services.review.get(f"{queue.name}-1").state == "rejected"
    assert "Disagreements (1)" in {each.value for each in at.subheader}


def test_a_blind_judge_sees_no_others_opinion_or_label(open_page: Open, services: Workspace, queue: Queue) -> None:
    services.queues.change(queue.id, overlap=100, who="Ana")
    services.labels.toggle(f"{queue.name}-0", 1, 1, "unnatural-words", "Bo")
    services.queues.decide(f"{queue.name}-0", 1, "reject", "unnatural", "Bo")
    at = open_page("review", queue=queue.id)
    assert any(str(each.key).startswith(f"accept.{queue.name}-0.") for each in at.button)
    assert ":material/label: unnatural words" not in words(at)
    assert "rejected" not in words(at)
    button(at, "Accept").click().run()
    assert services.review.get(f"{queue.name}-0").state == "pending"
    assert len(services.opinions.of(f"{queue.name}-0", "Ana")) == 2


def test_what_a_role_does_not_allow_is_not_offered_or_is_refused(
    open_page: Open, services: Workspace, queue: Queue
) -> None:
    services.people.give("Ada", "admin", "Ada")
    try:
        at = open_page("review", dataset=queue.name, state="all")
        assert "Reviewers label turns." in words(at)
        assert not [each for each in at.button if each.label in ("Make", "called too early", "Save guidelines")]
        button(at, "Accept").click().run()
        assert "Ana is an analyst here" in at.error[0].value
        assert services.review.get(f"{queue.name}-0").state == "pending"
    finally:
        with services.database.write() as cursor:
            cursor.execute("UPDATE notes SET stands = false WHERE topic = 'role'")
        services.notes.read_anew()


PAYLOADS = (
    "![x](http://t.example/a.png)", "[click](javascript:alert(1))", "<img src=x onerror=y>", "[x]: http://t.example",
    "![x][y]", ":material/skull: $x^2$", ":red[hot]", "<http://t.example>", "www.t.example a@b.example",
)  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_guidelines_show_what_would_load_or_lead_somewhere_as_it_is_written(payload: str) -> None:
    shown = formatted(payload)
    for live in ("![", "](", "]:", "][", "<i", "<h", "://", "www.", ":red[", ":material/skull:"):
        assert live not in shown
    assert shown.replace("\u2060", "").replace("\\$", "$") == payload


@given(some.text(alphabet="![](<>:/w.@$ab#*`\n", max_size=60))
def test_no_text_whatever_becomes_a_link_an_image_or_a_tag(text: str) -> None:
    shown = formatted(text)
    for live in ("![", "](", "]:", "][", "<a", "<b", "<!", "</", "://", "www."):
        assert live not in shown


def test_headings_lists_emphasis_and_code_stay() -> None:
    text = "# One\n\n- **two**\n- `three`\n\n> four"
    assert formatted(text) == text


def test_agreement_in_words_and_as_a_plot() -> None:
    units = [Unit(place, {"Ana": a, "Bo": b}) for place, (a, b) in enumerate(["ar", "aa", "rr", "aa", "ra", "rr"])]
    found = agreement(units)
    assert found.value == pytest.approx(1 / 3)
    assert number(found).startswith("kappa 0.33 (")
    assert "**4 of 6 dialogues**" in sentence(found)
    drawn = plot([("decisions", found), ("<b>", Agreement("alpha", 0.5, None, 4, 3, 2))]).to_dict()["data"][0]
    assert list(drawn["x"]) == [pytest.approx(1 / 3), 0.5]
    assert "<" not in "".join(drawn["y"])


def test_the_critics_worth_in_words() -> None:
    assert critic_words(Share(8, 10, wilson(8, 10))) == "People agreed with that in 80 % (49–94), n = 10."
    assert "Nobody has decided" in critic_words(Share(0, 0, wilson(0, 0)))
