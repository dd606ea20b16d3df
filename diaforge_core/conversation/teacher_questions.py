"""What the teacher says: its questions, the one confirmation and the refusal, in words that are understood as meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..catalog.facets import Facet, either
from ..catalog.leaves import Leaf, leaves
from ..catalog.profiles import Profile, about, profile
from ..catalog.verbs import MAKES_ONE, is_verb, said, split_head
from ..catalog.words import countable, with_article
from ..records.tool import Tool
from .sentences import listed, lowered
from .situation import Situation
from .spoken_values import enum_said, kinds, spoken
from .teacher_words import be, is_common, is_plural, objects, verbs
from .wording import Wording

_LED = 0.6
"""Share of separating questions that something leads up to."""
_FEW_ACTIONS = 3
"""Actions on one thing up to which each may be said in full."""
_GROUPED = 0.9
"""Share of questions about several tasks that say once what two of them share."""
_FEW_CHOICES = 4
"""Choices of a parameter that a question lists at most."""
_LONGEST_CHOICE = 3
"""Words of a choice up to which a question lists it."""
_ORDERS = (
    ("get", "list", "search", "create", "update", "delete"),
    ("create", "get", "list", "search", "update", "delete"),
    ("list", "search", "get", "update", "create", "delete"),
    ("create", "update", "delete", "get", "list", "search"),
    ("delete", "update", "create", "get", "search", "list"),
)
"""Orders in which a person lists what can be done with a thing."""
_TASKS = {
    "create a new ": "create",
    "change an existing ": "update",
    "remove ": "delete",
    "look up a single ": "get",
    "see a list of ": "list",
}
"""How an option begins → the rule that says it in other words."""
_DOING = {
    "see a list of ": ("pull up the list of ", "get the list of ", "list the "),
    "see one overall list of ": ("pull up one overall list of ", "get one overall list of "),
    "look up a single ": ("look up the ", "pull up the ", "find the "),
    "change an existing ": ("change the ", "update the "),
    "change the existing ": ("change the ", "update the "),
    "create a new ": ("create a new ", "create the new ", "set up a new "),
}
"""How a task begins in the user's mouth → how it does in that of who carries it out."""
_OF_MANY = ("list", "search", "browse")
"""Verbs that work on many things at once."""
_READ_BACK = (
    ("the {label} {is} {value}", ", "),
    ("the {label} {is} {value}", "; "),
    ("{label}: {value}", "; "),
    ("{label}: {value}", ", "),
    ("{label} = {value}", "; "),
    ("{label} set to {value}", ", "),
)
"""Ways to read a value back that are heard as that value, and what stands between two of them."""
_BEFORE_VALUES = ("; ", ", ", ": ", " - ")
_OPENS_ONE = frozenset({"create", "register", "hire", "open", "onboard", "generate", "order"})
"""Further verbs of what is not there before, so that it is not `the` one."""
_QUALITY = re.compile(r"(?:\w+(?:ed|able|ible)|public|private|active|visible|open|secure|default|primary|mandatory)")


# --- which tool ------------------------------------------------------------------------------------------------------


def ask_which(words: Wording, seen: Situation, facet: Facet, *, plain: bool = False) -> str:
    """The separating question; `plain` has its answers as they are, for who takes others for something else."""
    lead = "lead_back" if seen.took_back else "lead_anew" if seen.stuck else "lead_first" if seen.first else "lead_next"
    opener = words.phrase(lead) if words.rng.random() < _LED or seen.stuck else ""
    question = _plainest(words, facet) if plain else _separating(words, seen.tools, facet)
    return question if opener.endswith(":") and ":" in question else joined(opener, question)


def ask_openly(words: Wording) -> str:
    """A question that leaves it to the user to say what sets their request apart."""
    return words.phrase("ask_open")


def refuse(words: Wording) -> str:
    """The words that no tool does what is wanted."""
    return words.phrase("none_fits")


