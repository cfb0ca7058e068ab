"""An amendment that is not decided: under lock with its pledge and all their rights."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.amendment import (
    AMENDMENT,
    AmendmentAction,
    AmendmentEvent,
    AmendmentKind,
    AmendmentStatus,
)
from app.domain.pledge import PledgeStatus
from app.queries import amendments as queries, pledges as pledge_queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor
    from app.models.amendment import Amendment, AmendmentItem
    from app.models.pledge import Pledge, PledgeItem


@dataclass(frozen=True, slots=True)
class Open:
    """An amendment that is not decided, its pledge and all their rights, under lock.

    `by_asset`: of a right that came in anew the last item.
    """

    amendment: Amendment
    touched: Sequence[AmendmentItem]
    pledge: Pledge
    items: Sequence[PledgeItem]
    by_asset: dict[uuid.UUID, PledgeItem] = field(default_factory=dict)

    def waiting(self) -> list[AmendmentItem]:
        """Rights for which the office has yet to register it; of a substitution those that come in.

        A right that the pledge has lost meanwhile is waited for no longer.
        """
        substitutes = self.amendment.kind == AmendmentKind.substitution
        return [
            one
            for one in self.touched
            if one.registered_on is None
            and not (substitutes and one.action == AmendmentAction.release)
            and self.by_asset[one.asset_id].status in _EXPECTED[AmendmentAction(one.action)]
        ]

    def lets_go_of_all(self) -> bool:
        """Whether no right would be left."""
        going = {one.asset_id for one in self.touched if one.action == AmendmentAction.release}
        return all(item.asset_id in going for item in self.items if item.status == PledgeStatus.registered)


_EXPECTED = {
    AmendmentAction.add: {PledgeStatus.filed},
    AmendmentAction.change: {PledgeStatus.registered},
    AmendmentAction.extend: {PledgeStatus.registered},
    AmendmentAction.release: {PledgeStatus.registered},
}
"""Where a right stands when the office registers something for it."""


async def lock(
    session: AsyncSession, *, actor: Actor, amendment_id: uuid.UUID, event: AmendmentEvent
) -> Open:
    """Lock rights, pledge and amendment.

    Raises: `amendment.not_found`, `pledge.not_yours`, `state.illegal_transition`.
    """
    seen = await queries.get(session, actor, amendment_id)
    pledge, items = await pledge_queries.lock(session, actor, seen.pledge_id)
    opened = await read(session, amendment_id, pledge, items)
    AMENDMENT.next(AmendmentStatus(opened.amendment.status), event)
    return opened


async def read(
    session: AsyncSession, amendment_id: uuid.UUID, pledge: Pledge, items: Sequence[PledgeItem]
) -> Open:
    """What is known of an amendment of a pledge that is locked."""
    amendment, touched = await queries.lock(session, amendment_id)
    return Open(amendment, touched, pledge, items, {item.asset_id: item for item in items})
