"""`/v1/pools/{id}/…` over HTTP: breakers per bank, distance, exposure and reports (RP-13, RP-21, UNI-35)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain.claim import ClaimStatus
from app.domain.permission import system_actor
from app.models.event import Event
from app.services import jobs
from tests.factories.assets import make_asset
from tests.factories.claims import (
    TODAY,
    classification,
    document,
    make_claim,
    make_cover,
    make_loan,
    money,
    pay,
    subjects,
)
from tests.factories.pledges import filing, make_pool, scheme
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told

TOMORROW = TODAY + timedelta(days=1)


async def make_rights(api: Api, database: SavepointDatabase, count: int) -> list[uuid.UUID]:
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        return [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]


async def classify(
    api: Api, pledge: dict[str, Any], *given: Any, bank: str = "bank_a", **changes: Any
) -> None:
    await api.made(bank, f"/v1/pledges/{pledge['id']}/classifications", classification(*given, **changes))


async def banks(api: Api, role: str, pool: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """By bank: what stands, the ratio, and what it calls for."""
    found = (await api.get(role, f"/v1/pools/{pool['id']}/banks")).json()
    return {one["bank_id"]: (one["status"], one["npl_ratio"], one["called_for"]) for one in found}


def bank_id(api: Api, role: str) -> str:
    return str(api.samples[role].organisation.id)


async def risk(api: Api, pool: dict[str, Any], role: str = "finance_office", **params: Any) -> dict[str, Any]:
    response = await api.get(role, f"/v1/pools/{pool['id']}/risk", **params)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_each_bank_has_a_breaker_of_its_own(api: Api, database: SavepointDatabase) -> None:
    """RP-13: bank_a at 5.00 % is suspended; bank_b and the pool are not touched."""
    first, second, third, fourth = await make_rights(api, database, 4)
    pool = await make_pool(api, paid_in="30000000.00")
    bad = await make_loan(api, pool, first, principal="6000000.00")
    await make_loan(api, pool, second, principal="114000000.00")
    await make_loan(api, pool, third, principal="120000000.00", bank="bank_b")
    a, b = bank_id(api, "bank_a"), bank_id(api, "bank_b")
    await classify(api, bad, "6000000.00")
    assert (await banks(api, "finance_office", pool))[a] == ("suspended", "5.0000", "suspended")

    path = f"/v1/pools/{pool['id']}"
    shown = (await api.get("finance_office", path)).json()
    assert (shown["status"], shown["risk"]["npl_ratio"]) == ("active", "2.5000")
    assert (await banks(api, "finance_office", pool))[b] == ("active", "0.0000", "active")
    assert (await banks(api, "bank_a", pool)).keys() == {a}
    assert (await banks(api, "bank_b", pool)).keys() == {b}
    for role in ("bank_a", "pool_manager", "finance_office"):
        assert await subjects(api, role, "bank_breaker_changed") == [pool["id"]], role
    assert await subjects(api, "bank_b", "bank_breaker_changed") == []
    async with database.read() as unit:
        [changed] = await unit.session.scalars(select(Event).where(Event.type == "pool.bank_breaker_changed"))
    assert uuid.UUID(b) not in changed.audience

    owner = api.samples["sme"].organisation.party_id
    new = filing(owner, [fourth], pool_id=pool["id"], principal=money("1000.00"))
    await api.made("bank_b", "/v1/pledges", new)


async def test_a_bank_warns_a_fen_below_its_line(api: Api, database: SavepointDatabase) -> None:
    """RP-13: 599.99 万 of 12,000 万 is 4.9999 % and warns; 600.00 万 suspends."""
    first, second, third = await make_rights(api, database, 3)
    pool = await make_pool(api, paid_in="30000000.00")
    small = await make_loan(api, pool, first, principal="5999900.00")
    more = await make_loan(api, pool, second, principal="100.00")
    await make_loan(api, pool, third, principal="114000000.00")
    a = bank_id(api, "bank_a")
    await classify(api, small, "5999900.00")
    assert (await banks(api, "pool_manager", pool))[a] == ("warning", "4.9999", "warning")
    away = await risk(api, pool)
    assert away["distance"]["npl_to_suspend"] == money("100.00")
    assert away["distance"]["npl_to_warn"] == money("0.00")
    assert away["banks"][0]["npl_to_suspend"] == money("100.00")
    await classify(api, more, "100.00")
    assert (await banks(api, "pool_manager", pool))[a] == ("suspended", "5.0000", "suspended")


async def test_a_bank_is_released_by_document_once_its_loans_are_good(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13: by the finance office alone, below the line that warns, of that bank alone."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00")
    bad = await make_loan(api, pool, first, principal="40000.00")
    await make_loan(api, pool, second, principal="960000.00", bank="bank_b")
    await classify(api, bad, "40000.00")
    a = bank_id(api, "bank_a")
    assert (await banks(api, "bank_a", pool))[a] == ("suspended", "100.0000", "suspended")
    path = f"/v1/pools/{pool['id']}/banks"
    body = {"document_id": await document(api, "finance_office"), "reason": "不良贷款已化解"}
    release = f"{path}/{a}/release"
    assert told(await api.post("finance_office", release, body)) == (409, "pool.bank_release_too_early")
    await classify(api, bad, "40000.00", loan_class="attention", overdue_days=0)
    assert (await banks(api, "bank_a", pool))[a] == ("suspended", "0.0000", "active")
    assert told(await api.post("pool_manager", release, body)) == (403, "auth.denied")
    other = f"{path}/{bank_id(api, 'bank_b')}/release"
    assert told(await api.post("finance_office", other, body)) == (409, "pool.bank_not_suspended")
    nobody = f"{path}/{uuid.uuid4()}/release"
    assert told(await api.post("finance_office", nobody, body)) == (404, "pool.bank_not_found")
    unseen = body | {"document_id": str(uuid.uuid4())}
    assert told(await api.post("finance_office", release, unseen)) == (404, "document.not_found")

    released = await api.post("finance_office", release, body)
    assert (released.status_code, released.json()["status"]) == (200, "active")
    assert told(await api.post("finance_office", release, body)) == (409, "pool.bank_not_suspended")
    assert len(await subjects(api, "bank_a", "bank_breaker_changed")) == 2
    await classify(api, bad, "40000.00")
    assert (await banks(api, "bank_a", pool))[a][0] == "suspended"


async def test_the_risk_of_a_day_is_what_the_breaker_saw(api: Api, database: SavepointDatabase) -> None:
    """RP-13: today as the pool shows it; on a past day what had happened by then; nothing of the future."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00")
    bad = await make_loan(api, pool, first, principal="400000.00")
    await make_loan(api, pool, second, principal="600000.00", bank="bank_b")
    await classify(api, bad, "300000.00")
    now = await risk(api, pool)
    shown = (await api.get("finance_office", f"/v1/pools/{pool['id']}")).json()
    assert (now["npl_ratio"], now["status"]) == (shown["risk"]["npl_ratio"], shown["status"])
    assert now["npl_ratio"] == "33.3333"
    assert now["outstanding"] == money("900000.00")
    assert now["capacity"]["leverage_used"] == "0.9000"
    assert {key: now["capacity"][key] for key in ("available", "limit", "free")} == {
        key: shown["capacity"][key] for key in ("available", "limit", "free")
    }
    yesterday = await risk(api, pool, on=str(TODAY - timedelta(days=1)))
    assert (yesterday["npl_ratio"], yesterday["outstanding"], yesterday["banks"]) == (
        "0.0000",
        money("0.00"),
        [],
    )
    assert (yesterday["status"], yesterday["paid_in"]) == (None, money("1000000.00"))
    before_it_was_known = await risk(api, pool, as_of="2019-06-01T00:00:00Z")
    assert before_it_was_known["paid_in"] == money("0.00")
    path = f"/v1/pools/{pool['id']}/risk"
    assert told(await api.get("finance_office", path, on=str(TOMORROW))) == (422, "request.date_in_future")
    late = await api.get("finance_office", path, as_of="2999-01-01T00:00:00Z")
    assert told(late) == (422, "statistic.as_of_in_future")
    for role in ("bank_a", "ip_office"):
        assert told(await api.get(role, path)) == (404, "pool.not_found"), role


