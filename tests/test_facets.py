"""What tells operations apart, in words that a business user can answer to."""

from __future__ import annotations

import random
import re
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.bench_facets import goal_sentence, quoted_identifiers
from diaforge_core.catalog.facets import Facet, best_facet, facets, indistinguishable, information, plain_words, profile
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.leaves import labels_of, leaves
from diaforge_core.catalog.neighbours import nearest
from diaforge_core.catalog.words import folded, meaning, plural, singular, with_article
from diaforge_core.records.tool import Tool
from tests.factories import a_tool, sales_tools

BRIEF = ("CRM_CreateLead", "CRM_UpdateLead", "CRM_CreateContact", "Sales_CreateOpportunity")


def near_sets(count: int, size: int = 5):
    """Seeded sets of a tool of the sample catalog and its nearest."""
    catalog = load_catalog("enterprise_apis.json")
    near = nearest(catalog, size)
    for tool in random.Random(3).sample(catalog.tools, count):
        yield catalog.subset([tool.name, *(name for name, _ in near[tool.name] if name != tool.name)][:size])


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("customer_name", "customer name"),
        ("SipCredentialList", "SIP credential list"),
        ("api_v2010.FetchIPAddress", "API fetch IP address"),
        ("GET /leads/{id}", "get leads ID"),
        ("StartTime>", "start time after"),
        ("Api20100401Message", "API message"),
        ("", ""),
    ],
)
def test_an_identifier_reads_as_a_person_says_it(identifier: str, words: str):
    assert plain_words(identifier) == words


@given(st.text(max_size=60))
def test_any_text_gives_plain_words_without_separators(text: str):
    assert not re.search(r"[_./{}]", plain_words(text))


@pytest.mark.parametrize(
    ("name", "fields", "task"),
    [
        ("CRM_CreateLead", {}, "create a new lead"),
        ("ListInvoices", {"method": "GET"}, "see a list of invoices"),
        ("users_messages_send", {"original_name": "users.messages.send"}, "send a message"),
        ("jira_create_issue", {"original_name": "jira_create_issue"}, "create a new issue"),
        ("x1", {"original_name": "DELETE /orders/{id}", "method": "DELETE", "path": "/orders/{id}"}, "remove an order"),
        ("TrackOrder", {"summary": "Tracks where an order is"}, "track an order"),
        ("FetchUsage", {"method": "GET"}, "look up the usage"),
    ],
)
def test_the_task_of_an_operation_is_said_in_business_words(name: str, fields: dict, task: str):
    assert profile(a_tool(name, **fields)).task == task


@pytest.mark.parametrize(
    ("word", "many"), [("company", "companies"), ("address", "addresses"), ("box", "boxes"), ("key", "keys")]
)
def test_plurals_and_singulars_go_both_ways(word: str, many: str):
    assert plural(word) == many
    assert singular(many) == word


def test_articles_follow_the_sound():
    said = ["SMS", "URL", "user", "invoice", "hour"]
    assert [with_article(word) for word in said] == ["an SMS", "a URL", "a user", "an invoice", "an hour"]


def test_facets_do_not_depend_on_the_order_of_the_tools():
    tools = sales_tools()[:4]
    first = facets(tools)
    for order in permutations(tools):
        assert facets(order) == first
        assert best_facet(order) == best_facet(tools)


def test_every_facet_splits_its_tools():
    for tools in near_sets(25):
        for facet in facets(tools):
            assert len(set(facet.answers.values())) > 1
            assert set(facet.answers) <= {tool.name for tool in tools}


def test_questions_and_answers_quote_no_identifier():
    for tools in near_sets(40):
        for facet in facets(tools):
            for text in (facet.question, *facet.answers.values()):
                assert not re.search(r"\bv\d|[/{}_]|[a-z][A-Z]", text), text
                words = re.findall(r"\w+", text.casefold())
                for tool in tools:
                    name = folded(tool.original_name)
                    joined = {"".join(words[a:b]) for a in range(len(words)) for b in range(a + 2, a + 6)}
                    assert name not in joined


