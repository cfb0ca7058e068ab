"""Reads and locks of accounting periods, and the figures that a closing needs, set by set."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain.approval import ApprovalStep
from app.domain.period import Month, PeriodStatus
from app.models.approval import Approval
from app.models.ledger import LedgerAccount
from app.models.period import Period, PeriodBalance
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def not_open(session: AsyncSession, ledger_id: uuid.UUID, since: Month) -> dict[Month, PeriodStatus]:
    """Months of a ledger from `since` on that are held or closed."""
    statement = select(Period.begins_on, Period.status).where(
        Period.ledger_id == ledger_id,
        Period.begins_on >= since.begins_on,
        Period.status != PeriodStatus.open,
    )
    return {Month(begins_on): PeriodStatus(status) for begins_on, status in await session.execute(statement)}


async def all_of(session: AsyncSession, ledger_id: uuid.UUID) -> Sequence[Period]:
    """Every period of a ledger that was ever held, in order."""
    statement = select(Period).where(Period.ledger_id == ledger_id).order_by(Period.begins_on)
    return (await session.scalars(statement)).all()


async def find(session: AsyncSession, ledger_id: uuid.UUID, month: Month) -> Period | None:
    """A period under the lock of its pool, freshly read; None while it was never held."""
    statement = (
        select(Period)
        .where(Period.ledger_id == ledger_id, Period.begins_on == month.begins_on)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def lock_all_accounts(session: AsyncSession, ledger_id: uuid.UUID) -> None:
    """Every account of a ledger, locked in the order of their ids: no posting is under way any more."""
    statement = (
        select(LedgerAccount.id)
        .where(LedgerAccount.ledger_id == ledger_id)
        .order_by(LedgerAccount.id)
        .with_for_update(key_share=True)
    )
    await session.execute(statement)


async def balances(session: AsyncSession, period: Period) -> Sequence[tuple[PeriodBalance, LedgerAccount]]:
    """What the accounts were closed with in the period's present round, by code."""
    statement = (
        select(PeriodBalance, LedgerAccount)
        .join(LedgerAccount, LedgerAccount.id == PeriodBalance.account_id)
        .where(PeriodBalance.period_id == period.id, PeriodBalance.round == period.round)
        .order_by(LedgerAccount.code)
    )
    return [(balance, account) for balance, account in await session.execute(statement)]


async def closer(session: AsyncSession, period: Period) -> uuid.UUID | None:
    """The client that closed the period in its present round."""
    statement = select(Approval.client_id).where(
        Approval.subject_id == period.id,
        Approval.round == period.round,
        Approval.step == ApprovalStep.check,
    )
    return (await session.scalars(statement)).one_or_none()


async def first_effect(session: AsyncSession, ledger_id: uuid.UUID, *, since: date | None) -> date | None:
    """The earliest day from `since` on on which something of the ledger had effect."""
    found: date | None = await (await driver(session)).fetchval(
        "SELECT min(f.occurred_on) FROM ledger_accounts a CROSS JOIN LATERAL ("
        " SELECT e.occurred_on FROM ledger_entries e WHERE e.account_id = a.id"
        " AND e.occurred_on >= coalesce($2, '-infinity'::date) ORDER BY e.occurred_on LIMIT 1) f"
        " WHERE a.ledger_id = $1",
        ledger_id,
        since,
    )
    return found


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Ledger and bank at the end of a period, in fen; the bank's figures are None without statements.

    `in_transit_fen` is what of the difference bank less ledger has its reason: lines whose transfer has
    effect later or which were explained, less transfers whose line comes later. `first_on` and `through`
    are the days statements cover, `unmatched` the lines up to the end without a transfer or a reason.
    """

    ledger_fen: int
    bank_fen: int | None
    in_transit_fen: int
    first_on: date | None
    through: date | None
    unmatched: int


_RECKONING = """
WITH cash AS (
  SELECT id FROM ledger_accounts WHERE ledger_id = $1 AND code = 'cash'
), book AS (
  SELECT coalesce(sum(CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END), 0)::bigint AS fen
  FROM ledger_entries e JOIN cash ON e.account_id = cash.id WHERE e.occurred_on <= $2
), covered AS (
  SELECT min(begins_on) AS first_on, max(ends_on) AS through,
    (array_agg(opening_fen ORDER BY begins_on))[1] AS opening_fen
  FROM bank_statements WHERE ledger_id = $1
), line AS (
  SELECT coalesce(sum(l.amount_fen) FILTER (WHERE l.occurred_on <= $2), 0)::bigint AS fen,
    count(*) FILTER (WHERE l.occurred_on <= $2 AND l.status = 'unmatched') AS unmatched,
    coalesce(sum(l.amount_fen) FILTER (
      WHERE l.occurred_on <= $2 AND (l.status = 'explained' OR t.occurred_on > $2)), 0)::bigint
    - coalesce(sum(l.amount_fen) FILTER (WHERE l.occurred_on > $2 AND t.occurred_on <= $2), 0)::bigint
      AS in_transit
  FROM bank_statement_lines l
  LEFT JOIN ledger_transfers t ON t.ledger_id = l.ledger_id AND t.id = l.transfer_id
  WHERE l.ledger_id = $1
)
SELECT book.fen AS ledger_fen, covered.opening_fen + line.fen AS bank_fen, line.in_transit, covered.first_on,
  covered.through, line.unmatched
