"""Metadata documents of OData services: what each declaration becomes as a tool, and what a hostile document does."""

from __future__ import annotations

import http.server
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.catalog import xml_documents
from diaforge_core.catalog.formats import odata
from diaforge_core.catalog.formats.edm_words import deed
from diaforge_core.catalog.importing import import_bytes, load_catalog
from diaforge_core.catalog.refs import References
from diaforge_core.catalog.sampling import is_technical
from diaforge_core.catalog.schemas import CUT_SELF, CUT_SIZE, SchemaReader
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Skipped, Tool

MSGRAPH = Path(__file__).parents[2] / "shared" / "catalogs" / "msgraph" / "v1.0-Prod.csdl"
"""A real document of OData V4, where this checkout has it beside it."""

OFFICE = """
<EnumType Name="priority"><Member Name="low"/><Member Name="high"/><Member Name="unknownFutureValue"/></EnumType>
<EnumType Name="marks" IsFlags="true"><Member Name="red" Value="1"/><Member Name="blue" Value="2"/></EnumType>
<TypeDefinition Name="phone" UnderlyingType="Edm.String" MaxLength="20"/>
<ComplexType Name="place">
  <Property Name="city" Type="Edm.String"/><Property Name="inside" Type="o.place"/>
</ComplexType>
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="user" BaseType="o.entity" OpenType="true">
  <Property Name="displayName" Type="Edm.String" Nullable="false"/>
  <Property Name="phone" Type="o.phone"/>
  <Property Name="photo" Type="Edm.Stream"/>
  <NavigationProperty Name="events" Type="Collection(o.event)" ContainsTarget="true"/>
  <NavigationProperty Name="calendar" Type="o.calendar" ContainsTarget="true"/>
  <NavigationProperty Name="manager" Type="o.user"/>
</EntityType>
<EntityType Name="event" BaseType="office.entity">
  <Property Name="subject" Type="Edm.String" Nullable="false" MaxLength="255"/>
  <Property Name="priority" Type="o.priority" DefaultValue="low"/>
  <Property Name="marks" Type="o.marks"/>
  <Property Name="places" Type="Collection(o.place)" Nullable="false"/>
  <Property Name="seats" Type="Edm.Int16"/>
  <Property Name="price" Type="Edm.Decimal" Precision="8" Scale="2"/>
  <Property Name="starts" Type="Edm.DateTimeOffset" Nullable="false"/>
  <Property Name="lasts" Type="Edm.Duration"/>
  <Property Name="isPrivate" Type="Edm.Boolean" Nullable="false"/>
  <Property Name="link" Type="Edm.String"><Annotation Term="Org.OData.Core.V1.IsURL"/></Property>
  <Property Name="answers" Type="Edm.Int32"><Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
  <Property Name="seen" Type="Edm.Int32">
    <Annotation Term="Org.OData.Core.V1.Permissions" EnumMember="Org.OData.Core.V1.Permission/Read"/>
  </Property>
  <Property Name="series" Type="Edm.Guid"><Annotation Term="Org.OData.Core.V1.Immutable"/></Property>
  <Property Name="createdDateTime" Type="Edm.DateTimeOffset"/>
  <NavigationProperty Name="attachments" Type="Collection(o.attachment)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="calendar" BaseType="o.entity"><Property Name="color" Type="Edm.String"/></EntityType>
<EntityType Name="attachment" BaseType="o.entity" Abstract="true">
  <Property Name="name" Type="Edm.String"/>
  <NavigationProperty Name="pages" Type="Collection(o.calendar)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="fileAttachment" BaseType="o.attachment"><Property Name="content" Type="Edm.Binary"/></EntityType>
<EntityType Name="linkAttachment" BaseType="o.attachment"><Property Name="address" Type="Edm.String"/></EntityType>
<EntityType Name="robot" BaseType="o.entity"/>
<Action Name="sendMail" IsBound="true">
  <Parameter Name="it" Type="o.user"/><Parameter Name="Text" Type="Edm.String" Nullable="false"/>
  <Parameter Name="Keep" Type="Edm.Boolean"/>
</Action>
<Action Name="cancel" IsBound="true"><Parameter Name="it" Type="o.event"/></Action>
<Action Name="reset" IsBound="true"><Parameter Name="it" Type="o.robot"/></Action>
<Action Name="merge"><Parameter Name="ids" Type="Collection(Edm.String)" Nullable="false"/></Action>
<Function Name="delta" IsBound="true">
  <Parameter Name="it" Type="Collection(o.user)"/><ReturnType Type="Collection(o.user)"/>
</Function>
<Function Name="delta" IsBound="true">
  <Parameter Name="it" Type="Collection(o.user)"/><Parameter Name="token" Type="Edm.String"/>
  <ReturnType Type="Collection(o.user)"/>
</Function>
<Function Name="rooms"><Parameter Name="city" Type="Edm.String"/><ReturnType Type="o.event"/></Function>
<EntityContainer Name="Service">
  <EntitySet Name="users" EntityType="o.user"/>
  <Singleton Name="me" Type="o.user"/>
  <Singleton Name="settings" Type="o.calendar"/>
  <ActionImport Name="merge" Action="o.merge"/>
  <FunctionImport Name="rooms" Function="o.rooms" EntitySet="users"/>
</EntityContainer>
<Annotations Target="o.event">
  <Annotation Term="Org.OData.Core.V1.Description" String="A meeting in a calendar."/>
</Annotations>
<Annotations Target="office.event/subject">
  <Annotation Term="Org.OData.Core.V1.Description" String="The line that everybody sees."/>
  <Annotation Term="Org.OData.Core.V1.LongDescription" String="Keep it short."/>
</Annotations>
<Annotations Target="o.cancel(o.event)">
  <Annotation Term="Org.OData.Core.V1.Description" String="Call off a meeting and tell everybody."/>
</Annotations>
<Annotations Target="o.Service/settings">
  <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
    <Record><PropertyValue Property="Updatable" Bool="false"/></Record>
  </Annotation>
</Annotations>
"""
"""A small service in which nearly everything of V4 happens once."""

