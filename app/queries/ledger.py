"""Reads and locks of the ledger."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from app.domain import ledger as rules
from app.domain.ledger import Side, TransferKind
from app.domain.ledger_transfer import NewTransfer
from app.models.ledger import LedgerAccount, LedgerEntry, LedgerTransfer
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from asyncpg import Record
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class LockedAccount:
    """An account as it stands under its lock. `watched`: a live monitor is on it."""

    id: uuid.UUID
    code: str
    currency: str
    limit_side: str | None
    memo: bool
    frozen_by: uuid.UUID | None
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    last_occurred_on: date | None
    watched: bool


_LOCK = """
SELECT a.id, a.code, a.currency, a.limit_side, a.memo, a.frozen_by, a.debits_posted, a.credits_posted,
  a.debits_pending, a.credits_pending, a.last_occurred_on,
  EXISTS (SELECT 1 FROM monitors m
    WHERE m.ledger_id = a.ledger_id AND m.account_code = a.code AND m.ended_on IS NULL) AS watched
FROM ledger_accounts a WHERE a.ledger_id = $1 AND a.id = ANY($2::uuid[])
ORDER BY a.id FOR NO KEY UPDATE OF a
"""
_LOCK_NAMED = """
WITH named AS (
  SELECT unnest($2::uuid[]) AS id
  UNION SELECT unnest(ARRAY[t.debit_account_id, t.credit_account_id]) FROM ledger_transfers t
  WHERE t.ledger_id = $1 AND t.id = ANY($3::uuid[])
)
SELECT a.id, a.code, a.currency, a.limit_side, a.memo, a.frozen_by, a.debits_posted, a.credits_posted,
  a.debits_pending, a.credits_pending, a.last_occurred_on,
  EXISTS (SELECT 1 FROM monitors m
    WHERE m.ledger_id = a.ledger_id AND m.account_code = a.code AND m.ended_on IS NULL) AS watched
FROM ledger_accounts a WHERE a.ledger_id = $1 AND a.id IN (SELECT id FROM named)
ORDER BY a.id FOR NO KEY UPDATE OF a
"""
"""What a transfer moves never changes, so the accounts of named ones are known before they are locked."""


async def lock_accounts(
    session: AsyncSession,
    ledger_id: uuid.UUID,
    account_ids: Collection[uuid.UUID],
    *,
    of_transfers: Collection[uuid.UUID] = (),
) -> list[LockedAccount]:
    """Accounts of a ledger, and those of transfers of it, locked in the order of their ids, freshly read."""
    connection = await driver(session)
    if of_transfers:
        rows = await connection.fetch(_LOCK_NAMED, ledger_id, list(account_ids), list(of_transfers))
    else:
        rows = await connection.fetch(_LOCK, ledger_id, list(account_ids))
    return [LockedAccount(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class KnownTransfer:
    """A transfer of the book with what became of it.

    `resolved_by` and `reversed_by` name the transfers that did; `original_reversed`: what this one proposes
    to reverse has been reversed. `maker_id` is the client that booked it.
    """

    transfer: NewTransfer
    ledger_id: uuid.UUID
    currency: str
    booked_on: date
    recorded_at: datetime
    resolved_by: uuid.UUID | None
    resolved_as: str | None
    reversed_by: uuid.UUID | None
    original_reversed: bool
    maker_id: uuid.UUID | None

    @property
    def id(self) -> uuid.UUID:
        """The transfer's id."""
        return self.transfer.id


_KNOWN = """
SELECT t.debit_account_id, t.credit_account_id, t.amount_fen, t.code, t.business_noun, t.business_id, t.kind,
  t.resolves_id, t.reverses_id, t.freezes, t.expires_on, t.narrative, t.occurred_on, t.corrects_on,
  t.adjustment, t.id, t.posting_id, t.ledger_id, t.currency, t.booked_on, t.recorded_at,
  r.id AS resolved_by, r.kind AS resolved_as, v.id AS reversed_by,
  t.code = 'reversal' AND t.business_noun = 'transfer' AND EXISTS (
    SELECT 1 FROM ledger_transfers o WHERE o.ledger_id = t.ledger_id AND o.reverses_id = t.business_id)
    AS original_reversed,
  e.client_id AS maker_id
FROM ledger_transfers t
JOIN events e ON e.id = t.event_id
LEFT JOIN ledger_transfers r ON r.ledger_id = t.ledger_id AND r.resolves_id = t.id
LEFT JOIN ledger_transfers v ON v.ledger_id = t.ledger_id AND v.reverses_id = t.id
WHERE t.ledger_id = $1 AND t.id = ANY($2::uuid[])
"""


