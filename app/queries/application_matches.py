"""Banks and pools of a district as they stand for a borrower, in one statement."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.domain.application_match import Candidate
from app.domain.permission import Role
from app.queries.commitment_cover import pool_state, state
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

_KINDS = "SELECT id, kind, patent_type FROM assets WHERE id = ANY($1)"

_CANDIDATES = f"""
SELECT o.id AS bank_id, o.name AS bank_name, q.id AS pool_id, q.number, q.name, q.tiers, q.legal_basis,
       {
    pool_state(
        pool="q.id", today="$2", borrower="$3", bank="o.id", application="$5", sees_all="true", district="$4"
    )
} AS state
FROM organisations o
LEFT JOIN LATERAL (
  SELECT p.id, p.number, p.name, s.tiers, s.legal_basis
  FROM pools p LEFT JOIN LATERAL (
    SELECT tiers, legal_basis FROM schemes s WHERE s.pool_id = p.id AND s.effective_from <= $2::date
      AND (s.effective_to IS NULL OR s.effective_to >= $2::date)
    ORDER BY s.effective_from DESC, s.scheme_version DESC LIMIT 1) s ON true
  WHERE p.district_code = o.district_code AND p.status <> 'closed') q ON true
WHERE $1 = ANY(o.roles) AND o.district_code = $4 AND o.party_id <> $3
  AND ($6::uuid IS NULL OR o.id = $6)
ORDER BY o.id, q.number
"""


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank of the district with the pools there as they stand for it."""

    organisation_id: uuid.UUID
    name: str
    pools: list[Candidate]


async def kinds(
    session: AsyncSession, asset_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, tuple[str, str | None]]:
    """Kind, and of a patent its type, of each right that the register knows."""
    connection = await driver(session)
    rows = await connection.fetch(_KINDS, asset_ids)
    return {row["id"]: (row["kind"], row["patent_type"]) for row in rows}


async def banks(
    session: AsyncSession,
    *,
    borrower_id: uuid.UUID,
    district_code: str,
    amount_fen: int,
    today: date,
    application_id: uuid.UUID | None = None,
    bank_id: uuid.UUID | None = None,
) -> list[Bank]:
    """The banks of a district, or one of them, each with the district's pools as they stand for the borrower.

    A bank files under the pools of its own district. What is reserved for `application_id` counts as free.
    """
    connection = await driver(session)
    rows = await connection.fetch(
        _CANDIDATES, Role.bank.value, today, borrower_id, district_code, application_id, bank_id
    )
    found: dict[uuid.UUID, Bank] = {}
    for row in rows:
        bank = found.setdefault(row["bank_id"], Bank(row["bank_id"], row["bank_name"], []))
        if row["pool_id"] is not None:
            bank.pools.append(
                Candidate(
                    pool_id=row["pool_id"],
                    number=row["number"],
                    name=row["name"],
                    standing=state(row["state"], today).standing,
                    shares_bp=_shares(row["tiers"] or [], amount_fen),
                    legal_basis=row["legal_basis"],
                )
            )
    return list(found.values())


def _shares(tiers: Sequence[dict[str, Any]], amount_fen: int) -> dict[str, int]:
    """The shares of the tier that a loan of this amount falls into; empty above the last."""
    for tier in tiers:
        if tier["upto_fen"] is None or amount_fen <= tier["upto_fen"]:
            return dict(tier["shares_bp"])
    return {}
