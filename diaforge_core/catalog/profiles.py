"""What the words of one operation say about it: what it does, to what, where, in a person's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..records.tool import Tool
from .words import (
    by_identity,
    countable,
    folded,
    identifier_words,
    plain_words,
    plural,
    shown,
    singular,
    with_article,
    word_set,
)

SAME_ACTION = {
    "create": "create", "add": "create", "insert": "create", "new": "create", "make": "create",
    "update": "update", "edit": "update", "modify": "update", "patch": "update", "change": "update", "amend": "update",
    "delete": "delete", "remove": "delete", "destroy": "delete",
    "get": "get", "fetch": "get", "retrieve": "get", "read": "get", "show": "get", "view": "get", "describe": "get",
    "list": "list", "search": "search", "find": "search", "query": "search", "lookup": "get",
}  # fmt: skip
"""Verb of an identifier → the action it stands for."""
_OTHER_VERBS = word_set(
    "register end open submit send set assign unassign move cancel close archive approve reject import export "
    "upload download start stop pause resume enable disable activate deactivate grant revoke reset renew "
    "extend transfer merge split convert publish unpublish validate verify check calculate estimate schedule "
    "reschedule reverse refund pay match release confirm reopen escalate resolve acknowledge attach detach "
    "invite lock unlock suspend reactivate terminate hire promote onboard offboard rotate generate sync clone "
    "copy duplicate restore purge receive reserve allocate adjust apply replace upsert subscribe unsubscribe "
    "deploy execute run trigger reassign withdraw decline accept recall retire dispose issue raise log record "
    "file request book post return link unlink notify complete void dispatch recalculate reconcile refresh "
    "forward reply summarize analyze simulate translate claim"
)
_NOUN_TOO = word_set(
    "list order report request call message contact lead record change file issue log post return link book "
    "query view copy match run set check search show claim transfer release refund reserve schedule split "
    "export import"
)
"""Verbs that are nouns as often: not taken for the verb in the middle of a name."""
_SAID = {
    "create": ("create a new {one}", "create a new one"),
    "update": ("change an existing {one}", "change an existing one"),
    "delete": ("remove {a}", "remove one"),
    "get": ("look up a single {one}", "look up a single one"),
    "list": ("see a list of {many}", "see a list of them"),
    "search": ("search through the {many}", "search through them"),
}
"""Action → how it is said with the thing named, and without."""
_PARTICLES = frozenset({"off", "out", "up", "down", "back", "over"})
_PREPOSITIONS = word_set("by for in from to of on with at per into")
_FEWEST_GIST_WORDS = 2
_LONGEST_GIST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Profile:
    """What the words of one tool say about it."""

    action: str
    """One of the common actions, else the plain verb."""
    resource: str
    """Singular noun phrase of what it works on."""
    scope: str
    """Noun phrase of what that belongs to, by the path; empty when it stands alone."""
    group: str
    task: str
    """Action and thing in business words: "create a new lead"."""
    act: str
    """The action without the thing: "create a new one"."""
    gist: str
    """The document's own short line, identifiers left out; empty if there is none."""


def _base_verb(word: str) -> str:
    """The verb that a summary's first word is a form of ("Creates" → "create"), or the word itself."""
    low = word.lower()
    for stem in (low, low[:-1], low[:-2], low[:-3] + "y"):
        if stem and (stem in SAME_ACTION or stem in _OTHER_VERBS):
            return stem
    return low


def _stem_of(summary: str) -> frozenset[str]:
    """The bare forms that the summary's first word may be a third person of ("Tracks" → "track"), else nothing."""
    first = summary.split()[0].lower() if summary.split() else ""
    return frozenset({first, first.removesuffix("s"), first.removesuffix("es")}) if first.isalpha() else frozenset()


def _acts(words: Sequence[str], tool: Tool) -> bool:
    """Whether the first word of a name is its verb though we do not know it.

    It is when the address ends in it after the thing (`/orders/{id}/hold` for "hold order"), or when nothing else in
    the tool's text speaks of such a thing.
    """
    word = words[0]
    places = _path_nouns(tool.path)
    if len(places) > 1 and places[-2] == (_noun(words[1:]), True) and places[-1][0] == singular(word):
        return True
    said = {singular(part) for part in re.findall(r"[a-z]+", f"{tool.summary} {tool.description}".lower())}
    said.update(singular(part) for name in tool.properties for part in identifier_words(name))
    return bool(tool.summary) and singular(word) not in said


def _is_verb(word: str) -> bool:
    return word in SAME_ACTION or word in _OTHER_VERBS


def _name_parts(tool: Tool) -> tuple[str, tuple[str, ...]]:
    """The verb in the tool's name ("" if none) and the words of its thing."""
    if re.match(r"[A-Z]+ /", tool.original_name):
        return "", ()
    segments = [words for words in map(identifier_words, re.split(r"[./:]+", tool.original_name)) if words]
    if not segments:
        return "", ()
    words = list(segments[-1])
    stated = _stem_of(tool.summary)
    if len(words) > 2 and words[1] in _PARTICLES:
        return " ".join(words[:2]), tuple(words[2:])
    if _is_verb(words[0]) or (len(words) > 1 and (words[0] in stated or _acts(words, tool))):
        rest = words[1:] or (segments[-2] if len(segments) > 1 else ())
        return words[0], tuple(rest)
    within = [place for place, word in enumerate(words[:-1]) if _is_verb(word) and word not in _NOUN_TOO]
    if _is_verb(words[-1]) and not within and (words[-1] not in _NOUN_TOO or len(segments) > 1 or "_" in tool.name):
        rest = words[:-1] or (segments[-2] if len(segments) > 1 else ())
        return words[-1], tuple(rest)
    for place, word in enumerate(words):
        if place in within:
            return word, tuple(words[place + 1 :] or words[:place])
    return "", tuple(words)


