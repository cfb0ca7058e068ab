"""Commitments: capacity reserved at approval, confirmed by filing, released by repayments and endings.

All of them change under the lock of their pool. A change voids the pending transfer and, if something is
still reserved, makes one anew in the same posting.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import commitment as rules
from app.domain.commitment import CommitmentEvent, CommitmentStatus
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.ledger import TransferKind
from app.domain.notice import NoticeKind
from app.domain.pool import covered_principal
from app.models.pool import Commitment
from app.queries import commitments as queries, ledger as ledger_queries, pools as pool_queries
from app.services import events, ledger, notices, pool_breakers, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.application import Application
    from app.models.pool import Pool
    from app.queries.commitment_cover import PoolState


@dataclass(frozen=True, slots=True)
class Reserving:
    """In which pool an approval reserves capacity, for which IP share, until which day."""

    pool_id: uuid.UUID
    ip_share_bp: int = 10_000
    expires_on: date | None = None


async def reserve(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    application: Application,
    principal_fen: int,
    pool: PoolState,
    reserving: Reserving,
) -> Commitment:
    """Reserve capacity of a pool that was locked and found to cover the application (decisions §11)."""
    until, _ = rules.reserved_until(moment.today, reserving.expires_on)
    if pool.scheme_id is None:
        raise RuntimeError("a pool without a scheme covers nothing")
    covered = covered_principal(principal_fen, reserving.ip_share_bp)
    transfer = ledger.NewTransfer(
        debit_account_id=pool.covered_account_id,
        credit_account_id=pool.obligation_account_id,
        amount_fen=covered,
        code="commitment.reserved",
        business_noun="application",
        business_id=application.id,
        kind=TransferKind.pending,
        expires_on=until,
    )
    made = Commitment(
        id=new_id(),
        district_code=pool.district_code,
        pool_id=reserving.pool_id,
        scheme_id=pool.scheme_id,
        application_id=application.id,
        pledge_id=None,
        bank_id=application.bank_id,
        borrower_id=application.borrower_id,
        industry=pool.industry,
        transfer_id=transfer.id,
        principal_fen=principal_fen,
        ip_share_bp=reserving.ip_share_bp,
        covered_fen=covered,
        outstanding_fen=covered,
        status=CommitmentStatus.reserved.value,
        committed_on=moment.today,
        expires_on=until,
        recorded_at=moment.now,
        version=1,
    )
    event = _event(made, pool.manager_id, "reserved", number=application.number)
    made.event_id = event.id
    await events.record(session, actor=actor, moment=moment, events=[event])
    book = ledger.Book(reserving.pool_id, pool.district_code, pool.standing.currency)
    await ledger.post(session, moment=moment, book=book, transfers=[transfer], event_id=event.id)
    session.add(made)
    await session.flush()
    return made


async def give_back(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    application_id: uuid.UUID,
    reason: str,
) -> Commitment | None:
    """Let the reservation of an application lapse, if it has one; returns it."""
    kept = await queries.reservation(session, application_id)
    if kept is None:
        return None
    pool = await pool_queries.lock(session, kept.pool_id)
    kept = await queries.fresh(session, kept.id)
    if kept.status != CommitmentStatus.reserved:
        return None
    await _lapse(session, actor=actor, moment=moment, pool=pool, kept=kept, reason=reason)
    return kept


async def lapse_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Give back what is reserved past its last day; the banks are told. Returns how many lapsed."""
    lapsed = 0
    for due in await queries.expired(session, moment.today):
        pool = await pool_queries.lock(session, due.pool_id)
        kept = await queries.fresh(session, due.id)
        if kept.status != CommitmentStatus.reserved:
            continue
        event = await _lapse(
            session, actor=actor, moment=moment, pool=pool, kept=kept, reason="expired", expired=True
        )
        await _notify(session, moment=moment, event=event, commitment=kept)
        lapsed += 1
    return lapsed


async def _lapse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    kept: Commitment,
    reason: str,
    expired: bool = False,
) -> events.NewEvent:
    kept.advance(CommitmentEvent.lapse)
    kept.released_on, kept.reason = moment.today, reason
    event = _event(kept, pool.manager_id, "lapsed", reason=reason)
    await events.record(session, actor=actor, moment=moment, events=[event])
    kind = TransferKind.expire if expired else TransferKind.void
    await _resolve(session, pool, kept, moment=moment, event_id=event.id, kind=kind)
    return event


async def release(
    session: AsyncSession, *, moment: Moment, pledge_id: uuid.UUID, event_id: uuid.UUID, released_on: date
) -> int:
    """Give back the capacity reserved for a pledge; returns the covered principal released, in fen."""
    commitment = await pool_queries.live_commitment(session, pledge_id)
    if commitment is None:
        return 0
    pool = await pool_queries.lock(session, commitment.pool_id)
    commitment = await queries.fresh(session, commitment.id)
    commitment.advance(CommitmentEvent.release)
    commitment.released_on = released_on
    await _resolve(session, pool, commitment, moment=moment, event_id=event_id)
    return commitment.outstanding_fen


