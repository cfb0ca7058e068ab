"""Integrity: what must hold across rows, each as a query that returns the rows that break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from app.queries.integrity import (
    amendments,
    enforcements,
    filings,
    funds,
    loans,
    money,
    operations,
    periods,
    reservations,
)
from app.queries.integrity.check import Check, Finding

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["CHECKS", "SHOWN", "Check", "Finding", "findings"]

SHOWN = 20
CHECKS: tuple[Check, ...] = (
    *money.CHECKS,
    *funds.CHECKS,
    *loans.CHECKS,
    *amendments.CHECKS,
    *enforcements.CHECKS,
    *periods.CHECKS,
    *operations.CHECKS,
    *reservations.CHECKS,
    *filings.CHECKS,
)


async def findings(session: AsyncSession) -> list[Finding]:
    """Rows that break an invariant, up to twenty per invariant; none in a sound database."""
    found: list[Finding] = []
    for check in CHECKS:
        rows = await session.execute(text(f"{check.broken} LIMIT {SHOWN}"))
        found += [Finding(check.name, row.subject, row.detail) for row in rows]
    return found
