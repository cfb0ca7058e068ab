"""The state of a right on a day, as known at a moment, on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.common import ResponseModel


class NumberOut(ResponseModel):
    """One of a right's numbers."""

    scheme: str
    value: str


class StatusOut(ResponseModel):
    """A legal status, the day it took effect (null: no start known) and its source."""

    status: str
    effective_on: date | None
    source: str


class OwnerRecordalOut(ResponseModel):
    """The recorded document behind a title."""

    office: str
    kind: str
    reference: str | None
    executed_on: date | None
    recorded_on: date | None


class OwnerThenOut(ResponseModel):
    """An owner on that day; `unrecorded` when nobody is known."""

    party_id: uuid.UUID | None
    name: str | None
    share_ppm: int | None
    unrecorded: bool
    acquired_on: date | None
    recordal: OwnerRecordalOut | None


class EncumbranceOut(ResponseModel):
    """What tied the right up on that day: how, in which rank, from when until when. Never for whom.

    `territory` and `field` of a licence are half-open ranges over their numbered trees.
    """

    kind: str
    rank: int
    placed_on: date | None
    since: date | None
    until: date | None
    territory: tuple[int, int] | None
    field: tuple[int, int] | None


class StateOut(ResponseModel):
    """A right on the day `on`, as known at `known_at`; `known`: whether the register had it by then.

    What names it and its `last_day_in_force` are as they are today.
    """

    asset_id: uuid.UUID
    on: date
    known_at: datetime
    known: bool
    office: str
    kind: str
    patent_type: str | None
    number: str
    numbers: list[NumberOut]
    name: str
    last_day_in_force: date | None
    status: StatusOut | None
    in_force: bool
    owners: list[OwnerThenOut]
    encumbrances: list[EncumbranceOut]
