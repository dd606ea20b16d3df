"""What every page needs: the services, who is at the keyboard, a page's frame and its links."""

from __future__ import annotations

import atexit
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from diaforge_core.errors import DiaForgeError
from diaforge_core.records.tool import Tool
from diaforge_core.services.workspace import Workspace, open_workspace, user_name
from diaforge_core.settings import workspace_dir

from .browser_mark import COOKIE
from .wording import plain

HOME, CATALOG, GENERATE, REVIEW = "pages/home.py", "pages/catalog.py", "pages/generate.py", "pages/review.py"
TRAIN, EVALUATE, TRACES, PLAYGROUND = "pages/train.py", "pages/evaluate.py", "pages/traces.py", "pages/playground.py"
STUDY = "pages/study.py"


FOLDER = "workspace.folder"
"""Session key: the workspace that this reader looks at."""
NAME = "who.name"
"""Session key: the name as it is typed."""
REMEMBERED = "who.remembered"
"""Session key: the name that was typed in this browser before."""
_open: dict[str, Workspace] = {}
_opening = threading.Lock()


def services() -> Workspace:
    """The open workspace, one for the whole app; WorkspaceError where another process holds it."""
    folder = str(workspace_dir(st.session_state.get(FOLDER)))
    with _opening:  # two readers arriving at once must not open it twice
        if folder not in _open:
            _open[folder] = open_workspace(folder, serve_handover=True)
            gc.freeze()  # the framework collects after every drawing, which took 0.2 s of what was just read in
        return _open[folder]


@atexit.register
def close_all() -> None:
    """Give every workspace up; their runs go on in their own processes."""
    while _open:
        _open.popitem()[1].close()


def opened_at(folder: Path) -> Workspace | None:
    """The workspace at `folder` if this app has it open."""
    return _open.get(str(folder))


def give_up(folder: Path) -> None:
    """Forget a workspace that is closed and gone."""
    with _opening:
        _open.pop(str(folder), None)


def open_folder(folder: str) -> Workspace:
    """The workspace at `folder`, which this reader's pages show from now on; WorkspaceError if it cannot be opened."""
    st.session_state[FOLDER] = folder
    return services()


def signs_in() -> bool:
    """Whether people sign in: `.streamlit/secrets.toml` has an `[auth]` section."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def must_sign_in() -> bool:
    """Whether nothing is shown before this reader has signed in."""
    return signs_in() and not st.user.get("is_logged_in")


def who() -> str:
    """The name that this reader's decisions are signed with.

    Where people sign in it comes from there alone; else it is what was typed in this browser, now or before.
    """
    if signs_in():
        return str(st.user.get("email") or st.user.get("sub") or "")
    typed = str(st.session_state.get(NAME) or "").strip()
    return typed or _remembered() or user_name()


def _remembered() -> str:
    """The name typed in this browser before its page was loaded."""
    if REMEMBERED not in st.session_state:
        browser = st.context.cookies.get(COOKIE, "")
        st.session_state[REMEMBERED] = services().people.remembered(browser) if browser else ""
    return st.session_state[REMEMBERED]


def call_me(name: str) -> None:
    """Sign with this name from now on, also after a reload of the page."""
    browser = st.context.cookies.get(COOKIE, "")
    if browser:
        services().people.remember(browser, name)
    st.session_state[REMEMBERED] = name.strip()


def problems_of(tool: Tool, arguments: dict[str, Any]) -> list[str]:
    """What is wrong with these arguments by the tool's schema, one sentence each."""
    return [
        f"{problem.path}: {problem.message}" if problem.path else problem.message
        for problem in services().review.argument_problems(tool, arguments)
    ]


def show_error(error: DiaForgeError) -> None:
    """The message of `error`, its first line as the headline and the details under it as they are."""
    headline, _, details = str(error).partition("\n")
    st.error(plain(headline), icon=":material/error:")
    if details.strip():
        st.code(details.strip(), language=None, wrap_lines=True)


