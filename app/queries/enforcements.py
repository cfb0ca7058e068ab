"""Reads and locks of enforcements, who may see them, and the trace of what came of one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, func, or_, select

from app.domain import enforcement as rules
from app.domain.claim import ClaimStatus
from app.domain.deal import DealStatus
from app.models.asset import Asset
from app.models.claim import Claim, Recovery
from app.models.deal import Deal
from app.models.enforcement import Enforcement, EnforcementItem, EnforcementPayment
from app.models.hold import Hold
from app.models.listing import Listing
from app.models.pledge import Pledge, PledgeItem
from app.models.pool import Pool
from app.queries.districts import seen_by
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

UNDER_WAY = frozenset({DealStatus.negotiated, DealStatus.signed, DealStatus.filed, DealStatus.correction})
"""States of a deal that keeps the rights of a disposal for its buyer."""


def visible(actor: Actor) -> Select[Enforcement]:
    """Enforcements the caller may see: the bank's own, of its rights or its debt, and its district's.

    The manager of the pool that covers the loan sees them too.
    """
    owed = select(Pledge.id).where(
        or_(Pledge.borrower_id == actor.party_id, Pledge.pledgee_id == actor.party_id)
    )
    owned = exists().where(
        PledgeItem.pledge_id == Enforcement.pledge_id, PledgeItem.pledgor_id == actor.party_id
    )
    return select(Enforcement).where(
        seen_by(
            actor,
            Enforcement.district_code,
            Enforcement.organisation_id == actor.organisation_id,
            Enforcement.pledge_id.in_(owed),
            Enforcement.pledge_id.in_(_managed(actor)),
            owned,
        )
    )


def creditors(actor: Actor) -> Select[Enforcement]:
    """Enforcements whose money the caller may follow: its own, of pools it manages, its district's."""
    return select(Enforcement).where(
        seen_by(
            actor,
            Enforcement.district_code,
            Enforcement.organisation_id == actor.organisation_id,
            Enforcement.pledge_id.in_(_managed(actor)),
        )
    )


def _managed(actor: Actor) -> Select[uuid.UUID]:
    return (
        select(Pledge.id)
        .join(Pool, Pool.id == Pledge.pool_id)
        .where(Pool.manager_id == actor.organisation_id)
    )


def matching(statement: Select[Enforcement], *, pledge_id: uuid.UUID | None = None) -> Select[Enforcement]:
    """`statement` narrowed by what is given."""
    return statement if pledge_id is None else statement.where(Enforcement.pledge_id == pledge_id)


async def get(
    session: AsyncSession, actor: Actor, enforcement_id: uuid.UUID, *, money: bool = False
) -> Enforcement:
    """One enforcement the caller may see, or whose money it may follow. Raises: `enforcement.not_found`."""
    seen = creditors(actor) if money else visible(actor)
    found = (await session.scalars(seen.where(Enforcement.id == enforcement_id))).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error(enforcement_id=enforcement_id)
    return found


