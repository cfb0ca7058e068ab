"""Breakers (熔断) of pools and of the banks in them: evaluated where ratios move, released by office (RP-13).

A pool's breaker looks at the loans of all banks and at its payouts, a bank's at its own loans there. Both
only keep new commitments out; what is committed stays covered and payable.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import pool as rules, pool_breaker as bank_rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.pool import PoolStatus
from app.domain.pool_breaker import BankLoans
from app.models.pool import BankBreaker
from app.queries import documents as document_queries, pool_risks, pools as queries
from app.services import events, notices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.pool import Limits, Risk
    from app.models.pool import Pool


@dataclass(frozen=True, slots=True)
class _Look:
    """What the breakers of a pool see today, and the status that follows for the pool and for each bank."""

    risk: Risk
    limits: Limits
    status: PoolStatus
    loans: Mapping[uuid.UUID, BankLoans]
    breakers: Mapping[uuid.UUID, BankBreaker]

    def bank_changes(self) -> list[tuple[BankLoans, PoolStatus, PoolStatus]]:
        """Banks whose breaker changes, from which status to which; one without loans has no bad ones."""
        found = []
        for bank_id in sorted({*self.loans, *self.breakers}):
            loans = self.loans.get(bank_id, BankLoans(bank_id, 0, 0))
            before = status_of(self.breakers.get(bank_id))
            after = rules.following(before, rules.breaker(loans.risk, self.limits))
            if after is not before:
                found.append((loans, before, after))
        return found


def status_of(breaker: BankBreaker | None) -> PoolStatus:
    """The status of a bank's breaker: none was made while there was nothing to tell."""
    return PoolStatus(breaker.status) if breaker is not None else PoolStatus.active


async def evaluate(session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool) -> bool:
    """Bring the breakers of a locked pool and its banks in line with their ratios; whether any changed.

    They warn and suspend, and end a warning; a suspension stays until it is released by document. Those
    concerned by a change are told.
    """
    await session.flush()
    look = await _look(session, pool, moment)
    banks = look.bank_changes()
    for loans, _, status in banks:
        await _change_bank(session, actor=actor, moment=moment, pool=pool, loans=loans, status=status)
    if look.status != pool.status:
        await _change(session, actor=actor, moment=moment, pool=pool, status=look.status, risk=look.risk)
        return True
    return bool(banks)


