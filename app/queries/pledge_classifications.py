"""Reads of loan classifications: what a bank reported of a pledge's loan, and when that became known."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import false, select

from app.models.pledge import LoanClassification, Pledge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


async def lock_pledge(session: AsyncSession, pledge_id: uuid.UUID) -> Pledge:
    """A pledge that is known to exist, locked, freshly read."""
    locked = select(Pledge).where(Pledge.id == pledge_id).with_for_update(key_share=True)
    return (await session.scalars(locked.execution_options(populate_existing=True))).one()


def visible(actor: Actor, pledge: Pledge) -> Select[LoanClassification]:
    """Classifications of the loan of a pledge the caller sees: for its bank and the offices of its district.

    How a loan goes is no business of a pledgor that is not the bank's debtor, so parties see none.
    """
    oversees = actor.oversees(pledge.district_code)
    statement = select(LoanClassification).where(LoanClassification.pledge_id == pledge.id)
    return statement if oversees or is_bank(actor, pledge) else statement.where(false())


def is_bank(actor: Actor, pledge: Pledge) -> bool:
    """Whether the caller is the bank of the loan: the one that filed it, of imported history its pledgee."""
    if pledge.organisation_id is None:
        return pledge.pledgee_id == actor.party_id
    return pledge.organisation_id == actor.organisation_id


async def last(session: AsyncSession, pledge_id: uuid.UUID) -> LoanClassification | None:
    """The classification that stands: the latest by its day, of these the last to become known."""
    found = await known(session, pledge_id)
    return found[-1] if found else None


async def known(
    session: AsyncSession,
    pledge_id: uuid.UUID,
    *,
    up_to: date | None = None,
    known_at: datetime | None = None,
) -> Sequence[LoanClassification]:
    """Classifications in order, those of a day no later than `up_to`, as known at `known_at`, if given."""
    statement = select(LoanClassification).where(LoanClassification.pledge_id == pledge_id)
    if up_to is not None:
        statement = statement.where(LoanClassification.occurred_on <= up_to)
    if known_at is not None:
        statement = statement.where(LoanClassification.recorded_at <= known_at)
    in_order = statement.order_by(
        LoanClassification.occurred_on, LoanClassification.recorded_at, LoanClassification.id
    )
    return (await session.scalars(in_order)).all()
