"""Reads of parties. The register is public to every authenticated caller."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import party as rules
from app.domain.errors import refuse_if
from app.domain.party import IdentifierScheme
from app.domain.text import name_key
from app.models.party import Party, PartyIdentifier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


def visible() -> Select[Party]:
    """All parties."""
    return select(Party)


def matching(*, name: str | None = None, identifier: str | None = None) -> Select[Party]:
    """Parties of that name, however it is written, and with that identifier, under whatever scheme."""
    statement = visible()
    if name is not None:
        statement = statement.where(Party.name_key == name_key(name))
    if identifier is not None:
        bearing = select(PartyIdentifier.party_id).where(PartyIdentifier.value == identifier)
        statement = statement.where(Party.id.in_(bearing))
    return statement


async def get(session: AsyncSession, party_id: uuid.UUID) -> Party:
    """One party. Raises: `party.not_found`."""
    party = await session.get(Party, party_id)
    if party is None:
        raise rules.NOT_FOUND.error(party_id=party_id)
    return party


async def bearing(session: AsyncSession, scheme: IdentifierScheme, value: str) -> Party | None:
    """The party that bears an identifier, if the register knows one."""
    statement = (
        select(Party)
        .join(PartyIdentifier, PartyIdentifier.party_id == Party.id)
        .where(PartyIdentifier.scheme == scheme, PartyIdentifier.value == value)
    )
    return (await session.scalars(statement)).one_or_none()


async def existing(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of the ids name parties of the register."""
    return set(await session.scalars(select(Party.id).where(Party.id.in_(party_ids))))


async def require(session: AsyncSession, parties: Mapping[str, uuid.UUID | None]) -> None:
    """Raises: `party.not_found` for each of the parties, by pointer, that is not in the register."""
    known = await existing(session, {party_id for party_id in parties.values() if party_id is not None})
    refuse_if(
        [
            rules.NOT_FOUND.violation(pointer, party_id=party_id)
            for pointer, party_id in parties.items()
            if party_id is not None and party_id not in known
        ]
    )


async def districts(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Where parties are registered today (ST-08)."""
    statement = select(Party.id, Party.district_code).where(Party.id.in_(party_ids))
    return dict((await session.execute(statement)).all())


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
