"""Families and associated marks on the wire."""

from __future__ import annotations

import uuid
from datetime import date

from pydantic import Field

from app.schemas.common import ResponseModel


class FamilyMemberOut(ResponseModel):
    """A right of the family."""

    asset_id: uuid.UUID
    office: str
    kind: str
    patent_type: str | None
    number: str
    name: str
    status: str
    filed_on: date | None


class FamilyOut(ResponseModel):
    """Every right that links join to this one, however far, without it."""

    asset_id: uuid.UUID
    items: list[FamilyMemberOut]


class AssociatedMarkOut(ResponseModel):
    """A mark that passes or is pledged only together with this one."""

    asset_id: uuid.UUID
    number: str
    name: str
    status: str
    identical: bool = Field(description="The same words; otherwise an office holds the marks to be similar.")


class AssociatedMarksOut(ResponseModel):
    """The marks of the same owners that go together with this one (商标法第42条第2款), without it."""

    asset_id: uuid.UUID
    items: list[AssociatedMarkOut]
