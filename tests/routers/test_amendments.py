"""`/v1/amendments` over HTTP: what an amendment is judged on, and what the office's word makes of it."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.domain.asset import AssetKind
from app.domain.notice import NoticeKind
from app.models.asset import Asset
from app.models.fact import Fact
from app.models.hold import Hold
from app.models.notice import Notice
from app.models.pledge import Decision
from tests.factories.amendments import (
    amendment,
    make_pledge,
    make_rights,
    register,
    registered,
    run,
    statuses,
    substitute,
    value,
)
from tests.factories.clock import now
from tests.factories.finance import party_id, yuan
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.edges import told

PATENT, MARK = AssetKind.patent, AssetKind.trademark
PRINCIPAL = "500000.00"
LATER = "2029-06-30"


async def liens(database: SavepointDatabase, pledge: dict[str, Any]) -> set[str]:
    """The rights that the pledge holds now."""
    async with database.read() as unit:
        held = select(Hold.asset_id).where(
            Hold.source_id == uuid.UUID(pledge["id"]), Hold.kind == "lien", Hold.ended_at.is_(None)
        )
        return {str(asset_id) for asset_id in await unit.session.scalars(held)}


async def sums(database: SavepointDatabase, pledge: dict[str, Any]) -> dict[str, int]:
    """What the pledge counts for, by measure."""
    async with database.read() as unit:
        counted = (
            select(Fact.measure, func.sum(Fact.value))
            .where(Fact.source_id == uuid.UUID(pledge["id"]))
            .group_by(Fact.measure)
        )
        return {measure: int(total) for measure, total in await unit.session.execute(counted)}


async def shown(api: Api, pledge: dict[str, Any]) -> dict[str, Any]:
    """The pledge as it is now."""
    found: dict[str, Any] = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()
    return found


def path(pledge: dict[str, Any]) -> str:
    return f"/v1/pledges/{pledge['id']}/amendments"


async def test_an_extension_takes_effect_with_the_last_registration_and_counts_by_itself(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-12, PL-19: the loan's end moves once the mark is extended; I02 is unchanged, the other measure +1."""
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await make_pledge(api, [patent, mark])
    before = await sums(database, pledge)
    filed = await api.made("bank_a", path(pledge), amendment("extension", debt_to=LATER))
    assert (filed["status"], filed["late"]) == ("filed", False)
    at = f"/v1/amendments/{filed['id']}/registrations"
    first = await api.made("bank_a", at, registered(patent))
    assert (first["status"], (await shown(api, pledge))["debt_to"]) == ("filed", pledge["debt_to"])
    short = await api.post("bank_a", at, registered(mark, expires_on="2029-06-29"))
    assert told(short) == (409, "amendment.expiry_too_early")
    missing = await api.post("bank_a", at, registered(mark))
    assert told(missing) == (409, "amendment.expiry_too_early")
    whole = await api.made("bank_a", at, registered(mark, expires_on=LATER))
    assert (whole["status"], whole["decided_on"]) == ("registered", str(now().today))
    after = await shown(api, pledge)
    assert (after["debt_to"], {one["expires_on"] for one in after["items"]}) == (LATER, {None, LATER})
    counted = await sums(database, pledge)
    assert counted.pop("pledge_extension_count") == 1
    assert counted == before
    again = await api.post("bank_a", at, registered(mark, expires_on=LATER))
    assert told(again) == (409, "state.illegal_transition")


