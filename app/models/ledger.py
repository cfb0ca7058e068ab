"""The double-entry ledger: accounts, transfers, and the entries a database trigger writes for them.

The application may only insert transfers. A trigger owned by the schema's owner locks the two
accounts, moves their balances within their limits and writes both entries, so the book balances by
construction and no application role can touch a balance or an entry.
"""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.ledger import Side, TransferKind
from app.domain.monitor import Crossing, MonitorField
from app.models.base import Base, DistrictCode, OperationalMixin, one_of


class LedgerAccount(OperationalMixin, Base):
    """An account of a pool's ledger with its four running totals, in fen.

    `limit_side` names the side that may not exceed the other, pending amounts counted: `debit` for an
    account that must not be overdrawn by debits, `credit` for one that must not be by credits.
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        one_of("normal_side", Side),
        CheckConstraint("limit_side IN ('debit', 'credit')", name="limit_side"),
        CheckConstraint(
            "limit_side IS DISTINCT FROM 'debit' OR debits_posted + debits_pending <= credits_posted",
            name="debits_within_credits",
        ),
        CheckConstraint(
            "limit_side IS DISTINCT FROM 'credit' OR credits_posted + credits_pending <= debits_posted",
            name="credits_within_debits",
        ),
        CheckConstraint(
            "debits_posted >= 0 AND credits_posted >= 0 AND debits_pending >= 0 AND credits_pending >= 0",
            name="totals",
        ),
        UniqueConstraint("ledger_id", "code"),
        UniqueConstraint("ledger_id", "id", "currency", name="uq_ledger_accounts_ledger_id_id_currency"),
    )

    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    code: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    normal_side: Mapped[str]
    limit_side: Mapped[str | None]
    memo: Mapped[bool]
    frozen_by: Mapped[uuid.UUID | None] = mapped_column(server_default=FetchedValue())
    """The pending transfer that freezes it; only its void gives the account back. Kept by the trigger."""
    last_booked_on: Mapped[date | None] = mapped_column(server_default=FetchedValue())
    last_occurred_on: Mapped[date | None] = mapped_column(server_default=FetchedValue())
    """Greatest effective day of a posted entry: what is booked before it must keep all later days lawful."""
    debits_posted: Mapped[int] = mapped_column(server_default="0")
    credits_posted: Mapped[int] = mapped_column(server_default="0")
    debits_pending: Mapped[int] = mapped_column(server_default="0")
    credits_pending: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="0")
    recorded_at: Mapped[datetime]


class LedgerTransfer(Base):
    """`amount_fen` from one account to another; its id may be chosen by the client. Append-only.

    `post`, `void` and `expire` resolve a pending transfer, once (`resolves_id` is unique); what was posted
    is reversed once (`reverses_id` is unique). Transfers of one posting are applied in the order of their
    `position`. `occurred_on` is the day it has effect, `booked_on` the business date on which it was
    booked; a correction of a closed period is of the first open day and names the day it `corrects_on`. An
    `adjustment` may still be booked into a period that is held. A pending transfer may end with
    `expires_on`, and may freeze the account of one side (`freezes`), then perhaps with amount 0.
    """

    __tablename__ = "ledger_transfers"
    __table_args__ = (
        PrimaryKeyConstraint("ledger_id", "id"),
        one_of("kind", TransferKind),
        CheckConstraint("amount_fen > 0 OR amount_fen = 0 AND kind <> 'posted'", name="amount_fen"),
        CheckConstraint(
            "freezes IS NULL OR freezes IN ('debit', 'credit') AND kind = 'pending'", name="freezes"
        ),
        CheckConstraint("expires_on IS NULL OR kind = 'pending'", name="expires_on"),
        CheckConstraint("reverses_id IS NULL OR kind IN ('posted', 'post')", name="reverses"),
        CheckConstraint("corrects_on < occurred_on", name="corrects_on"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        CheckConstraint("(kind IN ('post', 'void', 'expire')) = (resolves_id IS NOT NULL)", name="resolves"),
        ForeignKeyConstraint(
            ["ledger_id", "debit_account_id", "currency"],
            ["ledger_accounts.ledger_id", "ledger_accounts.id", "ledger_accounts.currency"],
            name="fk_ledger_transfers_debit_account",
        ),
        ForeignKeyConstraint(
            ["ledger_id", "credit_account_id", "currency"],
            ["ledger_accounts.ledger_id", "ledger_accounts.id", "ledger_accounts.currency"],
            name="fk_ledger_transfers_credit_account",
        ),
        ForeignKeyConstraint(
            ["ledger_id", "resolves_id"],
            ["ledger_transfers.ledger_id", "ledger_transfers.id"],
            name="fk_ledger_transfers_resolves",
        ),
        Index(
            "uq_ledger_transfers_resolves",
            "ledger_id",
            "resolves_id",
            unique=True,
            postgresql_where="resolves_id IS NOT NULL",
        ),
        ForeignKeyConstraint(
            ["ledger_id", "reverses_id"],
            ["ledger_transfers.ledger_id", "ledger_transfers.id"],
            name="fk_ledger_transfers_reverses",
        ),
        Index(
            "uq_ledger_transfers_reverses",
            "ledger_id",
            "reverses_id",
            unique=True,
            postgresql_where="reverses_id IS NOT NULL",
        ),
        Index("ix_ledger_transfers_expires_on", "expires_on", postgresql_where="expires_on IS NOT NULL"),
        Index("ix_ledger_transfers_posting_id", "posting_id"),
        Index(
            "ix_ledger_transfers_reversal", "ledger_id", "business_id", postgresql_where="code = 'reversal'"
        ),
        Index("ix_ledger_transfers_booked_on", "ledger_id", "booked_on", "posting_id"),
        Index("ix_ledger_transfers_event_id", "event_id"),
    )

    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    id: Mapped[uuid.UUID]
    district_code: Mapped[DistrictCode]
    kind: Mapped[str]
    debit_account_id: Mapped[uuid.UUID]
    credit_account_id: Mapped[uuid.UUID]
    currency: Mapped[str]
    amount_fen: Mapped[int]
    resolves_id: Mapped[uuid.UUID | None]
    reverses_id: Mapped[uuid.UUID | None]
    freezes: Mapped[str | None]
    expires_on: Mapped[date | None]
    posting_id: Mapped[uuid.UUID]
    position: Mapped[int] = mapped_column(server_default="0")
    code: Mapped[str]
    narrative: Mapped[str | None]
    business_noun: Mapped[str]
    business_id: Mapped[uuid.UUID]
    occurred_on: Mapped[date]
    booked_on: Mapped[date]
    corrects_on: Mapped[date | None]
    adjustment: Mapped[bool] = mapped_column(server_default="false")
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class LedgerEntry(Base):
    """One side of a transfer on one account, with the account's totals after it. Append-only.

    `posted_fen` is what it moved of the posted total (0 while pending). `booked_on` never falls along an
    account's versions, so that a statement of a time is an unbroken run of entries.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        PrimaryKeyConstraint("account_id", "account_version"),
        one_of("side", Side),
        ForeignKeyConstraint(
            ["ledger_id", "transfer_id"],
            ["ledger_transfers.ledger_id", "ledger_transfers.id"],
            name="fk_ledger_entries_transfer",
        ),
        Index("ix_ledger_entries_transfer_id", "ledger_id", "transfer_id"),
        Index("ix_ledger_entries_booked_on", "account_id", "booked_on", "account_version"),
        Index("ix_ledger_entries_occurred_on", "account_id", "occurred_on"),
        Index(
            "ix_ledger_entries_pending", "account_id", "account_version", postgresql_where="posted_fen = 0"
        ),
        # What was booked on another day than it has effect on: what tells a balance of a day from the
        # running totals of that day.
        Index(
            "ix_ledger_entries_backdated",
            "account_id",
            "account_version",
            "occurred_on",
            postgresql_where="occurred_on < booked_on",
        ),
        Index(
            "ix_ledger_entries_postdated",
            "account_id",
            "account_version",
            "occurred_on",
            postgresql_where="occurred_on > booked_on",
        ),
    )

    ledger_id: Mapped[uuid.UUID]
    transfer_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_accounts.id"))
    account_version: Mapped[int]
    district_code: Mapped[DistrictCode]
    side: Mapped[str]
    amount_fen: Mapped[int]
    posted_fen: Mapped[int]
    debits_posted: Mapped[int]
    credits_posted: Mapped[int]
    debits_pending: Mapped[int]
    credits_pending: Mapped[int]
    occurred_on: Mapped[date]
    booked_on: Mapped[date]
    recorded_at: Mapped[datetime]


class Monitor(OperationalMixin, Base):
    """A threshold on an account's balance; `crossed` tells on which side the balance is now.

    A posting that takes the balance across tells once, the next one on the same side does not.
    """

    __tablename__ = "monitors"
    __table_args__ = (
        one_of("field", MonitorField),
        one_of("crossing", Crossing),
        ForeignKeyConstraint(
            ["ledger_id", "account_code"], ["ledger_accounts.ledger_id", "ledger_accounts.code"]
        ),
        Index("ix_monitors_live", "ledger_id", "account_code", postgresql_where="ended_on IS NULL"),
    )

    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    account_code: Mapped[str]
    field: Mapped[str]
    crossing: Mapped[str]
    threshold_fen: Mapped[int]
    crossed: Mapped[bool]
    ended_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def turn(self, crossed: bool) -> None:  # noqa: FBT001 - the two sides of a threshold
        """Note on which side of the threshold the balance is now."""
        self.crossed = crossed
        self.version += 1

    def end(self, on: date) -> None:
        """Watch no more."""
        self.ended_on = on
        self.version += 1
