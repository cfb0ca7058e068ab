"""What a claim is decided on, read under its pledge's lock, and everything that speaks against it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from app.domain import claim as rules, pool as pool_rules
from app.domain.claim import PROVEN, ClaimStatus, ClaimTrigger
from app.domain.claim_settlement import Debt
from app.domain.commitment import CommitmentStatus
from app.domain.errors import Violation
from app.domain.loan_class import NON_PERFORMING, LoanClass
from app.domain.pledge import PledgeStatus
from app.domain.request import date_faults
from app.domain.scheme import LossTiming
from app.models.claim import Claim
from app.models.pledge import LoanClassification, Pledge
from app.models.pool import Commitment, Pool, Scheme
from app.queries import claims as queries, pledge_classifications, pools as pool_queries
from app.services.claims import settlement
from app.services.claims.settlement import Draft

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.money import Money


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A default as the bank reports it; court acceptance and bankruptcy come with a document.

    `interest` is unpaid for `interest_days`; `realised` the net proceeds so far, for net schemes.
    """

    pledge_id: uuid.UUID
    default_on: date
    trigger: ClaimTrigger
    document_id: uuid.UUID | None = None
    interest: Money | None = None
    interest_days: int | None = None
    realised: Money | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a claim is decided on, read under the pledge's lock."""

    pledge: Pledge
    pool: Pool
    commitment: Commitment
    scheme: Scheme
    classified: Sequence[LoanClassification]
    earlier: Sequence[Claim]
    decided_at: Mapping[uuid.UUID, datetime]

    def of_default(self, on: date) -> list[Claim]:
        """Earlier claims on the default of a day: the loan has not performed since (RP-12)."""
        performing = [
            one.occurred_on
            for one in self.classified
            if LoanClass(one.loan_class) not in NON_PERFORMING and one.overdue_days == 0
        ]
        return [one for one in self.earlier if rules.same_default(one.default_on, on, performing)]

    def attempts(self, on: date) -> int:
        """How often a default was rejected, but for claims on a loan that was repaid in part by then."""
        return sum(not self._repaid(one) for one in self.of_default(on) if one.id in self.decided_at)

    def _repaid(self, claim: Claim) -> bool:
        by_then = [one for one in self.classified if one.recorded_at <= self.decided_at[claim.id]]
        return bool(by_then) and by_then[-1].outstanding_fen < claim.principal_fen

    def at(self, on: date) -> LoanClassification | None:
        """The last classification of a day no later than `on`."""
        return next((one for one in reversed(self.classified) if one.occurred_on <= on), None)

    @property
    def outstanding_fen(self) -> int:
        """Principal outstanding now (RP-07): what was repaid since the default is no loss."""
        if self.classified:
            return self.classified[-1].outstanding_fen
        return self.pledge.principal_fen or 0


async def read(session: AsyncSession, new: NewClaim) -> Ground:
    """Lock the pledge and read what its claim is decided on.

    Raises: `claim.not_covered`, `claim.cover_in_doubt`, `claim.already_claimed`, `claim.no_loss`.
    """
    pledge = await pledge_classifications.lock_pledge(session, new.pledge_id)
    earlier = await queries.of_pledge(session, pledge.id)
    commitment = await pool_queries.live_commitment(session, pledge.id)
    if commitment is None:
        # A paid claim has ended its cover: that it was claimed says more than that it is not covered.
        if any(claim.status != ClaimStatus.rejected for claim in earlier):
            raise rules.ALREADY_CLAIMED.error("/pledge_id")
        last = await pledge_classifications.last(session, pledge.id)
        if last is not None and last.outstanding_fen == 0:
            raise rules.NO_LOSS.error("/pledge_id")
        if await queries.excluded(session, pledge.id):
            raise rules.COVER_IN_DOUBT.error("/pledge_id", status=CommitmentStatus.excluded.value)
        raise rules.NOT_COVERED.error("/pledge_id")
    return Ground(
        pledge,
        await session.get_one(Pool, commitment.pool_id),
        commitment,
        await session.get_one(Scheme, commitment.scheme_id),
        await pledge_classifications.known(session, pledge.id),
        earlier,
        await queries.rejected_at(
            session, [claim.id for claim in earlier if claim.status == ClaimStatus.rejected]
        ),
    )