def test_one_question_separates_the_tools_of_the_brief():
    tools = tuple(tool for tool in sales_tools() if tool.name in BRIEF)
    facet = best_facet(tools)
    assert facet is not None
    assert len(set(facet.answers.values())) >= 3


def test_a_set_of_alike_actions_is_asked_by_its_thing():
    tools = tuple(tool for tool in sales_tools() if tool.name.split("_")[1].startswith("Create"))
    facet = best_facet(tools)
    assert facet is not None
    assert facet.key == "resource"
    assert facet.question == "Is this about a contact, a customer, a lead or an opportunity?"


def test_tools_that_differ_only_by_a_version_are_indistinguishable():
    old, new = (
        a_tool(f"CreateLead_{v}", original_name=f"CreateLead_{v}", summary="Create a lead") for v in ("v1", "v2")
    )
    assert indistinguishable(old, new)
    assert best_facet((old, new)) is None
    assert not indistinguishable(*sales_tools()[:2])


def test_a_value_that_only_one_tool_needs_separates():
    plain = a_tool("CreateOrder", original_name="CreateOrder", summary="Create an order", item="string!")
    framed = a_tool(
        "CreateOrder_2", original_name="CreateOrder", summary="Create an order", item="string!", contract_id="string!"
    )
    facet = best_facet((plain, framed))
    assert facet is not None
    assert facet.parameter == "contract_id"
    assert facet.question == "Do you have a contract ID for this?"


def test_a_tool_without_words_or_parameters_has_a_profile():
    bare = a_tool("x", original_name="x")
    assert profile(bare).task
    assert facets((bare,)) == ()
    assert best_facet((bare,)) is None


def test_labels_are_unique_in_their_tool_and_say_what_an_id_is_of():
    for tools in near_sets(40):
        for tool in tools:
            labels = [leaf.label.casefold() for leaf in leaves(tool)]
            assert len(set(labels)) == len(labels), tool.name
    tool = a_tool("GetLead", id="string!", to="string", approved_by="string")
    assert labels_of(tool) == {"id": "lead ID", "to": "recipient", "approved_by": "person who approved it"}


@pytest.mark.parametrize(
    ("name", "path", "task"),
    [
        ("Sales.HoldOrder", "/sales/orders/{order_id}/hold", "hold an order"),
        ("Sales.DiscountQuote", "/sales/quotes/{quote_id}/discounts", "discount a quote"),
        ("CallNotification", "/calls/{sid}/notifications", "create a new call notification"),
    ],
)
def test_an_address_that_ends_in_the_name_s_first_word_makes_it_the_verb(name: str, path: str, task: str):
    text = "Put the order, the quote or the call on hold, with a discount and a notification."
    tool = Tool(name=name.replace(".", "_"), original_name=name, summary=text, method="POST", path=path)
    assert profile(tool).task == task


# --- what real catalogs hold, as small tools of our own ---


def method(name: str, verb: str, path: str, summary: str = "", group: str = "", **taken: Any) -> Tool:
    """A tool as a document of dotted method ids gives it."""
    cleaned = re.sub(r"\W+", "_", f"{name}_{path}")[:64]
    return a_tool(cleaned, original_name=name, method=verb, path=path, summary=summary, group=group, **taken)


def asked(a: Tool, b: Tool) -> tuple[str, str, str]:
    """The best question for two tools and the answer of each."""
    facet = best_facet((a, b))
    assert facet is not None
    return facet.question, facet.answers[a.name], facet.answers[b.name]


