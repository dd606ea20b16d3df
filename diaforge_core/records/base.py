"""What every record shares: frozen, strict about its fields, and named by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen value; unknown fields are an error. Rebuild it after an edit, so that it is validated again."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def canonical_json(value: Any, *, allow_nan: bool = True) -> str:
    """The one JSON text of a value: sorted keys, no spaces, Unicode as it is.

    TypeError for what JSON does not know; ValueError for numbers that it does not, where they are not allowed.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=allow_nan)


def content_id(*parts: Any, length: int = 12) -> str:
    """A stable lower-case hex name for JSON-able parts, the same on every machine."""
    text = canonical_json(list(parts)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=length // 2).hexdigest()


def list_id(texts: Iterable[str], *parts: Any, length: int = 12) -> str:
    """`content_id(items, *parts)` where each text is the canonical JSON of an item; never holds all of it at once."""
    digest = hashlib.blake2b(digest_size=length // 2)
    between = "[["
    for text in texts:
        digest.update((between + text).encode("utf-8", "surrogatepass"))
        between = ","
    rest = "".join(f",{canonical_json(part)}" for part in parts)
    digest.update(f"{'' if between == ',' else between}]{rest}]".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def derived_seed(*parts: Any) -> int:
    """A 63-bit seed that depends on every part and on nothing else (never on `hash()` or order of work)."""
    return int(content_id(*parts, length=16), 16) >> 1
