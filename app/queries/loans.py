"""Reads and locks of loans, their books and their repayment plans, and who may see them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, exists, func, or_, select

from app.domain import loan as rules, pledge as pledge_rules
from app.domain.commitment import COVERING
from app.domain.loan import LoanEntryKind, LoanStatus, Movement, Security, Totals
from app.domain.loan_plan import Due, Instalment, Since, dues
from app.domain.pledge import PledgeStatus, ShareKind
from app.models.asset import Asset
from app.models.event import Event
from app.models.loan import Loan, LoanEntry, LoanInstalment
from app.models.organisation import Organisation
from app.models.pledge import Pledge, PledgeItem, PledgeShare
from app.models.pool import Commitment, Pool, Scheme
from app.queries import pledge_classifications
from app.queries.districts import seen_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

_SIGNED = case(
    (LoanEntry.kind == LoanEntryKind.drawdown, LoanEntry.principal_fen),
    (LoanEntry.kind == LoanEntryKind.recovery, 0),
    else_=-LoanEntry.principal_fen,
)
_MOVED = case((LoanEntry.reverses_id.is_(None), _SIGNED), else_=-_SIGNED)
"""How an entry moves what is outstanding, its sign turned when it reverses another."""


RUNNING = (LoanStatus.disbursed, LoanStatus.overdue, LoanStatus.enforcing)
"""States in which a loan may fall overdue, or further behind."""


async def outstanding(session: AsyncSession, pledge_id: uuid.UUID) -> int | None:
    """What is outstanding of the principal by the loan's book, in fen; None before its first drawdown."""
    statement = select(Loan.drawn_fen - Loan.repaid_fen - Loan.written_off_fen).where(
        Loan.pledge_id == pledge_id
    )
    return (await session.scalars(statement)).one_or_none()


async def fresh(session: AsyncSession, pledge_id: uuid.UUID) -> Loan | None:
    """The loan of a pledge that is locked, as it stands now; None before its first drawdown."""
    statement = select(Loan).where(Loan.pledge_id == pledge_id).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def lock(session: AsyncSession, actor: Actor, pledge_id: uuid.UUID) -> Pledge:
    """A pledge of which the caller keeps the loan's book, locked: a loan changes under its pledge's lock.

    Raises: `pledge.not_found`, `loan.not_yours`.
    """
    seen = await visible_pledge(session, actor, pledge_id)
    if not pledge_classifications.is_bank(actor, seen):
        raise rules.NOT_YOURS.error()
    return await pledge_classifications.lock_pledge(session, pledge_id)


def _sees(actor: Actor) -> ColumnElement[bool]:
    """The bank of the loan, those who lend with it, and the offices that oversee its district.

    How a loan goes is no business of a pledgor that is not the bank's debtor, so parties see none.
    """
    lends = exists().where(
        PledgeShare.pledge_id == Pledge.id,
        PledgeShare.kind == ShareKind.lending,
        PledgeShare.party_id == actor.party_id,
    )
    imported = and_(Pledge.organisation_id.is_(None), Pledge.pledgee_id == actor.party_id)
    return seen_by(
        actor, Pledge.district_code, Pledge.organisation_id == actor.organisation_id, imported, lends
    )


async def visible_pledge(session: AsyncSession, actor: Actor, pledge_id: uuid.UUID) -> Pledge:
    """A pledge whose loan the caller may see. Raises: `pledge.not_found`."""
    statement = select(Pledge).where(Pledge.id == pledge_id, _sees(actor))
    pledge = (await session.scalars(statement)).one_or_none()
    if pledge is None:
        raise pledge_rules.NOT_FOUND.error(pledge_id=pledge_id)
    return pledge


async def get(session: AsyncSession, actor: Actor, pledge_id: uuid.UUID) -> tuple[Pledge, Loan]:
    """A pledge and its loan, if the caller may see it. Raises: `pledge.not_found`, `loan.not_found`."""
    pledge = await visible_pledge(session, actor, pledge_id)
    loan = await fresh(session, pledge_id)
    if loan is None:
        raise rules.NOT_FOUND.error()
    return pledge, loan


