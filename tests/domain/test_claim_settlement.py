"""What a claim comes to: tiers, loss bases, limits, and how claims share what is short (domain §5.2 to §5.4)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from app.domain.claim_settlement import (
    Debt,
    Limit,
    Spent,
    Turn,
    Waiting,
    effective_bp,
    interest_counted,
    line_up,
    loss,
    settle,
    shared_within,
    shares_of_loss,
    slices,
    within_earmarks,
)
from app.domain.fund import Earmark, Funds, Loan, Purse, SetAside, Source, Tranche
from app.domain.money import parse_amount
from app.domain.pool import FULL_SHARE_BP, SharingParty
from app.domain.recovery import after_principal, shares_of_recovery
from app.domain.scheme import (
    LiabilityLimit,
    LossBase,
    LossTiming,
    RecoveryOrder,
    Shortage,
    Terms,
    Tier,
    TierMode,
)

BANK, POOL = SharingParty.bank, SharingParty.pool
HALVES = {POOL: 5_000, BANK: 5_000}
TERMS = Terms("示例", date(2019, 1, 1), 10, [Tier(HALVES)], "示例")
SZD = [
    Tier({POOL: 8_000, BANK: 2_000}, parse_amount("10000000.00")),
    Tier(HALVES, parse_amount("30000000.00")),
]


@pytest.mark.parametrize(
    ("balance", "pool", "bank"),
    [
        ("10000000.00", "8000000.00", "2000000.00"),
        ("10000000.01", "5000000.00", "5000000.01"),
        ("30000000.00", "15000000.00", "15000000.00"),
        ("30000000.01", "0.00", "30000000.01"),
    ],
    ids=["D1", "D2", "D3", "beyond the last tier"],
)
def test_the_tier_of_the_whole_balance_shares_the_whole_loss(balance: str, pool: str, bank: str) -> None:
    """Domain §5.4 D: one fen more and the pool bears half; of what no tier covers the bank bears all."""
    owed = parse_amount(balance)
    due = shares_of_loss(owed, slices(owed, SZD, TierMode.whole))
    assert due == {BANK: parse_amount(bank), POOL: parse_amount(pool)}


def test_by_the_margin_each_tier_shares_its_slice() -> None:
    """Domain §5.2 tier_mode: no cliff; of 40 million the pool bears 80 % of 10 and half of 20."""
    owed = parse_amount("40000000.00")
    found = slices(owed, SZD, TierMode.marginal)
    assert shares_of_loss(owed, found) == {
        BANK: parse_amount("22000000.00"),
        POOL: parse_amount("18000000.00"),
    }
    assert effective_bp(found) == {BANK: 5_500, POOL: 4_500}
    edge = shares_of_loss(1_000_000_001, slices(1_000_000_001, SZD, TierMode.marginal))
    assert edge == {BANK: 200_000_001, POOL: 800_000_000}


def test_interest_counts_for_the_days_the_scheme_says_and_realised_money_in_net_schemes_only() -> None:
    """RP-07, domain §5.4 G: 90 of 120 days of interest; a net scheme takes the proceeds off first."""
    debt = Debt(200_000_000, interest_fen=120_000, interest_days=120, realised_fen=30_000_000)
    assert (interest_counted(debt, TERMS), loss(debt, FULL_SHARE_BP, TERMS)) == (0, 200_000_000)
    with_interest = replace(TERMS, loss_base=LossBase.principal_plus_interest, loss_interest_max_days=90)
    assert interest_counted(debt, with_interest) == 90_000
    assert loss(debt, FULL_SHARE_BP, with_interest) == 200_090_000
    net = replace(TERMS, loss_timing=LossTiming.net)
    assert loss(debt, FULL_SHARE_BP, net) == 170_000_000
    assert loss(replace(debt, realised_fen=10**12), FULL_SHARE_BP, net) == 0


PARTIES = [*SharingParty]


def _random_scheme(random: Random) -> tuple[list[Tier], TierMode]:
    tops: list[int | None] = [*sorted(random.sample(range(1, 10**10), random.randint(0, 3)))]
    if random.random() < 0.8:
        tops = [*tops, None]
    tiers = []
    for top in tops or [None]:
        parties = random.sample(PARTIES, random.randint(1, len(PARTIES)))
        cuts = sorted(random.randint(0, FULL_SHARE_BP) for _ in parties[1:])
        bounds = [0, *cuts, FULL_SHARE_BP]
        tiers.append(Tier({p: b - a for p, a, b in zip(parties, bounds, bounds[1:], strict=False)}, top))
    return tiers, random.choice([*TierMode])


def test_a_thousand_random_losses_are_borne_to_the_fen_whatever_the_order_of_the_parties() -> None:
    """POL-15: the parts sum to the loss; naming the parties in another order changes nothing."""
    random = Random(15)
    for _ in range(1_000):
        tiers, mode = _random_scheme(random)
        balance = random.randint(1, 2 * 10**10)
        amount = random.randint(0, balance)
        due = shares_of_loss(amount, slices(balance, tiers, mode))
        assert sum(due.values()) == amount
        assert min(due.values()) >= 0
        turned = [Tier(dict(reversed([*tier.shares_bp.items()])), tier.upto_fen) for tier in tiers]
        assert shares_of_loss(amount, slices(balance, turned, mode)) == due
        limits = {limit: random.randint(0, 2 * 10**10) for limit in Limit if random.random() < 0.5}
        paid = settle(due, limits)
        assert sum(paid.borne.values()) == amount
        assert paid.paid_fen == min([due[POOL], *limits.values()])
        assert (paid.shortfall_reason is None) == (paid.paid_fen == due[POOL])


ME, OTHER, BORROWER, HOUSE = (uuid.UUID(int=number) for number in range(1, 5))
NOTHING_SPENT = Spent({}, {}, 0, 0, 10**9)


def waiting(place: int, due: int, held: int = 0, **terms: Any) -> Waiting:
    return Waiting(uuid.UUID(int=100 + place), BORROWER, HOUSE, due, held, replace(TERMS, **terms))


def turns(found: Mapping[uuid.UUID, Turn]) -> list[tuple[int, bool]]:
    return [(turn.payable_fen, turn.queued) for turn in found.values()]


def test_one_and_a_half_claims_worth_is_shared_by_the_rule_of_the_scheme() -> None:
    """POL-16: two claims of 100 and 150 fen at hand, by each of the three rules."""
    for rule, expected in {
        Shortage.bank_bears: [(100, False), (50, False)],
        Shortage.pro_rata: [(75, False), (75, False)],
        Shortage.queue: [(100, False), (50, True)],
    }.items():
        first = waiting(0, 100, 100 if rule is Shortage.bank_bears else 0, shortage=rule)
        free = 150 - first.held_fen
        found = line_up([first, waiting(1, 100, shortage=rule)], NOTHING_SPENT, free)
        assert turns(found) == expected, rule


def test_who_is_first_in_the_queue_and_short_keeps_the_others_waiting() -> None:
    """RP-10: whatever those behind hold or ask for."""
    line = [waiting(0, 200, shortage=Shortage.queue), waiting(1, 1, shortage=Shortage.queue)]
    assert turns(line_up(line, NOTHING_SPENT, 150)) == [(150, True), (0, True)]
    assert turns(line_up(line, NOTHING_SPENT, 200)) == [(200, False), (0, True)]
    assert turns(line_up(line, NOTHING_SPENT, 201)) == [(200, False), (1, False)]


def test_every_cap_leaves_what_was_spent_under_it_and_is_told() -> None:
    """RP-10: caps of the claim, the enterprise, the bank's and the pool's year, and all that was paid in."""
    spent = Spent({BORROWER: 30}, {HOUSE: 40}, 50, 60, 1_000)
    one = waiting(
        0,
        500,
        claim_cap_fen=400,
        enterprise_cap_fen=330,
        bank_year_cap_bp=2_400,
        pool_year_cap_fen=200,
        liability_limit=LiabilityLimit.total,
    )
    turn = line_up([one], spent, 10_000)[one.claim_id]
    assert turn.limits == {
        Limit.claim_cap: 400,
        Limit.enterprise_cap: 300,
        Limit.bank_year_cap: 200,
        Limit.pool_year_cap: 150,
        Limit.liability: 940,
        Limit.balance: 10_000,
    }
    assert settle({POOL: 500, BANK: 500}, turn.limits).shortfall_reason is Limit.pool_year_cap
    behind = replace(one, claim_id=ME)
    assert line_up([one, behind], spent, 10_000)[ME].payable_fen == 0


@pytest.mark.parametrize("limit", [*Limit])
def test_a_limit_of_exactly_the_share_binds_nothing_and_one_fen_less_does(limit: Limit) -> None:
    """RP-10: at the limit all is paid and no reason told; the bank bears the fen beyond it."""
    due = {BANK: 60, SharingParty.insurer: 10, POOL: 100}
    for cap, paid, reason in ((101, 100, None), (100, 100, None), (99, 99, limit), (0, 0, limit)):
        found = settle(due, {limit: cap})
        assert (found.paid_fen, found.shortfall_reason) == (paid, reason)
        assert found.borne == {BANK: 160 - paid, SharingParty.insurer: 10, POOL: paid}


def test_the_margin_weighs_the_whole_balance_though_a_part_of_it_is_covered() -> None:
    """RP-06: 60 % of 500,000 at 80 % of the first 300,000 and half of the rest is 204,000 of 300,000."""
    tiers = [Tier({POOL: 8_000, BANK: 2_000}, 30_000_000), Tier(HALVES)]
    terms = replace(TERMS, tiers=tiers, tier_mode=TierMode.marginal)
    debt = Debt(50_000_000)
    covered = loss(debt, 6_000, terms)
    due = shares_of_loss(covered, slices(debt.principal_fen, terms.tiers, terms.tier_mode))
    assert (covered, due) == (30_000_000, {BANK: 9_600_000, POOL: 20_400_000})


def test_earmarked_money_bounds_a_payout_only_where_it_is_less_than_the_balance() -> None:
    """POL-12: a limit that does not bind is not told."""
    one = waiting(0, 100)
    turn = line_up([one], NOTHING_SPENT, 80)[one.claim_id]
    assert within_earmarks(turn, 80) is turn
    short = within_earmarks(turn, 30)
    assert (short.payable_fen, short.limits[Limit.earmark]) == (30, 30)
    assert settle({POOL: 100}, short.limits).shortfall_reason is Limit.earmark


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(Shortage),
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=6),
    st.integers(0, 10**12),
)
def test_claims_that_share_by_rule_never_take_more_than_there_is(
    rule: Shortage, claims: list[tuple[int, int]], free: int
) -> None:
    """POL-16: nobody more than its due; shared by rule, together no more than free and held, and all of it."""
    line = [waiting(place, due, min(due, held), shortage=rule) for place, (due, held) in enumerate(claims)]
    found = line_up(line, NOTHING_SPENT, free)
    assert all(0 <= found[one.claim_id].payable_fen <= one.due_fen for one in line)
    if rule is not Shortage.bank_bears:
        pot = free + sum(one.held_fen for one in line)
        owed = sum(one.due_fen for one in line)
        assert sum(turn.payable_fen for turn in found.values()) == min(pot, owed)


BORNE = st.dictionaries(st.sampled_from(PARTIES), st.integers(0, 10**12), min_size=2)


@given(BORNE, st.sampled_from(RecoveryOrder), st.lists(st.integers(0, 10**12), max_size=6))
def test_recoveries_come_to_the_same_sums_however_they_come_in(
    borne: dict[SharingParty, int], order: RecoveryOrder, received: list[int]
) -> None:
    """POL-17: in parts or at once, what is shared in all is the same, and nobody gets more than it bore."""
    open_fen, shared, left = dict(borne), Counter[SharingParty](), 0
    for net in received:
        parts, rest = shares_of_recovery(net, open_fen, order)
        assert sum(parts.values()) + rest == net
        open_fen = {party: open_fen[party] - part for party, part in parts.items()}
        shared.update(parts)
        left += rest
    at_once, rest = shares_of_recovery(sum(received), borne, order)
    assert (shared.total(), left) == (sum(at_once.values()), rest)
    assert min(open_fen.values()) >= 0


def test_by_the_order_of_the_scheme_pool_or_bank_goes_first() -> None:
    """RP-14: who is first is whole before the others get anything."""
    borne = {BANK: 60, SharingParty.insurer: 20, POOL: 40}
    pool_first, _ = shares_of_recovery(60, borne, RecoveryOrder.pool_first)
    assert pool_first == {BANK: 15, SharingParty.insurer: 5, POOL: 40}
    bank_first, _ = shares_of_recovery(50, borne, RecoveryOrder.bank_first)
    assert bank_first == {BANK: 50, SharingParty.insurer: 0, POOL: 0}
    assert shares_of_recovery(130, borne, RecoveryOrder.pool_first) == (borne, 10)
    assert (after_principal(10, 4), after_principal(10, 40)) == ((4, 6), (10, 0))


PATENT, MARK = Loan(frozenset({"patent"}), "120110"), Loan(frozenset({"trademark"}), "120110")


def funds(*parts: tuple[int, Earmark]) -> Funds:
    """A tranche of so much with each earmark, in their order."""
    made = [
        Tranche(uuid.UUID(int=n), Source(uuid.UUID(int=n), uuid.UUID(int=n), False, mark), DAY, n, fen)
        for n, (fen, mark) in enumerate(parts, 1)
    ]
    return Funds({one.id: one for one in made})


DAY = date(2021, 1, 1)
FOR_PATENTS, FREE = Earmark(kinds=frozenset({"patent"})), Earmark()


@given(
    rule=st.sampled_from([Shortage.queue, Shortage.pro_rata]),
    claims=st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from([PATENT, MARK])),
        min_size=1,
        max_size=5,
    ),
    marked=st.integers(0, 120),
    plain=st.integers(0, 120),
    kept=st.integers(0, 30),
)
def test_claims_that_share_earmarked_money_take_all_they_can_and_no_more(
    *, rule: Shortage, claims: list[tuple[int, int, Loan]], marked: int, plain: int, kept: int
) -> None:
    """POL-12, POL-16: within the pot and each earmark; nobody is short while money for it is left."""
    line = [waiting(n, due, held, shortage=rule) for n, (due, held, _) in enumerate(claims)]
    loans = {one.claim_id: loan for one, (_, _, loan) in zip(line, claims, strict=True)}
    pot = max(0, marked + plain - kept)
    free = pot - sum(one.held_fen for one in line)
    before = line_up(line, NOTHING_SPENT, free)
    purse = funds((marked, FOR_PATENTS), (plain, FREE)).purse(loans)
    if purse is None:
        return
    found = shared_within(line, before, free, purse)
    paid = {one.claim_id: found[one.claim_id].payable_fen for one in line}
    on_marks = sum(fen for claim_id, fen in paid.items() if loans[claim_id] is MARK)
    assert sum(paid.values()) <= pot
    assert on_marks <= plain
    assert sum(paid.values()) + sum(purse.left.values()) == marked + plain
    for one in line:
        turn = found[one.claim_id]
        assert 0 <= turn.payable_fen <= one.due_fen
        assert settle({SharingParty.pool: one.due_fen}, turn.limits).paid_fen == turn.payable_fen
        assert turn.queued == (rule is Shortage.queue and turn.payable_fen < one.due_fen)
        if turn.payable_fen < one.due_fen:
            assert sum(paid.values()) == pot or purse.eligible_fen(one.claim_id) == 0


@given(
    rule=st.sampled_from([Shortage.queue, Shortage.pro_rata]),
    claims=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=5),
    pot=st.integers(0, 200),
)
def test_earmarks_that_bind_nobody_change_no_turn(
    *, rule: Shortage, claims: list[tuple[int, int]], pot: int
) -> None:
    """POL-16: the rule alone decides where all money is for all loans."""
    line = [waiting(n, due, held, shortage=rule) for n, (due, held) in enumerate(claims)]
    free = pot - sum(one.held_fen for one in line)
    loans = dict.fromkeys([one.claim_id for one in line], PATENT)
    tranches = [*funds((pot, FREE)).tranches.values()]
    purse = Purse(tranches, loans, {one.id: one.remaining_fen for one in tranches})
    before = line_up(line, NOTHING_SPENT, free)
    assert shared_within(line, before, free, purse) == before


def test_what_others_wait_for_is_in_no_purse_and_what_the_line_holds_is() -> None:
    """POL-12: each is served at its place; the line's own part is shared among the line."""
    mine, other = uuid.UUID(int=50), uuid.UUID(int=51)
    held = funds((100, FOR_PATENTS), (50, FREE))
    held.set_aside = [
        SetAside(uuid.uuid4(), mine, uuid.uuid4(), 1, 40, PATENT),
        SetAside(uuid.uuid4(), other, uuid.uuid4(), 2, 70, PATENT),
    ]
    purse = held.purse({mine: PATENT})
    assert purse is not None
    assert purse.left == {uuid.UUID(int=1): 40, uuid.UUID(int=2): 40}
    assert funds((100, FREE)).purse({mine: PATENT}) is None
