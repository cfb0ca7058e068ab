"""Reads and locks of claims, their shares and recoveries, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.domain import claim as rules
from app.domain.approval import Decision
from app.domain.commitment import CommitmentStatus
from app.domain.pool import SharingParty
from app.models.approval import Approval
from app.models.claim import Claim, ClaimShare, Clawback, Recovery, RecoveryShare
from app.models.pool import Commitment, Pool
from app.queries import pledge_classifications, pools
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

_ORDER = {party.value: place for place, party in enumerate(SharingParty)}


def visible(actor: Actor) -> Select[Claim]:
    """Claims the caller may see: its own, those on pools it manages, those of the district it regulates."""
    managed = select(Pool.id).where(Pool.manager_id == actor.organisation_id)
    return select(Claim).where(
        seen_by(
            actor,
            Claim.district_code,
            Claim.organisation_id == actor.organisation_id,
            Claim.pool_id.in_(managed),
        )
    )


async def get(session: AsyncSession, actor: Actor, claim_id: uuid.UUID) -> Claim:
    """One claim the caller may see. Raises: `claim.not_found`."""
    claim = (await session.scalars(visible(actor).where(Claim.id == claim_id))).one_or_none()
    if claim is None:
        raise rules.NOT_FOUND.error(claim_id=claim_id)
    return claim


async def lock(session: AsyncSession, actor: Actor, claim_id: uuid.UUID) -> Claim:
    """One claim the caller may see, locked after its pledge and its pool. Raises: `claim.not_found`.

    The pool comes first because a payout may change what is set aside for others of its claims.
    """
    seen = await get(session, actor, claim_id)
    await pledge_classifications.lock_pledge(session, seen.pledge_id)
    await pools.lock(session, seen.pool_id)
    locked = select(Claim).where(Claim.id == claim_id).with_for_update(key_share=True)
    return (await session.scalars(locked.execution_options(populate_existing=True))).one()


async def of_pledge(session: AsyncSession, pledge_id: uuid.UUID) -> Sequence[Claim]:
    """All claims ever made on a pledge, in the order they were made."""
    statement = select(Claim).where(Claim.pledge_id == pledge_id).order_by(Claim.id)
    return (await session.scalars(statement)).all()


async def unsettled(session: AsyncSession, pledge_id: uuid.UUID) -> Claim | None:
    """The claim on a pledge that is neither rejected nor paid, or None."""
    statement = select(Claim).where(Claim.pledge_id == pledge_id, Claim.status.in_(rules.UNSETTLED))
    return (await session.scalars(statement.order_by(Claim.id).limit(1))).one_or_none()


async def rejected_at(session: AsyncSession, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """When each of several rejected claims was rejected: its last decision against it."""
    statement = (
        select(Approval.subject_id, func.max(Approval.recorded_at))
        .where(Approval.subject_id.in_(claim_ids), Approval.decision == Decision.rejected)
        .group_by(Approval.subject_id)
    )
    return dict((await session.execute(statement)).all())


async def shares(
    session: AsyncSession, claim_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[ClaimShare]]:
    """Who bears which part of several claims' losses, in the order that settles ties."""
    found: dict[uuid.UUID, list[ClaimShare]] = {claim_id: [] for claim_id in claim_ids}
    statement = select(ClaimShare).where(ClaimShare.claim_id.in_(claim_ids))
    for share in await session.scalars(statement.execution_options(populate_existing=True)):
        found[share.claim_id].append(share)
    return {claim_id: sorted(parts, key=lambda one: _ORDER[one.party]) for claim_id, parts in found.items()}


async def recoveries(
    session: AsyncSession, claim_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[Recovery, list[RecoveryShare]]]]:
    """What came back on several claims, in the order it was recorded, each with its shares."""
    statement = select(Recovery).where(Recovery.claim_id.in_(claim_ids)).order_by(Recovery.id)
    rows = (await session.scalars(statement)).all()
    parts: dict[uuid.UUID, list[RecoveryShare]] = {row.id: [] for row in rows}
    for share in await session.scalars(select(RecoveryShare).where(RecoveryShare.recovery_id.in_(parts))):
        parts[share.recovery_id].append(share)
    found: dict[uuid.UUID, list[tuple[Recovery, list[RecoveryShare]]]] = {one: [] for one in claim_ids}
    for row in rows:
        found[row.claim_id].append((row, sorted(parts[row.id], key=lambda one: _ORDER[one.party])))
    return found


async def interest_served(session: AsyncSession, claim_id: uuid.UUID) -> int:
    """What the bank got of its interest and penalty out of recoveries of a claim, in fen."""
    statement = select(func.coalesce(func.sum(Recovery.interest_fen), 0)).where(Recovery.claim_id == claim_id)
    return int((await session.scalars(statement)).one())


async def clawbacks(session: AsyncSession, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Clawback]:
    """The demands to repay the payouts of several claims."""
    statement = select(Clawback).where(Clawback.claim_id.in_(claim_ids))
    return {row.claim_id: row for row in await session.scalars(statement)}


async def excluded(session: AsyncSession, pledge_id: uuid.UUID) -> bool:
    """Whether a pledge was once covered and then excluded (剔除)."""
    statement = select(Commitment.id).where(
        Commitment.pledge_id == pledge_id, Commitment.status == CommitmentStatus.excluded
    )
    return (await session.scalars(statement.limit(1))).one_or_none() is not None


async def decisions(session: AsyncSession, claim_id: uuid.UUID) -> Sequence[Approval]:
    """Who decided which step of a claim, over all its rounds, in order."""
    statement = select(Approval).where(Approval.subject_id == claim_id).order_by(Approval.id)
    return (await session.scalars(statement)).all()
