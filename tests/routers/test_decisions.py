"""`/v1/pledges/checks`, `/v1/decisions` and `/v1/rule-packs` over HTTP: told, kept, and judged again."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.asset import AssetKind, AssetStatus
from app.models.asset import Asset
from app.models.hold import Hold
from app.models.pledge import Decision, Pledge
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.marks import make_mark
from tests.factories.parties import make_party
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase

CHECKS = "/v1/pledges/checks"
TODAY = now().today
SPAN = {"from": str(TODAY), "to": str(TODAY)}


async def right(
    api: Api, database: SavepointDatabase, kind: AssetKind = AssetKind.patent, **changes: Any
) -> Asset:
    """A right of the sample enterprise."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        return await make_asset(unit.session, owners=[owner], kind=kind, **changes)


def body(api: Api, *assets: Asset, **changes: Any) -> dict[str, Any]:
    """A filing of rights of the sample enterprise."""
    return filing(api.samples["sme"].organisation.party_id, [asset.id for asset in assets], **changes)


def told(decision: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(one["code"], one["severity"], one["acknowledged"]) for one in decision["found"]]


async def acknowledged(asset: Asset, code: str) -> dict[str, str]:
    return {"asset_id": str(asset.id), "code": code, "pledgor_on": str(TODAY), "pledgee_on": str(TODAY)}