def _separating(words: Wording, tools: Sequence[Tool], facet: Facet) -> str:
    kind = facet.key.split(":")[0]
    if kind == "parameter":
        return words.phrase("ask_have", one=with_article(facet.key.partition(":")[2]))
    if kind == "gist":
        options = list(facet.options)
        words.rng.shuffle(options)
        return words.phrase("ask_gist", options="; ".join(options))
    if kind == "action":
        return _about_one_thing(words, facet, tools)
    if kind == "task" and len(facet.options) > 2:
        plain_things = not any(" of " in option for option in facet.options)
        grouped = plain_things and words.rng.random() < _GROUPED
        options = _grouped(words, facet, tools) if grouped else either(_in_order(words, facet, tools))
        many = words.rng.random() < _GROUPED
        return words.phrase("ask_verbs_many" if many else "ask_verbs", options=options)
    rule = {"resource": "ask_nouns", "scope": "ask_place", "group": "ask_group"}.get(kind, "ask_verbs")
    if kind == "scope" and any(option.startswith("for ") for option in facet.options):
        rule = "ask_whose"
    return words.phrase(rule, options=either(_in_order(words, facet, tools)))


def _plainest(words: Wording, facet: Facet) -> str:
    """The question with its answers word for word, half of the time the facet's own."""
    rule = {"action": "ask_verbs", "task": "ask_verbs", "resource": "ask_nouns"}.get(facet.key, "")
    if not rule or words.rng.random() < 0.3:
        return facet.question
    return words.phrase(rule, options=either(words.rng.sample(facet.options, len(facet.options))))


def _about_one_thing(words: Wording, facet: Facet, tools: Sequence[Tool]) -> str:
    """The question for an action: the thing named first, with the first action, or with all of them."""
    options = _in_order(words, facet, tools)
    resources = {profile(tool).resource for tool in tools}
    if len(resources) > 1:
        return words.phrase("ask_verbs", options=either(options))
    resource = resources.pop()
    thing = min(profile(tool).thing for tool in tools)
    way = words.rng.random()
    alike = {"get", "list"} <= {profile(tool).action for tool in tools}  # "view or list members" says the same twice
    if alike and way >= 0.5 and (told := _one_or_all(words, options, thing, resource)):
        return words.phrase("ask_verbs", options=told)
    if not alike and (way < 0.7 or len(options) > _FEW_ACTIONS) and (verbs := _bare_verbs(words, options)):
        many = said("list", resource)[0].removeprefix("see a list of ")
        whole = many if any(verb in _OF_MANY for verb in verbs) or words.rng.random() < 0.2 else thing
        return words.phrase("ask_verbs", options=f"{either(verbs)} {whole}")
    if way < (0.25 if alike else 0.85) and (first := _with_thing(options[0], resource)):
        return words.phrase("ask_verbs", options=either([first, *options[1:]]))
    return words.phrase("ask_verbs_about", thing=thing, options=either(options))


def _one_or_all(words: Wording, options: Sequence[str], thing: str, resource: str) -> str:
    """What may be done with one, then what with all: "add or view a lead, or list all leads"; empty where more is."""
    one = [option for option in options if not option.endswith(" them")]
    verbs = _bare_verbs(words, one)
    if not verbs or len(options) - len(one) != 1:
        return ""
    many = said("list", resource)[0].removeprefix("see a list of ")
    joint = "," if len(verbs) > 1 else ""
    return f"{either(verbs)} {thing}{joint} or {lowered(words.phrase('ask_do_list_all'))} {many}"


def _bare_verbs(words: Wording, options: Sequence[str]) -> list[str]:
    """The actions without what they work on: "create", "remove"; nothing where one says more than that."""
    verbs = []
    for option in options:
        found = re.fullmatch(r"([a-z]+) one|(?:[a-z ]+) (new|existing|single) one|[a-z ]+ them", option)
        if not found:
            return []
        rule = {"new": "create", "existing": "update", "single": "get"}.get(found[2] or "", "")
        verbs.append(found[1] or lowered(words.phrase(f"ask_verb_{rule or _many(option)}")))
    return verbs


