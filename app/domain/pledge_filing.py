"""A pledge as a bank wants to file it, and what is wrong with it whatever the register says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain import pledge as pledge_rules
from app.domain.errors import Violation
from app.domain.money import BASE_CURRENCY, Money
from app.domain.pledge import PledgeForm, ShareKind
from app.domain.pledge_ground import Acknowledgement, Consent, Contract
from app.domain.pool import SharingParty


@dataclass(frozen=True, slots=True)
class NewShare:
    """What a party lends or bears, in millionths of the whole; `agent`: a syndicate's leader."""

    kind: ShareKind
    role: SharingParty
    party_id: uuid.UUID
    share_ppm: int
    agent: bool = False


@dataclass(frozen=True, slots=True)
class NewItem:
    """A right to be pledged and by whom; `secured` limits what it secures, None: the whole claim.

    `valuation_id`: the valuation of the right that the pledge rests on; none is needed (PL-26). `share_ppm`:
    the part of the debt it secures, if the contract divides it. `required`: money flows only once its
    registration is effective (先决条件, PL-28).
    """

    asset_id: uuid.UUID
    pledgor_id: uuid.UUID
    secured: Money | None = None
    valuation_id: uuid.UUID | None = None
    share_ppm: int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class NewPledge:
    """A financing as a bank files it. `pool_id` None: without risk compensation.

    `application_id`: the approved application it is made on, whose reservation it confirms.
    `rate_over_lpr_bp`: the loan's rate above the one-year LPR, where it is stated. `ip_share_bp`: how much of
    the loan rests on these rights (PLG-13). `shares`: who lent and who bears the risk, if not the bank alone.
    """

    borrower_id: uuid.UUID
    principal: Money
    debt_from: date
    debt_to: date
    contract: Contract
    items: Sequence[NewItem]
    pool_id: uuid.UUID | None = None
    ip_share_bp: int = 10_000
    consents: Sequence[Consent] = ()
    acknowledgements: Sequence[Acknowledgement] = field(default_factory=tuple)
    application_id: uuid.UUID | None = None
    rate_over_lpr_bp: int | None = None
    form: PledgeForm = PledgeForm.ordinary
    shares: Sequence[NewShare] = ()


def faults(new: NewPledge, pledgee_id: uuid.UUID) -> list[Violation]:
    """What is wrong with the filing whatever the register says."""
    found: list[Violation] = []
    if new.debt_to < new.debt_from:
        found.append(pledge_rules.DEBT_PERIOD_INVALID.violation("/debt_to"))
    if new.principal.currency != BASE_CURRENCY:
        found.append(pledge_rules.CURRENCY_UNSUPPORTED.violation("/principal/currency"))
    if new.borrower_id == pledgee_id:
        found.append(pledge_rules.OWN_CREDITOR.violation("/borrower_id"))
    seen: set[uuid.UUID] = set()
    for position, item in enumerate(new.items):
        if item.pledgor_id == pledgee_id:
            found.append(pledge_rules.OWN_CREDITOR.violation(f"/items/{position}/pledgor_id"))
        if item.asset_id in seen:
            found.append(pledge_rules.ITEM_TWICE.violation(f"/items/{position}/asset_id"))
        if item.secured is not None:
            found += _secured_faults(f"/items/{position}/secured", item.secured, new.principal)
        seen.add(item.asset_id)
    return found


def _secured_faults(pointer: str, secured: Money, principal: Money) -> list[Violation]:
    if secured.currency != principal.currency:
        return [pledge_rules.CURRENCY_MISMATCH.violation(pointer)]
    if secured.fen > principal.fen:
        return [pledge_rules.SECURED_EXCEEDS_PRINCIPAL.violation(pointer)]
    return []