async def test_a_mark_whose_registration_is_over_is_not_extended(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-19: extended before the period ends, or not at all."""
    [mark] = await make_rights(api, database, MARK)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [mark]))
    yesterday = now().today - timedelta(days=1)
    async with database.write() as unit:
        await unit.session.execute(
            text("UPDATE pledges SET filed_on = :day WHERE id = :id"),
            {"day": yesterday - timedelta(days=9), "id": pledge["id"]},
        )
    days = {"registered_on": str(yesterday - timedelta(days=5)), "expires_on": str(yesterday)}
    await register(api, pledge, **days)
    filed = await api.made("bank_a", path(pledge), amendment("extension", debt_to=LATER))
    refused = await api.post(
        "bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(mark, expires_on=LATER)
    )
    assert told(refused) == (409, "amendment.extended_too_late")


@pytest.mark.parametrize(("debt_to", "code"), [("2039-02-28", None), ("2039-03-01", "pledge.term_exceeds")])
async def test_an_extension_stays_within_each_patents_life(
    api: Api, database: SavepointDatabase, debt_to: str, code: str | None
) -> None:
    """PL-07: the new end is compared with each patent's last day in force, by the day."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    async with database.write() as unit:
        right = await unit.session.get_one(Asset, uuid.UUID(patent))
        right.last_day_in_force = date(2039, 2, 28)
    answer = await api.post("bank_a", path(pledge), amendment("extension", debt_to=debt_to))
    assert (codes(answer) if code else answer.status_code) == ([code] if code else 201)


async def test_an_earlier_end_is_no_extension(api: Api, database: SavepointDatabase) -> None:
    """PL-19: to the day."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    refused = await api.post("bank_a", path(pledge), amendment("extension", debt_to=pledge["debt_to"]))
    assert told(refused) == (422, "amendment.not_later")


async def test_a_release_that_leaves_the_loan_above_its_cap_is_refused(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09: by one fen; with the other right worth enough it is free in the commit that registers it."""
    one, other = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [one, other])
    await value(api, one, "1000000.00")
    await value(api, other, "1249999.99")
    body = amendment("release", asset_ids=[one])
    refused = await api.post("bank_a", path(pledge), body)
    assert told(refused) == (409, "amendment.coverage_short")
    assert refused.json()["violations"][0]["facts"] == {"owed": "500000.00", "lendable": "499999.99"}
    await value(api, other, "1250000.00")
    filed = await api.made("bank_a", path(pledge), body)
    assert await liens(database, pledge) == {one, other}
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(one))
    assert await liens(database, pledge) == {other}
    after = await shown(api, pledge)
    assert (after["status"], statuses(after)) == ("registered", {one: "deregistered", other: "registered"})
    await api.made("bank_b", "/v1/pledges", filing(party_id(api, "sme"), [one]))


async def test_the_last_right_is_not_released_but_deregistered(api: Api, database: SavepointDatabase) -> None:
    """PLG-09: nor a right that the pledge does not hold, nor the same one twice."""
    [right, stranger] = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [right])
    refused = await api.post("bank_a", path(pledge), amendment("release", asset_ids=[right]))
    assert told(refused) == (409, "amendment.releases_all")
    refused = await api.post("bank_a", path(pledge), amendment("release", asset_ids=[stranger]))
    assert told(refused) == (409, "amendment.right_not_pledged")
    refused = await api.post("bank_a", path(pledge), amendment("release", asset_ids=[right, right]))
    assert told(refused) == (422, "pledge.asset_twice")