async def security(session: AsyncSession, pledge: Pledge) -> Security:
    """What the loan of a locked pledge rests on: rights let go by agreement are no condition any more."""
    statement = (
        select(Asset.number, PledgeItem.status)
        .join(PledgeItem, PledgeItem.asset_id == Asset.id)
        .where(
            PledgeItem.pledge_id == pledge.id,
            PledgeItem.required,
            PledgeItem.status != PledgeStatus.deregistered,
        )
        .order_by(PledgeItem.ordinal)
    )
    rights = [(number, PledgeStatus(status)) for number, status in await session.execute(statement)]
    return Security(PledgeStatus(pledge.status), pledge.unsecured_since, rights)


async def last_registration(session: AsyncSession, pledge_id: uuid.UUID) -> date | None:
    """The day on which the last of the rights that the contract requires was registered."""
    statement = select(func.max(PledgeItem.registered_on)).where(
        PledgeItem.pledge_id == pledge_id,
        PledgeItem.required,
        PledgeItem.status == PledgeStatus.registered,
        PledgeItem.amendment_id.is_(None),
    )
    return await session.scalar(statement)


def totals(loan: Loan) -> Totals:
    """The loan's totals as its rules take them."""
    return Totals(
        loan.limit_fen,
        loan.revolving,
        loan.drawn_fen,
        loan.repaid_fen,
        loan.written_off_fen,
        loan.interest_fen,
    )


def drawing_over(pledge: Pledge, loan: Loan, today: date) -> bool:
    """Whether nothing will be drawn any more: the loan or the debt period is over."""
    return loan.status not in RUNNING or today > rules.last_day(pledge.debt_to)


def owed_at_most(pledge: Pledge, loan: Loan, today: date) -> int:
    """The most principal that will ever be owed again, in fen: with what may still be drawn (RP-06)."""
    return totals(loan).owed_at_most(over=drawing_over(pledge, loan, today))


async def instalments(session: AsyncSession, loan_id: uuid.UUID, plan: int) -> list[Instalment]:
    """The plan of that number, in order; number 0 is no plan."""
    statement = (
        select(LoanInstalment.due_on, LoanInstalment.principal_fen, LoanInstalment.interest_fen)
        .where(LoanInstalment.loan_id == loan_id, LoanInstalment.plan == plan)
        .order_by(LoanInstalment.ordinal)
    )
    return [Instalment(*row) for row in (await session.execute(statement)).all()]


async def standing(session: AsyncSession, pledge: Pledge, loan: Loan) -> list[Due]:
    """What is due of a loan by its plan, and what was paid of it; nothing of one that was never paid out."""
    if loan.drawn_fen == 0:
        return []
    since = Since(
        loan.outstanding_fen,
        loan.drawn_fen - loan.planned_drawn_fen,
        loan.interest_fen - loan.planned_interest_fen,
    )
    return dues(await instalments(session, loan.id, loan.plan), since, rules.last_day(pledge.debt_to))


def entries(loan_id: uuid.UUID) -> Select[LoanEntry]:
    """The book of a loan."""
    return select(LoanEntry).where(LoanEntry.loan_id == loan_id)


async def entry(session: AsyncSession, loan_id: uuid.UUID, entry_id: uuid.UUID) -> LoanEntry:
    """One entry of a loan's book. Raises: `loan.entry_not_found`."""
    found = (await session.scalars(entries(loan_id).where(LoanEntry.id == entry_id))).one_or_none()
    if found is None:
        raise rules.ENTRY_NOT_FOUND.error()
    return found


async def balance_before(session: AsyncSession, loan_id: uuid.UUID, entry_id: uuid.UUID) -> int:
    """What was outstanding by the entries booked before that one, in fen."""
    statement = select(func.coalesce(func.sum(_MOVED), 0)).where(
        LoanEntry.loan_id == loan_id, LoanEntry.id < entry_id
    )
    return int((await session.scalars(statement)).one())


def moved_fen(entry: LoanEntry) -> int:
    """How an entry moved what is outstanding, in fen; a recovery is of what was given up before."""
    if entry.kind == LoanEntryKind.recovery:
        return 0
    up = (entry.kind == LoanEntryKind.drawdown) is (entry.reverses_id is None)
    return entry.principal_fen if up else -entry.principal_fen


