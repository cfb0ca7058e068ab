"""`/v1/pools/{id}/stress-tests` over HTTP: run, kept, repeated, and refused (UNI-13)."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain import stress_test as rules
from app.services import stress_tests
from tests.factories.assets import make_asset
from tests.factories.claims import TODAY, classification, make_loan, money
from tests.factories.pledges import make_pool, scheme
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.edges import told

ALL = dict.fromkeys(("normal", "attention", "substandard", "doubtful", "loss"), 1_000_000)


async def make_pool_with_loans(api: Api, database: SavepointDatabase, **terms: Any) -> dict[str, Any]:
    """1,000,000.00 paid in, 500,000.00 lent by each of two banks; one loan is substandard."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        rights = [(await make_asset(unit.session, owners=[owner])).id for _ in range(2)]
    pool = await make_pool(api, **terms)
    bad = await make_loan(api, pool, rights[0])
    await make_loan(api, pool, rights[1], bank="bank_b")
    await api.made("bank_a", f"/v1/pledges/{bad['id']}/classifications", classification())
    return pool


def outcome(test: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [one for one in test["result"]["scenarios"] if one["name"] == name]
    return found


async def test_a_test_is_run_on_the_live_loans_and_kept(api: Api, database: SavepointDatabase) -> None:
    """UNI-13: zero PD costs nothing; when all default the pool pays its 40 % of a million, which it has."""
    pool = await make_pool_with_loans(api, database)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    body = {"simulation": {"runs": 200, "seed": 42}}
    made = await api.made("pool_manager", path, body)
    assert made["number"].startswith("ST-")
    assert (made["result"]["loans"], made["result"]["borrowers"]) == (2, 1)
    assert made["result"]["covered"] == money("1000000.00")
    assert outcome(made, "zero_pd")["payout"] == money("0.00")
    worst = outcome(made, "all_default")
    assert (worst["loss"], worst["due"], worst["payout"], worst["shortfall"]) == (
        money("1000000.00"),
        money("400000.00"),
        money("400000.00"),
        money("0.00"),
    )
    assert worst["breaker"] == "suspended"
    # One firm owes both: it defaults at the PD of its worse loan, 30 %, and loses 60 % then.
    assert outcome(made, "baseline")["loss"] == money("180000.00")
    shown = await api.get("finance_office", f"{path}/{made['id']}")
    assert shown.json() == made
    listed = (await api.get("auditor", path)).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]


async def test_the_same_seed_gives_the_same_result(api: Api, database: SavepointDatabase) -> None:
    """UNI-13: run again it is the same to the byte; with another seed it is not."""
    pool = await make_pool_with_loans(api, database)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    results = [
        (await api.made("pool_manager", path, {"simulation": {"runs": 500, "seed": seed}}))["result"]
        for seed in (1, 1, 2)
    ]
    assert results[0] == results[1]
    assert results[0]["simulation"]["loss"] != results[2]["simulation"]["loss"]


async def test_a_test_can_be_repeated_from_the_record(api: Api, database: SavepointDatabase) -> None:
    """UNI-13: also after the loans went on; of a result that was tampered with it does not say so."""
    pool = await make_pool_with_loans(api, database)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    made = await api.made("pool_manager", path, {"simulation": {"runs": 50, "seed": 9}})
    more = {"source": "city", "amount": money("5.00"), "occurred_on": str(TODAY)}
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", more)
    again = (await api.get("pool_manager", f"{path}/{made['id']}", verify=True)).json()
    assert again["replay"] == {"result_equal": True, "evidence_equal": True}
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE NONE"))
        await unit.session.execute(text("ALTER TABLE stress_tests DISABLE TRIGGER append_only"))
        await unit.session.execute(
            text("UPDATE stress_tests SET result = jsonb_set(result, '{limit_fen}', '1')")
        )
        await unit.session.execute(text("ALTER TABLE stress_tests ENABLE TRIGGER append_only"))
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
    again = (await api.get("pool_manager", f"{path}/{made['id']}", verify=True)).json()
    assert again["replay"] == {"result_equal": False, "evidence_equal": True}


