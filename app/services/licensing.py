"""What a licence needs to take effect and what it ties up (TR-13 to TR-18)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal_ground
from app.domain.asset import AssetStatus, MarkKind
from app.domain.asset_sign import AssociatedMark
from app.domain.deal import HOLD_OF_LICENCE, LicenceType
from app.domain.deal_ground import DealRight
from app.domain.hold import Scope, field_range, territory_range
from app.models.deal import Deal
from app.queries import holds as hold_queries
from app.services.holds import NewHold

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.errors import Violation
    from app.queries.assets import Right


def type_of(deal: Deal) -> LicenceType:
    """独占, 排他 or 普通."""
    if deal.licence_type is None:
        raise ValueError(f"deal {deal.number} is not a licence")
    return LicenceType(deal.licence_type)


def scope_of(deal: Deal) -> Scope:
    """Territory and field of a licence as ranges."""
    return Scope(territory_range(deal.territory), field_range(deal.field))


def term_of(deal: Deal) -> tuple[date, date]:
    """First and last day of a licence."""
    if deal.term_from is None or deal.term_to is None:
        raise ValueError(f"licence {deal.number} has no term")
    return deal.term_from, deal.term_to


def judged(
    deal: Deal,
    right: Right,
    today: date,
    *,
    conflicting: bool = False,
    associated: Sequence[AssociatedMark] = (),
    by_court: bool = False,
) -> DealRight:
    """A locked right as the grounds against a deal look at it; `by_court`: a court disposes of it."""
    asset = right.asset
    return DealRight(
        number=asset.number,
        status=AssetStatus(asset.status),
        last_day_in_force=asset.last_day_in_force,
        owner_ids=right.owner_ids,
        stayed=right.stayed(today, by_court=by_court),
        reserved=right.reserved(today, but_for=deal.id),
        conflicting=conflicting,
        mark_kind=MarkKind(asset.mark_kind) if asset.mark_kind else None,
        associated=[(mark.asset_id, mark.number) for mark in associated],
    )


async def objections(
    session: AsyncSession,
    deal: Deal,
    rights: Sequence[Right],
    *,
    today: date,
) -> list[Violation]:
    """Everything but missing consents that speaks against a licence of locked rights (TR-17)."""
    conflicting = await hold_queries.licence_conflicts(
        session,
        [right.asset.id for right in rights],
        kind=HOLD_OF_LICENCE[type_of(deal)],
        scope=scope_of(deal),
        period=term_of(deal),
    )
    _, term_to = term_of(deal)
    return [
        objection
        for position, right in enumerate(rights)
        for objection in deal_ground.to_sign_licence(
            deal.grantor_id,
            judged(deal, right, today, conflicting=right.asset.id in conflicting),
            term_to=term_to,
            pointer=f"/asset_ids/{position}",
        )
    ]


def rights_objections(deal: Deal, rights: Sequence[Right], *, today: date) -> list[Violation]:
    """What speaks already against agreeing on locked rights; consents may still come before the signature."""
    _, term_to = term_of(deal)
    return [
        objection
        for position, right in enumerate(rights)
        for objection in deal_ground.to_agree_licence(
            deal.grantor_id,
            judged(deal, right, today),
            licence_type=type_of(deal),
            term_to=term_to,
            pointer=f"/asset_ids/{position}",
        )
    ]


def licence_holds(deal: Deal, asset_ids: Sequence[uuid.UUID], event_id: uuid.UUID) -> list[NewHold]:
    """The holds by which a licence ties up its rights."""
    return [
        NewHold(
            asset_id,
            HOLD_OF_LICENCE[type_of(deal)],
            "deal",
            deal.id,
            event_id,
            deal.contract_on,
            scope=scope_of(deal),
            period=term_of(deal),
        )
        for asset_id in asset_ids
    ]
