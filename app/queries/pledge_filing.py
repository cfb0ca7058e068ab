"""What a pledge filing must lock and know: two statements, whatever the number of rights.

The first locks rights, pool and the pool's memo accounts in the system's lock order; the second reads
everything the decision needs, in a snapshot taken after the locks were got.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.application import ApplicationStatus
from app.domain.asset import IN_FORCE, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import AssociatedMark, associated
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.patent_number import PatentType
from app.domain.pledge_ground import Encumbrance, Right
from app.domain.valuation import Support, ValuationMode, ValuationStatus
from app.queries.associated_marks import read_signs, signs
from app.queries.commitment_cover import pool_locks, pool_state, state as pool_of
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor
    from app.queries.commitment_cover import PoolState


def _listed(parameter: str) -> str:
    """An array parameter of which the planner cannot see the length.

    Seeing it, PostgreSQL plans the statement anew at every call: several times the work of running it.
    """
    return f"ARRAY(SELECT unnest({parameter}::uuid[]))"


_LOCK = f"""
WITH rights AS MATERIALIZED (
  SELECT id FROM assets WHERE id = ANY({_listed("$1")}) ORDER BY id FOR NO KEY UPDATE
), application AS MATERIALIZED (
  SELECT id FROM applications WHERE id = $3 AND (SELECT count(*) FROM rights) >= 0 FOR NO KEY UPDATE
), {pool_locks("$2", after="application")}
SELECT (SELECT count(*) FROM rights) AS rights, (SELECT count(*) FROM pool) AS pools,
       (SELECT count(*) FROM accounts) AS accounts
"""


def rights(ids: str, *, today: str, bank: str) -> str:
    """The rights among the ids of an SQL array, as `Right` reads them; None: none.

    What ties a right up is read in one pass. `bank`: its own priority reservation keeps the right for it.
    """
    return f"""(SELECT jsonb_agg(jsonb_build_object(
      'id', a.id, 'serial', a.serial, 'number', a.number, 'kind', a.kind, 'patent_type', a.patent_type,
      'regime', a.regime, 'status', a.status, 'status_as_of', a.status_as_of,
      'last_day_in_force', a.last_day_in_force,
      'invalidation_pending', a.invalidation_pending,
      'owners', (SELECT jsonb_agg(t.party_id ORDER BY t.ordinal) FROM titles t
                 WHERE t.asset_id = a.id AND t.ceased_at IS NULL),
      'liens', tied.liens, 'stayed', tied.stayed, 'reserved', tied.reserved, 'priority_id', tied.priority_id,
      'twin', EXISTS (SELECT 1 FROM asset_links l WHERE l.kind = 'same_day_twin' AND l.ended_at IS NULL
                      AND a.id IN (l.asset_id, l.other_asset_id)),
      'mark_kind', a.mark_kind))
   FROM assets a LEFT JOIN LATERAL (
     SELECT jsonb_agg(jsonb_build_object('since', h.placed_on, 'rank', h.rank) ORDER BY h.rank)
              FILTER (WHERE h.kind = 'lien') AS liens,
            bool_or(h.kind IN ('preservation', 'suspension')) AS stayed,
            bool_or(h.kind = 'reservation' AND r.id IS NULL) AS reserved,
            (array_agg(r.id) FILTER (WHERE r.id IS NOT NULL))[1] AS priority_id
     FROM holds h LEFT JOIN reservations r ON h.kind = 'reservation' AND h.source_noun = 'reservation'
       AND r.id = h.source_id AND r.organisation_id = {bank} AND r.status = 'live'
     WHERE h.asset_id = a.id AND h.ended_at IS NULL
       AND (h.kind = 'lien' OR h.kind IN ('preservation', 'suspension', 'reservation')
            AND (h.period IS NULL OR h.period @> {today}::date))) tied ON true
   WHERE a.id = ANY({ids}))"""


def parties(ids: str) -> str:
    """The parties among the ids of an SQL array, as `KnownParty` reads them."""
    return f"""(SELECT jsonb_agg(jsonb_build_object('id', y.id, 'district_code', y.district_code,
                   'organisation_id', o.id))
   FROM parties y LEFT JOIN organisations o ON o.party_id = y.id WHERE y.id = ANY({ids}))"""


def valuations(ids: str, *, bank: str) -> str:
    """The valuations among the ids of an SQL array that the bank may see, as `Support` reads them."""
    return f"""(SELECT jsonb_agg(jsonb_build_object('id', v.id, 'asset_id', v.asset_id, 'status', v.status,
                                       'base_on', v.base_on, 'value_fen', v.value_fen, 'mode', v.mode))
   FROM valuations v LEFT JOIN applications f ON f.id = v.application_id
   WHERE v.id = ANY({ids}) AND ({bank} IN (v.organisation_id, v.appraiser_id)
     OR ({bank} = f.bank_id AND v.mode <> 'bank_internal')))"""


def applications(which: str, *, bank: str) -> str:
    """The bank's applications that an SQL condition on `f.id` means, as `Approved` reads them."""
    return f"""(SELECT jsonb_agg(jsonb_build_object('id', f.id, 'number', f.number, 'status', f.status,
      'organisation_id', f.organisation_id, 'borrower_id', f.borrower_id, 'district_code', f.district_code,
      'amount_fen', f.amount_fen, 'approved_fen', f.approved_fen,
      'reservation', (SELECT jsonb_build_object('id', r.id, 'pool_id', r.pool_id, 'industry', r.industry,
         'transfer_id', r.transfer_id, 'outstanding_fen', r.outstanding_fen,
         'principal_fen', r.principal_fen)
       FROM commitments r WHERE r.application_id = f.id AND r.status = 'reserved')))
   FROM applications f WHERE f.id {which} AND f.bank_id = {bank})"""


