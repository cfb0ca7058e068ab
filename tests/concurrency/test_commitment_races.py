"""Approvals and filings of several banks side by side, and what direct SQL may do to a commitment."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.queries import integrity
from tests.factories.assets import make_asset
from tests.factories.commitments import APPLICATIONS, reserving
from tests.factories.finance import application, organisation_id, party_id, yuan
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance

pytestmark = pytest.mark.committed

BANKS = ("bank_a", "bank_b")
LOAN = "500000.00"


async def make_rights(stage: Instance, count: int) -> list[str]:
    """Committed patents of the sample firm."""
    owner = uuid.UUID(party_id(stage.api, "sme"))
    async with stage.database.write() as unit:
        return [str((await make_asset(unit.session, owners=[owner])).id) for _ in range(count)]


async def under_review(stage: Instance, right: str, bank: str) -> str:
    """The address of an application that the bank reviews."""
    body = application(stage.api, right, bank_id=organisation_id(stage.api, bank))
    made = await stage.api.made("sme", APPLICATIONS, body)
    await stage.api.made(bank, f"{APPLICATIONS}/{made['id']}/review", None)
    return f"{APPLICATIONS}/{made['id']}"


def filed(stage: Instance, pool: dict[str, Any], right: str, bank: str, principal: str = LOAN) -> Any:
    """A filing under the pool, not yet sent."""
    body = filing(party_id(stage.api, "sme"), [right], pool_id=pool["id"], principal=yuan(principal))
    return stage.api.post(bank, "/v1/pledges", body)


def told(answers: list[httpx.Response]) -> Counter[str]:
    """How often each outcome came."""
    return Counter("done" if one.is_success else one.json()["code"] for one in answers)


async def sound(stage: Instance) -> bool:
    """Whether nothing is amiss in all the books."""
    async with stage.database.read() as unit:
        return await integrity.findings(unit.session) == []


async def reserved(stage: Instance) -> int:
    """What live commitments reserve together, in fen."""
    live = "SELECT sum(outstanding_fen)::bigint FROM commitments WHERE status IN ('reserved', 'committed')"
    found: int | None = await stage.owner.fetchval(live)
    return found or 0


async def test_approvals_and_filings_of_two_banks_fill_the_pool_and_never_pass_it(stage: Instance) -> None:
    """UNI-09, POL-13: fifty at once, twenty fit; then the last ten fen, and not one more."""
    rights = await make_rights(stage, 53)
    pool = await make_pool(stage.api, paid_in="1000000.01")
    reviewed = [
        (await under_review(stage, right, BANKS[n % 2]), BANKS[n % 2]) for n, right in enumerate(rights[:20])
    ]
    approvals = [stage.api.post(bank, f"{path}/decision", reserving(pool, LOAN)) for path, bank in reviewed]
    filings = [filed(stage, pool, right, BANKS[n % 2]) for n, right in enumerate(rights[20:50])]
    mixed = [one for pair in zip(approvals, filings, strict=False) for one in pair] + filings[20:]
    assert told(await asyncio.gather(*mixed)) == {"done": 20, "pool.capacity_exceeded": 30}
    assert await reserved(stage) == 20 * 50_000_000
    assert told([await filed(stage, pool, rights[50], "bank_a", "0.11")]) == {"pool.capacity_exceeded": 1}
    last = await asyncio.gather(*(filed(stage, pool, right, "bank_b", "0.10") for right in rights[51:]))
    assert told(last) == {"done": 1, "pool.capacity_exceeded": 1}
    assert await reserved(stage) == 20 * 50_000_000 + 10
    assert await sound(stage)


async def test_filings_under_a_cap_per_bank_fill_it_and_never_pass_it(stage: Instance) -> None:
    """POL-14: each bank's own, whatever the pool could carry."""
    rights = await make_rights(stage, 16)
    pool = await make_pool(stage.api, bank_cap=yuan("1500000.00"))
    answers = await asyncio.gather(
        *(filed(stage, pool, right, BANKS[n % 2]) for n, right in enumerate(rights))
    )
    assert told(answers) == {"done": 6, "pool.bank_cap_exceeded": 10}
    assert await reserved(stage) == 6 * 50_000_000


async def test_a_reservation_is_confirmed_or_given_back_once(stage: Instance) -> None:
    """UNI-09: a withdrawal beside filings on the application: one of them wins, capacity is counted once."""
    rights = await make_rights(stage, 4)
    pool = await make_pool(stage.api, paid_in="50000.00")
    path = await under_review(stage, rights[0], "bank_a")
    approved = await stage.api.made("bank_a", f"{path}/decision", reserving(pool, LOAN))
    body = {"pool_id": pool["id"], "principal": yuan(LOAN), "application_id": approved["id"]}
    sent = [
        stage.api.post("bank_a", "/v1/pledges", filing(party_id(stage.api, "sme"), [right], **body))
        for right in rights
    ]
    answers = await asyncio.gather(*sent, stage.api.post("sme", f"{path}/withdrawal", None))
    assert told(answers) == {"done": 1, "state.illegal_transition": 4}
    assert await reserved(stage) == (0 if answers[-1].is_success else 50_000_000)
    assert await sound(stage)