async def test_a_test_of_a_past_day_knows_what_was_known(api: Api, database: SavepointDatabase) -> None:
    """UNI-13: yesterday nothing was lent; before it was sealed nothing was known."""
    pool = await make_pool_with_loans(api, database)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    yesterday = await api.made("pool_manager", path, {"on": str(TODAY - timedelta(days=1))})
    assert (yesterday["result"]["loans"], yesterday["result"]["limit"]) == (0, money("1000000.00"))
    unknown = await api.made("pool_manager", path, {"as_of": "2019-06-01T00:00:00Z"})
    assert (unknown["result"]["loans"], unknown["result"]["limit"]) == (0, money("0.00"))


async def test_the_pool_pays_no_more_than_it_has(api: Api, database: SavepointDatabase) -> None:
    """UNI-13, RP-10: 40 % of a million due, of which 100,000.00 are there."""
    pool = await make_pool_with_loans(api, database, paid_in="100000.00")
    made = await api.made("finance_office", f"/v1/pools/{pool['id']}/stress-tests", {})
    worst = outcome(made, "all_default")
    assert (worst["payout"], worst["shortfall"]) == (money("100000.00"), money("300000.00"))


async def test_a_scenario_of_ones_own(api: Api, database: SavepointDatabase) -> None:
    """UNI-13: all of a bank's borrowers default, everything is lost."""
    pool = await make_pool_with_loans(api, database)
    bank = str(api.samples["bank_b"].organisation.id)
    hit = {"hits": "bank", "value": bank, "pd_ppm": 1_000_000}
    scenario = {"name": "一家银行", "lgd_ppm": 1_000_000, "shocks": [hit]}
    path = f"/v1/pools/{pool['id']}/stress-tests"
    made = await api.made("pool_manager", path, {"scenarios": [scenario]})
    assert outcome(made, "一家银行")["loss"] == money("1000000.00")
    twice = await api.post("pool_manager", path, {"scenarios": [scenario, scenario]})
    assert told(twice) == (422, "stress_test.scenario_twice")
    built_in = await api.post("pool_manager", path, {"scenarios": [scenario | {"name": "baseline"}]})
    assert told(built_in) == (422, "stress_test.scenario_twice")


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "a day to come": ({"on": str(TODAY + timedelta(days=1))}, (422, "request.date_in_future")),
    "an instant to come": ({"as_of": "2999-01-01T00:00:00Z"}, (422, "statistic.as_of_in_future")),
    "too many runs": ({"simulation": {"runs": 20_001, "seed": 1}}, (422, "request.malformed")),
    "no seed": ({"simulation": {"runs": 1}}, (422, "request.malformed")),
    "more than certain": ({"pd_ppm": ALL | {"loss": 1_000_001}}, (422, "request.malformed")),
    "a class unknown": ({"pd_ppm": {"bad": 1}}, (422, "request.malformed")),
    "a fraction": ({"lgd_ppm": 0.5}, (422, "request.malformed")),
}