SAP = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
  xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
  xmlns:sap="http://www.sap.com/Protocols/SAPData">
<edmx:DataServices m:DataServiceVersion="2.0">
<Schema Namespace="API_SALES_ORDER_SRV" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" sap:schema-version="1">
  <EntityType Name="A_SalesOrderType" sap:label="Sales Order Header" sap:content-version="1">
    <Key><PropertyRef Name="SalesOrder"/></Key>
    <Property Name="SalesOrder" Type="Edm.String" Nullable="false" MaxLength="10" sap:creatable="false"
      sap:updatable="false" sap:label="Sales Order" sap:quickinfo="Number of the order"/>
    <Property Name="SoldToParty" Type="Edm.String" MaxLength="10" Nullable="false" sap:label="Sold-to Party"/>
    <Property Name="RequestedDeliveryDate" Type="Edm.DateTime" Precision="0" sap:display-format="Date"
      sap:label="Requested Delivery Date"/>
    <Property Name="TotalNetAmount" Type="Edm.Decimal" Precision="16" Scale="3" sap:creatable="false"
      sap:updatable="false" sap:label="Net Amount"/>
    <Property Name="SalesOrderType" Type="Edm.String" MaxLength="4" sap:updatable="false" sap:label="Order Type"/>
    <NavigationProperty Name="to_Item" Relationship="API_SALES_ORDER_SRV.assoc_items" FromRole="F" ToRole="T"/>
    <NavigationProperty Name="to_Nowhere" Relationship="API_SALES_ORDER_SRV.none" FromRole="F" ToRole="T"/>
  </EntityType>
  <EntityType Name="A_SalesOrderItemType" sap:label="Sales Order Item">
    <Documentation><Summary>One line of an order.</Summary></Documentation>
    <Key><PropertyRef Name="SalesOrder"/><PropertyRef Name="SalesOrderItem"/></Key>
    <Property Name="SalesOrder" Type="Edm.String" Nullable="false" MaxLength="10" sap:label="Sales Order"/>
    <Property Name="SalesOrderItem" Type="Edm.String" Nullable="false" MaxLength="6" sap:label="Item"/>
    <Property Name="Material" Type="Edm.String" MaxLength="40" sap:label="Material"/>
    <Property Name="Quantity" Type="Edm.Decimal" Precision="15" Scale="3" DefaultValue="1"/>
  </EntityType>
  <ComplexType Name="Result"><Property Name="Accepted" Type="Edm.Boolean" Nullable="false"/></ComplexType>
  <Association Name="assoc_items">
    <End Type="API_SALES_ORDER_SRV.A_SalesOrderType" Multiplicity="1" Role="F"/>
    <End Type="API_SALES_ORDER_SRV.A_SalesOrderItemType" Multiplicity="*" Role="T"/>
  </Association>
  <EntityContainer Name="API_SALES_ORDER_SRV_Entities" m:IsDefaultEntityContainer="true">
    <EntitySet Name="A_SalesOrder" EntityType="API_SALES_ORDER_SRV.A_SalesOrderType" sap:searchable="true"/>
    <EntitySet Name="A_SalesOrderItem" EntityType="API_SALES_ORDER_SRV.A_SalesOrderItemType"
      sap:creatable="false" sap:deletable="false" sap:pageable="false"/>
    <FunctionImport Name="rejectApprovalRequest" ReturnType="API_SALES_ORDER_SRV.Result" m:HttpMethod="POST"
      sap:label="Reject an approval request">
      <Parameter Name="SalesOrder" Type="Edm.String" Mode="In" MaxLength="10" Nullable="false"/>
    </FunctionImport>
    <FunctionImport Name="GetOpenOrders" ReturnType="Collection(API_SALES_ORDER_SRV.A_SalesOrderType)"
      EntitySet="A_SalesOrder" m:HttpMethod="GET">
      <Parameter Name="Since" Type="Edm.DateTime" Mode="In"/>
    </FunctionImport>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
