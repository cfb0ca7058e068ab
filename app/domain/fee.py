"""Fees that keep a right alive: annuities of patents, renewals of trademarks (LS-05, LS-06, LS-13)."""

from enum import StrEnum

from app.domain.state_machine import StateMachine


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
    """What moves a fee from state to state; `restore`: paid after the right was restored (LS-07)."""

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
