"""Sources of a pool's money, lineage and trace on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.domain.asset import AssetKind
from app.domain.fund_report import ClaimUse, Part, SourceState, TrancheState
from app.domain.pool import SourceType
from app.schemas.common import (
    Day,
    DistrictCode,
    MoneyOut,
    Name,
    PositiveMoney,
    RequestModel,
    ResponseModel,
    Text,
)


class SourceIn(RequestModel):
    """A source to be added. `committed` left out: not stated, and then not bounded.

    `eligible_ip` and `eligible_districts` earmark its money: a loss is paid out of it only if all rights of
    the pledge are of those kinds, and the borrower is registered there. Left out: no earmark of that sort.
    """

    type: Annotated[SourceType, Field(strict=False)]
    name: Name
    committed: PositiveMoney | None = None
    eligible_ip: (
        Annotated[list[Annotated[AssetKind, Field(strict=False)]], Field(min_length=1, max_length=2)] | None
    ) = None
    eligible_districts: Annotated[list[DistrictCode], Field(min_length=1, max_length=100)] | None = None
    purpose: Text | None = None
    effective_from: Day


class FiguresOut(ResponseModel):
    """What became of money: remaining = paid_in + received - drawn - spent + given_back.

    `paid_in` by the source itself, less what it got back; `drawn` by claims; `given_back` on claims by
    recoveries and clawbacks; `spent` for fees and all else; `received` otherwise.
    """

    paid_in: MoneyOut
    received: MoneyOut
    drawn: MoneyOut
    spent: MoneyOut
    given_back: MoneyOut
    remaining: MoneyOut


def _figures(of: SourceState | TrancheState, currency: str) -> FiguresOut:
    return FiguresOut(
        paid_in=MoneyOut.of(of.paid_in_fen, currency),
        received=MoneyOut.of(of.received_fen, currency),
        drawn=MoneyOut.of(of.drawn_fen, currency),
        spent=MoneyOut.of(of.spent_fen, currency),
        given_back=MoneyOut.of(of.given_back_fen, currency),
        remaining=MoneyOut.of(of.remaining_fen, currency),
    )


class SourceOut(ResponseModel):
    """A source with its earmark, its account in the ledger, and what became of its money."""

    id: uuid.UUID
    type: str
    name: str
    committed: MoneyOut | None
    eligible_ip: list[str] | None
    eligible_districts: list[str] | None
    purpose: str | None
    effective_from: date
    account_id: uuid.UUID
    account_code: str
    figures: FiguresOut

    @classmethod
    def of(cls, source: SourceState, currency: str) -> SourceOut:
        """A source as it is shown."""
        return cls(
            id=source.id,
            type=source.type,
            name=source.name,
            committed=MoneyOut.of(source.committed_fen, currency) if source.committed_fen else None,
            eligible_ip=source.eligible_ip,
            eligible_districts=source.eligible_districts,
            purpose=source.purpose,
            effective_from=source.effective_from,
            account_id=source.account_id,
            account_code=source.account_code,
            figures=_figures(source, currency),
        )


class PartOut(ResponseModel):
    """What a transfer moved of the money that came in by `contribution_id`, another transfer."""

    source_id: uuid.UUID
    source_type: str
    source_name: str
    contribution_id: uuid.UUID
    contributed_on: date
    amount: MoneyOut


class LineageOut(ResponseModel):
    """Whose money a transfer moved, `in` or `out` of the special account; the parts sum to `amount`.

    A transfer that left the special account alone has no parts and no direction.
    """

    transfer_id: uuid.UUID
    direction: str | None
    amount: MoneyOut
    parts: list[PartOut]

    @classmethod
    def of(cls, transfer_id: uuid.UUID, parts: list[Part], currency: str) -> LineageOut:
        """The parts as they are shown, without sign."""
        whole = sum(part.amount_fen for part in parts)
        return cls(
            transfer_id=transfer_id,
            direction=None if whole == 0 else ("in" if whole > 0 else "out"),
            amount=MoneyOut.of(abs(whole), currency),
            parts=[
                PartOut(
                    source_id=part.source_id,
                    source_type=part.type,
                    source_name=part.name,
                    contribution_id=part.tranche_id,
                    contributed_on=part.occurred_on,
                    amount=MoneyOut.of(abs(part.amount_fen), currency),
                )
                for part in parts
            ],
        )


class TrancheOut(ResponseModel):
    """What one transfer brought in, and what became of it."""

    transfer_id: uuid.UUID
    occurred_on: date
    figures: FiguresOut


class ClaimUseOut(ResponseModel):
    """What one claim drew of the source's money, for whose loan, and what came back on it."""

    claim_id: uuid.UUID
    claim_number: str
    pledge_id: uuid.UUID
    pledge_number: str
    borrower_id: uuid.UUID | None
    borrower_name: str | None
    borrower_district: str | None
    paid_on: date | None
    drawn: MoneyOut
    given_back: MoneyOut

    @classmethod
    def of(cls, use: ClaimUse, currency: str) -> ClaimUseOut:
        """A claim's use as it is shown."""
        return cls(
            claim_id=use.id,
            claim_number=use.number,
            pledge_id=use.pledge_id,
            pledge_number=use.pledge_number,
            borrower_id=use.borrower_id,
            borrower_name=use.borrower_name,
            borrower_district=use.borrower_district,
            paid_on=use.paid_on,
            drawn=MoneyOut.of(use.drawn_fen, currency),
            given_back=MoneyOut.of(use.given_back_fen, currency),
        )


class TraceOut(ResponseModel):
    """A source's money from its payment in to the borrower it paid for and back (专款专用)."""

    source: SourceOut
    tranches: list[TrancheOut]
    claims: list[ClaimUseOut]

    @classmethod
    def of(
        cls, source: SourceState, tranches: list[TrancheState], claims: list[ClaimUse], currency: str
    ) -> TraceOut:
        """The report as it is shown."""
        return cls(
            source=SourceOut.of(source, currency),
            tranches=[
                TrancheOut(
                    transfer_id=one.transfer_id,
                    occurred_on=one.occurred_on,
                    figures=_figures(one, currency),
                )
                for one in tranches
            ],
            claims=[ClaimUseOut.of(one, currency) for one in claims],
        )
