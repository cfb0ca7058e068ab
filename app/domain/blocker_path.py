"""The shortest path past each blocker: code by code, the steps that take it away.

A path without steps is the end: the right has expired or was invalidated, surrendered or refused, and
nothing brings it back (LS-07 knows restoration only for a right that was lost by a time limit).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.domain import (
    asset_sign,
    blocker,
    consent,
    deal,
    deal_open_licence,
    hold,
    listing,
    pledge,
    pledge_ground,
)
from app.domain.asset import ENDED, IN_FORCE, PENDING, AssetKind, AssetStatus, Regime
from app.domain.blocker import Action, Blocker, Facts, Held, Question, consents_lacking, judge
from app.domain.blocker_remedy import Doer, Remedy, RemedyAction, elsewhere, in_request, post
from app.domain.consent import ConsentKind
from app.domain.consent_need import REQUESTS, Need
from app.domain.deal import DEAL, DealEvent, DealStatus
from app.domain.errors import ErrorCode, Severity
from app.domain.fee import Charge, FeeKind, opened_charge, renewal
from app.domain.hold import STAY_KINDS, HoldKind
from app.domain.listing import LISTING, ListingEvent, ListingStatus
from app.domain.money import format_amount
from app.domain.pledge import PledgeStatus
from app.domain.rule_pack import RulePack
from app.domain.term import add_months

RESTORATION_MONTHS = 2
"""How long restoration can be asked for, from the notice of the loss (LS-07, 专利法实施细则第6条)."""

Steps = tuple[Remedy, ...]
NONE: Steps = ()

ROUTES = {
    Action.list_: "/v1/listings",
    Action.license_: "/v1/deals",
    Action.transfer: "/v1/deals",
    Action.pledge: "/v1/pledges",
    Action.open_license: "/v1/deals",
    Action.enrol: "/v1/programmes/{programme_id}/enrolments",
}
"""The request by which an action begins, into which what is to be said in it goes."""

_A, _D = RemedyAction, Doer


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked and what is known; `pack`: the grounds of pledges on the day."""

    question: Question
    facts: Facts
    pack: RulePack


def blockers(question: Question, facts: Facts, pack: RulePack) -> list[Blocker]:
    """Everything that speaks against the action, what blocks first, each with its shortest remedy."""
    case = Case(question, facts, pack)
    found = [Blocker(one, _PATHS[one.code](case)) for one in judge(question, facts, pack)]
    found += [
        Blocker(violation, _consent_steps(case, needs))
        for violation, needs in consents_lacking(question, facts)
    ]
    return sorted(found, key=lambda one: not one.violation.blocks)


def _owner(case: Case) -> Steps:
    """Act for who owns it; an owner that is not recorded cannot act."""
    if not case.facts.owners:
        return elsewhere(_A.record_owner, _D.owner)
    owner = str(case.facts.owners[0])
    said: Mapping[str, Any] = {"grantor_id": owner}
    if case.question.action is Action.list_:
        said = {"owner_id": owner}
    elif case.question.action is Action.pledge:
        said = {"items": [{"asset_id": str(case.facts.id), "pledgor_id": owner}]}
    return in_request(_A.act_for_owner, _D.owner, "POST", ROUTES[case.question.action], said)


def _status(case: Case) -> Steps:
    """What brings a right into force; nothing does once it has ended for good."""
    facts = case.facts
    if facts.status is AssetStatus.restorable:
        return _restoration(case)
    if facts.status in ENDED:
        return NONE
    if facts.status in PENDING:
        return _news(case, _A.await_grant, _alive(facts))
    if facts.status is AssetStatus.unknown:
        return _news(case, _A.refresh_status, None)
    if facts.status is AssetStatus.late_fee:
        late = facts.fee is not None and facts.fee.due_on < case.question.on
        return _payment(case) if late else _news(case, _A.pay_fee, _alive(facts))
    return _renewal(case)


def _news(case: Case, action: RemedyAction, status: AssetStatus | None, by_day: date | None = None) -> Steps:
    """Record what the office says of the right; None: what it says is not known here."""
    path = f"/v1/assets/{case.facts.id}/statuses"
    said = {"status": status and status.value, "effective_on": None, "source": None, "as_of": None}
    return post(action, _D.registrar, path, said, if_match=True, by_day=by_day)


