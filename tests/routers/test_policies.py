"""`/v1/policies` over HTTP: what is insured, what it counts for, endorsements, cancelling and voiding."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain import policy as rules
from app.domain.policy import Change, PolicyStatus
from tests.factories.clock import now
from tests.factories.finance import organisation_id, owned, party_id, policy, yuan
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import MALFORMED, pointers, told

PATH = "/v1/policies"
TODAY = now().today
START = "2021-03-01"


def endorsement(direction: str, amount: str, on: str, **changes: Any) -> dict[str, Any]:
    delta = {"direction": direction, "amount": yuan(amount)}
    return {"endorsement_no": f"批-{on}", "delta": delta, "occurred_on": on, "reason": "示例批改"} | changes


async def test_a_policy_counts_its_sum_insured_when_it_starts_where_the_insured_is(
    api: Api, database: SavepointDatabase
) -> None:
    """ST-08, ST-09, IN-02: the sum insured, not the premium; in the insured's district, not the insurer's."""
    async with database.write() as unit:
        elsewhere = await make_party(unit.session, district_code="120116")
    asset = await owned(api, database)
    response = await api.post("insurer", PATH, policy(api, asset_ids=[asset]))
    made = response.json()
    assert response.status_code == 201
    assert response.headers["etag"] == '"1"'
    assert (made["status"], made["in_force"], made["district_code"]) == ("active", True, "120110")
    assert (made["sum_insured_now"], made["subsidy"]) == (yuan("800000.00"), yuan("6000.00"))
    assert [one["asset_id"] for one in made["assets"]] == [asset]
    away = await api.made("insurer", PATH, policy(api, policy_no="2", insured_id=str(elsewhere.id)))
    assert away["district_code"] == "120116"
    assert await facts(database, made["id"]) == [
        ("policy_amount", "120110", "2021-03-01", 80_000_000),
        ("policy_count", "120110", "2021-03-01", 1),
    ]
    assert {district for _, district, _, _ in await facts(database, away["id"])} == {"120116"}


async def facts(database: SavepointDatabase, policy_id: str) -> list[tuple[str, str, str, int]]:
    """What a policy counts for: measure, district, day and the sum of the values, where it is not zero."""
    assert database.connection is not None
    rows = await database.connection.exec_driver_sql(
        "SELECT measure, district_code, occurred_on::text, sum(value)::bigint FROM facts"
        f" WHERE source_noun = 'policy' AND source_id = '{policy_id}'"
        " GROUP BY 1, 2, 3 HAVING sum(value) <> 0 ORDER BY 1, 3"
    )
    return [tuple(row) for row in rows]


async def test_figures_can_be_cut_by_product_and_by_loan_guarantee(
    api: Api, database: SavepointDatabase
) -> None:
    """IN-03: what insures a loan can be told from what insures a right; the two are never one sum."""
    asset = await owned(api, database)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    guarantee = policy(
        api,
        policy_no="2",
        product="loan_guarantee",
        insured_id=party_id(api, "bank_a"),
        pledge_id=pledge["id"],
        sum_insured=yuan("500000.00"),
    )
    await api.made("insurer", PATH, guarantee)
    await api.made("insurer", PATH, policy(api))
    asked = {"district": "120110", "from": 2021, "to": 2021, "slice": "loan_guarantee"}
    answer = (await api.get("auditor", "/v1/statistics/policy_amount", **asked)).json()
    amounts = {cell["slice"]["loan_guarantee"]: cell["amount"] for cell in answer["cells"]}
    assert amounts == {"true": "500000.00", "false": "800000.00"}


async def test_endorsements_count_on_their_own_days_and_voiding_undoes_all_of_it(
    api: Api, database: SavepointDatabase
) -> None:
    """IN-02: deltas in their own year; a policy void from its start counts for nothing in any of them."""
    made = await api.made("insurer", PATH, policy(api))
    path = f"{PATH}/{made['id']}"
    await api.made("insurer", f"{path}/endorsements", endorsement("increase", "200000.00", "2022-05-01"))
    changed = await api.made(
        "insurer", f"{path}/endorsements", endorsement("decrease", "900000.00", "2023-01-01")
    )
    assert changed["sum_insured_now"] == yuan("100000.00")
    assert [(one["delta"]["direction"], one["occurred_on"]) for one in changed["endorsements"]] == [
        ("increase", "2022-05-01"),
        ("decrease", "2023-01-01"),
    ]
    assert await facts(database, made["id"]) == [
        ("policy_amount", "120110", "2021-03-01", 80_000_000),
        ("policy_amount", "120110", "2022-05-01", 20_000_000),
        ("policy_amount", "120110", "2023-01-01", -90_000_000),
        ("policy_count", "120110", "2021-03-01", 1),
    ]
    voided = await api.made("insurer", f"{path}/voiding", {"reason": "未如实告知"})
    assert (voided["status"], voided["ended_on"], voided["in_force"]) == ("voided", START, False)
    assert voided["sum_insured_now"] == yuan("0.00")
    assert await facts(database, made["id"]) == []
    again = await api.post("insurer", f"{path}/voiding", {"reason": "重复"})
    assert told(again) == (409, "state.illegal_transition")


async def test_a_cancelled_policy_still_counts_and_takes_no_endorsement(
    api: Api, database: SavepointDatabase
) -> None:
    """IN-02: only a policy void from its start is taken out of the figures."""
    made = await api.made("insurer", PATH, policy(api))
    path = f"{PATH}/{made['id']}"
    before = await facts(database, made["id"])
    ended = await api.made(
        "insurer", f"{path}/cancellation", {"cancelled_on": "2022-01-31", "reason": "投保人退保"}
    )
    assert (ended["status"], ended["ended_on"], ended["in_force"]) == ("cancelled", "2022-01-31", False)
    assert await facts(database, made["id"]) == before
    late = await api.post("insurer", f"{path}/endorsements", endorsement("increase", "1.00", "2022-01-01"))
    assert told(late) == (409, "state.illegal_transition")


async def test_a_policy_is_reported_up_to_a_year_before_it_starts(api: Api) -> None:
    """ST-09: it counts on its start, and insures nothing before."""
    made = await api.made(
        "insurer", PATH, policy(api, starts_on=str(TODAY + timedelta(days=366)), ends_on="2099-12-31")
    )
    assert (made["in_force"], made["sum_insured_now"]) == (False, yuan("0.00"))
    path = f"{PATH}/{made['id']}/endorsements"
    early = await api.post("insurer", path, endorsement("increase", "1.00", str(TODAY)))
    assert told(early) == (422, "request.date_too_early")


FAULTS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "an end before its start": ({"ends_on": "2021-02-28"}, (422, "policy.term_invalid")),
    "a start too far ahead": (
        {"starts_on": str(TODAY + timedelta(days=367)), "ends_on": "2099-12-31"},
        (422, "policy.starts_too_late"),
    ),
    "more subsidy than premium": (
        {"subsidy": yuan("12000.01")},
        (422, "policy.subsidy_exceeds_premium"),
    ),
    "another currency": ({"premium": yuan("12000.00", "USD")}, (422, "policy.currency_unsupported")),
    "another product without a name": ({"product": "other"}, (422, "policy.product_name_missing")),
    "a product that there is not": ({"product": "lottery"}, MALFORMED),
    "nothing insured": ({"sum_insured": yuan("0.00")}, MALFORMED),
    "nobody insured": (
        {"insured_id": "00000000-0000-0000-0000-000000000009"},
        (404, "party.not_found"),
    ),
    "a right that there is not": (
        {"asset_ids": ["00000000-0000-0000-0000-000000000009"]},
        (404, "asset.not_found"),
    ),
    "a pledge that there is not": (
        {"pledge_id": "00000000-0000-0000-0000-000000000009"},
        (409, "policy.pledge_mismatch"),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_policy_that_makes_no_sense_is_refused(
    api: Api, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert told(await api.post("insurer", PATH, policy(api, **changes))) == expected
    assert (await api.get("insurer", PATH)).json()["items"] == []


async def test_all_faults_are_told_at_once(api: Api) -> None:
    """API-10."""
    right = "00000000-0000-0000-0000-000000000009"
    faulty = policy(
        api,
        ends_on="2020-01-01",
        product="other",
        sum_insured=yuan("1.00", "EUR"),
        subsidy=yuan("99999.00"),
        asset_ids=[right, right],
    )
    assert pointers(await api.post("insurer", PATH, faulty)) == [
        "/ends_on",
        "/sum_insured/currency",
        "/subsidy/amount",
        "/product_name",
        "/asset_ids",
    ]


async def test_a_policy_is_tied_to_a_pledge_of_the_insured_only(
    api: Api, database: SavepointDatabase
) -> None:
    """IN-03: an insurer learns nothing of the pledges of others, not even that there are any."""
    asset = await owned(api, database, "sme_b")
    pledge = await api.made("bank_b", "/v1/pledges", filing(party_id(api, "sme_b"), [asset]))
    foreign = await api.post("insurer", PATH, policy(api, pledge_id=pledge["id"]))
    assert told(foreign) == (409, "policy.pledge_mismatch")


async def test_a_number_is_used_once_by_an_insurer(api: Api) -> None:
    await api.made("insurer", PATH, policy(api))
    again = await api.post("insurer", PATH, policy(api, premium=yuan("1.00"), subsidy=yuan("0.00")))
    assert told(again) == (409, "policy.number_taken")


ENDORSEMENTS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "all of the sum": (endorsement("decrease", "800000.00", "2022-01-01"), (409, "policy.sum_not_positive")),
    "more than was left on its day": (
        endorsement("decrease", "800000.00", "2021-06-01"),
        (409, "policy.sum_not_positive"),
    ),
    "nothing": (endorsement("increase", "0.00", "2022-01-01"), MALFORMED),
    "another currency": (
        endorsement("increase", "1.00", "2022-01-01")
        | {"delta": {"direction": "increase", "amount": yuan("1.00", "USD")}},
        (422, "policy.currency_unsupported"),
    ),
    "before the start": (endorsement("increase", "1.00", "2021-02-28"), (422, "request.date_too_early")),
    "of tomorrow": (
        endorsement("increase", "1.00", str(TODAY + timedelta(days=1))),
        (422, "request.date_in_future"),
    ),
    "a number used before": (
        endorsement("increase", "1.00", "2022-02-01", endorsement_no="批-2021-09-01"),
        (409, "policy.endorsement_taken"),
    ),
}


@pytest.mark.parametrize(("body", "expected"), ENDORSEMENTS.values(), ids=ENDORSEMENTS.keys())
async def test_an_endorsement_that_cannot_be_is_refused_and_not_counted(
    api: Api, database: SavepointDatabase, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    """IN-02, 保险法第18条: the sum stays above zero on every day, whatever is entered later about earlier."""
    made = await api.made("insurer", PATH, policy(api))
    path = f"{PATH}/{made['id']}/endorsements"
    raised = await api.made("insurer", path, endorsement("increase", "0.01", "2021-09-01"))
    lowered = await api.made("insurer", path, endorsement("decrease", "0.02", "2021-12-01"))
    assert raised["version"] < lowered["version"]
    before = await facts(database, made["id"])
    assert told(await api.post("insurer", path, body)) == expected
    assert await facts(database, made["id"]) == before


CANCELLATIONS = {
    START: (409, "policy.cancelled_from_start"),
    "2021-07-31": (409, "policy.endorsed_later"),
    str(TODAY + timedelta(days=1)): (422, "request.date_in_future"),
}


@pytest.mark.parametrize(("on", "expected"), CANCELLATIONS.items())
async def test_a_policy_is_not_cancelled_on_a_day_that_cannot_be(
    api: Api, on: str, expected: tuple[int, str]
) -> None:
    """IN-02: one that ends with its start is voided instead."""
    made = await api.made("insurer", PATH, policy(api))
    path = f"{PATH}/{made['id']}"
    await api.made("insurer", f"{path}/endorsements", endorsement("increase", "1.00", "2021-08-01"))
    refused = await api.post("insurer", f"{path}/cancellation", {"cancelled_on": on, "reason": "退保"})
    assert told(refused) == expected
    assert (await api.get("insurer", path)).json()["status"] == "active"


SEEN = {"insurer": 200, "sme": 200, "ip_office": 200, "auditor": 200, "sme_b": 404, "bank_a": 404}


@pytest.mark.parametrize("role", SEEN)
async def test_a_policy_is_seen_by_insurer_insured_and_district(api: Api, role: str) -> None:
    """SEC-12, RB-01: others' business stays theirs; only the insurer changes it."""
    made = await api.made("insurer", PATH, policy(api))
    assert (await api.get(role, f"{PATH}/{made['id']}")).status_code == SEEN[role]
    listed = (await api.get(role, PATH, product="enforcement")).json()["items"]
    assert len(listed) == (SEEN[role] == 200)
    if role != "insurer":
        voided = await api.post(role, f"{PATH}/{made['id']}/voiding", {"reason": "示例"})
        assert told(voided) == (403, "auth.denied")


