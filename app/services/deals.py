"""Deals: licences from draft to recorded, and their end (DEA-01 to DEA-03).

Rights are locked first, then the listing, then the deal; what is decided about rights is decided
under their locks.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import deal as rules
from app.domain.deal import EXCLUSIVE, LISTED_AS, DealEvent, DealKind, DealStatus, LicenceType
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.hold import RESERVATION_DAYS, HoldKind, field_range, territory_range
from app.domain.identifiers import business_number, new_id
from app.domain.listing import LISTING, ON_MARKET, Direction, ListingEvent, ListingStatus
from app.domain.permission import Role
from app.domain.request import date_faults
from app.models.deal import Deal, DealItem
from app.queries import (
    assets as asset_queries,
    deals as queries,
    holds as hold_queries,
    listings as listing_queries,
    parties as party_queries,
)
from app.queries.serials import next_serial
from app.services import events, holds, licensing, listings
from app.services.events import NewEvent, NewFact
from app.services.holds import NewHold

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.listing import Listing


@dataclass(frozen=True, slots=True)
class NewLicence:
    """A licence as its drafter describes it; `amount_fen` is the fixed consideration."""

    licence_type: LicenceType
    grantor_id: uuid.UUID
    grantee_id: uuid.UUID
    asset_ids: Sequence[uuid.UUID]
    territory: str
    field: str
    term_from: date
    term_to: date
    amount_fen: int
    currency: str = "CNY"
    contract_no: str | None = None
    listing_id: uuid.UUID | None = None


async def draft(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewLicence) -> Deal:
    """Write a draft in the drafter's district.

    Raises, all that apply: `deal.same_party`, `.asset_twice`, `.term_invalid`, `.grantor_foreign`,
    `.currency_unsupported`, `hold.territory_unknown`, `hold.field_unknown`; then `asset.not_found`,
    `party.not_found`, `listing.not_found`, `deal.listing_mismatch`.
    """
    refuse_if(_faults(actor, new))
    await asset_queries.require(session, new.asset_ids)
    await party_queries.require(session, {"/grantor_id": new.grantor_id, "/grantee_id": new.grantee_id})
    if new.listing_id is not None:
        listing = await listing_queries.get(session, actor, new.listing_id)
        offered = await listing_queries.asset_ids(session, listing.id)
        refuse_if(_mismatches(listing, offered, new))
    serial = await next_serial(session, "deal")
    deal = Deal(
        id=new_id(),
        district_code=actor.district_code,
        number=business_number("DE", actor.district_code, moment.today.year, serial),
        organisation_id=actor.organisation_id,
        listing_id=new.listing_id,
        kind=DealKind.licence.value,
        licence_type=new.licence_type.value,
        grantor_id=new.grantor_id,
        grantee_id=new.grantee_id,
        territory=new.territory,
        field=new.field,
        term_from=new.term_from,
        term_to=new.term_to,
        amount_fen=new.amount_fen,
        currency=new.currency,
        contract_no=new.contract_no,
        contract_on=None,
        record_no=None,
        recorded_on=None,
        affiliated=False,
        export_evidence=None,
        filed_on=None,
        registration_no=None,
        registered_on=None,
        settled_on=None,
        settlement=None,
        status=DealStatus.draft.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    await _tell(session, actor, moment, deal, "drafted", event_id=deal.event_id)
    session.add(deal)
    await session.flush()
    session.add_all(
        DealItem(id=new_id(), district_code=deal.district_code, deal_id=deal.id, asset_id=asset_id)
        for asset_id in new.asset_ids
    )
    await session.flush()
    return deal


async def agree(session: AsyncSession, *, actor: Actor, moment: Moment, deal_id: uuid.UUID) -> Deal:
    """Record that both sides agreed. An exclusive or sole licence reserves its rights and its listing.

    The reservation lasts 30 days (DEA-03). Raises: `deal.not_drafter`, `state.illegal_transition`;
    then all that apply: `deal.mandate_missing`, `.licensor_not_owner`, `.right_not_in_force`,
    `.right_stayed`, `.term_exceeds_right`, `hold.already_reserved`.
    """
    deal = await queries.get(session, actor, deal_id)
    exclusive = licensing.type_of(deal) in EXCLUSIVE
    asset_ids = (await queries.asset_ids(session, [deal_id]))[deal_id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    lapsed = await queries.lapsed(session, moment.today, asset_ids) if exclusive else []
    await listing_queries.lock(session, _listing_ids([deal, *lapsed]))
    await _release(session, actor, moment, lapsed, asset_ids)
    listing = await _lock_listing(session, deal)  # fresh: it may just have been released
    deal = await _lock(session, actor, deal_id)
    deal.advance(DealEvent.agree)
    refuse_if(
        [
            *await _mandate_faults(session, actor, deal, listing, asset_ids),
            *licensing.rights_objections(deal, rights, today=moment.today),
        ]
    )
    event = await _tell(session, actor, moment, deal, "agreed")
    if not exclusive:
        await session.flush()
        return deal
    period = (moment.today, moment.today + timedelta(days=RESERVATION_DAYS - 1))
    await holds.place(
        session,
        moment=moment,
        holds=[
            NewHold(asset_id, HoldKind.reservation, "deal", deal.id, event.id, moment.today, period=period)
            for asset_id in asset_ids
        ],
    )
    if listing is not None and _permits(listing, ListingEvent.reserve):
        await listings.reserve_locked(session, actor=actor, moment=moment, listing=listing)
    await session.flush()
    return deal


async def sign(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    signed_on: date,
    co_owner_consents: Collection[uuid.UUID] = (),
) -> Deal:
    """Record the signed contract: the licence takes effect, ties up its rights and counts.

    An exclusive or sole licence closes the listing it came from; others leave it open. Raises, with
    every objection at once: `deal.mandate_missing`, `.licensor_not_owner`, `.co_owner_consent_missing`,
    `.right_not_in_force`, `.right_stayed`, `.term_exceeds_right`, `.pledgee_consent_required`,
    `hold.already_reserved`, `hold.licence_conflict`, `request.date_in_future`; before that
    `deal.not_drafter` and `state.illegal_transition`.
    """
    deal = await queries.get(session, actor, deal_id)
    asset_ids = (await queries.asset_ids(session, [deal_id]))[deal_id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    listing = await _lock_listing(session, deal)
    deal = await _lock(session, actor, deal_id)
    deal.advance(DealEvent.sign)
    refuse_if(
        [
            *await _mandate_faults(session, actor, deal, listing, asset_ids),
            *await licensing.objections(
                session, deal, rights, consents=co_owner_consents, today=moment.today
            ),
            *date_faults("/signed_on", signed_on, today=moment.today),
        ]
    )
    deal.contract_on = signed_on
    consents = {"co_owner_consents": [str(party_id) for party_id in co_owner_consents]}
    await _tell(session, actor, moment, deal, "signed", occurred_on=signed_on, more=consents)
    deal.advance(DealEvent.take_effect)
    districts = await party_queries.districts(session, [deal.grantor_id, deal.grantee_id])
    event = await _tell(
        session,
        actor,
        moment,
        deal,
        "effective",
        occurred_on=signed_on,
        facts=licensing.facts(
            deal, districts, asset_kinds={right.asset.kind for right in rights}, recorded=False
        ),
    )
    await _free(session, moment, deal, "signed", moment.today)
    await holds.place(session, moment=moment, holds=licensing.licence_holds(deal, asset_ids, event.id))
    exclusive = licensing.type_of(deal) in EXCLUSIVE
    if exclusive and listing is not None and _permits(listing, ListingEvent.close):
        await listings.close_locked(session, actor=actor, moment=moment, listing=listing)
    await session.flush()
    return deal


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    record_no: str,
    recorded_on: date,
) -> Deal:
    """Record the office's 备案: the licence counts on the recording date from now on (TR-15, ST-09).

    Raises: `state.illegal_transition`, `request.date_in_future`, `deal.date_before_contract`; a number
    used before comes as the database's error `deal.record_no_taken`.
    """
    deal = await queries.get(session, actor, deal_id, lock=True)
    deal.advance(DealEvent.record)
    refuse_if(
        [
            *date_faults("/recorded_on", recorded_on, today=moment.today),
            *_before_contract(recorded_on, deal, "/recorded_on"),
        ]
    )
    deal.record_no = record_no
    deal.recorded_on = recorded_on
    districts = await party_queries.districts(session, [deal.grantor_id, deal.grantee_id])
    counted = await queries.counted(session, deal_id)
    anew = licensing.facts(
        deal, districts, asset_kinds={item.dimensions["asset_kind"] for item in counted}, recorded=True
    )
    facts = [*licensing.reversal(deal, counted), *anew]
    await _tell(session, actor, moment, deal, "recorded", occurred_on=recorded_on, facts=facts)
    await session.flush()
    return deal


async def terminate(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    reason: str,
    terminated_on: date,
) -> Deal:
    """End a deal: its rights are free from that day; what it counted for stays.

    Raises: `deal.not_drafter`, `state.illegal_transition`, `request.date_in_future`,
    `deal.date_before_contract`.
    """
    deal = await queries.get(session, actor, deal_id)
    await asset_queries.lock(session, (await queries.asset_ids(session, [deal_id]))[deal_id])
    listing = await _lock_listing(session, deal)
    deal = await _lock(session, actor, deal_id)
    negotiated = deal.status == DealStatus.negotiated
    deal.advance(DealEvent.terminate)
    refuse_if(
        [
            *date_faults("/terminated_on", terminated_on, today=moment.today),
            *_before_contract(terminated_on, deal, "/terminated_on"),
        ]
    )
    await _tell(
        session, actor, moment, deal, "terminated", occurred_on=terminated_on, more={"reason": reason}
    )
    reserved = await _free(session, moment, deal, "terminated", terminated_on)
    if listing is not None and negotiated and reserved:
        await listings.release_all(session, actor=actor, moment=moment, listing_ids=[listing.id])
    await session.flush()
    return deal


async def release_due(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
) -> int:
    """End the reservations whose time is over, their listings being open again; how many deals lost one.

    Doing it again changes nothing.
    """
    asset_ids = await hold_queries.lapsed_assets(session, moment.today)
    await asset_queries.lock(session, asset_ids)
    lapsed = await queries.lapsed(session, moment.today, asset_ids)  # asked again, under the locks
    await listing_queries.lock(session, _listing_ids(lapsed))
    await _release(session, actor, moment, lapsed, asset_ids)
    return len(lapsed)


async def _release(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    lapsed: Sequence[Deal],
    asset_ids: Collection[uuid.UUID],
) -> None:
    """End the lapsed reservations on rights; rights and the listings of the deals are locked."""
    if not lapsed:
        return
    await holds.end_lapsed_reservations(session, moment=moment, asset_ids=asset_ids)
    happened = [await _event(session, deal, "reservation_lapsed") for deal in lapsed]
    await events.record(session, actor=actor, moment=moment, events=happened)
    await listings.release_all(session, actor=actor, moment=moment, listing_ids=_listing_ids(lapsed))


async def _event(
    session: AsyncSession,
    deal: Deal,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    facts: Iterable[NewFact] = (),
    more: Mapping[str, object] | None = None,
) -> NewEvent:
    """The event `deal.{what}`, for the organisations in the deal and the district."""
    return NewEvent(
        id=event_id or new_id(),
        type=f"deal.{what}",
        noun="deal",
        subject_id=deal.id,
        stream=deal.district_code,
        audience=await queries.audience(session, deal),
        occurred_on=occurred_on,
        payload={"number": deal.number, "kind": deal.kind, "status": deal.status, **(more or {})},
        facts=list(facts),
    )


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    deal: Deal,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    facts: Iterable[NewFact] = (),
    more: Mapping[str, object] | None = None,
) -> NewEvent:
    event = await _event(
        session, deal, what, event_id=event_id, occurred_on=occurred_on, facts=facts, more=more
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event


async def _lock(session: AsyncSession, actor: Actor, deal_id: uuid.UUID) -> Deal:
    """The deal, locked, for the organisation that drafted it. Raises: `deal.not_drafter`."""
    deal = await queries.get(session, actor, deal_id, lock=True)
    if deal.organisation_id != actor.organisation_id:
        raise rules.NOT_DRAFTER.error()
    return deal


async def _lock_listing(session: AsyncSession, deal: Deal) -> Listing | None:
    """The listing a deal came from, locked, if any; a deal keeps its listing."""
    locked = await listing_queries.lock(session, _listing_ids([deal]))
    return locked[deal.listing_id] if deal.listing_id else None


def _listing_ids(deals: Iterable[Deal]) -> set[uuid.UUID]:
    return {deal.listing_id for deal in deals if deal.listing_id is not None}


async def _mandate_faults(
    session: AsyncSession, actor: Actor, deal: Deal, listing: Listing | None, asset_ids: Sequence[uuid.UUID]
) -> list[Violation]:
    """Who does not own the rights acts through its own listing of them, which names their owner."""
    if deal.grantor_id == actor.party_id:
        return []
    if (
        listing is not None
        and listing.status in ON_MARKET
        and (listing.organisation_id, listing.owner_id) == (deal.organisation_id, deal.grantor_id)
        and set(asset_ids) <= set(await listing_queries.asset_ids(session, listing.id))
    ):
        return []
    return [rules.MANDATE_MISSING.violation("/listing_id")]


def _permits(listing: Listing, event: ListingEvent) -> bool:
    return event in LISTING.allowed(ListingStatus(listing.status))


async def _free(session: AsyncSession, moment: Moment, deal: Deal, reason: str, ended_on: date) -> int:
    """Let go of everything the deal holds; how many holds ended."""
    return await holds.end(
        session, moment=moment, source_noun="deal", source_ids=[deal.id], reason=reason, ended_on=ended_on
    )


def _faults(actor: Actor, new: NewLicence) -> list[Violation]:
    found: list[Violation] = []
    if new.grantor_id == new.grantee_id:
        found.append(rules.SAME_PARTY.violation("/grantee_id"))
    if len(set(new.asset_ids)) < len(new.asset_ids):
        found.append(rules.ASSET_TWICE.violation("/asset_ids"))
    if new.term_to < new.term_from:
        found.append(rules.TERM_INVALID.violation("/term_to"))
    if new.currency != "CNY":
        found.append(rules.CURRENCY_UNSUPPORTED.violation("/amount/currency", currency=new.currency))
    for read, code, pointer in (
        (territory_range, new.territory, "/territory"),
        (field_range, new.field, "/field"),
    ):
        try:
            read(code)
        except DomainError as error:
            found += [replace(violation, pointer=pointer) for violation in error.violations]
    represents = actor.roles & {Role.agency, Role.operator}
    if not represents and new.grantor_id != actor.party_id:
        found.append(rules.GRANTOR_FOREIGN.violation("/grantor_id"))
    return found


def _mismatches(listing: Listing, offered: Sequence[uuid.UUID], new: NewLicence) -> list[Violation]:
    """Where a licence departs from the listing it comes from; a need leaves owner and rights open."""
    offer = listing.direction == Direction.offer
    differs = {
        "listing_id": listing.status not in ON_MARKET,
        "licence_type": listing.mode != LISTED_AS[new.licence_type],
        "grantor_id": offer and listing.owner_id != new.grantor_id,
        "asset_ids": offer and not set(new.asset_ids) <= set(offered),
    }
    return [
        rules.LISTING_MISMATCH.violation(f"/{field}", number=listing.number, field=field)
        for field, departs in differs.items()
        if departs
    ]


def _before_contract(on: date, deal: Deal, pointer: str) -> list[Violation]:
    if deal.contract_on is None or on >= deal.contract_on:
        return []
    return [rules.DATE_BEFORE_CONTRACT.violation(pointer, date=on, contract_on=deal.contract_on)]
