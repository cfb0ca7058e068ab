"""`/v1/encumbrances`: what lies, or lay, on a right or on all rights of a party, and what nobody learns."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from app.domain.hold import HoldKind
from app.services import holds
from app.services.holds import NewHold
from tests.factories.assets import make_asset, pass_title, tie_up
from tests.factories.clock import now
from tests.factories.finance import organisation_id, owned, party_id
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.routers.test_priority_reservations import applied, reserved, until
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase

PATH = "/v1/encumbrances"
SECRETS = ("500000", "示例合同-1", "流动资金借款")


async def found(api: Api, role: str, **asked: Any) -> list[dict[str, Any]]:
    response = await api.get(role, PATH, **asked)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def pledged(api: Api, asset: str, *, registered: bool = True) -> dict[str, Any]:
    made = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    if registered:
        one = {"asset_id": asset, "registration_no": f"Y-{asset}", "registered_on": str(now().today)}
        await api.made("bank_a", f"/v1/pledges/{made['id']}/registrations", {"registrations": [one]})
    return made


async def test_a_rival_learns_that_a_right_is_encumbered_and_nothing_more(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-11, SEC-12: kind, rank, day and the state of the registration; never who lends or how much."""
    asset = await owned(api, database)
    pledge = await pledged(api, asset)
    lender = (await api.get("agency", f"/v1/parties/{party_id(api, 'bank_a')}")).json()["name"]
    hidden = (lender, party_id(api, "bank_a"), organisation_id(api, "bank_a"), pledge["id"], pledge["number"])
    for role in ("bank_b", "agency"):
        response = await api.get(role, PATH, asset_id=asset)
        assert [word for word in (*hidden, *SECRETS) if word in response.text] == []
        [lien] = response.json()["items"]
        assert (lien["kind"], lien["rank"], lien["since"]) == ("lien", 1, str(now().today))
        assert (lien["until"], lien["ended_on"], lien["void"]) == (None, None, False)
        assert lien["registration"] == {
            "status": "registered",
            "registered_on": str(now().today),
            "expires_on": None,
            "pledge_id": None,
            "pledge_number": None,
            "pledgee": None,
        }
    for role in ("bank_a", "sme", "operator"):
        [lien] = await found(api, role, asset_id=asset)
        assert (lien["registration"]["pledge_number"], lien["registration"]["pledgee"]) == (
            pledge["number"],
            lender,
        )


