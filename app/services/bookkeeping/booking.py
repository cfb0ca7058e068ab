"""Transfers by hand, one or many: judged by the domain's book under their accounts' locks, then written."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import ledger as rules, period as period_rules
from app.domain.errors import DomainError, Violation
from app.domain.ledger import Side
from app.domain.ledger_book import Book, BookAccount, Hand, Outcome, Verdict
from app.domain.ledger_transfer import MOVING, NewTransfer, WantedTransfer
from app.domain.period import Month
from app.domain.pool import AccountCode, of_contributions
from app.queries import ledger as queries, periods as period_queries, pool_risks, pools as pool_queries
from app.queries.ledger import KnownTransfer
from app.services import events, funds, ledger, pool_breakers, pools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.ledger import LedgerAccount
    from app.models.pool import Pool
    from app.queries.ledger import LockedAccount


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one wanted transfer; `booked` is None when it was refused."""

    outcome: Outcome
    id: uuid.UUID | None
    booked: KnownTransfer | None
    violations: tuple[Violation, ...] = ()


MAX_TOLD = 1_000
"""Objections to a batch that one refusal tells."""


async def open_account(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    code: str,
    name: str,
    normal_side: Side,
    limit_side: Side | None,
) -> LedgerAccount:
    """Open an account in the pool's ledger, not while a period is closed.

    Raises: `account.code_reserved`, `account.code_taken`.
    """
    if of_contributions(code):
        raise rules.ACCOUNT_CODE_RESERVED.error("/code", code=code)
    await pool_queries.lock(session, pool.id)  # a closing locks and writes down all accounts there are
    event = events.NewEvent(
        type="account.opened",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={"code": code, "name": name},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    account = ledger.NewAccount(code, name, normal_side, limit_side)
    (opened,) = await ledger.open_accounts(session, moment=moment, book=pools.book(pool), accounts=[account])
    return opened


async def book(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool, wanted: WantedTransfer
) -> KnownTransfer:
    """Book one transfer, or return the one already booked under its id.

    Commitments are made and given back by pledges only, payouts and recoveries by claims: their accounts
    refuse transfers by hand. From the pool's `second_person_fen` on, what one client has booked pending is
    posted by another (RB-02). The pool is locked only where money paid in moves, for its breaker looks at
    it (RP-13): transfers of other accounts do not wait.

    Raises, all at once: `transfer.exists_with_different_values`, `transfer.fields_missing`,
    `transfer.memo_account`, `transfer.claim_account`, `transfer.second_person_needed`,
    `transfer.same_person`, `request.date_in_future`, `period.closed`, and what `ledger.post` raises.
    """
    (item,) = await book_all(
        session, actor=actor, moment=moment, pool=pool, wanted=[wanted], atomic=True, place=""
    )
    if item.booked is None:  # a refusal of one has been raised
        raise RuntimeError("a transfer was neither booked nor refused")
    return item.booked


async def book_all(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    wanted: Sequence[WantedTransfer],
    atomic: bool,
    place: str = "/transfers",
) -> list[Item]:
    """Book transfers in their order; what each became, in the same order.

    `atomic`: all of them or none, with every objection raised at once. Otherwise chains of linked
    transfers, and postings, stand or fall by themselves. What exists with the same values counts as done, so
    that a batch may be sent again. Whatever the number, at most seven statements: the pool locked where money
    paid in moves; accounts locked and read; known transfers and posting ids, later days and periods where
    they matter; the event; the transfers.
    """
    stand = await _stand(session, actor, moment, pool, wanted)
    verdicts = stand.book.judge(wanted, stand.hand, atomic=atomic, place=place)
    if atomic:
        refused = [fault for verdict in verdicts for fault in verdict.violations]
        told = [fault for fault in refused if fault.code.code != "transfer.chain_failed"]
        if refused:
            raise DomainError((told or refused)[:MAX_TOLD])
    made = [v.transfer for v in verdicts if v.outcome is Outcome.created and v.transfer is not None]
    if made:
        await _write(session, actor, moment, pool, accounts=stand.accounts, made=made, money=stand.money)
    if stand.paid_in and any(one.kind in MOVING for one in made):
        locked = await pool_queries.lock(session, pool.id)
        await pool_breakers.evaluate(session, actor=actor, moment=moment, pool=locked)
    return [_item(verdict, stand, pool, moment) for verdict in verdicts]


def _item(verdict: Verdict, stand: _Stand, pool: Pool, moment: Moment) -> Item:
    made = verdict.transfer
    if made is None:
        return Item(verdict.outcome, verdict.id, None, verdict.violations)
    booked = stand.known.get(made.id) or KnownTransfer(
        made,
        pool.id,
        pool.currency,
        moment.today,
        moment.now,
        resolved_by=None,
        resolved_as=None,
        reversed_by=None,
        original_reversed=False,
        maker_id=stand.hand.client_id,
    )
    return Item(verdict.outcome, made.id, booked)


@dataclass(frozen=True, slots=True)
class _Stand:
    book: Book
    hand: Hand
    accounts: Sequence[LockedAccount]
    known: Mapping[uuid.UUID, KnownTransfer]
    paid_in: bool
    money: funds.Attribution | None


async def _stand(
    session: AsyncSession, actor: Actor, moment: Moment, pool: Pool, wanted: Sequence[WantedTransfer]
) -> _Stand:
    """Everything the verdicts depend on, read after the accounts are locked."""
    named = {one.resolves_id for one in wanted if one.resolves_id is not None}
    account_ids = {
        found for one in wanted for found in (one.debit_account_id, one.credit_account_id) if found
    }
    paid_in = await pool_risks.lock_paid_in(session, pool.id, account_ids, named)
    accounts = await queries.lock_accounts(session, pool.id, account_ids, of_transfers=named)
    ids = named | {one.id for one in wanted if one.id is not None}
    known = await queries.known(session, pool.id, ids) if ids else {}
    posting_ids = {one.posting_id for one in wanted if one.posting_id is not None}
    postings = (
        await queries.used_postings(session, pool.id, posting_ids) if posting_ids else frozenset[uuid.UUID]()
    )
    days = [one.occurred_on for one in wanted if one.occurred_on is not None]
    days += [one.transfer.occurred_on for one in known.values() if one.transfer.occurred_on is not None]
    earliest = min(days, default=moment.today)
    open_book = _book(accounts, known, postings)
    late = [
        account.id
        for account in accounts
        if account.limit_side is not None
        and account.last_occurred_on is not None
        and earliest < account.last_occurred_on
    ]
    if late:
        for account_id, day, fen in await queries.moved_since(session, late, earliest):
            open_book.accounts[account_id].days[day] = fen
    hand = Hand(
        client_id=actor.client_id,
        today=moment.today,
        business_id=pool.id,
        currency=pool.currency,
        second_person_fen=pool.second_person_fen,
        day_fault=await _day_fault(session, pool, earliest, moment),
    )
    money = None
    moving = any(one.kind in MOVING for one in wanted)
    if moving and any(account.code == AccountCode.cash for account in accounts):
        reversing = {one.transfer.business_id for one in known.values() if one.transfer.is_reversal}
        money = await funds.prepare(session, pool, today=moment.today, reversing=reversing)
        open_book.purse = money
    return _Stand(open_book, hand, accounts, known, paid_in, money)


def _book(
    accounts: Sequence[LockedAccount],
    known: Mapping[uuid.UUID, KnownTransfer],
    postings: frozenset[uuid.UUID],
) -> Book:
    return Book(
        accounts={
            one.id: BookAccount(
                one.id,
                one.code,
                one.currency,
                Side(one.limit_side) if one.limit_side is not None else None,
                one.memo,
                one.frozen_by,
                one.debits_posted,
                one.credits_posted,
                one.debits_pending,
                one.credits_pending,
            )
            for one in accounts
        },
        known={key: one.transfer for key, one in known.items()},
        resolved={key for key, one in known.items() if one.resolved_by is not None},
        reversed={one.transfer.business_id for one in known.values() if one.original_reversed},
        makers={key: one.maker_id for key, one in known.items()},
        postings=postings,
    )


async def _day_fault(
    session: AsyncSession, pool: Pool, earliest: date, moment: Moment
) -> Callable[[str, date, bool], Violation | None] | None:
    """What speaks against a day of a closed or held month; a month that is not over is open."""
    if Month.of(earliest) >= Month.of(moment.today):
        return None
    statuses = await period_queries.not_open(session, pool.id, Month.of(earliest))
    if not statuses:
        return None

    def fault(pointer: str, on: date, adjustment: bool) -> Violation | None:  # noqa: FBT001 - a field's value
        return period_rules.day_fault(on, statuses, adjustment=adjustment, pointer=pointer)

    return fault


async def _write(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    pool: Pool,
    *,
    accounts: Sequence[LockedAccount],
    made: Sequence[NewTransfer],
    money: funds.Attribution | None,
) -> None:
    event = _event(pool, made)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await ledger.write(
        session,
        moment=moment,
        book=pools.book(pool),
        transfers=made,
        event_id=event.id,
        accounts=accounts,
    )
    if money is not None:
        await funds.write(session, moment=moment, pool=pool, run=money, event_id=event.id)


def _event(pool: Pool, made: Sequence[NewTransfer]) -> events.NewEvent:
    """One transfer's own event, or one for a batch: its manifest counts, sums and names what was booked.

    `ids_sha256` is over the ids in their order, as lower-case text joined by line feeds.
    """
    if len(made) == 1:
        (one,) = made
        return events.NewEvent(
            type=f"transfer.{one.kind.value}",
            noun="transfer",
            subject_id=one.id,
            stream=pool.district_code,
            audience=[pool.manager_id],
            occurred_on=one.occurred_on,
            payload={"code": one.code, "amount_fen": one.amount_fen},
        )
    postings = {one.posting_id for one in made}
    return events.NewEvent(
        type="pool.transfers_booked",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        payload={
            "transfers": len(made),
            "postings": len(postings),
            "amount_fen": sum(one.amount_fen for one in made),
            "first_posting_id": str(made[0].posting_id),
            "last_posting_id": str(made[-1].posting_id),
            "ids_sha256": hashlib.sha256("\n".join(str(one.id) for one in made).encode()).hexdigest(),
        },
    )
