"""Policies (知识产权保险保单): what is insured, for how much, from when (IN-01, IN-02)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class PolicyProduct(StrEnum):
    """Products named in the plans, and those the market has besides (IN-01)."""

    agency_liability = "agency_liability"
    enforcement = "enforcement"
    infringement_loss = "infringement_loss"
    loan_guarantee = "loan_guarantee"
    overseas_infringement = "overseas_infringement"
    trademark_infringement_loss = "trademark_infringement_loss"
    geographical_indication = "geographical_indication"
    licence_credit = "licence_credit"
    invalidation_costs = "invalidation_costs"
    other = "other"


class PolicyStatus(StrEnum):
    """`cancelled` ends a policy early; `voided` undoes it from its start (IN-02)."""

    active = "active"
    cancelled = "cancelled"
    voided = "voided"


class PolicyEvent(StrEnum):
    """What moves a policy from state to state; `endorse` changes the sum insured."""

    endorse = "endorse"
    cancel = "cancel"
    void = "void"


_S, _E = PolicyStatus, PolicyEvent

POLICY = StateMachine[PolicyStatus, PolicyEvent](
    noun="policy",
    noun_zh="保单",
    initial=_S.active,
    transitions={
        (_S.active, _E.endorse): _S.active,
        (_S.active, _E.cancel): _S.cancelled,
        (_S.active, _E.void): _S.voided,
    },
)

NOT_FOUND = define("policy.not_found", ErrorKind.not_found, "未找到该保单", "No such policy.")
