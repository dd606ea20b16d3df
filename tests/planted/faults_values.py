"""Faults in the values of the call: what the schema, the gold or the user's words speak against."""

from __future__ import annotations

import random
import re
from typing import Any

from jsonschema import Draft202012Validator

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog

from .planting import (
    DATE,
    Path,
    Planted,
    all_said,
    another,
    at_the_call,
    call_at,
    calling,
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
    with_turn,
    with_turns,
)


@fault("The right tool is called with the arguments of a twin.", "arguments")
def arguments_of_a_twin(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is None:
        return None
    own = goal_tool(dialogue, catalog).properties
    twins = [catalog.tool(name) for name in dialogue.scenario.candidates]
    foreign = [name for twin in twins for name in twin.required if name not in own]
    name, gold = pick(rng, foreign), gold_of(dialogue)
    if name is None or not gold:
        return None
    first = next(iter(gold))
    return at_the_call(calling(dialogue, arguments={name if key == first else key: gold[key] for key in gold}))


@fault("A required value is missing from the call.", "arguments")
def required_dropped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    name = place_in(dialogue, rng, [key for key in goal_tool(dialogue, catalog).required if key in gold_of(dialogue)])
    return name and at_the_call(calling(dialogue, arguments={k: v for k, v in gold_of(dialogue).items() if k != name}))


@fault("A value that a condition of the schema demands is missing, in the gold too.", "arguments")
def conditional_value_dropped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool, gold = goal_tool(dialogue, catalog), gold_of(dialogue)
    fewer = [{key: gold[key] for key in gold if key != name} for name in gold if name not in tool.required]
    schema = Draft202012Validator(tool.parameters)
    arguments = place_in(dialogue, rng, [each for each in fewer if not schema.is_valid(each)])
    return arguments and at_the_call(calling_gold(dialogue, arguments))


@fault("An optional argument that nobody mentioned is in the call.", "arguments", "grounding")
def unmentioned_optional(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool, gold = goal_tool(dialogue, catalog), gold_of(dialogue)
    free = [key for key in tool.properties if key not in tool.required and key not in gold]
    name = place_in(dialogue, rng, free)
    return name and at_the_call(calling(dialogue, arguments=gold | {name: _some(tool.properties[name], rng)}))


@fault("An optional argument that nobody mentioned is in the call and in the gold.", "grounding", "arguments")
def unmentioned_optional_in_gold(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool, gold = goal_tool(dialogue, catalog), gold_of(dialogue)
    kinds = ("number", "integer", "string")
    free = [key for key in tool.properties if key not in tool.required and key not in gold]
    name = place_in(dialogue, rng, [key for key in free if tool.properties[key].get("type") in kinds])
    return name and at_the_call(calling_gold(dialogue, gold | {name: _some(tool.properties[name], rng)}))


def _some(schema: dict[str, Any], rng: random.Random) -> Any:
    if options := schema.get("enum"):
        return rng.choice(options)
    known = {"number": 737.5, "integer": 17, "boolean": True, "array": [], "object": {}}
    formats = {"date": "2027-08-19", "date-time": "2027-08-19T06:00:00Z", "email": "x.unsaid@far.example"}
    return known.get(schema.get("type", ""), formats.get(schema.get("format", ""), "handle with care"))


@fault("An argument that the schema does not know is in the call.", "arguments")
def unknown_argument(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    name = place_in(dialogue, rng, ["urgent_flag", "requestedBy", "comment_text", "dryRun"])
    return name and at_the_call(calling(dialogue, arguments=gold_of(dialogue) | {name: "yes"}))


@fault("A number is passed as text.", "arguments")
def number_as_text(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    numbers = [(p, v) for p, v in leaves(gold_of(dialogue)) if isinstance(v, (int, float)) and not isinstance(v, bool)]
    place = place_in(dialogue, rng, numbers)
    return place and at_the_call(calling(dialogue, arguments=set_at(gold_of(dialogue), place[0], f"{place[1]:g}")))


@fault("A text is passed as a list.", "arguments")
def text_as_list(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, [(p, v) for p, v in leaves(gold_of(dialogue)) if isinstance(v, str)])
    return place and at_the_call(calling(dialogue, arguments=set_at(gold_of(dialogue), place[0], [place[1]])))


@fault("An enum value is written in capitals.", "arguments")
def enum_in_capitals(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, _enums(dialogue, catalog, lambda value: value != value.upper()))
    return place and at_the_call(calling(dialogue, arguments=set_at(gold_of(dialogue), place[0], place[1].upper())))


@fault("The user says one option, the call and the gold hold another.", "grounding")
def enum_other_than_said(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    said = all_said(dialogue).lower()
    place = place_in(dialogue, rng, _enums(dialogue, catalog, lambda value: value.lower() in said))
    if place is None:
        return None
    options = schema_at(goal_tool(dialogue, catalog), place[0])["enum"]
    option = pick(rng, [option for option in options if str(option).lower() not in said])
    return option and at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], option)))


def _enums(dialogue: Dialogue, catalog: Catalog, wanted: Any) -> list[tuple[Path, str]]:
    tool = goal_tool(dialogue, catalog)
    found = ((path, value) for path, value in leaves(gold_of(dialogue)) if schema_at(tool, path).get("enum"))
    return [(path, value) for path, value in found if isinstance(value, str) and wanted(value)]


@fault("A number, an address or an id in call and gold was said by nobody.", "grounding")
def ungrounded_value(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, _changeable(dialogue, rng))
    return place and at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], place[1])))


