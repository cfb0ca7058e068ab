"""Claims on a pool, who bears which part of the loss, and what is recovered later."""

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
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.claim import CLAIM, ClaimEvent, ClaimStatus, ClaimTrigger, ClawbackGround
from app.domain.claim_settlement import Limit, Settlement
from app.domain.pool import SharingParty
from app.domain.recovery import RecoverySource
from app.models.base import Base, OperationalMixin, one_of


class Claim(OperationalMixin, Base):
    """A bank's claim on a pool for one default of a covered pledge.

    `principal_fen` is what was outstanding of the principal, `interest_fen` the interest that counts (zero
    where the scheme covers principal only), `realised_fen` the net proceeds got before the claim (net
    schemes); `loss_fen` is the covered part of what is left (RP-06, RP-07). `due_fen` is the pool's share,
    `paid_fen` what was paid within caps and balance, the rest the `shortfall_reason` explains (RP-10).
    `evidence` is what the claim was assembled from, `evidence_sha256` its hash. `transfer_id` is the transfer
    in the pool's ledger that sets the money aside while the claim is public, and then the payout itself;
    none when there is nothing to pay.
    """

    __tablename__ = "claims"
    __table_args__ = (
        one_of("trigger", ClaimTrigger),
        one_of("status", ClaimStatus),
        one_of("shortfall_reason", Limit),
        CheckConstraint("principal_fen > 0", name="principal_fen"),
        CheckConstraint("interest_fen >= 0 AND realised_fen >= 0", name="base"),
        CheckConstraint("loss_fen > 0 AND loss_fen <= principal_fen + interest_fen", name="loss_fen"),
        CheckConstraint("due_fen BETWEEN 0 AND loss_fen", name="due_fen"),
        CheckConstraint("paid_fen BETWEEN 0 AND due_fen", name="paid_fen"),
        CheckConstraint("(paid_on IS NULL) = (paid_fen IS NULL)", name="paid"),
        CheckConstraint(
            "paid_fen IS NULL OR (paid_fen < due_fen) = (shortfall_reason IS NOT NULL)", name="shortfall"
        ),
        CheckConstraint(
            "status <> 'written_off' OR written_off_on IS NOT NULL AND reason IS NOT NULL", name="written_off"
        ),
        ForeignKeyConstraint(
            ["pool_id", "transfer_id"], ["ledger_transfers.ledger_id", "ledger_transfers.id"]
        ),
        UniqueConstraint("number"),
        UniqueConstraint("id", "pool_id"),
        Index("ix_claims_pool_id", "pool_id"),
        Index("ix_claims_organisation_id", "organisation_id"),
        Index(
            "uq_claims_live_default",
            "pledge_id",
            "default_no",
            unique=True,
            postgresql_where=text("status <> 'rejected'"),
        ),
        Index("uq_claims_transfer", "pool_id", "transfer_id", unique=True),
    )

    number: Mapped[str]
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    commitment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("commitments.id"))
    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    default_no: Mapped[int] = mapped_column(SmallInteger)
    default_on: Mapped[date]
    trigger: Mapped[str]
    principal_fen: Mapped[int]
    interest_fen: Mapped[int]
    realised_fen: Mapped[int]
    loss_fen: Mapped[int]
    due_fen: Mapped[int]
    paid_fen: Mapped[int | None]
    shortfall_reason: Mapped[str | None]
    evidence: Mapped[dict[str, Any]]
    evidence_sha256: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str | None]
    status: Mapped[str]
    submitted_on: Mapped[date]
    publicised_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    written_off_on: Mapped[date | None]
    transfer_id: Mapped[uuid.UUID | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: ClaimEvent) -> None:
        """Move to the next state or refuse."""
        self.status = CLAIM.next(ClaimStatus(self.status), event)
        self.version += 1

    def pay(self, settlement: Settlement, *, transfer_id: uuid.UUID | None, on: date) -> None:
        """Be paid what the settlement says, by that transfer; the rows of the shares follow it."""
        self.advance(ClaimEvent.pay)
        self.paid_fen, self.paid_on, self.transfer_id = settlement.paid_fen, on, transfer_id
        reason = settlement.shortfall_reason
        self.shortfall_reason = reason.value if reason is not None else None

    def begin_round(self, event: ClaimEvent) -> None:
        """Go back for another round of decisions, or refuse; what was set aside is given back before."""
        self.advance(event)
        self.round += 1
        self.publicised_on = None
        self.transfer_id = None