"""A document as SAP Gateway writes it, the commonest kind of V2."""


def v4(schema: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="office" Alias="o" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f"{schema}</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def read(data: bytes) -> Catalog:
    return import_bytes([("service.xml", data)], "service")


def office(original: str, changed: str = OFFICE) -> Tool:
    return read(v4(changed)).tool(original)


def sap(original: str) -> Tool:
    return read(SAP.encode()).tool(original)


def orders(properties: str, container: str = "", rest: str = "") -> Catalog:
    """A service with one entity set `orders` whose type has these properties beside its key `code`."""
    return read(
        v4(
            '<EntityType Name="order"><Key><PropertyRef Name="code"/></Key>'
            f'<Property Name="code" Type="Edm.String" Nullable="false"/>{properties}</EntityType>{rest}'
            f'<EntityContainer Name="C"><EntitySet Name="orders" EntityType="o.order"/>{container}</EntityContainer>'
        )
    )


def fails(data: bytes) -> str:
    with pytest.raises(CatalogError) as caught:
        read(data)
    return str(caught.value)


def tools_or_message(data: bytes) -> tuple[Tool, ...] | str:
    try:
        return read(data).tools
    except CatalogError as error:
        return str(error)


# What an entity set becomes


def test_an_entity_set_becomes_five_tools_with_their_side_effects():
    tools = [tool for tool in read(v4(OFFICE)).tools if tool.position == "EntitySet users"]
    assert [(tool.original_name, tool.method, tool.side_effect) for tool in tools] == [
        ("users.list", "QUERY", "read"),
        ("users.get", "READ", "read"),
        ("users.create", "CREATE", "write"),
        ("users.update", "UPDATE", "write"),
        ("users.delete", "DELETE", "destructive"),
    ]
    assert {tool.group for tool in tools} == {"users"}


def test_a_singleton_is_read_and_changed_but_neither_made_nor_deleted():
    names = [tool.original_name for tool in read(v4(OFFICE)).tools if tool.position == "Singleton me"]
    assert names == ["me.get", "me.update"]


def test_what_an_entity_contains_is_offered_two_levels_deep_below_its_keys():
    tool = office("users.events.attachments.create")
    assert tool.path == "/users/{user-id}/events/{event-id}/attachments"
    assert tool.summary == "Create an attachment of an event of a user"
    assert tool.required[:2] == ("user-id", "event-id")
    assert not any("pages" in each.original_name for each in read(v4(OFFICE)).tools)


def test_a_single_contained_entity_is_read_updated_and_never_listed():
    catalog = read(v4(OFFICE))
    names = [tool.original_name for tool in catalog.tools if tool.original_name.startswith("users.calendar.")]
    assert names == ["users.calendar.get", "users.calendar.update"]
    assert catalog.tool("users.calendar.get").summary == "Get the calendar of a user"


def test_entities_that_are_only_linked_have_no_tools_and_no_place_in_a_body():
    assert not any("manager" in tool.original_name for tool in read(v4(OFFICE)).tools)
    assert "manager" not in office("users.create").properties


def test_inherited_properties_and_aliases_of_the_namespace_are_followed():
    assert list(office("users.events.get").properties) == ["user-id", "event-id", "select", "expand"]
    assert office("users.events.get").properties["select"]["items"]["enum"][:2] == ["id", "subject"]


def test_list_options_have_plain_names_that_no_business_user_is_asked_for():
    properties = office("users.list").properties
    assert list(properties) == ["search", "filter", "order_by", "top", "skip", "select", "expand"]
    asked = [name for name, schema in properties.items() if not is_technical(name, schema)]
    assert asked == ["search"]


# What a body asks for


def test_a_create_asks_for_what_a_caller_may_write_and_must_not_leave_empty():
    tool = office("users.events.create")
    assert tool.required == ("user-id", "subject", "starts")
    assert {"answers", "seen", "id", "createdDateTime"}.isdisjoint(tool.properties)
    assert "series" in tool.properties
    assert office("users.create").properties.keys() == {"displayName", "phone"}


def test_an_update_asks_for_nothing_but_the_keys_and_leaves_out_what_never_changes():
    tool = office("users.events.update")
    assert tool.required == ("user-id", "event-id")
    assert "series" not in tool.properties
    assert tool.properties["seats"]["type"] == ["integer", "null"]
    assert tool.properties["subject"]["type"] == "string"


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("priority", {"type": "string", "enum": ["low", "high"], "default": "low"}),
        ("seats", {"type": "integer", "minimum": -32768, "maximum": 32767}),
        ("starts", {"type": "string", "format": "date-time"}),
        ("lasts", {"type": "string", "format": "duration"}),
        ("series", {"type": "string", "format": "uuid"}),
        ("link", {"type": "string", "format": "uri"}),
        ("isPrivate", {"type": "boolean"}),
        (
            "price",
            {
                "type": "number",
                "exclusiveMinimum": -1000000,
                "exclusiveMaximum": 1000000,
                "description": "At most 2 decimals.",
            },
        ),
        (
            "subject",
            {
                "type": "string",
                "maxLength": 255,
                "description": "The line that everybody sees. Keep it short.",
            },
        ),
    ],
)
def test_types_become_json_schemas_with_their_limits(name: str, schema: dict[str, Any]):
    assert office("users.events.create").properties[name] == schema