@fault("The call holds another value than the user said.", "arguments")
def value_other_than_gold(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, _changeable(dialogue, rng))
    return place and at_the_call(calling(dialogue, arguments=set_at(gold_of(dialogue), place[0], place[1])))


def _changeable(dialogue: Dialogue, rng: random.Random) -> list[tuple[Path, Any]]:
    changed = ((path, another(value, rng)) for path, value in leaves(gold_of(dialogue)))
    said = all_said(dialogue)
    return [(path, value) for path, value in changed if value is not None and f"{value}" not in said]


@fault("The user says another value than the call and the gold hold.", "grounding")
def user_says_another(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    places = [place for place in stated(dialogue) if another(place[1], rng) is not None]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    _, value, index = place
    words = dialogue.turns[index].reply.replace(value, another(value, rng))
    return at_the_call(with_turn(dialogue, index, reply=words))


@fault("The user corrects a value, and the old one is called.", "grounding")
def corrected_but_old_called(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    places = [place for place in stated(dialogue) if another(place[1], rng) is not None]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    path, value, index = place
    name = in_words(str([step for step in path if isinstance(step, str)][-1]))
    said = rng.choice((" Sorry, the {n} is {v}.", " Wait, that's wrong, the {n} must be {v}.", " I mean {v}, not {o}."))
    said = said.format(n=name, v=another(value, rng), o=value)
    return at_the_call(with_turn(dialogue, index, reply=dialogue.turns[index].reply.rstrip() + said))


@fault("An id in call and gold lacks its last character, so that it is only a part of what was said.", "grounding")
def value_cut_short(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    ids = [each for each in stated(dialogue) if re.search(r"\d{3}$", each[1]) and not DATE.match(each[1])]
    place = place_in(dialogue, rng, ids)
    return place and at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], place[1][:-1])))


@fault("A number in call and gold is only a part of the one that was said.", "grounding")
def number_inside_another(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    numbers = [(p, v) for p, v in leaves(gold_of(dialogue)) if isinstance(v, (int, float)) and not isinstance(v, bool)]
    place = place_in(dialogue, rng, [(p, v) for p, v in numbers if v >= 100])
    if place is None:
        return None
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], type(place[1])(place[1] // 10))))


@fault("The user rules an option out, and just that option is in call and gold.", "grounding")
def option_ruled_out(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    enums = [path for path, _ in _enums(dialogue, catalog, bool)]
    place = place_in(dialogue, rng, [each for each in stated(dialogue) if each[0] in enums])
    if place is None:
        return None
    _, value, index = place
    name = in_words(str([step for step in place[0] if isinstance(step, str)][-1]))
    more = rng.choice((" But not {v}, please.", " Sorry, anything but {v} for the {n}.", " No, the {n} is not {v}."))
    words = f"{dialogue.turns[index].reply.rstrip()}{more.format(v=value, n=name)}"
    return at_the_call(with_turn(dialogue, index, reply=words))


@fault("Two values of one kind have changed places in the call.", "arguments")
def values_swapped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold = gold_of(dialogue)
    texts = [key for key, value in gold.items() if isinstance(value, str)]
    pairs = [(a, b) for a in texts for b in texts if a < b and gold[a] != gold[b]]
    pair = place_in(dialogue, rng, pairs)
    if pair is None:
        return None
    return at_the_call(calling(dialogue, arguments=gold | {pair[0]: gold[pair[1]], pair[1]: gold[pair[0]]}))


@fault("Day and month of a date are swapped in call and gold.", "grounding")
def day_and_month_swapped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    places = [(p, v) for p, v in leaves(gold_of(dialogue)) if isinstance(v, str) and DATE.match(v)]
    places = [(p, v) for p, v in places if int(v[8:10]) <= 12 and v[8:10] != v[5:7]]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    value = place[1]
    swapped = f"{value[:5]}{value[8:10]}-{value[5:7]}{value[10:]}"
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], swapped)))


