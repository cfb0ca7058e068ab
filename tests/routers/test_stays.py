"""Stays over HTTP: what courts and the office stop, for how long, and what frees a right again."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from asyncpg.exceptions import ExclusionViolationError
from sqlalchemy import text

from app.domain.asset import AssetKind
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.term import add_months
from app.services import holds, jobs
from app.services.holds import NewHold
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase

TODAY = now().today
DAY = timedelta(days=1)


def order(begins_on: date = TODAY, ends_on: date | None = None, **changes: Any) -> dict[str, Any]:
    """A preservation by a court, six months long unless said."""
    return {
        "kind": "preservation",
        "authority": "示例市中级人民法院",
        "reference": "（2026）示例民初1号",
        "begins_on": str(begins_on),
        "ends_on": str(ends_on or add_months(begins_on, 6)),
    } | changes


async def owned(
    api: Api, database: SavepointDatabase, kind: AssetKind = AssetKind.patent
) -> tuple[uuid.UUID, str]:
    """A right of the sample enterprise, and where its stays are."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner], kind=kind)
    return asset.id, f"/v1/assets/{asset.id}/stays"


async def kinds(api: Api, asset_id: uuid.UUID) -> tuple[list[str], bool]:
    """What holds the right, and whether it is suspended."""
    shown = (await api.get("bank_a", f"/v1/assets/{asset_id}")).json()
    return [hold["kind"] for hold in shown["holds"]], shown["suspended"]


async def expire(api: Api, database: SavepointDatabase, day: date) -> Any:
    moved = await api.put("sme", "/v1/sandbox/clock", {"business_date": str(day)})
    assert moved.status_code == 200, moved.text
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        run = await jobs.run(unit.session, moment=unit.moment, job="expire_stays", day=day)
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
    return run.result


@pytest.mark.parametrize("kind", ["preservation", "suspension"])
async def test_a_stay_holds_a_right_until_it_is_over(
    api: Api, database: SavepointDatabase, kind: str
) -> None:
    """LS-09, LS-10: no pledge meanwhile; after its last day the right is free, once, and the owner told."""
    asset_id, path = await owned(api, database)
    ends_on = TODAY + timedelta(days=20)
    made = await api.made("ip_office", path, order(ends_on=ends_on, kind=kind))
    assert (made["status"], made["runs"]) == ("in_force", True)
    assert await kinds(api, asset_id) == ([kind], kind == "suspension")
    owner = api.samples["sme"].organisation.party_id
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [asset_id]))
    assert codes(refused) == ["pledge.suspended_or_preserved"]
    assert await expire(api, database, ends_on) == {"expired": 0}
    assert await expire(api, database, ends_on + DAY) == {"expired": 1}
    (shown,) = (await api.get("bank_b", path)).json()["items"]
    assert (shown["status"], shown["runs"], await kinds(api, asset_id)) == ("expired", False, ([], False))
    told = (await api.get("sme", "/v1/notices")).json()["items"]
    assert [(one["kind"], one["facts"]["status"]) for one in told if one["noun"] == "stay"] == [
        ("right_stayed", "in_force"),
        ("stay_ended", "expired"),
    ]


async def test_a_lifted_stay_frees_the_right_at_once(api: Api, database: SavepointDatabase) -> None:
    """LS-09: and is lifted once."""
    asset_id, path = await owned(api, database)
    made = await api.made("operator", path, order())
    body = {"lifted_on": str(TODAY), "reason": "解除保全裁定"}
    lifted = await api.made("operator", f"{path}/{made['id']}/lifting", body)
    assert (lifted["status"], lifted["lifted_on"]) == ("lifted", str(TODAY))
    assert await kinds(api, asset_id) == ([], False)
    again = await api.post("operator", f"{path}/{made['id']}/lifting", body)
    assert (again.status_code, codes(again)) == (409, ["state.illegal_transition"])
    await api.made("operator", path, order())


