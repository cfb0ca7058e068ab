"""Reads and locks of consents, who may see them, and who has to give them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.domain import consent as rules
from app.domain.consent import EXPIRING, EXPLAINED, ConsentKind, ConsentStatus
from app.domain.hold import HoldKind
from app.domain.listing import ON_MARKET
from app.domain.mandate import MandateStatus
from app.domain.permission import Role
from app.models.asset import Asset, Title
from app.models.consent import Consent, ConsentItem, ConsentUse
from app.models.hold import Hold
from app.models.listing import Listing, ListingItem
from app.models.mandate import Mandate, MandateItem
from app.models.organisation import Organisation
from app.models.pledge import Pledge, PledgeItem
from app.queries import assets as asset_queries
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class Lien:
    """A live lien with who answers for its pledgee; None where nobody on the platform does."""

    asset_id: uuid.UUID
    hold_id: uuid.UUID
    pledgee_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    district_code: str | None


def visible(actor: Actor) -> Select[Consent]:
    """Consents the caller may see.

    Those it grants or asked for, those over rights that it owned when they were entered, and those of the
    district it regulates: who buys a right does not learn what its pledgee allowed the seller.
    """
    owned = exists().where(
        ConsentItem.consent_id == Consent.id,
        ConsentItem.asset_id == Title.asset_id,
        Title.party_id == actor.party_id,
        Title.recorded_at <= Consent.recorded_at,
        or_(Title.ceased_at.is_(None), Title.ceased_at > Consent.recorded_at),
    )
    return select(Consent).where(
        seen_by(
            actor,
            Consent.district_code,
            Consent.organisation_id == actor.organisation_id,
            Consent.requested_by == actor.organisation_id,
            owned,
        )
    )


def discloses_grantor(actor: Actor, consent: Consent) -> bool:
    """Whether the caller may know who grants it: a lender is named to itself and its regulators only."""
    return (
        consent.kind != ConsentKind.pledgee
        or consent.organisation_id == actor.organisation_id
        or actor.oversees(consent.district_code)
    )


def matching(
    statement: Select[Consent],
    *,
    status: ConsentStatus | None = None,
    kind: ConsentKind | None = None,
    asset_id: uuid.UUID | None = None,
) -> Select[Consent]:
    """`statement` narrowed by what is given."""
    if status is not None:
        statement = statement.where(Consent.status == status)
    if kind is not None:
        statement = statement.where(Consent.kind == kind)
    if asset_id is not None:
        covering = select(ConsentItem.consent_id).where(ConsentItem.asset_id == asset_id)
        statement = statement.where(Consent.id.in_(covering))
    return statement


async def get(session: AsyncSession, actor: Actor, consent_id: uuid.UUID, *, lock: bool = False) -> Consent:
    """One consent the caller may see, locked and fresh if asked. Raises: `consent.not_found`."""
    statement = visible(actor).where(Consent.id == consent_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    consent = (await session.scalars(statement)).one_or_none()
    if consent is None:
        raise rules.NOT_FOUND.error(consent_id=consent_id)
    return consent


async def items(
    session: AsyncSession, consent_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[ConsentItem]]:
    """What consents cover, in the order in which it was given; it never changes."""
    found: dict[uuid.UUID, list[ConsentItem]] = {consent_id: [] for consent_id in consent_ids}
    statement = select(ConsentItem).where(ConsentItem.consent_id.in_(consent_ids)).order_by(ConsentItem.id)
    for item in await session.scalars(statement):
        found[item.consent_id].append(item)
    return found


async def numbers(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The numbers people quote, in the order of `asset_ids`. Raises: `asset.not_found`, for each of them."""
    await asset_queries.require(session, asset_ids)
    statement = select(Asset.id, Asset.number).where(Asset.id.in_(asset_ids))
    found = dict((await session.execute(statement)).all())
    return {asset_id: found[asset_id] for asset_id in asset_ids}


