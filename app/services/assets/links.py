"""Links between rights that belong together."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import asset as rules
from app.domain.asset import LinkKind
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.models.asset import AssetLink
from app.queries import assets as queries
from app.services import events
from app.services.assets.common import event as asset_event

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def link(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    other_asset_id: uuid.UUID,
    kind: LinkKind,
) -> AssetLink:
    """Record that two rights belong together, once whichever is named first.

    Raises: `asset.not_found`, `asset.link_to_itself`, `asset.link_exists`, `asset.link_unfit`,
    `asset.twins_not_same_day`.
    """
    await queries.get(session, asset_id)
    if asset_id == other_asset_id:
        raise rules.LINK_TO_ITSELF.error("/other_asset_id")
    one, other = await queries.lock(session, [asset_id, other_asset_id], pointer="/other_asset_id")
    refuse_if(rules.check_link(kind, one, other))
    if await queries.linked(session, asset_id, other_asset_id, kind) is not None:
        raise rules.LINK_EXISTS.error()
    event = asset_event("asset.linked", asset_id, {"other_asset_id": other_asset_id, "kind": kind})
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = AssetLink(
        id=new_id(),
        asset_id=asset_id,
        other_asset_id=other_asset_id,
        kind=kind,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    return made
