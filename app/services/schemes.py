"""Schemes: the versions of a pool's parameters; commitments keep the one they were made under (RP-03)."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.domain import scheme as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.models.pool import Pool, Scheme
from app.queries import pools as queries
from app.services import events, pool_breakers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.scheme import Terms


def require_sound(terms: Terms, *, pointer: str = "") -> None:
    """Raises, all that apply: `pool.shares_not_whole`, `.tiers_unordered`, `.thresholds_invalid`,
    `.period_invalid`.
    """
    refuse_if(rules.faults(terms, pointer))


async def add(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, terms: Terms
) -> Scheme:
    """Put a further scheme version in effect; commitments made before keep theirs (RP-03).

    The breaker goes by what is in effect today, so it is evaluated.

    Raises: `pool.not_found`, and what `require_sound` raises.
    """
    pool = await queries.lock_managed(session, actor, pool_id)
    require_sound(terms)
    number = len(await queries.schemes(session, pool.id)) + 1
    event = events.NewEvent(
        type="pool.scheme_added",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"scheme": terms.code, "version": number},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    added = version(pool, terms, number, event.id, moment)
    session.add(added)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return added


def version(pool: Pool, terms: Terms, number: int, event_id: uuid.UUID, moment: Moment) -> Scheme:
    """The row of a scheme version."""
    columns: dict[str, Any] = asdict(terms)
    columns["tiers"] = [
        {
            "upto_fen": tier.upto_fen,
            "shares_bp": {party.value: share for party, share in tier.shares_bp.items()},
        }
        for tier in terms.tiers
    ]
    return Scheme(
        id=new_id(),
        district_code=pool.district_code,
        pool_id=pool.id,
        scheme_version=number,
        event_id=event_id,
        recorded_at=moment.now,
        **columns,
    )
