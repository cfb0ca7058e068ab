"""`/v1/deals` over HTTP: transfers, from the draft to the title that passes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.domain.asset import AssetKind, AssetStatus
from app.domain.consent import ConsentKind, Proceeds
from app.domain.deal import DealKind
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.models.asset import Asset, Title
from app.services import holds
from app.services.holds import NewHold
from tests.factories import deals
from tests.factories.assets import make_asset, pass_title, tie_up
from tests.factories.clock import now
from tests.factories.consents import make_consent
from tests.factories.deals import FILED, REGISTERED, SETTLED, SIGNED, STEPS
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase


@dataclass
class Sale:
    """Calls about the transfer of an enterprise's own rights."""

    api: Api
    database: SavepointDatabase
    owner: uuid.UUID
    buyer: uuid.UUID

    async def right(self, *others: uuid.UUID, **facts: Any) -> Asset:
        """A right of the owner (and of others)."""
        async with self.database.write() as unit:
            return await make_asset(unit.session, owners=[self.owner, *others], **facts)

    async def party(self, **values: Any) -> uuid.UUID:
        async with self.database.write() as unit:
            party = await make_party(unit.session, district_code=values.pop("district_code", "120110"))
            for name, value in values.items():
                setattr(party, name, value)
            return party.id

    async def pledge(self, asset: Asset) -> None:
        async with self.database.write() as unit:
            new = NewHold(asset.id, HoldKind.lien, "test", new_id(), new_id(), unit.moment.today)
            await holds.place(unit.session, moment=unit.moment, holds=[new])

    async def consent(self, asset: Asset, grantor_id: uuid.UUID, **changes: Any) -> None:
        async with self.database.write() as unit:
            await make_consent(
                unit.session,
                organisation=self.api.samples["operator"].organisation,
                grantor_id=grantor_id,
                asset_ids=[asset.id],
                **changes,
            )

    def transfer(self, *assets: Asset, **changes: object) -> dict[str, object]:
        return deals.transfer(self.owner, self.buyer, [asset.id for asset in assets]) | changes

    async def drafted(self, *assets: Asset, **changes: object) -> dict[str, Any]:
        return await self.api.made("sme", "/v1/deals", self.transfer(*assets, **changes))

    async def licence(self, asset: Asset) -> dict[str, Any]:
        """A draft of an ordinary licence."""
        return await self.api.made("sme", "/v1/deals", deals.licence(self.owner, self.buyer, [asset.id]))

    async def step(self, deal: dict[str, Any], name: str, **changes: object) -> httpx.Response:
        return await deals.step(self.api, deal, name, **changes)

    async def through(self, deal: dict[str, Any], *steps: str) -> dict[str, Any]:
        return await deals.through(self.api, deal, *steps)

    async def filed(self, *assets: Asset, **changes: object) -> dict[str, Any]:
        return await self.through(await self.drafted(*assets, **changes), "agree", "sign", "file")

    async def passed(self, *assets: Asset, **changes: object) -> dict[str, Any]:
        return await self.through(await self.filed(*assets, **changes), "register")

    async def seen(self, asset: Asset) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get("bank_a", f"/v1/assets/{asset.id}")).json()
        return found

    async def owners(self, asset: Asset) -> dict[str, int | None]:
        return {owner["party_id"]: owner["share_ppm"] for owner in (await self.seen(asset))["owners"]}

    async def kinds(self, asset: Asset) -> list[str]:
        return [hold["kind"] for hold in (await self.seen(asset))["holds"]]

    async def offered(self, *assets: Asset, mode: str = "transfer", lister: str = "sme") -> dict[str, Any]:
        """A published listing of the rights."""
        body = {
            "direction": "offer",
            "mode": mode,
            "name": "示例转让",
            "description": "示例",
            "expires_on": "2099-12-31",
            "asset_ids": [str(asset.id) for asset in assets],
            "owner_id": str(self.owner),
        }
        made = await self.api.made(lister, "/v1/listings", body)
        await self.api.made(lister, f"/v1/listings/{made['id']}/submission", None)
        return await self.api.made("operator", f"/v1/listings/{made['id']}/approval", None)

    async def listing_status(self, listing: dict[str, Any]) -> str:
        return str((await self.api.get("sme", f"/v1/listings/{listing['id']}")).json()["status"])

    async def figure(self, measure: str, district: str) -> list[tuple[str, object]]:
        """A measure by role in the year of the registration, as the first district's office sees it."""
        answer = await self.api.get(
            "ip_office",
            f"/v1/statistics/{measure}",
            district=district,
            **{"from": 2025, "to": 2025, "slice": "role"},
        )
        cells = answer.json()["cells"]
        return [(cell["slice"]["role"], cell["amount"] or cell["value"]) for cell in cells]


