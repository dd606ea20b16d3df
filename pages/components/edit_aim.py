"""Goal tool, goal, gold arguments and candidates of a dialogue in the edit dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.scenario import Aim
from diaforge_core.records.tool import Catalog

from .call_form import edit_arguments
from .wiring import problems_of, services

if TYPE_CHECKING:
    from .edit_dialog import Work

MOST_TOOLS = 2_000
"""Tools that a choice offers at most; of a larger catalog those of the goal tool's group, and the candidates."""
AIM = "aim|"


def aim_form(dialogue: Dialogue, work: Work, key: str) -> bool:
    """Draw the form and take what is typed into `work`; never has anything to be drawn anew."""
    scenario, aim = dialogue.scenario, work.aim
    catalog = services().catalogs.find(scenario.catalog, scenario.catalog_version)
    offered = tools_offered(catalog, aim)
    label = {name: catalog.tool(name).original_name if name in catalog else f"{name} (unknown)" for name in offered}
    goal_tool = st.selectbox(
        "Goal tool", offered, index=offered.index(aim.goal_tool), format_func=label.__getitem__, key=f"{key}.goal_tool"
    )
    candidates = st.multiselect(
        "Candidates",
        offered,
        default=list(aim.candidates),
        format_func=label.__getitem__,
        key=f"{key}.candidates",
        help="What the assistant is shown, in this order. Without the goal tool no right tool is in view.",
    )
    goal = st.text_input("Goal", aim.goal, key=f"{key}.goal", help="What the user wants, in business words.")
    st.markdown("**Gold arguments**")
    tool = catalog.tool(goal_tool)
    given = {
        name: value
        for name, value in aim.gold_arguments.items()
        if goal_tool == aim.goal_tool or name in tool.properties
    }
    own = f"{key}.gold.{goal_tool}"
    known = {f"{own}.{name.removeprefix(AIM)}": text for name, text in work.unread.items() if name.startswith(AIM)}
    filled = edit_arguments(tool, given, own, problems_of, known)
    work.unread = {name: text for name, text in work.unread.items() if not name.startswith(AIM)}
    work.unread |= {f"{AIM}{name.removeprefix(f'{own}.')}": text for name, text in filled.unread.items()}
    if not candidates:
        st.markdown(":orange-badge[:material/priority_high: not valid] Choose at least one candidate.")
        return False
    work.aim = Aim(goal_tool=goal_tool, goal=goal, gold_arguments=filled.arguments, candidates=tuple(candidates))
    return False


def tools_offered(catalog: Catalog, aim: Aim) -> list[str]:
    """Names of the tools to choose from, those of the aim first."""
    tools = catalog.tools
    if len(tools) > MOST_TOOLS:
        group = catalog.tool(aim.goal_tool).group if aim.goal_tool in catalog else ""
        tools = tuple(tool for tool in tools if tool.group == group)[:MOST_TOOLS]
    return list(dict.fromkeys([aim.goal_tool, *aim.candidates, *sorted(tool.name for tool in tools)]))
