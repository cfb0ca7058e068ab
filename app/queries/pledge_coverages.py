"""Reads of what pledged rights are worth to the bank whose loan they secure, for any number of pledges."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind, AssetStatus
from app.domain.patent_number import PatentType
from app.domain.pledge_coverage import Coverage, Worth, owed
from app.domain.valuation import ValuationMode
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.rule_pack import Limits

_LENDER = "coalesce(p.organisation_id, (SELECT o.id FROM organisations o WHERE o.party_id = p.pledgee_id))"
"""The bank's organisation; of imported history that of the pledgee, if it has one."""

# What is owed: by the loan's book once it is drawn, else as last reported, else the whole principal. A right
# that a substitution added counts once it is registered; those it is to let go count until then.
_OWED = f"""
SELECT p.id, p.ip_share_bp, p.short_since, {_LENDER} AS organisation_id,
  coalesce(
    (SELECT l.drawn_fen - l.repaid_fen - l.written_off_fen FROM loans l WHERE l.pledge_id = p.id),
    (SELECT k.outstanding_fen FROM loan_classifications k WHERE k.pledge_id = p.id
     ORDER BY k.occurred_on DESC, k.recorded_at DESC, k.id DESC LIMIT 1),
    p.principal_fen) AS owed_fen,
  ARRAY(SELECT i.asset_id FROM pledge_items i WHERE i.pledge_id = p.id AND (i.status = 'registered'
        OR (i.status IN ('filed', 'correction') AND i.amendment_id IS NULL)) ORDER BY i.ordinal) AS asset_ids,
  ARRAY(SELECT i.valuation_id FROM pledge_items i WHERE i.pledge_id = p.id AND i.valuation_id IS NOT NULL)
    AS valuation_ids
FROM pledges p WHERE p.id = ANY($1::uuid[])
"""

# The pledge's own valuation or a later one of the same right, of those that the bank may see.
_WORTH = """
SELECT w.pledge_id, w.position, a.id, a.number, a.kind, a.patent_type, a.status,
  v.id AS valuation_id, v.value_fen, v.base_on, v.mode
FROM jsonb_to_recordset($1::jsonb) AS w(pledge_id uuid, organisation_id uuid, asset_id uuid, position int,
                                        valuation_ids uuid[])
JOIN assets a ON a.id = w.asset_id
LEFT JOIN LATERAL (
  SELECT v.id, v.value_fen, v.base_on, v.mode
  FROM valuations v LEFT JOIN applications f ON f.id = v.application_id
  WHERE v.asset_id = w.asset_id AND v.status = 'signed' AND (
    v.id = ANY(w.valuation_ids) OR w.organisation_id IN (v.organisation_id, v.appraiser_id)
    OR (w.organisation_id = f.bank_id AND v.mode <> 'bank_internal'))
  ORDER BY v.base_on DESC, v.signed_on DESC, v.id DESC LIMIT 1) v ON true
ORDER BY w.pledge_id, w.position
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rights whose worth to a pledge's bank is asked for, with valuations that the pledge names itself."""

    pledge_id: uuid.UUID
    organisation_id: uuid.UUID | None
    asset_ids: Collection[uuid.UUID]
    valuation_ids: Collection[uuid.UUID] = ()


async def worths(session: AsyncSession, wanted: Iterable[Wanted]) -> dict[uuid.UUID, list[Worth]]:
    """What rights are worth, by pledge and in the order asked."""
    rows = [
        {
            "pledge_id": one.pledge_id,
            "organisation_id": one.organisation_id,
            "asset_id": asset_id,
            "position": position,
            "valuation_ids": list(one.valuation_ids),
        }
        for one in wanted
        for position, asset_id in enumerate(one.asset_ids)
    ]
    found: dict[uuid.UUID, list[Worth]] = {}
    connection = await driver(session)
    for row in await connection.fetch(_WORTH, json.dumps(rows, default=str)):
        worth = Worth(
            asset_id=row["id"],
            number=row["number"],
            kind=AssetKind(row["kind"]),
            patent_type=PatentType(row["patent_type"]) if row["patent_type"] else None,
            status=AssetStatus(row["status"]),
            valuation_id=row["valuation_id"],
            value_fen=row["value_fen"],
            base_on=row["base_on"],
            mode=ValuationMode(row["mode"]) if row["mode"] else None,
        )
        found.setdefault(row["pledge_id"], []).append(worth)
    return found


@dataclass(frozen=True, slots=True)
class Stand:
    """How a pledge stands: its coverage, the bank's organisation, and since when it is known to be short."""

    coverage: Coverage
    bank_id: uuid.UUID | None
    valuation_ids: Collection[uuid.UUID]
    short_since: date | None