def _many(option: str) -> str:
    return "search" if option.startswith("search") else "list"


def _with_thing(option: str, resource: str) -> str:
    """The first action with what it works on: "create a new lead"; empty where it does not name one."""
    if option.endswith((" new one", " existing one", " single one")) and countable(split_head(resource)[0]):
        return f"{option.removesuffix('one')}{resource}".replace("a single single ", "one single ")
    if option.endswith(" new one"):
        return f"{option.removesuffix('a new one')}new {resource}"
    if option.endswith(" one"):
        return f"{option.removesuffix(' one')} {about(resource)}"
    if option.endswith(" them"):
        return f"{option.removesuffix('them')}{said('list', resource)[0].removeprefix('see a list of ')}"
    return ""


def _in_order(words: Wording, facet: Facet, tools: Sequence[Tool]) -> list[str]:
    """The answers as a person would list them: what concerns one thing together, actions in a usual order."""
    options = list(facet.options)
    words.rng.shuffle(options)
    if facet.key not in ("action", "task"):
        return sorted(options, key=lambda option: len(option.split()))
    by_answer = {facet.answers[tool.name]: profile(tool) for tool in tools if tool.name in facet.answers}
    things = list(dict.fromkeys(by_answer[option].resource for option in options))
    things.sort(key=lambda thing: len(thing.split()))
    order = words.rng.choice(_ORDERS)

    def place(option: str) -> tuple[int, int]:
        item = by_answer[option]
        return things.index(item.resource), order.index(item.action) if item.action in order else len(order)

    verbs = {action: lowered(words.phrase(f"ask_do_{action}")) for action in _TASKS.values()}
    return [_in_other_words(option, verbs) for option in sorted(options, key=place)]


def _grouped(words: Wording, facet: Facet, tools: Sequence[Tool]) -> str:
    """The tasks with what two of them share said once: "view or change a rule, or list effective rules"."""
    by_answer = {facet.answers[tool.name]: profile(tool) for tool in tools if tool.name in facet.answers}
    order = words.rng.choice(_ORDERS)
    short = verbs(words)
    things: dict[str, list[Profile]] = {}
    other: list[str] = []
    for option in words.rng.sample(facet.options, len(facet.options)):
        item = by_answer[option]
        if is_common(item):
            things.setdefault(item.resource, []).append(item)
        else:
            other.append(option)
    told: list[str] = []
    alone: dict[str, list[str]] = {}
    for thing in sorted(things, key=lambda thing: len(thing.split())):
        actions = sorted((item.action for item in things[thing]), key=order.index)
        if {"get", "list"} <= {*actions}:
            other += [option for option in facet.options if by_answer[option] in things[thing]]
        elif len(actions) > 1:
            told.append(f"{either([short[action] for action in actions])} {objects(thing, actions)}")
        else:
            alone.setdefault(actions[0], []).append(thing)
    for action in sorted(alone, key=order.index):
        told.append(f"{short[action]} {either([objects(thing, [action], led=True) for thing in alone[action]])}")
    told += other
    return f"{', '.join(told[:-1])}, or {told[-1]}" if len(told) > 1 else told[0]


def _in_other_words(option: str, verbs: Mapping[str, str]) -> str:
    for start, action in _TASKS.items():
        if option.startswith(start) and action in verbs:
            return f"{verbs[action]} {option[len(start) :]}"
    return option


# --- which values ----------------------------------------------------------------------------------------------------


def ask_values(
    words: Wording, seen: Situation, tool: Tool, asked: Sequence[Leaf], *, again: bool, plain: bool = False
) -> str:
    """A question for these values, a yes or no and a choice in sentences of their own."""
    if plain:
        return f"What {be([leaf.label for leaf in asked])['is']} the {listed([leaf.label for leaf in asked])}?"
    lead = "" if again else words.phrase(_lead(seen), **_task(words, tool))
    singly = [leaf for leaf in asked if _is_flag(leaf) or (_choices(leaf) and words.rng.random() < 0.5)]
    together = [leaf for leaf in asked if leaf not in singly]
    if again or len(singly) > 2:
        singly, together = [], list(asked)
    parts = [_plainly(words, together, again)] if together else []
    parts += [_singly(words, leaf) for leaf in singly]
    text = joined(lead, parts[0])
    for part in parts[1:]:
        text = f"{text} {joined(words.phrase('ask_also'), part)}"
    return text


