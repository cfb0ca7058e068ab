"""Stays: a court's preservation (LS-09) or the office's suspension (LS-10) of a right's procedures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from app.domain.asset import AssetKind, Regime
from app.domain.errors import ErrorKind, Violation, define
from app.domain.hold import HoldKind
from app.domain.state_machine import StateMachine
from app.domain.term import add_months


class StayKind(StrEnum):
    """保全 by a court, or 中止 by the office."""

    preservation = "preservation"
    suspension = "suspension"


class StayStatus(StrEnum):
    """A stay that is in force ends by itself after its last day: `expired`."""

    in_force = "in_force"
    lifted = "lifted"
    expired = "expired"


class StayEvent(StrEnum):
    """What moves a stay from state to state."""

    lift = "lift"
    expire = "expire"


_S, _E = StayStatus, StayEvent

STAY = StateMachine[StayStatus, StayEvent](
    noun="stay",
    noun_zh="保全或中止",
    initial=_S.in_force,
    transitions={
        (_S.in_force, _E.lift): _S.lifted,
        (_S.in_force, _E.expire): _S.expired,
    },
)

HOLD_OF_STAY = {
    StayKind.preservation: HoldKind.preservation,
    StayKind.suspension: HoldKind.suspension,
}
ZH = {StayKind.preservation: "保全", StayKind.suspension: "中止"}

_BASIS = (
    "最高人民法院关于审理专利纠纷案件适用法律问题的若干规定第13条, "
    "最高人民法院关于人民法院对注册商标权进行财产保全的解释第2条, 专利法实施细则第103条"
)
_DAY = timedelta(days=1)

NOT_FOUND = define("stay.not_found", ErrorKind.not_found, "未找到该保全或中止", "No such stay.")
PERIOD_INVALID = define(
    "stay.period_invalid",
    ErrorKind.invalid,
    "截止日 {ends_on} 早于起始日 {begins_on}",
    "The stay ends on {ends_on}, before it begins on {begins_on}.",
)
TOO_LONG = define(
    "stay.too_long",
    ErrorKind.conflict,
    "{kind_zh}每次至多 {months} 个月，最迟至 {latest}，而非 {ends_on}",
    "A {kind} lasts at most {months} months, to {latest} at the latest, not to {ends_on}.",
    basis=_BASIS,
)
ALREADY_OVER = define(
    "stay.already_over",
    ErrorKind.conflict,
    "该期限至 {ends_on}，已于今日 {today} 之前届满",
    "The stay would have ended on {ends_on}, before today {today}.",
)
RENEWAL_UNFIT = define(
    "stay.renewal_unfit",
    ErrorKind.conflict,
    "续期须为同一权利的同类措施，在其届满（{ends_on}）前办理，并自次日起算",
    "A renewal extends a stay of the same right and kind before it ends on {ends_on}, from the next day on.",
    basis=_BASIS,
)

MOST_MONTHS = {
    (StayKind.preservation, AssetKind.patent): 6,
    (StayKind.preservation, AssetKind.trademark): 12,
    (StayKind.suspension, AssetKind.patent): 12,
    (StayKind.suspension, AssetKind.trademark): 12,
}
"""How long one order can last, by what it stays (LS-09, LS-10)."""


@dataclass(frozen=True, slots=True)
class NewStay:
    """An order as its authority wrote it: `reference` is its number, the days are its first and last."""

    kind: StayKind
    authority: str
    reference: str
    begins_on: date
    ends_on: date


class Renewed(Protocol):
    """What decides whether an order can be renewed."""

    @property
    def kind(self) -> str:
        """Preservation or suspension."""

    @property
    def status(self) -> str:
        """Its state."""

    @property
    def ends_on(self) -> date:
        """Its last day."""


def faults(
    new: NewStay, *, asset_kind: AssetKind, regime: Regime, renewed: Renewed | None, today: date
) -> list[Violation]:
    """What speaks against an order: its length, its days, and what it renews.

    The first day does not count (民法典第201条): six months from 10 January end on 10 July. A renewal counts
    from the last day of what it renews. How long rights of other offices are stayed is not known here.
    """
    found: list[Violation] = []
    if new.ends_on < new.begins_on:
        found.append(PERIOD_INVALID.violation("/ends_on", ends_on=new.ends_on, begins_on=new.begins_on))
    elif new.ends_on < today:
        found.append(ALREADY_OVER.violation("/ends_on", ends_on=new.ends_on, today=today))
    if regime is Regime.cn:
        months = MOST_MONTHS[new.kind, asset_kind]
        latest = add_months(renewed.ends_on if renewed else new.begins_on, months)
        if new.ends_on > latest:
            found.append(
                TOO_LONG.violation(
                    "/ends_on",
                    kind=new.kind,
                    kind_zh=ZH[new.kind],
                    months=months,
                    latest=latest,
                    ends_on=new.ends_on,
                )
            )
    if renewed is not None and not _renews(new, renewed, today):
        found.append(RENEWAL_UNFIT.violation("/renews_id", ends_on=renewed.ends_on))
    return found


def _renews(new: NewStay, renewed: Renewed, today: date) -> bool:
    """Whether the order goes on where the other, still in force today, stops (LS-09)."""
    return (
        renewed.kind == new.kind
        and renewed.status == StayStatus.in_force
        and today <= renewed.ends_on
        and new.begins_on == renewed.ends_on + _DAY
    )
