"""Reads of approvals: who may see who decided what."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.models.approval import Approval
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Approval]:
    """The decisions of the caller's organisation, and for a regulator those of its district."""
    own = Approval.organisation_id == actor.organisation_id
    return select(Approval).where(seen_by(actor, Approval.district_code, own))


def matching(
    statement: Select[Approval], *, subject_id: uuid.UUID | None = None, noun: str | None = None
) -> Select[Approval]:
    """`statement` narrowed by what is given."""
    if subject_id is not None:
        statement = statement.where(Approval.subject_id == subject_id)
    if noun is not None:
        statement = statement.where(Approval.noun == noun)
    return statement