def test_a_type_definition_brings_its_own_limit():
    assert office("users.create").properties["phone"] == {"type": "string", "maxLength": 20}


def test_flags_are_told():
    assert "several, joined by commas" in office("users.events.create").properties["marks"]["description"]


def test_a_type_that_refers_to_itself_is_cut():
    places = office("users.events.create").properties["places"]
    assert places["items"]["properties"]["inside"] == {"type": "object", "description": CUT_SELF}


def test_an_abstract_type_asks_which_kind_and_says_what_is_for_which():
    tool = office("users.events.attachments.create")
    assert tool.properties["odata_type"]["enum"] == ["fileAttachment", "linkAttachment"]
    assert "odata_type" in tool.required
    assert tool.properties["content"] == {
        "type": "string",
        "format": "byte",
        "description": "Only for `fileAttachment`.",
    }


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ('Name="code" Type="Edm.String"', True),
        ('Name="id" Type="Edm.String"', False),
        ('Name="number" Type="Edm.Guid"', False),
        ('Name="OrderID" Type="Edm.Int32"', False),
        ('Name="number" Type="Edm.Int32"', True),
    ],
)
def test_a_key_that_the_service_makes_is_not_asked_for(key: str, asked: bool):
    name = key.split('"')[1]
    schema = (
        f'<EntityType Name="order"><Key><PropertyRef Name="{name}"/></Key><Property {key} Nullable="false"/>'
        '<Property Name="note" Type="Edm.String"/></EntityType>'
        '<EntityContainer Name="C"><EntitySet Name="orders" EntityType="o.order"/></EntityContainer>'
    )
    assert (name in read(v4(schema)).tool("orders.create").required) is asked


def test_an_annotation_that_requires_a_property_is_honoured():
    required = '<Annotation Term="Org.OData.Core.V1.Required" Bool="true"/>'
    catalog = orders(f'<Property Name="note" Type="Edm.String">{required}</Property>')
    assert catalog.tool("orders.create").required == ("code", "note")


def test_an_entity_of_which_nothing_can_be_written_is_neither_created_nor_updated():
    key = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>'
    rest = f'<EntityType Name="trace">{key}</EntityType>'
    catalog = orders("", container='<EntitySet Name="traces" EntityType="o.trace"/>', rest=rest)
    names = [tool.original_name for tool in catalog.tools if tool.group == "traces"]
    assert names == ["traces.list", "traces.get", "traces.delete"]


def test_a_property_named_like_a_key_above_gets_a_name_of_its_own():
    catalog = orders(
        '<NavigationProperty Name="lines" Type="Collection(o.line)" ContainsTarget="true"/>',
        rest='<EntityType Name="line"><Key><PropertyRef Name="number"/></Key>'
        '<Property Name="number" Type="Edm.Int32" Nullable="false"/>'
        '<Property Name="order-code" Type="Edm.String"/></EntityType>',
    )
    tool = catalog.tool("orders.lines.create")
    assert list(tool.properties) == ["order-code", "number", "body_order-code"]


# What a service rules out


@pytest.mark.parametrize(
    ("term", "word", "gone"),
    [
        ("InsertRestrictions", "Insertable", "orders.create"),
        ("UpdateRestrictions", "Updatable", "orders.update"),
        ("DeleteRestrictions", "Deletable", "orders.delete"),
    ],
)
def test_an_operation_that_the_service_rules_out_is_neither_a_tool_nor_a_fault(term: str, word: str, gone: str):
    says = f'<Record><PropertyValue Property="{word}" Bool="false"/></Record>'
    rest = f'<Annotations Target="o.C/orders"><Annotation Term="Org.OData.Capabilities.V1.{term}">{says}</Annotation>'
    catalog = orders('<Property Name="note" Type="Edm.String"/>', rest=f"{rest}</Annotations>")
    assert gone not in catalog
    assert len(catalog.tools) == 4
    assert catalog.faults == ()
    assert [each.where for each in catalog.remarks] == ["restrictions"]


