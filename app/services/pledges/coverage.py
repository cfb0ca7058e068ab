"""Coverage of a registered pledge: told once when it falls below its loan, once when it is back (PLG-08)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain.money import format_amount
from app.domain.notice import NoticeKind
from app.domain.pledge import PledgeStatus
from app.queries import pledge_coverages as queries
from app.queries.pledge_classifications import lock_pledge
from app.services import events, notices, rule_packs

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.domain.rule_pack import Limits
    from app.models.pledge import Pledge
    from app.queries.pledge_coverages import Stand

PAGE = 1_000
"""Pledges looked at by one statement of the daily job."""
_FIRST = uuid.UUID(int=0)


def limits_on(today: date) -> Limits:
    """By what rights are measured on a day (PL-27)."""
    return rule_packs.packs().national(today).pack.limits


async def stand(session: AsyncSession, pledge: Pledge, *, today: date) -> Stand:
    """How a pledge stands now."""
    return (await queries.of_pledges(session, [pledge.id], limits_on(today)))[pledge.id]


async def review(session: AsyncSession, *, actor: Actor, moment: Moment, pledge: Pledge) -> bool:
    """See whether a locked pledge has become short of worth, or is covered again; whether that changed.

    Each crossing is one event and one notice to the pledgee, however often it is looked at.
    """
    if pledge.status != PledgeStatus.registered:
        return False
    await session.flush()
    stood = await stand(session, pledge, today=moment.today)
    return await _follow(session, actor=actor, moment=moment, pledge=pledge, stood=stood)


async def review_right(session: AsyncSession, *, actor: Actor, moment: Moment, asset_id: uuid.UUID) -> int:
    """Look again at the pledges that hold a right of which something has become known; how many changed."""
    changed = 0
    for pledge_id in await queries.of_right(session, asset_id):
        pledge = await lock_pledge(session, pledge_id)
        changed += await review(session, actor=actor, moment=moment, pledge=pledge)
    return changed


async def review_all(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Look at every pledge whose coverage can be told; how many changed. Doing it again changes nothing.

    What moves a coverage besides valuations is the end of a right and the loan's balance: a day's delay in
    telling of these costs less than looking at each change of a register of millions.
    """
    changed, after = 0, _FIRST
    limits = limits_on(moment.today)
    while page := await queries.candidates(session, after=after, limit=PAGE):
        after = page[-1]
        seen = await queries.of_pledges(session, page, limits)
        for pledge_id in page:
            if seen[pledge_id].coverage.short == (seen[pledge_id].short_since is not None):
                continue
            pledge = await lock_pledge(session, pledge_id)
            changed += await review(session, actor=actor, moment=moment, pledge=pledge)
    return changed


async def _follow(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge: Pledge, stood: Stand
) -> bool:
    coverage, bank = stood.coverage, stood.bank_id
    if coverage.short == (pledge.short_since is not None):
        return False
    pledge.short_since = moment.today if coverage.short else None
    pledge.version += 1
    figures = {
        "owed_fen": coverage.owed_fen,
        "value_fen": coverage.value_fen,
        "lendable_fen": coverage.lendable_fen,
        "shortfall_fen": coverage.shortfall_fen,
        "ltv_bp": coverage.ltv_bp,
        "cap_bp": coverage.combined_cap_bp,
    }
    event = events.NewEvent(
        type="pledge.shortfall" if coverage.short else "pledge.covered_again",
        noun="pledge",
        subject_id=pledge.id,
        stream=pledge.district_code,
        # What the rights are worth to the bank is nobody else's business.
        audience=[bank] if bank is not None else [],
        payload={"number": pledge.number, **figures},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    if bank is not None:
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.pledge_short if coverage.short else NoticeKind.pledge_covered,
            recipients=[bank],
            facts={"number": pledge.number, "shortfall": format_amount(coverage.shortfall_fen or 0)},
        )
    return True