async def test_a_setting_opens_the_lenders_name_and_nothing_else(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEC-12."""
    asset = await owned(api, database)
    pledge = await pledged(api, asset)
    lender = (await api.get("agency", f"/v1/parties/{party_id(api, 'bank_a')}")).json()["name"]
    open_ = api.app.state.settings.model_copy(update={"pledgee_names_open": True})
    monkeypatch.setattr(api.app.state, "settings", open_)
    response = await api.get("bank_b", PATH, asset_id=asset)
    assert response.json()["items"][0]["registration"]["pledgee"] == lender
    assert [word for word in (pledge["id"], pledge["number"], *SECRETS) if word in response.text] == []


async def test_what_was_discharged_is_found_by_its_days(api: Api, database: SavepointDatabase) -> None:
    """PLG-11: nothing is deleted; without asking for it one is told of what is in force alone."""
    asset = await owned(api, database)
    pledge = await pledged(api, asset)
    known_before = now().now
    day = str(now().today)
    body = {"reason": "debt_paid", "deregistered_on": day}
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/deregistrations", body)
    assert await found(api, "bank_b", asset_id=asset) == []
    [lien] = await found(api, "bank_b", asset_id=asset, include="discharged")
    assert (lien["ended_on"], lien["end_reason"], lien["void"]) == (day, "pledge.deregistered", False)
    assert lien["registration"]["status"] == "deregistered"
    before, after = str(now().today - timedelta(days=1)), str(now().today + timedelta(days=1))
    windows = {(day, day): 0, (before, day): 1, (after, after): 0, (before, before): 0}
    for (first, last), count in windows.items():
        asked = {"asset_id": asset, "include": "discharged", "from": first, "to": last}
        assert len(await found(api, "bank_b", **asked)) == count, (first, last)
    [then] = await found(api, "bank_b", asset_id=asset, known_at=known_before.isoformat())
    assert (then["kind"], then["ended_on"], then["registration"]) == ("lien", None, None)


async def test_a_revoked_registration_never_was(api: Api, database: SavepointDatabase) -> None:
    """PL-08: asked for any day it is not there; with what has ended it is told as void, as known before it is."""
    asset = await owned(api, database)
    source = uuid.uuid4()
    placed_on = now().today - timedelta(days=20)
    async with database.write() as unit:
        lien = NewHold(uuid.UUID(asset), HoldKind.lien, "pledge", source, uuid.uuid4(), placed_on)
        await holds.place(unit.session, moment=now(), holds=[lien])
    known_before = now().now
    async with database.write() as unit:
        await holds.end(
            unit.session, moment=now(), source_noun="pledge", source_ids=[source], reason="pledge.revoked"
        )
    day = str(now().today - timedelta(days=10))
    assert await found(api, "bank_b", asset_id=asset, at=day) == []
    [told] = await found(api, "bank_b", asset_id=asset, include="discharged")
    assert (told["void"], told["end_reason"]) == (True, "pledge.revoked")
    [then] = await found(api, "bank_b", asset_id=asset, at=day, known_at=known_before.isoformat())
    assert (then["void"], then["end_reason"]) == (False, None)
    certified = await api.made("bank_b", "/v1/certificates", {"asset_id": asset, "on": day})
    assert json.loads(certified["body"])["state"]["encumbrances"] == []


async def test_a_revoked_registration_is_found_by_the_day_it_was_laid(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-08, PLG-11: as void, in a window of or around the day of its filing; not in a later one."""
    asset = await owned(api, database)
    pledge = await pledged(api, asset)
    today = now().today
    await api.made(
        "bank_a", f"/v1/pledges/{pledge['id']}/revocations", {"reason": "示例", "revoked_on": str(today)}
    )
    for days, told in ((-1, [True]), (0, [True]), (1, [])):
        asked = {"asset_id": asset, "include": "discharged", "from": str(today + timedelta(days=days))}
        assert [one["void"] for one in await found(api, "bank_b", **asked)] == told, days


async def test_a_party_is_searched_by_id_and_code_for_the_time_it_owned_the_right(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-06, PLG-11: all its rights on a day, not those of others, nor what came after it sold one."""
    async with database.write() as unit:
        owner, other = await make_party(unit.session), await make_party(unit.session)
        mine = [await make_asset(unit.session, owners=[owner.id]) for _ in range(3)]
        foreign = await make_asset(unit.session, owners=[other.id])
        for asset in (*mine[:2], foreign):
            await tie_up(unit.session, asset.id, HoldKind.lien)
        sold = await make_asset(unit.session, owners=[owner.id])
        await pass_title(unit.session, sold.id, other.id, on=now().today - timedelta(days=3))
        await tie_up(unit.session, sold.id, HoldKind.lien)
    one = await found(api, "bank_b", party_id=str(owner.id))
    assert {row["asset_id"] for row in one} == {str(asset.id) for asset in mine[:2]}
    ever = await found(api, "bank_b", party_id=str(owner.id), include="discharged")
    assert {row["asset_id"] for row in ever} == {str(asset.id) for asset in mine[:2]}
    paged = await api.get("bank_b", PATH, party_id=str(other.id), limit=1, include_total=True)
    assert (len(paged.json()["items"]), paged.json()["total"]) == (1, 2)
    rest = await api.get("bank_b", PATH, party_id=str(other.id), cursor=paged.json()["next_cursor"])
    rows = paged.json()["items"] + rest.json()["items"]
    assert {row["asset_id"] for row in rows} == {str(sold.id), str(foreign.id)}
    number = one[0]["asset_number"]
    assert [row["asset_number"] for row in await found(api, "bank_b", number=number)] == [number]
    for asked in ({"uscc": "91120110MA00000000"}, {"party_id": str(uuid.uuid4())}):
        assert codes(await api.get("bank_b", PATH, **asked)) == ["party.not_found"]
    for asked in ({"number": "示例无此号"}, {"asset_id": str(uuid.uuid4())}):
        assert codes(await api.get("bank_b", PATH, **asked)) == ["asset.not_found"]


async def test_a_reservation_shows_until_when_and_not_for_whom(api: Api, database: SavepointDatabase) -> None:
    """UNI-26: every bank sees that the right is reserved, and until which day."""
    asset = await owned(api, database)
    made = await reserved(api, await applied(api, asset), days=10)
    response = await api.get("bank_b", PATH, asset_id=asset)
    [kept] = response.json()["items"]
    assert (kept["kind"], kept["since"], kept["until"]) == ("reservation", str(now().today), until(10))
    assert [
        word for word in (made["id"], made["number"], organisation_id(api, "bank_a")) if word in response.text
    ] == []


async def test_says_what_is_wrong_with_the_question(api: Api) -> None:
    asset = str(uuid.uuid4())
    assert codes(await api.get("bank_a", PATH)) == ["encumbrance.one_subject"]
    wrong: dict[str, Any] = {
        "asset_id": asset,
        "uscc": "x",
        "at": "2026-01-01",
        "from": "2026-02-01",
        "to": "2026-01-01",
        "known_at": "2999-01-01T00:00:00Z",
    }
    assert objections(await api.get("bank_a", PATH, **wrong)) == [
        ("encumbrance.one_subject", None),
        ("encumbrance.day_or_window", "query:at"),
        ("encumbrance.window_invalid", "query:to"),
        ("certificate.known_in_future", "query:known_at"),
    ]
    lone = {"asset_id": asset, "from": "2026-02-01"}
    assert objections(await api.get("bank_a", PATH, **lone)) == [
        ("encumbrance.day_or_window", "query:include")
    ]
