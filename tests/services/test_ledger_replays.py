"""Replaying a ledger: whatever an owner does to it with the triggers switched off is named (POL-09)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.permission import system_actor
from app.domain.seal import Reason
from app.infra.db import Unit
from app.queries.driver import driver
from app.services import events, ledger, ledger_replays, seals
from app.services.ledger_replays import Verification
from tests.factories.pledges import make_pool
from tests.support.api import Api
from tests.support.tampering import as_role, seal_all


@dataclass(frozen=True, slots=True)
class Book:
    """A pool's ledger with entries of every kind, all sealed, and how to look at it and to change it."""

    unit: Unit
    number: str
    ledger_id: uuid.UUID
    account: uuid.UUID
    transfers: list[uuid.UUID]

    async def verify(self) -> Verification:
        return await ledger_replays.verify(self.unit.session, self.number)

    async def tamper(self, *statements: str) -> None:
        """Run statements as the owner; in them, `ACCOUNT`, `LEDGER` and `T1`, `T2`… stand for their ids."""
        names = {"ACCOUNT": self.account, "LEDGER": self.ledger_id}
        names |= {f"T{number}": transfer for number, transfer in enumerate(self.transfers, 1)}
        async with as_role(self.unit, "none"):
            connection = await driver(self.unit.session)
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                done = await connection.execute(
                    re.sub(r"\b(ACCOUNT|LEDGER|T\d)\b", lambda name: f"'{names[name[0]]}'::uuid", statement)
                )
                assert done.split()[-1] != "0", statement
            await connection.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
async def book(api: Api, unit: Unit) -> Book:
    """Account `spent`: 10 posted, 20 pending, 5 of these posted, 30 pending and given back, 10 posted."""
    pool = await make_pool(api, paid_in="1000.00")
    book = ledger.Book(uuid.UUID(pool["id"]), "120110", "CNY")
    new = [ledger.NewAccount(code, "示例", Side.debit) for code in ("spent", "held")]
    spent, held = await ledger.open_accounts(unit.session, moment=unit.moment, book=book, accounts=new)

    def transfer(
        amount_fen: int, kind: TransferKind, resolves_id: uuid.UUID | None = None
    ) -> ledger.NewTransfer:
        return ledger.NewTransfer(
            debit_account_id=spent.id,
            credit_account_id=held.id,
            amount_fen=amount_fen,
            code="test",
            business_noun="pool",
            business_id=book.ledger_id,
            kind=kind,
            resolves_id=resolves_id,
        )

    first = transfer(1000, TransferKind.posted)
    taken, given_back = transfer(2000, TransferKind.pending), transfer(3000, TransferKind.pending)
    transfers = [
        first,
        taken,
        transfer(500, TransferKind.post, taken.id),
        given_back,
        transfer(3000, TransferKind.void, given_back.id),
        transfer(1000, TransferKind.posted),
    ]
    for one in transfers:
        event = events.NewEvent(
            type="transfer.posted", noun="transfer", subject_id=one.id, stream="120110", payload={}
        )
        await events.record(unit.session, actor=system_actor("test"), moment=unit.moment, events=[event])
        await ledger.post(unit.session, moment=unit.moment, book=book, transfers=[one], event_id=event.id)
    await seal_all(unit)
    return Book(unit, pool["number"], book.ledger_id, spent.id, [one.id for one in transfers])


async def test_a_sound_ledger_is_replayed_without_a_word(book: Book) -> None:
    """POL-09: postings of all kinds follow from their transfers."""
    found = await book.verify()
    assert (list(found.tamperings), list(found.breaches)) == ([], [])
    assert found.entries[book.number] >= 12 + 2


