"""What every step of an enforcement does: who may act, whether the debt is in default, and who is told."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as rules
from app.domain.identifiers import new_id
from app.domain.loan import LoanStatus
from app.domain.notice import NoticeKind
from app.domain.pledge import DeregistrationReason, PledgeEvent
from app.queries import (
    enforcements as queries,
    loans as loan_queries,
    pledge_classifications,
    pledges as pledge_queries,
    pools as pool_queries,
)
from app.services import events, notices
from app.services.pledges.outcome import release_cover

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement
    from app.models.pledge import Pledge


def require_bank(actor: Actor, enforcement: Enforcement) -> None:
    """Raises: `enforcement.not_yours`."""
    if enforcement.organisation_id != actor.organisation_id:
        raise rules.NOT_YOURS.error()


async def defaulted(session: AsyncSession, pledge: Pledge) -> bool:
    """Whether the debt of a locked pledge is due and unpaid: by the loan's book, else as last classified.

    What the bank has written off is owed all the same (账销案存).
    """
    loan = await loan_queries.fresh(session, pledge.id)
    if loan is not None:
        return loan.overdue_since is not None or loan.status == LoanStatus.written_off
    last = await pledge_classifications.last(session, pledge.id)
    return last is not None and last.overdue_days > 0 and await owed(session, pledge) > 0


async def owed(session: AsyncSession, pledge: Pledge) -> int:
    """The principal the debtor owes, in fen: by the loan's book, else as last classified, else the whole.

    What the bank has written off is owed all the same. Where there is no book, what was sold since the bank
    classified the loan has paid its part of it.
    """
    loan = await loan_queries.fresh(session, pledge.id)
    if loan is not None:
        return loan.drawn_fen - loan.repaid_fen
    last = await pledge_classifications.last(session, pledge.id)
    since = last.recorded_at if last is not None else None
    paid_fen = await queries.principal_paid(session, pledge.id, since)
    owed_fen = last.outstanding_fen if last is not None else pledge.principal_fen or 0
    return max(0, owed_fen - paid_fen)


async def loss_covered(session: AsyncSession, pledge: Pledge) -> bool:
    """Whether a pool may still have to bear what is owed on a locked pledge: its cover awaits the claim."""
    if await pool_queries.live_commitment(session, pledge.id) is None:
        return False
    return await queries.paid_claim(session, pledge.id) is None and await owed(session, pledge) > 0


async def tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    enforcement: Enforcement,
    pledge: Pledge,
    *,
    what: str,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    **payload: object,
) -> events.NewEvent:
    """Record `enforcement.{what}` and tell pledgor, borrower and the pool's manager in the same commit."""
    concerned = await pledge_queries.audience(session, pledge)
    event = events.NewEvent(
        id=event_id or new_id(),
        type=f"enforcement.{what}",
        noun="enforcement",
        subject_id=enforcement.id,
        stream=enforcement.district_code,
        audience=sorted({enforcement.organisation_id, *concerned}),
        occurred_on=occurred_on,
        payload={
            "number": enforcement.number,
            "pledge_id": enforcement.pledge_id,
            "mode": enforcement.mode,
            "status": enforcement.status,
            "trace_id": enforcement.id,
            **payload,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.enforcement_changed,
        recipients=[one for one in concerned if one != actor.organisation_id],
        facts={"number": enforcement.number, "pledge": pledge.number, "status": enforcement.status},
    )
    return event


async def end_pledge(
    session: AsyncSession, actor: Actor, moment: Moment, enforcement: Enforcement, pledge: Pledge, *, on: date
) -> None:
    """A locked pledge that has lost its last right ends, and the pool's capacity comes back."""
    pledge.advance(PledgeEvent.deregister)
    pledge.ended_on = on
    event = of_pledge(
        enforcement,
        pledge,
        pledge.status,
        await pledge_queries.audience(session, pledge),
        occurred_on=on,
        reason=DeregistrationReason.realised.value,
        ended_on=on,
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await release_cover(session, actor, moment, pledge, event_id=event.id, on=on)


def of_pledge(
    enforcement: Enforcement,
    pledge: Pledge,
    what: str,
    audience: Sequence[uuid.UUID],
    *,
    occurred_on: date,
    **payload: object,
) -> events.NewEvent:
    """The event `pledge.{what}`, with the enforcement that caused it."""
    return events.NewEvent(
        type=f"pledge.{what}",
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        audience=audience,
        occurred_on=occurred_on,
        payload={
            "number": pledge.number,
            "status": pledge.status,
            "trace_id": enforcement.id,
            **payload,
        },
    )
