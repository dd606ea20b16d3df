"""Beginning a study, and carrying it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.services.studies import Stage
from diaforge_core.services.study_choices import HELD_OUT_GROUPS, SAMPLE

from . import wiring
from .palette import STAGES, look
from .run_progress import how_far
from .wiring import acting, services
from .wording import count, duration, plain

PRESETS = {
    "small": "small: sized for an hour on two cores",
    "full": "full: sized for ten hours on a processor, or a GPU",
}
SECONDS_BETWEEN = 3.0
"""How often a study under way is looked at."""


def begin_box(opened: bool) -> None:
    """The form that begins a study."""
    with st.expander("New study", icon=":material/add_chart:", expanded=opened), wiring.guarded():
        one, two = st.columns(2, gap="medium")
        labels = wiring.model_labels(scripted=False)
        model = one.selectbox(
            "Model",
            list(labels),
            list(labels).index("smollm2") if "smollm2" in labels else 0,
            format_func=wiring.words_of(labels),
            key="study.model",
            accept_new_options=True,
            help="What is tuned. Or type a spec: hf:FOLDER.",
        )
        preset = two.selectbox("Size", list(PRESETS), format_func=wiring.words_of(PRESETS), key="study.preset")
        known = [info.name for info in services().catalogs.names()]
        offered = known if SAMPLE in known else [SAMPLE, *known]
        catalogs = one.multiselect(
            "Train on",
            offered,
            [SAMPLE],
            key="study.catalogs",
            help="The sample catalog is imported where it is not there.",
        )
        parts = services().studies.parts(catalogs)
        own = [f"{SAMPLE}:{group}" for group in HELD_OUT_GROUPS] if SAMPLE in catalogs else []
        candidates = list(dict.fromkeys([*own, *parts, *(name for name in offered if name not in catalogs)]))
        held_out = two.multiselect(
            "Hold out and evaluate on",
            candidates,
            own,
            key=f"study.held_out.{'.'.join(catalogs)}",
            help="Whole catalogs, or parts of those trained on: nobody learns from their tools, or from any alike.",
        )
        name = one.text_input("Name", key="study.name", placeholder="made from model and size", max_chars=32)
        given: dict[str, Any] = {"name": name.strip(), "catalogs": tuple(catalogs), "held_out": tuple(held_out)}
        st.button(
            "Begin study",
            key="study.begin",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not (catalogs and held_out and model),
            **acting(_begin, str(model), str(preset), given, say="Begun. It goes on if you close this page."),
        )


def _begin(model: str, preset: Any, given: dict[str, Any]) -> None:
    """Begin it, show it and carry it on."""
    studies = services().studies
    name = studies.begin(model, preset, **given).name
    st.query_params["study"] = name
    studies.carry_on_behind(name)


def plan(name: str) -> None:
    """How far the study is, and what carries it on; drawn again and again while it goes on."""

    @st.fragment(run_every=SECONDS_BETWEEN)
    def follow() -> None:
        _plan(name)
        if not services().studies.is_under_way(name):
            st.rerun()

    if services().studies.is_under_way(name):
        follow()
    else:
        _plan(name)


def _plan(name: str) -> None:
    studies = services().studies
    stages = studies.stages(name)
    now = [stage for stage in stages if stage.state != "when asked for"]
    done = sum(stage.state == "done" for stage in now)
    with st.container(border=True):
        st.progress(done / max(1, len(now)), text=f"{done} of {count(len(now), 'step')} done")
        for stage in stages:
            if stage.run is not None and stage.state == "going on":
                st.caption(f"**{plain(stage.title)}**: {plain(how_far(stage.run))}")
        problem = studies.problem(name) or next((s.note for s in stages if s.state == "stopped" and s.note), "")
        if problem and not studies.is_under_way(name):
            st.error(plain(problem), icon=":material/error:")
        _buttons(name, stages)
        with st.expander("Steps", type="compact", icon=":material/checklist:"):
            st.dataframe(_table(stages), hide_index=True)


def _buttons(name: str, stages: Sequence[Stage]) -> None:
    studies = services().studies
    if studies.is_under_way(name):
        st.caption("It goes on by itself, also when this page is closed. A run can be paused on its own page.")
        return
    with st.container(horizontal=True):
        if any(stage.state in ("to do", "stopped", "going on") for stage in stages):
            st.button(
                "Go on",
                key=f"study.go_on.{name}",
                type="primary",
                icon=":material/play_arrow:",
                **acting(studies.carry_on_behind, name, say="It goes on where it was."),
            )
        for group, title in further(stages).items():
            st.button(
                f"Add: {title}",
                key=f"study.only.{name}.{group}",
                icon=":material/add:",
                **acting(studies.carry_on_behind, name, [group], say="Started. It goes on if you close this page."),
            )


def further(stages: Sequence[Stage]) -> dict[str, str]:
    """What is done only when it is asked for and is not done yet → its title: `ablation:no-thought`, `curve:25`, …"""
    waiting = [stage for stage in stages if stage.state == "when asked for"]
    return {":".join(stage.name.split(":")[:2]): stage.title for stage in waiting}


def _table(stages: Sequence[Stage]) -> pd.DataFrame:
    rows = [
        {
            "Step": stage.name,
            "What": stage.title,
            "State": look(STAGES, stage.state).word,
            "Took": duration(stage.seconds),
            "Run": stage.run.name if stage.run else "",
            "Note": stage.note,
        }
        for stage in stages
    ]
    return pd.DataFrame(rows)
