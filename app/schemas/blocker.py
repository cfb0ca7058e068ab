"""Blockers on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from app.schemas.common import ResponseModel


class RemedyOut(ResponseModel):
    """One step that helps; all steps of a blocker are taken, in their order.

    `method`, `path` and `body` are the request to send, null where it is done outside the platform. In the
    path an id in braces is known to who takes the step, or is the `id` in the answer to the step before; in
    the body null stands for what is not known here. `if_match`: the request names the right's current
    version. `in_request`: no request of its own, the body becomes part of the request at `path` by which
    the action begins. `by_day` is the last day on which it helps, `from_day` the first.
    """

    step: str
    message_zh: str
    message_en: str
    by: str
    method: str | None
    path: str | None
    body: dict[str, Any] | None
    if_match: bool
    in_request: bool
    by_day: date | None
    from_day: date | None


class BlockerOut(ResponseModel):
    """An objection as the action itself would make it, with what takes it away.

    `severity` is `block`, or `acknowledge` for what passes once the parties, being told, agree.
    `remediable` is false where nothing helps: then `remedies` is empty.
    """

    code: str
    basis: str | None
    severity: str
    message_zh: str
    message_en: str
    facts: dict[str, Any]
    remediable: bool
    remedies: list[RemedyOut]


class BlockersOut(ResponseModel):
    """What speaks against an action on a right on a day; `possible` when nothing does."""

    asset_id: uuid.UUID
    action: str
    on: date
    party_id: uuid.UUID
    possible: bool
    blockers: list[BlockerOut]