async def known(
    session: AsyncSession, ledger_id: uuid.UUID, transfer_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, KnownTransfer]:
    """Those of the transfers that the ledger has, by id."""
    rows = await (await driver(session)).fetch(_KNOWN, ledger_id, list(transfer_ids))
    return {row["id"]: _known(row) for row in rows}


def _known(row: Record) -> KnownTransfer:
    values = list(row)
    told, rest = values[:17], values[17:]
    told[6] = TransferKind(told[6])
    told[9] = Side(told[9]) if told[9] is not None else None
    return KnownTransfer(NewTransfer(*told), *rest)


async def get_known(session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID) -> KnownTransfer:
    """One transfer of a ledger with what became of it. Raises: `transfer.not_found`."""
    found = (await known(session, ledger_id, [transfer_id])).get(transfer_id)
    if found is None:
        raise rules.TRANSFER_NOT_FOUND.error(transfer_id=transfer_id)
    return found


_POSTINGS = """
SELECT DISTINCT posting_id FROM ledger_transfers WHERE posting_id = ANY($2::uuid[]) AND ledger_id = $1
"""


async def used_postings(
    session: AsyncSession, ledger_id: uuid.UUID, posting_ids: Collection[uuid.UUID]
) -> frozenset[uuid.UUID]:
    """Which of these posting ids the ledger has."""
    rows = await (await driver(session)).fetch(_POSTINGS, ledger_id, list(posting_ids))
    return frozenset(row["posting_id"] for row in rows)


_DAYS = """
SELECT account_id, occurred_on,
  sum(CASE side WHEN 'debit' THEN posted_fen ELSE -posted_fen END)::bigint AS fen
FROM ledger_entries WHERE account_id = ANY($1::uuid[]) AND occurred_on >= $2
GROUP BY account_id, occurred_on
"""


