"""The asyncpg connection under a session, for statements that are set-based and must be few."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

_KEPT = "driver"


async def driver(session: AsyncSession) -> asyncpg.Connection[asyncpg.Record]:
    """The driver connection of `session`'s transaction.

    The unit's opening statement has begun that transaction; statements on a raw connection before it
    would run outside.
    """
    transaction = session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()
    if transaction is None:
        raise RuntimeError("the unit of work has not been opened")
    # Asked for before every statement: what SQLAlchemy goes through to find it, and to set a savepoint, is
    # gone through once.
    known, found = session.info.get(_KEPT, (None, None))
    if known is not transaction:
        found = (await (await session.connection()).get_raw_connection()).driver_connection
        session.info[_KEPT] = transaction, found
    return cast("asyncpg.Connection[asyncpg.Record]", found)
