"""The end of a deal: given up or ended early, or paid and closed (TR-06)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal as rules
from app.domain.consent import Proceeds
from app.domain.deal import DEAL, DealEvent, DealKind, DealStatus
from app.domain.deal_paper import Settlement, SettlementKind
from app.domain.errors import Violation, refuse_if
from app.domain.request import date_faults
from app.queries import deals as queries
from app.services.deals.case import (
    before_contract,
    give_back,
    lock_own,
    require_drafter,
    require_transfer,
    take,
    tell,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal

DEMANDED = {
    Proceeds.early_repayment: SettlementKind.early_repayment,
    Proceeds.escrow: SettlementKind.escrow,
}
"""How the price is paid where the pledgee asked for it."""


async def terminate(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    reason: str,
    terminated_on: date,
) -> Deal:
    """End a deal: its rights are free from that day; what it counted for stays.

    Consents once used stay used. Raises: `deal.not_drafter`, `deal.title_passed`,
    `state.illegal_transition`, `request.date_in_future`, `deal.date_before_contract`.
    """
    case = await take(session, actor, deal_id)
    deal, before = case.deal, case.deal.status
    require_drafter(actor, deal)
    if deal.registered_on is not None:
        raise rules.TITLE_PASSED.error(number=deal.number)
    deal.advance(DealEvent.terminate)
    refuse_if(
        [
            *date_faults("/terminated_on", terminated_on, today=moment.today),
            *before_contract(terminated_on, deal, "/terminated_on"),
        ]
    )
    more = {"reason": reason}
    await tell(session, actor, moment, deal, "terminated", occurred_on=terminated_on, more=more)
    await give_back(
        session,
        actor=actor,
        moment=moment,
        case=case,
        before=before,
        reason="terminated",
        ended_on=terminated_on,
    )
    await session.flush()
    return deal


async def settle(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    settled_on: date,
    settlement: Settlement,
) -> Deal:
    """Record that the price of a transfer, or the fee of a licence, in effect was paid, and how.

    Where a pledgee consented on early repayment or deposit (提存), so it must be, with the receipt. A
    licence goes on as it was. Raises: `deal.not_drafter`, `deal.already_settled`,
    `state.illegal_transition`; then all that apply: `deal.proceeds_unsettled`,
    `request.date_in_future`, `deal.date_before_contract`.
    """
    deal = await lock_own(session, actor, deal_id)
    if deal.kind == DealKind.transfer:
        deal.advance(DealEvent.settle)
    else:
        _settle_licence(deal)
    refuse_if(
        [
            *_unsettled(settlement, await queries.proceeds(session, deal_id)),
            *date_faults("/settled_on", settled_on, today=moment.today),
            *before_contract(settled_on, deal, "/settled_on"),
        ]
    )
    deal.settled_on = settled_on
    deal.settlement = settlement.as_row()
    more = {"settlement": settlement.kind.value}
    await tell(session, actor, moment, deal, "settled", occurred_on=settled_on, more=more)
    await session.flush()
    return deal


def _settle_licence(deal: Deal) -> None:
    """A licence is paid once, while it is in effect, and keeps its state: it may be recorded or end later."""
    DEAL.next(DealStatus(deal.status), DealEvent.settle)
    if deal.settled_on is not None:
        raise rules.ALREADY_SETTLED.error(number=deal.number, settled_on=deal.settled_on)
    deal.version += 1


def _unsettled(settlement: Settlement, proceeds: set[Proceeds]) -> list[Violation]:
    """The objection to paying the price in another way than the pledgees asked for (民法典第444条)."""
    demanded = {DEMANDED[wish] for wish in proceeds if wish in DEMANDED}
    if not demanded:
        return []
    named = "、".join(sorted(demanded))
    if settlement.kind not in demanded:
        return [rules.PROCEEDS_UNSETTLED.violation("/kind", demanded=named)]
    if settlement.receipt_no is None:
        return [rules.PROCEEDS_UNSETTLED.violation("/receipt_no", demanded=named)]
    return []


async def close(session: AsyncSession, *, actor: Actor, moment: Moment, deal_id: uuid.UUID) -> Deal:
    """Close a settled transfer.

    Raises: `deal.not_drafter`, `deal.not_transfer`, `state.illegal_transition`.
    """
    deal = await lock_own(session, actor, deal_id)
    require_transfer(deal)
    deal.advance(DealEvent.close)
    await tell(session, actor, moment, deal, "closed")
    await session.flush()
    return deal