def _lead(seen: Situation) -> str:
    if seen.first:
        return "lead_first"
    asked_before = bool(seen.reading.asked_parameters) and seen.asked is not None and seen.asked.kind == "arguments"
    return "lead_more" if asked_before else "lead_settled"


def _plainly(words: Wording, asked: Sequence[Leaf], again: bool) -> str:
    return words.phrase("ask_again" if again else "ask_args", **be([leaf.label for leaf in asked]))


def _singly(words: Wording, leaf: Leaf) -> str:
    """The question for one yes or no, or for one of a few choices."""
    if not _is_flag(leaf):
        options = _choices(leaf)
        words.rng.shuffle(options)
        return words.phrase("ask_choice", label=leaf.label, options=listed(options, "or"))
    if _QUALITY.fullmatch(leaf.label):
        return words.phrase("ask_flag", label=leaf.label)
    first = leaf.label.split()[0]
    does = len(leaf.label.split()) > 1 and (is_verb(first) or first in ("use", "include", "allow", "enable", "skip"))
    return words.phrase("ask_flag_do" if does else "ask_flag_thing", label=leaf.label)


def _is_flag(leaf: Leaf) -> bool:
    return kinds(leaf.schema) == ("boolean",)


def _choices(leaf: Leaf) -> list[str]:
    """The parameter's choices in a person's words, if they are few and short."""
    given = leaf.schema.get("enum")
    if not isinstance(given, list) or not 1 < len(given) <= _FEW_CHOICES:
        return []
    ways = [enum_said(value).lower() if isinstance(value, str) else "" for value in given]
    short = all(re.fullmatch(r"[a-z][a-z -]+", way) and len(way.split()) <= _LONGEST_CHOICE for way in ways)
    return ways if short and len(set(ways)) == len(ways) and not is_plural(leaf.label) else []


# --- what is about to be done ----------------------------------------------------------------------------------------


def confirm(words: Wording, seen: Situation, tool: Tool) -> str:
    """The values read back once, with the question whether to go on."""
    known = [leaf for leaf in leaves(tool) if leaf.path in seen.reading.values]
    form, comma = words.rng.choice(_READ_BACK)
    values = [
        form.format(
            label=leaf.label,
            **be([leaf.label]),
            value=spoken(leaf.schema, seen.reading.values[leaf.path].value, words.rng),
        )
        for leaf in known
    ]
    restated = ""
    if values:
        restated = words.rng.choice(_BEFORE_VALUES) + (listed(values) if comma == ", " else comma.join(values))
    return words.phrase("confirm", doing=_doing(words, tool), restated=restated)


def _task(words: Wording, tool: Tool) -> dict[str, str]:
    """The task as the user would say it, and as who carries it out would."""
    task = profile(tool).task
    single = "look up a single "
    wanted = f"look up {with_article(task[len(single) :])}" if task.startswith(single) else task
    return {"task": wanted, "doing": _doing(words, tool)}


def _doing(words: Wording, tool: Tool) -> str:
    """The task in the mouth of who carries it out: "pull up the list of steps"; a thing that is there is `the`."""
    task = profile(tool).task
    for start, ways in _DOING.items():
        if task.startswith(start):
            return words.rng.choice(ways) + task[len(start) :]
    new = profile(tool).action in MAKES_ONE | _OPENS_ONE
    return task if new else re.sub(r"^(\w+) an? ", r"\1 the ", task)


def joined(lead: str, question: str) -> str:
    """A question behind what leads up to it, in lower case unless that ended a sentence."""
    lead = lead.strip()
    if not lead:
        return question
    return f"{lead} {lowered(question) if lead.endswith((',', ':')) else question}"
