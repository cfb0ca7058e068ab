"""Batches, reversals, two pairs of hands, frozen accounts, expiry and monitors over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.domain.ledger import TransferKind
from app.domain.permission import Actor, system_actor
from app.errors import database_fault
from app.models.pool import Pool
from app.queries import integrity
from app.queries.driver import driver
from app.services import bookkeeping, events, ledger, pools
from tests.factories.clock import now
from tests.factories.pledges import scheme
from tests.routers.test_ledger import KEEPER, Book
from tests.support.api import Api, codes, objections
from tests.support.counter import statements
from tests.support.database import SavepointDatabase
from tests.support.edges import told

SECOND = "treasury"
"""Also keeps the pool's books: another client."""


@pytest.fixture
async def book(api: Api) -> Book:
    """1,000.00 in the special account; from 500.00 on, two clients."""
    opening = {
        "name": "示例资金池",
        "scheme": scheme(),
        "second_person_from": {"amount": "500.00", "currency": "CNY"},
    }
    pool = await api.made(KEEPER, "/v1/pools", opening)
    paid = {
        "source": "district",
        "amount": {"amount": "1000.00", "currency": "CNY"},
        "occurred_on": "2019-01-02",
    }
    await api.made(KEEPER, f"/v1/pools/{pool['id']}/contributions", paid)
    account = {"code": "spent", "name": "示例支出", "normal_side": "debit"}
    await api.made(KEEPER, f"/v1/pools/{pool['id']}/accounts", account)
    return Book(api, pool, (await api.get(KEEPER, f"/v1/pools/{pool['id']}/accounts")).json())


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def batch(book: Book, transfers: list[Any], mode: str = "atomic", **params: str) -> httpx.Response:
    path = f"{book.path}/transfers:batch"
    if params:
        path += "?" + "&".join(f"{name}={value}" for name, value in params.items())
    return await book.api.post(KEEPER, path, {"mode": mode, "transfers": transfers})


async def second(book: Book, kind: str, pending: str) -> httpx.Response:
    body = {"kind": kind, "resolves_id": pending, "code": "示例复核"}
    return await book.api.post(SECOND, f"{book.path}/transfers", body)


async def reverse(book: Book, transfer_id: str, effective: str = "today") -> httpx.Response:
    body = {"effective": effective, "reason": "示例误记"}
    return await book.api.post(KEEPER, f"{book.path}/transfers/{transfer_id}/reversal", body)


async def test_one_bad_of_a_thousand_refuses_the_batch_or_itself(book: Book) -> None:
    """POL-08: atomic tells where; continue books the others; sent again, nothing is booked twice."""
    many = [book.transfer(id=str(uuid.uuid4()), amount=yuan("0.10")) for _ in range(1_000)]
    many[617]["amount"] = yuan("100000.00")
    many[617]["kind"] = "pending"
    refused = await batch(book, many)
    assert told(refused) == (409, "account.limit_exceeded")
    assert objections(refused) == [("account.limit_exceeded", "/transfers/617")]
    assert await book.balances("spent") == ("0.00", "0.00", "0.00", "0.00")
    done = (await batch(book, many, "continue")).json()
    assert (done["created"], done["exists"], done["refused"]) == (999, 0, 1)
    assert done["results"][617]["violations"][0]["code"] == "account.limit_exceeded"
    again = (await batch(book, many, "continue")).json()
    assert (again["created"], again["exists"], again["refused"]) == (0, 999, 1)
    assert await book.balances("cash") == ("1000.00", "99.90", "0.00", "0.00")


