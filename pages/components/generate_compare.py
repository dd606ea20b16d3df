"""Two datasets side by side, and the card that says what made one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from diaforge_core.services.profiles import DatasetIdentity, DatasetProfile, as_markdown

from . import charts, wiring
from .dialogue_view import FAULT_WORDS
from .palette import colours
from .wiring import services
from .wording import percent

Reading = Callable[[DatasetProfile], str]
LINES: dict[str, Reading] = {
    "Dialogues": lambda found: f"{found.dialogues:,}",
    "Kept": lambda found: f"{found.kept:,}",
    "Passed every check": lambda found: percent(found.acceptance),
    "Assistant turns": lambda found: f"{found.assistant_turns:.2f}",
    "No right tool in view": lambda found: percent(_share(found, found.no_right_tool)),
    "Disturbed by the user": lambda found: percent(_share(found, sum(found.dials.values()))),
    "Tools covered": lambda found: f"{found.tools_covered:,}" + (f" of {found.tools:,}" if found.tools else ""),
    "Distinct openings": lambda found: percent(found.variety.phrases.openings / max(1, found.kept)),
    "Commonest opening": lambda found: f"{found.variety.phrases.opening.share:.1%}",
    "Commonest phrase of users": lambda found: f"{found.variety.phrases.user.share:.1%}",
    "Commonest phrase of replies": lambda found: f"{found.variety.phrases.replies.share:.1%}",
    "Commonest phrase of thoughts": lambda found: f"{found.variety.phrases.thoughts.share:.1%}",
    "Distinct words in a hundred": lambda found: f"{found.variety.diversity.mattr:.2f}",
    "Near-duplicates": lambda found: f"{sum(len(ids) - 1 for ids in found.variety.diversity.near_duplicates):,}",
    "Rejected because": lambda found: _reasons(found.rejected),
}
"""What is compared → how it is read off a profile."""


def compare_tab(datasets: Sequence[str]) -> None:
    """Draw two datasets side by side: a table, their tiers and their turns."""
    if len(datasets) < 2:
        st.info("Once there are two datasets, they stand side by side here.", icon=":material/compare:")
        return
    first, second = st.columns(2)
    with first:
        a = wiring.pick("Dataset", datasets, "dataset")
    with second:
        b = wiring.pick("Beside", [name for name in datasets if name != a], "beside")
    with st.spinner("Reading all dialogues …"):
        profiles = [profile(name, services().datasets.stamp(name)) for name in (a, b)]
    st.dataframe(table(profiles), hide_index=True, height="content")
    left, right = st.columns(2, gap="large")
    with left:
        st.caption("Tiers, share of the kept dialogues")
        _bars("compare.tiers", {found.name: found.tiers for found in profiles})
    with right:
        st.caption("Assistant turns, share of the kept dialogues")
        _bars(
            "compare.turns",
            {found.name: {str(turns): number for turns, number in found.turns.items()} for found in profiles},
        )


@st.cache_data(show_spinner=False, max_entries=16)
def profile(name: str, stamp: str) -> DatasetProfile:
    """The profile; `stamp` makes a change of the dataset another question."""
    return services().profiles.profile(name)


def table(profiles: Sequence[DatasetProfile]) -> pd.DataFrame:
    """One row for each of LINES, one column a dataset."""
    columns = {found.name: [reading(found) for reading in LINES.values()] for found in profiles}
    return pd.DataFrame({"": list(LINES)} | columns)


def _share(found: DatasetProfile, number: int) -> float:
    return number / max(1, found.kept)


def _reasons(rejected: Mapping[str, int]) -> str:
    return ", ".join(f"{FAULT_WORDS.get(name, name)} {number}" for name, number in rejected.items()) or "–"


def _bars(key: str, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Grouped bars, one group a category, one colour a dataset."""
    tint = colours()
    figure = go.Figure()
    categories = sorted({name for row in counts.values() for name in row}, key=_in_order)
    for colour, (name, row) in zip(("primary", "orange"), counts.items(), strict=False):
        total = max(1, sum(row.values()))
        figure.add_bar(
            x=categories,
            y=[row.get(category, 0) / total for category in categories],
            name=name,
            marker={"color": tint[colour]},
            hovertext=[f"{row.get(category, 0)} of {total}" for category in categories],
            hoverinfo="text",
        )
    figure.update_layout(height=230, barmode="group", legend={"orientation": "h", "y": -0.18}, margin={"t": 8})
    figure.update_yaxes(tickformat=".0%", gridcolor=tint["faint"])
    figure.update_xaxes(type="category")
    says = "; ".join(f"{name}: " + ", ".join(f"{k} {v}" for k, v in row.items()) for name, row in counts.items())
    charts.draw(figure, key, says)


def _in_order(category: str) -> tuple[int, str]:
    order = ("baseline", "medium", "hard", "expert")
    return (int(category), "") if category.isdigit() else (order.index(category) if category in order else 99, category)


def origin_tab(datasets: Sequence[str]) -> None:
    """Draw what made one dataset, and offer it as a file."""
    dataset = wiring.pick("Dataset", datasets, "dataset", width=260)
    found = services().profiles.identity(dataset)
    with st.container(horizontal=True):
        st.download_button(
            "Card (Markdown)",
            lambda: services().exports.card(dataset),
            file_name=f"{dataset}-card.md",
            mime="text/markdown",
            key=f"origin.markdown.{dataset}",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Identity (JSON)",
            found.model_dump_json(indent=2),
            file_name=f"{dataset}-identity.json",
            mime="application/json",
            key=f"origin.json.{dataset}",
            icon=":material/download:",
            on_click="ignore",
        )
    _identity(found)


def _identity(found: DatasetIdentity) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        _facts("Catalog", {f"{name}": f"version {version}" for version, name in found.catalogs.items()})
        _facts("Counts", found.counts)
        for run in found.runs:
            _facts(
                run.run,
                {"started": run.started, "state": run.state, "seed": run.seed, "scenarios": run.scenarios}
                | {f"{side} side": spec for side, spec in run.agents.items()},
            )
        if found.without_run:
            st.caption(f"Made by no run that is here (loaded from a file): {found.without_run:,}.")
    with right:
        first = next((run.versions for run in found.runs if run.versions), None)
        at_work = first or found.written_by
        _facts(
            "Written with" if first else "This version", {"DiaForge": at_work.diaforge, "rendering": at_work.rendering}
        )
        for title, hashes in (
            ("Wording", at_work.wording),
            ("Prompts", at_work.prompts),
            ("Verifiers", at_work.verifiers),
        ):
            _facts(title, hashes)
    with st.expander("The whole card", type="compact", icon=":material/badge:"):
        st.code(as_markdown(found), language="markdown", wrap_lines=True)


def _facts(title: str, facts: Mapping[str, object]) -> None:
    """A small table of names and values, as they are."""
    frame = pd.DataFrame({title: list(facts), " ": [str(value) for value in facts.values()]})
    st.dataframe(frame, hide_index=True, height="content")