async def moved_since(
    session: AsyncSession, account_ids: Collection[uuid.UUID], since: date
) -> list[tuple[uuid.UUID, date, int]]:
    """Account, effective day, and what moved its posted balance on that day (debits less credits), in fen."""
    rows = await (await driver(session)).fetch(_DAYS, list(account_ids), since)
    return [(row["account_id"], row["occurred_on"], row["fen"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Holding:
    """An account with the transfers that set aside from it, and the last one that moved it, in one answer."""

    account: Mapping[str, Any]
    last: Mapping[str, Any] | None
    holds: Sequence[Mapping[str, Any]]
    held: int


_HOLDING = """
SELECT a.*, row_to_json(l) AS last, h.holds, h.held
FROM ledger_accounts a
LEFT JOIN LATERAL (
  SELECT e.transfer_id, e.account_version, e.side, t.kind, t.code, e.amount_fen, e.debits_posted,
    e.credits_posted, e.debits_pending, e.credits_pending, e.occurred_on, e.recorded_at
  FROM ledger_entries e JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
  WHERE e.account_id = a.id ORDER BY e.account_version DESC LIMIT 1) l ON true
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(p ORDER BY p.account_version) FILTER (WHERE p.n <= $3), '[]') AS holds,
    count(*) AS held
  FROM (
    SELECT t.id, e.side, t.code, t.amount_fen, t.expires_on, t.freezes, t.business_noun, t.business_id,
      t.occurred_on, e.account_version, row_number() OVER (ORDER BY e.account_version) AS n
    FROM ledger_entries e JOIN ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
    WHERE e.account_id = a.id AND e.posted_fen = 0 AND t.kind = 'pending' AND NOT EXISTS (
      SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = t.ledger_id AND r.resolves_id = t.id)) p) h
WHERE a.ledger_id = $1 AND a.id = $2
"""


async def holding(
    session: AsyncSession, ledger_id: uuid.UUID, account_id: uuid.UUID, *, limit: int
) -> Holding:
    """Balance, what is pending and the last entry of an account, consistent in one statement.

    At most `limit` pending transfers are given, the oldest first; `held` says how many there are.
    Raises: `account.not_found`.
    """
    row = await (await driver(session)).fetchrow(_HOLDING, ledger_id, account_id, limit)
    if row is None:
        raise rules.ACCOUNT_NOT_FOUND.error(account_id=account_id)
    return Holding(dict(row), row["last"], row["holds"], row["held"])


_EXPIRED = """
SELECT t.id, t.ledger_id FROM ledger_transfers t
WHERE t.kind = 'pending' AND t.expires_on < $1 AND t.business_noun IN ('pool', 'transfer') AND NOT EXISTS (
  SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = t.ledger_id AND r.resolves_id = t.id)
ORDER BY t.ledger_id, t.expires_on, t.id LIMIT $2
"""


async def expired(session: AsyncSession, on: date, *, limit: int) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Transfers booked by hand whose last day was before `on` and that are still pending, by ledger.

    What backs a commitment or a claim ends with these.
    """
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in await (await driver(session)).fetch(_EXPIRED, on, limit):
        found.setdefault(row["ledger_id"], []).append(row["id"])
    return found


_PROPOSED = """
SELECT t.id FROM ledger_transfers t
WHERE t.ledger_id = $1 AND t.kind = 'pending' AND t.code = 'reversal' AND t.business_noun = 'transfer'
  AND t.business_id = $2 AND t.debit_account_id = $3 AND NOT EXISTS (
    SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = t.ledger_id AND r.resolves_id = t.id)
"""


async def proposed_reversal(session: AsyncSession, original: KnownTransfer) -> uuid.UUID | None:
    """The reversal of a transfer that waits for another client, or None."""
    found: uuid.UUID | None = await (await driver(session)).fetchval(
        _PROPOSED, original.ledger_id, original.transfer.id, original.transfer.credit_account_id
    )
    return found


async def accounts(session: AsyncSession, ledger_id: uuid.UUID) -> Sequence[LedgerAccount]:
    """All accounts of a ledger in the order of their codes."""
    statement = (
        select(LedgerAccount)
        .where(LedgerAccount.ledger_id == ledger_id)
        .order_by(LedgerAccount.code)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def get_account(session: AsyncSession, ledger_id: uuid.UUID, account_id: uuid.UUID) -> LedgerAccount:
    """One account of a ledger. Raises: `account.not_found`."""
    account = await session.get(LedgerAccount, account_id, populate_existing=True)
    if account is None or account.ledger_id != ledger_id:
        raise rules.ACCOUNT_NOT_FOUND.error(account_id=account_id)
    return account


async def find_transfer(
    session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID
) -> LedgerTransfer | None:
    """One transfer of a ledger, or None."""
    return await session.get(LedgerTransfer, (ledger_id, transfer_id))


async def get_transfer(session: AsyncSession, ledger_id: uuid.UUID, transfer_id: uuid.UUID) -> LedgerTransfer:
    """One transfer of a ledger. Raises: `transfer.not_found`."""
    transfer = await find_transfer(session, ledger_id, transfer_id)
    if transfer is None:
        raise rules.TRANSFER_NOT_FOUND.error(transfer_id=transfer_id)
    return transfer


def entries(account_id: uuid.UUID, *, after_version: int) -> Select[LedgerEntry, LedgerTransfer]:
    """Entries of an account in booking order, each with its transfer."""
    return (
        select(LedgerEntry, LedgerTransfer)
        .join(
            LedgerTransfer,
            (LedgerTransfer.ledger_id == LedgerEntry.ledger_id)
            & (LedgerTransfer.id == LedgerEntry.transfer_id),
        )
        .where(LedgerEntry.account_id == account_id, LedgerEntry.account_version > after_version)
        .order_by(LedgerEntry.account_version)
    )
