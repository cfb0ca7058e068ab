"""A disposal listing: the pledgee offers pledged rights on the market, free of its lien (UNI-12)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as rules
from app.domain.enforcement import EnforcementEvent
from app.domain.errors import Violation, refuse_if
from app.domain.listing import LISTING, Direction, ListingMode, ListingStatus
from app.domain.money import Money
from app.queries import (
    assets as asset_queries,
    enforcements as queries,
    listings as listing_queries,
)
from app.services import listings
from app.services.enforcements.case import require_bank, tell
from app.services.enforcements.selling import sale_faults, take_sale

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement
    from app.models.listing import Listing
    from app.queries.assets import Right
    from app.services.enforcements.selling import Sale


@dataclass(frozen=True, slots=True)
class NewDisposal:
    """How pledged rights are offered. `price` None: negotiable, not below the reserve."""

    name: str
    description: str
    expires_on: date
    price: Money | None = None


async def offer(
    session: AsyncSession, *, actor: Actor, moment: Moment, enforcement_id: uuid.UUID, new: NewDisposal
) -> Enforcement:
    """Offer the rights on the market in their owner's name, without its mandate (民法典第436, 437条).

    The listing goes to the operator's review at once. What the owners themselves offer of the rights for
    transfer leaves the market; an earlier listing of the enforcement has left it. Raises:
    `enforcement.not_found`, `.not_yours`, `state.illegal_transition`; then all that apply:
    `.still_offered`, `.deal_under_way`, `.not_open`, `.right_not_pledged`, `.senior_lien`, `.debt_settled`,
    `.below_reserve`, `.several_owners`, `.owner_unrecorded`, `.offer_elsewhere`, `.currency_unsupported`;
    then `listing.term_passed`, `listing.price_zero`.
    """
    seen = await queries.get(session, actor, enforcement_id)
    require_bank(actor, seen)
    asset_ids = (await queries.asset_ids(session, [seen.id]))[seen.id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    before = (await queries.fresh(session, seen.id)).listing_id
    offers, previous = await _lock_offers(session, rights, before)
    sale = await take_sale(session, seen)
    enforcement = sale.enforcement
    enforcement.advance(EnforcementEvent.list_)
    owner_id, found = _owner(sale, rights)
    price_fen = new.price.fen if new.price is not None else None
    refuse_if(
        [
            *await sale_faults(session, sale, price_fen, "/price/amount"),
            *found,
            *await _previous_faults(session, previous),
            *_offer_faults(offers, rights, await _offered(session, offers)),
            *_currency_faults(new.price, enforcement.currency),
        ]
    )
    for listing in offers:
        await listings.withdraw_locked(session, actor=actor, moment=moment, listing=listing)
    listing = await listings.draft(
        session,
        actor=actor,
        moment=moment,
        new=listings.NewListing(
            direction=Direction.offer,
            mode=ListingMode.transfer,
            name=new.name,
            description=new.description,
            expires_on=new.expires_on,
            price_fen=price_fen,
            currency=enforcement.currency,
            asset_ids=asset_ids,
            owner_id=owner_id,
            trace_id=enforcement.id,
        ),
    )
    enforcement.listing_id = listing.id
    await session.flush()
    await listings.submit(session, actor=actor, moment=moment, listing_id=listing.id)
    await tell(session, actor, moment, enforcement, sale.pledge, what="listed", listing_id=listing.id)
    return enforcement


async def _lock_offers(
    session: AsyncSession, rights: Sequence[Right], before: uuid.UUID | None
) -> tuple[list[Listing], Listing | None]:
    """What the owners offer of the rights for transfer, and the disposal's last listing, locked."""
    owners = {owner for right in rights for owner in right.owner_ids if owner is not None}
    offering = await listing_queries.offering(session, [right.asset.id for right in rights], owners)
    locked = await listing_queries.lock(session, {*offering, *([before] if before is not None else [])})
    offers = [locked[key] for key in offering if key != before and locked[key].mode == ListingMode.transfer]
    return offers, locked[before] if before is not None else None


async def _previous_faults(session: AsyncSession, previous: Listing | None) -> list[Violation]:
    """A right is offered once at a time, and not while a deal keeps it for a buyer."""
    if previous is None:
        return []
    if LISTING.allowed(ListingStatus(previous.status)):
        return [rules.STILL_OFFERED.violation()]
    deal = await queries.deal_under_way(session, previous.id)
    return [] if deal is None else [rules.DEAL_SIGNED.violation(deal=deal.number)]


async def _offered(session: AsyncSession, offers: Sequence[Listing]) -> dict[uuid.UUID, set[uuid.UUID]]:
    found = await listing_queries.assets(session, [listing.id for listing in offers])
    return {listing_id: {asset.id for asset in assets} for listing_id, assets in found.items()}


def _offer_faults(
    offers: Sequence[Listing], rights: Sequence[Right], offered: dict[uuid.UUID, set[uuid.UUID]]
) -> list[Violation]:
    """A right that another deal has reserved is not offered a second time."""
    kept = {
        asset_id
        for listing in offers
        if listing.status == ListingStatus.reserved
        for asset_id in offered[listing.id]
    }
    return [
        rules.OFFER_ELSEWHERE.violation(number=right.asset.number)
        for right in rights
        if right.asset.id in kept
    ]


def _owner(sale: Sale, rights: Sequence[Right]) -> tuple[uuid.UUID | None, list[Violation]]:
    """In whose name the rights are offered: the pledgor's if it owns them still, else their first owner's."""
    found: list[Violation] = []
    owners: set[uuid.UUID | None] = set()
    pledgors = {item.asset_id: item.pledgor_id for item in sale.items}
    for right in rights:
        pledgor = pledgors[right.asset.id]
        owner = pledgor if pledgor in right.owner_ids else next(iter(right.owner_ids), None)
        if owner is None:
            found.append(rules.OWNER_UNRECORDED.violation(number=right.asset.number))
        owners.add(owner)
    if len(owners) > 1:
        found.append(rules.SEVERAL_OWNERS.violation())
    return next(iter(owners), None), found


def _currency_faults(price: Money | None, currency: str) -> list[Violation]:
    if price is None or price.currency == currency:
        return []
    return [rules.CURRENCY_UNSUPPORTED.violation("/price/currency", currency=currency)]
