"""What an amendment changes once it is registered, and what that counts for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import amendment as rules, pledge_coverage as coverage_rules
from app.domain.amendment import AmendmentAction, AmendmentKind, AmendmentStatus
from app.domain.money import format_amount
from app.domain.pledge import PledgeEvent, PledgeStatus
from app.domain.pledge_count import Counted, earliest
from app.queries import (
    claims as claim_queries,
    enforcements as enforcement_queries,
    loans as loan_queries,
    pledge_classifications,
)
from app.services.pledges import figures

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.errors import Violation
    from app.domain.pledge_coverage import Coverage
    from app.models.amendment import Amendment, AmendmentItem
    from app.models.pledge import Pledge, PledgeItem
    from app.services.events import NewFact


def apply(
    amendment: Amendment,
    touched: Sequence[AmendmentItem],
    pledge: Pledge,
    items: Sequence[PledgeItem],
    *,
    on: date,
) -> list[PledgeItem]:
    """Make the pledge what the amendment says; the rights that are let go by it."""
    after = amendment.detail["after"]
    if "principal_fen" in after:
        pledge.principal_fen = after["principal_fen"]
    terms = {name: after[name] for name in ("claim_kind", "security_scope") if name in after}
    if terms:
        pledge.contract = {**pledge.contract, **terms}
    if "debt_to" in after:
        pledge.debt_to = date.fromisoformat(after["debt_to"])
    if amendment.kind == AmendmentKind.substitution:
        # The bank has taken other rights for those it lost or never got: money waits for these no more.
        pledge.unsecured_since = None
        for item in items:
            item.required = item.required and item.ended_on is None
    by_asset = {item.asset_id: item for item in items}
    gone = []
    for one in touched:
        item = by_asset[one.asset_id]
        if one.action == AmendmentAction.release and item.status == PledgeStatus.registered:
            one.registered_on = one.registered_on or on
            item.advance(PledgeEvent.deregister)
            item.ended_on = one.registered_on
            gone.append(item)
    return gone


def counts(pledge: Pledge, items: Sequence[PledgeItem]) -> Counted:
    """The days on which the pledge counts so far."""
    return earliest(Counted(pledge.registered_on, pledge.mixed_on), figures.counted_days(items))


async def facts(
    session: AsyncSession,
    amendment: Amendment,
    pledge: Pledge,
    items: Sequence[PledgeItem],
    before: Counted,
    *,
    added: Sequence[PledgeItem],
) -> list[NewFact]:
    """What the registration counts for: the new certificates, an extension once, a larger debt (PLG-12).

    The financing itself counts no more than before, in number or amount, but for what a change adds to its
    principal, on the day of the change.
    """
    heading = await figures.heading_of(session, pledge, items)
    after = earliest(before, counts(pledge, items))
    pledge.registered_on, pledge.mixed_on = after.financing_on, after.mixed_on
    found = [
        *figures.registration_facts(pledge, heading, added),
        *figures.counting_facts(pledge, heading, items, before, after),
    ]
    if amendment.status != AmendmentStatus.registered or amendment.decided_on is None:
        return found
    if amendment.kind == AmendmentKind.extension:
        found += figures.extension_facts(pledge, heading, items, amendment.decided_on)
    was = amendment.detail["before"].get("principal_fen")
    if was is not None:
        found += figures.principal_facts(pledge, heading, items, was, amendment.decided_on)
    return found


async def follow_principal(session: AsyncSession, pledge: Pledge) -> None:
    """What may be drawn of the loan is the debt as amended."""
    loan = await loan_queries.fresh(session, pledge.id)
    if loan is not None and pledge.principal_fen is not None:
        loan.limit_fen = pledge.principal_fen
        loan.version += 1
        await session.flush()


async def stopped(session: AsyncSession, pledge: Pledge) -> list[Violation]:
    """What keeps a pledge as it is: a claim stands on it and its cover, an enforcement on its rights."""
    found: list[Violation] = []
    claim = await claim_queries.unsettled(session, pledge.id)
    if claim is not None:
        found.append(rules.CLAIMED.violation(claim=claim.number))
    enforcement = await enforcement_queries.open_of(session, pledge.id)
    if enforcement is not None:
        found.append(rules.ENFORCED.violation(enforcement=enforcement.number))
    return found


async def lent_above(session: AsyncSession, amendment: Amendment, pledge: Pledge) -> list[Violation]:
    """The objection to a debt that would be less than what was lent meanwhile (PL-09)."""
    principal_fen = amendment.detail["after"].get("principal_fen")
    if principal_fen is None:
        return []
    least = await least_fen(session, pledge)
    return below_outstanding(principal_fen, least)


def below_outstanding(principal_fen: int, least_fen: int, pointer: str | None = None) -> list[Violation]:
    """The objection to a debt of less than `least_fen`."""
    if principal_fen >= least_fen:
        return []
    return [rules.BELOW_OUTSTANDING.violation(pointer, outstanding=format_amount(least_fen))]


async def least_fen(session: AsyncSession, pledge: Pledge) -> int:
    """What the debt cannot be set below: lent by the loan's book, else last reported owed."""
    loan = await loan_queries.fresh(session, pledge.id)
    if loan is not None:
        return loan.outstanding_fen if loan.revolving else loan.drawn_fen
    known = await pledge_classifications.last(session, pledge.id)
    return known.outstanding_fen if known is not None else 0


async def owed_at_most(session: AsyncSession, pledge: Pledge, moment: Moment, *, reported: bool) -> int:
    """The most principal that will ever be owed under the pledge's terms as they are, which the pool covers.

    By the loan's book, what may still be drawn included. Without a book the principal; or, if the last
    report is of these terms (`reported`), what it said was outstanding.
    """
    loan = await loan_queries.fresh(session, pledge.id)
    if loan is not None:
        return loan_queries.owed_at_most(pledge, loan, moment.today)
    principal = pledge.principal_fen or 0
    known = await pledge_classifications.last(session, pledge.id) if reported else None
    return principal if known is None else min(principal, known.outstanding_fen)


def uncovered(before: Coverage, after: Coverage, pointer: str) -> list[Violation]:
    """The objection to a coverage that would not do (PLG-09)."""
    if not coverage_rules.spoils(before, after):
        return []
    lent, lendable = format_amount(after.owed_fen or 0), format_amount(after.lendable_fen)
    return [rules.COVERAGE_SHORT.violation(pointer, owed=lent, lendable=lendable)]
