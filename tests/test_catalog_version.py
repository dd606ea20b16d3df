"""The version of a catalog names exactly its tools and pairs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.records.base import canonical_json as canonical
from diaforge_core.records.base import content_id, list_id
from diaforge_core.records.tool import Catalog

from .factories import a_tool

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(items=st.lists(values, max_size=4), parts=st.lists(values, max_size=2))
def test_a_name_of_many_items_is_that_of_their_list(items: list[Any], parts: list[Any]):
    assert list_id(map(canonical, items), *parts) == content_id(items, *parts)


@given(default=values)
def test_a_catalog_that_was_stored_and_read_again_has_its_version(default: Any):
    tools = (a_tool("One", x={"default": default}), a_tool("Other"))
    catalog = Catalog(name="c", tools=tools, banned=(("One", "Other"),))
    try:
        stored = catalog.model_dump_json()
    except ValueError:  # half a character, which no document holds
        return
    assert Catalog.model_validate_json(stored).version == catalog.version


@pytest.mark.parametrize("default", [dt.date(2026, 3, 2), (1, 2), float("nan"), "ü\u2028", 1.0])
def test_the_version_is_the_hash_of_the_whole_dump(default: Any):
    tools = (a_tool("One", x={"default": default}), a_tool("Other"))
    dumps = [tool.model_dump(mode="json") for tool in tools]
    assert Catalog(name="c", tools=tools).version == content_id(dumps)
    pinned = Catalog(name="c", tools=tools, pinned=(("One", "Other"),))
    assert pinned.version == content_id(dumps, pinned.pinned, ())