async def test_a_substitution_pledges_the_new_right_at_once_and_frees_the_old_one_with_its_registration(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09, PL-28: both are held meanwhile; a mark that comes in makes the financing mixed, once."""
    old, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await make_pledge(api, [old])
    body = amendment("substitution", items=substitute(api, mark), asset_ids=[old])
    filed = await api.made("bank_a", path(pledge), body)
    assert {item["asset_id"]: item["action"] for item in filed["items"]} == {old: "release", mark: "add"}
    assert await liens(database, pledge) == {old, mark}
    taken = await api.post("bank_b", "/v1/pledges", filing(party_id(api, "sme"), [mark]))
    assert told(taken) == (409, "pledge.already_pledged")
    at = f"/v1/amendments/{filed['id']}/registrations"
    refused = await api.post("bank_a", at, registered(mark))
    assert codes(refused) == ["amendment.registration_no_missing", "pledge.expiry_missing"]
    await api.made("bank_a", at, registered(mark, registration_no="S-9", expires_on=LATER))
    assert await liens(database, pledge) == {mark}
    after = await shown(api, pledge)
    assert statuses(after) == {old: "deregistered", mark: "registered"}
    assert after["mixed_on"] == str(now().today)
    counted = await sums(database, pledge)
    assert (counted["pledge_financing_count"], counted["pledge_registration_count"]) == (1, 2)
    assert (counted["pledge_mixed_count"], counted["pledge_financing_amount"]) == (1, 50_000_000)


async def test_a_substitute_is_judged_as_in_a_filing_and_the_decision_is_kept(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-01, PLG-09: every objection at once, by place; what passed is a decision of its own kind."""
    old, new = await make_rights(api, database, PATENT, PATENT)
    [stale] = await make_rights(api, database, PATENT, owner="sme_b", invalidation_pending=True)
    pledge = await make_pledge(api, [old])
    body = amendment("substitution", items=substitute(api, new, stale), asset_ids=[old])
    refused = await api.post("bank_a", path(pledge), body)
    assert {(fault["code"], fault["pointer"]) for fault in refused.json()["violations"]} == {
        ("pledge.not_owner", "/items/1/asset_id"),
        ("pledge.invalidation_started", "/items/1/asset_id"),
    }
    unknown = substitute(api, str(uuid.uuid4()))
    refused = await api.post(
        "bank_a", path(pledge), amendment("substitution", items=unknown, asset_ids=[old])
    )
    assert told(refused) == (404, "asset.not_found")
    known = await api.post(
        "bank_a", path(pledge), amendment("substitution", items=substitute(api, old), asset_ids=[old])
    )
    assert "amendment.right_known" in codes(known)
    await api.made(
        "bank_a", path(pledge), amendment("substitution", items=substitute(api, new), asset_ids=[old])
    )
    async with database.read() as unit:
        statement = select(Decision).where(Decision.pledge_id == uuid.UUID(pledge["id"]))
        kinds = {decision.kind: decision.outcome for decision in await unit.session.scalars(statement)}
    assert kinds == {"filing": "passed", "substitution": "passed"}


async def test_a_substitution_waits_while_the_loan_would_not_be_covered(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09: worth enough when filed, not when registered: nothing is recorded until it is again."""
    old, new = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [old])
    await value(api, old, "2000000.00")
    body = amendment("substitution", items=substitute(api, new), asset_ids=[old])
    assert told(await api.post("bank_a", path(pledge), body)) == (409, "amendment.coverage_short")
    await value(api, new, "1250000.00")
    filed = await api.made("bank_a", path(pledge), body)
    await value(api, new, "1000000.00")
    at = f"/v1/amendments/{filed['id']}/registrations"
    refused = await api.post("bank_a", at, registered(new, registration_no="Y-9"))
    assert told(refused) == (409, "amendment.coverage_short")
    assert statuses(await shown(api, pledge)) == {old: "registered", new: "filed"}
    await value(api, new, "1300000.00")
    done = await api.made("bank_a", at, registered(new, registration_no="Y-9"))
    assert done["status"] == "registered"


@pytest.mark.parametrize(
    ("step", "body", "status"),
    [
        ("refusal", {"reason": "示例", "refused_on": str(now().today)}, "refused"),
        ("withdrawal", {"reason": "示例"}, "withdrawn"),
    ],
)
async def test_what_a_filing_tied_up_is_given_back(
    api: Api, database: SavepointDatabase, step: str, body: dict[str, str], status: str
) -> None:
    """PLG-09, RP-05: rights that never came in are free, cover that is not needed is capacity again."""
    old, new = await make_rights(api, database, PATENT, PATENT)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [old], pool_id=pool["id"])
    swapped = amendment("substitution", items=substitute(api, new), asset_ids=[old])
    filed = await api.made("bank_a", path(pledge), swapped)
    ended = await api.made("bank_a", f"/v1/amendments/{filed['id']}/{step}", body)
    assert (ended["status"], await liens(database, pledge)) == (status, {old})
    assert statuses(await shown(api, pledge)) == {old: "registered", new: status}
    larger = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("800000.00")))
    assert await outstanding(api, pool) == "800000.00"
    await api.made("bank_a", f"/v1/amendments/{larger['id']}/{step}", body)
    assert await outstanding(api, pool) == PRINCIPAL
    assert (await shown(api, pledge))["principal"]["amount"] == PRINCIPAL


async def outstanding(api: Api, pool: dict[str, Any]) -> str:
    """What the pool covers."""
    capacity = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    return str(capacity["outstanding"]["amount"])


async def test_a_larger_debt_takes_more_of_the_pool_or_is_refused(
    api: Api, database: SavepointDatabase
) -> None:
    """PL-09, RP-05: the cover grows with the filing, the debt with its registration; the count stays."""
    [patent] = await make_rights(api, database, PATENT)
    pool = await make_pool(api, paid_in="80000.00")
    pledge = await make_pledge(api, [patent], pool_id=pool["id"])
    refused = await api.post("bank_a", path(pledge), amendment("change", principal=yuan("800000.01")))
    assert told(refused) == (409, "pool.capacity_exceeded")
    assert refused.json()["violations"][0]["facts"] == {"available": "800000.00", "requested": "800000.01"}
    body = amendment("change", principal=yuan("800000.00"), claim_kind="固定资产借款")
    filed = await api.made("bank_a", path(pledge), body)
    assert (await outstanding(api, pool), (await shown(api, pledge))["principal"]["amount"]) == (
        "800000.00",
        PRINCIPAL,
    )
    assert filed["detail"]["before"] == {"principal_fen": 50_000_000, "claim_kind": "流动资金借款"}
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(patent))
    after = await shown(api, pledge)
    assert (after["principal"]["amount"], after["covered"]["amount"]) == ("800000.00", "800000.00")
    counted = await sums(database, pledge)
    assert (counted["pledge_financing_count"], counted["pledge_financing_amount"]) == (1, 80_000_000)
    less = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("300000.00")))
    await api.made("bank_a", f"/v1/amendments/{less['id']}/registrations", registered(patent))
    assert await outstanding(api, pool) == "300000.00"


async def test_a_change_is_refused_with_every_objection(api: Api, database: SavepointDatabase) -> None:
    """PL-09: the same review limits: a right that has ended or is stayed; a party that is none; nothing new."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    async with database.write() as unit:
        right = await unit.session.get_one(Asset, uuid.UUID(patent))
        right.status = "terminated_fee"
    stranger = [{"party_id": party_id(api, "sme_b"), "name": "示例新名"}]
    body = amendment("change", security_scope="本金", parties=stranger)
    refused = await api.post("bank_a", path(pledge), body)
    assert set(codes(refused)) == {"amendment.party_not_involved", "pledge.ended_or_invalid"}
    same = amendment("change", principal=yuan(PRINCIPAL))
    assert "amendment.nothing_changed" in codes(await api.post("bank_a", path(pledge), same))
    named = [{"party_id": party_id(api, "sme"), "name": "示例新名"}]
    await api.made("bank_a", path(pledge), amendment("change", parties=named))


@pytest.mark.parametrize(("days", "late"), [(30, False), (31, True)])
async def test_a_change_filed_after_thirty_days_is_taken_and_marked_late(
    api: Api, database: SavepointDatabase, days: int, late: bool
) -> None:
    """PL-09: the thirtieth day is in time; one later warns both sides."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    agreed = now().today - timedelta(days=days)
    async with database.write() as unit:
        await unit.session.execute(
            text("UPDATE pledges SET registered_on = :day WHERE id = :id"),
            {"day": agreed - timedelta(days=1), "id": pledge["id"]},
        )
    body = amendment("change", security_scope="本金", changed_on=str(agreed))
    filed = await api.made("bank_a", path(pledge), body)
    assert filed["late"] is late
    async with database.read() as unit:
        warned = select(Notice.organisation_id).where(Notice.kind == NoticeKind.amendment_late)
        found = set(await unit.session.scalars(warned.where(Notice.subject_id == uuid.UUID(filed["id"]))))
    sides = {api.samples[role].organisation.id for role in ("bank_a", "sme")}
    assert found == (sides if late else set())


async def test_only_the_pledges_bank_amends_it_one_at_a_time(api: Api, database: SavepointDatabase) -> None:
    """PLG-02, RB-01: another bank finds nothing; a second amendment waits; deregistration closes what is open."""
    one, other = await make_rights(api, database, PATENT, PATENT)
    pledge = await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [one, other]))
    body = amendment("release", asset_ids=[one])
    assert told(await api.post("bank_a", path(pledge), body)) == (409, "amendment.pledge_not_registered")
    await register(api, pledge)
    assert told(await api.post("bank_b", path(pledge), body)) == (404, "pledge.not_found")
    filed = await api.made("bank_a", path(pledge), body)
    assert told(await api.post("bank_a", path(pledge), body)) == (409, "amendment.already_open")
    assert (await api.get("sme", f"/v1/amendments/{filed['id']}")).json()["number"] == filed["number"]
    assert told(await api.get("bank_b", f"/v1/amendments/{filed['id']}")) == (404, "amendment.not_found")
    found = (await api.get("bank_a", "/v1/amendments", pledge_id=pledge["id"], status="filed")).json()
    assert [row["id"] for row in found["items"]] == [filed["id"]]


async def test_the_pledgor_is_told_in_the_same_commit(api: Api, database: SavepointDatabase) -> None:
    """PLG-10: of the filing and of the office's word; the bank, which acts, is not."""
    [patent] = await make_rights(api, database, PATENT)
    pledge = await make_pledge(api, [patent])
    filed = await api.made("bank_a", path(pledge), amendment("extension", debt_to=LATER))
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(patent))
    async with database.read() as unit:
        statement = select(Notice.organisation_id, Notice.kind).where(
            Notice.subject_id == uuid.UUID(filed["id"])
        )
        found = {tuple(row) for row in await unit.session.execute(statement)}
    sme = api.samples["sme"].organisation.id
    assert found == {(sme, NoticeKind.amendment_filed), (sme, NoticeKind.amendment_decided)}


async def test_the_loan_follows_the_debt_as_amended(api: Api, database: SavepointDatabase) -> None:
    """PL-09, RP-05: never below what was drawn; what may still be drawn, and no more, is covered."""
    [patent] = await make_rights(api, database, PATENT)
    pool = await make_pool(api)
    pledge = await make_pledge(api, [patent], pool_id=pool["id"], debt_from=str(now().today))
    loan = f"/v1/pledges/{pledge['id']}/loan"
    drawn = {"amount": yuan("400000.00"), "drawn_on": str(now().today), "reference": "示例-1"}
    await api.made("bank_a", f"{loan}/drawdowns", drawn)
    below = await api.post("bank_a", path(pledge), amendment("change", principal=yuan("399999.99")))
    assert told(below) == (409, "amendment.below_outstanding")
    filed = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("700000.00")))
    assert await outstanding(api, pool) == "700000.00"
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/withdrawal", {"reason": "示例"})
    assert await outstanding(api, pool) == PRINCIPAL
    filed = await api.made("bank_a", path(pledge), amendment("change", principal=yuan("600000.00")))
    await api.made("bank_a", f"/v1/amendments/{filed['id']}/registrations", registered(patent))
    assert await outstanding(api, pool) == "600000.00"
    more = drawn | {"amount": yuan("200000.00"), "reference": "示例-2"}
    await api.made("bank_a", f"{loan}/drawdowns", more)


