"""Delegations on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.permission import Permission
from app.schemas.common import Day, Id, RequestModel, ResponseModel


class DelegationIn(RequestModel):
    """Authority for the organisation `agent_id`; `document_id` is the power of attorney (授权委托书)."""

    agent_id: Id
    permissions: Annotated[
        list[Annotated[Permission, Field(strict=False)]], Field(min_length=1, max_length=len(Permission))
    ]
    valid_from: Day
    valid_to: Day
    document_id: Id


class DelegationOut(ResponseModel):
    """A delegation. The agent calls by it with the header `On-Behalf-Of: {id}`."""

    id: uuid.UUID
    number: str
    district_code: str
    principal_id: uuid.UUID
    agent_id: uuid.UUID
    permissions: list[str]
    valid_from: date
    valid_to: date
    document_id: uuid.UUID
    reason: str | None
    ended_on: date | None
    status: str
    version: int
