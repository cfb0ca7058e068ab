"""Encumbrances on the wire."""

from __future__ import annotations

import uuid
from datetime import date

from app.schemas.common import ResponseModel


class LienRegistrationOut(ResponseModel):
    """The official registration of a lien as it stands now; what is null is not for the caller."""

    status: str
    registered_on: date | None
    expires_on: date | None
    pledge_id: uuid.UUID | None
    pledge_number: str | None
    pledgee: str | None


class FoundEncumbranceOut(ResponseModel):
    """What lay, or lies, on a right.

    `since` is its first day, `until` the last of its period, null without one. `ended_on` is the first day
    without it, if it has ended, and `end_reason` what ended it. `void`: its registration was revoked, so that
    it never was (PL-08).
    """

    asset_id: uuid.UUID
    asset_number: str
    asset_name: str
    kind: str
    rank: int
    placed_on: date | None
    since: date | None
    until: date | None
    ended_on: date | None
    end_reason: str | None
    void: bool
    registration: LienRegistrationOut | None
