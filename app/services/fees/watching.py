"""Beginning to watch a right's fees (AST-08)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import fee as rules
from app.domain.asset import IN_FORCE
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.models.fee import Fee
from app.queries import fees as queries
from app.services import events
from app.services.fees.common import happened, lock, opened

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def watch(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    paid_through: int,
    source: str,
    reduction_percent: int = 0,
) -> Fee:
    """Begin to watch a right's fees, paid up to number `paid_through`: the next one is open.

    Raises: `asset.not_found`, `fee.not_concerned`, `.already_watched`, `.not_payable`,
    `.ordinal_unknown`, `.grace_over`, `.no_reduction`.
    """
    asset, calendar = await lock(session, actor, asset_id)
    if await queries.of_right(session, asset_id):
        raise rules.WATCHED.error("path:asset_id", number=asset.number)
    if not calendar or asset.status not in IN_FORCE:
        raise rules.NOT_PAYABLE.error("path:asset_id", number=asset.number)
    charge = rules.charge_of(calendar, paid_through + 1)
    if charge is None:
        first, last = calendar[0].ordinal - 1, calendar[-1].ordinal - 1
        raise rules.ORDINAL_UNKNOWN.error(
            "/paid_through_ordinal", ordinal=paid_through, first=first, last=last
        )
    found: list[Violation] = []
    if charge.grace_ends_on < moment.today:
        found.append(rules.GRACE_OVER.violation("/paid_through_ordinal", grace_ends_on=charge.grace_ends_on))
    if reduction_percent and not any(one.reducible for one in calendar):
        found.append(rules.NO_REDUCTION.violation("/reduction_percent"))
    refuse_if(found)
    payload = {
        "asset_id": asset_id,
        "paid_through": paid_through,
        "reduction_percent": reduction_percent,
        "source": source,
    }
    fee = opened(
        asset_id,
        charge,
        reduction_percent=reduction_percent,
        source=source,
        moment=moment,
        event_id=new_id(),
    )
    event = happened("fee.watched", fee, payload, event_id=fee.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(fee)
    await session.flush()
    return fee