_READ = f"""
SELECT
  {rights(_listed("$1"), today="$4", bank="$7")} AS rights,
  {signs(_listed("$1"))} AS signs,
  {
    pool_state(
        pool="$2", today="$4", borrower="$5", bank="$7", application="$10", sees_all="$6", district="$8"
    )
} AS pool,
  {applications("= $10", bank="$7")} AS applications,
  {parties(_listed("$3"))} AS parties,
  {valuations(_listed("$9"), bank="$7")} AS valuations,
  nextval('pledge_numbers') AS serial
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Capacity reserved for an application: the commitment and its pending transfer."""

    id: uuid.UUID
    pool_id: uuid.UUID
    transfer_id: uuid.UUID
    outstanding_fen: int
    principal_fen: int
    industry: str | None


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
    priorities: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    """Rights that a live priority reservation of the bank itself keeps for it, each with the reservation."""


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
    locking: bool = True,
) -> FilingState:
    """Lock what the filing ties up, then read what it is decided on; a pre-check looks without locking.

    A pool, a valuation or an application that the caller may not see is absent. A signed valuation never
    changes, so that it needs no lock.
    """
    connection = await driver(session)
    if locking:
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
    found = read_rights(row["rights"], row["signs"], asset_ids)
    requested = read_applications(row["applications"])
    return FilingState(
        rights=found.rights,
        serials=found.serials,
        pool=pool_of(row["pool"], today) if row["pool"] is not None else None,
        parties=read_parties(row["parties"]),
        valuations=read_valuations(row["valuations"]),
        serial=row["serial"],
        application=requested.get(application_id) if application_id is not None else None,
        priorities=found.priorities,
    )


@dataclass(frozen=True, slots=True)
class KnownRights:
    """Rights read under lock, their serial numbers, and the caller's own priority reservations of them."""

    rights: dict[uuid.UUID, Right]
    serials: dict[uuid.UUID, int]
    priorities: dict[uuid.UUID, uuid.UUID]


Rows = Sequence[dict[str, Any]] | None


def read_rights(rows: Rows, told: Rows, asset_ids: Sequence[uuid.UUID]) -> KnownRights:
    """What `rights` and `signs` found."""
    rows = rows or ()
    together = associated(read_signs(told), asset_ids)
    return KnownRights(
        rights={(key := uuid.UUID(row["id"])): _right(row, together[key]) for row in rows},
        serials={uuid.UUID(row["id"]): row["serial"] for row in rows},
        priorities={
            uuid.UUID(row["id"]): uuid.UUID(row["priority_id"])
            for row in rows
            if row["priority_id"] is not None
        },
    )


def read_parties(rows: Rows) -> dict[uuid.UUID, KnownParty]:
    """What `parties` found."""
    return {
        uuid.UUID(row["id"]): KnownParty(row["district_code"], _uuid(row["organisation_id"]))
        for row in rows or ()
    }


def read_valuations(rows: Rows) -> dict[uuid.UUID, Support]:
    """What `valuations` found."""
    return {
        uuid.UUID(row["id"]): Support(
            uuid.UUID(row["asset_id"]),
            ValuationStatus(row["status"]),
            _date(row["base_on"]),
            row["value_fen"],
            ValuationMode(row["mode"]),
        )
        for row in rows or ()
    }


def read_applications(rows: Rows) -> dict[uuid.UUID, Approved]:
    """What `applications` found."""
    return {uuid.UUID(row["id"]): _application(row) for row in rows or ()}


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
        stayed=bool(row["stayed"]),
        reserved=bool(row["reserved"]),
        twin=row["twin"],
        owners=[_uuid(owner) for owner in row["owners"] or ()],
        mark_kind=MarkKind(row["mark_kind"]) if row["mark_kind"] else None,
        associated=[(mark.asset_id, mark.number) for mark in together if mark.status in IN_FORCE],
        liens=[Encumbrance(_date(lien["since"]), lien["rank"]) for lien in row["liens"] or ()],
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
            kept["principal_fen"],
            kept["industry"],
        )
        if kept is not None
        else None,
    )


def _uuid(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
