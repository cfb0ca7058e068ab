"""The double-entry book: balanced by construction, within limits, resolved once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import text

from app.domain.errors import DomainError
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money
from app.domain.permission import system_actor
from app.domain.pool import AccountCode, SharingParty
from app.domain.scheme import Terms, Tier
from app.errors import database_fault
from app.infra.db import Unit
from app.models.ledger import LedgerAccount
from app.models.pool import Pool
from app.queries import ledger as queries
from app.services import bookkeeping, ledger, pools
from tests.factories.clock import now
from tests.factories.pledges import SHARES
from tests.support.api import Api
from tests.support.database import SavepointDatabase

ACTOR = system_actor("test")


async def open_book(unit: Unit, api: Api) -> tuple[Pool, dict[str, LedgerAccount]]:
    """A pool with two further cash accounts that may not be overdrawn."""
    shares = {SharingParty(party): share for party, share in SHARES.items()}
    new = Terms("T", now().today, 10, [Tier(shares)], "示例")
    manager = api.actor("pool_manager")
    pool = await pools.open_pool(
        unit.session, actor=manager, moment=unit.moment, name="示例", currency="CNY", scheme=new
    )
    for code in ("a", "b"):
        await bookkeeping.open_account(
            unit.session,
            actor=manager,
            moment=unit.moment,
            pool=pool,
            code=code,
            name=code,
            normal_side=Side.debit,
            limit_side=Side.credit,
        )
    return pool, {account.code: account for account in await queries.accounts(unit.session, pool.id)}


def wanted(kind: TransferKind = TransferKind.posted, **changes: Any) -> bookkeeping.Wanted:
    """A transfer as a caller asks for it."""
    values: dict[str, Any] = {
        "id": None,
        "debit_account_id": None,
        "credit_account_id": None,
        "amount": None,
        "resolves_id": None,
        "code": "test",
        "occurred_on": None,
    }
    return bookkeeping.Wanted(kind=kind, **(values | changes))


@dataclass
class Model:
    """The book in plain Python: posted and pending totals per account, and what is pending."""

    posted: dict[str, list[int]] = field(
        default_factory=lambda: {c: [0, 0] for c in ("contributions", "a", "b")}
    )
    pending: dict[str, list[int]] = field(
        default_factory=lambda: {c: [0, 0] for c in ("contributions", "a", "b")}
    )
    open: list[tuple[uuid.UUID, str, str, int]] = field(default_factory=list)

    def allows(self, credit: str, amount: int) -> bool:
        """Accounts a and b may not be credited beyond their debits, pending counted."""
        if credit == "contributions":
            return True
        debited, credited = self.posted[credit]
        return credited + self.pending[credit][1] + amount <= debited

    def move(self, book: dict[str, list[int]], debit: str, credit: str, amount: int) -> None:
        """Add to both sides."""
        book[debit][0] += amount
        book[credit][1] += amount


CODES = st.sampled_from(["contributions", "a", "b"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["posted", "pending", "post", "void"]), CODES, CODES, st.integers(1, 50)),
    max_size=25,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_any_sequence_of_commands_agrees_with_a_plain_book(
    database: SavepointDatabase, api: Api, steps: list[tuple[str, str, str, int]]
) -> None:
    """POL-01, POL-04, POL-05: every balance equals the model's, every refusal is the model's refusal."""
    model = Model()
    async with database.write() as unit:
        pool, accounts = await open_book(unit, api)
        for command, debit, credit, amount in steps:
            await _step(Stand(unit, pool, accounts, model), command, debit, credit, amount)
        for account in await queries.accounts(unit.session, pool.id):
            if account.code in model.posted:
                assert [account.debits_posted, account.credits_posted] == model.posted[account.code]
                assert [account.debits_pending, account.credits_pending] == model.pending[account.code]
        sums = "SELECT sum(debits_posted) = sum(credits_posted), sum(debits_pending) = sum(credits_pending) FROM ledger_accounts"
        assert tuple((await unit.session.execute(text(sums))).one()) == (True, True)


@dataclass(frozen=True)
class Stand:
    """The book and its model side by side."""

    unit: Unit
    pool: Pool
    accounts: dict[str, LedgerAccount]
    model: Model

    async def book(self, ask: bookkeeping.Wanted) -> uuid.UUID:
        """Book in a savepoint, so that a refusal leaves the test's transaction usable."""
        async with self.unit.session.begin_nested():
            made = await bookkeeping.book(
                self.unit.session, actor=ACTOR, moment=self.unit.moment, pool=self.pool, wanted=ask
            )
        return made.id