FROM book, covered, line
"""


async def reckoning(session: AsyncSession, ledger_id: uuid.UUID, ends_on: date) -> Reckoning:
    """Ledger and bank side by side at the end of a day."""
    row = await (await driver(session)).fetchrow(_RECKONING, ledger_id, ends_on)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return Reckoning(
        ledger_fen=row["ledger_fen"],
        bank_fen=row["bank_fen"],
        in_transit_fen=row["in_transit"],
        first_on=row["first_on"],
        through=row["through"],
        unmatched=row["unmatched"],
    )


_ACCRUALS_MISSING = """
SELECT count(*) FROM generate_series($2::date, $3::date, interval '1 day') AS d(day)
WHERE EXISTS (SELECT 1 FROM interest_rates r WHERE r.ledger_id = $1 AND r.effective_from <= d.day)
  AND NOT EXISTS (SELECT 1 FROM interest_accruals a WHERE a.ledger_id = $1 AND a.accrued_on = d.day::date)
  AND EXISTS (SELECT 1 FROM pools p WHERE p.id = $1 AND p.status <> 'closed')
"""


async def accruals_missing(session: AsyncSession, ledger_id: uuid.UUID, month: Month) -> int:
    """Days of a month under a rate of interest on which nothing has accrued yet."""
    connection = await driver(session)
    return int(await connection.fetchval(_ACCRUALS_MISSING, ledger_id, month.begins_on, month.ends_on))


_CLOSE_BALANCES = """
INSERT INTO period_balances (period_id, round, account_id, district_code, account_version, debits_posted,
  credits_posted, debits_pending, credits_pending, event_id, recorded_at)
WITH closed AS (
  SELECT p.id, p.round, (p.begins_on + interval '1 month')::date AS next_on
  FROM periods p WHERE p.ledger_id = $1 AND p.status = 'closed' AND p.begins_on < $4
  ORDER BY p.begins_on DESC LIMIT 1
)
SELECT $2, $3, a.id, a.district_code,
  coalesce((SELECT e.account_version FROM ledger_entries e
    WHERE e.account_id = a.id AND e.booked_on <= $5
    ORDER BY e.booked_on DESC, e.account_version DESC LIMIT 1), 0),
  coalesce(o.debits_posted, 0) + coalesce(m.debits_posted, 0),
  coalesce(o.credits_posted, 0) + coalesce(m.credits_posted, 0),
  coalesce(o.debits_pending, 0) + coalesce(m.debits_pending, 0),
  coalesce(o.credits_pending, 0) + coalesce(m.credits_pending, 0), $6, $7
FROM ledger_accounts a
LEFT JOIN closed c ON true
LEFT JOIN period_balances o ON o.period_id = c.id AND o.round = c.round AND o.account_id = a.id
LEFT JOIN LATERAL (
  SELECT sum(e.debits_posted - coalesce(b.debits_posted, 0))::bigint AS debits_posted,
    sum(e.credits_posted - coalesce(b.credits_posted, 0))::bigint AS credits_posted,
    sum(e.debits_pending - coalesce(b.debits_pending, 0))::bigint AS debits_pending,
    sum(e.credits_pending - coalesce(b.credits_pending, 0))::bigint AS credits_pending
  FROM ledger_entries e
  LEFT JOIN ledger_entries b ON b.account_id = e.account_id AND b.account_version = e.account_version - 1
  WHERE e.account_id = a.id AND e.occurred_on <= $5
    AND e.occurred_on >= coalesce(c.next_on, '-infinity'::date)) m ON true
WHERE a.ledger_id = $1
"""
"""Totals by effective day: those of the last closed period, and what each entry since has moved."""


async def write_balances(
    session: AsyncSession, period: Period, *, event_id: uuid.UUID, now: datetime
) -> None:
    """What every account of the ledger is closed with."""
    month = Month(period.begins_on)
    await (await driver(session)).execute(
        _CLOSE_BALANCES,
        period.ledger_id,
        period.id,
        period.round,
        month.begins_on,
        month.ends_on,
        event_id,
        now,
    )
