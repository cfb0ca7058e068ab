"""Pledges on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.loan_class import LoanClass
from app.domain.pledge import DeregistrationReason
from app.schemas.common import (
    Day,
    Id,
    MoneyIn,
    MoneyOut,
    Name,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
)

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
MAX_ITEMS = 500


class ContractIn(RequestModel):
    """The pledge contract's required content (第8条); what is left out is a ground of refusal."""

    number: Name | None = None
    signed_on: Day | None = None
    claim_kind: Name | None = None
    security_scope: Text | None = None


class ItemIn(RequestModel):
    """A right to be pledged; `secured` limits what it secures, `valuation_id` is what it was found worth."""

    asset_id: Id
    pledgor_id: Id
    secured: PositiveMoney | None = None
    valuation_id: Id | None = None


class PledgeConsentIn(RequestModel):
    """A co-owner's consent, with the hash of the signed document."""

    asset_id: Id
    party_id: Id
    consented_on: Day
    document_sha256: Sha256


class AcknowledgementIn(RequestModel):
    """Both parties' dated statement that they know of an objection (grounds 10, 11, stale status)."""

    asset_id: Id
    code: Name
    pledgor_on: Day
    pledgee_on: Day


class PledgeIn(RequestModel):
    """A financing to be filed: one debt, one or more rights, with or without a pool's cover.

    `application_id`: the approved application it is made on; it is contracted by the filing, and capacity
    reserved for it is confirmed. `rate_over_lpr_bp`: the loan's rate above the one-year LPR.
    """

    borrower_id: Id
    principal: PositiveMoney
    debt_from: Day
    debt_to: Day
    contract: ContractIn
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=MAX_ITEMS)]
    pool_id: Id | None = None
    ip_share_bp: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    application_id: Id | None = None
    rate_over_lpr_bp: Annotated[int, Field(ge=-1_000, le=10_000)] | None = None
    consents: Annotated[list[PledgeConsentIn], Field(default_factory=list, max_length=1_000)]
    acknowledgements: Annotated[list[AcknowledgementIn], Field(default_factory=list, max_length=1_000)]


class PledgeRegistrationIn(RequestModel):
    """The office's registration of one right; trademarks name the day their registration ends."""

    asset_id: Id
    registration_no: Name
    registered_on: Day
    expires_on: Day | None = None


class PledgeRegistrationsIn(RequestModel):
    """Registrations of one or more rights of a pledge."""

    registrations: Annotated[list[PledgeRegistrationIn], Field(min_length=1, max_length=MAX_ITEMS)]


class PledgeRefusalIn(RequestModel):
    """The office refused rights of the filing; without `asset_ids`, all that are still filed."""

    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    reason: Text
    refused_on: Day


class DeregistrationIn(RequestModel):
    """The office cancelled the registrations."""

    reason: Annotated[DeregistrationReason, Field(strict=False)]
    deregistered_on: Day


class ClassificationIn(RequestModel):
    """A loan's class, what is outstanding of its principal, and for how many days it is overdue, on a day."""

    loan_class: Annotated[LoanClass, Field(strict=False)]
    outstanding: MoneyIn
    overdue_days: Annotated[int, Field(ge=0, le=20_000)]
    occurred_on: Day


class ClassificationOut(ResponseModel):
    """A classification as it was reported."""

    id: uuid.UUID
    pledge_id: uuid.UUID
    loan_class: str
    outstanding: MoneyOut
    overdue_days: int
    occurred_on: date
    recorded_at: datetime


class PledgeItemOut(ResponseModel):
    """A pledged right with its own registration."""

    asset_id: uuid.UUID
    number: str
    asset_kind: str
    pledgor_id: uuid.UUID | None
    secured: MoneyOut | None
    valuation_id: uuid.UUID | None
    rank: int
    status: str
    registration_no: str | None
    registered_on: date | None
    expires_on: date | None


class PledgeOut(ResponseModel):
    """A financing secured by rights. `mixed_on`: the day its second kind of right became effective."""

    id: uuid.UUID
    number: str
    district_code: str
    status: str
    pledgee_id: uuid.UUID | None
    borrower_id: uuid.UUID | None
    pool_id: uuid.UUID | None
    principal: MoneyOut | None
    covered: MoneyOut | None
    debt_from: date | None
    debt_to: date | None
    filed_on: date | None
    registered_on: date | None
    mixed_on: date | None
    ended_on: date | None
    rule_pack: str
    imported: bool
    items: list[PledgeItemOut]
    version: int
