"""What a claim comes to: loss, tier, shares, limits and shortage, in whole fen (RP-06 to RP-11)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import accumulate, pairwise

from app.domain.fund import Purse
from app.domain.money import allocate
from app.domain.pool import FULL_SHARE_BP, SharingParty, covered_principal
from app.domain.scheme import LiabilityLimit, LossBase, LossTiming, Shortage, Terms, Tier, TierMode


class Limit(StrEnum):
    """What can keep a payout below the pool's share (RP-10); of two that bind alike the first is named."""

    claim_cap = "claim_cap"
    enterprise_cap = "enterprise_cap"
    bank_year_cap = "bank_year_cap"
    pool_year_cap = "pool_year_cap"
    liability = "liability"
    """All that was ever paid in, of schemes that answer with no more than that."""
    earmark = "earmark"
    """What sources have paid in for loans such as this one, where that is less than the balance (POL-12)."""
    balance = "balance"
    """The money that is there for this claim: by the scheme's shortage rule, not what others wait for."""


ORDER = tuple(party.value for party in SharingParty)
"""Who takes a fen that is left over: public money last (RP-11)."""


@dataclass(frozen=True, slots=True)
class Debt:
    """A loan at its claim, in fen: principal outstanding, and interest unpaid for `interest_days`.

    `realised_fen` is what the collateral has brought, net, and not yet taken off the principal.
    """

    principal_fen: int
    interest_fen: int = 0
    interest_days: int = 0
    realised_fen: int = 0


def interest_counted(debt: Debt, terms: Terms) -> int:
    """The interest that is part of the loss: that of the scheme's days at most, day by day alike (RP-07)."""
    if terms.loss_base is LossBase.principal or debt.interest_days <= 0:
        return 0
    days = min(debt.interest_days, terms.loss_interest_max_days)
    return debt.interest_fen * days // debt.interest_days


def loss(debt: Debt, ip_share_bp: int, terms: Terms) -> int:
    """The covered part of what is left of the debt; a net scheme first takes off what was realised (RP-06).

    What is realised of all the collateral lowers the covered part pro rata, as a repayment does.
    """
    base = debt.principal_fen + interest_counted(debt, terms)
    if terms.loss_timing is LossTiming.net:
        base = max(0, base - debt.realised_fen)
    return covered_principal(base, ip_share_bp)


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a loan's balance a tier shares."""

    shares_bp: Mapping[SharingParty, int]
    amount_fen: int


def slices(balance_fen: int, tiers: Sequence[Tier], mode: TierMode) -> list[Slice]:
    """The tier a loan falls into by its principal balance, with all of it, or each tier with its slice.

    Beyond the last tier the measures promise nothing: that is the bank's.
    """
    alone = {SharingParty.bank: FULL_SHARE_BP}
    if mode is TierMode.whole:
        fits = (tier for tier in tiers if tier.upto_fen is None or balance_fen <= tier.upto_fen)
        tier = next(fits, None)
        return [Slice(tier.shares_bp if tier is not None else alone, balance_fen)]
    tops = [balance_fen if tier.upto_fen is None else min(balance_fen, tier.upto_fen) for tier in tiers]
    bounds = [0, *accumulate(tops, max), balance_fen]
    shares = [*(tier.shares_bp for tier in tiers), alone]
    return [
        Slice(bp, top - bottom)
        for bp, (bottom, top) in zip(shares, pairwise(bounds), strict=True)
        if top > bottom
    ]


def weights(found: Iterable[Slice]) -> dict[SharingParty, int]:
    """What each party bears of a whole balance, in fen times basis points; bank and pool always stand."""
    total = Counter({SharingParty.bank: 0, SharingParty.pool: 0})
    for one in found:
        for party, share in one.shares_bp.items():
            total[party] += share * one.amount_fen
    return {party: total[party] for party in SharingParty if party in total}


