"""What follows an amendment: rights lost or returned meanwhile, money lent on it, its cover in the pool."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.asset import AssetKind
from app.queries import integrity, pool_reports
from tests.factories.amendments import (
    EXPIRES_ON,
    amendment,
    make_pledge,
    make_rights,
    registered,
    run,
    statuses,
    substitute,
)
from tests.factories.clock import now
from tests.factories.finance import yuan
from tests.factories.pledges import make_pool
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told

PATENT, MARK = AssetKind.patent, AssetKind.trademark
LATER = "2029-06-30"


def path(pledge: dict[str, Any]) -> str:
    return f"/v1/pledges/{pledge['id']}/amendments"


async def amend(api: Api, pledge: dict[str, Any], body: dict[str, Any], *given: str, **told: str) -> None:
    """File an amendment that the office registers for the rights `given`."""
    filed = await api.made("bank_a", path(pledge), body)
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(*given, **told))


async def covers(database: SavepointDatabase, pledge: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Principal, covered part and what is reserved of it, of the pledge's live commitment."""
    async with database.read() as unit:
        found = await unit.session.execute(
            text(
                "SELECT principal_fen, covered_fen, outstanding_fen FROM commitments"
                " WHERE pledge_id = :id AND status IN ('committed', 'anomaly')"
            ),
            {"id": pledge["id"]},
        )
        return [(row[0], row[1], row[2]) for row in found]


async def test_an_enlargement_that_comes_to_nothing_leaves_no_trace_in_the_pools_figures(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-03, RP-05, RP-21: the household's cap counts the old principal again; a loan is enrolled once."""
    [patent] = await make_rights(api, database, PATENT)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [patent], pool_id=pool["id"])
    larger = amendment("change", principal=yuan("800000.00"))
    filed = await api.made("bank_a", path(pledge), larger)
    assert await covers(database, pledge) == [(80_000_000, 80_000_000, 80_000_000)]
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/withdrawal", {"reason": "示例"})
    assert await covers(database, pledge) == [(50_000_000, 50_000_000, 50_000_000)]
    async with database.read() as unit:
        [flow] = await pool_reports.flows(unit.session, uuid.UUID(pool["id"]), date.min, date.max)
    assert (flow.enrolled, flow.principal_fen, flow.covered_fen) == (1, 50_000_000, 50_000_000)
    await amend(api, pledge, larger, patent)
    async with database.read() as unit:
        [flow] = await pool_reports.flows(unit.session, uuid.UUID(pool["id"]), date.min, date.max)
        assert (flow.enrolled, flow.principal_fen, flow.covered_fen) == (1, 80_000_000, 80_000_000)
        assert await integrity.findings(unit.session) == []


@pytest.mark.parametrize(
    "change", ["principal_fen = principal_fen - 1", "covered_fen = covered_fen + 1, principal_fen = 90000000"]
)
async def test_a_commitment_keeps_the_principal_it_was_made_for(
    api: Api, database: SavepointDatabase, change: str
) -> None:
    """RP-03: in the database too; only what an enlargement added is given back."""
    [patent] = await make_rights(api, database, PATENT)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [patent], pool_id=pool["id"])
    async with database.write() as unit:
        await unit.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        changed = text(f"UPDATE commitments SET {change} WHERE pledge_id = :id")
        with pytest.raises(DBAPIError, match="keeps the principal"):
            await unit.session.execute(changed, {"id": pledge["id"]})
        await unit.session.rollback()


