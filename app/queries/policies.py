"""Reads and locks of policies, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, or_, select

from app.domain import policy as rules
from app.domain.policy import PolicyProduct, PolicyStatus
from app.models.asset import Asset
from app.models.organisation import Organisation
from app.models.pledge import Pledge, PledgeItem
from app.models.policy import Policy, PolicyEndorsement, PolicyItem
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Policy]:
    """Policies the caller has reported or is insured by, and those of the district it regulates."""
    return select(Policy).where(
        seen_by(
            actor,
            Policy.district_code,
            Policy.organisation_id == actor.organisation_id,
            Policy.insured_id == actor.party_id,
        )
    )


def matching(
    statement: Select[Policy],
    *,
    product: PolicyProduct | None = None,
    status: PolicyStatus | None = None,
    insured_id: uuid.UUID | None = None,
    pledge_id: uuid.UUID | None = None,
    policy_no: str | None = None,
) -> Select[Policy]:
    """`statement` narrowed by what is given."""
    for column, value in ((Policy.product, product), (Policy.status, status), (Policy.policy_no, policy_no)):
        if value is not None:
            statement = statement.where(column == value)
    if insured_id is not None:
        statement = statement.where(Policy.insured_id == insured_id)
    if pledge_id is not None:
        statement = statement.where(Policy.pledge_id == pledge_id)
    return statement


async def get(session: AsyncSession, actor: Actor, policy_id: uuid.UUID, *, lock: bool = False) -> Policy:
    """One policy the caller may see, locked and fresh if asked. Raises: `policy.not_found`."""
    statement = visible(actor).where(Policy.id == policy_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    policy = (await session.scalars(statement)).one_or_none()
    if policy is None:
        raise rules.NOT_FOUND.error("path:policy_id", policy_id=policy_id)
    return policy


async def assets(session: AsyncSession, policy_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Asset]]:
    """The rights that policies cover, in the order in which they were given."""
    found: dict[uuid.UUID, list[Asset]] = {policy_id: [] for policy_id in policy_ids}
    statement = (
        select(PolicyItem.policy_id, Asset)
        .join(Asset, Asset.id == PolicyItem.asset_id)
        .where(PolicyItem.policy_id.in_(policy_ids))
        .order_by(PolicyItem.id)
    )
    for policy_id, asset in (await session.execute(statement)).all():
        found[policy_id].append(asset)
    return found


async def endorsements(
    session: AsyncSession, policy_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[PolicyEndorsement]]:
    """The endorsements of policies, in the order in which they were reported."""
    found: dict[uuid.UUID, list[PolicyEndorsement]] = {policy_id: [] for policy_id in policy_ids}
    statement = (
        select(PolicyEndorsement)
        .where(PolicyEndorsement.policy_id.in_(policy_ids))
        .order_by(PolicyEndorsement.id)
    )
    for endorsement in await session.scalars(statement):
        found[endorsement.policy_id].append(endorsement)
    return found


async def concerns(session: AsyncSession, pledge_id: uuid.UUID, party_id: uuid.UUID) -> bool:
    """Whether there is a pledge of which the party is borrower, pledgee or a pledgor, whoever may see it."""
    pledgor = exists().where(PledgeItem.pledge_id == Pledge.id, PledgeItem.pledgor_id == party_id)
    statement = select(Pledge.id).where(
        Pledge.id == pledge_id,
        or_(Pledge.borrower_id == party_id, Pledge.pledgee_id == party_id, pledgor),
    )
    return (await session.execute(statement)).first() is not None


async def audience(session: AsyncSession, policy: Policy) -> Sequence[uuid.UUID]:
    """Organisations a policy concerns: its insurer's and the insured's, if it uses the system."""
    insured = await session.scalar(select(Organisation.id).where(Organisation.party_id == policy.insured_id))
    return sorted({policy.organisation_id} | ({insured} if insured else set()))
