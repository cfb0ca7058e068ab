"""Trusteeship programmes and the providers selected for them."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.programme import CLOSED, ProgrammeStatus
from app.domain.provider import PROVIDER, ProviderEvent, ProviderStatus
from app.models.base import Base, OperationalMixin, one_of


class Programme(OperationalMixin, Base):
    """Trusteeship bought under a plan, and when a service counts: months, deliverables, score (TG-05)."""

    __tablename__ = "programmes"
    __table_args__ = (
        one_of("status", ProgrammeStatus),
        CheckConstraint("ends_on >= starts_on", name="term"),
        CheckConstraint("min_service_months BETWEEN 0 AND 120", name="min_service_months"),
        CheckConstraint("pass_score BETWEEN 0 AND 100", name="pass_score"),
        UniqueConstraint("number"),
        Index("ix_programmes_plan_id", "plan_id"),
    )

    number: Mapped[str]
    name: Mapped[str]
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plans.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    min_service_months: Mapped[int] = mapped_column(SmallInteger)
    deliverables: Mapped[list[str]]
    pass_score: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def close(self) -> None:
        """Take nothing new from now on. Raises: `programme.closed`."""
        if self.status == ProgrammeStatus.closed:
            raise CLOSED.error()
        self.status = ProgrammeStatus.closed.value
        self.version += 1


class Provider(OperationalMixin, Base):
    """A service organisation in a programme, and how many enterprises it may serve at a time (`quota`)."""

    __tablename__ = "providers"
    __table_args__ = (
        one_of("status", ProviderStatus),
        CheckConstraint("quota >= 1", name="quota"),
        CheckConstraint("status <> 'selected' OR quota IS NOT NULL", name="quota_of_selected"),
        UniqueConstraint("programme_id", "organisation_id"),
        UniqueConstraint("id", "programme_id"),
        Index("ix_providers_organisation_id", "organisation_id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programmes.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    quota: Mapped[int | None]
    contract_no: Mapped[str | None]
    status: Mapped[str]
    decided_on: Mapped[date | None]
    exited_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ProviderEvent) -> None:
        """Move to the next state or refuse."""
        self.status = PROVIDER.next(ProviderStatus(self.status), event)
        self.version += 1
