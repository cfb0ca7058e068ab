"""Pledges: one financing secured by one or more rights."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
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
from app.domain.decision import DecisionKind, DecisionOutcome
from app.domain.loan_class import LoanClass
from app.domain.pledge import PLEDGE, PledgeEvent, PledgeForm, PledgeStatus, ShareKind
from app.domain.pledge_life import steps
from app.domain.pool import SharingParty
from app.models.base import Base, OperationalMixin, one_of


class Pledge(OperationalMixin, Base):
    """A financing (`principal_fen` in `currency`) owed by `borrower_id` to `pledgee_id`.

    `debt_from`/`debt_to` is the debt performance period (PL-04). `registered_on` is the day of the
    first effective registration, which dates the financing in statistics; `mixed_on` the day its second
    kind of right became effective (PL-28). Imported history may lack amounts and dates. `ip_share_bp`: how
    much of the loan rests on these rights and not on other collateral (PLG-13). `short_since`: its rights
    have been worth too little for the loan since that day (PLG-08); `unsecured_since`: a registration that a
    required right had was revoked (PL-08).
    """

    __tablename__ = "pledges"
    __table_args__ = (
        one_of("regime", Regime),
        one_of("status", PledgeStatus),
        one_of("form", PledgeForm),
        CheckConstraint("ip_share_bp BETWEEN 1 AND 10000", name="ip_share_bp"),
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
    form: Mapped[str] = mapped_column(server_default=PledgeForm.ordinary.value)
    ip_share_bp: Mapped[int] = mapped_column(SmallInteger, server_default="10000")
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
    short_since: Mapped[date | None]
    unsecured_since: Mapped[date | None]
    imported: Mapped[bool]
    event_id: Mapped[uuid.UUID]
    recorded_at: Mapped[datetime]
    version: Mapped[int]

    def advance(self, event: PledgeEvent) -> None:
        """Move to the next state or refuse."""
        self.status = PLEDGE.next(PledgeStatus(self.status), event)
        self.version += 1

    @property
    def contracted_on(self) -> date | None:
        """The day of the pledge contract, which establishes nothing by itself (PL-01)."""
        signed = self.contract.get("signed_on")
        return date.fromisoformat(signed) if signed else None

    def follow(self, items: Iterable[PledgeItem], last: PledgeEvent) -> None:
        """Move to where its rights are, `last` being what happened to one of them, or refuse."""
        states = [PledgeStatus(item.status) for item in items]
        events = steps(PledgeStatus(self.status), states, last)
        for event in events:
            self.advance(event)
        if not events:
            self.version += 1


class PledgeItem(OperationalMixin, Base):
    """One pledged right with its own official registration (PL-28). The pledgor need not be the borrower.

    `valuation_id`: the valuation of this very right that the pledge rests on, if one was made (PL-26).
    `share_ppm`: the part of the debt it secures, where the contract divides it; the parts make up the whole.
    `required`: money flows only once its registration is effective (先决条件). `amendment_id`: the
    substitution that added it; a right that was refused or let go may come in anew, as another item.
    """

    __tablename__ = "pledge_items"
    __table_args__ = (
        one_of("asset_kind", AssetKind),
        one_of("status", PledgeStatus),
        UniqueConstraint("pledge_id", "asset_id", "amendment_id", postgresql_nulls_not_distinct=True),
        ForeignKeyConstraint(["valuation_id", "asset_id"], ["valuations.id", "valuations.asset_id"]),
        CheckConstraint("secured_fen > 0", name="secured_fen"),
        CheckConstraint("expires_on IS NULL OR asset_kind = 'trademark'", name="expires_on"),
        CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name="share_ppm"),
        Index(
            "ix_pledge_items_amendment_id", "amendment_id", postgresql_where=text("amendment_id IS NOT NULL")
        ),
        Index(
            "ix_pledge_items_expires_on",
            "expires_on",
            postgresql_where=text("status = 'registered' AND expires_on IS NOT NULL"),
        ),
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
    share_ppm: Mapped[int | None]
    required: Mapped[bool] = mapped_column(server_default=text("true"))
    amendment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("amendments.id"))
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


class PledgeShare(OperationalMixin, Base):
    """What a party lent, or bears of the loss, as a part of the whole; the parts of a kind make up 100 %.

    A syndicate's lenders are ranked alike; `agent` is the one in whose name the pledge is registered.
    """

    __tablename__ = "pledge_shares"
    __table_args__ = (
        one_of("kind", ShareKind),
        one_of("role", SharingParty),
        CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name="share_ppm"),
        UniqueConstraint("pledge_id", "kind", "role", "party_id"),
        Index("ix_pledge_shares_party_id", "party_id"),
        Index("ix_pledge_shares_event_id", "event_id"),
    )

    pledge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pledges.id"))
    kind: Mapped[str]
    role: Mapped[str]
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("parties.id"))
    share_ppm: Mapped[int]
    agent: Mapped[bool]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))


class Decision(OperationalMixin, Base):
    """What the grounds of `rule_pack` said of a pledge on a day, with all they looked at. Append-only.

    `pledge_id` is of what was filed; a pre-check has none. `inputs` is the filing and the rights as they
    were judged, `found` each ground with its severity and whether it was acknowledged. `assumed`: the day
    is before the first version of the pack (decisions §7).
    """

    __tablename__ = "decisions"
    __table_args__ = (
        one_of("kind", DecisionKind),
        one_of("outcome", DecisionOutcome),
        CheckConstraint("(kind = 'check') = (pledge_id IS NULL)", name="pledge_known"),
        Index("ix_decisions_decided_on", "decided_on", "id"),
        Index("ix_decisions_pledge_id", "pledge_id"),
        Index("ix_decisions_event_id", "event_id"),
        Index("ix_decisions_organisation_id", "organisation_id"),
    )

    pledge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pledges.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    rule_pack: Mapped[str]
    assumed: Mapped[bool]
    inputs: Mapped[dict[str, Any]]
    found: Mapped[list[Any]] = mapped_column(JSONB)
    outcome: Mapped[str]
    decided_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


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
