"""`/v1/deals` over HTTP: licences."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.domain.asset import AssetStatus
from app.domain.consent import ConsentKind
from app.domain.deal import DealKind
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.models.asset import Asset
from app.services import holds
from app.services.holds import NewHold
from tests.factories.assets import make_asset, pass_title
from tests.factories.consents import make_consent
from tests.factories.market import make_mandate
from tests.factories.parties import make_party
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase


@dataclass
class Market:
    """Calls of an enterprise about its own rights."""

    api: Api
    database: SavepointDatabase
    owner: uuid.UUID
    licensee: uuid.UUID
    assets: list[Asset] = field(default_factory=list)

    async def right(self, *others: uuid.UUID, **facts: Any) -> Asset:
        """A right of the owner (and of others)."""
        async with self.database.write() as unit:
            return await make_asset(unit.session, owners=[self.owner, *others], **facts)

    async def change(self, asset: Asset, **values: Any) -> None:
        """What the register says of a right from now on."""
        async with self.database.write() as unit:
            await unit.session.execute(update(Asset).where(Asset.id == asset.id).values(**values))

    async def hold(self, asset: Asset, kind: HoldKind) -> None:
        async with self.database.write() as unit:
            new = NewHold(asset.id, kind, "test", new_id(), new_id(), unit.moment.today)
            await holds.place(unit.session, moment=unit.moment, holds=[new])

    def licence(self, *assets: Asset, **changes: object) -> dict[str, object]:
        """A well-formed licence."""
        return {
            "licence_type": "exclusive",
            "grantor_id": str(self.owner),
            "grantee_id": str(self.licensee),
            "asset_ids": [str(asset.id) for asset in assets],
            "territory": "CN",
            "field": "ALL",
            "term_from": "2025-01-01",
            "term_to": "2027-12-31",
            "amount": {"amount": "120000.00"},
        } | changes

    async def negotiated(self, *assets: Asset, **changes: object) -> dict[str, Any]:
        deal = await self.api.made("sme", "/v1/deals", self.licence(*assets, **changes))
        return await self.api.made("sme", f"/v1/deals/{deal['id']}/agreement", None)

    async def sign(self, deal: dict[str, Any]) -> httpx.Response:
        return await self.api.post("sme", f"/v1/deals/{deal['id']}/signature", {"signed_on": "2024-12-01"})

    async def consent(self, asset: Asset, grantor_id: uuid.UUID, **changes: Any) -> None:
        """A consent to one licence of the right, entered by the operator for who is not on the platform."""
        async with self.database.write() as unit:
            await make_consent(
                unit.session,
                organisation=self.api.samples["operator"].organisation,
                grantor_id=grantor_id,
                asset_ids=[asset.id],
                action=DealKind.licence,
                **changes,
            )

    async def licensed(self, *assets: Asset, **changes: object) -> dict[str, Any]:
        """A licence in effect."""
        signed = await self.sign(await self.negotiated(*assets, **changes))
        assert signed.status_code == 200, signed.text
        answer: dict[str, Any] = signed.json()
        return answer

    async def offered(self, *assets: Asset, mode: str, lister: str = "sme") -> dict[str, Any]:
        """A published listing of the rights."""
        body = {
            "direction": "offer",
            "mode": mode,
            "name": "示例许可",
            "description": "示例",
            "expires_on": "2099-12-31",
            "asset_ids": [str(asset.id) for asset in assets],
            "owner_id": str(self.owner),
        }
        made = await self.api.made(lister, "/v1/listings", body)
        await self.api.made(lister, f"/v1/listings/{made['id']}/submission", None)
        return await self.api.made("operator", f"/v1/listings/{made['id']}/approval", None)

    async def listing_status(self, listing: dict[str, Any]) -> str:
        answer = await self.api.get("sme", f"/v1/listings/{listing['id']}")
        return str(answer.json()["status"])


@pytest.fixture
async def market(api: Api, database: SavepointDatabase) -> Market:
    async with database.write() as unit:
        licensee = await make_party(unit.session)
    return Market(api, database, api.samples["sme"].organisation.party_id, licensee.id)


async def test_a_signed_licence_is_in_effect_and_then_recorded(market: Market) -> None:
    """DEA-01, TR-15: a licence takes effect by contract; the office's record follows within three months."""
    deal = await market.licensed(await market.right())
    assert (deal["status"], deal["contract_on"]) == ("effective", "2024-12-01")
    assert (deal["recording_due_on"], deal["recording_overdue"]) == ("2025-03-01", True)
    recorded = await market.api.post(
        "ip_office",
        f"/v1/deals/{deal['id']}/recordings",
        {"record_no": "X2025120000001", "recorded_on": "2025-01-15"},
    )
    assert (recorded.json()["status"], recorded.json()["recording_overdue"]) == ("recorded", False)


