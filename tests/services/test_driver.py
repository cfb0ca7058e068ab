"""The driver's connection under a unit of work: looked up once for a transaction, anew for a savepoint."""

from __future__ import annotations

from app.infra.db import Unit
from app.queries.driver import driver


async def test_what_the_driver_writes_in_a_savepoint_goes_with_it(unit: Unit) -> None:
    """A raw statement is of the savepoint it is sent in, though the connection was asked for before."""
    outer = await driver(unit.session)
    savepoint = unit.session.begin_nested()
    await savepoint.start()
    inner = await driver(unit.session)
    await inner.execute("CREATE TEMPORARY TABLE only_here (id int) ON COMMIT DROP")
    await savepoint.rollback()
    assert await driver(unit.session) is outer is inner
    assert await outer.fetchval("SELECT to_regclass('only_here')") is None
