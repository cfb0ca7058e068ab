"""Statements of accounts in booking order, and journals.

A statement is an unbroken run of an account's entries: those booked on its days. The day of booking never
falls along an account's versions, so what was booked yesterday is the same for ever, whatever is booked
later for an earlier day, and each statement opens with what the one before closed with.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, select, true, tuple_

from app.models.ledger import LedgerEntry, LedgerTransfer
from app.models.period import Period, PeriodBalance
from app.queries.driver import driver
from app.queries.ledger_balances import Totals, totals_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models.ledger import LedgerAccount


@dataclass(frozen=True, slots=True)
class Stand:
    """An account after the last entry booked by a day: that entry's version (0 before the first)."""

    account_version: int
    totals: Totals


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A month of the statement that is not simply open; `stand`: what it was last closed with.

    Its totals are by effective day, unlike the statement's own, its version is the last booked by the end.
    """

    begins_on: date
    status: str
    round: int
    stand: Stand | None


@dataclass(frozen=True, slots=True)
class Statement:
    """An account from the evening before `first` to that of `last`, and a page of what lies between."""

    first: date
    last: date
    opening: Stand
    closing: Stand
    lines: Sequence[tuple[LedgerEntry, LedgerTransfer]]
    more: bool
    months: Sequence[ClosedMonth]


_STANDS = """
SELECT d.which, e.account_version, e.debits_posted, e.credits_posted, e.debits_pending, e.credits_pending
FROM (VALUES (0, $2::date - 1), (1, $3::date)) d(which, by)
LEFT JOIN LATERAL (
  SELECT * FROM ledger_entries e WHERE e.account_id = $1 AND e.booked_on <= d.by
  ORDER BY e.booked_on DESC, e.account_version DESC LIMIT 1) e ON true
ORDER BY d.which
"""


async def statement(
    session: AsyncSession,
    account: LedgerAccount,
    *,
    first: date,
    last: date,
    after_version: int,
    limit: int,
) -> Statement:
    """An account's statement over days, both included; lines behind `after_version`, at most `limit`."""
    opening, closing = await stands(session, account.id, first=first, last=last)
    begins = max(after_version, opening.account_version)
    rows = (
        await session.execute(
            select(LedgerEntry, LedgerTransfer)
            .join(
                LedgerTransfer,
                (LedgerTransfer.ledger_id == LedgerEntry.ledger_id)
                & (LedgerTransfer.id == LedgerEntry.transfer_id),
            )
            .where(
                LedgerEntry.account_id == account.id,
                LedgerEntry.account_version > begins,
                LedgerEntry.account_version <= closing.account_version,
            )
            .order_by(LedgerEntry.account_version)
            .limit(limit + 1)
        )
    ).all()
    lines = [(entry, transfer) for entry, transfer in rows[:limit]]
    months = await _months(session, account, first, last)
    return Statement(first, last, opening, closing, lines, len(rows) > limit, months)


async def stands(
    session: AsyncSession, account_id: uuid.UUID, *, first: date, last: date
) -> tuple[Stand, Stand]:
    """How an account stood before the first and after the last of some days, in one statement."""
    rows = await (await driver(session)).fetch(_STANDS, account_id, first, last)
    opening, closing = (Stand(row["account_version"] or 0, totals_of(row)) for row in rows)
    return opening, closing


async def _months(
    session: AsyncSession, account: LedgerAccount, first: date, last: date
) -> Sequence[ClosedMonth]:
    """The months that the days touch and that have a period, with the balance of their last closing."""
    closed = (
        select(PeriodBalance)
        .where(PeriodBalance.period_id == Period.id, PeriodBalance.account_id == account.id)
        .order_by(PeriodBalance.round.desc())
        .limit(1)
        .lateral()
    )
    names = ("account_version", "debits_posted", "credits_posted", "debits_pending", "credits_pending")
    found = await session.execute(
        select(Period.begins_on, Period.status, Period.round, *(closed.c[name] for name in names))
        .outerjoin(closed, true())
        .where(
            Period.ledger_id == account.ledger_id,
            Period.begins_on.between(first.replace(day=1), last),
        )
        .order_by(Period.begins_on)
    )
    return [
        ClosedMonth(begins_on, status, number, None if version is None else Stand(version, Totals(*totals)))
        for begins_on, status, number, version, *totals in found
    ]


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Postings in the order of their booking, each with its transfers in the order they were applied."""

    journals: Sequence[Sequence[LedgerTransfer]]
    next_cursor: str | None


async def journals(
    session: AsyncSession,
    ledger_id: uuid.UUID,
    *,
    first: date,
    last: date,
    after: uuid.UUID | None,
    limit: int,
) -> JournalPage:
    """Postings booked on some days, both included; `after`: the posting to continue behind."""
    key = (LedgerTransfer.booked_on, LedgerTransfer.posting_id)
    postings = (
        select(*key)
        .where(LedgerTransfer.ledger_id == ledger_id, LedgerTransfer.booked_on.between(first, last))
        .distinct()
        .order_by(*key)
        .limit(limit + 1)
    )
    if after is not None:
        day = select(func.max(LedgerTransfer.booked_on)).where(
            LedgerTransfer.ledger_id == ledger_id, LedgerTransfer.posting_id == after
        )
        postings = postings.where(tuple_(*key) > tuple_(day.scalar_subquery(), after))
    found = [posting_id for _, posting_id in await session.execute(postings)]
    shown = found[:limit]
    by_posting: dict[uuid.UUID, list[LedgerTransfer]] = {posting_id: [] for posting_id in shown}
    legs = (
        select(LedgerTransfer)
        .where(LedgerTransfer.ledger_id == ledger_id, LedgerTransfer.posting_id.in_(shown))
        .order_by(LedgerTransfer.position, LedgerTransfer.id)
    )
    for leg in await session.scalars(legs):
        by_posting[leg.posting_id].append(leg)
    return JournalPage(list(by_posting.values()), str(shown[-1]) if len(found) > limit else None)


async def count_journals(session: AsyncSession, ledger_id: uuid.UUID, *, first: date, last: date) -> int:
    """How many postings were booked on some days."""
    counted = select(func.count(LedgerTransfer.posting_id.distinct())).where(
        LedgerTransfer.ledger_id == ledger_id, LedgerTransfer.booked_on.between(first, last)
    )
    return await session.scalar(counted) or 0
