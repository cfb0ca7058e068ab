"""Reads of stress tests; who may read a pool's books may read its tests."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import defer

from app.domain import stress_test as rules
from app.models.stress_test import StressTest

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession


def of_pool(pool_id: uuid.UUID) -> Select[StressTest]:
    """All tests of a pool."""
    return select(StressTest).where(StressTest.pool_id == pool_id)


def listed(pool_id: uuid.UUID) -> Select[StressTest]:
    """All tests of a pool without their evidence, which is as large as the pool's list of loans."""
    return of_pool(pool_id).options(defer(StressTest.evidence, raiseload=True))


async def get(session: AsyncSession, pool_id: uuid.UUID, test_id: uuid.UUID) -> StressTest:
    """One test of a pool. Raises: `stress_test.not_found`."""
    test = (await session.scalars(of_pool(pool_id).where(StressTest.id == test_id))).one_or_none()
    if test is None:
        raise rules.NOT_FOUND.error(test_id=test_id)
    return test