async def test_an_agreement_comes_before_a_signature(market: Market) -> None:
    """DEA-01: a draft is not signed."""
    asset = await market.right()
    deal = await market.api.made("sme", "/v1/deals", market.licence(asset))
    refused = await market.sign(deal)
    assert codes(refused) == ["state.illegal_transition"]
    assert refused.json()["violations"][0]["facts"]["allowed"] == ["agree", "terminate"]


SCOPES = [
    pytest.param("exclusive", {}, "ordinary", {}, True, id="exclusive-then-ordinary"),
    pytest.param("ordinary", {}, "exclusive", {}, True, id="ordinary-then-exclusive"),
    pytest.param("sole", {}, "sole", {}, True, id="sole-then-sole"),
    pytest.param("ordinary", {}, "ordinary", {}, False, id="ordinary-beside-ordinary"),
    pytest.param(
        "exclusive", {"territory": "120000"}, "exclusive", {"territory": "310000"}, False, id="two-provinces"
    ),
    pytest.param(
        "exclusive", {"territory": "120000"}, "ordinary", {"territory": "120110"}, True, id="district-inside"
    ),
    pytest.param("exclusive", {"field": "27"}, "exclusive", {"field": "35"}, False, id="two-fields"),
    pytest.param("exclusive", {"field": "27"}, "exclusive", {"field": "2710"}, True, id="class-inside"),
    pytest.param(
        "exclusive",
        {"term_to": "2026-12-31"},
        "exclusive",
        {"term_from": "2027-01-01"},
        False,
        id="one-after-the-other",
    ),
    pytest.param(
        "exclusive", {"term_to": "2027-01-01"}, "exclusive", {"term_from": "2027-01-01"}, True, id="one-day"
    ),
]


@pytest.mark.parametrize(("first", "scope", "second", "other_scope", "conflict"), SCOPES)
async def test_licences_conflict_where_territory_field_and_term_meet(
    market: Market,
    *,
    first: str,
    scope: dict[str, str],
    second: str,
    other_scope: dict[str, str],
    conflict: bool,
) -> None:
    """DEA-02, TR-14: the conflict matrix per right, territory, field and period."""
    asset = await market.right()
    await market.licensed(asset, licence_type=first, **scope)
    later = await market.sign(await market.negotiated(asset, licence_type=second, **other_scope))
    assert codes(later) == ["hold.licence_conflict"] if conflict else later.status_code == 200


async def test_a_signature_hears_every_objection_at_once(market: Market) -> None:
    """TR-17: owner, status, stay, term, pledge and conflict, each at its right."""
    good, late, pledged, sold, licensed = [await market.right() for _ in range(5)]
    await market.licensed(licensed, licence_type="ordinary")
    deal = await market.negotiated(good, late, pledged, sold, licensed)
    await market.hold(pledged, HoldKind.lien)
    await market.change(late, status=AssetStatus.late_fee, last_day_in_force=date(2027, 12, 30))
    await market.hold(late, HoldKind.suspension)
    async with market.database.write() as unit:
        await pass_title(unit.session, sold.id, market.licensee)
    refused = await market.sign(deal)
    assert refused.status_code == 409
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [
        ("deal.right_not_in_force", "/asset_ids/1"),
        ("deal.right_stayed", "/asset_ids/1"),
        ("deal.term_exceeds_right", "/asset_ids/1"),
        ("deal.licensor_not_owner", "/asset_ids/3"),
        ("hold.licence_conflict", "/asset_ids/4"),
        ("deal.pledgee_consent_required", "/asset_ids/2"),
    ]


async def test_a_licence_may_run_to_the_last_day_of_the_right(market: Market) -> None:
    """TR-18: the last day itself is inside the term."""
    await market.licensed(await market.right(last_day_in_force=date(2027, 12, 31)))


