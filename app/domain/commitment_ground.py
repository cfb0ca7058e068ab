"""What speaks against a pool's cover of a loan (入库条件, RP-04 to RP-06): every objection at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from app.domain import pool as rules
from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import format_amount
from app.domain.pool import FULL_SHARE_BP, PoolStatus, capacity, covered_principal
from app.domain.size_class import SMALL_AND_MEDIUM, SizeClass
from app.domain.term import add_months

BANK_SUSPENDED = define(
    "pool.bank_suspended",
    ErrorKind.conflict,
    "本行在该资金池已熔断，暂停新增",
    "The pool takes no new commitments of this bank: its own breaker is suspended.",
    basis="RP-13",
)
BANK_EXCLUDED = define(
    "pool.bank_excluded",
    ErrorKind.conflict,
    "本行因追回补偿款已被该资金池排除",
    "The bank is excluded from the pool after a clawback.",
    basis="RP-17",
)
BANK_CAP_EXCEEDED = define(
    "pool.bank_cap_exceeded",
    ErrorKind.conflict,
    "超出单家银行承诺额度上限 {cap} 元：可用 {available} 元，申请 {requested} 元",
    "The cap per bank of {cap} yuan would be exceeded: available {available}, requested {requested} yuan.",
    basis="RP-04",
)
INDUSTRY_CAP_EXCEEDED = define(
    "pool.industry_cap_exceeded",
    ErrorKind.conflict,
    "超出单个行业承诺额度上限 {cap} 元（{industry}）",
    "The cap per industry of {cap} yuan would be exceeded in industry {industry}.",
    basis="RP-04",
)
INDUSTRY_UNKNOWN = define(
    "pool.industry_unknown",
    ErrorKind.conflict,
    "资金池设有行业上限，而借款人的行业未知：请先填报企业规模数据",
    "The pool caps industries, and the borrower's is unknown: report the enterprise's size figures first.",
    basis="RP-04",
)
SIZE_UNKNOWN = define(
    "pool.size_unknown",
    ErrorKind.conflict,
    "资金池仅面向中小微企业，而借款人的规模未知：请先填报企业规模数据",
    "The pool is for small and medium enterprises, the borrower's size is unknown: report its figures first.",
    basis="RP-04",
)
NOT_SMALL = define(
    "pool.not_small",
    ErrorKind.conflict,
    "资金池仅面向中小微企业，借款人规模为 {size_class}",
    "The pool is for small and medium enterprises; the borrower is {size_class}.",
    basis="RP-04; 工信部联企业〔2011〕300号",
)
REGION_NOT_ELIGIBLE = define(
    "pool.region_not_eligible",
    ErrorKind.conflict,
    "借款人所在区划 {district_code} 不在资金池的支持范围",
    "The borrower's district {district_code} is not one the pool supports.",
    basis="RP-04",
)
REGISTRATION_UNKNOWN = define(
    "pool.registration_unknown",
    ErrorKind.conflict,
    "资金池要求企业注册满 {months} 个月，而借款人的注册日期未知：请先登记注册日期",
    "The pool asks for {months} months since registration; the borrower's day is unknown: enter it first.",
    basis="RP-04",
)
REGISTERED_TOO_LATE = define(
    "pool.registered_too_late",
    ErrorKind.conflict,
    "借款人注册未满 {months} 个月",
    "The borrower has been registered for less than {months} months.",
    basis="RP-04",
)
CREDIT_RECORD_BAD = define(
    "pool.credit_record_bad",
    ErrorKind.conflict,
    "借款人近 {years} 年内有次级、可疑或损失类贷款",
    "A loan of the borrower was classed substandard or worse within {years} years.",
    basis="RP-04",
)
IP_NOT_ELIGIBLE = define(
    "pool.ip_not_eligible",
    ErrorKind.conflict,
    "资金池不接受此类知识产权：{kinds}",
    "The pool does not accept rights of this kind: {kinds}.",
    basis="RP-04",
)
NOT_PURE = define(
    "pool.not_pure",
    ErrorKind.conflict,
    "资金池仅接受纯知识产权质押，知识产权占比应为 100%",
    "The pool takes pure IP pledges only: the IP share must be 100 %.",
    basis="RP-06",
)
IP_SHARE_TOO_LOW = define(
    "pool.ip_share_too_low",
    ErrorKind.conflict,
    "知识产权占比 {share_bp} 个基点，低于资金池下限 {min_bp} 个基点",
    "The IP share of {share_bp} basis points is below the pool's minimum of {min_bp}.",
    basis="RP-06",
)
TERM_TOO_LONG = define(
    "pool.loan_term_exceeded",
    ErrorKind.conflict,
    "贷款期限超过资金池上限 {months} 个月",
    "The loan runs for more than the {months} months that the pool takes.",
    basis="RP-04",
)
RATE_TOO_HIGH = define(
    "pool.rate_cap_exceeded",
    ErrorKind.conflict,
    "贷款利率为一年期LPR加 {rate_bp} 个基点，超过上限 {cap_bp} 个基点",
    "The rate of one-year LPR plus {rate_bp} basis points is over the pool's cap of {cap_bp}.",
    basis="RP-04",
)
TIERS_EXCEEDED = define(
    "pool.tiers_exceeded",
    ErrorKind.conflict,
    "贷款金额超过方案分档上限 {limit} 元，不予分担",
    "No tier of the scheme shares a loan over {limit} yuan.",
    basis="RP-04",
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a scheme asks of a loan, named as in `app.domain.scheme.Terms`; None does not bind.

    `top_fen`: the limit of the last tier, above which nobody shares.
    """

    leverage: int
    pure: bool = False
    min_ip_share_bp: int = 1
    eligible_ip: Collection[str] | None = None
    eligible_regions: Collection[str] | None = None
    sme_required: bool = False
    min_months_registered: int = 0
    credit_lookback_years: int = 0
    household_cap_fen: int | None = None
    bank_cap_fen: int | None = None
    industry_cap_fen: int | None = None
    loan_term_max_months: int | None = None
    rate_cap_bp: int | None = None
    top_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Borrower:
    """What is known of a borrower; `bad_loan`: one was classed 次级 or worse within the scheme's years."""

    district_code: str
    size_class: str | None = None
    industry: str | None = None
    registered_on: date | None = None
    bad_loan: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a pool stands before the loan, in fen, a reservation for this very loan left out.

    `reserved_fen` is that reservation: what it keeps is the loan's whatever became of the capacity since.
    `household_fen` sums principals, the others covered principal. `conditions` None: no scheme in effect.
    """

    status: str
    currency: str
    on: date
    conditions: Conditions | None
    borrower: Borrower | None
    available_fen: int
    outstanding_fen: int
    household_fen: int = 0
    bank_fen: int = 0
    industry_fen: int = 0
    reserved_fen: int = 0
    bank_suspended: bool = False
    bank_excluded: bool = False

    @property
    def free_fen(self) -> int:
        """Covered principal this loan may have (RP-05)."""
        leverage = self.conditions.leverage if self.conditions is not None else 0
        return max(0, capacity(leverage, self.available_fen) - self.outstanding_fen, self.reserved_fen)


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan to be covered. `ends_on`: the last day of a term that begins on `begins_on`.

    `kinds`: of each right its kind and, of a patent, its type. `rate_over_lpr_bp` None: not stated.
    """

    principal_fen: int
    currency: str
    ip_share_bp: int
    begins_on: date
    ends_on: date
    kinds: Collection[tuple[str, str | None]]
    rate_over_lpr_bp: int | None = None

    @property
    def covered_fen(self) -> int:
        """What the pool covers of it."""
        return covered_principal(self.principal_fen, self.ip_share_bp)


