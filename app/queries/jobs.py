"""Reads of job runs: how far each business-date job has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_LAST = """
SELECT j.job, (SELECT max(business_date) FROM job_runs r WHERE r.job = j.job) AS last
FROM unnest($1::text[]) AS j(job)
"""


async def last_days(session: AsyncSession, jobs: Sequence[str]) -> dict[str, date | None]:
    """The last business date each job has run for; None for one that never ran."""
    rows = await (await driver(session)).fetch(_LAST, list(jobs))
    return {row["job"]: row["last"] for row in rows}
