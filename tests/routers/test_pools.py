"""`/v1/pools` over HTTP: opening, schemes, money paid in, capacity, and who sees and manages a pool."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.pool import SharingParty
from app.domain.scheme import Terms, Tier
from app.models.pool import Pool
from app.services import pools
from tests.factories.clock import now
from tests.factories.pledges import SHARES, make_pool, scheme
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told
from tests.support.samples import actor_of

TOMORROW = str(now().today + timedelta(days=1))


def contribution(yuan: str = "100.00", **changes: Any) -> dict[str, Any]:
    """Money of the district paid in."""
    money = {"amount": yuan, "currency": "CNY"}
    return {"source": "district", "amount": money, "occurred_on": "2019-01-02"} | changes


async def open_elsewhere(api: Api, database: SavepointDatabase, district_code: str) -> Pool:
    """A pool that another organisation manages, in that district."""
    manager = replace(actor_of(api.samples, "guarantor"), district_code=district_code)
    terms = Terms(
        code="示例方案",
        effective_from=date(2019, 1, 1),
        leverage_multiple=10,
        tiers=[Tier({SharingParty(name): share for name, share in SHARES.items()})],
        legal_basis="示例管理办法",
    )
    async with database.write() as unit:
        return await pools.open_pool(
            unit.session,
            actor=manager,
            moment=unit.moment,
            name="示例另一资金池",
            currency="CNY",
            scheme=terms,
        )


def amounts(capacity: dict[str, Any]) -> dict[str, str]:
    return {name: money["amount"] for name, money in capacity.items()}


async def test_a_pool_opens_empty_with_its_scheme_and_the_accounts_of_its_ledger(api: Api) -> None:
    """RP-01, POL-01: nothing is available before money is paid in."""
    response = await api.post("pool_manager", "/v1/pools", {"name": "示例资金池", "scheme": scheme()})
    assert response.status_code == 201
    pool = response.json()
    assert (pool["status"], pool["currency"], pool["district_code"]) == ("active", "CNY", "120110")
    assert (pool["scheme"]["scheme_version"], pool["scheme"]["tiers"]) == (
        1,
        [{"upto": None, "shares_bp": SHARES}],
    )
    assert set(amounts(pool["capacity"]).values()) == {"0.00"}
    assert response.headers["etag"] == f'"{pool["version"]}"'
    accounts = (await api.get("pool_manager", f"/v1/pools/{pool['id']}/accounts")).json()
    assert [account["code"] for account in accounts] == [
        "cash",
        "compensation",
        "contributions",
        "fees",
        "interest",
        "interest_receivable",
        "memo.control",
        "memo.cover_obligation",
        "memo.covered",
        "recovered",
    ]


async def test_money_paid_in_is_booked_and_carries_leverage_times_itself(api: Api) -> None:
    """RP-05, RP-19: capacity is leverage x what is in the special account; the source is kept."""
    pool = await make_pool(api, paid_in="1000000.00")
    path = f"/v1/pools/{pool['id']}"
    paid = await api.made(
        "pool_manager", f"{path}/contributions", contribution("250000.00", source="central")
    )
    booked = (await api.get("auditor", f"{path}/transfers/{paid['transfer_id']}")).json()
    assert (booked["code"], booked["amount"]["amount"]) == ("contribution.central", "250000.00")
    assert booked["occurred_on"] == "2019-01-02"
    assert amounts((await api.get("bank_a", path)).json()["capacity"]) == {
        "available": "1250000.00",
        "limit": "12500000.00",
        "outstanding": "0.00",
        "free": "12500000.00",
    }


async def test_the_latest_scheme_that_has_begun_is_in_effect(api: Api) -> None:
    """RP-03: versions are kept; one of tomorrow changes nothing today, one of the past is not gone."""
    pool = await make_pool(api, paid_in="1000000.00")
    path = f"/v1/pools/{pool['id']}"
    for changes in (
        {"effective_from": TOMORROW, "leverage_multiple": 20},
        {"effective_from": "2020-01-01", "leverage_multiple": 5},
    ):
        await api.made("pool_manager", f"{path}/schemes", scheme(**changes))
    versions = (await api.get("bank_a", f"{path}/schemes")).json()
    assert [(one["scheme_version"], one["leverage_multiple"]) for one in versions] == [
        (1, 10),
        (2, 20),
        (3, 5),
    ]
    shown = (await api.get("bank_a", path)).json()
    assert (shown["scheme"]["scheme_version"], shown["capacity"]["limit"]["amount"]) == (3, "5000000.00")


async def test_a_pool_whose_scheme_has_ended_shows_no_capacity(api: Api) -> None:
    """RP-03: without a scheme nothing says what the pool can carry."""
    pool = await make_pool(api, effective_to="2019-12-31")
    shown = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()
    assert (shown["scheme"], shown["capacity"]) == (None, None)


SCHEMES: dict[str, tuple[dict[str, object], tuple[int, str]]] = {
    "shares of 99.99 %": ({"tiers": [{"shares_bp": {"pool": 9_999}}]}, (422, "pool.shares_not_whole")),
    "shares of 110 %": (
        {"tiers": [{"shares_bp": {"pool": 6_000, "bank": 5_000}}]},
        (422, "pool.shares_not_whole"),
    ),
    "a party that shares nothing": (
        {"tiers": [{"shares_bp": {"notary": 10_000}}]},
        (422, "request.malformed"),
    ),
    "no leverage": ({"leverage_multiple": 0}, (422, "request.malformed")),
    "an end before the beginning": ({"effective_to": "2018-12-31"}, (422, "pool.period_invalid")),
    "a cap in another currency": (
        {"household_cap": {"amount": "1.00", "currency": "USD"}},
        (409, "pool.currency_mismatch"),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), SCHEMES.values(), ids=SCHEMES.keys())
async def test_a_scheme_that_makes_no_sense_is_refused(
    api: Api, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    """RP-01, RP-03: for the first scheme of a pool as for a further one."""
    pool = await make_pool(api)
    further = await api.post("pool_manager", f"/v1/pools/{pool['id']}/schemes", scheme(**changes))
    first = await api.post("pool_manager", "/v1/pools", {"name": "示例资金池", "scheme": scheme(**changes)})
    assert told(further) == told(first) == expected
    assert len((await api.get("bank_a", f"/v1/pools/{pool['id']}/schemes")).json()) == 1


CONTRIBUTIONS: dict[str, tuple[dict[str, object], tuple[int, str]]] = {
    "another currency": ({"amount": {"amount": "1.00", "currency": "USD"}}, (409, "pool.currency_mismatch")),
    "money of tomorrow": ({"occurred_on": TOMORROW}, (422, "request.date_in_future")),
    "nothing": ({"amount": {"amount": "0.00", "currency": "CNY"}}, (422, "request.malformed")),
    "a source that there is not": ({"source": "lottery"}, (422, "request.malformed")),
}


@pytest.mark.parametrize(("changes", "expected"), CONTRIBUTIONS.values(), ids=CONTRIBUTIONS.keys())
async def test_a_contribution_that_cannot_be_is_refused_and_not_booked(
    api: Api, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    """RP-19: money in the pool's currency, that has come in."""
    pool = await make_pool(api, paid_in="5.00")
    path = f"/v1/pools/{pool['id']}"
    refused = await api.post("pool_manager", f"{path}/contributions", contribution(**changes))
    assert told(refused) == expected, refused.text
    assert (await api.get("bank_a", path)).json()["capacity"]["available"]["amount"] == "5.00"


