"""`/v1/mandates` over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.domain.mandate import MandatePower
from app.domain.permission import system_actor
from app.queries import mandates as queries
from app.services import mandates
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PATH = "/v1/mandates"
PAPER = {"name": "示例授权委托书.pdf", "media_type": "application/pdf", "content_base64": "56S65L6L"}


@dataclass
class Desk:
    """Calls about mandates to the sample agency."""

    api: Api
    database: SavepointDatabase

    def party(self, role: str) -> uuid.UUID:
        return self.api.samples[role].organisation.party_id

    def organisation(self, role: str) -> uuid.UUID:
        return self.api.samples[role].organisation.id

    def mandate(self, owner: uuid.UUID, **changes: object) -> dict[str, object]:
        """A well-formed mandate to the agency."""
        return {
            "owner_id": str(owner),
            "organisation_id": str(self.organisation("agency")),
            "powers": ["list", "negotiate"],
            "term_from": str(now().today),
            "term_to": "2099-12-31",
            "fee_bp": 250,
        } | changes

    async def act(self, role: str, mandate: dict[str, Any], what: str, body: Any = None) -> httpx.Response:
        return await self.api.post(role, f"{PATH}/{mandate['id']}/{what}", body)

    async def covers(self, owner: uuid.UUID, *assets: uuid.UUID, **changes: Any) -> bool:
        asked: dict[str, Any] = {"power": MandatePower.negotiate, "today": now().today} | changes
        async with self.database.read() as unit:
            return await queries.covers(
                unit.session,
                organisation_id=self.organisation("agency"),
                owner_id=owner,
                asset_ids=assets,
                **asked,
            )

    async def stranger(self) -> uuid.UUID:
        """A party that does not use the system."""
        async with self.database.write() as unit:
            return (await make_party(unit.session)).id

    async def rights(self, owner: uuid.UUID, count: int) -> list[uuid.UUID]:
        async with self.database.write() as unit:
            return [(await make_asset(unit.session, owners=[owner])).id for _ in range(count)]


@pytest.fixture
def desk(api: Api, database: SavepointDatabase) -> Desk:
    return Desk(api, database)


async def test_what_the_owner_enters_is_in_force_at_once(desk: Desk) -> None:
    """RB-05: the owner's own word needs no confirmation; without rights named it covers all of them."""
    owner = desk.party("sme")
    made = await desk.api.made("sme", PATH, desk.mandate(owner))
    assert (made["status"], made["decided_on"], made["fee_bp"]) == ("active", str(now().today), 250)
    assert made["powers"] == ["list", "negotiate"]
    rights = await desk.rights(owner, 2)
    assert await desk.covers(owner, *rights)
    assert not await desk.covers(owner, *rights, power=MandatePower.sign)
    assert not await desk.covers(owner, today=now().today - timedelta(days=1))
    assert not await desk.covers(owner, today=date(2100, 1, 1))
    assert not await desk.covers(desk.party("sme_b"), *rights)


async def test_a_mandate_over_some_rights_covers_no_others(desk: Desk) -> None:
    """RB-05: one mandate must cover all the rights of an act."""
    owner = desk.party("sme")
    first, second, other = await desk.rights(owner, 3)
    for named in ([first, second], [other]):
        body = desk.mandate(owner, asset_ids=[str(asset_id) for asset_id in named])
        await desk.api.made("sme", PATH, body)
    assert await desk.covers(owner, first)
    assert await desk.covers(owner, second, first)
    assert not await desk.covers(owner, first, other)


async def test_an_agency_proposes_and_the_owner_told_of_it_confirms(desk: Desk) -> None:
    """RB-05: nothing is in force before the owner has spoken."""
    owner = desk.party("sme")
    made = await desk.api.made("agency", PATH, desk.mandate(owner, organisation_id=None))
    assert (made["status"], made["organisation_id"]) == ("proposed", str(desk.organisation("agency")))
    assert not await desk.covers(owner)
    told = (await desk.api.get("sme", "/v1/notices")).json()["items"]
    assert [(row["kind"], row["subject_id"]) for row in told] == [("mandate_proposed", made["id"])]
    for role in ("agency", "sme_b"):
        refused = await desk.act(role, made, "confirmation")
        assert refused.status_code == {"agency": 403, "sme_b": 404}[role]
    confirmed = await desk.act("sme", made, "confirmation")
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "active")
    assert await desk.covers(owner)


async def test_the_operator_confirms_for_an_owner_with_the_paper_at_hand_only(desk: Desk) -> None:
    """RB-05: delegation on behalf needs the power of attorney, and the log names it."""
    owner = await desk.stranger()
    made = await desk.api.made("agency", PATH, desk.mandate(owner))
    bare = await desk.act("operator", made, "confirmation")
    assert (bare.status_code, bare.json()["code"]) == (409, "mandate.document_missing")
    unknown = await desk.act("operator", made, "confirmation", {"document_id": str(uuid.uuid4())})
    assert unknown.json()["code"] == "document.not_found"
    paper = await desk.api.made("agency", "/v1/documents", PAPER)
    confirmed = await desk.act("operator", made, "confirmation", {"document_id": paper["id"]})
    assert confirmed.json()["status"] == "active"
    shown = (await desk.api.get("operator", f"{PATH}/{made['id']}")).json()
    assert shown["document_id"] == paper["id"]