async def test_an_enlargement_after_a_smaller_debt_is_taken_back_to_that(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-05: what was given up before stays given up."""
    [patent] = await make_rights(api, database, PATENT)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [patent], pool_id=pool["id"])
    await amend(api, pledge, amendment("change", principal=yuan("300000.00")), patent)
    assert await covers(database, pledge) == [(50_000_000, 50_000_000, 30_000_000)]
    filed = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("400000.00")))
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/withdrawal", {"reason": "示例"})
    assert await covers(database, pledge) == [(30_000_000, 30_000_000, 30_000_000)]


async def test_nothing_is_lent_above_a_debt_that_is_being_set_lower(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-09: the office's word on the smaller debt can always be recorded."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent], debt_from=str(now().today))
    at = f"/v1/pledges/{pledge['id']}/loan/drawdowns"
    drawn = {"amount": yuan("300000.00"), "drawn_on": str(now().today), "reference": "示例-1"}
    await api.made("bank_a", at, drawn)
    filed = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("400000.00")))
    more = drawn | {"amount": yuan("100000.01"), "reference": "示例-2"}
    refused = await api.post("bank_a", at, more)
    assert told(refused) == (409, "loan.limit_exceeded")
    assert refused.json()["violations"][0]["facts"] == {"available": "100000.00"}
    await api.made("bank_a", at, more | {"amount": yuan("100000.00")})
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(patent))


async def test_a_debt_is_not_set_below_what_was_last_reported_of_it(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-09: without a book of the loan the bank's report counts, by the fen, and again at registration."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    at = f"/v1/pledges/{pledge['id']}/classifications"
    report = {"loan_class": "normal", "overdue_days": 0, "occurred_on": str(now().today)}
    await api.made("bank_a", at, report | {"outstanding": yuan("450000.00")})
    refused = await api.post("bank_a", path(pledge), amendment("change", principal=yuan("449999.99")))
    assert told(refused) == (409, "amendment.below_outstanding")
    await api.made("bank_a", path(pledge), amendment("change", principal=yuan("450000.00")))
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    filed = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("400000.00")))
    at = f"/v1/pledges/{pledge['id']}/classifications"
    await api.made("bank_a", at, report | {"outstanding": yuan("450000.00")})
    refused = await api.post("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(patent))
    assert told(refused) == (409, "amendment.below_outstanding")


async def test_an_amendment_takes_effect_without_a_right_that_was_lost_meanwhile(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-19: the mark's period ended before its extension was registered; the debt's end moves for the others."""
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await make_pledge(api, [patent, mark])
    filed = await api.made("bank_a", path(pledge), amendment("extension", debt_to=LATER))
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(patent))
    over = date.fromisoformat(EXPIRES_ON) + timedelta(days=1)
    done = await run(database, "watch_pledges", over)
    assert (done["lapsed"], done["closed"]) == (1, 1)
    assert (await api.get("bank_a", f"/v1/amendments/{filed['id']}")).json()["status"] == "registered"
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()["debt_to"] == LATER
    assert (await run(database, "watch_pledges", over + timedelta(days=1)))["closed"] == 0


async def test_a_release_of_a_right_that_was_lost_meanwhile_is_closed(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09: nothing was registered and nothing is left to be; another amendment can be filed."""
    one, other, third = await make_rights(api, database, PATENT, PATENT, PATENT)
    pledge = await make_pledge(api, [one, other, third])
    filed = await api.made("bank_a", path(pledge), amendment("release", asset_ids=[one]))
    body = {"reason": "示例", "revoked_on": str(now().today), "asset_ids": [one]}
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/revocations", body)
    assert (await run(database, "watch_pledges", now().today))["closed"] == 1
    assert (await api.get("bank_a", f"/v1/amendments/{filed['id']}")).json()["status"] == "withdrawn"
    await api.made("bank_a", path(pledge), amendment("release", asset_ids=[other]))


async def test_a_right_that_was_refused_let_go_or_lost_may_come_in_again(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09, PL-28: each time as another item; with it the loan is secured again and nothing need go for it."""
    one, other = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [one, other], debt_from=str(now().today))
    today, at = str(now().today), f"/v1/pledges/{pledge['id']}"
    drawn = {"amount": yuan("100000.00"), "drawn_on": today, "reference": "示例-1"}
    await api.made(
        "bank_a", f"{at}/revocations", {"reason": "示例", "revoked_on": today, "asset_ids": [other]}
    )
    refused = await api.post("bank_a", f"{at}/loan/drawdowns", drawn)
    assert "loan.unsecured" in {fault["code"] for fault in refused.json()["violations"]}
    comes = amendment("substitution", items=substitute(api, other))
    filed = await api.made("bank_a", path(pledge), comes)
    no = {"reason": "示例", "refused_on": today}
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/refusal", no)
    await amend(api, pledge, comes, other, registration_no="Y-2")
    await api.made("bank_a", f"{at}/loan/drawdowns", drawn)
    already = await api.post("bank_a", path(pledge), comes)
    assert "amendment.right_known" in {fault["code"] for fault in already.json()["violations"]}
    await amend(api, pledge, amendment("release", asset_ids=[other]), other)
    await amend(api, pledge, comes, other, registration_no="Y-3")
    shown = (await api.get("bank_a", at)).json()
    assert statuses(shown) == {one: "registered", other: "registered"}
    assert [item["status"] for item in shown["items"] if item["asset_id"] == other] == [
        "revoked", "refused", "deregistered", "registered"
    ]  # fmt: skip
    async with database.read() as unit:
        assert await integrity.findings(unit.session) == []
