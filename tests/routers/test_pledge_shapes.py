"""`/v1/pledges` in their full shape: shares of rights, of the loan and of the risk, forms, third-party pledgors."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.asset import AssetKind
from app.models.asset import Asset
from app.models.pledge import Pledge
from app.queries import seals
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing
from tests.support.api import Api, objections
from tests.support.database import SavepointDatabase

Rights = tuple[uuid.UUID, uuid.UUID, uuid.UUID]


@pytest.fixture
async def rights(api: Api, database: SavepointDatabase) -> Rights:
    """The sample firm with a patent and a trademark of its own."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        patent = await make_asset(unit.session, owners=[owner])
        mark = await make_asset(unit.session, owners=[owner], kind=AssetKind.trademark)
    return owner, patent.id, mark.id


def party(api: Api, role: str) -> str:
    """The party of a sample organisation."""
    return str(api.samples[role].organisation.party_id)


def share(kind: str, role: str, party_id: str, ppm: int, **more: Any) -> dict[str, Any]:
    """A part of the loan or of the risk."""
    return {"kind": kind, "role": role, "party_id": party_id, "share_ppm": ppm} | more


def divided(body: dict[str, Any], *shares: int | None) -> dict[str, Any]:
    """The filing with the debt divided among its rights."""
    items = [item | {"share_ppm": part} for item, part in zip(body["items"], shares, strict=True)]
    return body | {"items": items}


async def test_each_right_secures_its_part_of_the_debt(api: Api, rights: Rights) -> None:
    """PLG-03: the parts, and which registration the money waits for, come back as they were filed."""
    owner, patent, mark = rights
    body = divided(filing(owner, [patent, mark], form="maximum_amount", ip_share_bp=6_000), 999_900, 100)
    body["items"][1]["required"] = False
    made = await api.made("bank_a", "/v1/pledges", body)
    shown = (await api.get("bank_a", f"/v1/pledges/{made['id']}")).json()
    assert shown == made
    assert [(item["share_ppm"], item["required"]) for item in shown["items"]] == [
        (999_900, True),
        (100, False),
    ]
    assert (shown["form"], shown["ip_share_bp"], shown["shares"]) == ("maximum_amount", 6_000, [])


@pytest.mark.parametrize("shares", [(999_900, None), (500_000, 499_900), (500_000, 500_100), (1_000_000, 1)])
async def test_parts_that_do_not_make_up_the_whole_are_refused(
    api: Api, rights: Rights, shares: tuple[int | None, ...]
) -> None:
    """PLG-03: 99.99 % is not the whole, nor is a part of one right alone."""
    owner, patent, mark = rights
    refused = await api.post("bank_a", "/v1/pledges", divided(filing(owner, [patent, mark]), *shares))
    assert (refused.status_code, objections(refused)) == (422, [("pledge.shares_incomplete", "/items")])
    assert refused.json()["violations"][0]["facts"] == {"total_ppm": sum(part or 0 for part in shares)}


async def test_a_right_named_twice_is_told_with_both_places(api: Api, rights: Rights) -> None:
    """PLG-01, C30: one refusal names where the right stands first and where it stands again."""
    owner, patent, mark = rights
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [patent, mark, patent]))
    assert objections(refused) == [("pledge.asset_twice", "/items/2/asset_id")]
    assert refused.json()["violations"][0]["facts"] == {"first": "/items/0/asset_id"}


async def test_a_syndicate_is_led_by_the_bank_that_files_and_seen_by_its_members(
    api: Api, rights: Rights
) -> None:
    """PLG-05: the members see the pledge as their own; the register's pledgee is the agent; others see nothing."""
    owner, patent, _ = rights
    agent, member = party(api, "bank_a"), party(api, "bank_b")
    shares = [
        share("lending", "bank", agent, 600_000, agent=True),
        share("lending", "bank", member, 400_000),
    ]
    made = await api.made("bank_a", "/v1/pledges", filing(owner, [patent], shares=shares))
    assert made["shares"] == [shares[0], shares[1] | {"agent": False}]
    assert made["pledgee_id"] == agent
    assert (await api.get("bank_b", f"/v1/pledges/{made['id']}")).json() == made
    assert [one["id"] for one in (await api.get("bank_b", "/v1/pledges")).json()["items"]] == [made["id"]]
    assert (await api.get("sme_b", f"/v1/pledges/{made['id']}")).status_code == 404
    alone = await api.post(
        "bank_b",
        f"/v1/pledges/{made['id']}/registrations",
        {
            "registrations": [
                {"asset_id": str(patent), "registration_no": "Y-9", "registered_on": str(now().today)}
            ]
        },
    )
    assert alone.json()["code"] == "pledge.not_yours"


