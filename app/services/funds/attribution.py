"""Attribution: every fen that moves in the special account is some source's (POL-12, POL-25, UNI-32)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from app.domain import fund as rules
from app.domain.errors import DomainError, ErrorCode
from app.domain.fund import Loan, Outgoing, SetAside, Tranche
from app.domain.ledger import TransferKind
from app.queries import funds as queries
from app.queries.funds import Opened

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.models.pool import Pool
    from app.services.ledger import NewTransfer

_MOVES = (TransferKind.posted, TransferKind.post)
_CLAIM, _OF_CLAIMS = "claim", ("recovery", "clawback")


async def attribute(
    session: AsyncSession,
    *,
    moment: Moment,
    pool: Pool,
    transfers: Sequence[NewTransfer],
    event_id: uuid.UUID,
    claim_id: uuid.UUID | None = None,
) -> None:
    """Write whose money the transfers of a posting moved; call it after `ledger.post`, with all of them.

    In: a source's payment is a new tranche of it; what comes back on a claim goes back to the tranches its
    payout drew, what exceeds them and all other receipts are the pool's own. Out: a claim draws on the
    oldest money whose earmark takes its loan, what a source gets back on its own money, other payments on
    money without earmark first. A reversal undoes the movements of its original. Transfers that do not
    touch the special account cost nothing.
    `claim_id`: whose recovery or clawback it is, while that row is not written yet.

    Raises: `source.not_eligible`, `source.money_spent`.
    """
    cash = await queries.cash_account(session, pool.id)
    moving = [
        transfer
        for transfer in transfers
        if transfer.kind in _MOVES and cash in (transfer.debit_account_id, transfer.credit_account_id)
    ]
    if not moving:
        return
    claims = await _claims(session, moving, claim_id)
    resolving = [one.resolves_id for one in transfers if one.resolves_id is not None]
    run = await _prepared(session, pool, moving, claims, resolving=resolving)
    for transfer in moving:
        run.move(transfer, moment.today)
    await write(session, moment=moment, pool=pool, run=run, event_id=event_id)


async def prepare(
    session: AsyncSession, pool: Pool, *, today: date, reversing: Collection[uuid.UUID]
) -> Attribution:
    """The pool's money as transfers by hand will find it, under the lock of the special account.

    They pay no claims. `reversing`: originals of which reversals are to be posted.
    """
    cash = await queries.cash_account(session, pool.id)
    originals = await queries.moved(session, pool.id, reversing)
    also = {tranche for moved in originals.values() for tranche in moved}
    state = await queries.state(session, pool.id, also=also)
    return Attribution(cash, state, {}, {}, {}, originals, {}, today)


async def write(
    session: AsyncSession, *, moment: Moment, pool: Pool, run: Attribution, event_id: uuid.UUID
) -> None:
    """Write whose money moved, after the transfers themselves."""
    if not run.moves:
        return
    await queries.write(
        session,
        pool_id=pool.id,
        district_code=pool.district_code,
        event_id=event_id,
        now=moment.now,
        opened=run.opened.values(),
        moves=run.moves,
    )


async def eligible_fen(session: AsyncSession, pool: Pool, pledge_id: uuid.UUID) -> int:
    """Money that a loss of this pledge may be paid from, beside what is set aside for other claims, in fen.

    What is set aside for a claim of this very pledge counts.
    """
    loan = await queries.loan_of(session, pledge_id)
    found = await queries.state(session, pool.id)
    own = [one for one in found.funds.set_aside if one.pledge_id == pledge_id]
    return found.funds.eligible_fen(loan, own[0] if own else None)


async def purse(
    session: AsyncSession, pool: Pool, claim_ids: Sequence[uuid.UUID], made: tuple[uuid.UUID, uuid.UUID]
) -> rules.Purse | None:
    """Money these claims share, beside what is set aside for others; None: no earmark binds any of it.

    `made`: one of them with its pledge, whose row may not be written yet.
    """
    found = await queries.state(session, pool.id)
    claim_id, pledge_id = made
    loans = await queries.loans(session, claim_ids)
    return found.funds.purse({**loans, claim_id: await queries.loan_of(session, pledge_id)})


async def _prepared(
    session: AsyncSession,
    pool: Pool,
    moving: Sequence[NewTransfer],
    claims: dict[uuid.UUID, uuid.UUID],
    *,
    resolving: Sequence[uuid.UUID],
) -> Attribution:
    """Read what the posting needs, in a number of statements that does not grow with it."""
    cash = await queries.cash_account(session, pool.id)
    paying = {claims[one.id] for one in moving if one.id in claims and one.credit_account_id == cash}
    receiving = {claims[one.id] for one in moving if one.id in claims and one.debit_account_id == cash}
    reversing = {one.reverses_id for one in moving if one.reverses_id is not None}
    originals = await queries.moved(session, pool.id, reversing)
    drawn = await queries.drawn(session, pool.id, receiving)
    state = await queries.state(
        session,
        pool.id,
        also={tranche for found in (originals, drawn) for moved in found.values() for tranche in moved},
        resolving=resolving if paying else (),
        reserved=any(one.credit_account_id == cash for one in moving),
    )
    places = {one.claim_id: one for one in state.resolved.values()}
    loans = await queries.loans(session, paying)
    return Attribution(cash, state, claims, loans, drawn, originals, places)


@dataclass(slots=True)
class Attribution:
    """The movements of one posting, transfer by transfer."""

    cash: uuid.UUID
    state: queries.State
    claims: dict[uuid.UUID, uuid.UUID]
    loans: dict[uuid.UUID, Loan]
    drawn: queries.Moved
    originals: queries.Moved
    places: dict[uuid.UUID, SetAside]
    """By claim: what was set aside for it and is resolved by this posting."""
    today: date | None = None
    opened: dict[uuid.UUID, Opened] = field(default_factory=dict)
    moves: dict[uuid.UUID, rules.Movements] = field(default_factory=dict)

    def take(self, made: NewTransfer) -> ErrorCode | None:
        """Move the money of a transfer by hand; what speaks against it, and then nothing is moved."""
        try:
            self.move(made, self.today)
        except DomainError as refused:
            return refused.code
        return None

    def undo(self, made: NewTransfer) -> None:
        """Take back what the last transfer that was taken has moved."""
        found = self.moves.pop(made.id)
        came_in = self.opened.pop(made.id, None)
        self.state.funds.undo(found, opened=made.id if came_in is not None else None)

    def move(self, transfer: NewTransfer, today: date | None) -> None:
        """Decide whose money one transfer moves. Raises: `source.not_eligible`, `source.money_spent`."""
        if transfer.reverses_id is not None:
            found = self._reversed(transfer, transfer.reverses_id)
        elif transfer.credit_account_id == self.cash:
            found = self._paid(transfer)
        else:
            found = self._received(transfer, today)
        self.moves[transfer.id] = found

    def _reversed(self, transfer: NewTransfer, original: uuid.UUID) -> rules.Movements:
        before = self.originals.get(original) or dict(self.moves[original])
        found = rules.mirror(transfer.amount_fen, before)
        self.state.funds.restore(found)
        return found

    def _paid(self, transfer: NewTransfer) -> rules.Movements:
        claim = self.claims.get(transfer.id)
        loan = self.loans[claim] if claim is not None else None
        place = self.places.pop(claim, None) if claim is not None else None
        returned_to = self.state.by_account.get(transfer.debit_account_id)
        return self.state.funds.pay(Outgoing(transfer.amount_fen, loan, returned_to, place))

    def _received(self, transfer: NewTransfer, today: date | None) -> rules.Movements:
        claim = self.claims.get(transfer.id)
        found: rules.Movements = []
        if claim is not None:
            drawn = self.drawn.get(claim, {})
            found = rules.back(transfer.amount_fen, drawn)
            self.state.funds.restore(found)
            for tranche, fen in found:
                drawn[tranche] -= fen
        rest = transfer.amount_fen - rules.total(found)
        if rest:
            source = self.state.by_account.get(transfer.credit_account_id, self.state.own)
            occurred_on = transfer.occurred_on or today
            if occurred_on is None:
                raise ValueError(f"transfer {transfer.id} comes in on no day")
            # Entries of this posting come after all those that are booked.
            place = _AFTER_ALL + len(self.opened)
            self.state.funds.open(Tranche(transfer.id, source, occurred_on, place, rest))
            self.opened[transfer.id] = Opened(transfer.id, source.id, rest, occurred_on)
            found = [*found, (transfer.id, rest)]
        return found


_AFTER_ALL = 1 << 62


async def _claims(
    session: AsyncSession, moving: Sequence[NewTransfer], claim_id: uuid.UUID | None
) -> dict[uuid.UUID, uuid.UUID]:
    """By transfer the claim it pays, or that it is money back on; reversals follow their originals."""
    ordinary = [one for one in moving if one.reverses_id is None]
    found = {one.id: one.business_id for one in ordinary if one.business_noun == _CLAIM}
    coming_back = {one.id: one.business_id for one in ordinary if one.business_noun in _OF_CLAIMS}
    if claim_id is not None:
        return found | dict.fromkeys(coming_back, claim_id)
    known = await queries.claims_of(session, set(coming_back.values()))
    return found | {transfer: known[business] for transfer, business in coming_back.items()}
