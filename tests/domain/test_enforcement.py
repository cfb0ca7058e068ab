"""What the price of pledged rights pays, in the legal order (PL-24)."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, strategies as st

from app.domain import enforcement as rules
from app.domain.enforcement import Distribution, EnforcementMode, ProceedsPurpose

FEN = st.integers(min_value=0, max_value=10**13)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (0, Distribution(0, 0, 0, 0)),
        (99, Distribution(99, 0, 0, 0)),
        (100, Distribution(100, 0, 0, 0)),
        (149, Distribution(100, 49, 0, 0)),
        (151, Distribution(100, 50, 1, 0)),
        (1_150, Distribution(100, 50, 1_000, 0)),
        (1_151, Distribution(100, 50, 1_000, 1)),
    ],
)
def test_each_rank_is_paid_before_the_next(price: int, expected: Distribution) -> None:
    """PL-24: cost 100, interest 50, principal 1,000, then the pledgor, fen by fen."""
    assert rules.distribute(price, cost_fen=100, interest_fen=50, principal_fen=1_000) == expected


@given(price=FEN, cost=FEN, interest=FEN, principal=FEN)
def test_the_parts_make_up_the_price_and_nobody_behind_is_paid_first(
    price: int, cost: int, interest: int, principal: int
) -> None:
    """PL-24: nothing is lost or made, nobody gets more than is owed, nor anything while one before lacks."""
    found = rules.distribute(price, cost_fen=cost, interest_fen=interest, principal_fen=principal)
    got = (found.cost_fen, found.interest_fen, found.principal_fen)
    owed = (cost, interest, principal)
    assert sum(got) + found.surplus_fen == price == sum(fen for _, fen in found.parts)
    assert all(0 <= part <= due for part, due in zip(got, owed, strict=True))
    behind = (*got[1:], found.surplus_fen)
    for place, (part, due) in enumerate(zip(got, owed, strict=True)):
        assert part == due or sum(behind[place:]) == 0
    assert [purpose for purpose, _ in found.parts] == [
        purpose for purpose in ProceedsPurpose if dict(found.parts).get(purpose)
    ]


@pytest.mark.parametrize("place", range(4))
def test_no_amount_is_below_zero(place: int) -> None:
    """PL-24: a negative figure is a slip of the program, not a debt."""
    price, cost, interest, principal = (-1 if place == at else 1 for at in range(4))
    with pytest.raises(ValueError, match="below zero"):
        rules.distribute(price, cost_fen=cost, interest_fen=interest, principal_fen=principal)


@pytest.mark.parametrize("mode", EnforcementMode)
def test_a_court_and_an_agreement_bring_their_document(mode: EnforcementMode) -> None:
    """PL-23: without a ruling or the pledgor's consent only the clauses on auction and sale serve."""
    lacking = list(rules.document_faults(mode, documented=False))
    assert bool(lacking) == (mode in {EnforcementMode.court, EnforcementMode.agreement})
    assert not list(rules.document_faults(mode, documented=True))
    assert all("?" not in fault.zh + fault.en for fault in lacking)


@pytest.mark.parametrize(("price", "refused"), [(None, False), (9_999, True), (10_000, False)])
def test_nothing_is_sold_below_its_reserve(price: int | None, *, refused: bool) -> None:
    """PL-23: at the reserve it is; a negotiable price is held to it when it is agreed on."""
    assert bool(list(rules.reserve_faults(price, 10_000, "/price"))) == refused
    assert not list(rules.reserve_faults(1, None, "/price"))


@given(surplus=st.integers(1, 10**13), prices=st.lists(st.integers(1, 10**12), min_size=1, max_size=6))
def test_a_surplus_is_shared_whole_by_what_the_rights_brought(surplus: int, prices: list[int]) -> None:
    """PL-24: two pledgors by turns; no fen lost, and none is a fen or more off its exact part."""
    pledgors = [uuid.UUID(int=1), uuid.UUID(int=2)]
    brought = [(pledgors[place % 2], price) for place, price in enumerate(prices)]
    parts = dict(rules.surplus_of(surplus, brought))
    assert sum(parts.values()) == surplus
    for pledgor in pledgors:
        exact = surplus * sum(price for owner, price in brought if owner == pledgor)
        assert abs(parts.get(pledgor, 0) * sum(prices) - exact) < sum(prices)


def test_a_sole_pledgor_gets_the_surplus_whatever_the_prices() -> None:
    """民法典438: also one that is not recorded, and rights that were sold for one price."""
    assert rules.surplus_of(7, [(None, 0), (None, 0)]) == [(None, 7)]


@given(amounts=st.tuples(FEN, FEN, FEN, FEN, FEN), first=st.booleans())
def test_beside_a_recovery_nobody_is_paid_before_those_who_bore_the_loss(
    amounts: tuple[int, int, int, int, int], first: bool
) -> None:
    """RP-14, PL-24: the sharers, then a cost left with the bank, interest, what no claim covers, the surplus."""
    price, cost, lacking, interest, uncovered = amounts
    aside = rules.beside_recovery(
        price,
        cost_fen=cost,
        cost_first=first,
        lacking_fen=lacking,
        interest_fen=interest,
        uncovered_fen=uncovered,
    )
    gross = price - aside.cost_fen - aside.principal_fen
    assert 0 <= aside.cost_fen <= (0 if first else cost)
    assert 0 <= aside.principal_fen <= uncovered
    taken = (cost if first else 0) + lacking
    if aside.cost_fen + aside.principal_fen:
        assert gross >= taken
    if aside.principal_fen:
        assert gross >= taken + interest
        assert first or aside.cost_fen == cost
    if gross > taken + interest:
        assert aside.principal_fen == uncovered