async def _step(stand: Stand, command: str, debit: str, credit: str, amount: int) -> None:
    model = stand.model
    if command in ("post", "void"):
        if not model.open:
            return
        pending_id, debit, credit, held = model.open.pop(0)
        amount = min(amount, held) if command == "post" else held
        await stand.book(wanted(TransferKind(command), resolves_id=pending_id, amount=Money(amount)))
        model.move(model.pending, debit, credit, -held)
        if command == "post":
            model.move(model.posted, debit, credit, amount)
        return
    ask = wanted(
        TransferKind(command),
        debit_account_id=stand.accounts[debit].id,
        credit_account_id=stand.accounts[credit].id,
        amount=Money(amount),
    )
    if debit == credit or not model.allows(credit, amount):
        with pytest.raises((DomainError, asyncpg.CheckViolationError)):
            await stand.book(ask)
        return
    made = await stand.book(ask)
    model.move(model.posted if command == "posted" else model.pending, debit, credit, amount)
    if command == "pending":
        model.open.append((made, debit, credit, amount))


async def test_holds_count_against_the_limit(unit: Unit, api: Api) -> None:
    """POL-05: on 5 000 five holds of 1 000 pass and the sixth is refused."""
    pool, accounts = await open_book(unit, api)
    paid = wanted(
        debit_account_id=accounts["a"].id, credit_account_id=accounts["contributions"].id, amount=Money(5_000)
    )
    await bookkeeping.book(unit.session, actor=ACTOR, moment=unit.moment, pool=pool, wanted=paid)
    hold = wanted(
        TransferKind.pending,
        debit_account_id=accounts["b"].id,
        credit_account_id=accounts["a"].id,
        amount=Money(1_000),
    )
    for _ in range(5):
        await bookkeeping.book(unit.session, actor=ACTOR, moment=unit.moment, pool=pool, wanted=hold)
    with pytest.raises(DomainError) as refused:
        await bookkeeping.book(unit.session, actor=ACTOR, moment=unit.moment, pool=pool, wanted=hold)
    assert refused.value.code.code == "account.limit_exceeded"
    with pytest.raises(asyncpg.CheckViolationError) as broken:
        async with unit.session.begin_nested():
            await ledger.post(
                unit.session,
                moment=unit.moment,
                book=pools.book(pool),
                transfers=[
                    ledger.NewTransfer(
                        accounts["b"].id,
                        accounts["a"].id,
                        1_000,
                        "x",
                        "pool",
                        pool.id,
                        kind=TransferKind.pending,
                    )
                ],
                event_id=pool.event_id,
            )
    assert database_fault(broken.value)[1] == "ck_ledger_accounts_credits_within_debits"


async def test_a_pending_transfer_is_resolved_once(api: Api, database: SavepointDatabase) -> None:
    """POL-04: neither a second void nor a post after a void."""
    async with database.write() as unit:
        pool, accounts = await open_book(unit, api)
    path = f"/v1/pools/{pool.id}/transfers"
    pending = await api.made(
        "pool_manager",
        path,
        {
            "kind": "pending",
            "debit_account_id": str(accounts["a"].id),
            "credit_account_id": str(accounts["contributions"].id),
            "amount": {"amount": "10.00"},
            "code": "示例",
        },
    )
    await api.made("pool_manager", path, {"kind": "void", "resolves_id": pending["id"], "code": "示例"})
    for kind in ("void", "post"):
        again = await api.post(
            "pool_manager", path, {"kind": kind, "resolves_id": pending["id"], "code": "示例"}
        )
        assert (again.status_code, again.json()["code"]) == (409, "transfer.already_resolved")


