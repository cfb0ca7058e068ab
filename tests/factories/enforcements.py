"""Pledges in default, enforced, offered on the market and sold, over the API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select

from app.domain.asset import Regime
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.pledge import PledgeStatus
from app.infra.db import Database
from app.models.event import Event
from app.models.hold import Hold
from app.models.pledge import Pledge, PledgeItem
from app.queries import integrity
from tests.factories.assets import make_asset
from tests.factories.claims import TODAY, classification, document, make_cover, money, register
from tests.factories.pledges import filing
from tests.support.api import Api

UNTIL = str(TODAY + timedelta(days=60))


async def overdue(api: Api, pledge: dict[str, Any], outstanding: str = "500000.00") -> None:
    """The bank reports the loan three months overdue."""
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/classifications", classification(outstanding))


async def make_default(api: Api, database: Database, **terms: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A pool, and a registered pledge of one patent that it covers, whose loan is overdue."""
    pool, pledge = await make_cover(api, database, **terms)
    await overdue(api, pledge)
    return pool, pledge


async def make_pledge(api: Api, database: Database, *, rights: int = 1) -> dict[str, Any]:
    """A registered pledge of so many patents of the sample firm without a pool, overdue."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        assets = [(await make_asset(unit.session, owners=[owner])).id for _ in range(rights)]
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, assets))
    await register(api, pledge)
    await overdue(api, pledge)
    return pledge


async def make_ranked(api: Api, database: Database) -> tuple[str, uuid.UUID, uuid.UUID]:
    """A foreign right of the sample firm, and the pledges of its first and second lien as an import has them."""
    owner = api.samples["sme"].organisation.party_id
    pledges = []
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner], office="US", regime=Regime.notice)
        about = {
            "imported": True,
            "event_id": (await unit.session.scalars(select(Event.id).limit(1))).one(),
            "recorded_at": unit.moment.now,
        }
        for rank, role in enumerate(("bank_a", "bank_b"), start=1):
            on = TODAY - timedelta(days=30 - rank)
            pledge = Pledge(
                id=new_id(),
                district_code=OUTSIDE_EVERY_PLAN,
                number=f"PL-{OUTSIDE_EVERY_PLAN}-{on.year}-90000{rank}",
                regime=asset.regime,
                pledgee_id=api.samples[role].organisation.party_id,
                borrower_id=owner,
                currency="CNY",
                contract={},
                acknowledgements=[],
                rule_pack="notice",
                status=PledgeStatus.registered,
                filed_on=on,
                registered_on=on,
                version=1,
                **about,
            )
            lien = Hold(
                id=new_id(),
                asset_id=asset.id,
                asset_serial=asset.serial,
                regime=asset.regime,
                kind=HoldKind.lien,
                rank=rank,
                source_noun="pledge",
                source_id=pledge.id,
                placed_on=on,
                **about,
            )
            unit.session.add_all([pledge, lien])
            await unit.session.flush()
            item = PledgeItem(
                id=new_id(),
                district_code=pledge.district_code,
                pledge_id=pledge.id,
                asset_id=asset.id,
                asset_kind=asset.kind,
                pledgor_id=owner,
                ordinal=1,
                hold_id=lien.id,
                rank=rank,
                status=PledgeStatus.registered,
                registration_no=f"90000{rank}",
                registered_on=on,
            )
            unit.session.add(item)
            pledges.append(pledge.id)
        await unit.session.flush()
        return str(asset.id), pledges[0], pledges[1]


def enforcing(**changes: Any) -> dict[str, Any]:
    """An enforcement by auction with a reserve of four hundred thousand, from today."""
    return {
        "mode": "auction",
        "opened_on": str(TODAY),
        "reason": "借款人逾期三个月",
        "reserve": money("400000.00"),
    } | changes


async def enforce(api: Api, pledge: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An open enforcement of the pledge."""
    return await api.made("bank_a", f"/v1/pledges/{pledge['id']}/enforcements", enforcing(**changes))


def disposal(**changes: Any) -> dict[str, Any]:
    """How the rights are offered."""
    return {
        "name": "示例专利处置",
        "description": "质权实现处置，转让后无质权负担",
        "price": money("450000.00"),
        "expires_on": UNTIL,
    } | changes


