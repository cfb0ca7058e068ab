"""Enrolments in trusteeship, the services delivered, and the firms covered."""

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

from app.domain.enrolment import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from app.domain.service_record import ServiceKind
from app.domain.size_class import Industry, SizeClass
from app.models.base import Base, OperationalMixin, one_of


class Enrolment(OperationalMixin, Base):
    """A firm in a programme. Its size is classed at enrolment by `size_rule` from staff, revenue and assets.

    Revenue and assets are in 万元. `confirmed_on` is the firm's own word, without which a row an agency
    entered does not go on (TRU-06); `data_consent_on` its consent to the use of its data (TRU-09).
    `active_from` is the first day of service under any provider, `active_to` the last day agreed on now;
    how long was served is told by the facts of the enrolment. `findings` are the conditions it failed at
    its check or its evaluation, as codes with facts; `reason` is what a person wrote.
    """

    __tablename__ = "enrolments"
    __table_args__ = (
        one_of("industry", Industry),
        one_of("size_class", SizeClass),
        one_of("status", EnrolmentStatus),
        CheckConstraint("employees >= 0", name="employees"),
        CheckConstraint("revenue_wan >= 0", name="revenue_wan"),
        CheckConstraint("assets_wan >= 0", name="assets_wan"),
        CheckConstraint("active_to >= active_from", name="term"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("status <> 'active' OR agreement_no IS NOT NULL", name="agreement"),
        CheckConstraint("status <> 'counted' OR counted_on IS NOT NULL", name="counted_on"),
        CheckConstraint(
            "status IN ('applied', 'ineligible', 'terminated') OR confirmed_on IS NOT NULL", name="confirmed"
        ),
        ForeignKeyConstraint(["provider_id", "programme_id"], ["providers.id", "providers.programme_id"]),
        UniqueConstraint("number"),
        Index("ix_enrolments_party_id", "party_id"),
        Index("ix_enrolments_provider_id", "provider_id"),
        Index("ix_enrolments_organisation_id", "organisation_id"),
        Index(
            "uq_enrolments_live_party",
            "programme_id",
            "party_id",
            unique=True,
            postgresql_where=text(
                "status IN ('applied', 'checked', 'matched', 'active') AND confirmed_on IS NOT NULL"
            ),
        ),
        Index(
            "uq_enrolments_unconfirmed_entry",
            "programme_id",
            "party_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("status = 'applied' AND confirmed_on IS NULL"),
        ),
    )

    number: Mapped[str]
    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programmes.id"))
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    provider_id: Mapped[uuid.UUID | None]
    industry: Mapped[str]
    employees: Mapped[int | None]
    revenue_wan: Mapped[int | None]
    assets_wan: Mapped[int | None]
    size_class: Mapped[str]
    size_rule: Mapped[str]
    confirmed_on: Mapped[date | None]
    data_consent_on: Mapped[date | None]
    agreement_no: Mapped[str | None]
    active_from: Mapped[date | None]
    active_to: Mapped[date | None]
    ended_on: Mapped[date | None]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    counted_on: Mapped[date | None]
    reason: Mapped[str | None]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[str]
    applied_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: EnrolmentEvent) -> None:
        """Move to the next state or refuse."""
        self.status = ENROLMENT.next(EnrolmentStatus(self.status), event)
        self.version += 1


class ServiceRecord(OperationalMixin, Base):
    """A service delivered under an enrolment; the firm's acceptance makes it a deliverable (TG-05)."""

    __tablename__ = "service_records"
    __table_args__ = (
        one_of("kind", ServiceKind),
        CheckConstraint("accepted_on >= occurred_on", name="accepted_on"),
        Index("ix_service_records_enrolment_id", "enrolment_id"),
    )

    enrolment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enrolments.id"))
    provider_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("providers.id"))
    kind: Mapped[str]
    summary: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    occurred_on: Mapped[date]
    accepted_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]


class Coverage(OperationalMixin, Base):
    """A firm that a plan's trusteeship has covered, once for all years and providers (TG-06).

    Each party of which an enrolment counted has one, since the earliest day on which one did. Of covered
    parties that are one firm, by rename, merger or as duplicates, the later coverage is folded into the
    earlier: it counts no more from `folded_on`, the day they became one or its own when that came after.
    What shows that they are two firms again, an undone merge, unfolds it.
    """

    __tablename__ = "coverages"
    __table_args__ = (
        CheckConstraint("(folded_on IS NULL) = (folded_into_id IS NULL)", name="folded"),
        CheckConstraint("folded_on >= since", name="folded_on"),
        UniqueConstraint("plan_id", "party_id"),
        Index("ix_coverages_party_id", "party_id"),
        Index("ix_coverages_enrolment_id", "enrolment_id"),
    )

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plans.id"))
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    enrolment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("enrolments.id"))
    since: Mapped[date]
    folded_on: Mapped[date | None]
    folded_into_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("coverages.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
