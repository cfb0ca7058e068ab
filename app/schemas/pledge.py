"""Pledges on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.filing import RefusalGround
from app.domain.loan_class import LoanClass
from app.domain.pledge import DeregistrationReason, PledgeForm, ShareKind
from app.domain.pool import SharingParty
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
MAX_SHARES = 100
SharePpm = Annotated[int, Field(ge=1, le=1_000_000)]


class ContractIn(RequestModel):
    """The pledge contract's required content (第8条); what is left out is a ground of refusal.

    `title_transfer_on_default`: it gives the right to the creditor on default (流质, 民法典第428条);
    `self_help_auction`: it lets the creditor auction the right himself (担保制度解释第45条).
    """

    number: Name | None = None
    signed_on: Day | None = None
    claim_kind: Name | None = None
    security_scope: Text | None = None
    title_transfer_on_default: bool = False
    self_help_auction: bool = False


class ItemIn(RequestModel):
    """A right to be pledged; `secured` limits what it secures, `valuation_id` is what it was found worth.

    `share_ppm`: the part of the debt it secures, in millionths, where the contract divides it among the
    rights. `required`: money flows only once its registration is effective (先决条件).
    """

    asset_id: Id
    pledgor_id: Id
    secured: PositiveMoney | None = None
    valuation_id: Id | None = None
    share_ppm: SharePpm | None = None
    required: bool = True


class PledgeShareIn(RequestModel):
    """What a party lends, or bears of the loss, in millionths; the parts of a kind make up 1,000,000.

    `agent`: the bank that files, if it leads a syndicate of lenders.
    """

    kind: Annotated[ShareKind, Field(strict=False)]
    role: Annotated[SharingParty, Field(strict=False)]
    party_id: Id
    share_ppm: SharePpm
    agent: bool = False


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
    reserved for it is confirmed. `rate_over_lpr_bp`: the loan's rate above the one-year LPR. `ip_share_bp`:
    how much of the loan rests on these rights. `shares`: who lends and who bears the risk, if not the
    caller's bank alone.
    """

    borrower_id: Id
    principal: PositiveMoney
    debt_from: Day
    debt_to: Day
    contract: ContractIn
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=MAX_ITEMS)]
    pool_id: Id | None = None
    form: Annotated[PledgeForm, Field(strict=False)] = PledgeForm.ordinary
    ip_share_bp: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    shares: Annotated[list[PledgeShareIn], Field(default_factory=list, max_length=MAX_SHARES)]
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
    """Registrations of one or more rights of a pledge, of all its kinds if need be."""

    registrations: Annotated[list[PledgeRegistrationIn], Field(min_length=1, max_length=MAX_ITEMS)]
    announced_on: Day | None = None


Grounds = Annotated[
    list[Annotated[RefusalGround, Field(strict=False)]], Field(default_factory=list, max_length=12)
]


class PledgeWithdrawalIn(RequestModel):
    """Rights were taken back before the office decided; without `asset_ids`, all that are undecided."""

    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    reason: Text
    withdrawn_on: Day


class PledgeRevocationIn(RequestModel):
    """The office revoked registrations, void from the beginning; without `asset_ids`, all of them."""

    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    reason: Text
    revoked_on: Day
    grounds: Grounds


class PledgeRefusalIn(RequestModel):
    """The office refused rights of the filing; without `asset_ids`, all that are undecided.

    `grounds`: which of the twelve it named (专利权质押登记办法第11条).
    """

    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    reason: Text
    refused_on: Day
    grounds: Grounds


class DeregistrationIn(RequestModel):
    """The office cancelled the registrations; `document_id` is the proof or the undertaking it rests on."""

    reason: Annotated[DeregistrationReason, Field(strict=False)]
    deregistered_on: Day
    document_id: Id | None = None


class ClassificationIn(RequestModel):
    """A loan's class, what is outstanding of its principal, and for how many days it is overdue, on a day.

    Of a loan with a book `outstanding` is what the book says, and may be left out.
    """

    loan_class: Annotated[LoanClass, Field(strict=False)]
    outstanding: MoneyIn | None = None
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
    share_ppm: int | None
    required: bool
    valuation_id: uuid.UUID | None
    rank: int
    status: str
    registration_no: str | None
    registered_on: date | None
    expires_on: date | None


class PledgeShareOut(ResponseModel):
    """What a party lends, or bears of the loss, in millionths."""

    kind: str
    role: str
    party_id: uuid.UUID
    share_ppm: int
    agent: bool


class PledgeOut(ResponseModel):
    """A financing secured by rights. `mixed_on`: the day its second kind of right became effective.

    `fully_secured`: every right that money waits for is registered; that, not the day of the contract
    (`contracted_on`), establishes the pledge (PL-01, PL-28).
    `short_since`: its rights have been worth too little since that day; `unsecured_since`: since then a
    registration that a required right had is void.
    """

    id: uuid.UUID
    number: str
    district_code: str
    status: str
    pledgee_id: uuid.UUID | None
    borrower_id: uuid.UUID | None
    pool_id: uuid.UUID | None
    principal: MoneyOut | None
    covered: MoneyOut | None
    form: str
    ip_share_bp: int
    debt_from: date | None
    debt_to: date | None
    filed_on: date | None
    registered_on: date | None
    mixed_on: date | None
    ended_on: date | None
    short_since: date | None
    unsecured_since: date | None
    contracted_on: date | None
    fully_secured: bool
    rule_pack: str
    imported: bool
    items: list[PledgeItemOut]
    shares: list[PledgeShareOut]
    version: int


class RevokedOut(ResponseModel):
    """A registration that was revoked, with the day on which it had counted."""

    asset_id: uuid.UUID
    number: str
    asset_kind: str
    registration_no: str | None
    registered_on: date | None
    revoked_on: date | None


class PledgeExceptionOut(ResponseModel):
    """A financing that counts though a registration it counted with is void (PL-28).

    `mixed_on`: its mixed flag as of the counting date; `mixed_now`: whether both kinds are still registered.
    """

    id: uuid.UUID
    number: str
    district_code: str
    status: str
    registered_on: date | None
    mixed_on: date | None
    mixed_now: bool
    unsecured_since: date | None
    revoked: list[RevokedOut]
