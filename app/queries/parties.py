"""Reads of parties. The register is public to every authenticated caller."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import party as rules
from app.models.party import Party, PartyIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


def visible() -> Select[Party]:
    """All parties, in the order of their ids."""
    return select(Party).order_by(Party.id)


async def get(session: AsyncSession, party_id: uuid.UUID) -> Party:
    """One party. Raises: `party.not_found`."""
    party = await session.get(Party, party_id)
    if party is None:
        raise rules.NOT_FOUND.error(party_id=party_id)
    return party


async def identifiers(
    session: AsyncSession, party_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PartyIdentifier]]:
    """Identifiers of several parties in one statement."""
    found: dict[uuid.UUID, list[PartyIdentifier]] = {party_id: [] for party_id in party_ids}
    statement = (
        select(PartyIdentifier)
        .where(PartyIdentifier.party_id.in_(party_ids))
        .order_by(PartyIdentifier.scheme, PartyIdentifier.value)
    )
    for identifier in await session.scalars(statement):
        found[identifier.party_id].append(identifier)
    return found
