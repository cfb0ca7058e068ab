"""Valuations (评估): what a right is worth, by whom, on which day and by which methods (PL-26)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import BASE_CURRENCY, Money
from app.domain.request import date_faults
from app.domain.state_machine import StateMachine
from app.domain.term import add_years
from app.domain.text import name_key


class ValuationMode(StrEnum):
    """How the value was found; a loan may do without an agency's report (专利权质押登记办法第7条)."""

    agency = "agency"
    bank_internal = "bank_internal"
    negotiated = "negotiated"


class ValuationMethod(StrEnum):
    """收益法, 市场法, 成本法 (资产评估法第26条)."""

    income = "income"
    market = "market"
    cost = "cost"


class ValuationStatus(StrEnum):
    """A signed valuation is never altered."""

    requested = "requested"
    signed = "signed"
    withdrawn = "withdrawn"


class ValuationEvent(StrEnum):
    """What moves a valuation from state to state."""

    sign = "sign"
    withdraw = "withdraw"


_S, _E = ValuationStatus, ValuationEvent

VALUATION = StateMachine[ValuationStatus, ValuationEvent](
    noun="valuation",
    noun_zh="评估",
    initial=_S.requested,
    transitions={
        (_S.requested, _E.sign): _S.signed,
        (_S.requested, _E.withdraw): _S.withdrawn,
    },
)

NOT_FOUND = define("valuation.not_found", ErrorKind.not_found, "未找到该评估", "No such valuation.")
ENTITLED_ONLY = define(
    "valuation.not_entitled",
    ErrorKind.denied,
    "只有权利人、该融资申请的申请企业或银行可以提出评估请求",
    "Only an owner of the right, the applicant of the application or a bank asks for its valuation.",
)
APPRAISER_UNKNOWN = define(
    "valuation.appraiser_unknown",
    ErrorKind.invalid,
    "{appraiser_id} 不是本系统的评估机构",
    "{appraiser_id} is no appraiser of the system.",
    basis="资产评估法第15条",
)
BANK_REQUIRED = define(
    "valuation.bank_required",
    ErrorKind.invalid,
    "银行内评或协商定价须由请求银行或该融资申请的银行作出",
    "A bank's own value, or one agreed with it, is given by the bank that asks or that of the application.",
)
ASSET_NOT_OFFERED = define(
    "valuation.asset_not_offered",
    ErrorKind.conflict,
    "该融资申请不包含此权利",
    "The application does not offer this right.",
)
CONFLICT_OF_INTEREST = define(
    "valuation.conflict_of_interest",
    ErrorKind.conflict,
    "评估方与权利人、借款人或贷款银行为同一主体",
    "Who values is an owner of the right, the borrower or the lending bank.",
    basis="RB-03；资产评估法第13条",
)
NOT_APPRAISER = define(
    "valuation.not_appraiser",
    ErrorKind.denied,
    "只有受托评估方可以签署",
    "Only who was asked for the valuation signs it.",
)
NOT_REQUESTER = define(
    "valuation.not_requester",
    ErrorKind.denied,
    "只有提出评估请求的机构可以撤回",
    "Only the organisation that asked for the valuation withdraws it.",
)
BASE_AFTER_SIGNING = define(
    "valuation.base_after_signing",
    ErrorKind.invalid,
    "评估基准日晚于签署日 {signed_on}",
    "The base date is after the day of signing, {signed_on}.",
)
CURRENCY_UNSUPPORTED = define(
    "valuation.currency_unsupported",
    ErrorKind.invalid,
    "评估值目前仅支持人民币",
    "A value is in CNY: other currencies need an exchange rate and are not taken yet.",
    basis="ST-10",
)
ONE_METHOD = define(
    "valuation.one_method",
    ErrorKind.invalid,
    "评估机构应选用两种以上评估方法；仅适用一种方法的，须说明理由",
    "An agency uses two methods or more, or says why only one fits.",
    basis="资产评估法第26条",
)
METHOD_MISSING = define(
    "valuation.method_missing",
    ErrorKind.invalid,
    "评估报告须写明评估方法",
    "An agency's report names its methods.",
    basis="资产评估法第26条",
)
SIGNATORIES_TOO_FEW = define(
    "valuation.signatories_too_few",
    ErrorKind.invalid,
    "评估报告须由至少两名评估专业人员签名",
    "An agency's report is signed by two professionals at least.",
    basis="资产评估法第27条",
)

