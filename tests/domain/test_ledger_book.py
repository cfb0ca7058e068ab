"""What a book makes of wanted transfers: all reasons of a refusal, chains, postings, and the later path."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from app.domain import ledger as rules
from app.domain.errors import Violation
from app.domain.ledger import Side, TransferKind
from app.domain.ledger_book import Book, BookAccount, Hand, Outcome, Verdict
from app.domain.ledger_transfer import NewTransfer, WantedTransfer
from app.domain.money import Money

TODAY = date(2026, 3, 10)
CASH, SPENT, PAID, MEMO, CLAIMS = (uuid.UUID(int=n) for n in range(1, 6))
ANN, BEN, POOL = (uuid.UUID(int=n) for n in range(11, 14))


def account(key: uuid.UUID, code: str, **given: Any) -> BookAccount:
    """An account without a limit unless one is given."""
    return BookAccount(key, code, "CNY", **({"limit_side": None, "memo": False} | given))


def book(**cash: Any) -> Book:
    """Cash of 1,000 fen that may not be overdrawn, and accounts on the other side."""
    accounts = [
        account(CASH, "cash", limit_side=Side.credit, **({"debits_posted": 1_000} | cash)),
        account(SPENT, "spent"),
        account(PAID, "interest", credits_posted=1_000),
        account(MEMO, "memo.covered", memo=True),
        account(CLAIMS, "compensation"),
    ]
    return Book({one.id: one for one in accounts}, {}, set(), set(), {})


def hand(client: uuid.UUID = ANN, **given: Any) -> Hand:
    """Ann keeps the book."""
    return Hand(client, TODAY, POOL, "CNY", **given)


def spend(fen: int, **given: Any) -> WantedTransfer:
    """So much from cash."""
    values: dict[str, Any] = {
        "kind": TransferKind.posted,
        "debit_account_id": SPENT,
        "credit_account_id": CASH,
    }
    return WantedTransfer(code="x", amount=Money(fen), **(values | given))


def end(kind: TransferKind, pending: uuid.UUID, **given: Any) -> WantedTransfer:
    """The post or void of a pending transfer."""
    return WantedTransfer(kind=kind, code="y", resolves_id=pending, **given)


def told(verdict: Verdict) -> list[str]:
    """The codes of a verdict's objections."""
    return [violation.code.code for violation in verdict.violations]


def outcomes(verdicts: list[Verdict]) -> str:
    """One letter per verdict: created, exists, refused."""
    return "".join(verdict.outcome.value[0] for verdict in verdicts)


def test_a_refusal_tells_everything_that_speaks_against_it() -> None:
    """POL-08: memo account, claims' account, currency of days and a last day on what is not pending."""
    late = spend(1, debit_account_id=MEMO, credit_account_id=CLAIMS, expires_on=TODAY)
    (verdict,) = book().judge([late], hand(second_person_fen=1))
    assert told(verdict) == [
        "transfer.expires_wrong",
        "transfer.memo_account",
        "transfer.claim_account",
        "transfer.second_person_needed",
    ]


def test_a_chain_that_breaks_leaves_nothing_and_the_next_begins_anew() -> None:
    """POL-08: 400 and 700 are linked and too much; 900 still fits, and 200 more do not."""
    ledger = book()
    wanted = [spend(400, linked=True), spend(700), spend(900), spend(200)]
    verdicts = ledger.judge(wanted, hand(), atomic=False, place="/transfers")
    assert outcomes(verdicts) == "rrcr"
    assert [told(one) for one in verdicts] == [
        ["transfer.chain_failed"],
        ["account.limit_exceeded"],
        [],
        ["account.limit_exceeded"],
    ]
    cash = ledger.accounts[CASH]
    assert (cash.debits_posted, cash.credits_posted, ledger.accounts[SPENT].debits_posted) == (
        1_000,
        900,
        900,
    )


def test_transfers_of_one_posting_stand_or_fall_together_and_side_by_side() -> None:
    """POL-08: a journal of several legs; its id names it once."""
    one, two = uuid.uuid4(), uuid.uuid4()
    legs = [spend(400, posting_id=one), spend(700, posting_id=one), spend(900, posting_id=two)]
    assert outcomes(book().judge(legs, hand(), atomic=False)) == "rrc"
    split = [spend(1, posting_id=one), spend(1), spend(1, posting_id=one)]
    verdicts = book().judge(split, hand(), atomic=False)
    assert [told(verdict) for verdict in verdicts] == [
        ["transfer.posting_split"],
        [],
        ["transfer.posting_split"],
    ]
    used = Book(book().accounts, {}, set(), set(), {}, frozenset({one}))
    assert told(used.judge([spend(1, posting_id=one)], hand())[0]) == ["transfer.posting_taken"]


def test_the_last_transfer_has_nothing_to_be_linked_with() -> None:
    """POL-08."""
    verdicts = book().judge([spend(1), spend(1, linked=True)], hand(), atomic=False, place="/transfers")
    assert outcomes(verdicts) == "cr"
    assert told(verdicts[1]) == ["transfer.chain_open"]


def test_pending_and_its_post_in_one_batch_and_a_void_of_what_was_refused() -> None:
    """POL-04: a later transfer may name an earlier one of the batch."""
    key, lost = uuid.uuid4(), uuid.uuid4()
    pending = spend(600, kind=TransferKind.pending, id=key)
    wanted = [
        pending,
        end(TransferKind.post, key, amount=Money(250)),
        end(TransferKind.void, key),
        spend(900, kind=TransferKind.pending, id=lost),
        end(TransferKind.void, lost),
        spend(750),
    ]
    verdicts = book().judge(wanted, hand(), atomic=False)
    assert outcomes(verdicts) == "ccrrrc"
    assert [told(verdicts[n]) for n in (2, 3, 4)] == [
        ["transfer.already_resolved"],
        ["account.limit_exceeded"],
        ["transfer.chain_failed"],
    ]


