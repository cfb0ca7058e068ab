"""Fees that keep a right alive: annuities of patents, renewals of trademarks (LS-05, LS-06, LS-13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, get_args

from app.domain.errors import ErrorKind, define
from app.domain.patent_number import PatentType
from app.domain.state_machine import StateMachine
from app.domain.term import GRACE_MONTHS, add_months, add_years, renewal_window


class FeeKind(StrEnum):
    """年费 of a patent year, or 续展 of a trademark decade."""

    annuity = "annuity"
    renewal = "renewal"


class FeeStatus(StrEnum):
    """`late`: past its due day, within the grace of six months. `lapsed`: the grace is over, unpaid."""

    due = "due"
    late = "late"
    paid = "paid"
    lapsed = "lapsed"


class FeeEvent(StrEnum):
    """What moves a fee from state to state.

    `restore`: paid after all, because the right was restored (LS-07) or because the news of a payment in
    time came late.
    """

    fall_late = "fall_late"
    pay = "pay"
    lapse = "lapse"
    restore = "restore"


_S, _E = FeeStatus, FeeEvent

FEE = StateMachine[FeeStatus, FeeEvent](
    noun="fee",
    noun_zh="费用",
    initial=_S.due,
    transitions={
        (_S.due, _E.pay): _S.paid,
        (_S.due, _E.fall_late): _S.late,
        (_S.late, _E.pay): _S.paid,
        (_S.late, _E.lapse): _S.lapsed,
        (_S.lapsed, _E.restore): _S.paid,
    },
)

NOT_PAYABLE = define(
    "fee.not_payable",
    ErrorKind.conflict,
    "权利 {number} 没有可推算的费用：仅限有效的中国专利或商标，且申请日、类型或有效期须已知",
    "No fees can be reckoned for right {number}: it must be a Chinese right in force whose dates are known.",
)
NOT_CONCERNED = define(
    "fee.not_concerned",
    ErrorKind.denied,
    "仅权利人、其托管机构或运营机构可以登记费用",
    "Only an owner of the right, the owner's trustee or an operator can record fees.",
)
WATCHED = define(
    "fee.already_watched",
    ErrorKind.conflict,
    "权利 {number} 的费用已在监控中",
    "The fees of right {number} are watched already.",
)
NOT_WATCHED = define(
    "fee.not_watched",
    ErrorKind.conflict,
    "权利 {number} 的费用未在监控中，请先开始监控",
    "The fees of right {number} are not watched; begin watching them first.",
)
ORDINAL_UNKNOWN = define(
    "fee.ordinal_unknown",
    ErrorKind.invalid,
    "费用序号 {ordinal} 不在该权利的缴费日历内（{first} 至 {last}）",
    "Fee {ordinal} is not in the right's calendar ({first} to {last}).",
)
NOT_OPEN = define(
    "fee.not_open",
    ErrorKind.conflict,
    "当前待缴的是第 {open} 项费用，而非第 {ordinal} 项",
    "The fee to be paid now is number {open}, not number {ordinal}.",
)
ALL_PAID = define(
    "fee.all_paid",
    ErrorKind.conflict,
    "该权利的费用已全部缴清",
    "All fees of the right are paid.",
)
AMOUNT_WRONG = define(
    "fee.amount_wrong",
    ErrorKind.conflict,
    "{paid_on} 缴纳应为 {expected} 元（含滞纳金 {surcharge} 元），而非 {paid} 元",
    "To be paid on {paid_on} are {expected} CNY (surcharge of {surcharge} CNY included), not {paid} CNY.",
    basis="专利法实施细则第115条, 商标法第40条",
)
GRACE_OVER = define(
    "fee.grace_over",
    ErrorKind.conflict,
    "宽限期已于 {grace_ends_on} 届满；未恢复权利前不能缴纳",
    "The grace ended on {grace_ends_on}; it cannot be paid unless the right is restored.",
    basis="专利法实施细则第115条, 第6条; 商标法第40条",
)
LAPSE_STANDS = define(
    "fee.lapse_stands",
    ErrorKind.denied,
    "权利 {number} 已因未缴费终止；期限内的缴费由运营机构凭票据登记，或先恢复权利",
    "Right {number} has ended for want of this fee: an operator records a payment in time by its receipt, "
    "or the right is restored first.",
    basis="专利法实施细则第6条",
)
TOO_EARLY = define(
    "fee.too_early",
    ErrorKind.conflict,
    "续展自 {opens_on} 起方可办理",
    "The renewal can be filed from {opens_on} on.",
    basis="商标法第40条",
)
NO_REDUCTION = define(
    "fee.no_reduction",
    ErrorKind.invalid,
    "仅专利年费可以减缴，且授权日须已知",
    "Only annuities of patents whose grant is dated can be reduced.",
    basis="财税〔2016〕78号",
)
CURRENCY_UNSUPPORTED = define(
    "fee.currency_unsupported",
    ErrorKind.invalid,
    "费用以人民币缴纳",
    "Fees are paid in CNY.",
)

Reduction = Literal[0, 70, 85]
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
"""Percent of an annuity that need not be paid: joint applicants 70, a single one 85 (财税〔2016〕78号)."""
REDUCED_YEARS = 10
"""How many patent years can be reduced, that of the grant included (LS-06)."""

SURCHARGES = (0, 5, 10, 15, 20, 25)
"""Percent of the year's full annuity by the month of the payment after the due day (LS-05, 审查指南)."""
FIRST_ANNUITY = 2
"""The year of the grant is paid with the grant; no annuity falls due before the second patent year."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What fees cost from a day on, in fen.

    `annuities`: by type, the last patent year of each step and its annuity; later years cost as the last.
    `renewal`, `renewal_late`: a class of a mark, and what is added within the grace.
    """

    since: date
    annuities: dict[PatentType, tuple[tuple[int, int], ...]]
    renewal: int
    renewal_late: int