async def of_pledges(
    session: AsyncSession, pledge_ids: Collection[uuid.UUID], limits: Limits
) -> dict[uuid.UUID, Stand]:
    """How several pledges stand now, in two statements."""
    connection = await driver(session)
    rows = await connection.fetch(_OWED, list(pledge_ids))
    wanted = [
        Wanted(row["id"], row["organisation_id"], row["asset_ids"], row["valuation_ids"]) for row in rows
    ]
    rights = await worths(session, wanted)
    return {
        row["id"]: Stand(
            Coverage(
                owed_fen=owed(row["owed_fen"], row["ip_share_bp"]) if row["owed_fen"] is not None else None,
                rights=rights.get(row["id"], []),
                limits=limits,
            ),
            row["organisation_id"],
            row["valuation_ids"],
            row["short_since"],
        )
        for row in rows
    }


# Of the live pledges only those that can be short or are: a pledge whose rights nobody has valued never is.
_CANDIDATES = """
SELECT p.id FROM pledges p
WHERE p.status = 'registered' AND p.id > $1 AND (p.short_since IS NOT NULL OR EXISTS (
  SELECT 1 FROM pledge_items i JOIN valuations v ON v.asset_id = i.asset_id AND v.status = 'signed'
  WHERE i.pledge_id = p.id AND i.status IN ('filed', 'correction', 'registered')))
ORDER BY p.id LIMIT $2
"""
_OF_RIGHT = """
SELECT DISTINCT p.id FROM pledges p JOIN pledge_items i ON i.pledge_id = p.id
WHERE i.asset_id = $1 AND i.status IN ('filed', 'correction', 'registered') AND p.status = 'registered'
ORDER BY p.id
"""


async def candidates(session: AsyncSession, *, after: uuid.UUID, limit: int) -> list[uuid.UUID]:
    """Registered pledges whose coverage can be told, by id from `after` on."""
    connection = await driver(session)
    return [row["id"] for row in await connection.fetch(_CANDIDATES, after, limit)]


async def of_right(session: AsyncSession, asset_id: uuid.UUID) -> list[uuid.UUID]:
    """The registered pledges that hold a right."""
    connection = await driver(session)
    return [row["id"] for row in await connection.fetch(_OF_RIGHT, asset_id)]


@dataclass(frozen=True, slots=True)
class Expiring:
    """A pledged mark whose registration of the pledge ends on a day."""

    pledge_id: uuid.UUID
    pledge_number: str
    district_code: str
    asset_id: uuid.UUID
    number: str
    expires_on: date


_EXPIRING = """
SELECT i.pledge_id, p.number AS pledge_number, p.district_code, i.asset_id, a.number, i.expires_on
FROM pledge_items i JOIN pledges p ON p.id = i.pledge_id JOIN assets a ON a.id = i.asset_id
WHERE i.status = 'registered' AND i.expires_on = ANY($1::date[]) AND NOT p.imported
ORDER BY i.pledge_id, i.ordinal
"""
_OVER = """
SELECT i.pledge_id, p.number AS pledge_number, p.district_code, i.asset_id, a.number, i.expires_on
FROM pledge_items i JOIN pledges p ON p.id = i.pledge_id JOIN assets a ON a.id = i.asset_id
WHERE i.status = 'registered' AND i.expires_on < $1 AND p.status = 'registered'
ORDER BY i.pledge_id, i.expires_on, i.ordinal LIMIT $2
"""


_SIDES = f"""
SELECT {_LENDER} AS organisation_id FROM pledges p WHERE p.id = $1
UNION
SELECT o.id FROM pledge_items i JOIN organisations o ON o.party_id = i.pledgor_id WHERE i.pledge_id = $1
"""


async def sides(session: AsyncSession, pledge_id: uuid.UUID) -> list[uuid.UUID]:
    """The organisations of a pledge's two sides, the bank and the pledgors, as far as they have one."""
    connection = await driver(session)
    found = [row["organisation_id"] for row in await connection.fetch(_SIDES, pledge_id)]
    return sorted(one for one in found if one is not None)


async def expiring(session: AsyncSession, days: Collection[date]) -> list[Expiring]:
    """Registrations that end on one of the days."""
    connection = await driver(session)
    return [Expiring(**dict(row)) for row in await connection.fetch(_EXPIRING, list(days))]


async def rights(session: AsyncSession, pledge_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The rights that pledges have or had, by id."""
    connection = await driver(session)
    rows = await connection.fetch(
        "SELECT DISTINCT asset_id FROM pledge_items WHERE pledge_id = ANY($1::uuid[]) ORDER BY asset_id",
        list(pledge_ids),
    )
    return [row["asset_id"] for row in rows]


async def over(session: AsyncSession, today: date, *, limit: int) -> list[Expiring]:
    """Registrations whose last day is over and that nobody has ended yet."""
    connection = await driver(session)
    return [Expiring(**dict(row)) for row in await connection.fetch(_OVER, today, limit)]
