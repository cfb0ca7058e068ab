"""Batches of filings: each line is filed or refused by itself, or all together."""

from __future__ import annotations

from enum import StrEnum

from app.domain.errors import ErrorKind, define

MAX_LINES = 10_000
"""Filings that one request may hold."""

KEY_TWICE = define(
    "pledge.key_twice",
    ErrorKind.invalid,
    "同一批次内键 {key} 重复",
    "Key {key} is given to two lines of the batch.",
)
BATCH_EMPTY = define("pledge.batch_empty", ErrorKind.invalid, "批次内没有任何一行", "The batch has no line.")
BATCH_TOO_LONG = define(
    "pledge.batch_too_long",
    ErrorKind.invalid,
    "批次至多 {limit} 行",
    "A batch has {limit} lines at most.",
)


class LineOutcome(StrEnum):
    """What became of a line; `exists`: it had been filed before under its key."""

    created = "created"
    exists = "exists"
    refused = "refused"