def faults(new: NewClaim, ground: Ground, moment: Moment) -> list[Violation]:
    """Everything that speaks against the claim, at once."""
    found = date_faults("/default_on", new.default_on, today=moment.today)
    if ground.pledge.status != PledgeStatus.registered:
        found.append(rules.PLEDGE_NOT_REGISTERED.violation("/pledge_id", status=ground.pledge.status))
    if ground.commitment.status == CommitmentStatus.anomaly:
        found.append(rules.COVER_IN_DOUBT.violation("/pledge_id", status=ground.commitment.status))
    enrolled_on = max(ground.commitment.committed_on, ground.pledge.registered_on or date.min)
    if new.default_on < enrolled_on:
        found.append(
            rules.ENROLLED_LATE.violation("/default_on", default_on=new.default_on, enrolled_on=enrolled_on)
        )
    last_day = rules.last_day(new.default_on, ground.scheme.claim_window_days)
    if moment.today > last_day:
        found.append(rules.WINDOW_CLOSED.violation("/default_on", last_day=last_day))
    found += _trigger_faults(new, ground)
    found += _amount_faults(new, ground)
    if draft(new, ground).loss_fen == 0:
        found.append(rules.NO_LOSS.violation("/pledge_id"))
    if any(claim.status != ClaimStatus.rejected for claim in ground.earlier):
        found.append(rules.ALREADY_CLAIMED.violation("/pledge_id"))
    elif ground.attempts(new.default_on) >= rules.MAX_ATTEMPTS:
        found.append(rules.APPEAL_SPENT.violation("/default_on"))
    return found


def _trigger_faults(new: NewClaim, ground: Ground) -> list[Violation]:
    if new.trigger in PROVEN:
        return [rules.PROOF_MISSING.violation("/document_id")] if new.document_id is None else []
    at_default = ground.at(new.default_on)
    loan_class = LoanClass(at_default.loan_class) if at_default is not None else None
    overdue_days = at_default.overdue_days if at_default is not None else 0
    required_days = ground.scheme.overdue_days or rules.NEVER
    if rules.trigger_met(
        new.trigger,
        loan_class=loan_class,
        overdue_days=overdue_days,
        required_days=required_days,
        downgraded=ground.scheme.downgraded,
    ):
        return []
    shown = loan_class.value if loan_class is not None else LoanClass.normal.value
    facts = {"loan_class": shown, "overdue_days": overdue_days, "required_days": required_days}
    return [rules.TRIGGER_NOT_MET.violation("/trigger", **facts)]


def _amount_faults(new: NewClaim, ground: Ground) -> list[Violation]:
    given = {"interest": new.interest, "realised": new.realised}
    found: list[Violation] = [
        pool_rules.CURRENCY_MISMATCH.violation(f"/{name}/currency", currency=ground.pool.currency)
        for name, money in given.items()
        if money is not None and money.currency != ground.pool.currency
    ]
    if (new.interest is None) != (new.interest_days is None):
        found.append(rules.INTEREST_DAYS.violation("/interest_days"))
    if new.realised is not None and ground.scheme.loss_timing != LossTiming.net:
        found.append(rules.REALISED_AHEAD.violation("/realised"))
    return found


def draft(new: NewClaim, ground: Ground) -> Draft:
    """The figures of the claim, by the terms frozen with its cover."""
    debt = Debt(
        ground.outstanding_fen,
        new.interest.fen if new.interest is not None else 0,
        new.interest_days or 0,
        new.realised.fen if new.realised is not None else 0,
    )
    return settlement.draft(debt, ground.commitment.ip_share_bp, ground.scheme.terms())
