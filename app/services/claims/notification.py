"""Telling a bank that a loan has become claimable, and until when (RP-08)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import claim as rules
from app.domain.commitment import CommitmentStatus
from app.domain.loan_class import LoanClass
from app.domain.notice import NoticeKind
from app.models.pool import Scheme
from app.queries import claims as queries, pledge_classifications, pools as pool_queries
from app.services import notices

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.models.pledge import LoanClassification, Pledge
    from app.services.events import NewEvent


async def tell_claimable(
    session: AsyncSession, *, moment: Moment, pledge: Pledge, made: LoanClassification, event: NewEvent
) -> None:
    """Tell the bank when a classification, recorded with `event`, is the first to meet the scheme's trigger.

    The last day is reckoned from the day of the classification; a default of an earlier day ends earlier.
    Nobody is told of a loan without cover, or with a claim that is not rejected.
    """
    commitment = await pool_queries.live_commitment(session, pledge.id)
    if (
        commitment is None
        or commitment.status != CommitmentStatus.committed
        or pledge.organisation_id is None
    ):
        return
    scheme = await session.get_one(Scheme, commitment.scheme_id)
    known = await pledge_classifications.known(session, pledge.id)
    before = [one for one in known if one.id != made.id][-1:]
    if not _claimable(made, scheme) or any(_claimable(one, scheme) for one in before):
        return
    if any(one.status != rules.ClaimStatus.rejected for one in await queries.of_pledge(session, pledge.id)):
        return
    last_day = rules.last_day(made.occurred_on, scheme.claim_window_days)
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.claim_possible,
        recipients=[commitment.bank_id],
        facts={"number": pledge.number, "last_day": last_day},
        due_on=last_day,
    )


def _claimable(one: LoanClassification, scheme: Scheme) -> bool:
    return rules.claimable(
        LoanClass(one.loan_class),
        one.overdue_days,
        required_days=scheme.overdue_days or rules.NEVER,
        downgraded=scheme.downgraded,
    )
