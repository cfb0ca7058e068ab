"""The pre-check (预审): all that speaks against a pledge, told and kept, and nothing tied up (PLG-01)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain.decision import DecisionKind
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.permission import Role
from app.domain.pledge_filing import NewPledge, faults
from app.models.pledge import Decision
from app.queries import pledge_filing as queries
from app.services import decisions, events
from app.services.pledges import judging

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

NOBODY = uuid.UUID(int=0)


async def check(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewPledge) -> Decision:
    """Judge a filing as it would be judged now, and keep the decision; no right is locked, no lien placed.

    A bank asks for its own filing, an enterprise for one that no bank has made yet. No pool is looked into
    for an enterprise: what it has left and what it knows of a borrower is not the enterprise's to ask.

    Raises what is wrong with the filing itself (`pledge_filing.faults`), and `asset.not_found`,
    `party.not_found`, `valuation.not_found`, `pool.not_found`, `application.not_found`.
    """
    lends = Role.bank in actor.roles
    pledgee_id = actor.party_id if lends else NOBODY
    refuse_if(faults(new, pledgee_id, today=moment.today))
    ground = await queries.lock_and_read(
        session,
        asset_ids=[item.asset_id for item in new.items],
        pool_id=new.pool_id if lends else None,
        party_ids=sorted({actor.party_id, *new.party_ids}),
        borrower_id=new.borrower_id,
        actor=actor,
        today=moment.today,
        valuation_ids=sorted(new.valuation_ids),
        application_id=new.application_id,
        locking=False,
    )
    refuse_if(judging.unknown(new, ground))
    judgement = judging.judge(new, ground, moment)
    kept = decisions.row(DecisionKind.check, new, judgement)
    district = ground.pool.district_code if ground.pool is not None else actor.district_code
    decision_id = new_id()
    event = events.NewEvent(
        type="pledge.checked",
        noun="decision",
        subject_id=decision_id,
        stream=district,
        audience=[actor.organisation_id],
        payload={
            "outcome": kept["outcome"],
            "rule_pack": kept["rule_pack"],
            "asset_ids": [str(item.asset_id) for item in new.items],
            "codes": [entry["code"] for entry in kept["found"]],
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = Decision(
        id=decision_id,
        district_code=district,
        pledge_id=None,
        organisation_id=actor.organisation_id,
        event_id=event.id,
        recorded_at=moment.now,
        **kept,
    )
    session.add(made)
    await session.flush()
    return made
