"""`/v1/pledges` over HTTP: filing, registrations, what ends a pledge, and who sees it."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.domain.asset import AssetKind, AssetStatus
from app.models.fact import Fact
from app.models.party import Party
from app.models.pledge import Pledge
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api
from tests.support.counter import statements
from tests.support.database import SavepointDatabase


@pytest.fixture
async def rights(api: Api, database: SavepointDatabase) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """The sample firm with a patent and a trademark of its own."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        patent = await make_asset(unit.session, owners=[owner])
        mark = await make_asset(unit.session, owners=[owner], kind=AssetKind.trademark)
    return owner, patent.id, mark.id


def registration(asset_id: object, number: str, **changes: object) -> dict[str, object]:
    """A registration of today."""
    return {"asset_id": str(asset_id), "registration_no": number, "registered_on": str(now().today)} | changes


async def test_a_mixed_pledge_is_filed_committed_registered_and_released(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """PLG-02, PLG-03, POL-13: one filing ties up both rights and the pool's capacity, until it is cancelled."""
    owner, patent, mark = rights
    pool = await make_pool(api)
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent, mark], pool_id=pool["id"]))
    assert (pledge["status"], pledge["covered"]["amount"]) == ("filed", "500000.00")
    capacity = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert (capacity["outstanding"]["amount"], capacity["free"]["amount"]) == ("500000.00", "9500000.00")

    path = f"/v1/pledges/{pledge['id']}"
    first = await api.made(
        "bank_a", f"{path}/registrations", {"registrations": [registration(patent, "Y-1")]}
    )
    assert (first["status"], first["registered_on"], first["mixed_on"]) == ("filed", str(now().today), None)
    whole = await api.made(
        "bank_a",
        f"{path}/registrations",
        {"registrations": [registration(mark, "S-1", expires_on="2027-06-30")]},
    )
    assert (whole["status"], whole["mixed_on"]) == ("registered", str(now().today))

    ended = await api.made(
        "bank_a", f"{path}/deregistrations", {"reason": "debt_paid", "deregistered_on": str(now().today)}
    )
    assert (ended["status"], ended["covered"]) == ("deregistered", None)
    capacity = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert capacity["outstanding"]["amount"] == "0.00"
    again = await api.made("bank_b", "/v1/pledges", filing(owner, [patent]))
    assert again["status"] == "filed"


