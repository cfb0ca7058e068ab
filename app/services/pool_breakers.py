"""The breaker (熔断) of a pool: evaluated where its ratios move, released by the finance office (RP-13)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import pool as rules
from app.domain.errors import refuse_if
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.pool import PoolStatus
from app.queries import documents as document_queries, pool_risks, pools as queries
from app.services import events, notices

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.pool import Risk
    from app.models.pool import Pool


async def evaluate(session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool) -> bool:
    """Bring the status of a locked pool in line with its ratios; tells those concerned when it changes.

    It warns and suspends, and ends a warning; a suspension stays until it is released by document.
    """
    await session.flush()
    status, risk = await _called_for(session, pool, moment)
    if status == pool.status:
        return False
    await _change(session, actor=actor, moment=moment, pool=pool, status=status, risk=risk)
    return True


async def evaluate_all(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Look at every pool, as a scheme may begin or end with the day; how many changed.

    Pools are locked, in the order of their ids, only where something is to change.
    """
    changed = 0
    for pool in await queries.watched(session):
        status, _ = await _called_for(session, pool, moment)
        if status != pool.status:
            locked = await queries.lock(session, pool.id)
            changed += await evaluate(session, actor=actor, moment=moment, pool=locked)
    return changed


async def _called_for(session: AsyncSession, pool: Pool, moment: Moment) -> tuple[PoolStatus, Risk]:
    """The status that follows from a pool's ratios today, and these."""
    scheme = await pool_risks.terms(session, pool.id, moment.today)
    risk = await pool_risks.risk(session, pool.id)
    status = rules.following(PoolStatus(pool.status), rules.breaker(risk, pool_risks.limits(scheme)))
    return status, risk


async def release(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    document_id: uuid.UUID,
    reason: str,
) -> Pool:
    """Lift a suspension by document, once the NPL ratio no longer warns and net payouts are below their line.

    Raises: `pool.not_found`, `pool.not_yours_to_release`, `document.not_found`, `pool.not_suspended`,
    `pool.release_too_early`.
    """
    seen = await queries.get(session, actor, pool_id)
    if Role.finance_office not in actor.roles or not actor.oversees(seen.district_code):
        raise rules.NOT_YOURS_TO_RELEASE.error()
    await document_queries.require(session, actor, document_id)
    pool = await queries.lock(session, pool_id)
    if pool.status != PoolStatus.suspended:
        raise rules.NOT_SUSPENDED.error(status=pool.status)
    limits = pool_risks.limits(await pool_risks.terms(session, pool.id, moment.today))
    risk = await pool_risks.risk(session, pool.id)
    if rules.breaker(risk, limits) is not PoolStatus.active:
        early = rules.RELEASE_TOO_EARLY.violation(
            npl_ratio=risk.npl_ratio,
            npl_warn=rules.percent(limits.npl_warn_bp, rules.FULL_SHARE_BP),
            paid_ratio=risk.paid_ratio,
            paid_suspend=rules.percent(limits.paid_ratio_suspend_bp, rules.FULL_SHARE_BP),
        )
        refuse_if([early])
    await _change(
        session,
        actor=actor,
        moment=moment,
        pool=pool,
        status=PoolStatus.active,
        risk=risk,
        document_id=document_id,
        reason=reason,
    )
    return pool


async def _change(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    status: PoolStatus,
    risk: Risk,
    **why: object,
) -> None:
    """Take on a status: all concerned learn it, its figures only those who may read the pool's books.

    From ratio and outstanding one bank could tell how another's loans go.
    """
    facts = {"number": pool.number, "from": pool.status, "status": status.value}
    recipients = await pool_risks.concerned(session, pool)
    event = events.NewEvent(
        type="pool.breaker_changed",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=recipients,
        payload=facts,
    )
    measured = events.NewEvent(
        type="pool.risk_measured",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=await pool_risks.keepers(session, pool),
        payload={
            **facts,
            "npl_ratio": risk.npl_ratio,
            "paid_ratio": risk.paid_ratio,
            "npl_fen": risk.npl_fen,
            "outstanding_fen": risk.outstanding_fen,
            "net_paid_fen": risk.net_paid_fen,
            "paid_in_fen": risk.paid_in_fen,
            **why,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event, measured])
    pool.come_to(status)
    await session.flush()
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.breaker_changed,
        recipients=recipients,
        facts=facts,
    )