@pytest.fixture
async def sale(api: Api, database: SavepointDatabase) -> Sale:
    async with database.write() as unit:
        buyer = await make_party(unit.session, district_code="120116")
    return Sale(api, database, api.samples["sme"].organisation.party_id, buyer.id)


async def test_a_transfer_moves_the_title_on_the_day_of_its_registration(sale: Sale) -> None:
    """TR-01, UNI-01: reserved from agreement to registration, then the grantee is the owner."""
    asset = await sale.right()
    listing = await sale.offered(asset)
    deal = await sale.drafted(asset, listing_id=listing["id"])
    assert (deal["territory"], deal["term_from"], deal["licence_type"]) == (None, None, None)
    await sale.through(deal, "agree")
    assert await sale.listing_status(listing) == "reserved"
    await sale.through(deal, "sign", "file", "correct", "refile")
    assert sorted(await sale.kinds(asset)) == ["reservation", "transfer_offer"]
    assert await sale.owners(asset) == {str(sale.owner): None}
    before = (await sale.seen(asset))["version"]
    done = await sale.through(deal, "register")
    assert (done["status"], done["registered_on"], done["filed_on"]) == ("effective", REGISTERED, FILED)
    assert await sale.owners(asset) == {str(sale.buyer): None}
    assert await sale.kinds(asset) == []
    assert (await sale.seen(asset))["version"] > before
    assert await sale.listing_status(listing) == "closed"
    chain = (await sale.api.get("sme", f"/v1/assets/{asset.id}/titles")).json()["items"]
    assert [(title["party_id"], title["acquired_on"], title["ceased_on"]) for title in chain] == [
        (str(sale.owner), "2021-06-01", REGISTERED),
        (str(sale.buyer), REGISTERED, None),
    ]
    closed = await sale.through(deal, "settle", "close")
    assert (closed["status"], closed["settlement"]) == ("closed", {"kind": "direct", "receipt_no": None})


async def test_a_transfer_counts_out_and_in_and_once_over_both(sale: Sale) -> None:
    """ST-08, ST-09: on its registration date, in each district, not twice where both are asked."""
    await sale.filed(await sale.right())
    assert await sale.figure("transfer_count", "120110") == []
    await sale.passed(await sale.right())
    assert await sale.figure("transfer_count", "120110") == [("out", 1)]
    assert await sale.figure("transfer_amount", "120110") == [("out", "300000.00")]
    assert await sale.figure("transfer_count", "120116") == [("in", 1)]
    assert await sale.figure("transfer_count", "120000") == [("in", 1)]
    assert await sale.figure("transfer_amount", "120000") == [("in", "300000.00")]


@pytest.mark.parametrize("changes", [{"amount": {"amount": "0.00"}}, {"affiliated": True}])
async def test_a_transfer_for_nothing_or_between_affiliates_has_no_amount(
    sale: Sale, changes: dict[str, object]
) -> None:
    """ST-10: in the count with a flag, not in the amount; internal once."""
    neighbour = await sale.party()
    await sale.passed(await sale.right(), grantee_id=str(neighbour), **changes)
    assert await sale.figure("transfer_count", "120110") == [("internal", 1)]
    assert await sale.figure("transfer_amount", "120110") == []
    flagged = await sale.api.get(
        "ip_office",
        "/v1/statistics/transfer_count/rows",
        district="120110",
        **{"from": 2025, "to": 2025, "where": "without_amount:true"},
    )
    assert [row["dimensions"]["affiliated"] for row in flagged.json()["items"]] == ["affiliated" in changes]


async def test_nothing_else_takes_a_right_whose_transfer_is_under_way(sale: Sale) -> None:
    """UNI-03, DEA-03: neither a pledge nor a licence nor a second buyer; all are free to go once it fails."""
    asset = await sale.right()
    second = await sale.drafted(asset)
    licence = await sale.through(await sale.licence(asset), "agree")
    deal = await sale.filed(asset)

    async def others() -> list[httpx.Response]:
        return [
            await sale.api.post("bank_a", "/v1/pledges", filing(sale.owner, [asset.id])),
            await sale.step(licence, "sign"),
            await sale.step(second, "agree"),
        ]

    assert [codes(answer) for answer in await others()] == [["hold.already_reserved"]] * 3
    await sale.through(deal, "refuse")
    assert await sale.kinds(asset) == []
    assert [answer.status_code for answer in await others()] == [201, 409, 200]