def _restoration(case: Case) -> Steps:
    """Two months from the notice of the loss: the later of the day it took effect and that it was seen."""
    facts = case.facts
    known = [day for day in (facts.status_since, facts.status_as_of) if day is not None]
    by_day = add_months(max(known), RESTORATION_MONTHS) if known else None
    if by_day is not None and by_day < case.question.on:
        return NONE
    return _news(case, _A.restore, AssetStatus.granted, by_day)


def _renewal(case: Case) -> Steps:
    """A mark past its decade goes on once renewed; a patent past its term is over."""
    last_day = case.facts.last_day_in_force
    if case.facts.kind is AssetKind.patent or case.facts.regime is not Regime.cn or last_day is None:
        return NONE
    charge = renewal(last_day=last_day, renewals=case.facts.renewals, classes=case.facts.fee_classes)
    if case.question.on > charge.grace_ends_on:
        return NONE
    if case.facts.fee is not None:
        return _payment(case)
    watch = post(
        _A.watch_fees,
        _D.payer,
        f"/v1/assets/{case.facts.id}/fees/watch",
        {"paid_through_ordinal": case.facts.renewals, "source": None},
    )
    return watch + _paid(case, charge, charge.ordinal, 0)


def _payment(case: Case) -> Steps:
    """Pay the open fee."""
    fee = case.facts.fee
    if fee is None:
        raise ValueError(f"no fee of right {case.facts.number} is open")
    charge = opened_charge(fee.kind, fee.ordinal, fee.due_on, fee.amount_fen)
    return _paid(case, charge, fee.ordinal, fee.reduction_percent)


def _paid(case: Case, charge: Charge, ordinal: int, reduction: int) -> Steps:
    fen = charge.payable_fen(case.question.on, reduction)
    body = {
        "ordinal": ordinal,
        "paid_on": case.question.on.isoformat(),
        "paid": {"amount": format_amount(fen), "currency": "CNY"},
        "source": None,
    }
    action = _A.renew if charge.kind is FeeKind.renewal else _A.pay_fee
    return post(
        action,
        _D.payer,
        f"/v1/assets/{case.facts.id}/fees/payments",
        body,
        by_day=charge.grace_ends_on,
    )


def _fresh(case: Case) -> Steps:
    """Look at the status again, after what changes it: what is found may be what was known."""
    facts = case.facts
    if facts.status in IN_FORCE - {AssetStatus.late_fee, AssetStatus.grace}:
        return _news(case, _A.refresh_status, facts.status)
    steps = _status(case)
    if all(step.if_match for step in steps):
        return steps or _news(case, _A.refresh_status, facts.status)
    return steps + _news(case, _A.refresh_status, _alive(facts))


def _alive(facts: Facts) -> AssetStatus:
    return AssetStatus.granted if facts.kind is AssetKind.patent else AssetStatus.registered


def _other(case: Case) -> Steps:
    """Ground 12: rights of other offices are not pledged here; an unknown status can be found out."""
    return _status(case) if case.facts.regime is Regime.cn else NONE


def _stays(case: Case) -> Steps:
    """Each stay is lifted; one that no order of this register is behind is waited for."""
    found: list[Remedy] = []
    for stay in case.facts.running(*STAY_KINDS):
        if stay.source_noun == "stay" and stay.source_id is not None:
            path = f"/v1/assets/{case.facts.id}/stays/{stay.source_id}/lifting"
            body = {"lifted_on": None, "reason": None}
            found += post(_A.lift_stay, _D.registrar, path, body)
        elif stay.until is not None:
            found += elsewhere(_A.wait_until, _D.nobody, from_day=_after(stay))
        else:
            found += elsewhere(_A.lift_stay, _D.registrar)
    return tuple(found)


def _after(held: Held) -> date | None:
    """The day on which a hold is over by itself, if any."""
    return None if held.until is None else held.until + timedelta(days=1)


def _term(case: Case) -> Steps:
    """A shorter term; when the right itself is past its day, what renews it."""
    last_day = case.facts.last_day_in_force
    if last_day is None or last_day < case.question.first_day:
        return _renewal(case)
    field = "debt_to" if case.question.action is Action.pledge else "term_to"
    path = ROUTES[case.question.action]
    return in_request(_A.shorten_term, _D.asker, "POST", path, {field: last_day.isoformat()})


