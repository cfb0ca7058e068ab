"""Reads of reconciliations and their differences, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.domain import reconciliation as rules
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.reconciliation import DifferenceField, DifferenceKind, DifferenceStatus, Subject
from app.models.pledge import Pledge, PledgeItem
from app.models.reconciliation import Reconciliation, ReconciliationDifference
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Reconciliation]:
    """Reconciliations of the caller and of the district it regulates, and those with a task for it."""
    tasks = select(ReconciliationDifference.reconciliation_id).where(
        ReconciliationDifference.assignee_id == actor.organisation_id
    )
    return select(Reconciliation).where(
        seen_by(
            actor,
            Reconciliation.district_code,
            Reconciliation.organisation_id == actor.organisation_id,
            Reconciliation.id.in_(tasks),
        )
    )


def matching(statement: Select[Reconciliation], *, subject: Subject | None = None) -> Select[Reconciliation]:
    """`statement` narrowed by what is given."""
    return statement if subject is None else statement.where(Reconciliation.subject == subject)


async def get(session: AsyncSession, actor: Actor, reconciliation_id: uuid.UUID) -> Reconciliation:
    """One reconciliation the caller may see. Raises: `reconciliation.not_found`."""
    statement = visible(actor).where(Reconciliation.id == reconciliation_id)
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error("path:reconciliation_id", reconciliation_id=reconciliation_id)
    return found


def differences(actor: Actor, reconciliation: Reconciliation) -> Select[ReconciliationDifference]:
    """Its differences: all for who reconciled and the district's authorities, else the caller's tasks."""
    statement = select(ReconciliationDifference).where(
        ReconciliationDifference.reconciliation_id == reconciliation.id
    )
    if reconciliation.organisation_id == actor.organisation_id or actor.oversees(
        reconciliation.district_code
    ):
        return statement
    return statement.where(ReconciliationDifference.assignee_id == actor.organisation_id)


def differing(
    statement: Select[ReconciliationDifference],
    *,
    status: DifferenceStatus | None = None,
    kind: DifferenceKind | None = None,
) -> Select[ReconciliationDifference]:
    """`statement` narrowed by what is given."""
    for column, value in ((ReconciliationDifference.status, status), (ReconciliationDifference.kind, kind)):
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def lock_difference(
    session: AsyncSession, actor: Actor, reconciliation: Reconciliation, difference_id: uuid.UUID
) -> ReconciliationDifference:
    """One difference the caller may see, locked and fresh. Raises: `reconciliation.difference_not_found`."""
    statement = (
        differences(actor, reconciliation)
        .where(ReconciliationDifference.id == difference_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise rules.DIFFERENCE_NOT_FOUND.error("path:difference_id", difference_id=difference_id)
    return found


async def counts(
    session: AsyncSession, reconciliation_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[str, int]]:
    """How many differences of reconciliations there are, by status."""
    found: dict[uuid.UUID, dict[str, int]] = {
        key: dict.fromkeys((status.value for status in DifferenceStatus), 0) for key in reconciliation_ids
    }
    of, status = ReconciliationDifference.reconciliation_id, ReconciliationDifference.status
    statement = select(of, status, func.count()).where(of.in_(reconciliation_ids)).group_by(of, status)
    for key, state, count in (await session.execute(statement)).all():
        found[key][state] = count
    return found


async def confidential(
    session: AsyncSession, actor: Actor, rows: Iterable[ReconciliationDifference]
) -> set[uuid.UUID]:
    """Those of the differences that tell who lends to whom, which the caller may not know.

    See `lenders_told`.
    """
    secret = {row.id: row.hold_id for row in rows if row.field == DifferenceField.pledgee and row.hold_id}
    told = await lenders_told(session, actor, set(secret.values()))
    return {key for key, hold_id in secret.items() if hold_id not in told}


async def lenders_told(
    session: AsyncSession, actor: Actor, hold_ids: Collection[uuid.UUID]
) -> set[uuid.UUID]:
    """Those of these liens of which the caller may know the pledgee (decisions §13).

    The pledgee may, and authorities of the district of the pledge; of what was imported, which is of no
    district, every authority.
    """
    if not hold_ids:
        return set()
    statement = (
        select(PledgeItem.hold_id, Pledge.district_code, Pledge.pledgee_id)
        .join(Pledge, Pledge.id == PledgeItem.pledge_id)
        .where(PledgeItem.hold_id.in_(hold_ids))
    )
    pledges = {hold: (district, pledgee) for hold, district, pledgee in await session.execute(statement)}
    told = set()
    for hold_id in hold_ids:
        district, pledgee = pledges.get(hold_id, (OUTSIDE_EVERY_PLAN, None))
        authority = actor.regulates is not None and district == OUTSIDE_EVERY_PLAN
        if authority or actor.oversees(district) or (pledgee is not None and pledgee == actor.party_id):
            told.add(hold_id)
    return told
