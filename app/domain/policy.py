"""Policies (知识产权保险保单): what is insured, for how much, from when (IN-01, IN-02)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import BASE_CURRENCY, MAX_FEN, RANGE, Money, format_amount
from app.domain.request import asset_twice_faults, date_faults
from app.domain.state_machine import StateMachine

AHEAD_DAYS = 366
"""How long before its start a policy can be reported; it counts on its start all the same (ST-09)."""


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
TERM_INVALID = define(
    "policy.term_invalid",
    ErrorKind.invalid,
    "保险止期早于起期",
    "The policy ends before it starts.",
)
STARTS_TOO_LATE = define(
    "policy.starts_too_late",
    ErrorKind.invalid,
    "保险起期 {starts_on} 距今超过 {days} 天，届时再报",
    "The policy starts on {starts_on}, more than {days} days from now: report it later.",
)
SUBSIDY_EXCEEDS_PREMIUM = define(
    "policy.subsidy_exceeds_premium",
    ErrorKind.invalid,
    "保费补贴超过保费",
    "The subsidy is more than the premium.",
)
CURRENCY_UNSUPPORTED = define(
    "policy.currency_unsupported",
    ErrorKind.invalid,
    "保单目前仅支持人民币",
    "A policy is in CNY: other currencies need an exchange rate and are not taken yet.",
    basis="ST-10",
)
PRODUCT_NAME_MISSING = define(
    "policy.product_name_missing",
    ErrorKind.invalid,
    "其他险种须填写险种名称",
    "A policy of another product names the product.",
    basis="IN-01",
)
ASSET_TWICE = define(
    "policy.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
PLEDGE_MISMATCH = define(
    "policy.pledge_mismatch",
    ErrorKind.conflict,
    "所填质押不存在，或被保险人不是其借款人、出质人或质权人",
    "There is no such pledge, or the insured is neither its borrower, a pledgor nor its pledgee.",
    basis="IN-03",
)
NUMBER_TAKEN = define(
    "policy.number_taken",
    ErrorKind.conflict,
    "本机构已报送保单号 {policy_no}",
    "This insurer has reported policy number {policy_no} already.",
)
ENDORSEMENT_TAKEN = define(
    "policy.endorsement_taken",
    ErrorKind.conflict,
    "该保单已有批单号 {endorsement_no}",
    "The policy has an endorsement {endorsement_no} already.",
)
NOT_INSURER = define(
    "policy.not_insurer",
    ErrorKind.denied,
    "只有承保机构可以办理",
    "Only the insurer of the policy may do this.",
)
TERM_OVER = define(
    "policy.term_over",
    ErrorKind.conflict,
    "日期 {day} 晚于保险止期 {ends_on}",
    "The day {day} is after the end of the policy, {ends_on}.",
)
SUM_NOT_POSITIVE = define(
    "policy.sum_not_positive",
    ErrorKind.conflict,
    "批改后的保险金额须始终大于零",
    "The sum insured must stay above zero on every day.",
    basis="保险法第18条",
)
CANCELLED_FROM_START = define(
    "policy.cancelled_from_start",
    ErrorKind.conflict,
    "退保日不晚于保险起期 {starts_on} 的，应办理作废",
    "A policy that ends no later than it starts, {starts_on}, is voided, not cancelled.",
    basis="IN-02",
)
ENDORSED_LATER = define(
    "policy.endorsed_later",
    ErrorKind.conflict,
    "退保日早于批单生效日 {day}",
    "The policy has an endorsement of {day}, after the day of cancellation.",
)


class DeltaDirection(StrEnum):
    """Whether an endorsement raises or lowers the sum insured."""

    increase = "increase"
    decrease = "decrease"


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A policy as its insurer reports it; `insured_id` is the insured party (被保险人)."""

    policy_no: str
    insured_id: uuid.UUID
    product: PolicyProduct
    sum_insured: Money
    premium: Money
    starts_on: date
    ends_on: date
    product_name: str | None = None
    subsidy: Money | None = None
    asset_ids: Sequence[uuid.UUID] = ()
    pledge_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What an endorsement adds to the sum insured from a day on, in fen; negative where it lowers it."""

    occurred_on: date
    delta_fen: int


def faults(new: NewPolicy, today: date) -> list[Violation]:
    """Everything that is wrong with a policy whatever the register says."""
    found: list[Violation] = []
    if new.ends_on < new.starts_on:
        found.append(TERM_INVALID.violation("/ends_on"))
    if new.starts_on > today + timedelta(days=AHEAD_DAYS):
        found.append(STARTS_TOO_LATE.violation("/starts_on", starts_on=new.starts_on, days=AHEAD_DAYS))
    amounts = {"sum_insured": new.sum_insured, "premium": new.premium, "subsidy": new.subsidy}
    found += [
        CURRENCY_UNSUPPORTED.violation(f"/{name}/currency")
        for name, money in amounts.items()
        if money is not None and money.currency != BASE_CURRENCY
    ]
    if new.subsidy is not None and new.subsidy.fen > new.premium.fen:
        found.append(SUBSIDY_EXCEEDS_PREMIUM.violation("/subsidy/amount"))
    if new.product is PolicyProduct.other and new.product_name is None:
        found.append(PRODUCT_NAME_MISSING.violation("/product_name"))
    found += asset_twice_faults(ASSET_TWICE, new.asset_ids)
    return found


def endorsement_faults(
    new: Change,
    earlier: Sequence[Change],
    *,
    sum_insured_fen: int,
    starts_on: date,
    ends_on: date,
    today: date,
) -> list[Violation]:
    """Everything that speaks against an endorsement beside those there are (保险法第18条)."""
    found = _day_faults(new.occurred_on, starts_on=starts_on, ends_on=ends_on, today=today)
    sums = sums_insured(sum_insured_fen, [*earlier, new])
    if min(sums) <= 0:
        found.append(SUM_NOT_POSITIVE.violation("/delta/amount"))
    if max(sums) > MAX_FEN:
        given, most = format_amount(max(sums)), format_amount(MAX_FEN)
        found.append(RANGE.violation("/delta/amount", given=given, maximum=most))
    return found


def cancellation_faults(
    cancelled_on: date, earlier: Sequence[Change], *, starts_on: date, ends_on: date, today: date
) -> list[Violation]:
    """Everything that speaks against an early end on that day; what was counted before it stays (IN-02)."""
    found = date_faults("/cancelled_on", cancelled_on, today=today)
    if cancelled_on <= starts_on:
        found.append(CANCELLED_FROM_START.violation("/cancelled_on", starts_on=starts_on))
    if cancelled_on > ends_on:
        found.append(TERM_OVER.violation("/cancelled_on", day=cancelled_on, ends_on=ends_on))
    last = max((change.occurred_on for change in earlier), default=cancelled_on)
    if last > cancelled_on:
        found.append(ENDORSED_LATER.violation("/cancelled_on", day=last))
    return found


def _day_faults(day: date, *, starts_on: date, ends_on: date, today: date) -> list[Violation]:
    found = date_faults("/occurred_on", day, today=today, first=starts_on)
    if day > ends_on:
        found.append(TERM_OVER.violation("/occurred_on", day=day, ends_on=ends_on))
    return found


def sums_insured(sum_insured_fen: int, changes: Iterable[Change]) -> list[int]:
    """The sum insured in fen at the start and after each day with changes, in the order of the days."""
    by_day: dict[date, int] = {}
    for change in changes:
        by_day[change.occurred_on] = by_day.get(change.occurred_on, 0) + change.delta_fen
    sums = [sum_insured_fen]
    for day in sorted(by_day):
        sums.append(sums[-1] + by_day[day])
    return sums


def in_force(
    status: PolicyStatus, *, starts_on: date, ends_on: date, ended_on: date | None, today: date
) -> bool:
    """Whether the policy covers today; one that was cancelled does so to the day before."""
    if status is PolicyStatus.voided or not starts_on <= today <= ends_on:
        return False
    return ended_on is None or today < ended_on
