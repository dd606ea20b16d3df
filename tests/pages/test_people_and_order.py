"""The sidebar's people and workspaces, signing in, and order among datasets and runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from diaforge_core.services.workspace import Workspace
from pages.components.browser_mark import COOKIE, BrowserMark

from .conftest import ROOT
from .test_pages import words

Open = Callable[..., AppTest]


@pytest.fixture
def own(small_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the small workspace, which the test may change as it likes."""
    from pages.components.wiring import close_all

    close_all()
    folder = tmp_path / "own"
    shutil.copytree(small_workspace, folder)
    monkeypatch.setenv("DIAFORGE_WORKSPACE", str(folder))
    monkeypatch.setenv("DIAFORGE_USER", "Ana")
    yield folder
    close_all()


def home(**state: bool) -> AppTest:
    """The start page, with these parts of it opened."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in state.items():
        at.session_state[key] = value
    return at.run()


def beside() -> AppTest:
    """What stands beside every page, alone: a page under test is drawn without it from the second time on."""
    at = AppTest.from_string("from pages.components.sidebar import sidebar\n\nsidebar()", default_timeout=60)
    at.session_state["sidebar.workspace"] = at.session_state["sidebar.who"] = True
    return at.run()


def here() -> Workspace:
    from pages.components.wiring import services

    return services()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def test_one_person_alone_is_told_so_and_may_give_the_first_role(own: Path) -> None:
    at = beside()
    assert "No roles are given yet" in words(at)
    press(at, "Give")
    assert here().people.all() == {"Ana": "admin"}
    assert "Admin: also makes queues" in words(at)
    at.text_input(key="role.name").set_value("Rex").run()
    at.selectbox(key="role.role").set_value("reviewer").run()
    press(at, "Give")
    assert here().people.all() == {"Ana": "admin", "Rex": "reviewer"}
    at.button(key="role.take.Rex").click().run()
    assert here().people.all() == {"Ana": "admin"}
    at.button(key="role.take.Ana").click().run()
    assert "There must be an admin" in str(at.session_state["wiring.problem"])


def test_who_is_no_admin_gives_no_roles(own: Path) -> None:
    here().people.give("Ada", "admin", "Ana")
    at = beside()
    assert "Analyst: reads" in words(at)
    assert "Give" not in {button.label for button in at.button}


def test_where_people_sign_in_nothing_is_shown_before(own: Path) -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.secrets["auth"] = {"redirect_uri": "http://127.0.0.1/oauth2callback"}
    at.run()
    assert not at.exception
    assert [button.label for button in at.button] == ["Sign in"]
    assert at.title[0].value == "DiaForge"


def test_a_typed_name_does_not_count_where_people_sign_in(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    from pages.components import wiring

    monkeypatch.setattr(wiring, "signs_in", lambda: True)
    monkeypatch.setattr(st, "user", {"is_logged_in": True, "email": "ada@example.com", "name": "Ada"})
    st.session_state[wiring.NAME] = "Somebody else"
    assert wiring.who() == "ada@example.com"
    assert not wiring.must_sign_in()


def test_a_workspace_is_made_switched_archived_deleted_and_brought_back(own: Path) -> None:
    at = beside()
    at.text_input(key="sidebar.new").set_value("second").run()
    press(at, "Create")
    assert not at.exception
    assert str(own.parent / "second") in {block.value for block in at.code}
    at = beside()
    second = own.parent / "second"
    at.button(key=f"workspace.archive.{second}").click().run()
    assert "second, archived" in words(at).replace("\\", "")
    at.button(key=f"workspace.back.{second}").click().run()
    at.button(key=f"workspace.delete.{second}").click().run()
    assert not second.exists()
    next(button for button in at.button if str(button.key).startswith("workspace.undo.second")).click().run()
    assert (second / "diaforge.duckdb").exists()


def test_a_dataset_is_renamed_archived_deleted_and_undone_on_the_home_page(own: Path) -> None:
    at = home(keeping=True)
    at.text_input(key="keeping.new.dataset.talks").set_value("better").run()
    press(at, "Rename")
    assert not at.exception
    assert [info.name for info in here().datasets.names()] == ["better"]
    press(at, "Archive")
    assert here().datasets.names() == []
    at.button(key="keeping.back.dataset.better").click().run()
    at.selectbox(key="keeping.which").set_value(("dataset", "better")).run()
    press(at, "Delete")
    assert here().datasets.names() == []
    press(at, "Undo")
    assert [info.name for info in here().datasets.names()] == ["better"]


def test_an_analyst_is_not_offered_to_put_things_in_order(own: Path) -> None:
    here().people.give("Ada", "admin", "Ana")
    at = home(keeping=True)
    assert "admins delete" in words(at)
    assert "Delete" not in {button.label for button in at.button}


def test_a_name_is_remembered_for_the_browser_that_it_was_typed_in(own: Path) -> None:
    here().people.remember("browser-one", " Bo ")
    assert here().people.remembered("browser-one") == "Bo"
    assert here().people.remembered("browser-two") == ""


@pytest.fixture
def marked() -> TestClient:
    inner = Starlette(routes=[Route("/{path:path}", lambda _request: PlainTextResponse("x"))])
    return TestClient(BrowserMark(inner))


def test_a_browser_gets_one_mark_that_scripts_cannot_read(marked: TestClient) -> None:
    first = marked.get("/review", headers={"accept": "text/html"})
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "set-cookie" not in marked.get("/review", headers={"accept": "text/html"}).headers


def test_only_pages_give_marks_and_a_broken_one_is_replaced(marked: TestClient) -> None:
    assert "set-cookie" not in marked.get("/app.js", headers={"accept": "*/*"}).headers
    broken = {"accept": "text/html", "cookie": f"{COOKIE}=x"}
    assert "set-cookie" in marked.get("/", headers=broken).headers
