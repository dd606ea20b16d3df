"""How a reply turns to its listener: whether a sentence asks, seeks a yes, leaves all open, or wants nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ..catalog.words import word_set
from .ear import FUNCTION_WORDS, content, is_known, words_of

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
    rf"|has|have|was|were|am) (?:the|it|this|that|these|those|you|i|we|they|he|she|there|an?|your|my|our|some\w*"
    rf"|any\w*)\b)"
    r"|(?:^\W*|[,;:.!–-]\s*|\b(?:please|kindly|optionally|and|just|then|so|do|also)\s+)(?:tell|let (?:me|us)|give|send"
    r"|provide|specify"
    r"|supply|enter|state|indicate|name|choose|pick|select|share|fill in|clarify|describe|elaborate|explain"
    r"|confirm|say"
    r"|reply|answer|add|advise|decide|go ahead|go on|need)\b"
    r"|\b(?:i|we|i'd|we'd|i'm|we're|i'll|we'll|still|only|the (?:system|form|order|request|ticket"
    r"|booking))\W+(?:\w+\W+){0,4}?"
    r"(?:need|require|requires|miss|missing|lack|lacking|wonder|wondering|waiting|curious|asking|unsure|short of"
    r"|after"
    r"|have to (?:know|put|note|enter|fill|record|state)|must (?:know|put|note|enter|fill|record|state)"
    r"|like to (?:know|hear|learn|have)|want to (?:know|hear))\b"
    r"|\b(?:don't|do not|doesn't|can't|cannot|not|couldn't)\W+(?:\w+\W+){0,6}?"
    r"(?:know|tell|see|have|say|until|without|unless|before|clear|sure|certain)\b"
    r"|\b(?:know|say|tell|hear|learn|see|indicate|clarify|specify|advise|state|confirm|explain|depends?(?: on)?"
    r"|question is|matters|decide|idea|clear|sure|certain)\W+(?:\w+\W+){0,2}?"
    rf"(?:whether|if|{_WH})\b"
    rf"|(?:\bnot|n't) (?:\w+ )?(?:clear|sure|certain|known)\W+(?:\w+\W+){{0,4}}?(?:whether|if|{_WH})\b"
    r"|\b(?:(?:is|are|still|'s|what's) (?:still )?(?:missing|open|needed|required|unclear|left|lacking"
    r"|outstanding)|need to be"
    r"|must be (?:given|provided|known|set)|missing (?:\w+ )*(?:required|keys?"
    r"|fields?|values?|arguments?|parameters?|details?)|(?:could|can|would|will) you|may i (?:ask|have|know)"
    r"|(?:could|can|may) (?:i|we) (?:have|get|ask)|would help|\w+ or \w+\.?$|either\b.*\bor"
    r"|(?:is|are) (?:what|who|where|when|which))\b"
    r"|\bfeel free to (?:ask|tell|share)\b|\bask (?:away|your question|me)\b"
    r"|\bplease\b(?! (?:accept|note that|wait|bear|hold|don't|do not|be|find|see|refer|visit)\b)|\b(?:required|needed"
    r"|missing)\b[^.:]{0,30}:|^[^.!?:\d]{2,40}:\W*$",
    re.IGNORECASE,
)
_GO_AHEAD = re.compile(
    r"\b(?:may|can|could|do) (?:i|we)\b(?! (?:have|get|ask|know|tell|please have))[^?]{0,60}\?"
    r"|\b(?:shall|should) (?:i|we)\b(?! (?:have|get|ask|know))[^?]{0,60}\?"
    r"|(?<!what )(?<!how )(?<!when )(?<!where )\b(?:shall|should) (?:i|we)\b[^?.!:]{0,60}$"
    r"|\b(?:answer|reply|respond|type|say)(?: with)? [\"'“]?yes\b"
    r"|\b(?:it|that|this|all|everything) is (?:correct|right|ok|okay|fine)\b[^.?!]{0,20}\?"
    r"|\b(?:do i have (?:your|the)|yes or no|yes/no|y/n|permission|green light|go[- ]ahead|proceed|confirm(?:ed)?"
    r"|good to go|all good|say (?:yes|so|the word|stop|go)|does that (?:look|sound|work)|your (?:ok|okay|go"
    r"|approval|confirmation|consent|blessing)|any (?:objections?|changes?|corrections?)|objections?"
    r"|(?:any(?:thing)?|something|nothing) (?:wrong|off|to (?:change|correct|add)|against)|have i got|did i get"
    r"|got that right|(?<!what do you )(?<!what would you )(?<!what should you )(?<!what you )(?<!what you would )"
    r"(?:want|like) me to|did i understand"
    r"|am i right|(?:happy|okay|ok|fine|all right|alright"
    r"|agree) (?:for me|with|to|if|by|when)|you (?:object|agree|mind|don't mind)|(?:before|once|when|if|until"
    r"|unless|as soon as) (?:i|you)\W+(?:\w+\W+){0,3}?(?:do|go|say|agree|confirm|submit|send|book|press|continue"
    r"|start|run|object|nod|approve)|carr(?:y|ied) (?:this|it|that) out)\b|\b(?:correct|right|ok|okay|agreed|yes"
    r"|deal|fine|good|accurate|in order|ready|true|confirmed|yeah|alright|isn't it|is it so|is that so|am i)\W*\?",
    re.IGNORECASE,
)
_OPEN = re.compile(
    rf"\b(?:{_WH}|whats|more|tell|describe|elaborate|explain|help|clarify|details?|specific|specify|expand|context"
    rf"|say|go on|feel free to ask|ask (?:away|your question)"
    r"|rephrase|background|information|go ahead|listening|all ears|shoot)\b",
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
    "needed exciting sounds course listening ears shoot wondering do tell brings today indeed well fire away on mind "
    "anything something everything like exact narrow closer clearer clear plain detailed example instance fill "
    "add provide own haha lol"
)
"""Words that a question about nothing in particular is put in."""
_ABOUT = re.compile(
    r"\b(?:about|regarding|concerning|with|near|around|for|in|at|on|to|of) (?:the|that|this|your|our|my|it|them"
    r"|those|these|what|us|a|an|[A-Z])"
    r"[^,?.!;]*",
)
"""How a question says what it is about."""
_PARTICULAR = re.compile(
    r"\b(?:who|whom|whose|when|where|why|how (?:many|much|long|often|far|big|old|soon|fast|bad)|which|what (?:day"
    r"|date|time|hour)s?"
    r"|what (?:sort|kind|type) of|what for)\b|\b(?:or|he|she|been)\b",
    re.IGNORECASE,
)
"""What asks for one thing in particular, or for a choice."""
_BEFORE_TO = word_set("like want wish going need have able try mean plan")
_LAST_OF_NONE = word_set("the a an and or if whether that your my our is are was of as because so very")
"""Words that no sentence ends in."""
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?\d{1,2}[.):](?=\s)")
"""How a list is numbered."""
_INLINE = re.compile(r"(?<=[\w,;:]) \(?(\d)[.)] (?=[A-Za-z])")
_VALUE = re.compile(r"\b[\w.@+-]*\d[\w.@:/-]*|\"[^\"]+\"|“[^”]+”")
_AS_A_WHOLE = re.compile(
    r"\b(?:is|was) (?:that|this|it|everything) (?:what|how|the way|as)\b|\b(?:is|does|do|was|would|sounds?"
    r"|looks?)\b.*\b(?:that|this|it|everything|all)\b|\bor (?:not|no)\b",
    re.IGNORECASE,
)
"""How a question speaks of all that was said."""
_BARE = 3
"""Words of content from which on a question is about something."""
_EXAMPLE = re.compile(r"\(?\b(?:e\.g\.|(?:for (?:instance|example)|such as|like)(?= [^\s,;?]*\d))[^,;?()\n]*\)?")
"""A value that only shows how one looks."""
_NAME = re.compile(r"\S*[_`\d]\S*|\w+[a-z][A-Z]\w*|(?<=[\w,] )[A-Z]\w+")
"""What may be a name of something, in whatever language."""
_ENGLISH_FROM, _ENGLISH = 3, 0.5
"""Words from which on a text is in another language if fewer than this share of them are English ones."""
_RHETORICAL = re.compile(r"\bdid you know\b|\baccept (?:my|our)\b", re.IGNORECASE)
"""What sounds like a question or a request, and wants nothing."""
_ONLY_SAID = re.compile(
    r"\bhave (?:everything|all)(?: that)? (?:i|we) (?:need|require)\b(?! (?:except|but|apart|besides))"
    r"|\b(?:not sure|don't know|not here to tell you) what to do\b|^\W*whether it(?:'s| is)\b.*\bhere to help\b"
    r"|\bdon't have (?:the ability|access|the means)\b|^\W*here(?:'s| is| are) (?:how|an?|some)\b"
    r"|^\W*(?:in fact,? )?i(?:'m| am) (?:happy|glad|here) to (?:help|hear|assist)\b"
    r"(?!.*\b(?:please|need|tell|let me|could|can you|which|what|when|who|where|how|do you)\b)",
    re.IGNORECASE,
)
"""What sounds like a request and only says how things are, unless something is asked besides."""
_ASKED_BESIDES = re.compile(r"[?\n]|\b(?:please|provide|could you|can you|except|apart from)\b", re.IGNORECASE)
_INVITES = re.compile(
    r"\bfeel free to ask\b|\bask (?:away|your questions?)\b|\bif you have (?:any )?questions?\b", re.IGNORECASE
)
"""How somebody is invited to say anything at all."""


def addressed(reply: str) -> str:
    """The reply without code and calls written out; "" where it talks to somebody else than the listener."""
    text = _CODE.sub(" ", _FENCED.sub(" ", reply))
    return "" if _ASIDE.search(text) else _EXAMPLE.sub(" ", _in_lines(text))


def _in_lines(text: str) -> str:
    """The text with what it numbers within a line in lines of their own."""
    return _INLINE.sub(r"\n\1. ", text) if len(_INLINE.findall(text)) > 1 else text


def is_foreign(text: str, spoken: Collection[str]) -> bool:
    """Whether hardly a word of a text of some words is English; `spoken` are words that the tools are told in."""
    words = words_of(_NAME.sub(" ", text))
    known = sum(word in FUNCTION_WORDS or word in spoken or is_known(word) for word in words)
    return len(words) >= _ENGLISH_FROM and known < _ENGLISH * len(words)


def asks(sentence: str) -> bool:
    """Whether a sentence wants something of its listener, and does not break off."""
    wants = "?" in sentence or _ASKS.search(sentence) is not None
    if not wants or breaks_off(sentence) or _RHETORICAL.search(sentence):
        return False
    return not _ONLY_SAID.search(sentence) or _ASKED_BESIDES.search(sentence) is not None


def breaks_off(sentence: str) -> bool:
    """Whether the words stop where no sentence ends."""
    words = words_of(sentence)
    if not words or re.search(r"[?.!\"'”)]\s*$", sentence):
        return False
    return words[-1] in _LAST_OF_NONE or (words[-1] == "to" and bool(_BEFORE_TO.intersection(words[-2:-1])))


def seeks_a_yes(reply: str, asking: Sequence[str]) -> bool:
    """Whether the reply says values over and asks for leave to go on; `asking` are its sentences that ask."""
    if not says_values(reply):
        return False
    return _GO_AHEAD.search(reply) is not None or any(is_bare(sentence) for sentence in asking[-1:])


def says_values(text: str) -> bool:
    """Whether something with a digit, or in quotes, stands in a text."""
    items = _NUMBERED.findall(text)
    return _VALUE.search(_NUMBERED.sub(" ", text) if len(items) > 1 else text) is not None


def is_bare(sentence: str) -> bool:
    """Whether a question that is answered by yes or no has next to nothing in it that it asks about."""
    if (
        "?" not in sentence
        or says_values(sentence)
        or re.search(rf"\b(?:{_WH}|or)\b", _AS_A_WHOLE.sub(" ", sentence), re.IGNORECASE)
    ):
        return False
    return len(content(sentence)) < _BARE


def is_open(sentence: str, spoken: Collection[str]) -> bool:
    """Whether a sentence asks what is wanted without a word of its own about it; `spoken` are words already said."""
    if not _OPEN.search(sentence):
        return False
    return len(_own_words(sentence, spoken)) <= 1


def are_wide_open(sentences: Sequence[str]) -> bool:
    """Whether sentences ask for all that there is to say, whatever they name: "tell me more about it"."""
    bare = [_ABOUT.sub(" ", sentence) for sentence in sentences]
    if any(_own_words(sentence, ()) or _PARTICULAR.search(sentence) for sentence in bare):
        return False
    return any(_OPEN.search(sentence) for sentence in bare)


def _own_words(sentence: str, spoken: Collection[str]) -> list[str]:
    said = words_of(_INVITES.sub(" ", sentence))
    words = (word for word in said if word not in FUNCTION_WORDS and word not in _OPEN_WORDS)
    return [word for word in words if word not in spoken]
