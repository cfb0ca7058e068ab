"""What a batch of filings must lock and know: all at once in the order of the ids, then chunk by chunk.

One statement locks the rights, applications, pools and accounts of all lines, so that two batches that
cross wait for one another and never in a circle. Each chunk is then read in one statement, which sees what
the chunks before it have written.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.district import OUTSIDE_EVERY_PLAN
from app.queries import pledge_filing as one
from app.queries.associated_marks import signs
from app.queries.commitment_cover import pool_state, state as pool_of
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor
    from app.domain.pledge_filing import NewPledge
    from app.domain.pledge_ground import Right
    from app.domain.valuation import Support
    from app.queries.commitment_cover import PoolState
    from app.queries.pledge_filing import Approved, KnownParty

_WAIT = "SELECT set_config('lock_timeout', '20s', true)"
"""A batch waits for another that crosses it, which takes longer than a filing."""

_LOCK = """
WITH rights AS MATERIALIZED (
  SELECT id FROM assets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
), application AS MATERIALIZED (
  SELECT id FROM applications WHERE id = ANY($3) AND (SELECT count(*) FROM rights) >= 0
  ORDER BY id FOR NO KEY UPDATE
), pool AS MATERIALIZED (
  SELECT id FROM pools WHERE id = ANY($2) AND (SELECT count(*) FROM application) >= 0
  ORDER BY id FOR NO KEY UPDATE
), accounts AS MATERIALIZED (
  SELECT id FROM ledger_accounts
  WHERE ledger_id = ANY($2) AND code IN ('cash', 'memo.covered', 'memo.cover_obligation')
    AND (SELECT count(*) FROM pool) >= 0
  ORDER BY id FOR NO KEY UPDATE
)
SELECT count(*) FROM accounts
"""
_POOLS = pool_state(
    pool="w.pool_id",
    today="$3",
    borrower="w.borrower_id",
    bank="$4",
    application="w.application_id",
    sees_all="$5",
    district="$6",
)
_READ = f"""
SELECT
  {one.rights("$1", today="$3", bank="$4")} AS rights,
  {signs("$1")} AS signs,
  (SELECT jsonb_agg(jsonb_build_array(w.pool_id, w.borrower_id, w.application_id, {_POOLS}))
   FROM jsonb_to_recordset($7::jsonb) AS w(pool_id uuid, borrower_id uuid, application_id uuid)) AS pools,
  {one.applications("= ANY($8)", bank="$4")} AS applications,
  {one.parties("$2")} AS parties,
  {one.valuations("$9", bank="$4")} AS valuations,
  (SELECT jsonb_agg(jsonb_build_array(w.key, k.fingerprint = decode(w.fingerprint, 'hex'),
     CASE WHEN k.fingerprint = decode(w.fingerprint, 'hex') THEN convert_from(k.body, 'UTF8') END))
   FROM jsonb_to_recordset($10::jsonb) AS w(key text, fingerprint text)
   JOIN idempotency_keys k ON k.client_id = $11 AND k.key = w.key) AS known,
  (SELECT jsonb_agg(jsonb_build_array(i.asset_kind, i.registration_no, i.asset_id)) FROM pledge_items i
   WHERE i.asset_id = ANY($12) AND i.registration_no IS NOT NULL) AS registered,
  (SELECT jsonb_agg(jsonb_build_array(t.asset_id, t.party_id, t.acquired_on, t.ceased_on)) FROM titles t
   WHERE t.asset_id = ANY($12) AND t.party_id IS NOT NULL AND t.superseded_at IS NULL) AS tenures,
  ARRAY(SELECT nextval('pledge_numbers') FROM generate_series(1, $13::int)) AS serials
