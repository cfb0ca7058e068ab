"""The sandbox test clock on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from app.schemas.common import Day, RequestModel, ResponseModel


class ClockIn(RequestModel):
    """The business date to move to."""

    business_date: Annotated[Day, Field(lt=date(2100, 1, 1))]


class ClockOut(ResponseModel):
    """The test clock. It moves business dates only: tokens, ids and recorded times follow the real clock."""

    business_date: date
    jobs_through: date | None = Field(description="Day up to which all business-date jobs have run.")
    status: str = Field(description="`ready` once the jobs have reached the business date.")
