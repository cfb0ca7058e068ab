"""What a claim is assembled from: everything as of the default, as it was known at one instant (UNI-10).

Read again a year later for the same instant it is the same to the byte, whatever has happened since.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, or_, select

from app.domain.asset import status_in_force
from app.domain.valuation import ValuationStatus
from app.models.application import Application
from app.models.asset import Asset
from app.models.event import Event
from app.models.loan import Loan, LoanEntry
from app.models.pledge import PledgeItem
from app.models.valuation import Valuation
from app.queries import assets as asset_queries, pledge_classifications

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models.pledge import LoanClassification, Pledge
    from app.models.pool import Commitment, Scheme


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the evidence is cut: what was in force on `on`, of what was known at `known_at`."""

    on: date
    known_at: datetime


async def of_pledge(session: AsyncSession, pledge: Pledge, cut: Cut) -> dict[str, Any]:
    """The pledge with its rights (status, registration, signed valuations), and how its loan went."""
    rows = await session.execute(
        select(PledgeItem, Asset.number)
        .join(Asset, Asset.id == PledgeItem.asset_id)
        .where(PledgeItem.pledge_id == pledge.id)
        .order_by(PledgeItem.ordinal)
    )
    items = [await _item(session, item, number, pledge.organisation_id, cut) for item, number in rows.all()]
    classified = await pledge_classifications.known(session, pledge.id, known_at=cut.known_at)
    book = await _book(session, pledge.id, cut)
    return {
        "pledge": {
            "id": str(pledge.id),
            "number": pledge.number,
            "pledgee_id": _text(pledge.pledgee_id),
            "borrower_id": _text(pledge.borrower_id),
            "principal_fen": pledge.principal_fen,
            "currency": pledge.currency,
            "debt_from": _text(pledge.debt_from),
            "debt_to": _text(pledge.debt_to),
            "contract": pledge.contract,
            "rule_pack": pledge.rule_pack,
            "filed_on": _text(pledge.filed_on),
        },
        "items": items,
        "classifications": [_classification(one) for one in classified],
        # Drawdowns and receipts (RP-09); a loan may have been classed without a book of its own.
        **({"loan_entries": book} if book else {}),
    }


async def _item(
    session: AsyncSession, item: PledgeItem, number: str, bank_id: uuid.UUID | None, cut: Cut
) -> dict[str, Any]:
    changes = await asset_queries.status_changes(session, item.asset_id, known_at=cut.known_at)
    status = status_in_force(changes, cut.on)
    valuations = await _valuations(session, item.asset_id, bank_id, cut)
    return {
        "asset_id": str(item.asset_id),
        "number": number,
        "kind": item.asset_kind,
        "pledgor_id": _text(item.pledgor_id),
        "secured_fen": item.secured_fen,
        "registration_no": item.registration_no,
        "registered_on": _text(item.registered_on),
        "expires_on": _text(item.expires_on),
        "status": None
        if status is None
        else {
            "status": status.status,
            "effective_on": _text(status.effective_on),
            "source": status.source,
        },
        "valuations": [_valuation(one) for one in valuations],
    }


async def _valuations(
    session: AsyncSession, asset_id: uuid.UUID, bank_id: uuid.UUID | None, cut: Cut
) -> list[Valuation]:
    """Valuations signed by the day that are the bank's own or made for an application to it.

    What others think a right is worth is not the claimant's business. When a signature became known is
    when the valuation last did anything: signed, it does nothing more.
    """
    applied = exists().where(Application.id == Valuation.application_id, Application.bank_id == bank_id)
    later = (
        select(Event.id)
        .where(Event.noun == "valuation", Event.subject_id == Valuation.id, Event.recorded_at > cut.known_at)
        .exists()
    )
    statement = select(Valuation).where(
        Valuation.asset_id == asset_id,
        or_(Valuation.organisation_id == bank_id, Valuation.appraiser_id == bank_id, applied),
        Valuation.status == ValuationStatus.signed,
        Valuation.signed_on <= cut.on,
        Valuation.recorded_at <= cut.known_at,
        ~later,
    )
    return list(await session.scalars(statement.order_by(Valuation.id)))


def _valuation(valuation: Valuation) -> dict[str, Any]:
    return {
        "id": str(valuation.id),
        "number": valuation.number,
        "mode": valuation.mode,
        "base_on": _text(valuation.base_on),
        "signed_on": _text(valuation.signed_on),
        "value_fen": valuation.value_fen,
        "currency": valuation.currency,
        "methods": list(valuation.methods),
        "appraiser_id": str(valuation.appraiser_id),
    }


async def _book(session: AsyncSession, pledge_id: uuid.UUID, cut: Cut) -> list[dict[str, Any]]:
    """What was drawn, paid back and given up, as it was known."""
    statement = (
        select(LoanEntry)
        .join(Loan, Loan.id == LoanEntry.loan_id)
        .where(Loan.pledge_id == pledge_id, LoanEntry.recorded_at <= cut.known_at)
        .order_by(LoanEntry.id)
    )
    return [
        {
            "id": str(entry.id),
            "kind": entry.kind,
            "principal_fen": entry.principal_fen,
            "interest_fen": entry.interest_fen,
            "occurred_on": str(entry.occurred_on),
            "reference": entry.reference,
            "reverses_id": _text(entry.reverses_id),
        }
        for entry in await session.scalars(statement)
    ]


def _classification(row: LoanClassification) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "loan_class": row.loan_class,
        "outstanding_fen": row.outstanding_fen,
        "overdue_days": row.overdue_days,
        "occurred_on": str(row.occurred_on),
    }


_PARAMETERS = (
    "tiers",
    "tier_mode",
    "loss_base",
    "loss_interest_max_days",
    "loss_timing",
    "overdue_days",
    "downgraded",
    "claim_window_days",
    "publicity_days",
    "liability_limit",
    "claim_cap_fen",
    "enterprise_cap_fen",
    "bank_year_cap_bp",
    "pool_year_cap_fen",
    "shortage",
    "recovery_cost_first",
    "recovery_order",
    "remit_days",
)
"""What of a scheme decides about a claim and what comes back of it."""


def of_cover(commitment: Commitment, scheme: Scheme) -> dict[str, Any]:
    """The cover as it was frozen when the loan was enrolled (RP-03)."""
    return {
        "commitment": {
            "id": str(commitment.id),
            "pool_id": str(commitment.pool_id),
            "ip_share_bp": commitment.ip_share_bp,
            "covered_fen": commitment.covered_fen,
            "committed_on": str(commitment.committed_on),
        },
        "scheme": {
            "id": str(scheme.id),
            "code": scheme.code,
            "scheme_version": scheme.scheme_version,
            "legal_basis": scheme.legal_basis,
            "effective_from": str(scheme.effective_from),
            **{name: getattr(scheme, name) for name in _PARAMETERS},
        },
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