async def uses(session: AsyncSession, consent_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How often each consent has been used."""
    statement = (
        select(ConsentUse.consent_id, func.count())
        .where(ConsentUse.consent_id.in_(consent_ids))
        .group_by(ConsentUse.consent_id)
    )
    counted = {consent_id: int(count) for consent_id, count in (await session.execute(statement)).all()}
    return {consent_id: counted.get(consent_id, 0) for consent_id in consent_ids}


async def used_for(session: AsyncSession, deal_id: uuid.UUID) -> set[uuid.UUID]:
    """The consents that a deal has used."""
    statement = select(ConsentUse.consent_id).where(ConsentUse.deal_id == deal_id)
    return set(await session.scalars(statement))


async def of_assets(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> list[Consent]:
    """Consents over some of the rights that a deal could use or hear of, whoever may see them.

    Granted ones are locked in the order of their ids and fresh: nobody revokes or uses them meanwhile.
    """
    over = select(ConsentItem.consent_id).where(ConsentItem.asset_id.in_(asset_ids))
    live = select(Consent).where(Consent.id.in_(over), Consent.status == ConsentStatus.granted)
    live = live.order_by(Consent.id).with_for_update(key_share=True)
    fresh = {"populate_existing": True}
    locked = list(await session.scalars(live, execution_options=fresh))
    others = select(Consent).where(
        Consent.id.in_(over),
        Consent.status.in_(EXPLAINED),
        Consent.id.not_in([consent.id for consent in locked]),
    )
    rest = await session.scalars(others.order_by(Consent.id), execution_options=fresh)
    return [*locked, *(consent for consent in rest if consent.status != ConsentStatus.granted)]


async def due(session: AsyncSession, today: date) -> list[Consent]:
    """Consents, asked for or granted, whose last day is over, locked in the order of their ids."""
    statement = select(Consent).where(Consent.status.in_(EXPIRING), Consent.valid_to < today)
    statement = statement.order_by(Consent.id).with_for_update(key_share=True)
    return list(await session.scalars(statement, execution_options={"populate_existing": True}))


async def liens(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> list[Lien]:
    """Live liens on rights with who answers for them: who filed the pledge, or else the pledgee itself."""
    own = aliased(Organisation)
    statement = (
        select(
            Hold.asset_id,
            Hold.id,
            Pledge.pledgee_id,
            func.coalesce(Pledge.organisation_id, own.id),
            Pledge.district_code,
        )
        .outerjoin(PledgeItem, PledgeItem.hold_id == Hold.id)
        .outerjoin(Pledge, Pledge.id == PledgeItem.pledge_id)
        .outerjoin(own, own.party_id == Pledge.pledgee_id)
        .where(Hold.asset_id.in_(asset_ids), Hold.kind == HoldKind.lien, Hold.ended_at.is_(None))
        .order_by(Hold.asset_id, Hold.rank, Hold.id)
    )
    return [Lien(*row) for row in (await session.execute(statement)).all()]


async def acted_for(
    session: AsyncSession, actor: Actor, asset_ids: Collection[uuid.UUID], today: date
) -> set[uuid.UUID]:
    """The rights for whose owners the caller acts: it offers them on the market, or holds a live mandate."""
    listed = (
        select(ListingItem.asset_id)
        .join(Listing, Listing.id == ListingItem.listing_id)
        .where(
            ListingItem.asset_id.in_(asset_ids),
            Listing.organisation_id == actor.organisation_id,
            Listing.status.in_(ON_MARKET),
        )
    )
    covered = exists().where(MandateItem.mandate_id == Mandate.id, MandateItem.asset_id == Title.asset_id)
    limited = exists().where(MandateItem.mandate_id == Mandate.id)
    mandated = (
        select(Title.asset_id)
        .join(Mandate, and_(Mandate.owner_id == Title.party_id, Title.ceased_at.is_(None)))
        .where(
            Title.asset_id.in_(asset_ids),
            Mandate.organisation_id == actor.organisation_id,
            Mandate.status == MandateStatus.active,
            Mandate.term_from <= today,
            Mandate.term_to >= today,
            or_(covered, ~limited),
        )
    )
    return {*await session.scalars(listed), *await session.scalars(mandated)}


async def owner_organisations(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The organisations that own some of the rights."""
    statement = (
        select(Organisation.id)
        .join(Title, Title.party_id == Organisation.party_id)
        .where(Title.asset_id.in_(asset_ids), Title.ceased_at.is_(None))
        .distinct()
        .order_by(Organisation.id)
    )
    return list(await session.scalars(statement))


async def operator_of(session: AsyncSession, district_code: str) -> Organisation | None:
    """The organisation that operates a district's platform, the one entered first if there are several."""
    statement = (
        select(Organisation)
        .where(
            Organisation.district_code == district_code, Organisation.roles.contains([Role.operator.value])
        )
        .order_by(Organisation.id)
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()
