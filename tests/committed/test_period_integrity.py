"""OPS-02: each invariant of periods, bank statements and interest finds the fault it is there for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.permission import system_actor
from app.infra.db import owner_connection
from app.infra.security import TokenIssuer
from app.queries import integrity
from app.services import interest
from tests.factories.clock import now
from tests.factories.periods import CHECKER, MAKER, close_period, make_document
from tests.factories.pledges import make_pool
from tests.support.instance import Instance, instance

FAULTS = {
    "district.periods": "UPDATE periods SET district_code = '120116'",
    "district.bank_statements": "UPDATE bank_statements SET district_code = '120116'",
    "district.bank_statement_lines": "UPDATE bank_statement_lines SET district_code = '120116'",
    "district.interest_rates": "UPDATE interest_rates SET district_code = '120116'",
    "period.balances_follow_entries": "UPDATE period_balances SET debits_posted = debits_posted + 1",
    "period.closed_by_another": "DELETE FROM approvals WHERE step = 'check'",
    "bank_statement.adds_up": "UPDATE bank_statements SET closing_fen = closing_fen + 1",
    "bank_statement.lines_are_the_money": "UPDATE bank_statement_lines SET amount_fen = -amount_fen",
    "interest.accrues_exactly": "UPDATE interest_accruals SET carry = carry + 1",
    "interest.booked_as_accrued": "UPDATE interest_accruals SET accrued_fen = accrued_fen + 1",
}


async def _make(stage: Instance) -> None:
    """A pool with a matched statement, a closed month, and some days of interest."""
    pool = await make_pool(stage.api, paid_in="1000000.00")
    path = f"/v1/pools/{pool['id']}"
    rate = {"rate_ppm": 15_000, "day_count": "actual_actual", "effective_from": str(now().today)}
    await stage.api.made(MAKER, f"{path}/interest-rates", rate)
    content = b"date,amount\n2019-01-02,1000000.00\n2019-01-20,-3.00\n2019-01-21,3.00\n"
    statement = {
        "document_id": await make_document(stage.api, MAKER, content),
        "opening": {"amount": "0.00", "currency": "CNY"},
        "ends_on": "2019-01-31",
    }
    made = await stage.api.made(MAKER, f"{path}/bank-statements", statement)
    lines = (await stage.api.get(MAKER, f"{path}/bank-statements/{made['id']}/lines")).json()["items"]
    for line in lines[1:]:
        explained = f"{path}/bank-statements/{made['id']}/lines/{line['id']}/explanation"
        await stage.api.made(CHECKER, explained, {"reason": "误扣后退回"})
    await close_period(stage.api, pool, "2019-01")
    for day in range(1, 4):
        async with stage.database.write() as unit:
            moment = replace(unit.moment, today=now().today + timedelta(days=day))
            await interest.accrue_due(unit.session, actor=system_actor("test"), moment=moment)


@pytest.mark.committed
async def test_each_invariant_of_periods_names_its_own_fault(server_url: str, tokens: TokenIssuer) -> None:
    """A sound database has no findings; each seeded fault is found under its name."""
    async with instance(server_url, "periods", tokens, pool_size=2, read_pool_size=2) as stage:
        await _make(stage)
        async with stage.database.read() as unit:
            assert await integrity.findings(unit.session) == []
        async with owner_connection(stage.url) as connection:
            await connection.execute(text("SET session_replication_role = replica"))
            for name, fault in FAULTS.items():
                savepoint = await connection.begin_nested()
                await connection.execute(text(fault))
                query = next(check.broken for check in integrity.CHECKS if check.name == name)
                assert (await connection.execute(text(query))).first() is not None, name
                await savepoint.rollback()