async def test_a_dry_run_tells_the_same_and_keeps_nothing(book: Book) -> None:
    """POL-27: of a batch with a pending transfer, its post, and one too many."""
    key = str(uuid.uuid4())
    wanted = [
        book.transfer(id=key, kind="pending"),
        {"kind": "post", "resolves_id": key, "code": "示例"},
        book.transfer(amount=yuan("499.99")),
        book.transfer(amount=yuan("499.99")),
    ]
    dry = await batch(book, wanted, "continue", dry_run="true")
    assert (dry.status_code, dry.headers["Dry-Run"]) == (200, "true")
    assert await book.balances("cash") == ("1000.00", "0.00", "0.00", "0.00")
    real = (await batch(book, wanted, "continue")).json()
    outcome = [one["outcome"] for one in real["results"]]
    assert outcome == [one["outcome"] for one in dry.json()["results"]]
    assert outcome == ["created", "created", "created", "refused"]


async def test_a_batch_takes_as_many_statements_as_two_transfers(
    book: Book, database: SavepointDatabase
) -> None:
    """POL-08: whatever its size; one event names all of it, so that one seal covers it."""
    assert database.connection is not None
    sent = []
    for size in (2, 500):
        wanted = [book.transfer(amount=yuan("0.01"), debit="fees", credit="interest") for _ in range(size)]
        async with statements(database.connection) as seen:
            assert (await batch(book, wanted)).is_success
        sent.append([sql for sql in seen.work if "ledger_" in sql or "INTO events" in sql])
    assert len(sent[0]) == len(sent[1]) <= 5
    covered = text(
        "SELECT e.payload->>'transfers', count(*) FROM ledger_transfers t JOIN events e ON e.id = t.event_id"
        " WHERE e.type = 'pool.transfers_booked' GROUP BY e.id ORDER BY e.id"
    )
    assert [tuple(row) for row in await database.connection.execute(covered)] == [("2", 2), ("500", 500)]


async def test_a_posting_of_several_legs_has_one_id(book: Book) -> None:
    """POL-08: the legs of a journal side by side."""
    journal = str(uuid.uuid4())
    legs = [book.transfer(posting_id=journal), book.transfer(debit="fees", posting_id=journal)]
    done = (await batch(book, legs, "continue")).json()
    assert {one["posting_id"] for one in done["results"]} == {journal}
    late = await batch(book, [book.transfer(posting_id=journal)])
    assert told(late) == (409, "transfer.posting_taken")


async def test_a_large_transfer_takes_two_clients(book: Book) -> None:
    """POL-21, SEC-04: 499.99 by one; 500.00 is proposed by one and posted by another."""
    await book.booked(book.transfer(amount=yuan("499.99"), debit="fees"))
    await book.booked(book.transfer(amount=yuan("0.01"), debit="cash", credit="fees"))
    large = book.transfer(amount=yuan("500.00"))
    assert told(await book.book(large)) == (409, "transfer.second_person_needed")
    pending = await book.booked(large | {"kind": "pending"})
    assert told(await book.resolve("post", pending["id"])) == (403, "transfer.same_person")
    posted = await second(book, "post", pending["id"])
    assert posted.status_code == 201, posted.text
    shown = (await book.api.get(KEEPER, f"{book.path}/transfers/{pending['id']}")).json()
    assert (shown["resolved_by"], shown["resolved_as"]) == (posted.json()["id"], "post")


@pytest.mark.parametrize(("effective", "day"), [("original", "2020-05-06"), ("today", str(now().today))])
async def test_a_reversal_is_proposed_and_posted_once_and_linked_both_ways(
    book: Book, effective: str, day: str
) -> None:
    """POL-06 (Blnk #152): the second one is told that it has been reversed."""
    original = await book.booked(book.transfer())
    proposed = await reverse(book, original["id"], effective)
    assert (proposed.status_code, proposed.json()["occurred_on"]) == (201, day)
    assert told(await reverse(book, original["id"])) == (409, "transfer.reversal_proposed")
    assert told(await book.resolve("post", proposed.json()["id"])) == (403, "transfer.same_person")
    part = {
        "kind": "post",
        "resolves_id": proposed.json()["id"],
        "code": "示例",
        "amount": yuan("9.99"),
    }
    assert told(await book.api.post(SECOND, f"{book.path}/transfers", part)) == (
        409,
        "transfer.exceeds_pending",
    )
    posted = (await second(book, "post", proposed.json()["id"])).json()
    assert (posted["reverses_id"], posted["occurred_on"]) == (original["id"], day)
    shown = (await book.api.get(KEEPER, f"{book.path}/transfers/{original['id']}")).json()
    assert shown["reversed_by"] == posted["id"]
    assert told(await reverse(book, original["id"])) == (409, "transfer.already_reversed")
    assert told(await reverse(book, posted["id"])) == (409, "transfer.not_reversible")
    assert await book.balances("cash") == ("1010.00", "10.00", "0.00", "0.00")


