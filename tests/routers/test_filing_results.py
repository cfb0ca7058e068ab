"""The office's results where several things are before it at once: filings, amendments, rights of two kinds."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.domain.asset import AssetKind
from app.models.hold import Hold
from app.queries.integrity.filings import CHECKS
from tests.factories.amendments import (
    amendment,
    make_pledge,
    make_rights,
    registered,
    statuses,
    substitute,
)
from tests.factories.clock import now
from tests.factories.finance import party_id, yuan
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase

PATENT, MARK = AssetKind.patent, AssetKind.trademark
TODAY = str(now().today)
YESTERDAY = str(now().today - timedelta(days=1))


def handed_in(kind: str, number: str, **more: Any) -> dict[str, Any]:
    return {
        "asset_kind": kind,
        "application_no": number,
        "channel": "online",
        "submitted_on": TODAY,
    } | more


def registration(asset_id: str, **more: Any) -> dict[str, Any]:
    """The registration of a patent."""
    one = {"asset_id": asset_id, "registration_no": f"示例-{asset_id}", "registered_on": TODAY}
    return {"registrations": [one | more]}


def result(on: str, **more: Any) -> dict[str, Any]:
    return {"reason": "示例", on: TODAY} | more


async def shown(api: Api, pledge: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()
    return found


async def swap(api: Api, pledge: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The substitution of one right by another, filed."""
    body = amendment("substitution", items=substitute(api, new), asset_ids=[old])
    made: dict[str, Any] = await api.made("bank_a", f"/v1/pledges/{pledge['id']}/amendments", body)
    return made


async def sound(database: SavepointDatabase) -> bool:
    """Whether filings and pledges agree with their rights."""
    async with database.read() as unit:
        connection = await unit.session.connection()
        return not [row for check in CHECKS for row in (await connection.exec_driver_sql(check.broken)).all()]


async def test_a_decided_filing_is_not_withdrawn_and_takes_nothing_with_it(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-06, SC-01: the rights of the other kind stay with the office."""
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [patent, mark]))
    path = f"/v1/pledges/{pledge['id']}"
    made = await api.made("bank_a", f"{path}/filings", handed_in("patent", "示例-1"))
    await api.made("bank_a", f"{path}/registrations", registration(patent))
    back = await api.post("bank_a", f"/v1/filings/{made['id']}/withdrawal", result("withdrawn_on"))
    assert codes(back) == ["state.illegal_transition"]
    assert statuses(await shown(api, pledge)) == {patent: "registered", mark: "filed"}


async def test_a_right_that_an_amendment_is_to_add_is_its_own_matter(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09: neither filed for nor decided with the pledge; a filing names the open amendment it asks for."""
    old, new = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [old])
    swapped = await swap(api, pledge, old, new)
    path = f"/v1/pledges/{pledge['id']}"
    of_pledge = await api.post("bank_a", f"{path}/filings", handed_in("patent", "示例-1"))
    assert codes(of_pledge) == ["filing.nothing_to_file"]
    other = handed_in("patent", "示例-2", action="extension", amendment_id=swapped["id"])
    assert codes(await api.post("bank_a", f"{path}/filings", other)) == ["filing.amendment_unfit"]
    right = handed_in("patent", "示例-3", action="change", amendment_id=swapped["id"])
    made = await api.made("bank_a", f"{path}/filings", right)
    for what, body in {
        "registrations": registration(new),
        "refusals": result("refused_on", asset_ids=[new]),
        "withdrawals": result("withdrawn_on", asset_ids=[new]),
        "revocations": result("revoked_on", asset_ids=[new]),
    }.items():
        assert codes(await api.post("bank_a", f"{path}/{what}", body)) == ["amendment.right_of_amendment"]
    done = registered(new, registration_no="示例-9")
    await api.made("bank_a", f"/v1/amendments/{swapped['id']}/registrations", done)
    assert (await api.get("bank_a", f"/v1/filings/{made['id']}")).json()["status"] == "registered"
    late = handed_in("patent", "示例-4", action="change", amendment_id=swapped["id"])
    assert codes(await api.post("bank_a", f"{path}/filings", late)) == ["filing.amendment_unfit"]
    assert await sound(database)