async def test_the_risk_is_shared_to_the_last_millionth(api: Api, rights: Rights) -> None:
    """PLG-14: bank, guarantor, insurer and evaluator bear exactly the whole; a millionth less is refused."""
    owner, patent, _ = rights
    bank, other, third = party(api, "bank_a"), party(api, "sme_b"), party(api, "bank_b")

    def shares(insured: int) -> list[dict[str, Any]]:
        return [
            share("risk", "bank", bank, 300_000),
            share("risk", "guarantor", other, 333_333),
            share("risk", "insurer", third, insured),
            share("risk", "evaluator", third, 33_334),
        ]

    short = await api.post("bank_a", "/v1/pledges", filing(owner, [patent], shares=shares(333_332)))
    assert objections(short) == [("pledge.shares_incomplete", "/shares")]
    made = await api.made("bank_a", "/v1/pledges", filing(owner, [patent], shares=shares(333_333)))
    assert sum(one["share_ppm"] for one in made["shares"]) == 1_000_000


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ([("lending", "bank", "bank_b", 1_000_000, {})], [("pledge.share_agent", "/shares")]),
        (
            [("lending", "bank", "bank_a", 1_000_000, {})],
            [("pledge.share_agent", "/shares/0/agent")],
        ),
        (
            [
                ("lending", "bank", "bank_a", 500_000, {"agent": True}),
                ("lending", "bank", "bank_b", 500_000, {"agent": True}),
            ],
            [("pledge.share_agent", "/shares/1/agent")],
        ),
        (
            [
                ("lending", "bank", "bank_a", 500_000, {"agent": True}),
                ("lending", "guarantor", "bank_b", 500_000, {}),
            ],
            [("pledge.share_agent", "/shares/1/role")],
        ),
        (
            [
                ("lending", "bank", "bank_a", 500_000, {"agent": True}),
                ("lending", "bank", "sme", 500_000, {}),
            ],
            [("pledge.own_creditor", "/shares/1/party_id")],
        ),
        (
            [("risk", "bank", "bank_a", 500_000, {}), ("risk", "bank", "bank_a", 500_000, {})],
            [("pledge.share_twice", "/shares/1/party_id")],
        ),
    ],
    ids=["no-agent", "agent-unnamed", "two-agents", "no-bank", "debtor-lends", "twice"],
)
async def test_shares_that_are_no_syndicate_are_refused(
    api: Api, rights: Rights, wrong: list[tuple[str, str, str, int, Any]], found: list[tuple[str, str]]
) -> None:
    """PLG-05, RB-03: one agent, which is the bank that files; banks only; no debtor among the lenders."""
    owner, patent, _ = rights
    shares = [share(kind, role, party(api, who), ppm, **more) for kind, role, who, ppm, more in wrong]
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [patent], shares=shares))
    assert objections(refused) == found


async def test_a_party_to_share_with_must_be_known(api: Api, rights: Rights) -> None:
    """C30: an id that is nobody's is named at its place."""
    owner, patent, _ = rights
    shares = [share("risk", "insurer", str(uuid.uuid4()), 1_000_000)]
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [patent], shares=shares))
    assert objections(refused) == [("party.not_found", "/shares/0/party_id")]


async def test_a_third_party_pledges_for_the_borrower(api: Api, rights: Rights) -> None:
    """PL-30: the pledgor owns the right, the borrower owes the debt, and both see the pledge."""
    owner, patent, _ = rights
    body = filing(owner, [patent], borrower_id=party(api, "sme_b"))
    made = await api.made("bank_a", "/v1/pledges", body)
    assert (made["borrower_id"], made["items"][0]["pledgor_id"]) == (party(api, "sme_b"), str(owner))
    for role in ("sme", "sme_b"):
        assert (await api.get(role, f"/v1/pledges/{made['id']}")).status_code == 200


async def test_a_debt_ends_with_the_right_and_not_a_day_later(
    api: Api, database: SavepointDatabase, rights: Rights
) -> None:
    """PL-07: maturity on the last day in force passes, one day past it does not."""
    owner, patent, _ = rights
    async with database.write() as unit:
        await unit.session.execute(
            update(Asset).where(Asset.id == patent).values(last_day_in_force=now().today)
        )
    next_day = now().today + timedelta(days=1)
    late = await api.post("bank_a", "/v1/pledges", filing(owner, [patent], debt_to=str(next_day)))
    assert [code for code, _ in objections(late)] == ["pledge.term_exceeds"]
    made = await api.made("bank_a", "/v1/pledges", filing(owner, [patent], debt_to=str(now().today)))
    assert made["status"] == "filed"


async def test_what_the_members_share_is_under_the_seal_of_the_filing(
    api: Api, database: SavepointDatabase, rights: Rights
) -> None:
    """SEC-05, PLG-14: the shares are written under the pledge's event, whose seal covers them."""
    owner, patent, _ = rights
    shares = [share("risk", "bank", party(api, "bank_a"), 1_000_000)]
    made = await api.made("bank_a", "/v1/pledges", filing(owner, [patent], shares=shares))
    async with database.read() as unit:
        event_id = await unit.session.scalar(
            select(Pledge.event_id).where(Pledge.id == uuid.UUID(made["id"]))
        )
        assert event_id is not None
        contents = await seals.contents(unit.session, [event_id])
    assert contents[event_id]["pledge_shares"]["rows"] == 1