def test_an_id_sent_again_exists_or_names_what_differs() -> None:
    """POL-03: within a batch too (a duplicate inside one request)."""
    key = uuid.uuid4()
    wanted = [spend(5, id=key), spend(5, id=key), spend(6, id=key, narrative="z")]
    verdicts = book().judge(wanted, hand(), atomic=False)
    assert outcomes(verdicts) == "cer"
    assert verdicts[2].violations[0].facts == {"fields": "amount_fen, narrative"}


def test_who_proposed_does_not_post_from_the_amount_on() -> None:
    """POL-21: 499 alone, 500 by two; the second person is another client, whatever its roles."""
    rich: dict[str, Any] = {"second_person_fen": 500}
    key = uuid.uuid4()
    ledger = book()
    wanted = [spend(499), spend(500), spend(500, kind=TransferKind.pending, id=key)]
    assert outcomes(ledger.judge(wanted, hand(**rich), atomic=False)) == "crc"
    post = end(TransferKind.post, key)
    assert told(ledger.judge([post], hand(ANN, **rich))[0]) == ["transfer.same_person"]
    assert ledger.judge([post], hand(BEN, **rich))[0].outcome is Outcome.created


def test_a_reversal_is_whole_posted_by_another_and_once() -> None:
    """POL-06, SEC-04: two proposals of one original, of which one is posted."""
    original = uuid.uuid4()
    proposals = [
        NewTransfer(CASH, SPENT, 100, rules.REVERSAL, "transfer", original, kind=TransferKind.pending)
        for _ in range(2)
    ]
    ledger = book(credits_posted=100, debits_pending=200)
    ledger.accounts[SPENT].debits_posted, ledger.accounts[SPENT].credits_pending = 100, 200
    for one in proposals:
        ledger.known[one.id], ledger.makers[one.id] = one, ANN
    first, second = (end(TransferKind.post, one.id) for one in proposals)
    part = end(TransferKind.post, proposals[0].id, amount=Money(99))
    assert told(ledger.judge([part], hand(BEN))[0]) == ["transfer.exceeds_pending"]
    assert told(ledger.judge([first], hand(ANN))[0]) == ["transfer.same_person"]
    (made,) = ledger.judge([first], hand(BEN))
    assert made.transfer is not None
    assert made.transfer.reverses_id == original
    assert told(ledger.judge([second], hand(BEN))[0]) == ["transfer.already_reversed"]


def test_a_back_dated_transfer_leaves_every_later_day_within_the_limit() -> None:
    """POL-07 (Formance #340): 1,000 came on the 1st, 800 went on the 5th, 500 came on the 8th."""
    days = {date(2026, 3, 1): 1_000, date(2026, 3, 5): -800, date(2026, 3, 8): 500}
    ledger = book(debits_posted=1_500, credits_posted=800, days=days)
    (late,) = ledger.judge([spend(201, occurred_on=date(2026, 3, 3))], hand())
    assert told(late) == ["account.limit_exceeded_then"]
    assert late.violations[0].facts == {"on": date(2026, 3, 5)}
    verdicts = ledger.judge(
        [spend(200, occurred_on=date(2026, 3, 3)), spend(500, occurred_on=date(2026, 3, 8))], hand()
    )
    assert outcomes(verdicts) == "cc"


@pytest.mark.parametrize("kind", [TransferKind.posted, TransferKind.pending])
def test_a_frozen_account_takes_voids_only(kind: TransferKind) -> None:
    """POL-23: holds on it can be given back, not taken."""
    key = uuid.uuid4()
    ledger = book()
    ledger.judge([spend(10, kind=TransferKind.pending, id=key)], hand())
    ledger.accounts[CASH].frozen_by = uuid.uuid4()
    verdicts = ledger.judge(
        [spend(1, kind=kind), end(TransferKind.post, key), end(TransferKind.void, key)], hand(), atomic=False
    )
    assert outcomes(verdicts) == "rrc"
    assert told(verdicts[1]) == ["account.frozen"]


def test_what_is_past_its_last_day_cannot_be_posted_and_expires_only_by_itself() -> None:
    """POL-04."""
    key = uuid.uuid4()
    ledger = book()
    held = NewTransfer(SPENT, CASH, 10, "x", "pool", POOL, kind=TransferKind.pending, id=key)
    ledger.known[key] = held
    assert told(ledger.judge([end(TransferKind.expire, key)], hand())[0]) == ["transfer.expires_by_itself"]


def test_a_day_that_takes_no_postings_is_refused_with_its_reason() -> None:
    """POL-20: the book asks about the effective day, and passes adjustments on."""

    def closed(pointer: str, on: date, adjustment: bool) -> Violation | None:
        fault = rules.NOT_PENDING.violation(pointer, on=on)
        return None if adjustment or on == TODAY else fault

    given = {"occurred_on": date(2026, 2, 1)}
    verdicts = book().judge(
        [spend(1, **given), spend(1, **given, adjustment=True), spend(1)],
        hand(day_fault=closed),
        atomic=False,
    )
    assert outcomes(verdicts) == "rcc"
    assert verdicts[0].violations[0].pointer == "/occurred_on"
