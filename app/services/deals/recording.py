"""The office's 备案 of a licence (TR-15)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal as rules
from app.domain.deal import DealEvent, DealKind
from app.domain.errors import refuse_if
from app.domain.request import date_faults
from app.queries import deals as queries, party_histories, tags as tag_queries
from app.services.deals import figures
from app.services.deals.case import before_contract, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    record_no: str,
    recorded_on: date,
) -> Deal:
    """Record the office's 备案: the licence counts on the recording date from now on (TR-15, ST-09).

    Raises: `deal.not_licence`, `state.illegal_transition`, `request.date_in_future`,
    `deal.date_before_contract`; a number used before comes as the database's error
    `deal.record_no_taken`.
    """
    deal = await queries.get(session, actor, deal_id, lock=True)
    if deal.kind != DealKind.licence:
        raise rules.NOT_LICENCE.error(number=deal.number)
    deal.advance(DealEvent.record)
    refuse_if(
        [
            *date_faults("/recorded_on", recorded_on, today=moment.today),
            *before_contract(recorded_on, deal, "/recorded_on"),
        ]
    )
    deal.record_no = record_no
    deal.recorded_on = recorded_on
    districts = await party_histories.districts_on(session, [deal.grantor_id, deal.grantee_id], recorded_on)
    asset_ids = (await queries.asset_ids(session, [deal_id]))[deal_id]
    industry = await tag_queries.industry(session, asset_ids, on=recorded_on)
    counted = await queries.counted(session, deal_id)
    kinds = {item.dimensions["asset_kind"] for item in counted}
    anew = figures.of_licence(deal, districts, asset_kinds=kinds, industry=industry, recorded=True)
    facts = [*figures.reversal(deal, counted), *anew]
    await tell(session, actor, moment, deal, "recorded", occurred_on=recorded_on, facts=facts)
    await session.flush()
    return deal
