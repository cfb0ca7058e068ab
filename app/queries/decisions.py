"""Reads of decisions: who may see them, and those of a time in order."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select, tuple_

from app.domain import decision as rules
from app.models.pledge import Decision
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.decision import DecisionKind
    from app.domain.permission import Actor


def visible(
    actor: Actor, *, pledge_id: uuid.UUID | None = None, kind: DecisionKind | None = None
) -> Select[Decision]:
    """Decisions on the caller's own pledges and pre-checks, and those of the district it regulates."""
    statement = select(Decision).where(
        seen_by(actor, Decision.district_code, Decision.organisation_id == actor.organisation_id)
    )
    if pledge_id is not None:
        statement = statement.where(Decision.pledge_id == pledge_id)
    if kind is not None:
        statement = statement.where(Decision.kind == kind.value)
    return statement


async def get(session: AsyncSession, actor: Actor, decision_id: uuid.UUID) -> Decision:
    """One decision the caller may see. Raises: `decision.not_found`."""
    found = (await session.scalars(visible(actor).where(Decision.id == decision_id))).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error(decision_id=decision_id)
    return found


async def following(
    session: AsyncSession,
    actor: Actor,
    *,
    first: date,
    last: date,
    kind: DecisionKind | None,
    after: uuid.UUID | None,
    limit: int,
) -> Sequence[Decision]:
    """The next decisions made from `first` to `last` in the order of their days, behind the one `after`."""
    statement = visible(actor, kind=kind).where(Decision.decided_on.between(first, last))
    if after is not None:
        made_on = select(Decision.decided_on).where(Decision.id == after).scalar_subquery()
        statement = statement.where(tuple_(Decision.decided_on, Decision.id) > tuple_(made_on, after))
    return (await session.scalars(statement.order_by(Decision.decided_on, Decision.id).limit(limit))).all()
