"""The story's market: listings, offers, licences, transfers, and a licence of a pledged right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.cli.demo.caller import Refused
from app.cli.demo.world import DONGLI, District, World, wan
from app.domain.deal import PLEDGEE_CONSENT_REQUIRED

LISTED_DAYS = 180
OFFER_DAYS = 30
TERM_DAYS = 3 * 365
LICENCES_WAN = {2018: 80, 2019: 100, 2020: 120, 2021: 150, 2022: 180}
TRANSFERS_WAN = {2018: 120, 2019: 140, 2020: 170, 2021: 200, 2022: 240}


@dataclass(frozen=True, slots=True)
class Signed:
    """A deal that waits for its office."""

    id: str
    transfer: bool


class Market:
    """Lists rights, takes offers, makes deals."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._caller = world.caller
        self._signed: list[Signed] = []
        self._numbers = 0

    def trade(self, district: District, year: int) -> None:
        """The year's licence and transfer, each from a listing through a round of offers to a contract.

        In odd years a firm of the other district buys.
        """
        if year in LICENCES_WAN:
            self._sell(district, "ordinary_licence", LICENCES_WAN[year], year, buyer="sme_b")
            buyer = "sme_bh" if year % 2 else "sme_b"
            self._sell(district, "transfer", TRANSFERS_WAN[year], year, buyer=buyer)

    def conclude(self) -> None:
        """The office records the licences and registers the transfers, whose prices are paid."""
        for deal in self._signed:
            self._numbers += 1
            day = self._caller.today.isoformat()
            path = f"/v1/deals/{deal.id}"
            if deal.transfer:
                body = {"registration_no": f"示例手续合格通知书{self._numbers}", "registered_on": day}
                self._caller.post("operator", f"{path}/registration", body)
                self._caller.post("agency", f"{path}/settlement", {"settled_on": day, "kind": "direct"})
            else:
                body = {"record_no": f"示例备案{self._numbers}", "recorded_on": day}
                self._caller.post("operator", f"{path}/recordings", body)
        self._signed.clear()

    def licence_pledged(self, owner: str, patent: str) -> None:
        """A pledged patent is licensed: refused, then with the bank's consent done."""
        caller, today = self._caller, self._caller.today
        self._mandate(DONGLI, owner)
        listing = self._list(DONGLI, owner, patent, "ordinary_licence", 30)
        deal = self._licence(owner, patent, listing, 30)
        self._agree(deal)
        refusal = caller.refused("agency", f"/v1/deals/{deal}/signature", {"signed_on": today.isoformat()})
        if refusal != [PLEDGEE_CONSENT_REQUIRED.code]:
            raise Refused(f"agency: the licence of a pledged right was refused for {refusal}")
        asked = caller.post(
            "agency",
            "/v1/consents/requests",
            {"kind": "pledgee", "action": "licence", "licence_type": "ordinary", "asset_ids": [patent]},
        )
        terms = {"max_uses": 1, "proceeds": "early_repayment", "floor": wan(20)}
        caller.post("bank_a", f"/v1/consents/{asked['id']}/grant", terms)
        self._sign(deal)

    def _sell(self, district: District, mode: str, price_wan: int, year: int, *, buyer: str) -> None:
        world, caller = self._world, self._caller
        owner = world.firm(district, "新材料")
        patent = world.patent(district, [owner], filed_on=date(year - 5, 5, 20))
        self._mandate(district, owner)
        listing = self._list(district, owner, patent, mode, price_wan)
        deal = str(self._offer(listing, mode, price_wan, buyer)["deal_id"])
        self._agree(deal)
        self._sign(deal)
        transfer = mode == "transfer"
        if transfer:
            caller.post("agency", f"/v1/deals/{deal}/filing", {"filed_on": caller.today.isoformat()})
        self._signed.append(Signed(deal, transfer))

    def _mandate(self, district: District, owner: str) -> None:
        """The owner, who is not on the platform, authorises the agency on paper; the operator checks it."""
        caller, today = self._caller, self._caller.today
        mandate = caller.post(
            district.lister,
            "/v1/mandates",
            {
                "owner_id": owner,
                "powers": ["list", "negotiate", "sign"],
                "term_from": today.isoformat(),
                "term_to": (today + timedelta(days=TERM_DAYS)).isoformat(),
                "fee_bp": 300,
                "document_id": self._world.paper(district.lister, "授权委托书"),
            },
        )
        caller.post(district.operator, f"/v1/mandates/{mandate['id']}/confirmation", {})

    def _list(self, district: District, owner: str, patent: str, mode: str, price_wan: int) -> str:
        caller = self._caller
        listing = caller.post(
            district.lister,
            "/v1/listings",
            {
                "direction": "offer",
                "mode": mode,
                "name": "示例装置及其控制方法",
                "description": "示例挂牌：可提供技术培训",
                "price": wan(price_wan),
                "expires_on": (caller.today + timedelta(days=LISTED_DAYS)).isoformat(),
                "asset_ids": [patent],
                "owner_id": owner,
            },
        )["id"]
        caller.post(district.lister, f"/v1/listings/{listing}/submission", {})
        caller.post(district.operator, f"/v1/listings/{listing}/approval", {})
        return str(listing)

    def _offer(self, listing: str, mode: str, price_wan: int, buyer: str) -> dict[str, Any]:
        """A buyer bids less, the lister asks for the price, the buyer bids it, the lister accepts."""
        caller, today = self._caller, self._caller.today
        bid: dict[str, Any] = {
            "amount": wan(price_wan * 9 // 10),
            "expires_on": (today + timedelta(days=OFFER_DAYS)).isoformat(),
        }
        if mode != "transfer":
            bid |= {
                "term_from": today.isoformat(),
                "term_to": (today + timedelta(days=TERM_DAYS)).isoformat(),
            }
        offer = caller.post(buyer, f"/v1/listings/{listing}/offers", bid)
        path = f"/v1/offers/{offer['id']}"
        for who in ("agency", buyer):
            offer = caller.post(who, f"{path}/rounds", {"amount": wan(price_wan)}, version=offer["version"])
        accepted: dict[str, Any] = caller.post("agency", f"{path}/acceptance", {}, version=offer["version"])
        return accepted

    def _licence(self, owner: str, patent: str, listing: str, price_wan: int) -> str:
        today = self._caller.today
        body = {
            "kind": "licence",
            "licence_type": "ordinary",
            "grantor_id": owner,
            "grantee_id": self._caller.party("sme_b"),
            "asset_ids": [patent],
            "term_from": today.isoformat(),
            "term_to": (today + timedelta(days=TERM_DAYS)).isoformat(),
            "amount": wan(price_wan),
            "listing_id": listing,
        }
        return str(self._caller.post("agency", "/v1/deals", body)["id"])

    def _agree(self, deal: str) -> None:
        self._caller.post("agency", f"/v1/deals/{deal}/agreement", {})

    def _sign(self, deal: str) -> None:
        today = self._caller.today.isoformat()
        self._caller.post("agency", f"/v1/deals/{deal}/signature", {"signed_on": today})
