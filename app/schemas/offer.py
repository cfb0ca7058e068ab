"""Offers on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.common import Day, Id, MoneyOut, Name, PositiveMoney, RequestModel, ResponseModel, Text


class OfferIn(RequestModel):
    """A bid on a listing. A licence needs its term; a transfer has neither term nor territory nor field.

    `territory` is WW, CN (the default) or a GB/T 2260 code, `field` ALL (the default) or a GB/T 4754
    code. `buyer_id` is the party for which an agency bids, by default the caller's own.
    """

    amount: PositiveMoney
    territory: Name | None = None
    field: Name | None = None
    term_from: Day | None = None
    term_to: Day | None = None
    expires_on: Day
    message: Text | None = None
    buyer_id: Id | None = None


class RoundIn(RequestModel):
    """A counter-offer. Term and last day stay as they were where they are left out."""

    amount: PositiveMoney
    term_from: Day | None = None
    term_to: Day | None = None
    expires_on: Day | None = None
    message: Text | None = None


class OfferRefusalIn(RequestModel):
    """Why an offer is refused, for those who wish to say."""

    reason: Text | None = None


class RoundOut(ResponseModel):
    """One round: who bid what, and when it was recorded."""

    round: int
    made_by: str
    amount: MoneyOut
    term_from: date | None
    term_to: date | None
    message: str | None
    recorded_at: datetime


class OfferOut(ResponseModel):
    """An offer with the terms of its last round, all its rounds, and the deal that came of it."""

    id: uuid.UUID
    number: str
    listing_id: uuid.UUID
    district_code: str
    organisation_id: uuid.UUID
    buyer_id: uuid.UUID
    territory: str
    field: str
    term_from: date | None
    term_to: date | None
    amount: MoneyOut
    expires_on: date
    round: int
    last_by: str
    status: str
    deal_id: uuid.UUID | None
    rounds: list[RoundOut]
    version: int
