"""Study: does asking before acting pay, on tools that nobody trained on?"""

from __future__ import annotations

import streamlit as st

from pages.components import wiring
from pages.components.study_start import begin_box, plan
from pages.components.study_view import report
from pages.components.wiring import page, services

with page("Study", "Does asking before acting pay, on tools that the model never saw?"):
    names = services().studies.names()
    begin_box(opened=not names)
    if not names:
        st.info(
            "A study makes dialogues over some catalogs, tunes a model on them, and plays base, tuned and scripted "
            "assistants on other catalogs. Its report stands here, also while it goes on."
        )
        st.stop()
    name = wiring.linked(st.selectbox, "Study", names, "study", names[0])
    plan(name)
    report(name)
