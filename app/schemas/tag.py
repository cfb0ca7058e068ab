"""Tags on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.domain.tag import TagScheme
from app.schemas.common import Day, Name, RequestModel, ResponseModel


class TagIn(RequestModel):
    """What a right is classed as; `valid_from` null: from its beginning. One main tag per scheme."""

    scheme: Annotated[TagScheme, Field(strict=False)]
    code: Name
    main: bool = False
    valid_from: Day | None = None
    source: Name


class TagEndIn(RequestModel):
    """The first day the tag holds no longer; null: it was wrong from its start."""

    valid_to: Day | None


class TagOut(ResponseModel):
    """A tag. `name`: of an industry of GB/T 4754. It holds until the day before `valid_to`."""

    id: uuid.UUID
    scheme: str
    code: str
    name: str | None
    main: bool
    valid_from: date | None
    valid_to: date | None
    source: str
    recorded_at: datetime
    ended_at: datetime | None = Field(description="When its end became known; null while it has not ended.")


class TagsOut(ResponseModel):
    """The tags of a right that hold `on` a day, as known at `known_at`; without `on`, all known by then."""

    asset_id: uuid.UUID
    on: date | None
    known_at: datetime
    items: list[TagOut]
