"""Loans on pledges, their repayment plans, and their books."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.loan import LOAN, LoanEntryKind, LoanEvent, LoanStatus
from app.models.base import Base, OperationalMixin, one_of


class Loan(OperationalMixin, Base):
    """A loan on a pledge, from its first drawdown. Totals in fen, moved only by its entries (a trigger).

    What is outstanding of the principal is `drawn_fen - repaid_fen - written_off_fen`, never below zero nor
    above the limit. What was repaid of a `revolving` one (最高额质权) may be drawn again. The plan in force
    was made when `planned_drawn_fen` had been drawn and `planned_interest_fen` of interest paid.
    `overdue_since` is the due day of the earliest instalment that is not paid in full.
    """

    __tablename__ = "loans"
    __table_args__ = (
        one_of("status", LoanStatus),
        CheckConstraint("limit_fen > 0 AND (revolving OR drawn_fen <= limit_fen)", name="drawn_fen"),
        CheckConstraint("drawn_fen - repaid_fen - written_off_fen <= limit_fen", name="limit_fen"),
        CheckConstraint(
            "drawn_fen >= 0 AND repaid_fen >= 0 AND written_off_fen >= 0 AND interest_fen >= 0", name="totals"
        ),
        CheckConstraint("repaid_fen + written_off_fen <= drawn_fen", name="outstanding_fen"),
        UniqueConstraint("pledge_id"),
        Index("ix_loans_organisation_id", "organisation_id"),
    )

    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    currency: Mapped[str]
    limit_fen: Mapped[int]
    revolving: Mapped[bool]
    drawn_fen: Mapped[int] = mapped_column(server_default="0")
    repaid_fen: Mapped[int] = mapped_column(server_default="0")
    written_off_fen: Mapped[int] = mapped_column(server_default="0")
    interest_fen: Mapped[int] = mapped_column(server_default="0")
    plan: Mapped[int] = mapped_column(SmallInteger)
    planned_drawn_fen: Mapped[int] = mapped_column(server_default="0")
    planned_interest_fen: Mapped[int] = mapped_column(server_default="0")
    overdue_since: Mapped[date | None]
    told_days: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    @property
    def outstanding_fen(self) -> int:
        """What is outstanding of the principal."""
        return self.drawn_fen - self.repaid_fen - self.written_off_fen

    def advance(self, event: LoanEvent) -> None:
        """Move to the next state or refuse."""
        self.status = LOAN.next(LoanStatus(self.status), event)
        self.version += 1


class LoanEntry(OperationalMixin, Base):
    """Money that moved on a loan, principal and interest apart. Append-only; reversed once, by another."""

    __tablename__ = "loan_entries"
    __table_args__ = (
        one_of("kind", LoanEntryKind),
        CheckConstraint("principal_fen >= 0 AND interest_fen >= 0", name="amounts"),
        CheckConstraint("principal_fen + interest_fen > 0", name="something"),
        CheckConstraint("kind NOT IN ('drawdown', 'write_off') OR interest_fen = 0", name="principal_only"),
        UniqueConstraint("reverses_id"),
        UniqueConstraint("loan_id", "reference"),
        Index("ix_loan_entries_loan_id", "loan_id", "occurred_on"),
        Index("ix_loan_entries_event_id", "event_id"),
    )

    loan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("loans.id"))
    kind: Mapped[str]
    principal_fen: Mapped[int]
    interest_fen: Mapped[int]
    occurred_on: Mapped[date]
    reference: Mapped[str | None]
    reverses_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("loan_entries.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class LoanInstalment(OperationalMixin, Base):
    """What is due of a loan on a day, by the repayment plan of that number. Append-only."""

    __tablename__ = "loan_instalments"
    __table_args__ = (
        CheckConstraint("principal_fen >= 0 AND interest_fen >= 0", name="amounts"),
        CheckConstraint("principal_fen + interest_fen > 0", name="something"),
        UniqueConstraint("loan_id", "plan", "ordinal"),
        UniqueConstraint("loan_id", "plan", "due_on"),
        Index("ix_loan_instalments_due_on", "due_on"),
        Index("ix_loan_instalments_event_id", "event_id"),
    )

    loan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("loans.id"))
    plan: Mapped[int] = mapped_column(SmallInteger)
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[date]
    principal_fen: Mapped[int]
    interest_fen: Mapped[int]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
