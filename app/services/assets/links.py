"""Links between rights that belong together."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import asset as rules
from app.domain.asset import LinkKind
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.models.asset import AssetLink
from app.queries import asset_links as link_queries, assets as queries
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
    if await link_queries.linked(session, asset_id, other_asset_id, kind) is not None:
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


async def end_link(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    link_id: uuid.UUID,
    reason: str,
) -> AssetLink:
    """End a link that was wrong or holds no longer; it links nothing from now on, for either right.

    Raises: `asset.not_found`, `asset.link_not_found`, `asset.link_ended`.
    """
    await queries.get(session, asset_id)
    ended = await link_queries.get(session, asset_id, link_id)
    await queries.lock(session, [ended.asset_id, ended.other_asset_id])
    ended = await link_queries.get(session, asset_id, link_id)  # again, under the locks
    if ended.ended_at is not None:
        raise rules.LINK_ENDED.error("path:link_id")
    other = ended.other_asset_id if ended.asset_id == asset_id else ended.asset_id
    payload = {"link_id": link_id, "other_asset_id": other, "kind": ended.kind, "reason": reason}
    event = asset_event("asset.link_ended", asset_id, payload)
    await events.record(session, actor=actor, moment=moment, events=[event])
    ended.ended_at = moment.now
    ended.ended_event_id = event.id
    await session.flush()
    return ended
