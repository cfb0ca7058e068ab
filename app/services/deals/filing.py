"""A transfer before the office: filed, sent back for correction, filed again, or refused (TR-01, TR-10)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain.deal import DealEvent
from app.domain.errors import refuse_if
from app.domain.request import date_faults
from app.queries import deals as queries
from app.services.deals.case import (
    before_contract,
    give_back,
    lock_own,
    require_office,
    require_transfer,
    take,
    tell,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal


async def file(
    session: AsyncSession, *, actor: Actor, moment: Moment, deal_id: uuid.UUID, filed_on: date
) -> Deal:
    """Say that the signed transfer was filed with the office.

    Raises: `deal.not_drafter`, `deal.not_transfer`, `state.illegal_transition`,
    `request.date_in_future`, `deal.date_before_contract`.
    """
    deal = await lock_own(session, actor, deal_id)
    require_transfer(deal)
    deal.advance(DealEvent.file)
    refuse_if(
        [
            *date_faults("/filed_on", filed_on, today=moment.today),
            *before_contract(filed_on, deal, "/filed_on"),
        ]
    )
    deal.filed_on = filed_on
    await tell(session, actor, moment, deal, "filed", occurred_on=filed_on)
    await session.flush()
    return deal


async def correct(
    session: AsyncSession, *, actor: Actor, moment: Moment, deal_id: uuid.UUID, reason: str
) -> Deal:
    """Record that the office asked for a correction (补正).

    Raises: `deal.not_transfer`, `deal.same_organisation`, `state.illegal_transition`.
    """
    deal = await queries.get(session, actor, deal_id, lock=True)
    require_office(actor, deal)
    deal.advance(DealEvent.correct)
    await tell(session, actor, moment, deal, "correction_required", more={"reason": reason})
    await session.flush()
    return deal


async def refile(
    session: AsyncSession, *, actor: Actor, moment: Moment, deal_id: uuid.UUID, filed_on: date
) -> Deal:
    """Say that the corrected papers were filed; the day of the first filing stays.

    Raises: `deal.not_drafter`, `deal.not_transfer`, `state.illegal_transition`,
    `request.date_in_future`, `request.date_too_early`.
    """
    deal = await lock_own(session, actor, deal_id)
    require_transfer(deal)
    deal.advance(DealEvent.refile)
    refuse_if(date_faults("/filed_on", filed_on, today=moment.today, first=deal.filed_on))
    await tell(session, actor, moment, deal, "refiled", occurred_on=filed_on)
    await session.flush()
    return deal


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    reason: str,
    refused_on: date,
) -> Deal:
    """Record that the office refused the transfer: its rights are free, the listing is open again (TR-12).

    Consents once used stay used. Raises: `deal.not_transfer`, `deal.same_organisation`,
    `state.illegal_transition`, `request.date_in_future`, `request.date_too_early`.
    """
    case = await take(session, actor, deal_id)
    deal, before = case.deal, case.deal.status
    require_office(actor, deal)
    deal.advance(DealEvent.refuse)
    refuse_if(date_faults("/refused_on", refused_on, today=moment.today, first=deal.filed_on))
    await tell(session, actor, moment, deal, "refused", occurred_on=refused_on, more={"reason": reason})
    await give_back(
        session, actor=actor, moment=moment, case=case, before=before, reason="refused", ended_on=refused_on
    )
    await session.flush()
    return deal
