"""Audits refusals: who was told no, and why, in a short transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import ErrorKind
from app.middleware import printable
from app.models.audit import AuditOutcome
from app.services import audit

if TYPE_CHECKING:
    from fastapi import Request

    from app.domain.errors import DomainError
    from app.infra.db import Database

AUDITED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FAILURES = frozenset({ErrorKind.unavailable, ErrorKind.internal})
"""Not a refusal: nobody decided anything, and the database that would keep the row may be the cause."""
ACTION_LENGTH = 500


async def audit_refusal(request: Request, error: DomainError) -> None:
    """Record a refused write of a known caller; refusals without a caller go to the log only."""
    actor = getattr(request.state, "actor", None)
    if actor is None or request.method not in AUDITED_METHODS or error.code.kind in FAILURES:
        return
    path = printable(request.scope["path"])
    database: Database = request.app.state.database
    async with database.write(actor.client_id) as unit:
        await audit.record(
            unit.session,
            actor=actor,
            moment=unit.moment,
            action=f"{request.method} {path}"[:ACTION_LENGTH],
            noun=path.split("/")[2] if path.count("/") > 1 else "",
            outcome=AuditOutcome.refused,
            codes=list(dict.fromkeys(violation.code.code for violation in error.violations)),
            detail={} if actor.delegation_id is None else {"delegation_id": str(actor.delegation_id)},
        )
