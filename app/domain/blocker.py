"""Blockers: why something cannot be done with a right, as the action itself would say (UNI-08).

Nothing is judged here a second time: listings, deals, pledges and the table of operations are asked, each
with the facts of the right, and every objection comes back with the shortest way to be rid of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from app.domain import (
    consent_need,
    deal_ground,
    deal_open_licence,
    listing,
    pledge_ground,
    pledge_ground_check,
)
from app.domain.asset import IN_FORCE, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.blocker_remedy import Remedy
from app.domain.consent import ConsentKind, Wanted
from app.domain.consent_need import Candidate, Need
from app.domain.deal import LISTED_AS, DealKind, LicenceType
from app.domain.errors import ErrorKind, Violation, define
from app.domain.fee import FeeKind
from app.domain.hold import STAY_KINDS, HoldKind
from app.domain.operation import Operation, statuses
from app.domain.patent_number import PatentType
from app.domain.rule_pack import RulePack

DAY_PASSED = define(
    "blocker.day_passed",
    ErrorKind.invalid,
    "询问的日期 {on} 早于今日 {today}；过去的情况请查权利的历史",
    "The day {on} is before today, {today}: for what was, read the right's history.",
)
TERM_INVALID = define(
    "blocker.term_invalid",
    ErrorKind.invalid,
    "期限无效：终止日早于起始日",
    "The term ends before it starts.",
)
TRUSTEESHIP_ENDED = define(
    "blocker.trusteeship_ended",
    ErrorKind.conflict,
    "权利 {number} 当前状态为 {status}，无从托管",
    "Right {number} has status {status}: there is nothing left to look after.",
    basis="LS-07, domain §2.1",
)


class Action(StrEnum):
    """What somebody wants to do with a right. `enrol`: have it looked after in its owner's trusteeship."""

    list_ = "list"
    license_ = "license"
    transfer = "transfer"
    pledge = "pledge"
    open_license = "open_license"
    enrol = "enrol"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the action, by whom, on which day, and what is known of it.

    `licence_type` None: a transfer, or an ordinary licence where it must be one. `term_to`: the last day
    of a licence; `debt_to`: of the secured debt. `grantee_id`, `price_fen`: who takes the right, for how
    much; unknown, a consent limited in that point serves nobody.
    """

    action: Action
    on: date
    party_id: uuid.UUID
    licence_type: LicenceType | None = None
    grantee_id: uuid.UUID | None = None
    price_fen: int | None = None
    term_from: date | None = None
    term_to: date | None = None
    debt_to: date | None = None

    @property
    def kind_of_licence(self) -> LicenceType:
        """The type of the licence that is asked about."""
        return self.licence_type or LicenceType.ordinary

    @property
    def first_day(self) -> date:
        """The first day of the licence."""
        return self.term_from or self.on

    @property
    def last_day(self) -> date:
        """The last day of the licence or of the debt; the day itself when it is not said."""
        until = self.debt_to if self.action is Action.pledge else self.term_to
        return until or max(self.first_day, self.on)


def faults(question: Question, today: date) -> list[Violation]:
    """What is wrong with the question itself."""
    found: list[Violation] = []
    if question.on < today:
        found.append(DAY_PASSED.violation("query:on", on=question.on, today=today))
    if question.term_to is not None and question.term_to < question.first_day:
        found.append(TERM_INVALID.violation("query:term_to"))
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """A live hold. Whose it is, is not among the facts.

    `until` is its last day; `running`: on the day of the question; `conflicting`: a licence that leaves no
    room for the one that is asked about; `state`: of the pledged right, deal or listing it comes from;
    `answered`: somebody on the platform answers for the lien; `source_id` None: not the asker's to know;
    `own`: a reservation that keeps the right for the asker's own pledge (UNI-26).
    """

    id: uuid.UUID
    kind: HoldKind
    rank: int
    since: date | None
    until: date | None
    running: bool
    conflicting: bool
    source_noun: str
    source_id: uuid.UUID | None
    state: str | None
    answered: bool
    own: bool = False


@dataclass(frozen=True, slots=True)
class OpenFee:
    """The fee of a watched right that is to be paid next."""

    kind: FeeKind
    ordinal: int
    due_on: date
    amount_fen: int
    reduction_percent: int


@dataclass(frozen=True, slots=True)
class KnownConsent:
    """A consent over the right that the asker may know of."""

    id: uuid.UUID
    judged: Candidate


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that bears on a right, read in one statement.

    `status_since`: the day its status took effect. `associated`: the marks that go together with it, id,
    number and status; `fee_classes`: for how many classes a mark's renewal is paid.
    """

    id: uuid.UUID
    number: str
    kind: AssetKind
    patent_type: PatentType | None
    regime: Regime
    mark_kind: MarkKind | None
    status: AssetStatus
    status_as_of: date | None
    status_since: date | None
    last_day_in_force: date | None
    invalidation_pending: bool
    twin: bool
    renewals: int
    owner_ids: tuple[uuid.UUID | None, ...]
    holds: tuple[Held, ...] = ()
    consents: tuple[KnownConsent, ...] = ()
    fee: OpenFee | None = None
    fee_classes: int = 1
    associated: tuple[tuple[uuid.UUID, str, AssetStatus], ...] = ()
    party_country: str | None = None
    grantee_country: str | None = None

    def running(self, *kinds: HoldKind) -> list[Held]:
        """The holds of these kinds that have effect on the day."""
        return [hold for hold in self.holds if hold.kind in kinds and hold.running]

    def live(self, *kinds: HoldKind) -> list[Held]:
        """The holds of these kinds, whatever their period."""
        return [hold for hold in self.holds if hold.kind in kinds]

    @property
    def pledged_together(self) -> list[tuple[uuid.UUID, str]]:
        """The associated marks that can be pledged: those in force (PL-15)."""
        return [(mark_id, number) for mark_id, number, status in self.associated if status in IN_FORCE]

    @property
    def owners(self) -> list[uuid.UUID]:
        """The recorded owners."""
        return [owner for owner in self.owner_ids if owner is not None]


