"""What the instance says of itself: its mode, and its test clock."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.models.district import Instance

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def is_sandbox(session: AsyncSession) -> bool:
    """Whether this is a sandbox, whose business date can be moved."""
    return await session.scalar(select(Instance.mode)) == "sandbox"


async def business_date(session: AsyncSession) -> date | None:
    """Where the test clock stands; None where it was never set."""
    return await session.scalar(select(Instance.business_date))