async def test_who_proposed_for_an_owner_does_not_confirm(desk: Desk) -> None:
    """RB-02, RB-03: the operator's client that entered a proposal is not its checker, nor an agent its own."""
    owner = await desk.stranger()
    paper = await desk.api.made("operator", "/v1/documents", PAPER)
    entered = await desk.api.made("operator", PATH, desk.mandate(owner, document_id=paper["id"]))
    same = await desk.act("operator", entered, "confirmation")
    assert (same.status_code, same.json()["code"]) == (409, "approval.same_person")
    own = desk.mandate(owner, organisation_id=None, document_id=paper["id"])
    refused = await desk.act("operator", await desk.api.made("operator", PATH, own), "confirmation")
    assert (refused.status_code, refused.json()["code"]) == (403, "mandate.not_owner")


async def test_an_owner_refuses_and_takes_back_and_an_agent_lays_down(desk: Desk) -> None:
    """民法典第933条: either side may end a mandate at any time."""
    owner = desk.party("sme")
    proposed = await desk.api.made("agency", PATH, desk.mandate(owner))
    declined = await desk.act("sme", proposed, "refusal", {"reason": "示例：未曾委托"})
    assert declined.json()["status"] == "declined"
    again = await desk.act("sme", proposed, "confirmation")
    assert (again.status_code, again.json()["code"]) == (409, "state.illegal_transition")
    for role in ("sme", "agency"):
        given = await desk.api.made("sme", PATH, desk.mandate(owner))
        revoked = await desk.act(role, given, "revocation", {"reason": "示例：合作结束"})
        assert (revoked.json()["status"], revoked.json()["ended_on"]) == ("revoked", str(now().today))
    assert not await desk.covers(owner)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"term_to": "2020-01-01", "term_from": "2019-01-01"}, ["mandate.term_passed"]),
        ({"term_to": "2019-01-01", "term_from": "2020-01-01"}, ["mandate.term_invalid"]),
        ({"organisation_id": None}, ["mandate.to_itself"]),
        ({"asset_ids": ["00000000-0000-7000-8000-000000000001"]}, ["asset.not_found"]),
        ({"powers": []}, ["request.malformed"]),
        ({"fee_bp": 10_001}, ["request.malformed"]),
        ({"document_id": "00000000-0000-7000-8000-000000000001"}, ["document.not_found"]),
    ],
)
async def test_a_mandate_must_make_sense(desk: Desk, changes: dict[str, object], codes: list[str]) -> None:
    refused = await desk.api.post("sme", PATH, desk.mandate(desk.party("sme"), **changes))
    assert [found["code"] for found in refused.json()["violations"]] == codes


async def test_only_agencies_act_for_owners_and_only_those_concerned_enter_it(desk: Desk) -> None:
    """RB-05."""
    bank = desk.mandate(desk.party("sme"), organisation_id=str(desk.organisation("bank_a")))
    refused = await desk.api.post("sme", PATH, bank)
    assert refused.json()["code"] == "mandate.not_agent"
    foreign = await desk.api.post("sme_b", PATH, desk.mandate(desk.party("sme")))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "mandate.not_concerned")


async def test_a_mandate_is_between_its_parties_and_the_district(desk: Desk) -> None:
    """RB-01."""
    made = await desk.api.made("sme", PATH, desk.mandate(desk.party("sme")))
    path = f"{PATH}/{made['id']}"
    roles = ("sme", "agency", "operator", "sme_b", "bank_a")
    seen = {role: (await desk.api.get(role, path)).status_code for role in roles}
    assert seen == {"sme": 200, "agency": 200, "operator": 200, "sme_b": 404, "bank_a": 404}
    listed = (await desk.api.get("agency", PATH, owner_id=str(desk.party("sme")), status="active")).json()
    assert [row["id"] for row in listed["items"]] == [made["id"]]
    assert (await desk.api.get("sme_b", PATH)).json()["items"] == []


async def test_a_mandate_ends_after_its_last_day_once(desk: Desk) -> None:
    """RB-05: the job ends what is over, an undecided proposal too, and finds nothing the second time."""
    last = str(now().today + timedelta(days=3))
    given = await desk.api.made("sme", PATH, desk.mandate(desk.party("sme"), term_to=last))
    await desk.api.made("agency", PATH, desk.mandate(await desk.stranger(), term_to=last))
    later = now().today + timedelta(days=4)
    ended = []
    for today in (later - timedelta(days=1), later, later):
        async with desk.database.write() as unit:
            moment = type(unit.moment)(unit.moment.now, today)
            ended.append(await mandates.end_due(unit.session, actor=system_actor("job"), moment=moment))
    assert ended == [0, 2, 0]
    shown = (await desk.api.get("sme", f"{PATH}/{given['id']}")).json()
    assert (shown["status"], shown["ended_on"]) == ("ended", last)
