"""Duplicates on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.duplicate import DuplicateDecision
from app.schemas.common import Id, RequestModel, ResponseModel, Text


class DuplicateIn(RequestModel):
    """`duplicate_party_id` is the same party as `party_id`, which would stay."""

    party_id: Id
    duplicate_party_id: Id
    reason: Text


class DuplicateDecisionIn(RequestModel):
    """What is decided; a rejection says why."""

    decision: Annotated[DuplicateDecision, Field(strict=False)]
    reason: Text | None = None


class DuplicateOut(ResponseModel):
    """A proposal and what became of it; clients by their ids."""

    id: uuid.UUID
    party_id: uuid.UUID
    duplicate_party_id: uuid.UUID
    status: str
    reason: str
    decision_reason: str | None
    proposed_by: uuid.UUID
    decided_by: uuid.UUID | None
    decided_on: date | None
    undone_by: uuid.UUID | None
    undone_on: date | None
    undo_reason: str | None
    succession_id: uuid.UUID | None
    recorded_at: datetime
    version: int


class MatchOut(ResponseModel):
    """A party entered before, and why it may be the same: `name`, `identifier`, `address_and_day`."""

    party_id: uuid.UUID
    name: str
    district_code: str
    why: list[str]


class CandidateOut(ResponseModel):
    """A party that may be the same as others entered before it."""

    duplicate_party_id: uuid.UUID
    name: str
    district_code: str
    matches: list[MatchOut]
