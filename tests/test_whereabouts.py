"""Where a thing lies, as people say it unasked, rules out what lies elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from diaforge_core.conversation.reading import read
from diaforge_core.conversation.whereabouts import fitting, spots, without_places
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.tool import Tool

from .factories import a_tool


def fetching(name: str, path: str, group: str) -> Tool:
    return a_tool(name, original_name="FetchMessage", method="GET", path=path, group=group, summary="Fetch a message")


IN_CHAT = fetching("FetchMessage_chat", "/v1/Channels/{ChannelSid}/Messages/{Sid}", "chat")
IN_VIDEO = fetching("FetchMessage_video", "/v1/Rooms/{RoomSid}/Messages/{Sid}", "video")
IN_VOICE = fetching("FetchMessage_voice", "/v1/Calls/{CallSid}/Messages/{Sid}", "voice")
TOOLS = (IN_CHAT, IN_VIDEO, IN_VOICE)


def left(words: str, tools: Sequence[Tool] = TOOLS) -> set[str]:
    return set(read(tools, [Turn(speaker="user", reply=words)]).open_tools)


def test_two_areas_with_or_between_them_rule_the_others_out():
    assert left("I need to look up a message, under voice or chat.") == {IN_CHAT.name, IN_VOICE.name}
    assert left("I need to look up a message (Chat or Video).") == {IN_CHAT.name, IN_VIDEO.name}


def test_one_area_alone_or_areas_without_or_rule_nothing_out():
    assert left("I need to look up a message in chat.") == {tool.name for tool in TOOLS}
    assert left("We use voice, chat and video a lot. I need to look up a message.") == {tool.name for tool in TOOLS}


def test_a_place_that_some_lie_in_rules_the_others_out():
    assert left("Can you look up a message inside a room?") == {IN_VIDEO.name}


def test_places_are_said_as_the_questions_say_them():
    assert spots(TOOLS)["channel"] == "inside a channel"


def test_the_words_of_a_place_are_not_taken_for_an_action():
    lists = (
        fetching("GetItem", "/lists/{list-id}/items/{item-id}", "sites"),
        fetching("ListItems", "/lists/{list-id}/items", "sites"),
    )
    assert without_places("an item inside a list, please", lists) == "an item  , please"
    assert left("It's about an item inside a list.", lists) == {"GetItem", "ListItems"}


def test_a_place_that_contradicts_an_earlier_one_leaves_what_that_one_left():
    assert fitting("inside a channel, no, inside a room", TOOLS)