@contextmanager
def guarded() -> Iterator[None]:
    """A block in which a problem that people can mend is shown as its message, and the rest of the page goes on."""
    try:
        yield
    except DiaForgeError as error:
        show_error(error)


@contextmanager
def page(title: str, question: str) -> Iterator[None]:
    """A page's body under its title and the one question it answers; a mendable problem is shown as its message."""
    st.title(title, anchor=False)
    st.caption(question)
    notice = st.session_state.pop("wiring.notice", "")
    if notice:
        st.toast(notice, icon=":material/check_circle:")
    problem = st.session_state.pop("wiring.problem", None)
    if problem is not None:
        show_error(problem)
    with guarded():
        yield


def acting(
    function: Callable[..., Any], *args: Any, then: Callable[[], None] | None = None, say: str = ""
) -> dict[str, Any]:
    """The `on_click` of a button that does an `action`."""
    return {"on_click": action(function, *args, then=then, say=say)}


def action(
    function: Callable[..., Any], *args: Any, then: Callable[[], None] | None = None, say: str = ""
) -> Callable[[], None]:
    """What calls `function(*args)`, does `then` and says `say`.

    A problem that people can mend is kept and shown at the top of the page as it is drawn next.
    """

    def act() -> None:
        try:
            function(*args)
        except DiaForgeError as error:
            st.session_state["wiring.problem"] = error
            return
        if then is not None:
            then()
        if say:  # last, because a press that cuts in here loses what follows
            tell(say)

    return act


def tell(message: str) -> None:
    """Show `message` once at the next drawing of a page: for what was done just before a rerun."""
    st.session_state["wiring.notice"] = plain(message)


def again() -> None:
    """Draw anew the part of the page that is being drawn by itself, such as a dialog; else the whole page."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def go(target: str, **query: Any) -> None:
    """Leave for another page, with these query parameters."""
    st.switch_page(target, query_params={key: str(value) for key, value in query.items()})


def link(target: str, label: str, icon: str = "arrow_forward", **query: Any) -> None:
    """A link to another page, with these query parameters."""
    st.page_link(
        target, label=label, icon=f":material/{icon}:", query_params={key: str(value) for key, value in query.items()}
    )


def empty_state(what: str, target: str, label: str, **query: Any) -> None:
    """What the page will show once there is something, and the link that leads to filling it."""
    with st.container(border=True):
        st.markdown(what)
        link(target, label, **query)


def pick(label: str, options: Sequence[str], key: str, **more: Any) -> str:
    """What is chosen of `options` (not empty), also by the link: the query parameter of that name."""
    return st.selectbox(label, list(options), key=key, bind="query-params", **more)


def linked(widget: Callable[..., Any], label: str, options: Sequence[str], name: str, default: str, **more: Any) -> str:
    """What is chosen of `options`, kept in the link under `name` as it is.

    For choices whose words change (counts, ages): the framework's own binding would put the words into the link.
    """
    asked = st.query_params.get(name, default)
    current = asked if asked in options else default if default in options else options[0]
    key = f"{name}.{current}"

    def keep() -> None:
        st.query_params[name] = str(st.session_state[key] or current)

    start = (
        {"index": list(options).index(current)} if widget is st.selectbox else {"default": current, "required": True}
    )
    return str(widget(label, list(options), key=key, on_change=keep, **start, **more) or current)


def put_query(name: str, value: str | Sequence[str] | None) -> None:
    """Give a query parameter in the link, or take it out for nothing."""
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def model_labels(*, scripted: bool = True) -> dict[str, str]:
    """Model spec → what to call it, the one that the link names first."""
    asked = st.query_params.get("model", "")
    known = {choice.spec: choice.label for choice in services().models.choices(scripted=scripted)}
    return ({asked: known.get(asked, asked)} if asked else {}) | known


def words_of(labels: dict[str, str]) -> Callable[[Any], str]:
    """A `format_func` that shows labels, and what has none as it is."""
    return lambda value: str(labels.get(value, value))
