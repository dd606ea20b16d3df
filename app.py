"""DiaForge in the browser: page config, navigation and the sidebar that every page shares.

`streamlit run app.py` imports this file for the server (`app`), which then runs it once for every drawing of a page.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from pages.components.browser_mark import BrowserMark
from pages.components.security import SecurityHeaders

ICON = Path(__file__).parent / "pages" / "components" / "icon.svg"


def frame() -> None:
    """Draw the navigation, the sidebar and the page that the address names."""
    from pages.components import wiring
    from pages.components.sidebar import sidebar, sign_in

    st.set_page_config(page_title="DiaForge", page_icon=str(ICON), layout="wide", initial_sidebar_state=232)
    st.logo(str(ICON), size="large")
    groups = {
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
            st.Page(wiring.STUDY, title="Study", icon=":material/experiment:"),
        ],
        "Demo": [st.Page(wiring.PLAYGROUND, title="Playground", icon=":material/chat:")],
    }
    current = st.navigation(groups, expanded=True)
    if wiring.must_sign_in():
        sign_in()
        return
    with wiring.guarded():
        sidebar()
    current.run()


if __name__ == "__main__":
    frame()
else:
    # A folder named `pages` would else be taken for the framework's older kind of pages until somebody has opened
    # the start page once, and a link to any other page would be drawn without the frame.
    PagesManager.uses_pages_directory = False
    app = st.App(Path(__file__).resolve(), middleware=[Middleware(SecurityHeaders), Middleware(BrowserMark)])
