"""Reads and locks of commitments, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Select, select, text

from app.domain import commitment as rules
from app.domain.commitment import CommitmentStatus
from app.models.application import Application
from app.models.ledger import LedgerTransfer
from app.models.pledge import Pledge
from app.models.pool import Commitment, Pool, Scheme
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Commitment]:
    """Commitments the caller may see: its own, those of pools it manages or of the district it regulates.

    No other bank sees them, nor does the borrower.
    """
    managed = select(Pool.id).where(Pool.manager_id == actor.organisation_id)
    return select(Commitment).where(
        seen_by(
            actor,
            Commitment.district_code,
            Commitment.bank_id == actor.organisation_id,
            Commitment.pool_id.in_(managed),
        )
    )


def matching(
    statement: Select[Commitment],
    *,
    status: CommitmentStatus | None = None,
    pool_id: uuid.UUID | None = None,
    bank_id: uuid.UUID | None = None,
    borrower_id: uuid.UUID | None = None,
    pledge_id: uuid.UUID | None = None,
    application_id: uuid.UUID | None = None,
    expires_by: date | None = None,
) -> Select[Commitment]:
    """`statement` narrowed by what is given; `expires_by`: reservations that end on that day or before."""
    given = {
        Commitment.status: status,
        Commitment.pool_id: pool_id,
        Commitment.bank_id: bank_id,
        Commitment.borrower_id: borrower_id,
        Commitment.pledge_id: pledge_id,
        Commitment.application_id: application_id,
    }
    for column, value in given.items():
        if value is not None:
            statement = statement.where(column == value)
    if expires_by is not None:
        statement = statement.where(
            Commitment.status == CommitmentStatus.reserved, Commitment.expires_on <= expires_by
        )
    return statement


async def get(session: AsyncSession, actor: Actor, commitment_id: uuid.UUID) -> Commitment:
    """One commitment the caller may see. Raises: `commitment.not_found`."""
    found = (await session.scalars(visible(actor).where(Commitment.id == commitment_id))).one_or_none()
    if found is None:
        raise rules.NOT_FOUND.error(commitment_id=commitment_id)
    return found


async def fresh(session: AsyncSession, commitment_id: uuid.UUID) -> Commitment:
    """A commitment that is known to exist, as it is now; the caller holds the lock of its pool."""
    statement = select(Commitment).where(Commitment.id == commitment_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def reservation(session: AsyncSession, application_id: uuid.UUID) -> Commitment | None:
    """What is reserved for an application, or None."""
    statement = select(Commitment).where(
        Commitment.application_id == application_id, Commitment.status == CommitmentStatus.reserved
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()


async def reservations(
    session: AsyncSession, application_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Commitment]:
    """What was reserved for applications, live or over, in one statement."""
    statement = select(Commitment).where(
        Commitment.application_id.in_(application_ids), Commitment.pledge_id.is_(None)
    )
    return {one.application_id: one for one in await session.scalars(statement) if one.application_id}


async def expired(session: AsyncSession, today: date) -> Sequence[Commitment]:
    """Reservations whose last day is over, by pool and age."""
    statement = (
        select(Commitment)
        .where(Commitment.status == CommitmentStatus.reserved, Commitment.expires_on < today)
        .order_by(Commitment.pool_id, Commitment.id)
    )
    return (await session.scalars(statement)).all()


async def numbers(session: AsyncSession, rows: Collection[Commitment]) -> dict[uuid.UUID, str]:
    """The number of the case of each of several commitments: its pledge, or its application."""
    found: dict[uuid.UUID, str] = {}
    pledges = select(Pledge.id, Pledge.number).where(Pledge.id.in_({one.pledge_id for one in rows}))
    applications = select(Application.id, Application.number).where(
        Application.id.in_({one.application_id for one in rows})
    )
    cases = dict((await session.execute(pledges)).all())
    cases |= dict((await session.execute(applications)).all())
    for one in rows:
        case = one.pledge_id or one.application_id
        if case is not None:
            found[one.id] = cases[case]
    return found


async def scheme_versions(session: AsyncSession, rows: Collection[Commitment]) -> dict[uuid.UUID, Scheme]:
    """The scheme version that each commitment was made under (RP-03), by commitment."""
    statement = select(Scheme).where(Scheme.id.in_({one.scheme_id for one in rows}))
    schemes = {scheme.id: scheme for scheme in await session.scalars(statement)}
    return {one.id: schemes[one.scheme_id] for one in rows}


_CHAIN = text("""
WITH RECURSIVE chain (id, posting_id) AS (
  SELECT t.id, t.posting_id FROM ledger_transfers t WHERE t.ledger_id = :pool_id AND t.id = :transfer_id
  UNION
  SELECT h.id, h.posting_id FROM chain c
  JOIN ledger_transfers v ON v.posting_id = c.posting_id AND v.ledger_id = :pool_id AND v.kind = 'void'
  JOIN ledger_transfers h ON h.ledger_id = :pool_id AND h.id = v.resolves_id
)
SELECT t.* FROM ledger_transfers t WHERE t.ledger_id = :pool_id AND t.id IN (SELECT id FROM chain)
UNION ALL
SELECT t.* FROM ledger_transfers t WHERE t.ledger_id = :pool_id AND t.resolves_id IN (SELECT id FROM chain)
ORDER BY recorded_at, position
""")
"""A commitment made anew for less shares its posting with the void of the one before."""


async def transfers(session: AsyncSession, commitment: Commitment) -> Sequence[LedgerTransfer]:
    """Every transfer that reserved its capacity or gave it back, the reservation it confirmed included."""
    statement = select(LedgerTransfer).from_statement(_CHAIN)
    given = {"pool_id": commitment.pool_id, "transfer_id": commitment.transfer_id}
    return (await session.scalars(statement, given)).all()
