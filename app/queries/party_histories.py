"""Histories of parties: names, districts, sizes and roles, and what they come to on a day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Select, select, text

from app.domain import party as rules
from app.domain.party import holding, size_holding
from app.models.party import Party, PartyDistrict, PartyName, PartyRoleChange, PartySize

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_Row = TypeVar("_Row", PartyName, PartyDistrict, PartySize, PartyRoleChange)

_DISTRICTS = text(
    """
SELECT p.id, coalesce(h.district_code, p.district_code) AS district_code FROM parties p
LEFT JOIN LATERAL (
  SELECT d.district_code FROM party_districts d
  WHERE d.party_id = p.id AND coalesce(d.effective_on <= :on, true)
  ORDER BY d.effective_on DESC NULLS LAST, d.recorded_at DESC, d.id DESC LIMIT 1
) h ON true WHERE p.id = ANY(CAST(:ids AS uuid[]))
"""
)


_DISTRICTS_EACH = text(
    """
SELECT coalesce(h.district_code, p.district_code) AS district_code
FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) WITH ORDINALITY AS w(id, day, place)
JOIN parties p ON p.id = w.id
LEFT JOIN LATERAL (
  SELECT d.district_code FROM party_districts d
  WHERE d.party_id = p.id AND coalesce(d.effective_on <= w.day, true)
  ORDER BY d.effective_on DESC NULLS LAST, d.recorded_at DESC, d.id DESC LIMIT 1
) h ON true ORDER BY w.place
"""
)


@dataclass(frozen=True, slots=True)
class PartyState:
    """What a party was on a day, by what was known at an instant."""

    on: date
    known_at: datetime | None
    name: str
    district_code: str
    size: PartySize | None
    roles: Sequence[str]


def of(rows: type[_Row], party_id: uuid.UUID) -> Select[_Row]:
    """The rows of one of a party's histories."""
    return select(rows).where(rows.party_id == party_id)


async def names(session: AsyncSession, party_id: uuid.UUID) -> Sequence[PartyName]:
    """All names of a party."""
    return (await session.scalars(of(PartyName, party_id))).all()


async def districts(session: AsyncSession, party_id: uuid.UUID) -> Sequence[PartyDistrict]:
    """All districts of a party."""
    return (await session.scalars(of(PartyDistrict, party_id))).all()


async def sizes(session: AsyncSession, party_id: uuid.UUID) -> Sequence[PartySize]:
    """All sizes of a party."""
    return (await session.scalars(of(PartySize, party_id))).all()


async def roles(session: AsyncSession, party_id: uuid.UUID) -> Sequence[PartyRoleChange]:
    """All that a party began and ceased to be."""
    return (await session.scalars(of(PartyRoleChange, party_id))).all()


async def districts_on(
    session: AsyncSession, party_ids: Collection[uuid.UUID], on: date
) -> dict[uuid.UUID, str]:
    """Where parties were registered on a day, by what is known now; without a history, where they are."""
    found = await session.execute(_DISTRICTS, {"ids": list(party_ids), "on": on})
    return {row.id: row.district_code for row in found}


async def districts_each(session: AsyncSession, asked: Sequence[tuple[uuid.UUID, date]]) -> list[str]:
    """As `districts_on`, of many known parties each on a day of its own, in their order."""
    ids, days = [party_id for party_id, _ in asked], [day for _, day in asked]
    return list(await session.scalars(_DISTRICTS_EACH, {"ids": ids, "days": days}))


async def state(
    session: AsyncSession, party: Party, *, on: date, known_at: datetime | None = None
) -> PartyState:
    """What the party was on a day. Without rows of that history it is what the register says now.

    Raises: `party.not_found` where the party was not known yet.
    """
    if known_at is not None and party.recorded_at > known_at:
        raise rules.NOT_FOUND.error(party_id=party.id)
    name = holding(await names(session, party.id), on, known_at)
    district = holding(await districts(session, party.id), on, known_at)
    by_role: dict[str, list[PartyRoleChange]] = {}
    for row in await roles(session, party.id):
        by_role.setdefault(row.role, []).append(row)
    held = {role: holding(rows, on, known_at) for role, rows in by_role.items()}
    return PartyState(
        on=on,
        known_at=known_at,
        name=name.name if name else party.name,
        district_code=district.district_code if district else party.district_code,
        size=size_holding(await sizes(session, party.id), on, known_at),
        roles=sorted(role for role, last in held.items() if last is not None and last.begins),
    )
