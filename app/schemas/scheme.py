"""Schemes on the wire: every parameter of a pool's measures."""

from __future__ import annotations

import uuid
from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field

from app.domain.money import BASE_CURRENCY, parse_amount
from app.domain.pool import SharingParty
from app.domain.scheme import (
    Collateral,
    InterestPolicy,
    LiabilityLimit,
    LossBase,
    LossTiming,
    RecoveryOrder,
    Reporting,
    Shortage,
    Terms,
    Tier,
    TierMode,
)
from app.domain.scheme_template import SchemeTemplate
from app.schemas.common import Day, MoneyOut, Name, PositiveMoney, RequestModel, ResponseModel, Text

BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
PositiveBasisPoints = Annotated[int, Field(ge=1, le=10_000)]
Days = Annotated[int, Field(ge=0, le=3_650)]
Party = Annotated[SharingParty, Field(strict=False)]

CAPS = ("household_cap", "bank_cap", "industry_cap", "claim_cap", "enterprise_cap", "pool_year_cap")
"""Amounts, which the domain and the tables keep in fen under the name with `_fen` behind it."""


class TierIn(RequestModel):
    """Shares of a loss up to an amount, none: of any; basis points that sum to 10 000."""

    upto: PositiveMoney | None = None
    shares_bp: Annotated[dict[Party, BasisPoints], Field(min_length=1)]


class SchemeIn(RequestModel):
    """All parameters of a scheme version (domain §5.2); a cap that is not given does not bind.

    `tiers` go up in amount; by `tier_mode` a loan's tier shares its whole loss, or each tier its slice. The
    leverage times the available balance is the capacity (RP-05). Loans over `household_cap` per borrower,
    covered principal over `bank_cap` or `industry_cap`, terms over `loan_term_max_months` and IP shares under
    `min_ip_share_bp` are not taken in (RP-04, RP-06). A loan is claimable from `overdue_days` on, or when
    `downgraded`, for `claim_window_days` (RP-08); an approved claim is public for `publicity_days`. It is
    paid within `claim_cap`, `enterprise_cap` per borrower, `bank_year_cap_bp` of the money paid in per bank
    and year, and `pool_year_cap` (RP-10). The breaker warns and suspends at NPL ratios, and suspends at the
    ratio of net payouts to money paid in (RP-13). Valuations over a year old support a new pledge only where
    `accepts_expired_valuations` says so (PL-26).
    """

    code: Name
    effective_from: Day
    effective_to: Day | None = None
    legal_basis: Text
    leverage_multiple: Annotated[int, Field(ge=1, le=100)]
    liability_limit: Annotated[LiabilityLimit, Field(strict=False)] = LiabilityLimit.balance
    eligible_ip: list[Name] | None = None
    eligible_regions: list[Name] | None = None
    sme_required: bool = False
    min_months_registered: Annotated[int, Field(ge=0, le=1_200)] = 0
    credit_lookback_years: Annotated[int, Field(ge=0, le=50)] = 0
    household_cap: PositiveMoney | None = None
    bank_cap: PositiveMoney | None = None
    industry_cap: PositiveMoney | None = None
    loan_term_max_months: Annotated[int, Field(ge=1, le=600)] | None = None
    rate_cap_bp: BasisPoints | None = None
    collateral: Annotated[Collateral, Field(strict=False)] = Collateral.combined_ip_part
    min_ip_share_bp: PositiveBasisPoints = 1
    loss_base: Annotated[LossBase, Field(strict=False)] = LossBase.principal
    loss_interest_max_days: Days = 0
    loss_timing: Annotated[LossTiming, Field(strict=False)] = LossTiming.advance
    overdue_days: Annotated[int, Field(ge=1, le=360)] | None = 60
    downgraded: bool = True
    claim_window_days: Annotated[int, Field(ge=1, le=3_650)] = 180
    publicity_days: Annotated[int, Field(ge=0, le=365)] = 5
    tiers: Annotated[list[TierIn], Field(min_length=1, max_length=20)]
    tier_mode: Annotated[TierMode, Field(strict=False)] = TierMode.whole
    claim_cap: PositiveMoney | None = None
    enterprise_cap: PositiveMoney | None = None
    bank_year_cap_bp: PositiveBasisPoints | None = None
    pool_year_cap: PositiveMoney | None = None
    npl_warn_bp: PositiveBasisPoints = 300
    npl_suspend_bp: PositiveBasisPoints = 500
    paid_ratio_suspend_bp: PositiveBasisPoints = 5_000
    shortage: Annotated[Shortage, Field(strict=False)] = Shortage.bank_bears
    recovery_cost_first: bool = True
    recovery_order: Annotated[RecoveryOrder, Field(strict=False)] = RecoveryOrder.pro_rata
    remit_days: Days = 10
    interest_policy: Annotated[InterestPolicy, Field(strict=False)] = InterestPolicy.roll_in
    reporting: Annotated[Reporting, Field(strict=False)] = Reporting.quarterly
    write_off_rules: Text = "终结执行、破产终结或注销后，经财政部门批准核销"
    accepts_expired_valuations: bool = False

    def terms(self) -> Terms:
        """The parameters as the domain has them."""
        given: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        given["tiers"] = [
            Tier(tier.shares_bp, tier.upto.fen if tier.upto is not None else None) for tier in self.tiers
        ]
        for name in CAPS:
            money = given.pop(name)
            given[f"{name}_fen"] = money.fen if money is not None else None
        return Terms(**given)

    def currencies(self) -> dict[str, str]:
        """The currency of every amount, by its place in the request."""
        named = {name: getattr(self, name) for name in CAPS}
        named |= {f"tiers/{position}/upto": tier.upto for position, tier in enumerate(self.tiers)}
        return {f"/{name}/currency": money.currency for name, money in named.items() if money is not None}


