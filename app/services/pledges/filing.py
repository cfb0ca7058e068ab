"""Filing a pledge: pre-check, liens and the pool's commitment in one transaction and four statements.

Lock, read, decide, write: the number of statements does not grow with the number of rights.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.domain.decision import DecisionKind
from app.domain.errors import refuse_if
from app.domain.pledge_filing import NewPledge, faults
from app.queries import pledge_filing as queries
from app.queries.driver import driver
from app.services import decisions, events
from app.services.pledges import judging
from app.services.pledges.filed import FiledPledge, Rows, filed_pledge
from app.services.pledges.statement import write_one

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.services.idempotency import Answer


async def file(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    new: NewPledge,
    render: Callable[[FiledPledge], Answer],
    key: str | None = None,
) -> Answer:
    """File a pledge for the caller's bank; returns the answer that `render` makes of it.

    The answer is kept under the caller's idempotency `key` by the writing statement itself.

    Raises one error with every objection: the twelve grounds of PL-06 (see `app.domain.pledge_ground`),
    `hold.already_reserved` (a deal is under way, DEA-03), what `pledge_filing.faults` finds,
    `asset.not_found`, `party.not_found`, `valuation.not_found`, `.unfit`, `.expired` (PL-26); for a pool
    `pool.not_found` and what `app.domain.commitment_ground` finds (RP-04 to RP-06); on an application
    `application.not_found`, `state.illegal_transition`, `application.principal_exceeds_approved`,
    `commitment.borrower_differs`, `commitment.pool_differs`.
    """
    refuse_if(faults(new, actor.party_id, today=moment.today))
    ground = await queries.lock_and_read(
        session,
        asset_ids=[item.asset_id for item in new.items],
        pool_id=new.pool_id,
        party_ids=sorted({actor.party_id, *new.party_ids}),
        borrower_id=new.borrower_id,
        actor=actor,
        today=moment.today,
        valuation_ids=sorted(new.valuation_ids),
        application_id=new.application_id,
    )
    refuse_if(judging.unknown(new, ground))
    judgement = judging.judge(new, ground, moment)
    refuse_if(judgement.objections)
    filed = filed_pledge(new, ground, actor, today=moment.today, rule_pack=judgement.pack.code)
    decision = decisions.row(DecisionKind.filing, new, judgement)
    rows = Rows()
    rows.add(new, filed, ground, actor, today=moment.today, decision=decision)
    answer = render(filed)
    connection = await driver(session)
    await connection.execute(
        write_one(rows.parts),
        events.event_rows(rows.happened, moment),
        actor.organisation_id,
        actor.client_id,
        actor.request_id,
        moment.now,
        rows.json(),
        key,
        answer.status_code,
        json.dumps(dict(answer.headers)),
        answer.body,
    )
    return answer
