"""What a pledge filing must lock and know: two statements, whatever the number of rights.

The first locks rights, pool and the pool's memo accounts in the system's lock order; the second reads
everything the decision needs, in a snapshot taken after the locks were got.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.asset import IN_FORCE, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import AssociatedMark, associated
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.patent_number import PatentType
from app.domain.pledge_ground import Encumbrance, Right
from app.domain.valuation import Support, ValuationStatus
from app.queries.associated_marks import read_signs, signs
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

_LOCK = """
WITH rights AS MATERIALIZED (
  SELECT id FROM assets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
), pool AS MATERIALIZED (
  SELECT id FROM pools WHERE id = $2 AND (SELECT count(*) FROM rights) >= 0 FOR NO KEY UPDATE
), accounts AS MATERIALIZED (
  SELECT id FROM ledger_accounts
  WHERE ledger_id = $2 AND code IN ('memo.covered', 'memo.cover_obligation')
    AND (SELECT count(*) FROM pool) >= 0
  ORDER BY id FOR NO KEY UPDATE
)
SELECT (SELECT count(*) FROM rights) AS rights, (SELECT count(*) FROM pool) AS pools,
       (SELECT count(*) FROM accounts) AS accounts
"""

_READ = f"""
SELECT
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'id', a.id, 'serial', a.serial, 'number', a.number, 'kind', a.kind, 'patent_type', a.patent_type,
      'regime', a.regime, 'status', a.status, 'status_as_of', a.status_as_of,
      'last_day_in_force', a.last_day_in_force,
      'invalidation_pending', a.invalidation_pending,
      'owners', (SELECT coalesce(jsonb_agg(t.party_id ORDER BY t.ordinal), '[]') FROM titles t
                 WHERE t.asset_id = a.id AND t.ceased_at IS NULL),
      'liens', (SELECT coalesce(jsonb_agg(jsonb_build_object('since', h.placed_on, 'rank', h.rank)
                                          ORDER BY h.rank), '[]') FROM holds h
                WHERE h.asset_id = a.id AND h.kind = 'lien' AND h.ended_at IS NULL),
      'stayed', EXISTS (SELECT 1 FROM holds h WHERE h.asset_id = a.id
                        AND h.kind IN ('preservation', 'suspension') AND h.ended_at IS NULL
                        AND (h.period IS NULL OR h.period @> $4::date)),
      'reserved', EXISTS (SELECT 1 FROM holds h WHERE h.asset_id = a.id AND h.kind = 'reservation'
                          AND h.ended_at IS NULL AND (h.period IS NULL OR h.period @> $4::date)),
      'twin', EXISTS (SELECT 1 FROM asset_links l WHERE l.kind = 'same_day_twin' AND l.ended_at IS NULL
                      AND a.id IN (l.asset_id, l.other_asset_id)),
      'mark_kind', a.mark_kind)), '[]')
   FROM assets a WHERE a.id = ANY($1)) AS rights,
  {signs("$1")} AS signs,
  (SELECT jsonb_build_object(
      'status', p.status, 'district_code', p.district_code, 'currency', p.currency,
      'manager_id', p.manager_id, 'scheme_id', s.id, 'leverage', s.leverage_multiple,
      'household_cap_fen', s.household_cap_fen,
      'accepts_expired_valuations', s.accepts_expired_valuations,
      'accounts', (SELECT jsonb_object_agg(l.code, jsonb_build_object('id', l.id,
                     'available', l.debits_posted - l.credits_posted - l.credits_pending,
                     'pending', l.debits_pending))
                   FROM ledger_accounts l WHERE l.ledger_id = p.id),
      'household_fen', (SELECT coalesce(sum(d.principal_fen), 0)::bigint FROM commitments c
                        JOIN pledges d ON d.id = c.pledge_id
                        WHERE c.pool_id = p.id AND c.status IN ('committed', 'anomaly')
                          AND d.borrower_id = $5))
   FROM pools p LEFT JOIN LATERAL (
     SELECT * FROM schemes s WHERE s.pool_id = p.id AND s.effective_from <= $4::date
       AND (s.effective_to IS NULL OR s.effective_to >= $4::date)
     ORDER BY s.effective_from DESC, s.scheme_version DESC LIMIT 1) s ON true
   WHERE p.id = $2 AND ($6 OR p.manager_id = $7 OR p.district_code = $8)) AS pool,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', y.id, 'district_code', y.district_code,
                   'organisation_id', o.id)), '[]')
   FROM parties y LEFT JOIN organisations o ON o.party_id = y.id WHERE y.id = ANY($3)) AS parties,
  (SELECT jsonb_agg(jsonb_build_object('id', v.id, 'asset_id', v.asset_id, 'status', v.status,
                                       'base_on', v.base_on))
   FROM valuations v LEFT JOIN applications f ON f.id = v.application_id
   WHERE v.id = ANY($9) AND ($7 IN (v.organisation_id, v.appraiser_id)
     OR ($7 = f.bank_id AND v.mode <> 'bank_internal'))) AS valuations,
  nextval('pledge_numbers') AS serial