async def test_a_pre_check_tells_everything_with_basis_and_remedy_and_ties_nothing_up(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-01: grounds that block, that pass once acknowledged, and that only warn, in one answer that is kept."""
    patent = await right(api, database, status=AssetStatus.late_fee, invalidation_pending=True)
    filed = body(
        api,
        patent,
        contract={"title_transfer_on_default": True},
        debt_to="2045-01-01",
        acknowledgements=[await acknowledged(patent, "pledge.invalidation_started")],
    )
    answer = await api.post("bank_a", CHECKS, filed)
    assert answer.status_code == 201, answer.text
    decision = answer.json()
    assert told(decision) == [
        ("pledge.contract_items_missing", "block", False),
        ("pledge.annuity_unpaid", "block", False),
        ("pledge.term_exceeds", "block", False),
        ("pledge.invalidation_started", "acknowledge", True),
        ("pledge.foreclosure_clause", "warn", False),
    ]
    for one in decision["found"]:
        assert one["basis"]
        assert one["remedy_zh"]
        assert one["remedy_en"]
    assert (decision["outcome"], decision["rule_pack"]) == ("refused", "cn-461-2021")
    assert (decision["kind"], decision["assumed"], decision["pledge_id"]) == ("check", False, None)
    assert answer.headers["Location"] == f"/v1/decisions/{decision['id']}"
    assert (await api.get("bank_a", answer.headers["Location"])).json() == decision
    async with database.read() as unit:
        assert await unit.session.scalar(select(func.count()).select_from(Pledge)) == 0
        assert await unit.session.scalar(select(func.count()).select_from(Hold)) == 0
    refused = await api.post("bank_a", "/v1/pledges", filed)
    assert codes(refused) == [one["code"] for one in decision["found"][:3]]
    assert [one["remedy_en"] for one in refused.json()["violations"]] == [
        one["remedy_en"] for one in decision["found"][:3]
    ]


async def test_a_pre_check_that_passes_is_filed_and_both_decisions_are_kept(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-01, UNI-36: warnings refuse nothing; the filing keeps its own decision under the pack of its day."""
    patent, mark = await right(api, database), await right(api, database, AssetKind.trademark)
    contract = filing(patent.id, [])["contract"] | {"title_transfer_on_default": True}
    filed = body(api, patent, mark, contract=contract)
    checked = await api.made("bank_a", CHECKS, filed)
    assert told(checked) == [("pledge.foreclosure_clause", "warn", False)]
    assert checked["outcome"] == "passed"
    pledge = await api.made("bank_a", "/v1/pledges", filed)
    found = (await api.get("bank_a", "/v1/decisions", pledge_id=pledge["id"])).json()["items"]
    assert [(one["kind"], one["outcome"], told(one)) for one in found] == [
        ("filing", "passed", told(checked))
    ]
    assert found[0]["rights"] == checked["rights"]
    assert pledge["rule_pack"] == found[0]["rule_pack"]
    again = await api.made("bank_a", CHECKS, filed)
    assert [one["code"] for one in again["found"][:2]] == ["pledge.already_pledged"] * 2


async def test_a_rivals_lien_shows_that_it_is_and_nothing_more(api: Api, database: SavepointDatabase) -> None:
    """SEC-12, PLG-04: a competitor's id reveals only that the right is encumbered, since when and in which rank."""
    patent = await right(api, database)
    pledge = await api.made("bank_a", "/v1/pledges", body(api, patent))
    answer = await api.post("bank_b", CHECKS, body(api, patent))
    (one,) = answer.json()["found"]
    assert one["facts"] == {
        "asset_id": str(patent.id),
        "number": patent.number,
        "kind": "lien",
        "since": str(TODAY),
        "rank": 1,
    }
    assert pledge["id"] not in answer.text
    assert str(api.samples["bank_a"].organisation.id) not in answer.text
    assert str(api.samples["bank_a"].organisation.party_id) not in answer.text


async def test_marks_that_must_come_along_are_named_by_id_and_number(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-07, PL-15: the missing set is the machine's to complete; with it the pre-check passes."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        one, two, three = [
            await make_mark(unit.session, owners=[owner], classes={9: ["0901"]}) for _ in range(3)
        ]
    (found,) = (await api.made("bank_a", CHECKS, body(api, one)))["found"]
    missing = found["facts"]["missing_asset_ids"]
    assert sorted(missing) == sorted([str(two.id), str(three.id)])
    assert two.number in found["message_zh"]
    whole = filing(owner, [one.id, *missing])
    assert (await api.made("bank_a", CHECKS, whole))["outcome"] == "passed"


async def test_who_asks_and_who_sees(api: Api, database: SavepointDatabase) -> None:
    """PLG-01: enterprises check for themselves; a decision is its maker's and its district's offices'."""
    patent = await right(api, database)
    mine = await api.made("sme", CHECKS, body(api, patent))
    assert mine["outcome"] == "passed"
    theirs = await api.made("bank_a", CHECKS, body(api, patent))
    for role, visible in (
        ("bank_a", [theirs]),
        ("sme", [mine]),
        ("bank_b", []),
        ("ip_office", [mine, theirs]),
    ):
        assert (await api.get(role, "/v1/decisions")).json()["items"] == visible
    assert (await api.get("bank_b", f"/v1/decisions/{theirs['id']}")).status_code == 404
    assert (await api.post("appraiser", CHECKS, body(api, patent))).status_code == 403
    checks = (await api.get("ip_office", "/v1/decisions", kind="filing")).json()["items"]
    assert checks == []


async def test_a_pre_check_of_what_nobody_knows_is_refused_and_not_kept(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-01: a right twice, or one that the register does not have, is no case to decide."""
    patent = await right(api, database)
    twice = await api.post("bank_a", CHECKS, body(api, patent, patent))
    assert (twice.status_code, codes(twice)) == (422, ["pledge.asset_twice"])
    nowhere = await api.post("bank_a", CHECKS, body(api, patent, pool_id=str(uuid.uuid4())))
    assert codes(nowhere) == ["pool.not_found"]
    assert (await api.get("bank_a", "/v1/decisions")).json()["items"] == []


async def test_the_pools_objections_stand_beside_the_grounds(api: Api, database: SavepointDatabase) -> None:
    """PLG-01, RP-05: what the pool would object to is told too, and is no ground of the pack."""
    patent = await right(api, database)
    pool = await make_pool(api, paid_in="100.00")
    decision = await api.made("bank_a", CHECKS, body(api, patent, pool_id=pool["id"]))
    (found,) = decision["found"]
    assert (found["code"], found["of_pack"]) == ("pool.capacity_exceeded", False)
    assert decision["outcome"] == "refused"


async def test_a_pool_is_looked_into_for_banks_alone(api: Api, database: SavepointDatabase) -> None:
    """PLG-01, SEC-12: what a pool has left, and a borrower's record there, is no enterprise's to ask."""
    patent, pool = await right(api, database), await make_pool(api, paid_in="100.00")
    rival = str(api.samples["bank_b"].organisation.party_id)
    for given in (
        body(api, patent, pool_id=pool["id"]),
        body(api, patent, pool_id=pool["id"], borrower_id=rival),
    ):
        answer = await api.post("sme", CHECKS, given)
        assert (answer.status_code, codes(answer)) == (404, ["pool.not_found"])
        assert (await api.post("bank_a", CHECKS, given)).status_code == 201


async def valued(api: Api, asset: Asset, value: str) -> str:
    """A signed valuation of the bank's own."""
    organisation = str(api.samples["bank_a"].organisation.id)
    asked = {"asset_id": str(asset.id), "appraiser_id": organisation, "mode": "bank_internal"}
    made = await api.made("bank_a", "/v1/valuations", asked)
    report = {
        "base_on": str(TODAY),
        "signed_on": str(TODAY),
        "value": {"amount": value, "currency": "CNY"},
        "methods": ["income"],
    }
    await api.made("bank_a", f"/v1/valuations/{made['id']}/signature", report)
    return str(made["id"])


async def test_the_loan_against_the_rights_worth(api: Api, database: SavepointDatabase) -> None:
    """PL-27, PLG-13: the part of the loan that rests on the rights against their caps; a warning, no refusal."""
    patent, mark = await right(api, database), await right(api, database, AssetKind.trademark)
    given = body(api, patent, mark, ip_share_bp=5_000)
    for item, asset in zip(given["items"], (patent, mark), strict=True):
        item["valuation_id"] = await valued(api, asset, "300000.00")
    decision = await api.made("bank_a", CHECKS, given)
    assert decision["cover"] == {
        "secured": {"amount": "250000.00", "currency": "CNY"},
        "value": {"amount": "600000.00", "currency": "CNY"},
        "cap": {"amount": "240000.00", "currency": "CNY"},
        "ltv_bp": 4_167,
    }
    assert told(decision) == [("pledge.ltv_exceeded", "warn", False)]
    assert decision["outcome"] == "passed"
    assert decision["counting"] == {
        "rule_pack": "default-2010",
        "district_code": "120110",
        "amount": {"amount": "250000.00", "currency": "CNY"},
    }
    assert [one["valuation_mode"] for one in decision["rights"]] == ["bank_internal"] * 2


@pytest.mark.parametrize(
    ("district", "share_bp", "counted"),
    [
        ("420106", 4_999, (0, "0.00")),
        ("420106", 5_000, (1, "250000.00")),
        ("460105", 4_999, (1, "249950.00")),
        ("120110", 4_999, (1, "249950.00")),
    ],
)
async def test_a_combined_loan_counts_as_its_place_says(
    api: Api, database: SavepointDatabase, district: str, share_bp: int, counted: tuple[int, str]
) -> None:
    """PLG-13: in Wuhan only from half on, in Haikou and elsewhere what rests on the rights; once registered."""
    async with database.write() as unit:
        owner = await make_party(unit.session, district_code=district)
        rights = [await make_asset(unit.session, owners=[owner.id], kind=kind) for kind in AssetKind]
    given = filing(owner.id, [one.id for one in rights], ip_share_bp=share_bp)
    checked = await api.made("bank_a", CHECKS, given)
    assert (checked["counting"]["amount"] is None) is (counted[0] == 0)
    pledge = await api.made("bank_a", "/v1/pledges", given)
    registrations = [
        {
            "asset_id": str(one.id),
            "registration_no": f"示例-{one.number}",
            "registered_on": str(TODAY),
        }
        | ({"expires_on": str(TODAY + timedelta(days=2_000))} if one.kind == AssetKind.trademark else {})
        for one in rights
    ]
    path = f"/v1/pledges/{pledge['id']}/registrations"
    await api.made("bank_a", path, {"registrations": registrations})

    async def figure(measure: str) -> Any:
        asked = {"district": district, "from": TODAY.year, "to": TODAY.year}
        cells = (await api.get("ip_office", f"/v1/statistics/{measure}", **asked)).json()["cells"]
        told = [cell["amount"] or cell["value"] for cell in cells]
        return [one for one in told if one not in {0, "0.00", None}]

    times, amount = counted
    assert await figure("pledge_financing_count") == ([times] if times else [])
    assert await figure("pledge_financing_amount") == ([amount] if times else [])
    assert await figure("pledge_mixed_count") == ([1] if times else [])
    assert await figure("pledge_registration_count") == [2]


async def test_the_packs_are_for_everyone_to_read(api: Api) -> None:
    """UNI-36: what was in force, since when, how severely and on which basis, in the order of its days."""
    listed = (await api.get("sme", "/v1/rule-packs")).json()["items"]
    national = [one for one in listed if one["grounds"] is not None]
    assert [one["code"] for one in national] == ["cn-56-2010", "cn-358-2020", "cn-461-2021"]
    newest = (await api.get("sme", "/v1/rule-packs/cn-461-2021")).json()
    assert newest == national[-1]
    severities = {one["code"]: one["severity"] for one in newest["grounds"]["patent"]}
    assert severities["pledge.invalidation_started"] == "acknowledge"
    assert newest["limits"]["ltv_cap_bp"]["utility_model"] == 3_000
    wuhan = (await api.get("sme", "/v1/rule-packs/city-420100-2024")).json()
    assert wuhan["counting"] == {"district_prefix": "4201", "min_ip_share_bp": 5_000}
    assert (await api.get("sme", "/v1/rule-packs/cn-1-1985")).status_code == 404


async def test_replay_judges_again_from_what_was_kept_and_changes_only_the_expected(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-36: under the rules of 2010 a started invalidation blocks; the right's present state plays no part."""
    pending = await right(api, database, invalidation_pending=True)
    plain = await right(api, database)
    known = [await acknowledged(pending, "pledge.invalidation_started")]
    filed = await api.made("bank_a", "/v1/pledges", body(api, pending, acknowledgements=known))
    await api.made("bank_a", "/v1/pledges", body(api, plain))
    await api.made("bank_a", CHECKS, body(api, plain))
    async with database.write() as unit:
        changed = await unit.session.get_one(Asset, pending.id)
        changed.invalidation_pending = False
    path = "/v1/rule-packs/cn-56-2010/replays"
    answer = await api.made("ip_office", path, SPAN)
    assert (answer["judged"], answer["passed_before"], answer["passed_after"]) == (3, 2, 1)
    (one,) = answer["changed"]
    assert (one["pledge_id"], one["outcome_before"], one["outcome_after"]) == (
        filed["id"],
        "passed",
        "refused",
    )
    ((before, after),) = [(pair["before"], pair["after"]) for pair in one["weighed"]]
    assert (before["severity"], before["acknowledged"]) == ("acknowledge", True)
    assert (after["severity"], after["acknowledged"]) == ("block", False)
    assert (one["added"], one["removed"]) == ([], [])
    same = await api.made("ip_office", "/v1/rule-packs/cn-461-2021/replays", SPAN)
    assert (same["judged"], same["changed"]) == (3, [])
    async with database.read() as unit:
        assert await unit.session.scalar(select(func.count()).select_from(Decision)) == 3


async def test_replay_goes_on_where_it_stopped_and_stays_in_its_district(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-36: pages of decisions by cursor, of a kind and a time; others may not replay."""
    patent = await right(api, database)
    for _ in range(3):
        await api.made("bank_a", CHECKS, body(api, patent))
    path = "/v1/rule-packs/cn-358-2020/replays"
    first = await api.made("operator", path, SPAN | {"limit": 2})
    rest = await api.made("operator", path, SPAN | {"limit": 2, "cursor": first["next_cursor"]})
    assert [(one["judged"], one["next_cursor"] is None) for one in (first, rest)] == [(2, False), (1, True)]
    assert (await api.made("operator", path, SPAN | {"kind": "filing"}))["judged"] == 0
    yesterday = str(TODAY - timedelta(days=1))
    assert (await api.made("operator", path, {"from": yesterday, "to": yesterday}))["judged"] == 0
    assert (await api.post("bank_a", path, SPAN)).status_code == 403
    backwards = await api.post("operator", path, {"from": str(TODAY), "to": yesterday})
    assert (backwards.status_code, codes(backwards)) == (422, ["rule_pack.period_invalid"])
    of_a_city = await api.post("operator", "/v1/rule-packs/city-420100-2024/replays", SPAN)
    assert (of_a_city.status_code, codes(of_a_city)) == (409, ["rule_pack.not_of_grounds"])
