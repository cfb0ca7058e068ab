"""The proceeds: cost, interest and penalty, principal, and what is left to the pledgor (PL-24, UNI-11)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as rules
from app.domain.enforcement import Distribution, EnforcementEvent, ProceedsPurpose
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.money import Money
from app.domain.pledge_life import LIVE
from app.domain.recovery import RecoverySource
from app.domain.request import date_faults
from app.models.enforcement import EnforcementPayment
from app.models.pool import Commitment, Scheme
from app.queries import (
    claims as claim_queries,
    documents as document_queries,
    enforcements as queries,
    loans as loan_queries,
)
from app.services import loans, recoveries
from app.services.enforcements.case import end_pledge, loss_covered, owed, require_bank, tell
from app.services.enforcements.selling import Sale, take_sale
from app.services.pledges.outcome import release_cover

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.claim import Claim
    from app.models.enforcement import Enforcement
    from app.models.pledge import PledgeItem


@dataclass(frozen=True, slots=True)
class NewDistribution:
    """When the price came in, and what the document says of costs, and of interest and penalty owed."""

    received_on: date
    cost: Money
    interest: Money
    document_id: uuid.UUID | None = None


async def distribute(
    session: AsyncSession, *, actor: Actor, moment: Moment, enforcement_id: uuid.UUID, new: NewDistribution
) -> Enforcement:
    """Share the price in the legal order and close the enforcement.

    Where a pool has paid on the loan, the price is a recovery: it is shared by the scheme, the pool's part
    booked with it (RP-14). Else it pays the loan. The pledge ends with its last right, but while a loss is
    left that its cover may still bear. Raises: `enforcement.not_found`, `.not_yours`,
    `document.not_found`, `state.illegal_transition`; then all that apply: `.claim_open`, `.cost_exceeds`,
    `.undocumented`, `.currency_unsupported`, `request.date_in_future`, `request.date_too_early`; then what
    the loan's book objects to.
    """
    seen = await queries.get(session, actor, enforcement_id)
    require_bank(actor, seen)
    await document_queries.require(session, actor, new.document_id)
    sale = await take_sale(session, seen)
    enforcement = sale.enforcement
    enforcement.advance(EnforcementEvent.distribute)
    refuse_if(_faults(new, enforcement, moment) + await _claim_faults(session, enforcement))
    await session.flush()
    claim = await queries.paid_claim(session, sale.pledge.id)
    if claim is None:
        found = rules.distribute(
            _price(enforcement),
            cost_fen=new.cost.fen,
            interest_fen=new.interest.fen,
            principal_fen=await owed(session, sale.pledge),
        )
    else:
        found = await _recover(session, actor, moment, sale, claim=claim, new=new)
    event = await tell(
        session,
        actor,
        moment,
        enforcement,
        sale.pledge,
        what="closed",
        occurred_on=new.received_on,
        parts_fen={purpose.value: fen for purpose, fen in found.parts},
        document_id=new.document_id,
    )
    await _write(session, moment, sale, found, event.id)
    await _repay(session, actor, moment, sale, found=found, on=new.received_on)
    await _end(session, actor, moment, sale, event_id=event.id, on=new.received_on)
    await session.flush()
    return enforcement


def _price(enforcement: Enforcement) -> int:
    if enforcement.price_fen is None:
        raise RuntimeError(f"enforcement {enforcement.number} was sold at no price")
    return enforcement.price_fen


def _faults(new: NewDistribution, enforcement: Enforcement, moment: Moment) -> list[Violation]:
    found: list[Violation] = [
        rules.CURRENCY_UNSUPPORTED.violation(f"/{name}/currency", currency=enforcement.currency)
        for name, money in (("cost", new.cost), ("interest", new.interest))
        if money.currency != enforcement.currency
    ]
    if new.cost.fen > _price(enforcement):
        found.append(rules.COST_EXCEEDS.violation("/cost"))
    if new.cost.fen + new.interest.fen > 0 and new.document_id is None:
        found.append(rules.UNDOCUMENTED.violation("/document_id"))
    return found + date_faults("/received_on", new.received_on, today=moment.today, first=enforcement.sold_on)


async def _claim_faults(session: AsyncSession, enforcement: Enforcement) -> list[Violation]:
    """While a pool decides on the loss, nobody knows yet to whom the price belongs."""
    claim = await claim_queries.unsettled(session, enforcement.pledge_id)
    return [] if claim is None else [rules.CLAIM_OPEN.violation(claim=claim.number)]


async def _recover(
    session: AsyncSession, actor: Actor, moment: Moment, sale: Sale, *, claim: Claim, new: NewDistribution
) -> Distribution:
    """Share the price with those who bore the loss; principal that no claim covers comes before the surplus.

    The recovery takes what makes them whole, the documented interest, and what is nobody else's.
    """
    price_fen = _price(sale.enforcement)
    shares = (await claim_queries.shares(session, [claim.id]))[claim.id]
    lacking = sum(share.borne_fen - share.recovered_fen for share in shares)
    commitment = await session.get_one(Commitment, claim.commitment_id)
    cost_first = (await session.get_one(Scheme, commitment.scheme_id)).recovery_cost_first
    served = await claim_queries.interest_served(session, claim.id)
    aside = rules.beside_recovery(
        price_fen,
        cost_fen=new.cost.fen,
        cost_first=cost_first,
        lacking_fen=lacking,
        interest_fen=max(0, new.interest.fen - served),
        uncovered_fen=await _uncovered(session, sale, claim=claim, lacking=lacking),
    )
    gross_fen = price_fen - aside.cost_fen - aside.principal_fen
    if gross_fen == 0:
        return aside  # everybody is whole, and nothing comes back to them
    await recoveries.record(
        session,
        actor=actor,
        moment=moment,
        claim_id=claim.id,
        new=recoveries.NewRecovery(
            source=RecoverySource.pledge_realisation,
            gross=Money(gross_fen, sale.enforcement.currency),
            cost=Money(new.cost.fen - aside.cost_fen, sale.enforcement.currency),
            occurred_on=new.received_on,
            document_id=new.document_id,
            interest=new.interest,
            enforcement_id=sale.enforcement.id,
        ),
    )
    made = await queries.recovery(session, sale.enforcement.id)
    if made is None:
        raise RuntimeError(f"enforcement {sale.enforcement.number} brought no recovery")
    shared = made.gross_fen - made.cost_fen - made.interest_fen - made.surplus_fen
    return Distribution(
        made.cost_fen + aside.cost_fen, made.interest_fen, shared + aside.principal_fen, made.surplus_fen
    )


async def _uncovered(session: AsyncSession, sale: Sale, *, claim: Claim, lacking: int) -> int:
    """The principal owed that no claim covers: by the loan's book, else what the claim left out of it."""
    loan = await loan_queries.fresh(session, sale.pledge.id)
    if loan is not None:
        return max(0, loan.drawn_fen - loan.repaid_fen - lacking)
    left_out = claim.principal_fen - claim.realised_fen - claim.loss_fen
    paid = await queries.uncovered_paid(session, sale.pledge.id, claim.recorded_at)
    return max(0, min(left_out - paid, await owed(session, sale.pledge)))


