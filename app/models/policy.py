"""IP insurance policies, the rights they cover, and their endorsements."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.policy import POLICY, PolicyEvent, PolicyProduct, PolicyStatus
from app.models.base import Base, OperationalMixin, one_of


class Policy(OperationalMixin, Base):
    """A policy as its insurer reports it. `sum_insured_fen` (保险金额) is the insurer's maximum liability at
    the start; endorsements change it later (IN-02, 保险法第18条).
    """

    __tablename__ = "policies"
    __table_args__ = (
        one_of("product", PolicyProduct),
        one_of("status", PolicyStatus),
        CheckConstraint("sum_insured_fen > 0", name="sum_insured_fen"),
        CheckConstraint("premium_fen >= 0", name="premium_fen"),
        CheckConstraint("subsidy_fen BETWEEN 0 AND premium_fen", name="subsidy_fen"),
        CheckConstraint("ends_on >= starts_on", name="term"),
        UniqueConstraint("number"),
        UniqueConstraint("organisation_id", "policy_no"),
        Index("ix_policies_insured_id", "insured_id"),
    )

    number: Mapped[str]
    policy_no: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    insured_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    product: Mapped[str]
    product_name: Mapped[str | None]
    sum_insured_fen: Mapped[int]
    premium_fen: Mapped[int]
    subsidy_fen: Mapped[int]
    currency: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    pledge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pledges.id"))
    status: Mapped[str]
    ended_on: Mapped[date | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: PolicyEvent) -> None:
        """Move to the next state or refuse."""
        self.status = POLICY.next(PolicyStatus(self.status), event)
        self.version += 1


class PolicyItem(OperationalMixin, Base):
    """A right covered by a policy."""

    __tablename__ = "policy_items"
    __table_args__ = (
        UniqueConstraint("policy_id", "asset_id"),
        Index("ix_policy_items_asset_id", "asset_id"),
    )

    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policies.id"))
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assets.id"))


class PolicyEndorsement(OperationalMixin, Base):
    """A change of the sum insured from a day on (批单). Append-only."""

    __tablename__ = "policy_endorsements"
    __table_args__ = (
        CheckConstraint("delta_fen <> 0", name="delta_fen"),
        UniqueConstraint("policy_id", "endorsement_no"),
        Index("ix_policy_endorsements_event_id", "event_id"),
    )

    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policies.id"))
    endorsement_no: Mapped[str]
    delta_fen: Mapped[int]
    occurred_on: Mapped[date]
    reason: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