@pytest.mark.parametrize(
    ("name", "verb", "path", "task"),
    [
        ("shop.carts.list", "GET", "/v1/carts", "see a list of carts"),
        ("shop.carts.aggregatedList", "GET", "/v1/aggregated/carts", "see one overall list of the carts in all places"),
        ("shop.carts.setAccessPolicy", "POST", "/v1/carts/{c}:setAccessPolicy", "set the access policy of a cart"),
        ("shop.carts.setLabels", "POST", "/v1/carts/{c}/setLabels", "set the labels of a cart"),
        ("shop.carts.getHealth", "GET", "/v1/carts/{c}/getHealth", "look up the health of a cart"),
        ("shop.carts.batchDelete", "POST", "/v1/carts:batchDelete", "remove several carts at once"),
        ("shop.carts.listUsable", "GET", "/v1/carts:listUsable", "see a list of usable carts"),
        ("shop.carts.checkOut", "POST", "/v1/carts/{c}:checkOut", "check out a cart"),
        ("shop.carts.deleteAndForget", "POST", "/v1/carts/{c}/deleteAndForget", "delete and forget a cart"),
        ("shop.pricelists.update", "PUT", "/v1/priceLists/{p}", "change an existing price list"),
        ("UpdateCartArchive", "POST", "/v1/Carts/{Sid}/Archive", "archive a cart"),
        ("FetchCartAddOn", "GET", "/v1/Carts/{C}/AddOns/{Sid}", "look up a single cart add-on"),
        ("CreateCartTollFree", "POST", "/v1/Carts/TollFree.json", "create a new toll-free cart"),
        ("POST /carts/{id}/cancel", "POST", "/carts/{id}/cancel", "cancel a cart"),
    ],
)
def test_the_task_is_said_for_methods_of_many_makes(name: str, verb: str, path: str, task: str):
    assert profile(method(name, verb, path)).task == task


def test_a_function_named_by_a_noun_is_looked_up_and_one_named_by_its_verb_done():
    noun = method(
        "reports.print.topUsersSummary", "FUNCTION", "/reports/print/topUsersSummary", "Get the top users summary"
    )
    verb = method("teams.unarchive", "ACTION", "/teams/{team-id}/unarchive", "Unarchive a team")
    assert profile(noun).task == "look up the top user summary of the print"
    assert profile(verb).task == "unarchive a team"


@pytest.mark.parametrize(
    ("name", "verb", "path", "summary", "task"),
    [
        ("me.get", "READ", "/me", "Get the me", "look up your own profile"),
        ("print.update", "UPDATE", "/print", "Update the print", "change the print service"),
        ("users.planner.get", "READ", "/users/{user-id}/planner", "Get the planner of a user", "look up the planner"),
        ("ranges.usedRange", "FUNCTION", "/ranges/{r}/usedRange", "Get the used range",
         "look up the used range"),
        ("items.permanentDelete", "ACTION", "/items/{i}/permanentDelete", "", "permanently delete an item"),
        ("ranges.columnsAfter", "FUNCTION", "/ranges/{r}/columnsAfter", "Get columns",
         "look up the following columns of a range"),
        ("CreateCredentialAws", "POST", "/v1/Credentials/AWS", "", "create a new AWS credential"),
        ("CreateUsAppToPerson", "POST", "/v1/Compliance/Usa2p", "", "create new US app-to-person compliance"),
        ("cloud.functions.commitFunctionUpgradeAsGen2", "POST", "/v1/functions/{f}:x", "", "commit a function upgrade"),
        ("stores.fhirStores.get", "GET", "/v1/fhirStores/{f}", "", "look up a single FHIR store"),
        ("CreateSafelist", "POST", "/v2/SafeList/Numbers", "Add a new phone number to SafeList.",
         "add a phone number to the safe list"),
        ("FetchInsightsQuestionnairesCategory", "GET", "/v1/Categories/{c}", "",
         "look up a single insights questionnaire category"),
    ],
)  # fmt: skip
def test_a_thing_is_said_as_a_person_says_it(name: str, verb: str, path: str, summary: str, task: str):
    assert profile(method(name, verb, path, summary)).task == task


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("FHIR store", "a FHIR store"), ("HTTPS health check", "an HTTPS health check"), ("last cell", "the last cell"),
        ("SSD cache", "an SSD cache"), ("own profile", "your own profile"), ("SIP domain", "a SIP domain"),
    ],
)  # fmt: skip
def test_an_article_goes_by_the_sound_and_by_how_many_there_are(phrase: str, said: str):
    assert with_article(phrase) == said


