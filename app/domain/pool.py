"""Risk-compensation pools (风险补偿资金池): schemes, commitments, capacity, breaker (RP-01 to -06, -13)."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import ErrorKind, define


class PoolStatus(StrEnum):
    """`suspended` (熔断) takes no new commitments; what is committed stays covered."""

    active = "active"
    warning = "warning"
    suspended = "suspended"
    closed = "closed"


class SourceType(StrEnum):
    """Where pool money comes from."""

    central = "central"
    province = "province"
    city = "city"
    district = "district"
    guarantor = "guarantor"
    insurer = "insurer"
    service_organisation = "service_organisation"
    other = "other"
    interest = "interest"
    """Interest on the special account and other money of the pool itself: no payer's, no earmark."""


class AccountCode(StrEnum):
    """Accounts every pool opens with; memo accounts carry covered principal and freezes, not cash."""

    cash = "cash"
    contributions = "contributions"
    compensation = "compensation"
    recovered = "recovered"
    interest = "interest"
    interest_receivable = "interest_receivable"
    fees = "fees"
    covered = "memo.covered"
    cover_obligation = "memo.cover_obligation"
    control = "memo.control"


def of_contributions(code: str) -> bool:
    """Whether an account takes what sources pay in: the common one, or a source's own."""
    family = AccountCode.contributions.value
    return code == family or code.startswith(f"{family}.")


class SharingParty(StrEnum):
    """Who bears a loss, in the order that settles rounding ties (RP-11): public money never takes the tie."""

    bank = "bank"
    guarantor = "guarantor"
    insurer = "insurer"
    evaluator = "evaluator"
    operator = "operator"
    pool = "pool"


FULL_SHARE_BP = 10_000

NOT_FOUND = define("pool.not_found", ErrorKind.not_found, "未找到该资金池", "No such pool.")
SUSPENDED = define(
    "pool.suspended",
    ErrorKind.conflict,
    "资金池已熔断或关闭，暂停新增",
    "The pool is suspended or closed and takes no new commitments.",
    basis="RP-13",
)
NO_SCHEME = define(
    "pool.no_scheme",
    ErrorKind.conflict,
    "资金池在 {on} 没有有效的方案",
    "The pool has no scheme in effect on {on}.",
    basis="RP-03",
)
CAPACITY_EXCEEDED = define(
    "pool.capacity_exceeded",
    ErrorKind.conflict,
    "超出资金池可用额度：可用 {available} 元，申请 {requested} 元",
    "The pool's capacity would be exceeded: available {available} yuan, requested {requested} yuan.",
    basis="RP-05",
)
HOUSEHOLD_CAP_EXCEEDED = define(
    "pool.household_cap_exceeded",
    ErrorKind.conflict,
    "超出单户贷款上限 {cap} 元",
    "The loan exceeds the cap per household of {cap} yuan.",
    basis="RP-04",
)


def capacity(leverage: int, available_fen: int) -> int:
    """Covered principal the pool may carry: leverage x available balance, in fen (RP-05)."""
    return max(0, leverage * available_fen)


def covered_principal(principal_fen: int, ip_share_bp: int) -> int:
    """Principal the pool covers: the IP share of the loan as written in the contract (RP-06), in fen.

    Rounded up to the fen, so that the pool never reserves less than it may owe.
    """
    return -(-principal_fen * ip_share_bp // FULL_SHARE_BP)


CURRENCY_MISMATCH = define(
    "pool.currency_mismatch",
    ErrorKind.conflict,
    "资金池币种为 {currency}，与金额的币种不一致",
    "The pool is kept in {currency}; the amount is in another currency.",
)
NOT_SUSPENDED = define(
    "pool.not_suspended",
    ErrorKind.conflict,
    "资金池处于“{status}”状态，无需解除熔断",
    "The pool is in state “{status}”: there is no suspension to release.",
    basis="RP-13",
)
RELEASE_TOO_EARLY = define(
    "pool.release_too_early",
    ErrorKind.conflict,
    "不良率 {npl_ratio}%、净补偿占比 {paid_ratio}%：须低于 {npl_warn}% 与 {paid_suspend}% 方可解除熔断",
    "The NPL ratio is {npl_ratio}% and net payouts are {paid_ratio}% of the money paid in; a suspension is "
    "released below {npl_warn}% and {paid_suspend}%.",
    basis="RP-13",
)
NOT_YOURS_TO_RELEASE = define(
    "pool.not_yours_to_release",
    ErrorKind.denied,
    "只有资金池所在区的金融主管部门可以解除熔断",
    "Only the finance office of the pool's district releases a suspension.",
    basis="RP-13",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a scheme's breaker warns and suspends, in basis points."""

    npl_warn_bp: int
    npl_suspend_bp: int
    paid_ratio_suspend_bp: int


@dataclass(frozen=True, slots=True)
class Risk:
    """What the breaker looks at, in fen (RP-13).

    `npl_fen` of the `outstanding_fen` principal of enrolled loans is classed 次级 or worse, before any
    compensation; `net_paid_fen` is what the pool has paid out less what came back, of `paid_in_fen`.
    """

    npl_fen: int
    outstanding_fen: int
    net_paid_fen: int
    paid_in_fen: int

    @property
    def npl_ratio(self) -> str:
        """The NPL ratio in per cent."""
        return percent(self.npl_fen, self.outstanding_fen)

    @property
    def paid_ratio(self) -> str:
        """Net payouts in per cent of the money paid in."""
        return percent(self.net_paid_fen, self.paid_in_fen)


def percent(part: int, whole: int) -> str:
    """`part` of `whole` in per cent with four decimals, the rest cut off: 4.99999 shows as 4.9999.

    For showing only; nothing of nothing is nothing.
    """
    shown = max(0, part) * 1_000_000 // whole if whole > 0 else 0
    return f"{shown // 10_000}.{shown % 10_000:04d}"


def reaches(part: int, whole: int, bp: int) -> bool:
    """Whether `part` is at least `bp` basis points of `whole`, compared unrounded; nothing never does."""
    return part > 0 and part * FULL_SHARE_BP >= bp * whole


def breaker(risk: Risk, limits: Limits) -> PoolStatus:
    """What the ratios alone call for (RP-13)."""
    if reaches(risk.npl_fen, risk.outstanding_fen, limits.npl_suspend_bp) or reaches(
        risk.net_paid_fen, risk.paid_in_fen, limits.paid_ratio_suspend_bp
    ):
        return PoolStatus.suspended
    if reaches(risk.npl_fen, risk.outstanding_fen, limits.npl_warn_bp):
        return PoolStatus.warning
    return PoolStatus.active


def following(status: PoolStatus, called_for: PoolStatus) -> PoolStatus:
    """The status after the breaker was evaluated: a suspension or closing does not lift by itself."""
    if status in (PoolStatus.suspended, PoolStatus.closed):
        return status
    return called_for


def times(part: int, whole: int) -> str:
    """How many times `whole` goes into `part`, with four decimals, the rest cut off; for showing only."""
    shown = max(0, part) * 10_000 // whole if whole > 0 else 0
    return f"{shown // 10_000}.{shown % 10_000:04d}"
