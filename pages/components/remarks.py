"""What people write about a record or one of its turns: read, written, changed and deleted in one way everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import streamlit as st

from diaforge_core.services.comments import MOST_CHARACTERS

from .wiring import acting, who
from .wording import exact


class Remark(Protocol):
    """What the services tell of one."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def who(self) -> str: ...
    @property
    def turn(self) -> int | None: ...


R = TypeVar("R", bound=Remark)


class Keeper(Protocol):
    """The service that keeps them."""

    def add(self, about: str, text: str, turn: int | None = None, who: str = "", /) -> Any: ...
    def change(self, key: str, text: str, who: str = "", /) -> Any: ...
    def delete(self, key: str, who: str = "", /) -> None: ...


@dataclass(frozen=True)
class Remarks(Generic[R]):
    """Remarks of one kind."""

    word: str
    """What one is called."""
    record: str
    """What the thing is called that they are about."""
    icon: str
    key: str
    """How the keys of its widgets begin."""
    deleted: str
    """Said when one was deleted."""
    keeper: Callable[[], Keeper]
    head: Callable[[R, str], tuple[str, dt.datetime]]
    """Of a remark and the words for what it is about: its caption, and the moment that the caption tells of."""

    def draw(
        self, record_id: str, turn: int, found: Sequence[R], then: Callable[[str, int], None] | None = None
    ) -> None:
        """Those found, in their order, and a box to write one on the record or on the selected turn.

        `then` is done after one was written.
        """
        title = f"{self.word.capitalize()}s" + (f" ({len(found)})" if found else "")
        with st.expander(title, icon=self.icon, expanded=bool(found), key=f"{self.key}s.{record_id}"):
            for remark in found:
                self._one(remark)
            self._new(record_id, turn, len(found), then)

    def _one(self, remark: R) -> None:
        about = f"turn {remark.turn + 1}" if remark.turn is not None else self.record
        with st.container(border=True, gap="xsmall"):
            caption, moment = self.head(remark, about)
            st.caption(caption, help=exact(moment))
            if st.session_state.get(self._edited) == remark.id:
                self._change(remark)
                return
            st.text(remark.text)
            if remark.who == who():
                with st.container(horizontal=True, gap="small"):
                    st.button(
                        "Change",
                        key=f"{self.key}.change.{remark.id}",
                        type="tertiary",
                        on_click=self._edit,
                        args=(remark.id,),
                    )
                    delete = acting(self.keeper().delete, remark.id, who(), say=self.deleted)
                    st.button("Delete", key=f"{self.key}.delete.{remark.id}", type="tertiary", **delete)

    def _change(self, remark: R) -> None:
        key, word = f"{self.key}.text.{remark.id}", self.word.capitalize()
        st.text_area(word, remark.text, key=key, max_chars=MOST_CHARACTERS, label_visibility="collapsed")

        def save() -> None:
            self.keeper().change(remark.id, st.session_state[key], who())

        with st.container(horizontal=True, gap="small"):
            saving = acting(save, then=lambda: self._edit(""))
            st.button(f"Save {self.word}", key=f"{self.key}.save.{remark.id}", type="primary", **saving)
            st.button("Cancel", key=f"{self.key}.cancel.{remark.id}", on_click=self._edit, args=("",))

    def _new(self, record_id: str, turn: int, number: int, then: Callable[[str, int], None] | None) -> None:
        key = f"{self.key}.new.{record_id}.{number}"
        st.text_area(
            f"New {self.word}", key=key, max_chars=MOST_CHARACTERS, height=80, placeholder="What should others know?"
        )

        def add(about: int | None) -> None:
            self.keeper().add(record_id, st.session_state[key], about, who())
            if then is not None:
                then(record_id, turn)

        with st.container(horizontal=True, gap="small"):
            st.button(f"On the {self.record}", key=f"{self.key}.add.{record_id}", **acting(add, None))
            st.button(f"On turn {turn + 1}", key=f"{self.key}.add_turn.{record_id}", **acting(add, turn))

    @property
    def _edited(self) -> str:
        """Session key: id of the remark that its author is changing."""
        return f"{self.key}.edited"

    def _edit(self, remark_id: str) -> None:
        st.session_state[self._edited] = remark_id