INSERT = """
WITH moved AS (
  INSERT INTO ledger_transfers (ledger_id, id, district_code, kind, debit_account_id, credit_account_id,
    currency, amount_fen, posting_id, position, code, business_noun, business_id, occurred_on, booked_on,
    adjustment, event_id, recorded_at)
  SELECT p.id, gen_random_uuid(), p.district_code, 'pending', d.id, c.id, 'CNY', :fen, gen_random_uuid(), 0,
    'commitment', 'pledge', l.id, l.filed_on, l.filed_on, false, l.event_id, now()
  FROM pools p JOIN ledger_accounts d ON d.ledger_id = p.id AND d.code = 'memo.covered'
  JOIN ledger_accounts c ON c.ledger_id = p.id AND c.code = 'memo.cover_obligation', pledges l
  WHERE p.id = :pool_id AND l.id = :pledge_id
  RETURNING *
)
INSERT INTO commitments (id, district_code, pool_id, scheme_id, pledge_id, bank_id, borrower_id, transfer_id,
  principal_fen, ip_share_bp, covered_fen, outstanding_fen, status, committed_on, event_id, recorded_at)
SELECT gen_random_uuid(), m.district_code, m.ledger_id, s.id, l.id, l.organisation_id, l.borrower_id, m.id,
  m.amount_fen, 10000, m.amount_fen, m.amount_fen, 'committed', l.filed_on, m.event_id, now()
FROM moved m JOIN schemes s ON s.pool_id = m.ledger_id JOIN pledges l ON l.id = m.business_id
"""
"""A commitment by hand, backed as it must be."""


async def uncovered(stage: Instance) -> str:
    """A pledge that no pool covers."""
    (right,) = await make_rights(stage, 1)
    body = filing(party_id(stage.api, "sme"), [right])
    return str((await stage.api.made("bank_a", "/v1/pledges", body))["id"])


async def insert(stage: Instance, pool: dict[str, Any], pledge_id: str, fen: int) -> None:
    """Commit by direct SQL of the application's role."""
    given = {"pool_id": uuid.UUID(pool["id"]), "pledge_id": uuid.UUID(pledge_id), "fen": fen}
    async with stage.database.write() as unit:
        await unit.session.execute(text(INSERT), given)


VOID_ALL = """
INSERT INTO ledger_transfers (ledger_id, id, district_code, kind, debit_account_id, credit_account_id,
  currency, amount_fen, resolves_id, posting_id, position, code, business_noun, business_id, occurred_on,
  booked_on, adjustment, event_id, recorded_at)
SELECT ledger_id, gen_random_uuid(), district_code, 'void', debit_account_id, credit_account_id, currency,
  amount_fen, id, gen_random_uuid(), position, code, business_noun, business_id, occurred_on, booked_on,
  adjustment, event_id, now()
FROM ledger_transfers t WHERE kind = 'pending'
  AND NOT EXISTS (SELECT 1 FROM ledger_transfers r WHERE r.resolves_id = t.id)
"""
ON_A_DEAD_TRANSFER = INSERT[INSERT.index("INSERT INTO commitments") :].replace(
    "FROM moved m", "FROM ledger_transfers m"
) + (" WHERE m.kind = 'pending' AND m.ledger_id = :pool_id")


async def test_a_commitment_is_not_made_on_a_transfer_that_is_resolved(stage: Instance) -> None:
    """POL-13: its amount is no longer counted in what the pool has committed, so it backs nothing."""
    pool, pledge = await make_pool(stage.api), await uncovered(stage)
    moved = INSERT[: INSERT.index(")\nINSERT INTO commitments")].removeprefix("\nWITH moved AS (")
    given = {"pool_id": uuid.UUID(pool["id"]), "pledge_id": uuid.UUID(pledge), "fen": 100_000}
    async with stage.database.write() as unit:
        await unit.session.execute(text(moved), given)
    async with stage.database.write() as unit:
        await unit.session.execute(text(VOID_ALL))
    del given["fen"], given["pledge_id"]
    with pytest.raises(Exception, match="not backed by a pending transfer"):
        async with stage.database.write() as unit:
            await unit.session.execute(text(ON_A_DEAD_TRANSFER), given)


FORGED = {
    "another bank's": ("l.organisation_id", "p_b.id", "ck_commitments_of_its_case"),
    "another borrower's": ("l.borrower_id", "p_b.party_id", "ck_commitments_of_its_case"),
    "a larger principal": ("m.amount_fen, 10000", "m.amount_fen + 1, 10000", "ck_commitments_ip_share"),
    "a scheme to come": (
        "'committed', l.filed_on",
        "'committed', date '1990-01-01'",
        "ck_commitments_scheme",
    ),
}