def effective_bp(found: Sequence[Slice]) -> dict[SharingParty, int]:
    """Each party's share over all slices in basis points, the rest cut off: exact in one tier."""
    balance = sum(one.amount_fen for one in found)
    return {party: weight // balance for party, weight in weights(found).items()}


def shares_of_loss(loss_fen: int, found: Sequence[Slice]) -> dict[SharingParty, int]:
    """Who bears which part of a loss, in one split whatever the tiers; the parts sum to it (RP-11)."""
    parts = allocate(loss_fen, [(party.value, part) for party, part in weights(found).items()], ORDER)
    return {SharingParty(party): part for party, part in parts.items()}


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the pool pays, what kept it from more, and what each party so bears, which sums to the loss."""

    paid_fen: int
    shortfall_reason: Limit | None
    borne: Mapping[SharingParty, int]
    limits: Mapping[Limit, int] = field(default_factory=dict)


def settle(due: Mapping[SharingParty, int], limits: Mapping[Limit, int]) -> Settlement:
    """Pay the pool's share within all limits; the bank bears the rest (RP-10)."""
    share = due.get(SharingParty.pool, 0)
    paid = max(0, min([share, *limits.values()]))
    reason = next((one for one in Limit if max(0, limits.get(one, share)) == paid), None)
    bank = due.get(SharingParty.bank, 0) + share - paid
    borne = {**due, SharingParty.bank: bank, SharingParty.pool: paid}
    return Settlement(paid, reason if paid < share else None, borne, dict(limits))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claim in the line of its pool: the pool's share of it, what is set aside for it, and its terms."""

    claim_id: uuid.UUID
    borrower_id: uuid.UUID
    bank_id: uuid.UUID
    due_fen: int
    held_fen: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Spent:
    """What a pool has paid out, less what was clawed back, and what was ever paid in.

    Years are calendar years, of the day of payment.
    """

    by_borrower: Mapping[uuid.UUID, int]
    by_bank_this_year: Mapping[uuid.UUID, int]
    this_year_fen: int
    ever_fen: int
    paid_in_fen: int


@dataclass(frozen=True, slots=True)
class Turn:
    """How a claim stands in line: every limit, and `queued` if it has to wait for money."""

    limits: Mapping[Limit, int]
    entitled_fen: int
    payable_fen: int
    queued: bool


def within_earmarks(turn: Turn, eligible_fen: int) -> Turn:
    """A turn whose claim can be paid from that much of the money only."""
    if eligible_fen >= turn.limits[Limit.balance]:
        return turn
    limits = {**turn.limits, Limit.earmark: eligible_fen}
    return replace(turn, limits=limits, payable_fen=min(turn.payable_fen, eligible_fen))


def shared_within(
    waiting: Sequence[Waiting], turns: Mapping[uuid.UUID, Turn], free_fen: int, purse: Purse
) -> dict[uuid.UUID, Turn]:
    """The turns of the claims that share money by one rule, each within what it can be paid from.

    Money that is not for the loan of a claim is there for the others: in a queue for those behind it, pro
    rata it is shared again. A claim in a queue that lacks money for its own loan waits for it.
    """
    pot = max(0, free_fen + sum(one.held_fen for one in waiting))
    if any(one.terms.shortage is Shortage.pro_rata for one in waiting):
        wanted = {one.claim_id: turns[one.claim_id].entitled_fen for one in waiting}
        taken = _pro_rata_within(wanted, pot, purse)
        return {claim_id: _limited(turns[claim_id], fen) for claim_id, fen in taken.items()}
    found: dict[uuid.UUID, Turn] = {}
    for one in waiting:
        turn, eligible = turns[one.claim_id], purse.eligible_fen(one.claim_id)
        payable = min(turn.entitled_fen, pot, eligible)
        earmark = {Limit.earmark: eligible} if eligible < pot else {}
        limits = {**turn.limits, **earmark, Limit.balance: pot}
        found[one.claim_id] = Turn(limits, turn.entitled_fen, payable, queued=payable < turn.entitled_fen)
        purse.take(one.claim_id, payable)
        pot -= payable
    return found


def _pro_rata_within(wanted: Mapping[uuid.UUID, int], pot: int, purse: Purse) -> dict[uuid.UUID, int]:
    """Share a pot in proportion, and what one cannot take among the others, until nobody is short anew."""
    taken = dict.fromkeys(wanted, 0)
    sharing = [claim_id for claim_id, fen in wanted.items() if fen > 0]
    while pot > 0 and sharing:
        rest = {str(one): wanted[one] - taken[one] for one in sharing}
        parts = allocate(min(pot, sum(rest.values())), list(rest.items()), list(rest))
        short = False
        for one in list(sharing):
            part = min(parts[str(one)], purse.eligible_fen(one))
            purse.take(one, part)
            taken[one] += part
            pot -= part
            if part < parts[str(one)] or taken[one] == wanted[one]:
                short = short or part < parts[str(one)]
                sharing.remove(one)
        if not short:
            break
    return taken


def _limited(turn: Turn, payable_fen: int) -> Turn:
    """A turn that pays less, for want of money for its loan, or more of what others cannot take."""
    if payable_fen == turn.payable_fen:
        return turn
    limit = Limit.earmark if payable_fen < turn.payable_fen else Limit.balance
    return replace(turn, limits={**turn.limits, limit: payable_fen}, payable_fen=payable_fen)


def line_up(waiting: Sequence[Waiting], spent: Spent, free_fen: int) -> dict[uuid.UUID, Turn]:
    """What each claim of a pool's line can be paid now, in the order in which they became public.

    Caps are used up in that order. `free_fen` is what nothing is set aside of. The pool's money is
    shared among claims of the same shortage rule, each rule over what is free and what is held for its own.
    """
    caps = _caps_in_order(waiting, spent)
    entitled = {one.claim_id: min([one.due_fen, *caps[one.claim_id].values()]) for one in waiting}
    turns: dict[uuid.UUID, Turn] = {}
    for rule in Shortage:
        group = [one for one in waiting if one.terms.shortage is rule]
        money = _money(rule, [(one.held_fen, entitled[one.claim_id]) for one in group], free_fen)
        for one, balance in zip(group, money, strict=True):
            mine = entitled[one.claim_id]
            payable = min(mine, balance)
            turns[one.claim_id] = Turn(
                {**caps[one.claim_id], Limit.balance: balance},
                mine,
                payable,
                queued=rule is Shortage.queue and payable < mine,
            )
    return turns


def _caps_in_order(waiting: Sequence[Waiting], spent: Spent) -> dict[uuid.UUID, dict[Limit, int]]:
    """The caps of each claim, as those before it leave them."""
    borrowers, banks = Counter(spent.by_borrower), Counter(spent.by_bank_this_year)
    before = 0
    found: dict[uuid.UUID, dict[Limit, int]] = {}
    for one in waiting:
        terms = one.terms
        rooms = {
            Limit.claim_cap: (terms.claim_cap_fen, 0),
            Limit.enterprise_cap: (terms.enterprise_cap_fen, borrowers[one.borrower_id]),
            Limit.bank_year_cap: (
                None
                if terms.bank_year_cap_bp is None
                else terms.bank_year_cap_bp * spent.paid_in_fen // FULL_SHARE_BP,
                banks[one.bank_id],
            ),
            Limit.pool_year_cap: (terms.pool_year_cap_fen, spent.this_year_fen + before),
            Limit.liability: (
                spent.paid_in_fen if terms.liability_limit is LiabilityLimit.total else None,
                spent.ever_fen + before,
            ),
        }
        mine = {limit: max(0, cap - used) for limit, (cap, used) in rooms.items() if cap is not None}
        found[one.claim_id] = mine
        taken = min([one.due_fen, *mine.values()])
        borrowers[one.borrower_id] += taken
        banks[one.bank_id] += taken
        before += taken
    return found


def _money(rule: Shortage, claims: Sequence[tuple[int, int]], free_fen: int) -> list[int]:
    """The balance that is there for each of several claims, given as (held, entitled), in their order."""
    if rule is Shortage.bank_bears:
        return [max(0, free_fen + held) for held, _ in claims]
    pot = max(0, free_fen + sum(held for held, _ in claims))
    wanted = sum(entitled for _, entitled in claims)
    if rule is Shortage.pro_rata:
        if pot >= wanted:
            return [pot - wanted + entitled for _, entitled in claims]
        names = [str(place) for place in range(len(claims))]
        shares = [(name, entitled) for name, (_, entitled) in zip(names, claims, strict=True)]
        return list(allocate(pot, shares, names).values())
    before = accumulate((entitled for _, entitled in claims[:-1]), initial=0) if claims else ()
    return [max(0, pot - taken) for taken in before]
