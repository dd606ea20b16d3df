"""Values gone wrong in ways that nobody had listed: only what was said can tell, as the gold is wrong with the call."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog, Tool

from .planting import (
    DATE,
    Path,
    Planted,
    all_said,
    another,
    at_the_call,
    call_at,
    calling_gold,
    demands_confirmation,
    fault,
    goal_tool,
    gold_of,
    in_words,
    leaves,
    objects,
    pick,
    place_in,
    schema_at,
    set_at,
    stated,
    user_turns,
    with_scenario,
    with_turn,
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
SPOKEN_DATE = re.compile(rf"\d{{1,2}} (?:{MONTHS}) \d{{4}}|(?:{MONTHS}) \d{{1,2}}, \d{{4}}|\d{{4}}-\d\d-\d\d(?!T)")
RELATIVE = re.compile(
    rf"\b(?:tomorrow|yesterday|today|in \d+ days|(?:next|this|coming) (?:{'|'.join(WEEKDAYS)}))\b", re.I
)
UNITS = {"hour": "days", "day": "weeks", "week": "months", "month": "weeks", "minute": "hours", "kilogram": "pounds"}
LOOKALIKES = {"0": "O", "1": "l", "5": "S", "8": "B"}


def make_of(value: Any) -> str:
    """What a text looks like: letters in a row as one, each digit as 0."""
    return re.sub(r"\d", "0", re.sub(r"[^\W\d_]+", "a", str(value)))


def swapped(arguments: Mapping[str, Any], one: tuple[Path, Any], other: tuple[Path, Any]) -> dict[str, Any]:
    """The arguments with two values in each other's place."""
    return set_at(set_at(arguments, one[0], other[1]), other[0], one[1])


def pairs_alike(tool: Tool, arguments: Mapping[str, Any]) -> list[tuple[tuple[Path, Any], tuple[Path, Any]]]:
    """Pairs of different text values on the top level that look alike and belong to no enum."""
    flat = [(path, value) for path, value in leaves(arguments) if len(path) == 1 and isinstance(value, str)]
    free = [(path, value) for path, value in flat if "enum" not in schema_at(tool, path)]
    return [(a, b) for a in free for b in free if a[0] < b[0] and a[1] != b[1] and make_of(a[1]) == make_of(b[1])]


