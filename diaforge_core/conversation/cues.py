"""How a reply turns to its listener: whether a sentence asks, seeks a yes, leaves all open, or wants nothing."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..catalog.words import word_set
from .ear import FUNCTION_WORDS, words_of

_FENCED = re.compile(r"```.*?(?:```|\Z)|<[a-z_]+>.*?</[a-z_]+>", re.DOTALL)
_CODE = re.compile(r"\w+\((?:[^()]*=[^()]*)\)|[{\[]\s*[\"'][\s\S]*[}\]]")
"""A call or an object written out."""
_ASIDE = re.compile(r"\b(?:ask|tell|show|help|asks) (?:the|this|our|your) user\b"
                    r"|\b(?:the|this|our|your) user (?:said|says|wants?|asked|is|needs?|might|may|could|means?"
                    r"|whether|which|to)\b|\bstep by step\b|\b(?:previous|prior|above) instructions?\b|\bas an ai\b"
                    r"|\bsystem prompt\b|\byou are an? (?:\w+ )?assistant\b|\blet me think\b|^\s*(?:system"
                    r"|assistant|user|human)\s*:",
                    re.IGNORECASE | re.MULTILINE)  # fmt: skip
"""How one speaks of the listener to somebody else, or to oneself."""
_WH = r"(?:what|which|who|whose|whom|when|where|why|how)"
_ASKS = re.compile(
    rf"^\W*(?:(?:and|so|also|then|but|ok|okay|well|oh|sure|great|good|first|next|now|please|in|for|on|at|from|to"
    rf"|until|under|by|with)\W+)*(?:{_WH}\b|whether\b|(?:is|are|do|does|did|should|shall|can|could|will|would|may"
    rf"|has|have|was|were) (?:the|it|this|that|these|you|i|we|they|he|she|there|an?|your|my|our)\b)|\b(?:please"
    rf"|kindly|tell me|let me know|let me have|give me|send me|provide|specify|supply|enter|state|indicate|name"
    rf"|choose|pick|select|share|fill in|clarify|describe|elaborate|explain|confirm)\b|\b(?:i|we|i'd|we'd|i'm|we're"
    rf"|i'll)\W+(?:\w+\W+){{0,3}}?(?:need|require|miss|missing|lack|lacking|wondering|wonder|waiting|curious|asking"
    rf"|unsure|not sure|not clear)\b|\b(?:don't|do not|doesn't|can't|cannot|not yet|couldn't"
    rf"|not)\W+(?:\w+\W+){{0,2}}?(?:know|tell|see|have|say|until|without|unless|clear|sure|certain)\b|\b(?:to know"
    rf"|depends? on|question is|matters here|what matters|(?:is|are|still|'s) (?:still )?(?:missing|open|needed"
    rf"|required|unclear|left)|need to be|missing (?:\w+ )*(?:required|keys?|fields?|values?|arguments?|parameters?"
    rf"|details?)|must be (?:given|provided|known|set)|required:|needed:|missing:|(?:could|can|would|will) you"
    rf"|may i (?:ask|have|know)|(?:could|can|may) (?:i|we) (?:have|get|ask)|would help|waiting (?:for|on)"
    rf"|\w+ or \w+\.?$|(?:is|are) (?:what|who|where|when|which)|either\b.*\bor)\b",
    re.IGNORECASE,
)
_GO_AHEAD = re.compile(
    r"\b(?:shall|should|may|can|could|do) (?:i|we)\b(?! (?:have|get|ask|know|tell|please have))[^?]{0,60}\?"
    r"|\b(?:do i have (?:your|the)|yes or no|yes/no|y/n|permission|green light|go[- ]ahead|proceed|confirm(?:ed)?"
    r"|good to go|all good|say (?:yes|so|the word|stop|go)|does that (?:look|sound|work)|your (?:ok|okay|go"
    r"|approval|confirmation|consent|blessing)|any (?:objections?|changes?|corrections?)|objections?"
    r"|(?:any(?:thing)?|something|nothing) (?:wrong|off|to (?:change|correct|add)|against)|have i got|did i get"
    r"|got that right|(?:want|like) me to|did i understand|am i right|(?:happy|okay|ok|fine|all right|alright"
    r"|agree) (?:for me|with|to|if|by|when)|you (?:object|agree|mind|don't mind)|(?:before|once|when|if|until"
    r"|unless|as soon as) (?:i|you)\W+(?:\w+\W+){0,3}?(?:do|go|say|agree|confirm|submit|send|book|press|continue"
    r"|start|run|object|nod|approve)|carr(?:y|ied) (?:this|it|that) out)\b|\b(?:correct|right|ok|okay|agreed|yes"
    r"|deal|fine|good|accurate|in order|ready|true|confirmed|yeah|alright|isn't it|is it so|is that so|am i)\W*\?",
    re.IGNORECASE,
)
_OPEN = re.compile(
    rf"\b(?:{_WH}|whats|more|tell|describe|elaborate|explain|help|clarify|details?|specific|specify|expand|context"
    rf"|say|go on"
    r"|rephrase|background|information)\b",
    re.IGNORECASE,
)
_OPEN_WORDS = word_set(
    "tell more detail details describe elaborate clarify specific specifically explain context information help "
    "request issue problem matter topic case situation concern concerns concerning task job need needs goal aim "
    "purpose today moment sentence sentences word words two three couple background looking look mind hoping hope "
    "achieve accomplish happen happening happened going wish wishes brings bring assist assistance service "
    "support action kind type sort trying exactly precisely bit further little rephrase expand briefly done "
    "regarding wrong work works working time day morning afternoon evening welcome understand idea whole full "
    "picture concrete general start begin story change care handle taken sorted solve resolve fix thing things "
    "anything something everything like exact narrow closer clearer clear plain detailed example instance fill "
    "add"
)
"""Words that a question about nothing in particular is put in."""
_BEFORE_TO = word_set("like want wish going need have able try mean plan")
_LAST_OF_NONE = word_set("the a an and or if whether that your my our is are was of as because so very")
"""Words that no sentence ends in."""
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?\d{1,2}[.):](?=\s)")
"""How a list is numbered."""
_INLINE = re.compile(r"(?<=[\w,;:]) \(?(\d)[.)] (?=[A-Za-z])")
_VALUE = re.compile(r"\b[\w.@+-]*\d[\w.@:/-]*|\"[^\"]+\"|“[^”]+”")
_EXAMPLE = re.compile(r"\(?\b(?:e\.g\.|(?:for (?:instance|example)|such as|like)(?= [^\s,;?]*\d))[^,;?()\n]*\)?")
"""A value that only shows how one looks."""
_ENGLISH_FROM = 4
"""Words from which on a text without any of the small words of English is in another language."""


def addressed(reply: str) -> str:
    """The reply without code and calls written out; "" where it talks to somebody else than the listener."""
    text = _CODE.sub(" ", _FENCED.sub(" ", reply))
    return "" if _ASIDE.search(text) else _EXAMPLE.sub(" ", _in_lines(text))


def _in_lines(text: str) -> str:
    """The text with what it numbers within a line in lines of their own."""
    return _INLINE.sub(r"\n\1. ", text) if len(_INLINE.findall(text)) > 1 else text


def is_foreign(text: str) -> bool:
    """Whether a text of some words has none of the small ones of English."""
    words = words_of(re.sub(r"\S*[_`]\S*", " ", text))
    return len(words) >= _ENGLISH_FROM and not any(word in FUNCTION_WORDS for word in words)


def asks(sentence: str) -> bool:
    """Whether a sentence wants something of its listener, and does not break off."""
    return ("?" in sentence or _ASKS.search(sentence) is not None) and not breaks_off(sentence)


def breaks_off(sentence: str) -> bool:
    """Whether the words stop where no sentence ends."""
    words = words_of(sentence)
    if not words or re.search(r"[?.!\"'”)]\s*$", sentence):
        return False
    return words[-1] in _LAST_OF_NONE or (words[-1] == "to" and bool(_BEFORE_TO.intersection(words[-2:-1])))


def seeks_a_yes(reply: str) -> bool:
    """Whether the reply says values over and asks for leave to go on."""
    return _VALUE.search(_NUMBERED.sub(" ", reply)) is not None and _GO_AHEAD.search(reply) is not None


def is_open(sentence: str, spoken: Collection[str]) -> bool:
    """Whether a sentence asks what is wanted without a word of its own about it."""
    if not _OPEN.search(sentence):
        return False
    words = (word for word in words_of(sentence) if word not in FUNCTION_WORDS and word not in _OPEN_WORDS)
    own = [word for word in words if word not in spoken]
    return len(own) <= 1
