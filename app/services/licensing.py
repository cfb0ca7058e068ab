"""What a licence needs to take effect and what it ties up (TR-13 to TR-18)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal as rules, hold as hold_rules
from app.domain.asset import AssetStatus
from app.domain.deal import EXCLUSIVE, HOLD_OF_LICENCE, LICENSABLE, LicenceType
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
    found: list[Violation] = []
    for position, right in enumerate(rights):
        pointer, number = f"/asset_ids/{position}", right.asset.number
        found += _owner_objections(deal, right, pointer)
        found += _status_objections(deal, right, pointer, today)
        if right.reserved(today, but_for=deal.id):
            found.append(hold_rules.RESERVED.violation(pointer, number=number))
        if right.asset.id in conflicting:
            found.append(hold_rules.LICENCE_CONFLICT.violation(pointer, number=number))
    return found


def rights_objections(deal: Deal, rights: Sequence[Right], *, today: date) -> list[Violation]:
    """What speaks already against agreeing on locked rights; consents may still come before the signature."""
    found: list[Violation] = []
    for position, right in enumerate(rights):
        pointer = f"/asset_ids/{position}"
        found += _owner_objections(deal, right, pointer)
        found += _status_objections(deal, right, pointer, today)
        if type_of(deal) in EXCLUSIVE and right.reserved(today, but_for=deal.id):
            found.append(hold_rules.RESERVED.violation(pointer, number=right.asset.number))
    return found


def _owner_objections(deal: Deal, right: Right, pointer: str) -> list[Violation]:
    """The licensor is an owner (TR-17)."""
    if deal.grantor_id in right.owner_ids:
        return []
    return [rules.LICENSOR_NOT_OWNER.violation(pointer, number=right.asset.number)]


def _status_objections(deal: Deal, right: Right, pointer: str, today: date) -> list[Violation]:
    asset, found = right.asset, []
    if AssetStatus(asset.status) not in LICENSABLE:
        found.append(rules.RIGHT_NOT_IN_FORCE.violation(pointer, number=asset.number, status=asset.status))
    if right.stayed(today):
        found.append(rules.RIGHT_STAYED.violation(pointer, number=asset.number))
    last_day, (_, term_to) = asset.last_day_in_force, term_of(deal)
    if last_day is not None and term_to > last_day:
        found.append(
            rules.TERM_EXCEEDS_RIGHT.violation(
                pointer, number=asset.number, term_to=term_to, last_day=last_day
            )
        )
    return found


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
