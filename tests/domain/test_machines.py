"""The lives of listings, deals and pledges, every state against every event."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from app.domain.amendment import AMENDMENT, AmendmentEvent, AmendmentStatus
from app.domain.application import APPLICATION, ApplicationEvent, ApplicationStatus
from app.domain.bank_statement import LINE, LineEvent
from app.domain.certificate import CERTIFICATE, CertificateEvent, CertificateStatus
from app.domain.claim import CLAIM, ClaimEvent, ClaimStatus
from app.domain.commitment import COMMITMENT, CommitmentEvent, CommitmentStatus
from app.domain.consent import CONSENT, ConsentEvent, ConsentStatus
from app.domain.deal import DEAL, DealEvent, DealStatus
from app.domain.delegation import DELEGATION, DelegationEvent, DelegationStatus
from app.domain.demand import DEMAND, DemandEvent, DemandStatus
from app.domain.duplicate import DUPLICATE, DuplicateEvent
from app.domain.enforcement import ENFORCEMENT, EnforcementEvent, EnforcementStatus
from app.domain.enrolment import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import DomainError
from app.domain.fee import FEE, FeeEvent, FeeStatus
from app.domain.filing import FILING, FilingEvent, FilingStatus
from app.domain.listing import EXPIRING, LISTING, ON_MARKET, ListingEvent, ListingStatus
from app.domain.loan import LOAN, LoanEvent
from app.domain.mandate import MANDATE, MandateEvent, MandateStatus
from app.domain.observation import OBSERVATION, ObservationEvent, ObservationStatus
from app.domain.offer import OFFER, OfferEvent, OfferStatus
from app.domain.period import PERIOD, PeriodEvent
from app.domain.pledge import PLEDGE, PledgeEvent, PledgeStatus
from app.domain.policy import POLICY, PolicyEvent, PolicyStatus
from app.domain.provider import PROVIDER, ProviderEvent, ProviderStatus
from app.domain.reconciliation import DIFFERENCE, DifferenceEvent
from app.domain.reservation import RESERVATION, ReservationEvent, ReservationStatus
from app.domain.state_machine import StateMachine
from app.domain.stay import STAY, StayEvent, StayStatus
from app.domain.valuation import VALUATION, ValuationEvent, ValuationStatus

Machine = StateMachine[Any, Any]
LIVES: list[tuple[Machine, type[StrEnum]]] = [
    (DUPLICATE, DuplicateEvent),
    (LISTING, ListingEvent),
    (DEAL, DealEvent),
    (PLEDGE, PledgeEvent),
    (LOAN, LoanEvent),
    (FILING, FilingEvent),
    (AMENDMENT, AmendmentEvent),
    (ENFORCEMENT, EnforcementEvent),
    (DEMAND, DemandEvent),
    (RESERVATION, ReservationEvent),
    (DELEGATION, DelegationEvent),
    (COMMITMENT, CommitmentEvent),
    (CLAIM, ClaimEvent),
    (PERIOD, PeriodEvent),
    (LINE, LineEvent),
    (MANDATE, MandateEvent),
    (OFFER, OfferEvent),
    (APPLICATION, ApplicationEvent),
    (VALUATION, ValuationEvent),
    (POLICY, PolicyEvent),
    (OBSERVATION, ObservationEvent),
    (CONSENT, ConsentEvent),
    (ENROLMENT, EnrolmentEvent),
    (PROVIDER, ProviderEvent),
    (CERTIFICATE, CertificateEvent),
    (STAY, StayEvent),
    (FEE, FeeEvent),
    (DIFFERENCE, DifferenceEvent),
]
ARROWS = {
    "commitment": """
        reserved   confirm  confirmed
        reserved   lapse    lapsed
        committed  flag     anomaly
        committed  release  released
        anomaly    clear    committed
        anomaly    exclude  excluded
        anomaly    release  released
    """,
    "bank_statement_line": """
        unmatched  match    matched
        unmatched  explain  explained
        matched    unmatch  unmatched
        explained  unmatch  unmatched
    """,
    "period": """
        open    hold    held
        held    resume  open
        held    close   closed
        closed  reopen  held
    """,
    "stay": """
        in_force  lift    lifted
        in_force  expire  expired
    """,
    "fee": """
        due     pay        paid
        due     fall_late  late
        late    pay        paid
        late    lapse      lapsed
        lapsed  restore    paid
    """,
    "duplicate": """
        proposed  merge   merged
        proposed  reject  rejected
        merged    undo    undone
    """,
    "listing": """
        draft      submit    submitted
        submitted  return    draft
        submitted  approve   published
        published  reserve   reserved
        reserved   release   published
        published  close     closed
        reserved   close     closed
        published  suspend   suspended
        suspended  resume    published
        draft      withdraw  withdrawn
        submitted  withdraw  withdrawn
        published  withdraw  withdrawn
        suspended  withdraw  withdrawn
        published  expire    expired
        suspended  expire    expired
    """,
    # Beside §9.2: what is not signed yet can be given up, and a licence in effect or recorded ended early.
    "deal": """
        draft       agree        negotiated
        negotiated  sign         signed
        signed      file         filed
        filed       correct      correction
        correction  refile       filed
        filed       register     effective
        signed      take_effect  effective
        effective   record       recorded
        filed       refuse       refused
        signed      terminate    terminated
        filed       terminate    terminated
        effective   settle       settled
        recorded    settle       settled
        settled     close        closed
        draft       terminate    terminated
        negotiated  terminate    terminated
        effective   terminate    terminated
        recorded    terminate    terminated
    """,
    # Of the financing in §9.2 what comes before the pledge; what was asked for can be taken back until then.
    "application": """
        applied      review    bank_review
        bank_review  approve   approved
        bank_review  reject    rejected
        approved     contract  contracted
        applied      withdraw  withdrawn
        bank_review  withdraw  withdrawn
        approved     withdraw  withdrawn
    """,
    "valuation": """
        requested  sign      signed
        requested  withdraw  withdrawn
    """,
    "policy": """
        active  endorse  active
        active  cancel   cancelled
        active  void     voided
    """,
    # Of §9.2; a claim that was written off still takes what comes back (RP-16).
    "claim": """
        submitted    ask         supplement
        supplement   supplement  submitted
        submitted    accept      review
        submitted    reject      rejected
        review       approve     approved
        review       reject      rejected
        approved     publicise   publicised
        publicised   object      review
        publicised   pay         paid
        paid         recover     recovering
        recovering   recover     recovering
        recovering   make_whole  recovered
        paid         write_off   written_off
        recovering   write_off   written_off
        written_off  recover     written_off
        recovered    recover     recovered
        paid         claw_back   clawback
        recovering   claw_back   clawback
        recovered    claw_back   clawback
        written_off  claw_back   clawback
        clawback     close       closed
    """,
    # Of the financing in §9.2 the part that the office decides; its loan has a life of its own.
    "pledge": """
        filed       correct     correction
        correction  refile      filed
        filed       register    registered
        filed       refuse      refused
        registered  deregister  deregistered
        registered  revoke      revoked
        registered  lapse       lapsed
        filed       withdraw    withdrawn
        correction  refuse      refused
        correction  withdraw    withdrawn
    """,
    "loan": """
        disbursed  fall_overdue  overdue
        disbursed  repay         repaid
        disbursed  write_off     written_off
        overdue    cure          disbursed
        overdue    enforce       enforcing
        overdue    repay         repaid
        overdue    write_off     written_off
        enforcing  cure          disbursed
        enforcing  repay         repaid
        enforcing  write_off     written_off
        repaid       reopen        disbursed
        written_off  repay         repaid
        written_off  reopen        overdue
    """,
    "filing": """
        submitted   correct   correction
        submitted   register  registered
        submitted   refuse    refused
        submitted   withdraw  withdrawn
        correction  resubmit  submitted
        correction  refuse    refused
        correction  withdraw  withdrawn
    """,
    "amendment": """
        filed  register  registered
        filed  refuse    refused
        filed  withdraw  withdrawn
    """,
    "enforcement": """
        opened  list        listed
        opened  sell        sold
        opened  abandon     abandoned
        listed  list        listed
        listed  sell        sold
        listed  abandon     abandoned
        sold    distribute  closed
    """,
    # PLG-10: what the pledgee does not answer in time the operator may enforce; what it objects to, on a
    # court's document only.
    "demand": """
        open  accept    accepted
        open  object    objected
        open  fall_due  due
        open  withdraw  withdrawn
        due   accept    accepted
        due   object    objected
        due   enforce   enforced
        due   withdraw  withdrawn
        objected  enforce  enforced
    """,
    "reservation": """
        live  use      used
        live  release  released
        live  expire   expired
    """,
    "delegation": """
        granted  revoke  revoked
        granted  expire  expired
    """,
    "observation": """
        submitted  approve    approved
        submitted  reject     rejected
        approved   supersede  superseded
    """,
    # RB-04: revocable before its first use; what nobody answered expires like what nobody used.
    "consent": """
        requested  grant   granted
        requested  refuse  refused
        requested  expire  expired
        granted    revoke  revoked
        granted    use_up  used
        granted    expire  expired
    """,
    # Beside §9.2: an enrolment can be given up before service, a matched firm given to another provider, and
    # what was served before a renewal is not lost when the renewed service is given up.
    "enrolment": """
        applied  check            checked
        applied  fail             ineligible
        applied  terminate        terminated
        checked  match            matched
        checked  terminate        terminated
        matched  sign             active
        matched  change_provider  matched
        matched  terminate        terminated
        matched  leave            ended
        active   change_provider  matched
        active   end              ended
        active   terminate        terminated
        active   leave            ended
        ended    renew            active
        ended    count            counted
        ended    not_count        not_counted
    """,
    "provider": """
        applied   select   selected
        applied   decline  declined
        selected  exit     exited
    """,
    # UNI-40: what somebody decided can be taken back, so that no state is the last.
    "difference": """
        open       correct  corrected
        open       explain  explained
        corrected  reopen   open
        explained  reopen   open
    """,
    "certificate": """
        issued  revoke  revoked
    """,
    "mandate": """
        proposed  confirm  active
        proposed  decline  declined
        proposed  expire   ended
        active    revoke   revoked
        active    expire   ended
    """,
    "offer": """
        open  counter   open
        open  accept    accepted
        open  decline   declined
        open  withdraw  withdrawn
        open  lapse     lapsed
    """,
}
"""Domain §9.2, arrow by arrow: state, event, next state."""


def arrows(machine: Machine) -> dict[tuple[str, str], str]:
    """The next state by state and event."""
    lines = [line.split() for line in ARROWS[machine.noun].strip().splitlines()]
    return {(state, event): following for state, event, following in lines}


PAIRS = [
    pytest.param(machine, state, event, id=f"{machine.noun}-{state}-{event}")
    for machine, events in LIVES
    for state in type(machine.initial)
    for event in events
]
MACHINES = pytest.mark.parametrize(("machine", "events"), LIVES, ids=[machine.noun for machine, _ in LIVES])


@pytest.mark.parametrize(("machine", "state", "event"), PAIRS)
def test_a_pair_is_an_arrow_or_refused_with_what_is_allowed(
    machine: Machine, state: StrEnum, event: StrEnum
) -> None:
    """LST-01, DEA-01, SC-01: an illegal transition names the legal ones, no other outcome exists."""
    known = arrows(machine)
    if (state, event) in known:
        assert machine.next(state, event) == known[state, event]
        return
    with pytest.raises(DomainError) as caught:
        machine.next(state, event)
    (violation,) = caught.value.violations
    assert violation.code.code == "state.illegal_transition"
    assert set(violation.facts["allowed"]) == {legal for start, legal in known if start == state}


@MACHINES
def test_every_state_can_be_reached_and_every_event_is_of_use(
    machine: Machine, events: type[StrEnum]
) -> None:
    """DEA-01: no dead state and no dead event."""
    assert machine.reachable() == set(type(machine.initial).__members__.values())
    assert {event for _, event in machine.transitions} == set(events)


ENDS: list[tuple[Machine, set[StrEnum]]] = [
    (
        COMMITMENT,
        {
            CommitmentStatus.confirmed,
            CommitmentStatus.lapsed,
            CommitmentStatus.excluded,
            CommitmentStatus.released,
        },
    ),
    (CLAIM, {ClaimStatus.rejected, ClaimStatus.closed}),
    (LISTING, {ListingStatus.closed, ListingStatus.withdrawn, ListingStatus.expired}),
    (DEAL, {DealStatus.refused, DealStatus.terminated, DealStatus.closed}),
    (
        PLEDGE,
        {
            PledgeStatus.refused,
            PledgeStatus.deregistered,
            PledgeStatus.revoked,
            PledgeStatus.lapsed,
            PledgeStatus.withdrawn,
        },
    ),
    # A loan that is over is open again when what ended it was booked in error.
    (LOAN, set()),
    (FILING, {FilingStatus.registered, FilingStatus.refused, FilingStatus.withdrawn}),
    (AMENDMENT, {*AmendmentStatus} - {AmendmentStatus.filed}),
    (ENFORCEMENT, {EnforcementStatus.closed, EnforcementStatus.abandoned}),
    (DEMAND, {DemandStatus.accepted, DemandStatus.enforced, DemandStatus.withdrawn}),
    (RESERVATION, {*ReservationStatus} - {ReservationStatus.live}),
    (DELEGATION, {DelegationStatus.revoked, DelegationStatus.expired}),
    (MANDATE, {MandateStatus.declined, MandateStatus.revoked, MandateStatus.ended}),
    (OFFER, {*OfferStatus} - {OfferStatus.open}),
    (
        APPLICATION,
        {ApplicationStatus.rejected, ApplicationStatus.withdrawn, ApplicationStatus.contracted},
    ),
    (VALUATION, {ValuationStatus.signed, ValuationStatus.withdrawn}),
    (POLICY, {PolicyStatus.cancelled, PolicyStatus.voided}),
    (OBSERVATION, {ObservationStatus.rejected, ObservationStatus.superseded}),
    (
        CONSENT,
        {ConsentStatus.refused, ConsentStatus.revoked, ConsentStatus.used, ConsentStatus.expired},
    ),
    (
        ENROLMENT,
        {
            EnrolmentStatus.ineligible,
            EnrolmentStatus.terminated,
            EnrolmentStatus.counted,
            EnrolmentStatus.not_counted,
        },
    ),
    (PROVIDER, {ProviderStatus.declined, ProviderStatus.exited}),
    (CERTIFICATE, {CertificateStatus.revoked}),
    (STAY, {StayStatus.lifted, StayStatus.expired}),
    (FEE, {FeeStatus.paid}),
]


@pytest.mark.parametrize(("machine", "ends"), ENDS, ids=[machine.noun for machine, _ in ENDS])
def test_only_the_known_ends_have_no_exit(machine: Machine, ends: set[StrEnum]) -> None:
    """Domain §9.2: what is over stays over, and nothing else is stuck."""
    assert machine.terminal == ends
    assert all(machine.allowed(state) == () for state in ends)


def test_a_reserved_listing_is_on_the_market_but_neither_withdrawn_nor_expired() -> None:
    """LST-01: a reservation binds the lister until it is released or the deal closes the listing."""
    assert {ListingStatus.published, ListingStatus.reserved} == ON_MARKET
    assert LISTING.allowed(ListingStatus.reserved) == (ListingEvent.release, ListingEvent.close)
    assert {ListingStatus.published, ListingStatus.suspended} == EXPIRING