def _liens(case: Case) -> Steps:
    """Each lien goes: cancelled once it is registered, taken back before."""
    found: list[Remedy] = []
    for lien in case.facts.live(HoldKind.lien):
        path = f"/v1/pledges/{lien.source_id or '{pledge_id}'}"
        if lien.state == PledgeStatus.registered:
            body = {"reason": None, "deregistered_on": None}
            found += post(_A.release_lien, _D.pledgee, f"{path}/deregistrations", body)
        elif lien.state == PledgeStatus.filed:
            refusal = {"asset_ids": [str(case.facts.id)], "reason": None, "refused_on": None}
            found += post(_A.release_lien, _D.pledgee, f"{path}/refusals", refusal)
        else:
            found += elsewhere(_A.release_lien, _D.pledgee)
    return tuple(found)


def _co_owners_in_filing(case: Case) -> Steps:
    given = [
        {
            "asset_id": str(case.facts.id),
            "party_id": str(owner),
            "consented_on": None,
            "document_sha256": None,
        }
        for owner in case.facts.owners
        if owner != case.question.party_id
    ]
    path = ROUTES[case.question.action]
    return in_request(_A.add_consent, _D.pledgor_and_pledgee, "POST", path, {"consents": given})


def _acknowledged(code: ErrorCode) -> Callable[[Case], Steps]:
    def steps(case: Case) -> Steps:
        ruling = case.pack.ruling(code.code, {case.facts.kind})
        if ruling is not None and ruling.severity is Severity.block:
            return elsewhere(_A.await_decision, _D.nobody)
        given = {"asset_id": str(case.facts.id), "code": code.code, "pledgor_on": None, "pledgee_on": None}
        said = {"acknowledgements": [given]}
        path = ROUTES[case.question.action]
        return in_request(_A.acknowledge, _D.pledgor_and_pledgee, "POST", path, said)

    return steps


def _reservations(case: Case) -> Steps:
    """Each deal that keeps the right is ended."""
    found: list[Remedy] = []
    for kept in case.facts.running(HoldKind.reservation):
        found += _deal_ended(_A.release_reservation, kept)
    return tuple(found)


def _licences(case: Case) -> Steps:
    found: list[Remedy] = []
    exclusive = case.question.action is Action.open_license
    for licence in case.facts.holds:
        in_the_way = licence.conflicting or (
            exclusive and licence.running and licence.kind is HoldKind.exclusive_licence
        )
        if in_the_way:
            found += _deal_ended(_A.end_licence, licence)
    return tuple(found)


def _deal_ended(action: RemedyAction, held: Held) -> Steps:
    """End the deal behind a hold; one that can no longer be ended, or is not of this platform, runs out."""
    state = DealStatus(held.state) if held.source_noun == "deal" and held.state else None
    if state is not None and DealEvent.terminate in DEAL.allowed(state):
        path = f"/v1/deals/{held.source_id or '{deal_id}'}/termination"
        return post(action, _D.drafter, path, {"reason": None, "terminated_on": None})
    if held.until is not None:
        return elsewhere(_A.wait_until, _D.nobody, from_day=_after(held))
    return elsewhere(action, _D.drafter)


def _transfer_offer(case: Case) -> Steps:
    """The open transfer listing is taken back; a reserved one after its deal has come to nothing."""
    found: list[Remedy] = []
    for offer in case.facts.live(HoldKind.transfer_offer):
        state = ListingStatus(offer.state) if offer.state else ListingStatus.published
        if ListingEvent.withdraw not in LISTING.allowed(state):
            found += _reservations(case)
        path = f"/v1/listings/{offer.source_id}/withdrawal"
        found += post(_A.withdraw_listing, _D.lister, path, None)
    return tuple(found)


def _together(case: Case) -> Steps:
    """The other marks come along."""
    facts, party_id = case.facts, str(case.question.party_id)
    said: Mapping[str, Any] = {"asset_ids": [str(mark_id) for mark_id, _, _ in facts.associated]}
    if case.question.action is Action.pledge:
        marks = facts.pledged_together
        said = {"items": [{"asset_id": str(mark_id), "pledgor_id": party_id} for mark_id, _ in marks]}
    path = ROUTES[case.question.action]
    return in_request(_A.add_associated_marks, _D.asker, "POST", path, said)


def _export(case: Case) -> Steps:
    said = {"export_evidence": {"type": None, "number": None}}
    return in_request(_A.add_evidence, _D.asker, "POST", ROUTES[case.question.action], said)


def _always(steps: Steps) -> Callable[[Case], Steps]:
    return lambda _: steps