async def test_another_insurer_does_not_touch_a_policy_it_is_insured_by(
    api: Api, database: SavepointDatabase
) -> None:
    """A policy on an insurer's own patents is seen by it and changed by its insurer alone."""
    made = await api.made("insurer", PATH, policy(api))
    assert database.connection is not None
    await database.connection.exec_driver_sql(
        f"UPDATE policies SET organisation_id = '{organisation_id(api, 'guarantor')}',"
        f" insured_id = '{party_id(api, 'insurer')}' WHERE id = '{made['id']}'"
    )
    refused = await api.post("insurer", f"{PATH}/{made['id']}/voiding", {"reason": "示例"})
    assert told(refused) == (403, "policy.not_insurer")


def test_a_policy_is_in_force_from_its_start_to_its_last_day_or_the_day_before_its_cancellation() -> None:
    """IN-02: both ends count, the day of cancellation does not."""
    start, end = date(2021, 3, 1), date(2022, 2, 28)

    def covers(on: date, status: PolicyStatus = PolicyStatus.active, ended: date | None = None) -> bool:
        return rules.in_force(status, starts_on=start, ends_on=end, ended_on=ended, today=on)

    assert [covers(day) for day in (date(2021, 2, 28), start, end, date(2022, 3, 1))] == [
        False,
        True,
        True,
        False,
    ]
    ended = date(2021, 6, 1)
    days = (date(2021, 5, 31), ended)
    assert [covers(day, PolicyStatus.cancelled, ended) for day in days] == [True, False]
    assert not covers(start, PolicyStatus.voided, start)


def test_the_sum_insured_is_reckoned_day_by_day_in_the_order_of_the_days() -> None:
    """IN-02: changes of one day are one change; entered later about earlier they stand where they belong."""
    first, second = date(2021, 4, 1), date(2021, 5, 1)
    changes = [Change(second, -900), Change(first, 50), Change(first, -100), Change(second, 800)]
    assert rules.sums_insured(1_000, changes) == [1_000, 950, 850]
