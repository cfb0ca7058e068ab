"""Pledges: one financing secured by one or more rights."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.asset import AssetKind, Regime
from app.domain.loan_class import LoanClass
from app.domain.pledge import PLEDGE, PledgeEvent, PledgeStatus
from app.models.base import Base, OperationalMixin, one_of


class Pledge(OperationalMixin, Base):
    """A financing (`principal_fen` in `currency`) owed by `borrower_id` to `pledgee_id`.

    `debt_from`/`debt_to` is the debt performance period (PL-04). `registered_on` is the day of the
    first effective registration, which dates the financing in statistics; `mixed_on` the day its second
    kind of right became effective (PL-28). Imported history may lack amounts and dates.
    """

    __tablename__ = "pledges"
    __table_args__ = (
        one_of("regime", Regime),
        one_of("status", PledgeStatus),
        CheckConstraint("imported OR principal_fen IS NOT NULL", name="principal_known"),
        CheckConstraint("principal_fen > 0", name="principal_fen"),
        CheckConstraint("debt_to >= debt_from", name="debt_period"),
        UniqueConstraint("number"),
        Index("ix_pledges_pledgee_id", "pledgee_id"),
        Index("ix_pledges_borrower_id", "borrower_id"),
        Index("ix_pledges_organisation_id", "organisation_id"),
    )

    number: Mapped[str]
    regime: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    pledgee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    borrower_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    pool_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pools.id"))
    recordal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recordals.id"))
    principal_fen: Mapped[int | None]
    currency: Mapped[str]
    debt_from: Mapped[date | None]
    debt_to: Mapped[date | None]
    contract: Mapped[dict[str, Any]]
    acknowledgements: Mapped[list[Any]] = mapped_column(JSONB)
    rule_pack: Mapped[str]
    status: Mapped[str]
    filed_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    mixed_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    imported: Mapped[bool]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: PledgeEvent) -> None:
        """Move to the next state or refuse."""
        self.status = PLEDGE.next(PledgeStatus(self.status), event)
        self.version += 1


class PledgeItem(OperationalMixin, Base):
    """One pledged right with its own official registration (PL-28). The pledgor need not be the borrower.

    `valuation_id`: the valuation of this very right that the pledge rests on, if one was made (PL-26).
    """

    __tablename__ = "pledge_items"
    __table_args__ = (
        one_of("asset_kind", AssetKind),
        one_of("status", PledgeStatus),
        UniqueConstraint("pledge_id", "asset_id"),
        ForeignKeyConstraint(["valuation_id", "asset_id"], ["valuations.id", "valuations.asset_id"]),
        CheckConstraint("secured_fen > 0", name="secured_fen"),
        Index("ix_pledge_items_valuation_id", "valuation_id", "asset_id"),
        Index("ix_pledge_items_asset_id", "asset_id"),
        Index("ix_pledge_items_pledgor_id", "pledgor_id"),
        Index(
            "uq_pledge_items_registration_no",
            "asset_kind",
            "registration_no",
            "asset_id",
            unique=True,
            postgresql_where=text("registration_no IS NOT NULL"),
        ),
    )

    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    asset_kind: Mapped[str]
    pledgor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("parties.id"))
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("holds.id"))
    secured_fen: Mapped[int | None]
    valuation_id: Mapped[uuid.UUID | None]
    rank: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str]
    registration_no: Mapped[str | None]
    registered_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    ended_on: Mapped[date | None]

    def advance(self, event: PledgeEvent) -> None:
        """Move this right's registration to the next state or refuse."""
        self.status = PLEDGE.next(PledgeStatus(self.status), event)


class LoanClassification(OperationalMixin, Base):
    """A loan's class, outstanding principal and days overdue on a day; the last one stands. Append-only."""

    __tablename__ = "loan_classifications"
    __table_args__ = (
        one_of("loan_class", LoanClass),
        CheckConstraint("outstanding_fen >= 0", name="outstanding_fen"),
        CheckConstraint("overdue_days >= 0", name="overdue_days"),
        Index("ix_loan_classifications_pledge_id", "pledge_id", "occurred_on"),
        Index("ix_loan_classifications_event_id", "event_id"),
    )

    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    loan_class: Mapped[str]
    outstanding_fen: Mapped[int]
    overdue_days: Mapped[int] = mapped_column(SmallInteger)
    occurred_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