_PATHS: Mapping[ErrorCode, Callable[[Case], Steps]] = {
    listing.NOT_OWNER: _owner,
    listing.RIGHT_ENDED: _status,
    listing.RIGHT_IN_GRACE: _status,
    listing.RIGHT_STAYED: _stays,
    hold.TRANSFER_OFFERED: _transfer_offer,
    hold.RESERVED: _reservations,
    hold.LICENCE_CONFLICT: _licences,
    deal.LICENSOR_NOT_OWNER: _owner,
    deal.TRANSFEROR_NOT_OWNER: _owner,
    deal.RIGHT_NOT_IN_FORCE: _status,
    deal.RIGHT_ENDED: _status,
    deal.RIGHT_STAYED: _stays,
    deal.TERM_EXCEEDS_RIGHT: _term,
    deal.EXPORT_EVIDENCE_REQUIRED: _export,
    deal_open_licence.ONLY_PATENTS: _always(NONE),
    deal_open_licence.NOT_IN_FORCE: _status,
    deal_open_licence.STAYED: _stays,
    deal_open_licence.EXCLUSIVELY_LICENSED: _licences,
    deal_open_licence.REPORT_REQUIRED: _always(elsewhere(_A.add_evidence, _D.asker)),
    pledge_ground.NOT_OWNER: _owner,
    pledge_ground.ENDED_OR_INVALID: _status,
    pledge_ground.NOT_GRANTED: _status,
    pledge_ground.ANNUITY_UNPAID: _status,
    pledge_ground.SUSPENDED_OR_PRESERVED: _stays,
    pledge_ground.TERM_EXCEEDS: _term,
    pledge_ground.CO_OWNER_CONSENT_MISSING: _co_owners_in_filing,
    pledge.ALREADY_PLEDGED: _liens,
    pledge_ground.TWIN_UTILITY_MODEL: _acknowledged(pledge_ground.TWIN_UTILITY_MODEL),
    pledge_ground.INVALIDATION_STARTED: _acknowledged(pledge_ground.INVALIDATION_STARTED),
    pledge_ground.OTHER: _other,
    pledge_ground.STATUS_STALE: _fresh,
    deal.ASSOCIATED_MARKS_MISSING: _together,
    pledge_ground.ASSOCIATED_MARKS_MISSING: _together,
    asset_sign.COLLECTIVE_MARK: _always(elsewhere(_A.get_approval, _D.registrar)),
    blocker.TRUSTEESHIP_ENDED: _status,
}
"""Every objection of an action about the right itself; those about consents have a path of their own."""


def _consent_steps(case: Case, needs: list[Need]) -> Steps:
    """Ask whose consent it is and have it granted; what was asked already only needs the answer."""
    deal_wanted = blocker.wanted(case.question)
    asked = [
        known.id
        for known in case.facts.consents
        if any(
            known.judged.covers(need)
            and [fault.code for fault in known.judged.misfits(deal_wanted, need)] == [consent.PENDING]
            for need in needs
        )
    ]
    if asked:
        return tuple(step for key in asked for step in _grant(str(key), needs[0].kind))
    if any(need.kind is ConsentKind.co_owner and need.owner_id is None for need in needs):
        return elsewhere(_A.record_owner, _D.co_owner)
    if needs[0].kind is ConsentKind.co_owner:
        return tuple(
            step for need in needs for step in _ask(case, ConsentKind.co_owner, grantor_id=need.owner_id)
        )
    reachable = all(lien.answered for lien in case.facts.live(HoldKind.lien))
    return _ask(case, ConsentKind.pledgee) if reachable else _liens(case)


def _ask(case: Case, kind: ConsentKind, *, grantor_id: uuid.UUID | None = None) -> Steps:
    transfer = case.question.action is Action.transfer
    body: dict[str, Any] = {
        "kind": kind.value,
        "action": "transfer" if transfer else "licence",
        "asset_ids": [str(case.facts.id)],
    }
    if not transfer:
        body["licence_type"] = case.question.kind_of_licence.value
    if case.question.grantee_id is not None:
        body["grantee_id"] = str(case.question.grantee_id)
    if grantor_id is not None:
        body["grantor_id"] = str(grantor_id)
    return post(_A.ask_consent, _D.owner, REQUESTS, body) + _grant("{consent_id}", kind)


def _grant(consent_id: str, kind: ConsentKind) -> Steps:
    by = _D.pledgee if kind is ConsentKind.pledgee else _D.co_owner
    return post(_A.grant_consent, by, f"/v1/consents/{consent_id}/grant", {})