_YUAN = 100
SCHEDULES: tuple[Schedule, ...] = (
    Schedule(
        since=date(2019, 7, 1),
        annuities={
            PatentType.invention: (
                (3, 900 * _YUAN),
                (6, 1_200 * _YUAN),
                (9, 2_000 * _YUAN),
                (12, 4_000 * _YUAN),
                (15, 6_000 * _YUAN),
                (20, 8_000 * _YUAN),
            ),
            PatentType.utility_model: (
                (3, 600 * _YUAN),
                (5, 900 * _YUAN),
                (8, 1_200 * _YUAN),
                (10, 2_000 * _YUAN),
            ),
            PatentType.design: (
                (3, 600 * _YUAN),
                (5, 900 * _YUAN),
                (8, 1_200 * _YUAN),
                (10, 2_000 * _YUAN),
                (15, 3_000 * _YUAN),
            ),
        },
        renewal=500 * _YUAN,
        renewal_late=250 * _YUAN,
    ),
)
"""In the order of their days; the first one also stands for all days before it.

Annuities: LS-06. Renewals of marks, on paper: 发改价格〔2019〕914号.
"""


def schedule(on: date) -> Schedule:
    """The schedule for fees due on a day."""
    in_effect = [known for known in SCHEDULES if known.since <= on]
    return in_effect[-1] if in_effect else SCHEDULES[0]