async def test_an_exclusive_licence_needs_every_co_owner_and_an_ordinary_one_does_not(market: Market) -> None:
    """TR-03: 专利法第14条."""
    async with market.database.write() as unit:
        second, third = [(await make_party(unit.session)).id for _ in range(2)]
    asset = await market.right(second, third)
    exclusive = await market.negotiated(asset, territory="310000")
    await market.consent(asset, second)
    refused = await market.sign(exclusive)
    assert codes(refused) == ["deal.co_owner_consent_missing"]
    assert refused.json()["violations"][0]["facts"]["owner_ids"] == [str(third)]
    await market.consent(asset, third)
    assert (await market.sign(exclusive)).status_code == 200
    await market.licensed(asset, licence_type="ordinary", territory="120000")


async def test_a_pledged_right_is_licensed_once_with_the_pledgees_consent(market: Market) -> None:
    """UNI-01, 民法典第444条: refused without, done with it, and the next licence needs another."""
    asset = await market.right()
    first, second = [
        await market.negotiated(asset, licence_type="ordinary", territory=place)
        for place in ("120000", "310000")
    ]
    await market.hold(asset, HoldKind.lien)
    assert codes(await market.sign(first)) == ["deal.pledgee_consent_required"]
    await market.consent(asset, market.licensee, kind=ConsentKind.pledgee)
    assert (await market.sign(first)).json()["status"] == "effective"
    assert codes(await market.sign(second)) == ["deal.pledgee_consent_required", "consent.used_up"]


async def test_an_agreed_exclusive_licence_reserves_its_right_and_listing(market: Market) -> None:
    """DEA-03: a second buyer is refused until the first lets go, and then gets the right."""
    asset = await market.right()
    listing = await market.offered(asset, mode="exclusive_licence")
    first = await market.negotiated(asset, listing_id=listing["id"])
    assert await market.listing_status(listing) == "reserved"
    second = await market.api.made("sme", "/v1/deals", market.licence(asset, listing_id=listing["id"]))
    path = f"/v1/deals/{second['id']}/agreement"
    assert codes(await market.api.post("sme", path, None)) == ["hold.already_reserved"]
    ordinary = await market.negotiated(asset, licence_type="ordinary")
    assert codes(await market.sign(ordinary)) == ["hold.already_reserved"]
    end = {"reason": "协商未果", "terminated_on": "2025-01-01"}
    await market.api.made("sme", f"/v1/deals/{first['id']}/termination", end)
    assert await market.listing_status(listing) == "published"
    assert (await market.api.post("sme", path, None)).json()["status"] == "negotiated"


async def test_an_exclusive_licence_closes_its_listing_and_an_ordinary_one_leaves_it_open(
    market: Market,
) -> None:
    """Domain §9.2: ordinary-licence listings stay open after deals."""
    asset, other = await market.right(), await market.right()
    ordinary = await market.offered(asset, mode="ordinary_licence")
    sole = await market.offered(other, mode="sole_licence")
    await market.licensed(asset, licence_type="ordinary", listing_id=ordinary["id"])
    await market.licensed(other, licence_type="sole", listing_id=sole["id"])
    assert await market.listing_status(ordinary) == "published"
    assert await market.listing_status(sole) == "closed"


async def test_a_terminated_licence_frees_its_right(market: Market) -> None:
    """TR-14: after the end there is room for another licensee."""
    asset = await market.right()
    deal = await market.licensed(asset)
    path = f"/v1/deals/{deal['id']}/termination"
    early = await market.api.post("sme", path, {"reason": "解除", "terminated_on": "2024-11-30"})
    assert codes(early) == ["deal.date_before_contract"]
    await market.api.made("sme", path, {"reason": "解除", "terminated_on": "2025-06-30"})
    await market.licensed(asset, licence_type="ordinary")


async def test_a_deal_is_seen_by_those_in_it_and_their_district_only(market: Market) -> None:
    """RB-01: to everybody else the deal does not exist."""
    deal = await market.api.made("agency", "/v1/deals", market.licence(await market.right()))
    roles = ("agency", "sme", "ip_office", "sme_b", "bank_a")
    answers = {role: await market.api.get(role, f"/v1/deals/{deal['id']}") for role in roles}
    seen = {role: answer.status_code for role, answer in answers.items()}
    assert seen == {"agency": 200, "sme": 200, "ip_office": 200, "sme_b": 404, "bank_a": 404}
    listed = {role: (await market.api.get(role, "/v1/deals")).json()["items"] for role in roles}
    assert {role for role, items in listed.items() if deal["id"] in {row["id"] for row in items}} == {
        "agency",
        "sme",
        "ip_office",
    }