async def test_a_proposal_that_is_voided_may_be_made_again(book: Book) -> None:
    """POL-06: what was proposed wrongly is no reversal."""
    original = await book.booked(book.transfer())
    proposed = (await reverse(book, original["id"])).json()
    assert (await second(book, "void", proposed["id"])).status_code == 201
    assert (await reverse(book, original["id"])).status_code == 201


async def test_a_frozen_account_takes_voids_only_until_it_is_given_back(book: Book) -> None:
    """POL-23, SEC-04: the hold made before can be voided, not posted; another client gives it back."""
    holds = [await book.booked(book.transfer(kind="pending")) for _ in range(2)]
    path = f"{book.path}/accounts/{book.ids['spent']}"
    frozen = await book.api.post(KEEPER, f"{path}/freeze", {"reason": "示例法院冻结"})
    assert (frozen.status_code, frozen.json()["frozen_by"] is None) == (200, False)
    assert told(await book.api.post(KEEPER, f"{path}/freeze", {"reason": "示例"})) == (409, "account.frozen")
    assert told(await book.book(book.transfer())) == (409, "account.frozen")
    assert told(await book.resolve("post", holds[0]["id"])) == (409, "account.frozen")
    assert (await book.resolve("void", holds[0]["id"])).status_code == 201
    by_hand = {"kind": "void", "resolves_id": frozen.json()["frozen_by"], "code": "示例"}
    assert told(await book.book(by_hand)) == (409, "transfer.memo_account")
    thaw = f"{path}/unfreeze"
    assert told(await book.api.post(KEEPER, thaw, {"reason": "示例"})) == (403, "transfer.same_person")
    thawed = await book.api.post(SECOND, thaw, {"reason": "示例解冻"})
    assert (thawed.status_code, thawed.json()["frozen_by"]) == (200, None)
    assert told(await book.api.post(KEEPER, thaw, {"reason": "示"})) == (
        409,
        "account.not_frozen",
    )
    assert (await book.resolve("post", holds[1]["id"])).status_code == 201


async def test_an_account_is_shown_with_its_holds_and_last_entry_in_one_statement(
    book: Book, database: SavepointDatabase
) -> None:
    """TigerBeetle #2693, #2105: balance, what is pending and the last entry of one moment."""
    done = await book.booked(book.transfer(kind="pending"))
    await book.resolve("void", done["id"])
    hold = await book.booked(book.transfer(kind="pending", expires_on=str(now().today)))
    path = f"{book.path}/accounts/{book.ids['cash']}"
    assert database.connection is not None
    async with statements(database.connection) as seen:
        shown = (await book.api.get("auditor", path)).json()
    assert len([sql for sql in seen.work if "ledger_" in sql]) == 1
    assert shown["account"]["credits_pending"]["amount"] == "10.00"
    assert (shown["held"], [one["transfer_id"] for one in shown["holds"]]) == (1, [hold["id"]])
    assert shown["last_entry"]["transfer_id"] == hold["id"]
    assert shown["last_entry"]["account_version"] == shown["account"]["version"]