async def test_all_objections_come_in_one_answer(api: Api, database: SavepointDatabase) -> None:
    """PLG-01: a bank hears every ground at once, with its legal basis, and nothing is written."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        other = await make_party(unit.session)
        foreign = await make_asset(
            unit.session, owners=[other.id], status=AssetStatus.late_fee, suspended=True
        )
    body = filing(owner, [foreign.id], contract={}, debt_to="2045-01-01")
    refused = await api.post("bank_a", "/v1/pledges", body)
    assert refused.status_code == 409
    assert [violation["code"] for violation in refused.json()["violations"]] == [
        "pledge.contract_items_missing",
        "pledge.not_owner",
        "pledge.annuity_unpaid",
        "pledge.suspended_or_preserved",
        "pledge.term_exceeds",
    ]
    assert all("专利权质押登记办法第11条" in violation["basis"] for violation in refused.json()["violations"])
    assert (await api.get("bank_a", "/v1/pledges")).json()["items"] == []
    shown = (await api.get("bank_a", f"/v1/assets/{foreign.id}")).json()
    assert [hold["kind"] for hold in shown["holds"]] == ["suspension"]


async def test_a_second_bank_learns_that_a_right_is_pledged_but_not_to_whom(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """PLG-04, SEC-12: the objection names kind, rank and day; the pledge itself is not found."""
    owner, patent, _ = rights
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent]))
    refused = await api.post("bank_b", "/v1/pledges", filing(owner, [patent]))
    assert (refused.status_code, refused.json()["code"]) == (409, "pledge.already_pledged")
    facts = refused.json()["violations"][0]["facts"]
    assert set(facts) == {"asset_id", "number", "kind", "since", "rank"}
    assert pledge["id"] not in refused.text
    assert "示例甲银行" not in refused.text
    assert (await api.get("bank_b", f"/v1/pledges/{pledge['id']}")).status_code == 404
    assert (await api.get("sme", f"/v1/pledges/{pledge['id']}")).status_code == 200


async def test_the_same_right_twice_in_one_filing_is_refused(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """PLG-01: one request cannot count one right twice."""
    owner, patent, _ = rights
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [patent, patent]))
    assert refused.status_code == 422
    assert refused.json()["violations"][0]["pointer"] == "/items/1/asset_id"


async def test_a_pool_takes_its_capacity_and_not_a_fen_more(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """POL-14, RP-05: at the boundary the cap passes, one fen more is refused with what is available."""
    owner, patent, mark = rights
    pool = await make_pool(api, paid_in="50000.00")
    over = filing(owner, [patent], pool_id=pool["id"], principal={"amount": "500000.01"})
    refused = await api.post("bank_a", "/v1/pledges", over)
    assert (refused.status_code, refused.json()["code"]) == (409, "pool.capacity_exceeded")
    assert refused.json()["violations"][0]["facts"] == {"available": "500000.00", "requested": "500000.01"}
    await api.made("bank_a", "/v1/pledges", filing(owner, [patent], pool_id=pool["id"]))
    full = await api.post(
        "bank_a", "/v1/pledges", filing(owner, [mark], pool_id=pool["id"], principal={"amount": "0.01"})
    )
    assert full.json()["code"] == "pool.capacity_exceeded"


async def test_a_refused_filing_lets_go_of_rights_and_capacity(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """PL-06: what the office refuses ties up nothing."""
    owner, patent, _ = rights
    pool = await make_pool(api)
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent], pool_id=pool["id"]))
    refused = await api.made(
        "operator", f"/v1/pledges/{pledge['id']}/refusals", {"reason": "示例", "refused_on": str(now().today)}
    )
    assert refused["status"] == "refused"
    assert (await api.get("bank_a", f"/v1/assets/{patent}")).json()["holds"] == []
    twice = await api.post(
        "operator", f"/v1/pledges/{pledge['id']}/refusals", {"reason": "示例", "refused_on": str(now().today)}
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "state.illegal_transition")


async def test_statistics_count_a_financing_once_and_its_registrations_each(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """PL-28, ST-09, ST-10: financing once with its principal, two registrations, mixed once."""
    owner, patent, mark = rights
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent, mark]))
    until = {"expires_on": "2027-06-30"}
    for given in (registration(patent, "Y-2"), registration(mark, "S-2", **until)):
        await api.made("bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": [given]})
    year = now().today.year

    async def total(measure: str) -> object:
        found = await api.get(
            "ip_office", f"/v1/statistics/{measure}", district="120110", **{"from": year, "to": year}
        )
        (cell,) = found.json()["cells"]
        return cell["amount"] or cell["value"]

    assert await total("pledge_financing_count") == 1
    assert await total("pledge_financing_amount") == "500000.00"
    assert await total("pledge_registration_count") == 2
    assert await total("pledge_mixed_count") == 1


@pytest.mark.parametrize("count", [2, 10])
async def test_filing_a_pledge_with_commitment_takes_four_statements(
    api: Api, database: SavepointDatabase, count: int
) -> None:
    """Decisions §9: claim the key, lock, read, write; however many rights.

    A first filing lets the driver learn the types of its connection, which it asks for once.
    """
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        rights = [
            (await make_asset(unit.session, owners=[owner], kind=list(AssetKind)[number % 2])).id
            for number in range(count)
        ]
        first = await make_asset(unit.session, owners=[owner])
    pool = await make_pool(api)
    await api.made("bank_a", "/v1/pledges", filing(owner, [first.id], pool_id=pool["id"]))
    assert database.connection is not None
    async with statements(database.connection) as seen:
        filed = await api.post("bank_a", "/v1/pledges", filing(owner, rights, pool_id=pool["id"]))
    assert filed.status_code == 201
    assert len(seen.work) == 4, seen.work


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"principal": {"amount": "500000.00", "currency": "USD"}}, "pledge.currency_unsupported"),
        ({"debt_to": "2021-06-30"}, "pledge.debt_period_invalid"),
    ],
)
async def test_what_does_not_fit_together_is_refused(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID], changes: dict[str, object], code: str
) -> None:
    """C30: a debt in another currency than the pool's, and a debt that ends before it begins."""
    owner, patent, _ = rights
    pool = await make_pool(api)
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [patent], pool_id=pool["id"], **changes))
    assert code in {violation["code"] for violation in refused.json()["violations"]}


