"""Bytes in, a bounded tree of elements out: no document type, no entities, nothing outside of the document."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

MAX_XML_BYTES = 32_000_000
"""Bytes of an XML document; the largest public `$metadata` documents are near 10 MB."""
MAX_XML_NODES = 1_000_000
"""Elements and attributes of one document, which take about 200 bytes each."""
MAX_XML_DEPTH = 100
"""Levels of nesting; `$metadata` needs about fifteen."""
MAX_XML_TOKEN = 1_000_000
"""Bytes of one tag or comment: the parser holds it whole, with all its attributes, before it tells of it."""
_CHUNK = 65_536
"""Bytes handed to the parser at a time, so that a limit is noticed before the rest is read."""
_BEGINNINGS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<")
"""First bytes of a document in UTF-8 and UTF-16, with and without a byte order mark."""
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


class XmlProblem(ValueError):
    """Why an XML document cannot be read, as the end of a sentence."""


def looks_like_xml(data: bytes) -> bool:
    """Whether the document begins with `<`."""
    return data[:400].lstrip().startswith(_BEGINNINGS)


def parse_xml(data: bytes) -> Element:
    """The root element, tags and attributes as `{namespace}name`, comments left out.

    XmlProblem if it is a web page, malformed, larger or deeper than the limits above, or declares a document type:
    entities can stand for any amount of text or for files elsewhere, and no catalog needs them.
    """
    if len(data) > MAX_XML_BYTES:
        raise XmlProblem(f"the XML file has {len(data):,} bytes (limit {MAX_XML_BYTES:,})")
    if _HTML.search(data[:1000].replace(b"\x00", b"")):
        raise XmlProblem("it is a web page (HTML), perhaps of a sign-in; save the document that the page leads to")
    try:
        return _parse(data)
    except DefusedXmlException:
        raise XmlProblem(
            "it declares a document type or entities (`<!DOCTYPE …>`), which are never read; remove the declaration"
        ) from None
    except ParseError as error:
        raise XmlProblem(f"it is not valid XML ({_where(error)})") from None
    except (LookupError, ValueError, OverflowError) as error:
        if isinstance(error, XmlProblem):
            raise
        raise XmlProblem("it is not XML in an encoding that can be read; save it as UTF-8") from None


def local_name(tag: str) -> str:
    """The name of a tag or attribute without its namespace."""
    return tag.rsplit("}", 1)[-1]


def _parse(data: bytes) -> Element:
    parser = DefusedXMLParser(target=_BoundedBuilder(), forbid_dtd=True)
    for start in range(0, len(data), _CHUNK):
        parser.feed(data[start : start + _CHUNK])
        if start + _CHUNK - max(0, parser.parser.CurrentByteIndex) > MAX_XML_TOKEN + _CHUNK:
            raise XmlProblem(f"one tag or comment of it is longer than {MAX_XML_TOKEN:,} bytes")
    return parser.close()


class _BoundedBuilder(TreeBuilder):
    """Builds the tree; stops at the limits before the element that breaks them is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.nodes = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        self.nodes += 1 + len(attrs)
        if self.depth > MAX_XML_DEPTH:
            raise XmlProblem(f"it is nested deeper than {MAX_XML_DEPTH} levels")
        if self.nodes > MAX_XML_NODES:
            raise XmlProblem(f"it holds more than {MAX_XML_NODES:,} elements and attributes")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def _where(error: ParseError) -> str:
    line, column = getattr(error, "position", (0, 0))
    why = str(error).split(":", 1)[0]
    return f"line {line}, column {column + 1}: {why}"