def test_what_the_service_rules_out_is_counted():
    for document, count in ((SAP.encode(), 2), (v4(OFFICE), 1)):
        (remark,) = import_bytes([("service.xml", document)], "service").remarks
        assert remark.why == f"operations that the service itself rules out: {count}"


def test_reading_by_key_can_be_ruled_out_apart_from_the_list():
    inner = '<Record><PropertyValue Property="Readable" Bool="false"/></Record>'
    says = f'<Record><PropertyValue Property="ReadByKeyRestrictions">{inner}</PropertyValue></Record>'
    rest = (
        '<Annotations Target="o.C/orders"><Annotation Term="Org.OData.Capabilities.V1.ReadRestrictions">'
        f"{says}</Annotation></Annotations>"
    )
    catalog = orders("", rest=rest)
    assert "orders.get" not in catalog
    assert "orders.list" in catalog


def test_restrictions_of_a_contained_property_may_stand_with_its_entity_set():
    says = (
        '<Annotations Target="o.Service/users"><Annotation Term="Org.OData.Capabilities.V1.NavigationRestrictions">'
        '<Record><PropertyValue Property="RestrictedProperties"><Collection><Record>'
        '<PropertyValue Property="NavigationProperty" NavigationPropertyPath="events"/>'
        '<PropertyValue Property="DeleteRestrictions"><Record><PropertyValue Property="Deletable" Bool="false"/>'
        "</Record></PropertyValue></Record></Collection></PropertyValue></Record></Annotation></Annotations>"
    )
    catalog = read(v4(OFFICE + says))
    assert "users.events.delete" not in catalog
    assert "me.events.delete" in catalog


def test_options_that_the_service_does_not_take_are_left_out():
    rest = (
        '<Annotations Target="o.C/orders"><Annotation Term="Org.OData.Capabilities.V1.TopSupported" Bool="false"/>'
        '<Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions"><Record>'
        '<PropertyValue Property="Filterable" Bool="false"/></Record></Annotation></Annotations>'
    )
    assert {"top", "filter"}.isdisjoint(orders("", rest=rest).tool("orders.list").properties)


def test_a_singleton_that_cannot_be_changed_is_only_read():
    assert "settings.update" not in read(v4(OFFICE))


# Actions and functions


def test_an_action_stands_below_the_shortest_address_of_what_it_is_bound_to():
    tool = office("users.sendMail")
    assert (tool.path, tool.method) == ("/users/{user-id}/sendMail", "ACTION")
    assert tool.position == "Action office.sendMail bound to user"
    assert tool.required == ("user-id", "Text")
    assert tool.summary == "Send mail for a user"


def test_an_action_says_what_the_document_says_and_destroys_where_its_name_does():
    tool = office("users.events.cancel")
    assert tool.summary == "Call off a meeting and tell everybody."
    assert tool.side_effect == "destructive"


def test_overloads_of_a_function_are_told_apart():
    plain, given = office("users.delta"), office("users.delta_by_token")
    assert plain.summary == "Get what has changed among the users"
    assert given.summary == "Get what has changed among the users, given the token"
    assert given.required == ("token",)
    assert given.side_effect == "read"
    assert "Returns a list of users." in given.description


def test_an_action_of_a_type_that_the_container_does_not_offer_says_the_type():
    tool = office("robot.reset")
    assert tool.path == "/office.robot/{robot-id}/reset"
    assert tool.required == ("robot-id",)


def test_free_operations_stand_on_their_own():
    assert office("merge").path == "/merge"
    assert office("rooms").group == "users"
    assert office("rooms").required == ("city",)


def test_an_action_bound_to_a_base_type_is_found_at_a_type_derived_from_it():
    action = '<Action Name="lock" IsBound="true"><Parameter Name="it" Type="o.base"/></Action>'
    base = '<EntityType Name="base" Abstract="true"><Key><PropertyRef Name="no"/></Key>'
    schema = (
        f'{base}<Property Name="no" Type="Edm.String"/></EntityType><EntityType Name="door" BaseType="o.base"/>{action}'
        '<EntityContainer Name="C"><EntitySet Name="doors" EntityType="o.door"/></EntityContainer>'
    )
    assert read(v4(schema)).tool("doors.lock").path == "/doors/{no}/lock"


def test_an_action_bound_to_a_derived_type_is_found_at_its_base_with_a_cast():
    rest = (
        '<EntityType Name="rush" BaseType="o.order"/>'
        '<Action Name="speedUp" IsBound="true"><Parameter Name="it" Type="o.rush"/></Action>'
    )
    tool = orders("", rest=rest).tool("orders.rush.speedUp")
    assert tool.path == "/orders/{order-code}/office.rush/speedUp"