@pytest.mark.parametrize(
    ("asset_kind", "kind", "months"),
    [
        (AssetKind.patent, "preservation", 6),
        (AssetKind.trademark, "preservation", 12),
        (AssetKind.patent, "suspension", 12),
    ],
)
async def test_one_order_lasts_no_longer_than_the_law_lets_it(
    api: Api, database: SavepointDatabase, asset_kind: AssetKind, kind: str, months: int
) -> None:
    """LS-09, LS-10: half a year on a patent, a year on a mark, a year for an ownership dispute."""
    _, path = await owned(api, database, asset_kind)
    latest = add_months(TODAY, months)
    refused = await api.post("ip_office", path, order(ends_on=latest + DAY, kind=kind))
    assert codes(refused) == ["stay.too_long"]
    assert refused.json()["violations"][0]["facts"]["latest"] == str(latest)
    await api.made("ip_office", path, order(ends_on=latest, kind=kind))


async def test_a_right_is_preserved_once_at_a_time_and_renewed_before_the_end(
    api: Api, database: SavepointDatabase
) -> None:
    """LS-09: a second preservation waits; a renewal goes on from the day after."""
    _, path = await owned(api, database)
    first = await api.made("ip_office", path, order())
    ends_on = date.fromisoformat(first["ends_on"])
    second = await api.post("ip_office", path, order(begins_on=ends_on))
    assert objections(second) == [("hold.already_preserved", "/begins_on")]
    gap = await api.post(
        "ip_office", path, order(ends_on + 2 * DAY, ends_on + 9 * DAY, renews_id=first["id"])
    )
    assert codes(gap) == ["stay.renewal_unfit"]
    last = add_months(ends_on, 6)
    renewed = await api.made("ip_office", path, order(ends_on + DAY, last, renews_id=first["id"]))
    assert (renewed["renews_id"], renewed["runs"]) == (first["id"], False)
    await expire(api, database, ends_on + DAY)
    states = {one["id"]: (one["status"], one["runs"]) for one in (await api.get("sme", path)).json()["items"]}
    assert states == {first["id"]: ("expired", False), renewed["id"]: ("in_force", True)}
    late = await api.post("ip_office", path, order(last + DAY, add_months(last, 6), renews_id=first["id"]))
    assert "stay.renewal_unfit" in codes(late)


async def test_a_pledged_right_may_be_preserved_and_the_bank_is_told(
    api: Api, database: SavepointDatabase
) -> None:
    """LS-09, PL-12: the pledge stays as it is."""
    asset_id, path = await owned(api, database)
    owner = api.samples["sme"].organisation.party_id
    await api.made("bank_a", "/v1/pledges", filing(owner, [asset_id]))
    await api.made("ip_office", path, order())
    assert (await kinds(api, asset_id))[0] == ["lien", "preservation"]
    told = (await api.get("bank_a", "/v1/notices")).json()["items"]
    assert [one["kind"] for one in told if one["noun"] == "stay"] == ["right_stayed"]


async def test_the_table_itself_refuses_a_second_preservation(database: SavepointDatabase, api: Api) -> None:
    """LS-09: two orders that race meet at the constraint."""
    asset_id, _ = await owned(api, database)
    async with database.write() as unit:
        for first, last, fits in ((0, 10, True), (11, 20, True), (10, 10, False)):
            days = (TODAY + first * DAY, TODAY + last * DAY)
            hold = NewHold(asset_id, HoldKind.preservation, "stay", new_id(), new_id(), TODAY, period=days)
            if fits:
                await holds.place(unit.session, moment=unit.moment, holds=[hold])
            else:
                with pytest.raises(ExclusionViolationError, match="ex_holds_preservation"):
                    await holds.place(unit.session, moment=unit.moment, holds=[hold])
                await unit.session.rollback()


async def test_only_who_tells_statuses_tells_stays(api: Api, database: SavepointDatabase) -> None:
    """RB-02: neither owners nor banks; a day that is over is told at its place, all faults at once."""
    _, path = await owned(api, database)
    for role in ("sme", "bank_a"):
        assert (await api.post(role, path, order())).status_code == 403
    body = order(TODAY - 400 * DAY, TODAY - DAY)
    refused = await api.post("ip_office", path, body)
    assert objections(refused) == [("stay.already_over", "/ends_on"), ("stay.too_long", "/ends_on")]
    missing = await api.post("ip_office", f"/v1/assets/{new_id()}/stays", order())
    assert (missing.status_code, missing.json()["code"]) == (404, "asset.not_found")
