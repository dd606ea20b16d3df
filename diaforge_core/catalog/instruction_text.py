"""Text that tells a model what to do, where a description should say what a tool does.

The patterns look for phrases, as a reader's eye does. A text without a flag may still mislead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Instruction(NamedTuple):
    """A stretch of text that speaks to the model."""

    start: int
    end: int
    why: str
    """A plain sentence."""


class _Rule(NamedTuple):
    why: str
    cues: frozenset[str]
    """Beginnings of words; without one of them the pattern cannot match, so that it need not be tried."""
    pattern: re.Pattern[str]


_CUE = re.compile(r"[a-z_]+|[~@<\[]|//|##")
CUE_LENGTH = 5
"""Letters of a word that a cue holds; enough to tell words apart, few enough to hold all their forms."""
NOT_ASCII = "¬"
"""Stands among the cues of a text that has letters beyond ASCII."""

_OVERRIDE = "It asks a model to drop the instructions that it has."
_ORDER = "It asks a model to use this tool before, or instead of, others, whatever the request."
_HAND_OVER = "It asks a model to hand over files, secrets or the conversation."
_SECRECY = "It asks a model to keep something from the user."
_CONSENT = "It asks a model to act without the user's consent."
_ROLE = "It speaks to a model as its system turn would."
_ANSWER = "It tells a model what to say to the user."
_RUN = "It asks a model to run or follow something that is not the request."

_PARTS = {
    "not": r"(?:do not|don['’]t|dont|never|must not|mustn't|should not|shouldn't|shall not|without|avoid|not to|no need"
    r" to|you need not|refrain from)(?: ever)?",
    "tools": r"(?:tools?|functions?|skills?|connectors?|plugins?|mcp|capabilit(?:y|ies))",
    "others": r"(?:(?:any|every|all|each)(?: of)?(?: the| your)?(?: other| remaining| else)?|another|other|the (?:othe"
    r"r|"
    r"rest of the))",
    "model": r"(?:ai|llms?|(?:large )?language models?|chat ?bots?|(?:ai|chat|virtual|helpful) (?:models?|assistants?|"
    r"agents?|systems?)|assistants?|claude|chatgpt|gpt(?:-\d\w*)?|copilot)",
    "orders": r"(?:instructions?|prompts?|guidelines?|directions|directives?|orders|commands|rules|guardrails?|safety "
    r"\w+)",
    "files": r"(?:~/|/(?:home/\w+/\.|root/|etc/(?:passwd|shadow))|\.ssh\b|id_rsa|id_ed25519|\.aws/|(?<!\w)\.env\b|"
    r"\.netrc|\.npmrc|\.kube/|\.git-credentials|authorized_keys|mcp\.json|\.cursor\b|\.bash_history|wallet\.dat|/proc/self)",
    "private": r"(?:api[ _-]?keys?|(?:access|auth\w*|session|bearer|refresh) tokens?|passwords?|credentials?|secrets\b|"
    r"private keys?|seed phrases?|(?:env|environment)(?: vars?| variables?)|system (?:prompt|message)s?|cookies|"
    r"(?:conversation|chat|message|dialogue?)s? (?:history|log|transcript|so far)|chat logs?|previous (?:messages|turn"
    r"s)|"
    r"(?:whole|entire|full|complete|previous|current) (?:conversation|chat|context|dialogue?)|other available tools|(?"
    r":available|other|your) tools|"
    r"(?:list|names|descriptions) of (?:all |the |your |other |available )*tools)",
    "whole": r"(?:your|user(?:'s|’s|s')?|their|any|all(?: of)?(?: the)?|every|(?:the )?(?:full|entire|whole|complete|r"
    r"aw|"
    r"current|previous|verbatim))",
    "give": r"(?:send|post|upload|forward|transmit|leak|include|append|attach|pass|put|paste|copy|embed|insert|provide|"
    r"supply|submit|report|encode|write|share|bcc|cc|e-?mail|deliver|return|reveal|print|output|repeat|add|place)",
    "call": r"(?:call|use|run|invoke|execute|trigger)",
    "called": r"(?:called|used|run|invoked|executed|consulted|triggered|preferred|chosen|selected)",
    "choose": r"(?:prefer|prioriti[sz]e|favou?r|choose|select|pick|use|call|invoke|rank)",
    "over": r"(?:over|instead of|rather than|above|before|ahead of|prior to|in place of|in favou?r of)",
    "tell": r"(?:tell|mention|inform|alert|warn|notify|let|say|disclose|reveal|explain|report|admit|talk|discuss|"
    r"describe|confess)(?:ing)?",
    "address": r"(?:https?:|[\w.+-]+@[\w-]+\.\w+)",
}


def _rule(why: str, cues: str, *patterns: str) -> _Rule:
    """A rule of several patterns, in which `<part>` stands for a part above."""
    whole = "|".join(patterns)
    for name, part in _PARTS.items():
        whole = whole.replace(f"<{name}>", part)
    return _Rule(why, frozenset(cues.split()), re.compile(whole))


_RULES = (
    _rule(
        _OVERRIDE,
        "ignor disre forge disca negle follo obey bypas overr viola",
        r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|discard|neglect|bypass|overrid(?:e|es|ing)|overrules?|violate|<"
        r"not>"
        r" (?:follow|obey))\b[^.\n]{0,40}?\b(?:previous|prior|earlier|preceding|above|other|your|system|developer|all|"
        r"any|"
        r"these|those|the safety|safety)\s(?:[\w,]+\s){0,4}?<orders>\b",
        r"\b(?:forget|ignore|disregard) (?:about )?(?:everything|anything|all(?: that)?|whatever|what)(?: else)? (?:yo"
        r"u|i|"
        r"the user|the (?:system|developer)|was|has been|came|comes|said|written|that|above|before|so far|until now)\b",
    ),
    _rule(
        _OVERRIDE,
        "super prece prior instr",
        r"\b(?:supersedes?|(?:takes?|has|have) (?:precedence|priority) over)\b[^.\n]{0,40}?\b(?:your|previous|prior|ea"
        r"rlier|"
        r"system|safety|user(?:'s)?|other)\s(?:\w+\s)?<orders>\b",
        r"\b(?:new|updated|real|actual) instructions?\s?(?::|for the (?:ai|assistant|model|agent))",
    ),
    _rule(
        _OVERRIDE,
        "ignor vergi missa olvid oubli dimen esque ¬",
        r"\b(?:ignorier(?:e|en|t)|vergiss|missachte)\b.{0,40}\b(?:\w*anweisung|vorgabe|regel|befehl)",
        r"\b(?:ignora|ignore|ignorez|olvida|oublie[rz]?|dimentica|esqueça)\b.{0,40}\b(?:instruc|consignes|istruzioni|"
        r"instruç)",
        r"\b(?:игнорируй(?:те)?|забудь(?:те)?)\b.{0,40}(?:инструкци|указани)",
        r"(?:忽略|无视|無視|忘记).{0,20}(?:指令|指示|命令|说明)|(?:指示|命令).{0,10}無視|지시.{0,10}무시",
    ),
    _rule(
        _ORDER,
        "befor prior",
        r"\b(?:before|prior to) (?:you )?(?:us(?:e|ing)|call(?:ing)?|invok\w+|run(?:ning)?|execut\w+|us(?:e|ing) of)"
        r"\s<others>\s"
        r"(?:\w+\s){0,2}?<tools>\b",
        r"\b(?:before|prior to) (?:you )?(?:\w+ )?(?:us|call|invok|runn?|execut)(?:e|ing)? (?:this|the) <tools>\b[^."
        r"\n]{0,40}?,?\s"
        r"(?:(?:please|first|always|you|must|need to|should|have to)\s){0,4}(?:read|open|cat|<call>|access|fetch|colle"
        r"ct|"
        r"look up|retrieve|list|load|get|gather|send|scan)\b",
        r"\bbefore (?:answering|responding|replying|any (?:other )?(?:action|task|request|operation)|doing anything)\b"
        r"[^.\n]{0,60}?\b(?:<call>|read)\b",
    ),
    _rule(
        _ORDER,
        "tool tools funct skill conne plugi mcp capab",
        r"\b(?:must|shall|should|has to|needs? to|have to|always|mandatory to|required to)\s(?:\w+\s){0,3}?(?:be )?(?:"
        r"<called>|"
        r"<choose>)\b[^.\n]{0,60}?\b<over>\s<others>\s(?:\w+\s){0,2}?<tools>\b",
        r"\b(?:always|only|must|should)\s(?:\w+\s){0,2}?<choose> this <tools>\b[^.\n]{0,60}?\b(?:over|instead|first|no"
        r" matter|"
        r"regardless|even if|for (?:all|any|every)|before|on every|in every|every time|rather)\b",
        r"\b<call> this <tools> (?:first|before (?:any|every|all|each)|(?:on|for|in|with|after|at the (?:start|end) of"
        r") (?:every|"
        r"each|all|any))\b",
    ),
    _rule(
        _ORDER,
        "tool tools funct skill conne plugi mcp capab stop",
        r"\b<choose>\s(?:using\s)?(?:this|it|our|me)\b(?:\s<tools>)?\s?[^.\n]{0,30}?\b<over>\s(?:<others>|similar|comp"
        r"eting)\s"
        r"(?:[\w-]+\s){0,2}?<tools>\b",
        r"\b<not> (?:use|using|call|calling|invoke|trust|choose|select)\s<others>\s(?:[\w-]+\s){0,3}?<tools>\b",
        r"\bthis (?:is|<tools> is|one is)\s(?:by far )?the (?:only|best|single|most \w+)\s(?:[\w,-]+\s){0,3}?(?:tool|f"
        r"unction|"
        r"choice|option)\b[^.\n]{0,60}?\b(?:use|choose|select|always|ignore|never|should|must)\b",
        r"\b(?:highest|top|maximum|absolute) priority\b[^.\n]{0,40}\b<tools>\b",
        r"\bstop using\s<others>\s",
    ),
    _rule(
        _ORDER,
        "tool tools funct skill conne plugi mcp serve",
        r"\b(?:when(?:ever)?|if|while|once) this (?:<tools>|server) (?:is|becomes) (?:available|present|installed|load"
        r"ed|"
        r"enabled|connected|listed)\b",
    ),
    _rule(
        _HAND_OVER,
        "~ home root etc ssh id_rs id_ed aws env netrc npmrc kube crede autho mcp curso bash_ walle proc",
        r"\b(?:read|open|cat|load|get|access|fetch|retrieve|look (?:up|at|into)|scan|grep|contents? (?:of|from)|<give>"
        r")\b"
        r"[^\n]{0,80}?<files>",
    ),
    _rule(
        _HAND_OVER,
        "api apike api_k token passw crede secre key keys seed env envir syste cooki conve chat messa dialo previ con"
        "te tool tools promp instr",
        r"\b<give>(?:ing)?\b(?!\s?[(:`])[^.\n]{0,30}?\b<whole>\s(?:[\w,]+\s){0,3}?<private>\b[^.\n]{0,60}?(?:\bin(?:to"
        r"|side)?\s"
        r"(?:the |this |a )?[`\"']?\w+[`\"']?\s?(?:parameter|field|argument|query|url|body|header)|https?:|\bto\s(?:th"
        r"e |an? |"
        r"our |my )?(?:url|server|endpoint|address|attacker|webhook|following|[\w.+-]+@|[\w-]+\.(?:com|net|io|org|dev)"
        r")|\bas "
        r"(?:the |a )?[`\"']?\w+[`\"']? (?:parameter|field|argument))",
        r"\b(?:<give>|show|disclose|dump|summari[sz]e|fill in|set to)\b[^.\n]{0,40}?\b(?:your (?:\w+ )?(?:prompt|instr"
        r"uctions|"
        r"context|system (?:prompt|message|instructions?))|the (?:(?:model|assistant|agent|ai)(?:'s|’s) )(?:\w+ )?(?:p"
        r"rompt|"
        r"instructions|message)|(?:full|entire|whole|complete|verbatim) (?:system prompt|conversation|chat history|cha"
        r"t|"
        r"context|prompt)|(?:user's|previous) (?:conversation|chat history|chat))\b",
    ),
    _rule(
        _HAND_OVER,
        "bcc blind exfil",
        r"\b(?:always|also|silently|secretly|must)\s(?:\w+\s){0,3}?(?:bcc|blind.cop(?:y|ied))\b",
        r"\bexfiltrat(?:e|ing)\b[^.\n]{0,40}\b(?:data|contents?|files?|secrets?|to)\b",
        r"\bbcc\b[^.\n]{0,40}<address>",
    ),
    _rule(
        _HAND_OVER,
        "@ //",
        r"\b(?:all|every|each)\s(?:\w+\s){0,2}?(?:e-?mails?|messages?|payments?|transfers?|files?|requests?|data|invoi"
        r"ces?)\s"
        r"(?:(?:must|should|shall|are|has|have|need|to|be|always|also|instead|first)\s){0,4}(?:sent|go|routed|redirect"
        r"ed|"
        r"forwarded|delivered|copied|paid)?\s?(?:through|via|to)\s<address>",
        r"\b(?:send|route|redirect|forward|deliver|copy|transfer|post|upload)\s(?:[\w',]+\s){0,4}?(?:all|every|everyth"
        r"ing|each)\b"
        r"[^.\n]{0,40}?\bto\s<address>",
    ),
    _rule(
        _SECRECY,
        "users user anyon human custo secre hidde yours betwe",
        r"\b<not> (?:\w+ ){0,2}?<tell>\b[^.\n]{0,60}?\b(?:the |any |your |our )?(?:users?|anyone|human|customer)\b(?! "
        r"(?:agent|"
        r"id|name|type|interface|account|group|role|has|have|is|are)\b)",
        r"\b(?:the )?user (?:must|should|shall|may|does|need|doesn)(?: not|n't| never|'t)(?: need to)?(?: be)? (?:know"
        r"|notice|"
        r"find out|aware|told|informed|reali[sz]e)\b",
        r"\b(?:hide|conceal|keep|withhold)\b[^.\n]{0,40}?\bfrom (?:the |your )?(?:user|human|customer)\b(?! (?:interfa"
        r"ce|agent|"
        r"list))",
        r"\bkeep (?:this|it|that)\b[^.\n]{0,20}?\b(?:secret|confidential|hidden|to yourself|between us)\b",
        r"\bwithout (?:the )?user(?:'s|’s)? (?:noticing|knowing|knowledge|awareness|being (?:aware|told|informed))\b",
        r"\b(?:upset|scare|worry|alarm) the user\b",
    ),
    _rule(
        _SECRECY,
        "menti silen secre cover quiet discr",
        r"\b<not> mention (?:this|that (?:you|this|it)|it|these|any of)\b",
        r"\b(?:silently|secretly|covertly|quietly|discreetly)\s(?:\w+\s){0,2}?(?:send|call|read|forward|copy|upload|po"
        r"st|"
        r"include|append|run|execute|invoke|transmit|collect)\b",
    ),
    _rule(
        _CONSENT,
        "ask askin seek seeki wait waiti confi permi appro conse clari hesit refus decli autho agree",
        r"\b<not> (?:\w+ ){0,2}?(?:ask|seek|wait|request|prompt|check)(?:ing)?\s(?:with )?(?:the user|users|the human|"
        r"(?:\w+ ){0,2}?"
        r"(?:confirmation|permission|approval|consent)|for (?:\w+ ){0,2}?(?:confirmation|permission|approval|consent|"
        r"clarification))\b",
        r"\bwithout (?:\w+ ){0,2}?(?:user(?:'s|’s)?|human|customer(?:'s)?) (?:confirmation|permission|approval|consent"
        r")\b",
        r"\b(?:never|do not|don't) (?:refuse|decline|hesitate)\b",
        r"\b(?:user|customer) has (?:already )?(?:pre-?)?(?:approved|authori[sz]ed|consented|agreed|given (?:permissio"
        r"n|consent))"
        r"\b[^.\n]{0,40}\b(?:all|any|every|this|so|no)\b",
    ),
    _rule(
        _ROLE,
        "< [ ## syste assis devel",
        r"</?(?:important|system|system[-_ ]\w+|instructions?|secret|hidden|admin|critical|priority|mandatory|override"
        r"|prompt|"
        r"assistant|important[-_ ]\w+|user_(?:prompt|query|info)|rules)\s?/?>",
        r"(?<![=\w])\[\[?\s?(?:system|important|instructions?|admin|override|hidden)(?: (?:note|message|instructions?|"
        r"override|"
        r"prompt|notice|only|directive|update))?\s?[!:]?\s?\](?!\s?[(|\[])",
        r"(?:^|[\n.!?*#]\s{0,3})(?:system|assistant|developer)\s?:\s(?=\w+ \w+)",
        r"\bsystem (?:override|notice|alert|prompt addition)\b\s?[:!]",
        r"#{2,}\s?(?:system\s?(?::|\n|prompt|message|instruction)|instructions? (?:for|to) (?:the )?(?:ai|model|assist"
        r"ant|agent|"
        r"llm))",
    ),
    _rule(
        _ROLE,
        "ai llm llms langu chatb claud chatg gpt copil assis helpf virtu mode unres longe now act behav respo prete y"
        "our",
        r"\byou are (?:now |no longer |an? )?(?:<model>|in (?:developer|debug|admin|god|unrestricted|maintenance|dan)("
        r"?: \w+)? mode|"
        r"unrestricted|bound by|no longer|now an? \w+)\b",
        r"(?<!model to )\b(?:act|behave|respond) as (?:if you|though you|an? (?:unrestricted|evil|different|helpful|<m"
        r"odel>))\b",
        r"\bpretend (?:to be|that you|you)\b",
        r"\bfrom now on\b[^.\n]{0,40}\b(?:you|always|never|must|every|all)\b",
        r"\bas (?:an|the) <model>\b[^.\n]{0,20}\byou\b",
        r"\byour (?:new|true|real) (?:task|goal|role|purpose|identity|instructions?|objective)\b",
        r"\b(?:developer|debug|god|dan|unrestricted) mode (?:enabled|activated)\b",
    ),
    _rule(
        _ROLE,
        "ai llm llms langu chatb claud chatg gpt copil assis model agent",
        r"\b(?:note|message|instructions?|attention|hint|reminder|notice|important|warning|dear)\b[^.\n\w]{0,4}(?:for|"
        r"to)?\s?(?:the |"
        r"any |all )?\b(?:<model>|agents?|models?)\b\s?(?::|[-–—]|,? (?:you|read|please|must)\b)",
        r"(?<!which )(?<!which the )\b(?:ai|llms?|language models?|ai (?:model|assistant|agent)|claude|chatgpt|copilot"
        r")\s(?:must|"
        r"shall|needs? to|has to|is required to|should always|should never|is (?:instructed|told|ordered))\b",
        r"\bif you are (?:an? |the )?<model>\b",
        r"\b(?:assistants?|agents?) (?:must|shall) (?:always |never |first |also |not )?(?:<call>|tell|read|send|inclu"
        r"de|reply|"
        r"answer|ignore|follow|obey|pass|say)\b",
    ),
    _rule(
        _ANSWER,
        "tell infor assur convi persu reass advis remin instr urge your reply respo answe recom",
        r"\b(?:always|must|should|instead|then|only|simply|just|you|and) (?:\w+ ){0,2}?(?:tell|inform|assure|convince|"
        r"persuade|"
        r"reassure|advise|remind|instruct|urge) the (?:user|customer)\b(?! (?:agent|id)\b)",
        r"^(?:tell|assure|convince|persuade|reassure|urge) the user\b",
        r"\b(?:in|with|to|at the (?:end|start) of) (?:every|each|all|any)?\s?(?:of )?your (?:\w+ )?(?:answers?|respons"
        r"es?|"
        r"repl(?:y|ies))\b",
        r"\b(?:always|only|must) (?:reply|respond|answer) (?:with|that|by)\b|\balways recommend\b",
        r"\byour (?:final )?(?:answer|response|reply|output) (?:must|should|shall)\b",
    ),
    _rule(
        _OVERRIDE,
        "longe outda obsol void inval repla expir suspe syste promp instr direc rule task checks check filte warni gu"
        "ard confi safeg loggi moder polic updat cance revok",
        r"\b(?:your|earlier|previous|prior|any|other|all)\s(?:\w+\s)?(?:<orders>|polic(?:y|ies))\b[^.\n]{0,50}?\b(?:ou"
        r"tdated|no longer|obsolete|"
        r"void|invalid|replaced|expired|suspended)\b",
        r"\b(?:replaces|overrides|updates|cancels|revokes) (?:(?:your|all previous|all earlier) (?:\w+ )?<orders>|the "
        r"(?:polic(?:y|ies)|rules) of the (?:operator|developer|system|user)|the system prompt)\b",
        r"\b(?:new|updated|hidden|secret|real) (?:system (?:message|prompt)|instructions?|directives?)\s?[:.]|\b(?:new"
        r"|hidden|secret) (?:rule|task)\s?:",
        r"(?:^|[.!?:;]\s|\bplease |\balso )(?:skip|disable|bypass|turn off|leave out|omit|suppress|switch off)\s(?:all"
        r"|any|every|your|content)\s"
        r"(?:\w+ )?(?:checks|filters|warnings|guardrails|confirmations|safeguards|moderation)\b",
    ),
    _rule(
        _ORDER,
        "tool tools funct one other doubt whate matte regar even trust relia accur after befor call",
        r"\b(?:every|all|any) other (?:[\w-]+ )?(?:tools?|functions?)\b[^.\n]{0,50}?\b(?:requires?|needs?|depends?|mus"
        r"t|should|wrong|fail|unsafe|broken|"
        r"deprecated|slower|worse|incorrect)\b",
        r"\bother (?:[\w-]+ )?(?:tools|functions) (?:are|must|should|will|can't|cannot|may not)\b[^.\n]{0,40}?\b(?:uns"
        r"afe|not|never|unreliable|broken|"
        r"wrong|outdated|deprecated|fail|incorrect|forbidden|slower|worse)\b",
        r"\b(?:use|choose|select|call|trust|start with|begin with|pick|rely on)\s(?:only )?(?:this (?:<tools>|one)|it)"
        r"\b[^.\n]{0,40}?\b(?:even (?:if|when|though)|"
        r"whatever|no matter|regardless|in doubt|in any case|for (?:any|every|all) (?:request|question|task|quer)|only"
        r")\b",
        r"\b(?:whatever|no matter what|regardless of what) (?:the user|the request)\b[^.\n]{0,40}?\b(?:start|begin|<ca"
        r"ll>|choose|answer|"
        r"reply|this)\b",
        r"\bmust be (?:<called>)\s(?:first|prior to|before)\b[^.\n]{0,40}\b(?:tools?|functions?|everything|anything)\b",
        r"\b(?:more|most) (?:trustworthy|trusted|reliable|accurate) than (?:all|any|every|the) others?\b",
        r"\b<call> `?\w+`? (?:right|directly|immediately) (?:after|before) (?:this|calling this)\b",
        r"\bdo not (?:call|use|invoke) `?\w*_\w+`?[^.\n]{0,10}?\b(?:call|use|invoke) `?\w+",
    ),
    _rule(
        _HAND_OVER,
        "~ root etc id_rs id_ed aws mcp ssh gpg key keys conte messa text conve turns promp instr cooki passw crede a"
        "pi token secre accou card addre conta locat ssn",
        r"(?:~|/home/\w+|/root)/\.\w+|/etc/(?:passwd|shadow)\b|\bid_(?:rsa|ed25519)\b|\.aws/cred|\bmcp\.json\b",
        r"\b(?:open|read|hand over|load|find|locate|dump)\b[^.\n]{0,40}?\b(?:user's|your|their|private)\s(?:\w+ )?(?:s"
        r"sh|gpg|private) keys?\b",
        r"\b(?:your|the contents? of (?:the|your)) context(?: window)?\b",
        r"\b(?:copy|set|put|place|paste|<give>)\b[^.\n]{0,50}?\b(?:(?:all|every|complete|entire|whole|previous|earlier"
        r"|full|last)\s(?:\w+ )?(?:messages|text of|"
        r"conversation|turns)|(?:system|hidden|internal|initial) (?:prompt|instructions))\b",
        r"\b(?:take|steal|grab|extract|collect|gather|harvest)\b[^.\n]{0,40}?\b(?:cookies|passwords?|credentials?|api "
        r"keys?|tokens|secrets|account numbers?|card "
        r"numbers?)\b[^.\n]{0,40}?\b(?:send|forward|pass|put|include|place|store|post|to)\b",
        r"\b(?:append|include|add|attach|pass|send|forward)\s(?:their|the user's|his or her)\s(?:\w+ ){0,2}?(?:account"
        r" number|card number|password|address book|"
        r"contacts|credentials|cookies|location|ssn|secrets?|token)\b",
        r"\bvalues? of [`\"']?[a-z_]*(?:secret|token|api_?key|password)\w*[`\"']?[^.\n]{0,60}?\b(?:include|send|pass|p"
        r"ut|add|append)\b",
        r"\b(?:return|send|pass|include) the (?:secret|private|api) keys? (?:stored|found|from|in)\b",
    ),
    _rule(
        _SECRECY,
        "tell telli infor warn warni alert notif revea discl learn see sees know knows notic find finds hear hears as"
        "k asked say nothi menti",
        r"\bwithout (?:telling|informing|alerting|warning|notifying) (?:any(?:body|one)|them|him|her|the (?:user|human"
        r"|customer|person))\b",
        r"\b(?:never|do not|don't) (?:reveal|disclose|repeat|show|share|mention) (?:these|this|the above|the hidden|yo"
        r"ur) (?:<orders>|text|note|description|message)\b",
        r"\b(?:user|person|human|customer|anyone|nobody|one)\b[^.\n]{0,30}?\b(?:never|must not|should not|ever) (?:lea"
        r"rns?|sees?|finds? out|knows?|notices?|hears?)\b",
        r"\b(?:never|do not|don't) warn\b",
        r"\b(?:if|when(?:ever)?) (?:you are )?asked (?:what|about|whether|why|if)\b[^.\n]{0,50}?\b(?:say|answer|reply|"
        r"claim|deny|tell|respond)\b",
        r"\b(?:don't|do not|never) let the (?:user|human|customer) (?:see|know|notice|find)\b|\bsay nothing (?:of|abou"
        r"t)\b",
    ),
    _rule(
        _CONSENT,
        "alrea proce",
        r"\b(?:user|customer|administrator|human|operator)s? (?:has |have )?already (?:gave|given|approved|agreed|cons"
        r"ented|confirmed|authori[sz]ed|accepted)\b",
        r"\b(?:completed|approved|confirmed|authori[sz]ed) by the (?:administrator|user|operator|developer)(?: already"
        r")?\b[^.\n]{0,20}?\b(?:already|so|proceed|skip)\b",
        r"\bproceed (?:immediately|right away|at once|directly) without\b",
    ),
    _rule(
        _ROLE,
        "model agent assis llm ai hey see read recei proce load encou obey tells says voice role perso user <",
        r"\b(?:model|assistant|llm|ai|agent) (?:has to|must|needs to|is required to|is asked to|should|ought to)\s(?:"
        r"\w+ ){0,2}?(?:open|read|hand|pass|ignore|reveal|"
        r"forward|disregard|invoke|obey|leak|conceal|tell|prefer|skip)\b",
        r"\b(?:hey|hello|dear|hi),? <model>\b",
        r"\b(?:as soon as|when|once|if|after) you (?:see|read|encounter|receive|process|load|parse) (?:this|these|the "
        r"(?:text|description|above|following))\b",
        r"\b(?:obey|follow|do|execute) (?:exactly )?what(?:ever)? (?:it|they|he|the \w+) (?:tells?|says?|asks?|orders?"
        r"|contains?)\b",
        r"\b(?:answer|speak|respond|reply|write) in the (?:voice|role|name|persona) of\b",
        r"\b(?:when(?:ever)?|if|every time|each time) the user (?:wants|mentions|asks|says|pays|gives|requests|tries|n"
        r"ames)\b[^.\n]{0,60}?,? (?:silently|always|instead|"
        r"replace|change|append|substitute|swap|redirect|also (?:send|call|pass|include|read))\b",
        r"</?(?:system|user|assistant|developer)[-_ ]\w+\s?/?>",
    ),
    _rule(
        _SECRECY,
        "tell nobod belie notic revea see menti discl say",
        r"\b(?:must not|should not|never|do not|don't|cannot) tell (?:the )?(?:users?|customers?|callers?|anyone|anybo"
        r"dy|them)\b",
        r"\btell (?:nobody|no one)\b|\b(?:user|customer)s? (?:must|should) (?:not|never) see\b",
        r"\b(?:let|make|leave) the (?:user|customer|person)s? (?:believe|think|assume)\b",
        r"\bso that (?:the (?:user|customer)|they|he|she|nobody) (?:does|do|will|can|may)? ?(?:not|never)? ?notices?\b",
        r"\byou (?:should|must) (?:not|never) (?:reveal|disclose|mention|admit|say)\b",
        r"\b(?:do not|don't|never) (?:mention|disclose) the\b|\b(?:do not|don't|never) say (?:why|that|so|how)\b",
    ),
    _rule(
        _OVERRIDE,
        "polic rules instr promp impor contr treat disre grant limit secur appro forge warni every above overr",
        r"\b(?:disregard|ignor(?:e|ing)|violat(?:e|ing)|break(?:ing)?|circumvent(?:ing)?) (?:the )?(?:operator|user|de"
        r"veloper|company|owner|security|cost|spending)(?:'s|s)?"
        r"\s(?:\w+ )?(?:polic(?:y|ies)|rules?|limits?|wishes|instructions?|settings)\b",
        r"\b(?:cost|spending|rate|safety) limits? set by the user\b",
        r"\bmore important than\b[^.\n]{0,40}?\b(?:your|prompt|instructions?|anything|user)\b",
        r"\b(?:treat|regard|handle) (?:the )?(?:instructions?|text|content|commands)\b[^.\n]{0,40}?\b(?:as if|as thoug"
        r"h|as coming|as orders)\b",
        r"\b(?:rules?|policies|restrictions|limits) (?:do|does) not apply\b[^.\n]{0,40}?\b(?:so |here|you|therefore|no"
        r"w)\b",
        r"\bnever follow (?:the )?(?:rules|instructions|advice|orders) (?:from|of)\b|\beven (?:when|if|where) (?:they|"
        r"it|this) contradicts?\b",
        r"\b(?:begin|start|end) (?:of )?(?:the )?system prompt\b",
        r"\bforget your (?:role|task|purpose|job|identity)\b|\bignore (?:the |any |all )?warnings\b[^.\n]{0,30}?\byou"
        r"\b",
        r"\b(?:print|repeat|copy|output|put|write) (?:everything|all|the text|the words) above\b|^\s?override\s?:|[.!"
        r"\n]\s?override\s?:",
        r"\byou (?:have been|are|were) (?:granted|given) (?:root|admin\w*|full|all|unlimited)\b|\b(?:approvals?|confir"
        r"mations?|permissions?) (?:are|is) not (?:necessary|needed|required)\b"
        r"[^.\n]{0,20}?\b(?:operation|here|tool|you|\.)",
    ),
    _rule(
        _ORDER,
        "tool tools funct one me ahead twice best broke depre regis",
        r"\b(?:<called>|used) (?:first|ahead of|prior to|before) (?:any|every|all|each)(?: of)?(?: the)? ?(?:other|oth"
        r"ers?|remaining|else)\b",
        r"\b(?:choose|pick|select|prefer) me\b|\b(?:i am|i'm|this is) the best (?:tool|function|choice|option)\b",
        r"\ball (?:the )?other (?:tools|functions) (?:\w+ ){0,2}?be (?:considered|treated|regarded|seen) (?:as )?(?:de"
        r"precated|broken|unsafe|invalid|obsolete)\b",
        r"\b(?:call|invoke|run|use) this (?:tool|function) (?:twice|again|repeatedly|as often)\b",
        r"\bdo(?: not|n't) use the (?:built-?in|native|default|standard|other|existing)\b[^.\n]{0,60}?(?:\.\s|,\s|;\s|"
        r"\band )(?:always )?use this\b",
        r"\bdo(?: not|n't) use the (?:built-?in|native|default|standard|other|existing)\b[^.\n]{0,40}?\b(?:broken|unsa"
        r"fe|unreliable|deprecated)\b",
        r"\b(?:each|every) time you (?:call|use) (?:it|this)\b[^.\n]{0,10}?,? (?:also|first|then)\b",
        r"\bkeep calling this (?:tool|function)\b",
    ),
    _rule(
        _HAND_OVER,
        "funct tools devel initi passw locat conta recor conve hosts ssh envir every know blind debug llm syste",
        r"\b(?:return|list|give|pass|print|report|name|put|write)\b[^.\n]{0,40}?\b(?:functions|tools|plugins) (?:that "
        r")?(?:you|are available|available)\b",
        r"\b(?:told|instructed|given|said) by the (?:developer|operator|system)\b|\byour (?:initial|original|hidden|fi"
        r"rst|internal) (?:instructions|prompt|message)s?\b",
        r"\b(?:ask|prompt|get|obtain) (?:the )?(?:user|customer)s?(?: for)?(?:'s)? (?:their |the |a )?(?:\w+ )?(?:pass"
        r"word|pin|passphrase|seed phrase|2fa code|secret)\b",
        r"\b(?:with|pass|send|include|share|post|transmit\w*|upload|give|append|attach|path of)\s(?:it )?(?:all )?(?:t"
        r"he )?(?:user's |users' |their |user )?(?:\w+ )?(?:password|location|"
        r"contacts|address book|ssh keys?|microphone|clipboard|browsing history|whereabouts)\b[^.\n]{0,40}?\b(?:of the"
        r" user|on every|on each|with https?:|to https?:|in `\w+`|every call|each call)",
        r"\b(?:user's|users') (?:location|contacts|password|address book|ssh keys?|clipboard|data|files)\b[^.\n]{0,30}"
        r"?\b(?:with|to) https?:",
        r"\b(?:path|content|contents) of the user's (?:ssh|gpg|private)\b|\bfirst with the user's password\b",
        r"\b(?:record|copy|log|capture|save) (?:the|this|every|each|all) (?:conversations?|chats?|dialogues?|messages?"
        r")\b[^.\n]{0,30}?\b(?:mail|send|post|forward|upload)\b",
        r"\b(?:collect|gather|read|dump) (?:the |all )?(?:environment|secrets|credentials|keys)\b[^.\n]{0,30}?\b(?:pas"
        r"s|send|put|include|give)\b",
        r"\beverything (?:that )?you (?:know|have learned|remember|have been told|were told)\b|\bin blind copy\b|\bthe"
        r" (?:text|contents?) of /etc/\w+",
        r"\b(?:of|your) (?:own )?system (?:message|prompt)\b",
    ),
    _rule(
        _ROLE,
        "assis model agent llm llms ai langu retur respo remem note hidde impor",
        r"\b(?:note|hint|rule|comment|important) (?:for|to) (?:the |all |any |every )?(?:agents?|"
        r"assistants?|llms?|ai|language models?|models that)\b",
        r"(?:^|[.!?\n]\s*)(?:assistants?|ai|llm|claude|gemini|gpt|copilot|agent)\s?[,:!]\s",
        r"\b(?:ai|llm|agent|assistant|model) (?:should|is expected to|ought to|is supposed to)\s(?:\w+ ){0,2}?(?:fill|"
        r"keep calling|praise|never|ignore|always (?:use|call|choose|say)|repeat what)\b",
        r"\b(?:do|act|behave|proceed) as (?:the )?(?:returned|retrieved|received|fetched|resulting)?\s?(?:text|respons"
        r"e|result|page|answer) (?:says?|tells?|asks?|demands?)\b",
        r"\bfollow the (?:steps|instructions|orders|commands) in the (?:response|result|answer|output|page|reply)\b",
        r"\b(?:summary|answer|reply|response|result|text) (?:\w+ )?(?:must |should )?(?:praises?|flatters?|never criti"
        r"ci[sz]es?)\b|\breport success\b(?= *[.!]? *$)",
        r"\binstead of answering\b|\banswer (?:every|each|any) (?:question|request|message)s? (?:with|by)\b",
        r"\bif the user asks (?:to|for) [^.\n]{0,60}?, (?:delete|remove|send|buy|pay|transfer|cancel|approve|drop) (?:"
        r"all|every|both|another|instead|the whole)\b",
        r"\b(?:than|of) the (?:amount|recipient|account|price|value|quantity) (?:that )?the user (?:said|gave|named|wa"
        r"nted|asked)\b",
    ),
    _rule(
        _RUN,
        "follo obey execu curl wget rm power chmod bin nc sudo decod",
        r"\b(?:run|execute|exec|eval|paste|invoke|call|perform|launch)\b[^\n]{0,60}?(?:\bcurl\s|\bwget\s|\brm -rf|"
        r"\|\s?(?:ba)?sh\b|"
        r"powershell(?:\.exe)? -|chmod \+?\w|/bin/\w+|\bnc -|\bsudo )",
        r"\b(?:curl|wget)\b[^\n|]{0,120}\|\s?(?:sudo )?(?:ba|z)?sh\b",
        r"\bdecode\b[^.\n]{0,60}?\b(?:and|then)\b[^.\n]{0,30}?\b(?:follow|execute|run|obey|perform)\b",
        r"\b(?:after\w*|then|and)\b[^.\n]{0,20}?\b(?:follow|obey|execute) (?:all|any|every) (?:instructions?|commands|"
        r"orders)\b",
        r"\b(?:follow|execute|obey) the (?:decoded|base64|hidden|encoded)\b",
    ),
    _rule(
        _RUN,
        "follo obey compl carry execu",
        r"\b(?:you (?:must|should|need to|have to)|please|always|then|and|strictly) (?:strictly )?(?:follow|obey|compl"
        r"y with|"
        r"execute|carry out) (?:the|these|all|any|every)\s(?:\w+\s){0,3}?(?:instructions?|orders|commands|directives?)"
        r" (?:below|"
        r"above|found|contained|written|embedded|that|which|returned|hidden|in (?:this|the) (?:\w+ )?(?:response|resul"
        r"t|output|"
        r"page|file|document|description)|in the \w+)\b",
    ),
)


def instructions(text: str) -> Iterator[Instruction]:
    """The first stretch of each kind of talk to the model, in no order."""
    lowered = text.replace("İ", "I").lower()  # the one letter that grows when it is lowered
    cues = {word[:CUE_LENGTH] for word in _CUE.findall(lowered)}
    if not text.isascii():
        cues.add(NOT_ASCII)
    said: set[str] = set()
    for rule in _RULES:
        if rule.why in said or rule.cues.isdisjoint(cues):
            continue
        if found := rule.pattern.search(lowered):
            said.add(rule.why)
            yield Instruction(found.start(), found.end(), rule.why)