def _path_nouns(path: str) -> list[tuple[str, bool]]:
    """The named segments of an address template, each with whether a `{…}` follows it."""
    segments = [segment.removesuffix(".json") for segment in path.split("/") if segment]
    named: list[tuple[str, bool]] = []
    for place, segment in enumerate(segments):
        words = identifier_words(segment)
        if "{" in segment or not words:
            continue
        followed = place + 1 < len(segments) and "{" in segments[place + 1]
        named.append((_noun(words), followed))
    return named


def _noun(words: Sequence[str]) -> str:
    """A noun phrase with its head in the singular; the head stands before the first preposition."""
    kept = list(words)
    head = next((place for place, word in enumerate(kept) if word in _PREPOSITIONS and place), len(kept)) - 1
    if head >= 0 and kept[0] != "all":
        kept[head] = singular(kept[head])
    while kept and kept[-1] in _PREPOSITIONS:
        kept.pop()
    return shown(kept)


def _method_action(tool: Tool) -> str:
    by_id = tool.path.rstrip("/").endswith("}")
    verbs = {
        "POST": "create",
        "PUT": "update",
        "PATCH": "update",
        "DELETE": "delete",
        "GET": "get" if by_id else "list",
    }
    return verbs.get(tool.method, "")


def _task(action: str, resource: str) -> tuple[str, str]:
    thing = resource or "record"
    head, _, tail = _split_head(thing)
    many = f"{' '.join([*head.split()[:-1], plural(head.split()[-1])])}{tail}"
    if action in _SAID:
        full, short = _SAID[action]
        one = thing if countable(head) else f"set of {thing}" if action == "get" else thing
        if not countable(head) and action == "update":
            full = "change the existing {one}"
        elif not countable(head) and action == "create":
            full = "create new {one}"
        elif not countable(head) and action == "get":
            full, one = "look up the {one}", thing
        article = with_article(head) + tail if countable(head) else f"the {thing}"
        return full.format(one=one, many=many, a=article), short
    verb = plain_words(action).lower() or "handle"
    one = with_article(head) + tail if countable(head) else thing if head.startswith("all ") else f"the {thing}"
    return f"{verb} {one}", f"{verb} one"


def _split_head(thing: str) -> tuple[str, str, str]:
    words = thing.split()
    place = next((at for at, word in enumerate(words) if word.lower() in _PREPOSITIONS and at), len(words))
    tail = " ".join(words[place:])
    return " ".join(words[:place]), " ", f" {tail}" if tail else ""


def _gist(tool: Tool) -> str:
    """The first clause of what the document says of the tool, in its own words, without identifiers."""
    text = tool.summary or tool.description
    text = re.sub(r"`[^`]*`|<[^>]*>|\[([^\]]*)\]\([^)]*\)|https?://\S+", r" \1", text)
    clause = re.split(r"(?<=\w)[.;!?](?:\s|$)|\n|: | \(", text.strip(), maxsplit=1)[0]
    words = [word for word in clause.split() if not re.search(r"[_/{}=<>$]|[a-z][A-Z]|^v\d", word)]
    if not len(words) >= _FEWEST_GIST_WORDS or folded(" ".join(words)) == folded(tool.original_name):
        return ""
    words[0] = _base_verb(words[0]) if _is_verb(_base_verb(words[0])) else words[0][0].lower() + words[0][1:]
    return " ".join(words[:_LONGEST_GIST_WORDS]).rstrip(",:;. ")


@by_identity(8192)
def _profile(tools: Sequence[Tool]) -> Profile:
    (tool,) = tools
    verb, words = _name_parts(tool)
    nouns = _path_nouns(tool.path)
    if not verb:
        first = _base_verb(tool.summary.split()[0]) if tool.summary.split() else ""
        verb = first if _is_verb(first) else _method_action(tool)
    action = SAME_ACTION.get(verb, verb)
    if action == "get" and tool.method == "GET" and nouns and not tool.path.rstrip("/").endswith("}"):
        action = "list" if words and singular(words[-1]) != words[-1] else action
    resource = _noun(words) or (nouns[-1][0] if nouns else "") or plain_words(tool.group).lower()
    parents = [noun for noun, followed in nouns[:-1] if followed]
    group = tool.group if " " in tool.group or tool.group.isupper() else plain_words(tool.group)
    task, act = _task(action, resource)
    return Profile(action, resource, parents[-1] if parents else "", group, task, act, _gist(tool))


def profile(tool: Tool) -> Profile:
    """What the tool's name, path, method, summary and group say about it."""
    return _profile((tool,))


def about(resource: str) -> str:
    """A noun phrase with the article its head takes: "a lead", "an invoice by customer", "usage"."""
    head, _, tail = _split_head(resource)
    return with_article(head) + tail