@dataclass(frozen=True, slots=True)
class Charge:
    """A fee of the calendar: the full amount, what late payment adds, and when it is to be paid.

    `opens_on` is the first day a renewal can be filed; an annuity can be paid at any time before.
    `reducible`: the year is one of those that can be reduced.
    """

    kind: FeeKind
    ordinal: int
    due_on: date
    amount_fen: int
    late_fen: int = 0
    opens_on: date | None = None
    reducible: bool = False

    @property
    def grace_ends_on(self) -> date:
        """The last day on which it can still be paid: six months on (LS-05, LS-13)."""
        return add_months(self.due_on, GRACE_MONTHS)

    def net_fen(self, reduction_percent: int = 0) -> int:
        """What is to be paid by the due day."""
        percent = reduction_percent if self.reducible else 0
        return self.amount_fen * (100 - percent) // 100

    def payable_fen(self, on: date, reduction_percent: int = 0) -> int:
        """What payment on a day costs: what is left of the fee, and what payment that late adds."""
        return self.net_fen(reduction_percent) + self.surcharge_fen(on)

    def surcharge_fen(self, paid_on: date) -> int:
        """What payment on a day adds; after the grace what its last day would (LS-07).

        The surcharge of an annuity is reckoned on the full one, whatever the reduction (LS-05).
        """
        if paid_on <= self.due_on:
            return 0
        if self.kind is FeeKind.renewal:
            return self.late_fen
        return self.amount_fen * SURCHARGES[months_late(self.due_on, paid_on) - 1] // 100


def months_late(due_on: date, paid_on: date) -> int:
    """In which month after the due day a late payment falls, 1 to 6 (LS-05)."""
    months = range(1, GRACE_MONTHS)
    return next((month for month in months if paid_on <= add_months(due_on, month)), GRACE_MONTHS)


def patent_year(filed_on: date, on: date) -> int:
    """The patent year of a day; years run from the filing day, the first one being 1 (LS-05)."""
    years = on.year - filed_on.year
    return years + 1 if add_years(filed_on, years) <= on else years


def annuities(
    patent_type: PatentType, *, filed_on: date, granted_on: date | None, last_day: date
) -> list[Charge]:
    """The annuities of a patent from the year after its grant to the end of its term.

    The annuity of a patent year is due on its first day: before the year before has ended (LS-05).
    Without a known grant from the second year on, none of them reducible.
    """
    granted_year = patent_year(filed_on, granted_on) if granted_on else None
    first = FIRST_ANNUITY if granted_year is None else granted_year + 1
    reduced_to = 0 if granted_year is None else granted_year + REDUCED_YEARS - 1
    found: list[Charge] = []
    ordinal = max(first, FIRST_ANNUITY)
    while (due_on := add_years(filed_on, ordinal - 1)) <= last_day:
        amount = _annuity(patent_type, ordinal, due_on)
        found.append(Charge(FeeKind.annuity, ordinal, due_on, amount, reducible=ordinal <= reduced_to))
        ordinal += 1
    return found


def _annuity(patent_type: PatentType, year: int, due_on: date) -> int:
    steps = schedule(due_on).annuities[patent_type]
    return next((amount for last_year, amount in steps if year <= last_year), steps[-1][1])


def renewal(*, last_day: date, renewals: int, classes: int) -> Charge:
    """The next renewal of a mark in force to `last_day`, per class (LS-13)."""
    price, opens_on = schedule(last_day), renewal_window(last_day)[0]
    return Charge(
        FeeKind.renewal,
        renewals + 1,
        last_day,
        price.renewal * classes,
        late_fen=price.renewal_late * classes,
        opens_on=opens_on,
    )


def opened_charge(kind: FeeKind, ordinal: int, due_on: date, amount_fen: int) -> Charge:
    """An open fee at the amount it was opened with, whatever the right's calendar says since (LS-13).

    The classes of a renewal are those its amount was reckoned for. Whether an annuity can be reduced was
    settled as it was opened: one that cannot be has a reduction of nothing.
    """
    if kind is FeeKind.annuity:
        return Charge(kind, ordinal, due_on, amount_fen, reducible=True)
    price = schedule(due_on)
    late_fen = amount_fen // price.renewal * price.renewal_late
    return Charge(kind, ordinal, due_on, amount_fen, late_fen, renewal_window(due_on)[0])


def charge_of(calendar: Sequence[Charge], ordinal: int) -> Charge | None:
    """The fee of that number."""
    return next((charge for charge in calendar if charge.ordinal == ordinal), None)


TOLD_DAYS = (60, 30, 0, -30)
"""How many days before a fee's due day those concerned are told; the last time it is late (PL-12)."""
