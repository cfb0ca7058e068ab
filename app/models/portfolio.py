"""Portfolios and their members over time."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.portfolio import PortfolioStatus
from app.models.base import Base, OperationalMixin, one_of


class Portfolio(OperationalMixin, Base):
    """Rights of one owner kept together. `qualified_on` is the day it came to qualify, if it does now."""

    __tablename__ = "portfolios"
    __table_args__ = (
        one_of("status", PortfolioStatus),
        UniqueConstraint("number"),
        Index("ix_portfolios_organisation_id", "organisation_id"),
        Index("ix_portfolios_owner_id", "owner_id"),
    )

    number: Mapped[str]
    name: Mapped[str]
    industry: Mapped[str | None]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    status: Mapped[str]
    qualified_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def close(self) -> None:
        """Keep the history and take no more members."""
        self.status = PortfolioStatus.closed.value
        self.version += 1


class PortfolioMember(OperationalMixin, Base):
    """A right's membership over a period; it ends (`left_on`) and is never deleted.

    A right has one membership that has not ended, whichever the portfolio.
    """

    __tablename__ = "portfolio_members"
    __table_args__ = (
        CheckConstraint("left_on >= joined_on", name="period"),
        CheckConstraint("(left_at IS NULL) = (left_event_id IS NULL)", name="left"),
        Index("ix_portfolio_members_portfolio_id", "portfolio_id"),
        Index("ix_portfolio_members_asset_id", "asset_id"),
        Index(
            "uq_portfolio_members_live",
            "asset_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    portfolio_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("portfolios.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    left_event_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("events.id"))
    left_at: Mapped[datetime | None]
