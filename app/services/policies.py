"""Policies: reported by insurers, endorsed, cancelled, or voided from their start (IN-01, IN-02).

What a policy counts for stays in the district where the insured was on the day it starts, by what was known
when it was reported (ST-08, ID-18): a firm that moves takes neither the count nor its corrections along.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import policy as rules
from app.domain.errors import refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.money import BASE_CURRENCY
from app.domain.policy import Change, NewPolicy, PolicyEvent, PolicyProduct, PolicyStatus
from app.models.policy import Policy, PolicyEndorsement, PolicyItem
from app.queries import (
    assets as asset_queries,
    parties as party_queries,
    party_histories,
    policies as queries,
)
from app.queries.serials import next_number
from app.services import events
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def report(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewPolicy) -> Policy:
    """Take in a policy of the caller's; it counts once, with its sum insured, on the day it starts.

    Raises, all that apply: `policy.term_invalid`, `.starts_too_late`, `.currency_unsupported`,
    `.subsidy_exceeds_premium`, `.product_name_missing`, `.asset_twice`; then `party.not_found`;
    `asset.not_found`; `policy.pledge_mismatch`; `policy.number_taken`.
    """
    refuse_if(rules.faults(new, moment.today))
    await party_queries.require(session, {"/insured_id": new.insured_id})
    await asset_queries.require(session, new.asset_ids)
    if new.pledge_id is not None and not await queries.concerns(session, new.pledge_id, new.insured_id):
        raise rules.PLEDGE_MISMATCH.error("/pledge_id")
    districts = await party_histories.districts_on(session, [new.insured_id], new.starts_on)
    district = districts[new.insured_id]
    policy = Policy(
        id=new_id(),
        district_code=district,
        number=await next_number(session, "policy", district, moment.today),
        policy_no=new.policy_no,
        organisation_id=actor.organisation_id,
        insured_id=new.insured_id,
        product=new.product.value,
        product_name=new.product_name,
        sum_insured_fen=new.sum_insured.fen,
        premium_fen=new.premium.fen,
        subsidy_fen=new.subsidy.fen if new.subsidy else 0,
        currency=BASE_CURRENCY,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        pledge_id=new.pledge_id,
        status=PolicyStatus.active.value,
        ended_on=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    facts = [_counted(policy, 1), _insured(policy, policy.sum_insured_fen, policy.starts_on)]
    await _tell(session, actor, moment, policy, "reported", event_id=policy.event_id, facts=facts)
    session.add(policy)
    await session.flush()
    session.add_all(
        PolicyItem(id=new_id(), district_code=district, policy_id=policy.id, asset_id=asset_id)
        for asset_id in new.asset_ids
    )
    await session.flush()
    return policy


async def endorse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    policy_id: uuid.UUID,
    endorsement_no: str,
    change: Change,
    reason: str,
) -> Policy:
    """Change the sum insured from a day on; the difference counts on that day (IN-02).

    Raises: `policy.not_found`, `.not_insurer`, `state.illegal_transition`; then all that apply:
    `request.date_in_future`, `request.date_too_early`, `policy.term_over`, `.sum_not_positive`,
    `money.range`; `policy.endorsement_taken`.
    """
    policy = await _lock(session, actor, policy_id)
    policy.advance(PolicyEvent.endorse)
    earlier = await _changes(session, policy)
    refuse_if(
        rules.endorsement_faults(
            change,
            earlier,
            sum_insured_fen=policy.sum_insured_fen,
            starts_on=policy.starts_on,
            ends_on=policy.ends_on,
            today=moment.today,
        )
    )
    event = await _tell(
        session,
        actor,
        moment,
        policy,
        "endorsed",
        occurred_on=change.occurred_on,
        facts=[_insured(policy, change.delta_fen, change.occurred_on)],
        more={"endorsement_no": endorsement_no, "delta_fen": change.delta_fen},
    )
    session.add(
        PolicyEndorsement(
            id=new_id(),
            district_code=policy.district_code,
            policy_id=policy.id,
            endorsement_no=endorsement_no,
            delta_fen=change.delta_fen,
            occurred_on=change.occurred_on,
            reason=reason,
            event_id=event.id,
            recorded_at=moment.now,
        )
    )
    await session.flush()
    return policy


async def cancel(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    policy_id: uuid.UUID,
    cancelled_on: date,
    reason: str,
) -> Policy:
    """End a policy early; what it counted for stays.

    Raises: `policy.not_found`, `.not_insurer`, `state.illegal_transition`; then all that apply:
    `request.date_in_future`, `policy.cancelled_from_start`, `.term_over`, `.endorsed_later`.
    """
    policy = await _lock(session, actor, policy_id)
    policy.advance(PolicyEvent.cancel)
    refuse_if(
        rules.cancellation_faults(
            cancelled_on,
            await _changes(session, policy),
            starts_on=policy.starts_on,
            ends_on=policy.ends_on,
            today=moment.today,
        )
    )
    policy.ended_on = cancelled_on
    await _tell(
        session, actor, moment, policy, "cancelled", occurred_on=cancelled_on, more={"reason": reason}
    )
    await session.flush()
    return policy


async def void(
    session: AsyncSession, *, actor: Actor, moment: Moment, policy_id: uuid.UUID, reason: str
) -> Policy:
    """Undo a policy from its start: it and each endorsement are counted back on their own days (IN-02).

    Raises: `policy.not_found`, `.not_insurer`, `state.illegal_transition`.
    """
    policy = await _lock(session, actor, policy_id)
    policy.advance(PolicyEvent.void)
    policy.ended_on = policy.starts_on
    facts = [_counted(policy, -1), _insured(policy, -policy.sum_insured_fen, policy.starts_on)]
    facts += [
        _insured(policy, -change.delta_fen, change.occurred_on) for change in await _changes(session, policy)
    ]
    await _tell(session, actor, moment, policy, "voided", facts=facts, more={"reason": reason})
    await session.flush()
    return policy


async def _lock(session: AsyncSession, actor: Actor, policy_id: uuid.UUID) -> Policy:
    policy = await queries.get(session, actor, policy_id, lock=True)
    if policy.organisation_id != actor.organisation_id:
        raise rules.NOT_INSURER.error()
    return policy


async def _changes(session: AsyncSession, policy: Policy) -> list[Change]:
    found = (await queries.endorsements(session, [policy.id]))[policy.id]
    return [Change(endorsement.occurred_on, endorsement.delta_fen) for endorsement in found]


def _counted(policy: Policy, value: int) -> NewFact:
    return _fact(policy, Measure.policy_count, value, policy.starts_on)


def _insured(policy: Policy, fen: int, on: date) -> NewFact:
    return _fact(policy, Measure.policy_amount, fen, on)


def _fact(policy: Policy, measure: Measure, value: int, on: date) -> NewFact:
    return NewFact(
        measure=measure,
        district_code=policy.district_code,
        role=FactRole.internal,
        value=value,
        occurred_on=on,
        source_noun="policy",
        source_id=policy.id,
        dimensions={
            "product": policy.product,
            "insurer_id": str(policy.organisation_id),
            "loan_guarantee": policy.product == PolicyProduct.loan_guarantee,
        },
    )


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    policy: Policy,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    facts: Iterable[NewFact] = (),
    more: Mapping[str, str | int] = MappingProxyType({}),
) -> NewEvent:
    """Record the event `policy.{what}` for insurer, insured and the district."""
    audience: Sequence[uuid.UUID] = await queries.audience(session, policy)
    event = NewEvent(
        id=event_id or new_id(),
        type=f"policy.{what}",
        noun="policy",
        subject_id=policy.id,
        stream=policy.district_code,
        audience=audience,
        occurred_on=occurred_on,
        payload={
            "number": policy.number,
            "status": policy.status,
            "product": policy.product,
            "sum_insured_fen": policy.sum_insured_fen,
            **more,
        },
        facts=tuple(facts),
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event