async def test_a_pending_transfer_expires_after_its_last_day(book: Book, database: SavepointDatabase) -> None:
    """POL-04, Mojaloop #3300: given back by the day's job; until then it can be posted, then no more."""
    today = now().today
    hold = await book.booked(book.transfer(kind="pending", expires_on=str(today)))
    past = book.transfer(kind="pending", expires_on=str(today - timedelta(days=1)))
    assert told(await book.book(past)) == (422, "transfer.expires_wrong")
    for day, ended in ((today, 0), (today + timedelta(days=1), 1), (today + timedelta(days=2), 0)):
        async with database.write() as unit:
            moment = replace(unit.moment, today=day)
            expired = await bookkeeping.expire_due(unit.session, actor=system_actor("test"), moment=moment)
        assert expired == ended
    shown = (await book.api.get(KEEPER, f"{book.path}/transfers/{hold['id']}")).json()
    assert shown["resolved_as"] == "expire"
    assert told(await book.resolve("post", hold["id"])) == (409, "transfer.already_resolved")
    assert await book.balances("cash") == ("1000.00", "0.00", "0.00", "0.00")


async def test_a_monitor_tells_once_at_the_crossing(book: Book) -> None:
    """POL-22: below 985: at 990 silence, at 980 a notice, at 970 none; back above and across: again."""
    watch = {
        "account_code": "cash",
        "field": "available",
        "crossing": "below",
        "threshold": yuan("985.00"),
    }
    monitor = await book.api.made(KEEPER, f"{book.path}/monitors", watch)
    assert monitor["crossed"] is False

    async def crossings() -> int:
        found = (await book.api.get(KEEPER, "/v1/notices", limit=100)).json()["items"]
        return sum(one["kind"] == "balance_crossed" for one in found)

    told_so_far = []
    for change in (
        {},
        {"kind": "pending"},
        {},
        {"debit": "cash", "credit": "fees", "amount": yuan("90.00")},
        {},
    ):
        await book.booked(book.transfer(**change))
        told_so_far.append(await crossings())
    assert told_so_far == [0, 1, 1, 1, 1]
    await book.booked(book.transfer(amount=yuan("100.00")))
    assert await crossings() == 2
    (listed,) = (await book.api.get("auditor", f"{book.path}/monitors")).json()
    assert listed["crossed"] is True
    path = f"{book.path}/monitors/{monitor['id']}"
    ended = await book.api.http.delete(path, headers=book.api.headers(KEEPER))
    assert (ended.status_code, ended.json()["ended_on"]) == (200, str(now().today))
    assert (await book.api.get(KEEPER, f"{book.path}/monitors")).json() == []
    memo = watch | {"account_code": "memo.covered"}
    refused = await book.api.post(KEEPER, f"{book.path}/monitors", memo)
    assert codes(refused) == ["monitor.memo_account"]


async def test_a_back_dated_transfer_cannot_make_a_later_day_illegal(book: Book) -> None:
    """POL-07 (Formance #340): 1,000 came in on the 2nd, 400 went out on the 6th of May 2020."""
    await book.booked(book.transfer(amount=yuan("400.00")))
    early = book.transfer(amount=yuan("10.00"), occurred_on="2019-01-01")
    refused = await book.book(early)
    assert told(refused) == (409, "account.limit_exceeded_then")
    assert refused.json()["violations"][0]["facts"] == {"on": "2019-01-01"}
    await book.booked(book.transfer(amount=yuan("10.00"), occurred_on="2019-01-02"))


