"""What the words of one operation say about it: what it does, to what, where, in a person's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..records.tool import Tool
from .nouns import in_the_text_s_order, noun
from .places import above, area, document_area, hides_its_place, path_nouns, path_places, without_server
from .verbs import (
    EVERYWHERE,
    MANNERS,
    NOUN_TOO,
    PARTICLES,
    PREPOSITIONS,
    SAME_ACTION,
    SEVERAL,
    about,
    base_verb,
    is_verb,
    said,
    split_head,
)
from .words import by_identity, folded, identifier_words, plain_words, plural, singular, with_article, word_set

__all__ = ["Profile", "about", "profile"]

_FEWEST_GIST_WORDS = 2
_LONGEST_GIST_WORDS = 12
_DOTTED = 3
"""Segments from which on a dotted name is product, thing and method, so that the method's first word is its verb."""
_LONG = 8
"""Letters from which on a lower-case word may be several run together."""
_OVERLOAD = re.compile(r"(?<=[A-Za-z0-9])_by_[A-Za-z0-9]+(?:_and_[A-Za-z0-9]+)*$")
"""What tells forms of one function apart by what they take; its values are asked for instead."""
_GENERATION = re.compile(r"\b(?:gen ?\d|\d(?:st|nd|rd|th)[ -]gen(?:eration)?)\b", re.IGNORECASE)
"""A version of a product, which no answer quotes."""
_MOVES = re.compile(
    r"(?P<verb>Add|Remove|Delete)s? (?:an? |the )?(?:new )?(?P<what>[a-z]+(?: [a-z]+){0,2}?)"
    r"(?: or [\w ]+)? (?P<way>to|from) (?:an? |the |your )?(?P<where>[A-Za-z ]+?)\.?$"
)
"""A line such as "Add a new phone number to safe list", where the thing that is named after `to` is not created."""
_BESIDE = {"after": "following", "before": "preceding", "above": "upper", "below": "lower"}
"""Last word of a name that says where beside its owner a thing is, such as `columnsAfter` → as an adjective."""
_NOUNS_IN_ED = word_set("feed seed bed speed embed need")
_IS_A = re.compile(r"An? [a-z ]+ is an? ([a-z ]+)\.")
"""A line that says what a thing is whose name does not: "An applies to is a directory object."."""
_LISTS = re.compile(r"(?:Returns?|Retrieves?|Gets?) (?:a|the) list of ", re.IGNORECASE)
"""How a line begins that says of what is fetched that it is several."""
_METHODS = {
    "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete",
    "QUERY": "list", "READ": "get", "CREATE": "create", "UPDATE": "update",
}  # fmt: skip
"""Kind of operation in the source → the action it stands for, where no word says more."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the words of one tool say about it."""

    action: str
    """One of the common actions, else the plain verb."""
    resource: str
    """Singular noun phrase of what it works on."""
    thing: str
    """The resource with its article: "a lead", "the calendar" where there is one only."""
    scope: str
    """Noun phrase of what that belongs to, by the path; empty when it stands alone."""
    within: tuple[str, ...] | None
    """All that the path puts it into, the nearest first; None where the path does not tell."""
    extent: str
    """`part` or `whole` where a change says which of the two it replaces, else empty."""
    group: str
    document: tuple[str, ...]
    """Words of the document's name."""
    task: str
    """Action and thing in business words: "create a new lead"."""
    act: str
    """The action without the thing: "create a new one"."""
    gist: str
    """The document's own short line, identifiers left out; empty if there is none."""
    identity: tuple[str, ...]
    """What stays of name, method and address without versions: equal for two versions of one operation."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """A name taken apart."""

    verb: str
    """Empty where the name has none."""
    words: tuple[str, ...]
    """What the verb works on."""
    owner: tuple[str, ...] = ()
    """What those words belong to: the bucket of "set the policy of a bucket"."""
    manner: str = ""
    """`batch` or `aggregated`."""
    before: tuple[str, ...] = ()
    """The words before the name's last dot."""


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
    places = path_nouns(tool.path)
    if len(places) > 1 and places[-2] == (noun(words[1:]), True) and places[-1][0] == singular(word):
        return True
    told = {singular(part) for part in re.findall(r"[a-z]+", f"{tool.summary} {tool.description}".lower())}
    told.update(singular(part) for name in tool.properties for part in identifier_words(name))
    return bool(tool.summary) and singular(word) not in told


def _name_parts(tool: Tool) -> _Parts:
    """The tool's name taken apart; nothing for an operation that is named by its address only."""
    before = identifier_words((re.split(r"[./:]+", tool.original_name)[-2:-1] or [""])[0])
    return replace(_split_name(tool), before=before)


