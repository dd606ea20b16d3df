"""Words as a listener takes them in: slips of the keyboard mended, and each by its root and what means the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA
from ruamel.yaml import YAML

from ..catalog.words import identifier_words, singular, word_set
from ..settings import DATA_DIR

Features = tuple[str, ...]
"""A word's root, and the sets of near synonyms that it is in."""
SENSE = "#"
"""How the name of a set of near synonyms begins among features."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_TOKEN = re.compile(r"[^\W_][\w'’-]*")
_CAMEL = re.compile(r"[a-z]{2}[A-Z]")
_NUMBER = re.compile(r"(?<=\w)(?<!\bor)(?<!\bis) (?:no|nr|num)\.?(?=\s*(?:[?.,;]|$|and\b))", re.IGNORECASE)
"""How "number" is cut short behind what it is of."""
_WHERE = re.compile(r"\bwere(?= (?:does|do|did|is|are|should|shall|will|to)\b)", re.IGNORECASE)
_YES_OR_NO = re.compile(r"\by\s*/\s*n\b", re.IGNORECASE)
_IS = re.compile(r"\b(what|who|where|when|why|how|which|that|there)['’]s\b", re.IGNORECASE)
_GAP = 4
"""Words that may stand between a verb and its particle."""
_SUFFIXES = ("ions", "ion", "ments", "ment", "ings", "ing", "ied", "ed", "ies", "es", "s", "ly", "e", "y")
_WHOLE = word_set("department apartment comment document moment element")
"""Words that end as if they were of another."""
_SHORT = {
    "u": "you", "ur": "your", "r": "are", "n": "and", "y": "why", "wat": "what", "wut": "what", "wot": "what",
    "wich": "which", "witch": "which", "cn": "can", "abt": "about", "bout": "about", "ths": "this", "teh": "the",
    "hte": "the", "jst": "just", "pls": "please", "plz": "please", "pleas": "please", "thx": "thanks", "whn": "when",
    "wen": "when", "whre": "where", "wher": "where", "hw": "how", "hwo": "how", "waht": "what", "wht": "what",
    "whats": "what is", "whos": "who is", "whens": "when is", "wheres": "where is", "hows": "how is",
    "wud": "would", "shud": "should", "cud": "could", "yr": "your", "adn": "and", "nd": "and", "ro": "or", "fro": "for",
    "abit": "a bit", "sth": "something", "smth": "something", "dont": "don't", "doesnt": "doesn't",
    "isnt": "isn't", "cant": "can't", "thats": "that is", "im": "I'm", "wk": "week", "ppl": "people",
    "wanna": "want to", "gonna": "going to",
    "gotta": "have to", "lemme": "let me", "gimme": "give me", "dunno": "don't know", "info": "information",
    "whcih": "which", "whihc": "which", "yuo": "you", "si": "is", "ot": "to", "od": "do", "fo": "of",
    "doyou": "do you", "wheter": "whether", "wether": "whether", "tht": "that", "ther": "there", "were's": "where is",
    "hav": "have", "hv": "have", "giv": "give", "ned": "need", "nead": "need",
}  # fmt: skip
"""How people write in haste."""
_CUT_SHORT = {
    "smp": "sample", "reg": "register", "aliq": "aliquot portion", "xfer": "transfer", "disp": "disposal",
    "pt": "patient", "dt": "date", "typ": "type", "coll": "collection", "rsn": "reason", "dest": "destination",
    "vol": "volume", "ul": "microlitres", "prio": "priority", "no": "number", "num": "number", "nr": "number",
    "n": "number", "qty": "quantity", "amt": "amount", "acct": "account", "acc": "account", "cust": "customer",
    "addr": "address", "desc": "description", "descr": "description", "dept": "department", "emp": "employee",
    "mgr": "manager", "org": "organisation", "loc": "location", "cfg": "configuration", "tel": "telephone",
    "ph": "phone", "msg": "message", "doc": "document", "usr": "user", "grp": "group", "req": "request",
    "appt": "appointment", "inv": "invoice", "pmt": "payment", "ord": "order", "prod": "product", "cnt": "count",
    "len": "length", "wt": "weight", "tmp": "temporary", "cur": "currency", "ccy": "currency", "lang": "language",
    "src": "source", "dst": "destination", "exp": "expiry", "eff": "effective", "freq": "frequency",
    "dur": "duration", "lvl": "level", "ins": "insurance", "rx": "prescription", "dob": "birth date",
    "ref": "reference", "txn": "transaction", "bal": "balance", "min": "minimum", "max": "maximum",
    "avg": "average", "sched": "schedule", "mtg": "meeting", "veh": "vehicle", "lic": "licence",
    "cert": "certificate", "proj": "project", "ver": "version", "env": "environment", "srv": "server",
    "svc": "service", "cmt": "comment", "cxl": "cancel", "canc": "cancel", "upd": "update", "del": "delete",
    "crt": "create", "chg": "change", "rcv": "receive", "mbr": "member", "stu": "student", "crs": "course",
    "diag": "diagnosis", "bkg": "booking", "rm": "room", "flt": "flight", "pax": "passenger", "dep": "departure",
    "arr": "arrival", "sz": "size", "whs": "warehouse", "po": "purchase order", "msisdn": "phone number",
    "iccid": "serial number", "uri": "link", "url": "link", "kmh": "speed", "m2": "area", "m3": "volume",
    "st": "status", "cat": "category", "id": "id number", "appr": "approved", "ctr": "centre", "hrs": "hours",
    "yr": "year", "mth": "month", "stmt": "statement", "vsl": "vessel", "trk": "truck", "pkg": "package",
    "pos": "position", "val": "value", "resv": "reservation", "odo": "odometer", "rpr": "repair",
    "cond": "condition", "hldr": "holder", "mgmt": "management", "svcs": "services", "eqp": "equipment",
}  # fmt: skip
"""How programs cut words short in names."""
FUNCTION_WORDS = word_set(
    "a an the of to it its is are was were be been being one ones them they this that these those for in on at "
    "with and or by from as i you we my our your me us do does did done want wants wanted need needs would like "
    "likes please have has had having there here see some something someone into should could can will shall may "
    "might must which what who whom whose where when why how about just only set through own so then if whether "
    "he she him her his hers their theirs than too also not no yes don't doesn't isn't aren't it's i'm i'd i'll "
    "you'd you're we're that's what's let's let am any each every both either neither rather prefer preferred "
    "quite really actually maybe perhaps sure okay ok well now still yet already again more most much many few "
    "little bit lot know tell said give gives given get got go goes going gone take takes taken make makes made "
    "put puts thing things else other another such same very up down out off over under before after while "
    "because but though kind sort way right correct true mind hope hoping hoped try trying help glad happy thank "
    "thanks sorry afraid kindly exactly precisely instead meant mean means ask asking asked hi hello dear good "
    "great fine nice lovely perfect wonderful certainly let lets gave giving getting knew known says saying went "
    "came coming comes come anything everything nothing haven't hasn't didn't wasn't weren't won't wouldn't can't "
    "cannot couldn't shouldn't"
)
DIRECTIONS = word_set("from to until before after")
"""Small words that tell values apart, but no tools."""
_SAYS_SOMETHING = word_set("gone own correct made off out going right take put already make makes")
_NOTHING_SAID = (
    (FUNCTION_WORDS - _SAYS_SOMETHING)
    | DIRECTIONS
    | word_set(
        "wonder wondering today currently particular suit belong belongs deal dealing talk talking speak "
        "speaking look looking see trouble simply moment being properly hand away whichever whether able possible "
        "back person's question answer choose pick choice matters user assistant still even ever two three both e "
        "g eg ie etc fancy shall ll ve re d s t m involved concern concerns concerned basically anyway"
    )
)
"""Words that say nothing of what is meant, by themselves."""
_LEAST_RUN = 7
"""Letters from which on a word may be two that are run together."""
_AFTER_ONE = FUNCTION_WORDS | word_set("back")
"""Words before which "one" counts nothing."""


@dataclass(frozen=True, slots=True)
class Senses:
    """The near synonyms that the project knows."""

    by_root: dict[str, tuple[str, ...]]
    """Root → its sets."""
    phrases: dict[str, tuple[tuple[str, tuple[str, ...]], ...]]
    """Root of a verb → its particles, each with the sets that the two are in."""
    words: frozenset[str]


@lru_cache(maxsize=32_768)
def root(word: str) -> str:
    """The word without its endings, one for "book", "booked" and "bookings"."""
    if word in _WHOLE:
        return word
    low = singular(word.casefold().replace("’s", "").replace("'s", ""))
    found = next((ending for ending in _SUFFIXES if low.endswith(ending) and len(low) - len(ending) >= 3), "")
    low = low.removesuffix(found)
    if found == "ion" and low.endswith("ens"):
        return f"{low[:-1]}d"
    for ending, least in (("at", 5), ("al", 5)):
        if low.endswith(ending) and len(low) - len(ending) >= least:
            low = low[: -len(ending)]
    low = low[:-1] if len(low) > 3 and low[-1] == low[-2] and low[-1] not in "sl" else low
    return low.removesuffix("l") if low.endswith("ll") and len(low) > 5 else low


@lru_cache(maxsize=1)
def senses() -> Senses:
    """The sets of near synonyms in data/near_synonyms.txt."""
    by_root: dict[str, list[str]] = defaultdict(list)
    phrases: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    words: set[str] = set()
    lines = (DATA_DIR / "near_synonyms.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(line for line in lines if line and not line.startswith("#")):
        for entry in line.split():
            verb, _, particle = entry.partition("_")
            words.update(entry.split("_"))
            held = phrases[root(verb)][particle] if particle else by_root[root(entry)]
            held.append(f"{SENSE}{number}")
    return Senses(
        {word: tuple(held) for word, held in by_root.items()},
        {verb: tuple((particle, tuple(held)) for particle, held in each.items()) for verb, each in phrases.items()},
        frozenset(words),
    )


@lru_cache(maxsize=32_768)
def features(word: str) -> Features:
    """The word's root and its sets of near synonyms."""
    stem = root(word)
    return (stem, *senses().by_root.get(stem, ()))