async def dispose(api: Api, enforcement: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The rights on the market: a disposal listing that the operator has published."""
    shown = await api.made("bank_a", f"/v1/enforcements/{enforcement['id']}/listing", disposal(**changes))
    return await api.made("operator", f"/v1/listings/{shown['listing_id']}/approval", None)


async def bid(api: Api, listing: dict[str, Any], amount: str, *, role: str = "sme_b") -> dict[str, Any]:
    """An offer on the disposal."""
    body = {"amount": money(amount), "expires_on": UNTIL}
    return await api.made(role, f"/v1/listings/{listing['id']}/offers", body)


async def accept(api: Api, offer: dict[str, Any], *, role: str = "bank_a") -> httpx.Response:
    """The answer to accepting the bidder's last round."""
    headers = {"If-Match": f'"{offer["version"]}"'}
    return await api.post(role, f"/v1/offers/{offer['id']}/acceptance", None, headers=headers)


STEPS: dict[str, tuple[str, dict[str, str] | None]] = {
    "agreement": ("bank_a", None),
    "signature": ("bank_a", {"signed_on": str(TODAY)}),
    "filing": ("bank_a", {"filed_on": str(TODAY)}),
    "registration": ("operator", {"registered_on": str(TODAY)}),
}
"""Who takes which step of the deal by which pledged rights are sold."""


async def step(api: Api, deal_id: str, name: str) -> httpx.Response:
    """The answer to a step of the deal; a registration has a number of its own."""
    role, body = STEPS[name]
    more = {"registration_no": f"T-{uuid.uuid4()}"} if name == "registration" else {}
    return await api.post(role, f"/v1/deals/{deal_id}/{name}", body and body | more)


async def agree(api: Api, listing: dict[str, Any], amount: str = "460000.00") -> str:
    """A deal on the disposal that was signed and filed, the bank having accepted a bid."""
    answer = await accept(api, await bid(api, listing, amount))
    assert answer.is_success, answer.text
    deal_id = str(answer.json()["deal_id"])
    for name in ("agreement", "signature", "filing"):
        done = await step(api, deal_id, name)
        assert done.is_success, done.text
    return deal_id


async def sell(api: Api, enforcement: dict[str, Any], amount: str = "460000.00") -> dict[str, Any]:
    """The rights are sold on the market and the buyer is registered as their owner."""
    deal_id = await agree(api, await dispose(api, enforcement), amount)
    done = await step(api, deal_id, "registration")
    assert done.is_success, done.text
    shown: dict[str, Any] = (await api.get("bank_a", f"/v1/enforcements/{enforcement['id']}")).json()
    return shown


async def ruling(
    api: Api, enforcement: dict[str, Any], grantee_id: uuid.UUID | str, **changes: Any
) -> dict[str, Any]:
    """What an auction house or a court says it has sold, as the operator enters it."""
    return {
        "grantee_id": str(grantee_id),
        "price": money("460000.00"),
        "sold_on": str(TODAY),
        "document_id": await document(api, "operator", "示例成交确认书.pdf"),
        "registrations": [
            {"asset_id": asset_id, "registration_no": f"R-{uuid.uuid4()}", "registered_on": str(TODAY)}
            for asset_id in enforcement["asset_ids"]
        ],
    } | changes


async def right(api: Api, asset_id: str) -> dict[str, Any]:
    """The right as anybody sees it."""
    shown: dict[str, Any] = (await api.get("bank_b", f"/v1/assets/{asset_id}")).json()
    return shown


async def kinds(api: Api, asset_id: str) -> list[str]:
    """What ties the right up, by kind."""
    return [hold["kind"] for hold in (await right(api, asset_id))["holds"]]


async def owners(api: Api, asset_id: str) -> list[str]:
    """Who owns the right, as the register shows."""
    return [owner["party_id"] for owner in (await right(api, asset_id))["owners"]]


async def found(api: Api, noun: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row as the bank sees it."""
    shown: dict[str, Any] = (await api.get("bank_a", f"/v1/{noun}/{row['id']}")).json()
    return shown


async def sound(database: Database) -> bool:
    """Whether every invariant holds."""
    async with database.read() as unit:
        return await integrity.findings(unit.session) == []


def party(api: Api, role: str) -> str:
    """The party that the sample organisation of that role is."""
    return str(api.samples[role].organisation.party_id)


def lines(shown: dict[str, Any]) -> dict[str, str]:
    """What the price paid, by purpose."""
    return {payment["purpose"]: payment["amount"]["amount"] for payment in shown["payments"]}


async def distribute(api: Api, enforcement: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The price is in, and shared today unless told otherwise."""
    body = {"received_on": str(TODAY), "document_id": await document(api, "bank_a")} | changes
    return await api.made("bank_a", f"/v1/enforcements/{enforcement['id']}/distribution", body)
