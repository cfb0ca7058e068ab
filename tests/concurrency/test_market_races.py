"""Answers to one offer, bids of one buyer and members of one portfolio that come side by side."""

from __future__ import annotations

import asyncio

import pytest

from tests.factories.market import make_listing, make_offer
from tests.factories.portfolios import make_patents
from tests.support.instance import Instance

ROUNDS = 20
pytestmark = pytest.mark.committed


async def test_an_offer_is_accepted_or_withdrawn_and_becomes_one_deal_at_most(stage: Instance) -> None:
    """LST-10: two acceptances and a withdrawal at once: one of them wins, and one deal comes of it or none."""
    listing = await make_listing(stage.api, stage.database)
    seen = {"If-Match": '"1"'}
    for _ in range(ROUNDS):
        offer = await make_offer(stage.api, listing)
        path = f"/v1/offers/{offer['id']}"
        answers = await asyncio.gather(
            stage.api.post("sme", f"{path}/acceptance", None, headers=seen),
            stage.api.post("sme", f"{path}/acceptance", None, headers=seen),
            stage.api.post("sme_b", f"{path}/withdrawal", None),
        )
        codes = sorted(answer.status_code for answer in answers)
        assert codes[0] == 200
        assert set(codes[1:]) <= {409, 412}
        shown = (await stage.api.get("sme_b", path)).json()
        assert (shown["status"] == "accepted") == (shown["deal_id"] is not None)
    accepted = await stage.owner.fetchval("SELECT count(*) FROM offers WHERE status = 'accepted'")
    assert await stage.owner.fetchval("SELECT count(*) FROM deals") == accepted


async def test_a_buyer_that_bids_twice_at_once_has_one_offer(stage: Instance) -> None:
    """LST-10: the unique index decides."""
    for _ in range(5):
        listing = await make_listing(stage.api, stage.database)
        body = {
            "amount": {"amount": "1.00"},
            "expires_on": "2099-01-01",
            "term_from": "2027-01-01",
            "term_to": "2027-12-31",
        }
        path = f"/v1/listings/{listing['id']}/offers"
        answers = await asyncio.gather(*(stage.api.post("sme_b", path, body) for _ in range(4)))
        outcomes = sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)
        assert outcomes == [(201, "")] + [(409, "offer.already_open")] * 3


async def test_a_portfolio_that_two_requests_complete_together_counts_once(stage: Instance) -> None:
    """DL-04: neither request alone reaches both numbers; together they do, once."""
    owner = stage.api.samples["sme"].organisation.party_id
    for _ in range(5):
        async with stage.database.write() as unit:
            rights = [str(one) for one in await make_patents(unit.session, owner, inventions=50, pct=10)]
        made = await stage.api.made("sme", "/v1/portfolios", {"name": "示例组合", "asset_ids": rights[1:-1]})
        path = f"/v1/portfolios/{made['id']}/members"
        answers = await asyncio.gather(
            *(
                stage.api.post("sme", path, {"asset_ids": [right], "joined_on": "2021-03-01"})
                for right in (rights[0], rights[-1], rights[0])
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 201, 409]
    counted = await stage.owner.fetch(
        "SELECT source_id, sum(value) AS value FROM facts"
        " WHERE measure = 'portfolio_qualified_count' GROUP BY source_id"
    )
    assert [int(row["value"]) for row in counted] == [1] * 5


async def test_a_right_that_two_portfolios_want_at_once_joins_one(stage: Instance) -> None:
    """DL-04: the unique index decides."""
    owner = stage.api.samples["sme"].organisation.party_id
    for _ in range(5):
        async with stage.database.write() as unit:
            rights = [str(one) for one in await make_patents(unit.session, owner, inventions=3)]
        body = {"name": "示例组合", "asset_ids": rights}
        answers = await asyncio.gather(*(stage.api.post("sme", "/v1/portfolios", body) for _ in range(3)))
        told = sorted((answer.status_code, answer.json().get("code")) for answer in answers)
        assert told[1:] == [(409, "portfolio.member_elsewhere")] * 2
        assert told[0][0] == 201
