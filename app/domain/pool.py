"""Risk-compensation pools (风险补偿资金池): schemes, commitments and capacity (RP-01 to RP-06)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class PoolStatus(StrEnum):
    """`suspended` (熔断) takes no new commitments; what is committed stays covered."""

    active = "active"
    warning = "warning"
    suspended = "suspended"
    closed = "closed"


class CommitmentStatus(StrEnum):
    """Whether a commitment still reserves capacity."""

    committed = "committed"
    released = "released"


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


class AccountCode(StrEnum):
    """Accounts every pool opens with; the two memo accounts carry covered principal, not cash."""

    cash = "cash"
    contributions = "contributions"
    compensation = "compensation"
    recovered = "recovered"
    covered = "memo.covered"
    cover_obligation = "memo.cover_obligation"


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
SHARES_NOT_WHOLE = define(
    "pool.shares_not_whole",
    ErrorKind.invalid,
    "分担比例合计为 {total_bp} 个基点，应为 10000",
    "Shares sum to {total_bp} basis points; they must sum to 10000.",
    basis="RP-01",
)
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
PERIOD_INVALID = define(
    "pool.period_invalid",
    ErrorKind.invalid,
    "方案的终止日早于起始日",
    "The scheme ends before it takes effect.",
)