"""

PoolKey = tuple[uuid.UUID, uuid.UUID, uuid.UUID | None]
"""A pool, a borrower, and the application the filing is made on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line to be decided: its place in the batch, its key and fingerprint, and the filing."""

    position: int
    key: str
    fingerprint: bytes
    new: NewPledge


@dataclass(frozen=True, slots=True)
class Tenure:
    """A party had a right from its `first` day until `beyond`, as far as the register knows."""

    asset_id: uuid.UUID
    party_id: uuid.UUID
    first: date | None
    beyond: date | None

    def held(self, asset_id: uuid.UUID, party_id: uuid.UUID, on: date) -> bool:
        """Whether by this the party held that right on a day. An end on an unknown day shows nothing."""
        return (
            (self.asset_id, self.party_id) == (asset_id, party_id)
            and (self.first is None or self.first <= on)
            and self.beyond is not None
            and on < self.beyond
        )


@dataclass(frozen=True, slots=True)
class ChunkState:
    """Everything that the decisions on a chunk need, read under lock.

    `known`: the answers kept under keys of the chunk; None: the key was used for something else.
    `registered`: registration numbers that a right of the chunk's history has already; `tenures`: who held
    these rights.
    """

    rights: dict[uuid.UUID, Right]
    serials: dict[uuid.UUID, int]
    priorities: dict[uuid.UUID, uuid.UUID]
    pools: dict[PoolKey, PoolState]
    applications: dict[uuid.UUID, Approved]
    parties: dict[uuid.UUID, KnownParty]
    valuations: dict[uuid.UUID, Support]
    known: Mapping[str, str | None]
    registered: set[tuple[str, uuid.UUID]]
    tenures: Sequence[Tenure]
    numbers: Sequence[int]


async def lock(
    session: AsyncSession,
    *,
    asset_ids: Collection[uuid.UUID],
    pool_ids: Collection[uuid.UUID],
    application_ids: Collection[uuid.UUID],
) -> None:
    """Lock what all lines tie up, in the system's lock order."""
    connection = await driver(session)
    await connection.execute(_WAIT)
    await connection.execute(_LOCK, list(asset_ids), list(pool_ids), list(application_ids))


async def read(session: AsyncSession, *, actor: Actor, today: date, wanted: Sequence[Wanted]) -> ChunkState:
    """Everything the decisions on a chunk need. What the caller may not see is absent."""
    filings = [line.new for line in wanted]
    asset_ids = sorted({item.asset_id for new in filings for item in new.items})
    connection = await driver(session)
    row = await connection.fetchrow(
        _READ,
        asset_ids,
        sorted({actor.party_id}.union(*(new.party_ids for new in filings))),
        today,
        actor.organisation_id,
        actor.regulates == OUTSIDE_EVERY_PLAN,
        actor.district_code,
        _rows({_pool_key(new) for new in filings if new.pool_id is not None}),
        sorted({new.application_id for new in filings if new.application_id is not None}),
        sorted({item.valuation_id for new in filings for item in new.items if item.valuation_id is not None}),
        json.dumps([{"key": line.key, "fingerprint": line.fingerprint.hex()} for line in wanted]),
        actor.client_id,
        sorted({item.asset_id for new in filings if new.history is not None for item in new.items}),
        len(wanted),
    )
    if row is None:
        raise RuntimeError("the batch query returned no row")
    found = one.read_rights(row["rights"], row["signs"], asset_ids)
    return ChunkState(
        rights=found.rights,
        serials=found.serials,
        priorities=found.priorities,
        pools={
            (uuid.UUID(pool), uuid.UUID(borrower), uuid.UUID(made_on) if made_on else None): pool_of(
                state, today
            )
            for pool, borrower, made_on, state in row["pools"] or ()
            if state is not None
        },
        applications=one.read_applications(row["applications"]),
        parties=one.read_parties(row["parties"]),
        valuations=one.read_valuations(row["valuations"]),
        known={key: body if same else None for key, same, body in row["known"] or ()},
        registered={(number, uuid.UUID(asset)) for _, number, asset in row["registered"] or ()},
        tenures=[_tenure(*told) for told in row["tenures"] or ()],
        numbers=row["serials"],
    )


def _tenure(asset: str, party: str, first: str | None, beyond: str | None) -> Tenure:
    days = (date.fromisoformat(day) if day is not None else None for day in (first, beyond))
    return Tenure(uuid.UUID(asset), uuid.UUID(party), *days)


def _pool_key(new: NewPledge) -> tuple[Any, ...]:
    return (new.pool_id, new.borrower_id, new.application_id)


def _rows(keys: Collection[tuple[Any, ...]]) -> str:
    names = ("pool_id", "borrower_id", "application_id")
    return json.dumps([dict(zip(names, key, strict=True)) for key in keys], default=str)