def lists(value: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Every list inside nested arguments."""
    if isinstance(value, list):
        yield path, value
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from lists(part, (*path, key))


def answers_with_one(dialogue: Dialogue) -> list[tuple[Path, str, int]]:
    """Stated values of the top level that are all that their turn states, in an answer to a later question."""
    found = stated(dialogue)
    turns = [turn for _, _, turn in found]
    return [each for each in found if len(each[0]) == 1 and each[2] >= 4 and turns.count(each[2]) == 1]


@fault("Two values of one make have changed places, in the gold arguments too.", "grounding")
def twins_swapped_in_gold(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold = gold_of(dialogue)
    pair = place_in(dialogue, rng, pairs_alike(goal_tool(dialogue, catalog), gold))
    return at_the_call(calling_gold(dialogue, swapped(gold, *pair))) if pair else None


@fault("A span ends before it begins: its two moments have changed places, in the gold arguments too.", "grounding")
def ends_of_a_span_swapped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold = gold_of(dialogue)
    moments = [(path, value) for path, value in leaves(gold) if isinstance(value, str) and DATE.match(value)]
    spans = [(a, b) for a in moments for b in moments if a[0][:-1] == b[0][:-1] and a[0] and a[1] < b[1]]
    pair = place_in(dialogue, rng, spans)
    return at_the_call(calling_gold(dialogue, swapped(gold, *pair))) if pair else None


@fault(
    "The user says a number in another unit than the parameter counts, and the call has the bare number.", "grounding"
)
def another_unit(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool, places = goal_tool(dialogue, catalog), []
    for path, value in leaves(dialogue.scenario.gold_arguments):
        about = f"{in_words(str(path[-1]))} {schema_at(tool, path).get('description', '')}".lower()
        unit = next((unit for unit in UNITS if re.search(rf"\b{unit}s?\b", about)), None)
        if unit is None or isinstance(value, (bool, str)):
            continue
        said = re.compile(rf"(?<![\w.,-]){value:g}(?: (?:{unit}s?|kg))?(?![\w-]|[.,]\d)")
        places += [
            (index, said, value, unit) for index in user_turns(dialogue) if said.search(dialogue.turns[index].reply)
        ]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    index, said, value, unit = place
    words = said.sub(f"{value:g} {UNITS[unit]}", dialogue.turns[index].reply, count=1)
    return at_the_call(with_turn(dialogue, index, reply=words))


@fault("One element of a list that the user said is in neither the call nor the gold.", "grounding")
def element_forgotten_everywhere(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold = gold_of(dialogue)
    place = place_in(dialogue, rng, [(path, items) for path, items in lists(gold) if len(items) > 1])
    if place is None:
        return None
    path, items = place
    gone = rng.randrange(len(items))
    return at_the_call(calling_gold(dialogue, set_at(gold, path, [*items[:gone], *items[gone + 1 :]])))


@fault("An optional value that the user stated is in neither the call nor the gold.", "grounding", "arguments")
def stated_option_left_out(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    required = goal_tool(dialogue, catalog).required
    said = [path[0] for path, _, _ in stated(dialogue) if len(path) == 1 and path[0] not in required]
    name = place_in(dialogue, rng, said)
    if name is None:
        return None
    return at_the_call(calling_gold(dialogue, {key: value for key, value in gold_of(dialogue).items() if key != name}))


@fault("Two values inside one object have changed places, in the gold arguments too.", "grounding", "arguments")
def siblings_swapped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold, places = gold_of(dialogue), []
    for path, inner in objects(gold):
        flat = [((*path, key), value) for key, value in inner.items() if not isinstance(value, (Mapping, list, bool))]
        plain = [each for each in flat if not DATE.match(str(each[1]))]
        places += [(a, b) for a in plain for b in plain if a[0] < b[0] and a[1] != b[1] and type(a[1]) is type(b[1])]
    pair = place_in(dialogue, rng, places)
    return at_the_call(calling_gold(dialogue, swapped(gold, *pair))) if pair else None


def day_of(words: str) -> dt.date:
    """The day that a written date names."""
    for form in ("%d %B %Y", "%B %d, %Y", "%Y-%m-%d"):
        try:
            return dt.datetime.strptime(words, form).date()
        except ValueError:
            continue
    raise ValueError(words)


@fault("The user names a weekday that the date beside it does not have, and nobody minds.", "grounding")
def weekday_disagrees(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    dates = {value[:10] for _, value in leaves(dialogue.scenario.gold_arguments) if isinstance(value, str)}
    found = [
        (index, match) for index in user_turns(dialogue) for match in SPOKEN_DATE.finditer(dialogue.turns[index].reply)
    ]
    place = place_in(dialogue, rng, [each for each in found if day_of(each[1][0]).isoformat() in dates])
    if place is None:
        return None
    index, match = place
    wrong = WEEKDAYS[(day_of(match[0]).weekday() + rng.randint(1, 6)) % 7]
    words = dialogue.turns[index].reply
    return with_turn(dialogue, index, reply=f"{words[: match.start()]}{wrong}, {words[match.start() :]}"), index


@fault("Today is another day than the one from which the user's days were counted.", "grounding")
def today_moved(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    dated = any(DATE.match(str(value)) for _, value in leaves(dialogue.scenario.gold_arguments))
    words = all_said(dialogue)
    told = RELATIVE.search(words) and not SPOKEN_DATE.search(words)
    if not (dated and told) or call_at(dialogue) is None:
        return None
    setting = dialogue.scenario.setting
    later = setting.today + dt.timedelta(days=rng.randint(8, 12))
    return at_the_call(with_scenario(dialogue, setting=setting.model_copy(update={"today": later})))


@fault("A value comes from the assistant's guess, which the user did not take up.", "grounding")
def guess_not_taken_up(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, answers_with_one(dialogue))
    if place is None or demands_confirmation(dialogue, catalog):
        return None
    path, value, turn = place
    asked = with_turn(dialogue, turn - 1, reply=f"What is the {in_words(path[0])}? Is it {value}, perhaps?")
    unsure = rng.choice(("I'd have to look that up first.", "No idea, to be honest.", "I can't say right now."))
    return with_turn(asked, turn, reply=unsure), None


@fault("The user gives a value by another parameter's name.", "grounding")
def said_for_another_parameter(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool = goal_tool(dialogue, catalog)
    free = [
        name
        for name, schema in tool.properties.items()
        if name not in dialogue.scenario.gold_arguments and schema.get("type") == "string" and "enum" not in schema
    ]
    place, other = place_in(dialogue, rng, answers_with_one(dialogue)), pick(rng, free)
    if place is None or other is None:
        return None
    form = rng.choice(("The {name} is {value}.", "{value} is the {name}.", "For the {name} take {value}."))
    return with_turn(dialogue, place[2], reply=form.format(name=in_words(other), value=place[1])), None


@fault("The user changes a value and takes the change back; the call has what was taken back.", "grounding")
def change_taken_back(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    places = [each for each in stated(dialogue) if another(each[1], random.Random(0)) is not None]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    path, value, turn = place
    other = another(value, rng)
    there_and_back = rng.choice(
        (
            f"No, make that {other}. Hm, wait: {value} was right after all.",
            f"Or rather {other}... no, forget that, it stays {value}.",
        )
    )
    told = with_turn(dialogue, turn, reply=f"{dialogue.turns[turn].reply.rstrip('.!')}. {there_and_back}")
    return at_the_call(calling_gold(told, set_at(gold_of(told), path, other)))


@fault("The comma of thousands was read as a decimal one, in the gold arguments too.", "grounding")
def thousands_misread(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold, places = gold_of(dialogue), []
    for path, value in leaves(gold):
        if isinstance(value, (bool, str)) or value is None or value < 1000 or value % 1000:
            continue
        bare = re.compile(rf"(?<![\w.,-])(?:{value:.0f}|{value:,.0f})(?:\.00?)?(?![\w-]|[.,]\d)")
        places += [
            (path, value, bare, index) for index in user_turns(dialogue) if bare.search(dialogue.turns[index].reply)
        ]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    path, value, bare, index = place
    told = with_turn(dialogue, index, reply=bare.sub(f"{value:,.0f}", dialogue.turns[index].reply, count=1))
    return at_the_call(calling_gold(told, set_at(gold, path, type(value)(value / 1000))))


@fault("A digit of a code has become the letter that looks like it, in the gold arguments too.", "grounding")
def lookalike_in_a_code(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    codes = [(path, value) for path, value, _ in stated(dialogue) if "@" not in value and not DATE.match(value)]
    places = [(path, value, digit) for path, value in codes for digit in LOOKALIKES if digit in value]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    path, value, digit = place
    wrong = value.replace(digit, LOOKALIKES[digit], 1)
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), path, wrong)))


@fault("A text in call and gold holds more than the user said.", "grounding")
def text_embellished(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool = goal_tool(dialogue, catalog)
    free = [
        (path, value)
        for path, value, _ in stated(dialogue)
        if " " in value
        and not re.search(r"\d", value)
        and not {"enum", "format", "pattern"} & set(schema_at(tool, path))
    ]
    place = place_in(dialogue, rng, free)
    if place is None:
        return None
    path, value = place
    more = rng.choice((" since last week", ", as agreed with the manager", " again", " due to a misunderstanding"))
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), path, value + more)))


@fault("A text in call and gold has a blank at its end or its beginning.", "arguments", "grounding")
def blanks_round_a_value(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, stated(dialogue))
    if place is None:
        return None
    path, value, _ = place
    padded = rng.choice((f"{value} ", f" {value}", f"{value}\n"))
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), path, padded)))