async def test_a_right_secures_the_debt_in_the_debts_currency_and_no_more(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """C30: the currency of what a right secures is read, and its limit is the principal."""
    owner, patent, _ = rights
    body = filing(owner, [patent])
    for secured, code in (
        ({"amount": "1.00", "currency": "USD"}, "pledge.currency_mismatch"),
        ({"amount": "500000.01", "currency": "CNY"}, "pledge.secured_exceeds_principal"),
    ):
        body["items"][0]["secured"] = secured
        refused = await api.post("bank_a", "/v1/pledges", body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


@pytest.mark.parametrize("step", ["refusals", "deregistrations"])
@pytest.mark.parametrize(
    ("day", "code"), [("2099-01-01", "request.date_in_future"), ("2001-01-01", "request.date_too_early")]
)
async def test_nothing_ends_tomorrow_or_before_it_began(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID], step: str, day: str, code: str
) -> None:
    """C23: the day of an official result is not after the business date nor before the filing."""
    owner, patent, _ = rights
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent]))
    path = f"/v1/pledges/{pledge['id']}"
    if step == "deregistrations":
        await api.made("bank_a", f"{path}/registrations", {"registrations": [registration(patent, "Y-3")]})
    reason = "示例" if step == "refusals" else "debt_paid"
    body = {"reason": reason, ("refused_on" if step == "refusals" else "deregistered_on"): day}
    refused = await api.post("bank_a", f"{path}/{step}", body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_pledge_with_one_of_two_consents_is_refused(api: Api, database: SavepointDatabase) -> None:
    """AST-06: of three owners two agree, the pledgor and one other; the third one's consent is missing."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        others = [(await make_party(unit.session)).id for _ in range(2)]
        shared = await make_asset(unit.session, owners=[owner, *others])
    consents = [
        {
            "asset_id": str(shared.id),
            "party_id": str(other),
            "consented_on": "2021-07-01",
            "document_sha256": "ab" * 32,
        }
        for other in others
    ]
    for given in (consents[:1], consents[1:], consents[:1] * 2):
        refused = await api.post("bank_a", "/v1/pledges", filing(owner, [shared.id], consents=given))
        assert (refused.status_code, refused.json()["code"]) == (409, "pledge.co_owner_consent_missing")
    await api.made("bank_a", "/v1/pledges", filing(owner, [shared.id], consents=consents))


async def test_a_consent_counts_from_its_day_and_is_kept_with_its_document(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-06, RB-04: a co-owner's consent names its document; one dated after the filing is none."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        other = await make_party(unit.session)
        shared = await make_asset(unit.session, owners=[owner, other.id])
    consent = {
        "asset_id": str(shared.id),
        "party_id": str(other.id),
        "consented_on": "2099-01-01",
        "document_sha256": "ab" * 32,
    }
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [shared.id], consents=[consent]))
    assert refused.json()["code"] == "pledge.co_owner_consent_missing"
    given = consent | {"consented_on": "2021-07-01"}
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [shared.id], consents=[given]))
    async with database.read() as unit:
        kept = await unit.session.get_one(Pledge, uuid.UUID(pledge["id"]))
        assert kept.contract["consents"] == [given]


async def test_the_office_may_refuse_one_right_and_register_the_other(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """PL-28: the refused right is free at once; the pledge stands on the other and can end."""
    owner, patent, mark = rights
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent, mark]))
    path = f"/v1/pledges/{pledge['id']}"
    await api.made("bank_a", f"{path}/registrations", {"registrations": [registration(patent, "Y-4")]})
    body = {"asset_ids": [str(mark)], "reason": "示例", "refused_on": str(now().today)}
    settled = await api.made("bank_a", f"{path}/refusals", body)
    assert settled["status"] == "registered"
    assert {item["asset_id"]: item["status"] for item in settled["items"]} == {
        str(patent): "registered",
        str(mark): "refused",
    }
    await api.made("bank_b", "/v1/pledges", filing(owner, [mark]))
    ended = await api.made(
        "bank_a", f"{path}/deregistrations", {"reason": "debt_paid", "deregistered_on": str(now().today)}
    )
    assert ended["status"] == "deregistered"


async def test_a_borrower_sees_its_pledge_and_does_not_decide_it(
    api: Api, database: SavepointDatabase
) -> None:
    """RB-01: results are recorded by the bank that filed or an operator, even if the borrower is a bank."""
    borrower = api.samples["bank_b"].organisation.party_id
    async with database.write() as unit:
        right = await make_asset(unit.session, owners=[borrower])
    pledge = await api.made("bank_a", "/v1/pledges", filing(borrower, [right.id]))
    path = f"/v1/pledges/{pledge['id']}"
    assert (await api.get("bank_b", path)).status_code == 200
    refused = await api.post("bank_b", f"{path}/refusals", {"reason": "示例", "refused_on": str(now().today)})
    assert (refused.status_code, refused.json()["code"]) == (403, "pledge.not_yours")
    own = await api.post("bank_b", "/v1/pledges", filing(borrower, [right.id]))
    assert "pledge.own_creditor" in {violation["code"] for violation in own.json()["violations"]}


async def test_a_bank_of_another_district_cannot_use_a_pool_it_cannot_see(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """SEC-12: such a pool is not found, and its free capacity is not told."""
    owner, patent, _ = rights
    pool = await make_pool(api)
    stranger = replace(api.actor("bank_b"), district_code="120116")
    token = api.tokens.issue(stranger, sorted(stranger.permissions))
    refused = await api.http.post(
        "/v1/pledges",
        json=filing(owner, [patent], pool_id=pool["id"]),
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "1"},
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "pool.not_found")


async def test_money_set_aside_is_not_capacity(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    """RP-05: approved but unpaid payouts reduce what the pool may commit."""
    owner, patent, _ = rights
    pool = await make_pool(api, paid_in="50000.00")
    path = f"/v1/pools/{pool['id']}"
    accounts = {a["code"]: a["id"] for a in (await api.get("pool_manager", f"{path}/accounts")).json()}
    await api.made(
        "pool_manager",
        f"{path}/transfers",
        {
            "kind": "pending",
            "debit_account_id": accounts["contributions"],
            "credit_account_id": accounts["cash"],
            "amount": {"amount": "0.01"},
            "code": "示例待付",
        },
    )
    refused = await api.post("bank_a", "/v1/pledges", filing(owner, [patent], pool_id=pool["id"]))
    assert refused.json()["violations"][0]["facts"] == {"available": "499999.90", "requested": "500000.00"}


async def test_a_count_and_its_corrections_stay_in_the_district_where_they_began(
    api: Api, rights: tuple[uuid.UUID, uuid.UUID, uuid.UUID], database: SavepointDatabase
) -> None:
    """ST-08: a firm that moves takes no part of a figure along."""
    owner, patent, mark = rights
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [patent, mark]))
    path = f"/v1/pledges/{pledge['id']}/registrations"
    await api.made("bank_a", path, {"registrations": [registration(patent, "Y-5")]})
    async with database.write() as unit:
        firm = await unit.session.get_one(Party, owner)
        firm.district_code = "120111"
    await api.made("bank_a", path, {"registrations": [registration(mark, "S-5", expires_on="2027-06-30")]})
    async with database.read() as unit:
        districts = await unit.session.scalars(
            select(Fact.district_code).where(Fact.source_id == uuid.UUID(pledge["id"])).distinct()
        )
        assert districts.all() == ["120110"]
