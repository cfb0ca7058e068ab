"""What a licence needs to take effect, what it ties up, and what it counts for (TR-03, TR-13 to TR-18)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import deal as rules, hold as hold_rules
from app.domain.asset import AssetStatus
from app.domain.deal import EXCLUSIVE, HOLD_OF_LICENCE, LICENSABLE, LicenceType
from app.domain.fact import FactRole, Measure
from app.domain.hold import HoldKind, Scope, field_range, territory_range
from app.models.deal import Deal
from app.queries import holds as hold_queries
from app.services.events import NewFact
from app.services.holds import NewHold

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.errors import Violation
    from app.queries.assets import Right
    from app.queries.deals import Counted


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
    consents: Collection[uuid.UUID],
    today: date,
) -> list[Violation]:
    """Everything that speaks against a licence of locked rights, right by right (TR-17)."""
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
        found += _co_owner_objections(deal, right, pointer, consents)
        found += _status_objections(deal, right, pointer, today)
        if right.held(HoldKind.lien):
            found.append(rules.PLEDGEE_CONSENT_REQUIRED.violation(pointer, number=number))
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


def _co_owner_objections(
    deal: Deal, right: Right, pointer: str, consents: Collection[uuid.UUID]
) -> list[Violation]:
    """An exclusive or sole licence needs every other owner too (TR-03)."""
    missing = set(right.owner_ids) - {deal.grantor_id, *consents}
    if type_of(deal) not in EXCLUSIVE or not missing or deal.grantor_id not in right.owner_ids:
        return []
    owners = [str(owner) for owner in right.owner_ids if owner in missing]
    return [rules.CO_OWNER_CONSENT_MISSING.violation(pointer, number=right.asset.number, owner_ids=owners)]


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


def facts(
    deal: Deal, districts: Mapping[uuid.UUID, str], *, asset_kinds: Collection[str], recorded: bool
) -> list[NewFact]:
    """What a licence counts for: one licence and its fixed consideration (ST-08 to ST-10).

    It counts in the licensor's district as going out and in the licensee's as coming in, or once as
    internal; on the recording date, or until then on the contract date, flagged. Nothing paid counts
    as a licence without an amount.
    """
    occurred_on = deal.recorded_on if recorded else deal.contract_on
    if occurred_on is None:
        raise ValueError(f"licence {deal.number} has no date to count on")
    dimensions: dict[str, Any] = {
        "licence_type": deal.licence_type,
        "asset_kind": next(iter(asset_kinds)) if len(set(asset_kinds)) == 1 else "mixed",
        "recorded": recorded,
        "without_amount": deal.amount_fen == 0,
    }
    values = {Measure.licence_count: 1, Measure.licence_amount: deal.amount_fen}
    return [
        NewFact(measure, district_code, role, value, occurred_on, "deal", deal.id, dimensions)
        for district_code, role in _sides(districts[deal.grantor_id], districts[deal.grantee_id])
        for measure, value in values.items()
        if value
    ]


def _sides(grantor: str, grantee: str) -> list[tuple[str, FactRole]]:
    if grantor == grantee:
        return [(grantor, FactRole.internal)]
    return [(grantor, FactRole.outbound), (grantee, FactRole.inbound)]


def reversal(deal: Deal, counted: Sequence[Counted]) -> list[NewFact]:
    """Facts that undo what the deal counts for so far."""
    return [
        NewFact(
            item.measure,
            item.district_code,
            item.role,
            -item.value,
            item.occurred_on,
            "deal",
            deal.id,
            item.dimensions,
        )
        for item in counted
    ]
