"""An offer with its listing under lock, the caller's side, what every answer is held to, and who is told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import offer as rules
from app.domain.errors import Violation
from app.domain.identifiers import new_id
from app.domain.mandate import MandatePower
from app.domain.offer import OfferSide
from app.models.listing import Listing
from app.models.offer import Offer, OfferRound
from app.queries import enforcements, listings as listing_queries, offers as queries
from app.services import events, mandates, notices
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.notice import NoticeKind
    from app.domain.permission import Actor
    from app.domain.request import ExpectVersion


@dataclass(frozen=True, slots=True)
class Case:
    """An offer, its listing, and the side for which the caller acts."""

    offer: Offer
    listing: Listing
    side: OfferSide


async def opened(
    session: AsyncSession, actor: Actor, offer_id: uuid.UUID, expect_version: ExpectVersion | None = None
) -> Case:
    """The offer, locked after its listing. Raises: `offer.not_found`, `.not_party`, `request.version_…`."""
    listing = await queries.hold_listing(session, (await queries.get(session, actor, offer_id)).listing_id)
    offer = await queries.get(session, actor, offer_id, lock=True)
    if actor.organisation_id == offer.organisation_id or actor.party_id == offer.buyer_id:
        side = OfferSide.buyer
    elif actor.organisation_id == listing.organisation_id or (
        actor.party_id == listing.owner_id and not listing.disposal
    ):
        side = OfferSide.lister
    else:
        raise rules.NOT_PARTY.error()
    if expect_version is not None:
        expect_version(offer.version)
    return Case(offer, listing, side)


async def answer_faults(session: AsyncSession, actor: Actor, moment: Moment, case: Case) -> list[Violation]:
    """What speaks against the caller's answering the last round today."""
    offer, today = case.offer, moment.today
    found: list[Violation] = []
    if offer.last_by == case.side:
        found.append(rules.NOT_YOUR_TURN.violation())
    if offer.expires_on < today:
        found.append(rules.OVER.violation(expires_on=offer.expires_on))
    found += rules.market_faults(case.listing.status, case.listing.expires_on, today)
    party_id = offer.buyer_id if case.side is OfferSide.buyer else case.listing.owner_id
    return found + await mandate_faults(session, actor, moment, case.listing, party_id)


async def mandate_faults(
    session: AsyncSession, actor: Actor, moment: Moment, listing: Listing, party_id: uuid.UUID | None
) -> list[Violation]:
    """Who negotiates for another party about the rights on offer has its mandate (RB-05).

    The pledgee sells by law (民法典第436条): it needs none of the owner whose rights it disposes of.
    """
    if party_id is None or (listing.disposal and party_id == listing.owner_id):
        return []
    return await mandates.faults(
        session,
        actor=actor,
        moment=moment,
        party_id=party_id,
        asset_ids=await listing_queries.asset_ids(session, listing.id),
        power=MandatePower.negotiate,
    )


def currency_faults(currency: str) -> list[Violation]:
    """Offers are made in yuan."""
    if currency == "CNY":
        return []
    return [rules.CURRENCY_UNSUPPORTED.violation("/amount/currency", currency=currency)]


async def tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    case: Case,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> NewEvent:
    """Record `offer.{what}` for both sides and the district; what was bid is not in the event."""
    offer = case.offer
    disposal = await enforcements.of_listing(session, offer.listing_id) if case.listing.disposal else None
    traced = {"trace_id": disposal.id} if disposal is not None else {}
    event = NewEvent(
        id=event_id or new_id(),
        type=f"offer.{what}",
        noun="offer",
        subject_id=offer.id,
        stream=offer.district_code,
        audience=sorted({*await _organisations(session, case, None)}),
        payload={
            "number": offer.number,
            "listing_id": offer.listing_id,
            "status": offer.status,
            "round": offer.round,
            **more,
            **traced,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event


async def notify(
    session: AsyncSession, moment: Moment, case: Case, event: NewEvent, kind: NoticeKind
) -> None:
    """Tell the other side's organisations."""
    other = OfferSide.lister if case.side is OfferSide.buyer else OfferSide.buyer
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=kind,
        recipients=sorted(await _organisations(session, case, other)),
        facts={"number": case.offer.number, "status": case.offer.status},
        due_on=case.offer.expires_on,
    )


async def keep_round(
    session: AsyncSession, moment: Moment, offer: Offer, event: NewEvent, message: str | None
) -> None:
    """Keep the offer as it now stands as its last round."""
    session.add(
        OfferRound(
            id=new_id(),
            district_code=offer.district_code,
            offer_id=offer.id,
            round=offer.round,
            made_by=offer.last_by,
            amount_fen=offer.amount_fen,
            term_from=offer.term_from,
            term_to=offer.term_to,
            message=message,
            event_id=event.id,
            recorded_at=moment.now,
        )
    )
    await session.flush()


async def _organisations(session: AsyncSession, case: Case, side: OfferSide | None) -> set[uuid.UUID]:
    """The organisations of one side, or of both."""
    offer, listing = case.offer, case.listing
    found: set[uuid.UUID] = set()
    if side is not OfferSide.lister:
        found |= {offer.organisation_id} | await queries.organisations_of(session, offer.buyer_id)
    if side is not OfferSide.buyer:
        found |= {listing.organisation_id} | await queries.organisations_of(session, listing.owner_id)
    return found
