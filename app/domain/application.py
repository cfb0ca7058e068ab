"""Applications (融资申请): an enterprise asks a bank for money against its rights; the bank answers."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ApplicationStatus(StrEnum):
    """States of an application; `contracted` once a pledge was filed on it."""

    applied = "applied"
    bank_review = "bank_review"
    approved = "approved"
    rejected = "rejected"
    withdrawn = "withdrawn"
    contracted = "contracted"


class ApplicationEvent(StrEnum):
    """What moves an application from state to state."""

    review = "review"
    approve = "approve"
    reject = "reject"
    withdraw = "withdraw"
    contract = "contract"


_S, _E = ApplicationStatus, ApplicationEvent

APPLICATION = StateMachine[ApplicationStatus, ApplicationEvent](
    noun="application",
    noun_zh="融资申请",
    initial=_S.applied,
    transitions={
        (_S.applied, _E.review): _S.bank_review,
        (_S.applied, _E.withdraw): _S.withdrawn,
        (_S.bank_review, _E.approve): _S.approved,
        (_S.bank_review, _E.reject): _S.rejected,
        (_S.bank_review, _E.withdraw): _S.withdrawn,
        (_S.approved, _E.contract): _S.contracted,
        (_S.approved, _E.withdraw): _S.withdrawn,
    },
)

NOT_FOUND = define("application.not_found", ErrorKind.not_found, "未找到该融资申请", "No such application.")
