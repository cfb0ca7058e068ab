"""Taking back what was booked on a loan in error: whole, once, and by another client (RB-02)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import loan as rules
from app.domain.errors import Violation, refuse_if
from app.domain.loan import LoanEntryKind
from app.domain.money import format_amount
from app.models.loan import Loan, LoanEntry
from app.queries import loans as queries
from app.services.loans import booking, common

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.services.loans.common import Case


async def reverse(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pledge_id: uuid.UUID,
    entry_id: uuid.UUID,
    reason: str,
) -> tuple[Loan, LoanEntry]:
    """Take back an entry that was booked in error. The reversal is of the entry's own day.

    A loan that was over is open again. Its capacity is not: what a pool has given back stays free (RP-06),
    and the bank and the pool's manager are told how much of the debt is covered no more.

    Raises: `pledge.not_found`, `loan.not_yours`, `loan.not_found`, `loan.entry_not_found`, and all that
    apply of `loan.is_reversal`, `.already_reversed`, `.same_person`, `.exceeds_outstanding`,
    `.recovered_since`, `.limit_exceeded`, `.not_in_order`.
    """
    case = await common.lock(session, actor, moment, pledge_id)
    entry = await queries.entry(session, case.loan.id, entry_id)
    refuse_if(await _faults(case, entry))
    mirror = booking.Booking(
        LoanEntryKind(entry.kind),
        entry.principal_fen,
        entry.interest_fen,
        entry.occurred_on,
        None,
        reverses_id=entry.id,
    )
    before_fen = queries.owed_at_most(case.pledge, case.loan, moment.today)
    made = await booking.move(case, mirror, "reversed", reason=reason)
    if queries.owed_at_most(case.pledge, case.loan, moment.today) > before_fen:
        await common.tell_uncovered(case)
    return case.loan, made


async def _faults(case: Case, entry: LoanEntry) -> list[Violation]:
    if entry.reverses_id is not None:
        return [rules.IS_REVERSAL.violation()]
    if await queries.reversals(case.session, [entry.id]):
        return [rules.ALREADY_REVERSED.violation()]
    found: list[Violation] = []
    if await queries.booked_by(case.session, entry) == case.actor.client_id:
        found.append(rules.SAME_PERSON.violation())
    if entry.kind == LoanEntryKind.drawdown:
        if entry.principal_fen > case.loan.outstanding_fen:
            known = format_amount(case.loan.outstanding_fen)
            return [*found, rules.EXCEEDS_OUTSTANDING.violation(outstanding=known)]
        moved = await queries.movements(case.session, case.loan.id)
        return found + rules.order_faults("", [one for id_, one in moved if id_ != entry.id])
    if entry.kind == LoanEntryKind.write_off and entry.principal_fen > case.loan.written_off_fen:
        left = format_amount(case.loan.written_off_fen)
        found.append(rules.RECOVERED_SINCE.violation(left=left))
    # Only of a revolving loan: what another drew is never more than was drawn.
    drawable_fen = queries.totals(case.loan).drawable_fen
    raised = entry.kind != LoanEntryKind.recovery
    if case.loan.revolving and raised and entry.principal_fen > drawable_fen:
        found.append(rules.LIMIT_EXCEEDED.violation(available=format_amount(drawable_fen)))
    return found