def test_functions_of_which_nothing_is_told_but_a_term_are_told_apart_by_their_values_only():
    cosh, sinh = (
        method(f"functions.{name}", "FUNCTION", f"/functions/{name}", f"Run {words} for the workbook functions")
        for name, words in (("imCosh", "im cosh"), ("imSinh", "im sinh"))
    )
    assert indistinguishable(cosh, sinh)
    day = method(
        "functions.weekDay",
        "FUNCTION",
        "/functions/weekDay",
        "Run week day for the workbook functions",
        start="string!",
    )
    assert {facet.key for facet in facets((cosh, day))} == {"parameter:start"}


def test_what_belongs_to_something_stands_last_so_that_it_binds_nothing_else():
    a = method("accounts.appGroups.getBalance", "GET", "/v1/accounts/{a}/appGroups/{g}:getBalance")
    b = method("accounts.appGroups.subscriptions.get", "GET", "/v1/accounts/{a}/appGroups/{g}/subscriptions/{s}")
    question = next(facet.question for facet in facets((a, b)) if facet.key == "resource")
    assert question == "Is this about a subscription or the balance of an app group?"


def test_a_thing_is_named_in_the_order_of_the_text():
    tool = a_tool(
        "CreateKeyBackup", summary="Create a backup key for the vault", method="POST", path="/v1/Keys/Backups"
    )
    assert profile(tool).resource == "backup key"
    reused = tool.model_copy(update={"summary": "Create the backup key file"})
    assert profile(reused).resource == "key backup"


@pytest.mark.parametrize(
    ("here", "there", "answers"),
    [
        ("/v1/users/{u}/notes", "/v1/groups/{g}/notes", ("for a user", "inside a group")),
        ("/me/notes", "/users/{user-id}/notes", ("for yourself", "for a user")),
        ("/v1/sites/{s}/notes", "/v1/notes", ("inside a site", "standing on its own")),
        ("/users/{u}/calendar/notes", "/users/{u}/calendars/{c}/notes",
         ("inside the main calendar", "inside a particular calendar")),
        ("/me/calendar/notes", "/groups/{g}/notes", ("inside your own calendar", "inside a group")),
        ("/me/calendars/{c}/notes", "/me/notes", ("inside a calendar", "directly in your own account")),
        ("/deviceManagement/notes", "/me/notes", ("inside the device management area", "for yourself")),
        ("/me/calendars/{c}/notes", "/groups/{g}/notes", ("inside one of your calendars", "inside a group")),
        ("/v1/p/{project}/zones/{z}/notes", "/v1/p/{project}/global/notes", ("in one zone", "worldwide")),
        ("/v1/regions/{r}/disks/{d}/notes", "/v1/global/notes", ("inside a disk in one region", "worldwide")),
        ("/v1/sites/{s}/lists/{l}/notes", "/v1/sites/{s}/notes", ("inside a list", "directly inside a site")),
        ("/v1/calls/{c}/SIP/domains/{d}/notes", "/v1/calls/{c}/notes", ("inside a domain", "directly inside a call")),
    ],
)  # fmt: skip
def test_tools_at_different_places_are_asked_where(here: str, there: str, answers: tuple[str, str]):
    a, b = method("office.notes.list", "GET", here), method("office.notes.list", "GET", there)
    _, *said = asked(a, b)
    assert tuple(said) == answers


def test_a_thing_called_after_its_place_is_the_same_thing_there():
    held = method("agreements_acceptances_delete", "DELETE", "/agreements/{agreement-id}/acceptances/{acceptance-id}")
    named = method("agreementAcceptances_delete", "DELETE", "/agreementAcceptances/{agreement-acceptance-id}")
    assert not {facet.key for facet in facets((held, named))} & {"resource", "task"}