def _split_name(tool: Tool) -> _Parts:
    if re.match(r"[A-Z]+ /", tool.original_name):
        return _of_address(tool)
    name = _OVERLOAD.sub("", tool.original_name) if tool.method in ("FUNCTION", "ACTION") else tool.original_name
    segments = [_spaced(words, tool) for words in map(identifier_words, re.split(r"[./:]+", name)) if words]
    if not segments:
        return _Parts("", ())
    if applied := _applied_to(tool):
        return _Parts("run", applied)
    words = list(segments[-1])
    owner = segments[-2] if len(segments) > 1 else ()
    manner = ""
    if len(words) > 1 and words[0] in MANNERS and is_verb(words[1]):
        return _Parts(f"{MANNERS[words[0]]} {words[1]}", tuple(words[2:] or owner))
    if len(words) > 1 and is_verb(words[1]) and words[0] in SEVERAL | EVERYWHERE:
        manner = "batch" if words[0] in SEVERAL else "aggregated"
        words = words[1:]
    stated = _stem_of(tool.summary)
    dotted = len(segments) >= _DOTTED and " " not in tool.original_name
    if words[1:2] and words[1] in PARTICLES and (len(words) > 2 or dotted):
        return _Parts(" ".join(words[:2]), tuple(words[2:] or owner))
    told_so = words[0] in stated and (len(words) > 1 or (owner and words[0] not in NOUN_TOO))
    if is_verb(words[0]) or told_so or (len(words) > 1 and _acts(words, tool)):
        return _of_verb(words[0], words[1:], owner, manner, segments, tool)
    told = base_verb(next(iter(tool.summary.split()), ""))
    if tool.method == "FUNCTION" and is_verb(told) and words[0] not in stated:
        return _of_verb(told, words, owner, manner, segments, tool)
    if dotted:
        return _of_verb(words[0], words[1:], owner, manner, segments, tool)
    within = [place for place, word in enumerate(words[:-1]) if is_verb(word) and word not in NOUN_TOO]
    if is_verb(words[-1]) and not within and (words[-1] not in NOUN_TOO or owner or "_" in tool.name):
        return _of_verb(words[-1], words[:-1], owner, manner, segments, tool)
    if within:
        return _Parts(words[within[0]], tuple(words[within[0] + 1 :] or words[: within[0]]))
    return _Parts("", tuple(words))


def _applied_to(tool: Tool) -> tuple[str, ...]:
    """What a function belongs to whose document tells nothing of it but its name, a term that is no English.

    `Run im cosh for the workbook functions` names no verb and nothing that a user would ask for.
    """
    if tool.method not in ("FUNCTION", "ACTION"):
        return ()
    told, name = identifier_words(tool.summary), identifier_words(re.split(r"[./:]+", tool.original_name)[-1])
    size = len(name) + 1
    bare = told[:size] == ("run", *name) and told[size : size + 2] == ("for", "the") and name[:1] != ("run",)
    return told[size + 2 :] if bare else ()


def _spaced(words: tuple[str, ...], tool: Tool) -> tuple[str, ...]:
    """The words; a long one that the address or the summary writes as several is these ("keyvaluemaps")."""
    if len(words) != 1 or len(words[0]) < _LONG:
        return words
    run = singular(words[0])
    told = [words for words in map(identifier_words, tool.path.split("/")) if len(words) > 1]
    text = re.findall(r"[a-z]+", tool.summary.lower())
    told += [tuple(text[start : start + size]) for size in (2, 3, 4) for start in range(len(text) - size + 1)]
    return next((each for each in told if singular("".join(each)) == run and min(map(len, each)) > 1), words)


def _of_address(tool: Tool) -> _Parts:
    """The verb that an address ends in after the thing: `POST /orders/{id}/cancel`."""
    nouns = path_nouns(tool.path)
    if len(nouns) > 1 and nouns[-2][1] and not nouns[-1][1]:
        last = tuple(nouns[-1][0].lower().split())
        if is_verb(last[0]) and (last[0] not in NOUN_TOO or tool.method == "POST") and len(last) == 1:
            return _Parts(last[0], tuple(nouns[-2][0].split()))
    return _Parts("", ())