@pytest.mark.parametrize(("body", "expected"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_makes_no_sense_is_refused(
    api: Api, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    """UNI-13."""
    pool = await make_pool(api)
    assert told(await api.post("pool_manager", f"/v1/pools/{pool['id']}/stress-tests", body)) == expected


async def test_tests_are_for_those_who_may_read_the_books(api: Api) -> None:
    """RB-01: neither a bank nor another pool's manager."""
    pool = await make_pool(api)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    made = await api.made("pool_manager", path, {})
    assert told(await api.post("bank_a", path, {})) == (403, "auth.denied")
    for place in (path, f"{path}/{made['id']}"):
        assert told(await api.get("bank_a", place)) == (404, "pool.not_found")
    missing = f"{path}/{uuid.uuid4()}"
    assert told(await api.get("pool_manager", missing)) == (404, "stress_test.not_found")


async def test_a_result_is_never_changed(api: Api, database: SavepointDatabase) -> None:
    """UNI-13: append-only, for the application as for the owner."""
    pool = await make_pool(api)
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/stress-tests", {})
    for statement in ("UPDATE stress_tests SET number = 'x'", "DELETE FROM stress_tests"):
        with pytest.raises(DBAPIError):
            async with database.write() as unit:
                await unit.session.execute(text(statement))


async def test_a_process_computes_a_few_tests_at_a_time(api: Api) -> None:
    """UNI-13: a further one is sent away at once, to come again; others are served, and so is it then."""
    pool = await make_pool(api)
    path = f"/v1/pools/{pool['id']}/stress-tests"
    made = await api.made("pool_manager", path, {})
    with ExitStack() as taken:
        for _ in range(stress_tests.TOGETHER):
            taken.enter_context(stress_tests.ROOM.place())
        refused = await api.post("pool_manager", path, {})
        assert told(refused) == (503, "stress_test.busy")
        assert refused.headers["retry-after"] == "1"
        again = await api.get("pool_manager", f"{path}/{made['id']}", verify=True)
        assert told(again) == (503, "stress_test.busy")
        assert (await api.get("pool_manager", f"{path}/{made['id']}")).is_success
    refused = await api.post("pool_manager", path, {"on": str(TODAY + timedelta(days=1))})
    assert told(refused) == (422, "request.date_in_future")
    for _ in range(stress_tests.TOGETHER):
        assert (await api.post("pool_manager", path, {})).status_code == 201


async def test_the_work_of_a_test_is_bounded(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UNI-13: runs by borrowers, scenarios by loans; both objections at once."""
    pool = await make_pool_with_loans(api, database)
    monkeypatch.setattr(rules, "MAX_WORK", 99)
    monkeypatch.setattr(rules, "MAX_CASES", 7)
    body = {"scenarios": [{"name": "示例"}], "simulation": {"runs": 100, "seed": 1}}
    path = f"/v1/pools/{pool['id']}/stress-tests"
    refused = await api.post("pool_manager", path, body)
    assert codes(refused) == ["stress_test.too_many_scenarios", "stress_test.too_much_work"]
    assert (await api.post("pool_manager", path, {"simulation": {"runs": 99, "seed": 1}})).status_code == 201


async def test_each_loan_is_shared_by_the_scheme_it_came_under(api: Api, database: SavepointDatabase) -> None:
    """UNI-13, RP-03: 40 % of one loan and 80 % of the next; all that and no more than the balance is paid."""
    pool = await make_pool(api, paid_in="500000.00")
    path = f"/v1/pools/{pool['id']}"
    await make_loan(api, pool, await right(api, database))
    tiers = [{"shares_bp": {"pool": 8_000, "bank": 2_000}}]
    await api.made("pool_manager", f"{path}/schemes", scheme(tiers=tiers, effective_from=str(TODAY)))
    await make_loan(api, pool, await right(api, database), bank="bank_b")
    worst = outcome(await api.made("pool_manager", f"{path}/stress-tests", {}), "all_default")
    assert (worst["due"], worst["payout"], worst["shortfall"]) == (
        money("600000.00"),
        money("500000.00"),
        money("100000.00"),
    )
    more = {"source": "city", "amount": money("100000.01"), "occurred_on": str(TODAY)}
    await api.made("pool_manager", f"{path}/contributions", more)
    worst = outcome(await api.made("pool_manager", f"{path}/stress-tests", {}), "all_default")
    assert (worst["payout"], worst["shortfall"]) == (money("600000.00"), money("0.00"))


async def right(api: Api, database: SavepointDatabase) -> uuid.UUID:
    """A patent of the sample firm."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        return (await make_asset(unit.session, owners=[owner])).id