def test_a_kind_of_a_thing_whose_document_says_the_same_is_not_told_from_it():
    plain = method("ListExtension", "GET", "/v1/Extensions", "Retrieve a list of extensions.")
    kind = method("ListMarketplaceExtension", "GET", "/v1/MarketplaceExtensions", "Retrieve a list of extensions.")
    other = kind.model_copy(update={"summary": "Retrieve a list of extensions that are for sale."})
    assert "resource" not in {facet.key for facet in facets((plain, kind))}
    assert "resource" in {facet.key for facet in facets((plain, other))}


def test_what_some_tool_lies_in_nowhere_is_asked_only_where_nothing_else_is_left():
    alone = method("dataOperations_list", "QUERY", "/dataOperations", "List the data operations")
    held = method("sites_operations_list", "QUERY", "/sites/{site-id}/operations", "List the operations of a site")
    best = best_facet((alone, held))
    assert best is not None
    assert best.key == "resource"
    assert "standing on its own" not in best.options


def test_a_summary_that_fetches_outweighs_a_name_that_creates():
    tool = method("CreateBulkStatistics", "POST", "/v1/Statistics", "Fetch statistics in bulk")
    assert profile(tool).action == "get"


def test_a_key_in_the_middle_of_an_address_is_of_what_stands_before_it():
    tool = a_tool("FetchVersion", path="/v1/Schemas/{Id}/Versions/{Version}", Id="string!", Version="string!")
    assert labels_of(tool)["Id"] == "schema ID"


def test_looking_up_is_not_taken_for_a_thing_called_lookup():
    assert "lookup" in meaning("a lookup rate limit")
    assert meaning("look up a rate limit") == meaning("view a rate limit")


def test_an_address_that_hides_its_place_is_not_told_from_one_that_shows_it():
    anywhere = method("log.sinks.list", "GET", "/v2/{v2Id}/{v2Id1}/sinks")
    assert indistinguishable(anywhere, method("log.folders.sinks.list", "GET", "/v2/folders/{foldersId}/sinks"))


def test_one_method_of_two_products_is_asked_by_product():
    a = method("a.locations.list", "GET", "/v1/projects/{p}/locations", "Lists locations.", "Cloud Tasks")
    b = method("b.locations.list", "GET", "/v1/projects/{p}/locations", "Lists locations.", "Cloud Build")
    question = "Which area does this belong to: Cloud Build or Cloud Tasks?"
    assert asked(a, b) == (question, "Cloud Tasks", "Cloud Build")


def test_a_change_in_part_is_told_from_one_as_a_whole():
    a = method("shop.carts.patch", "PATCH", "/v1/carts/{c}")
    b = method("shop.carts.update", "PUT", "/v1/carts/{c}")
    _, part, whole = asked(a, b)
    assert (part, whole) == ("change some details of an existing one", "replace an existing one as a whole")


@pytest.mark.parametrize("newer", ["/v2/carts", "/v1beta1/carts", "/shop/alpha/carts"])
def test_a_version_is_never_a_question(newer: str):
    old = method("shop.carts.create", "POST", "/shop/v1/carts", "Creates a cart.", "Shop")
    new = method("shop.carts.create", "POST", newer, "Makes one basket for every visitor of today.", "Shop")
    assert indistinguishable(old, new)


@pytest.mark.parametrize("label", ["page_id", "etag", "body", "x2_flag"])
def test_a_value_that_no_person_thinks_of_is_no_question(label: str):
    a = method("x.pages.render", "POST", "/v1/pages/{page_id}:render", **{label: "string!"})
    b = method("x.pages.render", "POST", "/v1/pages/{page_id}:render")
    assert indistinguishable(a, b)


def test_two_lines_that_say_nearly_the_same_are_not_offered_as_a_choice():
    near = [
        a_tool(f"x{kind}", original_name="x", summary=f"Moves money of the {kind} kind between two accounts")
        for kind in ("old", "new")
    ]
    assert not any(facet.key == "gist" for facet in facets(near))


