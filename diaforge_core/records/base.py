"""What every record shares: frozen, strict about its fields, and named by its content."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen value; unknown fields are an error. Rebuild it after an edit, so that it is validated again."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, Unicode as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_id(*parts: Any, length: int = 12) -> str:
    """A stable lower-case hex name for JSON-able parts, the same on every machine."""
    text = canonical_json(list(parts)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=length // 2).hexdigest()


def derived_seed(*parts: Any) -> int:
    """A 63-bit seed that depends on every part and on nothing else (never on `hash()` or order of work)."""
    return int(content_id(*parts, length=16), 16) >> 1
