"""Whether an operation reads, writes or destroys, with the reason in words."""

from __future__ import annotations

from ..records.tool import SideEffect
from .naming import words_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READ_WORDS = _words(
    "get list search find query lookup read fetch retrieve show describe view check count calculate compute estimate "
    "preview validate verify compare export download summarize summarise browse quote forecast simulate"
)
DESTRUCTIVE_WORDS = _words(
    "delete remove cancel terminate deactivate revoke purge wipe destroy erase drop close void disable suspend archive "
    "offboard decommission retire uninstall unassign detach reset expire block reject withdraw discard"
)
WRITE_WORDS = _words(
    "create add update set edit change modify assign send submit approve register post put patch insert upload import "
    "start open move merge convert schedule reschedule book request replace transfer attach enable grant invite "
    "publish record save log apply provision issue pay refund resend restore renew extend escalate reopen"
)
_ODATA_KINDS: dict[str, tuple[SideEffect, str]] = {
    "QUERY": ("read", "A query only reads."),
    "READ": ("read", "It only reads."),
    "FUNCTION": ("read", "A function of OData only reads."),
    "CREATE": ("write", "It adds something new."),
    "UPDATE": ("write", "It changes what it names."),
}
"""Kind of OData operation, in the place of the verb → its side effect; an ACTION is told by its name."""


def side_effect_of(method: str, name: str, summary: str = "", path: str = "") -> tuple[SideEffect, str]:
    """The side effect and why: a verb of the name, the summary or the path where it is telling, else the HTTP verb.

    An operation that nothing tells about counts as a write, the more careful guess.
    """
    verb = method.upper()
    if verb in _ODATA_KINDS:
        return _ODATA_KINDS[verb]
    if verb in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return "read", f"{verb} only reads."
    if verb == "DELETE":
        return "destructive", "DELETE removes what it names."
    prefix = f"{verb}, and " if verb else ""
    for place, word in _verbs(name, summary, path):
        if word in DESTRUCTIVE_WORDS:
            return "destructive", _sentence(f"{prefix}{place} says “{word}”.")
        if word in READ_WORDS and verb not in ("PUT", "PATCH"):
            return "read", _sentence(f"{prefix}{place} says “{word}”.")
        if word in WRITE_WORDS:
            return "write", _sentence(f"{prefix}{place} says “{word}”.")
    if verb:
        return "write", f"{verb} changes data."
    return "write", "Nothing says that it only reads."


def _verbs(name: str, summary: str, path: str) -> list[tuple[str, str]]:
    """Where an operation's verb may stand, the surest first."""
    words = words_of(name.replace("/", ".").rsplit(".", 1)[-1])
    found = [("its name", word) for word in words[:1]]
    found += [("its summary", word.removesuffix("s") if word.endswith("s") else word) for word in words_of(summary)[:1]]
    steps = [step for step in path.split("/") if step]
    if steps and "{" not in steps[-1]:
        found += [("its path", word) for word in words_of(steps[-1])[:1]]
    found += [("its name", word) for word in words[1:] if word in DESTRUCTIVE_WORDS][:1]
    return found


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
