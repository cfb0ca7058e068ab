"""`/v1/pledges/{id}/classifications` over HTTP, and the breaker that follows them (RP-13)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain.permission import system_actor
from app.models.event import Event
from app.services import jobs
from tests.factories.assets import make_asset
from tests.factories.claims import (
    TODAY,
    claiming,
    classification,
    document,
    make_cover,
    make_loan,
    money,
    publicise,
    subjects,
)
from tests.factories.pledges import SHARES, filing, make_pool, scheme
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import pointers, told

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


async def make_rights(api: Api, database: SavepointDatabase, count: int) -> list[uuid.UUID]:
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        return [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]


async def classify(api: Api, pledge: dict[str, Any], *given: Any, **changes: Any) -> dict[str, Any]:
    body = classification(*given, **changes)
    return await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", body)


async def status(api: Api, pool: dict[str, Any]) -> tuple[str, str, str]:
    """Status, NPL ratio and what the ratios alone call for."""
    shown = (await api.get("finance_office", f"/v1/pools/{pool['id']}")).json()
    return shown["status"], shown["risk"]["npl_ratio"], shown["risk"]["status"]


async def test_a_bank_reports_how_its_loan_goes(api: Api, database: SavepointDatabase) -> None:
    """RP-08: the last report stands; the bank and the offices read them, the borrower does not."""
    _, pledge = await make_cover(api, database)
    await classify(api, pledge, "500000.00", loan_class="attention", overdue_days=30)
    last = await classify(api, pledge, "450000.00", loan_class="substandard", overdue_days=91)
    assert (last["loan_class"], last["outstanding"]["amount"]) == ("substandard", "450000.00")
    path = f"/v1/pledges/{pledge['id']}/classifications"
    for role in ("bank_a", "pool_manager", "auditor"):
        rows = (await api.get(role, path)).json()["items"]
        assert [row["overdue_days"] for row in rows] == [30, 91], role
    assert (await api.get("sme", path)).json()["items"] == []
    assert told(await api.get("bank_b", path)) == (404, "pledge.not_found")


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str], str]] = {
    "tomorrow": ({"occurred_on": str(TOMORROW)}, (422, "request.date_in_future"), "/occurred_on"),
    "before the last": ({"occurred_on": str(YESTERDAY)}, (422, "request.date_too_early"), "/occurred_on"),
    "more than was left": (
        {"outstanding": money("400000.01")},
        (422, "pledge.outstanding_exceeds"),
        "/outstanding",
    ),
    "another currency": (
        {"outstanding": {"amount": "1.00", "currency": "USD"}},
        (422, "pledge.currency_unsupported"),
        "/outstanding/currency",
    ),
    "too good for its days": ({"overdue_days": 271}, (422, "pledge.class_too_good"), "/loan_class"),
    "no class": ({"loan_class": "bad"}, (422, "request.malformed"), "/loan_class"),
    "fewer than no days": ({"overdue_days": -1}, (422, "request.malformed"), "/overdue_days"),
}


@pytest.mark.parametrize(("changes", "expected", "pointer"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_report_that_cannot_be_is_refused(
    api: Api,
    database: SavepointDatabase,
    *,
    changes: dict[str, Any],
    expected: tuple[int, str],
    pointer: str,
) -> None:
    """RP-06, RP-08: in order of days, never rising, no better than the days overdue allow."""
    _, pledge = await make_cover(api, database)
    await classify(api, pledge, "400000.00")
    path = f"/v1/pledges/{pledge['id']}/classifications"
    refused = await api.post("bank_a", path, classification("400000.00") | changes)
    assert (told(refused), pointers(refused)) == (expected, [pointer])


async def test_only_the_bank_of_a_registered_pledge_reports(api: Api, database: SavepointDatabase) -> None:
    """RB-01, RP-04: others do not, and there is nothing to report before registration."""
    owner = api.samples["sme"].organisation.party_id
    (right,) = await make_rights(api, database, 1)
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [right]))
    path = f"/v1/pledges/{pledge['id']}/classifications"
    assert told(await api.post("bank_a", path, classification())) == (409, "pledge.not_registered")
    assert told(await api.post("bank_b", path, classification())) == (404, "pledge.not_found")
    assert told(await api.post("operator", path, classification())) == (403, "auth.denied")


async def test_the_breaker_warns_recovers_and_suspends(api: Api, database: SavepointDatabase) -> None:
    """RP-13: 599.99 万 of 12,000 万 warns, 600.00 万 suspends; a loan never classified counts as normal."""
    first, second, third = await make_rights(api, database, 3)
    pool = await make_pool(api, paid_in="12000000.00")
    bad = await make_loan(api, pool, first, principal="6000000.00")
    await make_loan(api, pool, second, principal="114000000.00", bank="bank_b")
    await classify(api, bad, "6000000.00", loan_class="attention", overdue_days=60)
    assert await status(api, pool) == ("active", "0.0000", "active")
    refused = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()
    assert refused["risk"] is None

    await classify(api, bad, "6000000.00")
    assert await status(api, pool) == ("suspended", "5.0000", "suspended")
    for role in ("pool_manager", "finance_office", "bank_a", "bank_b"):
        assert await subjects(api, role, "breaker_changed") == [pool["id"]], role
    owner = api.samples["sme"].organisation.party_id
    new = filing(owner, [third], pool_id=pool["id"])
    assert told(await api.post("bank_a", "/v1/pledges", new)) == (409, "pool.suspended")


async def test_a_warning_ends_by_itself_when_the_ratio_falls(api: Api, database: SavepointDatabase) -> None:
    """RP-13: below the line that suspends a warning comes and goes with the ratio."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="13000000.00")
    bad = await make_loan(api, pool, first, principal="6000000.00")
    await make_loan(api, pool, second, principal="114000100.00")
    await classify(api, bad, "5999900.00")
    assert await status(api, pool) == ("warning", "4.9999", "warning")
    assert (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["status"] == "warning"
    await classify(api, bad, "3500000.00")
    assert await status(api, pool) == ("active", "2.9787", "active")


async def test_a_suspended_pool_pays_what_it_covers_and_is_released_by_document(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13: existing loans stay covered and payable; the finance office releases once the ratios have fallen."""
    first, second, third = await make_rights(api, database, 3)
    pool = await make_pool(api, paid_in="1000000.00", publicity_days=0)
    bad = await make_loan(api, pool, first)
    await make_loan(api, pool, second)
    await classify(api, bad)
    assert await status(api, pool) == ("suspended", "50.0000", "suspended")
    path = f"/v1/pools/{pool['id']}/release"
    lifting = {"document_id": await document(api, "finance_office"), "reason": "风险已处置"}
    assert told(await api.post("finance_office", path, lifting)) == (409, "pool.release_too_early")

    claim = await api.made("bank_a", "/v1/claims", claiming(bad))
    await publicise(api, claim)
    paid = await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    assert paid["paid"]["amount"] == "200000.00"
    # The ratio is before compensation: paying for a bad loan makes no good ones.
    assert await status(api, pool) == ("suspended", "50.0000", "suspended")
    assert told(await api.post("finance_office", path, lifting)) == (409, "pool.release_too_early")
    ending = {"reason": "终结执行", "document_id": await document(api, "treasury")}
    await api.made("treasury", f"/v1/claims/{claim['id']}/write-off", ending)
    assert await status(api, pool) == ("suspended", "0.0000", "active")
    for role in ("treasury", "pool_manager", "bank_a"):
        assert told(await api.post(role, path, lifting)) == (403, "auth.denied"), role
    unknown = lifting | {"document_id": str(uuid.uuid4())}
    assert told(await api.post("finance_office", path, unknown)) == (404, "document.not_found")
    released = await api.made("finance_office", path, lifting)
    assert (released["status"], released["risk"]["paid_ratio"]) == ("active", "20.0000")
    assert told(await api.post("finance_office", path, lifting)) == (409, "pool.not_suspended")
    owner = api.samples["sme"].organisation.party_id
    new = filing(owner, [third], pool_id=pool["id"])
    assert told(await api.post("bank_a", "/v1/pledges", new)) == (409, "pool.bank_suspended")
    bank = f"/v1/pools/{pool['id']}/banks/{api.samples['bank_a'].organisation.id}/release"
    await api.made("finance_office", bank, lifting)
    await api.made("bank_a", "/v1/pledges", new)


async def test_payouts_trip_the_breaker_and_recoveries_let_it_be_released(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13, UNI-09: net payouts of 20.00 % of the money paid in suspend; capacity below commitments is no error."""
    terms = {"npl_warn_bp": 10_000, "npl_suspend_bp": 10_000, "paid_ratio_suspend_bp": 2_000}
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00", publicity_days=0, leverage_multiple=1, **terms)
    bad = await make_loan(api, pool, first)
    await make_loan(api, pool, second)
    await classify(api, bad)
    claim = await api.made("bank_a", "/v1/claims", claiming(bad))
    await publicise(api, claim)
    capacity = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert (capacity["limit"]["amount"], capacity["outstanding"]["amount"]) == ("800000.00", "1000000.00")
    assert capacity["free"]["amount"] == "0.00"
    assert (await status(api, pool))[0] == "active"
    await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    assert await status(api, pool) == ("suspended", "50.0000", "suspended")
    lifting = {"document_id": await document(api, "finance_office"), "reason": "已追回部分款项"}
    path = f"/v1/pools/{pool['id']}/release"
    assert told(await api.post("finance_office", path, lifting)) == (409, "pool.release_too_early")
    received = {"source": "debtor", "gross": money("0.03"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    assert await status(api, pool) == ("suspended", "50.0000", "active")
    assert (await api.made("finance_office", path, lifting))["status"] == "active"


async def make_warned(
    api: Api, database: SavepointDatabase, **terms: Any
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A pool at 4 % NPL, with its bad loan and its good one."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00", **terms)
    bad = await make_loan(api, pool, first, principal="40000.00")
    good = await make_loan(api, pool, second, principal="960000.00", bank="bank_b")
    await classify(api, bad, "40000.00")
    assert (await status(api, pool))[0] == "warning"
    return pool, bad, good


async def test_a_warning_outlasts_the_payout_and_ends_when_all_came_back(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13: the ratio is before compensation: what was paid for counts until it is recovered."""
    pool, bad, _ = await make_warned(api, database, publicity_days=0)
    claim = await api.made("bank_a", "/v1/claims", claiming(bad))
    await publicise(api, claim)
    await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    assert await status(api, pool) == ("warning", "4.0000", "warning")
    path = f"/v1/claims/{claim['id']}/recoveries"
    received = {"source": "debtor", "gross": money("39999.99"), "occurred_on": str(TODAY)}
    await api.made("bank_a", path, received)
    assert (await status(api, pool))[0] == "warning"
    await api.made("bank_a", path, received | {"gross": money("0.01")})
    assert await status(api, pool) == ("active", "0.0000", "active")


async def test_a_warning_ends_when_what_was_paid_for_is_written_off(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13, RP-16."""
    pool, bad, _ = await make_warned(api, database, publicity_days=0)
    claim = await api.made("bank_a", "/v1/claims", claiming(bad))
    await publicise(api, claim)
    await api.made("treasury", f"/v1/claims/{claim['id']}/payment", {})
    ending = {"reason": "终结执行", "document_id": await document(api, "treasury")}
    await api.made("treasury", f"/v1/claims/{claim['id']}/write-off", ending)
    assert await status(api, pool) == ("active", "0.0000", "active")


async def test_a_good_loan_that_leaves_trips_the_breaker(api: Api, database: SavepointDatabase) -> None:
    """RP-13: of what remains 100 % is bad, so nothing new is taken on."""
    (right,) = await make_rights(api, database, 1)
    pool, _, good = await make_warned(api, database)
    ending = {"reason": "debt_paid", "deregistered_on": str(TODAY)}
    await api.made("bank_b", f"/v1/pledges/{good['id']}/deregistrations", ending)
    assert await status(api, pool) == ("suspended", "100.0000", "suspended")
    owner = api.samples["sme"].organisation.party_id
    new = filing(owner, [right], pool_id=pool["id"], principal=money("1000.00"))
    assert told(await api.post("bank_a", "/v1/pledges", new)) == (409, "pool.suspended")


async def test_a_good_filing_that_is_refused_trips_the_breaker(api: Api, database: SavepointDatabase) -> None:
    """RP-13: what the office refuses no longer makes the ratio better."""
    first, second = await make_rights(api, database, 2)
    pool = await make_pool(api, paid_in="1000000.00")
    bad = await make_loan(api, pool, first, principal="40000.00")
    owner = api.samples["sme"].organisation.party_id
    body = filing(owner, [second], pool_id=pool["id"], principal=money("960000.00"))
    good = await api.made("bank_a", "/v1/pledges", body)
    await classify(api, bad, "40000.00")
    assert (await status(api, pool))[0] == "warning"
    refusal = {"reason": "材料不齐", "refused_on": str(TODAY)}
    await api.made("bank_a", f"/v1/pledges/{good['id']}/refusals", refusal)
    assert (await status(api, pool))[0] == "suspended"


async def test_a_stricter_scheme_trips_the_breaker_on_its_first_day(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13: at once when it is in effect, else with the job of that day, which changes nothing twice."""
    pool, _, _ = await make_warned(api, database)
    path = f"/v1/pools/{pool['id']}/schemes"
    strict = {"npl_warn_bp": 100, "npl_suspend_bp": 400}
    await api.made("pool_manager", path, scheme(**strict, effective_from=str(TOMORROW)))
    assert (await status(api, pool))[0] == "warning"
    for day, changed in ((TODAY, 0), (TOMORROW, 1), (TOMORROW, 0)):
        async with database.write() as unit:
            moment = replace(unit.moment, today=day)
            job = jobs.JOBS["evaluate_breakers"]
            assert await job(unit.session, system_actor("job"), moment) == {"changed": changed}
    assert (await status(api, pool))[0] == "suspended"


async def test_a_stricter_scheme_in_effect_trips_the_breaker_at_once(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13."""
    pool, _, _ = await make_warned(api, database)
    strict = scheme(npl_warn_bp=100, npl_suspend_bp=400, effective_from=str(TODAY))
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/schemes", strict)
    assert (await status(api, pool))[0] == "suspended"


async def test_money_paid_in_ends_no_suspension_but_may_a_warning(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13: the breaker looks again when money comes in; of the NPL ratio it makes nothing better."""
    pool, _, _ = await make_warned(api, database)
    async with database.write() as unit:
        await unit.session.execute(text("UPDATE pools SET status = 'active'"))
    more = {"source": "city", "amount": money("1.00"), "occurred_on": str(TODAY)}
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", more)
    assert (await status(api, pool))[0] == "warning"


async def test_other_banks_learn_of_the_breaker_but_not_the_figures(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-13, SEC-12: from ratio and outstanding a bank could tell how another's loans go."""
    pool, _, _ = await make_warned(api, database)
    bank, manager, office = (
        api.samples[role].organisation.id for role in ("bank_b", "pool_manager", "finance_office")
    )
    async with database.read() as unit:
        rows = await unit.session.scalars(
            select(Event).where(
                Event.noun == "pool", Event.type.in_(["pool.breaker_changed", "pool.risk_measured"])
            )
        )
        found = {event.type: event for event in rows}
    changed, measured = found["pool.breaker_changed"], found["pool.risk_measured"]
    told_all = {"number": pool["number"], "from": "active", "status": "warning"}
    assert (changed.payload, bank in changed.audience) == (told_all, True)
    assert sorted(measured.audience) == sorted([manager, office])
    assert (measured.payload["npl_fen"], measured.payload["npl_ratio"]) == (4_000_000, "4.0000")
    notices = (await api.get("bank_b", "/v1/notices")).json()["items"]
    (notice,) = [one for one in notices if one["kind"] == "breaker_changed"]
    assert notice["facts"] == told_all


TERMS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "warning above suspending": ({"npl_warn_bp": 501}, ["pool.thresholds_invalid"]),
    "a cap in another currency, too": (
        {"npl_warn_bp": 501, "claim_cap": {"amount": "1.00", "currency": "USD"}},
        ["pool.currency_mismatch", "pool.thresholds_invalid"],
    ),
    "no days overdue, no window, no ratio": (
        {"overdue_days": 0, "claim_window_days": 0, "publicity_days": -1, "paid_ratio_suspend_bp": 10_001},
        ["request.malformed"] * 4,
    ),
}


@pytest.mark.parametrize(("changes", "codes"), TERMS.values(), ids=TERMS.keys())
async def test_terms_that_make_no_sense_are_refused_at_once(
    api: Api, changes: dict[str, Any], codes: list[str]
) -> None:
    """RP-08, RP-13: all objections in one answer."""
    refused = await api.post("pool_manager", "/v1/pools", {"name": "示例资金池", "scheme": scheme(**changes)})
    assert refused.status_code in {409, 422}
    assert [violation["code"] for violation in refused.json()["violations"]] == codes


async def test_a_scheme_shows_its_terms_and_has_those_of_the_template(api: Api) -> None:
    """Domain §5.2: TJ-DL-TEMPLATE is the default."""
    pool = await make_pool(api, claim_cap=money("300000.00"))
    terms = {
        "household_cap": None,
        "min_ip_share_bp": 1,
        "overdue_days": 60,
        "claim_window_days": 180,
        "publicity_days": 5,
        "claim_cap": money("300000.00"),
        "npl_warn_bp": 300,
        "npl_suspend_bp": 500,
        "paid_ratio_suspend_bp": 5_000,
        "remit_days": 10,
    }
    assert {name: pool["scheme"][name] for name in terms} == terms
    [tier] = pool["scheme"]["tiers"]
    assert (tier["upto"], tier["shares_bp"]) == (None, SHARES)