@pytest.mark.parametrize(("part", "instead", "constraint"), FORGED.values(), ids=FORGED)
async def test_a_commitment_is_of_its_pledge_and_of_the_scheme_in_effect(
    stage: Instance, part: str, instead: str, constraint: str
) -> None:
    """POL-14, RP-03: caps per bank and borrower cannot be passed by by naming another."""
    pool, pledge = await make_pool(stage.api), await uncovered(stage)
    before, after = INSERT.split("INSERT INTO commitments")
    other = uuid.UUID(organisation_id(stage.api, "bank_b"))
    forged = f"{before}INSERT INTO commitments{after.replace(part, instead)}, organisations p_b WHERE p_b.id = :other"
    given = {"pool_id": uuid.UUID(pool["id"]), "pledge_id": uuid.UUID(pledge), "fen": 100_000, "other": other}
    with pytest.raises(Exception, match=constraint):
        async with stage.database.write() as unit:
            await unit.session.execute(text(forged), given)


async def test_the_database_itself_keeps_to_the_capacity(stage: Instance) -> None:
    """RP-05 by direct SQL: 5,000 万 x 10, outstanding 49,800 万: 200.01 万 is refused, 200 万 accepted."""
    (right,) = await make_rights(stage, 1)
    pool = await make_pool(stage.api, paid_in="50000000.00")
    assert (await filed(stage, pool, right, "bank_a", "498000000.00")).is_success
    pledge = await uncovered(stage)
    with pytest.raises(Exception, match="ck_commitments_capacity"):
        await insert(stage, pool, pledge, 200_010_000)
    await insert(stage, pool, pledge, 200_000_000)
    assert await reserved(stage) == 50_000_000_000
    assert await sound(stage)


SUSPENDED_BANK = """
INSERT INTO bank_breakers (id, district_code, pool_id, bank_id, status, event_id, recorded_at, version)
SELECT gen_random_uuid(), p.district_code, p.id, l.organisation_id, 'suspended', p.event_id, now(), 1
FROM pools p, pledges l
"""
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "ck_commitments_household_cap": ({"household_cap": yuan("999.99")}, ""),
    "ck_commitments_bank_cap": ({"bank_cap": yuan("999.99")}, ""),
    "ck_commitments_industry_cap": ({"industry_cap": yuan("1000000.00")}, ""),
    "ck_commitments_pool_open": ({}, "UPDATE pools SET status = 'suspended'"),
    "ck_commitments_bank_open": ({}, SUSPENDED_BANK),
}


@pytest.mark.parametrize("constraint", REFUSED)
async def test_the_database_itself_keeps_to_caps_and_breakers(stage: Instance, constraint: str) -> None:
    """POL-14, RP-13: they hold for whoever writes; what reaches a cap passes."""
    terms, statement = REFUSED[constraint]
    pool = await make_pool(stage.api, **terms)
    pledge = await uncovered(stage)
    if statement:
        await stage.owner.execute(statement)
    with pytest.raises(Exception, match=constraint):
        await insert(stage, pool, pledge, 100_000)
    if constraint in {"ck_commitments_household_cap", "ck_commitments_bank_cap"}:
        await insert(stage, pool, pledge, 99_999)


CHANGES = {
    "it rises": ("UPDATE commitments SET outstanding_fen = covered_fen", "does not fall with its transfer"),
    "it falls by itself": ("UPDATE commitments SET outstanding_fen = 1", "does not fall with its transfer"),
    "it lapses": ("UPDATE commitments SET status = 'excluded'", "does not go from committed to excluded"),
    "it ends by itself": ("UPDATE commitments SET status = 'released'", "its transfer is pending"),
    "what is frozen": ("UPDATE commitments SET ip_share_bp = 1", "permission denied"),
    "its principal": ("UPDATE commitments SET principal_fen = principal_fen - 1", "keeps the principal"),
    "its scheme": ("UPDATE commitments SET scheme_id = scheme_id", "permission denied"),
    "it goes": ("DELETE FROM commitments", "permission denied"),
}


@pytest.mark.parametrize(("statement", "refusal"), CHANGES.values(), ids=CHANGES)
async def test_a_commitment_falls_with_its_transfer_and_along_its_states_only(
    stage: Instance, statement: str, refusal: str
) -> None:
    """RP-03, RP-06, POL-13: not even direct SQL of the application's role changes it otherwise."""
    pool = await make_pool(stage.api)
    await insert(stage, pool, await uncovered(stage), 100_000)
    await stage.owner.execute("SET session_replication_role = replica")
    await stage.owner.execute("UPDATE commitments SET outstanding_fen = 50000")
    await stage.owner.execute("SET session_replication_role = DEFAULT")
    with pytest.raises(Exception, match=refusal):
        async with stage.database.write() as unit:
            await unit.session.execute(text(statement))