# --- the judge of what quotes an identifier, and any tool at all ---


@pytest.mark.parametrize(
    "planted",
    ["is it cartItems?", "is it cart_items?", "is it shop.carts?", "is it /carts?", "is it {cart}?", "is it v1?",
     "is it CRM_CreateLead?", "is it item2?"],
)  # fmt: skip
def test_a_facet_that_quotes_an_identifier_is_caught(planted: str):
    tool = a_tool("CRM_CreateLead", path="/carts/{cart}", item2="string")
    assert quoted_identifiers(Facet("task", planted, {"a": "one", "b": "two"}), [tool])
    assert quoted_identifiers(Facet("task", "Which?", {"a": planted, "b": "two"}), [tool])


def test_plain_words_acronyms_and_product_names_quote_nothing():
    facet = Facet("task", "Is it OAuth, YouTube or VMs?", {"a": "change an SMS add-on", "b": "look up a single URL"})
    assert quoted_identifiers(facet, [a_tool()]) == []


IDENTIFIERS = st.lists(
    st.sampled_from(
        (
            "get",
            "list",
            "create",
            "cart",
            "carts",
            "item",
            "Item",
            "v1",
            "v2beta",
            "userID",
            "oauth2Token",
            "by",
            "for",
            "of",
            "to",
            "2",
        )
    ),
    min_size=1,
    max_size=4,
)
SEPARATORS = st.sampled_from([".", "_", "", "-", "/"])
TOOLS = st.builds(
    lambda words, between, verb, steps, text, group: (between.join(words), verb, "/" + "/".join(steps), text, group),
    IDENTIFIERS,
    SEPARATORS,
    st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "QUERY", "FUNCTION", ""]),
    st.lists(
        st.sampled_from(["v1", "users", "{userId}", "cartItems", "{item_id}", "me", "global", "runTask"]), max_size=5
    ),
    st.one_of(st.sampled_from(["Lists carts.", "Runs `runTask` of cart_items", ""]), st.text(max_size=40)),
    st.sampled_from(["", "CartService", "Cart Service", "crm_v2"]),
)


@given(st.lists(TOOLS, min_size=2, max_size=5))
@example([("get", "GET", "/", "Lists carts.", ""), ("cart", "GET", "/", "\r", "")])
@settings(max_examples=150, deadline=None)
def test_any_tools_give_questions_that_split_and_do_not_depend_on_order(drafts):
    tools = [
        a_tool(
            f"T{place}", original_name=name or "x", method=verb, path=path, summary=text, group=group, cartId="string!"
        )
        for place, (name, verb, path, text, group) in enumerate(drafts)
    ]
    known = facets(tools)
    assert facets(tools[::-1]) == known
    for facet in known:
        assert len(facet.options) > 1
        assert information(facet, tools) >= 0
        if not facet.key.startswith("gist"):
            assert not any(re.search(r"[a-z][A-Z]|[_/{}]|\bv\d", _without_proper(said)) for said in facet.options)
    for a, b in combinations(tools, 2):
        assert indistinguishable(a, b) == indistinguishable(b, a)


def _without_proper(text: str) -> str:
    return re.sub(r"OAuth|IDs|VMs|URLs", "", text)


def test_a_goal_for_readers_holds_no_identifier_and_no_facet():
    told = "Adds a `cartItem` to a cart."
    tool = method("shop.addItem", "POST", "/v1/carts/{cartId}/cartItems", told, "Shop Front", giftNote="string!")
    said = goal_sentence(tool)
    assert (
        said
        == "Adds a cart item to a cart. (Where: carts > cart items.) (Product: Shop Front.) (I can give: gift note.)"
    )


def test_an_acronym_that_opens_a_line_keeps_its_capitals():
    assert profile(a_tool("x", original_name="x", summary="RPC to get the results")).gist == "RPC to get the results"
