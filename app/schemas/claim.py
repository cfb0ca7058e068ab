"""Claims on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from app.domain.approval import Decision
from app.domain.claim import CheckDecision, ClaimTrigger
from app.schemas.common import Day, Id, MoneyOut, RequestModel, ResponseModel, Text
from app.schemas.recovery import RecoveryOut


class ClaimIn(RequestModel):
    """A default as the bank reports it; everything else is assembled from the record.

    `court_accepted` and `bankruptcy` come with the document that proves them.
    """

    pledge_id: Id
    default_on: Day
    trigger: Annotated[ClaimTrigger, Field(strict=False)]
    document_id: Id | None = None


class ClaimCheckIn(RequestModel):
    """The manager's formal check; a rejection and a request for more need a reason."""

    decision: Annotated[CheckDecision, Field(strict=False)]
    reason: Text | None = None


class SupplementIn(RequestModel):
    """What the manager asked for."""

    note: Text
    document_id: Id


class ClaimApprovalIn(RequestModel):
    """An office's decision; a rejection needs a reason."""

    decision: Annotated[Decision, Field(strict=False)]
    reason: Text | None = None
    document_id: Id | None = None


class WriteOffIn(RequestModel):
    """Why nothing more is pursued, with the document that ends it (终结执行, 破产终结, 注销)."""

    reason: Text
    document_id: Id


class ClaimShareOut(ResponseModel):
    """One party's part: due by the scheme, borne once the claim is paid, recovered since."""

    party: str
    share_bp: int
    due: MoneyOut
    borne: MoneyOut
    recovered: MoneyOut


class ClaimOut(ResponseModel):
    """A claim with who bears what and what came back.

    `loss` is the covered part of `principal`; `due` the pool's share of it, `paid` what it paid, and
    `shortfall_reason` (`cap` or `balance`) why that is less. `payable_from` ends the publication.
    """

    id: uuid.UUID
    number: str
    district_code: str
    status: str
    pool_id: uuid.UUID
    pledge_id: uuid.UUID
    organisation_id: uuid.UUID
    default_no: int
    default_on: date
    trigger: str
    principal: MoneyOut
    loss: MoneyOut
    due: MoneyOut
    paid: MoneyOut | None
    shortfall: MoneyOut | None
    shortfall_reason: str | None
    shares: list[ClaimShareOut]
    recoveries: list[RecoveryOut]
    evidence_sha256: str
    document_id: uuid.UUID | None
    round: int
    reason: str | None
    submitted_on: date
    publicised_on: date | None
    payable_from: date | None
    paid_on: date | None
    written_off_on: date | None
    version: int


class ClaimEvidenceOut(ResponseModel):
    """What a claim was assembled from, its hash, and the hash of the same assembled anew from the record.

    `sha256` is that of `evidence` as JSON with sorted keys and no blanks, UTF-8.
    """

    claim_id: uuid.UUID
    evidence: dict[str, Any]
    sha256: str
    reproduced_sha256: str
    reproduced: bool
