"""A suggested text of a tool: facts of its document only, measured, and no nearer to a third tool."""

from __future__ import annotations

import re
from typing import Any

import pytest

from diaforge_core.catalog.ambiguity import ambiguity
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.leaves import labels_of
from diaforge_core.catalog.neighbours import closeness, pair_closeness
from diaforge_core.catalog.rewording import LEAST_DROP, MOST_NEARER, Rewording, suggest
from diaforge_core.catalog.words import identifier_words, word_set
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Tool
from diaforge_core.settings import DATA_DIR
from tests.factories import a_catalog, a_tool

FRAMES = word_set(
    "this is part of it belongs to a an the and in under api stands needs can also be given only reads changes nothing "
    "what stored destructive cannot easily be undone removes creates new shows list looks up single version use "
    "when wanted existing removed changed details one overview searches through are found deprecated for by per "
    "person day id s"
)
"""Words of the sentences' frames; all others are the document's."""


@pytest.fixture(scope="module")
def demo() -> Catalog:
    return load_catalog(DATA_DIR / "enterprise_openapi.json")


@pytest.fixture(scope="module")
def suggested(demo: Catalog) -> list[tuple[Rewording, Tool]]:
    """Suggestions on risky pairs of the sample catalog, each with the other tool of its pair."""
    known = ambiguity(demo)
    return [
        (edit, demo.tool(pair.b if edit.tool == pair.a else pair.a))
        for pair in known.riskiest[:16]
        for edit in suggest(demo, pair.a, pair.b, known.nearest)
    ]


def edited(catalog: Catalog, edit: Rewording) -> Tool:
    tool = catalog.tool(edit.tool).model_dump()
    return Tool.model_validate(tool | {"summary": edit.summary, "description": edit.description})


def words(text: str) -> set[str]:
    return {word for part in re.findall(r"[\w-]+", text) for word in identifier_words(part)}


def product_twins() -> Catalog:
    """One operation in two products, told apart by their groups only, and two others."""
    return a_catalog(
        *(
            a_tool(
                f"DeleteBinding__{product}",
                original_name="DeleteBinding",
                summary="Delete binding",
                method="DELETE",
                path="/v1/Services/{ServiceSid}/Bindings/{Sid}",
                side_effect="destructive",
                group=f"{product}V1Binding",
                ServiceSid="string!",
                Sid="string!",
            )
            for product in ("Notify", "IpMessaging")
        ),
        a_tool("ListRoles", summary="List the roles", side_effect="read"),
        a_tool("SendFax", summary="Send a fax", to="string!"),
    )


def test_most_risky_pairs_of_the_sample_catalog_get_a_suggestion(suggested: list[tuple[Rewording, Tool]]):
    assert len({frozenset((edit.tool, other.name)) for edit, other in suggested}) >= 8


def test_both_figures_are_measured_and_the_drop_is_real(demo: Catalog, suggested: list[tuple[Rewording, Tool]]):
    for edit, other in suggested:
        assert edit.before == pair_closeness(demo.tool(edit.tool), other).total
        assert edit.after == pair_closeness(edited(demo, edit), other).total
        assert edit.before - edit.after >= LEAST_DROP


def test_an_edit_does_not_drive_the_tool_towards_a_third_one(demo: Catalog, suggested: list[tuple[Rewording, Tool]]):
    for edit, other in suggested[:8]:
        thirds = [tool for tool in demo.tools if tool.name not in (edit.tool, other.name)]
        after, before = closeness((edited(demo, edit), demo.tool(edit.tool), *thirds))[:2, 2:]
        assert all((after <= before + MOST_NEARER + 1e-4) | (after <= edit.after))


def test_every_sentence_of_the_original_is_kept(demo: Catalog, suggested: list[tuple[Rewording, Tool]]):
    for edit, _ in suggested:
        tool = demo.tool(edit.tool)
        assert edit.summary.startswith(tool.summary.rstrip(". "))
        assert tool.description in edit.description


def test_every_word_that_is_added_comes_from_the_tools_own_document_or_the_labels_of_its_values(
    demo: Catalog, suggested: list[tuple[Rewording, Tool]]
):
    for edit, _ in suggested:
        tool = demo.tool(edit.tool)
        own = words(tool.model_dump_json()) | words(" ".join(labels_of(tool).values()))
        own |= {f"{word}s" for word in own} | {f"{word}es" for word in own}
        added = words(f"{edit.summary} {edit.description}") - own - FRAMES
        assert not added, (edit.tool, added)


def test_one_operation_of_two_products_is_told_apart_by_the_product():
    catalog = product_twins()
    first, second = suggest(catalog, "DeleteBinding__Notify", "DeleteBinding__IpMessaging")
    assert {first.summary, second.summary} == {"Delete binding in Notify", "Delete binding in IP Messaging"}
    assert first.after <= second.after < first.before
    assert "product" in first.why


def test_what_the_thing_belongs_to_is_said_where_only_one_address_holds_it():
    fields: dict[str, Any] = {"summary": "Delete a recording", "method": "DELETE", "side_effect": "destructive"}
    catalog = a_catalog(
        a_tool("DeleteRecording", path="/Recordings/{Sid}", **fields, Sid="string!"),
        a_tool(
            "DeleteCallRecording", path="/Calls/{CallSid}/Recordings/{Sid}", **fields, CallSid="string!", Sid="string!"
        ),
        a_tool("SendFax", summary="Send a fax", to="string!"),
    )
    said = {edit.tool: edit.summary for edit in suggest(catalog, "DeleteRecording", "DeleteCallRecording")}
    assert said["DeleteCallRecording"] == "Delete a recording of a call"


def test_nothing_is_suggested_where_no_question_separates_the_two():
    twins = [a_tool(f"Twin{n}", summary="Do it", original_name="Twin", id="string!") for n in range(2)]
    assert suggest(a_catalog(*twins), "Twin0", "Twin1") == ()
    assert suggest(a_catalog(), "CRM_CreateLead", "CRM_CreateLead") == ()


def test_an_unknown_tool_is_one_message():
    with pytest.raises(CatalogError, match="CreateLeed"):
        suggest(a_catalog(), "CreateLeed", "CRM_CreateLead")


def test_the_same_pair_gives_the_same_suggestion_whichever_is_named_first(demo: Catalog):
    pair = ambiguity(demo).riskiest[0]
    assert suggest(demo, pair.a, pair.b) == suggest(demo, pair.b, pair.a)
