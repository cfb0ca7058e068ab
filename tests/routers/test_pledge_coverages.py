"""`/v1/pledges/{id}/coverage` and what is told of it: shortfalls, expiries, rights that end."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.asset import AssetKind
from app.domain.notice import NoticeKind
from app.models.asset import Asset
from app.models.event import Event
from app.models.notice import Notice
from tests.factories.amendments import EXPIRES_ON, make_pledge, make_rights, run, statuses, value
from tests.factories.clock import now
from tests.factories.finance import party_id, yuan
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told

PATENT, MARK = AssetKind.patent, AssetKind.trademark
DAY = timedelta(days=1)


async def coverage(api: Api, pledge: dict[str, Any], role: str = "bank_a") -> dict[str, Any]:
    """The pledge's coverage as `role` sees it."""
    found: dict[str, Any] = (await api.get(role, f"/v1/pledges/{pledge['id']}/coverage")).json()
    return found


async def crossings(database: SavepointDatabase, pledge: dict[str, Any]) -> list[str]:
    """What was told of the pledge's coverage, in order."""
    async with database.read() as unit:
        statement = select(Event.type).where(
            Event.subject_id == uuid.UUID(pledge["id"]),
            Event.type.in_(("pledge.shortfall", "pledge.covered_again")),
        )
        return list(await unit.session.scalars(statement.order_by(Event.id)))


async def notices(database: SavepointDatabase, subject_id: str) -> list[tuple[uuid.UUID, str]]:
    """Who was told what of a subject."""
    async with database.read() as unit:
        statement = select(Notice.organisation_id, Notice.kind).where(
            Notice.subject_id == uuid.UUID(subject_id)
        )
        rows = await unit.session.execute(statement)
        return sorted((row.organisation_id, row.kind) for row in rows)


async def test_a_valuation_cut_is_a_shortfall_once(api: Api, database: SavepointDatabase) -> None:
    """PLG-08: told once when it crosses the cap, however often it is looked at, and once when it is back."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    assert (await coverage(api, pledge))["shortfall"] is None
    await value(api, patent, "1250000.00")
    seen = await coverage(api, pledge)
    assert (seen["ltv_bp"], seen["cap_bp"], seen["shortfall"]["amount"]) == (4_000, 4_000, "0.00")
    assert await crossings(database, pledge) == []
    await value(api, patent, "1249999.00")
    await value(api, patent, "1000000.00")
    assert (await run(database, "review_coverages", now().today))["changed"] == 0
    seen = await coverage(api, pledge)
    assert (seen["shortfall"]["amount"], seen["ltv_bp"]) == ("100000.00", 5_000)
    assert seen["short_since"] == str(now().today)
    assert await crossings(database, pledge) == ["pledge.shortfall"]
    bank = api.samples["bank_a"].organisation.id
    told_of = [one for one in await notices(database, pledge["id"]) if one[1].startswith("pledge_short")]
    assert told_of == [(bank, NoticeKind.pledge_short)]
    await value(api, patent, "2000000.00")
    assert await crossings(database, pledge) == ["pledge.shortfall", "pledge.covered_again"]
    assert (await coverage(api, pledge))["short_since"] is None


async def test_another_banks_opinion_counts_for_nothing(api: Api, database: SavepointDatabase) -> None:
    """PLG-08, RB-01: only valuations that the pledgee may rest on; the earlier base date gives way."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    await value(api, patent, "1000.00", bank="bank_b")
    assert (await coverage(api, pledge))["shortfall"] is None
    await value(api, patent, "9000000.00")
    await value(api, patent, "1000.00", on=now().today - 400 * DAY)
    [right] = (await coverage(api, pledge))["rights"]
    assert (right["value"]["amount"], right["aged"]) == ("9000000.00", False)


async def test_caps_are_of_each_kind_and_ages_are_told(api: Api, database: SavepointDatabase) -> None:
    """PL-27: a utility model bears less than an invention; the caps weigh with the values."""
    invention, model, mark = await make_rights(api, database, PATENT, PATENT, MARK)
    async with database.write() as unit:
        (await unit.session.get_one(Asset, uuid.UUID(model))).patent_type = "utility_model"
    pledge = await make_pledge(api, [invention, model, mark])
    await value(api, invention, "1000000.00")
    await value(api, model, "1000000.00", on=now().today - 400 * DAY)
    seen = await coverage(api, pledge)
    assert (seen["value"]["amount"], seen["lendable"]["amount"]) == ("2000000.00", "700000.00")
    assert (seen["cap_bp"], seen["ltv_bp"], seen["unvalued"]) == (3_500, 2_500, [mark])
    assert [(one["cap_bp"], one["aged"]) for one in seen["rights"]] == [
        (4_000, False),
        (3_000, True),
        (4_000, False),
    ]


