"""Answering the other side's round: with one of one's own, or by accepting it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import offer as rules
from app.domain.deal import LISTED_AS
from app.domain.errors import refuse_if
from app.domain.listing import ListingMode
from app.domain.notice import NoticeKind
from app.domain.offer import OFFER, OfferEvent, OfferStatus
from app.domain.permission import Role, system_actor
from app.queries import listings as listing_queries, organisations as organisation_queries
from app.services import deals
from app.services.offers.case import (
    Case,
    answer_faults,
    currency_faults,
    keep_round,
    notify,
    opened,
    tell,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.request import ExpectVersion
    from app.models.deal import Deal
    from app.models.offer import Offer

LICENCE_TYPES = {mode: licence_type for licence_type, mode in LISTED_AS.items()}


@dataclass(frozen=True, slots=True)
class NewRound:
    """A counter-offer; the term and the last day stay as they were where they are left out."""

    amount_fen: int
    currency: str = "CNY"
    term_from: date | None = None
    term_to: date | None = None
    expires_on: date | None = None
    message: str | None = None


async def counter(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    offer_id: uuid.UUID,
    new: NewRound,
    expect_version: ExpectVersion,
) -> Offer:
    """Answer the other side's round with one of one's own.

    Raises: `offer.not_found`, `request.version_…`, `offer.not_party`, `state.illegal_transition`; then all
    that apply: `offer.not_your_turn`, `.over`, `.listing_not_open`, `mandate.missing`, and those of terms
    as in `make`.
    """
    case = await opened(session, actor, offer_id, expect_version)
    offer, mode = case.offer, ListingMode(case.listing.mode)
    OFFER.next(OfferStatus(offer.status), OfferEvent.counter)
    transfer = mode is ListingMode.transfer
    expires_on = new.expires_on or offer.expires_on
    refuse_if(
        [
            *await answer_faults(session, actor, moment, case),
            *currency_faults(new.currency),
            *rules.terms_faults(
                mode,
                territory=None,
                field=None,
                term_from=new.term_from if transfer else new.term_from or offer.term_from,
                term_to=new.term_to if transfer else new.term_to or offer.term_to,
            ),
            *(rules.expiry_faults(expires_on, moment.today) if new.expires_on else ()),
        ]
    )
    offer.advance(OfferEvent.counter)
    offer.amount_fen = new.amount_fen
    offer.term_from = new.term_from or offer.term_from
    offer.term_to = new.term_to or offer.term_to
    offer.expires_on = expires_on
    offer.round += 1
    offer.last_by = case.side.value
    event = await tell(session, actor, moment, case, "countered")
    await session.flush()
    await keep_round(session, moment, offer, event, new.message)
    await notify(session, moment, case, event, NoticeKind.offer_answered)
    return offer


async def accept(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    offer_id: uuid.UUID,
    expect_version: ExpectVersion,
) -> Offer:
    """Accept the other side's last round: a deal of its terms is drafted for the lister's organisation.

    Other offers on the listing stay open. Raises: `offer.not_found`, `request.version_…`,
    `offer.not_party`, `state.illegal_transition`; then all that apply: `offer.not_your_turn`, `.over`,
    `.listing_not_open`, `mandate.missing`; then what `deals.draft` objects to. A disposal is answered by the
    pledgee alone, and not below its reserve.
    """
    case = await opened(session, actor, offer_id, expect_version)
    OFFER.next(OfferStatus(case.offer.status), OfferEvent.accept)
    refuse_if(await answer_faults(session, actor, moment, case))
    deal = await _draft_deal(session, actor, moment, case)
    case.offer.deal_id = deal.id
    case.offer.advance(OfferEvent.accept)
    event = await tell(
        session, actor, moment, case, "accepted", more={"deal_id": deal.id, "accepted_by": case.side}
    )
    await session.flush()
    await notify(session, moment, case, event, NoticeKind.offer_answered)
    return case.offer


async def _draft_deal(session: AsyncSession, actor: Actor, moment: Moment, case: Case) -> Deal:
    """Draft the deal of the last round for the organisation that listed the rights.

    Where the caller is another organisation, the system drafts it in the lister's name: the lister's
    own clients have done nothing, and the acceptance is on record as the caller's.
    """
    offer, listing = case.offer, case.listing
    if listing.owner_id is None:
        raise RuntimeError(f"listing {listing.number} offers rights of nobody")
    if actor.organisation_id != listing.organisation_id:
        lister = await organisation_queries.get(session, listing.organisation_id)
        actor = replace(
            system_actor(actor.request_id),
            organisation_id=lister.id,
            party_id=lister.party_id,
            district_code=lister.district_code,
            roles=frozenset(Role(role) for role in lister.roles),
        )
    asset_ids = await listing_queries.asset_ids(session, listing.id)
    new: deals.NewDeal
    if listing.mode == ListingMode.transfer:
        new = deals.NewTransfer(
            grantor_id=listing.owner_id,
            grantee_id=offer.buyer_id,
            asset_ids=asset_ids,
            amount_fen=offer.amount_fen,
            currency=offer.currency,
            listing_id=listing.id,
        )
    else:
        if offer.term_from is None or offer.term_to is None:
            raise RuntimeError(f"offer {offer.number} for a licence has no term")
        new = deals.NewLicence(
            licence_type=LICENCE_TYPES[ListingMode(listing.mode)],
            grantor_id=listing.owner_id,
            grantee_id=offer.buyer_id,
            asset_ids=asset_ids,
            territory=offer.territory,
            field=offer.field,
            term_from=offer.term_from,
            term_to=offer.term_to,
            amount_fen=offer.amount_fen,
            currency=offer.currency,
            listing_id=listing.id,
        )
    return await deals.draft(session, actor=actor, moment=moment, new=new)