# Words


@pytest.mark.parametrize(
    ("name", "target", "is_function", "said"),
    [
        ("cancel", "an event", False, "Cancel an event"),
        ("assignLicense", "a user", False, "Assign license for a user"),
        ("permanentDelete", "a mail folder", False, "Permanently delete a mail folder"),
        ("shutDown", "a device", False, "Shut down a device"),
        ("copyToSection", "a page", False, "Copy a page to section"),
        ("unfavorite", "the messages", False, "Unfavorite the messages"),
        ("add", "the rows of a table", False, "Add to the rows of a table"),
        ("getUsage", "in reports", True, "Get usage in reports"),
        ("usedRange", "a worksheet", True, "Get the used range of a worksheet"),
        ("rowsAbove", "a range", True, "Get the rows above a range"),
        ("isPublished", "a page", True, "Check whether a page is published"),
        ("rooms", "", True, "Get the rooms"),
    ],
)
def test_an_operation_is_said_in_plain_english(name: str, target: str, is_function: bool, said: str):
    assert deed(name, target, is_function=is_function) == said


def test_documentation_of_a_type_stands_in_the_description():
    assert "A meeting in a calendar." in office("users.events.create").description


def test_a_list_says_what_there_is_to_be_seen():
    assert "Shows subject, priority, marks" in office("users.events.list").description


def test_the_caller_and_whole_parts_of_a_service_are_said_as_people_say_them():
    assert office("me.events.list").summary == "List the events of the signed-in user"
    assert office("me.get").summary == "Get the signed-in user"


# V2


def test_sap_labels_are_the_words_of_v2():
    tool = sap("A_SalesOrder.create")
    assert tool.summary == "Create a sales order header"
    assert tool.properties["SoldToParty"] == {"type": "string", "maxLength": 10, "description": "Sold-to Party"}


def test_sap_says_what_can_be_created_and_changed():
    assert sap("A_SalesOrder.create").required == ("SoldToParty",)
    assert "TotalNetAmount" not in sap("A_SalesOrder.create").properties
    assert "SalesOrderType" in sap("A_SalesOrder.create").properties
    assert "SalesOrderType" not in sap("A_SalesOrder.update").properties


def test_a_date_of_v2_without_a_time_is_a_date():
    assert sap("A_SalesOrder.create").properties["RequestedDeliveryDate"]["format"] == "date"


def test_entity_sets_of_v2_offer_what_sap_allows():
    names = [tool.original_name for tool in read(SAP.encode()).tools if tool.group == "A_SalesOrderItem"]
    assert names == ["A_SalesOrderItem.list", "A_SalesOrderItem.get", "A_SalesOrderItem.update"]
    assert {"top", "search"}.isdisjoint(sap("A_SalesOrderItem.list").properties)
    assert "search" in sap("A_SalesOrder.list").properties


def test_a_key_of_several_parts_asks_for_all_of_them():
    tool = sap("A_SalesOrderItem.get")
    assert tool.required == ("SalesOrder", "SalesOrderItem")
    assert tool.path == "/A_SalesOrderItem/{SalesOrder}/{SalesOrderItem}"
    assert "One line of an order." in tool.description


def test_navigation_by_association_can_be_shown_and_a_broken_one_is_named():
    catalog = read(SAP.encode())
    assert catalog.tool("A_SalesOrder.get").properties["expand"]["items"]["enum"] == ["to_Item"]
    assert [each.where for each in catalog.faults] == ["API_SALES_ORDER_SRV.A_SalesOrderType/to_Nowhere"]


def test_function_imports_of_v2_act_or_read_by_their_verb():
    acts, reads = sap("rejectApprovalRequest"), sap("GetOpenOrders")
    assert (acts.method, acts.side_effect, acts.required) == ("ACTION", "destructive", ("SalesOrder",))
    assert "Reject an approval request" in acts.text
    assert (reads.method, reads.side_effect, reads.group) == ("FUNCTION", "read", "A_SalesOrder")
    assert reads.required == ()


# Faults: named, the rest imported


def test_an_entity_set_of_an_unknown_type_is_named():
    catalog = orders("", container='<EntitySet Name="ghosts" EntityType="o.ghost"/>')
    (skipped,) = catalog.skipped
    assert skipped.where == "EntitySet ghosts"
    assert "`office.ghost` is not declared" in skipped.why
    assert "orders.list" in catalog


def test_base_types_in_a_circle_are_named():
    circle = '<EntityType Name="a" BaseType="o.b"/><EntityType Name="b" BaseType="o.a"/>'
    catalog = orders("", container='<EntitySet Name="rings" EntityType="o.a"/>', rest=circle)
    assert "round in a circle" in catalog.skipped[0].why
    assert "orders.list" in catalog