@dataclass(frozen=True, slots=True)
class Blocker:
    """An objection and the steps, in their order, that take it away; no steps: nothing does."""

    violation: Violation
    remedies: tuple[Remedy, ...]

    @property
    def remediable(self) -> bool:
        """Whether anything helps."""
        return bool(self.remedies)


def for_owner(question: Question, facts: Facts) -> Question:
    """Banks file pledges for owners: the pledgor is the asker if it owns the right, else the first owner."""
    if question.action is not Action.pledge or question.party_id in facts.owner_ids or not facts.owners:
        return question
    return replace(question, party_id=facts.owners[0])


def judge(question: Question, facts: Facts, pack: RulePack) -> list[Violation]:
    """What the action would be refused with, but for consents (see `consents_lacking`).

    `pack`: the grounds in force on the day of the question, by which a pledge is judged.
    """
    if question.action is Action.pledge:
        return _to_pledge(question, facts, pack)
    return list(_JUDGES[question.action](question, facts))


def _to_list(question: Question, facts: Facts) -> Iterator[Violation]:
    mode = LISTED_AS[question.licence_type] if question.licence_type else listing.ListingMode.transfer
    right = listing.ListedRight(
        number=facts.number,
        status=facts.status,
        owner_ids=facts.owner_ids,
        stayed=bool(facts.running(*STAY_KINDS)),
        offered=bool(facts.live(HoldKind.transfer_offer)),
    )
    return listing.objections(mode, question.party_id, right)


def _of_deal(facts: Facts) -> deal_ground.DealRight:
    return deal_ground.DealRight(
        number=facts.number,
        status=facts.status,
        last_day_in_force=facts.last_day_in_force,
        owner_ids=facts.owner_ids,
        stayed=bool(facts.running(*STAY_KINDS)),
        reserved=bool(facts.running(HoldKind.reservation)),
        conflicting=any(hold.conflicting for hold in facts.holds),
        mark_kind=facts.mark_kind,
        associated=[(mark_id, number) for mark_id, number, _ in facts.associated],
    )


def _to_transfer(question: Question, facts: Facts) -> Iterator[Violation]:
    yield from deal_ground.to_sign_transfer(question.party_id, _of_deal(facts), asset_ids={facts.id})
    yield from deal_ground.export_faults({facts.kind}, facts.party_country, facts.grantee_country)