async def test_money_spent_refuses_the_chain_that_takes_it_back_not_the_batch(
    book: Book, database: SavepointDatabase
) -> None:
    """POL-08, POL-25: of a source's 1,000.00 600.00 are spent; what goes back to it is at most the rest."""
    city = {"source": "city", "amount": yuan("2000.00"), "occurred_on": "2019-01-03"}
    await book.api.made(KEEPER, f"{book.path}/contributions", city)
    accounts = (await book.api.get(KEEPER, f"{book.path}/accounts")).json()
    book.ids.update({account["code"]: account["id"] for account in accounts})
    (district,) = [one["code"] for one in accounts if one["name"] == "出资（区级财政）"]
    for amount in ("300.00", "300.00"):
        await book.booked(book.transfer(amount=yuan(amount)))
    wanted = [
        book.transfer(debit="cash", credit="fees", amount=yuan("1.00"), linked=True),
        book.transfer(debit=district, amount=yuan("450.00")),
        book.transfer(debit=district, amount=yuan("399.00")),
        book.transfer(amount=yuan("499.00")),
        book.transfer(debit=district, amount=yuan("2.00")),
    ]
    for params in ({"dry_run": "true"}, {}):
        done = (await batch(book, wanted, "continue", **params)).json()
        told_of = [[violation["code"] for violation in one["violations"]] for one in done["results"]]
        assert told_of == [["transfer.chain_failed"], ["source.money_spent"], [], [], ["source.money_spent"]]
    assert await book.balances("fees") == ("0.00", "0.00", "0.00", "0.00")
    assert await book.balances("cash") == ("3000.00", "1498.00", "0.00", "0.00")
    whole = await batch(book, wanted)
    assert objections(whole) == [
        ("source.money_spent", "/transfers/1/amount"),
        ("source.money_spent", "/transfers/2/amount"),
        ("source.money_spent", "/transfers/4/amount"),
    ]
    async with database.read() as unit:
        assert await integrity.findings(unit.session) == []


async def test_a_batch_of_one_id_twice_books_it_once(book: Book) -> None:
    """POL-03: the second of the same values exists; of others it is refused."""
    one = book.transfer(id=str(uuid.uuid4()))
    done = (await batch(book, [one, one, one | {"amount": yuan("11.00")}], "continue")).json()
    assert [result["outcome"] for result in done["results"]] == ["created", "exists", "refused"]
    assert done["results"][2]["violations"][0]["facts"] == {"fields": "amount_fen"}
    assert await book.balances("spent") == ("10.00", "0.00", "0.00", "0.00")


async def test_a_batch_that_is_refused_or_only_tried_leaves_no_trace(
    book: Book, database: SavepointDatabase
) -> None:
    """POL-08, POL-27: no event, no outbox row, no answer kept under its key: it may be sent again for real."""
    assert database.connection is not None
    kept = text(
        "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox), (SELECT count(*) FROM"
        " idempotency_keys), (SELECT count(*) FROM ledger_transfers), (SELECT count(*) FROM fund_movements)"
    )
    before = (await database.connection.execute(kept)).one()
    body = {"mode": "atomic", "transfers": [book.transfer(), book.transfer(amount=yuan("499.00"))]}
    path, key = f"{book.path}/transfers:batch", str(uuid.uuid4())
    headers = book.api.headers(KEEPER) | {"Idempotency-Key": key}
    dry = await book.api.http.post(f"{path}?dry_run=true", json=body, headers=headers)
    assert dry.status_code == 200
    spoilt = [book.transfer(), book.transfer(amount=yuan("1.00"), linked=True)]
    assert told(await batch(book, spoilt)) == (422, "transfer.chain_open")
    for count in (0, 10_001):
        assert (await batch(book, [book.transfer()] * count)).status_code == 422
    assert (await database.connection.execute(kept)).one() == before
    real = await book.api.http.post(path, json=body, headers=headers)
    assert real.json()["created"] == 2