async def test_a_pledge_ends_with_its_last_registration_though_another_right_was_to_come_in(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-08, PLG-09: what is void is not amended; the right that was to come in is free, cancellations are moot."""
    old, new = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [old])
    swapped = await swap(api, pledge, old, new)
    path = f"/v1/pledges/{pledge['id']}"
    moot = await api.made("bank_a", f"{path}/filings", handed_in("patent", "示例-1", action="cancellation"))
    revoked = await api.made("bank_a", f"{path}/revocations", result("revoked_on"))
    assert (revoked["status"], revoked["ended_on"]) == ("revoked", TODAY)
    assert statuses(revoked) == {old: "revoked", new: "withdrawn"}
    assert (await api.get("bank_a", f"/v1/filings/{moot['id']}")).json()["status"] == "withdrawn"
    async with database.read() as unit:
        ends = await unit.session.execute(
            select(Hold.asset_id, Hold.end_reason).where(Hold.source_id == uuid.UUID(pledge["id"]))
        )
        assert {str(asset): why for asset, why in ends} == {old: "pledge.revoked", new: "pledge.withdrawn"}
    at = f"/v1/amendments/{swapped['id']}"
    done = await api.post("bank_a", f"{at}/registrations", registered(new, registration_no="示例-9"))
    assert "amendment.pledge_not_registered" in codes(done)
    refused = await api.made("bank_a", f"{at}/refusal", result("refused_on"))
    assert refused["status"] == "refused"
    assert statuses(await shown(api, pledge)) == {old: "revoked", new: "withdrawn"}
    assert await sound(database)
    await api.made("bank_b", "/v1/pledges", filing(party_id(api, "sme"), [old, new]))


async def test_a_lost_registration_is_told_of_once(api: Api, database: SavepointDatabase) -> None:
    """PLG-10, PL-08: bank and manager learn what it means to them, the pledgor what the office did."""
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [patent, mark], pool_id=pool["id"])
    await api.made(
        "operator", f"/v1/pledges/{pledge['id']}/revocations", result("revoked_on", asset_ids=[mark])
    )
    for role, kind in {
        "bank_a": "pledge_unsecured",
        "pool_manager": "pledge_unsecured",
        "sme": "pledge_decided",
    }.items():
        found = (await api.get(role, "/v1/notices")).json()["items"]
        assert [one["kind"] for one in found if one["facts"].get("outcome") == "revoked"] == [kind]


async def test_money_lent_on_what_was_revoked_keeps_its_cover_until_the_manager_decides(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-08: the refusal of the last right that money did not wait for does not give the cover back."""
    required, other = await make_rights(api, database, PATENT, PATENT)
    pool = await make_pool(api)
    body = filing(party_id(api, "sme"), [required, other], pool_id=pool["id"])
    body["items"][1]["required"] = False
    pledge = await api.made("bank_a", "/v1/pledges", body)
    path = f"/v1/pledges/{pledge['id']}"
    await api.made("bank_a", f"{path}/registrations", registration(required))
    drawn = {"amount": yuan("300000.00"), "drawn_on": TODAY, "reference": "示例-1"}
    await api.made("bank_a", f"{path}/loan/drawdowns", drawn)
    await api.made("operator", f"{path}/revocations", result("revoked_on"))
    ended = await api.made("operator", f"{path}/refusals", result("refused_on"))
    assert (ended["status"], ended["covered"]) == ("refused", yuan("500000.00"))


async def test_a_patents_registration_ends_on_no_day(api: Api, database: SavepointDatabase) -> None:
    """PL-19: only marks have a period; a patent given one would lapse by itself."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [patent]))
    body = registration(patent, expires_on="2027-06-30")
    refused = await api.post("bank_a", f"/v1/pledges/{pledge['id']}/registrations", body)
    assert codes(refused) == ["pledge.expiry_of_patent"]


async def test_each_step_of_a_filing_follows_the_one_before(api: Api, database: SavepointDatabase) -> None:
    """PL-05: corrections are handed in once asked for, asked for again once handed in; withdrawn after all."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [patent]))
    made = await api.made(
        "bank_a",
        f"/v1/pledges/{pledge['id']}/filings",
        handed_in("patent", "示例-1", submitted_on=YESTERDAY),
    )
    at = f"/v1/filings/{made['id']}"
    asked = {"reason": "示例", "requested_on": TODAY, "respond_by": TODAY}
    assert (await api.made("bank_a", f"{at}/corrections", asked))["requested_on"] == TODAY
    early = await api.post("bank_a", f"{at}/resubmissions", {"resubmitted_on": YESTERDAY})
    assert codes(early) == ["request.date_too_early"]
    await api.made("bank_a", f"{at}/resubmissions", {"resubmitted_on": TODAY})
    again = asked | {"requested_on": YESTERDAY}
    assert codes(await api.post("bank_a", f"{at}/corrections", again)) == ["request.date_too_early"]
    twice = await api.post("bank_a", f"{at}/resubmissions", {"resubmitted_on": TODAY})
    assert codes(twice) == ["state.illegal_transition"]
    before = await api.post(
        "bank_a", f"{at}/withdrawal", {"reason": "示例", "withdrawn_on": str(now().today - timedelta(days=2))}
    )
    assert codes(before) == ["request.date_too_early"]
    back = await api.made("bank_a", f"{at}/withdrawal", result("withdrawn_on"))
    assert (back["status"], back["decided_on"]) == ("withdrawn", TODAY)
