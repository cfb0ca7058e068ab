"""Counts what reaches the database, whether SQLAlchemy or the driver sent it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import event

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

FRAME = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE SAVEPOINT",
    "SET CONSTRAINTS",
    "SELECT set_config('lock_timeout'",
)
"""How the statements begin that open and close every unit of work."""


@dataclass
class Statements:
    """The SQL texts sent, each once per round trip; those of one sender are in order."""

    texts: list[str] = field(default_factory=list)

    @property
    def work(self) -> list[str]:
        """The texts without those that open and close a unit of work."""
        return [text for text in self.texts if not text.lstrip().startswith(FRAME)]


@asynccontextmanager
async def statements(connection: AsyncConnection) -> AsyncIterator[Statements]:
    """What is sent on `connection` while the block runs.

    The driver logs what is executed on it directly but not prepared statements, by which SQLAlchemy
    sends everything but a plain executemany; so each of the two is counted at its own door.
    """
    seen = Statements()
    raw = await connection.get_raw_connection()
    driver = cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)

    def from_alchemy(*args: Any) -> None:
        _connection, _cursor, text, _parameters, _context, executemany = args
        if not executemany:
            seen.texts.append(text)

    def from_driver(query: Any) -> None:
        seen.texts.append(query.query)

    event.listen(connection.sync_connection, "before_cursor_execute", from_alchemy)
    driver.add_query_logger(from_driver)
    try:
        yield seen
        await asyncio.sleep(0)  # the driver calls its loggers in the loop's next turn
    finally:
        driver.remove_query_logger(from_driver)
        event.remove(connection.sync_connection, "before_cursor_execute", from_alchemy)
