"""Edits of a catalog, and how a fresh import takes them over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.catalog import editing
from diaforge_core.catalog.comparing import compare_catalogs, matched, pair_statuses
from diaforge_core.catalog.editing import rebased
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Skipped, Tool

from .factories import a_catalog, a_tool
from .test_comparing import changed

BASE = a_catalog()
NAMES = [tool.name for tool in BASE.tools]
names = st.sampled_from(NAMES)
texts = st.sampled_from(["", "Create a lead", "Other words", "Ünïcode ✓", "two\nlines"])


@st.composite
def edited_catalogs(draw: st.DrawFn) -> Catalog:
    """The sample catalog after a few edits of any kind."""
    catalog = BASE
    for _ in range(draw(st.integers(0, 5))):
        there = st.sampled_from([tool.name for tool in catalog.tools])
        a, b = draw(there), draw(there)
        kind = draw(st.sampled_from(["reword", "effect", "pair", "leave out"]))
        if kind == "reword":
            catalog = editing.reworded(catalog, a, draw(texts).replace("\n", " ") or "Does it", draw(texts))
        elif kind == "effect":
            catalog = editing.with_side_effect(catalog, a, draw(st.sampled_from(["read", "write", "destructive"])))
        elif kind == "pair" and a != b:
            catalog = editing.paired(catalog, a, b, draw(st.sampled_from(["pinned", "banned", None])))
        elif kind == "leave out" and len(catalog.tools) > 1:
            catalog = editing.without(catalog, [a])
    return catalog


@st.composite
def fresh_imports(draw: st.DrawFn) -> Catalog:
    """The sample catalog as a later document might have it: other words and effects, fewer tools, one more."""
    tools: list[Tool] = []
    for tool in BASE.tools:
        fate = draw(st.sampled_from(["same", "same", "words", "effect", "parameter", "gone"]))
        if fate == "words":
            tool = changed(tool, description=draw(texts))
        elif fate == "effect":
            tool = changed(tool, side_effect=draw(st.sampled_from(["read", "write"])), side_effect_reason="New verb.")
        elif fate == "parameter":
            tool = changed(tool, parameters={"type": "object", "properties": {"x": {"type": "string"}}})
        if fate != "gone":
            tools.append(tool)
    return Catalog(name="sample", tools=(*tools, a_tool("Brand_New")), skipped=(Skipped(where="here", why="that"),))


@given(new=fresh_imports())
def test_without_edits_the_import_stands_as_it_is(new: Catalog):
    found = rebased(BASE, BASE, new)
    assert found.catalog == new
    assert found.lost == ()


@given(edited=edited_catalogs())
def test_an_import_that_says_nothing_new_leaves_every_edit(edited: Catalog):
    found = rebased(BASE, edited, BASE)
    assert found.catalog == edited
    assert found.lost == ()


@given(edited=edited_catalogs(), new=fresh_imports())
def test_each_tool_of_the_result_is_the_edited_or_the_imported_one_and_what_is_lost_is_named(
    edited: Catalog, new: Catalog
):
    found = rebased(BASE, edited, new)
    for tool in found.catalog.tools:
        words, effect = (tool.summary, tool.description), tool.side_effect
        imported = new.tool(tool.name)
        assert tool.parameters == imported.parameters
        if tool.name in edited:
            mine, old = edited.tool(tool.name), BASE.tool(tool.name)
            wanted = (mine.summary, mine.description)
            if wanted != (old.summary, old.description):
                assert words == wanted or tool.name in found.lost
            else:
                assert words == (imported.summary, imported.description)
            if mine.side_effect != old.side_effect:
                assert effect == mine.side_effect or tool.name in found.lost
            else:
                assert effect == imported.side_effect
    left_out = set(NAMES) - {tool.name for tool in edited.tools}
    assert not left_out & {tool.name for tool in found.catalog.tools}
    gone = {tool.name for tool in edited.tools if tool.name not in new and tool != BASE.tool(tool.name)}
    assert gone <= set(found.lost)


@given(edited=edited_catalogs(), new=fresh_imports())
def test_pairs_survive_where_both_tools_do(edited: Catalog, new: Catalog):
    result = rebased(BASE, edited, new).catalog
    there = {tool.name for tool in result.tools}
    survivors = {pair: status for pair, status in pair_statuses(edited).items() if there.issuperset(pair)}
    assert pair_statuses(result) == survivors


@given(name=names, summary=texts, description=texts)
def test_words_put_back_give_the_same_catalog(name: str, summary: str, description: str):
    tool = BASE.tool(name)
    edited = editing.reworded(BASE, name, summary.replace("\n", " ") or "Does it", description)
    assert editing.reworded(edited, name, tool.summary, tool.description) == BASE


@given(a=names, b=names, status=st.sampled_from(["pinned", "banned"]))
def test_a_pair_let_go_gives_the_same_catalog(a: str, b: str, status: editing.PairStatus):
    if a != b:
        edited = editing.paired(BASE, a, b, status)
        assert pair_statuses(edited) == {(min(a, b), max(a, b)): status}
        assert editing.paired(edited, b, a, None) == BASE
        assert edited.version != BASE.version


@given(out=st.lists(names, unique=True, max_size=len(NAMES) - 1))
def test_tools_put_back_stand_where_they_stood(out: list[str]):
    edited = editing.without(BASE, out)
    assert {tool.name for tool in edited.tools} == set(NAMES) - set(out)
    assert editing.put_back(edited, BASE, out) == BASE


def test_an_edit_that_changes_nothing_gives_the_catalog_itself():
    lead = BASE.tool("CRM_CreateLead")
    assert editing.reworded(BASE, lead.original_name, f" {lead.summary} ", lead.description) is BASE
    assert editing.with_side_effect(BASE, lead.name, lead.side_effect) is BASE
    assert editing.paired(BASE, lead.name, "CRM_GetLead", None) is BASE
    assert editing.without(BASE, []) is BASE
    assert editing.put_back(BASE, BASE, [lead.name]) is BASE


def test_leaving_a_tool_out_takes_its_pairs_along():
    pinned = editing.paired(BASE, "CRM_CreateLead", "CRM_GetLead", "pinned")
    assert editing.without(pinned, ["CRM.GetLead"]).pinned == ()
    assert editing.without(pinned, ["CRM_UpdateLead"]).pinned == pinned.pinned


def test_a_side_effect_by_hand_says_so():
    tool = editing.with_side_effect(BASE, "CRM.GetLead", "write").tool("CRM_GetLead")
    assert (tool.side_effect, tool.side_effect_reason) == ("write", "Set by hand.")


def test_words_that_the_import_changed_too_are_its_own_and_the_tool_is_named():
    edited = editing.with_side_effect(
        editing.reworded(BASE, "CRM_GetLead", "Mine", "My words."), "CRM_GetLead", "write"
    )
    lead = changed(BASE.tool("CRM_GetLead"), description="Theirs.", side_effect_reason="Another verb.")
    new = Catalog(name="sample", tools=tuple(lead if t.name == lead.name else t for t in BASE.tools))
    found = rebased(BASE, edited, new)
    assert found.lost == ("CRM_GetLead",)
    assert found.catalog.tool("CRM_GetLead").description == "Theirs."
    assert found.catalog.tool("CRM_GetLead").side_effect == "write"


def test_the_same_change_by_the_import_is_no_loss():
    edited = editing.reworded(BASE, "CRM_GetLead", "Better", "Better words.")
    assert rebased(BASE, edited, edited).lost == ()


def test_edits_follow_a_tool_that_the_import_renames():
    old = changed(a_tool("getLead"), method="GET", path="/leads/{id}", position="GET /leads/{id}")
    other = a_tool("Other")
    new = changed(old, name="fetchLead", original_name="fetchLead")
    base, imported = a_catalog(old, other), a_catalog(new, other)
    edited = editing.paired(editing.reworded(base, "getLead", "Mine", ""), "getLead", "Other", "banned")
    found = rebased(base, edited, imported)
    assert matched(base.tools, imported.tools)["getLead"] == "fetchLead"
    assert found.catalog.tool("fetchLead").summary == "Mine"
    assert found.catalog.banned == (("Other", "fetchLead"),)
    assert found.lost == ()


def test_a_tool_that_the_import_takes_from_a_pair_is_named():
    edited = editing.paired(BASE, "CRM_CreateLead", "CRM_GetLead", "banned")
    without = Catalog(name="sample", tools=tuple(t for t in BASE.tools if t.name != "CRM_GetLead"))
    assert rebased(BASE, edited, without).lost == ("CRM_GetLead",)
    assert rebased(edited, edited, without).lost == ()


def test_an_import_of_nothing_but_tools_that_were_left_out_is_kept_and_they_are_named():
    edited = editing.without(BASE, ["CRM_GetLead"])
    only = a_catalog(BASE.tool("CRM_GetLead"))
    found = rebased(BASE, edited, only)
    assert found.catalog == only
    assert found.lost == ("CRM_GetLead",)


def test_the_difference_of_an_edit_is_the_edit():
    edited = editing.paired(
        editing.reworded(BASE, "CRM_GetLead", "Mine", ""), "CRM_GetLead", "CRM_CreateLead", "pinned"
    )
    found = compare_catalogs(BASE, edited)
    assert [(change.name, change.fields) for change in found.changed] == [("CRM_GetLead", ("summary", "description"))]
    assert found.summary == "1 changed (1 reworded), 1 pair set otherwise"


def test_twins_can_be_banned_but_not_pinned():
    lead = BASE.tool("CRM_CreateLead")
    twins = a_catalog(lead, changed(lead, name="CRM_CreateLead_2"))
    with pytest.raises(CatalogError, match="No question that a user can answer"):
        editing.paired(twins, "CRM_CreateLead", "CRM_CreateLead_2", "pinned")
    assert editing.paired(twins, "CRM_CreateLead", "CRM_CreateLead_2", "banned").banned


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda: editing.reworded(BASE, "CRM_GetLeed", "x", ""), "Did you mean .*CRM_GetLead"),
        (lambda: editing.reworded(BASE, "CRM_GetLead", " ", "\n"), "Give one of the two"),
        (lambda: editing.reworded(BASE, "CRM_GetLead", "one\ntwo", ""), "more than one line"),
        (lambda: editing.reworded(BASE, "CRM_GetLead", "x" * 201, ""), "201 characters; at most 200"),
        (lambda: editing.reworded(BASE, "CRM_GetLead", "x", "y" * 6_001), "6,001 characters"),
        (lambda: editing.reworded(BASE, "CRM_GetLead", "x\x00", ""), "control characters"),
        (lambda: editing.reworded(BASE, "CRM_GetLead", "x\ud800", ""), "control characters"),
        (lambda: editing.with_side_effect(BASE, "CRM_GetLead", "harmless"), "read, write, destructive"),  # pyright: ignore[reportArgumentType]
        (lambda: editing.without(BASE, NAMES), "no tool left"),
        (lambda: editing.without(BASE, ["none"]), "has no tool 'none'"),
        (lambda: editing.put_back(BASE, BASE, ["none"]), "has no tool 'none'"),
        (lambda: editing.paired(BASE, "CRM_GetLead", "CRM.GetLead", "pinned"), "two different tools"),
        (lambda: editing.paired(BASE, "CRM_GetLead", "CRM_CreateLead", "liked"), "pinned, banned or neither"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_cannot_be_edited_is_one_message(edit, said: str):
    with pytest.raises(CatalogError, match=said):
        edit()
