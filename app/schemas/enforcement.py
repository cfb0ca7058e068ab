"""Enforcements on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.enforcement import EnforcementMode
from app.schemas.common import (
    MAX_ROWS,
    Day,
    Id,
    MoneyIn,
    MoneyOut,
    Name,
    PositiveMoney,
    Reference,
    RequestModel,
    ResponseModel,
    Text,
)


class EnforcementIn(RequestModel):
    """An enforcement to be opened, of all rights that are pledged unless some are named.

    `reserve` is the least price. `document_id`: the evidence of the default; of a court's procedure its
    ruling, of an agreement the pledgor's consent, without which these are not opened.
    """

    mode: Annotated[EnforcementMode, Field(strict=False)]
    opened_on: Day
    reason: Text
    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ROWS)] | None = None
    reserve: PositiveMoney | None = None
    document_id: Id | None = None


class DisposalIn(RequestModel):
    """How the rights are offered on the market. Without `price` it is negotiable, not below the reserve."""

    name: Name
    description: Text
    price: PositiveMoney | None = None
    expires_on: Day


class SoldRightIn(RequestModel):
    """The office's registration of the buyer as the owner of a right, with the number of its notice.

    `price` is what it brought, of rights of several pledgors; the prices make up the whole.
    """

    asset_id: Id
    registration_no: Reference
    registered_on: Day
    price: PositiveMoney | None = None


class SaleIn(RequestModel):
    """What an auction or a court sold, by its document (成交确认书, 裁定书), right by right."""

    grantee_id: Id
    price: PositiveMoney
    sold_on: Day
    document_id: Id
    registrations: Annotated[list[SoldRightIn], Field(min_length=1, max_length=MAX_ROWS)]


class DistributionIn(RequestModel):
    """The price has come in: what the document says of the cost, and of all interest and penalty owed.

    The principal is what the loan's book says, or the last classification where it has none.
    """

    received_on: Day
    cost: MoneyIn | None = None
    interest: MoneyIn | None = None
    document_id: Id | None = None


class PaymentOut(ResponseModel):
    """A part of the price and what it paid. A surplus of several pledgors is paid to each.

    `payee_id` null: the pledgor is not recorded.
    """

    ordinal: int
    purpose: str
    payee_id: uuid.UUID | None
    amount: MoneyOut


class EnforcementOut(ResponseModel):
    """An enforcement; its id is the trace id of the listing, the deal and the money that come of it."""

    id: uuid.UUID
    number: str
    district_code: str
    pledge_id: uuid.UUID
    organisation_id: uuid.UUID
    mode: str
    status: str
    opened_on: date
    asset_ids: list[uuid.UUID]
    reserve: MoneyOut | None
    document_id: uuid.UUID | None
    reason: str | None
    listing_id: uuid.UUID | None
    deal_id: uuid.UUID | None
    price: MoneyOut | None
    sold_on: date | None
    payments: list[PaymentOut]
    version: int


class TraceLinkOut(ResponseModel):
    """A step: what was written or done, and the event that records it."""

    noun: str
    subject_id: uuid.UUID
    event_id: uuid.UUID
    type: str
    occurred_on: date
    recorded_at: datetime
    amount: MoneyOut | None


class EnforcementTraceOut(ResponseModel):
    """Everything that came of an enforcement, from its pledge to the shares of what came back, in order."""

    trace_id: uuid.UUID
    links: list[TraceLinkOut]