def _of_verb(
    verb: str, rest: Sequence[str], owner: Sequence[str], manner: str, segments: Sequence[Sequence[str]], tool: Tool
) -> _Parts:
    """A name with its verb known: what that works on, and whose it is where the name before the dot says so."""
    if not rest:
        return _Parts(verb, tuple(owner), manner=manner)
    if len(rest) > 1 and rest[0] in ("and", "or"):
        return _of_verb(f"{verb} {rest[0]} {rest[1]}", rest[2:], owner, manner, segments, tool)
    if list(rest) in (["now"], ["async"]) and owner:
        return _of_verb(verb, (), owner, manner, segments, tool)
    if list(rest) == ["all"] and owner and verb == "reply":
        return _Parts("reply to everyone on", tuple(owner), manner=manner)
    if list(rest) == ["all"] and owner:
        return _Parts(verb, ("all", *owner[:-1], plural(owner[-1])), manner=manner)
    verb, rest = _last_verb(verb, rest, tool)
    owned = owner and (len(segments) >= _DOTTED or (noun(owner), True) in path_nouns(tool.path))
    if not owned:
        return _Parts(verb, (*(owner if rest[0] in PREPOSITIONS else ()), *rest), manner=manner)
    mine, theirs = {singular(word) for word in rest}, {singular(word) for word in owner}
    if rest[0] in PREPOSITIONS and {singular(word) for word in rest[1:]} <= theirs:
        return _Parts(f"{verb} {rest[0]}", tuple(owner), manner=manner)
    if rest[0] in ("to", "for"):
        return _Parts(verb, tuple(owner), manner=manner)
    if rest[0] in PREPOSITIONS:
        return _Parts(verb, (*owner, *rest), manner=manner)
    if len(rest) == 1 and rest[0].endswith(("able", "ible", "ed")) and rest[0] not in _NOUNS_IN_ED:
        return _Parts(verb, (*rest, *owner), manner=manner)
    if theirs <= mine:
        return _Parts(verb, tuple(rest), manner=manner)
    if mine <= theirs and singular(rest[-1]) == singular(owner[-1]):
        return _Parts(verb, tuple(owner), manner=manner)
    return _Parts(verb, tuple(rest), tuple(owner), manner)


def _last_verb(verb: str, rest: Sequence[str], tool: Tool) -> tuple[str, Sequence[str]]:
    """The verb and its object where the name's last word repeats the verb, or says better what is done.

    `UpdatePluginArchive` at `/Plugins/{Sid}/Archive` archives a plugin.
    """
    last = rest[-1]
    if len(rest) < 2 or not is_verb(last):
        return verb, rest
    if SAME_ACTION.get(last, last) == SAME_ACTION.get(verb, verb) and not _ends_in(tool.path, last):
        return verb, rest[:-1]
    ends = tool.path.rstrip("/").split("/")[-1].casefold().removesuffix(".json")
    if ends == last and SAME_ACTION.get(verb) in ("create", "update", "get"):
        return last, rest[:-1]
    return verb, rest


def _ends_in(path: str, word: str) -> bool:
    """Whether the address calls its things so: the lists of `/services/{id}/lists` are no repetition of listing."""
    return any(noun.split()[-1:] == [word] for noun, _ in path_nouns(path)[-1:]) and not path.endswith(f"/{word}")


def _resource(parts: _Parts, nouns: Sequence[tuple[str, bool]], tool: Tool) -> str:
    if parts.owner:
        head = noun(parts.words) if parts.verb == "list" else _as_it_stands(parts.words)
        owner = noun(parts.owner)
        lone = any(place.noun == owner and place.lone for place in path_places(tool.path))
        if parts.words[-1] in _BESIDE and len(parts.words) > 1:
            return f"{_BESIDE[parts.words[-1]]} {' '.join(parts.words[:-1])} of {about(owner, lone)}"
        return f"{head} of {about(owner, lone)}"
    named = noun(parts.words)
    kind = _IS_A.match(tool.description)
    if kind and parts.words[-1:] and parts.words[-1] in PREPOSITIONS:
        return kind[1]
    if named == "me":
        return "own profile"
    if not named:
        return (nouns[-1][0] if nouns else "") or area(tool, "").lower()
    if len(nouns) == 1 and nouns[0][0] == named and tool.method in ("READ", "UPDATE") and not nouns[0][1]:
        return f"{named} service"
    if named.count("-") == 2 and len(named.split()) < 3 and len(nouns) > 1 and " " not in nouns[-2][0]:
        named = f"{named} {nouns[-2][0]}"
    return named if folded(tool.summary) == folded(tool.original_name) else in_the_text_s_order(named, tool.summary)


def _as_it_stands(words: Sequence[str]) -> str:
    """A noun phrase whose plural is kept: "labels" of "set the labels of an instance"."""
    phrase, stated = split_head(noun(words))[0].split(), split_head(" ".join(words))[0].split()
    rest = noun(words).split()[len(phrase) :]
    if phrase and stated and phrase[-1] == singular(stated[-1]):
        phrase[-1] = stated[-1]
    return " ".join([*phrase, *rest])