SEEN = {
    # role: (the pool, its accounts, paying in, booking)
    "pool_manager": (200, 200, 201, 201),
    "treasury": (200, 200, 403, 201),
    "finance_office": (200, 200, 403, 403),
    "auditor": (200, 200, 403, 403),
    "ip_office": (200, 403, 403, 403),
    "bank_a": (200, 403, 403, 403),
    "guarantor": (200, 403, 403, 403),
    "insurer": (200, 403, 403, 403),
    "operator": (403, 403, 403, 403),
    "agency": (403, 403, 403, 403),
    "sme": (403, 403, 403, 403),
    "appraiser": (403, 403, 403, 403),
    "trustee": (403, 403, 403, 403),
    "department": (403, 403, 403, 403),
}


@pytest.mark.parametrize("role", SEEN)
async def test_each_role_may_what_its_office_is(api: Api, role: str) -> None:
    """SEC-12, RB-01: partners of the district see what a pool can carry, its offices the books, its keepers write."""
    pool = await make_pool(api)
    path = f"/v1/pools/{pool['id']}"
    accounts = (await api.get("pool_manager", f"{path}/accounts")).json()
    by_code = {account["code"]: account["id"] for account in accounts}
    cash, contributions = by_code["cash"], by_code["contributions"]
    transfer = {
        "debit_account_id": cash,
        "credit_account_id": contributions,
        "amount": {"amount": "1.00", "currency": "CNY"},
        "code": "示例",
    }
    answers = (
        await api.get(role, path),
        await api.get(role, f"{path}/accounts"),
        await api.post(role, f"{path}/contributions", contribution()),
        await api.post(role, f"{path}/transfers", transfer),
    )
    assert tuple(answer.status_code for answer in answers) == SEEN[role]


async def test_another_manager_sees_the_pool_but_writes_nothing_in_it(
    api: Api, database: SavepointDatabase
) -> None:
    """SEC-12: a pool that one does not manage is not found for writing, whatever one's scopes."""
    pool = await open_elsewhere(api, database, "120110")
    path = f"/v1/pools/{pool.id}"
    assert (await api.get("pool_manager", path)).status_code == 200
    account = {"code": "other", "name": "示例", "normal_side": "debit"}
    for place, body in (
        ("contributions", contribution()),
        ("schemes", scheme()),
        ("accounts", account),
        ("transfers", {"kind": "void", "resolves_id": str(pool.id), "code": "示例"}),
    ):
        assert told(await api.post("pool_manager", f"{path}/{place}", body)) == (404, "pool.not_found"), place


async def test_a_pool_of_another_district_is_not_there(api: Api, database: SavepointDatabase) -> None:
    """SEC-12: neither for its partners nor for its offices, alone or in a list."""
    own = await make_pool(api)
    other = await open_elsewhere(api, database, "120116")
    for role in ("bank_a", "pool_manager", "treasury", "auditor"):
        assert told(await api.get(role, f"/v1/pools/{other.id}")) == (404, "pool.not_found"), role
        assert told(await api.get(role, f"/v1/pools/{other.id}/schemes")) == (404, "pool.not_found"), role
        listed = (await api.get(role, "/v1/pools", include_total=True)).json()
        assert ([pool["id"] for pool in listed["items"]], listed["total"]) == ([own["id"]], 1), role
    for role in ("pool_manager", "treasury", "auditor"):
        assert told(await api.get(role, f"/v1/pools/{other.id}/accounts")) == (404, "pool.not_found"), role
