"""What every step of a deal does: lock it, ask who may act, say what happened, let go of its rights."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal as rules
from app.domain.deal import DealKind, DealStatus
from app.domain.errors import Violation
from app.domain.identifiers import new_id
from app.domain.listing import LISTING, ON_MARKET, ListingEvent, ListingStatus
from app.queries import (
    assets as asset_queries,
    deals as queries,
    enforcements,
    listings as listing_queries,
    mandates as mandate_queries,
)
from app.services import consents, events, holds, listings
from app.services.events import NewEvent, NewFact

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.mandate import MandatePower
    from app.domain.permission import Actor
    from app.models.deal import Deal
    from app.models.enforcement import Enforcement
    from app.models.listing import Listing
    from app.queries.assets import Right

RESERVING = frozenset({DealStatus.negotiated, DealStatus.signed, DealStatus.filed})
"""States from which a deal that ends gives a reserved listing back."""


@dataclass(frozen=True, slots=True)
class Case:
    """A locked deal with its locked rights, in the order in which they were given, and its listing.

    `disposal`: the enforcement by which the pledgee sells them.
    """

    deal: Deal
    rights: Sequence[Right]
    listing: Listing | None
    disposal: Enforcement | None = None

    @property
    def by_court(self) -> bool:
        """Whether a court disposes of the rights."""
        return self.disposal is not None and self.disposal.by_court

    @property
    def asset_ids(self) -> list[uuid.UUID]:
        """The rights the deal covers."""
        return [right.asset.id for right in self.rights]


async def take(session: AsyncSession, actor: Actor, deal_id: uuid.UUID) -> Case:
    """Lock a deal the caller may see with what it is about: rights, then listing, then the deal."""
    deal = await queries.get(session, actor, deal_id)
    asset_ids = (await queries.asset_ids(session, [deal_id]))[deal_id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    listing = await lock_listing(session, deal)
    deal = await queries.get(session, actor, deal_id, lock=True)
    return Case(deal, rights, listing)


async def lock_own(session: AsyncSession, actor: Actor, deal_id: uuid.UUID) -> Deal:
    """The deal, locked, for the organisation that drafted it. Raises: `deal.not_drafter`."""
    deal = await queries.get(session, actor, deal_id, lock=True)
    require_drafter(actor, deal)
    return deal


def require_drafter(actor: Actor, deal: Deal) -> None:
    """Raises: `deal.not_drafter`."""
    if deal.organisation_id != actor.organisation_id:
        raise rules.NOT_DRAFTER.error()


def require_office(actor: Actor, deal: Deal) -> None:
    """The office's acts on a transfer are entered by another than its drafter (RB-02).

    Raises: `deal.not_transfer`, `deal.same_organisation`.
    """
    require_transfer(deal)
    if deal.organisation_id == actor.organisation_id:
        raise rules.SAME_ORGANISATION.error(number=deal.number)


def require_transfer(deal: Deal) -> None:
    """Raises: `deal.not_transfer`."""
    if deal.kind != DealKind.transfer:
        raise rules.NOT_TRANSFER.error(number=deal.number)


async def lock_listing(session: AsyncSession, deal: Deal) -> Listing | None:
    """The listing a deal came from, locked, if any; a deal keeps its listing."""
    locked = await listing_queries.lock(session, listing_ids([deal]))
    return locked[deal.listing_id] if deal.listing_id else None


def listing_ids(deals: Iterable[Deal]) -> set[uuid.UUID]:
    """The listings that deals came from."""
    return {deal.listing_id for deal in deals if deal.listing_id is not None}


def permits(listing: Listing, event: ListingEvent) -> bool:
    """Whether the listing's state permits the event."""
    return event in LISTING.allowed(ListingStatus(listing.status))


async def listed_by_drafter(session: AsyncSession, case: Case) -> bool:
    """Whether the deal comes from its drafter's own listing of these rights of their owner, on the market."""
    deal, listing = case.deal, case.listing
    return (
        listing is not None
        and listing.status in ON_MARKET
        and (listing.organisation_id, listing.owner_id) == (deal.organisation_id, deal.grantor_id)
        and set(case.asset_ids) <= set(await listing_queries.asset_ids(session, listing.id))
    )


async def consents_of(
    session: AsyncSession, case: Case, *, today: date
) -> tuple[consents.Chosen, list[Violation]]:
    """The consents a deal needs and what is missing of them (`consents.choose`).

    A disposal needs none: the owners gave theirs when they pledged the rights (民法典第440, 444条), and the
    lien ends with the transfer.
    """
    if case.disposal is not None:
        return consents.Chosen((), frozenset()), []
    return await consents.choose(session, deal=case.deal, rights=case.rights, today=today)


async def mandate_faults(
    session: AsyncSession, actor: Actor, case: Case, *, powers: Sequence[MandatePower], today: date
) -> list[Violation]:
    """Who does not own the rights acts under a live mandate with one of `powers` over all of them (RB-05).

    The pledgee sells by law, without one (民法典第436条).
    """
    deal, asset_ids = case.deal, case.asset_ids
    if deal.grantor_id == actor.party_id or case.disposal is not None:
        return []
    for power in powers:
        if await mandate_queries.covers(
            session,
            organisation_id=deal.organisation_id,
            owner_id=deal.grantor_id,
            asset_ids=asset_ids,
            power=power,
            today=today,
        ):
            return []
    return [rules.MANDATE_MISSING.violation("/grantor_id", power=powers[-1].value)]


def before_contract(on: date, deal: Deal, pointer: str) -> list[Violation]:
    """The objection to a day before the contract's."""
    if deal.contract_on is None or on >= deal.contract_on:
        return []
    return [rules.DATE_BEFORE_CONTRACT.violation(pointer, date=on, contract_on=deal.contract_on)]


async def told(
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
    disposal = await enforcements.of_listing(session, deal.listing_id)
    traced = {"trace_id": disposal.id} if disposal is not None else {}
    return NewEvent(
        id=event_id or new_id(),
        type=f"deal.{what}",
        noun="deal",
        subject_id=deal.id,
        stream=deal.district_code,
        audience=await queries.audience(session, deal),
        occurred_on=occurred_on,
        payload={"number": deal.number, "kind": deal.kind, "status": deal.status, **(more or {}), **traced},
        facts=list(facts),
    )


async def tell(
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
    """Record the event `deal.{what}`."""
    event = await told(
        session, deal, what, event_id=event_id, occurred_on=occurred_on, facts=facts, more=more
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event


async def free(
    session: AsyncSession, moment: Moment, deal: Deal, reason: str, ended_on: date | None = None
) -> int:
    """Let go of everything the deal holds; how many holds ended."""
    return await holds.end(
        session, moment=moment, source_noun="deal", source_ids=[deal.id], reason=reason, ended_on=ended_on
    )


async def give_back(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    case: Case,
    before: str,
    reason: str,
    ended_on: date,
) -> None:
    """Free what a deal that comes to nothing holds; the listing it reserved is open again.

    `before` is the state the deal was in.
    """
    freed = await free(session, moment, case.deal, reason, ended_on)
    if case.listing is not None and before in RESERVING and freed:
        await listings.release_all(session, actor=actor, moment=moment, listing_ids=[case.listing.id])