class ClaimShare(OperationalMixin, Base):
    """One party's part of a loss: due by its share, borne after the payout, recovered since."""

    __tablename__ = "claim_shares"
    __table_args__ = (
        one_of("party", SharingParty),
        CheckConstraint("share_bp BETWEEN 0 AND 10000", name="share_bp"),
        CheckConstraint("due_fen >= 0", name="due_fen"),
        CheckConstraint("recovered_fen BETWEEN 0 AND borne_fen", name="recovered_fen"),
        UniqueConstraint("claim_id", "party"),
    )

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    party: Mapped[str]
    share_bp: Mapped[int] = mapped_column(SmallInteger)
    due_fen: Mapped[int]
    borne_fen: Mapped[int]
    recovered_fen: Mapped[int]


class Recovery(OperationalMixin, Base):
    """Money that came back on a paid claim: gross less documented costs, shared by who bore the loss.

    When everybody is whole, `interest_fen` of what is left is the bank's for its documented interest and
    penalty, and `surplus_fen` the pledgor's (民法典第438条). The bank passes the pool's part on by
    `remit_by`; `late_days` is by how many days it was booked later (RP-15). `enforcement_id`: the sale of
    pledged rights that it comes from (UNI-11). Append-only.
    """

    __tablename__ = "recoveries"
    __table_args__ = (
        one_of("source", RecoverySource),
        CheckConstraint("gross_fen > 0", name="gross_fen"),
        CheckConstraint("cost_fen BETWEEN 0 AND gross_fen", name="cost_fen"),
        CheckConstraint(
            "surplus_fen >= 0 AND interest_fen >= 0 AND surplus_fen + interest_fen <= gross_fen - cost_fen",
            name="surplus_fen",
        ),
        CheckConstraint("late_days >= 0", name="late_days"),
        ForeignKeyConstraint(["claim_id", "pool_id"], ["claims.id", "claims.pool_id"]),
        ForeignKeyConstraint(
            ["pool_id", "transfer_id"], ["ledger_transfers.ledger_id", "ledger_transfers.id"]
        ),
        Index("ix_recoveries_claim_id", "claim_id"),
        Index("ix_recoveries_event_id", "event_id"),
        Index("ix_recoveries_enforcement_id", "enforcement_id"),
        Index("uq_recoveries_transfer", "pool_id", "transfer_id", unique=True),
    )

    claim_id: Mapped[uuid.UUID]
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    source: Mapped[str]
    gross_fen: Mapped[int]
    cost_fen: Mapped[int]
    interest_fen: Mapped[int]
    surplus_fen: Mapped[int]
    occurred_on: Mapped[date]
    remit_by: Mapped[date]
    late_days: Mapped[int]
    enforcement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enforcements.id"))
    transfer_id: Mapped[uuid.UUID | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class RecoveryShare(OperationalMixin, Base):
    """One party's part of a recovery. Append-only."""

    __tablename__ = "recovery_shares"
    __table_args__ = (
        one_of("party", SharingParty),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        UniqueConstraint("recovery_id", "party"),
    )

    recovery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recoveries.id"))
    party: Mapped[str]
    amount_fen: Mapped[int]


class Clawback(OperationalMixin, Base):
    """The demand to pay a payout back in full, and its receipt (RP-17).

    Ordered by the finance office on a document; `transfer_id` is the receipt in the pool's ledger.
    """

    __tablename__ = "clawbacks"
    __table_args__ = (
        one_of("ground", ClawbackGround),
        CheckConstraint("amount_fen > 0", name="amount_fen"),
        CheckConstraint("(received_on IS NULL) = (transfer_id IS NULL)", name="received"),
        ForeignKeyConstraint(["claim_id", "pool_id"], ["claims.id", "claims.pool_id"]),
        ForeignKeyConstraint(
            ["pool_id", "transfer_id"], ["ledger_transfers.ledger_id", "ledger_transfers.id"]
        ),
        UniqueConstraint("claim_id"),
        Index("uq_clawbacks_transfer", "pool_id", "transfer_id", unique=True),
    )

    claim_id: Mapped[uuid.UUID]
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pools.id"))
    ground: Mapped[str]
    reason: Mapped[str]
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    amount_fen: Mapped[int]
    excludes_bank: Mapped[bool]
    ordered_on: Mapped[date]
    due_on: Mapped[date]
    received_on: Mapped[date | None]
    transfer_id: Mapped[uuid.UUID | None]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
