"""Whose money every posting moves, in the database, against a model that knows only first in first out."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.money import Money
from app.domain.permission import system_actor
from app.domain.pool import SourceType
from app.queries import integrity, ledger as ledger_queries, pools as pool_queries
from app.services import events, funds, ledger, pools
from tests.factories.pledges import scheme
from tests.support.api import Api
from tests.support.database import SavepointDatabase

OWN, CENTRAL, CITY = "interest", "contributions.1", "contributions.2"
EARMARKED = {CENTRAL}


@dataclass
class Model:
    """By tranche, in the order of booking: the account of its source and what is left."""

    left: dict[uuid.UUID, tuple[str, int]] = field(default_factory=dict)
    moved: dict[uuid.UUID, dict[uuid.UUID, int]] = field(default_factory=dict)

    def balance(self, *sources: str) -> int:
        return sum(fen for source, fen in self.left.values() if not sources or source in sources)

    def move(self, transfer: uuid.UUID, parts: dict[uuid.UUID, int]) -> None:
        for tranche, fen in parts.items():
            source, left = self.left[tranche]
            self.left[tranche] = (source, left + fen)
        self.moved[transfer] = parts

    def come_in(self, transfer: uuid.UUID, source: str, fen: int) -> None:
        self.left[transfer] = (source, 0)
        self.move(transfer, {transfer: fen})

    def go_out(self, transfer: uuid.UUID, fen: int, only: str | None = None) -> None:
        parts: dict[uuid.UUID, int] = {}
        plain = [one for one, (source, _) in self.left.items() if source not in EARMARKED]
        rest = [one for one, (source, _) in self.left.items() if source in EARMARKED]
        for tranche in [*plain, *rest]:
            source, left = self.left[tranche]
            part = min(fen, left) if only in (None, source) else 0
            if part:
                parts[tranche] = -part
                fen -= part
        assert fen == 0
        self.move(transfer, parts)

    def reverse(self, transfer: uuid.UUID, original: uuid.UUID) -> bool:
        parts = {tranche: -fen for tranche, fen in self.moved[original].items()}
        if any(self.left[tranche][1] + fen < 0 for tranche, fen in parts.items()):
            return False
        self.move(transfer, parts)
        return True


class Play:
    """Random postings of one to four transfers, each told to the model as well."""

    def __init__(self, seed: int, accounts: dict[str, uuid.UUID], pool_id: uuid.UUID) -> None:
        self.dice, self.accounts, self.pool_id = random.Random(seed), accounts, pool_id
        self.model = Model()
        self.open: dict[uuid.UUID, ledger.NewTransfer] = {}

    def _new(self, debit: str, credit: str, fen: int, **changes: Any) -> ledger.NewTransfer:
        made = ledger.NewTransfer(
            self.accounts[debit], self.accounts[credit], fen, "示例", "pool", self.pool_id, **changes
        )
        self.open[made.id] = made
        return made

    def transfer(self) -> ledger.NewTransfer:
        """One more: in for a source, spent, returned to a source, or the reversal of an earlier one."""
        kind = self.dice.choice(("in", "in", "spend", "return", "reverse"))
        fen = self.dice.randint(1, 5_000)
        if kind == "spend" and self.model.balance():
            made = self._new("fees", "cash", min(fen, self.model.balance()))
            self.model.go_out(made.id, made.amount_fen)
            return made
        if kind == "return" and (whole := self.model.balance(CITY)):
            made = self._new(CITY, "cash", min(fen, whole))
            self.model.go_out(made.id, made.amount_fen, only=CITY)
            return made
        if kind == "reverse" and self.open:
            original = self.open.pop(self.dice.choice(sorted(self.open)))
            reversal = ledger.NewTransfer(
                original.credit_account_id,
                original.debit_account_id,
                original.amount_fen,
                "示例冲销",
                "pool",
                self.pool_id,
                reverses_id=original.id,
            )
            if self.model.reverse(reversal.id, original.id):
                return reversal
        source = self.dice.choice((OWN, CENTRAL, CITY))
        made = self._new("cash", source, fen)
        self.model.come_in(made.id, source, fen)
        return made


@pytest.mark.parametrize("seed", range(4))
async def test_every_account_is_the_sum_of_its_money_after_every_posting(
    api: Api, database: SavepointDatabase, seed: int
) -> None:
    """POL-25, UNI-32: tranches as the model has them, sums as the ledger has them, at every step."""
    made = await api.made("pool_manager", "/v1/pools", {"name": "示例资金池", "scheme": scheme()})
    pool_id = uuid.UUID(made["id"])
    manager = api.actor("pool_manager")
    async with database.write() as unit:
        for source_type, kinds in ((SourceType.central, ["patent"]), (SourceType.city, None)):
            new = funds.NewSource(source_type, "示例", date(2019, 1, 1), Money(10**9), eligible_ip=kinds)
            await funds.add_source(unit.session, actor=manager, moment=unit.moment, pool_id=pool_id, new=new)
        accounts = {one.code: one.id for one in await ledger_queries.accounts(unit.session, pool_id)}
    play = Play(seed, accounts, pool_id)
    for _ in range(12):
        transfers = [play.transfer() for _ in range(play.dice.randint(1, 4))]
        await post(database, pool_id, transfers)
        async with database.read() as unit:
            rows = await unit.session.execute(
                text("SELECT transfer_id, remaining_fen FROM fund_tranches WHERE pool_id = :id"),
                {"id": pool_id},
            )
            assert {row.transfer_id: row.remaining_fen for row in rows} == {
                one: fen for one, (_, fen) in play.model.left.items()
            }
            found = await integrity.findings(unit.session)
            assert [one for one in found if one.check.startswith(("fund.", "ledger.t"))] == []


async def post(database: SavepointDatabase, pool_id: uuid.UUID, transfers: list[ledger.NewTransfer]) -> None:
    async with database.write() as unit:
        session, moment = unit.session, unit.moment
        pool = await pool_queries.lock(session, pool_id)
        event = events.NewEvent(
            type="transfer.posted", noun="pool", subject_id=pool_id, stream=pool.district_code, payload={}
        )
        await events.record(session, actor=system_actor("test"), moment=moment, events=[event])
        await ledger.post(
            session, moment=moment, book=pools.book(pool), transfers=transfers, event_id=event.id
        )
        await funds.attribute(session, moment=moment, pool=pool, transfers=transfers, event_id=event.id)
