"""Serials of business numbers, each from a sequence of its noun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlalchemy import text

from app.domain.identifiers import business_number

if TYPE_CHECKING:
    from datetime import date

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
    "programme",
    "certificate",
    "reconciliation",
    "bank_statement",
    "stress_test",
    "amendment",
    "enforcement",
    "reservation",
    "delegation",
]

PREFIXES: dict[Noun, str] = {
    "listing": "LI",
    "deal": "DE",
    "pool": "PO",
    "claim": "CL",
    "mandate": "MA",
    "offer": "OF",
    "consent": "CO",
    "portfolio": "PF",
    "application": "AP",
    "valuation": "VA",
    "policy": "IN",
    "programme": "TG",
    "certificate": "CE",
    "reconciliation": "RC",
    "bank_statement": "BS",
    "stress_test": "ST",
    "amendment": "PA",
    "enforcement": "EF",
    "reservation": "RV",
    "delegation": "DG",
}


async def next_number(session: AsyncSession, noun: Noun, district_code: str, today: date) -> str:
    """The next business number of a noun, e.g. `LI-120110-2026-000123`.

    A park or a street is numbered with the district it is part of, whose code its own begins with.
    """
    serial = await _next_serial(session, noun)
    return business_number(PREFIXES[noun], district_code[:6], today.year, serial)


async def _next_serial(session: AsyncSession, noun: Noun) -> int:
    """The next serial of that noun's business number; one that is not used is lost."""
    serial = await session.scalar(text("SELECT nextval(:sequence)"), {"sequence": f"{noun}_numbers"})
    return int(serial)
