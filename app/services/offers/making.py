"""Making an offer on a listing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import offer as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.listing import Direction, ListingMode
from app.domain.mandate import is_agent
from app.domain.notice import NoticeKind
from app.domain.offer import OfferSide, OfferStatus
from app.models.offer import Offer
from app.queries import (
    listings as listing_queries,
    offers as queries,
    organisations as organisation_queries,
    parties as party_queries,
)
from app.queries.serials import next_number
from app.services.offers.case import Case, currency_faults, keep_round, mandate_faults, notify, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.listing import Listing


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer as its buyer makes it; a licence is for China and all fields unless it says otherwise.

    `buyer_id` None: the caller's own party.
    """

    amount_fen: int
    expires_on: date
    currency: str = "CNY"
    territory: str | None = None
    field: str | None = None
    term_from: date | None = None
    term_to: date | None = None
    message: str | None = None
    buyer_id: uuid.UUID | None = None


async def make(
    session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID, new: NewOffer
) -> Offer:
    """Bid on a published listing of rights; the lister and the owner are told.

    A price below the listing's is an offer too. Raises `listing.not_found`, `party.not_found`; then all
    that apply: `offer.own_listing`, `.buyer_foreign`, `mandate.missing`, `offer.buyer_is_seller`,
    `.listing_is_need`, `.listing_not_open`, `.currency_unsupported`, `.term_missing`, `.term_invalid`,
    `.not_of_transfer`, `.expiry_passed`, `hold.territory_unknown`, `hold.field_unknown`. A second open
    offer of the buyer comes as the database's error `offer.already_open`.
    """
    await listing_queries.get(session, actor, listing_id)
    listing = await queries.hold_listing(session, listing_id)
    buyer_id = new.buyer_id or actor.party_id
    await party_queries.require(session, {"/buyer_id": buyer_id})
    refuse_if(
        [
            *await _buyer_faults(session, actor, moment, listing, buyer_id),
            *_listing_faults(listing, moment.today),
            *currency_faults(new.currency),
            *rules.terms_faults(
                ListingMode(listing.mode),
                territory=new.territory,
                field=new.field,
                term_from=new.term_from,
                term_to=new.term_to,
            ),
            *rules.expiry_faults(new.expires_on, moment.today),
        ]
    )
    territory, field = rules.WHOLE_RIGHT if listing.mode == ListingMode.transfer else ("CN", "ALL")
    offer = Offer(
        id=new_id(),
        district_code=listing.district_code,
        number=await next_number(session, "offer", listing.district_code, moment.today),
        listing_id=listing.id,
        organisation_id=actor.organisation_id,
        buyer_id=buyer_id,
        territory=new.territory or territory,
        field=new.field or field,
        term_from=new.term_from,
        term_to=new.term_to,
        amount_fen=new.amount_fen,
        currency=new.currency,
        expires_on=new.expires_on,
        round=1,
        last_by=OfferSide.buyer.value,
        status=OfferStatus.open.value,
        deal_id=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    case = Case(offer, listing, OfferSide.buyer)
    event = await tell(session, actor, moment, case, "made", event_id=offer.event_id)
    session.add(offer)
    await session.flush()
    await keep_round(session, moment, offer, event, new.message)
    await notify(session, moment, case, event, NoticeKind.offer_received)
    return offer


async def _buyer_faults(
    session: AsyncSession, actor: Actor, moment: Moment, listing: Listing, buyer_id: uuid.UUID
) -> list[Violation]:
    """Who may bid for whom: nobody on its own listing, an enterprise for itself, an agent with a mandate."""
    found: list[Violation] = []
    if listing.organisation_id == actor.organisation_id or listing.owner_id == actor.party_id:
        found.append(rules.OWN_LISTING.violation())
    if is_agent(actor.roles):
        found += [
            replace(missing, pointer="/buyer_id")
            for missing in await mandate_faults(session, actor, moment, listing, buyer_id)
        ]
    elif buyer_id != actor.party_id:
        found.append(rules.BUYER_FOREIGN.violation("/buyer_id"))
    lister = await organisation_queries.get(session, listing.organisation_id)
    if buyer_id in (listing.owner_id, lister.party_id):
        found.append(rules.BUYER_IS_SELLER.violation("/buyer_id"))
    return found


def _listing_faults(listing: Listing, today: date) -> list[Violation]:
    if listing.direction == Direction.need:
        return [rules.LISTING_IS_NEED.violation()]
    return rules.market_faults(listing.status, listing.expires_on, today)
