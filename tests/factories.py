"""Small builders of tools, catalogs, scenarios and dialogues, each valid as it comes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diaforge_core.records.base import content_id
from diaforge_core.records.dialogue import NOT_ACCEPTED, Dialogue, Turn
from diaforge_core.records.scenario import InformationStage, Persona, Scenario, Setting
from diaforge_core.records.tool import Catalog, Tool, ToolCall
from diaforge_core.records.trace import Trace

TODAY = dt.date(2026, 3, 2)
LEAD_ARGUMENTS = {"customer_name": "John Carter", "email": "john.carter@northwind.example", "phone": "+1 312 555 0148"}


def a_tool(name: str = "CRM_CreateLead", **parameters: Any) -> Tool:
    """A tool whose keyword arguments are parameter name → schema, or a type name, or a type name with `!` if required.

    `a_tool("Close", id="string!", force="boolean")`. These keywords set fields of the tool instead: `summary`,
    `description`, `original_name`, `side_effect`, `group`, `method`, `path`, `extra` (merged into the schema).
    """
    fields = {"summary", "description", "original_name", "side_effect", "group", "method", "path", "deprecated"}
    given = {key: parameters.pop(key) for key in fields & parameters.keys()}
    extra: Mapping[str, Any] = parameters.pop("extra", {})
    properties, required = {}, []
    for key, value in parameters.items():
        if isinstance(value, str):
            properties[key] = {"type": value.rstrip("!")}
            if value.endswith("!"):
                required.append(key)
        else:
            properties[key] = dict(value)
            if properties[key].pop("required!", False):
                required.append(key)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    given.setdefault("original_name", name.replace("_", "."))
    return Tool(name=name, parameters={**schema, **extra}, **given)


def a_catalog(*tools: Tool, name: str = "sample") -> Catalog:
    """A catalog of these tools; without any, small CRM and sales near-duplicates of all side effects."""
    return Catalog(name=name, tools=tools or sales_tools())


def sales_tools() -> tuple[Tool, ...]:
    """Eight easily mistaken tools: create/update/delete a lead, contacts, an opportunity, a customer."""
    email = {"type": "string", "format": "email"}
    person = {"customer_name": "string!", "email": {**email, "required!": True}, "phone": "string"}
    company = {
        "industry": {"type": "string", "enum": ["software", "retail", "healthcare", "finance"]},
        "company_size": {"type": "integer", "minimum": 1},
    }
    stage = {"type": "string", "enum": ["qualification", "proposal", "negotiation"], "required!": True}
    return (
        a_tool(
            "CRM_CreateLead",
            summary="Create a lead",
            description="Creates a new lead: a prospect that sales wants to track.",
            group="CRM",
            **person,
            **company,
        ),
        a_tool(
            "CRM_UpdateLead",
            summary="Update a lead",
            description="Changes the details of a lead that exists already.",
            group="CRM",
            lead_id="string!",
            email=email,
            phone="string",
        ),
        a_tool(
            "CRM_DeleteLead",
            summary="Delete a lead",
            description="Removes a lead for good.",
            group="CRM",
            side_effect="destructive",
            lead_id="string!",
        ),
        a_tool(
            "CRM_GetLead",
            summary="Get a lead",
            description="Returns the details of one lead.",
            group="CRM",
            side_effect="read",
            lead_id="string!",
        ),
        a_tool(
            "CRM_CreateContact",
            summary="Create a contact",
            description="Creates a contact: a person at an existing customer.",
            group="CRM",
            **person,
            account_id="string!",
        ),
        a_tool(
            "CRM_UpdateContact",
            summary="Update a contact",
            description="Changes the details of a contact of an existing customer.",
            group="CRM",
            contact_id="string!",
            email=email,
            phone="string",
        ),
        a_tool(
            "Sales_CreateOpportunity",
            summary="Create an opportunity",
            description="Opens a sales opportunity: a possible deal with an amount and a stage.",
            group="Sales",
            customer_name="string!",
            amount={"type": "number", "minimum": 0, "required!": True},
            stage=stage,
            close_date={"type": "string", "format": "date"},
        ),
        a_tool(
            "CRM_CreateCustomer",
            summary="Create a customer",
            description="Creates a customer account for a company that buys from us.",
            group="CRM",
            customer_name="string!",
            **company,
        ),
    )


WIDE_THINGS = {
    "Lead": "customer_name", "Contact": "customer_name", "Invoice": "amount", "Order": "amount", "Ticket": "subject",
    "Contract": "title", "Supplier": "company", "Employee": "full_name", "Shipment": "address", "Budget": "amount",
}  # fmt: skip
"""What the tools of `wide_catalog` are about, and one value that each needs."""


def wide_catalog() -> Catalog:
    """Forty tools, four acts on each of ten things: enough near-duplicates for every tier."""
    return a_catalog(*(tool for thing, key in WIDE_THINGS.items() for tool in _acts_on(thing, key)), name="wide")


def _acts_on(thing: str, key: str) -> tuple[Tool, ...]:
    said: dict[str, Any] = {"type": "number", "minimum": 1} if key == "amount" else {"type": "string"}
    needed = {key: {**said, "required!": True}, "email": {"type": "string", "format": "email", "required!": True}}
    low = thing.lower()
    own_id = {f"{low}_id": "string!"}
    return (
        a_tool(f"Create{thing}", summary=f"Create a {low}", group=thing, **needed, notes="string"),
        a_tool(f"Update{thing}", summary=f"Update a {low}", group=thing, **own_id, **{key: said}, phone="string"),
        a_tool(f"Delete{thing}", summary=f"Delete a {low}", group=thing, side_effect="destructive", **own_id),
        a_tool(f"List{thing}s", summary=f"List all {low}s", group=thing, side_effect="read", page_size="integer"),
    )


def a_persona(**changes: Any) -> Persona:
    plain = {"name": "Ana Ruiz", "role": "account executive", "department": "Sales", "seniority": "senior"}
    fields: dict[str, Any] = plain | changes
    return Persona(**fields)


def a_setting(**changes: Any) -> Setting:
    fields: dict[str, Any] = {"today": TODAY} | changes
    return Setting(**fields)


def a_scenario(
    catalog: Catalog | None = None,
    *,
    goal_tool: str = "CRM_CreateLead",
    candidates: Sequence[str] = ("CRM_UpdateLead", "CRM_CreateLead", "CRM_CreateContact"),
    **changes: Any,
) -> Scenario:
    """A baseline scenario: John is to become a lead, among two near-duplicates; e-mail and phone come on user turn 2.

    Every field of the record can be given; `catalog` only fills in name and version, `a_catalog()` by default.
    """
    catalog = catalog or a_catalog()
    fields: dict[str, Any] = {
        "catalog": catalog.name,
        "catalog_version": catalog.version,
        "tier": "baseline",
        "goal_tool": goal_tool,
        "goal": "track a new prospect",
        "gold_arguments": LEAD_ARGUMENTS if goal_tool == "CRM_CreateLead" else {},
        "candidates": tuple(candidates),
        "distractors": tuple(name for name in candidates if name != goal_tool),
        "persona": a_persona(),
        "stages": (
            InformationStage(turn=1, revealed=("customer_name",)),
            InformationStage(turn=2, revealed=("email", "phone")),
        )
        if goal_tool == "CRM_CreateLead"
        else (),
        "setting": a_setting(),
        "questions_needed": 2,
        "seed": 7,
    } | changes
    fields.setdefault("id", content_id(fields["goal_tool"], list(fields["candidates"]), fields["seed"], fields["tier"]))
    return Scenario(**fields)


def user(reply: str) -> Turn:
    return Turn(speaker="user", reply=reply)


def asks(reply: str, thought: str = "Something is still open, so I ask.") -> Turn:
    return Turn(speaker="assistant", thought=thought, reply=reply)


def calls(name: str, thought: str = "The tool is clear and every required value is known.", **arguments: Any) -> Turn:
    return Turn(speaker="assistant", thought=thought, call=ToolCall(name=name, arguments=arguments))


def not_accepted() -> Turn:
    return Turn(speaker="tool", reply=NOT_ACCEPTED)


def lead_turns() -> tuple[Turn, ...]:
    """The clean turns that go with `a_scenario()`: vague opening → which → values → call."""
    return (
        user("I need to get John Carter into the system."),
        asks("Is this a new lead, or do you want to change a lead that exists already?"),
        user("A new lead."),
        asks("What is the email?", thought="Creating a lead is the only one left; the email is missing."),
        user("The email is john.carter@northwind.example and the phone is +1 312 555 0148."),
        calls("CRM_CreateLead", **LEAD_ARGUMENTS),
    )


def a_dialogue(scenario: Scenario | None = None, turns: Sequence[Turn] | None = None, **changes: Any) -> Dialogue:
    """A clean, not yet verified dialogue of `a_scenario()`, or of what is given; its id comes from its content."""
    scenario = scenario or a_scenario()
    turns = lead_turns() if turns is None else tuple(turns)
    fields: dict[str, Any] = {"scenario": scenario, "turns": turns} | changes
    fields.setdefault("id", content_id(scenario.id, [turn.model_dump(mode="json") for turn in turns]))
    return Dialogue(**fields)


def six_dialogues(**changes: Any) -> list[Dialogue]:
    """Dialogues of one to three exchanges over different pairs of candidates."""
    names = [tool.name for tool in sales_tools()]
    shown = [("CRM_CreateLead", names[1 + number % 5]) for number in range(6)]
    turns = [lead_turns()[: 2 + 2 * (number % 3)] for number in range(6)]
    return [a_dialogue(a_scenario(candidates=two), said, **changes) for two, said in zip(shown, turns, strict=True)]


def a_trace(scenario: Scenario | None = None, turns: Sequence[Turn] | None = None, **changes: Any) -> Trace:
    """The ungraded trace of `a_dialogue()`'s turns, or of what is given."""
    scenario = scenario or a_scenario()
    turns = lead_turns() if turns is None else tuple(turns)
    called = any(turn.call for turn in turns)
    fields: dict[str, Any] = {
        "scenario": scenario,
        "turns": turns,
        "assistant": "scripted:oracle",
        "ended": "call" if called else "turn_limit",
    } | changes
    fields.setdefault("id", content_id(scenario.id, fields["assistant"], fields.get("trial", 0)))
    return Trace(**fields)


def an_adapter_without_base(parent: Path) -> Path:
    """A folder that looks like an adapter; its base model is not on this machine."""
    folder = parent / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "nowhere/model"}))
    (folder / "adapter_model.safetensors").write_bytes(b"")
    return folder