async def follow_repayment(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    principal_fen: int,
) -> Commitment | None:
    """Free capacity as a loan is repaid: what stays covered is the IP share of what is owed (RP-06).

    It never rises again; with nothing owed the commitment is released. Returns it if it changed.
    """
    commitment = await pool_queries.live_commitment(session, pledge_id)
    if commitment is None:
        return None
    pool = await pool_queries.lock(session, commitment.pool_id)
    commitment = await queries.fresh(session, commitment.id)
    before, still = commitment.outstanding_fen, covered_principal(principal_fen, commitment.ip_share_bp)
    if commitment.status not in rules.COVERING or still >= before:
        return None
    if still == 0:
        event = _event(commitment, pool.manager_id, "released", status=CommitmentStatus.released.value)
        await events.record(session, actor=actor, moment=moment, events=[event])
        commitment.advance(CommitmentEvent.release)
        commitment.released_on = moment.today
        await _resolve(session, pool, commitment, moment=moment, event_id=event.id)
        return commitment
    event = _event(commitment, pool.manager_id, "reduced", outstanding_fen=still, before_fen=before)
    await events.record(session, actor=actor, moment=moment, events=[event])
    pending = await ledger_queries.get_transfer(session, pool.id, commitment.transfer_id)
    void = ledger.resolution(pending, TransferKind.void, code="commitment.reduced")
    rest = ledger.NewTransfer(
        debit_account_id=pending.debit_account_id,
        credit_account_id=pending.credit_account_id,
        amount_fen=still,
        code="commitment",
        business_noun=pending.business_noun,
        business_id=pending.business_id,
        kind=TransferKind.pending,
    )
    commitment.reduce(still, rest.id)
    await session.flush()
    await ledger.post(
        session, moment=moment, book=pools.book(pool), transfers=[void, rest], event_id=event.id
    )
    return commitment


async def enlarge(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    commitment: Commitment,
    principal_fen: int,
    more_fen: int,
    scheme_id: uuid.UUID,
) -> Commitment:
    """Cover `more_fen` more of a loan: the commitment is released and a larger one made in its place.

    What was repaid stays free; `principal_fen` is the whole principal from now on. The pool is locked and
    has been found to cover the difference; the new one is made under `scheme_id`, now in effect (RP-03).
    """
    pool = await pool_queries.lock(session, commitment.pool_id)
    old = await queries.fresh(session, commitment.id)
    covered = covered_principal(principal_fen, old.ip_share_bp)
    more = covered - covered_principal(principal_fen - more_fen, old.ip_share_bp)
    pending = await ledger_queries.get_transfer(session, pool.id, old.transfer_id)
    void = ledger.resolution(pending, TransferKind.void, code="commitment.enlarged")
    anew = ledger.NewTransfer(
        debit_account_id=pending.debit_account_id,
        credit_account_id=pending.credit_account_id,
        amount_fen=old.outstanding_fen + more,
        code="commitment",
        business_noun=pending.business_noun,
        business_id=pending.business_id,
        kind=TransferKind.pending,
    )
    made = Commitment(
        id=new_id(),
        district_code=old.district_code,
        pool_id=old.pool_id,
        scheme_id=scheme_id,
        application_id=old.application_id,
        pledge_id=old.pledge_id,
        bank_id=old.bank_id,
        borrower_id=old.borrower_id,
        industry=old.industry,
        transfer_id=anew.id,
        principal_fen=principal_fen,
        ip_share_bp=old.ip_share_bp,
        covered_fen=covered,
        outstanding_fen=anew.amount_fen,
        status=CommitmentStatus.committed.value,
        committed_on=moment.today,
        recorded_at=moment.now,
        version=1,
    )
    event = _event(made, pool.manager_id, "enlarged", before_fen=old.outstanding_fen, replaces_id=old.id)
    made.event_id = event.id
    await events.record(session, actor=actor, moment=moment, events=[event])
    old.advance(CommitmentEvent.release)
    old.released_on, old.reason = moment.today, "enlarged"
    await session.flush()  # a pledge has one live commitment
    session.add(made)
    await session.flush()
    await ledger.post(
        session, moment=moment, book=pools.book(pool), transfers=[void, anew], event_id=event.id
    )
    return made


async def undo_enlargement(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    principal_fen: int,
    owed_fen: int,
) -> Commitment | None:
    """Take an enlargement back that came to nothing: the loan is one of `principal_fen` again (RP-05).

    Of that `owed_fen` may still be owed and stays covered. Returns the commitment if there is one.
    """
    await follow_repayment(session, actor=actor, moment=moment, pledge_id=pledge_id, principal_fen=owed_fen)
    commitment = await pool_queries.live_commitment(session, pledge_id)
    if commitment is None or commitment.principal_fen <= principal_fen:
        return commitment
    commitment.shrink(principal_fen, covered_principal(principal_fen, commitment.ip_share_bp))
    await session.flush()
    return commitment


