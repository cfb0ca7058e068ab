"""Claims on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from app.domain.approval import Decision
from app.domain.claim import CheckDecision, ClaimTrigger, ClawbackGround
from app.schemas.common import Day, Id, MoneyIn, MoneyOut, RequestModel, ResponseModel, Text
from app.schemas.recovery import RecoveryOut


class ClaimIn(RequestModel):
    """A default as the bank reports it; everything else is assembled from the record.

    `court_accepted` and `bankruptcy` come with the document that proves them. `interest` is what is unpaid
    of `interest_days`: the loss counts it where the scheme does, for its days (RP-07). `realised`, of net
    schemes only, is what the collateral has brought, net of costs, and is not yet taken off the principal.
    """

    pledge_id: Id
    default_on: Day
    trigger: Annotated[ClaimTrigger, Field(strict=False)]
    document_id: Id | None = None
    interest: MoneyIn | None = None
    interest_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    realised: MoneyIn | None = None


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


class ClawbackIn(RequestModel):
    """Why a payout is demanded back, on which document, and by when it is to be repaid (RP-17).

    `excludes_bank`: the pool takes no new loans of this bank from then on.
    """

    ground: Annotated[ClawbackGround, Field(strict=False)]
    reason: Text
    document_id: Id
    due_on: Day
    excludes_bank: bool = False


class ClawbackReceiptIn(RequestModel):
    """The day on which the money came back, all of it."""

    received_on: Day


class ClawbackOut(ResponseModel):
    """A payout demanded back: `amount` is the payout less what recoveries have brought the pool before."""

    ground: str
    reason: str
    document_id: uuid.UUID
    amount: MoneyOut
    excludes_bank: bool
    ordered_on: date
    due_on: date
    received_on: date | None
    transfer_id: uuid.UUID | None


class PayoutOut(ResponseModel):
    """What would be paid on a claim today if nothing changed (RP-10).

    `limits` are what bounds the pool's share `due`, and `shortfall_reason` the one that binds. `entitled` is
    what is to be paid by all of them but the money at hand; `queued`: it waits for money, as its scheme has
    it, and is not payable yet. `borne` is what each party bears of the loss then.
    """

    due: MoneyOut
    entitled: MoneyOut
    payable: MoneyOut
    shortfall: MoneyOut
    shortfall_reason: str | None
    queued: bool
    limits: dict[str, MoneyOut]
    borne: dict[str, MoneyOut]


class ClaimShareOut(ResponseModel):
    """One party's part: due by the scheme, borne once the claim is paid, recovered since."""

    party: str
    share_bp: int
    due: MoneyOut
    borne: MoneyOut
    recovered: MoneyOut


class ClaimOut(ResponseModel):
    """A claim with who bears what and what came back.

    `loss` is the covered part of `principal` and the `interest` that counts, of net schemes less what was
    `realised`; `due` the pool's share of it, `paid` what it paid, and `shortfall_reason` the limit that made
    it less. `transfer_id` is the transfer in the pool's ledger that sets the money aside and then pays it.
    `payable_from` ends the publication. `settlement` is told when a claim is made, or would be.
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
    interest: MoneyOut
    realised: MoneyOut
    loss: MoneyOut
    due: MoneyOut
    paid: MoneyOut | None
    shortfall: MoneyOut | None
    shortfall_reason: str | None
    shares: list[ClaimShareOut]
    recoveries: list[RecoveryOut]
    clawback: ClawbackOut | None
    settlement: PayoutOut | None
    transfer_id: uuid.UUID | None
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
