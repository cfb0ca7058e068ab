"""Review: the operator publishes what an organisation drafted, or sends it back (RB-02, RB-03)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as enforcement_rules, listing as rules
from app.domain.asset import AssetStatus
from app.domain.errors import Violation, refuse_if
from app.domain.fact import FactRole, Measure
from app.domain.hold import HoldKind
from app.domain.listing import ListedRight, ListingEvent, ListingMode
from app.models.listing import Listing
from app.queries import assets as asset_queries, enforcements as enforcement_queries, listings as queries
from app.services import events, holds
from app.services.holds import NewHold
from app.services.listings.case import tell, term_faults, told, traced

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement
    from app.queries.assets import Right


async def return_(
    session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID, reason: str
) -> Listing:
    """Send a submitted listing back with a reason.

    Raises: `listing.same_organisation`, `state.illegal_transition`.
    """
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_checker(actor, listing)
    listing.advance(ListingEvent.return_)
    return await tell(session, actor, moment, listing, "returned", reason=reason)


async def approve(session: AsyncSession, *, actor: Actor, moment: Moment, listing_id: uuid.UUID) -> Listing:
    """Publish a submitted listing, judged under the locks of its rights; count it in its district.

    A transfer listing takes the right's one transfer offer. Raises, with every objection at once:
    `listing.not_owner`, `.right_ended`, `.right_in_grace`, `.right_stayed`, `.term_passed`,
    `hold.transfer_already_offered`, `enforcement.not_open`; before that `listing.same_organisation` and
    `state.illegal_transition`. That the rights of a disposal are pledged is no obstacle, nor is a court's
    preservation of what that court sells.
    """
    await queries.get(session, actor, listing_id)
    asset_ids = await queries.asset_ids(session, listing_id)
    rights = await asset_queries.lock_rights(session, asset_ids)
    listing = await queries.get(session, actor, listing_id, lock=True)
    _require_checker(actor, listing)
    listing.advance(ListingEvent.approve)
    disposal = await enforcement_queries.of_listing(session, listing.id) if listing.disposal else None
    refuse_if(
        [
            *_objections(listing, rights, moment.today, by_court=disposal is not None and disposal.by_court),
            *(_disposal_objections(disposal) if disposal is not None else ()),
            *term_faults(listing.expires_on, moment),
        ]
    )
    listing.published_on = moment.today
    event = told(
        listing,
        "published",
        public=True,
        more=traced(disposal.id if disposal is not None else None),
        facts=[
            events.NewFact(
                measure=Measure.listing_count,
                district_code=listing.district_code,
                role=FactRole.internal,
                value=1,
                occurred_on=moment.today,
                source_noun="listing",
                source_id=listing.id,
                dimensions={"direction": listing.direction, "mode": listing.mode},
            )
        ],
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    if listing.mode == ListingMode.transfer and asset_ids:
        await holds.place(
            session,
            moment=moment,
            holds=[
                NewHold(asset_id, HoldKind.transfer_offer, "listing", listing.id, event.id, moment.today)
                for asset_id in asset_ids
            ],
        )
    await session.flush()
    return listing


def _disposal_objections(disposal: Enforcement) -> list[Violation]:
    """An enforcement that was given up sells nothing."""
    if disposal.status in enforcement_rules.OPEN:
        return []
    return [enforcement_rules.NOT_OPEN.violation(status=disposal.status)]


def _objections(listing: Listing, rights: Sequence[Right], today: date, *, by_court: bool) -> list[Violation]:
    """What speaks against publishing, right by right (`domain.listing.objections`)."""
    return [
        objection
        for position, right in enumerate(rights)
        for objection in rules.objections(
            ListingMode(listing.mode),
            listing.owner_id,
            ListedRight(
                number=right.asset.number,
                status=AssetStatus(right.asset.status),
                owner_ids=right.owner_ids,
                stayed=right.stayed(today, by_court=by_court),
                offered=right.held(HoldKind.transfer_offer),
            ),
            f"/asset_ids/{position}",
        )
    ]


def _require_checker(actor: Actor, listing: Listing) -> None:
    """Maker and checker are two organisations, and nobody reviews its own rights (RB-02, RB-03)."""
    if listing.organisation_id == actor.organisation_id or listing.owner_id == actor.party_id:
        raise rules.SAME_ORGANISATION.error()