def test_a_property_of_an_unknown_type_is_named_and_the_others_stay():
    catalog = orders('<Property Name="odd" Type="o.none"/><Property Name="note" Type="Edm.String"/>')
    assert [each.where for each in catalog.skipped] == ["office.order/odd"]
    assert list(catalog.tool("orders.create").properties) == ["code", "note"]


def test_a_parameter_of_an_unknown_type_leaves_its_operation_out():
    rest = (
        '<Action Name="ship" IsBound="true"><Parameter Name="it" Type="o.order"/>'
        '<Parameter Name="how" Type="o.none"/></Action>'
    )
    (skipped,) = orders("", rest=rest).skipped
    assert skipped.where == "Action office.ship bound to order"


def test_what_an_entity_contains_of_an_unknown_type_is_named():
    catalog = orders('<NavigationProperty Name="lines" Type="Collection(o.none)" ContainsTarget="true"/>')
    assert [each.where for each in catalog.skipped] == ["office.order/lines"]
    assert len(catalog.tools) == 4


def test_a_key_of_an_unknown_type_leaves_out_what_needs_it_and_nothing_else():
    rest = (
        '<EntityType Name="odd"><Key><PropertyRef Name="no"/></Key><Property Name="no" Type="o.none"/></EntityType>'
        '<Action Name="ship" IsBound="true"><Parameter Name="it" Type="o.odd"/></Action>'
    )
    catalog = orders("", container='<EntitySet Name="odds" EntityType="o.odd"/>', rest=rest)
    assert [each.where for each in catalog.skipped] == ["EntitySet odds", "Action office.ship bound to odd"]
    assert [tool.original_name for tool in catalog.tools if tool.group == "odds"] == ["odds.list"]


def test_a_type_without_a_key_is_only_listed_and_added_to():
    catalog = orders(
        "",
        container='<EntitySet Name="logs" EntityType="o.log"/>',
        rest='<EntityType Name="log"><Property Name="text" Type="Edm.String"/></EntityType>',
    )
    assert [tool.original_name for tool in catalog.tools if tool.group == "logs"] == ["logs.list", "logs.create"]
    assert "has no key" in catalog.skipped[0].why


def test_arguments_read_again_as_a_schema_stay_the_same():
    for document in (v4(OFFICE), SAP.encode()):
        for tool in read(document).tools:
            again = SchemaReader(References(tool.parameters), keep_read_only=True).read(tool.parameters)
            assert again == tool.parameters


# Hostile documents


def test_a_file_entity_is_refused_and_the_file_stays_unread(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret-words")
    head = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
    message = fails(head + v4(OFFICE.replace("A meeting", "&x;")).split(b"?>", 1)[1])
    assert "document type" in message
    assert "the-secret-words" not in message


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE a SYSTEM "{url}">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "{url}"> %x;]>',
    ],
)
def test_nothing_is_fetched(head: str):
    asked: list[str] = []

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        message = fails(head.format(url=f"http://127.0.0.1:{server.server_port}/x").encode() + b"<a>&x;</a>")
    finally:
        server.shutdown()
        server.server_close()
    assert "document type" in message
    assert asked == []


def test_entities_that_multiply_are_refused_at_once():
    lines = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    started = time.monotonic()
    assert "document type" in fails(f'<!DOCTYPE a [<!ENTITY e0 "ha">{lines}]><a>&e9;</a>'.encode())
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<a>" * 1000, "nested deeper than 100 levels"),
        (b"<a " + b" ".join(b'b%d="x"' % i for i in range(200_000)) + b"/>", "longer than 1,000,000 bytes"),
        (b"<!--" + b"x" * 1_500_000 + b"--><a/>", "longer than 1,000,000 bytes"),
        (b"<a>\x00</a>", "not valid XML (line 1, column 4"),
        (b"<a>&nbsp;</a>", "undefined entity"),
        (b"<a>", "no element found"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "save it as UTF-8"),
        (b'<?xml version="1.0" encoding="hex"?><a/>', "save it as UTF-8"),
        (b'<?xml version="1.0" encoding="utf-8"?><a>\xff</a>', "not well-formed"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\n  <html lang='en'></html>", "web page"),
        (b"<definitions/>", "not a catalog"),
    ],
)
def test_a_bad_document_gets_one_sentence(data: bytes, why: str):
    message = fails(data)
    assert why in message
    assert "\n" not in message


def test_too_many_elements_are_refused_before_they_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(xml_documents, "MAX_XML_NODES", 1000)
    assert "more than 1,000 elements" in fails(b"<a>" + b"<b/>" * 1001 + b"</a>")


def test_a_document_over_the_size_limit_is_refused_unparsed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(xml_documents, "MAX_XML_BYTES", 100)
    assert "limit 100" in fails(b"<a>" + b"x" * 101 + b"</a>")