async def test_a_right_that_is_to_come_in_is_decided_with_its_amendment(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09: the pledge's own results pass it by; with the pledge's end it is free and the amendment closed."""
    old, new = await make_rights(api, database, PATENT, PATENT)
    pledge = await make_pledge(api, [old])
    body = amendment("substitution", items=substitute(api, new), asset_ids=[old])
    filed = await api.made("bank_a", path(pledge), body)
    at, today = f"/v1/pledges/{pledge['id']}", str(now().today)
    given = [{"asset_id": new, "registration_no": "Y-9", "registered_on": today}]
    refused = await api.post("bank_a", f"{at}/registrations", {"registrations": given})
    assert told(refused) == (409, "amendment.right_of_amendment")
    named = {"reason": "示例", "refused_on": today, "asset_ids": [new]}
    assert told(await api.post("bank_a", f"{at}/refusals", named)) == (409, "amendment.right_of_amendment")
    await api.made("bank_a", f"{at}/deregistrations", {"reason": "waived", "deregistered_on": today})
    assert await liens(database, pledge) == set()
    assert (await run(database, "watch_pledges", now().today))["closed"] == 1
    assert (await api.get("bank_a", f"/v1/amendments/{filed['id']}")).json()["status"] == "withdrawn"


async def test_filing_and_the_offices_word_are_one_call_or_nothing(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-09, PL-19: what the office registered the same day is given along; a fault in it leaves nothing filed."""
    patent, mark = await make_rights(api, database, PATENT, MARK)
    pledge = await make_pledge(api, [patent, mark])
    extension = amendment("extension", debt_to=LATER)
    entries = [{"asset_id": one, "registered_on": str(now().today)} for one in (patent, mark)]
    refused = await api.post("bank_a", path(pledge), extension | {"registrations": entries})
    assert (codes(refused), refused.status_code) == (["amendment.expiry_too_early"], 409)
    assert refused.json()["violations"][0]["pointer"] == "/registrations/1/expires_on"
    assert (await api.get("bank_a", "/v1/amendments", pledge_id=pledge["id"])).json()["items"] == []

    entries[1]["expires_on"] = LATER
    done = await api.made("bank_a", path(pledge), extension | {"registrations": entries})
    assert (done["status"], (await shown(api, pledge))["debt_to"]) == ("registered", LATER)
    let_go = amendment("release", asset_ids=[patent], registrations=entries[:1])
    assert (await api.made("bank_a", path(pledge), let_go))["status"] == "registered"
    assert await liens(database, pledge) == {mark}
