"""What this machine computes on. A process of its own finds out, once an app: the app itself never loads torch."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import Future
from typing import Any

import streamlit as st

from diaforge_core.services.doctor import examine_device

from .wording import plain

SECONDS_BETWEEN = 1.0


@functools.cache
def _answer() -> Future[dict[str, Any]]:
    """What was found, as soon as it is; asked for at the first call."""
    answer: Future[dict[str, Any]] = Future()
    threading.Thread(target=lambda: answer.set_result(examine_device()), daemon=True).start()
    return answer


def device_line() -> None:
    """Draw one line: what a run here computes on, and the command that mends it where a GPU lies idle."""
    answer = _answer()
    if answer.done():
        _draw(answer.result())
        return

    @st.fragment(run_every=SECONDS_BETWEEN)
    def wait() -> None:
        if answer.done():
            st.rerun()
        st.caption(":material/memory: Looking for a GPU …")

    wait()


def _draw(found: dict[str, Any]) -> None:
    for problem in found["problems"]:
        st.warning(f"{plain(problem['what'], 300)}. This mends it:", icon=":material/memory:")
        st.code(problem["mend"], language="bash")
    line = device_words(found)
    if line:
        st.caption(f":material/memory: {plain(line)}")


def device_words(found: dict[str, Any]) -> str:
    """One sentence on the device; empty where nothing can be computed."""
    cards = found["cards"]
    names = {
        "cuda": f"Runs on the GPU: {cards[0]}." if cards else "Runs on the GPU.",
        "mps": "Runs on this Mac's GPU.",
        "cpu": "Runs on the processor, which is slow."
        if cards
        else "No GPU here: it runs on the processor, which takes a small model and patience.",
    }
    return names.get(found["device"] or "", "")
