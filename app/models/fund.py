"""Whose money a pool's money is: its sources, the tranches they paid in, and every movement of these."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.pool import SourceType
from app.models.base import Base, DistrictCode, OperationalMixin, one_of


class FundSource(OperationalMixin, Base):
    """Who puts money into a pool, how much was committed, and what it may pay for (专款专用).

    `eligible_ip` and `eligible_districts` earmark it: a loss is paid out of it only if all rights of the
    pledge are of those kinds, and the borrower is registered there. NULL: no earmark. Its payments in are
    booked on its own account of the ledger.
    """

    __tablename__ = "fund_sources"
    __table_args__ = (
        one_of("type", SourceType),
        CheckConstraint("committed_fen >= 0", name="committed_fen"),
        CheckConstraint("eligible_ip <@ ARRAY['patent', 'trademark']", name="eligible_ip"),
        UniqueConstraint("pool_id", "type", "name"),
        UniqueConstraint("id", "pool_id"),
        UniqueConstraint("account_id"),
        Index("ix_fund_sources_event_id", "event_id"),
    )

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    type: Mapped[str]
    name: Mapped[str]
    committed_fen: Mapped[int]
    eligible_ip: Mapped[list[str] | None]
    eligible_districts: Mapped[list[str] | None]
    purpose: Mapped[str | None]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_accounts.id"))
    effective_from: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class FundTranche(Base):
    """Money that came into the special account by one transfer of one source, and what is left of it.

    `remaining_fen` follows the movements, by trigger; it is never below zero.
    """

    __tablename__ = "fund_tranches"
    __table_args__ = (
        PrimaryKeyConstraint("pool_id", "transfer_id"),
        CheckConstraint("remaining_fen BETWEEN 0 AND paid_in_fen", name="remaining_fen"),
        ForeignKeyConstraint(["source_id", "pool_id"], ["fund_sources.id", "fund_sources.pool_id"]),
        ForeignKeyConstraint(
            ["pool_id", "transfer_id"], ["ledger_transfers.ledger_id", "ledger_transfers.id"]
        ),
        Index("ix_fund_tranches_source_id", "source_id"),
        Index("ix_fund_tranches_left", "pool_id", postgresql_where="remaining_fen > 0"),
    )

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    transfer_id: Mapped[uuid.UUID]
    district_code: Mapped[DistrictCode]
    source_id: Mapped[uuid.UUID]
    paid_in_fen: Mapped[int]
    remaining_fen: Mapped[int]
    occurred_on: Mapped[date]


class FundMovement(Base):
    """What a transfer in or out of the special account moved of one tranche. Append-only.

    Above zero: paid in, or given back by a recovery; below: paid out. The movements of a transfer sum to
    what it moved of the special account, by deferred trigger: every fen has its origin.
    """

    __tablename__ = "fund_movements"
    __table_args__ = (
        PrimaryKeyConstraint("pool_id", "transfer_id", "tranche_id"),
        CheckConstraint("amount_fen <> 0", name="amount_fen"),
        ForeignKeyConstraint(
            ["pool_id", "tranche_id"],
            ["fund_tranches.pool_id", "fund_tranches.transfer_id"],
            name="fk_fund_movements_tranche",
        ),
        ForeignKeyConstraint(
            ["pool_id", "transfer_id"],
            ["ledger_transfers.ledger_id", "ledger_transfers.id"],
            name="fk_fund_movements_transfer",
        ),
        Index("ix_fund_movements_tranche_id", "pool_id", "tranche_id"),
        Index("ix_fund_movements_event_id", "event_id"),
    )

    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    transfer_id: Mapped[uuid.UUID]
    tranche_id: Mapped[uuid.UUID]
    district_code: Mapped[DistrictCode]
    amount_fen: Mapped[int]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
