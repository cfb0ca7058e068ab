"""What became of a pool's money, as figures: by source, by what came in at once, by claim (UNI-32)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of money, in fen: remaining = paid in + received - drawn - spent + given back.

    `paid_in_fen` by the source, less what went back to it; `drawn_fen` by claims; `spent_fen` for fees and
    whatever else; `given_back_fen` on claims; `received_fen` came in otherwise.
    """

    paid_in_fen: int
    received_fen: int
    drawn_fen: int
    spent_fen: int
    given_back_fen: int


@dataclass(frozen=True, slots=True)
class SourceState(Figures):
    """A source with its earmark and its figures."""

    id: uuid.UUID
    type: str
    name: str
    committed_fen: int
    eligible_ip: list[str] | None
    eligible_districts: list[str] | None
    purpose: str | None
    account_id: uuid.UUID
    account_code: str
    effective_from: date
    remaining_fen: int


@dataclass(frozen=True, slots=True)
class TrancheState(Figures):
    """What one transfer brought in, and what became of it."""

    transfer_id: uuid.UUID
    occurred_on: date
    remaining_fen: int


@dataclass(frozen=True, slots=True)
class ClaimUse:
    """What one claim drew of a source's money, for whose loan, and what came back."""

    id: uuid.UUID
    number: str
    pledge_id: uuid.UUID
    pledge_number: str
    borrower_id: uuid.UUID | None
    borrower_name: str | None
    borrower_district: str | None
    paid_on: date | None
    drawn_fen: int
    given_back_fen: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a transfer moved of one tranche: above zero came in, below went out."""

    tranche_id: uuid.UUID
    amount_fen: int
    occurred_on: date
    source_id: uuid.UUID
    type: str
    name: str
