"""Whose money moves: first in first out within earmarks, against a model that moves fen by fen."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.domain import fund
from app.domain.errors import DomainError
from app.domain.fund import Earmark, Funds, Loan, Outgoing, SetAside, Source, Tranche, back, mirror

PATENT, MARK = frozenset({"patent"}), frozenset({"trademark"})
HERE, THERE = "120110", "120116"
EARMARKS = (
    Earmark(),
    Earmark(kinds=PATENT),
    Earmark(kinds=PATENT | MARK),
    Earmark(districts=frozenset({HERE})),
    Earmark(kinds=MARK, districts=frozenset({THERE})),
)
LOANS = tuple(Loan(kinds, district) for kinds in (PATENT, MARK, PATENT | MARK) for district in (HERE, THERE))
DAY = date(2021, 1, 1)


def takes(earmark: Earmark, loan: Loan) -> bool:
    """The rule of an earmark in other words: nothing of the loan lies outside what it names."""
    outside = set() if earmark.kinds is None else {kind for kind in loan.kinds if kind not in earmark.kinds}
    elsewhere = earmark.districts is not None and loan.district_code not in earmark.districts
    return not outside and not elsewhere


@pytest.mark.parametrize("loan", LOANS)
@pytest.mark.parametrize("earmark", EARMARKS)
def test_an_earmark_takes_a_loan_all_of_whose_rights_it_names(earmark: Earmark, loan: Loan) -> None:
    """POL-12: one right of another kind, or a borrower from elsewhere, and the money is not for this loan."""
    assert earmark.takes(loan) == takes(earmark, loan)


def test_an_earmark_by_district_does_not_take_a_borrower_from_nowhere() -> None:
    """POL-12: a borrower whose district is not known is not from the district."""
    assert not Earmark(districts=frozenset({HERE})).takes(Loan(PATENT, None))


@given(st.integers(1, 1_000), st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_money_that_comes_back_returns_pro_rata_and_never_more_than_was_drawn(
    amount: int, drawn: list[int]
) -> None:
    """POL-25: within a fen of the exact share, whole in sum, and what exceeds it is not theirs."""
    open_fen = {uuid.UUID(int=place): fen for place, fen in enumerate(drawn)}
    given_back = dict(back(amount, open_fen))
    whole = sum(drawn)
    assert sum(given_back.values()) == min(amount, whole)
    for tranche, fen in given_back.items():
        assert 0 < fen <= open_fen[tranche]
        assert abs(fen * whole - min(amount, whole) * open_fen[tranche]) < whole


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5), st.booleans())
def test_a_reversal_undoes_every_movement(amounts: list[int], came_in: bool) -> None:
    """POL-25: the mirror of its original, whichever way that went."""
    sign = 1 if came_in else -1
    original = {uuid.UUID(int=place): sign * fen for place, fen in enumerate(amounts)}
    undone = dict(mirror(sum(amounts), original))
    assert undone == {tranche: -fen for tranche, fen in original.items()}


@dataclass
class Coins:
    """The model: every fen a coin, the oldest first, each with the source it is of."""

    coins: list[tuple[date, int, uuid.UUID, Source]] = field(default_factory=list)

    def put(self, day: date, place: int, tranche: uuid.UUID, source: Source, fen: int) -> None:
        self.coins += [(day, place, tranche, source)] * fen
        self.coins.sort(key=lambda coin: coin[:2])

    def take(self, loan: Loan | None, fen: int) -> dict[uuid.UUID, int] | None:
        """The coins a payment takes if nobody else waits for any; None if there are too few."""
        if loan is not None:
            fit = [coin for coin in self.coins if takes(coin[3].earmark, loan)]
        else:
            plain = [coin for coin in self.coins if coin[3].earmark == Earmark()]
            fit = plain + [coin for coin in self.coins if coin[3].earmark != Earmark()]
        if len(fit) < fen:
            return None
        taken: dict[uuid.UUID, int] = {}
        for coin in fit[:fen]:
            taken[coin[2]] = taken.get(coin[2], 0) + 1
        return taken

    def move(self, tranche: Tranche, fen: int) -> None:
        if fen > 0:
            self.put(tranche.occurred_on, tranche.place, tranche.id, tranche.source, fen)
        for _ in range(-fen):
            self.coins.remove((tranche.occurred_on, tranche.place, tranche.id, tranche.source))


class FundsMachine(RuleBasedStateMachine):
    """Payments in, expenses, money set aside and paid, recoveries and reversals, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.sources = [Source(uuid.uuid4(), uuid.uuid4(), False, earmark) for earmark in EARMARKS]
        self.funds = Funds({})
        self.model = Coins()
        self.waiting: list[SetAside] = []
        self.paid: list[tuple[Loan, dict[uuid.UUID, int]]] = []
        self.spent: list[dict[uuid.UUID, int]] = []
        self.place = 0

    def _apply(self, movements: list[tuple[uuid.UUID, int]]) -> None:
        for tranche, fen in movements:
            self.model.move(self.funds.tranches[tranche], fen)

    def _next(self) -> int:
        self.place += 1
        return self.place

    def _cash(self) -> int:
        """What of the special account no pending payment has claimed."""
        return len(self.model.coins) - sum(one.amount_fen for one in self.waiting)

    @rule(source=st.integers(0, len(EARMARKS) - 1), fen=st.integers(1, 30), day=st.integers(0, 5))
    def pay_in(self, source: int, fen: int, day: int) -> None:
        on, place, key = DAY + timedelta(days=day), self._next(), uuid.uuid4()
        self.funds.open(Tranche(key, self.sources[source], on, place, fen))
        self.model.put(on, place, key, self.sources[source], fen)

    @rule(fen=st.integers(1, 20))
    def spend(self, fen: int) -> None:
        if fen > self._cash():
            return
        expected = self.model.take(None, fen)
        found = self.funds.pay(Outgoing(fen))
        if not self.waiting:
            assert {tranche: -moved for tranche, moved in found} == expected
        self.spent.append(dict(found))
        self._apply(found)

    @rule(loan=st.sampled_from(LOANS), fen=st.integers(1, 20))
    def pay_at_once(self, loan: Loan, fen: int) -> None:
        if fen > self._cash():
            return
        expected = self.model.take(loan, fen)
        if expected is None:
            with pytest.raises(DomainError) as refused:
                self.funds.pay(Outgoing(fen, loan))
            assert refused.value.code is fund.NOT_ELIGIBLE
            return
        if fen > self.funds.eligible_fen(loan):
            return
        found = self.funds.pay(Outgoing(fen, loan))
        if not self.waiting:
            assert {tranche: -moved for tranche, moved in found} == expected
        self._paid(loan, found)

    @rule(loan=st.sampled_from(LOANS), fen=st.integers(1, 20))
    def set_aside(self, loan: Loan, fen: int) -> None:
        amount = min(fen, self.funds.eligible_fen(loan), self._cash())
        if amount > 0:
            one = SetAside(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), self._next(), amount, loan)
            self.waiting.append(one)
            self.funds = Funds(self.funds.tranches, list(self.waiting))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), give=st.booleans())
    def resolve(self, data: st.DataObject, give: bool) -> None:
        """What was promised can be paid, whatever was paid, spent, or came in since."""
        one = data.draw(st.sampled_from(self.waiting))
        assert self.funds.eligible_fen(one.loan, one) >= one.amount_fen
        self.waiting.remove(one)
        self.funds = Funds(self.funds.tranches, list(self.waiting))
        if give:
            self._paid(one.loan, self.funds.pay(Outgoing(one.amount_fen, one.loan, resolves=one)))

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), fen=st.integers(1, 40))
    def recover(self, data: st.DataObject, fen: int) -> None:
        _, drawn = data.draw(st.sampled_from(self.paid))
        found = back(fen, drawn)
        self.funds.restore(found)
        self._apply(found)
        for tranche, moved in found:
            drawn[tranche] -= moved

    @precondition(lambda self: self.spent)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        original = data.draw(st.sampled_from(self.spent))
        self.spent.remove(original)
        found = mirror(-sum(original.values()), original)
        self.funds.restore(found)
        self._apply(found)

    def _paid(self, loan: Loan, found: list[tuple[uuid.UUID, int]]) -> None:
        for tranche, _ in found:
            assert takes(self.funds.tranches[tranche].source.earmark, loan)
        self.paid.append((loan, {tranche: -fen for tranche, fen in found}))
        self._apply(found)

    @invariant()
    def every_tranche_is_what_the_model_says(self) -> None:
        counted: dict[uuid.UUID, int] = {}
        for coin in self.model.coins:
            counted[coin[2]] = counted.get(coin[2], 0) + 1
        left = {one.id: one.remaining_fen for one in self.funds.tranches.values() if one.remaining_fen}
        assert left == counted


TestFunds = FundsMachine.TestCase
