"""`/v1/reservations`: a bank keeps rights free for its pledge, until a day and no longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.clock import Moment
from app.services import reservations
from tests.factories.clock import now
from tests.factories.finance import application, organisation_id, owned, party_id
from tests.factories.pledges import filing
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase
from tests.support.samples import actor_of

PATH = "/v1/reservations"


async def applied(api: Api, *asset_ids: str, bank: str = "bank_a", **changes: Any) -> dict[str, Any]:
    """An application that its bank has in hand."""
    body = application(api, *asset_ids, bank_id=organisation_id(api, bank), **changes)
    made = await api.made("sme", "/v1/applications", body)
    return await api.made(bank, f"/v1/applications/{made['id']}/review", None)


def later(*, days: int) -> Moment:
    """Now, so many business days of the calendar on."""
    moment = now()
    return replace(moment, today=moment.today + timedelta(days=days))


def until(days: int) -> str:
    """The last day of a reservation of that many days."""
    return str(now().today + timedelta(days=days - 1))


async def reserved(api: Api, case: dict[str, Any], bank: str = "bank_a", days: int = 10) -> dict[str, Any]:
    body = {"application_id": case["id"], "expires_on": until(days)}
    return await api.made(bank, PATH, body)


async def blockers(api: Api, role: str, asset: str) -> list[dict[str, Any]]:
    response = await api.get(
        role, f"/v1/assets/{asset}/blockers", action="pledge", party_id=party_id(api, "sme")
    )
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["blockers"]
    return found


async def test_a_reserved_right_is_blocked_for_other_banks_until_the_day_is_over(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-26: a rival's pledge is refused until the timeout; then the right is free again, once."""
    asset = await owned(api, database)
    made = await reserved(api, await applied(api, asset))
    assert (made["status"], made["asset_ids"], made["number"][:2]) == ("live", [asset], "RV")
    rival = filing(party_id(api, "sme"), [asset])
    assert "hold.already_reserved" in codes(await api.post("bank_b", "/v1/pledges", rival))
    [told] = [one for one in await blockers(api, "bank_b", asset) if one["code"] == "hold.already_reserved"]
    assert told["remedies"][0]["from_day"] == str(now().today + timedelta(days=10))
    assert made["number"] not in str(told)
    assert [
        one for one in await blockers(api, "bank_a", asset) if one["code"] == "hold.already_reserved"
    ] == []

    other = await applied(api, asset, bank="bank_b")
    again = {"application_id": other["id"], "expires_on": until(5)}
    assert codes(await api.post("bank_b", PATH, again)) == ["hold.already_reserved"]

    async with database.write() as unit:
        system = actor_of(api.samples, "operator")
        last = await reservations.expire_due(unit.session, actor=system, moment=later(days=9))
        over = await reservations.expire_due(unit.session, actor=system, moment=later(days=10))
        twice = await reservations.expire_due(unit.session, actor=system, moment=later(days=11))
    assert (last, over, twice) == (0, 1, 0)
    shown = (await api.get("bank_a", f"{PATH}/{made['id']}")).json()
    assert (shown["status"], shown["pledge_id"]) == ("expired", None)
    assert (await api.made("bank_b", "/v1/pledges", rival))["status"] == "filed"


async def test_the_banks_own_filing_uses_the_reservation(api: Api, database: SavepointDatabase) -> None:
    """UNI-26: what was reserved is pledged to that bank, and the reservation is used up with it."""
    asset, beside = await owned(api, database), await owned(api, database)
    made = await reserved(api, await applied(api, asset, beside))
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    shown = (await api.get("bank_a", f"{PATH}/{made['id']}")).json()
    assert (shown["status"], shown["pledge_id"], shown["version"]) == ("used", pledge["id"], 2)
    for one, kinds in ((asset, ["lien"]), (beside, [])):
        holds = (await api.get("bank_a", f"/v1/assets/{one}")).json()["holds"]
        assert [hold["kind"] for hold in holds] == kinds
    released = await api.post("bank_a", f"{PATH}/{made['id']}/release", None)
    assert codes(released) == ["state.illegal_transition"]


async def test_a_right_is_reserved_once_for_an_application(api: Api, database: SavepointDatabase) -> None:
    """UNI-26: nobody prolongs a short time by taking it again; released, the right is free at once."""
    asset = await owned(api, database)
    case = await applied(api, asset)
    made = await reserved(api, case)
    assert codes(await api.post("bank_b", f"{PATH}/{made['id']}/release", None)) == ["reservation.not_found"]
    assert (await api.made("bank_a", f"{PATH}/{made['id']}/release", None))["status"] == "released"
    again = await api.post("bank_a", PATH, {"application_id": case["id"], "expires_on": until(1)})
    assert codes(again) == ["reservation.had_before"]
    assert (await reserved(api, await applied(api, asset, bank="bank_b"), "bank_b"))["status"] == "live"


async def test_an_application_that_comes_to_nothing_lets_go(api: Api, database: SavepointDatabase) -> None:
    asset = await owned(api, database)
    case = await applied(api, asset)
    made = await reserved(api, case)
    await api.made("sme", f"/v1/applications/{case['id']}/withdrawal", None)
    assert (await api.get("sme", f"{PATH}/{made['id']}")).json()["status"] == "released"
    assert (await api.get("sme", f"/v1/assets/{asset}")).json()["holds"] == []
    late = await api.post("bank_a", PATH, {"application_id": case["id"], "expires_on": until(1)})
    assert codes(late) == ["reservation.application_closed"]


async def test_says_everything_that_speaks_against_it(api: Api, database: SavepointDatabase) -> None:
    """UNI-26: for the bank of the application only, of what it offers of its own, for 30 days at most."""
    asset, foreign = await owned(api, database), await owned(api, database, "agency")
    unasked = await owned(api, database)
    case = await applied(api, asset, foreign)
    body = {"application_id": case["id"], "expires_on": until(10), "asset_ids": [unasked, foreign]}
    assert objections(await api.post("bank_a", PATH, body)) == [
        ("reservation.not_offered", "/asset_ids/0"),
        ("reservation.not_owned", "/asset_ids/1"),
    ]
    for days in (0, 31):
        wrong = {"application_id": case["id"], "expires_on": until(days), "asset_ids": [asset, asset]}
        assert codes(await api.post("bank_a", PATH, wrong)) == [
            "reservation.asset_twice",
            "reservation.expiry_invalid",
        ]
    body = {"application_id": case["id"], "expires_on": until(30), "asset_ids": [asset]}
    assert codes(await api.post("bank_b", PATH, body)) == ["application.not_found"]
    assert (await api.post("sme", PATH, body)).status_code == 403
    await api.made("bank_b", "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    assert codes(await api.post("bank_a", PATH, body)) == ["pledge.already_pledged"]


@pytest.mark.parametrize(
    ("role", "status"), [("bank_a", 200), ("sme", 200), ("operator", 200), ("bank_b", 404)]
)
async def test_is_seen_by_its_bank_the_applicant_and_the_offices(
    api: Api, database: SavepointDatabase, role: str, status: int
) -> None:
    """SEC-12: a rival sees on the right that it is reserved, not for whom."""
    asset = await owned(api, database)
    made = await reserved(api, await applied(api, asset))
    assert (await api.get(role, f"{PATH}/{made['id']}")).status_code == status
    listed = (await api.get(role, PATH)).json()["items"]
    assert [one["id"] for one in listed] == ([made["id"]] if status == 200 else [])