async def test_the_exposure_map_sums_to_the_ledger(api: Api, database: SavepointDatabase) -> None:
    """UNI-35: by bank 50, 30 and 20 % make an index of 3,800 by group; nothing is missing in any grouping."""
    rights = await make_rights(api, database, 3)
    pool = await make_pool(api, paid_in="1000000.00")
    await make_loan(api, pool, rights[0], principal="700000.00")
    await make_loan(api, pool, rights[1], principal="300000.00", bank="bank_b")
    path = f"/v1/pools/{pool['id']}/exposure"
    shown = (await api.get("pool_manager", path)).json()
    assert [(row["values"]["bank"]["id"], row["share"]) for row in shown["rows"]] == [
        (bank_id(api, "bank_a"), "70.0000"),
        (bank_id(api, "bank_b"), "30.0000"),
    ]
    assert shown["hhi"] == {"bank": 5_800, "industry": 10_000, "appraiser": 10_000, "agency": 10_000}
    assert shown["covered"] == money("1000000.00")
    capacity = (await api.get("pool_manager", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert capacity["outstanding"] == shown["covered"]
    [group] = shown["connected"]
    assert (len(group["borrowers"]), group["share"]) == (1, "100.0000")
    every = (await api.get("pool_manager", path, by=["agency", "bank", "industry", "appraiser"])).json()
    assert [row["values"]["appraiser"] for row in every["rows"]] == [None, None]
    assert [row["covered"] for row in every["rows"]] == [money("700000.00"), money("300000.00")]
    assert told(await api.get("bank_a", path)) == (404, "pool.not_found")
    assert told(await api.get("pool_manager", path, by="colour")) == (422, "request.malformed")


async def test_a_report_ties_with_the_books(api: Api, database: SavepointDatabase) -> None:
    """RP-21: enrolments of the quarter by bank, how the loans stand, and a period before it with none."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00")
    bad = await make_loan(api, pool, first, principal="400000.00")
    await make_loan(api, pool, second, principal="600000.00", bank="bank_b")
    await classify(api, bad, "300000.00")
    path = f"/v1/pools/{pool['id']}/report"
    quarter = f"{TODAY.year}Q{(TODAY.month + 2) // 3}"
    shown = (await api.get("pool_manager", path, period=quarter)).json()
    assert shown["last"] == str(TODAY)
    assert (shown["total"]["enrolled"], shown["total"]["enrolled_principal"]) == (2, money("1000000.00"))
    assert shown["total"]["npl_ratio"] == "33.3333"
    assert [row["enrolled"] for row in shown["banks"]] == [1, 1]
    assert shown["total"]["paid"] == money("0.00")
    month = (await api.get("pool_manager", path, period=f"{TODAY:%Y-%m}")).json()
    assert month["total"] == shown["total"]
    early = (await api.get("pool_manager", path, period="2019-01")).json()
    assert (early["total"]["enrolled"], early["banks"]) == (0, [])
    assert early["capacity"]["available"] == money("1000000.00")
    refused = await api.get("pool_manager", path, period="2021-13")
    assert told(refused) == (422, "pool.report_period_invalid")
    assert told(await api.get("bank_a", path, period=quarter)) == (404, "pool.not_found")


async def test_a_payout_stays_a_bad_loan_and_shows_in_the_report(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13, RP-21: read by day, as by status, until it is recovered; report and account tell the same."""
    pool, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    assert claim["status"] == ClaimStatus.paid
    now = await risk(api, pool)
    shown = (await api.get("finance_office", f"/v1/pools/{pool['id']}")).json()
    assert (now["npl_ratio"], now["paid_ratio"]) == (shown["risk"]["npl_ratio"], shown["risk"]["paid_ratio"])
    assert now["npl_ratio"] == "100.0000"
    path = f"/v1/pools/{pool['id']}/report"
    told_ = (await api.get("treasury", path, period=f"{TODAY:%Y-%m}")).json()
    assert (told_["total"]["payouts"], told_["total"]["paid"]["amount"]) == (1, claim["paid"]["amount"])
    assert told_["banks"][0]["paid"] == told_["total"]["paid"]
    assert told_["total"]["covered"] == money("0.00")


async def test_the_daily_job_looks_at_banks_too(api: Api, database: SavepointDatabase) -> None:
    """RP-13: a stricter scheme suspends on its first day, the bank as the pool; a second look changes nothing."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00")
    bad = await make_loan(api, pool, first, principal="20000.00")
    await make_loan(api, pool, second, principal="980000.00")
    await classify(api, bad, "20000.00")
    a = bank_id(api, "bank_a")
    assert (await banks(api, "bank_a", pool))[a][0] == "active"
    strict = scheme(npl_warn_bp=100, npl_suspend_bp=200, effective_from=str(TOMORROW))
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/schemes", strict)
    for changed in (1, 0):
        async with database.write() as unit:
            moment = replace(unit.moment, today=TOMORROW)
            job = jobs.JOBS["evaluate_breakers"]
            assert await job(unit.session, system_actor("job"), moment) == {"changed": changed}
    assert (await banks(api, "bank_a", pool))[a][0] == "suspended"


@pytest.mark.parametrize("status", ["warning", "suspended"])
async def test_a_warning_of_a_bank_ends_by_itself_a_suspension_does_not(
    api: Api, database: SavepointDatabase, status: str
) -> None:
    """RP-13."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00")
    bad = await make_loan(api, pool, first, principal="40000.00")
    await make_loan(api, pool, second, principal="960000.00")
    await classify(api, bad, "40000.00")
    a = bank_id(api, "bank_a")
    async with database.write() as unit:
        await unit.session.execute(text("UPDATE bank_breakers SET status = :s"), {"s": status})
    await classify(api, bad, "40000.00", loan_class="attention", overdue_days=0)
    after = (await banks(api, "bank_a", pool))[a][0]
    assert after == {"warning": "active", "suspended": "suspended"}[status]
