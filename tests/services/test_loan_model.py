"""A loan against a plain book that knows nothing of it: draws, receipts, plans, reversals and days, in any order."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.domain.errors import DomainError
from app.domain.money import Money
from app.infra.security import TokenIssuer
from app.queries import integrity, loans as queries, pledge_classifications
from app.services import loans
from app.services.loans import NewDrawdown, NewInstalment, NewReceipt
from tests.factories.claims import TODAY
from tests.factories.loans import make_pledge, second_banker
from tests.support.instance import Instance, instance

pytestmark = pytest.mark.committed
LIMIT = 50_000_000
DAYS = 100
END = TODAY + timedelta(days=DAYS)
UNIT = 1_000_000
"""Amounts are whole tens of thousands of yuan, so that they often meet."""


@dataclass
class Entry:
    """What moved; `undone` once it was taken back."""

    kind: str
    principal: int
    interest: int
    on: date
    undone: bool = False


class Plain:
    """A book kept by brute force: every figure is counted from the list of what moved."""

    def __init__(self, *, revolving: bool) -> None:
        self.revolving = revolving
        self.entries: dict[uuid.UUID, Entry] = {}
        self.plan: list[tuple[date, int, int]] = []
        self.drawn_then = self.interest_then = 0
        self.status = "none"

    def total(self, *kinds: str, until: date = date.max) -> int:
        return sum(
            one.principal
            for one in self.entries.values()
            if one.kind in kinds and not one.undone and one.on <= until
        )

    def owed(self, until: date = date.max) -> int:
        return self.total("drawdown", until=until) - self.total("repayment", "write_off", until=until)

    @property
    def given_up(self) -> int:
        """What was written off and has not come in since."""
        return self.total("write_off") - self.total("recovery")

    @property
    def interest(self) -> int:
        return sum(one.interest for one in self.entries.values() if not one.undone)

    def lawful(self) -> bool:
        """Within the limit, and on no day more paid back than drawn."""
        within = (self.owed() if self.revolving else self.total("drawdown")) <= LIMIT
        return within and self.given_up >= 0 and all(self.owed(one.on) >= 0 for one in self.entries.values())

    def overdue(self, today: date) -> int:
        """Counted from the end: what is not due yet is the last to be paid."""
        if self.total("drawdown") == 0:
            return 0
        since = self.total("drawdown") - self.drawn_then
        scheduled = sum(part[1] for part in self.plan) + since
        coming = sum(part[1] for part in self.plan if part[0] >= today)
        if since < 0 or today <= END:
            coming = max(0, coming + since)
        beside = max(0, self.owed() - scheduled) if today <= END else 0
        paid = max(0, self.interest - self.interest_then)
        late = sum(part[2] for part in self.plan if part[0] < today)
        return max(0, self.owed() - coming - beside) + max(0, late - paid)

    def settle(self, today: date) -> None:
        """Where the loan stands after something was booked, or a day passed."""
        lent = self.total("drawdown") > 0
        paid = self.over or not (self.overdue(today) or (self.revolving and today <= END))
        if self.owed() == 0 and self.given_up:
            self.status = "written_off"
        elif self.owed() == 0 and lent and paid:
            self.status = "repaid"
        else:
            self.status = "overdue" if self.overdue(today) else "disbursed"

    @property
    def over(self) -> bool:
        return self.status in {"repaid", "written_off"}


class Book(RuleBasedStateMachine):
    """The service on one side, the plain book on the other; both say yes or no to each command."""

    run: ClassVar[Callable[..., Any]]
    stage: ClassVar[Instance]
    banker: ClassVar[str]

    @initialize(revolving=st.booleans())
    def open(self, revolving: bool) -> None:
        self.today, self.plain, self.number = TODAY, Plain(revolving=revolving), 0
        form = "maximum_amount" if revolving else "ordinary"
        made = make_pledge(self.stage.api, self.stage.database, form=form, debt_to=str(END))
        self.pledge_id = uuid.UUID(self.run(made)["id"])

    async def _call(self, work: Callable[..., Any], by: str = "bank_a", **given: Any) -> Any:
        async with self.stage.database.write() as unit:
            moment = replace(unit.moment, today=self.today)
            actor = self.stage.api.actor(by)
            return await work(unit.session, actor=actor, moment=moment, pledge_id=self.pledge_id, **given)

    def reference(self) -> str:
        self.number += 1
        return f"示例-{self.number}"

    def both(self, entry: Entry, allowed: bool, work: Callable[..., Any], **given: Any) -> None:
        """Both sides book it, or both refuse."""
        key = uuid.uuid4()
        self.plain.entries[key] = entry
        if not (allowed and self.plain.lawful()):
            del self.plain.entries[key]
            with pytest.raises(DomainError):
                self.run(self._call(work, **given))
            return
        _, booked = self.run(self._call(work, **given))
        self.plain.entries[booked.id] = self.plain.entries.pop(key)
        self.plain.settle(self.today)

    @rule(units=st.integers(1, 40), back=st.integers(0, 9))
    def draw(self, units: int, back: int) -> None:
        on = self.today - timedelta(days=back)
        allowed = self.plain.status in {"none", "disbursed"} and TODAY <= on <= END
        new = NewDrawdown(Money(units * UNIT), on, self.reference())
        self.both(Entry("drawdown", units * UNIT, 0, on), allowed, loans.draw, new=new)

    @rule(units=st.integers(0, 40), interest=st.integers(0, 3), back=st.integers(0, 9))
    def receive(self, units: int, interest: int, back: int) -> None:
        on = self.today - timedelta(days=back)
        first = min((one.on for one in self.standing("drawdown")), default=date.max)
        allowed = self.plain.status != "none" and units + interest > 0 and on >= first
        new = NewReceipt(on, self.reference(), principal=Money(units * UNIT), interest=Money(interest * UNIT))
        kind = "recovery" if self.plain.status == "written_off" else "repayment"
        entry = Entry(kind, units * UNIT, interest * UNIT, on)
        self.both(entry, allowed, loans.receive, new=new)

    @rule()
    def receive_all(self) -> None:
        """What is owed to the last fen, and generous interest."""
        if self.plain.owed():
            new = NewReceipt(
                self.today, self.reference(), principal=Money(self.plain.owed()), interest=Money(20 * UNIT)
            )
            entry = Entry("repayment", self.plain.owed(), 20 * UNIT, self.today)
            self.both(entry, True, loans.receive, new=new)

    @rule(units=st.integers(1, 40), whole=st.booleans())
    def write_off(self, units: int, whole: bool) -> None:
        fen = self.plain.owed() if whole and self.plain.owed() else units * UNIT
        allowed = self.plain.status == "overdue"
        given = {"principal": Money(fen), "written_off_on": self.today, "reference": self.reference()}
        self.both(Entry("write_off", fen, 0, self.today), allowed, loans.write_off, **given)

    @rule(parts=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 2)), min_size=1, max_size=4))
    def plan(self, parts: list[tuple[int, int]]) -> None:
        """What is owed in equal parts, the last one with what is left."""
        owed, on, plan = self.plain.owed(), self.today, []
        for at, (days, interest) in enumerate(parts):
            on += timedelta(days=days)
            share = owed // len(parts)
            principal = share if at < len(parts) - 1 else owed - share * (len(parts) - 1)
            plan.append((on, principal, interest * UNIT))
        allowed = (
            self.plain.status in {"disbursed", "overdue"}
            and on <= END
            and all(principal + interest for _, principal, interest in plan)
        )
        given: dict[str, Any] = {
            "from_on": self.today,
            "plan": [NewInstalment(day, Money(principal), Money(fen)) for day, principal, fen in plan],
        }
        if not allowed:
            with pytest.raises(DomainError):
                self.run(self._call(loans.replan, **given))
            return
        self.run(self._call(loans.replan, **given))
        self.plain.plan = plan
        self.plain.drawn_then, self.plain.interest_then = self.plain.total("drawdown"), self.plain.interest
        self.plain.settle(self.today)

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        if not self.plain.entries:
            return
        key = data.draw(st.sampled_from(sorted(self.plain.entries)))
        entry = self.plain.entries[key]
        given: dict[str, Any] = {"entry_id": key, "reason": "示例"}
        before, entry.undone = entry.undone, True
        if before or not self.plain.lawful():
            entry.undone = before
            with pytest.raises(DomainError):
                self.run(self._call(loans.reverse, self.banker, **given))
            return
        self.run(self._call(loans.reverse, self.banker, **given))
        if self.plain.over:
            self.plain.status = "disbursed"
        self.plain.settle(self.today)

    @rule(days=st.integers(1, 25))
    def days_pass(self, days: int) -> None:
        """The day's work does the same once as twice, whatever days were missed."""
        self.today += timedelta(days=days)
        self.run(self._follow())
        if self.plain.status != "none" and not self.plain.over:
            self.plain.settle(self.today)

    async def _follow(self) -> None:
        for expected in (True, False):
            async with self.stage.database.write() as unit:
                moment = replace(unit.moment, today=self.today)
                actor = self.stage.api.actor("bank_a")
                changed = await loans.follow_due(unit.session, actor=actor, moment=moment)
                assert expected or not changed

    def standing(self, kind: str) -> Iterator[Entry]:
        return (one for one in self.plain.entries.values() if one.kind == kind and not one.undone)

    @invariant()
    def agree(self) -> None:
        """Outstanding, interest, state and what is overdue."""
        if hasattr(self, "plain"):
            assert self.run(self._found()) == (
                (self.plain.owed(), self.plain.interest, self.plain.status)
                if self.plain.status != "none"
                else None
            )

    async def _found(self) -> tuple[int, int, str] | None:
        async with self.stage.database.read() as unit:
            loan = await queries.fresh(unit.session, self.pledge_id)
            if loan is None:
                return None
            last = await pledge_classifications.last(unit.session, self.pledge_id)
            assert last is not None
            assert last.outstanding_fen == loan.outstanding_fen
            assert loan.written_off_fen == self.plain.given_up
            return loan.outstanding_fen, loan.interest_fen, loan.status

    def teardown(self) -> None:
        if hasattr(self, "plain"):
            assert self.run(self._amiss()) == []

    async def _amiss(self) -> list[integrity.Finding]:
        async with self.stage.database.read() as unit:
            return await integrity.findings(unit.session)


@pytest.fixture
def stand(server_url: str, tokens: TokenIssuer) -> Iterator[None]:
    """A committed instance and a loop of the machine's own."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        scope = instance(server_url, "loan_model", tokens)
        Book.stage = runner.run(scope.__aenter__())
        Book.run = staticmethod(runner.run)
        Book.banker = runner.run(second_banker(Book.stage.api, Book.stage.database))
        yield
        runner.run(scope.__aexit__(None, None, None))


def test_any_sequence_of_commands_agrees_with_a_plain_book(stand: None) -> None:
    """PLG-07, RP-08: outstanding, interest and state of the loan, and every refusal, are the plain book's."""
    run_state_machine_as_test(
        Book,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