@fault("A date in call and gold is days off what the user said.", "grounding")
def date_shifted(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    places = [(p, v) for p, v in leaves(gold_of(dialogue)) if isinstance(v, str) and DATE.match(v)]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    value = place[1]
    day = (int(value[8:10]) + rng.randint(2, 6)) % 27 + 1
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], f"{value[:8]}{day:02d}{value[10:]}")))


@fault("One element of a list is missing from the call.", "arguments")
def list_element_dropped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold = gold_of(dialogue)
    name = place_in(dialogue, rng, [key for key, value in gold.items() if isinstance(value, list) and value])
    return name and at_the_call(calling(dialogue, arguments=gold | {name: gold[name][:-1]}))


@fault("A truth value is the opposite of what the user said, in call and gold.", "grounding")
def boolean_flipped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, [(p, v) for p, v in leaves(gold_of(dialogue)) if isinstance(v, bool)])
    return place and at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], not place[1])))


@fault("A nested value has the wrong type, in the gold too.", "arguments")
def nested_wrong_type(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, [(p, v) for p, v in leaves(gold_of(dialogue)) if len(p) > 1])
    if place is None:
        return None
    wrong = {"value": place[1]} if rng.random() < 0.5 else (7 if isinstance(place[1], str) else str(place[1]))
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), place[0], wrong)))


@fault("A nested required value is missing, in the gold too.", "arguments")
def nested_required_dropped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    tool = goal_tool(dialogue, catalog)
    inside = [(p, o, key) for p, o in objects(gold_of(dialogue)) for key in schema_at(tool, p).get("required", ())]
    place = place_in(dialogue, rng, [each for each in inside if each[2] in each[1]])
    if place is None:
        return None
    path, value, key = place
    fewer = {name: part for name, part in value.items() if name != key}
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), path, fewer)))


@fault("A nested object holds a key that the schema does not know.", "arguments")
def nested_unknown_key(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, list(objects(gold_of(dialogue))))
    if place is None:
        return None
    more = dict(place[1]) | {rng.choice(("note2", "extraInfo", "kindOf")): "n/a"}
    return at_the_call(calling(dialogue, arguments=set_at(gold_of(dialogue), place[0], more)))


@fault("A nested enum holds a word that is no option, in words and gold too.", "arguments")
def nested_enum_unknown(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, [each for each in _enums(dialogue, catalog, bool) if len(each[0]) > 1])
    if place is None:
        return None
    turns = [turn.model_copy(update={"reply": turn.reply.replace(place[1], "Atlantis")}) for turn in dialogue.turns]
    changed = calling_gold(dialogue, set_at(gold_of(dialogue), place[0], "Atlantis"))
    return at_the_call(with_turns(changed, [*turns[:-1], changed.turns[-1]]))


@fault("An e-mail address without its @ is said, held as gold and called.", "arguments")
def broken_email(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = place_in(dialogue, rng, [each for each in stated(dialogue) if "@" in each[1]])
    if place is None:
        return None
    path, value, index = place
    broken = value.replace("@", ".")
    words = dialogue.turns[index].reply.replace(value, broken)
    return at_the_call(with_turn(calling_gold(dialogue, set_at(gold_of(dialogue), path, broken)), index, reply=words))


@fault("A confirmed call differs from what was read back.", "grounding", "relevance", "arguments")
def confirmed_something_else(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog):
        return None
    index = len(dialogue.turns) - 3
    words = dialogue.turns[index].reply
    changed = re.sub(r"\d+", lambda match: str(int(match[0]) + 3), words)
    return None if changed == words else (with_turn(dialogue, index, reply=changed), None)
