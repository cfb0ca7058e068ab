"""What deals count for (ST-08 to ST-10)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.fact import FactRole, Measure
from app.services.events import NewFact

if TYPE_CHECKING:
    from app.models.deal import Deal
    from app.queries.deals import Counted


def of_licence(
    deal: Deal,
    districts: Mapping[uuid.UUID, str],
    *,
    asset_kinds: Collection[str],
    industry: str,
    recorded: bool,
) -> list[NewFact]:
    """What a licence counts for: one licence and its fixed consideration (ST-08 to ST-10).

    It counts on the recording date, or until then on the contract date, flagged. Nothing paid counts as
    a licence without an amount. `industry`: as the rights were classed on that day, known now (AST-11).
    """
    occurred_on = deal.recorded_on if recorded else deal.contract_on
    if occurred_on is None:
        raise ValueError(f"licence {deal.number} has no date to count on")
    dimensions: dict[str, Any] = {
        "licence_type": deal.licence_type,
        "asset_kind": _kind(asset_kinds),
        "industry": industry,
        "recorded": recorded,
        "without_amount": deal.amount_fen == 0,
    }
    values = {Measure.licence_count: 1, Measure.licence_amount: deal.amount_fen}
    return _facts(deal, districts, values, occurred_on, dimensions)


def of_transfer(
    deal: Deal, districts: Mapping[uuid.UUID, str], *, asset_kinds: Collection[str], industry: str
) -> list[NewFact]:
    """What a transfer counts for on the day of its registration: one transfer and its price.

    For nothing or between affiliates it counts without an amount (ST-10).
    """
    if deal.registered_on is None:
        raise ValueError(f"transfer {deal.number} has no date to count on")
    without_amount = deal.affiliated or deal.amount_fen == 0
    dimensions: dict[str, Any] = {
        "asset_kind": _kind(asset_kinds),
        "industry": industry,
        "without_amount": without_amount,
        "affiliated": deal.affiliated,
    }
    values = {Measure.transfer_count: 1, Measure.transfer_amount: 0 if without_amount else deal.amount_fen}
    return _facts(deal, districts, values, deal.registered_on, dimensions)


def _kind(asset_kinds: Collection[str]) -> str:
    """The kind of the rights as a dimension: patent, trademark or mixed."""
    return next(iter(asset_kinds)) if len(set(asset_kinds)) == 1 else "mixed"


def _facts(
    deal: Deal,
    districts: Mapping[uuid.UUID, str],
    values: Mapping[Measure, int],
    occurred_on: date,
    dimensions: Mapping[str, Any],
) -> list[NewFact]:
    """In the grantor's district as going out and in the grantee's as coming in, or once as internal."""
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
