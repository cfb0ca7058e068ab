"""Licences beyond the API: what they count for, and reservations that lapse."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import func, select

from app.domain.deal import LicenceType
from app.domain.listing import Direction, ListingMode, ListingStatus
from app.domain.permission import system_actor
from app.infra.db import Unit
from app.models.deal import Deal
from app.models.event import Event
from app.models.fact import Fact
from app.models.listing import Listing
from app.queries import holds as hold_queries, listings as listing_queries
from app.services import deals, listings
from app.services.deals import NewLicence, NewTransfer
from tests.factories.assets import make_asset
from tests.factories.parties import make_party
from tests.support.samples import Samples, actor_of, owner_of

CONTRACT, RECORDED = date(2025, 1, 10), date(2025, 2, 20)


async def negotiated(
    unit: Unit,
    samples: Samples,
    *,
    districts: tuple[str, str] = ("120110", "120116"),
    amount_fen: int = 12_000_000,
    licence_type: LicenceType = LicenceType.ordinary,
    listing_id: uuid.UUID | None = None,
    grantor_id: uuid.UUID | None = None,
    asset_id: uuid.UUID | None = None,
) -> Deal:
    """A licence both sides agreed on, between parties of two districts."""
    grantor_id = grantor_id or (await make_party(unit.session, district_code=districts[0])).id
    grantee = await make_party(unit.session, district_code=districts[1])
    asset_id = asset_id or (await make_asset(unit.session, owners=[grantor_id])).id
    new = NewLicence(
        licence_type=licence_type,
        grantor_id=grantor_id,
        grantee_id=grantee.id,
        asset_ids=[asset_id],
        territory="CN",
        field="ALL",
        term_from=date(2025, 1, 1),
        term_to=date(2027, 12, 31),
        amount_fen=amount_fen,
        listing_id=listing_id,
    )
    licensor = owner_of(samples, grantor_id)
    deal = await deals.draft(unit.session, actor=licensor, moment=unit.moment, new=new)
    return await deals.agree(unit.session, actor=licensor, moment=unit.moment, deal_id=deal.id)


async def signed(unit: Unit, samples: Samples, deal: Deal) -> Deal:
    licensor = owner_of(samples, deal.grantor_id)
    return await deals.sign(
        unit.session, actor=licensor, moment=unit.moment, deal_id=deal.id, signed_on=CONTRACT
    )


async def counts(unit: Unit, deal: Deal) -> set[tuple[str, str, str, date, bool, int]]:
    """What the deal counts for, corrections included."""
    recorded = Fact.dimensions["recorded"].as_boolean()
    heading = (Fact.measure, Fact.district_code, Fact.role, Fact.occurred_on, recorded)
    total = func.sum(Fact.value)
    statement = select(*heading, total).where(Fact.source_id == deal.id).group_by(*heading).having(total != 0)
    rows = (await unit.session.execute(statement)).all()
    return {(m, d, r, on, flag, int(value)) for m, d, r, on, flag, value in rows}


async def test_a_licence_between_districts_counts_out_and_in_and_moves_to_its_recording_date(
    unit: Unit, samples: Samples
) -> None:
    """ST-08, ST-09: by contract date with a flag until recorded, then by recording date; nothing twice."""
    deal = await signed(unit, samples, await negotiated(unit, samples))
    assert await counts(unit, deal) == {
        ("licence_count", "120110", "out", CONTRACT, False, 1),
        ("licence_count", "120116", "in", CONTRACT, False, 1),
        ("licence_amount", "120110", "out", CONTRACT, False, 12_000_000),
        ("licence_amount", "120116", "in", CONTRACT, False, 12_000_000),
    }
    office = actor_of(samples, "ip_office")
    await deals.record(
        unit.session, actor=office, moment=unit.moment, deal_id=deal.id, record_no="X1", recorded_on=RECORDED
    )
    assert await counts(unit, deal) == {
        ("licence_count", "120110", "out", RECORDED, True, 1),
        ("licence_count", "120116", "in", RECORDED, True, 1),
        ("licence_amount", "120110", "out", RECORDED, True, 12_000_000),
        ("licence_amount", "120116", "in", RECORDED, True, 12_000_000),
    }


async def test_a_licence_inside_a_district_counts_once_and_one_for_nothing_has_no_amount(
    unit: Unit, samples: Samples
) -> None:
    """ST-08, ST-10: internal once; 0 yuan counts as a licence, flagged, without an amount."""
    deal = await negotiated(unit, samples, districts=("120110", "120110"), amount_fen=0)
    await signed(unit, samples, deal)
    assert await counts(unit, deal) == {("licence_count", "120110", "internal", CONTRACT, False, 1)}
    (fact,) = (await unit.session.scalars(select(Fact).where(Fact.source_id == deal.id))).all()
    assert fact.dimensions["without_amount"] is True


async def test_a_terminated_licence_keeps_what_it_counted_for(unit: Unit, samples: Samples) -> None:
    """DEA-07: ending a licence is not undoing it."""
    deal = await signed(unit, samples, await negotiated(unit, samples))
    before = await counts(unit, deal)
    await deals.terminate(
        unit.session,
        actor=actor_of(samples, "sme"),
        moment=unit.moment,
        deal_id=deal.id,
        reason="解除",
        terminated_on=unit.moment.today,
    )
    assert await counts(unit, deal) == before


async def offered(unit: Unit, samples: Samples) -> Listing:
    """A published offer of an exclusive licence."""
    agency, operator = actor_of(samples, "agency"), actor_of(samples, "operator")
    owner = await make_party(unit.session)
    asset = await make_asset(unit.session, owners=[owner.id])
    new = listings.NewListing(
        direction=Direction.offer,
        mode=ListingMode.exclusive_licence,
        name="示例许可",
        description="示例",
        expires_on=unit.moment.today + timedelta(days=365),
        asset_ids=[asset.id],
        owner_id=owner.id,
    )
    listing = await listings.draft(unit.session, actor=agency, moment=unit.moment, new=new)
    await listings.submit(unit.session, actor=agency, moment=unit.moment, listing_id=listing.id)
    return await listings.approve(unit.session, actor=operator, moment=unit.moment, listing_id=listing.id)


async def test_a_reservation_lapses_after_thirty_days_once_and_its_listing_is_open_again(
    unit: Unit, samples: Samples
) -> None:
    """DEA-03: on the thirtieth day it holds, on the next it is over, and another buyer may agree."""
    listing = await offered(unit, samples)
    assert listing.owner_id is not None
    (asset_id,) = await listing_queries.asset_ids(unit.session, listing.id)
    deal = await negotiated(
        unit,
        samples,
        licence_type=LicenceType.exclusive,
        listing_id=listing.id,
        grantor_id=listing.owner_id,
        asset_id=asset_id,
    )
    system = system_actor("job")

    async def status(days: int) -> str:
        later = replace(unit.moment, today=unit.moment.today + timedelta(days=days))
        await deals.release_due(unit.session, actor=system, moment=later)
        found = await unit.session.scalar(select(Listing.status).where(Listing.id == listing.id))
        return str(found)

    assert await status(29) == ListingStatus.reserved
    assert await status(30) == ListingStatus.published
    assert await status(30) == ListingStatus.published
    told = select(Event.subject_id).where(Event.type == "deal.reservation_lapsed")
    assert (await unit.session.scalars(told)).all() == [deal.id]


async def test_the_reservation_of_a_signed_transfer_does_not_lapse(unit: Unit, samples: Samples) -> None:
    """UNI-03: thirty days from the agreement, from the signature as long as the office takes."""
    owner, buyer = [await make_party(unit.session) for _ in range(2)]
    assets = [await make_asset(unit.session, owners=[owner.id]) for _ in range(2)]
    transferor, system = owner_of(samples, owner.id), system_actor("job")
    made = []
    for asset in assets:
        new = NewTransfer(owner.id, buyer.id, [asset.id], amount_fen=100)
        deal = await deals.draft(unit.session, actor=transferor, moment=unit.moment, new=new)
        made.append(await deals.agree(unit.session, actor=transferor, moment=unit.moment, deal_id=deal.id))
    agreed, signed = made
    await deals.sign(
        unit.session, actor=transferor, moment=unit.moment, deal_id=signed.id, signed_on=CONTRACT
    )
    later = replace(unit.moment, today=unit.moment.today + timedelta(days=400))
    assert await deals.release_due(unit.session, actor=system, moment=later) == 1
    held = await hold_queries.live(unit.session, [asset.id for asset in assets])
    assert [[hold.source_id for hold in held[asset.id]] for asset in assets] == [[], [signed.id]]
    again = await deals.sign(
        unit.session, actor=transferor, moment=later, deal_id=agreed.id, signed_on=CONTRACT
    )
    (held_again,) = (await hold_queries.live(unit.session, [assets[0].id]))[assets[0].id]
    assert (again.status, held_again.period) == ("signed", None)
