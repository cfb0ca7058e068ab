"""Writing off what will not come back of a payout (核销, RP-16)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import claim as rules
from app.domain.claim import ClaimEvent
from app.domain.permission import Role
from app.models.claim import Claim
from app.queries import claims as queries, documents as document_queries, pools as pool_queries
from app.services import events, pool_breakers
from app.services.claims.common import holds_office, require_disinterested, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def write_off(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    claim_id: uuid.UUID,
    reason: str,
    document_id: uuid.UUID,
) -> Claim:
    """Write off what will not come back, on the document that ends the pursuit; recoveries are still shared.

    Raises: `claim.not_found`, `claim.wrong_office`, `document.not_found`, `claim.own_claim`,
    `state.illegal_transition`.
    """
    claim = await queries.lock(session, actor, claim_id)
    if not holds_office(actor, Role.treasury, claim):
        raise rules.WRONG_OFFICE.error()
    await require_disinterested(session, actor, claim)
    await document_queries.require(session, actor, document_id)
    claim.advance(ClaimEvent.write_off)
    claim.written_off_on, claim.reason = moment.today, reason
    event = await told(session, claim, "written_off", reason=reason, document_id=str(document_id))
    pool = await pool_queries.lock(session, claim.pool_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return claim
