"""The sale: the lien that is enforced ends in the transaction in which the title passes (PL-25, UNI-12)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import enforcement as rules
from app.domain.enforcement import EnforcementEvent
from app.domain.errors import Violation
from app.domain.hold import HoldKind
from app.domain.pledge import PledgeEvent, PledgeStatus
from app.domain.pledge_life import LIVE
from app.models.hold import Hold
from app.models.pledge import Pledge, PledgeItem
from app.queries import enforcements as queries, pledges as pledge_queries
from app.services import events, holds
from app.services.enforcements.case import defaulted, end_pledge, loss_covered, of_pledge, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement


@dataclass(frozen=True, slots=True)
class Sale:
    """A locked enforcement with its pledge, what it sells of it, and the other liens on those rights.

    `pledges`: those the other liens come from, locked too. `numbers` quotes the rights.
    """

    enforcement: Enforcement
    pledge: Pledge
    items: Sequence[PledgeItem]
    others: Sequence[Hold]
    pledges: Mapping[uuid.UUID, Pledge]
    numbers: Mapping[uuid.UUID, str]


@dataclass(frozen=True, slots=True)
class Sold:
    """At what price and when the rights were sold; `ended_on` is when the title passed, `sold_on` if None."""

    price_fen: int
    sold_on: date
    ended_on: date | None = None
    deal_id: uuid.UUID | None = None


async def take_sale(session: AsyncSession, seen: Enforcement) -> Sale:
    """Lock an enforcement after its pledges; the rights, listings and the deal are locked before."""
    asset_ids = (await queries.asset_ids(session, [seen.id]))[seen.id]
    others = await queries.other_liens(session, asset_ids, seen.pledge_id)
    of_pledges = {hold.source_id for hold in others if hold.source_noun == "pledge"}
    pledges = await queries.lock_pledges(session, {seen.pledge_id, *of_pledges})
    by_asset = {item.asset_id: item for item in await queries.items(session, seen.pledge_id)}
    return Sale(
        await queries.lock(session, seen.id),
        pledges.pop(seen.pledge_id),
        [by_asset[asset_id] for asset_id in asset_ids],
        others,
        pledges,
        await queries.numbers(session, asset_ids),
    )


def pledge_faults(sale: Sale) -> list[Violation]:
    """What speaks against selling the rights as pledged ones: given up, not pledged, or not first in rank."""
    found: list[Violation] = []
    if sale.enforcement.status not in rules.OPEN:
        found.append(rules.NOT_OPEN.violation(status=sale.enforcement.status))
    ranks = {item.asset_id: item.rank for item in sale.items}
    found += [
        rules.RIGHT_NOT_PLEDGED.violation(number=sale.numbers[item.asset_id])
        for item in sale.items
        if item.status != PledgeStatus.registered
    ]
    found += [
        rules.SENIOR_LIEN.violation(number=sale.numbers[hold.asset_id])
        for hold in sale.others
        if hold.rank < ranks[hold.asset_id]
    ]
    return found


async def sale_faults(
    session: AsyncSession, sale: Sale, price_fen: int | None, pointer: str = "/amount/amount"
) -> list[Violation]:
    """Everything that speaks against selling the rights at a price now, under the lock of their pledge.

    Once the debt is paid or in order again nothing is sold for it, but by a court's ruling; a contract that
    was signed before is carried out.
    """
    found = pledge_faults(sale)
    found += rules.reserve_faults(price_fen, sale.enforcement.reserve_fen, pointer)
    if not sale.enforcement.by_court and not await defaulted(session, sale.pledge):
        found.append(rules.DEBT_SETTLED.violation())
    return found


async def conclude(session: AsyncSession, *, actor: Actor, moment: Moment, sale: Sale, sold: Sold) -> None:
    """End the lien that is enforced, and those behind it, since the title passes in this transaction.

    The registrations of the sold rights are cancelled as realised (PL-10); the other rights stay pledged.
    """
    enforcement, on = sale.enforcement, sold.ended_on or sold.sold_on
    enforcement.advance(EnforcementEvent.sell)
    enforcement.price_fen, enforcement.sold_on = sold.price_fen, sold.sold_on
    enforcement.deal_id = sold.deal_id
    await session.flush()  # first: while it is open no right of it is let go
    asset_ids = [item.asset_id for item in sale.items]
    await tell(
        session,
        actor,
        moment,
        enforcement,
        sale.pledge,
        what="sold",
        occurred_on=sold.sold_on,
        asset_ids=asset_ids,
        price_fen=sold.price_fen,
        deal_id=sold.deal_id,
    )
    await _extinguish(session, actor, moment, sale, sale.pledge, items=sale.items, on=on)
    by_pledge: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for hold in sale.others:
        by_pledge[hold.source_id].append(hold.asset_id)
    for pledge_id, pledge in sale.pledges.items():
        items = await queries.items(session, pledge_id)
        gone = [one for one in items if one.asset_id in by_pledge[pledge_id] and one.status in LIVE]
        await _extinguish(session, actor, moment, sale, pledge, items=gone, on=on)
        if not any(one.status in LIVE for one in items) and not await loss_covered(session, pledge):
            await end_pledge(session, actor, moment, enforcement, pledge, on=on)
    await session.flush()


async def _extinguish(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    sale: Sale,
    pledge: Pledge,
    *,
    items: Sequence[PledgeItem],
    on: date,
) -> None:
    """Cancel a pledge's registrations of sold rights and end their liens."""
    asset_ids = [item.asset_id for item in items]
    concerned = await pledge_queries.audience(session, pledge)
    event = of_pledge(sale.enforcement, pledge, "realised", concerned, occurred_on=on, asset_ids=asset_ids)
    await events.record(session, actor=actor, moment=moment, events=[event])
    for item in items:
        item.advance(PledgeEvent.deregister)
        item.ended_on = on
    pledge.version += 1
    await session.flush()
    await holds.end(
        session,
        moment=moment,
        source_noun="pledge",
        source_ids=[pledge.id],
        reason="realised",
        ended_on=on,
        kinds=[HoldKind.lien],
        asset_ids=asset_ids,
    )