ENTRY = "UPDATE ledger_entries SET {} WHERE account_id = ACCOUNT AND account_version = {}"
CASES = {
    "an amount": (
        ENTRY.format("amount_fen = amount_fen + 1", 1),
        "entry 1",
        "amount_fen: expected 1000, found 1001",
    ),
    "a posted amount": (
        ENTRY.format("posted_fen = 501", 3),
        "entry 3",
        "posted_fen: expected 500, found 501",
    ),
    "a running total": (
        ENTRY.format("debits_posted = 1499", 4),
        "entry 4",
        "debits_posted: expected 1500, found 1499",
    ),
    "a pending total": (
        ENTRY.format("debits_pending = 1", 5),
        "entry 5",
        "debits_pending: expected 0, found 1",
    ),
    "a side": (ENTRY.format("side = 'credit'", 2), "entry 2", "side: expected debit, found credit"),
    "a day": (
        ENTRY.format("occurred_on = occurred_on - 1", 2),
        "entry 2",
        "occurred_on: expected",
    ),
    "another's transfer": (
        ENTRY.format("transfer_id = gen_random_uuid()", 6),
        "entry 6",
        "transfer_id: expected one there is",
    ),
    "an entry taken out": (
        "DELETE FROM ledger_entries WHERE account_id = ACCOUNT AND account_version = 2",
        "entry 2",
        "account_version: expected 2, found 3",
    ),
    "the last entry taken out": (
        "DELETE FROM ledger_entries WHERE account_id = ACCOUNT AND account_version = 6",
        "totals",
        "version: expected 5, found 6",
    ),
    "an entry too many": (
        (
            "INSERT INTO ledger_entries (account_version, debits_posted, ledger_id, transfer_id, account_id,"
            " district_code, side, amount_fen, posted_fen, credits_posted, debits_pending, credits_pending,"
            " occurred_on, booked_on, recorded_at) SELECT 7, debits_posted + 1000, ledger_id, transfer_id,"
            " account_id, district_code, side, amount_fen, posted_fen, credits_posted, debits_pending,"
            " credits_pending, occurred_on, booked_on, recorded_at FROM ledger_entries"
            " WHERE account_id = ACCOUNT AND account_version = 6"
        ),
        "totals",
        "version: expected 7, found 6",
    ),
    "two entries in each other's place": (
        (
            "UPDATE ledger_entries e SET transfer_id = CASE e.account_version WHEN 1 THEN T6 ELSE T1 END,"
            " recorded_at = o.recorded_at FROM ledger_entries o WHERE e.account_id = ACCOUNT"
            " AND o.account_id = ACCOUNT AND e.account_version + o.account_version = 7 AND e.account_version IN (1, 6)"
        ),
        None,
        "ledger_entries",
    ),
    "a transfer's amount": (
        "UPDATE ledger_transfers SET amount_fen = 999 WHERE id = T1",
        "entry 1",
        "amount_fen: expected 999, found 1000",
    ),
    "a transfer taken out": (
        "DELETE FROM ledger_transfers WHERE id = T6",
        "entry 6",
        "transfer_id: expected one there is",
    ),
    "what a transfer resolves": (
        "UPDATE ledger_transfers SET resolves_id = T1 WHERE id = T3",
        "entry 3",
        "debits_pending: expected 1000, found 0",
    ),
    "the account's total": (
        "UPDATE ledger_accounts SET debits_posted = debits_posted - 1 WHERE id = ACCOUNT",
        "totals",
        "debits_posted: expected 2500, found 2499",
    ),
    "the account's pending total": (
        "UPDATE ledger_accounts SET credits_pending = 1 WHERE id = ACCOUNT",
        "totals",
        "credits_pending: expected 0, found 1",
    ),
    "a freeze that no transfer made": (
        "UPDATE ledger_accounts SET frozen_by = T2 WHERE id = ACCOUNT",
        "totals",
        "frozen_by: expected None, found",
    ),
    "the last day of the account": (
        "UPDATE ledger_accounts SET last_occurred_on = last_occurred_on - 1 WHERE id = ACCOUNT",
        "totals",
        "last_occurred_on: expected",
    ),
    "the account's district": (
        "UPDATE ledger_accounts SET district_code = '120116' WHERE id = ACCOUNT",
        "totals",
        "district_code: expected 120110, found 120116",
    ),
    "the account's currency": (
        "UPDATE ledger_accounts SET currency = 'USD' WHERE id = ACCOUNT",
        "totals",
        "currency: expected CNY, found USD",
    ),
}


@pytest.mark.parametrize(("statement", "place", "detail"), CASES.values(), ids=CASES.keys())
async def test_the_first_entry_that_does_not_follow_is_named(
    book: Book, statement: str, place: str | None, detail: str
) -> None:
    """POL-09: account, version, what should be there and what is."""
    await book.tamper(statement)
    found = await book.verify()
    if place is None:
        (breach,) = found.breaches
        assert detail in breach.detail
        return
    named = [str(one) for one in found.tamperings if one.account == "spent"]
    assert len(named) == 1
    assert f"{book.number}, account spent, {place}" in named[0]
    assert detail in named[0]


