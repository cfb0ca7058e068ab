"""Books that leave the system are put on record: who took them, in which form, and on what knowledge."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.ledger_export import ExportFormat, ExportHead
    from app.domain.permission import Actor


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    district_code: str,
    head: ExportHead,
    wanted: ExportFormat,
) -> None:
    """Write that a pool's books were taken out; told to the offices of its district only."""
    event = events.NewEvent(
        type="ledger.exported",
        noun="pool",
        subject_id=pool_id,
        stream=district_code,
        payload={"format": wanted.value, "seal": head.seal, "taken_at": head.taken_at.isoformat()},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
