"""`/v1/commitments` over HTTP: what pools take in, how it shrinks, and the manager's word on it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.factories.claims import classification, register, subjects
from tests.factories.commitments import PATH, commitment, file, free
from tests.factories.finance import party_id, yuan
from tests.factories.pledges import make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.edges import told

CALM = {"npl_warn_bp": 10_000, "npl_suspend_bp": 10_000}
REASON = {"reason": "示例理由"}


async def sized(api: Api, role: str, industry: str = "software", employees: int = 5) -> None:
    """Report the figures of a sample enterprise: with these, a micro one of that industry."""
    figures = {
        "year": 2020,
        "industry": industry,
        "employees": employees,
        "revenue_wan": employees * 200,
        "source": "示例年报",
    }
    await api.made("operator", f"/v1/parties/{party_id(api, role)}/sizes", figures)


async def test_a_filing_fills_the_capacity_to_the_fen(api: Api, database: SavepointDatabase) -> None:
    """RP-05, POL-13: 5,000 万 x 10, outstanding 49,800 万: 200.01 万 is refused with what is left, 200 万 fits."""
    pool = await make_pool(api, paid_in="50000000.00")
    assert (await file(api, database, pool, "498000000.00")).status_code == 201
    refused = await file(api, database, pool, "2000100.00", bank="bank_b")
    assert told(refused) == (409, "pool.capacity_exceeded")
    (violation,) = refused.json()["violations"]
    assert violation["facts"] == {"available": "2000000.00", "requested": "2000100.00"}
    assert await free(api, pool) == "2000000.00"
    assert (await file(api, database, pool, "2000000.00", bank="bank_b")).status_code == 201
    assert await free(api, pool) == "0.00"


CAPS: dict[str, tuple[str, dict[str, str], str]] = {
    "household": ("household_cap", {"bank": "bank_b"}, "pool.household_cap_exceeded"),
    "bank": ("bank_cap", {"owner": "sme_b"}, "pool.bank_cap_exceeded"),
    "industry": ("industry_cap", {"bank": "bank_b", "owner": "sme_b"}, "pool.industry_cap_exceeded"),
}


@pytest.mark.parametrize(("cap", "second", "code"), CAPS.values(), ids=CAPS)
async def test_a_cap_is_filled_by_two_loans_and_passed_by_one_fen(
    api: Api, database: SavepointDatabase, cap: str, second: dict[str, str], code: str
) -> None:
    """POL-14, RP-04: per borrower over its banks, per bank over its borrowers, per industry over both."""
    for role in ("sme", "sme_b"):
        await sized(api, role)
    terms: dict[str, Any] = {cap: yuan("150000.00")}
    pool = await make_pool(api, **terms)
    assert (await file(api, database, pool, "100000.00")).status_code == 201
    assert told(await file(api, database, pool, "50000.01", **second)) == (409, code)
    assert (await file(api, database, pool, "50000.00", **second)).status_code == 201


async def test_a_cap_is_each_households_and_each_banks_own(api: Api, database: SavepointDatabase) -> None:
    """POL-14: what others fill does not count."""
    pool = await make_pool(api, household_cap=yuan("100000.00"), bank_cap=yuan("100000.00"))
    assert (await file(api, database, pool)).status_code == 201
    assert (await file(api, database, pool, bank="bank_b", owner="sme_b")).status_code == 201
    refused = await file(api, database, pool, "0.01")
    assert codes(refused) == ["pool.household_cap_exceeded", "pool.bank_cap_exceeded"]


async def test_a_scheme_for_small_firms_asks_for_their_figures(api: Api, database: SavepointDatabase) -> None:
    """RP-04, TG-08: unknown, then large, then small by the last figures known."""
    pool = await make_pool(api, sme_required=True)
    assert told(await file(api, database, pool)) == (409, "pool.size_unknown")
    await sized(api, "sme", employees=5_000)
    assert told(await file(api, database, pool)) == (409, "pool.not_small")
    await sized(api, "sme", employees=50)
    assert (await file(api, database, pool)).status_code == 201
    assert (await commitment(api))["industry"] == "software"


async def test_what_a_scheme_asks_of_loan_and_borrower_is_told_at_once(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-04, RP-06, API-10: region, age, rights, IP share, term and rate in one answer."""
    pool = await make_pool(
        api,
        eligible_regions=["310000"],
        min_months_registered=12,
        eligible_ip=["trademark"],
        min_ip_share_bp=5_000,
        loan_term_max_months=36,
        rate_cap_bp=80,
    )
    refused = await file(api, database, pool, ip_share_bp=4_999, rate_over_lpr_bp=81)
    assert codes(refused) == [
        "pool.ip_share_too_low",
        "pool.ip_not_eligible",
        "pool.loan_term_exceeded",
        "pool.rate_cap_exceeded",
        "pool.region_not_eligible",
        "pool.registration_unknown",
    ]
    assert (await api.get("bank_a", PATH)).json()["items"] == []