def _action(parts: _Parts, tool: Tool) -> str:
    verb = parts.verb
    if not verb:
        first = base_verb(tool.summary.split()[0]) if tool.summary.split() else ""
        verb = first if is_verb(first) else _method_action(tool)
    action = SAME_ACTION.get(verb, verb)
    told = SAME_ACTION.get(base_verb(next(iter(tool.summary.split()), "")), "")
    if action == "create" and told in ("get", "list"):
        action = told
    if action == "get" and _LISTS.match(tool.summary or tool.description):
        return "list"
    head = split_head(" ".join(parts.words))[0].split()[-1:]
    many = bool(head) and singular(head[0]) != head[0] and not parts.owner
    unkeyed = tool.method in ("GET", "QUERY") and tool.path and not _by_key(tool.path)
    if action == "get" and many and (unkeyed or "Returns a list" in tool.description):
        action = "list"
    return f"{parts.manner} {action}".strip()


def _by_key(path: str) -> bool:
    return path.rstrip("/").removesuffix(".json").endswith(("}", ")"))


def _method_action(tool: Tool) -> str:
    if tool.method == "GET":
        return "get" if _by_key(tool.path) else "list"
    return _METHODS.get(tool.method, "")


def _extent(action: str, verb: str, method: str) -> str:
    if action != "update":
        return ""
    if method == "PUT" or verb == "replace":
        return "whole"
    return "part" if method == "PATCH" or verb == "patch" else ""


def _gist(tool: Tool) -> str:
    """The first clause of what the document says of the tool, in its own words, without identifiers."""
    text = tool.summary or tool.description
    text = re.sub(r"`[^`]*`|<[^>]*>|\[([^\]]*)\]\([^)]*\)|https?://\S+", r" \1", text)
    if _GENERATION.search(text) or _applied_to(tool):
        return ""
    clause = re.split(r"(?<=\w)[.;!?](?:\s|$)|\n|: | \(", text.strip(), maxsplit=1)[0]
    words = [word for word in clause.split() if not re.search(r"[_/{}=<>$]|[a-z][A-Z]|^v\d|\w\.\w", word)]
    if not len(words) >= _FEWEST_GIST_WORDS or folded(" ".join(words)) == folded(tool.original_name):
        return ""
    if is_verb(base_verb(words[0])):
        words[0] = base_verb(words[0])
    elif not words[0][1:2].isupper():
        words[0] = words[0][0].lower() + words[0][1:]
    return " ".join(words[:_LONGEST_GIST_WORDS]).rstrip(",:;. ")


def _identity(tool: Tool) -> tuple[str, ...]:
    return (tool.method, *identifier_words(tool.original_name), "/", *identifier_words(without_server(tool.path)))


def _is_lone(tool: Tool, resource: str, action: str) -> bool:
    """Whether the address leads to the only thing of that kind there."""
    places = path_places(tool.path)
    if action not in ("get", "update", "delete") or not places or places[-1].keyed:
        return False
    if not (places[-1].lone or resource.endswith(" service")):
        return False
    return resource in (places[-1].noun, f"{places[-1].noun} service")


def _moved(tool: Tool, resource: str, action: str) -> tuple[str, str] | None:
    """How it is said that something is put into the resource or taken out of it, with it named and without."""
    found = _MOVES.match(tool.summary.split(". ")[0])
    if not found or action not in ("create", "delete") or folded(found["where"]) != folded(resource):
        return None
    what = with_article(noun(found["what"].split()))
    verb = "add" if action == "create" else "remove"
    return f"{verb} {what} {found['way']} the {plain_words(found['where'])}", f"{verb} {what} {found['way']} it"


@by_identity(65_536)
def _profile(tools: Sequence[Tool]) -> Profile:
    (tool,) = tools
    parts = _name_parts(tool)
    nouns = path_nouns(tool.path)
    action = _action(parts, tool)
    resource = _resource(parts, nouns, tool)
    if resource.startswith("all ") and (action in ("create", "update") or _by_key(tool.path)):
        resource = noun(parts.words[1:]) if parts.words[:1] == ("all",) and len(parts.words) > 1 else resource
    parents = [named for named, followed in nouns[:-1] if followed]
    own = {resource, noun(parts.words), noun(parts.before), noun(parts.owner)}
    within = None if not tool.path or hides_its_place(tool.path) else above(tool.path, own)
    lone = _is_lone(tool, resource, action)
    task, act = _moved(tool, resource, action) or said(action, resource, lone)
    return Profile(
        action=action,
        resource=resource,
        thing=about(resource, lone),
        scope=parents[-1] if parents else "",
        within=within,
        extent=_extent(action, parts.verb, tool.method),
        group=area(tool, resource),
        document=document_area(tool),
        task=task,
        act=act,
        gist=_gist(tool),
        identity=_identity(tool),
    )


def profile(tool: Tool) -> Profile:
    """What the tool's name, path, method, summary and group say about it."""
    return _profile((tool,))
