"""The ends of an offer without a deal."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import offer as rules
from app.domain.listing import LISTING
from app.domain.notice import NoticeKind
from app.domain.offer import OfferEvent, OfferSide
from app.queries.driver import driver
from app.services import events
from app.services.events import NewEvent
from app.services.offers.case import notify, opened, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.offer import Offer


async def refuse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    offer_id: uuid.UUID,
    reason: str | None = None,
) -> Offer:
    """End the talks: the lister at any time, the buyer when the lister made the last round.

    Raises: `offer.not_found`, `offer.not_party`, `state.illegal_transition`, `offer.not_your_turn`.
    """
    case = await opened(session, actor, offer_id)
    case.offer.advance(OfferEvent.decline)
    if case.side is OfferSide.buyer and case.offer.last_by == OfferSide.buyer:
        raise rules.NOT_YOUR_TURN.error()
    more = {"reason": reason} if reason else {}
    event = await tell(session, actor, moment, case, "declined", more=more)
    await session.flush()
    await notify(session, moment, case, event, NoticeKind.offer_answered)
    return case.offer


async def withdraw(session: AsyncSession, *, actor: Actor, moment: Moment, offer_id: uuid.UUID) -> Offer:
    """Take an open offer back. Raises: `offer.not_found`, `offer.not_buyer`, `state.illegal_transition`."""
    case = await opened(session, actor, offer_id)
    if case.side is not OfferSide.buyer:
        raise rules.NOT_BUYER.error()
    case.offer.advance(OfferEvent.withdraw)
    await tell(session, actor, moment, case, "withdrawn")
    await session.flush()
    return case.offer


_LAPSE = """
WITH due AS (
  SELECT o.id, l.organisation_id AS lister_id FROM offers o JOIN listings l ON l.id = o.listing_id
  WHERE o.status = 'open' AND (o.expires_on < $1 OR l.status = ANY($2::text[]))
  ORDER BY o.id FOR NO KEY UPDATE OF o
)
UPDATE offers o SET status = 'lapsed', version = version + 1
FROM due WHERE o.id = due.id
RETURNING o.id, o.number, o.district_code, o.status, o.organisation_id, due.lister_id
"""


async def lapse_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the open offers past their last day or on a listing that has left the market; how many.

    Doing it again changes nothing.
    """
    connection = await driver(session)
    rows = await connection.fetch(_LAPSE, moment.today, [state.value for state in LISTING.terminal])
    happened = [
        NewEvent(
            type="offer.lapsed",
            noun="offer",
            subject_id=row["id"],
            stream=row["district_code"],
            audience=[row["organisation_id"], row["lister_id"]],
            payload={"number": row["number"], "status": row["status"]},
        )
        for row in rows
    ]
    if happened:
        await events.record(session, actor=actor, moment=moment, events=happened)
    return len(happened)