@dataclass(frozen=True, slots=True)
class Places:
    """Where in the request the loan's parts are."""

    principal: str = "/principal"
    borrower: str = "/borrower_id"
    items: str = "/items"
    term: str = "/debt_to"


def faults(loan: Loan, standing: Standing, at: Places = Places()) -> list[Violation]:
    """Everything that keeps the pool from covering the loan."""
    found: list[Violation] = []
    if loan.currency != standing.currency:
        found.append(
            rules.CURRENCY_MISMATCH.violation(f"{at.principal}/currency", currency=standing.currency)
        )
    if standing.status in (PoolStatus.suspended, PoolStatus.closed):
        found.append(rules.SUSPENDED.violation("/pool_id"))
    if standing.bank_suspended:
        found.append(BANK_SUSPENDED.violation("/pool_id"))
    if standing.bank_excluded:
        found.append(BANK_EXCLUDED.violation("/pool_id"))
    conditions = standing.conditions
    if conditions is None:
        return [*found, rules.NO_SCHEME.violation("/pool_id", on=standing.on)]
    found += _loan_faults(loan, conditions, at)
    if standing.borrower is not None:
        found += _borrower_faults(standing.borrower, conditions, standing.on, at.borrower)
    found += _amount_faults(loan, standing, conditions, at.principal)
    return found


