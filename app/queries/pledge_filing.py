"""What a pledge filing must lock and know: two statements, whatever the number of rights.

The first locks rights, pool and the pool's memo accounts in the system's lock order; the second reads
everything the decision needs, in a snapshot taken after the locks were got.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.application import ApplicationStatus
from app.domain.asset import IN_FORCE, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import AssociatedMark, associated
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.patent_number import PatentType
from app.domain.pledge_ground import Encumbrance, Right
from app.domain.valuation import Support, ValuationStatus
from app.queries.associated_marks import read_signs, signs
from app.queries.commitment_cover import pool_locks, pool_state, state as pool_of
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor
    from app.queries.commitment_cover import PoolState

_LOCK = f"""
WITH rights AS MATERIALIZED (
  SELECT id FROM assets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
), application AS MATERIALIZED (
  SELECT id FROM applications WHERE id = $3 AND (SELECT count(*) FROM rights) >= 0 FOR NO KEY UPDATE
), {pool_locks("$2", after="application")}
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
  {
    pool_state(
        pool="$2", today="$4", borrower="$5", bank="$7", application="$10", sees_all="$6", district="$8"
    )
} AS pool,
  (SELECT jsonb_build_object('id', f.id, 'number', f.number, 'status', f.status,
      'organisation_id', f.organisation_id, 'borrower_id', f.borrower_id, 'district_code', f.district_code,
      'amount_fen', f.amount_fen, 'approved_fen', f.approved_fen,
      'reservation', (SELECT jsonb_build_object('id', r.id, 'pool_id', r.pool_id,
         'transfer_id', r.transfer_id, 'outstanding_fen', r.outstanding_fen)
       FROM commitments r WHERE r.application_id = f.id AND r.status = 'reserved'))
   FROM applications f WHERE f.id = $10 AND f.bank_id = $7) AS application,
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
class Reservation:
    """Capacity reserved for an application: the commitment and its pending transfer."""

    id: uuid.UUID
    pool_id: uuid.UUID
    transfer_id: uuid.UUID
    outstanding_fen: int


@dataclass(frozen=True, slots=True)
class Approved:
    """The application that a filing is made on, with what is reserved for it."""

    id: uuid.UUID
    number: str
    status: ApplicationStatus
    organisation_id: uuid.UUID
    borrower_id: uuid.UUID
    district_code: str
    amount_fen: int
    approved_fen: int | None
    reservation: Reservation | None


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
    application: Approved | None = None


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
    application_id: uuid.UUID | None = None,
) -> FilingState:
    """Lock what the filing ties up, then read what it is decided on.

    A pool, a valuation or an application that the caller may not see is absent. A signed valuation never
    changes, so that it needs no lock.
    """
    connection = await driver(session)
    await connection.execute(_LOCK, asset_ids, pool_id, application_id)
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
        application_id,
    )
    if row is None:
        raise RuntimeError("the filing query returned no row")
    rights = row["rights"]
    together = associated(read_signs(row["signs"]), asset_ids)
    return FilingState(
        rights={(key := uuid.UUID(right["id"])): _right(right, together[key]) for right in rights},
        serials={uuid.UUID(right["id"]): right["serial"] for right in rights},
        pool=pool_of(row["pool"], today) if row["pool"] is not None else None,
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
        application=_application(row["application"]) if row["application"] is not None else None,
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


def _application(row: dict[str, Any]) -> Approved:
    kept = row["reservation"]
    return Approved(
        id=uuid.UUID(row["id"]),
        number=row["number"],
        status=ApplicationStatus(row["status"]),
        organisation_id=uuid.UUID(row["organisation_id"]),
        borrower_id=uuid.UUID(row["borrower_id"]),
        district_code=row["district_code"],
        amount_fen=row["amount_fen"],
        approved_fen=row["approved_fen"],
        reservation=Reservation(
            uuid.UUID(kept["id"]),
            uuid.UUID(kept["pool_id"]),
            uuid.UUID(kept["transfer_id"]),
            kept["outstanding_fen"],
        )
        if kept is not None
        else None,
    )


def _uuid(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