async def test_a_refused_or_terminated_transfer_gives_its_listing_back(sale: Sale) -> None:
    """TR-12: the office's no and the parties' end both free the right; what took effect cannot be ended."""
    asset = await sale.right()
    listing = await sale.offered(asset)
    for end in ("refuse", "terminate"):
        deal = await sale.filed(asset, listing_id=listing["id"])
        assert await sale.listing_status(listing) == "reserved"
        await sale.through(deal, end)
        assert await sale.listing_status(listing) == "published"
        assert await sale.kinds(asset) == ["transfer_offer"]
    done = await sale.passed(asset, listing_id=listing["id"])
    assert codes(await sale.step(done, "terminate")) == ["deal.title_passed"]


async def test_a_pledged_right_passes_once_with_the_pledgees_consent_and_its_lien_stays(sale: Sale) -> None:
    """UNI-01, TR-06, 民法典第444条: refused without, done with it, spent after, paid as the pledgee asked."""
    asset = await sale.right()
    pledgee = await sale.party()
    await sale.pledge(asset)
    deal = await sale.through(await sale.drafted(asset), "agree")
    assert codes(await sale.step(deal, "sign")) == ["deal.pledgee_consent_required"]
    await sale.consent(asset, pledgee, kind=ConsentKind.pledgee, proceeds=Proceeds.escrow.value)
    await sale.through(deal, "sign", "file", "register")
    assert (await sale.owners(asset), await sale.kinds(asset)) == ({str(sale.buyer): None}, ["lien"])
    for wrong in ({}, {"kind": "early_repayment", "receipt_no": "R-1"}, {"kind": "escrow"}):
        refused = await sale.step(deal, "settle", **wrong)
        assert codes(refused) == ["deal.proceeds_unsettled"]
    assert (await sale.step(deal, "settle", kind="escrow", receipt_no="R-1")).json()["status"] == "settled"


async def test_the_fee_of_a_licence_is_paid_as_the_pledgee_asked_and_the_licence_goes_on(sale: Sale) -> None:
    """民法典第444条: paid once, with the receipt; what is paid may still be recorded and end early."""
    asset = await sale.right()
    await sale.pledge(asset)
    await sale.consent(
        asset,
        await sale.party(),
        kind=ConsentKind.pledgee,
        action=DealKind.licence,
        proceeds=Proceeds.early_repayment.value,
    )
    licence = await sale.through(await sale.licence(asset), "agree")
    assert codes(await sale.step(licence, "settle")) == ["state.illegal_transition"]
    licence = await sale.through(licence, "sign")
    assert codes(await sale.step(licence, "settle")) == ["deal.proceeds_unsettled"]
    paid = await sale.step(licence, "settle", kind="early_repayment", receipt_no="R-1")
    assert (paid.json()["status"], paid.json()["settled_on"]) == ("effective", SETTLED)
    assert paid.json()["version"] == licence["version"] + 1
    again = await sale.step(licence, "settle", kind="early_repayment", receipt_no="R-2")
    assert codes(again) == ["deal.already_settled"]
    await sale.through(licence, "terminate")


async def test_a_co_owner_who_is_not_recorded_is_told_of_as_such(sale: Sale) -> None:
    """TR-03: its consent cannot be had, and nobody is asked for one of nobody."""
    second = await sale.party()
    asset = await sale.right(second)
    async with sale.database.write() as unit:
        basis = {
            "id": new_id(),
            "asset_id": asset.id,
            "event_id": asset.event_id,
            "recorded_at": unit.moment.now,
        }
        unit.session.add(Title(**basis, party_id=None, ordinal=3))
    deal = await sale.through(await sale.drafted(asset), "agree")
    refused = await sale.step(deal, "sign")
    assert codes(refused) == ["deal.co_owner_consent_missing", "deal.owner_unrecorded"]
    assert refused.json()["violations"][0]["facts"]["owner_ids"] == [str(second)]
    await sale.consent(asset, second)
    assert codes(await sale.step(deal, "sign")) == ["deal.owner_unrecorded"]


