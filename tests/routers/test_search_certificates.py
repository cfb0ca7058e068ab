"""`/v1/certificates` of a search: for a party or a right with what was discharged, kept and verified."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.domain import certificate_search
from app.domain.hold import HoldKind
from app.queries import certificate_searches
from tests.factories.assets import make_asset, tie_up
from tests.factories.clock import now
from tests.factories.finance import owned, party_id
from tests.factories.parties import make_party
from tests.routers.test_certificates import PATH, anybody, proven, verdict
from tests.routers.test_encumbrances import pledged
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase


async def searched(api: Api, **asked: Any) -> dict[str, Any]:
    return await api.made("bank_b", PATH, asked)


async def test_a_party_is_searched_and_the_answer_is_kept_and_superseded(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-06: numbered, signed, the same bytes whenever fetched; late news of one of its rights supersedes it."""
    async with database.write() as unit:
        owner = await make_party(unit.session)
        assets = [await make_asset(unit.session, owners=[owner.id]) for _ in range(2)]
        await tie_up(unit.session, assets[0].id, HoldKind.lien)
    first = await searched(api, party_id=str(owner.id))
    said = await proven(api, first)
    assert (first["asset_id"], first["party_id"], first["number"][:2]) == (None, str(owner.id), "CE")
    assert (said["format"], said["subject"]) == ("ipops.certificate.search/1", owner.name)
    assert said["state"]["rights"] == sorted(str(asset.id) for asset in assets)
    [lien] = said["state"]["encumbrances"]
    assert (lien["asset_id"], lien["kind"], lien["end_reason"]) == (str(assets[0].id), "lien", None)
    path = f"{PATH}/{first['id']}/file"
    one, two = await api.get("bank_b", path), await api.get("bank_b", path)
    assert one.content == two.content
    assert "权利负担查询证明".encode() in one.content
    assert (await verdict(api, first))["verdict"] == "valid"

    async with database.write() as unit:
        await tie_up(unit.session, assets[1].id, HoldKind.preservation)
    stale = await verdict(api, first)
    assert stale["verdict"] == "superseded"
    assert stale["superseded_since"] is not None
    second = await searched(api, party_id=str(owner.id))
    assert (await verdict(api, second))["verdict"] == "valid"
    page = await anybody(api, f"/verify/{first['code']}")
    assert page.status_code == 200
    for words in ("已被取代", owner.name, "财产保全"):
        assert (words in page.text) is (words != "财产保全"), words
    as_then = await searched(api, party_id=str(owner.id), known_at=first["known_at"])
    assert as_then["state_sha256"] == first["state_sha256"]
    listed = (await api.get("bank_b", PATH, party_id=str(owner.id))).json()["items"]
    assert [row["id"] for row in listed] == [first["id"], second["id"], as_then["id"]]


async def test_what_was_discharged_is_certified_on_request(api: Api, database: SavepointDatabase) -> None:
    """PLG-06, PLG-11: by right or party; it names neither lender nor terms."""
    asset = await owned(api, database)
    pledge = await pledged(api, asset)
    ended = {"reason": "debt_paid", "deregistered_on": str(now().today)}
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/deregistrations", ended)
    live = await proven(api, await searched(api, party_id=party_id(api, "sme")))
    assert [one for one in live["state"]["encumbrances"] if one["asset_id"] == asset] == []
    for subject in ({"asset_id": asset}, {"party_id": party_id(api, "sme")}):
        made = await searched(api, **subject, include_discharged=True)
        state = (await proven(api, made))["state"]
        [lien] = [one for one in state["encumbrances"] if one["asset_id"] == asset]
        assert (lien["end_reason"], lien["ended_on"]) == ("pledge.deregistered", str(now().today))
        page = await anybody(api, f"/verify/{made['code']}")
        assert "已注销登记" in page.text
        lender = party_id(api, "bank_a")
        assert [word for word in (pledge["id"], pledge["number"], lender) if word in made["body"]] == []
        assert (await verdict(api, made))["verdict"] == "valid"


async def test_a_party_without_rights_is_certified_to_have_none(
    api: Api, database: SavepointDatabase
) -> None:
    async with database.write() as unit:
        party = await make_party(unit.session)
    made = await searched(api, party_id=str(party.id))
    state = (await proven(api, made))["state"]
    assert (state["rights"], state["encumbrances"]) == ([], [])
    async with database.write() as unit:
        await make_asset(unit.session, owners=[party.id])
    assert (await verdict(api, made))["verdict"] == "superseded"


async def test_more_rights_than_a_page_holds_supersede_a_certificate(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PLG-06: whoever holds the paper gets a verdict, though nobody could be given such a paper any more."""
    monkeypatch.setattr(certificate_search, "MAX_RIGHTS", 1)
    monkeypatch.setattr(certificate_searches, "MAX_RIGHTS", 1)
    async with database.write() as unit:
        party = await make_party(unit.session)
        await make_asset(unit.session, owners=[party.id])
    made = await searched(api, party_id=str(party.id))
    async with database.write() as unit:
        for _ in range(2):
            await make_asset(unit.session, owners=[party.id])
    assert (await verdict(api, made))["verdict"] == "superseded"
    refused = await api.post("bank_b", PATH, {"party_id": str(party.id)})
    assert objections(refused) == [("certificate.too_many_rights", "/party_id")]


async def test_is_about_one_right_or_one_party(api: Api, database: SavepointDatabase) -> None:
    asset = await owned(api, database)
    for wrong in ({}, {"asset_id": asset, "party_id": party_id(api, "sme")}):
        assert objections(await api.post("bank_b", PATH, wrong)) == [("certificate.one_subject", "/party_id")]
    assert codes(await api.post("bank_b", PATH, {"party_id": str(uuid.uuid4())})) == ["party.not_found"]
    early = {"party_id": party_id(api, "sme"), "known_at": "2020-01-01T00:00:00+08:00"}
    assert codes(await api.post("bank_b", PATH, early)) == ["certificate.party_not_yet_known"]
    made = await searched(api, party_id=party_id(api, "sme"))
    assert database.connection is not None
    await database.connection.execute(text("SET LOCAL ROLE NONE"))
    both = text("UPDATE certificates SET asset_id = :asset WHERE id = :id")
    with pytest.raises(IntegrityError, match="ck_certificates_o"):
        await database.connection.execute(both, {"asset": asset, "id": made["id"]})