async def _write(
    session: AsyncSession, moment: Moment, sale: Sale, found: Distribution, event_id: uuid.UUID
) -> None:
    """The payments: the surplus is the pledgors', by what the rights of each brought, the rest the bank's."""
    brought = await queries.prices(session, sale.enforcement.id)
    parts: list[tuple[ProceedsPurpose, uuid.UUID | None, int]] = []
    for purpose, fen in found.parts:
        if purpose is ProceedsPurpose.surplus:
            of_each = [(item.pledgor_id, brought.get(item.asset_id, 0)) for item in sale.items]
            parts += [(purpose, pledgor, part) for pledgor, part in rules.surplus_of(fen, of_each)]
        else:
            parts.append((purpose, sale.pledge.pledgee_id, fen))
    session.add_all(
        EnforcementPayment(
            id=new_id(),
            district_code=sale.enforcement.district_code,
            enforcement_id=sale.enforcement.id,
            ordinal=ordinal,
            purpose=purpose.value,
            payee_id=payee_id,
            amount_fen=fen,
            event_id=event_id,
            recorded_at=moment.now,
        )
        for ordinal, (purpose, payee_id, fen) in enumerate(parts, start=1)
    )
    await session.flush()


async def _repay(
    session: AsyncSession, actor: Actor, moment: Moment, sale: Sale, *, found: Distribution, on: date
) -> None:
    """Book on the loan what the price paid of it; what is still owed of an enforced loan runs on overdue."""
    loan = await loan_queries.fresh(session, sale.pledge.id)
    if loan is None:
        return
    principal_fen = min(found.principal_fen, await owed(session, sale.pledge))
    if principal_fen + found.interest_fen > 0:
        await loans.realise(
            session,
            actor=actor,
            moment=moment,
            pledge_id=sale.pledge.id,
            principal_fen=principal_fen,
            interest_fen=found.interest_fen,
            occurred_on=on,
            reference=sale.enforcement.number,
        )
    await loans.resume(session, actor=actor, moment=moment, pledge_id=sale.pledge.id)


async def _end(
    session: AsyncSession, actor: Actor, moment: Moment, sale: Sale, *, event_id: uuid.UUID, on: date
) -> None:
    """A pledge without rights ends; not while its cover may have to bear what is still owed.

    One that lost its other rights since the sale has ended with them; its cover comes back.
    """
    pledge = sale.pledge
    if _kept(await queries.items(session, pledge.id)) or await loss_covered(session, pledge):
        return
    if pledge.ended_on is None:
        await end_pledge(session, actor, moment, sale.enforcement, pledge, on=on)
    else:
        await release_cover(session, actor, moment, pledge, event_id=event_id, on=on)


def _kept(items: Sequence[PledgeItem]) -> bool:
    """Whether rights are pledged still."""
    return any(item.status in LIVE for item in items)
