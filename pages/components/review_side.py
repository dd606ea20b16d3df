"""The right of the Review page: candidates with what tells them apart, and the hidden side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.review import Reviewed, StripStep

from . import wiring
from .ambiguity_strip import candidates, required_ticks
from .dialogue_view import flatten, value_text
from .wiring import services
from .wording import clip, plain


def side(reviewed: Reviewed, steps: Sequence[StripStep]) -> None:
    """Candidates with what tells them apart, required arguments, and the hidden side behind a switch."""
    dialogue = reviewed.dialogue
    scenario = dialogue.scenario
    parent = services().failures.origin(scenario.parent)
    if parent:
        wiring.link(wiring.TRACES, "Made after a failed conversation", "call_split", trace=parent)
    tools = services().review.tools(dialogue)
    shown = st.toggle("Show goal and gold values", key=f"review.gold.{dialogue.id}")
    candidates(tools, steps, goal=scenario.goal_tool if shown else "", tells_apart=_answers(dialogue))
    if steps and len(steps[-1].open_tools) == 1:
        only = next(tool for tool in tools if tool.name == steps[-1].open_tools[0])
        st.markdown("**Required**")
        required_ticks(only, steps)
    if shown:
        st.markdown("**Goal**")
        st.text(scenario.goal)
        if not scenario.solvable:
            st.caption("No right tool is in view here.")
        for name, value in flatten(scenario.gold_arguments):
            st.markdown(f":gray[{plain(name)}] {plain(clip(value_text(value), 80))}")


def _answers(dialogue: Dialogue) -> dict[str, str]:
    """Candidate → its answer to the question that tells most of them apart."""
    scenario = dialogue.scenario
    if len(scenario.candidates) < 2:
        return {}
    found = services().catalogs.facets(scenario.catalog, scenario.candidates, scenario.catalog_version)
    return dict(found[0].answers) if found else {}
