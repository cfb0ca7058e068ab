"""Accounting periods (会计期间): calendar months of a ledger, held, closed and opened again (POL-20)."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.state_machine import StateMachine


class PeriodStatus(StrEnum):
    """`held` takes adjustments only, `closed` nothing: corrections go to the next open period."""

    open = "open"
    held = "held"
    closed = "closed"


class PeriodEvent(StrEnum):
    """What moves a period from state to state."""

    hold = "hold"
    resume = "resume"
    close = "close"
    reopen = "reopen"


_S, _E = PeriodStatus, PeriodEvent

PERIOD = StateMachine[PeriodStatus, PeriodEvent](
    noun="period",
    noun_zh="会计期间",
    initial=_S.open,
    transitions={
        (_S.open, _E.hold): _S.held,
        (_S.held, _E.resume): _S.open,
        (_S.held, _E.close): _S.closed,
        (_S.closed, _E.reopen): _S.held,
    },
)

CLOSED = define(
    "period.closed",
    ErrorKind.conflict,
    "会计期间 {period} 已结账；更正请记入 {first_open_day} 起的未结账期间，并注明更正日期",
    "Period {period} is closed; book a correction on {first_open_day} or later and name the day it corrects.",
    basis="RP-18",
)
HELD = define(
    "period.held",
    ErrorKind.conflict,
    "会计期间 {period} 暂结中，只接受调整分录",
    "Period {period} is held and takes adjustments only.",
    basis="RP-18",
)
INVALID = define(
    "period.invalid",
    ErrorKind.invalid,
    "“{given}”不是 YYYY-MM 形式的会计期间",
    "“{given}” is not a period in the form YYYY-MM.",
)
NOT_OVER = define(
    "period.not_over",
    ErrorKind.conflict,
    "会计期间 {period} 尚未结束，{last_day} 之后方可暂结",
    "Period {period} is not over; it can be held after {last_day}.",
)
EARLIER_OPEN = define(
    "period.earlier_open",
    ErrorKind.conflict,
    "较早的会计期间 {period} 有分录且尚未结账",
    "The earlier period {period} has entries, or is held, and is not closed.",
)
LATER_CLOSED = define(
    "period.later_closed",
    ErrorKind.conflict,
    "较晚的会计期间 {period} 已结账，只能从最后结账的期间起逐期反结账",
    "The later period {period} is closed; periods are opened again from the last one backwards.",
)
UNMATCHED_LINES = define(
    "period.unmatched_lines",
    ErrorKind.conflict,
    "截至期末有 {lines} 笔银行对账单明细未匹配",
    "{lines} lines of bank statements up to the end of the period are not matched.",
    basis="RP-18",
)
STATEMENT_MISSING = define(
    "period.statement_missing",
    ErrorKind.conflict,
    "银行对账单只到 {through}，未覆盖至 {last_day}",
    "Bank statements reach {through} and do not cover the period to {last_day}.",
    basis="RP-18",
)
BANK_DIFFERS = define(
    "period.bank_differs",
    ErrorKind.conflict,
    "期末专户存款账面 {ledger} 元，银行对账单 {bank} 元，在途及已说明差额 {in_transit} 元，仍相差 {rest} 元",
    "At the period's end the ledger has {ledger} yuan, the bank {bank}; items in transit and explained lines "
    "make {in_transit} of the difference, {rest} stays.",
    basis="RP-18",
)
ACCRUALS_MISSING = define(
    "period.accruals_missing",
    ErrorKind.conflict,
    "本期有 {days} 天尚未计提利息",
    "Interest of {days} days of the period has not accrued yet.",
)
DAYS_NOT_RUN = define(
    "period.days_not_run",
    ErrorKind.conflict,
    "日终作业只运行至 {through}，本期尚有日终作业未完成",
    "The jobs of the calendar have come to {through} only and still owe days of the period.",
    retryable=True,
)
BOOKS_UNTIED = define(
    "period.books_untied",
    ErrorKind.conflict,
    "账簿与统计口径不一致：{what}，账簿 {ledger} 元，统计 {counted} 元",
    "Books and statistics do not tie: {what}, {ledger} yuan in the books, {counted} yuan counted.",
    basis="RP-18",
)

_WRITTEN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
FIRST_YEAR = 1850
"""Of any day the system takes; a month before it is a slip of the pen."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    begins_on: date

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month a day belongs to."""
        return cls(day.replace(day=1))

    @classmethod
    def parse(cls, written: str) -> "Month":
        """Read `YYYY-MM`. Raises: `period.invalid`."""
        match = _WRITTEN.fullmatch(written)
        if match is None or int(match[1]) < FIRST_YEAR:
            raise INVALID.error("path:period", given=written)
        return cls(date(int(match[1]), int(match[2]), 1))

    @property
    def ends_on(self) -> date:
        """Its last day."""
        return self.begins_on.replace(day=monthrange(self.begins_on.year, self.begins_on.month)[1])

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.ends_on.day

    def following(self) -> "Month":
        """The month after it."""
        year, month = divmod(self.begins_on.year * 12 + self.begins_on.month, 12)
        return Month(date(year, month + 1, 1))

    def __str__(self) -> str:
        return f"{self.begins_on:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Booking:
    """The day a posting has effect on; `corrects_on` is the day in a closed or held month it is about."""

    occurred_on: date
    corrects_on: date | None = None


def booking(occurred_on: date, statuses: Mapping[Month, PeriodStatus]) -> Booking:
    """Where what happened on a day is booked: on the day itself if its month takes postings.

    Else on the first day of the first open month behind the last closed one: closing a month closes the
    books up to its end. `statuses`: months that are not open, from that of the day on.
    """
    closed = [month for month, status in statuses.items() if status is PeriodStatus.closed]
    month = max([*(one.following() for one in closed), Month.of(occurred_on)])
    while statuses.get(month, PeriodStatus.open) is not PeriodStatus.open:
        month = month.following()
    if month == Month.of(occurred_on):
        return Booking(occurred_on)
    return Booking(month.begins_on, occurred_on)


def day_fault(
    on: date, statuses: Mapping[Month, PeriodStatus], *, adjustment: bool, pointer: str | None
) -> Violation | None:
    """What speaks against a transfer by hand that has effect on a day, naming the first day that is open.

    `statuses`: months that are not open, from that of the day or an earlier one on.
    """
    month = Month.of(on)
    if any(one >= month and status is PeriodStatus.closed for one, status in statuses.items()):
        first_open = booking(on, statuses).occurred_on
        return CLOSED.violation(pointer, period=str(month), first_open_day=first_open)
    if statuses.get(month) is PeriodStatus.held and not adjustment:
        return HELD.violation(pointer, period=str(month))
    return None
