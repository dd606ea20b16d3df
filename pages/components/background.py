"""Slow work beside the page: started once, looked at again while the page stays usable."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import streamlit as st

from diaforge_core.errors import DiaForgeError

from .wiring import services, show_error

V = TypeVar("V")

KEPT = 64
"""Pieces of work that are remembered."""
SECONDS_BETWEEN = 1.0
"""How often work that a reader waits for is looked at."""
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="page-work")
_works: OrderedDict[Hashable, Future[Any]] = OrderedDict()
_lock = threading.Lock()


def ready(key: Hashable, work: Callable[[], V], wait: float = 0.0) -> V | None:
    """What `work()` gave, or None while it is under way; the first call of a key starts it.

    Waits at most `wait` seconds for it. What it raises is raised here, and the next call starts it anew.
    """
    with _lock:
        if key not in _works:
            _works[key] = _pool.submit(work)
            while len(_works) > KEPT:
                _works.popitem(last=False)
        future = _works[key]
    try:
        return future.result(wait)
    except TimeoutError:
        return None
    finally:
        if future.done() and future.exception() is not None:
            with _lock:
                _works.pop(key, None)


def is_done(key: Hashable) -> bool:
    """Whether the work of this key has ended, well or not."""
    with _lock:
        return key not in _works or _works[key].done()


def on_demand(
    label: str,
    key: str,
    work: Callable[[], V],
    says: str,
    *,
    once: bool = False,
    stamp: Hashable = None,
    **button: Any,
) -> V | None:
    """What `work()` gave once somebody pressed the button that is drawn for it; None until then.

    While it works, `says` stands in the button's place and the page stays usable. A problem that people can mend is
    shown, and the button is back; with `once` it is back too as soon as what came out was handed over. Every press
    does the work anew, and so does another `stamp`, without a press: it stands for what grows meanwhile; `key` names
    all else that decides over what comes out. `button` are further arguments of it.
    """
    pressed, whole = f"pressed.{key}", (str(services().folder), key, stamp)
    if st.session_state.get(pressed):
        try:
            found = ready(whole, work)
        except DiaForgeError as error:
            st.session_state[pressed] = False
            show_error(error)
        else:
            if found is None:
                _wait(whole, says)
            elif once:
                st.session_state[pressed] = False
            return found
    st.button(label, key=f"press.{key}", on_click=_press, args=(pressed, whole), **button)
    return None


def _press(pressed: str, key: Hashable) -> None:
    with _lock:
        if key in _works and _works[key].done():
            _works.pop(key)
    st.session_state[pressed] = True


def _wait(key: Hashable, says: str) -> None:
    @st.fragment(run_every=SECONDS_BETWEEN)
    def wait() -> None:
        st.caption(f":material/hourglass_top: {says}")
        if is_done(key):
            st.rerun()

    wait()
