"""Reads of parties. The register is public to every authenticated caller."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select, union

from app.domain import party as rules
from app.domain.errors import refuse_if
from app.domain.party import IdentifierScheme
from app.domain.text import name_key, normalise
from app.models.party import Party, PartyIdentifier, PartyName

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


def visible() -> Select[Party]:
    """All parties."""
    return select(Party)


def matching(*, name: str | None = None, identifier: str | None = None) -> Select[Party]:
    """Parties that bear or bore that name, however it is written, and with that identifier in any scheme."""
    statement = visible()
    if name is not None:
        key = name_key(name)
        called = union(
            select(Party.id).where(Party.name_key == key),
            select(PartyName.party_id).where(PartyName.name_key == key),
        )
        statement = statement.where(Party.id.in_(called))
    if identifier is not None:
        # The schemes are named so that the one index serves.
        bearing = select(PartyIdentifier.party_id).where(
            PartyIdentifier.scheme.in_(list(IdentifierScheme)),
            PartyIdentifier.value.in_(_ways_to_write(identifier)),
        )
        statement = statement.where(Party.id.in_(bearing))
    return statement


def _ways_to_write(identifier: str) -> set[str]:
    """An identifier as it may be kept: as written, or in the form of a 统一社会信用代码 (ID-17)."""
    written = normalise(identifier)
    return {identifier, written, written.replace(" ", "").upper()}


async def get(session: AsyncSession, party_id: uuid.UUID) -> Party:
    """One party. Raises: `party.not_found`."""
    party = await session.get(Party, party_id)
    if party is None:
        raise rules.NOT_FOUND.error(party_id=party_id)
    return party


async def lock(session: AsyncSession, party_id: uuid.UUID) -> Party:
    """One party, locked and fresh. Raises: `party.not_found`."""
    statement = select(Party).where(Party.id == party_id).with_for_update(key_share=True)
    party = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
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


async def found_as(session: AsyncSession, parties: Sequence[Party], name: str) -> dict[uuid.UUID, str]:
    """As which of their names, present or former, parties were found; the present one goes first."""
    key = name_key(name)
    found = {party.id: party.name for party in parties if party.name_key == key}
    former = select(PartyName).where(
        PartyName.name_key == key, PartyName.party_id.in_({party.id for party in parties} - found.keys())
    )
    for row in await session.scalars(former.order_by(PartyName.id)):
        found[row.party_id] = row.name
    return found


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
