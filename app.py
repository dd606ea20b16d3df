"""DiaForge in the browser: page config, navigation and the sidebar that every page shares."""

from pathlib import Path

import streamlit as st

from pages.components import wiring
from pages.components.sidebar import sidebar

ICON = Path(__file__).parent / "pages" / "components" / "icon.png"

st.set_page_config(page_title="DiaForge", page_icon=str(ICON), layout="wide")
st.logo(str(ICON), size="large")
current = st.navigation(
    {
        "": [st.Page(wiring.HOME, title="Home", icon=":material/home:", default=True)],
        "Data": [
            st.Page(wiring.CATALOG, title="Catalog", icon=":material/hub:"),
            st.Page(wiring.GENERATE, title="Generate", icon=":material/forum:"),
            st.Page(wiring.REVIEW, title="Review", icon=":material/rate_review:"),
        ],
        "Model": [
            st.Page(wiring.TRAIN, title="Train", icon=":material/model_training:"),
            st.Page(wiring.EVALUATE, title="Evaluate", icon=":material/leaderboard:"),
            st.Page(wiring.TRACES, title="Traces", icon=":material/troubleshoot:"),
        ],
        "Demo": [st.Page(wiring.PLAYGROUND, title="Playground", icon=":material/chat:")],
    },
    expanded=True,
)
with wiring.guarded():
    sidebar()
current.run()