"""


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool under lock: its scheme in effect and its balances, in fen."""

    status: str
    district_code: str
    currency: str
    manager_id: uuid.UUID
    scheme_id: uuid.UUID | None
    leverage: int
    household_cap_fen: int | None
    accepts_expired_valuations: bool
    household_fen: int
    available_fen: int
    outstanding_fen: int
    covered_account_id: uuid.UUID
    obligation_account_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class KnownParty:
    """A party named by the filing: where it is registered and which organisation acts for it."""

    district_code: str
    organisation_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class FilingState:
    """Everything a filing decision needs, read under lock."""

    rights: dict[uuid.UUID, Right]
    serials: dict[uuid.UUID, int]
    pool: PoolState | None
    parties: dict[uuid.UUID, KnownParty]
    valuations: dict[uuid.UUID, Support]
    serial: int


async def lock_and_read(
    session: AsyncSession,
    *,
    asset_ids: Sequence[uuid.UUID],
    pool_id: uuid.UUID | None,
    party_ids: Sequence[uuid.UUID],
    borrower_id: uuid.UUID,
    actor: Actor,
    today: date,
    valuation_ids: Sequence[uuid.UUID] = (),
) -> FilingState:
    """Lock what the filing ties up, then read what it is decided on.

    A pool or a valuation that the caller may not see is absent. A signed valuation never changes, so that
    it needs no lock.
    """
    connection = await driver(session)
    await connection.execute(_LOCK, asset_ids, pool_id)
    row = await connection.fetchrow(
        _READ,
        asset_ids,
        pool_id,
        party_ids,
        today,
        borrower_id,
        actor.regulates == OUTSIDE_EVERY_PLAN,
        actor.organisation_id,
        actor.district_code,
        valuation_ids,
    )
    if row is None:
        raise RuntimeError("the filing query returned no row")
    rights = row["rights"]
    together = associated(read_signs(row["signs"]), asset_ids)
    return FilingState(
        rights={(key := uuid.UUID(right["id"])): _right(right, together[key]) for right in rights},
        serials={uuid.UUID(right["id"]): right["serial"] for right in rights},
        pool=_pool(row["pool"]) if row["pool"] is not None else None,
        parties={
            uuid.UUID(party["id"]): KnownParty(party["district_code"], _uuid(party["organisation_id"]))
            for party in row["parties"]
        },
        valuations={
            uuid.UUID(told["id"]): Support(
                uuid.UUID(told["asset_id"]), ValuationStatus(told["status"]), _date(told["base_on"])
            )
            for told in row["valuations"] or ()
        },
        serial=row["serial"],
    )


def _right(row: dict[str, Any], together: Sequence[AssociatedMark]) -> Right:
    return Right(
        id=uuid.UUID(row["id"]),
        number=row["number"],
        kind=AssetKind(row["kind"]),
        patent_type=PatentType(row["patent_type"]) if row["patent_type"] else None,
        regime=Regime(row["regime"]),
        status=AssetStatus(row["status"]),
        status_as_of=_date(row["status_as_of"]),
        last_day_in_force=_date(row["last_day_in_force"]),
        invalidation_pending=row["invalidation_pending"],
        stayed=row["stayed"],
        reserved=row["reserved"],
        twin=row["twin"],
        owners=[_uuid(owner) for owner in row["owners"]],
        mark_kind=MarkKind(row["mark_kind"]) if row["mark_kind"] else None,
        associated=[(mark.asset_id, mark.number) for mark in together if mark.status in IN_FORCE],
        liens=[Encumbrance(_date(lien["since"]), lien["rank"]) for lien in row["liens"]],
    )


def _pool(row: dict[str, Any]) -> PoolState:
    accounts = row["accounts"]
    return PoolState(
        status=row["status"],
        district_code=row["district_code"],
        currency=row["currency"],
        manager_id=uuid.UUID(row["manager_id"]),
        scheme_id=_uuid(row["scheme_id"]),
        leverage=row["leverage"] or 0,
        household_cap_fen=row["household_cap_fen"],
        accepts_expired_valuations=bool(row["accepts_expired_valuations"]),
        household_fen=row["household_fen"],
        available_fen=accounts["cash"]["available"],
        outstanding_fen=accounts["memo.covered"]["pending"],
        covered_account_id=uuid.UUID(accounts["memo.covered"]["id"]),
        obligation_account_id=uuid.UUID(accounts["memo.cover_obligation"]["id"]),
    )


def _uuid(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
