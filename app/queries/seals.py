"""Reads for sealing and verifying: the tail, the heads of the chains, and what lies under an event."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Date, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from app.models import Base
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy import Column
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.seal import Contents


@dataclass(frozen=True, slots=True)
class Covered:
    """An append-only table and the join that finds the rows `r` written under an event `t.event_id`."""

    table: str
    join: str = "JOIN {table} r ON r.event_id = t.event_id"


COVERED = (
    Covered("events", "JOIN events r ON r.id = t.event_id"),
    Covered("audit", "JOIN audit r ON r.id = t.event_id"),
    Covered("facts"),
    Covered("ledger_transfers"),
    Covered(
        "ledger_entries",
        "JOIN ledger_transfers p ON p.event_id = t.event_id"
        " JOIN ledger_entries r ON r.ledger_id = p.ledger_id AND r.transfer_id = p.id",
    ),
    Covered("schemes"),
    Covered("asset_status_changes"),
    Covered("party_successions"),
    Covered("party_names"),
    Covered("party_districts"),
    Covered("party_sizes"),
    Covered("party_roles"),
    Covered("legal_events"),
    Covered("reconciliations"),
    Covered("certificate_keys"),
    Covered("recordals"),
    Covered(
        "recordal_parties",
        "JOIN recordals p ON p.event_id = t.event_id JOIN recordal_parties r ON r.recordal_id = p.id",
    ),
    Covered(
        "recordal_assets",
        "JOIN recordals p ON p.event_id = t.event_id JOIN recordal_assets r ON r.recordal_id = p.id",
    ),
    Covered("import_rows"),
    Covered("offer_rounds"),
    Covered("consent_uses"),
    Covered("decisions"),
    Covered("pledge_shares"),
    Covered("loan_classifications"),
    Covered("recoveries"),
    Covered("enforcement_payments"),
    Covered(
        "recovery_shares",
        "JOIN recoveries p ON p.event_id = t.event_id JOIN recovery_shares r ON r.recovery_id = p.id",
    ),
    Covered("policy_endorsements"),
    Covered("task_reports"),
    Covered("documents"),
    Covered(
        "document_contents",
        "JOIN documents p ON p.event_id = t.event_id JOIN document_contents r ON r.sha256 = p.sha256",
    ),
    Covered("approvals"),
    Covered("period_balances"),
    Covered("bank_statements"),
    Covered("interest_rates"),
    Covered("interest_accruals"),
    Covered("fund_sources"),
    Covered("fund_movements"),
    Covered("stress_tests"),
    Covered("roots"),
    Covered("loan_entries"),
    Covered("loan_instalments"),
)
"""Every append-only table whose rows belong to an event. Rows that may change cannot be covered."""


def _canonical(column: Column[Any]) -> str:
    """SQL for a column's canonical JSON as docs/seals.md defines it; NULL for NULL."""
    name, kind = f"r.{column.name}", column.type
    if isinstance(kind, JSONB):
        return f"canonical_json({name})"
    if isinstance(kind, TIMESTAMP):
        return f"""'"' || to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"'"""
    if isinstance(kind, LargeBinary):
        return f"'\"' || encode({name}, 'hex') || '\"'"
    if isinstance(kind, Uuid):
        return f"'\"' || {name}::text || '\"'"
    if isinstance(kind, Boolean | Date | ARRAY) or kind.python_type is str:
        return f"to_json({name})::text"
    return f"{name}::text"


def row_text(table: str) -> str:
    """SQL for the canonical JSON of a row `r` of a covered table."""
    columns = sorted(Base.metadata.tables[table].columns, key=lambda column: column.name)
    members = ", ".join(f"'\"{column.name}\":' || ({_canonical(column)})" for column in columns)
    return f"'{{' || concat_ws(',', {members}) || '}}'"


def row_hash(table: str) -> str:
    """SQL for the SHA-256 of that text."""
    return f"sha256(convert_to({row_text(table)}, 'UTF8'))"