async def test_a_licensee_does_not_sign_for_the_owner(market: Market) -> None:
    """Domain §9.1: an enterprise licenses its own rights only, and only the drafter moves a deal."""
    asset = await market.right()
    licensee = market.api.samples["sme_b"].organisation.party_id
    body = market.licence(asset, grantee_id=str(licensee))
    refused = await market.api.post("sme_b", "/v1/deals", body)
    assert (refused.status_code, codes(refused)) == (403, ["deal.grantor_foreign"])
    deal = await market.api.made("sme", "/v1/deals", body)
    moved = await market.api.post("sme_b", f"/v1/deals/{deal['id']}/agreement", None)
    assert (moved.status_code, codes(moved)) == (403, ["deal.not_drafter"])


@pytest.mark.parametrize("licence_type", ["exclusive", "ordinary"])
async def test_nobody_agrees_on_rights_that_the_licensor_does_not_own_or_that_have_ended(
    market: Market, licence_type: str
) -> None:
    """DEA-03: what is refused reserves nothing, so its owner's own licence is free to go."""
    owner = market.api.samples["sme_b"].organisation.party_id
    async with market.database.write() as unit:
        foreign = await make_asset(unit.session, owners=[owner])
    ended = await market.right(status=AssetStatus.terminated_fee)
    body = market.licence(foreign, ended, licence_type=licence_type)
    deal = await market.api.made("sme", "/v1/deals", body)
    refused = await market.api.post("sme", f"/v1/deals/{deal['id']}/agreement", None)
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [
        ("deal.licensor_not_owner", "/asset_ids/0"),
        ("deal.right_not_in_force", "/asset_ids/1"),
    ]
    own = await market.api.made("sme_b", "/v1/deals", market.licence(foreign, grantor_id=str(owner)))
    await market.api.made("sme_b", f"/v1/deals/{own['id']}/agreement", None)


async def test_an_agency_agrees_for_an_owner_through_its_own_listing_and_signs_under_a_mandate(
    market: Market,
) -> None:
    """RB-05: neither without a listing nor through another's, and not once its own has left the market."""
    first, second, third = [await market.right() for _ in range(3)]
    other = await market.offered(first, mode="exclusive_licence", lister="sme")
    for more in ({}, {"listing_id": other["id"]}):
        drafted = await market.api.made("agency", "/v1/deals", market.licence(first, **more))
        refused = await market.api.post("agency", f"/v1/deals/{drafted['id']}/agreement", None)
        assert (refused.status_code, codes(refused)) == (409, ["deal.mandate_missing"])
    assert await market.listing_status(other) == "published"
    own = await market.offered(second, third, mode="ordinary_licence", lister="agency")
    body = market.licence(second, licence_type="ordinary", listing_id=own["id"])
    path, late = [f"/v1/deals/{(await market.api.made('agency', '/v1/deals', body))['id']}" for _ in range(2)]
    await market.api.made("agency", f"{path}/agreement", None)
    signature = {"signed_on": "2024-12-01"}
    assert codes(await market.api.post("agency", f"{path}/signature", signature)) == ["deal.mandate_missing"]
    await make_mandate(market.api, powers=["sign"], asset_ids=[str(second.id)])
    await market.api.made("agency", f"{path}/signature", signature)
    (mandate,) = (await market.api.get("sme", "/v1/mandates")).json()["items"]
    await market.api.made("sme", f"/v1/mandates/{mandate['id']}/revocation", {"reason": "示例"})
    await market.api.made("agency", f"/v1/listings/{own['id']}/withdrawal", None)
    assert codes(await market.api.post("agency", f"{late}/agreement", None)) == ["deal.mandate_missing"]


async def test_the_operator_too_signs_for_an_owner_under_its_mandate_only(market: Market) -> None:
    """RB-05, 民法典第165条: whoever acts in another's name, and the mandate is its own."""
    asset = await market.right()
    deal = await market.api.made("operator", "/v1/deals", market.licence(asset))
    path = f"/v1/deals/{deal['id']}"
    await make_mandate(market.api)  # the agency's
    assert codes(await market.api.post("operator", f"{path}/agreement", None)) == ["deal.mandate_missing"]
    await make_mandate(market.api, agent="operator")
    await market.api.made("operator", f"{path}/agreement", None)
    await market.api.made("operator", f"{path}/signature", {"signed_on": "2024-12-01"})


