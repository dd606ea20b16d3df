"""The Evaluate page: results with their floor, breakdowns, confusions, comparison, the trend, and fault marks."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.wiring import services

from .conftest import Open


def words(at: AppTest) -> str:
    return " ".join(str(element.value) for element in (*at.markdown, *at.caption, *at.info))


@pytest.mark.parametrize("view", ["Results", "Breakdowns", "Confusions", "Compare", "Over time"])
def test_every_view_draws_its_plots_and_their_words(open_page: Open, view: str) -> None:
    at = open_page("evaluate", view=view)
    assert not at.exception
    assert not at.error
    plots = at.get("plotly_chart")
    assert plots
    assert all(plot.proto.alt for plot in plots)


def test_questions_that_the_user_could_not_make_out_are_counted_beside_the_metrics(open_page: Open) -> None:
    at = open_page("evaluate", run="oracle")
    table = next(frame.value for frame in at.dataframe if "Means" in frame.value.columns)
    told = table.set_index("Metric").loc["Not understood", "oracle"]
    assert told == str(services().evaluation.results("oracle").not_understood)


def test_breakdowns_follow_the_metric_of_the_link(open_page: Open) -> None:
    at = open_page("evaluate", view="Breakdowns", metric="ftr")
    assert "Share of episodes with any call to a wrong tool" in words(at)
    groups = at.dataframe[0].value
    assert set(groups["By"]) >= {"Difficulty", "Candidates", "Behaviour of the user"}
    assert list(groups.columns[2:]) == ["eager", "oracle"]


def test_a_run_without_wrong_calls_says_so_and_one_with_lists_them(open_page: Open) -> None:
    assert "No wrong tool was called" in words(open_page("evaluate", view="Confusions", of_run="oracle"))
    at = open_page("evaluate", view="Confusions", of_run="eager")
    assert "needed" in words(at)
    assert at.get("page_link")


def test_a_comparison_shows_its_interval_as_a_plot_and_a_group_at_a_time(open_page: Open) -> None:
    at = open_page("evaluate", view="Compare", a="oracle", b="eager", by="dial", of="ftr")
    assert not at.exception
    says = [plot.proto.alt for plot in at.get("plotly_chart")]
    assert any(text.startswith("Accuracy") for text in says)
    assert any(text.startswith("none") for text in says)


def test_stored_dialogues_can_be_chosen_as_what_a_model_is_played_against(open_page: Open) -> None:
    at = open_page("evaluate", model="scripted:cautious")
    at.selectbox(key="evaluate.source").set_value("talks").run()
    at.selectbox(key="evaluate.static").set_value("own").run()
    at.text_input(key="evaluate.run").set_value("stored").run()
    at.button(key="evaluate.start").click().run()
    assert not at.error
    run = services().jobs.wait(services().jobs.get("stored").id)
    assert (run.state, run.config["recipe"]["static"]) == ("succeeded", "own")


def test_a_test_part_says_how_often_it_was_looked_at(open_page: Open) -> None:
    open_page("evaluate")
    core = services()
    core.datasets.create("talks-held-out", parent="talks", part="test")
    core.datasets.add("talks-held-out", core.datasets.load("talks")[:2])
    core.looks.add(["talks-held-out"], "x", "smollm2", "Ana")
    at = open_page("evaluate", model="scripted:cautious")
    at.selectbox(key="evaluate.source").set_value("talks-held-out").run()
    assert "looked at 1 time so far" in words(at)


def test_a_fault_is_marked_and_the_numbers_are_told_without_it(open_page: Open) -> None:
    at = open_page("evaluate", view="Compare", a="oracle", b="eager")
    mark = next(button for button in at.button if str(button.key).startswith("fault.gold."))
    trace = str(mark.key).removeprefix("fault.gold.")
    at.text_input(key=f"fault.why.{trace}.0").set_value("two tools do").run()
    mark.click().run()
    assert not at.error
    fault = services().faults.of(trace)
    assert fault is not None
    assert (fault.blame, fault.why, fault.who) == ("gold", "two tools do", "Ana")
    assert "1 conversation the gold data's fault" in words(open_page("evaluate"))
    at = open_page("evaluate", view="Compare", a="oracle", b="eager")
    at.button(key=f"fault.undo.{trace}").click().run()
    assert services().faults.of(trace) is None


def test_a_failure_becomes_data_by_its_buttons(open_page: Open) -> None:
    at = open_page("evaluate", view="Compare", a="oracle", b="eager")
    trace = next(str(b.key) for b in at.button if str(b.key).startswith("failures.correct.")).rpartition(".")[2]
    at.button(key=f"failures.correct.{trace}").click().run()
    at.button(key=f"failures.pair.{trace}").click().run()
    at.button(key=f"failures.more.{trace}").click().run()
    assert not at.error
    core = services()
    assert core.failures.is_kept(trace)
    assert core.datasets.info("corrections").dialogues == 1
    made = core.jobs.wait(next(run.id for run in core.jobs.all() if run.config["recipe"].get("parent") == trace))
    assert (made.state, made.result["asked"]) == ("succeeded", 20)
    links = [link.proto.label for link in at.get("page_link")]
    assert "Correct it in Review" in links


def test_the_traces_page_offers_the_same_for_what_failed(open_page: Open) -> None:
    open_page("evaluate")
    frame, _ = services().traces.page({"run": "eager", "outcome": "wrong_near_duplicate"})
    at = open_page("traces", trace=frame["id"].iloc[0])
    assert [button.label for button in at.button if str(button.key).startswith("failures.")][:2] == [
        "Make 20 like this",
        "Correct this turn",
    ]
    right, _ = services().traces.page({"run": "oracle", "outcome": "right"})
    keys = [str(button.key) for button in open_page("traces", trace=right["id"].iloc[0]).button]
    assert any(key.startswith("fault.") for key in keys)
    assert not any(key.startswith("failures.") for key in keys)


def test_what_was_made_after_a_failure_leads_back_to_it(open_page: Open) -> None:
    open_page("evaluate")
    core = services()
    frame, _ = core.traces.page({"run": "eager", "outcome": "wrong_near_duplicate"})
    waiting = core.failures.correct(frame["id"].iloc[0], who="Ana")
    at = open_page("review", dataset=waiting.dataset, state="all", dialogue=waiting.dialogue)
    assert "Made after a failed conversation" in [link.proto.label for link in at.get("page_link")]
