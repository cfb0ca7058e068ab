"""Reads and locks of fees. What a right owes its office is public, as at the office."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.domain import fee as rules
from app.domain.asset import CN, IN_FORCE, AssetKind, AssetStatus
from app.domain.fee import Charge, FeeStatus
from app.domain.patent_number import PatentType
from app.models.asset import Asset, AssetClass
from app.models.enrolment import Enrolment
from app.models.fee import Fee
from app.models.programme import Provider
from app.queries import assets as asset_queries
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def calendar(session: AsyncSession, asset: Asset) -> list[Charge]:
    """What is to be paid to keep a right alive; empty where that cannot be reckoned.

    Of a mark only its next renewal is known: what comes after depends on it.
    """
    if asset.office != CN or asset.last_day_in_force is None:
        return []
    if asset.kind == AssetKind.trademark:
        classes = await session.scalar(select(func.count()).where(AssetClass.asset_id == asset.id))
        return [
            rules.renewal(
                last_day=asset.last_day_in_force, renewals=asset.renewals, classes=max(classes or 0, 1)
            )
        ]
    if asset.patent_type is None or asset.filed_on is None:
        return []
    return rules.annuities(
        PatentType(asset.patent_type),
        filed_on=asset.filed_on,
        granted_on=asset.granted_on,
        last_day=asset.last_day_in_force,
    )


async def of_right(session: AsyncSession, asset_id: uuid.UUID) -> Sequence[Fee]:
    """The fees recorded of a right, in their order and fresh."""
    statement = select(Fee).where(Fee.asset_id == asset_id).order_by(Fee.ordinal)
    return (await session.scalars(statement, execution_options={"populate_existing": True})).all()


async def entrusted(
    session: AsyncSession, organisation_id: uuid.UUID, party_ids: Collection[uuid.UUID]
) -> bool:
    """Whether one of the parties is in the organisation's trusteeship now."""
    statement = (
        select(Enrolment.id)
        .join(Provider, Provider.id == Enrolment.provider_id)
        .where(
            Provider.organisation_id == organisation_id,
            Enrolment.party_id.in_(party_ids),
            Enrolment.status == "active",
        )
    )
    return await session.scalar(statement.limit(1)) is not None


# A mark's status says itself whether it is late; a patent that is late or granted no longer was told so by
# somebody who knew better, and is left alone but for its fee.
_MOVING = """
SELECT f.id, f.asset_id, f.kind, f.status, f.due_on, f.grace_ends_on, a.status AS asset_status, a.number
FROM fees f JOIN assets a ON a.id = f.asset_id
WHERE ((f.status = 'due' AND f.due_on < $1) OR (f.status = 'late' AND f.grace_ends_on < $1))
  AND a.status = ANY($2::text[])
ORDER BY f.asset_id LIMIT $3
"""
_TELL = """
SELECT f.id, f.asset_id, f.due_on, f.grace_ends_on, a.number
FROM fees f JOIN assets a ON a.id = f.asset_id
WHERE f.status IN ('due', 'late') AND f.due_on = ANY($1::date[]) AND a.status = ANY($2::text[])
ORDER BY f.id
"""


@dataclass(frozen=True, slots=True)
class Moving:
    """A fee that was not paid in time: past its due day, or past its grace."""

    fee_id: uuid.UUID
    asset_id: uuid.UUID
    number: str
    annuity: bool
    status: FeeStatus
    due_on: date
    grace_ends_on: date
    asset_status: AssetStatus


async def moving(session: AsyncSession, today: date, *, limit: int) -> list[Moving]:
    """Fees of rights in force whose day or whose grace is over, with their rights locked by id."""
    connection = await driver(session)
    arguments = (today, sorted(IN_FORCE), limit)
    candidates = await connection.fetch(_MOVING, *arguments)
    await asset_queries.lock_ids(session, [row["asset_id"] for row in candidates])
    # Asked again under the locks: a payment may have come in between.
    rows = await connection.fetch(_MOVING, *arguments) if candidates else []
    locked = {row["asset_id"] for row in candidates}
    return [
        Moving(
            row["id"],
            row["asset_id"],
            row["number"],
            row["kind"] == rules.FeeKind.annuity,
            FeeStatus(row["status"]),
            row["due_on"],
            row["grace_ends_on"],
            AssetStatus(row["asset_status"]),
        )
        for row in rows
        if row["asset_id"] in locked
    ]


@dataclass(frozen=True, slots=True)
class Due:
    """An open fee that those concerned are told of."""

    fee_id: uuid.UUID
    asset_id: uuid.UUID
    number: str
    due_on: date
    grace_ends_on: date


async def due_on(session: AsyncSession, days: Collection[date]) -> list[Due]:
    """The open fees of rights in force that are due on one of the days."""
    connection = await driver(session)
    rows = await connection.fetch(_TELL, list(days), sorted(IN_FORCE))
    return [
        Due(row["id"], row["asset_id"], row["number"], row["due_on"], row["grace_ends_on"]) for row in rows
    ]