async def test_nobody_signs_before_the_right_was_there_and_its_own(market: Market) -> None:
    """RB-04: the earliest day is the filing, or the day on which the grantor came to own the right."""
    asset = await market.right()  # owned since 2021-06-01
    deal = await market.negotiated(asset)
    path = f"/v1/deals/{deal['id']}/signature"
    refused = await market.api.post("sme", path, {"signed_on": "2021-05-31"})
    assert [(one["code"], one["facts"]["first"]) for one in refused.json()["violations"]] == [
        ("request.date_too_early", "2021-06-01")
    ]
    deal = await market.negotiated(await market.right(acquired=[None]))
    path = f"/v1/deals/{deal['id']}/signature"
    refused = await market.api.post("sme", path, {"signed_on": "2019-02-28"})
    assert refused.json()["violations"][0]["facts"]["first"] == "2019-03-01"
    await market.api.made("sme", path, {"signed_on": "2019-03-01"})


async def test_a_deal_from_a_listing_keeps_to_it(market: Market) -> None:
    """LST-01: owner, mode and rights are those that were offered."""
    asset, other = await market.right(), await market.right()
    listing = await market.offered(asset, mode="ordinary_licence")
    body = market.licence(other, grantor_id=str(market.licensee), grantee_id=str(market.owner))
    refused = await market.api.post("agency", "/v1/deals", body | {"listing_id": listing["id"]})
    assert {found["pointer"] for found in refused.json()["violations"]} == {
        "/licence_type",
        "/grantor_id",
        "/asset_ids",
    }
    assert set(codes(refused)) == {"deal.listing_mismatch"}


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"term_to": "2024-12-31"}, "deal.term_invalid", "/term_to"),
        ({"term_to": "9999-12-31"}, "request.malformed", "/term_to"),
        ({"territory": "XX"}, "hold.territory_unknown", "/territory"),
        ({"field": "12345"}, "hold.field_unknown", "/field"),
        ({"amount": {"amount": "1.00", "currency": "USD"}}, "deal.currency_unsupported", "/amount/currency"),
        ({"asset_ids": [str(new_id())]}, "asset.not_found", "/asset_ids/0"),
        ({"kind": "sale"}, "request.malformed", "/kind"),
        ({"term_to": 5}, "request.malformed", "/term_to"),
    ],
)
async def test_a_draft_must_make_sense(
    market: Market, changes: dict[str, object], code: str, pointer: str
) -> None:
    """TR-16: parties, rights, scope and term are stated and possible."""
    body = market.licence(await market.right(), **changes)
    refused = await market.api.post("sme", "/v1/deals", body)
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [(code, pointer)]


async def test_a_record_number_is_used_once_and_not_in_the_future(market: Market) -> None:
    """TR-15: one recording, one number, on a day that has come and after the contract."""
    first, second = [await market.licensed(await market.right()) for _ in range(2)]
    tomorrow = date.today() + timedelta(days=2)  # noqa: DTZ011 - any day that has not come anywhere
    bad = {"record_no": "A1", "recorded_on": str(tomorrow)}
    path = "/v1/deals/{}/recordings"
    assert codes(await market.api.post("operator", path.format(first["id"]), bad)) == [
        "request.date_in_future"
    ]
    body = {"record_no": "A1", "recorded_on": "2025-01-05"}
    await market.api.made("operator", path.format(first["id"]), body)
    again = await market.api.post("operator", path.format(second["id"]), body)
    assert (again.status_code, again.json()["code"]) == (409, "deal.record_no_taken")


async def test_a_dry_run_of_a_signature_objects_like_the_real_one_and_keeps_nothing(market: Market) -> None:
    """DEA-08: the same problems, no licence."""
    asset = await market.right()
    deal = await market.negotiated(asset)
    path = f"/v1/deals/{deal['id']}/signature?dry_run=true"
    rehearsed = await market.api.post("sme", path, {"signed_on": "2024-12-01"})
    assert (rehearsed.status_code, rehearsed.json()["status"]) == (200, "effective")
    assert (await market.api.get("sme", f"/v1/deals/{deal['id']}")).json()["status"] == "negotiated"
    await market.hold(asset, HoldKind.lien)
    refused = await market.api.post("sme", path, {"signed_on": "2024-12-01"})
    assert codes(refused) == ["deal.pledgee_consent_required"]