_ROWS = " UNION ALL ".join(
    f"SELECT t.event_id, '{one.table}' AS name, {row_hash(one.table)} AS hash"
    f" FROM unnest($1::uuid[]) AS t(event_id) {one.join.format(table=one.table)}"
    for one in COVERED
)
_CONTENTS = f"""
SELECT event_id, jsonb_object_agg(name, jsonb_build_object('rows', rows, 'sha256', sha256))::text AS contents
FROM (
  SELECT event_id, name, count(*) AS rows,
         encode(sha256(string_agg(hash, ''::bytea ORDER BY hash)), 'hex') AS sha256
  FROM ({_ROWS}) AS r GROUP BY event_id, name
) AS tables GROUP BY event_id
"""
_TAIL = "SELECT event_id, stream FROM outbox ORDER BY serial LIMIT $1"
_HEADS = """
SELECT s.stream, last.seq, last.hash
FROM unnest($1::text[]) AS s(stream)
CROSS JOIN LATERAL (SELECT seq, hash FROM seals WHERE stream = s.stream ORDER BY seq DESC LIMIT 1) AS last
"""
_END = "SELECT position, sealed_at FROM seals ORDER BY position DESC LIMIT 1"
_LAG = """
SELECT count(*) AS rows, min(e.recorded_at) AS oldest
FROM (SELECT event_id FROM outbox ORDER BY serial LIMIT 100000) AS o JOIN events e ON e.id = o.event_id
"""
_STREAMS = """
SELECT stream FROM (SELECT DISTINCT stream FROM seals UNION SELECT DISTINCT stream FROM events) AS s
WHERE $1::text IS NULL OR stream = $1 ORDER BY stream
"""
_SEALS = """
SELECT stream, seq, event_id, position, contents::text AS contents, digest, prev_hash, hash, sealed_at
FROM seals WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
_UNSEALED = """
SELECT e.id FROM events e
WHERE e.stream = $1 AND NOT EXISTS (SELECT 1 FROM seals s WHERE s.event_id = e.id AND s.stream = e.stream)
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_id = e.id AND o.stream = e.stream)
ORDER BY e.id LIMIT 1
"""
_SHARED = ("events", "audit", "document_contents")
"""Of these, rows may lie under no event, or are events: refused requests are audited without one."""
_ORPHAN = {
    one.table: (
        f"SELECT o.ctid::text AS place FROM {one.table} o WHERE NOT EXISTS ("
        f"SELECT 1 FROM (SELECT id AS event_id FROM events) AS t {one.join.format(table=one.table)}"
        " WHERE r.ctid = o.ctid) LIMIT 1"
        if "event_id" not in Base.metadata.tables[one.table].columns
        else f"SELECT o.event_id::text AS place FROM {one.table} o"
        " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = o.event_id) LIMIT 1"
    )
    for one in COVERED
    if one.table not in _SHARED
}
"""Per table the place of a row that lies under no event, so that no seal covers it."""
_POSITION_GAP = """
SELECT previous + 1 AS missing, stream, seq, event_id
FROM (SELECT position, lag(position, 1, 0) OVER (ORDER BY position) AS previous, stream, seq, event_id
      FROM seals) AS s
WHERE position <> previous + 1 ORDER BY position LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream's chain."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal as it is stored."""

    seq: int
    event_id: uuid.UUID
    position: int
    contents: Contents
    digest: bytes
    prev_hash: bytes
    hash: bytes
    sealed_at: datetime


async def tail(session: AsyncSession, limit: int) -> list[tuple[uuid.UUID, str]]:
    """The oldest events without a seal, at most `limit`, each with its stream."""
    rows = await (await driver(session)).fetch(_TAIL, limit)
    return [(row["event_id"], row["stream"]) for row in rows]


async def contents(session: AsyncSession, event_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Contents]:
    """What was written under each event: rows and their common hash per table."""
    rows = await (await driver(session)).fetch(_CONTENTS, list(event_ids))
    return {row["event_id"]: json.loads(row["contents"]) for row in rows}


async def heads(session: AsyncSession, streams: Sequence[str]) -> dict[str, Head]:
    """The last seal of each stream that has one."""
    rows = await (await driver(session)).fetch(_HEADS, list(streams))
    return {row["stream"]: Head(row["seq"], row["hash"]) for row in rows}


async def end(session: AsyncSession) -> tuple[int, datetime | None]:
    """The last position of the instance and when it was sealed; (0, None) before the first seal."""
    row = await (await driver(session)).fetchrow(_END)
    return (0, None) if row is None else (row["position"], row["sealed_at"])


async def lag(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many events wait for their seal (counted up to 100 000) and since when the oldest does."""
    row = await (await driver(session)).fetchrow(_LAG)
    assert row is not None  # noqa: S101 - an aggregate always has its row
    return row["rows"], row["oldest"]


async def streams(session: AsyncSession, only: str | None) -> list[str]:
    """All streams, or the one asked for if it exists."""
    return [row["stream"] for row in await (await driver(session)).fetch(_STREAMS, only)]


async def seals(session: AsyncSession, stream: str, *, after: int, limit: int) -> list[Sealed]:
    """Seals of a stream with a number above `after`, in order."""
    rows = await (await driver(session)).fetch(_SEALS, stream, after, limit)
    return [
        Sealed(
            seq=row["seq"],
            event_id=row["event_id"],
            position=row["position"],
            contents=json.loads(row["contents"]),
            digest=row["digest"],
            prev_hash=row["prev_hash"],
            hash=row["hash"],
            sealed_at=row["sealed_at"],
        )
        for row in rows
    ]


async def unsealed(session: AsyncSession, stream: str) -> uuid.UUID | None:
    """An event of the stream that has neither a seal nor a place in the tail."""
    found: uuid.UUID | None = await (await driver(session)).fetchval(_UNSEALED, stream)
    return found


async def orphans(session: AsyncSession) -> dict[str, str]:
    """Covered tables that have a row under no event, and which: the event it names, or where it lies."""
    connection = await driver(session)
    found = {table: await connection.fetchval(statement) for table, statement in _ORPHAN.items()}
    return {table: place for table, place in found.items() if place is not None}


async def position_gap(session: AsyncSession) -> tuple[int, str, int, uuid.UUID] | None:
    """The first missing position of the instance and the seal (stream, number, event) after it."""
    row = await (await driver(session)).fetchrow(_POSITION_GAP)
    return None if row is None else (row["missing"], row["stream"], row["seq"], row["event_id"])