async def flag(
    session: AsyncSession, *, actor: Actor, moment: Moment, commitment_id: uuid.UUID, reason: str
) -> Commitment:
    """Mark a covered loan as irregular (项目异常): it keeps its capacity, and no claim on it is taken.

    Raises: `commitment.not_found`, `commitment.not_manager`, `state.illegal_transition`.
    """
    pool, commitment = await _lock_managed(session, actor, commitment_id)
    commitment.advance(CommitmentEvent.flag)
    await _changed(session, pool, commitment, "flagged", actor=actor, moment=moment, reason=reason)
    return commitment


async def doubt(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, reason: str
) -> Commitment | None:
    """Mark the cover of a pledge as irregular because its security is gone; returns it if it changed.

    What is irregular already, or covers no more, stays as it is; the manager clears or excludes it.
    """
    commitment = await pool_queries.live_commitment(session, pledge_id)
    if commitment is None:
        return None
    pool = await pool_queries.lock(session, commitment.pool_id)
    commitment = await queries.fresh(session, commitment.id)
    if commitment.status != CommitmentStatus.committed:
        return None
    commitment.advance(CommitmentEvent.flag)
    await _changed(session, pool, commitment, "flagged", actor=actor, moment=moment, reason=reason)
    return commitment


async def clear(
    session: AsyncSession, *, actor: Actor, moment: Moment, commitment_id: uuid.UUID, reason: str
) -> Commitment:
    """Find an irregular loan in order again.

    Raises: `commitment.not_found`, `commitment.not_manager`, `state.illegal_transition`.
    """
    pool, commitment = await _lock_managed(session, actor, commitment_id)
    commitment.advance(CommitmentEvent.clear)
    await _changed(session, pool, commitment, "cleared", actor=actor, moment=moment, reason=reason)
    return commitment


async def exclude(
    session: AsyncSession, *, actor: Actor, moment: Moment, commitment_id: uuid.UUID, reason: str
) -> Commitment:
    """Take an irregular loan out of the pool for good: its cover ends, its capacity comes back.

    Raises: `commitment.not_found`, `commitment.not_manager`, `state.illegal_transition`.
    """
    pool, commitment = await _lock_managed(session, actor, commitment_id)
    commitment.advance(CommitmentEvent.exclude)
    commitment.released_on = moment.today
    event = await _changed(session, pool, commitment, "excluded", actor=actor, moment=moment, reason=reason)
    await _resolve(session, pool, commitment, moment=moment, event_id=event.id)
    await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=pool)
    return commitment


async def _lock_managed(
    session: AsyncSession, actor: Actor, commitment_id: uuid.UUID
) -> tuple[Pool, Commitment]:
    seen = await queries.get(session, actor, commitment_id)
    pool = await pool_queries.lock(session, seen.pool_id)
    if pool.manager_id != actor.organisation_id:
        refuse_if([rules.NOT_MANAGER.violation()])
    return pool, await queries.fresh(session, commitment_id)


async def _changed(
    session: AsyncSession,
    pool: Pool,
    commitment: Commitment,
    what: str,
    *,
    actor: Actor,
    moment: Moment,
    reason: str,
) -> events.NewEvent:
    """Keep why, record it, and tell the bank."""
    commitment.reason = reason
    event = _event(commitment, pool.manager_id, what, reason=reason)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await _notify(session, moment=moment, event=event, commitment=commitment)
    return event


async def _notify(
    session: AsyncSession, *, moment: Moment, event: events.NewEvent, commitment: Commitment
) -> None:
    number = (await queries.numbers(session, [commitment]))[commitment.id]
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.commitment_changed,
        recipients=[commitment.bank_id],
        facts={"number": number, "status": commitment.status},
    )


async def _resolve(
    session: AsyncSession,
    pool: Pool,
    commitment: Commitment,
    *,
    moment: Moment,
    event_id: uuid.UUID,
    kind: TransferKind = TransferKind.void,
) -> None:
    """Give the capacity of a commitment back in the ledger."""
    pending = await ledger_queries.get_transfer(session, pool.id, commitment.transfer_id)
    resolved = ledger.resolution(pending, kind, code=f"commitment.{commitment.status}")
    await session.flush()
    await ledger.post(session, moment=moment, book=pools.book(pool), transfers=[resolved], event_id=event_id)


def _event(commitment: Commitment, manager_id: uuid.UUID, what: str, **payload: object) -> events.NewEvent:
    """`commitment.{what}` for the bank and the pool's manager: how a loan goes is nobody else's business."""
    return events.NewEvent(
        type=f"commitment.{what}",
        noun="commitment",
        subject_id=commitment.id,
        stream=commitment.district_code,
        audience=sorted({commitment.bank_id, manager_id}),
        payload={
            "pool_id": str(commitment.pool_id),
            "pledge_id": str(commitment.pledge_id) if commitment.pledge_id else None,
            "application_id": str(commitment.application_id) if commitment.application_id else None,
            "status": commitment.status,
            "outstanding_fen": commitment.outstanding_fen,
        }
        | payload,
    )
