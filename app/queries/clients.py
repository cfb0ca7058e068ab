"""Reads and locks of API clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import client as rules
from app.models.organisation import Client, Organisation

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession


async def named(
    session: AsyncSession, client_ids: Collection[str], *, lock: bool = False
) -> list[tuple[Client, Organisation]]:
    """The clients of these public names that there are, with their organisations; locked if asked."""
    statement = (
        select(Client, Organisation)
        .join(Organisation, Organisation.id == Client.organisation_id)
        .where(Client.client_id.in_(client_ids))
        .order_by(Client.id)
    )
    if lock:
        statement = statement.with_for_update(of=Client).execution_options(populate_existing=True)
    return [(client, organisation) for client, organisation in await session.execute(statement)]


async def lock(session: AsyncSession, client_id: str) -> Client:
    """One client, locked. Raises: `client.not_found`."""
    found = await named(session, [client_id], lock=True)
    if not found:
        raise rules.NOT_FOUND.error(client_id=client_id)
    return found[0][0]
