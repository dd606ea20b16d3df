"""The verbs of operations: which common action a verb stands for, and how an action is said to a business user."""

from __future__ import annotations

from .words import countable, plain_words, plural, unique, with_article, word_set

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
    "deploy undeploy execute run trigger reassign withdraw decline accept recall retire dispose issue raise log record "
    "file request book post return link unlink notify complete void dispatch recalculate reconcile refresh "
    "forward reply summarize summarise analyze analyse simulate translate claim undelete rename wait test watch mark "
    "abandon recreate restart resize rollback provision anonymize anonymise annotate ingest evaluate predict "
    "compute wipe retry rebuild initialize finalize ban unban authorize authorise"
)
NOUN_TOO = word_set(
    "list order report request call message contact lead record change file issue log post return link book "
    "query view copy match run set check search show claim transfer release refund reserve schedule split "
    "export import test watch mark wait sync clone"
)
"""Verbs that are nouns as often: not taken for the verb in the middle of a name."""
SEVERAL = word_set("batch bulk multi")
"""First words that say that many things are worked on at once."""
EVERYWHERE = word_set("aggregated")
"""First words that say that a list gathers what lies in several places."""
_SAID = {
    "create": ("create a new {one}", "create a new one"),
    "update": ("change an existing {one}", "change an existing one"),
    "delete": ("remove {a}", "remove one"),
    "get": ("look up a single {one}", "look up a single one"),
    "list": ("see a list of {many}", "see a list of them"),
    "search": ("search through the {many}", "search through them"),
    "batch create": ("create several new {many} at once", "create several new ones at once"),
    "batch update": ("change several existing {many} at once", "change several existing ones at once"),
    "batch delete": ("remove several {many} at once", "remove several at once"),
    "batch get": ("look up several {many} at once", "look up several of them at once"),
    "aggregated list": ("see one overall list of the {many} in all places", "see one overall list from all places"),
}
"""Action → how it is said with the thing named, and without."""
_OF_WHAT_CANNOT_BE_COUNTED = {
    "update": ("change the existing {one}", "change it"),
    "create": ("create new {one}", "create something new"),
    "get": ("look up the {one}", "look it up"),
}
MANNERS = {
    "permanent": "permanently", "hard": "permanently", "instant": "instantly", "force": "forcibly", "quick": "quickly"
}  # fmt: skip
"""First word of a name before its verb → the adverb that it stands for."""
MAKES_ONE = word_set("send generate issue start submit book request post schedule raise log run")
"""Verbs of what is not there before, so that it is not `the` one."""
PREPOSITIONS = word_set("by for in from to of on with at per into inside under")
PARTICLES = frozenset({"off", "out", "up", "down", "back", "over"})


def is_verb(word: str) -> bool:
    """Whether the word is a verb that we know, or undoes or redoes what such a verb says."""
    return word in SAME_ACTION or word in _OTHER_VERBS or (word[:2] in ("un", "re") and word[2:] in _OTHER_VERBS)


def base_verb(word: str) -> str:
    """The verb that a summary's first word is a form of ("Creates" → "create"), or the word itself."""
    low = word.lower()
    for stem in (low, low[:-1], low[:-2], low[:-3] + "y"):
        if stem and is_verb(stem):
            return stem
    return low


def split_head(thing: str) -> tuple[str, str]:
    """A noun phrase up to its first preposition, and the rest with its leading space."""
    words = thing.split()
    place = next((at for at, word in enumerate(words) if word.lower() in PREPOSITIONS and at), len(words))
    return " ".join(words[:place]), "".join(f" {word}" for word in words[place:])


def about(thing: str, only: bool = False) -> str:
    """A noun phrase with the article its head takes: "a lead", "an invoice by customer", "usage", "the key of a site".

    `only` says that there is one such thing: "the calendar".
    """
    head, tail = split_head(thing)
    if (only or tail.startswith(" of ")) and countable(head) and not head.startswith("own "):
        return f"the {head}{tail}"
    return with_article(head) + tail


def said(action: str, thing: str, only: bool = False) -> tuple[str, str]:
    """An action as a business user says it, with the thing named and without: "remove a lead", "remove one".

    `only` says that there is one such thing: "look up the calendar".
    """
    thing = thing or "record"
    head, tail = split_head(thing)
    only = only or unique(thing)
    single = countable(head) and not only
    many = f"{' '.join([*head.split()[:-1], plural(head.split()[-1])])}{tail}"
    named = about(thing, only) if single or only or head.startswith("all ") else f"the {thing}"
    if action not in _SAID:
        if action in MAKES_ONE and single:
            named = with_article(head) + tail
        verb = plain_words(action).lower() or "handle"
        several = verb.removeprefix("batch ") if verb.startswith("batch ") else ""
        if several:
            return f"{several} several {many} at once", f"{several} several at once"
        return f"{verb} {named}", f"{verb} {'one' if single or only else 'them'}"
    full, short = _SAID[action]
    if not single and not (action == "create" and countable(head)):
        full, short = _OF_WHAT_CANNOT_BE_COUNTED.get(action, (full, short))
    if thing.startswith("single "):
        full = full.replace("a single {one}", "one {one}")
    told = full.format(one=thing, many=many, a=named)
    told = told.replace("the all ", "all ", 1)
    if only:
        told = told.replace("the existing ", "the ", 1)
    return told.replace("the own ", "your own ", 1), short