async def test_a_transfer_without_its_entries_is_named(book: Book) -> None:
    """POL-09: both entries gone, the later ones and the accounts made to fit: the transfer is left over."""
    await book.tamper(
        "DELETE FROM ledger_entries WHERE transfer_id = T6",
        "UPDATE ledger_accounts a SET version = 5, debits_posted = e.debits_posted,"
        " credits_posted = e.credits_posted FROM ledger_entries e WHERE e.account_id = a.id"
        " AND e.account_version = 5 AND a.ledger_id = LEDGER AND a.version = 6",
    )
    found = await book.verify()
    (tampering,) = [str(one) for one in found.tamperings]
    assert f"transfer {book.transfers[5]}: entries: expected 1 debit, 1 credit, found 0 debit" in tampering


async def test_what_resolves_twice_or_reverses_what_is_not_its_mirror_is_named(book: Book) -> None:
    """POL-09: the links between transfers are replayed too."""
    await book.tamper("UPDATE ledger_transfers SET reverses_id = T1 WHERE id = T6")
    names = [one.fault.name for one in (await book.verify()).tamperings]
    assert names == ["reverses_id"]
    await book.tamper("UPDATE ledger_transfers SET reverses_id = NULL WHERE id = T6")
    assert (await book.verify()).tamperings == []


async def test_a_transfer_changed_with_all_that_follows_from_it_is_found_by_its_seal(book: Book) -> None:
    """POL-09: books that agree with themselves, but not with what was sealed: event and table are named."""
    await book.tamper(
        "UPDATE ledger_transfers SET amount_fen = amount_fen + 100 WHERE id = T6",
        "UPDATE ledger_entries SET amount_fen = amount_fen + 100, posted_fen = posted_fen + 100,"
        " debits_posted = debits_posted + CASE side WHEN 'debit' THEN 100 ELSE 0 END,"
        " credits_posted = credits_posted + CASE side WHEN 'credit' THEN 100 ELSE 0 END WHERE transfer_id = T6",
        "UPDATE ledger_accounts a SET debits_posted = e.debits_posted, credits_posted = e.credits_posted"
        " FROM ledger_entries e WHERE e.account_id = a.id AND e.account_version = a.version"
        " AND e.transfer_id = T6",
    )
    found = await book.verify()
    assert found.tamperings == []
    (breach,) = found.breaches
    assert breach.detail.startswith("ledger_entries: not the content that was sealed")
    event_id = await (await driver(book.unit.session)).fetchval(
        "SELECT event_id FROM ledger_transfers WHERE id = $1", book.transfers[5]
    )
    assert breach.event_id == event_id


MADE_UP = (
    (
        "INSERT INTO ledger_transfers SELECT (jsonb_populate_record(t, jsonb_build_object("
        "'id', gen_random_uuid(), 'event_id', {event}, 'posting_id', gen_random_uuid(), 'code', 'made_up'))).*"
        " FROM ledger_transfers t WHERE t.id = T6"
    ),
    (
        "INSERT INTO ledger_entries SELECT (jsonb_populate_record(e, jsonb_build_object('transfer_id',"
        " (SELECT id FROM ledger_transfers WHERE code = 'made_up'), 'account_version', 7, 'debits_posted',"
        " e.debits_posted + CASE side WHEN 'debit' THEN 1000 ELSE 0 END, 'credits_posted',"
        " e.credits_posted + CASE side WHEN 'credit' THEN 1000 ELSE 0 END))).*"
        " FROM ledger_entries e WHERE e.transfer_id = T6"
    ),
    (
        "UPDATE ledger_accounts a SET version = 7, debits_posted = e.debits_posted,"
        " credits_posted = e.credits_posted FROM ledger_entries e WHERE e.account_id = a.id"
        " AND e.account_version = 7 AND a.ledger_id = LEDGER AND a.version = 6"
    ),
)
"""A seventh transfer with its entries and totals, under an event."""


async def test_a_transfer_under_no_event_is_named(book: Book) -> None:
    """POL-09: no seal covers what lies under an event that there is not; books that agree may not hide it."""
    await book.tamper(*(one.format(event="gen_random_uuid()") for one in MADE_UP))
    found = await book.verify()
    (tampering,) = [str(one) for one in found.tamperings]
    assert "event_id: expected an event that is sealed, or waits for its seal, found " in tampering
    breaches = (await seals.verify(book.unit.session)).breaches
    assert {(one.stream, one.reason) for one in breaches} >= {("ledger_transfers", Reason.added_row)}


