"""Local `$ref`s of one document, followed within limits; nothing outside the document is ever touched."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

MAX_HOPS = 40
"""A `$ref` that leads only to the next `$ref` more often than this is a circle."""

MAX_STEPS = 400
"""Steps of one reference into the document; more are nowhere in it."""


class RefError(ValueError):
    """Why a reference cannot be followed, as the end of a sentence."""


class References:
    """Looks up the local references of one document."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.known: dict[Any, Any] = {}
        """What was made of references before, for whoever follows them again."""
        self.spent = 0
        """Parts of schemas that were made of this document so far."""

    def lookup(self, ref: Any) -> Any:
        """What `ref` points at, as it stands. RefError if it leads out of the document or nowhere."""
        if not isinstance(ref, str):
            raise RefError("a `$ref` is not text")
        if not ref.startswith("#"):
            raise RefError(
                f"it refers to `{ref[:120]}` outside of this document, which is never fetched or opened; "
                "put the definition into the document"
            )
        pointer = unquote(ref[1:])
        if pointer and not pointer.startswith("/"):
            raise RefError(f"the reference `{ref[:120]}` is not a path inside this document")
        place = self.document
        for step in pointer.split("/", MAX_STEPS)[1:]:
            place = _step(place, step.replace("~1", "/").replace("~0", "~"), ref)
        return place

    def follow(self, value: Any) -> Any:
        """`value`, or what it finally refers to if it is a `{"$ref": …}`. RefError as above, and for a circle."""
        for _ in range(MAX_HOPS):
            if not isinstance(value, dict) or "$ref" not in value:
                return value
            value = self.lookup(value["$ref"])
        raise RefError("a `$ref` leads round in a circle")


def _step(place: Any, step: str, ref: str) -> Any:
    if isinstance(place, dict) and step in place:
        return place[step]
    if isinstance(place, list) and step.isascii() and step.isdigit() and len(step) < 7 and int(step) < len(place):
        return place[int(step)]
    raise RefError(f"the reference `{ref[:120]}` leads nowhere in this document")
