"""Schemes (方案): the versioned parameters of a pool, as its published measures state them (domain §5.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from app.domain.errors import ErrorKind, Violation, define
from app.domain.pool import FULL_SHARE_BP, SharingParty


class TierMode(StrEnum):
    """Whether the tier a loan falls into shares the whole loss, or each tier its slice of it."""

    whole = "whole"
    marginal = "marginal"


class LiabilityLimit(StrEnum):
    """What bounds the pool's payouts: its balance, or all that was ever paid in."""

    balance = "balance"
    total = "total"


class Collateral(StrEnum):
    """Pure IP pledges only, or also the IP part of combined collateral (RP-06)."""

    pure = "pure"
    combined_ip_part = "combined_ip_part"


class LossBase(StrEnum):
    """What of the debt counts as loss (RP-07)."""

    principal = "principal"
    principal_plus_interest = "principal_plus_interest"


class LossTiming(StrEnum):
    """Advance (先补后追): the pool pays first; net (净损失): after what the collateral brought."""

    advance = "advance"
    net = "net"


class Shortage(StrEnum):
    """Who waits when the pool cannot pay all approved claims in full (RP-10)."""

    bank_bears = "bank_bears"
    pro_rata = "pro_rata"
    queue = "queue"


class RecoveryOrder(StrEnum):
    """Who is made whole first out of a recovery (RP-14)."""

    pro_rata = "pro_rata"
    pool_first = "pool_first"
    bank_first = "bank_first"


class InterestPolicy(StrEnum):
    """What becomes of the interest on the special account (RP-19)."""

    roll_in = "roll_in"
    remit_to_treasury = "remit_to_treasury"


class Reporting(StrEnum):
    """How often the manager reports (RP-21)."""

    monthly = "monthly"
    quarterly = "quarterly"


@dataclass(frozen=True, slots=True)
class Tier:
    """Who bears which part, in basis points that sum to 10 000, of a loss up to an amount; None: any."""

    shares_bp: Mapping[SharingParty, int]
    upto_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """All parameters of a scheme version, named as the columns of `app.models.pool.Scheme`.

    Amounts in fen, ratios in basis points; a cap of None does not bind.
    """

    code: str
    effective_from: date
    leverage_multiple: int
    tiers: Sequence[Tier]
    legal_basis: str
    effective_to: date | None = None
    tier_mode: TierMode = TierMode.whole
    liability_limit: LiabilityLimit = LiabilityLimit.balance
    eligible_ip: Sequence[str] | None = None
    eligible_regions: Sequence[str] | None = None
    sme_required: bool = False
    min_months_registered: int = 0
    credit_lookback_years: int = 0
    household_cap_fen: int | None = None
    bank_cap_fen: int | None = None
    industry_cap_fen: int | None = None
    loan_term_max_months: int | None = None
    rate_cap_bp: int | None = None
    collateral: Collateral = Collateral.combined_ip_part
    min_ip_share_bp: int = 1
    loss_base: LossBase = LossBase.principal
    loss_interest_max_days: int = 0
    loss_timing: LossTiming = LossTiming.advance
    overdue_days: int | None = 60
    downgraded: bool = True
    claim_window_days: int = 180
    publicity_days: int = 5
    claim_cap_fen: int | None = None
    enterprise_cap_fen: int | None = None
    bank_year_cap_bp: int | None = None
    pool_year_cap_fen: int | None = None
    npl_warn_bp: int = 300
    npl_suspend_bp: int = 500
    paid_ratio_suspend_bp: int = 5_000
    shortage: Shortage = Shortage.bank_bears
    recovery_cost_first: bool = True
    recovery_order: RecoveryOrder = RecoveryOrder.pro_rata
    remit_days: int = 10
    interest_policy: InterestPolicy = InterestPolicy.roll_in
    reporting: Reporting = Reporting.quarterly
    write_off_rules: str = "终结执行、破产终结或注销后，经财政部门批准核销"
    accepts_expired_valuations: bool = False


SHARES_NOT_WHOLE = define(
    "pool.shares_not_whole",
    ErrorKind.invalid,
    "分担比例合计为 {total_bp} 个基点，应为 10000",
    "Shares sum to {total_bp} basis points; they must sum to 10000.",
    basis="RP-01",
)
TIERS_UNORDERED = define(
    "pool.tiers_unordered",
    ErrorKind.invalid,
    "分档上限应递增，只有最后一档可不设上限",
    "Tiers go up in amount; only the last may be without a limit.",
)
THRESHOLDS_INVALID = define(
    "pool.thresholds_invalid",
    ErrorKind.invalid,
    "不良率预警线不得高于熔断线",
    "The NPL ratio that warns must not be above the one that suspends.",
    basis="RP-13",
)
PERIOD_INVALID = define(
    "pool.period_invalid",
    ErrorKind.invalid,
    "方案的终止日早于起始日",
    "The scheme ends before it takes effect.",
)


def faults(terms: Terms, pointer: str = "") -> list[Violation]:
    """What is wrong with the parameters of a scheme, all at once (RP-01, RP-13)."""
    found = [
        SHARES_NOT_WHOLE.violation(f"{pointer}/tiers/{position}/shares_bp", total_bp=total)
        for position, tier in enumerate(terms.tiers)
        if (total := sum(tier.shares_bp.values())) != FULL_SHARE_BP
    ]
    limits = [tier.upto_fen for tier in terms.tiers]
    bounded = [limit for limit in limits[:-1] if limit is not None]
    last = limits[-1] if limits else None
    rising = bounded + ([last] if last is not None else [])
    if len(bounded) < len(limits) - 1 or any(a >= b for a, b in pairwise(rising)):
        found.append(TIERS_UNORDERED.violation(f"{pointer}/tiers"))
    if terms.npl_warn_bp > terms.npl_suspend_bp:
        found.append(THRESHOLDS_INVALID.violation(f"{pointer}/npl_warn_bp"))
    if terms.effective_to is not None and terms.effective_to < terms.effective_from:
        found.append(PERIOD_INVALID.violation(f"{pointer}/effective_to"))
    return found
