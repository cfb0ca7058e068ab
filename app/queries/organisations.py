"""Reads of organisations: the parties that use the system."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import organisation as rules
from app.models.organisation import Organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def get(session: AsyncSession, organisation_id: uuid.UUID) -> Organisation:
    """One organisation. Raises: `organisation.not_found`."""
    organisation = await session.get(Organisation, organisation_id)
    if organisation is None:
        raise rules.NOT_FOUND.error(organisation_id=organisation_id)
    return organisation


async def of_party(session: AsyncSession, party_id: uuid.UUID) -> Organisation | None:
    """The organisation that a party is, if it uses the system."""
    statement = select(Organisation).where(Organisation.party_id == party_id)
    return (await session.scalars(statement)).one_or_none()


async def are_any(session: AsyncSession) -> bool:
    """Whether anybody uses the system yet."""
    return (await session.execute(select(Organisation.id).limit(1))).first() is not None
