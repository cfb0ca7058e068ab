"""Serials of business numbers, each from a sequence of its noun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Noun = Literal[
    "listing",
    "deal",
    "pool",
    "claim",
    "mandate",
    "offer",
    "consent",
    "portfolio",
    "application",
    "valuation",
    "policy",
]


async def next_serial(session: AsyncSession, noun: Noun) -> int:
    """The next serial of that noun's business number; one that is not used is lost."""
    serial = await session.scalar(text("SELECT nextval(:sequence)"), {"sequence": f"{noun}_numbers"})
    return int(serial)
