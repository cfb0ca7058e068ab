"""Monitors (余额监控): a threshold on an account's balance that tells when it is crossed (POL-22)."""

from enum import StrEnum
from typing import Protocol

from app.domain.errors import ErrorKind, define


class MonitorField(StrEnum):
    """What is watched: the posted balance on the normal side, or what is available of it."""

    posted = "posted"
    available = "available"


class Crossing(StrEnum):
    """Which way across the threshold tells."""

    below = "below"
    above = "above"


class Totals(Protocol):
    """What an account has on both sides, in fen."""

    normal_side: str
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int


NOT_FOUND = define("monitor.not_found", ErrorKind.not_found, "未找到该余额监控", "No such monitor.")
ENDED = define("monitor.ended", ErrorKind.conflict, "该余额监控已终止", "The monitor has ended.")
MEMO_ACCOUNT = define(
    "monitor.memo_account",
    ErrorKind.conflict,
    "备查账户 {code} 不设余额监控，承诺的额度见资金池",
    "Memo account {code} takes no monitor; what is committed is told with the pool.",
)


def balance(field: MonitorField, account: Totals) -> int:
    """The balance on the account's normal side, in fen; `available` is less what is set aside of it."""
    sign = 1 if account.normal_side == "debit" else -1
    posted = sign * (account.debits_posted - account.credits_posted)
    if field is MonitorField.posted:
        return posted
    return posted - (account.credits_pending if sign > 0 else account.debits_pending)


def crossed(crossing: Crossing, balance_fen: int, threshold_fen: int) -> bool:
    """Whether a balance lies beyond the threshold; on it, it does not."""
    return balance_fen < threshold_fen if crossing is Crossing.below else balance_fen > threshold_fen
