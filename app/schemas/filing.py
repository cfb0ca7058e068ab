"""Filings at the office, on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.asset import AssetKind
from app.domain.filing import FilingAction, FilingChannel
from app.schemas.common import Day, Id, Reference, RequestModel, ResponseModel, Text


class PledgeFilingIn(RequestModel):
    """What was handed in for the rights of one kind. `amendment_id`: of a change or an extension."""

    asset_kind: Annotated[AssetKind, Field(strict=False)]
    action: Annotated[FilingAction, Field(strict=False)] = FilingAction.registration
    application_no: Reference
    channel: Annotated[FilingChannel, Field(strict=False)]
    submitted_on: Day
    amendment_id: Id | None = None


class CorrectionIn(RequestModel):
    """The office asks for corrections, to be handed in by a day."""

    reason: Text
    requested_on: Day
    respond_by: Day


class ResubmissionIn(RequestModel):
    """The corrections were handed in."""

    resubmitted_on: Day


class FilingWithdrawalIn(RequestModel):
    """The filing was taken back, one for registration with its rights."""

    reason: Text
    withdrawn_on: Day


class FilingOut(ResponseModel):
    """What was handed in, and where the office's procedure stands.

    `due_on`: the last day of the office's time limit in working days, `due_assumed` where the calendar of
    that year is not known yet; `overdue`: it is over and the office has not decided.
    """

    id: uuid.UUID
    pledge_id: uuid.UUID
    amendment_id: uuid.UUID | None
    district_code: str
    asset_kind: str
    action: str
    channel: str
    application_no: str
    submitted_on: date
    due_on: date
    due_assumed: bool
    overdue: bool
    correction_reason: str | None
    requested_on: date | None
    respond_by: date | None
    corrected_on: date | None
    decided_on: date | None
    announced_on: date | None
    reason: str | None
    grounds: list[str]
    status: str
    recorded_at: datetime
    version: int
