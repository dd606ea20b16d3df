"""Groups of tools that nothing a user could say tells apart."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.catalog.duplicates import DuplicateGroup, duplicate_groups
from diaforge_core.catalog.facets import indistinguishable
from diaforge_core.records.tool import Tool
from tests.factories import a_tool, sales_tools


def versions(*paths: str, **fields: object) -> list[Tool]:
    """One tool for each address, all of one name."""
    made = {"original_name": "notes.create", "summary": "Create a note", "method": "POST", "group": "Office"} | fields
    return [a_tool(f"CreateNote_{place}", path=path, **made) for place, path in enumerate(paths)]  # type: ignore[arg-type]


def test_tools_that_share_everything_are_one_group():
    tools = versions("/v1/notes", "/v2/notes", "/v3/notes")
    assert duplicate_groups(tools) == (
        DuplicateGroup(
            ("CreateNote_0", "CreateNote_1", "CreateNote_2"), "They share method, description and parameters."
        ),
    )


def test_a_new_description_of_a_new_version_is_still_a_duplicate():
    old, new = versions("/v1/notes", "/v2/notes")
    new = new.model_copy(update={"summary": "Adds one memo to the notebook of the office"})
    assert [group.why for group in duplicate_groups([old, new])] == ["They differ only by version."]


def test_other_tools_that_no_question_separates_say_so():
    plain, other = a_tool("CreateNote", summary="Create a note"), a_tool("AddNote", summary="Add a note")
    assert [group.why for group in duplicate_groups([plain, other])] == [
        "Nothing a user could answer tells them apart."
    ]


def test_what_a_question_tells_apart_is_no_duplicate():
    assert duplicate_groups(versions("/v1/users/{user}/notes", "/v1/groups/{group}/notes")) == ()
    assert duplicate_groups(sales_tools()) == ()


def test_only_the_pairs_given_are_looked_at():
    tools = versions("/v1/notes", "/v2/notes", "/v3/notes")
    assert [group.tools for group in duplicate_groups(tools, [(2, 0), (1, 1)])] == [("CreateNote_0", "CreateNote_2")]


def test_an_address_that_hides_its_place_joins_one_group_only():
    anywhere, of_user, of_group = versions(
        "/v1/{kind}/{owner}/notes", "/v1/users/{user}/notes", "/v1/groups/{group}/notes"
    )
    groups = duplicate_groups([anywhere, of_user, of_group])
    assert [group.tools for group in groups] == [(anywhere.name, of_user.name)]
    assert indistinguishable(anywhere, of_group)


PATHS = st.sampled_from(
    ["/v1/notes", "/v2/notes", "/v1/users/{u}/notes", "/v2/users/{u}/notes", "/v1/{a}/{b}/notes", "/v1/notes/{n}"]
)
DRAFTS = st.lists(
    st.tuples(
        st.sampled_from(["notes.create", "notes.list", "notes.update", "CreateNote", "memos.create"]),
        PATHS,
        st.sampled_from(["POST", "GET", "PUT", "PATCH"]),
        st.sampled_from(["", "Office", "Archive"]),
        st.sampled_from([{}, {"locale": "string!"}, {"locale": "string"}]),
    ),
    max_size=8,
)


@given(DRAFTS)
@settings(max_examples=60, deadline=None)
def test_groups_are_cliques_and_the_order_of_the_tools_is_nothing(drafts):
    tools = [
        a_tool(f"T{place}", original_name=name, path=path, method=method, group=group, **dict(taken))
        for place, (name, path, method, group, taken) in enumerate(drafts)
    ]
    groups = duplicate_groups(tools)
    by_name = {tool.name: tool for tool in tools}
    assert [group.tools for group in groups] == sorted(group.tools for group in groups)
    grouped = [name for group in groups for name in group.tools]
    assert len(grouped) == len(set(grouped))
    for group in groups:
        assert list(group.tools) == sorted(group.tools)
        assert all(indistinguishable(by_name[a], by_name[b]) for a, b in combinations(group.tools, 2))
    shuffled = random.Random(1).sample(tools, len(tools))
    assert duplicate_groups(shuffled) == groups


@given(DRAFTS)
@settings(max_examples=60, deadline=None)
def test_every_alike_pair_shares_a_group_or_has_one_of_the_two_in_another(drafts):
    tools = [
        a_tool(f"T{place}", original_name=name, path=path, method=method, group=group, **dict(taken))
        for place, (name, path, method, group, taken) in enumerate(drafts)
    ]
    grouped = {name for group in duplicate_groups(tools) for name in group.tools}
    for a, b in combinations(tools, 2):
        if indistinguishable(a, b):
            assert a.name in grouped or b.name in grouped


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_tools_have_no_group(count: int):
    assert duplicate_groups(sales_tools()[:count]) == ()
