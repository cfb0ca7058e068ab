"""What a claim would be paid: its draft when it is made, its preview, its turn in line (RP-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import claim as claim_rules, claim_settlement as rules
from app.domain.claim_settlement import Waiting
from app.domain.pool import SharingParty
from app.domain.scheme import Shortage
from app.models.pool import Commitment, Pool, Scheme
from app.queries import claim_settlements as queries, claims as claim_queries
from app.services import funds

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.claim_settlement import Debt, Settlement, Slice, Turn
    from app.domain.scheme import Terms
    from app.models.claim import Claim


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim's figures when it is made: debt, covered loss, the tiers it falls into, and what each owes."""

    debt: Debt
    interest_fen: int
    loss_fen: int
    slices: Sequence[Slice]
    due: Mapping[SharingParty, int]


def draft(debt: Debt, ip_share_bp: int, terms: Terms) -> Draft:
    """Reckon a claim by the terms frozen with its cover; the tier goes by the loan's principal balance."""
    loss = rules.loss(debt, ip_share_bp, terms)
    found = rules.slices(debt.principal_fen, terms.tiers, terms.tier_mode)
    return Draft(debt, rules.interest_counted(debt, terms), loss, found, rules.shares_of_loss(loss, found))


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be paid today; `queued`: not yet, as there is not money for all that comes before and it."""

    settlement: Settlement
    due_fen: int
    entitled_fen: int
    queued: bool


async def preview(session: AsyncSession, claim: Claim, on: date) -> Preview:
    """What would be paid on a claim that day if nothing changed until then.

    Raises: `claim.settled`.
    """
    if claim.status not in claim_rules.UNSETTLED:
        raise claim_rules.SETTLED.error(status=claim.status)
    turns = await line(session, claim, on)
    shares = (await claim_queries.shares(session, [claim.id]))[claim.id]
    return of_turn(turns[claim.id], {SharingParty(share.party): share.due_fen for share in shares})


def of_turn(turn: Turn, due: Mapping[SharingParty, int]) -> Preview:
    """A claim's settlement by its turn in line."""
    return Preview(
        rules.settle(due, turn.limits), due.get(SharingParty.pool, 0), turn.entitled_fen, turn.queued
    )


async def line(session: AsyncSession, claim: Claim, on: date) -> dict[uuid.UUID, Turn]:
    """The turns of a pool's public claims and of this one: last, unless it is public already.

    This one's, and those it shares money with by rule, are within what earmarks let each be paid from.
    """
    found = await queries.standing(session, claim.pool_id, on)
    waiting = {one.claim_id: one for one in found.line}
    if claim.id not in waiting:
        waiting[claim.id] = await _waiting(session, claim)
    turns = rules.line_up([*waiting.values()], found.spent, found.free_fen)
    pool = await session.get_one(Pool, claim.pool_id)
    rule = waiting[claim.id].terms.shortage
    if rule is Shortage.bank_bears:
        eligible = await funds.eligible_fen(session, pool, claim.pledge_id)
        turns[claim.id] = rules.within_earmarks(turns[claim.id], eligible)
        return turns
    sharing = [one for one in waiting.values() if one.terms.shortage is rule]
    claim_ids = [one.claim_id for one in sharing]
    purse = await funds.purse(session, pool, claim_ids, (claim.id, claim.pledge_id))
    return turns if purse is None else turns | rules.shared_within(sharing, turns, found.free_fen, purse)


async def _waiting(session: AsyncSession, claim: Claim) -> Waiting:
    commitment = await session.get_one(Commitment, claim.commitment_id)
    scheme = await session.get_one(Scheme, commitment.scheme_id)
    return Waiting(claim.id, commitment.borrower_id, claim.organisation_id, claim.due_fen, 0, scheme.terms())
