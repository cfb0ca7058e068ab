"""Audit of refusals, each written in a short transaction of its own."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from app.domain.identifiers import new_id
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.audit import AuditOutcome

_RECORD = """
INSERT INTO audit (id, organisation_id, client_id, request_id, action, noun, subject_id, outcome, codes,
                   detail, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11)
"""


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    action: str,
    noun: str,
    outcome: AuditOutcome,
    subject_id: uuid.UUID | None = None,
    codes: Sequence[str] = (),
    detail: Mapping[str, str] | None = None,
) -> None:
    """Write one audit row."""
    connection = await driver(session)
    await connection.execute(
        _RECORD,
        new_id(),
        actor.organisation_id,
        actor.client_id,
        actor.request_id,
        action,
        noun,
        subject_id,
        outcome.value,
        list(codes),
        json.dumps(dict(detail or {}), ensure_ascii=False),
        moment.now,
    )
