"""What watching and paying fees have in common."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import fee as rules
from app.domain.district import NATIONAL
from app.domain.fee import Charge, FeeStatus
from app.domain.identifiers import new_id
from app.domain.permission import Role
from app.models.asset import Asset
from app.models.fee import Fee
from app.queries import assets as asset_queries, fees as queries
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def lock(session: AsyncSession, actor: Actor, asset_id: uuid.UUID) -> tuple[Asset, list[Charge]]:
    """The right, locked, for somebody who may record its fees; and its calendar."""
    [asset] = await asset_queries.lock(session, [asset_id], pointer="path:asset_id")
    owners = (await asset_queries.owners(session, [asset_id]))[asset_id]
    parties = [owner.party_id for owner in owners if owner.party_id is not None]
    if not (
        Role.operator in actor.roles
        or actor.party_id in parties
        or await queries.entrusted(session, actor.organisation_id, parties)
    ):
        raise rules.NOT_CONCERNED.error()
    return asset, await queries.calendar(session, asset)


def opened(
    asset_id: uuid.UUID,
    charge: Charge,
    *,
    reduction_percent: int,
    source: str,
    moment: Moment,
    event_id: uuid.UUID,
) -> Fee:
    """The fee that a charge of the calendar is to become."""
    return Fee(
        id=new_id(),
        asset_id=asset_id,
        kind=charge.kind.value,
        ordinal=charge.ordinal,
        due_on=charge.due_on,
        grace_ends_on=charge.grace_ends_on,
        amount_fen=charge.amount_fen,
        reduction_percent=reduction_percent if charge.reducible else 0,
        status=FeeStatus.due.value,
        source=source,
        event_id=event_id,
        recorded_at=moment.now,
        version=1,
    )


def happened(
    what: str,
    fee: Fee,
    payload: Mapping[str, Any],
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
) -> NewEvent:
    """The public event of a fee."""
    return NewEvent(
        type=what,
        noun="fee",
        subject_id=fee.id,
        stream=NATIONAL,
        public=True,
        payload=payload,
        occurred_on=occurred_on,
        id=event_id or new_id(),
    )
