"""Listings beyond the API: expiry by the business date, and what publication counts for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select

from app.domain.listing import Direction, ListingMode, ListingStatus
from app.domain.permission import system_actor
from app.infra.db import Unit
from app.models.event import Event
from app.models.fact import Fact
from app.models.hold import Hold
from app.models.listing import Listing
from app.services import listings
from app.services.listings import NewListing
from tests.factories.assets import make_asset
from tests.factories.parties import make_party
from tests.support.samples import Samples, actor_of


async def sale(unit: Unit, samples: Samples, expires_on: date) -> Listing:
    """A published transfer listing."""
    owner = await make_party(unit.session)
    asset = await make_asset(unit.session, owners=[owner.id])
    agency, operator = actor_of(samples, "agency"), actor_of(samples, "operator")
    new = NewListing(
        direction=Direction.offer,
        mode=ListingMode.transfer,
        name="示例转让",
        description="示例",
        expires_on=expires_on,
        asset_ids=[asset.id],
        owner_id=owner.id,
    )
    listing = await listings.draft(unit.session, actor=agency, moment=unit.moment, new=new)
    await listings.submit(unit.session, actor=agency, moment=unit.moment, listing_id=listing.id)
    return await listings.approve(unit.session, actor=operator, moment=unit.moment, listing_id=listing.id)


async def test_a_listing_expires_after_its_last_day_once_and_frees_its_right(
    unit: Unit, samples: Samples
) -> None:
    """LST-11: not on the last day but on the next; one event each; running again changes nothing."""
    today = unit.moment.today
    due = await sale(unit, samples, today)
    other = await sale(unit, samples, today + timedelta(days=1))
    system = system_actor("job")
    assert await listings.expire_due(unit.session, actor=system, moment=unit.moment) == 0
    tomorrow = replace(unit.moment, today=today + timedelta(days=1))
    assert await listings.expire_due(unit.session, actor=system, moment=tomorrow) == 1
    assert await listings.expire_due(unit.session, actor=system, moment=tomorrow) == 0

    both = (due.id, other.id)
    states = select(Listing.id, Listing.status).where(Listing.id.in_(both))
    assert dict((await unit.session.execute(states)).all()) == {
        due.id: ListingStatus.expired,
        other.id: ListingStatus.published,
    }
    held = select(Hold.source_id, Hold.end_reason).where(Hold.source_id.in_(both))
    assert dict((await unit.session.execute(held)).all()) == {due.id: "expired", other.id: None}
    told = select(Event.subject_id).where(Event.type == "listing.expired")
    assert (await unit.session.scalars(told)).all() == [due.id]


async def test_publication_counts_once_in_the_listers_district(unit: Unit, samples: Samples) -> None:
    """ST-08: a listing is counted where its lister is, when it is published and not before."""
    listing = await sale(unit, samples, unit.moment.today)
    (fact,) = (await unit.session.scalars(select(Fact).where(Fact.source_id == listing.id))).all()
    assert (fact.measure, fact.role, fact.value, fact.district_code) == (
        "listing_count",
        "internal",
        1,
        "120110",
    )
    assert fact.dimensions == {"direction": "offer", "mode": "transfer"}
