"""The asyncpg connection under a session, for statements that are set-based and must be few."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession


async def driver(session: AsyncSession) -> asyncpg.Connection[asyncpg.Record]:
    """The driver connection of `session`'s transaction.

    The unit's opening statement has begun that transaction; statements on a raw connection before it
    would run outside.
    """
    if not session.in_transaction():
        raise RuntimeError("the unit of work has not been opened")
    connection = await (await session.connection()).get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", connection.driver_connection)
