"""What the steps of a claim share: who may take them, and how they are told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain import claim as rules
from app.domain.approval import SAME_PERSON, STEP_TAKEN, ApprovalStep
from app.models.claim import Claim
from app.models.pledge import Pledge, PledgeItem
from app.models.pool import Pool
from app.queries import claims as queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor, Role


def require_bank(actor: Actor, claim: Claim) -> None:
    """The bank that made the claim carries it on. Raises: `claim.not_yours`."""
    if claim.organisation_id != actor.organisation_id:
        raise rules.NOT_YOURS.error()


def holds_office(actor: Actor, role: Role, claim: Claim) -> bool:
    """Whether the caller is an office of that role in the district of the claim's pool."""
    return role in actor.roles and actor.oversees(claim.district_code)


async def require_manager(session: AsyncSession, actor: Actor, claim: Claim) -> None:
    """The pool's manager checks. Raises: `claim.wrong_office`."""
    pool = await session.get_one(Pool, claim.pool_id)
    if pool.manager_id != actor.organisation_id:
        raise rules.WRONG_OFFICE.error()


async def require_disinterested(session: AsyncSession, actor: Actor, claim: Claim) -> None:
    """Neither the claimant nor the loan's bank, borrower and pledgors decide on its claim (RB-03).

    Raises: `claim.own_claim`.
    """
    pledge = await session.get_one(Pledge, claim.pledge_id)
    pledgors = await session.scalars(
        select(PledgeItem.pledgor_id).where(PledgeItem.pledge_id == pledge.id).distinct()
    )
    concerned = {pledge.pledgee_id, pledge.borrower_id, *pledgors}
    if claim.organisation_id == actor.organisation_id or actor.party_id in concerned:
        raise rules.OWN_CLAIM.error()


async def require_independent(session: AsyncSession, actor: Actor, claim: Claim, step: ApprovalStep) -> None:
    """Nobody reviews its own claim; no client takes two different steps, whatever the round (RB-02, RB-03).

    Raises: `claim.own_claim`, `approval.same_person`, `approval.step_taken`.
    """
    await require_disinterested(session, actor, claim)
    for taken in await queries.decisions(session, claim.id):
        if taken.client_id == actor.client_id and taken.step != step:
            raise SAME_PERSON.error()
        if taken.round == claim.round and taken.step == step:
            raise STEP_TAKEN.error()


async def told(
    session: AsyncSession,
    claim: Claim,
    what: str,
    *,
    facts: Sequence[events.NewFact] = (),
    occurred_on: date | None = None,
    **payload: object,
) -> events.NewEvent:
    """The event of a step, of concern to the bank and the pool's manager beside the district's regulators."""
    pool = await session.get_one(Pool, claim.pool_id)
    return events.NewEvent(
        type=f"claim.{what}",
        noun="claim",
        subject_id=claim.id,
        stream=claim.district_code,
        audience=sorted({claim.organisation_id, pool.manager_id}),
        facts=facts,
        occurred_on=occurred_on,
        payload={
            "number": claim.number,
            "status": claim.status,
            "round": claim.round,
            "pool_id": str(claim.pool_id),
            "pledge_id": str(claim.pledge_id),
            **payload,
        },
    )


def dimensions(claim: Claim, pledgee_id: uuid.UUID | None) -> dict[str, str]:
    """By what payouts and recoveries are counted."""
    return {"pool_id": str(claim.pool_id), "pledgee_id": str(pledgee_id or "")}
