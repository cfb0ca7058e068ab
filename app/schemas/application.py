"""Applications on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.approval import Decision
from app.schemas.common import (
    Day,
    Id,
    MoneyOut,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
    ViolationOut,
)

MAX_ASSETS = 200
MAX_MONTHS = 360


class ApplicationIn(RequestModel):
    """What an enterprise asks of a bank, and the rights it offers as security; they may be another's.

    `bank_id` is an organisation, `borrower_id` a party: the caller's own, which may be left out.
    """

    borrower_id: Id | None = None
    bank_id: Id
    amount: PositiveMoney
    purpose: Text
    term_months: Annotated[int, Field(ge=1, le=MAX_MONTHS)]
    asset_ids: Annotated[list[Id], Field(max_length=MAX_ASSETS)]


class ApplicationDecisionIn(RequestModel):
    """The bank's answer. Without `approved_amount` an approval is of all that was applied for.

    An approval that names a pool reserves its capacity for the IP share of what is approved, until
    `expires_on` (30 days when left out); filing the pledge on the application confirms it.
    """

    decision: Annotated[Decision, Field(strict=False)]
    approved_amount: PositiveMoney | None = None
    reason: Text | None = None
    pool_id: Id | None = None
    ip_share_bp: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    expires_on: Day | None = None


class ApplicationContractIn(RequestModel):
    """The pledge that the bank has filed on the application."""

    pledge_id: Id


class OfferedAssetOut(ResponseModel):
    """A right offered as security; `third_party`: the borrower is none of its owners today (PL-30)."""

    asset_id: uuid.UUID
    kind: str
    number: str
    name: str
    third_party: bool


class ReservationOut(ResponseModel):
    """Capacity that the approval reserved: a commitment, `reserved` until it is confirmed or lapses."""

    commitment_id: uuid.UUID
    pool_id: uuid.UUID
    covered: MoneyOut
    ip_share_bp: int
    expires_on: date | None
    status: str


class ApplicationOut(ResponseModel):
    """An application for financing."""

    id: uuid.UUID
    number: str
    organisation_id: uuid.UUID
    borrower_id: uuid.UUID
    bank_id: uuid.UUID
    amount: MoneyOut
    purpose: str
    term_months: int
    status: str
    applied_on: date
    approved_amount: MoneyOut | None
    reason: str | None
    decided_on: date | None
    pledge_id: uuid.UUID | None
    reservation: ReservationOut | None
    assets: list[OfferedAssetOut]
    district_code: str
    version: int


class PoolMatchOut(ResponseModel):
    """A pool under which the bank could file: what it would bear of the loan, and what speaks against it.

    `shares_bp`: who bears which part of a loss, in basis points, by the scheme in effect today.
    """

    pool_id: uuid.UUID
    number: str
    name: str
    suits: bool
    shares_bp: dict[str, int]
    legal_basis: str | None
    against: list[ViolationOut]


class BankMatchOut(ResponseModel):
    """A bank that may be asked; `suits` when one of its pools would cover the loan."""

    bank_id: uuid.UUID
    name: str
    suits: bool
    pools: list[PoolMatchOut]


class MatchesOut(ResponseModel):
    """Banks of the district, those that suit first; a bank may also lend without a pool's cover."""

    items: list[BankMatchOut]
