"""Plain English out of identifiers: what a person would call an operation's thing, its parameters and their parts."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from ..records.tool import Tool


def word_set(text: str) -> frozenset[str]:
    """The space-separated words of `text`."""
    return frozenset(text.split())


ACRONYMS = word_set(
    "id url uri api sip sms mms rcs aws pin vat iban bic ip sku sla tls ssl hr crm erp pdf csv iso sim tts cps "
    "byoc a2p po gl kpi qa rfq rfp nda tcp udp http https json xml mfa otp totp sso saml scim vpn dns ssh gps "
    "imei iccid iam vpc kms vm dns nat cdn gke acl cmek crl oidc fhir dicom cpu gpu tpu ai ml sql db ui os ekm csr "
    "ssd rag iap hmac mdm dlp bgp ocr html css ftp sftp smtp imap mac lan wan ram uuid guid cidr usb qr eu uk "
    "a2a b2b b2c p2p pc"
)
_CAMEL = re.compile(
    r"[A-Z]?[a-z]+?(?=(?:a2p|a2a|p2p|b2b|b2c)(?![a-z]))|(?:a2p|a2a|p2p|b2b|b2c)(?![a-z])"
    r"|[A-Za-z]\d+[a-z](?![a-z])|[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+(?:\d(?!\d))?(?![a-z])|[A-Z]+(?:\d(?!\d))?|\d+"
)
_VERSION = re.compile(
    r"v\d+(?:p\d+)?(?:beta\d*|alpha\d*)?|(?:19|20)\d{6}|20\d\d|gen\d+|\d(?:st|nd|rd|th)gen", re.IGNORECASE
)
_VERSION_BEFORE_ANOTHER = re.compile(r"(?<![A-Za-z])v\d+(?=v\d)", re.IGNORECASE)
_UNCOUNTABLE = word_set(
    "media data information usage pricing billing knowledge metadata staff software hardware equipment "
    "feedback access payroll inventory stock leave health content traffic compliance training onboarding "
    "settings preferences analytics statistics details time history routing messaging tracking "
    "diagnostics logistics economics basics specifics "
    "status goods info storage news kubernetes dns https access support advice help research insights criteria"
)
_SAID_IN_FULL = {"lb": "load balancer", "mgmt": "management", "mgr": "manager", "src": "source", "dst": "destination",
    "authz": "authorization",
                 "vmware": "VMware"}  # fmt: skip
"""Abbreviations that no one reads out."""
_READ_AS_WORDS = word_set("sim pin sip sku fhir lan mac nat ram rom saml scim sap rest rag")
"""Acronyms with the article of a word: a SIP domain."""
_UNIQUE = word_set("last first next previous latest current entire used own primary main same top")
"""First words of what there is only one of."""
_KEEPS_ITS_S = word_set(
    "sales terms systems operations windows teams forms sites slides docs sports savings customs rights points works "
    "communications services always has uses does values columns rows items numbers"
)
"""Words that stand before another noun as plurals, or that are no plurals."""
_VOWELS = frozenset("aeiouy")
_LONGEST_ACRONYM = 5
_IRREGULAR = {
    "people": "person", "children": "child", "media": "media", "data": "data", "addresses": "address",
    "caches": "cache", "quizzes": "quiz", "movies": "movie", "cookies": "cookie",
    "corpora": "corpus",
    "aliases": "alias", "alias": "alias", "canvas": "canvas", "atlas": "atlas", "bias": "bias", "lens": "lens",
    "statuses": "status", "indices": "index", "series": "series", "news": "news",
}  # fmt: skip
T = TypeVar("T")


def by_identity(size: int) -> Callable[[Callable[[Sequence[Tool]], T]], Callable[[Sequence[Tool]], T]]:
    """A decorator that remembers the result for the last `size` sequences of the very same tool objects.

    Tools are not hashable and hashing their content costs more than most results; the tools are kept alive with
    the result, so an id cannot come to mean another tool.
    """

    def decorate(function: Callable[[Sequence[Tool]], T]) -> Callable[[Sequence[Tool]], T]:
        known: OrderedDict[tuple[int, ...], tuple[tuple[Tool, ...], T]] = OrderedDict()

        def remembered(tools: Sequence[Tool]) -> T:
            key = tuple(id(tool) for tool in tools)
            found = known.get(key)
            if found is None:
                kept = tuple(tools)
                found = known[key] = (kept, function(kept))
                if len(known) > size:
                    known.popitem(last=False)
            return found[1]

        remembered.__doc__ = function.__doc__
        return remembered

    return decorate


@lru_cache(maxsize=20_000)
def identifier_words(identifier: str) -> tuple[str, ...]:
    """The lower-case words of an identifier: camel case, separators and digits split, version tags left out."""
    found: list[str] = []
    for part in re.split(r"[^A-Za-z0-9<>]+", _VERSION_BEFORE_ANOTHER.sub("", identifier)):
        if not part or _VERSION.fullmatch(part):
            continue
        found.extend(word.lower() for word in _CAMEL.findall(part) if not _VERSION.fullmatch(word))
        if part.endswith((">", "<")):
            found.append("after" if part.endswith(">") else "before")
    return tuple(found)


def shown(words: Sequence[str]) -> str:
    """Words as one phrase, acronyms in capitals, their plurals with a small s."""
    return " ".join(_spelled(word) for word in words)


def _spelled(word: str) -> str:
    if word in _SAID_IN_FULL:
        return _SAID_IN_FULL[word]
    if word not in ACRONYMS and word.endswith("s") and word[:-1] in ACRONYMS:
        return f"{word[:-1].upper()}s"
    return word.upper() if word in ACRONYMS or _is_letters_only(word) else word


def _is_letters_only(word: str) -> bool:
    """Whether a word cannot be pronounced, so that its letters are."""
    letters = word.rstrip("0123456789")
    spelled = 1 < len(word) <= _LONGEST_ACRONYM and letters.isalpha() and letters.islower()
    return spelled and not _VOWELS & set(letters)


def plain_words(identifier: str) -> str:
    """What a person would read out for an identifier: `SipCredentialList` → "SIP credential list"."""
    return shown(identifier_words(identifier))


def folded(text: str) -> str:
    """Only the letters and digits of `text`, case folded: equal for two spellings of one name."""
    return re.sub(r"[\W_]+", "", text).casefold()


@lru_cache(maxsize=20_000)
def singular(word: str) -> str:
    """The singular of an English noun by its ending; the word itself if it does not look plural."""
    low = word.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low in ACRONYMS:
        return word
    if low.endswith("s") and low[:-1] in ACRONYMS:
        return word[:-1]
    if len(low) <= 3 or low.endswith(("ss", "us", "is")) or low in _UNCOUNTABLE:
        return word
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y"
    if low.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if low.endswith("s") else word


def modifier(word: str) -> str:
    """The word as it stands before another noun: mostly in the singular ("questionnaire category")."""
    return word if word.lower() in _KEEPS_ITS_S or word.endswith("'s") else singular(word)


def unique(phrase: str) -> bool:
    """Whether there is only one of what the noun phrase names, so that it takes `the`: "last cell"."""
    return phrase.partition(" ")[0].lower() in _UNIQUE


def plural(word: str) -> str:
    """The plural of an English noun by its ending; an uncountable one as it is."""
    low = word.lower()
    if low in _UNCOUNTABLE or low in _IRREGULAR or singular(word) != word:
        return word
    if low == "child":
        return f"{word}ren"
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if low.endswith(("s", "x", "z", "sh", "ch")) else "s")


def countable(phrase: str) -> bool:
    """Whether a noun phrase takes `a`: its last word is neither plural nor uncountable."""
    last = phrase.split()[-1].lower() if phrase else ""
    return last not in _UNCOUNTABLE and singular(last) == last


_WHEN = re.compile(r"(?:(?:this|last|next) \w+|today|yesterday)'s ")
"""What takes no article before it: "this month's record"."""


def with_article(phrase: str) -> str:
    """The phrase with `a` or `an` where it takes one, by the sound of its first letters; `the` for what is unique."""
    if phrase.startswith("own "):
        return f"your {phrase}"
    if not phrase or phrase.startswith(("the ", "my ", "our ")) or not countable(phrase) or _WHEN.match(phrase):
        return phrase
    if unique(phrase):
        return f"the {phrase}"
    if " and " in phrase and not countable(phrase.partition(" and ")[0]):
        return phrase
    first = phrase.split()[0]
    low = first.lower()
    spelled = (
        first.isupper()
        and not first.isdigit()
        and len(first) <= _LONGEST_ACRONYM
        and low.rstrip("0123456789") not in _READ_AS_WORDS
    )
    vowel = first[0] in "AEFHILMNORSX" if spelled else low[0] in "aeiou"
    if low.startswith(("uni", "use", "usa", "eur", "one", "uti", "ubi")):
        vowel = False
    return f"{'an' if vowel or low.startswith(('hour', 'honest')) else 'a'} {phrase}"


# --- what words mean ---

_MEANINGS = {
    "create": "create creates created creating add adds adding added new newly",
    "update": "update updating updated change changing changed edit editing edited modify modifying modified existing "
    "exists amend alter already",
    "delete": "delete deleting deleted remove removing removed erase",
    "get": "view viewing details single show fetch retrieve inspect",
    "list": "list lists listing listed overview",
    "search": "search searching find finding query",
}
_MEANING = {word: f"@{action}" for action, words in _MEANINGS.items() for word in words.split()}
_TWO_WORDS = {"look it up": "view", "show me a list": "list", "show a list": "list", "show me the list": "list",
    "look up": "view", "looking up": "view", "looked up": "view", "pull up": "view", "get rid of": "delete",
    "set up": "create", "brand new": "new", "brand-new": "new", "no longer need": "delete",
}  # fmt: skip
_EMPTY_WORDS = word_set(
    "a an the of to it its is are was be been one ones them they this that these those for in on at with and or by "
    "from as i you we my our your me us do does did want need would like please have has there see some something "
    "someone into should could can will which what who about just only set through inside own"
)


@lru_cache(maxsize=65_536)
def meaning(text: str) -> frozenset[str]:
    """The content of a text as stems; words for one common action are one stem, such as `@create`."""
    low = text.casefold()
    for words, word in _TWO_WORDS.items():
        low = low.replace(words, word)
    found: set[str] = set()
    for word in re.findall(r"[^\W_]+(?:['’][^\W_]+)?", low):
        if word in _MEANING:
            found.add(_MEANING[word])
        elif word not in _EMPTY_WORDS:
            found.add(_stem(singular(word)))
    return frozenset(found)


def _stem(word: str) -> str:
    if word in ACRONYMS:
        return word
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