async def test_the_database_lets_nobody_book_a_large_transfer_alone(
    book: Book, database: SavepointDatabase
) -> None:
    """POL-21, RB-02: neither at once nor by posting one's own proposal, whatever its business is called."""
    maker, other = book.api.actor(KEEPER), book.api.actor(SECOND)

    async def post(by: Actor, **changes: Any) -> uuid.UUID:
        values: dict[str, Any] = {
            "debit_account_id": uuid.UUID(book.ids["spent"]),
            "credit_account_id": uuid.UUID(book.ids["fees"]),
            "amount_fen": 500_00,
            "code": "示例",
            "business_noun": "pool",
            "business_id": uuid.UUID(book.pool_id),
        }
        transfer = ledger.NewTransfer(**(values | changes))
        async with database.write() as unit:
            pool = await unit.session.get_one(Pool, uuid.UUID(book.pool_id))
            event = events.NewEvent("transfer.posted", "transfer", transfer.id, pool.district_code, {})
            await events.record(unit.session, actor=by, moment=unit.moment, events=[event])
            await ledger.post(
                unit.session,
                moment=unit.moment,
                book=pools.book(pool),
                transfers=[transfer],
                event_id=event.id,
            )
        return transfer.id

    async def refused(by: Actor, **changes: Any) -> str | None:
        with pytest.raises(asyncpg.CheckViolationError) as broken:
            await post(by, **changes)
        return database_fault(broken.value)[1]

    for noun in ("pool", "transfer", "claim", "recovery", "pledge", "whatever"):
        assert await refused(maker, business_noun=noun) == "ck_ledger_transfers_second_person"
    small = await post(maker, amount_fen=499_99)
    swapped = {
        "debit_account_id": uuid.UUID(book.ids["fees"]),
        "credit_account_id": uuid.UUID(book.ids["spent"]),
    }
    back = swapped | {"amount_fen": 499_99, "reverses_id": small}
    proposal = await post(maker, kind=TransferKind.pending)
    resolved = {"kind": TransferKind.post, "resolves_id": proposal}
    assert await refused(maker, **resolved) == "ck_ledger_transfers_same_person"
    await post(other, **resolved)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.write() as unit:
            await (await driver(unit.session)).execute("UPDATE pools SET second_person_fen = NULL")
    unproposed = await post(other, **back)
    async with database.read() as unit:
        found = await integrity.findings(unit.session)
    assert [(one.check, one.subject) for one in found] == [("ledger.second_person", str(unproposed))]


async def test_modules_book_large_amounts_by_their_own_rules(book: Book) -> None:
    """POL-21: what is paid in takes one client, however large; taking it back takes two."""
    paid = {"source": "city", "amount": yuan("5000.00"), "occurred_on": "2019-01-03"}
    made = await book.api.made(KEEPER, f"{book.path}/contributions", paid)
    proposed = await reverse(book, made["transfer_id"])
    assert told(await book.resolve("post", proposed.json()["id"])) == (403, "transfer.same_person")
    assert (await second(book, "post", proposed.json()["id"])).status_code == 201
    assert await book.balances("cash") == ("6000.00", "5000.00", "0.00", "0.00")


async def test_a_hold_and_a_freeze_are_not_reversed(book: Book) -> None:
    """POL-06: they moved nothing: what set aside or froze is voided."""
    hold = await book.booked(book.transfer(kind="pending"))
    assert told(await reverse(book, hold["id"])) == (409, "transfer.not_reversible")
    path = f"{book.path}/accounts/{book.ids['spent']}/freeze"
    frozen = await book.api.post(KEEPER, path, {"reason": "示例"})
    assert told(await reverse(book, frozen.json()["frozen_by"])) == (409, "transfer.not_reversible")


async def test_the_books_are_sound_after_all_of_it(book: Book, database: SavepointDatabase) -> None:
    """POL-26: freezes, reversals, batches and expiries leave what `verify` looks at in order."""
    original = await book.booked(book.transfer())
    proposed = (await reverse(book, original["id"], "original")).json()
    await second(book, "post", proposed["id"])
    path = f"{book.path}/accounts/{book.ids['spent']}"
    await book.api.made(KEEPER, f"{path}/freeze", {"reason": "示例"})
    await batch(book, [book.transfer(), book.transfer(debit="fees")], "continue")
    async with database.read() as unit:
        assert await integrity.findings(unit.session) == []
