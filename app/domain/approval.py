"""Approvals (审批): who decided a step of a case; no client decides two steps of one round (RB-02)."""

from enum import StrEnum

from app.domain.errors import ErrorCode, ErrorKind, Violation, define


class ApprovalStep(StrEnum):
    """The steps that take turns at a case: its maker, its checkers, and who releases money."""

    make = "make"
    check = "check"
    formal_check = "formal_check"
    ip_approval = "ip_approval"
    finance_approval = "finance_approval"
    release = "release"


class Decision(StrEnum):
    """What was decided."""

    approved = "approved"
    rejected = "rejected"


SAME_PERSON = define(
    "approval.same_person",
    ErrorKind.conflict,
    "经办与复核不得为同一人：该客户端已在本轮办理过其他步骤",
    "Maker and checker must differ: this client has decided another step of this round.",
    basis="RB-02",
)
STEP_TAKEN = define(
    "approval.step_taken",
    ErrorKind.conflict,
    "本轮该步骤已有决定",
    "This step of the round has been decided.",
    basis="RB-02",
)


def reason_faults(code: ErrorCode, decision: Decision, reason: str | None) -> list[Violation]:
    """The objection `code` to a rejection that does not say why."""
    return [code.violation("/reason")] if decision is Decision.rejected and reason is None else []
