"""Holds: everything that ties up a right. Exclusivity between holds is decided by this table alone."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import DATERANGE, INT4RANGE, INT8RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.asset import Regime
from app.domain.hold import HoldKind
from app.models.base import Base, IdMixin, one_of


class Hold(IdMixin, Base):
    """A lien, licence, transfer offer, reservation, preservation or suspension of one right.

    Licence conflicts are an exclusion constraint over right x territory x field x period x lane: an
    ordinary licence takes its own lane (`lane` = its number), an exclusive or sole one all lanes, a
    sub-licence is exempt (`lane` empty). A CN right carries one live lien (rank 1); a notice
    registry ranks several. No two preservations of a right run on the same day (LS-09). A hold names its
    source and carries no commercial terms.
    """

    __tablename__ = "holds"
    __table_args__ = (
        one_of("kind", HoldKind),
        one_of("regime", Regime),
        ForeignKeyConstraint(
            ["asset_id", "asset_serial", "regime"], ["assets.id", "assets.serial", "assets.regime"]
        ),
        CheckConstraint("rank >= 1", name="rank"),
        CheckConstraint("kind <> 'lien' OR regime <> 'cn' OR rank = 1", name="one_rank_in_cn"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
        CheckConstraint(
            "kind NOT IN ('licence', 'exclusive_licence') OR "
            "(territory IS NOT NULL AND field IS NOT NULL AND period IS NOT NULL AND lane IS NOT NULL)",
            name="licence_scope",
        ),
        Index(
            "uq_holds_live_lien",
            "asset_id",
            "rank",
            unique=True,
            postgresql_where=text("kind = 'lien' AND ended_at IS NULL"),
        ),
        Index(
            "uq_holds_live_transfer_offer",
            "asset_id",
            unique=True,
            postgresql_where=text("kind = 'transfer_offer' AND ended_at IS NULL"),
        ),
        Index(
            "uq_holds_live_reservation",
            "asset_id",
            unique=True,
            postgresql_where=text("kind = 'reservation' AND ended_at IS NULL"),
        ),
        Index("ix_holds_asset_id", "asset_id"),
        Index("ix_holds_source_id", "source_id"),
        ExcludeConstraint(
            (text("int8range(asset_serial, asset_serial, '[]')"), "&&"),
            ("territory", "&&"),
            ("field", "&&"),
            ("period", "&&"),
            ("lane", "&&"),
            name="ex_holds_licence",
            where=text("kind IN ('licence', 'exclusive_licence') AND ended_at IS NULL"),
        ),
        ExcludeConstraint(
            (text("int8range(asset_serial, asset_serial, '[]')"), "&&"),
            (text("coalesce(period, '(,)'::daterange)"), "&&"),
            name="ex_holds_preservation",
            where=text("kind = 'preservation' AND ended_at IS NULL"),
        ),
    )

    serial: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    asset_id: Mapped[uuid.UUID]
    asset_serial: Mapped[int]
    regime: Mapped[str]
    kind: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    territory: Mapped[Range[Any] | None] = mapped_column(INT4RANGE)
    field: Mapped[Range[Any] | None] = mapped_column(INT4RANGE)
    period: Mapped[Range[Any] | None] = mapped_column(DATERANGE)
    lane: Mapped[Range[Any] | None] = mapped_column(INT8RANGE)
    source_noun: Mapped[str]
    source_id: Mapped[uuid.UUID]
    placed_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    imported: Mapped[bool]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def since(self) -> date | None:
        """The first day on which it has effect, as far as it is known."""
        return self.period.lower if self.period is not None else self.placed_on

    @property
    def last_day(self) -> date | None:
        """The last day of what lapses by itself; None: it lasts until it is ended."""
        upper = self.period.upper if self.period is not None else None
        return upper - timedelta(days=1) if upper is not None else None

    def runs_on(self, day: date) -> bool:
        """Whether the hold has effect on a day: always without a period, else within it.

        What has a period (a preservation, a reservation) lapses by itself when it is over.
        """
        return self.period is None or self.period.contains(day)

    def runs_within(self, first: date, last: date) -> bool:
        """Whether the hold has effect on any day from `first` to `last`."""
        return self.period is None or (
            first <= last and self.period.overlaps(Range(first, last, bounds="[]"))
        )
