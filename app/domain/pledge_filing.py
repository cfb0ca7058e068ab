"""A pledge as a bank wants to file it, and what is wrong with it whatever the register says."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain import pledge as pledge_rules
from app.domain.asset import WHOLE_PPM
from app.domain.errors import Violation
from app.domain.money import BASE_CURRENCY, Money
from app.domain.pledge import PledgeForm, ShareKind
from app.domain.pledge_ground import Acknowledgement, Consent, Contract
from app.domain.pool import SharingParty
from app.domain.request import date_faults


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
class HistoricRegistration:
    """The office's registration of a right as its register shows it."""

    asset_id: uuid.UUID
    registration_no: str | None = None
    registered_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What became of a pledge before it was entered here (PLG-15). Each of its rights was registered.

    `with_commitment`: its pool covers it from today on.
    """

    filed_on: date
    registrations: Sequence[HistoricRegistration]
    deregistered_on: date | None = None
    with_commitment: bool = False

    def of(self, asset_id: uuid.UUID) -> HistoricRegistration:
        """The registration of one of the rights."""
        return next(one for one in self.registrations if one.asset_id == asset_id)


@dataclass(frozen=True, slots=True)
class NewPledge:
    """A financing as a bank files it. `pool_id` None: without risk compensation.

    `application_id`: the approved application it is made on, whose reservation it confirms.
    `rate_over_lpr_bp`: the loan's rate above the one-year LPR, where it is stated. `ip_share_bp`: how much of
    the loan rests on these rights (PLG-13). `shares`: who lent and who bears the risk, if not the bank alone.
    `history`: it was registered elsewhere and is entered late.
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
    history: History | None = None

    @property
    def party_ids(self) -> set[uuid.UUID]:
        """Everybody it names but the pledgee."""
        return {
            self.borrower_id,
            *(item.pledgor_id for item in self.items),
            *(share.party_id for share in self.shares),
        }

    @property
    def valuation_ids(self) -> set[uuid.UUID]:
        """The valuations it rests on."""
        return {item.valuation_id for item in self.items if item.valuation_id is not None}


def faults(new: NewPledge, pledgee_id: uuid.UUID, *, today: date) -> list[Violation]:
    """What is wrong with the filing whatever the register says."""
    found: list[Violation] = []
    if new.debt_to < new.debt_from:
        found.append(pledge_rules.DEBT_PERIOD_INVALID.violation("/debt_to"))
    if new.principal.currency != BASE_CURRENCY:
        found.append(pledge_rules.CURRENCY_UNSUPPORTED.violation("/principal/currency"))
    if new.borrower_id == pledgee_id:
        found.append(pledge_rules.OWN_CREDITOR.violation("/borrower_id"))
    found += _item_faults(new, pledgee_id)
    if any(item.share_ppm is not None for item in new.items):
        found += _whole("/items", [item.share_ppm or 0 for item in new.items])
    if new.shares:
        found += _share_faults(new, pledgee_id)
    if new.history is not None:
        found += _history_faults(new, new.history, today)
    return found


def _item_faults(new: NewPledge, pledgee_id: uuid.UUID) -> list[Violation]:
    found: list[Violation] = []
    seen: dict[uuid.UUID, str] = {}
    for position, item in enumerate(new.items):
        pointer = f"/items/{position}"
        if item.pledgor_id == pledgee_id:
            found.append(pledge_rules.OWN_CREDITOR.violation(f"{pointer}/pledgor_id"))
        first = seen.setdefault(item.asset_id, f"{pointer}/asset_id")
        if first != f"{pointer}/asset_id":
            found.append(pledge_rules.ITEM_TWICE.violation(f"{pointer}/asset_id", first=first))
        if item.secured is not None:
            found += _secured_faults(f"{pointer}/secured", item.secured, new.principal)
    return found


def _history_faults(new: NewPledge, past: History, today: date) -> list[Violation]:
    """Each right was registered once, after the filing and before it was cancelled; nothing is to come."""
    found = date_faults("/history/filed_on", past.filed_on, today=today)
    asked = [item.asset_id for item in new.items]
    for position, done in enumerate(past.registrations):
        pointer = f"/history/registrations/{position}"
        if done.asset_id not in asked:
            found.append(pledge_rules.ITEM_NOT_FOUND.violation(f"{pointer}/asset_id"))
        if done.registered_on is not None:
            found += date_faults(
                f"{pointer}/registered_on", done.registered_on, today=today, first=past.filed_on
            )
            if done.expires_on is not None and done.expires_on <= done.registered_on:
                found.append(pledge_rules.EXPIRES_TOO_EARLY.violation(f"{pointer}/expires_on"))
    told = [done.asset_id for done in past.registrations]
    if len(told) != len(set(told)) or not set(asked) <= set(told):
        found.append(pledge_rules.HISTORY_INCOMPLETE.violation("/history/registrations"))
    if past.deregistered_on is not None:
        last = max((done.registered_on for done in past.registrations if done.registered_on), default=None)
        found += date_faults("/history/deregistered_on", past.deregistered_on, today=today, first=last)
    if past.with_commitment and (past.deregistered_on is not None or new.pool_id is None):
        found.append(pledge_rules.HISTORY_OVER.violation("/history/with_commitment"))
    if new.application_id is not None:
        found.append(pledge_rules.HISTORY_APPLIED.violation("/application_id"))
    return found


def _secured_faults(pointer: str, secured: Money, principal: Money) -> list[Violation]:
    if secured.currency != principal.currency:
        return [pledge_rules.CURRENCY_MISMATCH.violation(pointer)]
    if secured.fen > principal.fen:
        return [pledge_rules.SECURED_EXCEEDS_PRINCIPAL.violation(pointer)]
    return []


def _whole(pointer: str, shares: Collection[int]) -> list[Violation]:
    total = sum(shares)
    if total == WHOLE_PPM and all(shares):
        return []
    return [pledge_rules.SHARES_INCOMPLETE.violation(pointer, total_ppm=total)]


def _share_faults(new: NewPledge, pledgee_id: uuid.UUID) -> list[Violation]:
    """The parts of each kind make up the whole; the pledgee leads the syndicate, and no debtor lends."""
    found: list[Violation] = []
    debtors = {new.borrower_id, *(item.pledgor_id for item in new.items)}
    seen: set[tuple[ShareKind, SharingParty, uuid.UUID]] = set()
    for position, share in enumerate(new.shares):
        pointer = f"/shares/{position}"
        lends = share.kind is ShareKind.lending
        if lends and share.role is not SharingParty.bank:
            found.append(pledge_rules.SHARE_AGENT.violation(f"{pointer}/role"))
        if share.agent != (lends and share.party_id == pledgee_id):
            found.append(pledge_rules.SHARE_AGENT.violation(f"{pointer}/agent"))
        if lends and share.party_id in debtors:
            found.append(pledge_rules.OWN_CREDITOR.violation(f"{pointer}/party_id"))
        named = (share.kind, share.role, share.party_id)
        if named in seen:
            found.append(pledge_rules.SHARE_TWICE.violation(f"{pointer}/party_id"))
        seen.add(named)
    for kind in ShareKind:
        of_kind = [share for share in new.shares if share.kind is kind]
        if of_kind:
            found += _whole("/shares", [share.share_ppm for share in of_kind])
        if kind is ShareKind.lending and of_kind and not any(s.party_id == pledgee_id for s in of_kind):
            found.append(pledge_rules.SHARE_AGENT.violation("/shares"))
    return found
