"""Capacity reserved by a bank's approval: confirmed by filing, given back when none comes (decisions §11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.clock import Moment
from app.domain.permission import system_actor
from app.services import commitments
from tests.factories.claims import subjects
from tests.factories.clock import now
from tests.factories.commitments import (
    APPLICATIONS,
    PATH,
    commitment,
    file,
    free,
    reserve,
    reserving,
    under_review,
)
from tests.factories.finance import owned, party_id, yuan
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase
from tests.support.edges import pointers, told

TODAY = now().today


async def lapse(database: SavepointDatabase, days: int) -> int:
    """What the day's job gives back that many days from now."""
    async with database.write() as unit:
        moment = Moment(now=unit.moment.now, today=unit.moment.today + timedelta(days=days))
        return await commitments.lapse_due(unit.session, actor=system_actor("job"), moment=moment)


async def test_an_approval_reserves_capacity_that_the_filing_confirms(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-13: reserved by a pending transfer with a last day; void and commitment are one posting; counted once."""
    pool = await make_pool(api, paid_in="10000.00")
    approved = await reserve(api, database, pool)
    assert approved["reservation"] == {
        "commitment_id": approved["reservation"]["commitment_id"],
        "pool_id": pool["id"],
        "covered": yuan("100000.00"),
        "ip_share_bp": 10_000,
        "expires_on": str(TODAY + timedelta(days=30)),
        "status": "reserved",
    }
    kept = await commitment(api, status="reserved")
    assert [(one["kind"], one["expires_on"]) for one in kept["transfers"]] == [
        ("pending", approved["reservation"]["expires_on"])
    ]
    assert (kept["number"], await free(api, pool)) == (approved["number"], "0.00")
    assert told(await file(api, database, pool, "0.01", bank="bank_b")) == (409, "pool.capacity_exceeded")
    pledge = (await file(api, database, pool, application_id=approved["id"])).json()
    assert (pledge["covered"]["amount"], await free(api, pool)) == ("100000.00", "0.00")
    made = await commitment(api, status="committed")
    assert (made["application_id"], made["pledge_id"]) == (approved["id"], pledge["id"])
    assert [(one["kind"], one["code"]) for one in made["transfers"]] == [
        ("pending", "commitment.reserved"),
        ("void", "commitment.confirmed"),
        ("pending", "commitment"),
    ]
    assert (await commitment(api, status="confirmed"))["id"] == kept["id"]
    shown = (await api.get("sme", f"{APPLICATIONS}/{approved['id']}")).json()
    assert (shown["status"], shown["pledge_id"]) == ("contracted", pledge["id"])
    assert shown["reservation"]["status"] == "confirmed"
    again = await api.made("bank_a", f"{APPLICATIONS}/{approved['id']}/contract", {"pledge_id": pledge["id"]})
    assert (again["status"], again["version"]) == ("contracted", shown["version"])


async def test_a_filing_of_less_confirms_less(api: Api, database: SavepointDatabase) -> None:
    """RP-06: of a smaller IP share, of a smaller loan; the rest is free again."""
    pool = await make_pool(api, paid_in="10000.00")
    approved = await reserve(api, database, pool)
    filed = await file(api, database, pool, "80000.00", application_id=approved["id"], ip_share_bp=5_000)
    assert filed.json()["covered"] == yuan("40000.00")
    assert await free(api, pool) == "60000.00"


async def test_an_approval_beyond_the_capacity_is_refused_with_what_is_left(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-13, RP-05: the application stays under review, and nothing is reserved."""
    pool = await make_pool(api, paid_in="10000.00", household_cap=yuan("100000.00"))
    path = await under_review(api, database)
    refused = await api.post("bank_a", f"{path}/decision", reserving(pool, "100000.01"))
    assert told(refused) == (409, "pool.household_cap_exceeded")
    household, capacity = refused.json()["violations"]
    assert (household["pointer"], capacity["pointer"]) == ("/approved_amount", "/approved_amount")
    assert capacity["facts"] == {"available": "100000.00", "requested": "100000.01"}
    shown = (await api.get("bank_a", path)).json()
    assert (shown["status"], shown["reservation"]) == ("bank_review", None)
    assert await free(api, pool) == "100000.00"
    await api.made("bank_a", f"{path}/decision", reserving(pool, "100000.00"))


DECISIONS: dict[str, tuple[dict[str, Any], tuple[int, str], list[str]]] = {
    "a rejection": (
        {"decision": "rejected", "reason": "示例", "approved_amount": None},
        (422, "application.reservation_of_rejection"),
        ["/pool_id"],
    ),
    "a last day that is over": (
        {"expires_on": str(TODAY - timedelta(days=1))},
        (422, "commitment.expiry_invalid"),
        ["/expires_on"],
    ),
    "a last day too far away": (
        {"expires_on": str(TODAY + timedelta(days=181))},
        (422, "commitment.expiry_invalid"),
        ["/expires_on"],
    ),
    "a pool that is not there": (
        {"pool_id": "00000000-0000-0000-0000-000000000009"},
        (404, "pool.not_found"),
        ["/pool_id"],
    ),
}


@pytest.mark.parametrize(("changes", "expected", "at"), DECISIONS.values(), ids=DECISIONS)
async def test_a_reservation_that_makes_no_sense_is_refused(
    api: Api,
    database: SavepointDatabase,
    changes: dict[str, Any],
    expected: tuple[int, str],
    at: list[str],
) -> None:
    """API-10: with the place it is about."""
    pool = await make_pool(api)
    path = await under_review(api, database)
    refused = await api.post("bank_a", f"{path}/decision", reserving(pool, **changes))
    assert (told(refused), pointers(refused)) == (expected, at)


async def test_a_withdrawal_gives_the_capacity_back(api: Api, database: SavepointDatabase) -> None:
    """UNI-09: at once, and it can be reserved again."""
    pool = await make_pool(api, paid_in="10000.00")
    approved = await reserve(api, database, pool)
    withdrawn = await api.made("sme", f"{APPLICATIONS}/{approved['id']}/withdrawal", None)
    assert withdrawn["reservation"]["status"] == "lapsed"
    kept = await commitment(api)
    assert (kept["status"], kept["reason"]) == ("lapsed", "application.withdrawn")
    assert [one["kind"] for one in kept["transfers"]] == ["pending", "void"]
    assert await free(api, pool) == "100000.00"
    refused = await file(api, database, pool, application_id=approved["id"])
    assert told(refused) == (409, "state.illegal_transition")
    await reserve(api, database, pool)


async def test_a_reservation_lapses_when_its_last_day_is_over(api: Api, database: SavepointDatabase) -> None:
    """POL-13: not on its last day; once; the bank is told, and a later filing makes its own commitment."""
    pool = await make_pool(api, paid_in="10000.00")
    approved = await reserve(api, database, pool, expires_on=str(TODAY + timedelta(days=3)))
    assert [await lapse(database, days) for days in (3, 4, 5)] == [0, 1, 0]
    kept = await commitment(api)
    assert [one["kind"] for one in kept["transfers"]] == ["pending", "expire"]
    assert await subjects(api, "bank_a", "commitment_changed") == [kept["id"]]
    assert await free(api, pool) == "100000.00"
    assert (await file(api, database, pool, application_id=approved["id"])).status_code == 201
    made = await commitment(api, status="committed")
    assert (made["application_id"], len(made["transfers"])) == (approved["id"], 1)


async def test_a_reservation_is_confirmed_though_the_pool_has_shrunk(
    api: Api, database: SavepointDatabase
) -> None:
    """RP-05, decisions §11: a scheme of less leverage leaves the pool below; the promise is kept, no more."""
    pool = await make_pool(api, paid_in="10000.00")
    approved = await reserve(api, database, pool)
    smaller = {**pool["scheme"], "leverage_multiple": 1, "effective_from": str(TODAY)}
    for name in ("id", "scheme_version"):
        del smaller[name]
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/schemes", smaller)
    assert told(await file(api, database, pool, "0.01")) == (409, "pool.capacity_exceeded")
    assert (await file(api, database, pool, application_id=approved["id"])).status_code == 201


async def test_past_its_last_day_a_reservation_keeps_nothing_though_no_job_has_run(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-13: on the last day the promise holds in a pool that has shrunk, on the day after it does not."""
    pool = await make_pool(api, paid_in="10000.00")
    kept, late = [
        await reserve(api, database, pool, "50000.00", expires_on=str(TODAY + timedelta(days=days)))
        for days in (3, 2)
    ]
    smaller = {**pool["scheme"], "leverage_multiple": 1, "effective_from": str(TODAY)}
    for name in ("id", "scheme_version"):
        del smaller[name]
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/schemes", smaller)
    await api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(TODAY + timedelta(days=3))})
    refused = await file(api, database, pool, "50000.00", application_id=late["id"])
    assert told(refused) == (409, "pool.capacity_exceeded")
    assert (await file(api, database, pool, "50000.00", application_id=kept["id"])).status_code == 201


async def test_a_retried_filing_confirms_a_reservation_once(api: Api, database: SavepointDatabase) -> None:
    """UNI-09, API-06: the same key gets the same answer, a new one learns that the application is contracted."""
    pool = await make_pool(api, paid_in="10000.00")
    approved = await reserve(api, database, pool)
    right = await owned(api, database)
    given = {"pool_id": pool["id"], "principal": yuan("100000.00"), "application_id": approved["id"]}
    body = filing(party_id(api, "sme"), [right], **given)
    first, again = [await api.post("bank_a", "/v1/pledges", body, key="filing-once") for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    anew = await api.post("bank_a", "/v1/pledges", body)
    assert [code for code, _ in objections(anew)] == [
        "pledge.already_pledged",
        "state.illegal_transition",
        "pool.capacity_exceeded",
    ]
    assert len((await api.get("bank_a", PATH)).json()["items"]) == 2
    assert await free(api, pool) == "0.00"


async def test_a_filing_keeps_to_what_was_approved(api: Api, database: SavepointDatabase) -> None:
    """RP-02: its borrower, its amount and the pool of its reservation; another bank does not find it."""
    pool, other = await make_pool(api), await make_pool(api)
    approved = await reserve(api, database, pool)
    refused = await file(api, database, other, "100000.01", owner="sme_b", application_id=approved["id"])
    assert objections(refused) == [
        ("commitment.borrower_differs", "/borrower_id"),
        ("application.principal_exceeds_approved", "/principal"),
        ("commitment.pool_differs", "/pool_id"),
    ]
    foreign = await file(api, database, pool, bank="bank_b", application_id=approved["id"])
    assert objections(foreign) == [("application.not_found", "/application_id")]
    assert party_id(api, "sme") == (await commitment(api))["borrower_id"]


async def test_an_application_tied_to_a_pledge_filed_without_it_keeps_nothing_back(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-13: the pledge has cover of its own, so the reservation is given back with the contract."""
    pool = await make_pool(api, paid_in="20000.00")
    approved = await reserve(api, database, pool)
    pledge = (await file(api, database, pool)).json()
    assert await free(api, pool) == "0.00"
    path = f"{APPLICATIONS}/{approved['id']}"
    contracted = await api.made("bank_a", f"{path}/contract", {"pledge_id": pledge["id"]})
    assert (contracted["status"], contracted["reservation"]["status"]) == ("contracted", "lapsed")
    assert await free(api, pool) == "100000.00"


async def test_an_approval_without_a_pool_is_filed_on_all_the_same(
    api: Api, database: SavepointDatabase
) -> None:
    """§9.2 pledge financing: the filing contracts the application, with cover of its own or none."""
    pool = await make_pool(api)
    for changes in ({"pool_id": None}, {"pool_id": pool["id"]}):
        path = await under_review(api, database)
        made = await api.made("bank_a", f"{path}/decision", {"decision": "approved"})
        assert made["reservation"] is None
        pledge = (await file(api, database, pool, application_id=made["id"], **changes)).json()
        shown = (await api.get("bank_a", path)).json()
        assert (shown["status"], shown["pledge_id"]) == ("contracted", pledge["id"])
        found = (await api.get("bank_a", PATH, application_id=made["id"])).json()["items"]
        assert len(found) == (1 if changes["pool_id"] else 0)