async def reversals(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Which of these entries were reversed, and by which."""
    statement = select(LoanEntry.reverses_id, LoanEntry.id).where(LoanEntry.reverses_id.in_(ids))
    return {of: by for of, by in await session.execute(statement) if of is not None}


async def movements(session: AsyncSession, loan_id: uuid.UUID) -> list[tuple[uuid.UUID, Movement]]:
    """How the entries that stand moved the principal: those reversed and their reversals are left out."""
    undone = select(LoanEntry.reverses_id).where(
        LoanEntry.loan_id == loan_id, LoanEntry.reverses_id.is_not(None)
    )
    statement = select(LoanEntry.id, LoanEntry.occurred_on, _SIGNED).where(
        LoanEntry.loan_id == loan_id, LoanEntry.reverses_id.is_(None), LoanEntry.id.not_in(undone)
    )
    return [(id_, Movement(day, fen)) for id_, day, fen in (await session.execute(statement)).all()]


async def reference_taken(session: AsyncSession, loan_id: uuid.UUID, reference: str) -> bool:
    """Whether the loan has an entry with that reference."""
    found = exists().where(LoanEntry.loan_id == loan_id, LoanEntry.reference == reference)
    return bool(await session.scalar(select(found)))


async def booked_by(session: AsyncSession, entry: LoanEntry) -> uuid.UUID | None:
    """The client that booked an entry."""
    return await session.scalar(select(Event.client_id).where(Event.id == entry.event_id))


async def first_drawn_on(session: AsyncSession, loan_id: uuid.UUID) -> date | None:
    """The day of the first drawdown that stands."""
    return min((one.occurred_on for _, one in await movements(session, loan_id) if one.fen > 0), default=None)


async def lenders(session: AsyncSession, pledge: Pledge) -> list[uuid.UUID]:
    """Organisations whom the course of a loan concerns: those that lend, and the manager of its pool."""
    shares = select(PledgeShare.party_id).where(
        PledgeShare.pledge_id == pledge.id, PledgeShare.kind == ShareKind.lending
    )
    bank = (
        Organisation.id == pledge.organisation_id
        if pledge.organisation_id is not None
        else Organisation.party_id == pledge.pledgee_id
    )
    lending = select(Organisation.id).where(or_(bank, Organisation.party_id.in_(shares)))
    manager = select(Pool.manager_id).where(Pool.id == pledge.pool_id)
    return sorted({*await session.scalars(lending.union(manager))})


async def debtors(session: AsyncSession, pledge: Pledge) -> list[uuid.UUID]:
    """Organisations of the borrower and of those who gave their rights for the debt."""
    pledgors = select(PledgeItem.pledgor_id).where(PledgeItem.pledge_id == pledge.id)
    statement = select(Organisation.id).where(
        or_(Organisation.party_id == pledge.borrower_id, Organisation.party_id.in_(pledgors))
    )
    return sorted(await session.scalars(statement))


async def trigger_days(session: AsyncSession, pledge_id: uuid.UUID) -> int | None:
    """Days overdue from which the scheme that covers the loan takes a claim (RP-08); None without cover."""
    statement = (
        select(Scheme.overdue_days)
        .join(Commitment, Commitment.scheme_id == Scheme.id)
        .where(Commitment.pledge_id == pledge_id, Commitment.status.in_(COVERING))
    )
    return await session.scalar(statement)


async def to_look_at(session: AsyncSession, first: date, today: date) -> Sequence[uuid.UUID]:
    """Pledges whose loans time may have moved: those behind, and those with a due day from `first` to today.

    All are locked in the order of their ids before any pool is; they come in the order of their pools, so
    that these are locked in the order of theirs.
    """
    fell_due = exists().where(
        LoanInstalment.loan_id == Loan.id,
        LoanInstalment.plan == Loan.plan,
        LoanInstalment.due_on >= first,
        LoanInstalment.due_on < today,
    )
    ended = and_(Pledge.debt_to >= first, Pledge.debt_to < today)
    statement = (
        select(Pledge.pool_id, Pledge.id)
        .join(Loan, Loan.pledge_id == Pledge.id)
        .where(Loan.status.in_(RUNNING), or_(Loan.overdue_since.is_not(None), fell_due, ended))
        .order_by(Pledge.id)
        .with_for_update(key_share=True, of=Pledge)
    )
    rows = (await session.execute(statement)).all()
    return [pledge_id for _, pledge_id in sorted(rows, key=lambda row: (str(row[0] or ""), row[1]))]