async def test_a_transfer_under_a_sealed_event_of_another_stream_is_named(book: Book) -> None:
    """POL-09: the seals of every stream in which a ledger's events lie are recomputed."""
    national = "(SELECT event_id FROM seals WHERE stream = 'national' ORDER BY seq LIMIT 1)"
    await book.tamper(*(one.format(event=national) for one in MADE_UP))
    (breach,) = (await book.verify()).breaches
    assert (breach.stream, breach.reason) == ("national", Reason.added_row)
    assert "ledger_" in breach.detail


async def test_an_account_put_into_another_ledger_is_named(book: Book, api: Api) -> None:
    """POL-09: an account is its ledger's in which its entries are."""
    other = await make_pool(api)
    await book.tamper(f"UPDATE ledger_accounts SET ledger_id = '{other['id']}' WHERE id = ACCOUNT")
    found = await ledger_replays.verify(book.unit.session, other["number"])
    assert [one.fault.name for one in found.tamperings] == ["ledger_id"]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ("limit_side = NULL", "limit_side: expected credit, found None"),
        ("normal_side = 'credit'", "normal_side: expected debit, found credit"),
        ("memo = true", "memo: expected False, found True"),
    ],
)
async def test_an_account_that_is_not_as_its_pool_opened_it_is_named(
    book: Book, change: str, detail: str
) -> None:
    """POL-09: no entry tells that the special account lost its limit."""
    await book.tamper(f"UPDATE ledger_accounts SET {change} WHERE ledger_id = LEDGER AND code = 'cash'")
    assert [str(one) for one in (await book.verify()).tamperings] == [
        f"{book.number}, account cash, totals: {detail}"
    ]


async def test_every_kind_of_posting_is_replayed_without_a_word(book: Book) -> None:
    """POL-09: in one statement and in several: parts, freezes of nothing, what expires, reversals, old days."""
    unit = book.unit
    today = unit.moment.today
    new = [ledger.NewAccount("left", "示例", Side.debit), ledger.NewAccount("right", "示例", Side.credit)]
    of = ledger.Book(book.ledger_id, "120110", "CNY")
    left, right = await ledger.open_accounts(unit.session, moment=unit.moment, book=of, accounts=new)

    def transfer(
        amount_fen: int, kind: TransferKind = TransferKind.posted, **given: Any
    ) -> ledger.NewTransfer:
        sides: dict[str, Any] = {"debit_account_id": left.id, "credit_account_id": right.id}
        if "reverses_id" in given:
            sides = {"debit_account_id": right.id, "credit_account_id": left.id}
        return ledger.NewTransfer(
            **sides,
            amount_fen=amount_fen,
            kind=kind,
            code="test",
            business_noun="pool",
            business_id=book.ledger_id,
            **given,
        )

    async def post(*transfers: ledger.NewTransfer, later: int = 0) -> None:
        moment = replace(unit.moment, today=today + timedelta(days=later))
        event = events.NewEvent(
            type="transfer.posted", noun="transfer", subject_id=new_id(), stream="120110", payload={}
        )
        await events.record(unit.session, actor=system_actor("test"), moment=moment, events=[event])
        await ledger.post(unit.session, moment=moment, book=of, transfers=transfers, event_id=event.id)

    one, other, part = transfer(700), transfer(50), transfer(900, TransferKind.pending)
    due = transfer(30, TransferKind.pending, expires_on=today)
    frozen = transfer(0, TransferKind.pending, freezes=Side.debit)
    await post(one, part, transfer(400, TransferKind.post, resolves_id=part.id), due, other)
    await post(*(transfer(fen, occurred_on=today - timedelta(days=fen)) for fen in (3, 1, 2)))
    await post(frozen)
    assert (await book.verify()).tamperings == []
    await post(transfer(0, TransferKind.void, resolves_id=frozen.id), later=1)
    await post(transfer(30, TransferKind.expire, resolves_id=due.id), later=2)
    await post(transfer(700, reverses_id=one.id), transfer(50, reverses_id=other.id), later=2)
    await post(transfer(8, posting_id=one.id), transfer(9, posting_id=other.id), later=3)
    await seal_all(unit)
    found = await book.verify()
    assert (list(found.tamperings), list(found.breaches)) == ([], [])
    assert found.entries[book.number] >= 14 + 2 * 14
