"""Duplicates: proposals that two rows of the register are one party."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.duplicate import DUPLICATE, DuplicateEvent, DuplicateStatus
from app.models.base import Base, IdMixin, one_of


class Duplicate(IdMixin, Base):
    """`duplicate_party_id` is the same party as `party_id`, which stays.

    It is merged by another person than proposed it; a succession of kind `duplicate` (`succession_id`) then
    says so, until it is undone. Merged again after that, another proposal names the same succession.
    Coverage counts the two once from `decided_on`.
    """

    __tablename__ = "duplicates"
    __table_args__ = (
        one_of("status", DuplicateStatus),
        CheckConstraint("party_id <> duplicate_party_id", name="two_parties"),
        CheckConstraint("decided_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "(status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_on IS NULL)",
            name="decided",
        ),
        CheckConstraint("(status IN ('merged', 'undone')) = (succession_id IS NOT NULL)", name="succession"),
        CheckConstraint(
            "(status = 'undone') = (undone_by IS NOT NULL AND undone_on IS NOT NULL"
            " AND undo_reason IS NOT NULL)",
            name="undone",
        ),
        Index(
            "uq_duplicates_open",
            "duplicate_party_id",
            unique=True,
            postgresql_where="status IN ('proposed', 'merged')",
        ),
        Index("ix_duplicates_party_id", "party_id"),
        Index("ix_duplicates_duplicate_id", "duplicate_party_id"),
        Index("ix_duplicates_succession_id", "succession_id"),
    )

    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    duplicate_party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    status: Mapped[str]
    reason: Mapped[str]
    decision_reason: Mapped[str | None]
    proposed_by: Mapped[uuid.UUID]
    decided_by: Mapped[uuid.UUID | None]
    decided_on: Mapped[date | None]
    undone_by: Mapped[uuid.UUID | None]
    undone_on: Mapped[date | None]
    undo_reason: Mapped[str | None]
    succession_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party_successions.id"))
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: DuplicateEvent) -> None:
        """Move to the next state or refuse."""
        self.status = DUPLICATE.next(DuplicateStatus(self.status), event)
        self.version += 1
