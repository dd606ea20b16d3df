"""Characters that a person does not see, or takes for others: found, and made visible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple


class Hidden(NamedTuple):
    """A stretch of text that a person does not see as it is."""

    start: int
    end: int
    why: str
    """A plain sentence."""


_WHITE = "\t\n\r \u00a0\u2000-\u200a\u202f\u205f\u3000"
_NEVER_SEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{_NEVER_SEEN}]+")
_FORMS = re.compile(
    r"(?P<comment><!--(?!\s*-->).*?(?:-->|\Z))"
    r"|(?P<note>^\[[^\]\n]{1,40}\]:\s?(?:\#|<>)\s?[(\"'][^\n]{1,2000})"
    r"|(?P<style><[a-z][^<>]{0,200}(?:display\s?:\s?none|visibility\s?:\s?hidden|font-size\s?:\s?0(?![.\d])"
    r"|opacity\s?:\s?0(?![.\d])|color\s?:\s?(?:white|transparent|\#fff)\b)[^<>]{0,200}>)"
    r"|(?P<token><\|[a-z_]{1,40}\|>|<[|｜][^<>|｜\n]{1,40}[|｜]>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_(?:turn|role)>"
    r"|<(?:bos|eos)>|</?(?:tool_calls?|tool_response|function_calls?|function_results?|antml:\w{1,30})>"
    r"|<s>\s?\[INST|\n\n(?:Human|Assistant):\s|^\#\#\#\ (?:Instruction|Response|System)s?:)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_FORM_START = re.compile(r"<[!|｜</a-zA-Z]|\[|\n\n[HhAa]|###")
_FORM_WORDS = {
    "comment": "A comment in the text is not shown where the text is shown as a page, and is read by a model.",
    "note": "A note of Markdown is not shown where the text is shown as a page, and is read by a model.",
    "style": "The markup hides what it surrounds from a reader, not from a model.",
    "token": "It is written like a mark by which a chat model tells speakers apart.",
}
_FAR_APART = re.compile(rf"[{_WHITE}]{{16,}}")
MANY_LINES = 15
"""Empty lines that push what follows out of sight."""
MANY_SPACES = 150
"""Spaces in one line that push what follows out of sight; tables of real documents stay below."""

_JOINERS = "\u200c\u200d"
_MARKS = "\u200e\u200f\u061c"
_FLAG = "\U0001f3f4"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_SPELLING = re.compile("[\U000e0000-\U000e007f]+|[\U000e0100-\U000e01ef]{3,}")
_WORD = re.compile(r"[^\W\d_]+")
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LOOKALIKE = dict(
    zip(
        "аеорсухіјѕһԁԛԝԍӏкмтвнАВЕКМНОРСТУХІЈЅԌԜӀ"  # Cyrillic
        "ονικρταυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"  # Greek
        "օսհոցԱՕՏՍ"  # Armenian
        "ᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏁᏢᏒᏚᎢᏙᏔᏃ",  # Cherokee
        "aeopcyxijshdqwglkmtbhABEKMHOPCTYXIJSGWI"
        "ovikptauxABEZHIKMNOPTYX"
        "ouhngUOSU"
        "ABCDEHJKLMNPRSTVWZ",
        strict=True,
    )
)  # fmt: skip
"""Letter of another script → the Latin letter that it looks like."""
_TO_LATIN = str.maketrans(_LOOKALIKE)
_ALIKE = re.compile(f"[{''.join(_LOOKALIKE)}]")
_STYLED = re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189]{3,}")


def hidden(text: str) -> Iterator[Hidden]:
    """Every stretch that a reader of the page would not see and a model would read, in no order."""
    if not text.isascii() or not text.isprintable():
        yield from _unseen(text)
        yield from _pushed_away(text)
    elif len(text) > MANY_SPACES:
        yield from _pushed_away(text)
    if _FORM_START.search(text):
        for found in _FORMS.finditer(text):
            yield Hidden(found.start(), found.end(), _FORM_WORDS[found.lastgroup or "token"])


def without_hidden(text: str) -> str:
    """The text without what `hidden` finds; of what only pushes words out of sight one blank or empty line stays."""
    bare = _FORMS.sub("", text) if _FORM_START.search(text) else text
    spans = [(found.start, found.end) for found in _unseen(bare)]
    for start, end in reversed(spans):
        bare = bare[:start] + bare[end:]
    return _FAR_APART.sub(lambda found: "\n\n" if found[0].count("\n") > 1 else " ", bare)


def lookalikes(text: str, *, is_name: bool = False) -> Iterator[Hidden]:
    """Every word in which letters of another script stand in for Latin ones.

    In a name also a whole word of such letters beside Latin ones, since it was written to be taken for a Latin word.
    """
    if text.isascii():
        return
    for styled in _STYLED.finditer(text):
        plain = unicodedata.normalize("NFKC", styled[0])
        yield Hidden(styled.start(), styled.end(), f"The letters look like “{plain[:60]}” and are others.")
    if not _ALIKE.search(text):
        return
    latin_beside = is_name and any(letter.isascii() and letter.isalpha() for letter in text)
    for word in _WORD.finditer(text):
        if first := _stand_in(word[0], latin_beside):
            yield Hidden(
                word.start(),
                word.end(),
                f"“{word[0][:60]}” looks like “{word[0].translate(_TO_LATIN)[:60]}”, but {show(first)} is a letter of "
                f"{_script(first)}.",
            )


def _stand_in(word: str, latin_beside: bool) -> str:
    """One letter of the word that stands in for a Latin one; nothing if the word is honestly of its script."""
    others = {letter for letter in word if not letter.isascii()}
    fooling = others <= _LOOKALIKE.keys() and (latin_beside or len(others) < len(set(word)))
    return min(others) if others and fooling else ""


def visible(text: str) -> str:
    """The text with each character that a reader does not see written as `<U+200B>`."""
    if text.isprintable() and text.isascii():
        return text
    return _UNSEEN.sub(lambda found: "".join(show(letter) for letter in found[0]), text)


def show(letter: str) -> str:
    """`<U+200B>` for a zero-width space."""
    return f"<U+{ord(letter):04X}>"


def plain(text: str) -> str:
    """The text as a model may well read it: unseen characters gone, look-alikes as what they look like."""
    if text.isascii():
        return text
    spelled = "".join(_spelled(letter) for run in _SPELLING.findall(text) for letter in run)
    bare = _UNSEEN.sub(lambda found: " " if found[0] in ("\u2028", "\u2029") else "", text)
    words = unicodedata.normalize("NFKC", bare)
    if _ALIKE.search(words):
        words = _WORD.sub(lambda found: _as_latin(found[0]), words)
    return f"{words}\n{spelled}" if spelled else words


def _as_latin(word: str) -> str:
    return word.translate(_TO_LATIN) if any(letter.isascii() for letter in word) else word


def _unseen(text: str) -> Iterator[Hidden]:
    for found in _UNSEEN.finditer(text):
        if not _belongs(text, found.start(), found.end()):
            yield Hidden(found.start(), found.end(), _unseen_words(found[0]))


def _belongs(text: str, start: int, end: int) -> bool:
    """Whether unseen characters do what they are made for there: join letters or emoji, turn to Hebrew."""
    run, before, after = text[start:end], text[start - 1 : start], text[end : end + 1]
    if start == 0 and run == "\ufeff":
        return True
    if run in ("\ufe0f", "\ufe0e", "\ufe0f\u200d", "\ufe0f\u20e3"):
        return bool(before) and (unicodedata.category(before) in ("So", "Sm", "Sk", "Po") or before in "0123456789#*")
    if len(run) == 1 and _SELECTORS.match(run):
        return bool(before) and unicodedata.category(before) == "Lo"
    if len(run) == 1 and run in _JOINERS:
        return bool(before and after) and all(
            unicodedata.category(letter) in ("So", "Sk", "Lo", "Mn", "Mc") for letter in (before, after)
        )
    if len(run) == 1 and run in _MARKS:
        return bool(_RTL.search(text))
    return before == _FLAG and len(run) <= 7 and run[-1] == "\U000e007f" and bool(_TAGS.match(run))


def _unseen_words(run: str) -> str:
    said = "".join(_spelled(letter) for letter in run).strip()
    if len(said) > 2:
        return f"Characters that no one sees spell “{said[:80]}”."
    if any(letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" for letter in run):
        return "It turns the direction of writing, so that the text reads otherwise than it stands."
    if "\x1b" in run or "\x9b" in run:
        return "It begins a command to a terminal, which can hide what follows."
    name = unicodedata.name(run[0], "a control character").lower()
    return f"{'A character that is' if len(run) == 1 else f'{len(run)} characters that are'} not shown ({name})."


def _spelled(letter: str) -> str:
    """What a tag character or a variation selector spells when it is used as a byte of hidden text."""
    code = ord(letter)
    if 0xE0020 <= code <= 0xE007E:
        return chr(code - 0xE0000)
    if 0xE0100 <= code <= 0xE01EF:
        return chr(code - 0xE0100 + 16)
    return ""


def _pushed_away(text: str) -> Iterator[Hidden]:
    for found in _FAR_APART.finditer(text.rstrip()):  # blanks at the end would be tried from each of them
        lines = found[0].count("\n")
        widest = max(len(line) for line in found[0].split("\n"))
        if lines > MANY_LINES or widest >= MANY_SPACES:
            yield Hidden(
                found.end() - 1,
                min(found.end() + 60, len(text)),
                f"{lines:,} empty lines push what follows out of sight."
                if lines > MANY_LINES
                else f"{widest:,} spaces push what follows out of sight.",
            )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "another script").split()[0].capitalize()
