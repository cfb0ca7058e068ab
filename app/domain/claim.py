"""Claims (补偿申请): from a default to the pool's payout and its end (RP-07 to RP-17)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ClaimTrigger(StrEnum):
    """What makes a loan claimable (RP-08)."""

    overdue = "overdue"
    downgraded = "downgraded"
    court_accepted = "court_accepted"
    bankruptcy = "bankruptcy"


class ClaimStatus(StrEnum):
    """States of a claim (domain §9.2)."""

    submitted = "submitted"
    supplement = "supplement"
    review = "review"
    approved = "approved"
    rejected = "rejected"
    publicised = "publicised"
    paid = "paid"
    recovering = "recovering"
    recovered = "recovered"
    written_off = "written_off"


class ClaimEvent(StrEnum):
    """What moves a claim from state to state."""

    ask = "ask"
    supplement = "supplement"
    accept = "accept"
    approve = "approve"
    reject = "reject"
    publicise = "publicise"
    object = "object"
    pay = "pay"
    recover = "recover"
    make_whole = "make_whole"
    write_off = "write_off"


_S, _E = ClaimStatus, ClaimEvent

CLAIM = StateMachine[ClaimStatus, ClaimEvent](
    noun="claim",
    noun_zh="补偿申请",
    initial=_S.submitted,
    transitions={
        (_S.submitted, _E.ask): _S.supplement,
        (_S.supplement, _E.supplement): _S.submitted,
        (_S.submitted, _E.accept): _S.review,
        (_S.submitted, _E.reject): _S.rejected,
        (_S.review, _E.approve): _S.approved,
        (_S.review, _E.reject): _S.rejected,
        (_S.approved, _E.publicise): _S.publicised,
        (_S.publicised, _E.object): _S.review,
        (_S.publicised, _E.pay): _S.paid,
        (_S.paid, _E.recover): _S.recovering,
        (_S.recovering, _E.recover): _S.recovering,
        (_S.recovering, _E.make_whole): _S.recovered,
        (_S.paid, _E.write_off): _S.written_off,
        (_S.recovering, _E.write_off): _S.written_off,
        (_S.written_off, _E.recover): _S.written_off,
    },
)

NOT_FOUND = define("claim.not_found", ErrorKind.not_found, "未找到该补偿申请", "No such claim.")
