"""Applications (融资申请): an enterprise asks a bank for money against its rights; the bank answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.approval import Decision, reason_faults
from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import BASE_CURRENCY, Money, format_amount
from app.domain.pledge import PledgeStatus
from app.domain.request import asset_twice_faults
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
ASSETS_MISSING = define(
    "application.assets_missing",
    ErrorKind.invalid,
    "融资申请至少包含一项拟出质的权利",
    "An application offers at least one right as security.",
)
ASSET_TWICE = define(
    "application.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
CURRENCY_UNSUPPORTED = define(
    "application.currency_unsupported",
    ErrorKind.invalid,
    "融资申请目前仅支持人民币",
    "An application is in CNY: other currencies need an exchange rate and are not taken yet.",
    basis="ST-10",
)
BORROWER_FOREIGN = define(
    "application.borrower_foreign",
    ErrorKind.denied,
    "企业只能以本单位名义申请融资",
    "An enterprise applies in its own name only.",
)
BANK_UNKNOWN = define(
    "application.bank_unknown",
    ErrorKind.invalid,
    "{bank_id} 不是本系统的银行",
    "{bank_id} is no bank of the system.",
)
OWN_BANK = define(
    "application.own_bank",
    ErrorKind.conflict,
    "银行不得受理本单位的融资申请",
    "A bank does not decide on its own application.",
    basis="RB-03",
)
NOT_BANK = define(
    "application.not_bank",
    ErrorKind.denied,
    "只有受理该申请的银行可以办理",
    "Only the bank the application was made to may do this.",
)
NOT_APPLICANT = define(
    "application.not_applicant",
    ErrorKind.denied,
    "只有申请企业可以撤回",
    "Only the enterprise that applied may do this.",
)
REASON_MISSING = define(
    "application.reason_missing",
    ErrorKind.invalid,
    "不予批准须说明理由",
    "A rejection says why.",
)
AMOUNT_OF_REJECTION = define(
    "application.amount_of_rejection",
    ErrorKind.invalid,
    "不予批准的不填批准金额",
    "A rejection has no approved amount.",
)
RESERVATION_OF_REJECTION = define(
    "application.reservation_of_rejection",
    ErrorKind.invalid,
    "不予批准的不预留资金池额度",
    "A rejection reserves no capacity of a pool.",
)
APPROVED_EXCEEDS_AMOUNT = define(
    "application.approved_exceeds_amount",
    ErrorKind.invalid,
    "批准金额超过申请金额 {amount}",
    "The approved amount is more than the {amount} applied for.",
)
PLEDGE_MISMATCH = define(
    "application.pledge_mismatch",
    ErrorKind.conflict,
    "所填质押不是本行为该借款人提交的有效质押",
    "The pledge is not one that this bank has filed for the borrower and that stands.",
)
PRINCIPAL_EXCEEDS_APPROVED = define(
    "application.principal_exceeds_approved",
    ErrorKind.conflict,
    "质押的主债权本金 {principal} 超过批准金额 {approved}",
    "The principal of the pledge, {principal}, is more than the {approved} that was approved.",
)
PLEDGE_TAKEN = define(
    "application.pledge_taken",
    ErrorKind.conflict,
    "该质押已用于另一项融资申请",
    "The pledge serves another application.",
)

STANDING = frozenset({PledgeStatus.filed, PledgeStatus.correction, PledgeStatus.registered})
"""Pledges on which a loan can be contracted; the others are refused or over."""


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What an enterprise asks of a bank; `borrower_id` None: itself."""

    bank_id: uuid.UUID
    amount: Money
    purpose: str
    term_months: int
    asset_ids: Sequence[uuid.UUID]
    borrower_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A bank's answer; `approved` None in an approval: all that was applied for."""

    decision: Decision
    approved: Money | None = None
    reason: str | None = None


def faults(new: NewApplication, *, own_party_id: uuid.UUID) -> list[Violation]:
    """Everything that is wrong with an application whatever the register says."""
    found: list[Violation] = []
    if new.borrower_id is not None and new.borrower_id != own_party_id:
        found.append(BORROWER_FOREIGN.violation("/borrower_id"))
    if new.amount.currency != BASE_CURRENCY:
        found.append(CURRENCY_UNSUPPORTED.violation("/amount/currency"))
    if not new.asset_ids:
        found.append(ASSETS_MISSING.violation("/asset_ids"))
    found += asset_twice_faults(ASSET_TWICE, new.asset_ids)
    return found


def answer_faults(answer: Answer, *, amount_fen: int) -> list[Violation]:
    """Everything that is wrong with an answer to an application for `amount_fen`."""
    if answer.decision is Decision.rejected:
        found = reason_faults(REASON_MISSING, answer.decision, answer.reason)
        if answer.approved is not None:
            found.append(AMOUNT_OF_REJECTION.violation("/approved_amount"))
        return found
    found = []
    if answer.approved is not None:
        if answer.approved.currency != BASE_CURRENCY:
            found.append(CURRENCY_UNSUPPORTED.violation("/approved_amount/currency"))
        if answer.approved.fen > amount_fen:
            amount = format_amount(amount_fen)
            found.append(APPROVED_EXCEEDS_AMOUNT.violation("/approved_amount/amount", amount=amount))
    return found
