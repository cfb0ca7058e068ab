"""Statements of the special account as its bank gives them, line by line, and what each line matches."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.bank_statement import LINE, LineEvent, LineStatus, MatchRule
from app.models.base import Base, OperationalMixin, one_of


class BankStatement(OperationalMixin, Base):
    """The bank's statement of the special account over days. Append-only.

    Opening plus lines is the closing balance, and the next statement's opening; the bytes it was read from
    are kept as a document, `sha256` its hash.
    """

    __tablename__ = "bank_statements"
    __table_args__ = (
        CheckConstraint("ends_on >= begins_on", name="days"),
        UniqueConstraint("number"),
        UniqueConstraint("id", "ledger_id"),
        UniqueConstraint("ledger_id", "begins_on"),
        UniqueConstraint("ledger_id", "sha256"),
        Index("ix_bank_statements_event_id", "event_id"),
    )

    number: Mapped[str]
    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    opening_fen: Mapped[int]
    closing_fen: Mapped[int]
    sha256: Mapped[bytes]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class BankStatementLine(OperationalMixin, Base):
    """One movement of a statement: above zero what came in, below what went out.

    `transfer_id` is the transfer it matches, each at most once; one without is `unmatched`, or `explained`
    by a second client.
    """

    __tablename__ = "bank_statement_lines"
    __table_args__ = (
        one_of("status", LineStatus),
        one_of("rule", MatchRule),
        CheckConstraint("amount_fen <> 0", name="amount_fen"),
        CheckConstraint("(status = 'matched') = (transfer_id IS NOT NULL)", name="matched"),
        CheckConstraint("(transfer_id IS NULL) = (rule IS NULL)", name="ruled"),
        CheckConstraint("(status = 'explained') = (reason IS NOT NULL)", name="explained"),
        ForeignKeyConstraint(
            ["statement_id", "ledger_id"],
            ["bank_statements.id", "bank_statements.ledger_id"],
            name="fk_bank_statement_lines_statement",
        ),
        ForeignKeyConstraint(
            ["ledger_id", "transfer_id"],
            ["ledger_transfers.ledger_id", "ledger_transfers.id"],
            name="fk_bank_statement_lines_transfer",
        ),
        UniqueConstraint("statement_id", "ordinal"),
        Index("uq_bank_statement_lines_transfer", "ledger_id", "transfer_id", unique=True),
        Index("ix_bank_statement_lines_unmatched", "ledger_id", postgresql_where="status = 'unmatched'"),
    )

    statement_id: Mapped[uuid.UUID]
    ledger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    ordinal: Mapped[int]
    occurred_on: Mapped[date]
    amount_fen: Mapped[int]
    counterparty: Mapped[str | None]
    reference: Mapped[str | None]
    status: Mapped[str]
    rule: Mapped[str | None]
    transfer_id: Mapped[uuid.UUID | None]
    reason: Mapped[str | None]
    version: Mapped[int]

    def advance(self, event: LineEvent) -> None:
        """Move to the next state or refuse."""
        self.status = LINE.next(LineStatus(self.status), event)
        self.version += 1
