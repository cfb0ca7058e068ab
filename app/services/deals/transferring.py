"""A registered transfer: the title passes, and the former owner's offers leave the market (TR-01, TR-10)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain.deal import DealEvent
from app.domain.district import NATIONAL
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.listing import ListingEvent
from app.domain.request import date_faults
from app.models.asset import Title
from app.queries import (
    assets as asset_queries,
    deals as queries,
    enforcements as enforcement_queries,
    listings as listing_queries,
    party_histories,
    tags as tag_queries,
)
from app.services import consents, enforcements, events, listings
from app.services.deals import figures, objections
from app.services.deals.case import Case, before_contract, consents_of, free, permits, require_office, told
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal
    from app.models.listing import Listing

Titles = Mapping[uuid.UUID, Sequence[Title]]


async def register(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    registration_no: str,
    registered_on: date,
) -> Deal:
    """Record the office's registration: the transfer takes effect on that day (TR-01, TR-10).

    The grantee follows the owners, liens and licences stay on the right (TR-05), and the transfer counts.
    Raises: `deal.not_transfer`, `deal.same_organisation`, `state.illegal_transition`; then all that apply:
    `deal.transferor_not_owner`, `.right_ended`, `.right_stayed`, `.pledgee_consent_required`,
    `.co_owner_consent_missing`, `hold.already_reserved`, `request.date_in_future`,
    `request.date_too_early`, `deal.date_before_contract`, `enforcement.not_open`, `.right_not_pledged`. A
    number used before comes as the database's error `deal.registration_no_taken`.

    The lien by whose enforcement the rights were sold ends with the title that passes (PL-25, UNI-12).
    """
    case, offers = await _take(session, actor, deal_id)
    deal = case.deal
    require_office(actor, deal)
    deal.advance(DealEvent.register)
    titles = await asset_queries.live_titles(session, case.asset_ids)
    sale = await enforcements.take_sale(session, case.disposal) if case.disposal is not None else None
    chosen, lacking = await consents_of(session, case, today=moment.today)
    refuse_if(
        [
            *objections.to_transfer(deal, case.rights, today=moment.today, by_court=case.by_court),
            *(enforcements.pledge_faults(sale) if sale is not None else ()),
            *lacking,
            *_date_faults(deal, titles, registered_on, moment.today),
        ]
    )
    deal.registration_no = registration_no
    deal.registered_on = registered_on
    event = await _tell(session, actor, moment, case)
    await consents.use(session, actor=actor, moment=moment, deal=deal, chosen=chosen, event_id=event.id)
    if sale is not None:
        sold = enforcements.Sold(deal.amount_fen, registered_on, deal_id=deal.id)
        await enforcements.conclude(session, actor=actor, moment=moment, sale=sale, sold=sold)
    await _pass_title(session, moment, case, titles, event.id)
    await free(session, moment, deal, "registered")
    await _leave_market(session, actor, moment, case, offers)
    await session.flush()
    return deal


async def _take(session: AsyncSession, actor: Actor, deal_id: uuid.UUID) -> tuple[Case, list[Listing]]:
    """Lock a deal with its rights and with every listing on which somebody still offers them."""
    deal = await queries.get(session, actor, deal_id)
    asset_ids = (await queries.asset_ids(session, [deal_id]))[deal_id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    owners = {owner for right in rights for owner in right.owner_ids if owner is not None}
    offering = await listing_queries.offering(session, asset_ids, owners)
    wanted = {*offering, deal.listing_id} if deal.listing_id else set(offering)
    locked = await listing_queries.lock(session, wanted)
    own = locked[deal.listing_id] if deal.listing_id else None
    others = [locked[key] for key in offering if key != deal.listing_id]
    disposal = await enforcement_queries.of_listing(session, deal.listing_id)
    return Case(await queries.get(session, actor, deal_id, lock=True), rights, own, disposal), others


def _date_faults(deal: Deal, titles: Titles, registered_on: date, today: date) -> list[Violation]:
    """Neither to come, nor before the filing, nor before the title that passes began."""
    begun = [title.acquired_on for live in titles.values() for title in live if title.acquired_on]
    first = max([*begun, *([deal.filed_on] if deal.filed_on else [])], default=None)
    return [
        *date_faults("/registered_on", registered_on, today=today, first=first),
        *before_contract(registered_on, deal, "/registered_on"),
    ]


async def _tell(session: AsyncSession, actor: Actor, moment: Moment, case: Case) -> NewEvent:
    """Say that the transfer is in effect, and in the register that its rights have another owner."""
    deal = case.deal
    districts = await party_histories.districts_on(
        session, [deal.grantor_id, deal.grantee_id], deal.registered_on or moment.today
    )
    kinds = {right.asset.kind for right in case.rights}
    industry = await tag_queries.industry(session, case.asset_ids, on=deal.registered_on or moment.today)
    facts = figures.of_transfer(deal, districts, asset_kinds=kinds, industry=industry)
    more = {"registration_no": deal.registration_no}
    event = await told(session, deal, "effective", occurred_on=deal.registered_on, facts=facts, more=more)
    passed = [
        NewEvent(
            type="asset.title_passed",
            noun="asset",
            subject_id=asset_id,
            stream=NATIONAL,
            public=True,
            occurred_on=deal.registered_on,
            payload={
                "from_party_id": deal.grantor_id,
                "to_party_id": deal.grantee_id,
                "registration_no": deal.registration_no,
                **({"trace_id": case.disposal.id} if case.disposal is not None else {}),
            },
        )
        for asset_id in case.asset_ids
    ]
    await events.record(session, actor=actor, moment=moment, events=[event, *passed])
    return event


async def _pass_title(
    session: AsyncSession, moment: Moment, case: Case, titles: Titles, event_id: uuid.UUID
) -> None:
    """End the titles that pass and begin the grantee's.

    An undivided right passes as a whole, from all its owners, and so does one that is sold by enforcement;
    of a divided one the grantor's share does, and joins what the grantee holds already.
    """
    deal = case.deal
    begun = []
    for right in case.rights:
        live = titles[right.asset.id]
        divided = any(title.share_ppm is not None for title in live)
        passing = [
            title
            for title in live
            if not divided
            or case.disposal is not None
            or title.party_id in (deal.grantor_id, deal.grantee_id)
        ]
        for title in passing:
            title.ceased_on = deal.registered_on
            title.ceased_event_id = event_id
            title.ceased_at = moment.now
        begun.append(
            Title(
                id=new_id(),
                asset_id=right.asset.id,
                party_id=deal.grantee_id,
                share_ppm=sum(title.share_ppm or 0 for title in passing) if divided else None,
                ordinal=min(title.ordinal for title in passing),
                acquired_on=deal.registered_on,
                event_id=event_id,
                recorded_at=moment.now,
            )
        )
        right.asset.version += 1
    await session.flush()  # the ends first: a party has one live title of a right
    session.add_all(begun)
    await session.flush()


async def _leave_market(
    session: AsyncSession, actor: Actor, moment: Moment, case: Case, offers: Sequence[Listing]
) -> None:
    """Close the listing the transfer came from, and whatever else still offers its rights."""
    own = case.listing
    if own is not None and permits(own, ListingEvent.close):
        await listings.close_locked(session, actor=actor, moment=moment, listing=own)
    await listings.rights_passed(
        session, actor=actor, moment=moment, listings=offers, asset_ids=case.asset_ids
    )