UNFIT = define(
    "valuation.unfit",
    ErrorKind.conflict,
    "所引评估未签署，或评估标的不是该权利",
    "The valuation named has not been signed or is of another right.",
    basis="PL-26",
)
EXPIRED = define(
    "valuation.expired",
    ErrorKind.conflict,
    "所引评估已于 {expires_on} 过期，不能支持新的质押",
    "The valuation expired on {expires_on} and cannot support a new pledge.",
    basis="PL-26；资产评估准则",
)

VALID_YEARS = 1
"""How long from its base date a valuation is used in practice (PL-26)."""


@dataclass(frozen=True, slots=True)
class NewValuation:
    """Which right is to be valued, how and by whom; `application_id` None: not for one application."""

    asset_id: uuid.UUID
    appraiser_id: uuid.UUID
    mode: ValuationMode
    application_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. Methods and signatories count once each, however often they are named."""

    base_on: date
    value: Money
    signed_on: date
    methods: Sequence[ValuationMethod] = ()
    method_reason: str | None = None
    signatories: Sequence[str] = ()
    document_id: uuid.UUID | None = None

    def distinct_methods(self) -> list[ValuationMethod]:
        """The methods, each once, in the order given."""
        return list(dict.fromkeys(self.methods))

    def distinct_signatories(self) -> list[str]:
        """The signatories, each once however their name is written, in the order given."""
        found: dict[str, str] = {}
        for name in self.signatories:
            found.setdefault(name_key(name), name)
        return list(found.values())


def report_faults(report: Report, mode: ValuationMode, today: date) -> list[Violation]:
    """Everything that is wrong with a report (资产评估法第26、27条 for an agency's)."""
    found = date_faults("/signed_on", report.signed_on, today=today)
    if report.base_on > report.signed_on:
        found.append(BASE_AFTER_SIGNING.violation("/base_on", signed_on=report.signed_on))
    if report.value.currency != BASE_CURRENCY:
        found.append(CURRENCY_UNSUPPORTED.violation("/value/currency"))
    if mode is not ValuationMode.agency:
        return found
    methods = report.distinct_methods()
    if not methods:
        found.append(METHOD_MISSING.violation("/methods"))
    elif len(methods) == 1 and report.method_reason is None:
        found.append(ONE_METHOD.violation("/methods"))
    if len(report.distinct_signatories()) < 2:
        found.append(SIGNATORIES_TOO_FEW.violation("/signatories"))
    return found


def interest_faults(
    mode: ValuationMode,
    appraiser_party_id: uuid.UUID,
    *,
    owner_ids: Collection[uuid.UUID | None],
    borrower_id: uuid.UUID | None,
    bank_party_ids: Collection[uuid.UUID],
) -> list[Violation]:
    """Who values has no part in the matter; a bank may value for itself, but never its own right (RB-03)."""
    interested = {*owner_ids, borrower_id}
    if mode is ValuationMode.agency:
        interested.update(bank_party_ids)
    if appraiser_party_id in interested:
        return [CONFLICT_OF_INTEREST.violation("/appraiser_id")]
    return []


def expires_on(base_on: date, valid_years: int = VALID_YEARS) -> date:
    """The last day on which a valuation of that base date is used in practice (PL-26)."""
    return add_years(base_on, valid_years)


@dataclass(frozen=True, slots=True)
class Support:
    """A valuation that a pledge rests on, as far as that is judged. `value_fen` None: not signed yet."""

    asset_id: uuid.UUID
    status: ValuationStatus
    base_on: date | None
    value_fen: int | None = None
    mode: ValuationMode | None = None


def support_faults(
    valuation: Support,
    asset_id: uuid.UUID,
    *,
    today: date,
    accepts_expired: bool,
    pointer: str,
    valid_years: int = VALID_YEARS,
) -> list[Violation]:
    """Why a valuation does not support a pledge of the right today (PL-26).

    That it is too old is practice, not law: a pool's scheme may let it pass.
    """
    if valuation.status is not ValuationStatus.signed or valuation.base_on is None:
        return [UNFIT.violation(pointer)]
    found = [] if valuation.asset_id == asset_id else [UNFIT.violation(pointer)]
    last_day = expires_on(valuation.base_on, valid_years)
    if last_day < today and not accepts_expired:
        found.append(EXPIRED.violation(pointer, expires_on=last_day))
    return found
