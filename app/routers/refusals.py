"""Audits refusals: who was told no, and why, in a short transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.models.audit import AuditOutcome
from app.services import audit

if TYPE_CHECKING:
    from fastapi import Request

    from app.domain.errors import DomainError
    from app.infra.db import Database

AUDITED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


async def audit_refusal(request: Request, error: DomainError) -> None:
    """Record a refused write of a known caller; refusals without a caller go to the log only."""
    actor = getattr(request.state, "actor", None)
    if actor is None or request.method not in AUDITED_METHODS:
        return
    database: Database = request.app.state.database
    async with database.write(actor.client_id) as unit:
        await audit.record(
            unit.session,
            actor=actor,
            moment=unit.moment,
            action=f"{request.method} {request.url.path}",
            noun=request.url.path.split("/")[2] if request.url.path.count("/") > 1 else "",
            outcome=AuditOutcome.refused,
            codes=[violation.code.code for violation in error.violations],
        )