async def lock(session: AsyncSession, enforcement_id: uuid.UUID) -> Enforcement:
    """An enforcement that is known to exist, locked and fresh; its pledge has been locked before."""
    statement = select(Enforcement).where(Enforcement.id == enforcement_id).with_for_update(key_share=True)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def fresh(session: AsyncSession, enforcement_id: uuid.UUID) -> Enforcement:
    """An enforcement as it stands once its rights are locked: what lists it locks them first."""
    statement = select(Enforcement).where(Enforcement.id == enforcement_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def of_listing(session: AsyncSession, listing_id: uuid.UUID | None) -> Enforcement | None:
    """The enforcement whose disposal a listing is, as last read; None for any other listing."""
    if listing_id is None:
        return None
    statement = (
        select(Enforcement)
        .join(Listing, Listing.id == Enforcement.listing_id)
        .where(Listing.id == listing_id, Listing.disposal)
    )
    return (await session.scalars(statement)).one_or_none()


async def open_of(session: AsyncSession, pledge_id: uuid.UUID) -> Enforcement | None:
    """The enforcement of a pledge that is neither closed nor abandoned, or None."""
    going_on = [*rules.OPEN, rules.EnforcementStatus.sold]
    statement = select(Enforcement).where(
        Enforcement.pledge_id == pledge_id, Enforcement.status.in_(going_on)
    )
    return (await session.scalars(statement)).one_or_none()


async def asset_ids(
    session: AsyncSession, enforcement_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The rights that are sold, in the order in which they were named."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {one: [] for one in enforcement_ids}
    statement = (
        select(EnforcementItem.enforcement_id, EnforcementItem.asset_id)
        .where(EnforcementItem.enforcement_id.in_(enforcement_ids))
        .order_by(EnforcementItem.id)
    )
    for enforcement_id, asset_id in (await session.execute(statement)).all():
        found[enforcement_id].append(asset_id)
    return found


async def keep_prices(
    session: AsyncSession, enforcement_id: uuid.UUID, prices_fen: Mapping[uuid.UUID, int]
) -> None:
    """Write down what each right brought."""
    statement = select(EnforcementItem).where(EnforcementItem.enforcement_id == enforcement_id)
    for item in await session.scalars(statement):
        item.price_fen = prices_fen.get(item.asset_id)
    await session.flush()


async def prices(session: AsyncSession, enforcement_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """What each right brought that was sold at a price of its own, in fen."""
    statement = select(EnforcementItem.asset_id, EnforcementItem.price_fen).where(
        EnforcementItem.enforcement_id == enforcement_id, EnforcementItem.price_fen.is_not(None)
    )
    return {asset_id: fen for asset_id, fen in (await session.execute(statement)).all() if fen is not None}


async def payments(
    session: AsyncSession, enforcement_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[EnforcementPayment]]:
    """What the proceeds paid, in the legal order."""
    found: dict[uuid.UUID, list[EnforcementPayment]] = {one: [] for one in enforcement_ids}
    statement = (
        select(EnforcementPayment)
        .where(EnforcementPayment.enforcement_id.in_(enforcement_ids))
        .order_by(EnforcementPayment.ordinal)
    )
    for payment in await session.scalars(statement):
        found[payment.enforcement_id].append(payment)
    return found


async def principal_paid(session: AsyncSession, pledge_id: uuid.UUID, since: datetime | None) -> int:
    """The principal that sales of a pledge's rights have paid, those since `since` if given, in fen."""
    statement = (
        select(func.coalesce(func.sum(EnforcementPayment.amount_fen), 0))
        .join(Enforcement, Enforcement.id == EnforcementPayment.enforcement_id)
        .where(
            Enforcement.pledge_id == pledge_id,
            EnforcementPayment.purpose == rules.ProceedsPurpose.principal.value,
            *([EnforcementPayment.recorded_at > since] if since is not None else []),
        )
    )
    return int((await session.scalars(statement)).one())


async def uncovered_paid(session: AsyncSession, pledge_id: uuid.UUID, since: datetime) -> int:
    """The principal that sales paid after `since` beside what they brought a claim, in fen."""
    shared = (
        select(
            func.coalesce(
                func.sum(
                    Recovery.gross_fen - Recovery.cost_fen - Recovery.interest_fen - Recovery.surplus_fen
                ),
                0,
            )
        )
        .join(Enforcement, Enforcement.id == Recovery.enforcement_id)
        .where(Enforcement.pledge_id == pledge_id, Recovery.recorded_at > since)
    )
    return await principal_paid(session, pledge_id, since) - int((await session.scalars(shared)).one())


async def items(session: AsyncSession, pledge_id: uuid.UUID) -> Sequence[PledgeItem]:
    """The items of a locked pledge, fresh."""
    statement = select(PledgeItem).where(PledgeItem.pledge_id == pledge_id).order_by(PledgeItem.ordinal)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def other_liens(
    session: AsyncSession, asset_ids: Collection[uuid.UUID], pledge_id: uuid.UUID
) -> Sequence[Hold]:
    """The live liens of locked rights but for those of a pledge, in the order of what they come from."""
    statement = (
        select(Hold)
        .where(
            Hold.asset_id.in_(asset_ids),
            Hold.kind == "lien",
            Hold.ended_at.is_(None),
            Hold.source_id != pledge_id,
        )
        .order_by(Hold.source_id, Hold.asset_id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def numbers(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The numbers by which people quote rights."""
    statement = select(Asset.id, Asset.number).where(Asset.id.in_(asset_ids))
    return dict((await session.execute(statement)).all())


async def deal_under_way(session: AsyncSession, listing_id: uuid.UUID) -> Deal | None:
    """A deal on a disposal listing that keeps the rights for its buyer, or None."""
    statement = select(Deal).where(Deal.listing_id == listing_id, Deal.status.in_(UNDER_WAY))
    return (await session.scalars(statement.order_by(Deal.id).limit(1))).one_or_none()


async def paid_claim(session: AsyncSession, pledge_id: uuid.UUID) -> Claim | None:
    """The claim on a pledge that a pool has paid, so that what comes back is shared (RP-14), or None."""
    shared = [ClaimStatus.paid, ClaimStatus.recovering, ClaimStatus.recovered, ClaimStatus.written_off]
    statement = select(Claim).where(Claim.pledge_id == pledge_id, Claim.status.in_(shared))
    return (await session.scalars(statement.order_by(Claim.id.desc()).limit(1))).one_or_none()


async def recovery(session: AsyncSession, enforcement_id: uuid.UUID) -> Recovery | None:
    """The recovery that the sale brought, if a pool had paid before."""
    statement = select(Recovery).where(Recovery.enforcement_id == enforcement_id)
    return (await session.scalars(statement)).one_or_none()


@dataclass(frozen=True, slots=True)
class Link:
    """A step of what came of an enforcement, and the event under which it was written."""

    noun: str
    subject_id: uuid.UUID
    event_id: uuid.UUID
    type: str
    occurred_on: date
    recorded_at: datetime
    amount_fen: int | None


_TRACE = """
WITH one AS (SELECT * FROM enforcements WHERE id = $1),
listed AS (
  SELECT DISTINCT (e.payload->>'listing_id')::uuid AS listing_id FROM events e JOIN one
    ON e.noun = 'enforcement' AND e.subject_id = one.id AND e.type = 'enforcement.listed'),
recovery AS (SELECT r.* FROM recoveries r JOIN one ON r.enforcement_id = one.id),
step AS (
  SELECT 'pledge' AS noun, p.id AS subject_id, p.event_id, NULL::bigint AS amount_fen, 0 AS place
  FROM pledges p JOIN one ON p.id = one.pledge_id
  UNION ALL
  SELECT e.noun, e.subject_id, e.id, NULL, 1
  FROM one JOIN events e ON e.noun = 'enforcement' AND e.subject_id = one.id
  UNION ALL
  SELECT e.noun, e.subject_id, e.id, NULL, 1
  FROM listed JOIN events e ON e.noun = 'listing' AND e.subject_id = listed.listing_id
  UNION ALL
  SELECT e.noun, e.subject_id, e.id, NULL, 1
  FROM listed JOIN offers o ON o.listing_id = listed.listing_id
    JOIN events e ON e.noun = 'offer' AND e.subject_id = o.id
  UNION ALL
  SELECT e.noun, e.subject_id, e.id, NULL, 1
  FROM listed JOIN deals d ON d.listing_id = listed.listing_id
    JOIN events e ON e.noun = 'deal' AND e.subject_id = d.id
  UNION ALL
  SELECT e.noun, e.subject_id, e.id, NULL, 1
  FROM one JOIN events e ON e.noun = 'pledge' AND e.payload->>'trace_id' = one.id::text AND e.subject_id IN (
    SELECT i.pledge_id FROM pledge_items i JOIN enforcement_items x ON x.asset_id = i.asset_id
    WHERE x.enforcement_id = one.id)
  UNION ALL
  SELECT e.noun, e.subject_id, e.id, NULL, 1
  FROM one JOIN enforcement_items x ON x.enforcement_id = one.id
    JOIN events e ON e.noun = 'asset' AND e.subject_id = x.asset_id AND e.payload->>'trace_id' = one.id::text
  UNION ALL
  SELECT 'title', t.id, t.event_id, NULL, 2
  FROM one JOIN enforcement_items x ON x.enforcement_id = one.id
    JOIN titles t ON t.asset_id = x.asset_id
    JOIN events e ON e.id = t.event_id
  WHERE one.sold_on IS NOT NULL AND (
    e.noun = 'deal' AND e.subject_id = one.deal_id OR e.payload->>'trace_id' = one.id::text)
  UNION ALL
  SELECT 'payment', p.id, p.event_id, p.amount_fen, 2
  FROM one JOIN enforcement_payments p ON p.enforcement_id = one.id
  UNION ALL
  SELECT 'recovery', r.id, r.event_id, r.gross_fen, 3 FROM recovery r
  UNION ALL
  SELECT 'transfer', t.id, t.event_id, t.amount_fen, 4
  FROM recovery r JOIN ledger_transfers t ON t.ledger_id = r.pool_id AND t.id = r.transfer_id
  UNION ALL
  SELECT 'recovery_share', s.id, r.event_id, s.amount_fen, 5
  FROM recovery r JOIN recovery_shares s ON s.recovery_id = r.id
)
SELECT s.noun, s.subject_id, s.event_id, s.amount_fen, e.type, e.occurred_on, e.recorded_at
FROM step s JOIN events e ON e.id = s.event_id
ORDER BY e.recorded_at, s.place, e.id, s.subject_id
"""


async def trace(session: AsyncSession, enforcement_id: uuid.UUID) -> list[Link]:
    """Everything that came of an enforcement, from its pledge to the shares of what came back, in order."""
    rows = await (await driver(session)).fetch(_TRACE, enforcement_id)
    return [Link(**dict(row)) for row in rows]


async def lock_pledges(session: AsyncSession, pledge_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Pledge]:
    """Pledges that are known to exist, locked in the order of their ids and fresh."""
    statement = select(Pledge).where(Pledge.id.in_(pledge_ids)).order_by(Pledge.id)
    statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {pledge.id: pledge for pledge in await session.scalars(statement)}