def _to_license(question: Question, facts: Facts) -> Iterator[Violation]:
    return deal_ground.to_sign_licence(question.party_id, _of_deal(facts), term_to=question.last_day)


def _to_pledge(question: Question, facts: Facts, pack: RulePack) -> list[Violation]:
    filing = pledge_ground.Filing(
        filed_on=question.on,
        debt_to=question.last_day,
        contract=pledge_ground.Contract("—", question.on, "—", "—"),
        pledgors={facts.id: question.party_id},
    )
    return pledge_ground_check.grounds(filing, [_of_pledge(facts)], pack)


def _of_pledge(facts: Facts) -> pledge_ground.Right:
    return pledge_ground.Right(
        id=facts.id,
        number=facts.number,
        kind=facts.kind,
        patent_type=facts.patent_type,
        regime=facts.regime,
        status=facts.status,
        status_as_of=facts.status_as_of,
        last_day_in_force=facts.last_day_in_force,
        invalidation_pending=facts.invalidation_pending,
        stayed=bool(facts.running(*STAY_KINDS)),
        twin=facts.twin,
        owners=facts.owner_ids,
        liens=[pledge_ground.Encumbrance(lien.since, lien.rank) for lien in facts.live(HoldKind.lien)],
        reserved=any(not kept.own for kept in facts.running(HoldKind.reservation)),
        mark_kind=facts.mark_kind,
        associated=facts.pledged_together,
    )


def _to_open(question: Question, facts: Facts) -> Iterator[Violation]:
    right = deal_open_licence.OpenedRight(
        number=facts.number,
        kind=facts.kind,
        chinese=facts.regime is Regime.cn,
        patent_type=facts.patent_type,
        status=facts.status,
        owner_ids=facts.owner_ids,
        stayed=bool(facts.running(*STAY_KINDS)),
        exclusive=bool(facts.running(HoldKind.exclusive_licence)),
    )
    return deal_open_licence.objections(question.party_id, right)


def _to_enrol(_: Question, facts: Facts) -> Iterator[Violation]:
    if facts.status not in statuses(Operation.trusteeship):
        yield TRUSTEESHIP_ENDED.violation(number=facts.number, status=facts.status.value)


_JUDGES = {
    Action.list_: _to_list,
    Action.license_: _to_license,
    Action.transfer: _to_transfer,
    Action.open_license: _to_open,
    Action.enrol: _to_enrol,
}


def needed(question: Question, facts: Facts) -> list[Need]:
    """The consents that the action needs as objects of their own: deals do; a filing brings its own.

    An open licence needs every co-owner's, as all but an ordinary licence do (TR-03).
    """
    if question.action not in {Action.license_, Action.transfer, Action.open_license}:
        return []
    transfer = question.action is Action.transfer
    alone = question.action is Action.open_license
    return list(
        consent_need.needs(
            DealKind.transfer if transfer or alone else DealKind.licence,
            None if transfer or alone else question.kind_of_licence,
            asset_id=facts.id,
            number=facts.number,
            grantor_id=question.party_id,
            owner_ids=facts.owner_ids,
            lien_ids=[lien.id for lien in facts.live(HoldKind.lien)],
        )
    )


def wanted(question: Question) -> Wanted:
    """The deal as consents look at it; a party or price that is not said meets no limit of a consent."""
    transfer = question.action is Action.transfer
    return Wanted(
        DealKind.transfer if transfer else DealKind.licence,
        None if transfer else question.kind_of_licence,
        question.grantee_id or uuid.UUID(int=0),
        price_fen=question.price_fen or 0,
        day=question.on,
    )


def consents_lacking(question: Question, facts: Facts) -> Iterator[tuple[Violation, list[Need]]]:
    """What is said of consents that are missing, each with the needs behind it, pledgees' first."""
    deal, known = wanted(question), [consent.judged for consent in facts.consents]
    missing = consent_need.unmet(needed(question, facts), known, deal)
    for kind in (ConsentKind.pledgee, ConsentKind.co_owner):
        of_kind = [need for need in missing if need.kind is kind]
        for violation in consent_need.objections(of_kind, known, deal):
            yield violation, of_kind
