"""Seals: what is hashed when an event gets its number, and how the numbers are chained.

docs/seals.md states the whole format and how to check it from an export. Nothing here may ever change
what it computes: a seal is recomputed for as long as its event is kept.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

GENESIS = bytes(32)
"""What the first seal of a stream is chained to."""

Contents = Mapping[str, Mapping[str, Any]]
"""Per table the number of rows written under an event (`rows`) and their common hash (`sha256`, hex)."""


def canonical(value: Any) -> str:
    """JSON with sorted keys (by code point), no blanks, and text not escaped beyond need."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def digest(contents: Contents) -> bytes:
    """SHA-256 of the canonical JSON of `contents`."""
    return hashlib.sha256(canonical(contents).encode()).digest()


def link(previous: bytes, stream: str, seq: int, event_id: uuid.UUID, digest: bytes) -> bytes:
    """The hash of a seal: SHA-256 over the hash before it and what it seals.

    Layout: previous hash (32 bytes), length of the stream's name (2 bytes, big-endian) and the name
    (UTF-8), number (8 bytes, big-endian), event id (16 bytes), digest (32 bytes).
    """
    name = stream.encode()
    parts = (previous, len(name).to_bytes(2), name, seq.to_bytes(8), event_id.bytes, digest)
    return hashlib.sha256(b"".join(parts)).digest()


class Reason(StrEnum):
    """What is wrong at a broken seal."""

    gap = "gap"
    missing_row = "missing_row"
    added_row = "added_row"
    changed_row = "changed_row"
    changed_seal = "changed_seal"
    wrong_link = "wrong_link"
    wrong_order = "wrong_order"
    unsealed = "unsealed"
    wrong_root = "wrong_root"
    rewritten = "rewritten"


@dataclass(frozen=True, slots=True)
class Breach:
    """The first broken place of a stream. `detail` names the table, where one is to blame."""

    stream: str
    seq: int | None
    event_id: uuid.UUID | None
    reason: Reason
    detail: str

    def __str__(self) -> str:
        place = f"{self.stream}/{self.seq}" if self.seq is not None else self.stream
        return f"{place}: {self.reason.value}: {self.detail} (event {self.event_id})"


def compare(sealed: Contents, found: Contents) -> tuple[Reason, str] | None:
    """The first table whose rows are not those that were sealed; None when all are."""
    for table in sorted({*sealed, *found}):
        before, after = sealed.get(table, _NO_ROWS), found.get(table, _NO_ROWS)
        if before == after:
            continue
        counts = f"{table}: {after['rows']} rows, sealed {before['rows']}"
        if int(after["rows"]) < int(before["rows"]):
            return Reason.missing_row, counts
        if int(after["rows"]) > int(before["rows"]):
            return Reason.added_row, counts
        return Reason.changed_row, f"{table}: not the content that was sealed"
    return None


_NO_ROWS: Mapping[str, Any] = {"rows": 0, "sha256": ""}