def _loan_faults(loan: Loan, asked: Conditions, at: Places) -> Iterator[Violation]:
    if asked.pure and loan.ip_share_bp != FULL_SHARE_BP:
        yield NOT_PURE.violation("/ip_share_bp")
    if loan.ip_share_bp < asked.min_ip_share_bp:
        yield IP_SHARE_TOO_LOW.violation(
            "/ip_share_bp", share_bp=loan.ip_share_bp, min_bp=asked.min_ip_share_bp
        )
    if asked.eligible_ip is not None:
        wrong = {kind for kind, sort in loan.kinds if not {kind, sort} & set(asked.eligible_ip)}
        if wrong:
            yield IP_NOT_ELIGIBLE.violation(at.items, kinds=", ".join(sorted(wrong)))
    months = asked.loan_term_max_months
    if months is not None and loan.ends_on > add_months(loan.begins_on, months):
        yield TERM_TOO_LONG.violation(at.term, months=months)
    rate, cap = loan.rate_over_lpr_bp, asked.rate_cap_bp
    if rate is not None and cap is not None and rate > cap:
        yield RATE_TOO_HIGH.violation("/rate_over_lpr_bp", rate_bp=rate, cap_bp=cap)


def _borrower_faults(who: Borrower, asked: Conditions, on: date, at: str) -> Iterator[Violation]:
    regions = asked.eligible_regions
    if regions is not None and not any(_within(who.district_code, region) for region in regions):
        yield REGION_NOT_ELIGIBLE.violation(at, district_code=who.district_code)
    if asked.sme_required:
        if who.size_class in (None, SizeClass.unknown):
            yield SIZE_UNKNOWN.violation(at)
        elif who.size_class not in SMALL_AND_MEDIUM:
            yield NOT_SMALL.violation(at, size_class=who.size_class)
    months = asked.min_months_registered
    if months and who.registered_on is None:
        yield REGISTRATION_UNKNOWN.violation(at, months=months)
    elif months and who.registered_on is not None and who.registered_on > add_months(on, -months):
        yield REGISTERED_TOO_LATE.violation(at, months=months)
    if who.bad_loan:
        yield CREDIT_RECORD_BAD.violation(at, years=asked.credit_lookback_years)
    if asked.industry_cap_fen is not None and who.industry is None:
        yield INDUSTRY_UNKNOWN.violation(at)


def _amount_faults(loan: Loan, standing: Standing, asked: Conditions, at: str) -> Iterator[Violation]:
    if asked.top_fen is not None and loan.principal_fen > asked.top_fen:
        yield TIERS_EXCEEDED.violation(at, limit=format_amount(asked.top_fen))
    household = asked.household_cap_fen
    if household is not None and standing.household_fen + loan.principal_fen > household:
        yield rules.HOUSEHOLD_CAP_EXCEEDED.violation(at, cap=format_amount(household))
    covered = loan.covered_fen
    bank, industry = asked.bank_cap_fen, asked.industry_cap_fen
    if bank is not None and standing.bank_fen + covered > bank:
        yield BANK_CAP_EXCEEDED.violation(
            at,
            cap=format_amount(bank),
            available=format_amount(max(0, bank - standing.bank_fen)),
            requested=format_amount(covered),
        )
    who = standing.borrower
    known = who is not None and who.industry is not None
    if known and industry is not None and standing.industry_fen + covered > industry:
        yield INDUSTRY_CAP_EXCEEDED.violation(
            at, cap=format_amount(industry), industry=who.industry if who is not None else ""
        )
    if covered > standing.free_fen:
        yield rules.CAPACITY_EXCEEDED.violation(
            at, available=format_amount(standing.free_fen), requested=format_amount(covered)
        )


def _within(district_code: str, region: str) -> bool:
    """Whether a district lies in a region; of a province or a city the codes end in zeros (GB/T 2260)."""
    return district_code.startswith(region[:2] if region[2:] == "0000" else region.removesuffix("00"))