def in_full(name: str) -> str:
    """The words of an identifier, or of a label made of one, those cut short written out."""
    return " ".join(_CUT_SHORT.get(word) or _run_together(word) for word in identifier_words(name))


@lru_cache(maxsize=32_768)
def _run_together(word: str) -> str:
    """The words that one without spaces is made of, if it is made of plain ones: "pickupdate"."""
    if len(word) < _LEAST_RUN or is_known(word):
        return word
    known = plain_english()
    for place in range(len(word) - 3, 2, -1):
        if word[:place] in known and word[place:] in known:
            return f"{word[:place]} {word[place:]}"
    return word


def words_of(text: str) -> list[str]:
    """The lower-case words of a text, identifiers taken apart."""
    return [
        part
        for token in _TOKEN.findall(text.replace("of course", "").replace("e-mail", "email"))
        for part in _parts(token)
    ]


@lru_cache(maxsize=32_768)
def _parts(token: str) -> tuple[str, ...]:
    if "_" in token or _CAMEL.search(token):
        return tuple(in_full(token).split())
    return tuple(part for part in token.casefold().split("-") if part)


@lru_cache(maxsize=8192)
def content(text: str, *, directions: bool = False) -> tuple[Features, ...]:
    """What a text speaks of, word by word without those that say nothing; a verb with its particle is one.

    `directions` keeps "from", "to" and the like.
    """
    words = words_of(text)
    known = senses().phrases
    skipped: set[int] = set()
    found: list[Features] = []
    for place, word in enumerate(words):
        if place in skipped:
            continue
        if word == "one" and words[place + 1 : place + 2] and words[place + 1] not in _AFTER_ONE:
            word = "single"
        stem = root(word)
        for particle, held in known.get(stem, ()):
            later = _particle(words, place, particle)
            if later:
                skipped.update(later)
                found.append((f"{stem} {particle}", *held))
                break
        else:
            if word not in _NOTHING_SAID or (directions and word in DIRECTIONS):
                found.append(features(word))
    return tuple(found)