async def test_a_bad_loan_within_the_schemes_years_keeps_its_borrower_out(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-04: of any bank, under any pool or none; another borrower is not concerned."""
    bad = (await file(api, database, {"id": None}, "200000.00", bank="bank_b")).json()
    await register(api, bad, bank="bank_b")
    path = f"/v1/pledges/{bad['id']}/classifications"
    await api.made("bank_b", path, classification("200000.00"))
    await api.made("bank_b", path, classification("200000.00", loan_class="normal", overdue_days=0))
    lenient, strict = await make_pool(api), await make_pool(api, credit_lookback_years=3)
    assert told(await file(api, database, strict)) == (409, "pool.credit_record_bad")
    assert (await file(api, database, strict, owner="sme_b")).status_code == 201
    assert (await file(api, database, lenient)).status_code == 201


async def repaid(api: Api, pledge: dict[str, Any], outstanding: str) -> None:
    """The bank reports what is still owed of a loan that performs."""
    told_of = classification(outstanding, loan_class="normal", overdue_days=0)
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", told_of)


async def test_repayments_free_exactly_their_covered_part(api: Api, database: SavepointDatabase) -> None:
    """RP-06: 60 % of a loan counts; what is repaid frees 60 % of it, and that much is filed again, no fen more."""
    pool = await make_pool(api, paid_in="100000.00", **CALM)
    pledge = (await file(api, database, pool, "1666666.66", ip_share_bp=6_000)).json()
    assert (pledge["covered"]["amount"], await free(api, pool)) == ("1000000.00", "0.00")
    await register(api, pledge)
    await repaid(api, pledge, "833333.33")
    assert await free(api, pool) == "500000.00"
    shown = await commitment(api)
    assert (shown["covered"]["amount"], shown["outstanding"]["amount"]) == ("1000000.00", "500000.00")
    assert [(one["kind"], one["amount"]["amount"]) for one in shown["transfers"]] == [
        ("pending", "1000000.00"),
        ("void", "1000000.00"),
        ("pending", "500000.00"),
    ]
    assert told(await file(api, database, pool, "500000.01")) == (409, "pool.capacity_exceeded")
    assert (await file(api, database, pool, "500000.00")).status_code == 201
    assert await free(api, pool) == "0.00"


async def test_a_loan_repaid_in_full_is_released_while_its_pledge_stands(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-06: nothing owed, nothing covered; a report that changes nothing changes no commitment."""
    pool = await make_pool(api, paid_in="10000.00", **CALM)
    pledge = (await file(api, database, pool)).json()
    await register(api, pledge)
    await repaid(api, pledge, "100000.00")
    before = await commitment(api)
    assert (before["version"], len(before["transfers"])) == (1, 1)
    await repaid(api, pledge, "0.00")
    after = await commitment(api)
    assert (after["status"], after["outstanding"]["amount"]) == ("released", "0.00")
    assert [one["kind"] for one in after["transfers"]] == ["pending", "void"]
    assert await free(api, pool) == "100000.00"
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()["status"] == "registered"
    assert database.connection is not None
    happened = text("SELECT type, audience FROM events WHERE noun = 'commitment'")
    (event,) = await database.connection.execute(happened)
    concerned = {api.samples[role].organisation.id for role in ("bank_a", "pool_manager")}
    assert (event.type, set(event.audience)) == ("commitment.released", concerned)


async def test_an_irregular_loan_keeps_its_capacity_until_it_is_excluded(
    api: Api, database: SavepointDatabase
) -> None:
    """T/IPIF 0028 项目异常: flagged, cleared, flagged again and excluded; the bank is told each time."""
    pool = await make_pool(api, paid_in="10000.00", **CALM)
    pledge = (await file(api, database, pool)).json()
    shown = await commitment(api)
    path = f"{PATH}/{shown['id']}"
    assert told(await api.post("pool_manager", f"{path}/exclusion", REASON)) == (
        409,
        "state.illegal_transition",
    )
    flagged = await api.made("pool_manager", f"{path}/anomaly", REASON)
    assert (flagged["status"], flagged["reason"], flagged["version"]) == ("anomaly", "示例理由", 2)
    assert await free(api, pool) == "0.00"
    assert (await api.made("pool_manager", f"{path}/clearance", REASON))["status"] == "committed"
    await api.made("pool_manager", f"{path}/anomaly", REASON)
    excluded = await api.made("pool_manager", f"{path}/exclusion", {"reason": "重复融资"})
    assert (excluded["status"], excluded["reason"]) == ("excluded", "重复融资")
    assert (excluded["outstanding"]["amount"], await free(api, pool)) == ("0.00", "100000.00")
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()["covered"] is None
    assert await subjects(api, "bank_a", "commitment_changed") == [shown["id"]] * 4
    again = await api.post("pool_manager", f"{path}/clearance", REASON)
    assert told(again) == (409, "state.illegal_transition")


async def test_a_commitment_is_seen_by_its_bank_and_the_pools_offices_only(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-01: another bank and a guarantor do not find it; offices see it, and only the manager decides."""
    pool = await make_pool(api)
    assert (await file(api, database, pool)).status_code == 201
    shown = await commitment(api)
    path = f"{PATH}/{shown['id']}"
    assert (shown["pool_id"], shown["scheme_version"], shown["status"]) == (pool["id"], 1, "committed")
    for role, status in (
        ("bank_b", 404),
        ("guarantor", 404),
        ("finance_office", 200),
        ("auditor", 200),
        ("sme", 403),
    ):
        assert (await api.get(role, path)).status_code == status, role
    assert (await api.get("bank_b", PATH)).json()["items"] == []
    for role in ("bank_a", "finance_office"):
        assert told(await api.post(role, f"{path}/anomaly", REASON)) == (403, "auth.denied")


async def test_commitments_are_found_by_what_they_are(api: Api, database: SavepointDatabase) -> None:
    """API-07: by state, pool, bank, borrower and pledge; page by page."""
    pool = await make_pool(api)
    first = (await file(api, database, pool)).json()
    await file(api, database, pool, bank="bank_b", owner="sme_b")
    for filters, count in (
        ({"pool_id": pool["id"]}, 2),
        ({"status": "committed"}, 2),
        ({"status": "reserved"}, 0),
        ({"pledge_id": first["id"]}, 1),
        ({"borrower_id": party_id(api, "sme_b")}, 1),
        ({"bank_id": str(api.samples["bank_a"].organisation.id)}, 1),
    ):
        found = (await api.get("pool_manager", PATH, **filters)).json()
        assert len(found["items"]) == count, filters
    page = (await api.get("pool_manager", PATH, limit=1, include_total=True)).json()
    assert (len(page["items"]), page["total"]) == (1, 2)
    rest = (await api.get("pool_manager", PATH, cursor=page["next_cursor"])).json()
    assert rest["items"][0]["number"] != page["items"][0]["number"] == first["number"]
