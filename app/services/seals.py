"""Sealing: numbering committed events without a gap and chaining them, and verifying both.

One sequencer at a time seals (the worker's leader lock); should two ever run, the keys of `seals`
refuse the second. Committed rows are never touched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain import seal as rules
from app.domain.seal import GENESIS, Breach, Reason
from app.queries import seals as queries
from app.queries.driver import driver

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.seal import Contents
    from app.queries.seals import Sealed

BATCH = 500
"""Most events sealed in one transaction."""
VERIFIED_AT_ONCE = 500
_TICK = timedelta(microseconds=1)

_APPEND = """
WITH sealed AS (
  INSERT INTO seals (stream, seq, event_id, position, contents, digest, prev_hash, hash, sealed_at)
  SELECT stream, seq, event_id, position, contents::jsonb, digest, prev_hash, hash, $9
  FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::bigint[], $5::text[], $6::bytea[], $7::bytea[],
              $8::bytea[]) AS s(stream, seq, event_id, position, contents, digest, prev_hash, hash)
  RETURNING event_id
)
DELETE FROM outbox o USING sealed s WHERE o.event_id = s.event_id
"""


async def seal(session: AsyncSession, *, moment: Moment, limit: int = BATCH) -> int:
    """Seal the oldest events of the tail, at most `limit`; how many were sealed.

    `sealed_at` is later than that of every seal before, even if the clock was set back: a past `as_of`
    keeps its answer.
    """
    tail = await queries.tail(session, limit)
    if not tail:
        return 0
    contents = await queries.contents(session, [event_id for event_id, _ in tail])
    heads = await queries.heads(session, sorted({stream for _, stream in tail}))
    position, last_sealed_at = await queries.end(session)
    sealed_at = moment.now if last_sealed_at is None else max(moment.now, last_sealed_at + _TICK)
    ends = {stream: (head.seq, head.hash) for stream, head in heads.items()}
    rows = []
    for event_id, stream in tail:
        position += 1
        seq, previous = ends.get(stream, (0, GENESIS))
        digest = rules.digest(contents[event_id])
        chained = rules.link(previous, stream, seq + 1, event_id, digest)
        ends[stream] = (seq + 1, chained)
        written = json.dumps(contents[event_id])
        rows.append((stream, seq + 1, event_id, position, written, digest, previous, chained))
    columns = [list(column) for column in zip(*rows, strict=True)]
    await (await driver(session)).execute(_APPEND, *columns, sealed_at)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification looked at (seals per stream) and the first breach of each broken stream."""

    seals: Mapping[str, int]
    breaches: Sequence[Breach]


async def verify(session: AsyncSession, stream: str | None = None) -> Verification:
    """Recompute every seal of one stream or of all, from the rows themselves.

    Looks in one snapshot if the session's transaction has one (the reading role's has). It finds every
    change of a sealed row, rows missing or added, seals missing or altered, events that are neither sealed
    nor waiting, and, where all streams are asked for, rows under no event. It cannot find that the youngest
    seals of all were removed together with their events: for that, compare with a root kept elsewhere.
    """
    counted: dict[str, int] = {}
    breaches: dict[str, Breach] = {}
    for name in await queries.streams(session, stream):
        counted[name], breach = await _verify_chain(session, name)
        if breach is None:
            breach = await _verify_sealed(session, name)
        if breach is not None:
            breaches[name] = breach
    if stream is None:
        gap = await queries.position_gap(session)
        if gap is not None:
            missing, name, seq, event_id = gap
            detail = f"position {missing} of the instance is missing before this seal"
            breaches.setdefault(name, Breach(name, seq, event_id, Reason.gap, detail))
        for table, place in (await queries.orphans(session)).items():
            detail = f"{table}: a row under no event, so under no seal ({place})"
            breaches[table] = Breach(table, None, None, Reason.added_row, detail)
    return Verification(counted, list(breaches.values()))


async def _verify_chain(session: AsyncSession, stream: str) -> tuple[int, Breach | None]:
    seq, previous = 0, None
    while seals := await queries.seals(session, stream, after=seq, limit=VERIFIED_AT_ONCE):
        contents = await queries.contents(session, [seal.event_id for seal in seals])
        for seal in seals:
            fault = _fault(stream, seq + 1, previous, seal, contents)
            if fault is not None:
                reason, detail = fault
                number = seq + 1 if reason is Reason.gap else seal.seq
                event_id = None if reason is Reason.gap else seal.event_id
                return seq, Breach(stream, number, event_id, reason, detail)
            seq, previous = seal.seq, seal
    return seq, None


def _fault(
    stream: str,
    expected: int,
    previous: Sealed | None,
    seal: Sealed,
    found: Mapping[uuid.UUID, Contents],
) -> tuple[Reason, str] | None:
    """What is wrong with a seal, the cause before its consequences."""
    if seal.seq != expected:
        return Reason.gap, f"seal {expected} is missing, the next one is {seal.seq}"
    if rules.digest(seal.contents) != seal.digest:
        return Reason.changed_seal, "digest is not that of the sealed contents"
    return rules.compare(seal.contents, found.get(seal.event_id, {})) or _loose(stream, previous, seal)


def _loose(stream: str, previous: Sealed | None, seal: Sealed) -> tuple[Reason, str] | None:
    """What is wrong with how a seal hangs on the one before."""
    if seal.prev_hash != (previous.hash if previous else GENESIS):
        return Reason.wrong_link, "prev_hash is not the hash of the seal before"
    if rules.link(seal.prev_hash, stream, seal.seq, seal.event_id, seal.digest) != seal.hash:
        return Reason.changed_seal, "hash is not that of the seal"
    if previous and (seal.position <= previous.position or seal.sealed_at < previous.sealed_at):
        return Reason.wrong_order, "position or time is before that of the seal before"
    return None


async def _verify_sealed(session: AsyncSession, stream: str) -> Breach | None:
    event_id = await queries.unsealed(session, stream)
    if event_id is None:
        return None
    return Breach(stream, None, event_id, Reason.unsealed, "the event has no seal and is not in the tail")
