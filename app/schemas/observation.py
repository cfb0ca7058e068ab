"""Observations on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.approval import Decision
from app.domain.indicator import PLAIN
from app.schemas.common import MAX_ROWS, Id, RequestModel, ResponseModel, Text
from app.schemas.plan import Code, Component, Value, Year


class ObservationIn(RequestModel):
    """A value for a calendar year. The indicator is named by its id, or by the codes of plan and indicator.

    `component` is one of the indicator's; `subject` names the object where objects are counted.
    """

    indicator_id: Id | None = None
    plan: Code | None = Field(default=None, examples=["DL"])
    indicator: Code | None = Field(default=None, examples=["DL-02"])
    component: Component = PLAIN
    subject: Annotated[str, StringConstraints(max_length=200)] = ""
    year: Year
    value: Value
    note: Text | None = None
    document_id: Id | None = None


class ObservationsIn(RequestModel):
    """A return of several values; all of them are entered, or none."""

    rows: Annotated[list[ObservationIn], Field(min_length=1, max_length=MAX_ROWS)]


class ObservationDecisionIn(RequestModel):
    """Whether a value counts; a rejection states its reason."""

    decision: Annotated[Decision, Field(strict=False)]
    reason: Text | None = None


class ObservationDecisionsIn(ObservationDecisionIn):
    """One decision on several values; it is taken on all of them, or on none."""

    observation_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ROWS)]


class ObservationOut(ResponseModel):
    """A reported value, its evidence and what became of it."""

    id: uuid.UUID
    plan_id: uuid.UUID
    plan: str
    indicator_id: uuid.UUID
    indicator: str
    component: str
    subject: str
    year: int
    revision: int
    value: str
    unit: str
    note: str | None
    document_id: uuid.UUID | None
    status: str
    reason: str | None
    organisation_id: uuid.UUID
    submitted_on: date
    decided_on: date | None
    version: int


class ObservationsOut(ResponseModel):
    """What became of several values."""

    items: list[ObservationOut]
