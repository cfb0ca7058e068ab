"""The state of a right on a day as known at a moment: what `state_at` of the queries finds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.hold import HoldKind
from app.domain.patent_number import PatentType


@dataclass(frozen=True, slots=True)
class RightNumber:
    """One of the right's numbers."""

    scheme: NumberScheme
    value: str


@dataclass(frozen=True, slots=True)
class StatusState:
    """A legal status, the day it took effect (None: no start known) and the source that told it."""

    status: AssetStatus
    effective_on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class OwnerRecordal:
    """The recorded document behind a title."""

    office: str
    kind: str
    reference: str | None
    executed_on: date | None
    recorded_on: date | None


@dataclass(frozen=True, slots=True)
class OwnerState:
    """An owner; `unrecorded` (no party, no name) where nobody is known. `share_ppm` None: undivided."""

    party_id: uuid.UUID | None
    name: str | None
    share_ppm: int | None
    unrecorded: bool
    acquired_on: date | None
    recordal: OwnerRecordal | None


@dataclass(frozen=True, slots=True)
class EncumbranceState:
    """What ties the right up, never for whom or on which terms.

    `since` and `until` are the first and the last day it runs, as far as known; `placed_on` is the day it
    was registered, `last_day` that of its period, whether or not it ended before. A licence has its
    territory and field, each a half-open range over its numbered tree.
    """

    kind: HoldKind
    rank: int
    placed_on: date | None
    since: date | None
    until: date | None
    last_day: date | None
    territory: tuple[int, int] | None
    field: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class RightState:
    """A right on the day `on`, as known at `known_at`.

    What names the right (number, name, type) and its `last_day_in_force` are as the register has them
    today; `known` tells whether the right was in the register at `known_at` at all: before that there is
    no status, no owner and no encumbrance to tell of.
    """

    asset_id: uuid.UUID
    on: date
    known_at: datetime
    known: bool
    office: str
    kind: AssetKind
    patent_type: PatentType | None
    number: str
    numbers: tuple[RightNumber, ...]
    name: str
    last_day_in_force: date | None
    status: StatusState | None
    in_force: bool
    owners: tuple[OwnerState, ...]
    encumbrances: tuple[EncumbranceState, ...]