async def test_a_client_chosen_id_names_one_transfer_for_ever(api: Api, database: SavepointDatabase) -> None:
    """POL-03: the same values answer with the transfer booked, others are refused naming the field."""
    async with database.write() as unit:
        pool, accounts = await open_book(unit, api)
    path = f"/v1/pools/{pool.id}/transfers"
    body = {
        "id": str(uuid.uuid4()),
        "debit_account_id": str(accounts["a"].id),
        "credit_account_id": str(accounts["contributions"].id),
        "amount": {"amount": "10.00"},
        "code": "示例",
    }
    first = await api.made("pool_manager", path, body)
    assert await api.made("pool_manager", path, body) == first
    other = await api.post("pool_manager", path, body | {"amount": {"amount": "10.01"}})
    assert other.status_code == 422
    assert other.json()["violations"][0]["facts"] == {"fields": "amount_fen"}
    lines = (await api.get("pool_manager", f"/v1/pools/{pool.id}/accounts/{accounts['a'].id}/entries")).json()
    assert [line["debits_posted"]["amount"] for line in lines["items"]] == ["10.00"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger_entries SELECT * FROM ledger_entries",
        "UPDATE ledger_accounts SET debits_posted = debits_posted + 1",
        "DELETE FROM ledger_accounts",
        "UPDATE ledger_transfers SET amount_fen = 1",
        "TRUNCATE ledger_entries",
        "ALTER TABLE ledger_transfers DISABLE TRIGGER ALL",
        "INSERT INTO ledger_accounts SELECT (a).* FROM ledger_accounts a",
        "UPDATE commitments SET covered_fen = 1",
    ],
)
async def test_the_applications_role_cannot_touch_balances_or_entries(unit: Unit, statement: str) -> None:
    """POL-01, POL-02: a transfer is the only way to move money."""
    with pytest.raises(
        Exception, match=r"permission denied|must be owner|trigger functions can only be called as triggers"
    ):
        async with unit.session.begin_nested():
            await unit.session.execute(text(statement))


async def test_memo_accounts_take_no_transfers_by_hand(api: Api, database: SavepointDatabase) -> None:
    """RP-05: reserved capacity cannot be booked away."""
    async with database.write() as unit:
        pool, accounts = await open_book(unit, api)
    body = {
        "debit_account_id": str(accounts[AccountCode.cover_obligation].id),
        "credit_account_id": str(accounts[AccountCode.covered].id),
        "amount": {"amount": "10.00"},
        "code": "示例",
    }
    refused = await api.post("treasury", f"/v1/pools/{pool.id}/transfers", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "transfer.memo_account")


async def test_a_posting_is_all_or_nothing(unit: Unit, api: Api) -> None:
    """POL-08: when one transfer of a posting does not fit, none is booked."""
    pool, accounts = await open_book(unit, api)
    good = ledger.NewTransfer(accounts["a"].id, accounts["contributions"].id, 100, "x", "pool", pool.id)
    bad = ledger.NewTransfer(accounts["b"].id, accounts["a"].id, 101, "x", "pool", pool.id)
    with pytest.raises(asyncpg.CheckViolationError):
        async with unit.session.begin_nested():
            await ledger.post(
                unit.session,
                moment=unit.moment,
                book=pools.book(pool),
                transfers=[good, bad],
                event_id=pool.event_id,
            )
    fresh = {account.code: account for account in await queries.accounts(unit.session, pool.id)}
    assert (fresh["a"].version, fresh["b"].version) == (0, 0)