def _particle(words: Sequence[str], place: int, particle: str) -> tuple[int, ...]:
    """Where the particle of the verb at `place` stands, if it does."""
    parts = particle.split("_")
    for start in range(place + 1, min(place + 2 + _GAP, len(words) - len(parts) + 1)):
        if words[start : start + len(parts)] == parts:
            return tuple(range(start, start + len(parts)))
    return ()


# --- slips of the keyboard -------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def plain_english() -> frozenset[str]:
    """Words that are no slips: common ones, and those of the banks of phrases and of the near synonyms."""
    found = set(FUNCTION_WORDS) | senses().words
    found.update((DATA_DIR / "common_words.txt").read_text(encoding="utf-8").split())
    for path in sorted((DATA_DIR / "wording").glob("*/*.yaml")):
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        found.update(word for entries in document.values() for word in _written(entries))
    return frozenset(found)


def _written(entries: Sequence[object]) -> Iterator[str]:
    for entry in entries:
        yield from _WORD.findall(str(entry).casefold())


def mended(text: str, spoken: Collection[str]) -> str:
    """The text with short forms written out and slips put right; `spoken` are the words that the tools are told in."""
    text = _IS.sub(r"\1 is", _YES_OR_NO.sub("yes or no", text))
    return _WHERE.sub("where", _WORD.sub(lambda found: _mended(found[0], spoken), _NUMBER.sub(" number", text)))


def _mended(word: str, spoken: Collection[str]) -> str:
    low = word.casefold()
    if low in _SHORT and not word.isupper():
        return _SHORT[low]
    if low in _CUT_SHORT and low not in plain_english() and low not in spoken:
        return _CUT_SHORT[low]
    return word if low in spoken or not _may_be_a_slip(word, low) else _nearest(low, spoken) or _meant(low) or word


def _may_be_a_slip(word: str, low: str) -> bool:
    return len(low) > 3 and low.isascii() and low.isalpha() and not word[1:].isupper() and not is_known(low)


@lru_cache(maxsize=32_768)
def is_known(low: str) -> bool:
    """Whether a lower-case word is a plain English one."""
    if low.endswith("ly") and f"{low[:-1]}e" in plain_english():
        return True
    return low in plain_english() or root(low) in _known_roots()


@lru_cache(maxsize=1)
def _known_roots() -> frozenset[str]:
    return frozenset(map(root, plain_english()))


def _nearest(low: str, words: Collection[str]) -> str:
    """The word of these that differs by one slip, two in a long word, and begins alike; "" for none."""
    most = 1 if len(low) < 8 else 2
    found = process.extractOne(low, sorted(words), scorer=OSA.distance, score_cutoff=most)
    return found[0] if found and found[0][:1] == low[:1] and len(found[0]) > 3 else ""


@lru_cache(maxsize=32_768)
def _meant(low: str) -> str:
    return _nearest(low, plain_english())
