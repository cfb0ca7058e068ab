"""`/v1/scheme-templates`, and the worked examples of domain §5.4 to the fen: pool, pledge, claim, recoveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.money import parse_amount
from tests.factories.assets import make_asset
from tests.factories.claims import (
    TODAY,
    balance,
    claiming,
    classification,
    make_loan,
    money,
    parts,
    pay,
)
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told

CODES = [
    "GD-ZS-2021",
    "JS-SZD-2023",
    "QY-2023",
    "SD-QD-2015",
    "SZ-2018",
    "TJ-BH-2022-9",
    "TJ-DL-TEMPLATE",
    "WH-2024",
]
FILLED: dict[str, Any] = {"effective_from": "2019-01-01", "leverage_multiple": 10}
"""What a district fills in where the template leaves it open."""


async def test_the_eight_named_schemes_come_with_what_is_known_of_each_parameter(api: Api) -> None:
    """Domain §5.2: by code, with what is confirmed, assumed and open."""
    shown = (await api.get("bank_a", "/v1/scheme-templates")).json()
    assert [one["code"] for one in shown] == CODES
    one = (await api.get("bank_a", "/v1/scheme-templates/TJ-BH-2022-9")).json()
    assert one in shown
    assert one["size"]["amount"] == "50000000.00"
    assert {one["status"][name] for name in ("tiers", "loss_base")} == {"confirmed"}
    assert one["status"]["loss_timing"] == "assumed"
    assert one["status"]["publicity_days"] == "default"
    assert [name for name, status in one["status"].items() if status == "open"] == [
        "effective_from",
        "leverage_multiple",
    ]
    missing = await api.get("bank_a", "/v1/scheme-templates/XX-0")
    assert told(missing) == (404, "scheme.template_not_found")
    assert told(await api.get("sme", "/v1/scheme-templates")) == (403, "auth.denied")


async def opened(api: Api, code: str, paid_in: str) -> dict[str, Any]:
    """A pool opened with the body of a template, its open parameters filled in, with money in it."""
    template = (await api.get("pool_manager", f"/v1/scheme-templates/{code}")).json()
    body = template["pool"]
    body["scheme"] |= {name: FILLED[name] for name, status in template["status"].items() if status == "open"}
    body["scheme"] |= {"publicity_days": 0, "npl_suspend_bp": 10_000, "paid_ratio_suspend_bp": 10_000}
    pool = await api.made("pool_manager", "/v1/pools", body)
    given = {"source": "district", "amount": money(paid_in), "occurred_on": "2019-01-02"}
    await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", given)
    return pool


@dataclass(frozen=True)
class Example:
    """One row of domain §5.4; recoveries are (gross, cost, the parts)."""

    code: str
    principal: str
    outstanding: str
    due: dict[str, str]
    recoveries: list[tuple[str, str, dict[str, str]]]
    left: dict[str, str]
    paid_in: str = "50000000.00"
    paid: str | None = None
    borne: dict[str, str] | None = None
    loan: dict[str, Any] = field(default_factory=dict)
    claim: dict[str, Any] = field(default_factory=dict)


SHORT_TERM = {"debt_from": "2021-07-01", "debt_to": "2024-06-30"}
EXAMPLES = {
    "A": Example(
        "TJ-BH-2022-9",
        "3000000.00",
        "2550000.00",
        {"pool": "1020000.00", "bank": "1530000.00"},
        [("800000.00", "35000.00", {"pool": "306000.00", "bank": "459000.00"})],
        {"pool": "714000.00", "bank": "1071000.00"},
    ),
    "B": Example(
        "GD-ZS-2021",
        "1234567.89",
        "1234567.89",
        {"pool": "666666.66", "bank": "320987.65", "insurer": "197530.86", "evaluator": "49382.72"},
        [
            (
                "300000.00",
                "0.00",
                {"pool": "162000.00", "bank": "78000.00", "insurer": "48000.00", "evaluator": "12000.00"},
            ),
            (
                "100000.03",
                "0.00",
                {"pool": "54000.02", "bank": "26000.01", "insurer": "16000.00", "evaluator": "4000.00"},
            ),
        ],
        {"pool": "450666.64", "bank": "216987.64", "insurer": "133530.86", "evaluator": "33382.72"},
    ),
    "C": Example(
        "SD-QD-2015",
        "3400000.00",
        "3400000.00",
        {"pool": "0.00", "bank": "680000.00", "guarantor": "680000.00", "insurer": "2040000.00"},
        [
            (
                "1000001.00",
                "0.00",
                {"pool": "0.00", "bank": "200000.20", "guarantor": "200000.20", "insurer": "600000.60"},
            ),
            ("0.03", "0.00", {"pool": "0.00", "bank": "0.01", "guarantor": "0.00", "insurer": "0.02"}),
        ],
        {"pool": "0.00", "bank": "479999.79", "guarantor": "479999.80", "insurer": "1439999.38"},
    ),
    "D1": Example(
        "JS-SZD-2023",
        "10000000.00",
        "10000000.00",
        {"pool": "8000000.00", "bank": "2000000.00"},
        [("2500000.00", "0.00", {"pool": "2000000.00", "bank": "500000.00"})],
        {"pool": "6000000.00", "bank": "1500000.00"},
        loan=SHORT_TERM,
        claim={"interest": money("215000.00"), "interest_days": 120},
    ),
    "D2": Example(
        "JS-SZD-2023",
        "10000000.01",
        "10000000.01",
        {"pool": "5000000.00", "bank": "5000000.01"},
        [],
        {"pool": "5000000.00", "bank": "5000000.01"},
        loan=SHORT_TERM,
    ),
    "D3": Example(
        "JS-SZD-2023",
        "30000000.00",
        "30000000.00",
        {"pool": "15000000.00", "bank": "15000000.00"},
        [],
        {"pool": "15000000.00", "bank": "15000000.00"},
        loan=SHORT_TERM,
    ),
    "E": Example(
        "SZ-2018",
        "8000000.00",
        "6000000.00",
        {"pool": "1500000.00", "bank": "1200000.00", "guarantor": "3300000.00"},
        [("1000000.00", "0.00", {"pool": "250000.00", "bank": "200000.00", "guarantor": "550000.00"})],
        {"pool": "1250000.00", "bank": "1000000.00", "guarantor": "2750000.00"},
        paid_in="30000000.00",
    ),
    "F": Example(
        "WH-2024",
        "10000000.00",
        "7500000.00",
        {"pool": "2250000.00", "bank": "2250000.00"},
        [("900000.00", "0.00", {"pool": "400000.00", "bank": "500000.00"})],
        {"pool": "1600000.00", "bank": "2000000.00"},
        paid_in="2000000.00",
        paid="2000000.00",
        borne={"pool": "2000000.00", "bank": "2500000.00"},
        loan={"ip_share_bp": 6_000},
    ),
    "G": Example(
        "QY-2023",
        "2000000.00",
        "2000000.00",
        {"pool": "850000.00", "bank": "850000.00"},
        [("100000.00", "0.00", {"pool": "50000.00", "bank": "50000.00"})],
        {"pool": "800000.00", "bank": "800000.00"},
        paid_in="10000000.00",
        claim={"realised": money("300000.00")},
    ),
    "H": Example(
        "TJ-DL-TEMPLATE",
        "2777777.77",
        "2777777.77",
        {"pool": "1111111.11", "bank": "833333.33", "guarantor": "555555.55", "insurer": "277777.78"},
        [
            (
                "500000.01",
                "0.00",
                {"pool": "200000.01", "bank": "150000.00", "guarantor": "100000.00", "insurer": "50000.00"},
            )
        ],
        {"pool": "911111.10", "bank": "683333.33", "guarantor": "455555.55", "insurer": "227777.78"},
    ),
}


def fen(amounts: dict[str, str]) -> dict[str, int]:
    return {party: parse_amount(amount) for party, amount in amounts.items()}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
async def test_a_worked_example_comes_out_to_the_fen(
    api: Api, database: SavepointDatabase, example: Example
) -> None:
    """Domain §5.4, POL-15, POL-17, POL-27: from the template to the ledger; the preview is what is paid."""
    async with database.write() as unit:
        owner = api.samples["sme"].organisation.party_id
        right = (await make_asset(unit.session, owners=[owner])).id
    pool = await opened(api, example.code, example.paid_in)
    pledge = await make_loan(api, pool, right, principal=example.principal, **example.loan)
    path = f"/v1/pledges/{pledge['id']}/classifications"
    await api.made("bank_a", path, classification(example.outstanding))
    body = claiming(pledge, **example.claim)
    claim = await api.made("bank_a", "/v1/claims", body)
    assert parts(claim, "due") == example.due
    preview = (await api.get("bank_a", f"/v1/claims/{claim['id']}/settlement")).json()
    assert preview == claim["settlement"]

    paid = await pay(api, claim)
    borne = example.borne or example.due
    assert parts(paid, "borne") == borne
    assert paid["paid"]["amount"] == (example.paid or example.due["pool"]) == preview["payable"]["amount"]
    assert {party: one["amount"] for party, one in preview["borne"].items()} == borne
    assert preview["shortfall_reason"] == paid["shortfall_reason"] == ("balance" if example.paid else None)
    assert await balance(api, pool, "compensation") == (paid["paid"]["amount"], "0.00")

    shown = paid
    for gross, cost, expected in example.recoveries:
        received = {
            "source": "debtor",
            "gross": money(gross),
            "cost": money(cost),
            "occurred_on": str(TODAY),
        }
        shown = await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
        last = shown["recoveries"][-1]
        assert {share["party"]: share["amount"]["amount"] for share in last["shares"]} == expected
    was, back = fen(parts(shown, "borne")), fen(parts(shown, "recovered"))
    assert {party: was[party] - back[party] for party in was} == fen(example.left)
    _, recovered = await balance(api, pool, "recovered")
    assert parse_amount(recovered) == back["pool"]
    debits, credits_ = await balance(api, pool, "cash")
    kept = parse_amount(example.paid_in) - fen(example.left)["pool"]
    assert parse_amount(debits) - parse_amount(credits_) == kept
    assert shown["recoveries"] == [] or shown["recoveries"][-1]["late_days"] == 0


REFUSED = {
    "D4": ("JS-SZD-2023", "30000000.01", SHORT_TERM, {"pool.household_cap_exceeded", "pool.tiers_exceeded"}),
    "F": ("WH-2024", "1000000.00", {"ip_share_bp": 4_999}, {"pool.ip_share_too_low"}),
}


@pytest.mark.parametrize(("code", "principal", "loan", "codes"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_loan_outside_the_measures_is_not_taken_in(
    api: Api,
    database: SavepointDatabase,
    *,
    code: str,
    principal: str,
    loan: dict[str, Any],
    codes: set[str],
) -> None:
    """Domain §5.4 D4 and F: one fen over the cap per household, an IP share under one half."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        right = (await make_asset(unit.session, owners=[owner])).id
    pool = await opened(api, code, "50000000.00")
    body = filing(owner, [right], pool_id=pool["id"], principal=money(principal), **loan)
    refused = await api.post("bank_a", "/v1/pledges", body)
    assert refused.status_code == 409
    assert {one["code"] for one in refused.json()["violations"]} == codes