async def test_the_balance_and_the_end_of_a_right_move_the_coverage(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-08: what was repaid needs no cover; a right that has ended bears nothing from the next day's look."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    await value(api, patent, "500000.00")
    assert await crossings(database, pledge) == ["pledge.shortfall"]
    body = {"loan_class": "normal", "outstanding": yuan("200000.00"), "overdue_days": 0}
    await api.made(
        "bank_a", f"/v1/pledges/{pledge['id']}/classifications", body | {"occurred_on": str(now().today)}
    )
    assert await crossings(database, pledge) == ["pledge.shortfall", "pledge.covered_again"]
    async with database.write() as unit:
        (await unit.session.get_one(Asset, uuid.UUID(patent))).status = "terminated_fee"
    assert (await run(database, "review_coverages", now().today + DAY))["changed"] == 1
    seen = await coverage(api, pledge)
    assert (seen["value"]["amount"], seen["ltv_bp"], seen["shortfall"]["amount"]) == (
        "0.00",
        None,
        "200000.00",
    )
    assert (await run(database, "review_coverages", now().today + 2 * DAY))["changed"] == 0


async def test_what_rights_are_worth_to_a_bank_is_not_for_its_borrower(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-01: the borrower sees the pledge and not its coverage; another bank sees nothing."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    path = f"/v1/pledges/{pledge['id']}/coverage"
    assert told(await api.get("sme", path)) == (403, "pledge.coverage_confidential")
    assert told(await api.get("bank_b", path)) == (404, "pledge.not_found")
    assert (await api.get("operator", path)).status_code == 200


async def test_a_marks_registration_is_told_of_before_it_ends_and_lapses_by_itself(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-19: both sides 90, 30 and 7 days before; the day after its last day the mark is free."""
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await make_pledge(api, [patent, mark])
    last_day = date.fromisoformat(EXPIRES_ON)
    counted = [
        (await run(database, "watch_pledges", last_day - before * DAY))
        for before in (91, 90, 89, 30, 7, 1, 0)
    ]
    assert [(one["told"], one["lapsed"]) for one in counted] == [
        (0, 0), (1, 0), (0, 0), (1, 0), (1, 0), (0, 0), (0, 0)
    ]  # fmt: skip
    sides = {api.samples[role].organisation.id for role in ("bank_a", "sme")}
    warned = [one for one in await notices(database, pledge["id"]) if one[1] == NoticeKind.pledge_expiring]
    assert warned == sorted((side, NoticeKind.pledge_expiring) for side in sides for _ in range(3))
    assert (await run(database, "watch_pledges", last_day + DAY))["lapsed"] == 1
    after = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()
    assert (after["status"], statuses(after)) == ("registered", {patent: "registered", mark: "lapsed"})
    assert (await run(database, "watch_pledges", last_day + 2 * DAY))["lapsed"] == 0
    await api.made("bank_b", "/v1/pledges", filing(party_id(api, "sme"), [mark]))


@pytest.mark.parametrize("kind", [NoticeKind.pledged_right_ended, NoticeKind.invalidation_requested])
async def test_the_pledgee_is_told_of_what_threatens_a_right(
    api: Api, database: SavepointDatabase, kind: NoticeKind
) -> None:
    """PL-12: of its end and of a request for its invalidation, each once and in the same commit."""
    [patent] = await make_rights(api, database, PATENT)
    await make_pledge(api, [patent])
    path, any_version = f"/v1/assets/{patent}", {"If-Match": '"1"'}
    if kind is NoticeKind.invalidation_requested:
        headers = api.headers("operator") | any_version
        answer = await api.http.put(f"{path}/flags", json={"invalidation_pending": True}, headers=headers)
    else:
        today = str(now().today)
        body = {"status": "invalid_full", "effective_on": today, "source": "审查决定", "as_of": today}
        answer = await api.post("operator", f"{path}/statuses", body, headers=any_version)
    assert answer.is_success, answer.text
    assert await notices(database, patent) == [(api.samples["bank_a"].organisation.id, kind)]
