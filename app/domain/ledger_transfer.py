"""Transfers before they are booked: as a caller wants them, and as they are written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

from app.domain import ledger as rules
from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money

MOVING = (TransferKind.posted, TransferKind.post)
"""Kinds that move posted totals."""

ENDING = (TransferKind.void, TransferKind.expire)
"""Kinds that give back what was set aside."""


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """`amount_fen` from `debit_account_id`'s debit to `credit_account_id`'s credit.

    Without a `posting_id` it is a posting with the others of its statement. `occurred_on` None: today.
    """

    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount_fen: int
    code: str
    business_noun: str
    business_id: uuid.UUID
    kind: TransferKind = TransferKind.posted
    resolves_id: uuid.UUID | None = None
    reverses_id: uuid.UUID | None = None
    freezes: Side | None = None
    expires_on: date | None = None
    narrative: str | None = None
    occurred_on: date | None = None
    corrects_on: date | None = None
    adjustment: bool = False
    id: uuid.UUID = field(default_factory=new_id)
    posting_id: uuid.UUID | None = None

    @property
    def is_reversal(self) -> bool:
        """Whether it proposes the reversal of `business_id`, or is one."""
        return self.code == rules.REVERSAL and self.business_noun == "transfer"


@dataclass(frozen=True, slots=True)
class WantedTransfer:
    """A transfer as a caller asks for it; a resolution needs only what it resolves.

    `linked`: it stands or falls with the next one. Transfers of one `posting_id` stand or fall together.
    """

    kind: TransferKind
    code: str
    id: uuid.UUID | None = None
    debit_account_id: uuid.UUID | None = None
    credit_account_id: uuid.UUID | None = None
    amount: Money | None = None
    resolves_id: uuid.UUID | None = None
    occurred_on: date | None = None
    corrects_on: date | None = None
    expires_on: date | None = None
    narrative: str | None = None
    adjustment: bool = False
    posting_id: uuid.UUID | None = None
    linked: bool = False

    @property
    def resolves(self) -> bool:
        """Whether it ends a pending transfer."""
        return self.kind in (TransferKind.post, TransferKind.void, TransferKind.expire)