def test_a_cut_off_document_says_where_it_ends():
    assert "not valid XML (line" in fails(SAP.encode()[:2000])


def test_the_same_document_in_utf_16_gives_the_same_tools():
    wide = v4(OFFICE).decode().replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16")
    assert read(wide).version == read(v4(OFFICE)).version


def _nested_types(count: int) -> str:
    """Types that each contain all others, so that addresses and bodies multiply."""
    types = []
    for number in range(count):
        parts = "".join(
            f'<Property Name="p{other}" Type="o.c{other}"/>'
            f'<NavigationProperty Name="n{other}" Type="Collection(o.e{other})" ContainsTarget="true"/>'
            for other in range(count)
        )
        key = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'
        types.append(f'<EntityType Name="e{number}">{key}{parts}</EntityType>')
        fields = "".join(f'<Property Name="q{other}" Type="o.c{other}"/>' for other in range(count))
        types.append(f'<ComplexType Name="c{number}">{fields}</ComplexType>')
    sets = "".join(f'<EntitySet Name="s{number}" EntityType="o.e{number}"/>' for number in range(count))
    return f'{"".join(types)}<EntityContainer Name="C">{sets}</EntityContainer>'


def test_addresses_that_multiply_end_at_the_limit_and_say_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(odata, "MAX_OPERATIONS", 1000)
    catalog = read(v4(_nested_types(40)))
    assert len(catalog.tools) == 1000
    assert catalog.skipped[-1] == Skipped(
        where="the rest of the document", why="it declares more than 1,000 operations"
    )


def test_bodies_that_multiply_are_cut_to_a_size_that_can_be_read():
    tool = read(v4(_nested_types(9))).tool("s0.create")
    assert len(str(tool.parameters)) < 60_000
    assert CUT_SIZE in str(tool.parameters)


def test_a_type_with_too_many_properties_is_named_and_costs_little():
    many = "".join(f'<Property Name="p{number}" Type="Edm.String"/>' for number in range(2000))
    wide = f'<EntityType Name="wide" BaseType="o.order">{many}</EntityType>'
    catalog = orders("", container='<EntitySet Name="wides" EntityType="o.wide"/>', rest=wide)
    assert catalog.skipped[0].why == "the type `office.wide` has 2,001 properties (limit 1,200)"
    assert "orders.list" in catalog


def test_a_set_without_a_type_is_named():
    assert orders("", container='<EntitySet Name="empty"/>').skipped[0].why == "it names no type"


_FRAGMENTS = st.sampled_from(
    [
        *("o.user", "o.event", "Collection(", ")", "Edm.String", "Edm.Nothing", "true", "false", "0", "-1", "", "/"),
        *("<EntityType/>", "</EntityType>", "<Key/>", "&amp;", "&x;", "\x00", '"', "'", "<", ">", "é", "o.o.o", "{}"),
        *("<Property Name='x'/>", "<EntityContainer Name='Z'/>", "xmlns=''", "99999999999999999999", "(", "$ref"),
    ]
)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), document=st.sampled_from([v4(OFFICE).decode(), SAP]))
def test_a_document_damaged_anywhere_is_a_catalog_or_a_catalog_error(data: st.DataObject, document: str):
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, min(len(document), start + 60)))
        document = document[:start] + data.draw(_FRAGMENTS) + document[end:]
    assert tools_or_message(document.encode())


@settings(max_examples=100, deadline=None)
@given(data=st.data(), document=st.sampled_from([OFFICE, SAP]))
def test_a_document_with_other_values_is_a_catalog_or_a_catalog_error(data: st.DataObject, document: str):
    """Keeps the XML whole, so that the readers behind the parser meet the damage."""
    parts = document.split('"')
    values = list(range(1, len(parts), 2))
    for place in data.draw(st.lists(st.sampled_from(values), min_size=1, max_size=12)):
        other = st.sampled_from([parts[each] for each in values])
        parts[place] = data.draw(st.one_of(other, st.sampled_from(["", "o.user", "o.none", "Edm.Int16", "-1", "a b"])))
    text = '"'.join(parts)
    assert tools_or_message(text.encode() if document is SAP else v4(text))


# A real document


@pytest.mark.skipif(not MSGRAPH.is_file(), reason="the document is not beside this checkout")
def test_a_large_real_service_is_read_whole():
    catalog = load_catalog(MSGRAPH)
    counts = Counter(tool.method for tool in catalog.tools)
    assert catalog.faults == ()
    assert (counts["ACTION"], counts["FUNCTION"]) == (857, 326)
    assert min(counts[kind] for kind in ("QUERY", "READ", "CREATE", "UPDATE", "DELETE")) > 900
    assert max(len(str(tool.parameters)) for tool in catalog.tools) < 40_000
