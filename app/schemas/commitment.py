"""Commitments on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.common import MoneyOut, ResponseModel


class CommitmentOut(ResponseModel):
    """Capacity of a pool reserved for a loan; `number` is that of its pledge, or of its application.

    `covered`, scheme version and IP share are frozen (RP-03); `outstanding` is what it reserves now, nothing
    once it has ended. `expires_on`: of a reservation, the last day on which filing confirms it.
    """

    id: uuid.UUID
    number: str
    status: str
    pool_id: uuid.UUID
    scheme_id: uuid.UUID
    scheme_code: str
    scheme_version: int
    application_id: uuid.UUID | None
    pledge_id: uuid.UUID | None
    bank_id: uuid.UUID
    borrower_id: uuid.UUID
    industry: str | None
    principal: MoneyOut
    ip_share_bp: int
    covered: MoneyOut
    outstanding: MoneyOut
    committed_on: date
    expires_on: date | None
    released_on: date | None
    reason: str | None
    district_code: str
    version: int


class CommitmentTransferOut(ResponseModel):
    """A transfer that reserved a commitment's capacity, or gave it back (`resolves_id`)."""

    id: uuid.UUID
    kind: str
    code: str
    amount: MoneyOut
    resolves_id: uuid.UUID | None
    expires_on: date | None
    occurred_on: date
    recorded_at: datetime


class CommitmentDetailOut(CommitmentOut):
    """A commitment with its transfers in the pool's ledger, the confirmed reservation's included."""

    transfers: list[CommitmentTransferOut]
