"""How varied a dataset is against its floors, and its duplicates, of which one is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from diaforge_core.services.variety import Floor, Report

from . import wiring
from .wiring import acting, action, services, who
from .wording import clip, count, percent, plain

CLUSTERS = 10
"""Clusters of duplicates on screen."""
REJECTED = "variety.rejected"
"""Session key: (dataset, ids) of the duplicates that were rejected last."""


def variety_tab(datasets: Sequence[str]) -> None:
    """Draw floors, the least varied tools and the duplicates of one dataset."""
    dataset = wiring.pick("Dataset", datasets, "dataset", width=260)
    with st.spinner("Reading all dialogues …"):
        report = services().variety.report(dataset)
    if not report.diversity.dialogues:
        st.info("No dialogue of this dataset is kept, so there is nothing to measure.", icon=":material/info:")
        return
    left, right = st.columns(2, gap="large")
    with left:
        _floors(report)
    with right:
        _tools(report)
    _duplicates(dataset, report)


def _floors(report: Report) -> None:
    st.subheader("Variety against its floors", anchor=False)
    for floor in report.floors:
        st.markdown(floor_line(floor))
        if floor.example and not floor.holds:
            st.caption(f"“{plain(floor.example, 120)}”")
    if not report.floors[0].judged:
        st.caption("Too few dialogues to judge: repetition by chance is likely below a hundred.")
    elif report.below:
        st.caption(
            "Values, ids and catalog words are blanked (_) before phrases are compared. Exports carry a warning."
        )
    ttr, ngd = report.diversity.ttr, report.diversity.ngd
    st.caption(f"Type-token ratio {ttr:.2f}, n-gram diversity {ngd:.2f}; both fall with size.")


def floor_line(floor: Floor) -> str:
    """One number, its limit, and whether it holds: icon, word and colour."""
    bound = "at least" if floor.at_least else "at most"
    state = "blue-badge[:material/check: holds]" if floor.holds else "orange-badge[:material/priority_high: broken]"
    if not floor.judged:
        state = "gray-badge[:material/hourglass_empty: too few]"
    return f":{state} {floor.name}: **{floor.value:.1%}** :gray[{bound} {floor.limit:.1%}]"


def _tools(report: Report) -> None:
    st.subheader("Least varied tools", anchor=False)
    if not report.tools:
        st.caption("No tool has three dialogues yet.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Tool": [clip(tool.tool, 60) for tool in report.tools[:200]],
                "Dialogues": [tool.dialogues for tool in report.tools[:200]],
                "N-grams": [tool.ngd for tool in report.tools[:200]],
                "Words": [tool.mattr for tool in report.tools[:200]],
            }
        ),
        hide_index=True,
        height=260,
        column_config={
            "Tool": st.column_config.TextColumn(width="medium"),
            "Dialogues": st.column_config.NumberColumn(width=70),
            "N-grams": st.column_config.NumberColumn(
                width=70, format="%.2f", help="Distinct n-grams over all, n = 1 to 4."
            ),
            "Words": st.column_config.NumberColumn(
                width=70, format="%.2f", help="Distinct words in a window of a hundred."
            ),
        },
    )


def _duplicates(dataset: str, report: Report) -> None:
    st.subheader("Near-duplicates", anchor=False)
    _undo(dataset)
    clusters = report.diversity.near_duplicates
    if not clusters:
        st.markdown(":material/check_circle: No two kept dialogues say the same.")
        return
    again = sum(len(cluster) - 1 for cluster in clusters)
    share = percent(again / report.diversity.dialogues)
    st.markdown(f"**{count(len(clusters), 'cluster')}**, {count(again, 'dialogue')} too many :gray[({share})]")
    for cluster in clusters[:CLUSTERS]:
        _cluster(dataset, cluster)
    if len(clusters) > CLUSTERS:
        st.caption(f"{len(clusters) - CLUSTERS} more clusters follow once these are settled.")


def _cluster(dataset: str, ids: Sequence[str]) -> None:
    """The dialogues of one cluster by their first words, one of them to keep."""
    key = f"variety.keep.{ids[0]}.{len(ids)}"
    openings = {}
    for number, dialogue in enumerate(ids, start=1):
        turns = services().review.get(dialogue).dialogue.turns
        openings[dialogue] = f"{number} · {plain(clip(turns[0].reply if turns else '', 110))}"
    with st.container(border=True):
        keep = str(
            st.radio(f"{count(len(ids), 'dialogue')} say the same; keep", ids, format_func=openings.get, key=key)
        )
        st.button(
            f"Keep this one, reject {count(len(ids) - 1, 'other')}",
            key=f"{key}.go",
            icon=":material/filter_1:",
            on_click=_keep,
            args=(dataset, tuple(ids), keep),
        )


def _keep(dataset: str, ids: Sequence[str], keep: str) -> None:
    def reject() -> None:
        st.session_state[REJECTED] = (dataset, tuple(services().variety.keep_one(ids, keep, who())))

    action(reject)()


def _undo(dataset: str) -> None:
    """The button that takes the last rejecting back, where it was in this dataset."""
    of, ids = st.session_state.get(REJECTED, ("", ()))
    if of != dataset or not ids:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/filter_1: Rejected {count(len(ids), 'duplicate')}.")
        st.button(
            "Undo",
            key="variety.undo",
            icon=":material/undo:",
            **acting(services().variety.bring_back, ids, who(), then=lambda: st.session_state.pop(REJECTED, None)),
        )