async def test_a_consent_spent_on_a_refused_transfer_stays_spent(sale: Sale) -> None:
    """UNI-02: the next transfer of the pledged right needs a consent of its own."""
    asset = await sale.right()
    await sale.pledge(asset)
    await sale.consent(asset, await sale.party(), kind=ConsentKind.pledgee)
    await sale.through(await sale.filed(asset), "refuse")
    again = await sale.through(await sale.drafted(asset), "agree")
    assert codes(await sale.step(again, "sign")) == ["deal.pledgee_consent_required", "consent.used_up"]


async def test_an_undivided_right_passes_as_a_whole_with_every_co_owners_consent(sale: Sale) -> None:
    """TR-03, 专利法第14条."""
    second, third = [await sale.party() for _ in range(2)]
    asset = await sale.right(second, third)
    await sale.consent(asset, second)
    deal = await sale.through(await sale.drafted(asset), "agree")
    refused = await sale.step(deal, "sign")
    assert codes(refused) == ["deal.co_owner_consent_missing"]
    assert refused.json()["violations"][0]["facts"]["owner_ids"] == [str(third)]
    await sale.consent(asset, third)
    await sale.through(deal, "sign", "file", "register")
    assert await sale.owners(asset) == {str(sale.buyer): None}


@pytest.mark.parametrize("to_co_owner", [False, True])
async def test_of_a_divided_right_the_grantors_share_passes(sale: Sale, *, to_co_owner: bool) -> None:
    """民法典第301条, 专利法第14条: the other owners keep theirs, and shares still sum to the whole."""
    second, third = [await sale.party() for _ in range(2)]
    asset = await sale.right(second, third, shares=[500_000, 300_000, 200_000])
    for owner in (second, third):
        await sale.consent(asset, owner)
    grantee = second if to_co_owner else sale.buyer
    await sale.passed(asset, grantee_id=str(grantee))
    expected = {str(second): 300_000, str(third): 200_000}
    expected[str(grantee)] = expected.get(str(grantee), 0) + 500_000
    assert await sale.owners(asset) == expected


@pytest.mark.parametrize(
    ("country", "kind", "needed"),
    [
        ("US", AssetKind.patent, True),
        ("HK", AssetKind.patent, True),
        ("US", AssetKind.trademark, False),
        (None, AssetKind.patent, False),
    ],
)
async def test_a_patent_leaves_the_country_with_its_export_evidence_only(
    sale: Sale, *, country: str | None, kind: AssetKind, needed: bool
) -> None:
    """TR-04: 专利法第10条; a mark is no technology, and nobody is foreign for want of a country."""
    asset, abroad = await sale.right(kind=kind), await sale.party(country=country)
    deal = await sale.through(await sale.drafted(asset, grantee_id=str(abroad)), "agree")
    signed = await sale.step(deal, "sign")
    assert signed.status_code == (409 if needed else 200)
    if needed:
        (violation,) = signed.json()["violations"]
        assert (violation["code"], violation["pointer"]) == (
            "deal.export_evidence_required",
            "/export_evidence",
        )
        evidence = {"type": "export_contract_registration", "number": "JSCK-2024-1"}
        signed = await sale.step(deal, "sign", export_evidence=evidence)
        assert signed.json()["export_evidence"] == evidence


async def test_a_registration_is_checked_again_under_the_rights_lock(sale: Sale) -> None:
    """SC-01, LS-10: what happened since the signature stops it, and the day must fit."""
    stayed, sold = await sale.right(), await sale.right()
    deal = await sale.filed(stayed, sold)
    async with sale.database.write() as unit:
        await tie_up(unit.session, stayed.id, HoldKind.suspension)
        await pass_title(unit.session, sold.id, sale.buyer)
    tomorrow = now().today + timedelta(days=1)
    refused = await sale.step(deal, "register", registered_on=str(tomorrow))
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [
        ("deal.right_stayed", "/asset_ids/0"),
        ("deal.transferor_not_owner", "/asset_ids/1"),
        ("request.date_in_future", "/registered_on"),
    ]
    early = await sale.filed(await sale.right())
    refused = await sale.step(early, "register", registered_on="2024-12-05")
    assert codes(refused) == ["request.date_too_early"]


async def test_a_licence_survives_the_transfer_and_the_former_owner_offers_nothing(sale: Sale) -> None:
    """TR-05, 技术合同解释第24条: the licensee stays, the listings of the old owner close."""
    asset = await sale.right()
    await sale.through(await sale.licence(asset), "agree", "sign")
    offers = [await sale.offered(asset, mode=mode) for mode in ("ordinary_licence", "transfer")]
    await sale.passed(asset)
    assert await sale.kinds(asset) == ["licence"]
    assert [await sale.listing_status(listing) for listing in offers] == ["closed", "closed"]


