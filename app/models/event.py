"""Events, the outbox that says which are not sealed yet, and the seals that number and chain them."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, IdMixin


class Event(IdMixin, Base):
    """Something that happened, written in the transaction that made it happen. Append-only.

    `stream` is the district that administers it, or `national` for the register. `audience` names the
    organisations that may see it besides the regulators of the stream's district.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_noun_subject_id", "noun", "subject_id"),)

    stream: Mapped[str]
    type: Mapped[str]
    noun: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    audience: Mapped[list[uuid.UUID]]
    public: Mapped[bool]
    organisation_id: Mapped[uuid.UUID | None]
    client_id: Mapped[uuid.UUID | None]
    request_id: Mapped[str]
    occurred_on: Mapped[date]
    recorded_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]


class Outbox(Base):
    """An event that the sequencer has not sealed yet: the tail of every stream.

    `serial` is drawn when the row is written, after its transaction has taken its locks: of two events
    on one row the one that came first has the smaller number, whichever processes and clocks wrote them.
    """

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("serial"),)

    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    stream: Mapped[str]


class Seal(Base):
    """The number of an event in its stream, gap-free, and the hash that chains it to the one before.

    `contents` tells for each append-only table how many rows were written under the event and their
    common hash; `digest` is the hash of `contents`, `hash` = SHA-256(prev_hash, stream, seq, event_id,
    digest), all defined in `app.domain.seal`. `position` numbers all seals of the instance, gap-free,
    for the event feed. Append-only.
    """

    __tablename__ = "seals"
    __table_args__ = (
        CheckConstraint("seq >= 1", name="seq"),
        UniqueConstraint("event_id"),
        UniqueConstraint("position"),
        Index("ix_seals_stream_sealed_at", "stream", "sealed_at"),
    )

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    position: Mapped[int]
    contents: Mapped[dict[str, Any]]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]
