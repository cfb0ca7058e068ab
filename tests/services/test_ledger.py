"""The double-entry book: balanced by construction, within limits, resolved once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.clock import Moment
from app.domain.errors import DomainError
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money
from app.domain.permission import Actor, system_actor
from app.domain.pool import AccountCode, SharingParty
from app.domain.scheme import Terms, Tier
from app.errors import database_fault
from app.infra.db import Unit
from app.models.ledger import LedgerAccount
from app.models.pool import Pool
from app.queries import ledger as queries
from app.services import bookkeeping, ledger, pools
from tests.factories.pledges import SHARES
from tests.support.api import Api
from tests.support.database import SavepointDatabase

ACTOR = system_actor("test")


async def open_pool(session: AsyncSession, moment: Moment, manager: Actor, limited: Sequence[str]) -> Pool:
    """A pool with further debit accounts, those named `a` and `b` not to be overdrawn."""
    shares = {SharingParty(party): share for party, share in SHARES.items()}
    new = Terms("T", date(2019, 1, 1), 10, [Tier(shares)], "示例")
    pool = await pools.open_pool(
        session, actor=manager, moment=moment, name="示例", currency="CNY", scheme=new
    )
    for code in limited:
        await bookkeeping.open_account(
            session,
            actor=manager,
            moment=moment,
            pool=pool,
            code=code,
            name=code,
            normal_side=Side.debit,
            limit_side=Side.credit if code in ("a", "b") else None,
        )
    return pool


async def open_book(unit: Unit, api: Api) -> tuple[Pool, dict[str, LedgerAccount]]:
    """A pool with two further cash accounts that may not be overdrawn."""
    pool = await open_pool(unit.session, unit.moment, api.actor("pool_manager"), ("a", "b"))
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


async def test_holds_count_against_the_limit(unit: Unit, api: Api) -> None:
    """POL-05: on 5 000 five holds of 1 000 pass and the sixth is refused."""
    pool, accounts = await open_book(unit, api)
    paid = wanted(
        debit_account_id=accounts["a"].id, credit_account_id=accounts["interest"].id, amount=Money(5_000)
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
            "credit_account_id": str(accounts["interest"].id),
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
        "credit_account_id": str(accounts["interest"].id),
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
        "UPDATE commitments SET ip_share_bp = 1",
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
    good = ledger.NewTransfer(accounts["a"].id, accounts["interest"].id, 100, "x", "pool", pool.id)
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