async def evaluate_all(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Look at every pool, as a scheme may begin or end with the day; in how many a breaker changed.

    Pools are locked, in the order of their ids, only where something is to change.
    """
    changed = 0
    for pool in await queries.watched(session):
        look = await _look(session, pool, moment)
        if look.status != pool.status or look.bank_changes():
            locked = await queries.lock(session, pool.id)
            changed += await evaluate(session, actor=actor, moment=moment, pool=locked)
    return changed


async def _look(session: AsyncSession, pool: Pool, moment: Moment) -> _Look:
    limits = pool_risks.limits(await pool_risks.terms(session, pool.id, moment.today))
    loans = await pool_risks.banks(session, pool.id)
    net_paid_fen, paid_in_fen = await pool_risks.payouts(session, pool.id)
    risk = bank_rules.together(loans, net_paid_fen=net_paid_fen, paid_in_fen=paid_in_fen)
    return _Look(
        risk=risk,
        limits=limits,
        status=rules.following(PoolStatus(pool.status), rules.breaker(risk, limits)),
        loans={one.bank_id: one for one in loans},
        breakers=await pool_risks.breakers(session, pool.id),
    )


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
    pool = await _lock_to_release(session, actor, pool_id, document_id)
    if pool.status != PoolStatus.suspended:
        raise rules.NOT_SUSPENDED.error(status=pool.status)
    look = await _look(session, pool, moment)
    if rules.breaker(look.risk, look.limits) is not PoolStatus.active:
        early = rules.RELEASE_TOO_EARLY.violation(
            npl_ratio=look.risk.npl_ratio,
            npl_warn=rules.percent(look.limits.npl_warn_bp, rules.FULL_SHARE_BP),
            paid_ratio=look.risk.paid_ratio,
            paid_suspend=rules.percent(look.limits.paid_ratio_suspend_bp, rules.FULL_SHARE_BP),
        )
        refuse_if([early])
    await _change(
        session,
        actor=actor,
        moment=moment,
        pool=pool,
        status=PoolStatus.active,
        risk=look.risk,
        document_id=document_id,
        reason=reason,
    )
    return pool


async def release_bank(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool_id: uuid.UUID,
    bank_id: uuid.UUID,
    document_id: uuid.UUID,
    reason: str,
) -> Pool:
    """Lift a bank's suspension in a pool by document, once the NPL ratio of its loans no longer warns.

    Raises: `pool.not_found`, `pool.not_yours_to_release`, `document.not_found`, `pool.bank_not_found`,
    `pool.bank_not_suspended`, `pool.bank_release_too_early`.
    """
    pool = await _lock_to_release(session, actor, pool_id, document_id)
    look = await _look(session, pool, moment)
    if bank_id not in look.loans and bank_id not in look.breakers:
        raise bank_rules.BANK_NOT_FOUND.error(bank_id=bank_id)
    status = status_of(look.breakers.get(bank_id))
    if status is not PoolStatus.suspended:
        raise bank_rules.BANK_NOT_SUSPENDED.error(status=status.value)
    loans = look.loans.get(bank_id, BankLoans(bank_id, 0, 0))
    if rules.breaker(loans.risk, look.limits) is not PoolStatus.active:
        warn = rules.percent(look.limits.npl_warn_bp, rules.FULL_SHARE_BP)
        refuse_if([bank_rules.BANK_RELEASE_TOO_EARLY.violation(npl_ratio=loans.npl_ratio, npl_warn=warn)])
    await _change_bank(
        session,
        actor=actor,
        moment=moment,
        pool=pool,
        loans=loans,
        status=PoolStatus.active,
        document_id=document_id,
        reason=reason,
    )
    return pool


async def _lock_to_release(
    session: AsyncSession, actor: Actor, pool_id: uuid.UUID, document_id: uuid.UUID
) -> Pool:
    """The pool, locked, for the finance office of its district with a document it may see."""
    seen = await queries.get(session, actor, pool_id)
    if Role.finance_office not in actor.roles or not actor.oversees(seen.district_code):
        raise rules.NOT_YOURS_TO_RELEASE.error()
    await document_queries.require(session, actor, document_id)
    return await queries.lock(session, pool_id)


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


async def _change_bank(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    loans: BankLoans,
    status: PoolStatus,
    **why: object,
) -> None:
    """Take on a bank's status: the bank itself and the pool's keepers learn it, other banks do not."""
    breaker = (await pool_risks.breakers(session, pool.id)).get(loans.bank_id)
    bank = (await pool_risks.names(session, [loans.bank_id])).get(loans.bank_id, str(loans.bank_id))
    recipients = sorted({loans.bank_id, *await pool_risks.keepers(session, pool)})
    facts = {
        "number": pool.number,
        "bank": bank,
        "from": status_of(breaker).value,
        "status": status.value,
    }
    event = events.NewEvent(
        type="pool.bank_breaker_changed",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=recipients,
        payload={
            **facts,
            "bank_id": str(loans.bank_id),
            "npl_ratio": loans.npl_ratio,
            "npl_fen": loans.npl_fen,
            "outstanding_fen": loans.outstanding_fen,
            **why,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    if breaker is None:
        breaker = BankBreaker(
            id=new_id(),
            district_code=pool.district_code,
            pool_id=pool.id,
            bank_id=loans.bank_id,
            status=PoolStatus.active.value,
            event_id=event.id,
            recorded_at=moment.now,
            version=0,
        )
        session.add(breaker)
    breaker.come_to(status)
    await session.flush()
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.bank_breaker_changed,
        recipients=recipients,
        facts=facts,
    )
