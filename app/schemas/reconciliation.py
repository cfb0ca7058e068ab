"""Reconciliations on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.reconciliation import DifferenceDecision, Subject
from app.schemas.common import Day, Id, Name, RequestModel, ResponseModel, Text

MAX_OWNERS = 200


class ReconciliationIn(RequestModel):
    """An official list, uploaded before as a CSV document (UTF-8 or GB18030), to hold against the register.

    Columns of rights: `number`, `status` (a code of ours or the office's words), `owners` (names separated
    by semicolons), and as known `office` (CN), `last_day_in_force`. Columns of liens: `number`,
    `registered_on`, `pledgee` (统一社会信用代码 or name), and as known `kind` (patent), `office`,
    `reference`, `ended_on`. `complete_for_owner_ids`: owners of whom the list names everything, so that
    what it lacks is a difference too. `assignee_id`: who decides the differences, the caller if left out.
    """

    subject: Annotated[Subject, Field(strict=False)]
    list_as_of: Day
    document_id: Id
    source: Name
    complete_for_owner_ids: Annotated[list[Id], Field(max_length=MAX_OWNERS)] = Field(default_factory=list)
    assignee_id: Id | None = None


class DifferenceDecisionIn(RequestModel):
    """What was found: `corrected` is checked against the register; `explained` lets the difference stand."""

    decision: Annotated[DifferenceDecision, Field(strict=False)]
    reason: Text


class RefusalOut(ResponseModel):
    """Why a row of the list was refused: the line in the file, the column, the objection."""

    line: int
    column: str | None
    code: str
    message_zh: str
    message_en: str


class DifferenceCountsOut(ResponseModel):
    """How many differences are in which state."""

    open: int
    corrected: int
    explained: int


class ReconciliationOut(ResponseModel):
    """A list held against the register. `matched`: rows without any difference."""

    id: uuid.UUID
    number: str
    subject: str
    list_as_of: date
    source: str
    document_id: uuid.UUID
    file_sha256: str
    complete_for_owner_ids: list[uuid.UUID]
    organisation_id: uuid.UUID
    district_code: str
    rows: int
    matched: int
    refused: int
    differences: DifferenceCountsOut
    recorded_at: datetime


class ReconciliationDetailOut(ReconciliationOut):
    """A reconciliation with the rows it refused."""

    refusals: list[RefusalOut]


class DifferenceOut(ResponseModel):
    """Where list and register say otherwise, and what was decided about it.

    `confidential`: it is about the pledgee, and the caller is not told what list and register say.
    """

    id: uuid.UUID
    reconciliation_id: uuid.UUID
    line: int | None
    kind: str
    asset_id: uuid.UUID | None
    number: str
    field: str | None
    listed: str | None
    registered: str | None
    confidential: bool
    assignee_id: uuid.UUID
    due_on: date
    status: str
    reason: str | None
    decided_on: date | None
    version: int
