"""The whole ledger against a plain book that knows nothing of it: every command, in any order (POL-01 to -08)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, ClassVar

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.domain.clock import Moment
from app.domain.errors import DomainError
from app.domain.ledger import Effective, TransferKind
from app.domain.ledger_book import Outcome
from app.domain.money import Money
from app.domain.permission import Actor
from app.infra.db import Database
from app.models.pool import Pool
from app.queries import ledger as queries
from app.services import bookkeeping
from app.services.bookkeeping import Wanted
from tests.services.test_ledger import open_pool
from tests.support import server
from tests.support.samples import fill

pytestmark = pytest.mark.committed
START = date(2026, 3, 1)
CODES = ("interest", "a", "b", "c")
LIMITED = ("a", "b")
"""May not be credited beyond their debits, what is set aside counted, on no day that there was."""


@dataclass
class Plain:
    """A book kept by brute force: what moved, what is set aside, what is frozen. Nothing is summed up."""

    moved: dict[uuid.UUID, tuple[str, str, int, date]] = field(default_factory=dict)
    held: dict[uuid.UUID, tuple[str, str, int, date | None]] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    undone: set[uuid.UUID] = field(default_factory=set)

    def copy(self) -> Plain:
        return Plain(dict(self.moved), dict(self.held), set(self.frozen), set(self.undone))

    def sums(self, code: str, until: date = date.max) -> tuple[int, int, int, int]:
        moved = [one for one in self.moved.values() if one[3] <= until]
        held = self.held.values()
        return (
            sum(fen for debit, _, fen, _ in moved if debit == code),
            sum(fen for _, credit, fen, _ in moved if credit == code),
            sum(fen for debit, _, fen, _ in held if debit == code),
            sum(fen for _, credit, fen, _ in held if credit == code),
        )

    def lawful(self) -> bool:
        days = {one[3] for one in self.moved.values()}
        for code in LIMITED:
            debited, credited, _, set_aside = self.sums(code)
            if credited + set_aside > debited:
                return False
            then = [self.sums(code, day) for day in days]
            if any(credited > debited for debited, credited, *_ in then):
                return False
        return True

    def move(self, key: uuid.UUID, debit: str, credit: str, fen: int, on: date) -> bool:
        self.moved[key] = (debit, credit, fen, on)
        return debit != credit and self.frozen.isdisjoint((debit, credit)) and self.lawful()

    def hold(self, key: uuid.UUID, debit: str, credit: str, fen: int, last: date | None) -> bool:
        self.held[key] = (debit, credit, fen, last)
        return debit != credit and self.frozen.isdisjoint((debit, credit)) and self.lawful()

    def take(self, key: uuid.UUID, pending: uuid.UUID, fen: int, on: date, today: date) -> bool:
        debit, credit, whole, last = self.held.pop(pending, ("", "", 0, None))
        return fen <= whole and (last is None or today <= last) and self.move(key, debit, credit, fen, on)

    def give(self, pending: uuid.UUID) -> bool:
        return self.held.pop(pending, None) is not None

    def freeze(self, code: str) -> bool:
        fresh = code not in self.frozen
        self.frozen.add(code)
        return fresh

    def reverse(self, key: uuid.UUID, original: uuid.UUID, on: date) -> bool:
        if original in self.undone or key in self.undone:
            return False
        debit, credit, fen, _ = self.moved[original]
        self.undone |= {original, key}
        return self.move(key, credit, debit, fen, on)


TOTALS = """
SELECT code, debits_posted, credits_posted, debits_pending, credits_pending
FROM ledger_accounts WHERE ledger_id = $1 AND code = ANY($2::text[])
"""
Trial = Callable[[Plain], bool]
REFUSED = (DomainError, asyncpg.CheckViolationError)
"""By the service, or by the database alone."""


class Ledger(RuleBasedStateMachine):
    """The service on one side, the plain book on the other; both say yes or no to each command."""

    run: ClassVar[Callable[..., Any]]
    database: ClassVar[Database]
    reader: ClassVar[asyncpg.Connection[asyncpg.Record]]
    actors: ClassVar[tuple[Actor, Actor]]

    @initialize()
    def open(self) -> None:
        self.today, self.plain = START, Plain()
        self.posted: list[uuid.UUID] = []
        self.pending: list[uuid.UUID] = []
        self.sent: list[Wanted] = []
        self.pool, self.ids = self.run(self._open())

    async def _open(self) -> tuple[Pool, dict[str, uuid.UUID]]:
        async with self.database.write() as unit:
            moment = replace(unit.moment, today=self.today)
            pool = await open_pool(unit.session, moment, self.actors[0], [*LIMITED, "c"])
            return pool, {one.code: one.id for one in await queries.accounts(unit.session, pool.id)}

    async def _call(self, work: Callable[..., Any], by: int = 0, **given: Any) -> Any:
        async with self.database.write() as unit:
            moment = Moment(now=unit.moment.now, today=self.today)
            return await work(unit.session, actor=self.actors[by], moment=moment, pool=self.pool, **given)

    def both(self, trial: Trial, work: Callable[..., Any], **given: Any) -> Any:
        """Both sides do it, or both refuse and stay as they were; what the service answered, or None."""
        thought = self.plain.copy()
        allowed = trial(thought)
        if not allowed:
            with pytest.raises(REFUSED):
                self.run(self._call(work, **given))
            return None
        done = self.run(self._call(work, **given))
        self.plain = thought
        return done

    def wanted(self, kind: str, debit: str, credit: str, fen: int, **more: Any) -> Wanted:
        return Wanted(
            kind=TransferKind(kind),
            code="示例",
            id=uuid.uuid4(),
            debit_account_id=self.ids[debit],
            credit_account_id=self.ids[credit],
            amount=Money(fen),
            **more,
        )

    def trial(self, one: Wanted) -> Trial:
        """What the plain book makes of a wanted transfer."""
        names = {key: code for code, key in self.ids.items()}
        key, on = one.id, one.occurred_on or self.today
        fen = one.amount.fen if one.amount else 0
        assert key is not None
        if one.kind is TransferKind.void and one.resolves_id is not None:
            pending = one.resolves_id
            return lambda book: book.give(pending)
        if one.kind is TransferKind.post and one.resolves_id is not None:
            taken, today = one.resolves_id, self.today
            return lambda book: book.take(key, taken, fen, on, today)
        assert one.debit_account_id is not None
        assert one.credit_account_id is not None
        debit, credit, last = names[one.debit_account_id], names[one.credit_account_id], one.expires_on
        if one.kind is TransferKind.pending:
            return lambda book: book.hold(key, debit, credit, fen, last)
        return lambda book: book.move(key, debit, credit, fen, on)

    def noted(self, one: Wanted) -> None:
        assert one.id is not None
        self.sent.append(replace(one, linked=False))
        (self.pending if one.kind is TransferKind.pending else self.posted).append(one.id)
        if one.kind is TransferKind.void:
            self.posted.pop()

    def drawn(self, draw: st.DataObject, *, limit: int = 60) -> Wanted:
        """A transfer of any kind, often one that cannot be."""
        kind = draw.draw(st.sampled_from(["posted", "posted", "pending", "post", "void"]))
        fen = draw.draw(st.integers(1, limit))
        back = draw.draw(st.sampled_from([0, 0, 1, 5]))
        on = self.today - timedelta(days=back) if back else None
        if kind in ("post", "void") and self.pending:
            pending = draw.draw(st.sampled_from(self.pending))
            held = self.plain.held.get(pending)
            whole = held is not None and (kind == "void" or draw.draw(st.booleans()))
            amount = Money(held[2] if held is not None and whole else fen)
            if kind == "void" and held is None:
                on = None
            return Wanted(
                kind=TransferKind(kind),
                code="示例了结",
                id=uuid.uuid4(),
                amount=amount,
                resolves_id=pending,
                occurred_on=on,
            )
        debit, credit = draw.draw(st.sampled_from(CODES)), draw.draw(st.sampled_from(CODES))
        if kind == "pending":
            days = draw.draw(st.sampled_from([None, 0, 3]))
            last = self.today + timedelta(days=days) if days is not None else None
            return self.wanted("pending", debit, credit, fen, expires_on=last)
        return self.wanted("posted", debit, credit, fen, occurred_on=on)

    @rule(fen=st.integers(50, 400), code=st.sampled_from(LIMITED), back=st.integers(0, 6))
    def pay_in(self, fen: int, code: str, back: int) -> None:
        one = self.wanted("posted", code, "interest", fen, occurred_on=self.today - timedelta(days=back))
        if self.both(self.trial(one), bookkeeping.book, wanted=one) is not None:
            self.noted(one)

    @rule(draw=st.data())
    def book(self, draw: st.DataObject) -> None:
        one = self.drawn(draw)
        if self.both(self.trial(one), bookkeeping.book, wanted=one) is not None:
            self.noted(one)

    @rule(draw=st.data(), atomic=st.booleans(), count=st.integers(2, 8))
    def book_many(self, draw: st.DataObject, atomic: bool, count: int) -> None:
        """POL-08: a batch, whole or chain by chain; a chain that breaks leaves nothing."""
        links = [not atomic and n < count - 1 and draw.draw(st.booleans()) for n in range(count)]
        many = [replace(self.drawn(draw), linked=linked) for linked in links]
        thought, chain, expected = self.plain.copy(), self.plain.copy(), []
        begun, fine = 0, True
        for number, one in enumerate(many):
            if fine:
                fine = self.trial(one)(chain)
            if (atomic and number < count - 1) or one.linked:
                continue
            expected += [fine] * (number + 1 - begun)
            thought = chain if fine else thought
            chain, begun, fine = thought.copy(), number + 1, True
        try:
            items = self.run(self._call(bookkeeping.book_all, wanted=many, atomic=atomic))
            got = [item.outcome is Outcome.created for item in items]
        except DomainError:
            assert atomic
            got = [False] * count
        assert got == expected
        self.plain = thought
        for one, fine in zip(many, expected, strict=True):
            if fine:
                self.noted(one)

    @rule(draw=st.data())
    def repeat(self, draw: st.DataObject) -> None:
        """POL-03: what was booked is answered again and books nothing."""
        if self.sent:
            again = draw.draw(st.sampled_from(self.sent))
            booked = self.run(self._call(bookkeeping.book, wanted=again))
            assert booked.id == again.id

    @rule(draw=st.data(), effective=st.sampled_from(Effective))
    def reverse(self, draw: st.DataObject, effective: Effective) -> None:
        """POL-06: proposed by one, posted by another, once; what cannot be leaves no trace."""
        if not self.posted:
            return
        original, key = draw.draw(st.sampled_from(self.posted)), uuid.uuid4()
        if original not in self.plain.moved:
            return
        on = self.plain.moved[original][3] if effective is Effective.original else self.today
        debit, credit, fen, _ = self.plain.moved[original]
        new = original not in self.plain.undone
        proposal = self.both(
            lambda book: new and book.hold(key, credit, debit, fen, None),
            bookkeeping.propose_reversal,
            transfer_id=original,
            effective=effective,
            reason="示例",
        )
        if proposal is None:
            return
        post = Wanted(kind=TransferKind.post, code="reversal", id=uuid.uuid4(), resolves_id=proposal.id)
        self.plain.held.pop(key)
        if not self.both(
            lambda book: book.reverse(post.id or key, original, on), bookkeeping.book, by=1, wanted=post
        ):
            void = replace(post, kind=TransferKind.void, id=uuid.uuid4())
            self.run(self._call(bookkeeping.book, wanted=void))

    @rule(code=st.sampled_from(CODES))
    def freeze(self, code: str) -> None:
        """POL-23."""
        self.both(
            lambda book: book.freeze(code),
            bookkeeping.freeze,
            account_id=self.ids[code],
            reason="示例",
        )

    @rule()
    def thaw(self) -> None:
        for code in sorted(self.plain.frozen):
            self.run(self._call(bookkeeping.unfreeze, by=1, account_id=self.ids[code], reason="示例"))
        self.plain.frozen.clear()

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        """POL-04: what is past its last day is given back by the day's job, frozen accounts or not."""
        self.today += timedelta(days=days)
        late = [key for key, one in self.plain.held.items() if one[3] is not None and one[3] < self.today]
        assert self.run(self._expire()) == len(late)
        for key in late:
            del self.plain.held[key]

    async def _expire(self) -> int:
        async with self.database.write() as unit:
            moment = Moment(now=unit.moment.now, today=self.today)
            return await bookkeeping.expire_due(unit.session, actor=self.actors[0], moment=moment)

    @invariant()
    def agree(self) -> None:
        """Every total of every account, and that the book balances."""
        if not hasattr(self, "pool"):
            return
        found = self.run(self._totals())
        assert found == {code: self.plain.sums(code) for code in CODES}

    async def _totals(self) -> dict[str, tuple[int, int, int, int]]:
        rows = await self.reader.fetch(TOTALS, self.pool.id, CODES)
        return {code: tuple(totals) for code, *totals in rows}

    def teardown(self) -> None:
        """What is pending must not expire in another example's days."""
        if hasattr(self, "pool"):
            for key, one in list(self.plain.held.items()):
                if one[3] is not None:
                    void = Wanted(kind=TransferKind.void, code="示例了结", resolves_id=key)
                    self.run(self._call(bookkeeping.book, wanted=void))


@pytest.fixture
def stand(server_url: str) -> Iterator[None]:
    """A committed database and a loop of the machine's own."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        scope = server.cloned(server_url, "ledger_model")
        url = runner.run(scope.__aenter__())
        Ledger.database = Database(url, pool_size=2, read_pool_size=1)
        Ledger.reader = runner.run(asyncpg.connect(server.plain(url)))
        samples = runner.run(fill(Ledger.database))
        Ledger.actors = (samples["pool_manager"].actor("test"), samples["treasury"].actor("test"))
        Ledger.run = staticmethod(runner.run)
        yield
        runner.run(Ledger.reader.close())
        runner.run(Ledger.database.close())
        runner.run(scope.__aexit__(None, None, None))


def test_any_sequence_of_commands_agrees_with_a_plain_book(stand: None) -> None:
    """POL-01, -03 to -08, -23: thousands of steps, every balance and every refusal the plain book's."""
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25,
            stateful_step_count=100,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
