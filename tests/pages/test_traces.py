"""The Traces page: its filter and list in the link, a trace turn by turn, what people say of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import traces_list

from .test_pages import words

Open = Callable[..., AppTest]


def button(at: AppTest, label: str):
    return next(found for found in at.button if found.label == label)


def listed(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["id"])


def test_the_filters_count_what_each_choice_would_leave_and_a_chip_takes_one_away(open_page: Open) -> None:
    at = open_page("traces")
    assert len(listed(at)) == 8
    at.session_state["traces.more"] = True
    at.run()
    runs = next(box for box in at.multiselect if box.label == "Run")
    assert sorted(runs.options) == ["eager (4)", "oracle (4)"]
    runs.set_value(["eager"]).run()
    assert not at.exception
    assert len(listed(at)) == 4
    assert at.query_params["run"] == "eager"
    outcomes = next(box for box in at.multiselect if box.label == "Outcome")
    assert sum(int(option.rpartition("(")[2].rstrip(")")) for option in outcomes.options) == 4
    button(at, "Run: eager").click().run()
    assert len(listed(at)) == 8


def test_a_trace_stays_open_though_a_browser_that_lags_behind_tells_a_filter_again(open_page: Open) -> None:
    at = open_page("traces", run="eager")
    opened = listed(at)[1]
    at = open_page("traces", run="eager", trace=opened, **{"from": opened})
    at.session_state["traces.more"] = True
    at.run()
    told = at._tree.get_widget_states()
    at.session_state["traces.more"] = False
    at.run()
    assert not any(box.label == "Run" for box in at.multiselect)
    at._run(told)  # what a browser tells that has not seen yet that the filters are gone
    assert not at.exception
    assert at.query_params["trace"] == opened
    assert at.query_params["from"] == opened


def test_a_filter_that_leaves_nothing_says_so_and_leads_back(open_page: Open) -> None:
    at = open_page("traces", text="no such words", tier="hard")
    assert "No trace meets these filters" in words(at)
    button(at, "Show all").click().run()
    assert not at.exception
    assert len(listed(at)) > 8  # what was generated too


def test_a_link_opens_the_trace_its_page_of_the_list_and_its_turn(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces_list, "PAGE", 3)
    everything = open_page("traces")
    assert "1–3 of 8 traces" in words(everything)
    button(everything, "Next page").click().run()
    assert "4–6 of 8 traces" in words(everything)
    first, second, _ = listed(everything)
    assert everything.query_params["from"] == first
    at = open_page("traces", **{"from": first, "trace": second, "turn": "2"})
    assert not at.exception
    assert listed(at)[1] == second
    assert "Labels of turn 2" in words(at)
    button(at, "Previous page").click().run()
    assert "1–3 of 8 traces" in words(at)


def test_the_keys_lead_through_the_whole_list_in_both_directions(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = listed(open_page("traces", order="goal_tool"))
    monkeypatch.setattr(traces_list, "PAGE", 3)
    at = open_page("traces", order="goal_tool")
    seen = [order[0]]
    while not button(at, "Next").disabled:
        button(at, "Next").click().run()
        seen.append(at.query_params["trace"])
        assert seen[-1] in listed(at)
    assert seen == order
    for _ in order[1:]:
        button(at, "Previous").click().run()
        assert at.query_params["trace"] in listed(at)
    assert at.query_params["trace"] == order[0]
    assert button(at, "Previous").disabled


def test_a_turn_says_what_was_open_and_what_the_user_was_free_to_reveal(open_page: Open) -> None:
    at = open_page("traces", run="oracle")
    shown = words(at)
    assert "open:" in shown
    assert "free to reveal:" in shown
    assert "What the user wanted" in shown


def test_a_label_and_a_note_stand_on_the_turn_and_are_found_by(open_page: Open) -> None:
    at = open_page("traces")
    key = listed(at)[2]
    at = open_page("traces", trace=key, turn="2")
    button(at, "good question").click().run()
    assert not at.error
    assert ":violet-badge[:material/label: good question]" in words(at)
    next(area for area in at.text_area if area.label == "New note").set_value("Look at this.")
    button(at, "On turn 2").click().run()
    assert "Look at this." in words(at)
    found = open_page("traces", label="good-question", noted="yes")
    assert listed(found) == [key]
    assert "Labels of turn 2" in words(found)  # the one that carries the label
    button(found, "good question").click().run()
    assert "No trace meets these filters" in words(found)
    button(found, "Delete").click().run()
    assert "Look at this." not in words(found)


def test_all_that_the_filter_shows_can_be_downloaded_or_is_named_as_a_command(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("traces", run="eager")
    at.session_state["traces.export"] = True
    at.run()
    at.radio(key="traces.form").set_value("inspect").run()
    assert not at.exception
    assert [found.proto.label for found in at.get("download_button")] == ["Download"]
    monkeypatch.setattr("pages.components.traces_tools.MOST_IN_MEMORY", 3)
    at.run()
    assert not at.get("download_button")
    assert "--format inspect --where 'run=eager'" in at.code[-1].value


def test_the_outcomes_are_summed_by_a_part(open_page: Open) -> None:
    at = open_page("traces", by="tier")
    at.session_state["traces.sums"] = True
    at.run()
    assert not at.exception
    assert not at.error