async def test_only_the_office_records_what_the_office_does(sale: Sale) -> None:
    """RB-02: the parties file, the office answers; a number is used once; a licence has no such steps."""
    deal = await sale.filed(await sale.right())
    for step in ("correct", "refuse", "register"):
        _, path, body = STEPS[step]
        denied = await sale.api.post("sme", f"/v1/deals/{deal['id']}/{path}", body)
        assert (denied.status_code, codes(denied)) == (403, ["auth.denied"])
    other = await sale.filed(await sale.right())
    assert (await sale.step(deal, "register")).status_code == 200
    assert codes(await sale.step(other, "register")) == ["deal.registration_no_taken"]
    recorded = await sale.api.post(
        "ip_office", f"/v1/deals/{deal['id']}/recordings", {"record_no": "X", "recorded_on": REGISTERED}
    )
    assert codes(recorded) == ["deal.not_licence"]
    licence = await sale.licence(await sale.right())
    await sale.through(licence, "agree", "sign")
    for step in ("file", "register", "close"):
        assert codes(await sale.step(licence, step)) == ["deal.not_transfer"]


async def test_who_drafted_a_transfer_does_not_enter_the_offices_decision(sale: Sale) -> None:
    """RB-02: an operator that sells its own right leaves the register to the office."""
    operator = sale.api.samples["operator"].organisation.party_id
    async with sale.database.write() as unit:
        asset = await make_asset(unit.session, owners=[operator])
    deal = await sale.api.made("operator", "/v1/deals", deals.transfer(operator, sale.buyer, [asset.id]))
    path = f"/v1/deals/{deal['id']}"
    for name in ("agree", "sign", "file"):
        await sale.api.made("operator", f"{path}/{STEPS[name][1]}", STEPS[name][2])
    for name in ("correct", "refuse", "register"):
        refused = await sale.api.post("operator", f"{path}/{STEPS[name][1]}", STEPS[name][2])
        assert codes(refused) == ["deal.same_organisation"]
    await sale.through(deal, "register")


async def test_a_transfer_keeps_to_its_listing_and_to_rights_that_can_pass(sale: Sale) -> None:
    """LST-01, TR-01: a transfer comes from an offer to transfer; what has ended passes to nobody."""
    asset = await sale.right()
    listing = await sale.offered(asset, mode="exclusive_licence")
    refused = await sale.api.post("sme", "/v1/deals", sale.transfer(asset, listing_id=listing["id"]))
    assert [(found["code"], found["pointer"]) for found in refused.json()["violations"]] == [
        ("deal.listing_mismatch", "/kind")
    ]
    scoped = await sale.api.post("sme", "/v1/deals", sale.transfer(asset, territory="CN"))
    assert [found["pointer"] for found in scoped.json()["violations"]] == ["/territory"]
    late = await sale.right(status=AssetStatus.late_fee)
    ended = await sale.right(status=AssetStatus.terminated_fee)
    deal = await sale.drafted(late, ended)
    assert [found["pointer"] for found in (await sale.step(deal, "agree")).json()["violations"]] == [
        "/asset_ids/1"
    ]


async def test_an_agency_signs_under_the_owners_mandate_to_sign(sale: Sale) -> None:
    """RB-05: a mandate to negotiate is enough to agree, not to sign."""
    asset = await sale.right()

    async def mandate(*powers: str) -> None:
        agency = str(sale.api.samples["agency"].organisation.id)
        body = {
            "owner_id": str(sale.owner),
            "organisation_id": agency,
            "powers": list(powers),
            "term_from": str(now().today),
            "term_to": str(date(2099, 12, 31)),
        }
        await sale.api.made("sme", "/v1/mandates", body)

    deal = await sale.api.made("agency", "/v1/deals", sale.transfer(asset))
    path = f"/v1/deals/{deal['id']}"
    assert codes(await sale.api.post("agency", f"{path}/agreement", None)) == ["deal.mandate_missing"]
    await mandate("negotiate")
    await sale.api.made("agency", f"{path}/agreement", None)
    signature = {"signed_on": SIGNED}
    refused = await sale.api.post("agency", f"{path}/signature", signature)
    assert codes(refused) == ["deal.mandate_missing"]
    await mandate("sign")
    await sale.api.made("agency", f"{path}/signature", signature)