class TierOut(ResponseModel):
    """Shares of a loss up to an amount."""

    upto: MoneyOut | None
    shares_bp: dict[str, int]


class SchemeOut(ResponseModel):
    """A scheme version."""

    id: uuid.UUID
    scheme_version: int
    code: str
    effective_from: date
    effective_to: date | None
    legal_basis: str
    leverage_multiple: int
    liability_limit: str
    eligible_ip: list[str] | None
    eligible_regions: list[str] | None
    sme_required: bool
    min_months_registered: int
    credit_lookback_years: int
    household_cap: MoneyOut | None
    bank_cap: MoneyOut | None
    industry_cap: MoneyOut | None
    loan_term_max_months: int | None
    rate_cap_bp: int | None
    collateral: str
    min_ip_share_bp: int
    loss_base: str
    loss_interest_max_days: int
    loss_timing: str
    overdue_days: int | None
    downgraded: bool
    claim_window_days: int
    publicity_days: int
    tiers: list[TierOut]
    tier_mode: str
    claim_cap: MoneyOut | None
    enterprise_cap: MoneyOut | None
    bank_year_cap_bp: int | None
    pool_year_cap: MoneyOut | None
    npl_warn_bp: int
    npl_suspend_bp: int
    paid_ratio_suspend_bp: int
    shortage: str
    recovery_cost_first: bool
    recovery_order: str
    remit_days: int
    interest_policy: str
    reporting: str
    write_off_rules: str
    accepts_expired_valuations: bool

    @classmethod
    def of(cls, scheme: Any, currency: str) -> Self:
        """A row of `schemes` as it is shown."""
        shown: dict[str, Any] = {
            field.name: getattr(scheme, field.name)
            for field in fields(Terms)
            if not field.name.endswith("_fen") and field.name != "tiers"
        }
        for name in CAPS:
            fen = getattr(scheme, f"{name}_fen")
            shown[name] = MoneyOut.of(fen, currency) if fen is not None else None
        tiers = [
            TierOut(
                upto=MoneyOut.of(tier["upto_fen"], currency) if tier["upto_fen"] is not None else None,
                shares_bp=tier["shares_bp"],
            )
            for tier in scheme.tiers
        ]
        return cls(id=scheme.id, scheme_version=scheme.scheme_version, tiers=tiers, **shown)


class SchemeTemplateOut(ResponseModel):
    """A named scheme: `pool` opens a pool with it once what `status` calls `open` is filled in.

    `status` by parameter: `confirmed` by the measures, `assumed` for the template, `open` to the district,
    `default` as in every scheme. `size` is the money the measures provide, in yuan.
    """

    code: str
    name: str
    place: str
    legal_basis: str
    note: str
    size: MoneyOut | None
    status: dict[str, str]
    pool: dict[str, Any]

    @classmethod
    def of(cls, template: SchemeTemplate) -> Self:
        """A template as it is shown."""
        scheme: dict[str, Any] = {"code": template.code, "legal_basis": template.legal_basis}
        for name, given in template.parameters.items():
            scheme[name] = _money(given) if name in CAPS else given
        scheme["tiers"] = [
            tier | {"upto": _money(tier["upto"])} if "upto" in tier else tier
            for tier in template.parameters["tiers"]
        ]
        return cls(
            code=template.code,
            name=template.name,
            place=template.place,
            legal_basis=template.legal_basis,
            note=template.note,
            size=MoneyOut.of(parse_amount(template.size)) if template.size is not None else None,
            status=dict(template.status),
            pool={"name": template.name, "currency": BASE_CURRENCY, "scheme": scheme},
        )


def _money(yuan: str) -> dict[str, str]:
    return {"amount": yuan, "currency": BASE_CURRENCY}
